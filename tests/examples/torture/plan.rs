//! What befalls a transfer, drawn from a seed.

use std::fmt;
use std::time::Duration;

use crate::random::Random;

/// What befalls one transfer.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Whether the end of a program is told to the other side, or its machine vanishes.
    pub(crate) ends_are_told: bool,
    pub(crate) rounds: Vec<Round>,
    /// Whether the receiver's machine loses its power once all is there.
    pub(crate) cut_at_end: bool,
}

/// One trouble.
#[derive(Debug)]
pub(crate) struct Round {
    /// The receiver's disk; `None` for the real program on the real disk.
    pub(crate) disk: Option<DiskPlan>,
    /// Faults of the disk of a sender that begins with it; `None` for the real program.
    pub(crate) source: Option<DiskFault>,
    pub(crate) at: At,
    pub(crate) trouble: Trouble,
    /// Whether what is sent changes before it, if nothing of it was published.
    pub(crate) changes: bool,
    /// Days that the clocks jump before it, when no receiver runs.
    pub(crate) clock: Option<i64>,
}

/// When a trouble comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum At {
    /// When so many thousandths of the bytes have come, and a little later.
    Thousandths(u64, Duration),
    /// So long after nearly all bytes have come.
    End(Duration),
    /// So long after both run.
    Time(Duration),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// None but the disk's.
    None,
    CutLink,
    CutPower,
    KillBoth,
    KillReceiver,
    KillSender,
    StallLink(Duration),
    StopReceiver(Duration),
    StopSender(Duration),
}

/// A disk that fails, until it is healed.
#[derive(Debug)]
pub(crate) struct DiskPlan {
    pub(crate) faults: Vec<DiskFault>,
    pub(crate) heals_after: Duration,
}

/// As the receiver's process is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DiskFault {
    /// Each file is synced by itself.
    Fuse,
    /// The kernel can't write back anything.
    Lose,
    /// Calls of that number and the next ones fail.
    Fail {
        call: &'static str,
        first: u32,
        count: u32,
        errno: i32,
    },
}

impl Plan {
    pub(crate) fn draw(random: &mut Random) -> Self {
        Self {
            ends_are_told: !random.once_in(8),
            rounds: (0..=random.below(5)).map(|_| Round::draw(random)).collect(),
            cut_at_end: random.once_in(3),
        }
    }
}

impl Round {
    fn draw(random: &mut Random) -> Self {
        let disk = random.once_in(2).then(|| DiskPlan::draw(random));
        let short = |random: &mut Random| Duration::from_millis(random.below(700));
        let trouble = match random.below(10) {
            0..=1 => Trouble::KillSender,
            2..=3 => Trouble::KillReceiver,
            4 => Trouble::KillBoth,
            5 => Trouble::CutLink,
            6 => Trouble::StallLink(short(random)),
            7 => Trouble::StopReceiver(short(random)),
            8 => Trouble::StopSender(short(random)),
            _ => Trouble::None,
        };
        let at = match random.below(6) {
            0 => At::Time(Duration::from_millis(random.below(300))),
            1 | 2 => At::End(Duration::from_micros(random.below(30_000))),
            _ => {
                let later = Duration::from_millis(random.below(30));
                At::Thousandths(random.below(1000), later)
            }
        };
        let has_power = disk.is_none() || !random.once_in(3);
        Self {
            disk,
            source: random.once_in(6).then(|| DiskFault::of_source(random)),
            at,
            trouble: if has_power {
                trouble
            } else {
                Trouble::CutPower
            },
            changes: random.once_in(4),
            clock: random.once_in(5).then(|| random.one_of(&JUMPS)),
        }
    }
}

/// Back and forth, by less and more than unfinished transfers are kept.
const JUMPS: [i64; 6] = [-20_000, -40, -1, 1, 40, 20_000];

impl DiskPlan {
    fn draw(random: &mut Random) -> Self {
        let mut faults: Vec<DiskFault> = (0..random.below(4))
            .map(|_| DiskFault::draw(random))
            .collect();
        if random.once_in(3) {
            faults.push(DiskFault::Fuse);
        }
        Self {
            faults,
            heals_after: Duration::from_millis(random.below(1500)),
        }
    }
}

impl DiskFault {
    /// What is sent is only read.
    fn of_source(random: &mut Random) -> Self {
        Self::Fail {
            call: random.one_of(&["List", "Open", "Read", "Read"]),
            first: 1 + random.below(40) as u32,
            count: random.one_of(&[1, 3, 1000]),
            errno: EIO,
        }
    }

    fn draw(random: &mut Random) -> Self {
        if random.once_in(8) {
            return Self::Lose;
        }
        let (call, errno) = match random.once_in(4) {
            true => (
                random.one_of(&["Write", "Create", "MakeFolder", "Resize"]),
                ENOSPC,
            ),
            false => (random.one_of(&CALLS), EIO),
        };
        let most = match call {
            "Write" | "Create" => 60,
            _ => 12,
        };
        Self::Fail {
            call,
            first: 1 + random.below(most) as u32,
            count: random.one_of(&[1, 1, 1, 3, 1000]),
            errno,
        }
    }
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// Writes, syncs and renames above all.
const CALLS: [&str; 20] = [
    "Create",
    "List",
    "MakeFolder",
    "Open",
    "Read",
    "Remove",
    "RemoveFolder",
    "Rename",
    "Rename",
    "Rename",
    "SetMode",
    "SetTime",
    "Space",
    "SyncAll",
    "SyncAll",
    "SyncData",
    "SyncFile",
    "SyncFolder",
    "Write",
    "Write",
];

impl fmt::Display for DiskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fuse => f.write_str("fuse"),
            Self::Lose => f.write_str("lose"),
            Self::Fail {
                call,
                first,
                count,
                errno,
            } => write!(f, "{call} {first} {count} {errno}"),
        }
    }
}
