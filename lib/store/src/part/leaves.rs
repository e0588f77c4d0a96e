//! Which leaves of a file are here, which come next and which are to come again. It knows no disk.
//!
//! ```text
//! leaf 0        proven       compared        prefix         front         size
//!      |-- tree --|-- as sent --|-- unknown ----|-- verified --|-- to come --|
//!                        what earlier attempts    leaves of this
//!                        left; Start says so      attempt
//! ```
//!
//! - **prefix**: nothing of it is read before Start says so. The sender gives its hash of
//!   each leaf, and those that have no such record are asked again. Of a file that grew the prefix
//!   is all but the last leaf once its size is final, and what came in this attempt is not read.
//! - **front**: the next new leaf. A leaf whose bytes don't have its hash is asked again,
//!   and the front goes on.
//! - **proven**: the leaves in the tree that makes the root. A leaf of the prefix gets there once
//!   it was read and has the hash of its record, a new one by its hash alone. Nothing gets there
//!   while a leaf before it is to come again.

use std::collections::BTreeMap;
use std::ops::Range;

use transom_wire::{Total, last_leaf, limits};

use super::{Run, runs::Runs};
use crate::hash::{self, LEAF_BYTES, Tree};
use crate::journal;
use crate::part_error::PartError;

/// How often a leaf is asked again before its file fails.
const MAX_REPEATS: u32 = 3;
/// Runs outstanding from which on hashes that differ have all of the rest of the prefix asked
/// again.
const MAX_RUNS: usize = limits::RUNS_AGAIN / 2;

/// The leaves of a file in progress.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    size: u64,
    /// Whether the size is not final.
    grows: bool,
    /// Leaves that were here before this attempt.
    earlier: u64,
    /// Leaves to compare with the sender's hashes: the earlier ones, or of a file that grew all but
    /// the last.
    prefix: u64,
    /// From here on all of the prefix was asked again.
    rest: u64,
    /// How many leaves of the prefix the sender's hashes were compared with.
    compared: u64,
    front: u64,
    /// Leaves that were asked again and did not come.
    asked: Runs,
    /// How often a leaf was wrong.
    wrong: BTreeMap<u64, u32>,
    pub(super) tree: Tree,
}

impl Leaves {
    pub(super) fn new(size: u64, grows: bool) -> Self {
        Self {
            size,
            grows,
            ..Self::default()
        }
    }

    /// So many leaves are here. Nothing was said or taken yet.
    pub(super) fn set_prefix(&mut self, leaves: u64) {
        (self.prefix, self.rest, self.front) = (leaves, leaves, leaves);
        self.earlier = leaves;
    }

    /// How many leaves a file of so many bytes has of it. While it grows, its last one may not be
    /// whole.
    pub(super) fn whole(&self, bytes: u64) -> u64 {
        match bytes == self.size {
            _ if self.grows => bytes.min(last_leaf(self.size)) / LEAF_BYTES,
            true => hash::leaves(self.size),
            false => bytes.min(self.size) / LEAF_BYTES,
        }
    }

    /// Whether its size is not final.
    pub(super) fn grows(&self) -> bool {
        self.grows
    }

    /// The sender has counted more of a file that grows. Once its size is final, the sender gives
    /// the hashes of all leaves but the last, as the program that wrote them may have changed them.
    pub(super) fn grow(&mut self, total: &Total) {
        self.size = total.bytes;
        if total.is_counted {
            let leaves = last_leaf(self.size) / LEAF_BYTES;
            (self.prefix, self.rest, self.tree) = (leaves, leaves, Tree::default());
            self.grows = false;
        }
    }

    /// How many leaves were here before this attempt.
    pub(super) fn earlier(&self) -> u64 {
        self.earlier
    }

    pub(super) fn prefix(&self) -> u64 {
        self.prefix
    }

    /// Where the data are to go on.
    pub(super) fn offset(&self) -> u64 {
        self.size.min(self.prefix * LEAF_BYTES)
    }

    /// The leaves that hashes at `offset` are of: the next ones of the prefix.
    pub(super) fn hashed(&self, offset: u64, hashes: usize) -> Result<Range<u64>, PartError> {
        let leaves = self.compared..self.compared.saturating_add(hashes as u64);
        match offset == leaves.start * LEAF_BYTES
            && (1..=limits::HASHES).contains(&hashes)
            && leaves.end <= self.prefix
            && self.prefix <= self.front
            && !self.grows
        {
            true => Ok(leaves),
            false => Err(PartError::Protocol("a hash is out of order")),
        }
    }

    /// The runs of leaves whose hashes differ, and how many bytes of the others are as the sender
    /// has them. Once too many runs are outstanding, the last one reaches to the end of the prefix.
    pub(super) fn differing(
        &self,
        leaves: &Range<u64>,
        ours: &[Option<[u8; 32]>],
        theirs: &[[u8; 32]],
    ) -> (Vec<Range<u64>>, u64) {
        let pairs = ours.iter().zip(theirs);
        let equal: Vec<_> = pairs.map(|(a, b)| a.as_ref() == Some(b)).collect();
        let (mut differ, mut held, mut leaf) = (Vec::new(), 0, leaves.start);
        for run in equal.chunk_by(|a, b| a == b) {
            let mut leaves = leaf..leaf + run.len() as u64;
            if leaves.start >= self.rest {
                break;
            }
            leaf = leaves.end;
            if run.first() == Some(&true) {
                held += self.earlier_bytes(&leaves);
                continue;
            }
            if self.asked.count() + differ.len() >= MAX_RUNS {
                (leaves.end, leaf) = (self.rest, self.rest);
            }
            differ.push(leaves);
        }
        (differ, held)
    }

    /// Leaves were compared up to here; these runs of them differ.
    pub(super) fn compare(&mut self, end: u64, differ: Vec<Range<u64>>) -> Vec<Run> {
        self.compared = end;
        if let Some(last) = differ.last().filter(|last| last.end > end) {
            self.rest = last.start;
        }
        differ.into_iter().map(|run| self.ask(run)).collect()
    }

    /// The number of a leaf that may come now.
    pub(super) fn expected(&self, offset: u64, len: usize) -> Result<u64, PartError> {
        let leaf = offset / LEAF_BYTES;
        let is_asked = leaf == self.front || self.asked.has(leaf);
        let end = match self.grows {
            true => last_leaf(self.size),
            false => self.size,
        };
        if !offset.is_multiple_of(LEAF_BYTES) || offset >= end || !is_asked {
            return Err(PartError::Protocol("a leaf is out of order"));
        }
        match len as u64 == self.bytes(&(leaf..leaf + 1)) {
            true => Ok(leaf),
            false => Err(PartError::Protocol("a leaf has the wrong length")),
        }
    }

    /// A leaf came, right or wrong.
    pub(super) fn came(&mut self, leaf: u64) {
        match leaf == self.front {
            true => self.front += 1,
            false => self.asked.remove(leaf),
        }
    }

    /// Takes a leaf into the tree if it is the next one.
    pub(super) fn push(&mut self, leaf: u64, hash: [u8; 32]) {
        if self.tree.leaves() == leaf {
            self.tree.push(hash);
        }
    }

    /// Whether all leaves came at least once, and all of the prefix was compared.
    pub(super) fn is_through(&self) -> bool {
        self.front == hash::leaves(self.size) && self.is_compared() && !self.grows
    }

    pub(super) fn is_compared(&self) -> bool {
        self.compared == self.prefix
    }

    /// Whether leaves are still to come again.
    pub(super) fn has_asked(&self) -> bool {
        self.asked.count() > 0
    }

    /// Whether no more runs are asked for until some of them came.
    pub(super) fn has_max_runs(&self) -> bool {
        self.asked.count() >= MAX_RUNS
    }

    /// Whether the tree has all leaves.
    pub(super) fn is_whole(&self) -> bool {
        self.tree.leaves() == hash::leaves(self.size)
    }

    /// The leaves that may go into the tree next. Of those that have to be read for that, up to
    /// `most`.
    pub(super) fn provable(&self, most: u64) -> Range<u64> {
        let from = self.tree.leaves();
        let (known, most) = match from < self.prefix {
            true if from < self.rest => (self.compared.min(self.rest), most),
            true => (self.prefix, most),
            false => (self.front, journal::BLOCK),
        };
        let known = self.asked.first().map_or(known, |first| known.min(first));
        from..known.min(from.saturating_add(most.min(journal::BLOCK)))
    }

    /// Asks again for leaves whose records are withdrawn.
    pub(super) fn ask(&mut self, leaves: Range<u64>) -> Run {
        let run = Run {
            offset: leaves.start * LEAF_BYTES,
            // A file of as many leaves would have a petabyte.
            leaves: u32::try_from(leaves.end - leaves.start).unwrap_or(u32::MAX),
        };
        self.asked.add(leaves);
        run
    }

    /// Asks again for a leaf that is not what it should be, unless it was so too often.
    pub(super) fn ask_wrong(&mut self, leaf: u64) -> Result<Run, PartError> {
        let times = self.wrong.entry(leaf).or_default();
        *times += 1;
        match *times <= MAX_REPEATS && self.asked.count() < 2 * MAX_RUNS {
            true => Ok(self.ask(leaf..leaf + 1)),
            false => Err(PartError::Corrupt(leaf * LEAF_BYTES)),
        }
    }

    /// Nothing of the prefix counts: asks for all of it.
    pub(super) fn restart(&mut self) -> Run {
        let leaves = 0..self.prefix;
        (self.earlier, self.prefix, self.rest, self.compared) = (0, 0, 0, 0);
        self.ask(leaves)
    }

    /// How many bytes leaves have that were here before this attempt.
    pub(super) fn earlier_bytes(&self, leaves: &Range<u64>) -> u64 {
        self.bytes(&(leaves.start..leaves.end.min(self.earlier)))
    }

    /// How many bytes leaves have.
    pub(super) fn bytes(&self, leaves: &Range<u64>) -> u64 {
        let end = self.size.min(leaves.end.saturating_mul(LEAF_BYTES));
        end.saturating_sub(leaves.start * LEAF_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scattered_leaves_that_differ_are_asked_one_by_one_up_to_a_bound_and_then_all() {
        let (runs, count) = (MAX_RUNS as u64, 4 * MAX_RUNS as u64);
        let mut leaves = Leaves::new(count * LEAF_BYTES, false);
        leaves.set_prefix(count);
        let (mut asked, mut held) = (Vec::new(), 0);
        for first in (0..count).step_by(limits::HASHES) {
            let range = leaves.hashed(first * LEAF_BYTES, limits::HASHES).unwrap();
            let ours = vec![Some([1; 32]); limits::HASHES];
            // Every second one is another.
            let theirs = [[2; 32], [1; 32]].repeat(limits::HASHES / 2);
            let (differ, equal) = leaves.differing(&range, &ours, &theirs);
            held += equal;
            asked.extend(leaves.compare(range.end, differ));
        }
        assert_eq!(asked.len(), MAX_RUNS + 1);
        assert!(asked[..MAX_RUNS].iter().all(|run| run.leaves == 1));
        let rest = Run {
            offset: 2 * runs * LEAF_BYTES,
            leaves: (count - 2 * runs) as u32,
        };
        assert_eq!(asked[MAX_RUNS], rest);
        assert_eq!(held, runs * LEAF_BYTES);
        // One that comes wrong is asked again alone: those behind it are already, or are right.
        leaves.came(0);
        assert_eq!(leaves.ask_wrong(0).unwrap(), asked[0]);
    }
}
