//! What a receiver holds of earlier attempts: on the disk before the sender hears of it.

use std::fs;
use std::path::Path;

use transom_store::faults::{FileSystem, Op};
use transom_store::{Begin, Inbox, Reception};
use transom_wire::{Ending, Entry, RelativePath};

use crate::support::*;

const EIO: i32 = 5;

/// The receiver is killed one leaf after a checkpoint.
fn killed(scratch: &Scratch, path: &Path, leaves: u64) {
    let mut inbox = scratch.inbox();
    drop(cut_off(&mut inbox, path, leaves));
}

/// Receives so many leaves, the last of them after a checkpoint.
fn cut_off(inbox: &mut Inbox, path: &Path, leaves: u64) -> Reception {
    let (mut outbox, mut reception) = begun(inbox, 7, path);
    assert_eq!(pump(&mut outbox, &mut reception, leaves - 1), leaves - 1);
    reception.pause();
    drop(reception);
    let (mut outbox, mut reception) = begun(inbox, 7, path);
    assert_eq!(pump(&mut outbox, &mut reception, 1), 1);
    reception
}

/// How many bytes a new receiver says it holds of the entries so far, once the sender's hashes
/// came.
fn held(inbox: &mut Inbox, path: &Path, entries: u32) -> u64 {
    let (mut outbox, mut reception) = begun(inbox, 7, path);
    for index in 0..entries.min(outbox.counted().entries) {
        let info = outbox.entry(index).unwrap();
        let begun = reception.begin_entry(&announced(index, &info)).unwrap();
        if let Begin::Data { offset } = begun {
            let sender = Sender::new(&mut outbox, index);
            assert_eq!(sender.hashes(&mut reception, offset).unwrap(), []);
        }
    }
    reception.held()
}

/// What is sent.
fn film_or_files(scratch: &Scratch, is_folder: bool) -> std::path::PathBuf {
    match is_folder {
        true => some_files(scratch),
        false => scratch.put("film", noise(4 * LEAF, 1)),
    }
}

/// The bytes of it that three leaves are.
fn held_bytes(is_folder: bool) -> u64 {
    match is_folder {
        true => 15_000,
        false => 3 * LEAF as u64,
    }
}

/// The same, of which the last came after a checkpoint: a small file needs none.
fn checked_bytes(is_folder: bool) -> u64 {
    match is_folder {
        true => 15_000,
        false => 2 * LEAF as u64,
    }
}

fn some_files(scratch: &Scratch) -> std::path::PathBuf {
    (0..9).for_each(|i| drop(scratch.put(&format!("d/{i}"), noise(5000, i))));
    scratch.path("d")
}

#[test]
fn bytes_that_have_a_record_are_on_the_disk_and_what_was_not_synced_has_none() {
    for system in SYSTEMS {
        for is_folder in [false, true] {
            for is_killed in [false, true] {
                let scratch = Scratch::new();
                let disk = scratch.disk();
                disk.format(system);
                let path = film_or_files(&scratch, is_folder);
                let mut inbox = scratch.inbox();
                drop(cut_off(&mut inbox, &path, 3));
                if is_killed {
                    drop(inbox);
                    inbox = scratch.inbox();
                }
                let told = held(&mut inbox, &path, 4);
                assert_eq!(told, checked_bytes(is_folder), "{system:?}");
                drop(inbox);
                disk.cut_power();
                let after = held(&mut scratch.inbox(), &path, 4);
                // The name of a small file that came after the checkpoint may be lost with the
                // power.
                let least = if is_folder { 10_000 } else { told };
                assert!((least..=told).contains(&after), "{system:?} {after}");
            }
        }
    }
}

#[test]
fn bytes_of_a_killed_receiver_that_the_disk_lost_are_sent_again() {
    for is_told_to_another in [false, true] {
        for is_folder in [false, true] {
            let scratch = Scratch::new();
            let disk = scratch.disk();
            let path = film_or_files(&scratch, is_folder);
            killed(&scratch, &path, 3);
            disk.lose("tree/");
            disk.write_back();
            disk.heal();
            if is_told_to_another {
                // Whoever syncs the file system takes its error; the file still has its own.
                let mut inbox = scratch.inbox();
                let other = some_files_of_another(&scratch);
                let (mut outbox, mut reception) = begun(&mut inbox, 9, &other);
                pump(&mut outbox, &mut reception, u64::MAX);
                reception.finish(outbox.counted().entries).unwrap_err();
            }
            let finished = send(&mut scratch.inbox(), &path);
            assert_eq!(finished.ending, Ending::Durable);
            disk.cut_power();
            assert!(
                is_as_sent(&path, &finished.path),
                "{is_told_to_another} {is_folder}"
            );
        }
    }
}

fn some_files_of_another(scratch: &Scratch) -> std::path::PathBuf {
    scratch.put("other/x", b"x");
    scratch.path("other")
}

#[test]
fn what_came_is_synced_when_the_connection_is_lost_even_where_no_room_is_left() {
    for system in SYSTEMS {
        for is_folder in [false, true] {
            let scratch = Scratch::new();
            let disk = scratch.disk();
            disk.format(system);
            let path = film_or_files(&scratch, is_folder);
            let mut inbox = scratch.inbox();
            let (mut outbox, mut reception) = begun(&mut inbox, 7, &path);
            pump(&mut outbox, &mut reception, 3);
            disk.on(Op::Space).fail(EIO);
            reception.pause();
            drop((reception, inbox));
            disk.cut_power();
            let told = held(&mut scratch.inbox(), &path, 4);
            assert_eq!(told, held_bytes(is_folder), "{system:?}");
        }
    }
}

/// Forty files at a time, more than are kept open; each has one leaf of two.
#[test]
fn files_that_are_closed_to_open_others_are_synced_too() {
    for is_failing in [false, true] {
        let scratch = Scratch::new();
        let disk = scratch.disk();
        disk.format(FileSystem::Fuse);
        (0..40).for_each(|i| drop(scratch.put(&format!("d/{i:02}"), noise(LEAF + 1, i))));
        let path = scratch.path("d");
        let mut inbox = scratch.inbox();
        let (outbox, mut reception) = begun(&mut inbox, 7, &path);
        for index in 0..40 {
            let info = outbox.entry(index).unwrap();
            let entry = Entry {
                mtime: info.mtime,
                ..entry(index, "x", info.size)
            };
            let path = RelativePath::new(&info.path).unwrap();
            reception.begin_entry(&Entry { path, ..entry }).unwrap();
            let bytes = &fs::read(scratch.path("d").join(&info.path)).unwrap()[..LEAF];
            let hash = transom_store::hash_leaf(bytes, 0, info.size);
            reception.leaf(index, 0, &hash, bytes).unwrap();
        }
        if is_failing {
            // One of them fails for now, and is closed with what it has.
            disk.on(Op::Write).at("tree/39").fail(EIO);
            let hash = transom_store::hash_leaf(&[1], LEAF as u64, LEAF as u64 + 1);
            reception.leaf(39, LEAF as u64, &hash, &[1]).unwrap_err();
        }
        reception.pause();
        drop(reception);
        let told = held(&mut inbox, &path, 40);
        assert_eq!(told, 40 * LEAF as u64);
        drop(inbox);
        disk.cut_power();
        assert_eq!(held(&mut scratch.inbox(), &path, 40), told);
    }
}

#[test]
fn what_was_durable_before_a_sync_failed_stays_so() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    let path = scratch.put("film", noise(6 * LEAF, 1));
    send_some(&scratch, &path, 3);
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun(&mut inbox, 7, &path);
    pump(&mut outbox, &mut reception, 1);
    disk.on(Op::SyncData).nth(1).fail(EIO);
    reception.pause();
    assert_eq!(disk.faults(), 1);
    drop(reception);
    assert_eq!(held(&mut inbox, &path, 1), 3 * LEAF as u64);
}

#[test]
fn a_file_that_lost_bytes_goes_on_from_what_was_durable() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    let path = scratch.put("film", noise(6 * LEAF, 1));
    let mut inbox = scratch.inbox();
    for leaves in [3, 2] {
        let (mut outbox, mut reception) = begun(&mut inbox, 7, &path);
        pump(&mut outbox, &mut reception, leaves);
        if leaves == 2 {
            disk.lose("tree/data");
        }
        reception.pause();
    }
    disk.heal();
    drop(inbox);
    assert_eq!(send_rest(&scratch, &path), (3 * LEAF as u64, 3));
    disk.cut_power();
    assert!(is_as_sent(&path, &scratch.path("in/film")));
}

#[test]
fn a_connection_that_is_back_costs_no_sync_of_what_this_process_synced() {
    for is_folder in [false, true] {
        let scratch = Scratch::new();
        let disk = scratch.disk();
        let path = film_or_files(&scratch, is_folder);
        let mut inbox = scratch.inbox();
        let (mut outbox, mut reception) = begun(&mut inbox, 7, &path);
        pump(&mut outbox, &mut reception, 3);
        reception.pause();
        drop(reception);
        disk.calls();
        assert_eq!(held(&mut inbox, &path, 4), held_bytes(is_folder));
        assert_eq!(syncs(&disk), 0);
    }
}
