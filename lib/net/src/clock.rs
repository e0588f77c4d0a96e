//! Converts between the system's monotonic clock and the sessions' clock. It knows no calendar.

use std::time::{Duration, Instant};

use transom_proto as proto;

/// A fixed offset between the two clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that can also express times of up to an hour ago.
    pub(crate) fn new() -> Self {
        Self::starting(Instant::now())
    }

    /// A clock that began at that moment.
    pub(crate) fn starting(start: Instant) -> Self {
        Self { start }
    }

    /// Now, on the sessions' clock.
    pub(crate) fn now(&self) -> proto::Instant {
        self.of(Instant::now())
    }

    /// A time on the sessions' clock. Times of more than an hour before the clock began become 0.
    pub(crate) fn of(&self, moment: Instant) -> proto::Instant {
        let offset = match moment.checked_duration_since(self.start) {
            Some(after) => BEFORE.saturating_add(after),
            None => BEFORE.saturating_sub(self.start.duration_since(moment)),
        };
        proto::Instant(u64::try_from(offset.as_micros()).unwrap_or(u64::MAX))
    }

    /// A time of the sessions' clock on the system's. A time that the system can't express becomes
    /// now.
    pub(crate) fn instant(&self, moment: proto::Instant) -> Instant {
        let offset = Duration::from_micros(moment.0);
        let named = match offset.checked_sub(BEFORE) {
            Some(after) => self.start.checked_add(after),
            None => self.start.checked_sub(BEFORE - offset),
        };
        named.unwrap_or_else(Instant::now)
    }
}

/// How long before the start 0 lies, so that a frame captured before the start has a time of its
/// own.
const BEFORE: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_convert_in_both_directions() {
        let clock = Clock::new();
        for offset in [0, 1, 999, 1_000_000, 86_400_000_000] {
            let later = clock.start + Duration::from_micros(offset);
            assert_eq!(clock.instant(clock.of(later)), later);
        }
        let earlier = clock.of(clock.start) - Duration::from_secs(1);
        assert!(clock.instant(earlier) < clock.start || clock.start.checked_sub(BEFORE).is_none());
    }

    #[test]
    fn no_time_overflows() {
        let clock = Clock::new();
        clock.instant(proto::Instant(u64::MAX));
        clock.instant(proto::Instant(0));
        assert_eq!(
            clock.of(clock.instant(clock.of(clock.start))),
            clock.of(clock.start)
        );
    }
}
