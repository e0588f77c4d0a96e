//! How much file data may be on the way while a call is live: a window by queue delay.

use core::time::Duration;

use crate::Instant;
use crate::ack::Sample;
use crate::least::Least;

/// What a TCP segment carries.
const SEGMENT: u64 = 1448;

/// The window never closes below this, so that file data keep moving and keep measuring.
const LEAST: u64 = 4 * 1024;

/// Where the window begins when a call does.
const FIRST: u64 = 32 * 1024;

/// The window's end: a second of 1 Gbit/s.
const MOST: u64 = 128 * 1024 * 1024;

/// How long the window is kept closed to find the least delay again, once per [`Least`]'s span:
/// longer than the queue it drains.
const PROBE: Duration = Duration::from_millis(100);

/// The queue delay is taken as the least of so long: a picture's own bytes are a queue of a few
/// milliseconds that drains by itself, and is not the file's doing.
const SPAN: Duration = Duration::from_millis(20);

pub(crate) struct Window {
    size: u64,
    target: i64,
    base: Least,
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
            base: Least::default(),
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
