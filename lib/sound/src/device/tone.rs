//! A microphone that hears a tone, at the pace of real time.

use std::f32::consts::TAU;
use std::time::Instant;

use super::pace::Pace;
use super::{Capture, DeviceError, Heard};
use crate::RATE;

/// A sine of 440 Hz at a quarter of full scale.
const FREQUENCY: f32 = 440.0;
const AMPLITUDE: f32 = 8192.0;

pub(super) struct ToneMicrophone {
    pace: Pace,
    /// In turns, 0 to 1.
    phase: f32,
}

impl ToneMicrophone {
    pub(super) fn new() -> Self {
        let pace = Pace::new(Instant::now());
        Self { pace, phase: 0.0 }
    }
}

impl Capture for ToneMicrophone {
    fn name(&self) -> &str {
        "tone"
    }

    fn read(&mut self, samples: &mut [i16], now: Instant) -> Result<Heard, DeviceError> {
        let count = self.pace.available(now).min(samples.len());
        for sample in &mut samples[..count] {
            // Within i16: the amplitude is a quarter of full scale.
            *sample = (AMPLITUDE * (TAU * self.phase).sin()) as i16;
            self.phase = (self.phase + FREQUENCY / RATE as f32).fract();
        }
        Ok(Heard {
            samples: count,
            captured: self.pace.take(count),
        })
    }

    fn due(&self) -> Option<Instant> {
        Some(self.pace.due())
    }
}
