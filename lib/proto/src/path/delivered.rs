//! The delivery rate of all sessions of a station together.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;

use super::to_u64;
use crate::Instant;

/// Bytes delivered are counted in grains of so many microseconds of our clock.
const GRAIN: u64 = 2_000;

/// Grains that are kept, 256 ms. Bytes that passed the link more than half of that ago are left
/// out. An ack arrives half a round trip after its bytes have passed, so this serves round trips up
/// to 256 ms.
const GRAINS: usize = 128;

/// Bytes that passed the link this many grains ago are left out. Of a long step the last half of
/// this is counted, so a step that ends just within it begins half of it earlier: together, with
/// the grains of now, less than [`GRAINS`].
const HISTORY: u64 = GRAINS as u64 / 2;

/// The rate is measured over so many grains, 28 ms. Sessions place their bytes in time by base
/// delays that are wrong by some milliseconds: over 12 ms two sessions gave 27 of 20 Mbit/s, over
/// 20 ms 21.6 (model).
const WINDOW: u64 = 14;

/// The maximum is over one to two spans of so much time in which a queue was seen, as in
/// [`Rate`](super::rate::Rate).
const SPAN: u64 = 100_000;

/// A windowed maximum of the bytes that all sessions together delivered in any [`WINDOW`].
///
/// ```text
///   session 1   |####|####|    |    |####|      bytes by the time at which they left the link:
///   session 2   |    |    |####|####|    |      the peer's clock at taking them in, less the
///               `------ WINDOW -----´           session's base delay
/// ```
#[derive(Debug)]
pub(super) struct Delivered {
    grains: [Grain; GRAINS],
    now: AtomicU64,
    before: AtomicU64,
    /// Microseconds of this span in which the link was full, and the time up to which they are
    /// counted.
    busy: AtomicU64,
    busy_until: AtomicU64,
}

/// The bytes of one grain of time. Grains share places in turn; the number tells which one this is.
#[derive(Debug, Default)]
struct Grain {
    number: AtomicU64,
    bytes: AtomicU64,
}

impl Delivered {
    /// Bytes a second; 0 before anything was delivered.
    pub(super) fn rate(&self) -> u64 {
        self.now.load(Relaxed).max(self.before.load(Relaxed))
    }

    /// `bytes` left the link evenly between those times; `is_busy`: the link was full of them.
    pub(super) fn add(&self, bytes: u64, from: Instant, to: Instant, is_busy: bool) {
        let all = to_u64((to - from).as_micros()).max(1);
        let to = to.0.max(from.0 + 1);
        let from = from.0.max(to.saturating_sub(HISTORY * GRAIN / 2));
        let (first, last) = (from / GRAIN, (to - 1) / GRAIN);
        for number in first..=last {
            let (start, end) = (number * GRAIN, (number + 1) * GRAIN);
            let time = end.min(to) - start.max(from);
            let part = u128::from(bytes) * u128::from(time) / u128::from(all);
            self.grain(number).add(number, to_u64(part));
        }
        let windows = first.saturating_sub(WINDOW - 1)..=last;
        let most = windows.map(|first| self.window(first)).max().unwrap_or(0);
        let rate = most.saturating_mul(1_000_000) / (WINDOW * GRAIN);
        self.now.fetch_max(rate, Relaxed);
        if is_busy {
            self.pass(from, to);
        }
    }

    /// The link was full in that time.
    fn pass(&self, from: u64, to: u64) {
        let until = self.busy_until.fetch_max(to, Relaxed);
        let more = to.saturating_sub(until.max(from));
        if self.busy.fetch_add(more, Relaxed) + more >= SPAN {
            self.busy.store(0, Relaxed);
            self.before.store(self.now.swap(0, Relaxed), Relaxed);
        }
    }

    fn window(&self, first: u64) -> u64 {
        let numbers = first..first + WINDOW;
        numbers.fold(0, |sum: u64, number| {
            sum.saturating_add(self.grain(number).bytes(number))
        })
    }

    #[expect(clippy::indexing_slicing, reason = "the index is below the length")]
    fn grain(&self, number: u64) -> &Grain {
        let index = number % GRAINS as u64;
        &self.grains[usize::try_from(index).unwrap_or(0)]
    }
}

impl Grain {
    fn bytes(&self, number: u64) -> u64 {
        match self.number.load(Relaxed) == number {
            true => self.bytes.load(Relaxed),
            false => 0,
        }
    }

    fn add(&self, number: u64, bytes: u64) {
        let bytes = self.bytes(number).saturating_add(bytes);
        self.number.store(number, Relaxed);
        self.bytes.store(bytes, Relaxed);
    }
}

impl Default for Delivered {
    fn default() -> Self {
        Self {
            grains: core::array::from_fn(|_| Grain::default()),
            now: AtomicU64::new(0),
            before: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            busy_until: AtomicU64::new(0),
        }
    }
}

/// Whether bytes that left the link at `time` are still counted.
pub(super) fn is_recent(time: Instant, now: Instant) -> bool {
    now - time < Duration::from_micros(HISTORY * GRAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_000_000_000;

    /// Bytes between two times in milliseconds.
    fn add(delivered: &Delivered, bytes: u64, from: u64, to: u64, is_busy: bool) {
        let [from, to] = [from, to].map(|millis| Instant(START + millis * 1_000));
        delivered.add(bytes, from, to, is_busy);
    }

    #[test]
    fn sessions_add_up_in_whatever_order_their_acks_come() {
        let delivered = Delivered::default();
        for at in (0..40).step_by(8) {
            add(&delivered, 4_000, at, at + 4, false);
        }
        assert_eq!(delivered.rate(), 16_000_000 / 28, "of 28 ms 16");
        for at in [36, 28, 20, 12, 4] {
            add(&delivered, 4_000, at, at + 4, false);
        }
        assert_eq!(delivered.rate(), 1_000_000);
    }

    #[test]
    fn bytes_are_spread_over_their_time() {
        let delivered = Delivered::default();
        add(&delivered, 56_000, 0, 56, false);
        assert_eq!(delivered.rate(), 1_000_000);
        let delivered = Delivered::default();
        add(&delivered, 28_000, 5, 5, false);
        assert_eq!(delivered.rate(), 1_000_000, "at once");
        let delivered = Delivered::default();
        add(&delivered, 1_000_000, 0, 1_000, false);
        assert_eq!(delivered.rate(), 1_000_000, "the last of a long time");
    }

    #[test]
    fn a_rate_is_forgotten_after_two_spans_with_a_queue() {
        let delivered = Delivered::default();
        add(&delivered, 28_000, 0, 28, true);
        for at in (1_000..1_072).step_by(8) {
            add(&delivered, 800, at, at + 8, true);
            assert_eq!(delivered.rate(), 1_000_000, "{at}");
        }
        // The same time of two sessions counts once, and time without a queue not at all.
        for at in (1_000..1_072).step_by(8) {
            add(&delivered, 0, at, at + 8, true);
        }
        for at in (2_000..3_000).step_by(8) {
            add(&delivered, 800, at, at + 8, false);
        }
        for at in (4_000..4_096).step_by(8) {
            add(&delivered, 800, at, at + 8, true);
            assert_eq!(delivered.rate(), 1_000_000, "{at}");
        }
        add(&delivered, 800, 4_096, 4_104, true);
        assert_eq!(delivered.rate(), 100_000);
    }

    #[test]
    fn late_news_of_long_ago_pushes_nothing_new_out() {
        let delivered = Delivered::default();
        let [start, end, last] = [256_000, 256_500, 258_000].map(|at| Instant(START + at));
        delivered.add(14_000, start, end, false);
        delivered.add(0, Instant(START), Instant(START + 128_501), false);
        delivered.add(14_000, end, last, false);
        assert_eq!(delivered.rate(), 1_000_000);
    }

    #[test]
    fn bytes_of_a_time_without_end_take_no_time_without_end() {
        let delivered = Delivered::default();
        delivered.add(u64::MAX, Instant(0), Instant(1 << 60), false);
        assert!(delivered.rate() < 1 << 32, "{}", delivered.rate());
    }
}
