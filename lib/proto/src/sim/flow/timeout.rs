//! The round trip estimator and the retransmission timeout (RFC 6298, with Linux's bounds).

use core::time::Duration;

/// Linux: `TCP_RTO_MIN`.
pub(super) const LEAST_TIMEOUT: Duration = Duration::from_millis(200);
/// The timeout before the first round trip was measured (RFC 6298).
const FIRST_TIMEOUT: Duration = Duration::from_secs(1);
/// Linux: `TCP_RTO_MAX`.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(120);

#[derive(Default)]
pub(super) struct Timeout {
    /// Smoothed round trip, and its variation.
    srtt: Option<(Duration, Duration)>,
    /// Timeouts in a row, each of which doubles the next.
    backoff: u32,
}

impl Timeout {
    /// A segment that was sent only once was acked after `rtt`.
    pub(super) fn handle_rtt(&mut self, rtt: Duration) {
        self.srtt = Some(match self.srtt {
            None => (rtt, rtt / 2),
            Some((srtt, variation)) => (
                (srtt * 7 + rtt) / 8,
                (variation * 3 + srtt.abs_diff(rtt)) / 4,
            ),
        });
    }

    /// An ack made progress.
    pub(super) fn handle_progress(&mut self) {
        self.backoff = 0;
    }

    /// The timeout has passed.
    pub(super) fn back_off(&mut self) {
        self.backoff += 1;
    }

    pub(super) fn srtt(&self) -> Option<Duration> {
        self.srtt.map(|(srtt, _)| srtt)
    }

    pub(super) fn get(&self) -> Duration {
        let timeout = self.srtt.map_or(FIRST_TIMEOUT, |(srtt, variation)| {
            srtt + (variation * 4).max(LEAST_TIMEOUT)
        });
        let factor = 1_u32.checked_shl(self.backoff).unwrap_or(u32::MAX);
        timeout.saturating_mul(factor).min(LONGEST_TIMEOUT)
    }
}
