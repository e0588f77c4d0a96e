//! Pause and rate of a transfer: what either side wants, and when the next data may go.

use core::time::Duration;

use transom_wire::{Message, Pause, Rate};

use crate::Instant;
use crate::outlet::Outlet;

/// Bytes of a frame under a rate limit last at most this long at that rate, so that the rate is
/// smooth.
const FRAME: Duration = Duration::from_millis(50);

/// The smallest frame a rate limit makes, so that headers stay small beside it.
const LEAST_FRAME: u64 = 512;

/// Halted while either side wants it so; the lower rate of both counts.
#[derive(Default)]
pub(crate) struct Throttle {
    ours: Wish,
    theirs: Wish,
    pause_due: bool,
    rate_due: bool,
    /// When the bytes sent so far are paid for at the rate: a bucket that holds at most one frame.
    paid: Instant,
}

#[derive(Clone, Copy, Default)]
struct Wish {
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
    pub(crate) fn flush(&mut self, stream: u16, outlet: &mut Outlet) {
        if core::mem::take(&mut self.pause_due) {
            let paused = self.ours.paused;
            outlet.say(stream, &Message::Pause(Pause { paused }));
        }
        if core::mem::take(&mut self.rate_due) {
            let bytes_per_second = self.ours.rate.unwrap_or(0);
            outlet.say(stream, &Message::Rate(Rate { bytes_per_second }));
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
