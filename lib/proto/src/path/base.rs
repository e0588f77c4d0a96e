//! Base delay: what the path takes when nothing of ours waits on it.

use core::time::Duration;

use crate::Instant;

/// A minimum counts for one to two of these. A route that got longer is known after two: within 2 s.
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
}

impl BaseDelay {
    pub(super) fn take(&mut self, new: Delays, is_clean: bool, now: Instant) {
        self.now = Some(self.now.map_or(new, |least| least.min(new)));
        self.is_clean |= is_clean;
        if self.is_clean && now - self.since >= SPAN {
            self.before = self.now.take();
            self.since = now;
            self.is_clean = false;
        }
    }

    /// `None` before the first sample.
    pub(super) fn value(&self) -> Option<Delays> {
        match (self.now, self.before) {
            (Some(now), Some(before)) => Some(now.min(before)),
            (one, other) => one.or(other),
        }
    }

    /// Whether the path must be seen empty now: the span is over but for a clean sample.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        !self.is_clean && now - self.since >= SPAN
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
