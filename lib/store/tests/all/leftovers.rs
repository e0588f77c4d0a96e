//! What is left in the private folder of an inbox: only transfers that can go on, and none for
//! ever.

use std::fs;
use std::time::{Duration, SystemTime};

use transom_store::faults::{FileSystem, Op};
use transom_store::{Inbox, InboxSettings};
use transom_wire::{Collision, Ending};

use crate::support::*;

fn some(scratch: &Scratch) -> std::path::PathBuf {
    (0..5).for_each(|i| drop(scratch.put(&format!("d/{i}"), noise(LEAF + i, i as u64))));
    scratch.path("d")
}

#[test]
fn nothing_is_left_where_a_file_that_is_open_is_only_renamed_when_it_is_removed() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    disk.format(FileSystem::Fuse);
    let mut inbox = scratch.inbox();
    for path in [some(&scratch), scratch.put("film", noise(2 * LEAF, 1))] {
        use Collision::{Overwrite, Rename, Skip};
        for collision in [Rename, Rename, Skip, Overwrite] {
            send_as(&mut inbox, &path, collision);
            assert_eq!(published(&scratch).len(), 1, "{collision:?}");
        }
        fs::rename(
            scratch.path("in").join(path.file_name().unwrap()),
            scratch.path("aside"),
        )
        .unwrap();
        let _ = fs::remove_dir_all(scratch.path("aside"));
        let _ = fs::remove_file(scratch.path("aside"));
        let (mut outbox, mut reception) = begun(&mut inbox, 7, &path);
        pump(&mut outbox, &mut reception, 1);
        reception.cancel();
        assert_eq!(published(&scratch), [""; 0], "cancelled");
    }
    let hidden = disk
        .calls()
        .into_iter()
        .filter(|call| call.path.contains(".fuse_hidden"));
    assert_eq!(hidden.collect::<Vec<_>>(), []);
}

#[test]
fn an_entry_that_failed_leaves_nothing_there_either() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    disk.format(FileSystem::Fuse);
    let mut inbox = scratch.inbox();
    let (outbox, mut reception) = begun(&mut inbox, 7, &some(&scratch));
    // One is given up by its sender, of two the disk can't hold the bytes or the journal.
    for index in 0..5 {
        let info = outbox.entry(index).unwrap();
        reception
            .begin_entry(&entry(index, &info.path, info.size))
            .unwrap();
    }
    disk.on(Op::Write).at("tree/1").fail(27);
    disk.on(Op::Write).at("leaves/").nth(2).fail(27);
    for index in 0..5 {
        let bytes = noise(LEAF, 1);
        let size = outbox.entry(index).unwrap().size;
        let hash = transom_store::hash_leaf(&bytes, 0, size);
        let taken = reception.leaf(index, 0, &hash, &bytes);
        assert_eq!(taken.is_err(), [1, 2].contains(&index), "{taken:?}");
    }
    reception.abandon(0);
    let names = fs::read_dir(staged(&scratch).join("tree")).unwrap();
    let mut names: Vec<_> = names.map(|name| name.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["3", "4"]);
}

#[test]
fn what_could_not_be_removed_is_removed_later_and_never_taken_for_unfinished() {
    for opened_again in [false, true] {
        let scratch = Scratch::new();
        let disk = scratch.disk();
        let mut inbox = scratch.inbox();
        disk.on(Op::Remove).at("folders").nth(1).fail(5);
        assert_eq!(send(&mut inbox, &some(&scratch)).ending, Ending::Durable);
        assert_eq!(disk.faults(), 1);
        staged(&scratch);
        if opened_again {
            drop(inbox);
            drop(scratch.inbox());
        } else {
            inbox.tidy();
        }
        assert_eq!(published(&scratch), ["d"]);
    }
}

#[test]
fn a_transfer_that_is_over_is_removed_in_slices() {
    for is_finished in [false, true] {
        let scratch = Scratch::new();
        let disk = scratch.disk();
        let mut inbox = scratch.inbox();
        (0..30).for_each(|i| drop(scratch.put(&format!("d/{i}/film"), noise(LEAF + 1, i))));
        let (mut outbox, mut reception) = begun(&mut inbox, 7, &scratch.path("d"));
        pump(&mut outbox, &mut reception, u64::MAX);
        let left = match is_finished {
            true => {
                reception.finish(outbox.counted().entries).unwrap();
                reception.close()
            }
            false => reception.give_up(),
        };
        let left = left.unwrap();
        assert!(!staged(&scratch).join("record").exists());
        let mut slices = 1;
        disk.calls();
        while !left.remove_some(4) {
            slices += 1;
            let calls = disk.calls().into_iter();
            let removed = calls.filter(|call| matches!(call.op, Op::Remove | Op::RemoveFolder));
            // A folder is first taken for a file, and the record is looked for each time.
            assert!(removed.count() <= 9, "slice {slices}");
        }
        assert!(slices > 7, "{slices}");
        assert_eq!(published(&scratch).len(), usize::from(is_finished));
    }
}

#[test]
fn what_is_left_of_large_transfers_is_removed_in_slices() {
    let scratch = Scratch::new();
    (0..300).for_each(|i| drop(scratch.put(&format!("d/{i}"), noise(10, i))));
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun(&mut inbox, 7, &scratch.path("d"));
    pump(&mut outbox, &mut reception, u64::MAX);
    let folder = staged(&scratch);
    // As after a crash in the middle of its removal.
    drop((reception, inbox));
    fs::remove_file(folder.join("record")).unwrap();
    let mut inbox = scratch.inbox();
    assert!(folder.exists(), "an inbox opens at once");
    while !inbox.tidy_some(10) {}
    assert_eq!(published(&scratch), [""; 0]);
}

#[test]
fn the_next_offer_removes_what_could_not_be_removed() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    let mut inbox = scratch.inbox();
    disk.on(Op::Remove).at("folders").nth(1).fail(5);
    send(&mut inbox, &some(&scratch));
    send(&mut inbox, &scratch.put("film", b"1"));
    assert_eq!(published(&scratch), ["d", "film"]);
}

#[test]
fn unfinished_transfers_go_when_they_are_old_while_the_receiver_runs() {
    let scratch = Scratch::new();
    let path = scratch.put("film", noise(2 * LEAF, 1));
    let settings = InboxSettings {
        keep_unfinished: Duration::from_secs(3600),
        ..scratch.settings()
    };
    send_some(&scratch, &path, 1);
    let record = staged(&scratch).join("record");
    let record = writable(record);
    record
        .set_modified(SystemTime::now() - Duration::from_secs(3599))
        .unwrap();
    let mut inbox = Inbox::open(settings).unwrap();
    inbox.tidy();
    staged(&scratch);
    let aged = || {
        inbox.tidy();
        fs::read_dir(scratch.path("in/.transom-incoming"))
            .unwrap()
            .count()
            == 1
    };
    wait_for(aged);
}

#[test]
fn a_transfer_that_runs_is_not_too_old() {
    let scratch = Scratch::new();
    let path = scratch.put("film", noise(2 * LEAF, 1));
    let settings = InboxSettings {
        keep_unfinished: Duration::ZERO,
        ..scratch.settings()
    };
    let mut inbox = Inbox::open(settings).unwrap();
    let (mut outbox, mut reception) = begun(&mut inbox, 7, &path);
    inbox.tidy();
    pump(&mut outbox, &mut reception, u64::MAX);
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Durable);
}
