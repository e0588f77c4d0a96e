//! The pace of real time for a device that has no clock of its own: it counts the samples that are
//! due. It reads no clock itself.

use std::time::{Duration, Instant};

use crate::{BLOCK, RATE};

/// What a caller that comes late may catch up on.
const CATCH_UP: Duration = Duration::from_secs(1);

/// Counts samples from a start time, without drift.
#[derive(Debug)]
pub(crate) struct Pace {
    start: Instant,
    taken: u64,
    rate: u32,
    /// What is still due after a pause longer than [`CATCH_UP`], as of a suspended machine.
    kept: Duration,
}

impl Pace {
    /// For sound that is made: after a long pause it goes on, and the past is not made up for.
    pub(crate) fn new(start: Instant) -> Self {
        Self {
            start,
            taken: 0,
            rate: RATE,
            kept: Duration::ZERO,
        }
    }

    /// The upper limit for a program with a clock of its own: 0.1 % above the nominal rate, more
    /// than sound cards deviate. After a pause it may deliver at once what waited.
    pub(crate) fn limit(start: Instant) -> Self {
        Self {
            rate: RATE + RATE / 1000,
            kept: CATCH_UP,
            ..Self::new(start)
        }
    }

    /// Samples that are due by now and not yet taken.
    pub(crate) fn available(&mut self, now: Instant) -> usize {
        if now.saturating_duration_since(self.time(0)) > CATCH_UP {
            self.start = now.checked_sub(self.kept).unwrap_or(now);
            self.taken = 0;
        }
        let elapsed = now.saturating_duration_since(self.start);
        let due = elapsed.as_micros() * u128::from(self.rate) / 1_000_000;
        let due = u64::try_from(due).unwrap_or(u64::MAX);
        usize::try_from(due.saturating_sub(self.taken)).unwrap_or(usize::MAX)
    }

    /// Takes so many samples; tells when the first of them was due.
    pub(crate) fn take(&mut self, samples: usize) -> Instant {
        let first = self.time(0);
        self.taken += samples as u64;
        first
    }

    /// When a whole block is due.
    pub(crate) fn due(&self) -> Instant {
        self.time(BLOCK as u64)
    }

    /// When so many samples beyond those taken are due.
    fn time(&self, ahead: u64) -> Instant {
        let micros = u128::from(self.taken + ahead) * 1_000_000 / u128::from(self.rate);
        // 580,000 years.
        self.start + Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_samples_are_due_as_time_has_passed_however_often_it_is_asked() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut taken = 0;
        for step in 1..=1000 {
            let now = start + Duration::from_micros(step * 7_321);
            let available = pace.available(now);
            pace.take(available);
            taken += available;
        }
        assert_eq!(taken, 7_321 * 48);
    }

    #[test]
    fn samples_carry_the_time_at_which_they_were_due() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert_eq!(pace.take(480), start);
        assert_eq!(pace.take(480), start + Duration::from_millis(10));
        assert_eq!(pace.due(), start + Duration::from_millis(30));
    }

    #[test]
    fn after_a_suspended_machine_the_past_is_not_replayed() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let late = start + Duration::from_secs(3600);
        assert_eq!(pace.available(late), 0);
        assert_eq!(pace.available(late + Duration::from_millis(10)), 480);
    }

    #[test]
    fn a_program_may_be_a_little_faster_than_real_time_and_deliver_what_waited() {
        let start = Instant::now();
        let mut limit = Pace::limit(start);
        assert_eq!(limit.available(start + Duration::from_secs(1)), 48_048);
        let late = start + Duration::from_secs(3600);
        assert_eq!(limit.available(late), 48_048);
    }
}
