//! What is sent again: nothing of what is there, changed leaves of what changed, and no second
//! folder beside the first.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use transom_store::faults::FileSystem;
use transom_store::{Begin, Ended, Finished, Inbox};
use transom_wire::{Collision, Ending};

use crate::support::*;

/// Sends a path; gives how it ended, and how many leaves went.
fn sent(inbox: &mut Inbox, path: &Path, collision: Collision) -> (Finished, u64) {
    sent_by(inbox, PEER, path, collision)
}

fn sent_by(
    inbox: &mut Inbox,
    peer: [u8; 32],
    path: &Path,
    collision: Collision,
) -> (Finished, u64) {
    let mut outbox = walked(path).unwrap();
    let mut reception = inbox.receive(peer, &offer(&outbox, collision)).unwrap();
    let leaves = pump(&mut outbox, &mut reception, u64::MAX);
    (reception.finish(outbox.counted().entries).unwrap(), leaves)
}

/// Another time, of whole seconds, which anybody could guess.
fn touch(path: &Path) {
    let when = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    let file = writable(path);
    file.set_modified(when).unwrap();
}

/// Flips a byte.
fn change(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// A folder of small and large files, empty ones and folders.
fn album(scratch: &Scratch) -> std::path::PathBuf {
    scratch.put("album/small", b"small");
    scratch.put("album/empty", b"");
    scratch.put("album/below/film", noise(32 * LEAF, 1));
    scratch.put("album/below/odd", noise(2 * LEAF + 7, 2));
    fs::create_dir_all(scratch.path("album/nothing")).unwrap();
    scratch.path("album")
}

/// Sets mode and time of a folder.
fn look(path: &Path, mode: u32, seconds: u64) {
    let when = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    fs::File::open(path).unwrap().set_modified(when).unwrap();
}

/// Mode and time of a folder.
fn looks(path: &Path) -> (u32, SystemTime) {
    let found = fs::metadata(path).unwrap();
    (
        found.permissions().mode() & 0o7777,
        found.modified().unwrap(),
    )
}

/// A clock tick of the file system: what comes later has a later time.
fn tick() {
    std::thread::sleep(Duration::from_millis(20));
}

#[test]
fn a_folder_that_is_there_is_recognised_file_by_file_whatever_its_times() {
    for collision in [Collision::Rename, Collision::Overwrite, Collision::Skip] {
        let scratch = Scratch::new();
        let mut inbox = scratch.inbox();
        let album = album(&scratch);
        let (first, leaves) = sent(&mut inbox, &album, collision);
        assert_eq!((first.ending, leaves), (Ending::Durable, 36));
        for name in ["small", "below/film", "below/odd"] {
            touch(&album.join(name));
        }
        let (again, leaves) = sent(&mut inbox, &album, collision);
        let ending = match collision {
            Collision::Skip => Ending::Skipped,
            _ => Ending::AlreadyThere,
        };
        assert_eq!((again.ending, leaves), (ending, 0), "{collision:?}");
        assert_eq!(again.path, first.path);
        assert_eq!(published(&scratch), ["album"]);
        assert!(is_as_sent(&album, &again.path));
    }
}

#[test]
fn a_file_that_changed_sends_changed_leaves_only() {
    let cases = [
        (Collision::Rename, "film (1)", 1, Ending::Durable),
        (Collision::Overwrite, "film", 1, Ending::Durable),
        (Collision::Skip, "film", 0, Ending::Skipped),
    ];
    for in_folder in [false, true] {
        for (collision, name, leaves, ending) in cases {
            let scratch = Scratch::new();
            let mut inbox = scratch.inbox();
            let old = noise(32 * LEAF, 1);
            let film = scratch.put("d/film", &old);
            scratch.put("d/other", b"other");
            let (sends, at) = match in_folder {
                true => (scratch.path("d"), "in/d"),
                false => (film.clone(), "in"),
            };
            sent(&mut inbox, &sends, collision);
            change(&film, 20 * LEAF + 5);
            let (again, went) = sent(&mut inbox, &sends, collision);
            assert_eq!(
                (again.ending, went),
                (ending, leaves),
                "{collision:?} {in_folder}"
            );
            let there = scratch.path(at).join(name);
            if leaves > 0 {
                assert!(fs::read(&there).unwrap() == fs::read(&film).unwrap());
            }
            let (renamed, skipped) = (again.renamed, again.skipped);
            if in_folder {
                let named = |is: bool, name: &str| match is {
                    true => (1, vec![name.to_owned()]),
                    false => (0, Vec::new()),
                };
                let renames = collision == Collision::Rename;
                assert_eq!((renamed.count, renamed.first), named(renames, name));
                // Both files of the folder have their names.
                let skips = if collision == Collision::Skip { 2 } else { 0 };
                assert_eq!(skipped.count, skips);
            } else {
                assert_eq!((renamed.count, skipped.count), (0, 0), "the path says it");
            }
            if name != "film" {
                assert!(fs::read(scratch.path(at).join("film")).unwrap() == old);
            }
            // The newest version is the one that is compared from then on.
            let (once_more, went) = sent(&mut inbox, &sends, collision);
            assert_eq!(went, 0, "{collision:?} {in_folder}");
            assert!(matches!(
                once_more.ending,
                Ending::AlreadyThere | Ending::Skipped
            ));
            if in_folder {
                assert_eq!(published(&scratch), ["d"]);
            }
        }
    }
}

#[test]
fn a_file_that_grew_or_shrank_keeps_its_leaves() {
    for (size, wanted) in [(8 * LEAF + 9, 5), (3 * LEAF, 0), (2 * LEAF + 1, 1), (1, 1)] {
        let scratch = Scratch::new();
        let mut inbox = scratch.inbox();
        let bytes = noise(9 * LEAF, 1);
        let film = scratch.put("d/film", &bytes[..4 * LEAF + 3]);
        sent(&mut inbox, &scratch.path("d"), Collision::Overwrite);
        fs::write(&film, &bytes[..size]).unwrap();
        let (again, leaves) = sent(&mut inbox, &scratch.path("d"), Collision::Overwrite);
        assert_eq!((again.ending, leaves), (Ending::Durable, wanted), "{size}");
        assert!(is_as_sent(&scratch.path("d"), &again.path));
    }
}

/// Sends a path up to the end of its first file, then does something, and sends the rest. Gives how
/// many leaves went after that.
fn sent_after(inbox: &mut Inbox, path: &Path, act: impl FnOnce()) -> (Finished, u64) {
    let mut outbox = walked(path).unwrap();
    let mut reception = inbox
        .receive(PEER, &offer(&outbox, Collision::Rename))
        .unwrap();
    let info = outbox.entry(0).unwrap();
    let begun = reception.begin_entry(&announced(0, &info)).unwrap();
    let Begin::Data { offset } = begun else {
        panic!("it is a file");
    };
    let sender = Sender::new(&mut outbox, 0);
    let mut again = sender.hashes(&mut reception, offset).unwrap();
    act();
    let mut leaves = 0;
    loop {
        for leaf in again.drain(..).flat_map(leaves_of).collect::<Vec<_>>() {
            assert_eq!(sender.leaf(&mut reception, leaf).unwrap(), None);
            leaves += 1;
        }
        match sender.end(&mut reception).unwrap() {
            Ended::Again(more) => again = more,
            Ended::Done => break,
        }
    }
    (reception.finish(1).unwrap(), leaves)
}

#[test]
fn a_file_that_is_removed_or_changed_after_it_was_compared_is_sent_again() {
    for in_folder in [false, true] {
        for is_removed in [false, true] {
            for differs in [false, true] {
                let scratch = Scratch::new();
                let mut inbox = scratch.inbox();
                let film = scratch.put("d/film", noise(5 * LEAF + 3, 1));
                let (sends, there) = match in_folder {
                    true => (scratch.path("d"), scratch.path("in/d/film")),
                    false => (film.clone(), scratch.path("in/film")),
                };
                sent(&mut inbox, &sends, Collision::Rename);
                if differs {
                    change(&film, LEAF);
                }
                let (again, leaves) = sent_after(&mut inbox, &sends, || {
                    match is_removed {
                        true => fs::remove_file(&there).unwrap(),
                        false => change(&there, 3 * LEAF),
                    };
                });
                assert_eq!((again.ending, leaves), (Ending::Durable, 6));
                let came = match (in_folder, is_removed) {
                    (true, true) => again.path.join("film"),
                    (true, false) => again.path.join("film (1)"),
                    (false, _) => again.path,
                };
                assert!(fs::read(&film).unwrap() == fs::read(came).unwrap());
            }
        }
    }
}

#[test]
fn a_file_that_was_found_there_is_known_from_then_on() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let film = scratch.put("film", noise(5 * LEAF + 3, 1));
    touch(&film);
    // Of a whole second, so that it is compared when all of it came.
    fs::create_dir_all(scratch.path("in")).unwrap();
    fs::copy(&film, scratch.path("in/film")).unwrap();
    for leaves in [6, 0, 0] {
        let (again, went) = sent(&mut inbox, &film, Collision::Rename);
        assert_eq!((again.ending, went), (Ending::AlreadyThere, leaves));
    }
    // Another program's change is none of the sender's business.
    change(&scratch.path("in/film"), 0);
    let (again, went) = sent(&mut inbox, &film, Collision::Rename);
    assert_eq!((again.ending, went), (Ending::Durable, 6));
}

#[test]
fn a_folder_that_lacks_a_file_is_completed_where_it_is() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let album = album(&scratch);
    sent(&mut inbox, &album, Collision::Rename);
    fs::remove_file(scratch.path("in/album/below/odd")).unwrap();
    scratch.put("album/new/one", noise(LEAF + 1, 9));
    scratch.put("in/album/own", b"own");
    let (again, leaves) = sent(&mut inbox, &album, Collision::Rename);
    assert_eq!((again.ending, leaves), (Ending::Durable, 5));
    assert_eq!(published(&scratch), ["album"]);
    fs::remove_file(scratch.path("in/album/own")).unwrap();
    assert!(is_as_sent(&album, &scratch.path("in/album")));
    // What came to complete it is known too, and by another run.
    drop(inbox);
    let (last, leaves) = sent(&mut scratch.inbox(), &album, Collision::Rename);
    assert_eq!((last.ending, leaves), (Ending::AlreadyThere, 0));
}

#[test]
fn what_completes_a_folder_keeps_modes_and_times_of_the_folders_in_it() {
    for most in [1, u32::MAX] {
        let scratch = Scratch::new();
        let mut inbox = scratch.inbox();
        let (album, came) = (album(&scratch), scratch.path("in/album"));
        scratch.put("album/below/closed/one", b"one");
        for (number, name) in ["below/closed", "below", "nothing"].iter().enumerate() {
            look(&album.join(name), 0o755, 1_000_000_000 + number as u64);
        }
        sent(&mut inbox, &album, Collision::Rename);
        fs::remove_file(came.join("below/odd")).unwrap();
        fs::remove_file(came.join("below/closed/one")).unwrap();
        scratch.put("album/new/in/it", noise(LEAF + 1, 9));
        look(&album.join("new/in"), 0o750, 1_100_000_000);
        look(&album.join("new"), 0o755, 1_200_000_000);
        // What the user closed to others stays so.
        look(&came.join("below/closed"), 0o700, 1_300_000_000);

        let (mut outbox, mut reception) = begun_as(&mut inbox, &album, Collision::Rename);
        pump(&mut outbox, &mut reception, u64::MAX);
        let entries = outbox.counted().entries;
        let finished = loop {
            if let Some(finished) = reception.finish_some(entries, most).unwrap() {
                break finished;
            }
        };
        assert_eq!(finished.ending, Ending::Durable);
        assert!(is_as_sent(&album, &came));
        for name in ["below", "nothing", "new", "new/in"] {
            let (sent, came) = (looks(&album.join(name)), looks(&came.join(name)));
            assert_eq!(came, sent, "{name}");
        }
        let (_, sent) = looks(&album.join("below/closed"));
        assert_eq!(looks(&came.join("below/closed")), (0o700, sent));
    }
}

#[test]
fn what_comes_into_a_folder_of_the_users_own_has_its_look_and_leaves_that_of_the_folder() {
    let scratch = Scratch::new();
    let album = album(&scratch);
    look(&album.join("below"), 0o755, 1_000_000_000);
    look(&album.join("nothing"), 0o755, 1_100_000_000);
    let own = scratch.put("in/album/nothing/own", b"own");
    look(own.parent().unwrap(), 0o700, 1_200_000_000);
    let before = looks(own.parent().unwrap());
    let (finished, _) = sent(&mut scratch.inbox(), &album, Collision::Overwrite);
    assert_eq!(finished.ending, Ending::Durable);
    assert_eq!(
        looks(&finished.path.join("below")),
        looks(&album.join("below"))
    );
    assert_eq!(looks(own.parent().unwrap()), before);
}

#[test]
fn b29_another_peer_learns_nothing_of_what_came_from_the_first() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let album = album(&scratch);
    let film = scratch.put("film", noise(4 * LEAF, 1));
    sent(&mut inbox, &album, Collision::Rename);
    sent(&mut inbox, &film, Collision::Rename);
    touch(&film);
    for path in [&album, &film] {
        let outbox = walked(path).unwrap();
        let mut reception = inbox
            .receive([9; 32], &offer(&outbox, Collision::Rename))
            .unwrap();
        for index in 0..outbox.counted().entries {
            let info = outbox.entry(index).unwrap();
            let begun = reception.begin_entry(&announced(index, &info)).unwrap();
            let is_new = matches!(begun, Begin::Done | Begin::Data { offset: 0 });
            assert!(is_new, "{begun:?}");
        }
    }
    // Of what it changed it hears no leaf that is the same.
    change(&film, 0);
    let (_, leaves) = sent_by(&mut inbox, [9; 32], &film, Collision::Rename);
    assert_eq!(leaves, 4);
}

#[test]
fn b29_what_the_user_changed_or_put_there_is_not_compared_with_the_peer() {
    for moved_in in [false, true] {
        let scratch = Scratch::new();
        let mut inbox = scratch.inbox();
        let film = scratch.put("d/film", noise(4 * LEAF, 1));
        scratch.put("d/other", b"other");
        let own = scratch.put("own/film", noise(4 * LEAF, 1));
        tick();
        sent(&mut inbox, &scratch.path("d"), Collision::Rename);
        tick();
        if moved_in {
            fs::rename(own, scratch.path("in/d/film")).unwrap();
        } else {
            change(&scratch.path("in/d/film"), 3);
        }
        // Also after the log was written once more.
        scratch.put("d/new", b"new");
        sent(&mut inbox, &scratch.path("d"), Collision::Overwrite);
        if !moved_in {
            continue;
        }
        change(&film, 0);
        fs::write(scratch.path("in/d/film"), noise(4 * LEAF, 1)).unwrap();
        tick();
        let (_, leaves) = sent(&mut inbox, &scratch.path("d"), Collision::Overwrite);
        assert_eq!(leaves, 4, "all of it comes");
    }
}

#[test]
fn b29_what_the_user_writes_while_a_folder_is_completed_is_not_compared_with_the_peer() {
    for is_known in [false, true] {
        let scratch = Scratch::new();
        let mut inbox = scratch.inbox();
        scratch.put("d/first", b"first");
        if is_known {
            sent(&mut inbox, &scratch.path("d"), Collision::Overwrite);
        }
        scratch.put("d/second", b"second");
        let (mut outbox, mut reception) =
            begun_as(&mut inbox, &scratch.path("d"), Collision::Overwrite);
        pump(&mut outbox, &mut reception, u64::MAX);
        tick();
        scratch.put("in/d/film", noise(4 * LEAF, 1));
        tick();
        let finished = reception.finish(outbox.counted().entries).unwrap();
        assert_eq!(finished.ending, Ending::Durable);
        drop(reception);
        // What the peer moved there is known, what the user put there is not.
        scratch.put("d/film", noise(4 * LEAF, 1));
        let (_, leaves) = sent(&mut inbox, &scratch.path("d"), Collision::Overwrite);
        assert_eq!(leaves, 4, "{is_known}");
    }
}

#[test]
fn b29_a_folder_that_the_user_moved_in_is_not_compared_with_the_peer() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    scratch.put("d/below/film", noise(4 * LEAF, 1));
    scratch.put("private/below/film", noise(4 * LEAF, 1));
    tick();
    sent(&mut inbox, &scratch.path("d"), Collision::Rename);
    fs::remove_dir_all(scratch.path("in/d")).unwrap();
    // The times of what is in it stay as they were.
    fs::rename(scratch.path("private"), scratch.path("in/d")).unwrap();
    let (_, leaves) = sent(&mut inbox, &scratch.path("d"), Collision::Rename);
    assert_eq!(leaves, 4);
}

#[test]
fn a_folder_of_the_users_own_that_took_the_name_gets_nothing() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let album = album(&scratch);
    sent(&mut inbox, &album, Collision::Rename);
    fs::rename(scratch.path("in/album"), scratch.path("in/old")).unwrap();
    scratch.put("in/album/own", b"own");
    let (again, _) = sent(&mut inbox, &album, Collision::Rename);
    assert_eq!(again.path, scratch.path("in/album (1)"));
    assert_eq!(fs::read_dir(scratch.path("in/album")).unwrap().count(), 1);
    // From then on that is the one.
    let (last, leaves) = sent(&mut inbox, &album, Collision::Rename);
    assert_eq!((last.ending, leaves), (Ending::AlreadyThere, 0));
    assert_eq!(last.path, again.path);
}

#[test]
fn a_folder_that_is_removed_while_it_is_completed_is_not_called_there() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let album = album(&scratch);
    sent(&mut inbox, &album, Collision::Rename);
    let (mut outbox, mut reception) = begun(&mut inbox, 7, &album);
    assert_eq!(pump(&mut outbox, &mut reception, u64::MAX), 0);
    fs::remove_dir_all(scratch.path("in/album")).unwrap();
    reception.finish(outbox.counted().entries).unwrap_err();
    drop(reception);
    let (again, _) = sent(&mut inbox, &album, Collision::Rename);
    assert_eq!(again.ending, Ending::Durable);
    assert!(is_as_sent(&album, &again.path));
}

#[test]
fn a_copy_that_was_cut_off_and_then_damaged_goes_on() {
    let scratch = Scratch::new();
    let mut inbox = scratch.inbox();
    let film = scratch.put("film", noise(6 * LEAF, 1));
    sent(&mut inbox, &film, Collision::Rename);
    change(&film, 0);
    let (mut outbox, mut reception) = begun(&mut inbox, PEER[0], &film);
    let sender = Sender::new(&mut outbox, 0);
    let entry = outbox.entry(0).unwrap();
    let held = 6 * LEAF as u64;
    reception.begin_entry(&announced(0, &entry)).unwrap();
    assert_eq!(sender.hashes(&mut reception, held).unwrap().len(), 1);
    sender.leaf(&mut reception, 0).unwrap();
    let ended = reception.end_some(0, sender.size, &sender.root, 2);
    assert_eq!(ended.unwrap(), None);
    reception.pause();
    drop(reception);
    change(&staged(&scratch).join("tree/data"), LEAF);
    let (again, leaves) = sent(&mut inbox, &film, Collision::Rename);
    assert_eq!((again.ending, leaves), (Ending::Durable, 1));
    assert!(is_as_sent(&film, &again.path));
}

#[test]
fn a_power_cut_at_any_call_of_what_is_sent_again_loses_nothing() {
    for system in [FileSystem::Ext4, FileSystem::Fuse] {
        for collision in [Collision::Rename, Collision::Overwrite] {
            for changes in 0.. {
                let scratch = Scratch::new();
                let disk = scratch.disk();
                disk.format(system);
                let film = scratch.put("d/film", noise(3 * LEAF, 1));
                scratch.put("d/other", b"other");
                sent(&mut scratch.inbox(), &scratch.path("d"), collision);
                let old = fs::read(&film).unwrap();
                change(&film, LEAF + 1);
                scratch.put("d/new", b"new");
                disk.stop_after(changes);
                let finished = try_again(&scratch, collision);
                let whole = !disk.has_stopped();
                disk.cut_power();
                let there = fs::read(scratch.path("in/d/film")).unwrap();
                let is_new = there == fs::read(&film).unwrap();
                assert!(is_new || there == old, "{system:?} {collision:?} {changes}");
                assert_eq!(fs::read(scratch.path("in/d/other")).unwrap(), b"other");
                let durable = finished.is_some_and(|end| end.ending == Ending::Durable);
                assert!(durable || !whole);
                if durable {
                    let name = match collision {
                        Collision::Rename => "in/d/film (1)",
                        _ => "in/d/film",
                    };
                    assert!(fs::read(scratch.path(name)).unwrap() == fs::read(&film).unwrap());
                    assert_eq!(fs::read(scratch.path("in/d/new")).unwrap(), b"new");
                }
                try_again(&scratch, collision).unwrap();
                if whole {
                    assert!(changes > 10, "{changes}");
                    break;
                }
            }
        }
    }
}

fn try_again(scratch: &Scratch, collision: Collision) -> Option<Finished> {
    let mut inbox = Inbox::open(scratch.settings()).ok()?;
    let mut outbox = walked(&scratch.path("d")).unwrap();
    let mut reception = inbox.receive(PEER, &offer(&outbox, collision)).ok()?;
    try_pump(&mut outbox, &mut reception);
    reception.finish(outbox.counted().entries).ok()
}
