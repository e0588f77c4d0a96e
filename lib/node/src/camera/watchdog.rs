//! Notices that a camera sends pictures of which none can be used. Times are given to it.

use std::time::{Duration, Instant};

/// How long pictures may fail before that is said. The first pictures of many cameras are damaged,
/// and so are a few while a cable is touched.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// When the failures began, since the last picture that could be used.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    since: Instant,
    why: String,
    is_told: bool,
}

impl Watchdog {
    /// A picture could be used.
    pub(super) fn good(&mut self) {
        self.failing = None;
    }

    /// A picture could not be used.
    pub(super) fn bad(&mut self, now: Instant, why: String) {
        match &mut self.failing {
            Some(failing) => failing.why = why,
            None => {
                self.failing = Some(Failing {
                    since: now,
                    why,
                    is_told: false,
                });
            }
        }
    }

    /// When [`expired`](Self::expired) has something to say.
    pub(super) fn due(&self) -> Option<Instant> {
        let failing = self.failing.as_ref().filter(|failing| !failing.is_told);
        failing.map(|failing| failing.since + PATIENCE)
    }

    /// Why no picture could be used for too long, once.
    pub(super) fn expired(&mut self, now: Instant) -> Option<&str> {
        let failing = self.failing.as_mut()?;
        if failing.is_told || now < failing.since + PATIENCE {
            return None;
        }
        failing.is_told = true;
        Some(&failing.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_once_and_only_when_no_good_picture_comes_between() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut watchdog = Watchdog::default();
        assert_eq!((watchdog.due(), watchdog.expired(at(9000))), (None, None));
        watchdog.bad(at(0), "one".to_owned());
        watchdog.bad(at(1500), "two".to_owned());
        assert_eq!(watchdog.due(), Some(at(2000)));
        assert_eq!(watchdog.expired(at(1999)), None);
        watchdog.good();
        assert_eq!((watchdog.due(), watchdog.expired(at(2000))), (None, None));
        watchdog.bad(at(3000), "three".to_owned());
        watchdog.bad(at(4999), "four".to_owned());
        assert_eq!(watchdog.expired(at(5000)), Some("four"));
        watchdog.bad(at(5001), "five".to_owned());
        assert_eq!((watchdog.due(), watchdog.expired(at(9000))), (None, None));
        watchdog.good();
        watchdog.bad(at(9000), "six".to_owned());
        assert_eq!(watchdog.expired(at(11_000)), Some("six"));
    }
}
