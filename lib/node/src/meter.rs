//! Rate and time left of a transfer, over its last seconds. After a pause, and under another rate
//! limit, a new meter begins.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Long enough to be calm, short enough to follow a change.
const WINDOW: Duration = Duration::from_secs(3);
/// Over less than this no rate is told: the first bytes of a transfer come in bursts.
const SETTLED: Duration = Duration::from_millis(500);
/// Samples closer than this are one, so that there are at most thirty.
const STEP: Duration = Duration::from_millis(100);

/// Watches a count of bytes grow.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    samples: VecDeque<(Instant, u64)>,
}

impl Meter {
    pub(crate) fn add(&mut self, now: Instant, total: u64) {
        // On a new connection the count begins anew.
        if self.samples.back().is_some_and(|(_, last)| total < *last) {
            self.samples.clear();
        }
        if self.samples.back().is_none_or(|(at, _)| now - *at >= STEP) {
            self.samples.push_back((now, total));
        }
        while self
            .samples
            .front()
            .is_some_and(|(at, _)| now - *at > WINDOW)
        {
            self.samples.pop_front();
        }
    }

    /// Bytes per second; 0 when nothing is known, or too little yet.
    pub(crate) fn rate(&self, now: Instant, total: u64) -> u64 {
        let Some((since, then)) = self.samples.front() else {
            return 0;
        };
        let span = now - *since;
        if span < SETTLED {
            return 0;
        }
        let micros = span.as_micros();
        let grown = u128::from(total.saturating_sub(*then));
        u64::try_from(grown * 1_000_000 / micros).unwrap_or(u64::MAX)
    }

    /// Time for what is left at that rate.
    pub(crate) fn eta(rate: u64, left: u64) -> Option<Duration> {
        (rate > 0).then(|| {
            Duration::from_millis(
                (u128::from(left) * 1000 / u128::from(rate))
                    .try_into()
                    .unwrap_or(u64::MAX),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_flow_has_its_rate() {
        let start = Instant::now();
        let mut meter = Meter::default();
        for tenth in 0..100u64 {
            meter.add(start + STEP * tenth as u32, tenth * 1000);
        }
        let now = start + STEP * 100;
        assert_eq!(meter.rate(now, 100_000) / 100, 100);
        assert_eq!(Meter::eta(10_000, 50_000), Some(Duration::from_secs(5)));
        assert_eq!(Meter::eta(0, 1), None);
    }

    #[test]
    fn a_stall_shows() {
        let start = Instant::now();
        let mut meter = Meter::default();
        meter.add(start, 0);
        meter.add(start + STEP, 1_000_000);
        let later = start + WINDOW * 2;
        meter.add(later, 1_000_000);
        assert_eq!(meter.rate(later + SETTLED, 1_000_000), 0);
    }

    #[test]
    fn a_burst_at_the_beginning_is_no_rate() {
        let start = Instant::now();
        let mut meter = Meter::default();
        meter.add(start, 0);
        assert_eq!(meter.rate(start + STEP, 1_000_000), 0);
        assert_eq!(meter.rate(start + SETTLED, 1_000_000), 2_000_000);
    }
}
