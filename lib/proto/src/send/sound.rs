//! Sound that waits: the newest 200 ms of it. No public verb fills it yet: calls with sound are
//! next.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use transom_wire::Class;

use super::record::Record;
use crate::Instant;

/// The oldest sound that is still sent. A listener's jitter buffer holds less than that: what is
/// older would be dropped there, after it has delayed all that is newer.
pub(crate) const NEWEST: Duration = Duration::from_millis(200);

/// Frames that wait at most, whatever their times say: those of [`NEWEST`] at 2.5 ms each, the
/// shortest frame of Opus.
const FRAMES: usize = 80;

/// Encoded frames in the order of their capture; every one is younger than [`NEWEST`] when it is
/// sent.
#[derive(Default)]
pub(crate) struct SoundQueue {
    waiting: VecDeque<(Instant, Vec<u8>)>,
    dropped: u64,
}

impl SoundQueue {
    /// Adds a frame of sound that was captured then. The oldest make room for it.
    pub(crate) fn push(&mut self, captured: Instant, frame: Vec<u8>) {
        self.waiting.push_back((captured, frame));
        self.drop_older(captured);
        if self.waiting.len() > FRAMES {
            self.drop_oldest();
        }
    }

    /// Moves as many frames as fit.
    pub(crate) fn pull(&mut self, record: &mut Record<'_>, now: Instant) {
        self.drop_older(now);
        while let Some((_, frame)) = self.waiting.front()
            && record.append(Class::Audio, frame)
        {
            self.waiting.pop_front();
        }
    }

    /// Frames dropped since the session began.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.iter().map(|(_, frame)| frame.len()).sum()
    }

    fn drop_older(&mut self, now: Instant) {
        while let Some((captured, _)) = self.waiting.front()
            && now - *captured > NEWEST
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        self.dropped += u64::from(self.waiting.pop_front().is_some());
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const MILLI: Duration = Duration::from_millis(1);
    const NOW: Instant = Instant(1_000_000_000);

    /// Frames of 20 ms, each of one byte that tells its number.
    fn queue(frames: u8) -> SoundQueue {
        let mut queue = SoundQueue::default();
        for number in 0..frames {
            queue.push(NOW + u32::from(number) * 20 * MILLI, vec![number]);
        }
        queue
    }

    fn pull(queue: &mut SoundQueue, room: usize, now: Instant) -> Vec<u8> {
        let mut out = vec![0; room];
        let mut record = Record::new(&mut out);
        queue.pull(&mut record, now);
        let used = record.used();
        out.truncate(used);
        out
    }

    #[test]
    fn sound_leaves_in_order_and_whole() {
        let mut queue = queue(5);
        queue.push(NOW + 100 * MILLI, vec![5, 5]);
        assert_eq!(queue.len(), 7);
        let now = NOW + 100 * MILLI;
        assert_eq!(pull(&mut queue, 4, now), [0, 1, 2, 3]);
        assert_eq!(pull(&mut queue, 2, now), [4], "two bytes do not fit in one");
        assert_eq!(pull(&mut queue, 2, now), [5, 5]);
        assert_eq!((queue.len(), queue.dropped()), (0, 0));
    }

    #[test]
    fn the_newest_200_ms_are_kept_and_the_oldest_dropped() {
        let mut queue = queue(15);
        // The last is of 280 ms: those before 80 ms are too old beside it.
        assert_eq!(queue.dropped(), 4);
        let now = NOW + 280 * MILLI;
        assert_eq!(pull(&mut queue, 3, now), [4, 5, 6]);
        // Frame 10 is of 200 ms.
        assert_eq!(pull(&mut queue, 3, NOW + 400 * MILLI), [10, 11, 12]);
        assert_eq!(queue.dropped(), 7);
        assert_eq!(pull(&mut queue, 9, NOW + 1000 * MILLI), []);
        assert_eq!((queue.len(), queue.dropped()), (0, 9));
    }

    #[test]
    fn frames_of_one_time_do_not_pile_up() {
        let mut queue = SoundQueue::default();
        for _ in 0..1000 {
            queue.push(NOW, vec![1]);
        }
        assert_eq!((queue.len(), queue.dropped()), (FRAMES, 920));
    }
}
