//! A disk that takes its time holds up the files on it, and no picture.

use std::fs;
use std::time::{Duration, Instant};

use transom::{Accept, Notice, Outcome, SendOptions};
use transom_store::faults::{Disk, Op};

use crate::calls::{calling, name};
use crate::support::{PATIENCE, Peer, Scratch, inbox};

/// What a sync of the slow disk takes.
const SYNC: Duration = Duration::from_secs(2);

/// Every call that waits for the disk.
const SYNCS: [Op; 4] = [Op::SyncAll, Op::SyncData, Op::SyncFile, Op::SyncFolder];

/// The pictures that one side saw.
#[derive(Debug, Default)]
struct Seen {
    count: u32,
    last: Option<u32>,
    /// The most pictures of the camera from one picture that came to the next.
    widest_gap: u32,
    /// How old the oldest picture was when it came.
    oldest: Duration,
    /// How a transfer ended here.
    ended: Option<Outcome>,
}

impl Seen {
    fn take(&mut self, notice: Notice) {
        match notice {
            Notice::Picture { picture, .. } => {
                let gap = picture.sequence - self.last.unwrap_or(picture.sequence);
                let age = picture.timing.received - picture.timing.captured();
                self.count += 1;
                self.last = Some(picture.sequence);
                self.widest_gap = self.widest_gap.max(gap);
                self.oldest = self.oldest.max(age);
            }
            Notice::TransferEnded { outcome, .. } => self.ended = Some(outcome),
            _ => {}
        }
    }
}

/// Looks at the pictures of both until both have seen enough.
fn look(peers: [&Peer; 2], enough: impl Fn(&Seen) -> bool) -> [Seen; 2] {
    let mut seen = [Seen::default(), Seen::default()];
    let end = Instant::now() + 2 * PATIENCE;
    while !seen.iter().all(&enough) {
        assert!(Instant::now() < end, "{seen:?}");
        for (peer, seen) in peers.iter().zip(&mut seen) {
            for notice in peer.told(Duration::from_millis(2)) {
                seen.take(notice);
            }
        }
    }
    seen
}

#[test]
fn b32_a_disk_of_two_seconds_a_sync_makes_no_picture_later() {
    let scratch = Scratch::new("slow-disk");
    let (from, into) = (scratch.0.join("from"), scratch.0.join("into"));
    fs::create_dir_all(&into).unwrap();
    fs::create_dir_all(&from).unwrap();
    for file in 0..20 {
        fs::write(from.join(file.to_string()), [7; 4096]).unwrap();
    }
    let disk = Disk::mount(&into);
    let (anna, ben) = calling(|settings| settings.inbox = Some(inbox(&into, Accept::Known)));
    anna.handle.show_camera(&name("ben"), true);
    ben.handle.show_camera(&name("anna"), true);
    anna.picture(320);
    ben.picture(320);
    let without = look([&anna, &ben], |seen| seen.count >= 60);

    for op in SYNCS {
        disk.on(op).delay(SYNC);
    }
    anna.handle
        .send(&name("ben"), &from, SendOptions::default());
    let with = look([&anna, &ben], |seen| seen.ended.is_some());

    let syncs = disk.faults();
    println!("{syncs} syncs, {without:?}, {with:?}");
    assert!(syncs > 0, "the disk was slow");
    for (with, without) in with.iter().zip(&without) {
        assert!(
            matches!(with.ended, Some(Outcome::Durable { .. })),
            "{with:?}"
        );
        // A loop that waits for one sync passes over the pictures of the camera meanwhile, and
        // gives others when they are that old. Half of it is left to a busy machine.
        assert!(with.count >= 10 * syncs, "{with:?} in {syncs} syncs");
        assert!(
            with.widest_gap < without.widest_gap + 60,
            "{with:?} {without:?}"
        );
        assert!(
            with.oldest < without.oldest + SYNC / 2,
            "{with:?} {without:?}"
        );
    }
}
