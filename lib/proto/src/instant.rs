//! A point in time, passed in by the caller: this crate reads no clock.

use core::ops::{Add, Sub};
use core::time::Duration;

/// Microseconds of the caller's monotonic clock, since an arbitrary zero.
///
/// ```
/// use core::time::Duration;
/// use transom_proto::Instant;
/// let later = Instant(5) + Duration::from_micros(7);
/// assert_eq!(later, Instant(12));
/// assert_eq!(later - Instant(5), Duration::from_micros(7));
/// assert_eq!(Instant(5) - later, Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Instant(pub u64);

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The time since `earlier`; zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
