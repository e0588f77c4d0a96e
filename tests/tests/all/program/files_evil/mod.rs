//! Hostile peers of file transfers, one test for each group of attacks (B01 to B41): they speak the
//! protocol to the real programs, entries and leaves included.
//!
//! Each test has its number in its name. Where the others are, beside those here:
//!
//! | numbers | of | where |
//! |---|---|---|
//! | B01 to B11 | names and paths | `names.rs` |
//! | B12 to B17, B27 to B29, B41 | links, other disks, what is resumed, what is sent | the store's tests (`links`, `flips`, `disk`, `resume`, `hostile`, `send`) |
//! | B18 to B25, B35, B37 | frames, sizes, leaves, records, offers | `frames.rs`, `resumed.rs` |
//! | B26, B40 | limits and questions of a peer | `frames.rs`, `receivers.rs` |
//! | B30 | crashes and power cuts | the store's `crash` and `durable`, `resume.rs` |
//! | B31 | errors of the disk, no descriptors | the store's `fails_alone`, `durable` and `room`, `trouble.rs`, `resources.rs` |
//! | B32 | crowds and floods | `resources.rs`, `hostile.rs`, the station's `floods` and `slow_disk` |
//! | B33 | room and quotas | the store's `room` and `disk`, `trouble.rs` |
//! | B34 | stations that announce what they are not | `nearby.rs` |
//! | B36 | keys and codes | `shown.rs` |
//! | B38, B39 | what is opened, run and shown | `shown.rs`, the window's `links`, `notifications` and `things` |

mod frames;
mod names;
mod receivers;
mod resources;
mod resumed;
mod shown;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use transom_tests::{EVIL_KEY, EvilReceiver, EvilSender, Finished, Program, evil_public_key};
use transom_wire::{Ending, Entry, EntryKind, RelativePath};

use super::Pair;

/// A running `transom receive` whose user knows a hostile sender.
struct Inbox {
    pair: Pair,
    program: Program,
    address: String,
    /// All that was outside the inbox at the start.
    outside: BTreeSet<PathBuf>,
    /// How many honest files were sent.
    honest: usize,
}

impl Inbox {
    fn new() -> Self {
        let pair = Pair::new();
        pair.far.write_in_book(&evil_contact("evil", EVIL_KEY));
        pair.far.write_in_book(&evil_contact("other", OTHER_KEY));
        let program = pair.inbox(&[]);
        let address = pair.address();
        pair.scratch.folder("out");
        let outside = outside(&pair);
        Self {
            pair,
            program,
            address,
            outside,
            honest: 0,
        }
    }

    fn sender(&self) -> EvilSender {
        EvilSender::connect(&self.address)
    }

    fn other_sender(&self) -> EvilSender {
        EvilSender::connect_with(&self.address, OTHER_KEY)
    }

    fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.pair.far.path("inbox").join(name)
    }

    /// The names in the inbox, without its private folder.
    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.path("")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != ".transom-incoming").collect();
        names.sort();
        names
    }

    /// Nothing shows in the inbox, nothing was made outside it, and an honest sender is served.
    fn is_unharmed(&mut self) {
        assert_eq!(self.names(), [""; 0]);
        self.still_serves();
    }

    /// Nothing was made outside the inbox, and an honest sender is served.
    fn still_serves(&mut self) {
        assert_eq!(outside(&self.pair), self.outside);
        self.honest += 1;
        let name = format!("honest-{}", self.honest);
        let file = self.pair.scratch.file(&format!("out/{name}"), &name);
        let end = self.pair.near.run(&["send", "far", file.to_str().unwrap()]);
        assert_eq!(end.code, Some(0), "{end:?}");
        assert_eq!(fs::read_to_string(self.path(&name)).unwrap(), name);
        fs::remove_file(self.path(&name)).unwrap();
        assert!(self.program.is_running());
    }

    /// The largest resident memory of the program in KiB, where the system counts it.
    fn peak_kib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.program.id());
        let status = fs::read_to_string(status).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
        peak.unwrap_or_default()
    }
}

/// A second hostile peer.
const OTHER_KEY: [u8; 32] = [0x67; 32];

fn evil_contact(name: &str, private: [u8; 32]) -> String {
    let key = transom_secure::Identity::from_bytes(private).public();
    let key = transom_wire::PublicKey(key);
    format!("{name} 127.0.0.1:9 key={key} may=files,auto")
}

/// All paths of a test that are in no inbox and no state folder.
fn outside(pair: &Pair) -> BTreeSet<PathBuf> {
    let top = pair.scratch.path().to_owned();
    let mut found = BTreeSet::new();
    let mut folders = vec![top];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            // The lock files of a person's programs.
            if path
                .extension()
                .is_some_and(|extension| extension == "lock")
            {
                continue;
            }
            let is_ours = ["inbox", "state", "out"]
                .iter()
                .any(|name| path.ends_with(name));
            if path.is_dir() && !is_ours {
                folders.push(path.clone());
            }
            found.insert(path);
        }
    }
    found
}

/// Sends a path to a hostile receiver. `act` is its part; gives how the program ended.
fn send_to_evil(pair: &Pair, path: &Path, act: impl FnOnce(&EvilReceiver)) -> Finished {
    let receiver = EvilReceiver::new();
    let (key, address) = (evil_public_key(), receiver.address());
    let line = format!("evil {address} key={key} may=files");
    fs::write(pair.near.book(), format!("{line}\n")).unwrap();
    let path = path.to_str().unwrap();
    let send = pair.near.start(&["send", "evil", path, "--wait", "1"]);
    act(&receiver);
    drop(receiver);
    send.finish()
}

/// A folder entry.
fn folder_entry(index: u32, path: &str) -> Entry<'_> {
    Entry {
        index,
        kind: EntryKind::Folder,
        mode: 0o755,
        mtime: 0,
        size: 0,
        path: RelativePath::new(path).unwrap(),
    }
}

/// What a hostile sender's file holds.
const CONTENT: &[u8] = b"from the evil one";

/// Sends files of these paths as a folder of that name; each has [`CONTENT`].
fn send_folder(sender: &mut EvilSender, key: u8, name: &str, paths: &[&str]) -> Ending {
    let (count, size) = (u32::try_from(paths.len()).unwrap(), CONTENT.len() as u64);
    let offer = transom_tests::folder_offer(key, name, count, u64::from(count) * size);
    let stream = sender.begin(offer);
    for (index, path) in (0..).zip(paths) {
        let entry = transom_tests::file_entry(index, path, size);
        let reply = sender.file(stream, entry, CONTENT);
        assert_eq!(reply, Ok(transom_tests::Reply::Done), "{path:?}");
    }
    sender.finish(stream, count).unwrap()
}
