//! The present, passed in by the caller: this crate reads no clock.

use std::time::{Duration, Instant};

/// One moment on two clocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Now {
    /// The monotonic clock, for all time limits.
    pub instant: Instant,
    /// The time since 1970, for dates that clients see.
    pub unix: Duration,
}

impl Now {
    /// The time since 1970 of another moment.
    pub(crate) fn unix_of(self, moment: Instant) -> Duration {
        match self.instant.checked_duration_since(moment) {
            Some(age) => self.unix.saturating_sub(age),
            None => self.unix.saturating_add(moment - self.instant),
        }
    }
}
