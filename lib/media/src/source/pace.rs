//! Paces a source that has no frame rate of its own. It computes due times, and knows no clock and
//! no pictures.

use std::time::{Duration, Instant};

/// Due times `interval` apart without drift.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    due: Instant,
    sequence: u32,
}

/// How many intervals a late caller may catch up on before pacing starts anew.
const CATCH_UP: u32 = 4;

impl Pace {
    pub(crate) fn new(fps: u32, start: Instant) -> Self {
        Self {
            interval: Duration::from_secs(1) / fps.max(1),
            due: start,
            sequence: 0,
        }
    }

    /// When the next picture is due.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// The number and time of the picture that is due by now. A caller that is a little late
    /// catches up; after a long pause pacing starts anew, because the missed pictures are of the
    /// past.
    pub(crate) fn take(&mut self, now: Instant) -> Option<(u32, Instant)> {
        if now < self.due {
            return None;
        }
        let mut due = self.due;
        if now.saturating_duration_since(due) > self.interval * CATCH_UP {
            due = now;
        }
        let taken = (self.sequence, due);
        self.sequence = self.sequence.wrapping_add(1);
        self.due = due + self.interval;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_due_at_equal_intervals_even_when_fetched_late() {
        let start = Instant::now();
        let mut pace = Pace::new(10, start);
        let step = Duration::from_millis(100);
        assert_eq!(pace.take(start), Some((0, start)));
        assert_eq!(pace.take(start + step / 2), None);
        assert_eq!(pace.take(start + step * 3 / 2), Some((1, start + step)));
        assert_eq!(pace.due(), start + step * 2);
    }

    #[test]
    fn after_a_long_sleep_the_pace_starts_anew() {
        let start = Instant::now();
        let mut pace = Pace::new(10, start);
        let late = start + Duration::from_secs(60);
        assert_eq!(pace.take(late), Some((0, late)));
        assert_eq!(pace.take(late), None);
    }
}
