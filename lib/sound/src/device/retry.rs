//! When to open a lost device again. It reads no clock itself.

use std::time::{Duration, Instant};

/// Waits between attempts: twice as long each time.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(15);
/// A device that was there for so long is tried again as soon as one that is lost for the first
/// time. One that ends as soon as it has begun would be opened every second for ever.
const LASTS: Duration = Duration::from_secs(10);
/// Waits at least this long after an attempt, however often the devices change.
const PAUSE: Duration = Duration::from_millis(250);

/// The time of the next attempt.
#[derive(Debug)]
pub(super) struct Retry {
    wait: Duration,
    next: Option<Instant>,
    last: Option<Instant>,
}

impl Retry {
    /// The first attempt is due at once.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            wait: FIRST,
            next: Some(now),
            last: None,
        }
    }

    /// Whether an attempt is due; then the caller makes it.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let due = self.next.is_some_and(|next| next <= now);
        if due {
            self.next = None;
            self.last = Some(now);
        }
        due
    }

    /// The attempt or the device failed: another attempt later.
    pub(super) fn failed(&mut self, now: Instant) {
        let opened = self.last.map(|last| now.saturating_duration_since(last));
        if opened.is_some_and(|opened| opened >= LASTS) {
            self.wait = FIRST;
        }
        self.next = Some(now + self.wait);
        self.wait = (self.wait * 2).min(LONGEST);
    }

    /// There is a new reason to try.
    pub(super) fn soon(&mut self, now: Instant) {
        let soonest = self.last.map_or(now, |last| (last + PAUSE).max(now));
        self.next = Some(self.next.map_or(soonest, |next| next.min(soonest)));
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_further_and_further_apart_up_to_15_s() {
        let mut now = Instant::now();
        let mut retry = Retry::new(now);
        let mut waits = Vec::new();
        for _ in 0..7 {
            assert!(retry.take(now));
            retry.failed(now);
            let next = retry.due().unwrap();
            assert!(!retry.take(next - Duration::from_millis(1)));
            waits.push(next.duration_since(now).as_secs());
            now = next;
        }
        assert_eq!(waits, [1, 2, 4, 8, 15, 15, 15]);
        assert!(retry.take(now));
        let short = now + LASTS / 2;
        retry.failed(short);
        assert_eq!(retry.due(), Some(short + LONGEST), "it ended at once");
        now = short + LONGEST;
        assert!(retry.take(now));
        now += LASTS;
        retry.failed(now);
        assert_eq!(retry.due(), Some(now + FIRST), "it was there");
    }

    #[test]
    fn a_change_of_the_devices_brings_the_attempt_forward_but_no_storm() {
        let start = Instant::now();
        let mut retry = Retry::new(start);
        assert!(retry.take(start));
        retry.failed(start);
        for _ in 0..100 {
            retry.soon(start);
        }
        assert!(!retry.take(start));
        assert_eq!(retry.due(), Some(start + PAUSE));
        let later = start + Duration::from_millis(700);
        retry.soon(later);
        assert!(retry.take(later));
    }
}
