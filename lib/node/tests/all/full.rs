//! A disk that is full halts what comes until it has room, and both sides see what is missing.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use transom::{
    Accept, Direction, Identity, InboxSettings, Notice, Outcome, Phase, Redial, RoomLimit,
    RoomLimits, SendOptions, TransferStatus,
};
use transom_store::faults::{Disk, Op};

use crate::calls::name;
use crate::support::{PATIENCE, Peer, Scratch, book, local};

const ENOSPC: i32 = 28;
const EDQUOT: i32 = 122;

struct Pair {
    disk: Disk,
    far: Peer,
    near: Peer,
    from: PathBuf,
    into: PathBuf,
    _scratch: Scratch,
}

impl Pair {
    fn new(test: &str, room: RoomLimits) -> Self {
        let scratch = Scratch::new(test);
        let (from, into) = (scratch.0.join("from"), scratch.0.join("into"));
        fs::create_dir_all(&from).unwrap();
        fs::create_dir_all(&into).unwrap();
        let disk = Disk::mount(&into);
        let identity = Identity::throwaway().unwrap();
        let line = format!("guest 127.0.0.1 key={}", identity.public_key());
        let inbox = InboxSettings {
            room,
            ..InboxSettings::new(&into, Accept::Known)
        };
        let far = Peer::start("desk", |settings| {
            settings.book = book(&[line]);
            settings.listen = local();
            settings.inbox = Some(inbox);
        });
        let near = Peer::start("guest", |settings| settings.identity = identity);
        near.handle.connect(far.contact("desk"), Redial::Always);
        near.joined();
        Self {
            disk,
            far,
            near,
            from,
            into,
            _scratch: scratch,
        }
    }

    fn unlimited(test: &str) -> Self {
        Self::new(test, RoomLimits::default())
    }

    /// A file of that many bytes, in the folder to send from.
    fn put(&self, path: &str, len: usize) -> PathBuf {
        let path = self.from.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, vec![7; len]).unwrap();
        path
    }

    fn send(&self, path: &Path) {
        self.near
            .handle
            .send(&name("desk"), path, SendOptions::default());
    }

    /// What both sides say of a transfer that waits for room: sender, receiver.
    fn full(&self) -> [TransferStatus; 2] {
        let sides = [
            (&self.near, Direction::Outgoing),
            (&self.far, Direction::Incoming),
        ];
        sides.map(|(peer, way)| {
            peer.wait(|notice| match notice {
                Notice::Transfer(status) if status.direction == way => {
                    let is_full = status.phase == Phase::Full;
                    assert_eq!(
                        is_full,
                        status.missing > 0 && status.phase != Phase::Offered
                    );
                    is_full.then_some(status)
                }
                Notice::TransferEnded { outcome, .. } => panic!("{outcome:?}"),
                _ => None,
            })
        })
    }

    fn ended(&self) -> [Outcome; 2] {
        [
            self.near.outcome(Direction::Outgoing),
            self.far.outcome(Direction::Incoming),
        ]
    }

    fn comes_whole(&self) {
        for outcome in self.ended() {
            assert!(matches!(outcome, Outcome::Durable { .. }), "{outcome:?}");
        }
    }

    /// Transfers that are not over.
    fn staged(&self) -> usize {
        let staging = fs::read_dir(self.into.join(".transom-incoming")).unwrap();
        let names = staging.map(|entry| entry.unwrap().file_name());
        let is_transfer = |name: &OsString| name.as_encoded_bytes().starts_with(b"t-");
        names.filter(is_transfer).count()
    }
}

#[test]
fn a_disk_that_fills_up_is_a_pause_that_both_sides_see_and_it_goes_on_by_itself() {
    let pair = Pair::unlimited("full");
    let file = pair.put("film", 3_000_000);
    let folder = pair.put("folder/below/file", 10);
    let folder = folder.parent().unwrap().parent().unwrap();
    let mut size = 3_000_001;
    for path in [&*file, folder] {
        for (errno, ops) in [
            (ENOSPC, &[Op::Write][..]),
            (EDQUOT, &[Op::Create, Op::MakeFolder][..]),
            (ENOSPC, &[Op::Rename][..]),
        ] {
            // The folder of a transfer itself is made before it is accepted.
            for &op in ops {
                let at = match op {
                    Op::Write => "tree/",
                    Op::Rename => "tree",
                    _ if path == file => "tree/data",
                    _ => "tree/below",
                };
                pair.disk.on(op).at(at).fail(errno);
            }
            // Else it would be there already.
            let name = if path == file {
                "film"
            } else {
                "folder/below/file"
            };
            pair.put(name, size);
            size += 1;
            pair.send(path);
            let [sender, receiver] = pair.full();
            assert_eq!(sender.missing, receiver.missing);
            assert!(sender.missing >= 256 * 1024, "{}", sender.missing);
            pair.disk.heal();
            pair.comes_whole();
        }
    }
    assert!(fs::read(pair.into.join("film (2)")).unwrap() == fs::read(file).unwrap());
}

#[test]
fn either_side_cancels_a_transfer_that_waits_for_room() {
    let pair = Pair::unlimited("full-cancelled");
    let file = pair.put("film", 3_000_000);
    pair.disk.on(Op::Write).at("tree/").fail(ENOSPC);
    for is_receiver in [false, true] {
        pair.send(&file);
        let [sender, receiver] = pair.full();
        match is_receiver {
            true => pair.far.handle.cancel(receiver.transfer),
            false => pair.near.handle.cancel(sender.transfer),
        }
        for outcome in pair.ended() {
            assert!(matches!(outcome, Outcome::Cancelled { .. }), "{outcome:?}");
        }
    }
    // Removed by the disk thread, which is asked for something else first.
    pair.disk.heal();
    pair.send(&pair.put("next", 10));
    pair.comes_whole();
    let end = Instant::now() + PATIENCE;
    while pair.staged() > 0 {
        assert!(Instant::now() < end, "what was cancelled is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_transfer_that_waits_for_room_outlives_its_connection() {
    let pair = Pair::unlimited("full-lost");
    let file = pair.put("film", 3_000_000);
    pair.disk.on(Op::Write).at("tree/").fail(ENOSPC);
    pair.send(&file);
    pair.full();
    pair.far.handle.disconnect(&name("guest"));
    let outcome = pair.far.outcome(Direction::Incoming);
    assert!(matches!(outcome, Outcome::Lost { .. }), "{outcome:?}");
    pair.full();
    pair.disk.heal();
    pair.comes_whole();
}

#[test]
fn a_transfer_that_waits_for_room_keeps_no_other_of_its_sender_waiting() {
    let pair = Pair::unlimited("full-others");
    pair.disk.on(Op::Write).at("tree/big").fail(ENOSPC);
    let big = pair.put("folder/big", 6_000_000);
    pair.send(big.parent().unwrap());
    pair.full();
    pair.send(&pair.put("small", 100_000));
    pair.comes_whole();
    pair.disk.heal();
    pair.comes_whole();
}

#[test]
fn what_a_quota_holds_back_comes_once_there_is_room() {
    for of_peers in [false, true] {
        let quota = Some(1_500_000);
        let room = RoomLimits {
            quota: quota.filter(|_| !of_peers),
            peer_quota: quota.filter(|_| of_peers),
            ..RoomLimits::default()
        };
        let pair = Pair::new("full-quota", room);
        pair.send(&pair.put("first", 1_000_000));
        pair.comes_whole();
        pair.send(&pair.put("second", 1_000_000));
        let [sender, receiver] = pair.full();
        assert!(
            (500_000..700_000).contains(&receiver.missing),
            "{receiver:?}"
        );
        assert_eq!((sender.moved, sender.missing), (0, receiver.missing));
        let limit = match of_peers {
            true => RoomLimit::PeerQuota,
            false => RoomLimit::Quota,
        };
        assert_eq!((sender.full, receiver.full), (None, Some(limit)));
        fs::remove_file(pair.into.join("first")).unwrap();
        pair.comes_whole();
        let more = pair.put("more", 2_000_000);
        pair.send(&more);
        for outcome in pair.ended() {
            assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
        }
    }
}
