//! What the receiver wants of a transfer from us, and what of it the disk thread was asked for. It
//! knows no connection.

use std::collections::{BTreeMap, VecDeque};

use transom_wire::{Start, limits};

/// Small files asked for and not yet read: enough to keep the disk thread busy over several turns
/// of the loop.
const SMALL_ASKED: usize = 64;
/// Leaves asked for and not yet read: enough to keep the disk thread busy over a turn of the loop.
const LEAVES_ASKED: u32 = 6;

#[derive(Default)]
pub(super) struct Reads {
    /// Entries the receiver wants data of, in its order.
    wanted: VecDeque<Start>,
    large: Reading,
    /// Files of one leaf at most that were asked for, each whole: the bytes of its leaf, 0 once
    /// that came.
    small: BTreeMap<u32, usize>,
}

/// The large file that is read; there is one at a time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Reading {
    #[default]
    Nothing,
    Starting(u32),
    Leaves {
        index: u32,
        asked: u32,
    },
}

impl Reads {
    /// The receiver wants data of an entry.
    pub(super) fn want(&mut self, start: Start) {
        self.wanted.push_back(start);
    }

    /// The small files to ask for next, which fit into so many bytes together with what was asked
    /// for. None passes a large one.
    pub(super) fn next_small(&mut self, room: usize, size: impl Fn(u32) -> u64) -> Vec<Start> {
        let mut room = self.room(room);
        let mut starts = Vec::new();
        while self.large == Reading::Nothing
            && self.small.len() < SMALL_ASKED
            && let Some(start) = self.wanted.front()
            && let Some(bytes) = as_small(size(start.index))
            && bytes <= room
        {
            room -= bytes;
            self.small.insert(start.index, bytes);
            starts.extend(self.wanted.pop_front());
        }
        starts
    }

    /// The large file to begin with, if it is the turn of one.
    pub(super) fn next_large(&mut self, size: impl Fn(u32) -> u64) -> Option<Start> {
        let is_large = |start: &&Start| as_small(size(start.index)).is_none();
        let next = self.wanted.front().filter(is_large)?.index;
        if self.large != Reading::Nothing {
            return None;
        }
        self.large = Reading::Starting(next);
        self.wanted.pop_front()
    }

    /// How many leaves of the large file to ask for, if there is room for enough of them.
    pub(super) fn next_leaves(&mut self, room: usize) -> Option<(u32, u32)> {
        let room = self.room(room);
        let Reading::Leaves { index, asked } = &mut self.large else {
            return None;
        };
        let fits = u32::try_from(room / limits::LEAF)
            .unwrap_or(u32::MAX)
            .min(LEAVES_ASKED);
        let more = fits.checked_sub(*asked).filter(|more| *more > 0)?;
        if *asked > LEAVES_ASKED / 2 {
            return None;
        }
        *asked = fits;
        Some((*index, more))
    }

    /// What of the room for leaves is left besides small files that are still to come.
    fn room(&self, room: usize) -> usize {
        room.saturating_sub(self.small.values().sum())
    }

    /// The disk thread has begun with an entry; `false` if that was given up meanwhile.
    pub(super) fn started(&mut self, index: u32) -> bool {
        let is_large = self.large == Reading::Starting(index);
        if is_large {
            self.large = Reading::Leaves { index, asked: 0 };
        }
        is_large || self.small.contains_key(&index)
    }

    /// A leaf of that entry was read.
    pub(super) fn leaf(&mut self, of: u32) {
        if let Some(bytes) = self.small.get_mut(&of) {
            *bytes = 0;
        } else if let Reading::Leaves { index, asked } = &mut self.large
            && *index == of
        {
            *asked = asked.saturating_sub(1);
        }
    }

    /// That entry was read, or is not to be.
    pub(super) fn end(&mut self, of: u32) {
        self.wanted.retain(|start| start.index != of);
        self.small.remove(&of);
        if let Reading::Starting(index) | Reading::Leaves { index, .. } = self.large
            && index == of
        {
            self.large = Reading::Nothing;
        }
    }
}

fn as_small(size: u64) -> Option<usize> {
    usize::try_from(size)
        .ok()
        .filter(|size| *size <= limits::LEAF)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAF: usize = limits::LEAF;

    fn wanted(count: u32) -> Reads {
        let mut reads = Reads::default();
        for index in 0..count {
            let offset = 0;
            reads.want(Start {
                index,
                offset,
            });
        }
        reads
    }

    #[test]
    fn small_files_are_asked_for_up_to_the_room_and_up_to_a_large_one() {
        let sizes = [0, 10, LEAF, LEAF, LEAF + 1, 1];
        let size = |index: u32| sizes[index as usize] as u64;
        let mut reads = wanted(6);
        let small = |reads: &mut Reads, room| {
            let starts = reads.next_small(room, size);
            starts.iter().map(|start| start.index).collect::<Vec<_>>()
        };
        assert_eq!(small(&mut reads, LEAF + 10), [0, 1, 2]);
        assert!(reads.next_large(size).is_none());
        assert_eq!(small(&mut reads, 2 * LEAF), [0; 0], "10 bytes are missing");
        // What is there takes room in the session, and what failed takes none.
        reads.leaf(1);
        assert_eq!(small(&mut reads, 2 * LEAF), [3]);
        reads.end(2);
        assert_eq!(small(&mut reads, 9 * LEAF), [0; 0]);
        assert_eq!(reads.next_large(size).unwrap().index, 4);
        assert_eq!(small(&mut reads, 9 * LEAF), [0; 0]);
        assert!(reads.started(4));
        assert_eq!(reads.next_leaves(3 * LEAF), Some((4, 2)), "3 is to come");
        reads.end(4);
        assert_eq!(small(&mut reads, 9 * LEAF), [5]);
    }

    #[test]
    fn so_many_small_files_are_asked_for_at_once_and_no_more() {
        let mut reads = wanted(100);
        assert_eq!(reads.next_small(LEAF, |_| 1).len(), SMALL_ASKED);
        reads.end(7);
        assert_eq!(reads.next_small(LEAF, |_| 1).len(), 1);
    }

    #[test]
    fn what_was_given_up_does_not_count_for_what_is_read_then() {
        let large = |_| u64::MAX;
        let mut reads = wanted(2);
        assert!(reads.next_large(large).is_some());
        reads.end(0);
        assert_eq!(reads.next_large(large).unwrap().index, 1);
        assert!(!reads.started(0) && reads.started(1));
        assert_eq!(reads.next_leaves(9 * LEAF), Some((1, LEAVES_ASKED)));
        (0..LEAVES_ASKED).for_each(|_| reads.leaf(0));
        reads.end(0);
        assert_eq!(reads.next_leaves(9 * LEAF), None);
        (0..LEAVES_ASKED).for_each(|_| reads.leaf(1));
        assert_eq!(reads.next_leaves(9 * LEAF), Some((1, LEAVES_ASKED)));
    }
}
