//! What the receiver wants of a transfer from us, and what of it the disk thread was asked for. It
//! knows no connection.

use std::collections::{BTreeMap, VecDeque};

use transom_wire::{Again, Start, limits};

/// Small files asked for and not yet read: enough to keep the disk thread busy over several turns
/// of the loop.
const SMALL_ASKED: usize = 64;
/// Leaves asked for and not yet read: enough to keep the disk thread busy over a turn of the loop.
const LEAVES_ASKED: u32 = 6;

struct Large {
    index: u32,
    /// Leaves asked for and still to come.
    asked: u32,
    /// All leaves it has were read, as far as known.
    is_dry: bool,
}

impl Large {
    fn new(index: u32) -> Self {
        Self {
            index,
            asked: 0,
            is_dry: false,
        }
    }
}

#[derive(Default)]
pub(super) struct Reads {
    /// Entries the receiver wants data of, in its order.
    wanted: VecDeque<Start>,
    /// The large file whose leaves are read. There is one at a time.
    large: Option<Large>,
    /// Files of one leaf at most that were asked for, each whole: the bytes of its leaf, 0 once
    /// that came.
    small: BTreeMap<u32, usize>,
    /// Large files of which the receiver holds a part that was not hashed yet, and files that grew.
    held: VecDeque<Start>,
    /// The first of these was asked for.
    hashes_asked: bool,
    /// Leaves the receiver wants again, in its order.
    again: VecDeque<Again>,
    /// Leaves of the job that reads some of these, and are still to come.
    again_asked: Option<u32>,
}

impl Reads {
    /// The receiver wants data of an entry.
    pub(super) fn want(&mut self, start: Start) {
        self.wanted.push_back(start);
    }

    /// The receiver wants leaves again.
    pub(super) fn want_again(&mut self, again: Again) {
        self.again.push_back(again);
    }

    /// Leaves to read again next, which fit into so many bytes. They pass all others: without them
    /// no entry ends.
    pub(super) fn next_again(&mut self, room: usize) -> Option<Again> {
        let fits = self.room(room) / limits::LEAF;
        let most = u32::try_from(fits).unwrap_or(u32::MAX).min(LEAVES_ASKED);
        let run = self.again.front_mut()?;
        if self.again_asked.is_some() || most == 0 {
            return None;
        }
        let leaves = run.leaves.min(most);
        let next = Again { leaves, ..*run };
        run.leaves -= leaves;
        run.offset += u64::from(leaves) * limits::LEAF as u64;
        if run.leaves == 0 {
            self.again.pop_front();
        }
        self.again_asked = Some(leaves);
        Some(next)
    }

    /// The small files to ask for next, which fit into so many bytes together with what was asked
    /// for. None passes a large one. A file that is followed has no size, and is read as a large
    /// one.
    pub(super) fn next_small(
        &mut self,
        room: usize,
        size: impl Fn(u32) -> Option<u64>,
    ) -> Vec<Start> {
        let mut room = self.room(room);
        let mut starts = Vec::new();
        while self.large.is_none()
            && self.small.len() < SMALL_ASKED
            && let Some(start) = self.wanted.front()
            && let Some(bytes) = size(start.index).and_then(as_small)
            && bytes <= room
        {
            room -= bytes;
            self.small.insert(start.index, bytes);
            starts.extend(self.wanted.pop_front());
        }
        starts
    }

    /// The large file to begin with, if it is the turn of one. One that is held whole is hashed
    /// only, and the next one may begin.
    pub(super) fn next_large(&mut self, size: impl Fn(u32) -> Option<u64>) -> Option<Start> {
        let is_large = |start: &&Start| size(start.index).and_then(as_small).is_none();
        let start = *self.wanted.front().filter(is_large)?;
        if self.large.is_some() {
            return None;
        }
        self.wanted.pop_front();
        let size = size(start.index);
        if size.is_none_or(|size| start.offset < size) {
            self.large = Some(Large::new(start.index));
        }
        if start.offset > 0 && size.is_some() {
            self.held.push_back(start);
        }
        Some(start)
    }

    /// The file that is followed has grown, or its size is final.
    pub(super) fn grew(&mut self, index: u32) {
        if self.wanted.is_empty() {
            let large = self.large.get_or_insert_with(|| Large::new(index));
            large.is_dry &= large.index != index;
        }
    }

    /// The leaves of the file that was followed are to be hashed up to that offset.
    pub(super) fn hold(&mut self, start: Start) {
        if start.offset > 0 && self.held.is_empty() {
            self.held.push_back(start);
        }
    }

    /// How many leaves of the large file to ask for, if there is room for enough of them.
    pub(super) fn next_leaves(&mut self, room: usize) -> Option<(u32, u32)> {
        let fits = u32::try_from(self.room(room) / limits::LEAF).unwrap_or(u32::MAX);
        let large = self.large.as_mut().filter(|large| !large.is_dry)?;
        let more = fits.min(LEAVES_ASKED.saturating_sub(large.asked));
        if more == 0 || large.asked > LEAVES_ASKED / 2 {
            return None;
        }
        large.asked += more;
        Some((large.index, more))
    }

    /// The entry to hash some leaves of, if nothing else can be read now: new leaves come first.
    pub(super) fn next_hashes(&mut self, room: usize) -> Option<u32> {
        let is_full = room < limits::LEAF;
        let is_idle = self.large.is_none() && self.small.is_empty() && self.wanted.is_empty();
        let is_next = is_full || is_idle && self.again.is_empty() && self.again_asked.is_none();
        let next = self.held.front()?.index;
        if !is_next || std::mem::replace(&mut self.hashes_asked, true) {
            return None;
        }
        Some(next)
    }

    /// What of the room for leaves is left besides those that were asked for and are still to come.
    fn room(&self, room: usize) -> usize {
        let large = self.large.as_ref().map_or(0, |large| large.asked);
        let leaves = (large + self.again_asked.unwrap_or(0)) as usize;
        let small = self.small.values().sum::<usize>();
        room.saturating_sub(small + leaves * limits::LEAF)
    }

    /// A leaf of that entry was read.
    pub(super) fn leaf(&mut self, of: u32) {
        if let Some(bytes) = self.small.get_mut(&of) {
            *bytes = 0;
        } else {
            self.came(of, 1, false);
        }
    }

    /// A leaf was read again.
    pub(super) fn leaf_again(&mut self) {
        self.again_asked = self.again_asked.map(|leaves| leaves.saturating_sub(1));
    }

    /// The leaves asked for again were read, as far as possible.
    pub(super) fn again_done(&mut self) {
        self.again_asked = None;
    }

    /// All leaves of that entry from its start on were read, and so many of those asked for do not
    /// come. Other reads of it may still be answered.
    pub(super) fn sent(&mut self, of: u32, unread: u32) {
        self.came(of, unread, true);
    }

    /// So many leaves of the large file are no longer to come; of one that is dry that may be all.
    fn came(&mut self, of: u32, leaves: u32, is_dry: bool) {
        self.large.take_if(|large| {
            if large.index == of {
                large.asked = large.asked.saturating_sub(leaves);
                large.is_dry |= is_dry;
            }
            large.is_dry && large.asked == 0
        });
    }

    /// The leaves of that entry before that offset were hashed.
    pub(super) fn hashed(&mut self, of: u32, end: u64) {
        if let Some(start) = self.held.front().filter(|start| start.index == of) {
            self.hashes_asked = false;
            if end >= start.offset {
                self.held.pop_front();
            }
        }
    }

    /// That entry was read; leaves of it may be wanted again.
    pub(super) fn end(&mut self, of: u32) {
        self.small.remove(&of);
        self.large.take_if(|large| large.index == of);
        if self.held.front().is_some_and(|start| start.index == of) {
            self.hashes_asked = false;
        }
        self.held.retain(|start| start.index != of);
    }

    /// That entry is not to be read any further.
    pub(super) fn give_up(&mut self, of: u32) {
        self.end(of);
        self.wanted.retain(|start| start.index != of);
        self.again.retain(|again| again.index != of);
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
            reads.want(Start { index, offset });
        }
        reads
    }

    #[test]
    fn small_files_are_asked_for_up_to_the_room_and_up_to_a_large_one() {
        let sizes = [0, 10, LEAF, LEAF, LEAF + 1, 1];
        let size = |index: u32| Some(sizes[index as usize] as u64);
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
        assert_eq!(reads.next_leaves(3 * LEAF), Some((4, 2)), "3 is to come");
        reads.end(4);
        assert_eq!(small(&mut reads, 9 * LEAF), [5]);
    }

    #[test]
    fn so_many_small_files_are_asked_for_at_once_and_no_more() {
        let mut reads = wanted(100);
        assert_eq!(reads.next_small(LEAF, |_| Some(1)).len(), SMALL_ASKED);
        reads.end(7);
        assert_eq!(reads.next_small(LEAF, |_| Some(1)).len(), 1);
    }

    #[test]
    fn what_was_given_up_does_not_count_for_what_is_read_then() {
        let large = |_| Some(u64::MAX);
        let mut reads = wanted(2);
        assert!(reads.next_large(large).is_some());
        reads.give_up(0);
        assert_eq!(reads.next_large(large).unwrap().index, 1);
        assert_eq!(reads.next_leaves(9 * LEAF), Some((1, LEAVES_ASKED)));
        (0..LEAVES_ASKED).for_each(|_| reads.leaf(0));
        reads.end(0);
        assert_eq!(reads.next_leaves(9 * LEAF), None);
        (0..LEAVES_ASKED).for_each(|_| reads.leaf(1));
        assert_eq!(reads.next_leaves(9 * LEAF), Some((1, LEAVES_ASKED)));
    }

    #[test]
    fn a_file_that_grew_is_read_into_what_its_earlier_reads_leave_free() {
        let mut reads = wanted(1);
        assert!(reads.next_large(|_| None).is_some());
        assert_eq!(reads.next_leaves(8 * LEAF), Some((0, 6)));
        (0..3).for_each(|_| reads.leaf(0));
        assert_eq!(reads.next_leaves(5 * LEAF), Some((0, 2)));
        // The first read meets the end after four leaves; the second is still to come.
        reads.leaf(0);
        reads.sent(0, 2);
        assert_eq!(reads.next_leaves(9 * LEAF), None, "there is no more");
        reads.grew(0);
        assert_eq!(reads.next_leaves(4 * LEAF), Some((0, 2)));
    }

    #[test]
    fn held_leaves_are_hashed_once_new_ones_find_no_room_or_are_through() {
        let large = |_| Some(u64::MAX);
        let offset = 2 * LEAF as u64;
        let mut reads = Reads::default();
        for index in 0..2 {
            reads.want(Start { index, offset });
        }
        assert!(reads.next_large(large).is_some() && reads.next_large(large).is_none());
        assert_eq!(reads.next_hashes(LEAF), None, "there are new leaves");
        assert_eq!(reads.next_hashes(LEAF - 1), Some(0));
        assert_eq!(reads.next_hashes(0), None, "they are being read");
        reads.hashed(0, LEAF as u64);
        assert_eq!(reads.next_hashes(0), Some(0), "there are more");
        reads.hashed(0, offset);
        assert_eq!(reads.next_hashes(0), None);
        reads.sent(0, 0);
        // One that is held whole does not keep the next one waiting.
        let size = |_| Some(offset);
        reads.want(Start { index: 2, offset });
        assert_eq!(reads.next_large(size).unwrap().index, 1);
        assert_eq!(reads.next_large(size).unwrap().index, 2);
        assert_eq!(reads.next_hashes(9 * LEAF), Some(1));
        reads.give_up(1);
        reads.hashed(1, LEAF as u64);
        assert_eq!(reads.next_hashes(9 * LEAF), Some(2));
    }

    #[test]
    fn leaves_again_and_new_ones_share_the_room() {
        let mut reads = wanted(1);
        reads.next_large(|_| Some(u64::MAX));
        assert_eq!(reads.next_leaves(5 * LEAF), Some((0, 5)));
        let (index, offset, leaves) = (0, 0, 3);
        let again = Again {
            index,
            offset,
            leaves,
        };
        reads.want_again(again);
        assert_eq!(reads.next_again(5 * LEAF), None, "all of it is asked for");
        reads.leaf(0);
        reads.leaf(0);
        let leaves = 2;
        assert_eq!(reads.next_again(5 * LEAF), Some(Again { leaves, ..again }));
        assert_eq!(reads.next_leaves(5 * LEAF), None);
        assert_eq!(reads.next_leaves(7 * LEAF), Some((0, 2)));
    }

    #[test]
    fn leaves_wanted_again_are_read_some_at_a_time_and_in_their_order() {
        let mut reads = Reads::default();
        let run = |index, leaf: u64, leaves| Again {
            index,
            offset: leaf * LEAF as u64,
            leaves,
        };
        for again in [run(0, 3, LEAVES_ASKED + 1), run(1, 0, 1), run(0, 0, 1)] {
            reads.want_again(again);
        }
        assert_eq!(reads.next_again(LEAF - 1), None);
        assert_eq!(reads.next_again(2 * LEAF), Some(run(0, 3, 2)));
        assert_eq!(reads.next_again(9 * LEAF), None, "one job at a time");
        reads.leaf_again();
        assert_eq!(reads.room(9 * LEAF), 8 * LEAF, "one is still to come");
        reads.again_done();
        assert_eq!(
            reads.next_again(9 * LEAF),
            Some(run(0, 5, LEAVES_ASKED - 1))
        );
        reads.again_done();
        // An end changes nothing; an entry that was given up is not read.
        reads.end(1);
        assert_eq!(reads.next_again(9 * LEAF), Some(run(1, 0, 1)));
        reads.again_done();
        reads.give_up(0);
        assert_eq!(reads.next_again(9 * LEAF), None);
    }
}
