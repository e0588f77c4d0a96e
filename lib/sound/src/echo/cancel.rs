//! Echo cancelling by the crate aec3, a port of WebRTC's; all that this project knows of it is in
//! this file.
//!
//! It finds the delay between loudspeaker and microphone itself, up to about 330 ms, and follows
//! it. What it reached in made rooms (`tests`: echo as loud as the near voice, tail of 0.25 s, bent
//! loudspeaker, noise of -65 dBFS):
//!
//! | room | echo softer by, dB: 0-1 s, 1-5 s, 5-20 s | near alone STOI | both talk: STOI before -> after |
//! |---|---|---|---|
//! | 60 ms, clocks 50 ppm apart | 37, 33, 44 | 1.000 | 0.79 -> 0.67 |
//! | 60 ms, one clock | 37, 34, 46 | 1.000 | 0.80 -> 0.70 |
//! | 180 ms, 50 ppm | 36, 34, 44 | 1.000 | 0.78 -> 0.68 |
//! | echo 11 dB softer, 50 ppm | 28, 28, 35 (down to the noise) | 1.000 | 0.95 -> 0.87 |
//!
//! After a jump of the delay by 30 ms: 47 dB three seconds later. While both talk, the near voice
//! loses clarity: that is half duplex, tolerable, no more. It delays the near voice by 9 ms.

use std::fmt;

use aec3::api::config::EchoCanceller3Config;
use aec3::api::control::EchoControl;
use aec3::audio_processing::aec3::echo_canceller3::EchoCanceller3;
use aec3::audio_processing::audio_buffer::AudioBuffer;
use aec3::audio_processing::high_pass_filter::HighPassFilter;

use crate::{BLOCK, RATE};

pub(super) struct Cancel {
    canceller: EchoCanceller3,
    /// Takes out what is below speech, and the offset of cheap microphones, which is no echo.
    high_pass: HighPassFilter,
    near: [Vec<f32>; 1],
    floor: Floor,
    render: AudioBuffer,
    capture: AudioBuffer,
}

impl Cancel {
    pub(super) fn new() -> Option<Cancel> {
        let config = EchoCanceller3Config::default();
        Some(Cancel {
            canceller: EchoCanceller3::new(config, RATE as i32, 1, 1),
            high_pass: HighPassFilter::new(RATE as i32, 1),
            near: [vec![0.0; BLOCK]],
            floor: Floor(1),
            render: buffer(),
            capture: buffer(),
        })
    }

    pub(super) fn played(&mut self, block: &[i16; BLOCK]) {
        self.floor.widen(block, self.render.channel_mut(0));
        self.render.split_into_frequency_bands();
        self.canceller.analyze_render(&mut self.render);
    }

    pub(super) fn heard(&mut self, block: &mut [i16; BLOCK]) {
        self.floor.widen(block, &mut self.near[0]);
        self.high_pass.process(&mut self.near);
        self.capture.channel_mut(0).copy_from_slice(&self.near[0]);
        self.canceller.analyze_capture(&mut self.capture);
        self.capture.split_into_frequency_bands();
        self.canceller.process_capture(&mut self.capture, false);
        self.capture.merge_frequency_bands();
        for (sample, clean) in block.iter_mut().zip(self.capture.channel(0)) {
            // Saturates, as `as` does for floats.
            *sample = clean.round() as i16;
        }
    }
}

/// Samples by which sound leaves later: the canceller's blocks of 4 ms, as
/// much for its overlapping windows, and the filters that split and join the bands.
pub(super) const DELAY: usize = 430;

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel").finish_non_exhaustive()
    }
}

fn buffer() -> AudioBuffer {
    let rate = RATE as usize;
    AudioBuffer::from_sample_rates(rate, 1, rate, 1, rate)
}

/// Noise far below a unit of 16 bit, which rounding takes out again. In digital silence, as of a
/// muted peer, the filters' states would decay into subnormal numbers, with which a processor
/// calculates some hundred times slower.
struct Floor(u32);

impl Floor {
    /// The canceller works in units of 16 bit.
    fn widen(&mut self, block: &[i16; BLOCK], out: &mut [f32]) {
        for (sample, out) in block.iter().zip(out) {
            // Numerical Recipes' linear congruential generator.
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *out = f32::from(*sample) + (self.0 >> 16) as f32 * FLOOR;
        }
    }
}

/// The noise reaches a tenth of a unit: -110 dBFS.
const FLOOR: f32 = 0.1 / 65_536.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_come_to_rest_in_digital_silence_without_subnormal_numbers() {
        let mut high_pass = HighPassFilter::new(RATE as i32, 1);
        let (mut floor, mut samples) = (Floor(1), [vec![0.0; BLOCK]]);
        for block in 0..200 {
            let sound = if block < 5 {
                [1_000; BLOCK]
            } else {
                [0; BLOCK]
            };
            floor.widen(&sound, &mut samples[0]);
            high_pass.process(&mut samples);
            let subnormal = samples[0].iter().filter(|sample| sample.is_subnormal());
            assert_eq!(subnormal.count(), 0, "block {block}");
        }
    }

    #[test]
    fn digital_silence_stays_digital_silence() {
        let mut cancel = Cancel::new().unwrap();
        for _ in 0..200 {
            cancel.played(&[0; BLOCK]);
            let mut block = [0; BLOCK];
            cancel.heard(&mut block);
            assert_eq!(block, [0; BLOCK]);
        }
    }
}
