//! Transfers that were cut off and go on: what is held is used, and never trusted.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::symlink;
use std::path::Path;

use transom_store::{Begin, EntryError, Outbox};
use transom_wire::Collision;

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
    let outbox = Outbox::walk(&path).unwrap();
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

#[test]
fn what_lies_before_the_window_is_read_again_before_the_end() {
    let scratch = Scratch::new();
    // Two checkpoints are looked at at once; this is longer by two leaves.
    let leaves = 2 * (64 << 20) / BYTES + 2;
    let path = scratch.put("film", b"");
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len((leaves + 1) * BYTES).unwrap();
    send_some(&scratch, &path, leaves);
    let part = staged(&scratch).join("tree/data");
    let mut file = fs::File::options().write(true).open(part).unwrap();
    file.seek(SeekFrom::Start(BYTES + 1)).unwrap();
    file.write_all(b"x").unwrap();

    let mut inbox = scratch.inbox();
    let mut outbox = Outbox::walk(&path).unwrap();
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
    let transom_store::Step::Leaf {
        offset,
        hash,
        bytes,
        ..
    } = outbox.next_leaf(0, Vec::new()).unwrap()
    else {
        panic!()
    };
    reception.leaf(0, offset, &hash, &bytes).unwrap();
    let transom_store::Step::End { size, root, .. } = outbox.next_leaf(0, bytes).unwrap() else {
        panic!()
    };
    let error = reception.end(0, size, &root).unwrap_err();
    assert!(
        matches!(error, EntryError::Corrupt { offset, .. } if offset == BYTES),
        "{error:?}"
    );
    drop((reception, inbox));
    let (held, _) = send_rest(&scratch, &path);
    assert_eq!(held, BYTES);
}
