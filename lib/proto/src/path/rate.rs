//! Delivery rate: how many bytes a second the path takes from us when it has something to do.

use alloc::collections::VecDeque;
use core::time::Duration;

use transom_wire::Ack;

use crate::Instant;

/// Shortest interval that is measured. Over less time the peer's read calls and the bursts of
/// routers are seen, not the path.
const INTERVAL: Duration = Duration::from_millis(8);

/// Acks that are remembered, and how many of them there are in an interval.
const ACKS: usize = 16;
const ACKS_APART: u32 = 8;

/// The maximum is over one to two spans of so much busy time.
const SPAN: Duration = Duration::from_millis(100);

/// The delivery rate, in bytes per second: a windowed maximum of measured intervals, as in BBR
/// (draft-cheng-iccrg-delivery-rate-estimation).
///
/// ```text
///   bytes at the peer    |<--------- queued -------->|
///        A ------------- sent . . . . . . . . . . . . B      busy: the last byte acked by B has
///        |<---------------- interval --------------->|       waited for most of the interval
/// ```
/// In a busy interval the path had bytes of ours all the time, so what it delivered is its rate. An
/// interval with a pause is application-limited: it may be shorter of bytes than the path could
/// take, so that it only raises the rate. Time passes for the maximum only while the path is busy.
#[derive(Debug)]
pub(super) struct Rate {
    /// Acks of about the last [`INTERVAL`], oldest first.
    acks: VecDeque<Ack>,
    /// The latest ack.
    last: Ack,
    /// The peer's clock since when the path has had bytes of ours all the time.
    busy_since: u64,
    max: MaxFilter,
    /// A busy interval was measured: the rate is the path's, not the application's.
    is_limited: bool,
}

/// The largest value of the last one to two spans of busy time.
#[derive(Debug, Default)]
struct MaxFilter {
    now: u64,
    before: u64,
    busy: Duration,
}

impl Rate {
    pub(super) fn new() -> Self {
        Self {
            acks: VecDeque::new(),
            last: Ack {
                received: 0,
                clock: 0,
            },
            busy_since: 0,
            max: MaxFilter::default(),
            is_limited: false,
        }
    }

    /// Measures by an ack; `queued`: how long the last byte acked waited on the path.
    pub(super) fn handle_ack(&mut self, ack: Ack, queued: Duration, rtt: Duration) {
        let interval = INTERVAL.max(rtt);
        let last = core::mem::replace(&mut self.last, ack);
        if ack.clock < last.clock {
            self.acks.clear();
        }
        let since_last = span(last, ack);
        let is_busy = !self.acks.is_empty() && queued >= since_last * 3 / 4;
        if !is_busy {
            self.busy_since = ack.clock;
        }
        while let Some(second) = self.acks.get(1)
            && span(*second, ack) >= interval
        {
            self.acks.pop_front();
        }
        if let Some(from) = self
            .acks
            .front()
            .filter(|from| span(**from, ack) >= interval)
        {
            let is_limited = from.clock >= self.busy_since;
            self.is_limited |= is_limited;
            let busy = if is_limited {
                since_last
            } else {
                Duration::ZERO
            };
            self.max.take(rate(*from, ack), busy);
        }
        let apart = self
            .acks
            .back()
            .is_none_or(|last| span(*last, ack) >= interval / ACKS_APART);
        if apart && self.acks.len() < ACKS {
            self.acks.push_back(ack);
        }
    }

    /// Whether the rate is the path's: before its first busy interval the path may take far more.
    pub(super) fn is_limited(&self) -> bool {
        self.is_limited
    }

    /// Bytes per second; `None` before it was measured.
    pub(super) fn value(&self) -> Option<u64> {
        Some(self.max.now.max(self.max.before)).filter(|rate| *rate > 0)
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
