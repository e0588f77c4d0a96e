//! Transfers that were cut off and go on: what is held is used, and never trusted.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use transom_store::faults::{Call, Op};
use transom_store::{Begin, Ended, EntryError, Inbox, Reception, Run};
use transom_wire::{Collision, Ending};

use crate::support::*;

const BYTES: u64 = LEAF as u64;

/// A file of four leaves and a bit, of which three have gone.
fn three_of_five(scratch: &Scratch) -> std::path::PathBuf {
    let path = scratch.put("film", noise(4 * LEAF + 99, 3));
    send_some(scratch, &path, 3);
    path
}

/// The journal of the one file of more than one leaf.
fn journal(scratch: &Scratch) -> PathBuf {
    let mut journals = fs::read_dir(staged(scratch).join("leaves")).unwrap();
    journals.next().unwrap().unwrap().path()
}

fn flip(path: &Path, at: u64) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at as usize] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_file_goes_on_where_it_was_cut_off() {
    for leaves in 0..=5 {
        let scratch = Scratch::new();
        let path = scratch.put("film", noise(4 * LEAF + 99, 3));
        send_some(&scratch, &path, leaves);
        let held = (leaves * BYTES).min(4 * BYTES + 99);
        assert_eq!(send_rest(&scratch, &path), (held, 5 - leaves));
        assert_eq!(published(&scratch), ["film"]);
    }
}

#[test]
fn what_earlier_attempts_left_is_known_before_any_entry() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    let outbox = walked(&path).unwrap();
    let mut inbox = scratch.inbox();
    let reception = inbox.receive(PEER, &offer(&outbox, Collision::Rename));
    assert_eq!(reception.unwrap().left(), 3 * LEAF as u64);
}

#[test]
fn a_file_goes_on_after_any_number_of_cuts() {
    let scratch = Scratch::new();
    let path = scratch.put("film", noise(9 * LEAF, 3));
    for _ in 0..4 {
        send_some(&scratch, &path, 2);
    }
    assert_eq!(send_rest(&scratch, &path), (8 * BYTES, 1));
}

#[test]
fn a_folder_goes_on_and_sends_no_small_file_twice() {
    let scratch = Scratch::new();
    for i in 0..60 {
        scratch.put(&format!("d/{}/{i}", i % 5), noise(1000 + i, i as u64));
    }
    scratch.put("d/2big", noise(4 * LEAF, 9));
    scratch.put("d/1/empty", b"");
    for leaves in [7, 8, 20] {
        send_some(&scratch, &scratch.path("d"), leaves);
    }
    let (held, sent) = send_rest(&scratch, &scratch.path("d"));
    assert_eq!(sent, 60 + 4 - 7 - 8 - 20);
    assert!(held > 20_000);
    assert_eq!(published(&scratch), ["d"]);
}

#[test]
fn b28_of_another_content_of_the_same_size_and_time_only_equal_leaves_are_kept() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    flip(&path, BYTES);
    writable(&path).set_modified(time).unwrap();
    assert_eq!(send_rest(&scratch, &path), (2 * BYTES, 3));
}

#[test]
fn another_time_keeps_the_leaves() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    let file = writable(&path);
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(send_rest(&scratch, &path), (3 * BYTES, 2));
}

/// A file that grew or shrank, cut off before and after: what it has and had alike is not sent
/// again.
#[test]
fn another_size_keeps_the_equal_leaves() {
    let long = noise(9 * LEAF + 5, 3);
    for (before, then, held, sent) in [
        (4 * LEAF + 99, 9 * LEAF + 5, 4, 6),
        (4 * LEAF, 6 * LEAF, 4, 2),
        (9 * LEAF + 5, 4 * LEAF + 99, 4, 1),
        (9 * LEAF + 5, 4 * LEAF, 4, 0),
        (6 * LEAF, 6 * LEAF - 1, 5, 1),
        (9 * LEAF, 99, 0, 1),
        (99, 9 * LEAF, 0, 9),
    ] {
        let scratch = Scratch::new();
        let path = scratch.put("film", &long[..before]);
        send_some(&scratch, &path, before.div_ceil(LEAF) as u64);
        scratch.put("film", &long[..then]);
        assert_eq!(
            send_rest(&scratch, &path),
            (held * BYTES, sent),
            "{before} {then}"
        );
        assert_eq!(published(&scratch), ["film"]);
    }
}

/// The size changes at each of three attempts, so that old records could stand for new bytes.
#[test]
fn records_do_not_outlive_their_leaves() {
    let long = noise(9 * LEAF, 3);
    for middle in [99, 2 * LEAF + 1, 5 * LEAF] {
        let scratch = Scratch::new();
        let path = scratch.put("film", &long);
        send_some(&scratch, &path, 9);
        scratch.put("film", &noise(9 * LEAF, 4)[..middle]);
        send_some(&scratch, &path, 1);
        scratch.put("film", &long);
        send_rest(&scratch, &path);
        assert_eq!(published(&scratch), ["film"]);
    }
}

#[test]
fn a_folder_that_gained_and_lost_files_goes_on() {
    let scratch = Scratch::new();
    for i in 10..20 {
        scratch.put(&format!("d/{i}"), noise(2 * LEAF, i));
    }
    send_some(&scratch, &scratch.path("d"), 20);
    scratch.put("d/00", b"before all others");
    fs::remove_file(scratch.path("d/13")).unwrap();
    assert_eq!(send_rest(&scratch, &scratch.path("d")), (18 * BYTES, 1));
    assert_eq!(published(&scratch), ["d"]);
}

#[test]
fn cuts_before_what_is_held_is_reached_cost_nothing() {
    let scratch = Scratch::new();
    for i in 10..20 {
        scratch.put(&format!("d/{i}"), noise(1000, i));
    }
    send_some(&scratch, &scratch.path("d"), 10);
    for i in 100..180 {
        // It comes first, and the attempt is cut off after it.
        fs::rename(scratch.put("new", [i]), scratch.path(&format!("d/0{i}"))).unwrap();
        if i < 150 {
            send_some(&scratch, &scratch.path("d"), 1);
        }
    }
    let (held, _) = send_rest(&scratch, &scratch.path("d"));
    assert_eq!(held, 10_000 + 50);
}

#[test]
fn b29_another_peer_learns_nothing_of_a_transfer() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    let mut inbox = scratch.inbox();
    let outbox = walked(&path).unwrap();
    let info = outbox.entry(0).unwrap();
    let offer = offer(&outbox, Collision::Rename);
    let entry = transom_wire::Entry {
        mtime: info.mtime,
        ..entry(0, "film", info.size)
    };
    let mut other = inbox.receive([9; 32], &offer).unwrap();
    let begun = other.begin_entry(&entry).unwrap();
    assert_eq!(begun, Begin::Data { offset: 0 });
    let error = other.hashes(0, 0, &[[0; 32]]).unwrap_err();
    assert!(matches!(error, EntryError::Protocol(_)), "{error:?}");
    let mut same = inbox.receive(PEER, &offer).unwrap();
    assert!(matches!(same.begin_entry(&entry), Ok(Begin::Data { offset }) if offset == 3 * BYTES));
}

#[test]
fn b27_leaves_that_are_not_what_the_journal_says_are_sent_again_alone() {
    type Damage = fn(&Path);
    let cases: [(Damage, u64); 6] = [
        (
            |part| {
                fs::File::options()
                    .append(true)
                    .open(part)
                    .unwrap()
                    .write_all(b"more")
                    .unwrap()
            },
            3,
        ),
        (|part| writable(part).set_len(2 * BYTES + 5).unwrap(), 2),
        (|part| writable(part).set_len(0).unwrap(), 0),
        (|part| flip(part, BYTES + 7), 2),
        (|part| fs::write(part, vec![0; 3 * LEAF]).unwrap(), 0),
        (|part| fs::remove_file(part).unwrap(), 0),
    ];
    for (damage, leaves) in cases {
        let scratch = Scratch::new();
        let path = three_of_five(&scratch);
        damage(&staged(&scratch).join("tree/data"));
        assert_eq!(send_rest(&scratch, &path), (leaves * BYTES, 5 - leaves));
    }
}

#[test]
fn b13_a_part_that_was_made_a_link_or_another_thing_is_not_written_through() {
    type Plant = fn(&Path, &Path);
    let plants: [Plant; 4] = [
        |part, victim| symlink(victim, part).unwrap(),
        |part, victim| fs::hard_link(victim, part).unwrap(),
        |part, _| fs::create_dir(part).unwrap(),
        |part, _| fifo(part),
    ];
    for plant in plants {
        let scratch = Scratch::new();
        let path = three_of_five(&scratch);
        let victim = scratch.put("victim", fs::read(&path).unwrap());
        let before = fs::read(&victim).unwrap();
        let part = staged(&scratch).join("tree/data");
        fs::remove_file(&part).unwrap();
        plant(&part, &victim);
        assert_eq!(send_rest(&scratch, &path), (0, 5));
        assert!(fs::read(&victim).unwrap() == before);
    }
}

#[test]
fn b27_a_journal_torn_at_every_byte_only_costs_leaves() {
    for at in (0..48 + 3 * 40).step_by(3).chain([46, 47, 49, 167, 168]) {
        let scratch = Scratch::new();
        let path = scratch.put("film", noise(3 * LEAF + 1, 3));
        send_some(&scratch, &path, 3);
        let journal = fs::File::options().write(true).open(journal(&scratch));
        journal.unwrap().set_len(at).unwrap();
        let left = at.saturating_sub(48) / 40;
        assert_eq!(
            send_rest(&scratch, &path),
            (left * BYTES, 4 - left),
            "torn at {at}"
        );
    }
}

#[test]
fn b27_a_journal_that_claims_more_than_there_is_is_not_believed() {
    let scratch = Scratch::new();
    let path = scratch.put("film", noise(4 * LEAF, 3));
    send_some(&scratch, &path, 4);
    let full = fs::read(journal(&scratch)).unwrap();
    fs::remove_dir_all(scratch.path("in")).unwrap();
    send_some(&scratch, &path, 1);
    fs::write(journal(&scratch), full).unwrap();
    assert_eq!(send_rest(&scratch, &path), (BYTES, 3));
}

#[test]
fn b27_a_journal_of_another_file_only_costs_leaves() {
    let scratch = Scratch::new();
    let other = scratch.put("other", noise(4 * LEAF, 4));
    send_some(&scratch, &other, 4);
    let foreign = fs::read(journal(&scratch)).unwrap();
    fs::remove_dir_all(scratch.path("in")).unwrap();
    let path = three_of_five(&scratch);
    fs::write(journal(&scratch), foreign).unwrap();
    assert_eq!(send_rest(&scratch, &path), (0, 5));
}

#[test]
fn b27_a_damaged_small_file_is_sent_again_alone() {
    let scratch = Scratch::new();
    for i in 0..10 {
        scratch.put(&format!("d/{i}"), noise(1000, i));
    }
    send_some(&scratch, &scratch.path("d"), 9);
    flip(&staged(&scratch).join("tree/5"), 500);
    assert_eq!(send_rest(&scratch, &scratch.path("d")), (8000, 2));
}

#[test]
fn b27_a_torn_record_is_no_transfer() {
    for at in 0..64 {
        let scratch = Scratch::new();
        let path = scratch.put("film", noise(LEAF + 1, 3));
        send_some(&scratch, &path, 1);
        let record = fs::File::options()
            .write(true)
            .open(staged(&scratch).join("record"));
        record.unwrap().set_len(at).unwrap();
        assert_eq!(send_rest(&scratch, &path), (0, 2));
        assert_eq!(published(&scratch), ["film"]);
    }
}

/// The transfer of a file of which some leaves went, taken up again: what Start says, and the
/// sender.
fn again(scratch: &Scratch, inbox: &mut Inbox, path: &Path) -> (Reception, u64, Sender) {
    let (mut outbox, mut reception) = begun(inbox, PEER[0], path);
    let info = outbox.entry(0).unwrap();
    let begun = reception.begin_entry(&announced(0, &info)).unwrap();
    assert_eq!(visible(scratch), [""; 0]);
    let Begin::Data { offset } = begun else {
        panic!("{begun:?}")
    };
    (reception, offset, Sender::new(&mut outbox, 0))
}

#[test]
fn the_end_reads_some_leaves_at_a_time() {
    let scratch = Scratch::new();
    let path = scratch.put("film", noise(21 * LEAF, 3));
    send_some(&scratch, &path, 20);
    let mut inbox = scratch.inbox();
    // As long as the first leaf is to come again, those behind it wait.
    flip(&path, 0);
    let (mut reception, offset, sender) = again(&scratch, &mut inbox, &path);
    assert_eq!(sender.hashes(&mut reception, offset).unwrap().len(), 1);
    for leaf in [20, 0] {
        sender.leaf(&mut reception, leaf).unwrap();
    }
    let mut end = || reception.end_some(0, sender.size, &sender.root, 8).unwrap();
    // Nineteen are read, and the last one needs no reading.
    assert_eq!([end(), end(), end()], [None, None, None]);
    assert!(matches!(end(), Some(Ended::Done)));
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Durable);
}

#[test]
fn a_start_reads_none_of_what_is_held_however_much_that_is() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    let path = three_of_five(&scratch);
    let mut inbox = scratch.inbox();
    disk.calls();
    let (_reception, offset, _) = again(&scratch, &mut inbox, &path);
    assert_eq!(offset, 3 * BYTES);
    let mut reads = disk.calls();
    reads.retain(|call| call.op == Op::Read && !call.path.ends_with("record"));
    let reads: Vec<_> = reads.iter().map(|call| &call.path).collect();
    assert_eq!(reads.len(), 1, "the head of the journal: {reads:?}");
    assert!(reads[0].contains("leaves/"), "{reads:?}");
}

#[test]
fn new_leaves_may_come_before_the_hashes_of_what_is_held() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    let mut inbox = scratch.inbox();
    let (mut reception, offset, sender) = again(&scratch, &mut inbox, &path);
    for leaf in 3..5 {
        assert_eq!(sender.leaf(&mut reception, leaf).unwrap(), None);
    }
    assert_eq!(sender.hashes(&mut reception, offset).unwrap(), []);
    assert!(matches!(sender.end(&mut reception).unwrap(), Ended::Done));
    assert_eq!(reception.held(), 3 * BYTES);
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Durable);
    assert!(is_as_sent(&path, &scratch.path("in/film")));
}

#[test]
fn b25_a_leaf_that_differs_is_asked_again_alone() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    flip(&staged(&scratch).join("tree/data"), 0);
    flip(&path, BYTES);
    let mut inbox = scratch.inbox();
    let (mut reception, offset, sender) = again(&scratch, &mut inbox, &path);
    let one = |leaf| Run {
        offset: leaf * BYTES,
        leaves: 1,
    };
    // The source has another second leaf, and the first is not on the disk as it was noted.
    assert_eq!(
        sender.hashes(&mut reception, offset).unwrap(),
        [one(1), one(0)]
    );
    for leaf in 3..5 {
        assert_eq!(sender.leaf(&mut reception, leaf).unwrap(), None);
    }
    assert_eq!(sender.end(&mut reception).unwrap(), Ended::Again(vec![]));
    for leaf in 0..2 {
        assert_eq!(sender.leaf(&mut reception, leaf).unwrap(), None);
    }
    assert!(matches!(sender.end(&mut reception).unwrap(), Ended::Done));
    assert_eq!(
        (reception.held(), reception.counts().verified),
        (BYTES, 3 * BYTES + 99)
    );
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Durable);
    assert!(is_as_sent(&path, &scratch.path("in/film")));
}

fn is_full<T>(taken: &Result<T, EntryError>) -> bool {
    matches!(taken, Err(EntryError::NoRoom { .. }))
}

#[test]
fn b31_what_is_asked_again_on_a_full_disk_is_asked_once_there_is_room() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    flip(&path, BYTES);
    let disk = scratch.disk();
    let mut inbox = scratch.inbox();
    let (mut reception, offset, sender) = again(&scratch, &mut inbox, &path);
    let one = |leaf| Run {
        offset: leaf * BYTES,
        leaves: 1,
    };
    disk.on(Op::Write).at("leaves/").nth(1).times(5).fail(28);
    for _ in 0..5 {
        assert!(is_full(&sender.hashes(&mut reception, offset)));
    }
    assert_eq!(sender.hashes(&mut reception, offset).unwrap(), [one(1)]);
    // Leaves that don't have their hash, both new and asked.
    let (hash, mut wrong) = sender.leaves[3].clone();
    wrong[0] ^= 1;
    for leaf in [3, 1] {
        let mut send = || reception.leaf(0, leaf * BYTES, &hash, &wrong);
        disk.on(Op::Write).at("leaves/").nth(1).times(5).fail(28);
        for _ in 0..5 {
            assert!(is_full(&send()));
        }
        assert_eq!(send().unwrap(), Some(one(leaf)));
    }
    for leaf in [4, 1, 3] {
        assert_eq!(sender.leaf(&mut reception, leaf).unwrap(), None);
    }
    let ended = sender.end(&mut reception).unwrap();
    assert!(matches!(ended, Ended::Done));
    assert_eq!(reception.held(), 2 * BYTES);
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Durable);
    assert!(is_as_sent(&path, &scratch.path("in/film")));
}

#[test]
fn b31_no_leaf_is_written_over_a_record_whose_withdrawal_was_not_synced() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    flip(&path, BYTES);
    let disk = scratch.disk();
    let mut inbox = scratch.inbox();
    let (mut reception, offset, sender) = again(&scratch, &mut inbox, &path);
    assert_eq!(sender.hashes(&mut reception, offset).unwrap().len(), 1);
    // Room that comes later does not bring it to the disk.
    disk.on(Op::SyncData).at("leaves/").nth(1).fail(28);
    disk.calls();
    let error = sender.leaf(&mut reception, 1).unwrap_err();
    assert!(!is_full::<()>(&Err(error)));
    sender.leaf(&mut reception, 1).unwrap_err();
    let is_written = |calls: Vec<Call>| calls.iter().any(|call| call.op == Op::Write);
    assert!(!is_written(disk.calls()));
    drop((reception, inbox));
    assert_eq!(send_rest(&scratch, &path), (2 * BYTES, 3));
}

#[test]
fn b31_what_was_asked_again_before_the_disk_was_full_is_told() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    flip(&staged(&scratch).join("tree/data"), 0);
    flip(&staged(&scratch).join("tree/data"), BYTES);
    let disk = scratch.disk();
    let mut inbox = scratch.inbox();
    let (mut reception, offset, sender) = again(&scratch, &mut inbox, &path);
    let one = |leaf| Run {
        offset: leaf * BYTES,
        leaves: 1,
    };
    disk.on(Op::Write).at("leaves/").nth(1).fail(28);
    // What is here is as the sender has it by the records, and the end waits for room.
    assert_eq!(sender.hashes(&mut reception, offset).unwrap(), []);
    for leaf in 3..5 {
        assert_eq!(sender.leaf(&mut reception, leaf).unwrap(), None);
    }
    disk.on(Op::Write).at("leaves/").nth(1).fail(28);
    assert!(is_full(&sender.end(&mut reception)));
    disk.on(Op::Write).at("leaves/").nth(2).fail(28);
    for leaf in 0..2 {
        let again = Ended::Again(vec![one(leaf)]);
        assert_eq!(sender.end(&mut reception).unwrap(), again);
        sender.leaf(&mut reception, leaf as usize).unwrap();
    }
    let ended = sender.end(&mut reception).unwrap();
    assert!(matches!(ended, Ended::Done));
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Durable);
    assert!(is_as_sent(&path, &scratch.path("in/film")));
}

#[test]
fn b25_hashes_and_leaves_that_were_not_asked_for_are_refused() {
    type Breach = fn(&mut Reception, &Sender) -> Result<(), EntryError>;
    let breaches: [Breach; 8] = [
        |to, _| to.hashes(0, 0, &[[1; 32]; 4]).map(drop),
        |to, _| to.hashes(0, BYTES, &[[1; 32]]).map(drop),
        |to, _| to.hashes(0, 1, &[[1; 32]]).map(drop),
        |to, _| to.hashes(0, 0, &[]).map(drop),
        |to, _| to.hashes(1, 0, &[[1; 32]]).map(drop),
        |to, from| {
            to.hashes(0, 0, &[from.leaves[0].0])?;
            to.hashes(0, 0, &[from.leaves[0].0]).map(drop)
        },
        |to, from| from.leaf(to, 0).map(drop),
        |to, from| {
            from.leaf(to, 3)?;
            from.leaf(to, 4)?;
            from.end(to).map(drop)
        },
    ];
    for breach in breaches {
        let scratch = Scratch::new();
        let path = three_of_five(&scratch);
        let mut inbox = scratch.inbox();
        let (mut reception, _, sender) = again(&scratch, &mut inbox, &path);
        let error = breach(&mut reception, &sender).unwrap_err();
        assert!(matches!(error, EntryError::Protocol(_)), "{error:?}");
    }
}
