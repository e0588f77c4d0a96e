//! All that is below an inbox flips all the time between what it is and links out of the inbox, or
//! FIFOs, while the store does everything that it does with paths: nothing outside is read,
//! written, made, removed, renamed or given another mode or time.

use std::collections::BTreeMap;
use std::fs::{self, FileTimes};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use transom_store::{Inbox, InboxSettings};
use transom_wire::Collision;

use crate::support::*;

/// How long each of the tests flips.
const LONG: Duration = Duration::from_secs(3);

/// What an attacker made outside the inbox: a copy of it, so that whatever is looked for behind a
/// link is there.
struct Outside {
    top: PathBuf,
    before: BTreeMap<PathBuf, State>,
}

/// What an access of a file or folder changes: how it is and, if the disk keeps that, when it was
/// read.
#[derive(Debug, Eq, PartialEq)]
struct State {
    content: Option<Vec<u8>>,
    mode: u32,
    links: u64,
    changed: (i64, i64),
    read: i64,
}

impl Outside {
    /// A copy of the inbox; gives the paths in the inbox to be flipped too.
    fn copy(scratch: &Scratch) -> (Self, Vec<PathBuf>) {
        let top = scratch.path("outside");
        let inside = scratch.path("in");
        let copied = Command::new("cp").arg("-a").arg(&inside).arg(&top).status();
        assert!(copied.unwrap().success());
        let mut names: Vec<PathBuf> = contents(&top).into_keys().collect();
        for name in names.iter().chain([&PathBuf::new()]) {
            // Older than any reading, so that reading it shows.
            let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
            let times = FileTimes::new().set_accessed(old).set_modified(old);
            fs::File::open(top.join(name))
                .unwrap()
                .set_times(times)
                .unwrap();
        }
        let before = states(&top);
        // A lock that is moved away lets a second program in: that is a user's own doing.
        names.retain(|name| name != Path::new(".transom-incoming/lock"));
        (Self { top, before }, names)
    }

    fn is_untouched(&self) {
        let after = states(&self.top);
        for (path, state) in &self.before {
            assert_eq!(after.get(path), Some(state), "{}", path.display());
        }
        assert_eq!(after.len(), self.before.len());
    }
}

/// How all below a folder is. Looking does not change what is looked at: the times are taken first
/// and put back.
fn states(top: &Path) -> BTreeMap<PathBuf, State> {
    let mut found = BTreeMap::new();
    let mut left = vec![top.to_owned()];
    while let Some(path) = left.pop() {
        let about = fs::symlink_metadata(&path).unwrap();
        let content = if about.is_dir() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            None
        } else {
            Some(fs::read(&path).unwrap())
        };
        let times = FileTimes::new().set_accessed(about.accessed().unwrap());
        fs::File::open(&path).unwrap().set_times(times).unwrap();
        let state = State {
            content,
            mode: about.mode(),
            links: about.nlink(),
            changed: (about.mtime(), about.mtime_nsec()),
            read: about.atime(),
        };
        found.insert(path, state);
    }
    found
}

/// Flips these paths one after another until it is stopped; gives how often.
fn flip(scratch: &Scratch, outside: &Path, names: &[PathBuf], stop: &AtomicBool) -> u32 {
    let pipe = scratch.path("fifo");
    fifo(&pipe);
    let mut flips = 0;
    while !stop.load(Ordering::Relaxed) {
        for name in names {
            let (at, aside) = (scratch.path("in").join(name), scratch.path("aside"));
            // Whichever step fails is tried again in the next round.
            if fs::rename(&at, &aside).is_err() {
                continue;
            }
            if flips % 4 == 3 {
                let _ = fs::rename(&pipe, &at);
                thread::sleep(Duration::from_micros(50));
                let _ = fs::rename(&at, &pipe);
            } else {
                let _ = symlink(outside.join(name), &at);
                thread::sleep(Duration::from_micros(u64::from(flips % 3) * 50));
                let _ = fs::remove_file(&at);
            }
            if fs::rename(&aside, &at).is_err() {
                // The store made it anew meanwhile.
                let _ = fs::remove_dir_all(&aside);
                let _ = fs::remove_file(&aside);
            }
            flips += 1;
        }
    }
    flips
}

/// Does something over and over while everything flips, and no single round of it hangs.
fn while_flipping(scratch: &Scratch, mut round: impl FnMut(u32)) {
    let (outside, names) = Outside::copy(scratch);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let flipping = scope.spawn(|| flip(scratch, &outside.top, &names, &stop));
        let began = Instant::now();
        let mut number = 0;
        while began.elapsed() < LONG {
            let round_began = Instant::now();
            round(number);
            assert!(round_began.elapsed() < Duration::from_secs(30), "it hung");
            number += 1;
        }
        stop.store(true, Ordering::Relaxed);
        let flips = flipping.join().unwrap();
        assert!(number > 2 && flips > 100, "{number} rounds, {flips} flips");
    });
    outside.is_untouched();
}

/// A folder with all that a folder can have: files of no leaf, one and more, and folders.
fn album(scratch: &Scratch) -> PathBuf {
    scratch.put("d/empty", b"");
    scratch.put("d/small", b"small");
    scratch.put("d/film", noise(3 * LEAF, 1));
    scratch.put("d/sub/film", noise(2 * LEAF, 2));
    scratch.put("d/sub/deep/small", b"deep");
    scratch.path("d")
}

/// One attempt of up to so many leaves, of which anything may fail.
fn attempt(inbox: &mut Inbox, album: &Path, collision: Collision, mut leaves: u64, end: End) {
    let mut outbox = walked(album).unwrap();
    let offer = offer(&outbox, collision);
    let Ok(mut reception) = inbox.receive(PEER, &offer) else {
        return;
    };
    try_pump_some(&mut outbox, &mut reception, &mut leaves);
    match end {
        End::Finish => drop(reception.finish(outbox.counted().entries)),
        End::Pause => reception.pause(),
        End::Cancel => reception.cancel(),
    }
}

#[derive(Clone, Copy)]
enum End {
    Finish,
    Pause,
    Cancel,
}

/// An inbox with the album whole, and another version of it unfinished.
fn filled(scratch: &Scratch) -> PathBuf {
    let path = album(scratch);
    send(&mut scratch.inbox(), &path);
    change(scratch, 0);
    let mut inbox = scratch.inbox();
    attempt(&mut inbox, &path, Collision::Overwrite, 4, End::Pause);
    path
}

/// Another version of the album, so that there is something to send.
fn change(scratch: &Scratch, number: u32) {
    let number = u64::from(number);
    scratch.put("d/film", noise(3 * LEAF, number));
    scratch.put("d/sub/film", noise(2 * LEAF, number / 2));
    scratch.put("d/sub/deep/small", number.to_string());
}

#[test]
fn b14_what_is_received_taken_up_and_published_goes_through_no_link() {
    let scratch = Scratch::new();
    let path = filled(&scratch);
    while_flipping(&scratch, |round| {
        // Half of the time another version comes, and so old leaves are sent again.
        if round % 2 == 0 {
            change(&scratch, round);
        }
        let Ok(mut inbox) = Inbox::open(scratch.settings()) else {
            return;
        };
        for (leaves, end) in [(2, End::Pause), (4, End::Pause), (u64::MAX, End::Finish)] {
            attempt(&mut inbox, &path, Collision::Overwrite, leaves, end);
        }
    });
}

#[test]
fn b14_what_is_there_already_is_compared_and_copied_through_no_link() {
    let scratch = Scratch::new();
    let path = filled(&scratch);
    let mut inbox = scratch.inbox();
    while_flipping(&scratch, |round| {
        let collision = [Collision::Overwrite, Collision::Skip][round as usize % 2];
        // One leaf of three is another one: the others are taken from what is there.
        let mut film = noise(3 * LEAF, 1);
        film[LEAF] = round.to_be_bytes()[3];
        scratch.put("d/film", film);
        attempt(&mut inbox, &path, collision, u64::MAX, End::Finish);
    });
}

#[test]
fn b14_what_is_removed_is_removed_through_no_link() {
    let scratch = Scratch::new();
    let path = filled(&scratch);
    while_flipping(&scratch, |round| {
        // All that is unfinished is too old at every opening, or too much at every offer.
        let settings = InboxSettings {
            keep_unfinished: Duration::from_secs(u64::from(round % 2) * 3600),
            unfinished_per_peer: 1,
            ..scratch.settings()
        };
        let Ok(mut inbox) = Inbox::open(settings) else {
            return;
        };
        attempt(&mut inbox, &path, Collision::Overwrite, 4, End::Pause);
        attempt(
            &mut inbox,
            &scratch.path("d/sub"),
            Collision::Overwrite,
            1,
            End::Pause,
        );
        attempt(&mut inbox, &path, Collision::Overwrite, 4, End::Cancel);
        inbox.tidy();
    });
}
