//! A microphone that hears nothing and a loudspeaker that nobody hears, at the pace of real time.

use std::time::{Duration, Instant};

use super::pace::Pace;
use super::{Capture, DeviceError, Heard, Playback};

pub(super) struct Silence {
    pace: Pace,
}

impl Silence {
    pub(super) fn new() -> Self {
        let pace = Pace::new(Instant::now());
        Self { pace }
    }
}

impl Capture for Silence {
    fn name(&self) -> &str {
        "silence"
    }

    fn read(&mut self, samples: &mut [i16], now: Instant) -> Result<Heard, DeviceError> {
        let count = self.pace.available(now).min(samples.len());
        samples[..count].fill(0);
        Ok(Heard {
            samples: count,
            captured: self.pace.take(count),
        })
    }

    fn due(&self) -> Option<Instant> {
        Some(self.pace.due())
    }
}

impl Playback for Silence {
    fn name(&self) -> &str {
        "silence"
    }

    fn room(&mut self, now: Instant) -> Result<usize, DeviceError> {
        Ok(self.pace.available(now))
    }

    fn write(&mut self, samples: &[i16], _: Instant) -> Result<(), DeviceError> {
        self.pace.take(samples.len());
        Ok(())
    }

    fn delay(&self, _: Instant) -> Duration {
        Duration::ZERO
    }

    fn due(&self) -> Option<Instant> {
        Some(self.pace.due())
    }
}
