//! Disks that are full, slow to be freed, read-only or somebody else's.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use transom_store::{Begin, Inbox, InboxError, InboxSettings, Step};
use transom_wire::{Collision, Ending, FailReason, RefuseReason};

use crate::support::*;

#[test]
fn a_root_that_can_not_be_written_says_so() {
    let scratch = Scratch::new();
    let file = scratch.put("file", b"");
    for root in [
        file.as_path(),
        &file.join("below"),
        Path::new("/sys/kernel"),
        Path::new("/proc/self"),
    ] {
        let error = Inbox::open(InboxSettings::new(root)).unwrap_err();
        assert!(matches!(error, InboxError::Unwritable { .. }), "{error:?}");
        assert_eq!(error.refusal(), RefuseReason::Unwritable);
        assert!(error.errno() > 0 && error.text().contains(root.to_str().unwrap()));
    }
}

#[test]
fn two_receivers_do_not_share_a_folder() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    assert!(matches!(
        Inbox::open(scratch.settings()),
        Err(InboxError::Locked(_))
    ));
    let reception = inbox.receive(PEER, &file_offer("a", 1)).unwrap();
    drop(inbox);
    assert!(matches!(
        Inbox::open(scratch.settings()),
        Err(InboxError::Locked(_))
    ));
    drop(reception);
    Inbox::open(scratch.settings()).unwrap();
}

#[test]
fn a_folder_that_was_cleared_away_is_made_again() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let path = scratch.put("a", b"1");
    for gone in ["in/.transom-incoming", "in"] {
        fs::remove_dir_all(scratch.path(gone)).unwrap();
        assert_ne!(send(&mut inbox, &path).ending, Ending::Failed);
        assert_eq!(published(&scratch), ["a"]);
    }
}

#[test]
fn a_folder_that_is_cleared_away_while_something_comes_is_no_fault_of_names() {
    let scratch = Scratch::new();
    for name in ["d/a", "d/sub/b"] {
        scratch.put(name, name);
    }
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun(&mut inbox, 7, &scratch.path("d"));
    fs::remove_dir_all(scratch.path("in/.transom-incoming")).unwrap();
    let failed = try_pump(&mut outbox, &mut reception);
    assert_eq!(failed.len(), 3);
    for (_, error) in failed {
        let text = error.text();
        assert!(text.contains("was removed"), "{text}");
        assert_eq!(error.reason(), FailReason::Io);
    }
    // While the first is received the folder is not made again.
    let error = inbox.receive(PEER, &file_offer("e", 1)).unwrap_err();
    assert_eq!(error.refusal(), RefuseReason::Unwritable);
    assert!(!error.text().contains("the name"), "{}", error.text());
    let finished = reception.finish(outbox.counted().entries).unwrap();
    assert_eq!(finished.ending, Ending::Failed);
    drop(reception);
    assert_eq!(
        send(&mut inbox, &scratch.path("d")).ending,
        Ending::Durable,
        "the same again"
    );
}

#[test]
fn an_offer_that_leaves_less_than_the_reserve_is_refused() {
    let scratch = Scratch::new();
    let free = |keep_free| {
        let settings = InboxSettings {
            keep_free,
            ..scratch.settings()
        };
        let mut inbox = Inbox::open(settings).unwrap();
        let error = inbox.receive(PEER, &file_offer("a", i64::MAX as u64));
        let error = error.unwrap_err();
        assert_eq!(
            (error.reason(), error.refusal()),
            (FailReason::NoSpace, RefuseReason::NoSpace)
        );
        match error {
            InboxError::NoSpace { free, .. } => free,
            other => panic!("{other:?}"),
        }
    };
    let (all, usual, most) = (free(0), free(16 << 20), free(u64::MAX));
    assert!(usual < all && most < all, "{usual} {most} {all}");
    assert!(most > 0, "a small disk is not all reserve");
}

#[test]
fn a_quota_holds_over_transfers_running_and_done() {
    let scratch = Scratch::new();
    scratch.put("in/before", noise(300_000, 1));
    let settings = InboxSettings {
        quota: Some(1_000_000),
        ..scratch.settings()
    };
    let mut inbox = Inbox::open(settings).unwrap();
    let offer = |key, bytes| transom_wire::Offer {
        transfer: transom_wire::TransferKey([key; 16]),
        ..file_offer("x", bytes)
    };
    let running = inbox.receive(PEER, &offer(1, 500_000)).unwrap();
    let error = inbox.receive(PEER, &offer(2, 500_000)).unwrap_err();
    assert!(
        matches!(
            error,
            InboxError::Quota {
                needed: 504_096,
                quota: 1_000_000,
                ..
            }
        ),
        "{error:?}"
    );
    running.cancel();
    let path = scratch.put("a", noise(500_000, 2));
    assert_eq!(send(&mut inbox, &path).ending, Ending::Durable);
    assert_eq!(
        inbox
            .receive(PEER, &offer(3, 200_000))
            .unwrap_err()
            .refusal(),
        RefuseReason::NoSpace
    );
    fs::remove_file(scratch.path("in/before")).unwrap();
    inbox.receive(PEER, &offer(3, 200_000)).unwrap();
}

#[test]
fn empty_files_count_against_a_quota() {
    let scratch = Scratch::new();
    let settings = InboxSettings {
        quota: Some(1_000_000),
        ..scratch.settings()
    };
    let mut inbox = Inbox::open(settings).unwrap();
    let error = inbox
        .receive(PEER, &folder_offer("many", 1000, 0))
        .unwrap_err();
    assert!(matches!(error, InboxError::Quota { .. }), "{error:?}");
    inbox.receive(PEER, &folder_offer("few", 100, 0)).unwrap();
}

#[test]
fn folders_that_nobody_announced_count_against_a_quota() {
    let scratch = Scratch::new();
    let settings = InboxSettings {
        quota: Some(1_000_000),
        ..scratch.settings()
    };
    let mut inbox = Inbox::open(settings).unwrap();
    let mut reception = inbox.receive(PEER, &folder_offer("deep", 100, 0)).unwrap();
    let refused = (0..100).find_map(|index| {
        let path = format!("{index}{}", "/d".repeat(100));
        let begun = reception.begin_entry(&entry(index, &path, 0));
        // A file without bytes is made at its end, and the folders above it too.
        let ended = begun.and_then(|_| reception.end(index, 0, blake3::hash(b"").as_bytes()));
        ended.err().map(|error| (index, error.reason()))
    });
    assert_eq!(refused, Some((3, FailReason::NoSpace)));
}

#[test]
fn a_transfer_taken_up_with_other_files_gets_round_no_quota() {
    let scratch = Scratch::new();
    let quota = 1_000_000;
    let settings = InboxSettings {
        quota: Some(quota),
        ..scratch.settings()
    };
    let mut inbox = Inbox::open(settings).unwrap();
    let bytes = noise(200_000, 1);
    for attempt in 0..5 {
        let mut reception = inbox.receive(PEER, &folder_offer("f", 4, 800_000)).unwrap();
        for index in 0..3 {
            let path = format!("{attempt}-{index}");
            reception
                .begin_entry(&entry(index, &path, 200_000))
                .unwrap();
            let hash = transom_store::hash_leaf(&bytes, 0, 200_000);
            reception.leaf(index, 0, &hash, &bytes).unwrap();
        }
        drop(reception);
        let held = held_below(&scratch.path("in"));
        assert!(held < quota, "{held} bytes after attempt {attempt}");
    }
}

fn held_below(folder: &std::path::Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let sizes = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
        true => held_below(&entry.path()),
        false => entry.metadata().unwrap().len(),
    });
    sizes.sum()
}

#[test]
fn room_that_an_idle_transfer_does_not_use_is_given_to_others() {
    let scratch = Scratch::new();
    let settings = InboxSettings {
        quota: Some(1_000_000),
        keep_room: Duration::ZERO,
        ..scratch.settings()
    };
    let mut inbox = Inbox::open(settings).unwrap();
    let outbox = walked(&scratch.put("idle", noise(600_000, 1))).unwrap();
    let mut idle = inbox
        .receive(PEER, &offer(&outbox, Collision::Rename))
        .unwrap();
    idle.begin_entry(&entry(0, "idle", 600_000)).unwrap();
    let path = scratch.put("other", noise(600_000, 2));
    assert_eq!(send(&mut inbox, &path).ending, Ending::Durable);
    let error = idle.leaf(0, 0, &[0; 32], &noise(LEAF, 1)).unwrap_err();
    assert_eq!(error.reason(), FailReason::NoSpace);
    assert_eq!(idle.finish(1).unwrap().ending, Ending::Failed);
    drop(idle);
    assert!(staged(&scratch).is_dir(), "it is kept");
}

#[test]
fn unfinished_transfers_go_when_they_are_old_and_not_when_the_clock_was_never_set() {
    for (age, kept) in [(29, true), (31, false), (366 * 55, true)] {
        let scratch = Scratch::new();
        let path = scratch.put("film", noise(2 * LEAF, 1));
        send_some(&scratch, &path, 1);
        let record = fs::File::options()
            .write(true)
            .open(staged(&scratch).join("record"))
            .unwrap();
        record
            .set_modified(SystemTime::now() - Duration::from_secs(age * 24 * 3600))
            .unwrap();
        let held = if kept { LEAF as u64 } else { 0 };
        assert_eq!(send_rest(&scratch, &path).0, held, "{age} days");
    }
}

/// A small disk, where the tests may mount one.
pub(crate) struct Disk(pub(crate) std::path::PathBuf);

impl Disk {
    pub(crate) fn mount(at: std::path::PathBuf, mebibytes: u32) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let size = format!("size={mebibytes}m");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&at)
            .output();
        mount
            .is_ok_and(|done| done.status.success())
            .then_some(Self(at))
    }

    pub(crate) fn resize(&self, mebibytes: u32) {
        let size = format!("remount,size={mebibytes}m");
        assert!(
            Command::new("mount")
                .args(["-o", &size])
                .arg(&self.0)
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_disk_that_fills_up_is_an_error_with_its_number_and_goes_on_once_there_is_room() {
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(scratch.path("in"), 16) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let path = scratch.put("film", noise(20 * LEAF, 1));
    let mut inbox = scratch.inbox();
    let mut outbox = walked(&path).unwrap();
    let mut reception = inbox
        .receive(PEER, &offer(&outbox, Collision::Rename))
        .unwrap();
    let info = outbox.entry(0).unwrap();
    let first = transom_wire::Entry {
        mtime: info.mtime,
        ..entry(0, "film", info.size)
    };
    let Begin::Data { offset } = reception.begin_entry(&first).unwrap() else {
        panic!()
    };
    outbox.start(0, offset).unwrap();
    // Somebody else eats what was free when the offer came.
    disk.resize(3);
    let mut taken = 0;
    let error = loop {
        let Step::Leaf {
            index,
            offset,
            hash,
            bytes,
            ..
        } = outbox.next_leaf(0, Vec::new()).unwrap()
        else {
            panic!("all of it fitted")
        };
        match reception.leaf(index, offset, &hash, &bytes) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((error.reason(), error.errno()), (FailReason::NoSpace, 28));
    assert!(error.text().contains("No space left"), "{}", error.text());
    reception.abandon(0);
    let finished = reception.finish(1).unwrap();
    assert_eq!((finished.ending, finished.failed), (Ending::Failed, 1));
    assert_eq!(visible(&scratch), [""; 0]);
    drop((reception, inbox));

    let error = scratch
        .inbox()
        .receive(PEER, &offer(&outbox, Collision::Rename))
        .unwrap_err();
    assert_eq!(error.refusal(), RefuseReason::NoSpace);
    disk.resize(16);
    assert_eq!(
        send_rest(&scratch, &path),
        (taken * LEAF as u64, 20 - taken)
    );
}

#[test]
fn more_files_than_the_disk_can_hold_are_refused_before_they_come() {
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(scratch.path("in"), 64) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let few = ["-o", "remount,nr_inodes=1000"];
    let remounted = Command::new("mount").args(few).arg(&disk.0).status();
    assert!(remounted.unwrap().success());
    let mut inbox = scratch.inbox();
    let error = inbox
        .receive(PEER, &folder_offer("many", 960, 0))
        .unwrap_err();
    assert!(
        matches!(error, InboxError::NoNames { needed: 960, .. }),
        "{error:?}"
    );
    assert_eq!(error.refusal(), RefuseReason::NoSpace);
    inbox.receive(PEER, &folder_offer("few", 900, 0)).unwrap();
}

#[test]
fn a_folder_that_does_not_fit_keeps_what_it_has() {
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(scratch.path("in"), 16) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    for i in 0..40 {
        scratch.put(&format!("d/{i:02}"), noise(100_000, i));
    }
    let mut inbox = scratch.inbox();
    let mut outbox = walked(&scratch.path("d")).unwrap();
    let mut reception = inbox
        .receive(PEER, &offer(&outbox, Collision::Rename))
        .unwrap();
    disk.resize(2);
    let (mut whole, mut failed) = (0, 0);
    for index in 0..outbox.counted().entries {
        let info = outbox.entry(index).unwrap();
        let begun = reception.begin_entry(&transom_wire::Entry {
            mtime: info.mtime,
            ..entry(index, &info.path, info.size)
        });
        let Ok(Begin::Data { offset }) = begun else {
            failed += 1;
            continue;
        };
        outbox.start(index, offset).unwrap();
        let Step::Leaf {
            offset,
            hash,
            bytes,
            ..
        } = outbox.next_leaf(index, Vec::new()).unwrap()
        else {
            panic!()
        };
        let Step::End { size, root, .. } = outbox.next_leaf(index, Vec::new()).unwrap() else {
            panic!()
        };
        match reception.leaf(index, offset, &hash, &bytes) {
            Ok(_) => {
                reception.end(index, size, &root).unwrap();
                whole += 1;
            }
            Err(error) => {
                assert_eq!(error.reason(), FailReason::NoSpace);
                reception.abandon(index);
                failed += 1;
            }
        }
    }
    assert!(whole > 5 && failed > 5);
    let finished = reception.finish(outbox.counted().entries).unwrap();
    assert_eq!((finished.ending, finished.failed), (Ending::Failed, failed));
    drop((reception, inbox));
    disk.resize(16);
    assert_eq!(
        send_rest(&scratch, &scratch.path("d")),
        (whole * 100_000, 40 - whole)
    );
}

#[test]
fn a_read_only_disk_says_so() {
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(scratch.path("in"), 2) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let mut inbox = scratch.inbox();
    let readonly = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&disk.0)
        .output();
    // The lock is open for writing, and so the system may refuse to turn the disk over.
    if readonly.is_ok_and(|done| done.status.success()) {
        let error = inbox.receive(PEER, &file_offer("a", 1)).unwrap_err();
        assert_eq!(
            (error.refusal(), error.errno()),
            (RefuseReason::Unwritable, 30)
        );
    } else {
        drop(inbox);
        // A process that another test is just starting may hold the lock open for a moment.
        let mut remount = Command::new("mount");
        remount.args(["-o", "remount,ro"]).arg(&disk.0);
        wait_for(|| remount.output().unwrap().status.success());
        let error = Inbox::open(scratch.settings()).unwrap_err();
        assert_eq!(
            (error.refusal(), error.errno()),
            (RefuseReason::Unwritable, 30)
        );
    }
}
