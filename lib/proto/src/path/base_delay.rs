//! Base delay: the delay of the path while none of our bytes wait on it.

use core::time::Duration;

use crate::Instant;

/// A minimum counts for one to two of these. A longer route is known after two of them: within 2 s,
/// if each has clean samples.
const SPAN: Duration = Duration::from_millis(800);

/// The least delays, one way and both ways.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Delays {
    /// In microseconds, wrong by how far the two clocks are apart.
    pub(super) one_way: i64,
    pub(super) rtt: Duration,
}

/// Least time from the first to the last clean sample of a span: longer than most pictures of
/// other sessions take to pass. A single sample may meet such a picture, and the queue would count
/// as base delay.
const SPREAD: Duration = Duration::from_millis(20);

/// How long file data wait for a quiet path, once a span: two records [`SPREAD`] apart, over a
/// round trip of 80 ms. Where a call alone is too much for the link the path is never quiet; the
/// base delay that was known stays then, and the file data go on.
const QUIET_TIME: Duration = Duration::from_millis(100);

/// A windowed minimum of two spans, as [`MinFilter`](super::min_filter::MinFilter), with one more
/// rule: a span ends only after clean samples. A sample is clean when the bytes ahead of it fitted
/// on the empty path, so that whatever it waited for was not ours. Without that rule our own queue
/// would be taken for a longer route, be allowed, and grow.
#[derive(Debug, Default)]
pub(super) struct BaseDelay {
    now: Option<Delays>,
    before: Option<Delays>,
    since: Instant,
    /// Clean samples of this span.
    clean: Times,
    /// Records sent in this span that will give clean samples.
    probes: Times,
}

/// The first and the last time at which something happened.
#[derive(Clone, Copy, Debug, Default)]
struct Times(Option<(Instant, Instant)>);

impl BaseDelay {
    pub(super) fn take(&mut self, new: Delays, is_clean: bool, now: Instant) {
        self.now = Some(self.now.map_or(new, |least| least.min(new)));
        if is_clean {
            self.clean.add(now);
        }
        if self.is_due(now) && self.clean.are_apart() {
            self.before = self.now.take();
            self.since = boundary(now);
            (self.clean, self.probes) = (Times::default(), Times::default());
        }
    }

    /// A record was sent that is expected to give a clean sample.
    pub(super) fn probe(&mut self, now: Instant) {
        self.probes.add(now);
    }

    /// `None` before the first sample.
    pub(super) fn value(&self) -> Option<Delays> {
        match (self.now, self.before) {
            (Some(now), Some(before)) => Some(now.min(before)),
            (one, other) => one.or(other),
        }
    }

    /// Whether the time of the span is over, so that it ends with the next clean samples.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        now - self.since >= SPAN
    }

    /// Whether file data of all sessions pause now until the queue that they share is empty, so
    /// that clean samples are possible. That is so in the first part of each span while the span
    /// before it has not ended.
    pub(super) fn is_quiet_time(&self, now: Instant) -> bool {
        self.is_due(now) && now - boundary(now) < QUIET_TIME
    }

    /// Whether the span can only end if another record is sent that gives a clean sample.
    pub(super) fn needs_probe(&self, now: Instant) -> bool {
        let late = self
            .probes
            .first()
            .is_none_or(|first| now - first >= SPREAD);
        self.is_due(now) && late && !self.probes.are_apart()
    }
}

impl Times {
    fn add(&mut self, now: Instant) {
        let first = self.first().unwrap_or(now);
        self.0 = Some((first, now));
    }

    fn first(&self) -> Option<Instant> {
        self.0.map(|(first, _)| first)
    }

    fn are_apart(&self) -> bool {
        self.0.is_some_and(|(first, last)| last - first >= SPREAD)
    }
}

/// The start of the current span. All sessions of a station count spans by one clock, so that their
/// file data drain the path together: else each would take the queues of the others for base delay.
fn boundary(now: Instant) -> Instant {
    let span = u64::try_from(SPAN.as_micros()).unwrap_or(u64::MAX);
    Instant(now.0 - now.0 % span)
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
    fn spans_end_by_one_clock_whenever_a_session_began() {
        for began in [0_u64, 1, 799_999, 800_000, 1_234_567] {
            let mut base = BaseDelay::default();
            for at in (began..4_100_000).step_by(10_000) {
                base.take(delays(1), true, Instant(at));
            }
            assert!(!base.is_due(Instant(4_799_999)), "{began}");
            assert!(base.is_due(Instant(4_800_000)), "{began}");
        }
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
    fn clean_samples_that_may_all_have_met_one_picture_end_no_span() {
        for (apart, ends) in [(19, false), (20, true)] {
            let mut samples = Samples::new();
            samples.take(9, false, 2_000);
            samples.take(16, true, 1);
            samples.take(9, false, apart - 1);
            samples.take(16, true, 1);
            let value = if ends { delays(9) } else { delays(1) };
            assert_eq!(samples.value(), value, "{apart} ms apart");
        }
    }

    #[test]
    fn a_span_without_clean_samples_needs_two_probes() {
        let mut samples = Samples::new();
        samples.take(20, false, 801);
        let base = &mut samples.base;
        let due = base.since + SPAN;
        let early = due - Duration::from_micros(1);
        assert!(!base.is_due(early) && !base.needs_probe(early));
        assert!(base.is_due(due) && base.needs_probe(due));
        base.probe(due);
        let next = due + SPREAD;
        assert!(!base.needs_probe(next - Duration::from_micros(1)));
        assert!(base.needs_probe(next));
        base.probe(next);
        assert!(
            !base.needs_probe(next + SPAN),
            "their samples are on the way"
        );
        assert!(base.is_due(next + SPAN));
        samples.take(20, true, 1_000);
        assert!(!samples.base.is_due(samples.now));
    }

    #[test]
    fn file_data_wait_for_quiet_in_the_first_part_of_a_span_that_may_end() {
        let mut samples = Samples::new();
        samples.take(20, false, 801);
        let base = &mut samples.base;
        let due = base.since + SPAN;
        for (at, waits) in [
            (0, true),
            (99, true),
            (100, false),
            (800, true),
            (900, false),
        ] {
            assert_eq!(base.is_quiet_time(due + MILLI * at), waits, "{at} ms");
        }
        assert!(!base.is_quiet_time(base.since), "it is not due");
    }

    #[test]
    fn probes_before_the_end_of_a_span_count() {
        let mut samples = Samples::new();
        samples.take(20, false, 801);
        let base = &mut samples.base;
        base.probe(base.since);
        base.probe(base.since + SPREAD);
        assert!(!base.needs_probe(base.since + SPAN));
    }
}
