//! What a receiver holds of earlier attempts: on the disk before the sender hears of it.

use std::fs;
use std::path::Path;

use transom_store::faults::{FileSystem, Op};
use transom_store::{Begin, Inbox};
use transom_wire::{Ending, Entry, RelativePath};

use crate::support::*;

const EIO: i32 = 5;

/// The receiver is killed: nobody brought to the disk what it had.
fn killed(scratch: &Scratch, path: &Path, leaves: u64) {
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun(&mut inbox, 7, path);
    assert_eq!(pump(&mut outbox, &mut reception, leaves), leaves);
}

/// How many bytes a new receiver says it holds of the entries so far.
fn held(inbox: &mut Inbox, path: &Path, entries: u32) -> u64 {
    let (outbox, mut reception) = begun(inbox, 7, path);
    let mut held = 0;
    for index in 0..entries.min(outbox.counted().entries) {
        let info = outbox.entry(index).unwrap();
        let entry = Entry {
            kind: info.kind,
            mtime: info.mtime,
            path: RelativePath::new(&info.path).unwrap(),
            ..entry(index, "x", info.size)
        };
        if let Begin::Data { offset, .. } = reception.entry(&entry).unwrap() {
            held += offset;
        }
    }
    held
}

/// What is sent, and the bytes that a receiver has of it after three leaves.
fn film_or_files(scratch: &Scratch, is_folder: bool) -> std::path::PathBuf {
    match is_folder {
        true => some_files(scratch),
        false => scratch.put("film", noise(4 * LEAF, 1)),
    }
}

fn held_bytes(is_folder: bool) -> u64 {
    match is_folder {
        true => 15_000,
        false => 3 * LEAF as u64,
    }
}

fn some_files(scratch: &Scratch) -> std::path::PathBuf {
    (0..9).for_each(|i| drop(scratch.put(&format!("d/{i}"), noise(5000, i))));
    scratch.path("d")
}

#[test]
fn bytes_of_a_killed_receiver_are_on_the_disk_before_they_count_as_held() {
    for system in SYSTEMS {
        for is_folder in [false, true] {
            let scratch = Scratch::new();
            let disk = scratch.disk();
            disk.format(system);
            let path = film_or_files(&scratch, is_folder);
            killed(&scratch, &path, 3);
            let told = held(&mut scratch.inbox(), &path, 4);
            assert_eq!(told, held_bytes(is_folder));
            disk.cut_power();
            let after = held(&mut scratch.inbox(), &path, 4);
            assert_eq!(after, told, "{system:?} {is_folder}");
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
            disk.lose(if is_folder { "tree/1" } else { "tree/data" });
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

#[test]
fn what_this_process_did_not_sync_is_synced_before_it_counts_as_held() {
    for system in SYSTEMS {
        for is_folder in [false, true] {
            let scratch = Scratch::new();
            let disk = scratch.disk();
            disk.format(system);
            let path = film_or_files(&scratch, is_folder);
            let mut inbox = scratch.inbox();
            let (mut outbox, mut reception) = begun(&mut inbox, 7, &path);
            pump(&mut outbox, &mut reception, 3);
            drop(reception);
            let told = held(&mut inbox, &path, 4);
            assert_eq!(told, held_bytes(is_folder), "{system:?}");
            drop(inbox);
            disk.cut_power();
            assert_eq!(held(&mut scratch.inbox(), &path, 4), told, "{system:?}");
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
            reception.entry(&Entry { path, ..entry }).unwrap();
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
    killed(&scratch, &path, 3);
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
