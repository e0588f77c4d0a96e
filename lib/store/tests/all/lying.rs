//! A real disk that loses what it was given, where the tests may mount one.

use std::fs;
use std::process::Command;

use transom_store::{Outbox, Reception};
use transom_wire::{Collision, Ending};

use crate::disk::Disk;
use crate::support::*;

/// A disk that promises more than it has: what doesn't fit is only noticed on the way from memory
/// to the disk.
struct Liar {
    /// Unmounted before the disk its image is on.
    _top: Disk,
    below: Disk,
}

impl Liar {
    fn mount(scratch: &Scratch) -> Option<Self> {
        let below = Disk::mount(scratch.path("below"), 4)?;
        let image = fs::File::create(scratch.path("below/image")).unwrap();
        image.set_len(128 << 20).unwrap();
        let mkfs = [
            "-q",
            "-O",
            "^has_journal",
            "-m0",
            "-E",
            "lazy_itable_init=1",
        ];
        let made = Command::new("mkfs.ext4")
            .args(mkfs)
            .arg(scratch.path("below/image"))
            .output();
        if !made.is_ok_and(|done| done.status.success()) {
            return None;
        }
        fs::create_dir_all(scratch.path("in")).unwrap();
        mount(scratch).then(|| Self {
            _top: Disk(scratch.path("in")),
            below,
        })
    }

    /// Unmounts it and mounts it again, so that memory has nothing of it.
    fn forget(&self, scratch: &Scratch) {
        let unmounted = Command::new("umount").arg(scratch.path("in")).status();
        assert!(unmounted.unwrap().success() && mount(scratch));
    }
}

fn mount(scratch: &Scratch) -> bool {
    let (image, at) = (scratch.path("below/image"), scratch.path("in"));
    let mount = ["-o", "loop"];
    let mounted = Command::new("mount")
        .args(mount)
        .arg(image)
        .arg(at)
        .output();
    mounted.is_ok_and(|done| done.status.success())
}

/// The sync at the end fails, or did so at a checkpoint, which a slow machine comes to before.
fn fails_at_last(reception: &mut Reception, outbox: &Outbox, failed: usize) {
    match reception.finish(outbox.counted().entries) {
        Ok(finished) => assert!(
            finished.ending == Ending::Failed && failed > 0,
            "{finished:?}"
        ),
        Err(error) => assert!(error.errno() > 0, "{error:?}"),
    }
}

#[test]
fn a_disk_that_fails_to_sync_is_not_believed_afterwards() {
    let scratch = Scratch::new();
    let film = scratch.put("film", noise(40 * LEAF, 1));
    (0..40).for_each(|i| drop(scratch.put(&format!("d/{i}"), noise(LEAF, i))));
    for path in [film, scratch.path("d")] {
        let Some(disk) = Liar::mount(&scratch) else {
            eprintln!("skipped: only root may mount a disk, and it takes mkfs.ext4");
            return;
        };
        let mut inbox = scratch.inbox();
        let (mut outbox, mut reception) = begun_as(&mut inbox, &path, Collision::Rename);
        let failed = try_pump(&mut outbox, &mut reception).len();
        fails_at_last(&mut reception, &outbox, failed);
        drop((reception, inbox));
        assert!(!scratch.path("in").join(outbox.name()).exists());
        disk.below.resize(64);
        // Memory still has every byte, but only what the disk took counts.
        let (held, sent) = send_rest(&scratch, &path);
        assert_eq!(held + sent * LEAF as u64, 40 * LEAF as u64);
        assert!(sent > 0);
        disk.forget(&scratch);
        assert!(is_as_sent(&path, &scratch.path("in").join(outbox.name())));
    }
}

/// The same with two receptions: the first sync must not take the error from the other reception.
#[test]
fn a_disk_that_fails_to_sync_tells_every_reception() {
    let scratch = Scratch::new();
    (0..40).for_each(|i| drop(scratch.put(&format!("big/{i}"), noise(LEAF, i))));
    scratch.put("small/a", b"1");
    let Some(disk) = Liar::mount(&scratch) else {
        eprintln!("skipped: only root may mount a disk, and it takes mkfs.ext4");
        return;
    };
    let mut inbox = scratch.inbox();
    let mut receptions = ["big", "small"].map(|name| {
        let (mut outbox, mut reception) =
            begun_as(&mut inbox, &scratch.path(name), Collision::Rename);
        let failed = try_pump(&mut outbox, &mut reception).len();
        (reception, outbox, failed)
    });
    receptions.reverse();
    for (mut reception, outbox, failed) in receptions {
        fails_at_last(&mut reception, &outbox, failed);
        // It takes everything again, but for what it has lost.
        disk.below.resize(64);
    }
    assert!(!scratch.path("in/big").exists() && !scratch.path("in/small").exists());
}
