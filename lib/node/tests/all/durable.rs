//! What both sides say of files on disks that fail.

use std::fs;
use std::path::{Path, PathBuf};

use transom::{
    Accept, Collision, Direction, EntryReport, FailReason, Identity, InboxSettings, Notice,
    Outcome, Redial, SendOptions, TransferFailure,
};
use transom_store::faults::{Disk, Op};

use crate::support::{Peer, Scratch, book, local};

const EIO: i32 = 5;
const ENOTDIR: i32 = 20;
const EFBIG: i32 = 27;

/// Two stations, and the folders that one sends from and the other receives into, on a disk that
/// can fail.
struct Pair {
    disk: Disk,
    far: Peer,
    near: Peer,
    from: PathBuf,
    into: PathBuf,
    _scratch: Scratch,
}

impl Pair {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let (from, into) = (scratch.0.join("from"), scratch.0.join("into"));
        fs::create_dir_all(&from).unwrap();
        fs::create_dir_all(&into).unwrap();
        let disk = Disk::mount(&into);
        let identity = Identity::throwaway().unwrap();
        let line = format!("guest 127.0.0.1 key={}", identity.public_key());
        let inbox = InboxSettings {
            overwrite: true,
            ..InboxSettings::new(&into, Accept::Known)
        };
        let far = Peer::start("desk", |settings| {
            settings.book = book(&[line]);
            settings.listen = local();
            settings.inbox = Some(inbox);
        });
        let near = Peer::start("guest", |settings| settings.identity = identity);
        near.handle.connect(far.contact("desk"), Redial::Never);
        Self {
            disk,
            far,
            near,
            from,
            into,
            _scratch: scratch,
        }
    }

    fn put(&self, name: &str) -> PathBuf {
        put(&self.from.join(name), name)
    }

    /// Sends it and waits until it is over at both sides; gives what the sender and the receiver
    /// were told.
    fn send(&self, path: &Path, on_collision: Collision) -> [Told; 2] {
        let options = SendOptions {
            on_collision,
            ..SendOptions::default()
        };
        self.send_with(path, options)
    }

    fn send_with(&self, path: &Path, options: SendOptions) -> [Told; 2] {
        self.near
            .handle
            .send(&"desk".parse().unwrap(), path, options);
        [
            told(&self.near, Direction::Outgoing),
            told(&self.far, Direction::Incoming),
        ]
    }
}

fn put(path: &Path, bytes: &str) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    path.to_owned()
}

/// How a transfer ended at one side, and the entries that failed there with their reasons.
#[derive(Debug)]
struct Told {
    outcome: Outcome,
    report: EntryReport,
    failed: Vec<(String, String)>,
}

impl Told {
    fn why(&self) -> &TransferFailure {
        match &self.outcome {
            Outcome::Failed { why, .. } => why,
            other => panic!("{other:?}"),
        }
    }

    fn paths(&self) -> Vec<&str> {
        let mut paths: Vec<_> = self.failed.iter().map(|(path, _)| path.as_str()).collect();
        paths.sort_unstable();
        paths
    }
}

fn told(peer: &Peer, way: Direction) -> Told {
    let failed = std::cell::RefCell::new(Vec::new());
    let (outcome, report) = peer.wait(|notice| match notice {
        Notice::EntryFailed { path, why, .. } => {
            failed.borrow_mut().push((path, why.to_string()));
            None
        }
        Notice::TransferEnded { status, outcome } if status.direction == way => {
            Some((outcome, status.report))
        }
        _ => None,
    });
    Told {
        outcome,
        report,
        failed: failed.into_inner(),
    }
}

#[test]
fn a_write_error_reaches_the_sender_of_each_folder_that_it_may_have_cost() {
    let pair = Pair::new("lost");
    let paths = ["small", "big"].map(|name| {
        let files = if name == "big" { 40 } else { 2 };
        (0..files).for_each(|i| drop(pair.put(&format!("{name}/{i}"))));
        pair.from.join(name)
    });
    pair.disk.lose("tree/");
    for path in paths {
        for side in pair.send(&path, Collision::Rename) {
            let why = side.why().to_string();
            assert!(why.contains("Input/output error"), "{why}");
        }
    }
}

#[test]
fn an_ending_with_failed_entries_is_a_success_at_neither_side() {
    let pair = Pair::new("partial");
    for name in ["d/a", "d/bad"] {
        pair.put(name);
    }
    // The rest is there already.
    put(&pair.into.join("d/a"), "d/a");
    let path = pair.from.join("d");
    pair.disk.on(Op::Write).at("tree/bad").fail(EFBIG);
    for side in pair.send(&path, Collision::Rename) {
        assert!(!side.outcome.is_success(), "{side:?}");
        assert!(
            matches!(side.outcome, Outcome::Partial { failed: 1, .. }),
            "{side:?}"
        );
        assert_eq!(side.paths(), ["bad"]);
        assert!(side.failed[0].1.contains("File too large"), "{side:?}");
        assert!(
            side.outcome.to_string().ends_with("but for 1 entry"),
            "{}",
            side.outcome
        );
    }
}

#[test]
fn files_that_are_skipped_or_get_another_name_are_told_at_the_end() {
    let pair = Pair::new("told");
    let folder = pair.from.join("d");
    let [a, b] = ["d/a", "d/b"].map(|name| pair.put(name));
    for side in pair.send(&folder, Collision::Rename) {
        assert_eq!(side.report, EntryReport::default());
    }
    put(&b, "another");
    let [_, receiver] = pair.send(&folder, Collision::Rename);
    let renamed = receiver.report.renamed;
    assert_eq!(
        (renamed.count, renamed.first),
        (1, vec!["b (1)".to_owned()])
    );
    put(&a, "yet another");
    for side in pair.send(&folder, Collision::Skip) {
        let mut skipped = side.report.skipped;
        skipped.first.sort();
        let names = ["a", "b"].map(str::to_owned).to_vec();
        assert_eq!((skipped.count, skipped.first), (2, names));
    }
}

#[test]
fn what_can_not_be_sent_is_a_failure_unless_the_sender_says_otherwise() {
    let pair = Pair::new("special");
    pair.put("d/a");
    let folder = pair.from.join("d");
    std::os::unix::fs::symlink("a", folder.join("link")).unwrap();
    let [sender, _] = pair.send(&folder, Collision::Rename);
    assert!(
        matches!(sender.outcome, Outcome::Partial { failed: 1, .. }),
        "{sender:?}"
    );
    let failed = (sender.report.failed.count, sender.report.left_out);
    let link = folder.join("link");
    let link = link.to_str().unwrap();
    assert_eq!((sender.paths(), failed), (vec![link], (1, 0)));
    let options = SendOptions {
        skip_special: true,
        ..SendOptions::default()
    };
    let [sender, _] = pair.send_with(&folder, options);
    assert!(sender.outcome.is_success(), "{sender:?}");
    let failed = (sender.report.failed.count, sender.report.left_out);
    assert_eq!((sender.paths().len(), failed), (0, (0, 1)));
}

#[test]
fn what_its_sender_can_not_read_is_a_success_at_neither_side() {
    let pair = Pair::new("unread");
    for name in ["d/a", "d/bad"] {
        pair.put(name);
    }
    put(&pair.into.join("d/a"), "d/a");
    let disk = Disk::mount(&pair.from);
    disk.on(Op::Read).at("bad").fail(EIO);
    for side in pair.send(&pair.from.join("d"), Collision::Rename) {
        assert!(
            matches!(side.outcome, Outcome::Partial { failed: 1, .. }),
            "{side:?}"
        );
        assert_eq!(side.paths(), ["bad"]);
    }
}

#[test]
fn of_many_small_files_only_those_that_fail_are_missing_and_large_ones_between_come_too() {
    const LEAF: usize = 256 * 1024;
    let pair = Pair::new("many");
    // Whole leaves, of which the session has room for eight, and far more files than are read at
    // once.
    let sizes = [0, 1, 4096, LEAF, LEAF + 1, 3 * LEAF];
    for i in 0..150 {
        let bytes = vec![b'0' + i % 10; sizes[usize::from(i) % sizes.len()]];
        let path = pair.put(&format!("d/{i:03}"));
        fs::write(path, bytes).unwrap();
    }
    let disk = Disk::mount(&pair.from);
    disk.on(Op::Read).at("008").fail(EIO);
    disk.on(Op::Open).at("100").fail(EIO);
    pair.disk.on(Op::Write).at("tree/099").fail(EFBIG);
    for side in pair.send(&pair.from.join("d"), Collision::Rename) {
        let Outcome::Partial { failed: 3, path } = &side.outcome else {
            panic!("{side:?}");
        };
        assert_eq!(path.file_name().unwrap(), "d");
        assert_eq!(side.paths(), ["008", "099", "100"]);
    }
    for i in (0..150).filter(|i| ![8, 99, 100].contains(i)) {
        let [from, into] = [&pair.from, &pair.into].map(|at| at.join(format!("d/{i:03}")));
        assert!(fs::read(from).unwrap() == fs::read(into).unwrap(), "{i}");
    }
}

#[test]
fn entries_without_a_place_in_a_folder_that_is_there_are_told_at_both_sides() {
    let pair = Pair::new("clash");
    for name in ["d/a", "d/file", "d/folder/b"] {
        pair.put(name);
    }
    put(&pair.into.join("d/file/own"), "own");
    put(&pair.into.join("d/folder"), "own");
    for side in pair.send(&pair.from.join("d"), Collision::Overwrite) {
        assert!(
            matches!(side.outcome, Outcome::Partial { failed: 3, .. }),
            "{side:?}"
        );
        assert_eq!(side.paths(), ["file", "folder", "folder/b"]);
        assert!(
            side.failed
                .iter()
                .all(|(_, why)| why.contains("has no place")),
            "{side:?}"
        );
    }
    assert_eq!(fs::read(pair.into.join("d/a")).unwrap(), b"d/a");
}

#[test]
fn an_entry_that_loses_its_place_at_the_very_end_is_told_and_is_no_success() {
    let pair = Pair::new("late");
    for name in ["d/a", "d/b"] {
        pair.put(name);
    }
    put(&pair.into.join("d/own"), "own");
    pair.disk.on(Op::Rename).at("> d/b").fail(ENOTDIR);
    let [sender, receiver] = pair.send(&pair.from.join("d"), Collision::Overwrite);
    assert!(
        matches!(receiver.outcome, Outcome::Partial { failed: 1, .. }),
        "{receiver:?}"
    );
    assert_eq!(receiver.paths(), ["b"]);
    // The sender hears that not all of it is there, and never "but for 0 entries".
    assert!(
        matches!(sender.outcome, Outcome::Partial { .. }),
        "{sender:?}"
    );
    assert!(
        sender.outcome.to_string().ends_with("but not all of it"),
        "{}",
        sender.outcome
    );
}

#[test]
fn of_a_single_file_that_fails_only_the_outcome_is_told() {
    let pair = Pair::new("once");
    let file = pair.put("film");
    pair.disk.on(Op::Write).at("tree/").nth(1).fail(EFBIG);
    for side in pair.send(&file, Collision::Rename) {
        let (TransferFailure::Here(error) | TransferFailure::AtReceiver(error)) = side.why() else {
            panic!("{side:?}");
        };
        assert_eq!(error.reason, Some(FailReason::Io));
        assert!(error.text.contains("File too large"), "{error}");
        assert_eq!(side.failed, []);
    }
}
