//! Transfers that were cut off and go on: what is held is used, and never trusted.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use transom_store::faults::Op;
use transom_store::{Begin, EntryError, Inbox, InboxError, Outbox, Reception, Step};
use transom_wire::{Collision, Ending};

use crate::support::*;

const BYTES: u64 = LEAF as u64;

/// A file of four leaves and a bit, of which three have gone.
fn three_of_five(scratch: &Scratch) -> std::path::PathBuf {
    let path = scratch.put("film", noise(4 * LEAF + 99, 3));
    send_some(scratch, &path, 3);
    path
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
fn b28_another_content_of_same_size_and_time_starts_over() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    flip(&path, BYTES);
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(time)
        .unwrap();
    assert_eq!(send_rest(&scratch, &path), (0, 5));
}

#[test]
fn another_time_starts_over() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(send_rest(&scratch, &path), (0, 5));
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
    let nothing = *blake3_of_nothing(&scratch);
    let mut other = inbox.receive([9; 32], &offer).unwrap();
    assert_eq!(
        other.entry(&entry).unwrap(),
        Begin::Data {
            offset: 0,
            proof: nothing
        }
    );
    let mut same = inbox.receive(PEER, &offer).unwrap();
    assert!(matches!(same.entry(&entry), Ok(Begin::Data { offset, .. }) if offset == 3 * BYTES));
}

fn blake3_of_nothing(scratch: &Scratch) -> Box<[u8; 32]> {
    Box::new(transom_store::hash_file(&scratch.put("nothing", b"")).unwrap())
}

#[test]
fn b27_a_part_that_is_not_what_the_journal_says_counts_as_far_as_it_is() {
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
        (
            |part| {
                fs::File::options()
                    .write(true)
                    .open(part)
                    .unwrap()
                    .set_len(2 * BYTES + 5)
                    .unwrap()
            },
            2,
        ),
        (
            |part| {
                fs::File::options()
                    .write(true)
                    .open(part)
                    .unwrap()
                    .set_len(0)
                    .unwrap()
            },
            0,
        ),
        (|part| flip(part, BYTES + 7), 1),
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
        |part, _| {
            let made = std::process::Command::new("mkfifo").arg(part).status();
            assert!(made.unwrap().success());
        },
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
        let journal = fs::File::options()
            .write(true)
            .open(staged(&scratch).join("leaves/0"));
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
    let full = fs::read(staged(&scratch).join("leaves/0")).unwrap();
    fs::remove_dir_all(scratch.path("in")).unwrap();
    send_some(&scratch, &path, 1);
    fs::write(staged(&scratch).join("leaves/0"), full).unwrap();
    assert_eq!(send_rest(&scratch, &path), (BYTES, 3));
}

#[test]
fn b27_a_journal_of_another_file_is_begun_anew() {
    let scratch = Scratch::new();
    let other = scratch.put("other", noise(4 * LEAF, 4));
    send_some(&scratch, &other, 4);
    let foreign = fs::read(staged(&scratch).join("leaves/0")).unwrap();
    fs::remove_dir_all(scratch.path("in")).unwrap();
    let path = three_of_five(&scratch);
    fs::write(staged(&scratch).join("leaves/0"), foreign).unwrap();
    assert_eq!(send_rest(&scratch, &path), (0, 5));
}

#[test]
fn a_damaged_table_or_file_only_costs_files() {
    let scratch = Scratch::new();
    for i in 0..10 {
        scratch.put(&format!("d/{i}"), noise(1000, i));
    }
    send_some(&scratch, &scratch.path("d"), 9);
    let mut table = fs::File::options()
        .write(true)
        .open(staged(&scratch).join("table"))
        .unwrap();
    table.seek(SeekFrom::Start(40)).unwrap();
    table.write_all(&noise(60, 1)).unwrap();
    flip(&staged(&scratch).join("tree/5"), 500);
    // Entries 1 and 2 are lost by the table, 5 by its content.
    let (held, sent) = send_rest(&scratch, &scratch.path("d"));
    assert_eq!((held, sent), (6000, 4));
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

/// A file of which that many leaves went in an earlier attempt goes on, up to its last leaf; gives
/// the reception and the end that is still to be said.
fn up_to_the_end(scratch: &Scratch, inbox: &mut Inbox, leaves: u64) -> (Reception, u64, [u8; 32]) {
    let mut outbox = walked(&scratch.path("film")).unwrap();
    let info = outbox.entry(0).unwrap();
    let mut reception = inbox
        .receive(PEER, &offer(&outbox, Collision::Rename))
        .unwrap();
    let first = transom_wire::Entry {
        mtime: info.mtime,
        ..entry(0, "film", info.size)
    };
    let Begin::Data { offset, proof } = reception.entry(&first).unwrap() else {
        panic!()
    };
    assert_eq!(outbox.start(0, offset, &proof).unwrap(), leaves * BYTES);
    loop {
        match outbox.next_leaf(0, Vec::new()).unwrap() {
            Step::Leaf {
                offset,
                hash,
                bytes,
                ..
            } => drop(reception.leaf(0, offset, &hash, &bytes).unwrap()),
            Step::End { size, root, .. } => return (reception, size, root),
        }
    }
}

/// A file of zeros that is longer by a leaf than what of it has gone.
fn all_but_a_leaf(scratch: &Scratch, leaves: u64) -> PathBuf {
    let path = scratch.put("film", b"");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len((leaves + 1) * BYTES).unwrap();
    send_some(scratch, &path, leaves);
    path
}

/// Leaves that are looked at before a file goes on: two checkpoints.
const WINDOW: u64 = 2 * (64 << 20) / BYTES;

#[test]
fn what_lies_before_the_window_is_read_again_before_the_end() {
    let scratch = Scratch::new();
    let path = all_but_a_leaf(&scratch, WINDOW + 2);
    let part = staged(&scratch).join("tree/data");
    let mut file = fs::File::options().write(true).open(part).unwrap();
    file.seek(SeekFrom::Start(BYTES + 1)).unwrap();
    file.write_all(b"x").unwrap();

    let mut inbox = scratch.inbox();
    let (mut reception, size, root) = up_to_the_end(&scratch, &mut inbox, WINDOW + 2);
    let error = reception.end(0, size, &root).unwrap_err();
    assert!(
        matches!(error, EntryError::Corrupt { offset, .. } if offset == BYTES),
        "{error:?}"
    );
    drop((reception, inbox));
    let (held, _) = send_rest(&scratch, &path);
    assert_eq!(held, BYTES);
}

#[test]
fn the_end_reads_some_leaves_at_a_time() {
    let scratch = Scratch::new();
    all_but_a_leaf(&scratch, WINDOW + 20);
    let mut inbox = scratch.inbox();
    let (mut reception, size, root) = up_to_the_end(&scratch, &mut inbox, WINDOW + 20);
    // The last leaf brought one of the 20 with it.
    for _ in 0..2 {
        assert_eq!(reception.end_some(0, size, &root, 8).unwrap(), None);
    }
    let wrong = reception.finish(1).unwrap_err();
    assert!(matches!(wrong, InboxError::Protocol(_)), "{wrong:?}");
    let done = reception.end_some(0, size, &root, 8).unwrap();
    assert_eq!(done.map(|done| done.root), Some(root));
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Durable);
}

/// The transfer of a file of which some leaves went, taken up again.
fn again(scratch: &Scratch, inbox: &mut Inbox, path: &Path) -> (Outbox, Reception, Option<Begin>) {
    let outbox = walked(path).unwrap();
    let info = outbox.entry(0).unwrap();
    let offer = offer(&outbox, Collision::Rename);
    let mut reception = inbox.receive(PEER, &offer).unwrap();
    let first = transom_wire::Entry {
        mtime: info.mtime,
        ..entry(0, "film", info.size)
    };
    let begun = reception.begin_entry(&first).unwrap();
    assert_eq!(visible(scratch), [""; 0]);
    (outbox, reception, begun)
}

#[test]
fn what_is_held_is_looked_at_some_leaves_at_a_time() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    let path = three_of_five(&scratch);
    let mut inbox = scratch.inbox();
    disk.calls();
    let (mut outbox, mut reception, begun) = again(&scratch, &mut inbox, &path);
    assert_eq!(begun, None);
    let mut reads = disk.calls();
    reads.retain(|call| call.op == Op::Read && !call.path.ends_with("record"));
    assert_eq!(reads.len(), 1, "the journal is read once: {reads:?}");
    assert_eq!(reception.look(0, 1).unwrap(), None);
    assert_eq!(reception.look(0, 1).unwrap(), None);
    // Cut off there, nothing is lost.
    drop(reception);
    let (_, mut reception, _) = again(&scratch, &mut inbox, &path);
    assert_eq!(reception.look(0, 2).unwrap(), None);
    let begun = reception.look(0, 2).unwrap();
    let Some(Begin::Data { offset, proof }) = begun else {
        panic!("{begun:?}")
    };
    assert_eq!(offset, 3 * BYTES);
    assert_eq!(outbox.start(0, offset, &proof).unwrap(), offset);
}

#[test]
fn a_leaf_before_what_is_held_was_looked_at_is_refused() {
    let scratch = Scratch::new();
    let path = three_of_five(&scratch);
    let mut inbox = scratch.inbox();
    let (_, mut reception, _) = again(&scratch, &mut inbox, &path);
    let bytes = &fs::read(&path).unwrap()[..LEAF];
    let hash = transom_store::hash_leaf(bytes, 0, 4 * BYTES + 99);
    let error = reception.leaf(0, 0, &hash, bytes).unwrap_err();
    assert!(matches!(error, EntryError::Protocol(_)), "{error:?}");
    let error = reception.look(0, 1).unwrap_err();
    assert!(matches!(error, EntryError::Stale(0)), "{error:?}");
}
