//! Pause and rate of a transfer: what either side wants, and when the next data may go.

use core::time::Duration;

use transom_wire::{Message, Pause, Rate};

use crate::Instant;
use crate::send::Output;

/// Bytes of a frame under a rate limit last at most this long at that rate, so that the rate is
/// smooth.
const FRAME: Duration = Duration::from_millis(50);

/// The smallest frame a rate limit makes, so that headers stay small beside it.
const LEAST_FRAME: u64 = 512;

/// Halted while either side wants it so; the lower rate of both counts.
#[derive(Default)]
pub(crate) struct Throttle {
    ours: Limits,
    theirs: Limits,
    pause_due: bool,
    rate_due: bool,
    /// When the bytes sent so far are paid for at the rate: a bucket that holds at most one frame.
    paid: Instant,
}

#[derive(Clone, Copy, Default)]
struct Limits {
    paused: bool,
    rate: Option<u64>,
}

impl Throttle {
    pub(crate) fn pause(&mut self, paused: bool) {
        self.pause_due |= self.ours.paused != paused;
        self.ours.paused = paused;
    }

    pub(crate) fn limit(&mut self, rate: Option<u64>, now: Instant) {
        self.rate_due |= self.ours.rate != rate;
        let before = self.rate();
        self.ours.rate = rate;
        self.convert_debt(before, now);
    }

    /// Tells whether it is news.
    pub(crate) fn handle_pause(&mut self, pause: Pause) -> bool {
        let news = self.theirs.paused != pause.paused;
        self.theirs.paused = pause.paused;
        news
    }

    /// The peer's limit; tells whether it is news.
    pub(crate) fn handle_rate(&mut self, rate: Rate, now: Instant) -> bool {
        let rate = Some(rate.bytes_per_second).filter(|rate| *rate > 0);
        let news = self.theirs.rate != rate;
        let before = self.rate();
        self.theirs.rate = rate;
        self.convert_debt(before, now);
        news
    }

    /// Says what changed; only the newest wish goes out, however often it changed.
    pub(crate) fn flush(&mut self, stream: u16, output: &mut Output) {
        if core::mem::take(&mut self.pause_due) {
            let paused = self.ours.paused;
            output.send(stream, &Message::Pause(Pause { paused }));
        }
        if core::mem::take(&mut self.rate_due) {
            let bytes_per_second = self.ours.rate.unwrap_or(0);
            output.send(stream, &Message::Rate(Rate { bytes_per_second }));
        }
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.ours.paused || self.theirs.paused
    }

    /// Data bytes that may go now in one frame.
    pub(crate) fn allowance(&self, now: Instant) -> u64 {
        match self.rate() {
            _ if self.is_paused() || self.paid > now => 0,
            Some(rate) => bytes_in(FRAME, rate).max(LEAST_FRAME),
            None => u64::MAX,
        }
    }

    pub(crate) fn sent(&mut self, bytes: u64, now: Instant) {
        if let Some(rate) = self.rate() {
            // What was not sent within a frame's time is not caught up on.
            self.paid = self.paid.max(now - FRAME) + time_of(bytes, rate);
        }
    }

    /// When the rate lets data go again.
    pub(crate) fn opens(&self) -> Instant {
        self.paid
    }

    /// The peer's limit, in bytes per second.
    pub(crate) fn their_rate(&self) -> Option<u64> {
        self.theirs.rate
    }

    /// Bytes that were sent and are not paid for stay owed when the rate changes: else a peer that
    /// changes its rate again and again would lift ours.
    fn convert_debt(&mut self, before: Option<u64>, now: Instant) {
        let after = self.rate();
        if after == before {
            return;
        }
        let owed = before.map_or(0, |rate| bytes_in(self.paid - now, rate));
        self.paid = now + after.map_or(Duration::ZERO, |rate| time_of(owed, rate));
    }

    fn rate(&self) -> Option<u64> {
        match (self.ours.rate, self.theirs.rate) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }
}

fn bytes_in(span: Duration, rate: u64) -> u64 {
    let bytes = span.as_micros() * u128::from(rate) / 1_000_000;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn time_of(bytes: u64, rate: u64) -> Duration {
    let micros = u128::from(bytes) * 1_000_000 / u128::from(rate);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);
    const NOW: Instant = Instant(1_000_000_000);

    fn said(rate: u64) -> Rate {
        Rate {
            bytes_per_second: rate,
        }
    }

    fn limited(rate: u64) -> Throttle {
        let mut throttle = Throttle::default();
        throttle.limit(Some(rate), NOW);
        throttle
    }

    /// Sends whatever may go during so many milliseconds; gives the bytes and the largest frame.
    fn send(throttle: &mut Throttle, from: Instant, millis: u32) -> (u64, u64) {
        let (mut sent, mut largest) = (0, 0);
        for at in 0..millis {
            let now = from + at * MILLI;
            // More than any limit here lets go in a millisecond.
            for _ in 0..100 {
                let bytes = throttle.allowance(now);
                if bytes > 0 {
                    throttle.sent(bytes, now);
                    (sent, largest) = (sent + bytes, largest.max(bytes));
                }
            }
        }
        (sent, largest)
    }

    #[test]
    fn without_a_limit_everything_may_go() {
        let mut throttle = Throttle::default();
        assert_eq!(throttle.allowance(NOW), u64::MAX);
        throttle.sent(u64::MAX, NOW);
        assert_eq!(throttle.allowance(NOW), u64::MAX);
        assert!(throttle.opens() <= NOW);
    }

    #[test]
    fn a_limit_lets_frames_of_50_ms_go_one_after_the_other() {
        let mut throttle = limited(100_000);
        let (sent, largest) = send(&mut throttle, NOW, 2000);
        assert_eq!(largest, 5_000);
        // One frame is ahead.
        assert!((200_000..=205_000).contains(&sent), "{sent}");
    }

    #[test]
    fn a_low_limit_sends_frames_worth_their_header() {
        let (sent, largest) = send(&mut limited(1_000), NOW, 10_000);
        assert_eq!(largest, LEAST_FRAME);
        assert!((10_000..=10_600).contains(&sent), "{sent}");
    }

    #[test]
    fn it_says_when_the_next_frame_may_go() {
        let mut throttle = limited(100_000);
        throttle.sent(2_000, NOW);
        throttle.sent(8_000, NOW);
        let opens = NOW + 100 * MILLI;
        assert_eq!(throttle.opens(), opens);
        assert_eq!(throttle.allowance(opens - Duration::from_micros(1)), 0);
        assert_eq!(throttle.allowance(opens), 5_000);
    }

    #[test]
    fn what_was_not_sent_for_long_is_not_caught_up_on() {
        let mut throttle = limited(100_000);
        let (sent, _) = send(&mut throttle, NOW + Duration::from_secs(60), 10);
        assert!(sent <= 10_000, "{sent}");
    }

    #[test]
    fn a_socket_that_takes_data_now_and_then_still_reaches_the_limit() {
        let mut throttle = limited(100_000);
        let mut sent = 0;
        for at in 0..50 {
            // 3,000 bytes each time that one is due: they come 10 ms late, and are caught up on.
            let now = NOW + at * 40 * MILLI;
            if throttle.allowance(now) > 0 {
                throttle.sent(3_000, now);
                sent += 3_000;
            }
            if throttle.allowance(now) > 0 {
                throttle.sent(3_000, now);
                sent += 3_000;
            }
        }
        assert!((195_000..=203_000).contains(&sent), "{sent} in two seconds");
    }

    #[test]
    fn the_lower_limit_of_both_counts() {
        for (ours, theirs) in [(200_000, 100_000), (100_000, 200_000)] {
            let mut throttle = limited(ours);
            throttle.handle_rate(said(theirs), NOW);
            assert_eq!(throttle.allowance(NOW), 5_000);
        }
        let mut throttle = limited(100_000);
        throttle.handle_rate(said(0), NOW);
        assert_eq!(throttle.allowance(NOW), 5_000, "no limit of theirs is none");
        assert_eq!(throttle.their_rate(), None);
    }

    #[test]
    fn only_a_change_of_the_peers_rate_is_news() {
        let mut throttle = Throttle::default();
        let news = [0, 7, 7, 8, 0, 0].map(|rate| throttle.handle_rate(said(rate), NOW));
        assert_eq!(news, [false, true, false, true, true, false]);
    }

    #[test]
    fn a_debt_stays_in_bytes_when_the_rate_changes() {
        let mut throttle = limited(100_000);
        throttle.sent(10_000, NOW);
        assert_eq!(throttle.opens(), NOW + 100 * MILLI);
        throttle.limit(Some(100_000), NOW);
        throttle.handle_rate(said(1_000_000), NOW);
        assert_eq!(
            throttle.opens(),
            NOW + 100 * MILLI,
            "no change of what counts"
        );
        throttle.limit(Some(1_000_000), NOW);
        assert_eq!(throttle.opens(), NOW + 10 * MILLI);
        throttle.handle_rate(said(50_000), NOW);
        assert_eq!(throttle.opens(), NOW + 200 * MILLI);
        throttle.handle_rate(said(0), NOW + 100 * MILLI);
        assert_eq!(throttle.opens(), NOW + 105 * MILLI, "half is paid");
    }

    #[test]
    fn a_pause_of_either_side_holds_all_and_pays_nothing() {
        let mut throttle = limited(100_000);
        throttle.sent(10_000, NOW);
        let opens = throttle.opens();
        throttle.pause(true);
        assert!(throttle.is_paused());
        assert!(throttle.handle_pause(Pause { paused: true }));
        assert!(!throttle.handle_pause(Pause { paused: true }), "no news");
        throttle.pause(false);
        assert!(throttle.is_paused(), "the peer's holds");
        assert_eq!(throttle.allowance(NOW + 1000 * MILLI), 0);
        assert!(throttle.handle_pause(Pause { paused: false }));
        assert!(!throttle.is_paused());
        assert_eq!(throttle.opens(), opens);
    }

    #[test]
    fn the_newest_wish_is_said_once() {
        let said = |throttle: &mut Throttle| {
            let mut output = Output::new(1000);
            throttle.flush(1, &mut output);
            output.len()
        };
        let mut throttle = Throttle::default();
        throttle.pause(false);
        throttle.limit(None, NOW);
        assert_eq!(said(&mut throttle), 0, "nothing has changed");
        throttle.pause(true);
        let pause = said(&mut throttle);
        assert!(pause > 0);
        for rate in [5, 6, 6] {
            throttle.limit(Some(rate), NOW);
        }
        let rate = said(&mut throttle);
        assert!(rate > pause, "a rate is longer");
        throttle.pause(true);
        throttle.limit(Some(6), NOW);
        assert_eq!(said(&mut throttle), 0, "all has been said");
    }
}
