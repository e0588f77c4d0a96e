//! Delivery rate: how many bytes a second the path takes from us when it has something to do.

use core::time::Duration;

use transom_wire::Ack;

use crate::Instant;

/// Shortest busy interval that is measured. Over less time the peer's read calls and the bursts of
/// routers are seen, not the path.
const BUSY: Duration = Duration::from_millis(5);

/// Shortest interval that is measured while the path has pauses.
const PAUSED: Duration = Duration::from_millis(20);

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
    /// The latest ack.
    last: Option<Ack>,
    /// Where the busy interval began that is not yet long enough.
    busy: Ack,
    /// The same of any interval.
    any: Ack,
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
        let start = Ack {
            received: 0,
            clock: 0,
        };
        Self {
            last: None,
            busy: start,
            any: start,
            max: MaxFilter::default(),
            is_limited: false,
        }
    }

    /// Measures by an ack; `queued`: how long the last byte acked waited on the path.
    pub(super) fn handle_ack(&mut self, ack: Ack, queued: Duration) {
        let last = self.last.replace(ack);
        let Some(last) = last.filter(|last| last.clock <= ack.clock) else {
            (self.busy, self.any) = (ack, ack);
            return;
        };
        if queued >= span(last, ack) * 3 / 4 {
            let busy = span(self.busy, ack);
            if busy >= BUSY {
                self.max.take(rate(self.busy, ack), busy);
                self.busy = ack;
                self.is_limited = true;
            }
        } else {
            self.busy = ack;
        }
        if span(self.any, ack) >= PAUSED {
            self.max.take(rate(self.any, ack), Duration::ZERO);
            self.any = ack;
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
