//! Times of day for a person. The model has no clock and no time zone of its own: both are told.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The zone that times are told in; UTC unless it is told.
#[derive(Clone, Debug)]
pub(crate) struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Zone {
    /// That of this computer.
    pub(crate) fn system() -> Self {
        Self(TimeZone::system())
    }

    /// The local date and time of a time since 1970.
    pub(crate) fn local(&self, at: Duration) -> DateTime {
        let since = SignedDuration::try_from(at).unwrap_or_default();
        let at = Timestamp::from_duration(since).unwrap_or_default();
        self.0.to_datetime(at)
    }
}
