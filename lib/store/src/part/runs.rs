//! Leaves that were asked again, by the runs in which they were.

use std::collections::BTreeMap;
use std::ops::Range;

/// Runs of leaves that don't overlap: the end of each by its start. Runs that touch stay two, as
/// the sender counts them.
#[derive(Debug, Default)]
pub(super) struct Runs(BTreeMap<u64, u64>);

impl Runs {
    /// Adds leaves that are not in it.
    pub(super) fn add(&mut self, leaves: Range<u64>) {
        self.0.insert(leaves.start, leaves.end);
    }

    pub(super) fn has(&self, leaf: u64) -> bool {
        let before = self.0.range(..=leaf).next_back();
        before.is_some_and(|(_, end)| leaf < *end)
    }

    /// Removes a leaf that is in it.
    pub(super) fn remove(&mut self, leaf: u64) {
        let Some((&start, &end)) = self.0.range(..=leaf).next_back() else {
            return;
        };
        match start == leaf {
            true => drop(self.0.remove(&start)),
            false => drop(self.0.insert(start, leaf)),
        }
        if leaf + 1 < end {
            self.0.insert(leaf + 1, end);
        }
    }

    /// The lowest leaf.
    pub(super) fn first(&self) -> Option<u64> {
        self.0.keys().next().copied()
    }

    /// How many runs there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Runs;

    #[test]
    fn runs_are_the_leaves_added_and_not_removed() {
        let mut runs = Runs::default();
        for leaves in [2..5, 7..8, 5..7, 9..11] {
            runs.add(leaves);
        }
        assert_eq!((runs.count(), runs.first()), (4, Some(2)));
        for leaf in [2, 4, 10] {
            runs.remove(leaf);
        }
        let left: Vec<_> = (0..12).filter(|leaf| runs.has(*leaf)).collect();
        assert_eq!(left, [3, 5, 6, 7, 9]);
        left.into_iter().for_each(|leaf| runs.remove(leaf));
        assert_eq!((runs.count(), runs.first()), (0, None));
    }
}
