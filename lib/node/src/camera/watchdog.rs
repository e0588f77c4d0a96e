//! Notices that a camera sends no first picture, or pictures of which none can be used. Times are
//! given to it.

use std::time::{Duration, Instant};

/// How long pictures may fail before that is said. The first pictures of many cameras are damaged,
/// and so are a few while a cable is touched.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How long the first picture may take before that is said: a sensor starts within a second, and a
/// program that reads a network camera within a few.
pub(super) const FIRST_PICTURE: Duration = Duration::from_secs(5);

/// What is wrong since the camera was opened, or since the last picture that could be used.
#[derive(Debug, Default)]
pub(super) struct Watchdog {
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    until: Instant,
    why: Why,
    is_told: bool,
}

/// What is wrong with a camera that is open.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Why {
    /// Nothing came for [`FIRST_PICTURE`].
    Silent,
    /// What came can't be used, for this reason.
    Unusable(String),
}

impl Watchdog {
    /// The camera was opened: its first picture is waited for.
    pub(super) fn opened(now: Instant) -> Self {
        let failing = Failing {
            until: now + FIRST_PICTURE,
            why: Why::Silent,
            is_told: false,
        };
        Self {
            failing: Some(failing),
        }
    }

    /// A picture could be used.
    pub(super) fn good(&mut self) {
        self.failing = None;
    }

    /// A picture could not be used.
    pub(super) fn bad(&mut self, now: Instant, why: String) {
        let why = Why::Unusable(why);
        match &mut self.failing {
            Some(failing) if failing.why != Why::Silent => failing.why = why,
            _ => {
                self.failing = Some(Failing {
                    until: now + PATIENCE,
                    why,
                    is_told: false,
                });
            }
        }
    }

    /// When [`expired`](Self::expired) has something to say.
    pub(super) fn due(&self) -> Option<Instant> {
        let failing = self.failing.as_ref().filter(|failing| !failing.is_told);
        failing.map(|failing| failing.until)
    }

    /// Why there was no good picture for too long, once.
    pub(super) fn expired(&mut self, now: Instant) -> Option<&Why> {
        let failing = self.failing.as_mut()?;
        if failing.is_told || now < failing.until {
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
        assert_eq!(
            watchdog.expired(at(5000)),
            Some(&Why::Unusable("four".to_owned()))
        );
        watchdog.bad(at(5001), "five".to_owned());
        assert_eq!((watchdog.due(), watchdog.expired(at(9000))), (None, None));
        watchdog.good();
        watchdog.bad(at(9000), "six".to_owned());
        assert_eq!(
            watchdog.expired(at(11_000)),
            Some(&Why::Unusable("six".to_owned()))
        );
    }

    #[test]
    fn a_first_picture_that_does_not_come_is_told_once() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut watchdog = Watchdog::opened(start);
        assert_eq!(watchdog.due(), Some(at(5000)));
        assert_eq!(watchdog.expired(at(4999)), None);
        assert_eq!(watchdog.expired(at(5000)), Some(&Why::Silent));
        assert_eq!((watchdog.due(), watchdog.expired(at(9000))), (None, None));
        // What comes then and can't be used is another thing to say.
        watchdog.bad(at(9000), "cut".to_owned());
        let cut = Why::Unusable("cut".to_owned());
        assert_eq!(watchdog.expired(at(11_000)), Some(&cut));

        let mut watchdog = Watchdog::opened(start);
        watchdog.bad(at(100), "cut".to_owned());
        assert_eq!(watchdog.expired(at(2100)), Some(&cut));
        let mut watchdog = Watchdog::opened(start);
        watchdog.good();
        assert_eq!((watchdog.due(), watchdog.expired(at(9000))), (None, None));
    }
}
