//! Converts between the system's monotonic clock and the sessions' clock. It knows no calendar.

use std::time::{Duration, Instant};

use transom_proto as proto;

/// A fixed offset between the two clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that can express times from an hour ago on.
    pub(crate) fn new() -> Self {
        Self::starting(Instant::now())
    }

    /// A clock that starts at that moment.
    pub(crate) fn starting(start: Instant) -> Self {
        Self { start }
    }

    /// Now, on the sessions' clock.
    pub(crate) fn now(&self) -> proto::Instant {
        self.of(Instant::now())
    }

    /// Converts to the sessions' clock. Times more than an hour before the clock's start become 0.
    pub(crate) fn of(&self, moment: Instant) -> proto::Instant {
        let offset = match moment.checked_duration_since(self.start) {
            Some(after) => LEAD.saturating_add(after),
            None => LEAD.saturating_sub(self.start.duration_since(moment)),
        };
        proto::Instant(u64::try_from(offset.as_micros()).unwrap_or(u64::MAX))
    }

    /// Converts to the system's clock. A time that the system can't express becomes now.
    pub(crate) fn instant(&self, moment: proto::Instant) -> Instant {
        let offset = Duration::from_micros(moment.0);
        let named = match offset.checked_sub(LEAD) {
            Some(after) => self.start.checked_add(after),
            None => self.start.checked_sub(LEAD - offset),
        };
        named.unwrap_or_else(Instant::now)
    }
}

/// The sessions' clock is 0 this long before `start`, so that frames captured before the start
/// have distinct times.
const LEAD: Duration = Duration::from_secs(3600);

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
        assert!(clock.instant(earlier) < clock.start || clock.start.checked_sub(LEAD).is_none());
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
