//! Room: quotas, full disks and what is set aside, and that a transfer without room goes on later.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use transom_store::faults::{FileSystem, Op};
use transom_store::{
    Begin, EntryError, Inbox, InboxError, InboxSettings, Outbox, Reception, RoomLimit, RoomLimits,
};
use transom_wire::{Collision, Ending, FailReason, Offer, RefuseReason, TransferKey};

use crate::disk::Disk;
use crate::support::*;

const ENOSPC: i32 = 28;
const EDQUOT: i32 = 122;
const ANOTHER: [u8; 32] = [9; 32];

fn quota(bytes: u64) -> RoomLimits {
    RoomLimits {
        quota: Some(bytes),
        ..ALL_ROOM
    }
}

fn peer_quota(bytes: u64) -> RoomLimits {
    RoomLimits {
        peer_quota: Some(bytes),
        ..ALL_ROOM
    }
}

/// An offer of one file, one of many of a peer.
fn numbered(key: u8, bytes: u64) -> Offer<'static> {
    Offer {
        transfer: TransferKey([key; 16]),
        ..file_offer("x", bytes)
    }
}

/// Takes the file of an offer.
fn take(reception: &mut Reception, bytes: &[u8]) -> Result<(), EntryError> {
    let size = bytes.len() as u64;
    reception.begin_entry(&entry(0, "x", size))?;
    for (offset, leaf) in (0..).step_by(LEAF).zip(bytes.chunks(LEAF)) {
        let hash = transom_store::hash_leaf(leaf, offset, size);
        reception.leaf(0, offset, &hash, leaf)?;
    }
    let root = *blake3::hash(bytes).as_bytes();
    reception.end(0, size, &root).map(|_| ())
}

fn missing<T>(taken: Result<T, EntryError>) -> u64 {
    match taken {
        Err(EntryError::NoRoom { missing }) => missing,
        Err(other) => panic!("{other:?}"),
        Ok(_) => 0,
    }
}

#[test]
fn b33_an_offer_larger_than_the_disk_without_its_reserve_is_refused() {
    let scratch = Scratch::new();
    let usable = |keep_free| {
        let mut inbox = scratch.inbox_with(RoomLimits {
            keep_free,
            ..ALL_ROOM
        });
        let error = inbox.receive(PEER, &file_offer("a", i64::MAX as u64));
        let error = error.unwrap_err();
        assert_eq!(
            (error.reason(), error.refusal()),
            (FailReason::NoSpace, RefuseReason::NoSpace)
        );
        match error {
            InboxError::NoSpace { usable, .. } => usable,
            other => panic!("{other:?}"),
        }
    };
    let (all, some, usual) = (usable(Some(0)), usable(Some(16 << 20)), usable(None));
    assert!(some < all && usual < all, "{some} {usual} {all}");
    assert!(usual > 0, "a small disk is not all reserve");
    assert_eq!(usable(Some(u64::MAX)), 0, "the owner keeps all of it free");
}

#[test]
fn b33_an_offer_larger_than_a_quota_is_refused_and_one_that_has_no_room_now_waits() {
    let scratch = Scratch::new();
    scratch.put("in/before", noise(300_000, 1));
    for (limits, limit, before) in [
        (quota(1_000_000), RoomLimit::Quota, 304_096),
        (peer_quota(1_000_000), RoomLimit::PeerQuota, 0),
    ] {
        let mut inbox = scratch.inbox_with(limits);
        let error = inbox.receive(PEER, &numbered(1, 1_000_000)).unwrap_err();
        assert!(
            matches!(
                error,
                InboxError::Quota {
                    quota: 1_000_000,
                    ..
                }
            ),
            "{error:?}"
        );
        assert_eq!(error.refusal(), RefuseReason::NoSpace);
        let mut running = inbox.receive(PEER, &numbered(1, 500_000)).unwrap();
        assert_eq!(running.missing(), 0);
        let mut waiting = inbox.receive(PEER, &numbered(2, 600_000)).unwrap();
        let lacking = before + 504_096 + 604_096 - 1_000_000;
        let lacking = lacking..lacking + 100_000;
        assert!(lacking.contains(&waiting.missing()), "{lacking:?}");
        assert_eq!(waiting.room_limit(), limit);
        let full = missing(take(&mut waiting, &noise(600_000, 2)));
        assert!(lacking.contains(&full), "{full}");
        running.cancel();
        assert_eq!(waiting.missing(), 0);
        drop(waiting);
    }
}

#[test]
fn b33_a_quota_counts_what_came_and_what_was_there() {
    let scratch = Scratch::new();
    scratch.put("in/before", noise(300_000, 1));
    let mut inbox = scratch.inbox_with(quota(1_000_000));
    let path = scratch.put("a", noise(500_000, 2));
    assert_eq!(send(&mut inbox, &path).ending, Ending::Durable);
    let mut waiting = inbox.receive(PEER, &numbered(3, 200_000)).unwrap();
    let bytes = noise(200_000, 3);
    assert!(missing(take(&mut waiting, &bytes)) > 0);
    fs::remove_file(scratch.path("in/before")).unwrap();
    take(&mut waiting, &bytes).unwrap();
    assert_eq!(waiting.finish(1).unwrap().ending, Ending::Durable);
}

#[test]
fn limits_that_are_raised_let_what_waits_go_on() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox_with(quota(300_000));
    let first = inbox.receive(PEER, &numbered(1, 200_000)).unwrap();
    let mut waiting = inbox.receive(PEER, &numbered(2, 200_000)).unwrap();
    assert!(waiting.missing() > 0);
    inbox.set_limits(quota(600_000)).unwrap();
    assert_eq!(waiting.missing(), 0);
    drop(first);
}

#[test]
fn b33_a_peer_that_used_its_quota_waits_and_others_do_not() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox_with(peer_quota(1_000_000));
    let mut first = inbox.receive(PEER, &numbered(1, 600_000)).unwrap();
    take(&mut first, &noise(600_000, 1)).unwrap();
    // Unfinished, but there.
    drop(first);
    let mut waiting = inbox.receive(PEER, &numbered(2, 600_000)).unwrap();
    assert!((208_192..300_000).contains(&waiting.missing()));
    let mut other = inbox.receive(ANOTHER, &numbered(3, 600_000)).unwrap();
    assert_eq!(other.missing(), 0);
    take(&mut other, &noise(600_000, 3)).unwrap();
    drop((waiting, other, inbox));
    // Also in another run.
    let mut inbox = scratch.inbox_with(peer_quota(1_000_000));
    let mut waiting = inbox.receive(PEER, &numbered(2, 600_000)).unwrap();
    assert!(waiting.missing() > 200_000);
    inbox.receive(PEER, &numbered(1, 600_000)).unwrap().cancel();
    assert_eq!(waiting.missing(), 0);
}

#[test]
fn b33_empty_files_count_against_a_quota() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox_with(quota(1_000_000));
    let error = inbox
        .receive(PEER, &folder_offer("many", 1000, 0))
        .unwrap_err();
    assert!(matches!(error, InboxError::Quota { .. }), "{error:?}");
    inbox.receive(PEER, &folder_offer("few", 100, 0)).unwrap();
}

#[test]
fn b33_folders_that_nobody_announced_count_against_a_quota() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox_with(quota(1_000_000));
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
fn b33_a_transfer_taken_up_with_other_files_gets_round_no_quota() {
    let scratch = Scratch::new();
    let most = 1_000_000;
    let mut inbox = scratch.inbox_with(quota(most));
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
        assert!(held < most, "{held} bytes after attempt {attempt}");
    }
}

fn held_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let sizes = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
        true => held_below(&entry.path()),
        false => entry.metadata().unwrap().len(),
    });
    sizes.sum()
}

#[test]
fn room_that_an_idle_transfer_does_not_use_is_given_to_others_until_there_is_room_again() {
    let scratch = Scratch::new();
    let settings = InboxSettings {
        room: quota(1_000_000),
        keep_room: Duration::ZERO,
        ..scratch.settings()
    };
    let mut inbox = Inbox::open(settings).unwrap();
    let bytes = noise(600_000, 1);
    let (mut outbox, mut idle) = begun(&mut inbox, 7, &scratch.put("idle", &bytes));
    let path = scratch.put("other", noise(600_000, 2));
    assert_eq!(send(&mut inbox, &path).ending, Ending::Durable);
    assert!(missing(idle.begin_entry(&entry(0, "idle", 600_000))) > 0);
    fs::remove_file(scratch.path("in/other")).unwrap();
    pump(&mut outbox, &mut idle, u64::MAX);
    assert_eq!(idle.finish(1).unwrap().ending, Ending::Durable);
}

#[test]
fn b31_each_write_that_finds_the_disk_full_goes_on_when_it_is_not() {
    for errno in [ENOSPC, EDQUOT] {
        let scratch = Scratch::new();
        let d = scratch.path("d");
        for (name, len) in [("d/a", 10), ("d/b", 3 * LEAF + 1), ("d/sub/e", 0)] {
            scratch.put(name, noise(len, 1));
        }
        let calls = [Op::Write, Op::Create, Op::MakeFolder, Op::Rename];
        let mut hits = 0;
        for nth in 1.. {
            let disk = scratch.disk();
            let mut inbox = scratch.inbox();
            let mut outbox = walked(&d).unwrap();
            let key = TransferKey([u8::try_from(nth).unwrap(); 16]);
            let offer = Offer {
                transfer: key,
                ..offer(&outbox, Collision::Overwrite)
            };
            let mut reception = inbox.receive(PEER, &offer).unwrap();
            for op in calls {
                disk.on(op).at("tree").nth(nth).fail(errno);
            }
            hits += pump_patiently(&mut outbox, &mut reception);
            if disk.faults() == 0 {
                break;
            }
            let finished = loop {
                match reception.finish(outbox.counted().entries) {
                    Ok(finished) => break finished,
                    Err(InboxError::NoRoom { .. }) => {}
                    Err(other) => panic!("{other:?}"),
                }
            };
            assert_eq!(finished.ending, Ending::Durable, "{nth}");
            assert!(is_as_sent(&d, &finished.path), "{nth}");
            fs::remove_dir_all(finished.path).unwrap();
        }
        assert!(hits >= 6, "{hits}");
    }
}

#[test]
fn b31_modes_and_times_of_folders_that_find_the_disk_full_are_set_when_it_is_not() {
    for system in [FileSystem::Ext4, FileSystem::Fuse] {
        for (op, at) in [
            (Op::Write, "/folders"),
            (Op::SetTime, "tree/sub"),
            (Op::SetMode, "tree/sub"),
        ] {
            let scratch = Scratch::new();
            let disk = scratch.disk();
            disk.format(system);
            scratch.put("d/sub/below/a", b"a");
            let d = scratch.path("d");
            let mut inbox = scratch.inbox();
            let (mut outbox, mut reception) = begun(&mut inbox, 7, &d);
            pump(&mut outbox, &mut reception, u64::MAX);
            disk.on(op).at(at).nth(1).fail(ENOSPC);
            let entries = outbox.counted().entries;
            let full = reception.finish(entries);
            assert!(matches!(full, Err(InboxError::NoRoom { .. })), "{full:?}");
            let finished = reception.finish(entries).unwrap();
            assert_eq!((finished.ending, disk.faults()), (Ending::Durable, 1));
            assert!(is_as_sent(&d, &finished.path), "{op:?}");
            let time = |top: &Path| fs::metadata(top.join("sub")).unwrap().modified().unwrap();
            assert_eq!(time(&finished.path), time(&d), "{op:?}");
        }
    }
}

#[test]
fn b31_a_folder_that_is_announced_again_on_a_full_disk_is_noted_once() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    for folder in 0..50 {
        fs::create_dir_all(scratch.path(&format!("d/{folder:0200}"))).unwrap();
    }
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun(&mut inbox, 7, &scratch.path("d"));
    disk.on(Op::Write)
        .at("/folders")
        .nth(1)
        .times(5)
        .fail(ENOSPC);
    assert_eq!(pump_patiently(&mut outbox, &mut reception), 5);
    disk.calls();
    let finished = reception.finish(outbox.counted().entries).unwrap();
    assert_eq!(finished.ending, Ending::Durable);
    let mut calls = disk.calls();
    calls.retain(|call| call.op == Op::SetTime && call.path.contains("tree/"));
    assert_eq!(calls.len(), 50);
}

/// Sends all, and says again what found no room; gives how often that was.
fn pump_patiently(outbox: &mut Outbox, reception: &mut Reception) -> u32 {
    let mut full = 0;
    let mut again = |taken: &Result<(), EntryError>| match taken {
        Err(EntryError::NoRoom { missing }) => {
            assert!(*missing > 0);
            full += 1;
            full < 1000
        }
        Err(other) => panic!("{other:?}"),
        Ok(()) => false,
    };
    for index in 0..outbox.counted().entries {
        let info = outbox.entry(index).unwrap();
        let mut begin = Begin::Done;
        while again(
            &reception
                .begin_entry(&announced(index, &info))
                .map(|begun| begin = begun),
        ) {}
        if begin == Begin::Done {
            continue;
        }
        let sender = Sender::new(outbox, index);
        for leaf in 0..sender.leaves.len() {
            while again(&sender.leaf(reception, leaf).map(drop)) {}
        }
        while again(&sender.end(reception).map(drop)) {}
    }
    full
}

#[test]
fn b31_a_disk_that_others_fill_up_halts_a_file_until_there_is_room() {
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(scratch.path("in"), 16) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let path = scratch.put("film", noise(20 * LEAF, 1));
    let mut inbox = scratch.inbox();
    let (mut outbox, mut reception) = begun(&mut inbox, 7, &path);
    let info = outbox.entry(0).unwrap();
    reception.begin_entry(&announced(0, &info)).unwrap();
    let sender = Sender::new(&mut outbox, 0);
    let mut full = 0;
    for leaf in 0..sender.leaves.len() {
        if leaf == 2 {
            // Somebody else eats what was free when the offer came.
            disk.resize(3);
        }
        while missing(sender.leaf(&mut reception, leaf)) > 0 {
            full += 1;
            let lacking = reception.missing();
            assert!(lacking > 0 && lacking < 20 * LEAF as u64, "{lacking}");
            disk.resize(16);
        }
    }
    assert_eq!(full, 1);
    assert_eq!(reception.missing(), 0);
    sender.end(&mut reception).unwrap();
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Durable);
    assert!(is_as_sent(&path, &scratch.path("in/film")));
}

#[test]
fn an_offer_that_has_no_room_on_the_disk_waits_and_one_larger_than_it_is_refused() {
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(scratch.path("in"), 8) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let mut inbox = scratch.inbox();
    let error = inbox.receive(PEER, &numbered(1, 9 << 20)).unwrap_err();
    assert!(matches!(error, InboxError::NoSpace { .. }), "{error:?}");
    scratch.put("in/own", noise(4 << 20, 1));
    let mut waiting = inbox.receive(PEER, &numbered(1, 6 << 20)).unwrap();
    let lacking = waiting.missing();
    assert!((2 << 20..3 << 20).contains(&lacking), "{lacking}");
    assert_eq!(waiting.room_limit(), RoomLimit::Disk);
    fs::remove_file(scratch.path("in/own")).unwrap();
    let reserve = RoomLimits {
        keep_free: Some(4 << 20),
        ..ALL_ROOM
    };
    inbox.set_limits(reserve).unwrap();
    let lacking = waiting.missing();
    assert!((2 << 20..3 << 20).contains(&lacking), "{lacking}");
    assert_eq!(waiting.room_limit(), RoomLimit::KeepFree);
    inbox.set_limits(ALL_ROOM).unwrap();
    assert_eq!(waiting.missing(), 0);
    disk.resize(4);
    assert!(waiting.missing() > 2 << 20);
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

/// A small disk that can set room aside, where the tests may mount one.
fn ext4(scratch: &Scratch) -> Option<Disk> {
    let image = scratch.path("image");
    fs::File::create(&image)
        .unwrap()
        .set_len(192 << 20)
        .unwrap();
    let mkfs = ["-q", "-m0", "-E", "lazy_itable_init=1,lazy_journal_init=1"];
    let made = Command::new("mkfs.ext4").args(mkfs).arg(&image).output();
    fs::create_dir_all(scratch.path("in")).unwrap();
    let at = scratch.path("in");
    let mounted = made.is_ok_and(|done| done.status.success())
        && Command::new("mount")
            .args(["-o", "loop"])
            .arg(&image)
            .arg(&at)
            .output()
            .is_ok_and(|done| done.status.success());
    mounted.then_some(Disk(at))
}

fn free(disk: &Disk) -> u64 {
    let df = ["-B1", "--output=avail"];
    let df = Command::new("df").args(df).arg(&disk.0).output().unwrap();
    let told = String::from_utf8(df.stdout).unwrap();
    told.lines().nth(1).unwrap().trim().parse().unwrap()
}

#[test]
fn room_is_set_aside_on_the_disk_before_data_come_and_gives_way_to_them() {
    let scratch = Scratch::new();
    let Some(disk) = ext4(&scratch) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let mib = 1 << 20;
    let path = scratch.put("film", noise(100 * mib, 1));
    let mut inbox = scratch.inbox();
    let before = free(&disk);
    let (mut outbox, mut reception) = begun(&mut inbox, 7, &path);
    let set_aside = before - free(&disk);
    assert!(set_aside >= 96 * mib as u64, "{set_aside} bytes");
    // What others write now takes nothing of it.
    let greedy = scratch.path("in/greedy");
    let filled = Command::new("dd")
        .args(["if=/dev/zero", "bs=1M"])
        .arg(format!("of={}", greedy.display()))
        .output()
        .unwrap();
    assert!(!filled.status.success(), "the disk is full now");
    let one = writable(&greedy);
    // But for the last step, which is not set aside.
    one.set_len(greedy.metadata().unwrap().len() - 17 * mib as u64)
        .unwrap();
    one.sync_all().unwrap();
    drop(one);
    pump(&mut outbox, &mut reception, u64::MAX);
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Durable);
    drop(reception);
    assert_eq!(published(&scratch), ["film", "greedy", "lost+found"]);
    fs::remove_file(greedy).unwrap();
    let left = before - free(&disk);
    assert!(left < 102 * mib as u64, "{left} bytes are taken");
}

#[test]
fn room_set_aside_gives_way_to_leaves_of_an_earlier_version_too() {
    let scratch = Scratch::new();
    let Some(disk) = ext4(&scratch) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let mib = 1 << 20;
    let mut bytes = noise(64 * mib, 1);
    let path = scratch.put("film", &bytes);
    let mut inbox = scratch.inbox();
    assert_eq!(send(&mut inbox, &path).ending, Ending::Durable);
    bytes[0] ^= 1;
    scratch.put("film", &bytes);
    let (mut outbox, mut reception) = begun(&mut inbox, 7, &path);
    let others = free(&disk) - 17 * mib as u64;
    let greedy = scratch.put("in/greedy", noise(others as usize, 2));
    fs::File::open(&greedy).unwrap().sync_all().unwrap();
    assert_eq!(pump(&mut outbox, &mut reception, u64::MAX), 1);
    assert_eq!(reception.finish(1).unwrap().ending, Ending::Durable);
    assert!(is_as_sent(&path, &scratch.path("in/film (1)")));
}

#[test]
fn room_set_aside_for_a_transfer_that_ends_or_idles_is_free_again() {
    let scratch = Scratch::new();
    let Some(disk) = ext4(&scratch) else {
        eprintln!("skipped: only root may mount a small disk");
        return;
    };
    let mut inbox = scratch.inbox();
    let before = free(&disk);
    let kept = inbox.receive(PEER, &numbered(1, 100 << 20)).unwrap();
    assert!(free(&disk) < before - (90 << 20));
    drop(kept);
    assert!(free(&disk) > before - (1 << 20));
    drop(inbox);
    let settings = InboxSettings {
        keep_room: Duration::ZERO,
        ..scratch.settings()
    };
    let mut inbox = Inbox::open(settings).unwrap();
    let mut idle = inbox.receive(PEER, &numbered(1, 100 << 20)).unwrap();
    let mut other = inbox.receive(ANOTHER, &numbered(2, 100 << 20)).unwrap();
    assert_eq!(other.missing(), 0);
    drop(other);
    assert_eq!(idle.missing(), 0);
}

#[test]
fn an_offer_that_grows_while_it_is_counted_needs_room_for_what_it_grew_by() {
    let scratch = Scratch::new();
    scratch.put("in/own", [0; 150_000]);
    let mut inbox = scratch.inbox_with(quota(1_100_000));
    let offer = Offer {
        is_counted: false,
        ..folder_offer("f", 1, 300_000)
    };
    let mut reception = inbox.receive(PEER, &offer).unwrap();
    assert_eq!(reception.missing(), 0);
    let mut total = offer.total();
    (total.files, total.bytes) = (3, 990_000);
    reception.total(total).unwrap();
    let full = missing(reception.begin_entry(&entry(0, "a", 300_000)));
    assert_eq!(full, reception.missing());
    assert!((2_288..100_000).contains(&full), "{full}");
    // What it grew by is kept from others too.
    inbox.set_limits(quota(1_200_000)).unwrap();
    assert_eq!(reception.missing(), 0);
    reception.begin_entry(&entry(0, "a", 300_000)).unwrap();
    let mut other = inbox.receive(ANOTHER, &numbered(2, 300_000)).unwrap();
    assert!(other.missing() > 200_000);
}

#[test]
fn what_is_there_already_needs_no_room_a_second_time() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox_with(quota(1_000_000));
    for name in ["f/a", "f/b", "f/c"] {
        scratch.put(name, noise(300_000, name.len() as u64));
    }
    let path = scratch.path("f");
    send(&mut inbox, &path);
    let outbox = walked(&path).unwrap();
    let all = offer(&outbox, Collision::Rename);
    // It may be counted before it is offered, or later.
    for counted in [3, 1] {
        let offer = Offer {
            files: counted,
            bytes: u64::from(counted) * 300_000,
            is_counted: counted == 3,
            ..all
        };
        let mut reception = inbox.receive(PEER, &offer).unwrap();
        assert_eq!(reception.missing(), 0, "{counted} counted");
        reception.total(all.total()).unwrap();
        let mut outbox = walked(&path).unwrap();
        assert_eq!(pump(&mut outbox, &mut reception, u64::MAX), 0);
        assert_eq!(reception.finish(3).unwrap().ending, Ending::AlreadyThere);
    }
    // What changed waits for room.
    fs::write(scratch.path("f/a"), noise(300_000, 9)).unwrap();
    let mut outbox = walked(&path).unwrap();
    let mut reception = inbox.receive(PEER, &all).unwrap();
    assert_eq!(reception.missing(), 0);
    let failed = try_pump(&mut outbox, &mut reception);
    let [(name, EntryError::NoRoom { missing })] = &failed[..] else {
        panic!("{failed:?}");
    };
    assert_eq!(name, "a");
    assert!((150_000..310_000).contains(missing), "{missing}");
}

/// An offer of a folder of which one file of 1000 bytes was counted.
fn hardly_counted() -> Offer<'static> {
    Offer {
        is_counted: false,
        ..folder_offer("f", 1, 1000)
    }
}

fn take_small(reception: &mut Reception, index: u32) {
    let bytes = [7; 1000];
    let hash = transom_store::hash_leaf(&bytes, 0, 1000);
    let path = index.to_string();
    reception.begin_entry(&entry(index, &path, 1000)).unwrap();
    reception.leaf(index, 0, &hash, &bytes).unwrap();
    reception.end(index, 1000, &hash).unwrap();
}

#[test]
fn files_that_come_before_they_are_counted_are_counted_once() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox_with(quota(1_000_000));
    let offer = hardly_counted();
    let mut reception = inbox.receive(PEER, &offer).unwrap();
    (0..120).for_each(|index| take_small(&mut reception, index));
    let mut total = offer.total();
    (total.files, total.bytes, total.is_counted) = (180, 180_000, true);
    reception.total(total).unwrap();
    assert_eq!(reception.missing(), 0);
    (120..180).for_each(|index| take_small(&mut reception, index));
    assert_eq!(reception.finish(180).unwrap().ending, Ending::Durable);
}

#[test]
fn the_disk_is_not_asked_for_its_room_with_each_file_that_was_not_counted() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    let mut reception = scratch.inbox().receive(PEER, &hardly_counted()).unwrap();
    take_small(&mut reception, 0);
    disk.calls();
    (1..400).for_each(|index| take_small(&mut reception, index));
    let calls = disk.calls();
    let asked = calls.iter().filter(|call| call.op == Op::Space).count();
    assert!((1..40).contains(&asked), "{asked}");
}

#[test]
fn b33_an_offer_that_grows_beyond_all_room_is_refused_and_takes_none_from_others() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox_with(quota(1_000_000));
    let offer = Offer {
        is_counted: false,
        ..folder_offer("f", 1, 0)
    };
    let mut growing = inbox.receive(PEER, &offer).unwrap();
    assert_eq!(growing.missing(), 0);
    let mut total = offer.total();
    total.bytes = i64::MAX as u64;
    let error = growing.total(total).unwrap_err();
    assert!(matches!(
        error,
        InboxError::Quota {
            quota: 1_000_000,
            ..
        }
    ));
    let mut other = inbox.receive(ANOTHER, &numbered(2, 300_000)).unwrap();
    assert_eq!(other.missing(), 0);
}

#[test]
fn what_a_peer_over_its_quota_has_is_counted_now_and_then_only() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    let mut inbox = scratch.inbox_with(peer_quota(1_000_000));
    scratch.put("photos/a", noise(600_000, 1));
    send(&mut inbox, &scratch.path("photos"));
    let mut waiting = inbox.receive(PEER, &numbered(2, 600_000)).unwrap();
    let slow = disk.on(Op::List).at("photos").times(u32::MAX);
    slow.delay(Duration::from_millis(300));
    assert!(waiting.missing() > 0);
    let counted = disk.faults();
    assert!(counted > 0);
    for _ in 0..3 {
        assert!(waiting.missing() > 0);
    }
    assert_eq!(disk.faults(), counted);
}
