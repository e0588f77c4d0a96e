//! Notices that an open device stands still. PipeWire says nothing when the device of a stream that
//! must not be moved goes away: the sound just stops. It reads no clock itself.

use std::time::{Duration, Instant};

use super::DeviceError;

/// How long a device may take until its first sound: a sound server may have to be started, and a
/// command may connect to another machine.
const FIRST: Duration = Duration::from_secs(5);
/// A device runs once it made progress so long after its first: the first buffer of a loudspeaker
/// is filled before the device has started.
const RUNS: Duration = Duration::from_millis(100);
/// How long a running device may be silent before it is lost.
const SILENT: Duration = Duration::from_secs(1);
/// How often a silent device is looked at. A pause twice as long is our own: then nothing is known
/// of the device.
const LOOK: Duration = Duration::from_millis(250);

/// Time without progress, while it was looked at.
#[derive(Debug)]
pub(crate) struct Watchdog {
    what: &'static str,
    limit: Duration,
    first: Option<Instant>,
    still: Duration,
    looked: Instant,
}

impl Watchdog {
    /// `what` is told of a device that stands still: "no sound".
    pub(crate) fn new(what: &'static str, now: Instant) -> Self {
        Self {
            what,
            limit: FIRST,
            first: None,
            still: Duration::ZERO,
            looked: now,
        }
    }

    /// Is told at each look whether the device made progress.
    pub(crate) fn handle(
        &mut self,
        progress: bool,
        device: &str,
        now: Instant,
    ) -> Result<(), DeviceError> {
        let passed = now.saturating_duration_since(self.looked);
        self.looked = now;
        if progress {
            self.still = Duration::ZERO;
            let first = *self.first.get_or_insert(now);
            if now.saturating_duration_since(first) >= RUNS {
                self.limit = SILENT;
            }
        } else if passed < 2 * LOOK {
            self.still += passed;
        }
        if self.still < self.limit {
            return Ok(());
        }
        Err(DeviceError::Silent {
            device: device.to_owned(),
            what: self.what,
            seconds: self.still.as_secs(),
        })
    }

    /// When to look again.
    pub(crate) fn due(&self) -> Instant {
        self.looked + LOOK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds_until_lost(watchdog: &mut Watchdog, start: Instant, step: Duration) -> Option<u64> {
        let mut now = start;
        while now < start + Duration::from_secs(60) {
            now += step;
            if watchdog.handle(false, "mic", now).is_err() {
                return Some(now.duration_since(start).as_secs());
            }
        }
        None
    }

    #[test]
    fn a_device_that_stands_still_for_a_second_is_lost() {
        let start = Instant::now();
        let mut watchdog = Watchdog::new("no sound", start);
        watchdog.handle(true, "mic", start).unwrap();
        let runs = start + RUNS;
        watchdog.handle(true, "mic", runs).unwrap();
        assert_eq!(seconds_until_lost(&mut watchdog, runs, LOOK), Some(1));
    }

    #[test]
    fn a_loudspeaker_that_took_its_first_buffer_only_may_still_be_starting() {
        let start = Instant::now();
        let mut watchdog = Watchdog::new("takes no sound", start);
        watchdog.handle(true, "speaker", start).unwrap();
        assert_eq!(seconds_until_lost(&mut watchdog, start, LOOK), Some(5));
    }

    #[test]
    fn a_device_may_take_longer_until_its_first_sound() {
        let start = Instant::now();
        let mut watchdog = Watchdog::new("no sound", start);
        assert_eq!(seconds_until_lost(&mut watchdog, start, LOOK), Some(5));
    }

    #[test]
    fn our_own_pause_is_not_held_against_the_device() {
        let start = Instant::now();
        let mut watchdog = Watchdog::new("no sound", start);
        let pause = Duration::from_secs(2);
        assert_eq!(seconds_until_lost(&mut watchdog, start, pause), None);
    }
}
