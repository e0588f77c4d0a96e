//! Files and folders that arrive: content, names, modes, times, collisions.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use transom_store::faults::{FileSystem, Op};
use transom_store::{Begin, Ended, Reception, Run};
use transom_wire::{Collision, Ending};

use crate::support::*;

#[test]
fn receptions_may_go_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<transom_store::Reception>();
    is_send::<transom_store::Inbox>();
    is_send::<transom_store::Outbox>();
}

#[test]
fn files_of_every_size_arrive_as_they_were() {
    for size in [0, 1, LEAF - 1, LEAF, LEAF + 1, 3 * LEAF, 5 * LEAF + 17] {
        let scratch = Scratch::new();
        let path = scratch.put("photo.jpg", noise(size, 1));
        let finished = send(&mut scratch.inbox(), &path);
        assert_eq!(finished.ending, Ending::Durable);
        assert_eq!(finished.path, scratch.path("in/photo.jpg"));
        assert_eq!(fs::read(&path).unwrap(), fs::read(&finished.path).unwrap());
        assert_eq!(published(&scratch), ["photo.jpg"]);
    }
}

#[test]
fn a_folder_arrives_whole_with_its_empty_folders() {
    let scratch = Scratch::new();
    for i in 0..300 {
        scratch.put(&format!("album/{}/{i}.txt", i % 7), noise(i * 37, i as u64));
    }
    scratch.put("album/deep/er/film.bin", noise(2 * LEAF + 9, 5));
    fs::create_dir_all(scratch.path("album/empty/er")).unwrap();
    let finished = send(&mut scratch.inbox(), &scratch.path("album"));
    assert_eq!(finished.ending, Ending::Durable);
    assert_eq!(
        contents(&scratch.path("album")),
        contents(&scratch.path("in/album"))
    );
    assert_eq!(published(&scratch), ["album"]);
}

#[test]
fn a_small_file_is_opened_once_and_written_once() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    let (bytes, files) = (noise(1000, 1), 300);
    let hash = transom_store::hash_leaf(&bytes, 0, 1000);
    let offer = folder_offer("d", files, u64::from(files) * 1000);
    let mut reception = scratch.inbox().receive(PEER, &offer).unwrap();
    let announce = |reception: &mut Reception, index: u32| {
        let path = index.to_string();
        // No umask takes a bit from this mode.
        let announced = transom_wire::Entry {
            mode: 0o600,
            ..entry(index, &path, 1000)
        };
        reception.begin_entry(&announced).unwrap();
    };
    let ahead = transom_wire::limits::ENTRIES_AHEAD;
    (0..ahead).for_each(|index| announce(&mut reception, index));
    disk.calls();
    for index in 0..files {
        reception.leaf(index, 0, &hash, &bytes).unwrap();
        reception.end(index, 1000, &hash).unwrap();
        let calls = disk.calls().into_iter().map(|call| call.op);
        // A slow machine comes to a checkpoint each second.
        let is_checkpoint = |op: &Op| SYNCS.contains(op) || *op == Op::Space;
        let calls: Vec<_> = calls.filter(|op| !is_checkpoint(op)).collect();
        let wanted = [Op::Create, Op::Write, Op::SetTime];
        assert_eq!(calls, wanted, "file {index}");
        if index + ahead < files {
            announce(&mut reception, index + ahead);
            let looks = disk.calls().into_iter().map(|call| call.op);
            assert_eq!(
                looks.collect::<Vec<_>>(),
                [],
                "nothing is there to look for"
            );
        }
    }
    assert_eq!(reception.finish(files).unwrap().ending, Ending::Durable);
}

#[test]
fn modes_that_a_umask_takes_bits_from_are_set() {
    let mut again = std::process::Command::new("sh");
    again
        .args(["-c", "umask 077; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "receive::modes_are_masked_and_times_kept"]);
    let output = again.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "{told}");
}

#[test]
fn modes_are_masked_and_times_kept() {
    let scratch = Scratch::new();
    let path = scratch.put("dir/run.sh", b"x");
    let when = SystemTime::UNIX_EPOCH + Duration::new(1_234_567_890, 123_456_789);
    fs::File::open(&path).unwrap().set_modified(when).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o6777)).unwrap();
    fs::set_permissions(scratch.path("dir"), fs::Permissions::from_mode(0o1777)).unwrap();
    fs::create_dir(scratch.path("dir/sub")).unwrap();
    fs::File::open(scratch.path("dir/sub"))
        .unwrap()
        .set_modified(when)
        .unwrap();
    let finished = send(&mut scratch.inbox(), &scratch.path("dir"));
    let there = fs::metadata(finished.path.join("run.sh")).unwrap();
    assert_eq!(there.mode() & 0o7777, 0o755);
    assert_eq!(there.modified().unwrap(), when);
    assert_eq!(
        fs::metadata(finished.path.join("sub"))
            .unwrap()
            .modified()
            .unwrap(),
        when
    );
}

/// As a sender dates it: not in whole seconds.
fn date(path: &Path) {
    let file = writable(path);
    let when = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789);
    file.set_modified(when).unwrap();
}

#[test]
fn the_same_again_is_there_already_and_no_byte_of_it_moves() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let path = scratch.put("film", noise(3 * LEAF + 5, 1));
    date(&path);
    assert_eq!(send(&mut inbox, &path).ending, Ending::Durable);
    let (mut outbox, mut again) = begun_as(&mut inbox, &path, Collision::Rename);
    assert_eq!(pump(&mut outbox, &mut again, u64::MAX), 0, "leaves");
    let finished = again.finish(1).unwrap();
    assert_eq!(finished.ending, Ending::AlreadyThere);
    assert_eq!(finished.path, scratch.path("in/film"));
    drop(again);
    assert_eq!(published(&scratch), ["film"]);
}

#[test]
fn a_file_that_is_there_is_read_some_leaves_at_a_time() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let bytes = noise(3 * LEAF + 5, 1);
    let path = scratch.put("film", &bytes);
    date(&path);
    send(&mut inbox, &path);
    let (mut outbox, mut again) = begun(&mut inbox, PEER[0], &path);
    let size = bytes.len() as u64;
    let begun = again.begin_entry(&entry(0, "film", size)).unwrap();
    assert_eq!(begun, Begin::Data { offset: size });
    let sender = Sender::new(&mut outbox, 0);
    for (leaf, (hash, _)) in (0..).zip(&sender.leaves) {
        let asked = again.hashes(0, leaf * LEAF as u64, &[*hash]).unwrap();
        assert_eq!(asked, []);
    }
    assert!(matches!(sender.end(&mut again).unwrap(), Ended::Done));
    assert_eq!(again.finish(1).unwrap().ending, Ending::AlreadyThere);
}

/// A sender that guesses leaves of a file learns whether it has the whole, and nothing else.
#[test]
fn b29_where_a_file_of_the_inbox_differs_is_not_told() {
    for differs in 0..3 {
        let scratch = Scratch::new();
        let mut inbox = scratch.inbox();
        let path = scratch.put("film", noise(3 * LEAF, 1));
        date(&path);
        send(&mut inbox, &path);
        let (mut outbox, mut again) = begun(&mut inbox, 9, &path);
        let size = 3 * LEAF as u64;
        again.begin_entry(&entry(0, "film", size)).unwrap();
        let mut sender = Sender::new(&mut outbox, 0);
        sender.leaves[differs].0[0] ^= 1;
        let asked = [0, 1, 2].map(|leaf| {
            let hash = sender.leaves[leaf].0;
            again.hashes(0, (leaf * LEAF) as u64, &[hash]).unwrap()
        });
        let all = Run {
            offset: 0,
            leaves: 3,
        };
        assert_eq!(asked, [vec![], vec![], vec![all]]);
    }
}

#[test]
fn a_file_that_is_changed_while_it_is_read_is_none() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let path = scratch.put("film", noise(3 * LEAF, 1));
    date(&path);
    let there = send(&mut inbox, &path).path;
    // Not by the peer that it came from, which may know which leaves are the same.
    let (mut outbox, mut again) = begun(&mut inbox, 9, &path);
    let size = 3 * LEAF as u64;
    again.begin_entry(&entry(0, "film", size)).unwrap();
    let sender = Sender::new(&mut outbox, 0);
    let hashes: Vec<_> = sender.leaves.iter().map(|(hash, _)| *hash).collect();
    assert_eq!(again.hashes(0, 0, &hashes[..1]).unwrap(), []);
    fs::write(there, noise(3 * LEAF, 2)).unwrap();
    let asked = again.hashes(0, LEAF as u64, &hashes[1..]).unwrap();
    let all = Run {
        offset: 0,
        leaves: 3,
    };
    assert_eq!(asked, [all]);
}

#[test]
fn another_file_of_the_same_name_size_and_time_is_sent_and_kept_beside() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let path = scratch.put("film", noise(3 * LEAF + 5, 1));
    let there = scratch.put("in/film", noise(3 * LEAF + 5, 2));
    date(&path);
    date(&there);
    let finished = send(&mut inbox, &path);
    assert_eq!(finished.ending, Ending::Durable);
    assert_eq!(finished.path, scratch.path("in/film (1)"));
    assert_eq!(fs::read(there).unwrap(), noise(3 * LEAF + 5, 2));
    assert_eq!(fs::read(finished.path).unwrap(), fs::read(path).unwrap());
}

#[test]
fn a_time_that_can_be_guessed_lets_nobody_ask_what_is_in_a_file() {
    let scratch = Scratch::new();
    let there = scratch.put("in/a", b"secret");
    let when = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file = writable(there);
    file.set_modified(when).unwrap();
    let mut inbox = scratch.inbox();
    let mut reception = inbox.receive(PEER, &file_offer("a", 6)).unwrap();
    let asked = transom_wire::Entry {
        mtime: 1_700_000_000_000_000_000,
        ..entry(0, "a", 6)
    };
    let begun = reception.begin_entry(&asked).unwrap();
    assert!(matches!(begun, Begin::Data { offset: 0, .. }), "{begun:?}");
}

#[test]
fn the_same_again_is_there_already_and_another_is_kept_beside() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let path = scratch.put("a.txt", b"one");
    assert_eq!(send(&mut inbox, &path).ending, Ending::Durable);
    assert_eq!(send(&mut inbox, &path).ending, Ending::AlreadyThere);
    scratch.put("a.txt", b"two");
    assert_eq!(send(&mut inbox, &path).path, scratch.path("in/a (1).txt"));
    assert_eq!(send(&mut inbox, &path).ending, Ending::AlreadyThere);
    assert_eq!(published(&scratch), ["a (1).txt", "a.txt"]);
    assert_eq!(fs::read(scratch.path("in/a.txt")).unwrap(), b"one");
}

#[test]
fn skip_and_overwrite_do_what_they_say() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let path = scratch.put("a.txt", b"one");
    send(&mut inbox, &path);
    scratch.put("a.txt", b"two");
    assert_eq!(
        send_as(&mut inbox, &path, Collision::Skip).ending,
        Ending::Skipped
    );
    assert_eq!(fs::read(scratch.path("in/a.txt")).unwrap(), b"one");
    assert_eq!(
        send_as(&mut inbox, &path, Collision::Overwrite).ending,
        Ending::Durable
    );
    assert_eq!(fs::read(scratch.path("in/a.txt")).unwrap(), b"two");
    assert_eq!(published(&scratch), ["a.txt"]);
}

#[test]
fn the_end_comes_in_slices_however_much_there_is_to_compare_and_to_move() {
    let scratch = Scratch::new();
    let disk = scratch.disk();
    disk.format(FileSystem::Fuse);
    let mut inbox = scratch.inbox();
    (0..50).for_each(|i| drop(scratch.put(&format!("d/{i}/file"), noise(100, i))));
    let film = scratch.put("film", noise(40 * LEAF, 1));
    scratch.put("in/film", noise(40 * LEAF, 1));
    let last = scratch.put("in/d/0/file", noise(100, 1));
    let d = scratch.path("d");
    let cases = [
        (&d, Collision::Rename, "d (1)", Ending::Durable),
        (&d, Collision::Rename, "d (1)", Ending::AlreadyThere),
        (&d, Collision::Overwrite, "d", Ending::Durable),
        (&d, Collision::Overwrite, "d", Ending::AlreadyThere),
        (&film, Collision::Rename, "film", Ending::AlreadyThere),
    ];
    for (path, collision, name, ending) in cases {
        let (mut outbox, mut reception) = begun_as(&mut inbox, path, collision);
        pump(&mut outbox, &mut reception, u64::MAX);
        disk.calls();
        let mut slices = 0;
        let finished = loop {
            let finished = reception.finish_some(outbox.counted().entries, 1).unwrap();
            let calls = disk.calls().len();
            // The last has all that can't be parted: it waits for the file system once.
            assert!(calls < 20, "{calls} calls in slice {slices}");
            match finished {
                Some(finished) => break finished,
                None => slices += 1,
            }
        };
        assert!(slices >= 40, "{slices} {path:?} {collision:?}");
        assert_eq!(
            (finished.ending, finished.path),
            (ending, scratch.path("in").join(name))
        );
    }
    assert_eq!(fs::read(last).unwrap(), noise(100, 0));
}

#[test]
fn folders_merge_when_they_skip_or_overwrite_and_delete_nothing() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let path = scratch.path("d");
    scratch.put("d/same", b"same");
    scratch.put("d/new/b", b"new b");
    scratch.put("d/a", b"new a");
    scratch.put("in/d/a", b"old a");
    scratch.put("in/d/own", b"own");
    assert_eq!(
        send_as(&mut inbox, &path, Collision::Skip).ending,
        Ending::Durable
    );
    let read = |name: &str| fs::read(scratch.path("in/d").join(name)).unwrap();
    assert_eq!(
        (read("a"), read("new/b")),
        (b"old a".to_vec(), b"new b".to_vec())
    );
    assert_eq!(
        send_as(&mut inbox, &path, Collision::Skip).ending,
        Ending::Skipped
    );
    assert_eq!(
        send_as(&mut inbox, &path, Collision::Overwrite).ending,
        Ending::Durable
    );
    assert_eq!(
        (read("a"), read("own")),
        (b"new a".to_vec(), b"own".to_vec())
    );
    assert_eq!(send(&mut inbox, &path).ending, Ending::AlreadyThere);
    assert_eq!(published(&scratch), ["d"]);
}
