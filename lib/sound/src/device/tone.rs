//! A microphone that hears chirps, at the pace of real time: a person hears that sound arrives, and
//! a recording tells its delay.

use std::time::Instant;

use super::pace::Pace;
use super::{Capture, DeviceError, Heard};
use crate::{Tone, ToneKind};

pub(super) struct ToneMicrophone {
    tone: Tone,
    pace: Pace,
}

impl ToneMicrophone {
    pub(super) fn new() -> Self {
        Self {
            tone: Tone::new(ToneKind::Chirps),
            pace: Pace::new(Instant::now()),
        }
    }
}

impl Capture for ToneMicrophone {
    fn name(&self) -> &str {
        "tone"
    }

    fn read(&mut self, samples: &mut [i16], now: Instant) -> Result<Heard, DeviceError> {
        let count = self.pace.available(now).min(samples.len());
        self.tone.fill(&mut samples[..count]);
        Ok(Heard {
            samples: count,
            captured: self.pace.take(count),
        })
    }

    fn due(&self) -> Option<Instant> {
        Some(self.pace.due())
    }
}
