//! Disks that are cleared away, read-only or somebody else's; small ones for other tests.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use transom_store::{Inbox, InboxError, InboxSettings};
use transom_wire::{Ending, FailReason, RefuseReason};

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
fn b30_two_receivers_do_not_share_a_folder() {
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
    let path = scratch.put("a", b"1");
    for gone in ["in/.transom-incoming", "in"] {
        let cleared = scratch.inbox();
        fs::remove_dir_all(scratch.path(gone)).unwrap();
        assert!(cleared.is_gone());
        drop(cleared);
        let mut inbox = scratch.inbox();
        assert!(!inbox.is_gone());
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
    // Nothing can begin there.
    let error = inbox.receive(PEER, &file_offer("e", 1)).unwrap_err();
    assert_eq!(error.refusal(), RefuseReason::Unwritable);
    assert!(!error.text().contains("the name"), "{}", error.text());
    let finished = reception.finish(outbox.counted().entries).unwrap();
    assert_eq!(finished.ending, Ending::Failed);
    drop((reception, inbox));
    assert_eq!(
        send(&mut scratch.inbox(), &scratch.path("d")).ending,
        Ending::Durable,
        "the same again"
    );
}

#[test]
fn b33_unfinished_transfers_go_when_they_are_old_and_not_when_the_clock_was_never_set() {
    for (age, kept) in [(29, true), (31, false), (366 * 55, true)] {
        let scratch = Scratch::new();
        let path = scratch.put("film", noise(2 * LEAF, 1));
        send_some(&scratch, &path, 1);
        let record = writable(staged(&scratch).join("record"));
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
fn b17_a_read_only_disk_says_so() {
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

#[test]
fn b17_another_disk_below_a_folder_that_is_there_costs_only_what_would_go_on_it() {
    let scratch = Scratch::new();
    scratch.put("d/a", b"ours");
    scratch.put("d/sub/x", b"ours");
    let Some(_disk) = Disk::mount(scratch.path("in/d/sub"), 2) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let (mut outbox, mut reception) = begun_as(
        &mut scratch.inbox(),
        &scratch.path("d"),
        transom_wire::Collision::Overwrite,
    );
    let failed = try_pump(&mut outbox, &mut reception);
    let finished = reception.finish(outbox.counted().entries).unwrap();
    assert_eq!(failed.len(), 0);
    assert_eq!((finished.ending, finished.failed), (Ending::Partial, 1));
    assert_eq!(finished.unplaced[0].path, "sub/x");
    assert_eq!(fs::read(scratch.path("in/d/a")).unwrap(), b"ours");
    assert_eq!(fs::read_dir(scratch.path("in/d/sub")).unwrap().count(), 0);
}

#[test]
fn b17_a_read_only_disk_with_another_one_below_is_sent_whole() {
    let scratch = Scratch::new();
    let Some(above) = Disk::mount(scratch.path("d"), 2) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let _below = Disk::mount(scratch.path("d/sub"), 2).unwrap();
    scratch.put("d/a", b"ours");
    scratch.put("d/sub/x", b"ours");
    let readonly = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&above.0)
        .status();
    assert!(readonly.unwrap().success());
    let finished = send(&mut scratch.inbox(), &scratch.path("d"));
    assert_eq!(finished.ending, Ending::Durable);
    assert!(is_as_sent(&scratch.path("d"), &finished.path));
}
