//! How much file data may be on the way while a call is live: a window by queue delay.

use core::time::Duration;

use super::in_flight::Sample;
use super::min_filter::MinFilter;
use crate::Instant;

/// What a TCP segment carries.
const SEGMENT: u64 = 1448;

/// The window never closes below this, so that file data keep moving and keep measuring.
const LEAST: u64 = 4 * 1024;

/// Where the window begins when a call does.
const FIRST: u64 = 32 * 1024;

/// The window's end: a second of 1 Gbit/s.
const MOST: u64 = 128 * 1024 * 1024;

/// How long the window is kept closed to find the least delay again, once per [`MinFilter`]'s span:
/// longer than the queue it drains.
const PROBE: Duration = Duration::from_millis(100);

/// The queue delay is taken as the least of so long: a picture's own bytes are a queue of a few
/// milliseconds that drains by itself, and is not the file's doing.
const SPAN: Duration = Duration::from_millis(20);

pub(crate) struct Window {
    size: u64,
    target: i64,
    base: MinFilter,
    delay: i64,
    /// The least delay in the span that runs, and when it began.
    least: i64,
    since: Instant,
    /// Doubling until the first queue shows.
    slow_start: bool,
    /// Closed until then, to see the way empty.
    probe: Option<Instant>,
}

impl Window {
    pub(crate) fn new(target: Duration) -> Self {
        Self {
            size: FIRST,
            target: i64::try_from(target.as_micros()).unwrap_or(i64::MAX).max(1),
            base: MinFilter::default(),
            delay: 0,
            least: i64::MAX,
            since: Instant::default(),
            slow_start: true,
            probe: None,
        }
    }

    /// A call begins: what was measured without one says nothing.
    pub(crate) fn restart(&mut self) {
        self.size = FIRST;
        self.slow_start = true;
    }

    /// Takes in what an ack tells; `in_flight`: bulk bytes on the way before it.
    pub(crate) fn handle_sample(&mut self, sample: Sample, in_flight: u64, now: Instant) {
        let aged = self.base.take(sample.one_way, now);
        if aged && sample.bulk > 0 {
            log::debug!("bulk window={} closed to probe", self.size);
            self.probe = Some(now + PROBE);
        }
        let base = self.base.value().unwrap_or(sample.one_way);
        self.delay = sample.one_way.saturating_sub(base);
        self.least = self.least.min(self.delay);
        let limited = in_flight >= self.size / 2;
        if limited && self.delay < self.target {
            self.grow(sample.bulk);
        }
        if now - self.since >= SPAN {
            if self.least > self.target {
                self.shrink();
            }
            self.least = i64::MAX;
            self.since = now;
        }
    }

    /// Bulk bytes that may go when so many are on the way; none rather than less than a segment.
    pub(crate) fn room(&self, in_flight: u64, now: Instant) -> u64 {
        let size = match self.probe {
            Some(until) if until > now => LEAST,
            _ => self.size,
        };
        let room = size.saturating_sub(in_flight);
        if room < SEGMENT { 0 } else { room }
    }

    /// When the window opens again after it was closed to probe.
    pub(crate) fn probe_end(&self) -> Option<Instant> {
        self.probe
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_micros(self.delay.unsigned_abs())
    }

    /// Two segments per window acked, or as much again as was acked in slow start.
    fn grow(&mut self, acked: u64) {
        let more = if self.slow_start {
            acked
        } else {
            acked.saturating_mul(2 * SEGMENT) / self.size
        };
        self.size = (self.size + more).min(MOST);
    }

    /// In proportion to what is too much, at most by half.
    fn shrink(&mut self) {
        self.slow_start = false;
        let keep = (self.target.saturating_mul(1000) / self.least).clamp(500, 1000);
        self.size = (self.size * keep.unsigned_abs() / 1000).max(LEAST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(10);
    /// The two clocks differ by that: no sample may be taken for a delay.
    const SKEW: i64 = 987_654_321_000;

    /// A window on a hand-moved clock.
    struct Path {
        window: Window,
        now: Instant,
    }

    impl Path {
        /// The path has been seen empty.
        fn new() -> Self {
            let (window, now) = (Window::new(TARGET), Instant(1_000_000_000));
            let mut path = Self { window, now };
            path.idle(0);
            path
        }

        fn ack(&mut self, delay_micros: i64, bulk: u64, in_flight: u64) {
            let one_way = SKEW + delay_micros;
            let sample = Sample { one_way, bulk };
            self.window.handle_sample(sample, in_flight, self.now);
        }

        /// An ack while as much is in flight as may be.
        fn full(&mut self, delay_micros: i64, bulk: u64) {
            self.ack(delay_micros, bulk, self.window.size());
        }

        /// An ack of anything but file data.
        fn idle(&mut self, delay_micros: i64) {
            self.ack(delay_micros, 0, 0);
        }

        fn wait(&mut self, span: Duration) {
            self.now = self.now + span;
        }

        fn room(&self, in_flight: u64) -> u64 {
            self.window.room(in_flight, self.now)
        }
    }

    #[test]
    fn it_doubles_each_round_trip_until_the_first_queue() {
        let mut path = Path::new();
        for round in 1..=5 {
            path.full(0, path.window.size());
            assert_eq!(path.window.size(), FIRST << round);
        }
        assert_eq!(
            path.window.delay(),
            Duration::ZERO,
            "the clocks' skew is none"
        );
    }

    #[test]
    fn a_window_that_is_not_used_does_not_grow() {
        let mut path = Path::new();
        path.ack(0, 10_000, FIRST / 2 - 1);
        assert_eq!(path.window.size(), FIRST);
        path.ack(0, 10_000, FIRST / 2);
        assert_eq!(path.window.size(), FIRST + 10_000);
    }

    #[test]
    fn it_does_not_grow_into_a_queue() {
        let mut path = Path::new();
        path.full(10_000, 10_000);
        assert_eq!(path.window.size(), FIRST);
        assert_eq!(path.window.delay(), TARGET);
        path.full(9_999, 10_000);
        assert_eq!(path.window.size(), FIRST + 10_000);
    }

    #[test]
    fn a_queue_that_stays_shrinks_it_in_proportion_and_by_half_at_most() {
        for (delay, left) in [(10_000, 1000), (12_500, 800), (20_000, 500), (900_000, 500)] {
            let mut path = Path::new();
            path.wait(SPAN);
            path.full(delay, 0);
            assert_eq!(path.window.size(), FIRST * left / 1000, "{delay} us");
        }
    }

    #[test]
    fn a_queue_of_a_picture_that_drains_by_itself_does_not_shrink_it() {
        let mut path = Path::new();
        for _ in 0..10 {
            // A picture is in flight, and then its end.
            path.full(40_000, 0);
            path.full(1_000, 0);
            path.wait(SPAN);
        }
        assert_eq!(path.window.size(), FIRST);
    }

    #[test]
    fn each_span_is_looked_at_anew() {
        let mut path = Path::new();
        // Empty in this span, and never again.
        path.full(0, 0);
        path.wait(SPAN);
        path.full(20_000, 0);
        assert_eq!(path.window.size(), FIRST, "the path was empty in this span");
        path.full(20_000, 0);
        path.wait(SPAN / 2);
        path.full(20_000, 0);
        assert_eq!(path.window.size(), FIRST, "the span is not over");
        path.wait(SPAN / 2);
        path.full(20_000, 0);
        assert_eq!(path.window.size(), FIRST / 2);
        path.full(20_000, 0);
        assert_eq!(path.window.size(), FIRST / 2, "once in a span");
    }

    #[test]
    fn it_never_closes_and_never_grows_without_end() {
        let mut path = Path::new();
        for _ in 0..20 {
            path.wait(SPAN);
            path.full(1_000_000, 0);
        }
        assert_eq!(path.window.size(), LEAST);
        let mut path = Path::new();
        for _ in 0..40 {
            path.full(0, path.window.size());
        }
        assert_eq!(path.window.size(), MOST);
    }

    #[test]
    fn after_the_first_queue_it_grows_by_two_segments_a_round_trip() {
        let mut path = Path::new();
        path.wait(SPAN);
        path.full(20_000, 0);
        let size = path.window.size();
        // A window in pieces, as acks come.
        for _ in 0..4 {
            path.full(0, size / 4);
        }
        let more = path.window.size() - size;
        assert!((2 * SEGMENT - 400..=2 * SEGMENT).contains(&more), "{more}");
    }

    #[test]
    fn a_call_begins_with_a_small_window_that_doubles_again() {
        let mut path = Path::new();
        path.full(0, 1_000_000);
        for _ in 0..2 {
            path.wait(SPAN);
            path.full(20_000, 0);
        }
        assert!(path.window.size() < 1_000_000);
        path.window.restart();
        assert_eq!(path.window.size(), FIRST);
        path.full(0, 5_000);
        assert_eq!(path.window.size(), FIRST + 5_000);
    }

    #[test]
    fn a_few_times_a_minute_it_closes_to_see_the_path_empty() {
        let mut path = Path::new();
        path.full(0, 100_000);
        let closes = |path: &mut Path| {
            let before = path.window.probe_end();
            (1..=30).find(|_| {
                path.wait(Duration::from_secs(1));
                assert_eq!(path.room(0), FIRST + 100_000);
                path.ack(0, 1, 0);
                path.window.probe_end() != before
            })
        };
        // The first span may have begun before the call.
        assert!(closes(&mut path).is_some_and(|seconds| seconds <= 15));
        assert_eq!(closes(&mut path), Some(15));
        assert_eq!(path.window.probe_end(), Some(path.now + PROBE));
        assert_eq!((path.room(0), path.room(LEAST)), (LEAST, 0));
        path.wait(PROBE - Duration::from_micros(1));
        assert_eq!(path.room(0), LEAST);
        path.wait(Duration::from_micros(1));
        assert_eq!(path.room(0), FIRST + 100_000);
    }

    #[test]
    fn without_file_data_there_is_nothing_to_close() {
        let mut path = Path::new();
        for _ in 0..40 {
            path.wait(Duration::from_secs(1));
            path.idle(0);
        }
        assert_eq!((path.window.probe_end(), path.room(0)), (None, FIRST));
    }

    #[test]
    fn a_path_that_became_longer_is_no_queue_for_ever() {
        let mut path = Path::new();
        // Another route: 30 ms more, permanently.
        for _ in 0..31 {
            path.wait(Duration::from_secs(1));
            path.idle(30_000);
        }
        assert_eq!(path.window.delay(), Duration::ZERO);
    }

    #[test]
    fn room_is_what_is_left_and_nothing_rather_than_a_sliver() {
        let path = Path::new();
        assert_eq!(path.room(0), FIRST);
        assert_eq!(path.room(1000), FIRST - 1000);
        assert_eq!(path.room(FIRST - SEGMENT), SEGMENT);
        assert_eq!(path.room(FIRST - SEGMENT + 1), 0);
        assert_eq!(path.room(FIRST + 1), 0);
    }
}
