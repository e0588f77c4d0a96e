//! Base delay: what the path takes when nothing of ours waits on it.

use core::time::Duration;

use crate::Instant;

/// A minimum counts for one to two of these. A longer route is known after two: within 2 s, if each
/// has a clean sample.
const SPAN: Duration = Duration::from_millis(800);

/// The least delays, one way and both ways.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Delays {
    /// In microseconds, wrong by how far the two clocks are apart.
    pub(super) one_way: i64,
    pub(super) rtt: Duration,
}

/// A windowed minimum of two spans, as [`MinFilter`](super::min_filter::MinFilter), with one more
/// rule: a span ends only after a clean sample. A sample is clean when the bytes ahead of it fitted
/// on the empty path, so that whatever it waited for was not ours. Without that rule our own queue
/// would be taken for a longer route, be allowed, and grow.
#[derive(Debug, Default)]
pub(super) struct BaseDelay {
    now: Option<Delays>,
    before: Option<Delays>,
    since: Instant,
    /// The span has had a clean sample.
    is_clean: bool,
    /// A record was sent in this span that will give one.
    is_probed: bool,
}

impl BaseDelay {
    pub(super) fn take(&mut self, new: Delays, is_clean: bool, now: Instant) {
        self.now = Some(self.now.map_or(new, |least| least.min(new)));
        self.is_clean |= is_clean;
        if self.is_clean && now - self.since >= SPAN {
            self.before = self.now.take();
            self.since = now;
            (self.is_clean, self.is_probed) = (false, false);
        }
    }

    /// A record was sent that will give a clean sample.
    pub(super) fn probe(&mut self) {
        self.is_probed = true;
    }

    /// `None` before the first sample.
    pub(super) fn value(&self) -> Option<Delays> {
        match (self.now, self.before) {
            (Some(now), Some(before)) => Some(now.min(before)),
            (one, other) => one.or(other),
        }
    }

    /// Whether a clean sample must be made now: the span is over but for one.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        !self.is_probed && now - self.since >= SPAN
    }
}

impl Delays {
    fn min(self, other: Self) -> Self {
        Self {
            one_way: self.one_way.min(other.one_way),
            rtt: self.rtt.min(other.rtt),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    /// Samples every millisecond.
    struct Samples {
        base: BaseDelay,
        now: Instant,
    }

    impl Samples {
        /// A path of 1 ms each way that has been used for long.
        fn new() -> Self {
            let (base, now) = (BaseDelay::default(), Instant(1_000_000_000));
            let mut samples = Self { base, now };
            samples.take(1, true, 5_000);
            samples
        }

        fn take(&mut self, delay: u32, is_clean: bool, millis: u32) {
            for _ in 0..millis {
                self.now = self.now + MILLI;
                let delays = delays(delay);
                self.base.take(delays, is_clean, self.now);
            }
        }

        fn value(&self) -> Delays {
            self.base.value().unwrap()
        }
    }

    fn delays(delay: u32) -> Delays {
        Delays {
            one_way: i64::from(delay) * 1000 - 987_654_321,
            rtt: MILLI * delay * 2,
        }
    }

    #[test]
    fn a_shorter_route_is_known_at_once_and_a_longer_one_within_2_seconds() {
        let mut samples = Samples::new();
        samples.take(16, true, 700);
        assert_eq!(samples.value(), delays(1), "it may be a queue of others");
        samples.take(16, true, 1_100);
        assert_eq!(samples.value(), delays(16));
        samples.take(3, false, 1);
        assert_eq!(samples.value(), delays(3));
    }

    #[test]
    fn a_minimum_counts_for_a_span_at_least() {
        let mut samples = Samples::new();
        samples.take(0, true, 1);
        samples.take(9, true, 799);
        assert_eq!(samples.value(), delays(0));
        samples.take(9, true, 802);
        assert_eq!(samples.value(), delays(9));
    }

    #[test]
    fn the_least_of_each_delay_counts() {
        let mut base = BaseDelay::default();
        assert_eq!(base.value(), None);
        for (one_way, rtt) in [(5, 9 * MILLI), (7, 4 * MILLI)] {
            base.take(Delays { one_way, rtt }, false, Instant(1));
        }
        let (one_way, rtt) = (5, 4 * MILLI);
        assert_eq!(base.value(), Some(Delays { one_way, rtt }));
    }

    #[test]
    fn our_own_queue_is_no_longer_route_however_long_it_stays() {
        let mut samples = Samples::new();
        samples.take(20, false, 30_000);
        assert_eq!(samples.value(), delays(1));
    }

    #[test]
    fn a_span_in_which_no_clean_sample_was_made_is_overdue() {
        let mut samples = Samples::new();
        samples.take(20, false, 801);
        let due = samples.base.since + SPAN;
        let early = due - Duration::from_micros(1);
        assert!(!samples.base.is_overdue(early));
        assert!(samples.base.is_overdue(due));
        samples.base.probe();
        assert!(!samples.base.is_overdue(due), "the sample is on its way");
        samples.take(20, false, 2_000);
        assert!(!samples.base.is_overdue(samples.now));
        samples.take(20, true, 1);
        assert!(!samples.base.is_overdue(samples.now + SPAN - MILLI));
        assert!(samples.base.is_overdue(samples.now + SPAN), "the next one");
    }
}
