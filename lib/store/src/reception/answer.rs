//! What a reception answers.

use std::io;
use std::path::PathBuf;

use transom_wire::{Ending, FailReason};

use crate::error::fail_reason;
use crate::part::Run;

/// How to go on with an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Begin {
    /// Ask the sender for its data: Start with this offset.
    Data {
        /// Bytes that are here already, if they are the same: the sender's hashes of them go to
        /// [`Reception::hashes`](crate::Reception::hashes).
        offset: u64,
    },
    /// Nothing is needed: it is a folder and made now, or the name is taken and the sender wants it
    /// left alone. Done is to be said with a root of zeros, since what is there is none of the
    /// sender's business.
    Done,
}

/// Bytes of this attempt that have come how far, without [`crate::Reception::held`]: `durable <=
/// verified`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Checked against their hash and written.
    pub verified: u64,
    /// On the disk, and their records too.
    pub durable: u64,
}

/// What became of an entry of which all leaves were sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ended {
    /// Leaves are still to come, these among them that are to be asked for. After the last of them
    /// it is to be ended again.
    Again(Vec<Run>),
    /// It is whole, and has the sender's root.
    Done,
}

/// How a transfer ended.
#[derive(Debug)]
pub struct Finished {
    /// What to say in Finished.
    pub ending: Ending,
    /// Where it is now; where it would have been, if nothing was published.
    pub path: PathBuf,
    /// Entries that failed; with any the ending is no success.
    pub failed: u32,
    /// Those of them that had no place when all was published, the first thousand. The others were
    /// told when they failed.
    pub unplaced: Vec<Unplaced>,
    /// Files in a folder that have a number in their names, since other files have these names.
    pub renamed: NamedEntries,
    /// Files in a folder that were left out, since other files have their names and the sender
    /// wanted that.
    pub skipped: NamedEntries,
}

/// How many entries something happened to, and the first of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamedEntries {
    /// All of them.
    pub count: u32,
    /// Their paths, at most [`NamedEntries::FIRST`].
    pub first: Vec<String>,
}

impl NamedEntries {
    /// Paths kept: enough to recognise what it is about. A peer decides how many entries there are.
    pub const FIRST: usize = 3;

    /// One more.
    pub fn add(&mut self, path: &str) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < Self::FIRST {
            self.first.push(path.to_owned());
        }
    }

    /// All of those.
    pub(crate) fn add_all(&mut self, others: Self) {
        self.count = self.count.saturating_add(others.count);
        self.first.extend(others.first);
        self.first.truncate(Self::FIRST);
    }
}

/// An entry that came and has no place, since something else got its name in the meantime.
#[derive(Debug, thiserror::Error)]
#[error("has no place at the receiver: {source}")]
pub struct Unplaced {
    /// Where below the folder that was sent.
    pub path: String,
    /// What the system said.
    pub source: io::Error,
}

impl Unplaced {
    /// What kind of failure it is, in the terms of the wire.
    pub fn reason(&self) -> FailReason {
        fail_reason(&self.source)
    }
}
