//! Whatever a sender sends, in whatever order, an inbox holds nothing but what it confirmed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use transom_wire::limits::LEAF;
use transom_wire::{
    Collision, Ending, Entry, EntryKind, Offer, RelativePath, Shape, Total, TransferKey,
};

use crate::publish::numbered;
use crate::scratch::Scratch;
use crate::{Ended, EntryError, Finished, Inbox, InboxSettings, Reception, hash_leaf, text_path};

/// Paths that clash with each other, with what is ours, and with nothing.
const PATHS: [&str; 8] = [
    "a",
    "a/b",
    "a/b/c",
    "A",
    ".transom-incoming",
    "record",
    "tree/a",
    "a (1)",
];

const SIZES: [u64; 8] = [
    0,
    1,
    100,
    4096,
    LEAF as u64,
    LEAF as u64 + 1,
    2 * LEAF as u64,
    u64::MAX,
];

/// Messages that an input is read as at most.
const MESSAGES: usize = 64;

/// Names that a file may get instead of its own.
const TRIES: u32 = MESSAGES as u32;

const PEER: [u8; 32] = [7; 32];

/// Whatever a sender sends and in whatever order, also with the connection lost in between: nothing
/// is made outside the inbox, nothing shows before a transfer finishes, and a file that was
/// confirmed is there with the content of its root.
///
/// # Panics
/// When the law is broken.
pub fn manifest(bytes: &[u8]) {
    run(bytes);
}

/// Reads an input as messages of a sender; gives how many files came that were confirmed.
fn run(bytes: &[u8]) -> usize {
    let mut came = 0;
    let scratch = Scratch::new();
    let mut input = Input(bytes);
    let mut inbox = Some(open_inbox(&scratch));
    let mut transfer = None;
    for _ in 0..MESSAGES {
        let Some(message) = input.byte() else { break };
        let Some(open) = inbox.as_mut() else { break };
        let Some(now) = transfer.as_mut() else {
            transfer = Transfer::begin(open, &mut input);
            continue;
        };
        match now.run(message, &mut input) {
            After::Same => {}
            After::Paused => transfer = None,
            After::Finished(finished) => {
                came += now.come(&finished, &scratch);
                transfer = None;
            }
            After::Crashed => {
                // A program that opens the inbox again finds what the last one left.
                transfer = None;
                drop(inbox.take());
                inbox = Some(open_inbox(&scratch));
            }
        }
    }
    drop((transfer, inbox));
    assert_eq!(names(&scratch.path("")), ["in"], "nothing is made outside");
    drop(open_inbox(&scratch));
    came
}

/// Bytes that are taken from the front.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> usize {
        usize::from(self.byte().unwrap_or_default())
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.number() % from.len()]
    }
}

fn open_inbox(scratch: &Scratch) -> Inbox {
    let mut settings = InboxSettings::new(scratch.path("in"));
    settings.room.keep_free = Some(0);
    settings.unfinished_per_peer = 2;
    Inbox::open(settings).expect("no sender keeps an inbox from opening")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there");
    let names = entries.map(|entry| entry.expect("it can be read").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// What the sender announced, as an honest one would know it.
struct File {
    path: &'static str,
    content: Vec<u8>,
    size: u64,
}

struct Transfer {
    reception: Option<Reception>,
    shape: Shape,
    files: Vec<File>,
    /// The content of what was confirmed, by its path.
    confirmed: BTreeMap<&'static str, [u8; 32]>,
}

/// How it goes on after a message.
enum After {
    Same,
    Paused,
    Finished(Finished),
    Crashed,
}

impl Transfer {
    fn begin(inbox: &mut Inbox, input: &mut Input<'_>) -> Option<Self> {
        let shape = input.pick(&[Shape::File, Shape::Folder]);
        // What is there and left alone has no content of the sender.
        let collision = input.pick(&[Collision::Rename, Collision::Overwrite]);
        let offer = Offer {
            transfer: TransferKey([input.pick(&[1, 2, 3]); 16]),
            shape,
            collision,
            files: input.pick(&[1, 2, 4, 10_000_000]),
            bytes: input.pick(&SIZES),
            is_counted: input.pick(&[true, false]),
            name: RelativePath::new(input.pick(&["a", "b", ".transom-incoming"])).ok()?,
        };
        Some(Self {
            reception: Some(inbox.receive(PEER, &offer).ok()?),
            shape,
            files: Vec::new(),
            confirmed: BTreeMap::new(),
        })
    }

    fn run(&mut self, message: u8, input: &mut Input<'_>) -> After {
        let Some(reception) = &mut self.reception else {
            return After::Paused;
        };
        let at = input.number() % (self.files.len() + 1);
        let index = u32::try_from(at).unwrap_or(u32::MAX);
        // What was never announced is as an empty file.
        let nothing = File {
            path: "a",
            content: Vec::new(),
            size: 0,
        };
        let file = self.files.get(at).unwrap_or(&nothing);
        match message % 10 {
            // Three in ten, so that there are entries to go on with.
            0..3 => {
                let file = File::announce(input);
                let kind = input.pick(&[EntryKind::File, EntryKind::File, EntryKind::Folder]);
                let next = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
                let entry = Entry {
                    index: next.wrapping_add(input.pick(&[0, 0, 0, 1])),
                    kind,
                    mode: input.pick(&[0o644, 0o7777, 0]),
                    mtime: input.pick(&[0, i64::MIN, i64::MAX]),
                    size: file.size,
                    path: RelativePath::new(file.path).expect("a legal path"),
                };
                if let Err(error) = reception.begin_entry(&entry) {
                    return self.failed(entry.index, &error, Some(file));
                }
                self.files.push(file);
            }
            3 | 4 => {
                let number = input.number() % 4;
                let offset = (number * LEAF) as u64 + u64::from(input.pick(&[0, 0, 0, 1_u8]));
                let bytes = file.content.chunks(LEAF).nth(number).unwrap_or_default();
                let mut hash = hash_leaf(bytes, offset, file.size);
                hash[0] ^= input.pick(&[0, 0, 0, 1]);
                if let Err(error) = reception.leaf(index, offset, &hash, bytes) {
                    return self.failed(index, &error, None);
                }
            }
            5 => {
                let mut hashes: Vec<_> = file.leaves();
                hashes.truncate(input.number() + 1);
                if let Some(first) = hashes.first_mut() {
                    first[0] ^= input.pick(&[0, 0, 1]);
                }
                let offset = (input.pick(&[0, 0, 1, 2]) * LEAF) as u64;
                if let Err(error) = reception.hashes(index, offset, &hashes) {
                    return self.failed(index, &error, None);
                }
            }
            6 | 7 => {
                let mut root = *blake3::hash(&file.content).as_bytes();
                root[0] ^= input.pick(&[0, 0, 0, 1]);
                match reception.end(index, file.size, &root) {
                    Ok(Ended::Done) => drop(self.confirmed.insert(file.path, root)),
                    Ok(Ended::Again(_)) => {}
                    Err(error) => return self.failed(index, &error, None),
                }
            }
            8 => {
                let total = Total {
                    files: input.pick(&[1, 2, 4, 10_000_000]),
                    bytes: input.pick(&SIZES),
                    is_counted: input.pick(&[true, false]),
                };
                // One that has no room is refused, and the total before it stays.
                drop(reception.total(total));
            }
            _ => return self.end(input),
        }
        After::Same
    }

    /// The sender is hung up on, or gives the entry up.
    fn failed(&mut self, index: u32, error: &EntryError, announced: Option<File>) -> After {
        match (error, &mut self.reception) {
            (EntryError::Protocol(_), _) | (_, None) => After::Paused,
            (_, Some(reception)) => {
                reception.abandon(index);
                self.files.extend(announced);
                After::Same
            }
        }
    }

    fn end(&mut self, input: &mut Input<'_>) -> After {
        let Some(mut reception) = self.reception.take() else {
            return After::Paused;
        };
        match input.number() % 4 {
            0 => reception.pause(),
            1 => return After::Crashed,
            2 => reception.cancel(),
            _ => {
                let entries = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
                if let Ok(finished) = reception.finish(entries) {
                    return After::Finished(finished);
                }
            }
        }
        After::Paused
    }

    /// All that was confirmed is there, if the end says so; how many files those are.
    fn come(&self, finished: &Finished, scratch: &Scratch) -> usize {
        let is_inside = finished.path.starts_with(scratch.path("in"));
        assert!(is_inside, "{finished:?}");
        let is_whole = match finished.ending {
            Ending::Durable | Ending::AlreadyThere => true,
            Ending::Partial => finished.unplaced.is_empty(),
            _ => false,
        };
        if !is_whole {
            return 0;
        }
        for (path, root) in &self.confirmed {
            let is_there = |at: &Path| {
                let content = fs::read(at);
                content.is_ok_and(|content| blake3::hash(&content).as_bytes() == root)
            };
            let is_there = match self.shape {
                Shape::File => is_there(&finished.path),
                // Beside what other content the same transfer brought before.
                _ => (0..TRIES).any(|number| {
                    is_there(&finished.path.join(text_path(&numbered(path, number))))
                }),
            };
            assert!(is_there, "{path} in {}", finished.path.display());
        }
        self.confirmed.len()
    }
}

impl File {
    fn announce(input: &mut Input<'_>) -> Self {
        let (path, size) = (input.pick(&PATHS), input.pick(&SIZES));
        let fill = input.pick(&[0, 1]);
        // Nobody has a file of the last size.
        let len = usize::try_from(size).unwrap_or(0).min(2 * LEAF);
        Self {
            path,
            content: vec![fill; len],
            size,
        }
    }

    fn leaves(&self) -> Vec<[u8; 32]> {
        let leaves = self.content.chunks(LEAF).enumerate();
        leaves
            .map(|(number, bytes)| hash_leaf(bytes, (number * LEAF) as u64, self.size))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::run;

    /// A sender of one file of two leaves, the connection of which is lost after the first.
    const HONEST: &[&[u8]] = &[
        &[0, 0, 0, 0, 0, 6, 0, 0],
        &[0, 0, 0, 6, 1, 0, 0, 0, 0],
        &[3, 0, 0, 0, 0],
        &[9, 0, 0],
        &[0, 0, 0, 0, 0, 6, 0, 0],
        &[0, 0, 0, 6, 1, 0, 0, 0, 0],
        &[5, 0, 0, 0, 0],
        &[3, 0, 1, 0, 0],
        &[6, 0, 0],
        &[9, 0, 3],
    ];

    #[test]
    fn what_an_honest_sender_says_comes() {
        assert_eq!(run(&HONEST.concat()), 1);
    }

    #[test]
    fn what_is_said_with_any_byte_changed_keeps_the_law() {
        let honest = HONEST.concat();
        for at in 0..honest.len() {
            for change in 1..8 {
                let mut input = honest.clone();
                input[at] = input[at].wrapping_add(change);
                run(&input);
            }
        }
    }
}
