//! What "durable" is worth: syncs that fail, errors that are told to another, power that is cut.

use std::fs;
use std::path::Path;

use transom_store::faults::{Disk, FileSystem, Op};
use transom_store::{Finished, Inbox, InboxError};
use transom_wire::{Collision, Ending};

use crate::support::*;

const EIO: i32 = 5;
/// Sends a path as far as the disk lets it; gives how it ended, if it came to an end.
fn try_send(scratch: &Scratch, path: &Path, collision: Collision) -> Option<Finished> {
    let mut inbox = Inbox::open(scratch.settings()).ok()?;
    let mut outbox = walked(path).unwrap();
    let mut reception = inbox.receive(PEER, &offer(&outbox, collision)).ok()?;
    try_pump(&mut outbox, &mut reception);
    reception.finish(outbox.counted().entries).ok()
}

/// A file and a folder to send.
fn things(scratch: &Scratch) -> [std::path::PathBuf; 2] {
    let film = scratch.put("film", noise(2 * LEAF + 3, 1));
    scratch.put("d/a", noise(100, 2));
    scratch.put("d/below/b", noise(LEAF + 1, 3));
    scratch.put("d/below/c", b"");
    fs::create_dir_all(scratch.path("d/empty")).unwrap();
    [film, scratch.path("d")]
}

#[test]
fn a_write_error_is_told_to_every_reception_whose_bytes_it_may_have_cost() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    (0..40).for_each(|i| drop(scratch.put(&format!("big/{i}"), noise(5000, i))));
    scratch.put("small/a", b"1");
    let mut inbox = scratch.inbox();
    let (mut many, mut big) = begun(&mut inbox, 1, &scratch.path("big"));
    let (mut few, mut small) = begun(&mut inbox, 2, &scratch.path("small"));
    pump(&mut many, &mut big, u64::MAX);
    pump(&mut few, &mut small, u64::MAX);
    disk.lose("tree/");
    disk.write_back();
    let errors = [
        small.finish(few.counted().entries),
        big.finish(many.counted().entries),
    ];
    for error in errors.map(Result::unwrap_err) {
        assert_eq!(error.errno(), 5, "{error:?}");
    }
    assert_eq!(visible(&scratch), [""; 0]);
}

#[test]
fn what_the_disk_lost_of_a_file_that_failed_is_sent_again() {
    for gives_up in [false, true] {
        let scratch = Scratch::new();
        let film = scratch.put("film", noise(3 * LEAF + 3, 1));
        let disk = scratch.disk();
        let mut inbox = scratch.inbox();
        let (mut outbox, mut reception) = begun(&mut inbox, 1, &film);
        let info = outbox.entry(0).unwrap();
        reception.begin_entry(&announced(0, &info)).unwrap();
        let sender = Sender::new(&mut outbox, 0);
        for leaf in 0..2 {
            sender.leaf(&mut reception, leaf).unwrap();
        }
        disk.lose("tree/data");
        disk.write_back();
        // Either way the file is kept for the next attempt, and only then synced.
        if gives_up {
            reception.abandon(0);
        } else {
            disk.on(Op::Write).at("tree/data").fail(5);
            let error = sender.leaf(&mut reception, 2).unwrap_err();
            assert_eq!(error.errno(), 5, "{error:?}");
        }
        drop(reception);
        disk.heal();
        let (mut outbox, mut reception) = begun(&mut inbox, 1, &film);
        pump(&mut outbox, &mut reception, u64::MAX);
        let finished = reception.finish(1).unwrap();
        assert_eq!(finished.ending, Ending::Durable);
        disk.cut_power();
        assert!(is_as_sent(&film, &finished.path), "given up: {gives_up}");
    }
}

#[test]
fn what_is_called_durable_survives_a_power_cut() {
    for system in SYSTEMS {
        for path in things(&Scratch::new()).map(|path| path.file_name().unwrap().to_owned()) {
            let scratch = Scratch::new();
            things(&scratch);
            let disk = scratch.disk();
            disk.format(system);
            let finished = send(&mut scratch.inbox(), &scratch.path("").join(&path));
            assert_eq!(finished.ending, Ending::Durable);
            disk.cut_power();
            let sent = scratch.path("").join(&path);
            assert!(is_as_sent(&sent, &finished.path), "{system:?} {path:?}");
        }
    }
}

#[test]
fn what_is_merged_survives_a_power_cut() {
    for (system, collision) in [
        (FileSystem::Ext4, Collision::Overwrite),
        (FileSystem::Fuse, Collision::Overwrite),
        (FileSystem::Fuse, Collision::Skip),
    ] {
        let scratch = Scratch::new();
        let [_, path] = things(&scratch);
        scratch.put("in/d/own", b"own");
        scratch.put("in/d/below/own", b"own");
        let disk = scratch.disk();
        disk.format(system);
        let finished = send_as(&mut scratch.inbox(), &path, collision);
        assert_eq!(finished.ending, Ending::Durable);
        disk.cut_power();
        fs::remove_file(scratch.path("in/d/own")).unwrap();
        fs::remove_file(scratch.path("in/d/below/own")).unwrap();
        assert!(is_as_sent(&path, &finished.path), "{system:?}");
    }
}

#[test]
fn an_inbox_that_was_made_survives_a_power_cut() {
    let scratch = Scratch::new();
    let [film, _] = things(&scratch);
    fs::create_dir_all(scratch.path("disk")).unwrap();
    let disk = Disk::mount(&scratch.path("disk"));
    let root = scratch.path("disk/a/b/in");
    let settings = limited(root.clone(), ALL_ROOM);
    let finished = send(&mut Inbox::open(settings).unwrap(), &film);
    assert_eq!(finished.path, root.join("film"));
    disk.cut_power();
    assert!(is_as_sent(&film, &finished.path));
}

/// Durable is said only after every sync said yes.
#[test]
fn b31_a_sync_that_fails_is_never_a_success() {
    for system in SYSTEMS {
        for collision in [Collision::Rename, Collision::Overwrite] {
            for thing in 0..2 {
                let failed = SYNCS.map(|op| {
                    let fails = |nth| fails_to_sync(system, collision, thing, op, nth);
                    (1..).take_while(|nth| fails(*nth)).count()
                });
                assert!(failed.iter().sum::<usize>() >= 4, "{failed:?}");
            }
        }
    }
}

/// Sends a thing while the nth such sync fails; false if there is none.
fn fails_to_sync(system: FileSystem, collision: Collision, thing: usize, op: Op, nth: u32) -> bool {
    let scratch = Scratch::new();
    let path = &things(&scratch)[thing];
    if collision == Collision::Overwrite {
        scratch.put("in/film", b"old");
        scratch.put("in/d/below/b", b"old");
    }
    let disk = scratch.disk();
    disk.format(system);
    disk.on(op).nth(nth).fail(EIO);
    let ending = try_send(&scratch, path, collision).map(|finished| finished.ending);
    let success = matches!(ending, Some(Ending::Durable | Ending::AlreadyThere));
    if disk.faults() == 0 {
        assert!(success, "{ending:?}");
        return false;
    }
    assert!(!success, "{system:?} {op:?} {nth} {path:?} {ending:?}");
    // What is left of it does no harm to the next attempt.
    disk.heal();
    let again = try_send(&scratch, path, collision).unwrap();
    assert!(is_as_sent(path, &again.path), "{op:?} {nth} {again:?}");
    true
}

#[test]
fn b30_a_power_cut_at_any_call_leaves_all_or_nothing() {
    for system in SYSTEMS {
        for thing in 0..2 {
            for changes in 0.. {
                let scratch = Scratch::new();
                let path = &things(&scratch)[thing];
                let disk = scratch.disk();
                disk.format(system);
                disk.stop_after(changes);
                let finished = try_send(&scratch, path, Collision::Rename);
                let whole = !disk.has_stopped();
                disk.cut_power();
                let name = path.file_name().unwrap();
                let came = scratch.path("in").join(name);
                let durable = finished.is_some_and(|end| end.ending == Ending::Durable);
                assert!(!durable || is_as_sent(path, &came), "{system:?} {changes}");
                assert!(
                    !came.exists() || is_as_sent(path, &came),
                    "{system:?} {changes}"
                );
                let again = try_send(&scratch, path, Collision::Rename).unwrap();
                assert!(
                    is_as_sent(path, &again.path),
                    "{system:?} {changes} {again:?}"
                );
                if whole {
                    assert!(changes > 10, "{changes}");
                    break;
                }
            }
        }
    }
}

#[test]
fn b31_after_a_sync_that_failed_nothing_more_counts_as_durable() {
    for system in SYSTEMS {
        let scratch = Scratch::new();
        (0..20).for_each(|i| drop(scratch.put(&format!("d/{i:02}"), noise(5000, i))));
        let disk = scratch.disk();
        disk.format(system);
        let mut inbox = scratch.inbox();
        let (mut outbox, mut reception) = begun(&mut inbox, 7, &scratch.path("d"));
        pump(&mut outbox, &mut reception, 5);
        let before = reception.counts().durable;
        let sync = match system {
            FileSystem::Ext4 => Op::SyncAll,
            _ => Op::SyncFolder,
        };
        disk.on(sync).nth(1).fail(EIO);
        reception.pause();
        assert_eq!(disk.faults(), 1);
        reception.pause();
        assert_eq!(reception.counts().durable, before);
        let error = reception.begin_entry(&entry(5, "05", 5000)).unwrap_err();
        assert_eq!(error.errno(), 5, "{error:?}");
    }
}

/// A file of the inbox that a user copied there, as the sender dates it.
fn copied(scratch: &Scratch, name: &str, bytes: &[u8], nanoseconds: u64) {
    use std::time::{Duration, SystemTime};
    let when = SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds);
    for path in [
        scratch.put(name, bytes),
        scratch.put(&format!("in/{name}"), bytes),
    ] {
        let file = writable(path);
        file.set_modified(when).unwrap();
    }
}

/// A time that a file is recognised by before it moves, and one that it is compared at the end by.
const TIMES: [u64; 2] = [1_700_000_000_123_456_789, 1_700_000_000_000_000_000];

#[test]
fn what_is_already_there_is_synced_before_it_is_called_so() {
    for time in TIMES {
        let scratch = Scratch::new();
        let disk = scratch.disk();
        let mut inbox = scratch.inbox();
        copied(&scratch, "film", &noise(LEAF + 5, 1), time);
        let finished = send(&mut inbox, &scratch.path("film"));
        assert_eq!(finished.ending, Ending::AlreadyThere);
        drop(inbox);
        disk.cut_power();
        assert!(is_as_sent(&scratch.path("film"), &finished.path), "{time}");
    }
    for system in SYSTEMS {
        let scratch = Scratch::new();
        let disk = scratch.disk();
        disk.format(system);
        let [_, path] = things(&scratch);
        let mut inbox = scratch.inbox();
        let mut copy = std::process::Command::new("cp");
        copy.arg("-r").arg(&path).arg(scratch.path("in"));
        assert!(copy.status().unwrap().success());
        let finished = send(&mut inbox, &path);
        assert_eq!(finished.ending, Ending::AlreadyThere);
        drop(inbox);
        disk.cut_power();
        assert!(is_as_sent(&path, &finished.path), "{system:?}");
    }
}

#[test]
fn a_file_that_the_disk_lost_is_not_already_there_however_often_it_is_sent() {
    for time in TIMES {
        let scratch = Scratch::new();
        let disk = scratch.disk();
        copied(&scratch, "film", &noise(LEAF + 5, 1), time);
        disk.lose("film");
        disk.write_back();
        disk.heal();
        let path = scratch.path("film");
        let attempts = (0..4).filter_map(|_| try_send(&scratch, &path, Collision::Rename));
        let ended: Vec<_> = attempts.collect();
        disk.cut_power();
        let success = |one: &&Finished| one.ending != Ending::Failed;
        let called: Vec<_> = ended.iter().filter(success).map(|one| &one.path).collect();
        assert!(called.len() > 1, "{ended:?}");
        assert!(
            called.iter().all(|came| is_as_sent(&path, came)),
            "{time} {ended:?}"
        );
    }
}

#[test]
fn modes_and_times_survive_a_power_cut() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    for system in SYSTEMS {
        let scratch = Scratch::new();
        let [_, path] = things(&scratch);
        let seen = |folder: &Path| {
            ["below", "below/b", "a", "empty"].map(|name| {
                let found = fs::metadata(folder.join(name)).unwrap();
                (found.mode() & 0o7777, found.mtime(), found.mtime_nsec())
            })
        };
        fs::set_permissions(path.join("below"), fs::Permissions::from_mode(0o750)).unwrap();
        fs::set_permissions(path.join("empty"), fs::Permissions::from_mode(0o751)).unwrap();
        fs::set_permissions(path.join("a"), fs::Permissions::from_mode(0o711)).unwrap();
        let disk = scratch.disk();
        disk.format(system);
        let finished = send(&mut scratch.inbox(), &path);
        assert_eq!(seen(&path), seen(&finished.path));
        disk.cut_power();
        assert_eq!(seen(&path), seen(&finished.path), "{system:?}");
    }
}

#[test]
fn many_files_cost_no_more_syncs_than_a_few_where_one_call_reaches_all() {
    let counts = [3, 300].map(|files| {
        let scratch = Scratch::new();
        (0..files).for_each(|i| drop(scratch.put(&format!("d/{}/{i}", i % 7), noise(50, i))));
        let disk = scratch.disk();
        // A slow machine comes to a checkpoint each second, so some more are no fault.
        send(&mut scratch.inbox(), &scratch.path("d"));
        syncs(&disk)
    });
    assert!(counts[1] < counts[0] + 60, "{counts:?}");
}

#[test]
fn a_receiver_that_can_not_ask_for_room_says_so() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    let mut inbox = scratch.inbox();
    disk.on(Op::Space).fail(EIO);
    let error = inbox.receive(PEER, &file_offer("a", 1)).unwrap_err();
    assert!(matches!(error, InboxError::System { .. }), "{error:?}");
}
