//! Delivery rate: bytes a second that the path takes from us while it is busy.

use alloc::collections::VecDeque;
use core::time::Duration;

use transom_wire::Ack;

use crate::Instant;

/// Shortest interval that is measured, or a round trip where that is longer. Over less time the
/// peer's read calls and the bursts of routers decide the result: a token bucket of 8 KiB makes 32
/// of 20 Mbit/s over 5 ms. An interval must fit between two pictures of another session.
const INTERVAL: Duration = Duration::from_millis(8);

/// Most acks that are remembered. An interval holds up to [`APART`] and its ends; while the round
/// trip grows, older acks are closer together.
const ACKS: usize = 16;

/// Acks that are remembered are at least this part of an interval apart: an interval then exceeds
/// its shortest length by at most this part.
const APART: u32 = 8;

/// The maximum covers one to two spans of so much busy time: longer than the time from one picture
/// of another session to the next, in which the rate is high and low by turns. A link that becomes
/// ten times slower is noticed within 0.2 s.
const SPAN: Duration = Duration::from_millis(100);

/// An interval is busy if the last byte of each of its steps from ack to ack waited for this part
/// of the step.
const BUSY_PERCENT: u32 = 75;

/// TCP's slow start doubles the rate in each round trip: a round in which the rate grows by less
/// than this does not belong to it. Without rounds, the windows of pictures stayed below TCP's: of
/// the first second over 1 Gbit/s and 100 ms, 9 pictures of 30 were shown, with rounds 18 (model).
const GROWTH_PERCENT: u32 = 25;

/// The delivery rate, in bytes per second: a windowed maximum of measured intervals, much as in BBR
/// (draft-cheng-iccrg-delivery-rate-estimation), but by the peer's clock, which no delay of acks
/// disturbs.
///
/// ```text
///   bytes at the peer    |<--------- queued -------->|
///        A ------------- sent . . . . . . . . . . . . B      busy: the last byte acked by B has
///        |<---------------- interval --------------->|       waited for most of the interval
/// ```
/// In a busy interval the path had bytes of ours all the time, so what it delivered is its rate. An
/// interval with a pause is application-limited: it carries fewer bytes than the path could take,
/// so that it only raises the rate. Time passes for the maximum only while the path is busy.
#[derive(Debug, Default)]
pub(super) struct Rate {
    /// Acks of about the last [`INTERVAL`], oldest first.
    acks: VecDeque<Ack>,
    /// The latest ack.
    last: Option<Ack>,
    /// The peer's clock since when the path has had bytes of ours all the time.
    busy_since: u64,
    max: MaxFilter,
    round: Round,
    /// A busy interval was measured, and the rate no longer grows: the path limits it, not the
    /// application and not TCP's slow start.
    is_path_limited: bool,
}

/// A round lasts as long as an interval. Rounds find the end of TCP's slow start, in which
/// intervals are busy because bytes wait for TCP's window, though the path could take more. As in
/// BBR's test for a full pipe, slow start has ended when the rate does not grow in a round. BBR
/// waits for three such rounds and ignores those that are application-limited. Here one is enough,
/// and it may be application-limited if an interval was busy before: a wrong end costs little,
/// since a later interval may still raise the rate.
#[derive(Debug, Default)]
struct Round {
    /// The peer's clock at its beginning.
    at: u64,
    /// The highest rate at the end of any round before.
    rate: u64,
    /// A busy interval was measured in this round or before.
    was_busy: bool,
}

/// The largest value of the last one to two spans of busy time.
#[derive(Debug, Default)]
struct MaxFilter {
    now: u64,
    before: u64,
    busy: Duration,
}

impl Rate {
    /// Takes an ack; `queued`: how long the last byte acked waited on the path; `rtt`: the round
    /// trip of the empty path. Returns whether the interval up to this ack was busy.
    pub(super) fn handle_ack(&mut self, ack: Ack, queued: Duration, rtt: Duration) -> bool {
        let last = self.last.replace(ack);
        let last = last.filter(|last| last.clock <= ack.clock);
        if last.is_none() {
            self.acks.clear();
            self.round = Round::default();
        }
        let step = last.map_or(Duration::MAX, |last| span(last, ack));
        if queued < step / 100 * BUSY_PERCENT {
            self.busy_since = ack.clock;
        }
        let interval = INTERVAL.max(rtt);
        while self
            .acks
            .get(1)
            .is_some_and(|second| span(*second, ack) >= interval)
        {
            self.acks.pop_front();
        }
        let from = self
            .acks
            .front()
            .filter(|from| span(**from, ack) >= interval);
        let is_busy = from.is_some_and(|from| from.clock >= self.busy_since);
        if let Some(from) = from {
            let rate = rate(*from, ack);
            self.round.was_busy |= is_busy;
            if Instant(ack.clock) - Instant(self.round.at) >= interval {
                self.is_path_limited |= self.round.end(rate, ack);
            }
            let busy = if is_busy { step } else { Duration::ZERO };
            self.max.take(rate, busy);
        }
        let newest = self.acks.back();
        let is_apart = newest.is_none_or(|newest| span(*newest, ack) >= interval / APART);
        if is_apart && self.acks.len() < ACKS {
            self.acks.push_back(ack);
        }
        is_busy
    }

    /// The path is another one: startup begins again, from the current rate.
    pub(super) fn restart(&mut self) {
        self.is_path_limited = false;
        self.round = Round::default();
    }

    /// Whether the path limits the rate. Before, the path may take far more.
    pub(super) fn is_path_limited(&self) -> bool {
        self.is_path_limited
    }

    /// Bytes per second; `None` before it was measured.
    pub(super) fn value(&self) -> Option<u64> {
        Some(self.max.now.max(self.max.before)).filter(|rate| *rate > 0)
    }
}

impl Round {
    /// The round ends with this rate, and the next begins; returns whether the path limits the
    /// rate.
    fn end(&mut self, rate: u64, ack: Ack) -> bool {
        let growing = u128::from(self.rate) * u128::from(100 + GROWTH_PERCENT) / 100;
        self.at = ack.clock;
        self.rate = self.rate.max(rate);
        self.was_busy && u128::from(rate) < growing
    }
}

impl MaxFilter {
    fn take(&mut self, value: u64, busy: Duration) {
        self.now = self.now.max(value);
        self.busy += busy;
        if self.busy >= SPAN {
            self.before = core::mem::take(&mut self.now);
            self.busy = Duration::ZERO;
        }
    }
}

fn span(from: Ack, to: Ack) -> Duration {
    Instant(to.clock) - Instant(from.clock)
}

fn rate(from: Ack, to: Ack) -> u64 {
    let bytes = u128::from(to.received.saturating_sub(from.received));
    let rate = bytes * 1_000_000 / span(from, to).as_micros().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);
    /// Longer than any interval.
    const LONG: Duration = Duration::from_secs(9);

    /// Acks of a peer whose clock begins anywhere.
    struct Acks {
        rate: Rate,
        ack: Ack,
        rtt: Duration,
    }

    impl Acks {
        fn new() -> Self {
            let (received, clock) = (1_000, 77_777_000_000);
            let ack = Ack { received, clock };
            let mut rate = Rate::default();
            rate.handle_ack(ack, Duration::ZERO, MILLI);
            let rtt = MILLI;
            Self { rate, ack, rtt }
        }

        /// So many bytes came within so many milliseconds; the last of them had waited for
        /// `queued`.
        fn add(&mut self, bytes: u64, millis: u64, queued: Duration) {
            self.ack.received += bytes;
            self.ack.clock += millis * 1000;
            self.rate.handle_ack(self.ack, queued, self.rtt);
        }

        /// Acks every 2 ms for so long, at so many bytes a millisecond.
        fn run(&mut self, millis: u64, bytes: u64, queued: Duration) {
            for _ in 0..millis / 2 {
                self.add(2 * bytes, 2, queued);
            }
        }

        /// Bytes a millisecond.
        fn value(&self) -> Option<u64> {
            self.rate.value().map(|rate| rate / 1000)
        }
    }

    #[test]
    fn an_interval_of_8_ms_is_measured_and_no_shorter_one() {
        let mut acks = Acks::new();
        acks.add(7_000, 7, LONG);
        assert_eq!(acks.value(), None);
        acks.add(1_800, 1, LONG);
        assert_eq!(acks.value(), Some(1_100));
    }

    #[test]
    fn intervals_overlap_so_that_none_is_missed() {
        let mut acks = Acks::new();
        acks.run(10, 100, LONG);
        acks.run(8, 900, LONG);
        acks.run(10, 100, LONG);
        assert_eq!(acks.value(), Some(900));
    }

    #[test]
    fn where_the_round_trip_is_longer_an_interval_is_one() {
        let mut acks = Acks::new();
        acks.rtt = 40 * MILLI;
        acks.run(38, 100, LONG);
        assert_eq!(acks.value(), None);
        acks.run(400, 100, LONG);
        assert_eq!(acks.value(), Some(100));
        // A quarter of the time ten times as fast: what others leave, not what the path takes.
        acks.run(10, 1_000, LONG);
        acks.run(30, 100, LONG);
        let value = acks.value().unwrap();
        assert!((300..=340).contains(&value), "{value}");
    }

    #[test]
    fn a_pause_does_not_lower_the_rate_however_long_it_is() {
        let mut acks = Acks::new();
        acks.run(50, 1_000, LONG);
        for _ in 0..1_000 {
            acks.add(1_000, 33, Duration::ZERO);
        }
        assert_eq!(acks.value(), Some(1_000));
    }

    #[test]
    fn an_application_limited_interval_raises_the_rate_and_is_not_the_paths() {
        let mut acks = Acks::new();
        acks.run(20, 500, Duration::ZERO);
        assert_eq!(acks.value(), Some(500));
        assert!(!acks.rate.is_path_limited());
        acks.run(20, 700, Duration::ZERO);
        assert_eq!(acks.value(), Some(700));
        acks.run(20, 300, LONG);
        assert!(acks.rate.is_path_limited());
        assert_eq!(acks.value(), Some(700));
    }

    #[test]
    fn a_busy_path_that_became_slower_is_known_within_200_ms() {
        let mut acks = Acks::new();
        acks.run(200, 1_000, LONG);
        acks.run(80, 100, LONG);
        assert_eq!(acks.value(), Some(1_000), "the maximum of 100 ms at least");
        acks.run(130, 100, LONG);
        assert_eq!(acks.value(), Some(100));
    }

    #[test]
    fn an_interval_is_busy_if_its_last_byte_waited_for_three_quarters_of_each_step() {
        for (queued, limited) in [(1_499, false), (1_500, true)] {
            let mut acks = Acks::new();
            acks.run(20, 100, Duration::from_micros(queued));
            assert_eq!(acks.rate.is_path_limited(), limited, "{queued} us");
        }
        // One step with a pause makes all of the interval one with a pause.
        let mut acks = Acks::new();
        for _ in 0..10 {
            acks.run(6, 100, LONG);
            acks.add(200, 2, Duration::ZERO);
        }
        assert!(!acks.rate.is_path_limited());
    }

    #[test]
    fn a_busy_path_limits_the_rate_once_that_grows_by_less_than_a_quarter_in_a_round() {
        for (growth, limited) in [(100, false), (25, false), (24, true), (0, true)] {
            let mut acks = Acks::new();
            acks.rtt = 40 * MILLI;
            // As in slow start, a burst comes in each round trip, and waited for the window.
            let mut bytes = 1_024_000;
            for _ in 0..6 {
                acks.add(bytes, 40, LONG);
                bytes += bytes * growth / 100;
            }
            assert_eq!(acks.rate.is_path_limited(), limited, "{growth} %");
        }
    }

    #[test]
    fn a_rate_that_was_reached_before_a_pause_is_no_growth() {
        let mut acks = Acks::new();
        acks.run(16, 200, Duration::ZERO);
        acks.run(8, 20, Duration::ZERO);
        assert!(!acks.rate.is_path_limited());
        acks.run(8, 200, LONG);
        assert!(acks.rate.is_path_limited());
    }

    #[test]
    fn a_busy_interval_counts_from_the_next_round_on_that_does_not_grow() {
        let mut acks = Acks::new();
        acks.run(8, 100, LONG);
        acks.run(8, 200, LONG);
        assert!(!acks.rate.is_path_limited());
        acks.run(8, 200, Duration::ZERO);
        assert!(acks.rate.is_path_limited());
        // On another route all begins anew.
        acks.rate.restart();
        acks.run(40, 200, Duration::ZERO);
        assert!(!acks.rate.is_path_limited());
        acks.run(16, 200, LONG);
        assert!(acks.rate.is_path_limited());
    }

    #[test]
    fn a_clock_that_jumps_back_measures_nothing() {
        let mut acks = Acks::new();
        acks.run(20, 100, LONG);
        acks.ack.clock = 5;
        acks.add(1_000_000, 0, LONG);
        assert_eq!(acks.value(), Some(100));
        acks.run(300, 50, LONG);
        assert_eq!(acks.value(), Some(50), "measured from the jump on");
    }

    #[test]
    fn rounds_begin_anew_where_the_clock_jumps_back() {
        let mut acks = Acks::new();
        acks.run(20, 100, Duration::ZERO);
        acks.ack.clock = 5;
        acks.run(40, 100, LONG);
        assert!(acks.rate.is_path_limited());
    }

    #[test]
    fn many_acks_take_no_more_memory() {
        let mut acks = Acks::new();
        for _ in 0..10_000 {
            acks.ack.clock += 1;
            acks.add(1, 0, LONG);
        }
        assert!(acks.rate.acks.len() <= ACKS);
        // While the interval grows nearly as fast as time, few acks leave it.
        for millis in 0..20_000 {
            acks.rtt = MILLI * millis * 9 / 10;
            acks.add(1_000, 1, LONG);
            assert!(acks.rate.acks.len() <= ACKS, "{millis} ms");
        }
        assert_eq!(acks.value(), Some(1_000));
    }

    #[test]
    fn two_acks_of_one_moment_are_one_measurement() {
        let mut acks = Acks::new();
        acks.run(6, 100, LONG);
        acks.add(200, 0, LONG);
        acks.run(2, 100, LONG);
        assert_eq!(acks.value(), Some((600 + 200 + 200) / 8));
    }

    #[test]
    fn acks_that_come_often_leave_no_interval_out() {
        let mut acks = Acks::new();
        let mut often = |millis: u64, bytes: u64| {
            for _ in 0..millis * 10 {
                acks.ack.clock += 100;
                acks.add(bytes / 10, 0, LONG);
            }
            acks.value().unwrap_or(0)
        };
        often(21, 100);
        let fast = often(8, 900);
        assert!(fast.max(often(1, 100)) >= 800, "{fast}");
    }
}
