//! A disk that fails and lies, under plans drawn from seeds: what was called durable survives, what
//! was not is sent again, and nothing wrong is ever there.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use transom_store::faults::{Disk, FileSystem, Op};
use transom_store::{EntryError, Inbox};
use transom_wire::{Collision, Ending};

use crate::support::*;

/// Plans of one test; more by the variable `TRANSOM_MODEL_SEEDS`.
const SEEDS: u64 = 100;

#[test]
fn what_is_called_durable_survives_whatever_the_disk_does() {
    let told = std::env::var("TRANSOM_MODEL_SEEDS").ok();
    let seeds = told.and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    for seed in 0..seeds {
        Model::new(seed).run();
    }
}

/// One thing that is sent until it has come.
struct Model {
    seed: u64,
    random: u64,
    scratch: Scratch,
    disk: Disk,
    path: PathBuf,
    /// What befell it, for the message of a failure.
    story: Vec<String>,
    /// Bytes that were called durable by the attempt before.
    claimed: u64,
    is_durable: bool,
    /// Whether writeback may have failed.
    may_have_lost: bool,
    /// Whether entries were left out of what was published, which the sender was told.
    is_in_part: bool,
}

impl Model {
    fn new(seed: u64) -> Self {
        let scratch = Scratch::new();
        let disk = scratch.disk();
        let mut model = Self {
            seed,
            random: seed,
            path: scratch.path("thing"),
            scratch,
            disk,
            story: Vec::new(),
            claimed: 0,
            is_durable: false,
            may_have_lost: false,
            is_in_part: false,
        };
        if model.below(2) == 0 {
            model.disk.format(FileSystem::Fuse);
        }
        model.put_things();
        model
    }

    /// A file, or a folder of files and folders.
    fn put_things(&mut self) {
        const SIZES: [usize; 6] = [0, 1, 3000, LEAF, LEAF + 1, 3 * LEAF + 5];
        if self.below(2) == 0 {
            let size = SIZES[self.below(6) as usize];
            self.scratch.put("thing", noise(size, self.seed));
            return;
        }
        fs::create_dir(&self.path).unwrap();
        for number in 0..self.below(14) {
            let folder = ["", "a/", "a/b/", "c/"][self.below(4) as usize];
            let name = format!("thing/{folder}{number}");
            match self.below(5) {
                0 => fs::create_dir_all(self.scratch.path(&name)).unwrap(),
                _ => {
                    let size = SIZES[self.below(6) as usize];
                    self.scratch.put(&name, noise(size, self.seed + number));
                }
            }
        }
    }

    fn run(mut self) {
        for _ in 0..=self.below(4) {
            self.plan();
            let is_killed = self.below(3) == 0;
            self.attempt(is_killed);
            match self.below(2) {
                0 => self.disk.heal(),
                _ => self.cut_power(),
            }
            self.check_name();
        }
        self.story.push("calm".to_owned());
        // An error that nobody was told of is told now, and the same again succeeds.
        assert!((0..3).any(|_| self.attempt(false)), "{self}");
        self.check_name();
        self.cut_power();
        self.check_name();
        assert!(self.came().exists(), "{self}");
        // What the power cut brought back of it is taken up again and goes.
        assert!(self.attempt(false), "{self}");
        assert_eq!(published(&self.scratch), ["thing"], "{self}");
    }

    fn plan(&mut self) {
        for _ in 0..self.below(4) {
            let op = CALLS[self.below(CALLS.len() as u64) as usize];
            let nth = 1 + self.below(20) as u32;
            let times = [1, 1, 2, 1000][self.below(4) as usize];
            let errno = [EIO, EIO, ENOSPC][self.below(3) as usize];
            let (loses, fault) = (self.below(4) == 0, self.disk.on(op).nth(nth));
            let what = match loses {
                true => "loses what is dirty".to_owned(),
                false => format!("fails {times} times with {errno}"),
            };
            match loses {
                true => fault.lose(),
                false => fault.times(times).fail(errno),
            }
            self.may_have_lost |= loses;
            self.story.push(format!("{op:?} {nth}: {what}"));
        }
        if self.below(2) == 0 {
            let changes = self.below(80) as usize;
            self.disk.stop_after(changes);
            self.story.push(format!("stops after {changes}"));
        }
    }

    /// Sends it; gives whether all of it came and is called durable.
    fn attempt(&mut self, is_killed: bool) -> bool {
        let Ok(mut inbox) = Inbox::open(self.scratch.settings()) else {
            self.story.push("no inbox".to_owned());
            return false;
        };
        let mut outbox = walked(&self.path).unwrap();
        let offer = offer(&outbox, Collision::Rename);
        let mut reception = match inbox.receive(PEER, &offer) {
            Ok(reception) => reception,
            Err(error) => {
                self.story.push(format!("refused: {error:?}"));
                return false;
            }
        };
        let faults = self.disk.faults();
        let failed = try_pump(&mut outbox, &mut reception);
        let held = reception.held();
        self.story
            .push(format!("held {held}, {:?}", reception.counts()));
        self.story.extend(failed.iter().map(|it| format!("{it:?}")));
        // Without a fault, or a lost file that nobody was told of, there is no reason to send again
        // what is on the disk.
        if self.disk.faults() == faults && failed.is_empty() && !self.may_have_lost {
            assert!(held >= self.claimed, "{self}");
        }
        // What has a name already is found by a log, which is a hint that may be lost.
        self.claimed = match self.came().exists() {
            true => 0,
            false => held + reception.counts().durable,
        };
        if is_killed {
            self.story.push("killed".to_owned());
            self.disk.stop_after(0);
            return false;
        }
        if let Some((_, EntryError::NoRoom { .. })) = failed.last() {
            self.story.push("lost while it waited for room".to_owned());
            reception.pause();
            return false;
        }
        let finished = reception.finish(outbox.counted().entries);
        self.story.push(format!("{finished:?}"));
        let Ok(finished) = finished else {
            return false;
        };
        // What it had has a name now.
        self.claimed = 0;
        let success = matches!(finished.ending, Ending::Durable | Ending::AlreadyThere);
        assert!(!success || failed.is_empty(), "{self}");
        self.is_durable |= success;
        self.is_in_part |= !success && finished.failed > 0;
        success
    }

    fn cut_power(&mut self) {
        self.story.push("power cut".to_owned());
        self.disk.cut_power();
        if self.is_durable {
            // What was published is known by a log that may be gone: it is a hint.
            self.claimed = 0;
        }
    }

    /// Nothing but the whole has the name, and what was called durable has it.
    fn check_name(&self) {
        let came = self.came();
        assert!(came.exists() || !self.is_durable, "{self}");
        let is_whole = !came.exists() || is_as_sent(&self.path, &came);
        assert!(is_whole || self.is_in_part, "{self}");
    }

    fn came(&self) -> PathBuf {
        self.scratch.path("in/thing")
    }

    fn below(&mut self, end: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % end
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_dir() {
            true => writeln!(f, "seed {}: {:#?}", self.seed, contents(&self.path).keys())?,
            false => writeln!(f, "seed {}: a file", self.seed)?,
        }
        self.story.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// Calls that can fail.
const CALLS: [Op; 17] = [
    Op::Create,
    Op::List,
    Op::MakeFolder,
    Op::Open,
    Op::Read,
    Op::Remove,
    Op::RemoveFolder,
    Op::Rename,
    Op::Resize,
    Op::SetMode,
    Op::SetTime,
    Op::Space,
    Op::SyncAll,
    Op::SyncData,
    Op::SyncFile,
    Op::SyncFolder,
    Op::Write,
];
