//! Senders that break the rules: each is told, nothing shows, and others live on.

use std::fs;

use transom_store::{Begin, Ended, EntryError, Inbox, InboxError, InboxSettings, Reception, Run};
use transom_wire::{
    Collision, Ending, Entry, EntryKind, FailReason, Offer, RefuseReason, TransferKey,
};

use crate::support::*;

const BYTES: u64 = LEAF as u64;

fn leaf_hash(bytes: &[u8], offset: usize, size: usize) -> [u8; 32] {
    transom_store::hash_leaf(bytes, offset as u64, size as u64)
}

/// A file of three leaves that is being received, with the first leaf in.
struct Running {
    scratch: Scratch,
    _inbox: Inbox,
    reception: Reception,
    data: Vec<u8>,
}

fn running() -> Running {
    let scratch = Scratch::new();
    let data = noise(3 * LEAF, 1);
    let mut inbox = scratch.inbox();
    let mut reception = inbox.receive(PEER, &file_offer("film", 3 * BYTES)).unwrap();
    reception.begin_entry(&entry(0, "film", 3 * BYTES)).unwrap();
    let mut running = Running {
        scratch,
        _inbox: inbox,
        reception,
        data,
    };
    running.leaf(0).unwrap();
    running
}

impl Running {
    fn leaf(&mut self, leaf: usize) -> Result<(), EntryError> {
        let bytes = &self.data[leaf * LEAF..][..LEAF];
        let hash = leaf_hash(bytes, leaf * LEAF, 3 * LEAF);
        self.reception
            .leaf(0, leaf as u64 * BYTES, &hash, bytes)
            .map(|_| ())
    }

    fn root(&self) -> [u8; 32] {
        hash_file(&self.scratch.put("whole", &self.data))
    }

    fn shows_nothing(&self) {
        assert_eq!(visible(&self.scratch), [""; 0]);
    }
}

fn is_protocol<T: std::fmt::Debug>(result: Result<T, EntryError>) {
    assert!(matches!(result, Err(EntryError::Protocol(_))), "{result:?}");
}

#[test]
fn leaves_out_of_order_or_place_are_refused() {
    let bytes = &noise(LEAF, 2)[..];
    let hash = leaf_hash(bytes, LEAF, 3 * LEAF);
    let cases: [(u32, u64, &[u8]); 8] = [
        (0, 2 * BYTES, bytes),
        (0, 0, bytes),
        (0, 3 * BYTES, bytes),
        (0, u64::MAX - BYTES + 1, bytes),
        (0, 1, bytes),
        (0, BYTES, &bytes[1..]),
        (0, BYTES, &[]),
        (1, BYTES, bytes),
    ];
    for (index, offset, bytes) in cases {
        let mut running = running();
        is_protocol(running.reception.leaf(index, offset, &hash, bytes));
        running.shows_nothing();
    }
    let mut long = noise(LEAF + 1, 2);
    is_protocol(running().reception.leaf(0, BYTES, &hash, &long));
    long.resize(10 * LEAF, 0);
    is_protocol(running().reception.leaf(0, BYTES, &hash, &long));
}

#[test]
fn a_failed_entry_is_stale_until_it_is_abandoned() {
    let mut running = running();
    is_protocol(running.leaf(0));
    assert!(matches!(running.leaf(1), Err(EntryError::Stale(0))));
    running.reception.abandon(0);
    is_protocol(running.leaf(1));
    let finished = running.reception.finish(1).unwrap();
    assert_eq!((finished.ending, finished.failed), (Ending::Failed, 1));
    running.shows_nothing();
}

#[test]
fn b25_a_flipped_bit_in_a_leaf_or_its_hash_is_asked_again_three_times() {
    for is_hash in [false, true] {
        let mut running = running();
        let right = running.data[LEAF..2 * LEAF].to_vec();
        let (mut bytes, mut hash) = (right.clone(), leaf_hash(&right, LEAF, 3 * LEAF));
        match is_hash {
            true => hash[31] ^= 1,
            false => bytes[LEAF - 1] ^= 0x80,
        }
        let mut wrong = || running.reception.leaf(0, BYTES, &hash, &bytes);
        for _ in 0..3 {
            let run = Run {
                offset: BYTES,
                leaves: 1,
            };
            assert_eq!(wrong().unwrap(), Some(run));
        }
        let error = wrong().unwrap_err();
        assert!(matches!(error, EntryError::Corrupt { offset: BYTES, .. }));
        assert_eq!(error.reason(), FailReason::Corrupt);
        running.reception.abandon(0);
        assert_eq!(running.reception.finish(1).unwrap().ending, Ending::Failed);
        running.shows_nothing();
    }
}

#[test]
fn b25_right_bytes_at_the_wrong_place_are_asked_again_and_the_others_go_on() {
    let mut running = running();
    let root = running.root();
    let third = running.data[2 * LEAF..].to_vec();
    let hash = leaf_hash(&third, 2 * LEAF, 3 * LEAF);
    let again = running.reception.leaf(0, BYTES, &hash, &third).unwrap();
    assert!(again.is_some());
    running.leaf(2).unwrap();
    let ended = running.reception.end(0, 3 * BYTES, &root).unwrap();
    assert_eq!(ended, Ended::Again(vec![]));
    running.leaf(1).unwrap();
    let ended = running.reception.end(0, 3 * BYTES, &root).unwrap();
    assert!(matches!(ended, Ended::Done), "{ended:?}");
    assert_eq!(running.reception.finish(1).unwrap().ending, Ending::Durable);
}

#[test]
fn a_leaf_of_another_file_is_caught_by_the_root() {
    let mut running = running();
    let root = running.root();
    let foreign = noise(LEAF, 77);
    let hash = leaf_hash(&foreign, LEAF, 3 * LEAF);
    running.reception.leaf(0, BYTES, &hash, &foreign).unwrap();
    running.leaf(2).unwrap();
    let error = running.reception.end(0, 3 * BYTES, &root).unwrap_err();
    assert!(matches!(error, EntryError::Corrupt { offset: 0, .. }));
    assert_eq!(running.reception.finish(1).unwrap().ending, Ending::Failed);
    running.shows_nothing();
    drop(running.reception);
    // Nothing of it is offered as held again.
    let mut again = running
        ._inbox
        .receive(PEER, &file_offer("film", 3 * BYTES))
        .unwrap();
    let begun = again.begin_entry(&entry(0, "film", 3 * BYTES)).unwrap();
    assert!(matches!(begun, Begin::Data { offset: 0, .. }));
}

#[test]
fn an_end_before_the_data_or_of_another_size_is_refused() {
    for size in [0, BYTES, 2 * BYTES, 3 * BYTES, 3 * BYTES + 1, u64::MAX] {
        let mut running = running();
        let root = running.root();
        is_protocol(running.reception.end(0, size, &root));
        running.shows_nothing();
    }
}

#[test]
fn a_finish_before_the_end_or_with_another_count_is_refused() {
    for entries in [0, 1, 2, u32::MAX] {
        let mut running = running();
        let finished = running.reception.finish(entries);
        assert!(
            matches!(finished, Err(InboxError::Protocol(_))),
            "{finished:?}"
        );
        running.shows_nothing();
    }
}

#[test]
fn entries_that_were_not_offered_are_refused() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let mut key = 0;
    let mut refuse = |offer: Offer<'_>, entries: &[Entry<'_>]| {
        key += 1;
        let offer = Offer {
            transfer: TransferKey([key; 16]),
            ..offer
        };
        let mut reception = inbox.receive(PEER, &offer).unwrap();
        let (last, before) = entries.split_last().unwrap();
        before
            .iter()
            .for_each(|entry| assert!(reception.begin_entry(entry).is_ok()));
        is_protocol(reception.begin_entry(last));
        reception.cancel();
    };
    let folder = Entry {
        kind: EntryKind::Folder,
        ..entry(0, "film", 0)
    };
    refuse(file_offer("film", 5), &[entry(1, "film", 5)]);
    refuse(file_offer("film", 5), &[entry(0, "film", 6)]);
    refuse(file_offer("film", 5), &[entry(0, "other", 5)]);
    refuse(file_offer("film", 5), &[folder]);
    refuse(
        file_offer("film", 5),
        &[entry(0, "film", 5), entry(1, "film", 0)],
    );
    refuse(
        folder_offer("d", 2, 9),
        &[entry(0, "a", 5), entry(0, "b", 0)],
    );
    refuse(
        folder_offer("d", 2, 9),
        &[entry(0, "a", 5), entry(1, "b", 5)],
    );
    refuse(
        folder_offer("d", 2, 9),
        &[entry(0, "a", 5), entry(1, "b", u64::MAX)],
    );
    refuse(folder_offer("d", 2, 9), &[Entry { size: 1, ..folder }]);
    refuse(
        folder_offer("d", 1, 9),
        &[entry(0, "a", 5), entry(1, "b", 0)],
    );
    assert_eq!(published(&scratch), [""; 0]);
}

#[test]
fn entries_not_done_are_bounded() {
    let scratch = Scratch::new();
    let mut reception = scratch
        .inbox()
        .receive(PEER, &folder_offer("d", 10_000, 10_000))
        .unwrap();
    let taken = (0..10_000).take_while(|i| {
        reception
            .begin_entry(&entry(*i, &format!("{i}"), 1))
            .is_ok()
    });
    assert_eq!(taken.count(), 512);
}

#[test]
fn names_that_come_twice_fail_alone() {
    let scratch = Scratch::new();
    let mut reception = scratch
        .inbox()
        .receive(PEER, &folder_offer("d", 8, 0))
        .unwrap();
    let mut take = |index, path: &str, kind| {
        let begun = reception.begin_entry(&Entry {
            kind,
            ..entry(index, path, 0)
        });
        let taken = begun.and_then(|begun| {
            if let Begin::Data { .. } = begun {
                let root = hash_file(&scratch.put("nothing", b""));
                reception.end(index, 0, &root)?;
            }
            Ok(())
        });
        taken.map_err(|error| error.reason()).err()
    };
    use EntryKind::{File, Folder};
    assert_eq!(take(0, "a", File), None);
    assert_eq!(take(1, "a", File), Some(FailReason::Duplicate));
    assert_eq!(take(2, "a/b", File), Some(FailReason::Duplicate));
    assert_eq!(take(3, "a", Folder), Some(FailReason::Duplicate));
    assert_eq!(take(4, "A", File), None);
    assert_eq!(take(5, "x/y", File), None);
    assert_eq!(take(6, "x", File), Some(FailReason::Duplicate));
    assert_eq!(take(7, "x", Folder), None);
    (1..4).chain([6]).for_each(|index| reception.abandon(index));
    let finished = reception.finish(8).unwrap();
    assert_eq!((finished.ending, finished.failed), (Ending::Partial, 4));
    assert_eq!(contents(&scratch.path("in/d")).len(), 4);
}

#[test]
fn a_name_that_comes_twice_before_its_data_is_the_first_one_s() {
    for gives_up in [false, true] {
        let scratch = Scratch::new();
        let mut reception = scratch
            .inbox()
            .receive(PEER, &folder_offer("d", 3, 15))
            .unwrap();
        for (index, path) in [(0, "a"), (1, "a"), (2, "a/b")] {
            reception.begin_entry(&entry(index, path, 5)).unwrap();
        }
        let take = |reception: &mut Reception, index, bytes: &[u8]| {
            let hash = leaf_hash(bytes, 0, bytes.len());
            reception.leaf(index, 0, &hash, bytes)?;
            reception.end(index, 5, &hash)
        };
        take(&mut reception, 0, b"first").unwrap();
        for index in [1, 2] {
            if !gives_up {
                let error = take(&mut reception, index, b"other").unwrap_err();
                assert_eq!(error.reason(), FailReason::Duplicate);
            }
            reception.abandon(index);
        }
        let finished = reception.finish(3).unwrap();
        assert_eq!((finished.ending, finished.failed), (Ending::Partial, 2));
        assert_eq!(fs::read(scratch.path("in/d/a")).unwrap(), b"first");
    }
}

#[test]
fn names_that_the_disk_can_not_hold_fail_alone_and_odd_ones_arrive() {
    let scratch = Scratch::new();
    for name in [
        "文件.txt",
        "👩‍👧.jpg",
        "(1)",
        "[x]",
        ".hidden",
        "-dash",
        "a b",
        "CON",
        "12:30",
        &"é".repeat(127),
    ] {
        scratch.put(&format!("d/{name}"), name);
    }
    let finished = send(&mut scratch.inbox(), &scratch.path("d"));
    assert_eq!(finished.ending, Ending::Durable);
    assert_eq!(
        contents(&scratch.path("d")),
        contents(&scratch.path("in/d"))
    );

    let long = "x".repeat(255);
    let path = scratch.put(&long, b"1");
    assert_eq!(
        send(&mut scratch.inbox(), &path).path,
        scratch.path("in").join(&long)
    );
    scratch.put(&long, b"2");
    let second = send(&mut scratch.inbox(), &path).path;
    assert!(
        second
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .ends_with("x (1)")
    );

    // As long as a path may be on the wire, one byte more than Linux takes.
    let mut deep = vec!["x".repeat(254); 16];
    deep.push("y".repeat(16));
    let deep = deep.join("/");
    let path = transom_wire::RelativePath::new(&deep).unwrap();
    let size = 2 * LEAF as u64;
    let offer = Offer {
        transfer: TransferKey([2; 16]),
        ..folder_offer("deep", 2, size)
    };
    let mut reception = scratch.inbox().receive(PEER, &offer).unwrap();
    let deep = |index, size| Entry {
        path,
        ..entry(index, "x", size)
    };
    let large = reception.begin_entry(&deep(0, size)).unwrap_err();
    let root = *blake3::hash(b"").as_bytes();
    reception.begin_entry(&deep(1, 0)).unwrap();
    let small = reception.end(1, 0, &root).unwrap_err();
    for error in [large, small] {
        assert_eq!((error.reason(), error.errno()), (FailReason::BadName, 36));
    }
}

#[test]
fn b16_modes_and_times_of_any_value_are_taken_without_harm() {
    use std::os::unix::fs::MetadataExt as _;
    let cases = [
        (0, i64::MIN),
        (0o7777, i64::MAX),
        (u16::MAX, -1),
        (0o4000, 0),
    ];
    for (mode, mtime) in cases {
        let scratch = Scratch::new();
        let mut reception = scratch
            .inbox()
            .receive(PEER, &folder_offer("d", 2, 0))
            .unwrap();
        let base = Entry {
            mode,
            mtime,
            ..entry(0, "sub", 0)
        };
        reception
            .begin_entry(&Entry {
                kind: EntryKind::Folder,
                ..base
            })
            .unwrap();
        let path = transom_wire::RelativePath::new("sub/file").unwrap();
        reception
            .begin_entry(&Entry {
                index: 1,
                path,
                ..base
            })
            .unwrap();
        let root = hash_file(&scratch.put("nothing", b""));
        reception.end(1, 0, &root).unwrap();
        assert_eq!(reception.finish(2).unwrap().ending, Ending::Durable);
        let file = fs::metadata(scratch.path("in/d/sub/file")).unwrap();
        let folder = fs::metadata(scratch.path("in/d/sub")).unwrap();
        assert_eq!(file.mode() & 0o7022, 0);
        assert_eq!(folder.mode() & 0o7722, 0o700);
    }
}

#[test]
fn the_inbox_s_own_name_and_wrong_offers_are_refused() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    for name in [".transom-incoming", ".Transom-Incoming"] {
        for offer in [file_offer(name, 1), folder_offer(name, 1, 1)] {
            let error = inbox.receive(PEER, &offer).unwrap_err();
            assert_eq!(
                (error.reason(), error.refusal()),
                (FailReason::BadName, RefuseReason::Forbidden)
            );
        }
    }
    for files in [0, 2, 10_000_001] {
        let offer = Offer {
            files,
            ..file_offer("x", 1)
        };
        assert!(matches!(
            inbox.receive(PEER, &offer),
            Err(InboxError::Protocol(_))
        ));
    }
    let path = Offer {
        name: transom_wire::RelativePath::new("a/b").unwrap(),
        ..file_offer("x", 1)
    };
    assert!(matches!(
        inbox.receive(PEER, &path),
        Err(InboxError::Protocol(_))
    ));
    assert_eq!(published(&scratch), [""; 0]);
}

#[test]
fn one_transfer_runs_once_and_one_peer_keeps_a_bounded_number() {
    let scratch = Scratch::new();
    let settings = InboxSettings {
        unfinished_per_peer: 3,
        ..scratch.settings()
    };
    let mut inbox = Inbox::open(settings).unwrap();
    let offer = |key| Offer {
        transfer: TransferKey([key; 16]),
        ..file_offer("x", BYTES)
    };
    let first = inbox.receive(PEER, &offer(1)).unwrap();
    let error = inbox.receive(PEER, &offer(1)).unwrap_err();
    assert_eq!(error.refusal(), RefuseReason::Busy);
    drop(first);
    let _again = inbox.receive(PEER, &offer(1)).unwrap();
    let _second = inbox.receive(PEER, &offer(2)).unwrap();
    for key in 3..20 {
        drop(inbox.receive(PEER, &offer(key)).unwrap());
    }
    let folders = fs::read_dir(scratch.path("in/.transom-incoming")).unwrap();
    assert_eq!(folders.count(), 1 + 3);
    let _third = inbox.receive(PEER, &offer(30)).unwrap();
    assert_eq!(
        inbox.receive(PEER, &offer(31)).unwrap_err().refusal(),
        RefuseReason::Busy
    );
    inbox.receive([1; 32], &offer(31)).unwrap();
}

#[test]
fn skip_asks_for_no_data_and_tells_nothing_of_what_is_there() {
    let scratch = Scratch::new();
    scratch.put("in/film", b"secret");
    let offer = Offer {
        collision: Collision::Skip,
        ..file_offer("film", BYTES)
    };
    let mut reception = scratch.inbox().receive(PEER, &offer).unwrap();
    assert_eq!(
        reception.begin_entry(&entry(0, "film", BYTES)).unwrap(),
        Begin::Done
    );
    is_protocol(reception.leaf(0, 0, &[0; 32], &[0; 5]));
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Skipped);
    assert_eq!(fs::read(scratch.path("in/film")).unwrap(), b"secret");
}

#[test]
fn an_entry_of_a_kind_that_only_later_versions_know_fails_alone() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let mut reception = inbox.receive(PEER, &folder_offer("d", 2, 9)).unwrap();
    let later = Entry {
        kind: EntryKind::Unknown(7),
        ..entry(0, "link", 4)
    };
    let error = reception.begin_entry(&later).unwrap_err();
    assert_eq!(error.reason(), FailReason::Unsupported);
    reception.begin_entry(&entry(1, "empty", 0)).unwrap();
    reception.abandon(0);
    let root: [u8; 32] = *blake3::hash(b"").as_bytes();
    reception.end(1, 0, &root).unwrap();
    let finished = reception.finish(2).unwrap();
    assert_eq!((finished.ending, finished.failed), (Ending::Partial, 1));
    drop(reception);
    assert_eq!(published(&scratch), ["d"]);
    let names = fs::read_dir(scratch.path("in/d")).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["empty"]);
}
