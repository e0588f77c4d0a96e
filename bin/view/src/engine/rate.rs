//! Counts the pictures of one stream over the last second.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The rate is counted over this time.
const SECOND: Duration = Duration::from_secs(1);
/// Times kept to count the rate, more than any camera gives in a second.
const MAX_TIMES: usize = 1000;

/// The times of the last pictures.
#[derive(Default)]
pub(super) struct Rate(VecDeque<Instant>);

impl Rate {
    /// Counts a picture; gives the pictures per second.
    pub(super) fn count(&mut self, now: Instant) -> f32 {
        if self.0.len() >= MAX_TIMES {
            self.0.clear();
        }
        self.0.push_back(now);
        while self
            .0
            .front()
            .is_some_and(|first| now.saturating_duration_since(*first) > SECOND)
        {
            self.0.pop_front();
        }
        let span = self.0.front().map_or(SECOND, |first| now - *first);
        match span.as_secs_f32() {
            span if span > 0.0 => (self.0.len() - 1) as f32 / span,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_the_last_second() {
        let mut rate = Rate::default();
        let start = Instant::now();
        let mut last = 0.0;
        for at in 0..60 {
            last = rate.count(start + Duration::from_millis(at * 50));
        }
        assert!((last - 20.0).abs() < 0.1, "{last}");
        assert_eq!(rate.count(start + Duration::from_secs(9)), 0.0);
    }
}
