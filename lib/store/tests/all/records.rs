//! The law of the journal under random plans: whatever comes in whatever order, wherever the power
//! is cut and whatever the kernel wrote back before, each record that survives names bytes that are
//! on the disk.

use std::fs;
use std::path::PathBuf;

use transom_store::faults::{Disk, Op};
use transom_store::{Begin, Ended, EntryError, Inbox, Reception, fuzzing, hash_leaf};
use transom_wire::{Collision, Ending};

use crate::support::*;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % end as u64) as usize
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }
}

/// What is sent, attempt after attempt, and changes between them.
struct Files {
    top: PathBuf,
    contents: Vec<(&'static str, Vec<u8>)>,
}

impl Files {
    fn new(scratch: &Scratch, random: &mut Random) -> Self {
        let of = |name, len| (name, noise(len, 1));
        let (top, contents) = match random.one_in(2) {
            true => ("film", vec![of("", 4 * LEAF + 99)]),
            false => (
                "d",
                vec![of("a", 2 * LEAF + 1), of("b/c", 3 * LEAF), of("small", 500)],
            ),
        };
        let files = Self {
            top: scratch.path(top),
            contents,
        };
        files.write();
        files
    }

    fn change(&mut self, random: &mut Random) {
        for (_, content) in &mut self.contents {
            if random.one_in(3) && !content.is_empty() {
                let at = random.below(content.len());
                content[at] ^= 1;
            }
            if random.one_in(5) {
                let len = 1 + random.below(5) * LEAF / 2;
                content.resize(len, random.below(256) as u8);
            }
        }
        self.write();
    }

    fn write(&self) {
        for (name, content) in &self.contents {
            let path = match *name {
                "" => self.top.clone(),
                name => self.top.join(name),
            };
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    /// The paths in the tree of a transfer.
    fn staged_as(&self) -> impl Iterator<Item = &'static str> {
        let names = self.contents.iter().map(|(name, _)| *name);
        names.map(|name| if name.is_empty() { "data" } else { name })
    }
}

/// One attempt, of which some steps fail once the disk has stopped; says whether all was sent.
fn attempt(disk: &Disk, inbox: &mut Inbox, files: &Files, random: &mut Random) -> bool {
    let mut outbox = walked(&files.top).unwrap();
    let Ok(mut reception) = inbox.receive(PEER, &offer(&outbox, Collision::Rename)) else {
        return false;
    };
    let mut steps = random.below(40);
    for index in 0..outbox.counted().entries {
        let info = outbox.entry(index).unwrap();
        match reception.begin_entry(&announced(index, &info)) {
            Ok(Begin::Data { offset }) => {
                let sender = Sender::new(&mut outbox, index);
                match entry_steps(disk, &mut reception, &sender, offset, random, &mut steps) {
                    Ok(true) => {}
                    Ok(false) | Err(_) => return false,
                }
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    if random.one_in(3) {
        return false;
    }
    reception
        .finish(outbox.counted().entries)
        .is_ok_and(|finished| finished.ending == Ending::Durable)
}

/// Sends an entry in any order that is legal; says whether it was all of it.
fn entry_steps(
    disk: &Disk,
    reception: &mut Reception,
    sender: &Sender,
    offset: u64,
    random: &mut Random,
    steps: &mut usize,
) -> Result<bool, EntryError> {
    let held = offset.div_ceil(LEAF as u64) as usize;
    let (mut compared, mut front, mut again) = (0, held, Vec::new());
    while *steps > 0 {
        *steps -= 1;
        let asked = match random.below(8) {
            0 | 1 if compared < held => {
                let to = held.min(compared + 1 + random.below(3));
                let hashes: Vec<_> = sender.leaves[compared..to].iter().map(|it| it.0).collect();
                let from = std::mem::replace(&mut compared, to);
                reception.hashes(sender.index, (from * LEAF) as u64, &hashes)?
            }
            2 if front < sender.leaves.len() && random.one_in(4) => {
                let (_, bytes) = &sender.leaves[front];
                front += 1;
                let offset = ((front - 1) * LEAF) as u64;
                Vec::from_iter(reception.leaf(sender.index, offset, &[1; 32], bytes)?)
            }
            2 | 3 if front < sender.leaves.len() => {
                front += 1;
                Vec::from_iter(sender.leaf(reception, front - 1)?)
            }
            4 if !again.is_empty() => {
                let leaf = again.swap_remove(random.below(again.len()));
                Vec::from_iter(sender.leaf(reception, leaf)?)
            }
            5 => {
                disk.write_back_of(["tree/", "leaves/", ""][random.below(3)]);
                continue;
            }
            6 => {
                reception.pause();
                continue;
            }
            _ if front == sender.leaves.len() && compared == held && again.is_empty() => {
                match sender.end(reception)? {
                    Ended::Again(asked) => asked,
                    Ended::Done => return Ok(true),
                }
            }
            _ => continue,
        };
        again.extend(asked.into_iter().flat_map(leaves_of));
    }
    Ok(false)
}

/// Each record is that of the bytes at its place in the newest file of its path. Gives how many
/// there are.
fn records_are_right(seed: u64, scratch: &Scratch, files: &Files) -> usize {
    let mut right = 0;
    for folder in folders(scratch) {
        let Ok(journals) = fs::read_dir(folder.join("leaves")) else {
            continue;
        };
        for journal in journals {
            let journal = fs::read(journal.unwrap().path()).unwrap();
            for path in files.staged_as() {
                let records = fuzzing::records(&journal, path);
                let Some(bytes) = newest(&folder, path) else {
                    continue;
                };
                for (leaf, record) in records.into_iter().enumerate() {
                    let at = leaf * LEAF;
                    let Some(record) = record else { continue };
                    assert!(at < bytes.len(), "seed {seed} {path} {leaf}");
                    let end = bytes.len().min(at + LEAF);
                    let there = hash_leaf(&bytes[at..end], at as u64, u64::MAX);
                    assert!(there == record, "seed {seed} {path} {leaf}");
                    right += 1;
                }
            }
        }
    }
    right
}

fn folders(scratch: &Scratch) -> Vec<PathBuf> {
    let Ok(staging) = fs::read_dir(scratch.path("in/.transom-incoming")) else {
        return Vec::new();
    };
    let paths = staging.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_dir()).collect()
}

fn newest(folder: &std::path::Path, path: &str) -> Option<Vec<u8>> {
    let old = fs::read_dir(folder.join("old")).into_iter().flatten();
    let mut trees: Vec<u32> = old
        .map(|tree| {
            tree.unwrap()
                .file_name()
                .into_string()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    trees.sort_unstable();
    let old = trees
        .iter()
        .rev()
        .map(|tree| folder.join("old").join(tree.to_string()));
    let mut all = std::iter::once(folder.join("tree")).chain(old);
    all.find_map(|tree| fs::read(tree.join(path)).ok())
}

#[test]
fn every_record_that_survives_names_what_is_on_the_disk() {
    let mut records = 0;
    for seed in 0..100 {
        let mut random = Random(seed);
        let scratch = Scratch::new();
        let disk = scratch.disk();
        let system = SYSTEMS[random.below(2)];
        disk.format(system);
        let mut files = Files::new(&scratch, &mut random);
        for _ in 0..6 {
            match random.below(5) {
                0 | 1 => disk.stop_after(random.below(60)),
                2 => {
                    let sync = SYNCS[random.below(SYNCS.len())];
                    disk.on(sync).nth(1 + random.below(6) as u32).fail(5);
                }
                3 => disk.on(Op::Write).nth(1 + random.below(12) as u32).fail(28),
                _ => {}
            }
            let sent = match Inbox::open(scratch.settings()) {
                Ok(mut inbox) => attempt(&disk, &mut inbox, &files, &mut random),
                Err(_) => false,
            };
            match random.below(4) {
                0 => disk.heal(),
                some => {
                    // The kernel was about to write.
                    disk.write_back_of(["tree/", "leaves/", "nothing"][some - 1]);
                    disk.cut_power();
                }
            }
            let came = scratch.path("in").join(files.top.file_name().unwrap());
            // It may be there without being called durable: a last sync failed.
            assert!(!sent || came.exists(), "seed {seed}");
            if came.exists() {
                assert!(is_as_sent(&files.top, &came), "seed {seed}");
                break;
            }
            records += records_are_right(seed, &scratch, &files);
            files.change(&mut random);
        }
        disk.heal();
        let finished = send(&mut scratch.inbox(), &files.top);
        disk.cut_power();
        assert!(
            is_as_sent(&files.top, &finished.path),
            "seed {seed} {finished:?}"
        );
    }
    assert!(records > 100, "{records}");
}
