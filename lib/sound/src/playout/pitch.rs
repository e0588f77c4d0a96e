//! The length after which sound repeats itself, by correlation.
//!
//! Speech repeats every 2.5 to 15 ms. Without such a period (noise, silence) any length will do;
//! of equals the longest wins, because it drains most. A coarse search over every fourth sample
//! finds the place, a fine one over all samples the exact length.

use std::time::Duration;

use crate::samples_of;

/// The best length to take out at the start of these samples, if they are enough to judge.
pub(super) fn period(samples: &[f32]) -> Option<usize> {
    if samples.len() < WINDOW {
        return None;
    }
    let coarse = best(samples, (SHORTEST..=LONGEST).step_by(STEP), STEP)?;
    let around = coarse.saturating_sub(STEP).max(SHORTEST)..=(coarse + STEP).min(LONGEST);
    best(samples, around, 1)
}

/// Samples that [`period`] looks at.
pub(super) const WINDOW: usize = LONGEST + LOOK;
pub(super) const SHORTEST: usize = samples_of(Duration::from_micros(2_500));
const LONGEST: usize = samples_of(Duration::from_millis(15));
/// Samples that are compared: 10 ms, the period of a deep voice.
const LOOK: usize = samples_of(Duration::from_millis(10));
/// Of the coarse search.
const STEP: usize = 4;

fn best(samples: &[f32], lengths: impl Iterator<Item = usize>, step: usize) -> Option<usize> {
    let likeness = |length| (length, likeness(samples, length, step));
    let best = lengths.map(likeness).max_by(|a, b| a.1.total_cmp(&b.1));
    best.map(|(length, _)| length)
}

/// Normalised correlation of the start with what lies `length` behind it, -1 to 1.
fn likeness(samples: &[f32], length: usize, step: usize) -> f32 {
    let (mut product, mut one, mut two) = (0.0, 0.0, 0.0);
    for place in (0..LOOK).step_by(step) {
        let (a, b) = (samples[place], samples[place + length]);
        product += a * b;
        one += a * a;
        two += b * b;
    }
    // One unit of the smallest step in each sample: silence is alike, and never divides by zero.
    let floor = (LOOK / step) as f32;
    (product + floor) / ((one + floor) * (two + floor)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, SHORTEST, period};
    use crate::measure::Noise;

    /// Clicks through a resonance, each `length` samples.
    fn pulses(length: usize) -> Vec<f32> {
        let decay = |at: usize| (-(at as f32) / 60.0).exp() * (at as f32 * 0.4).sin();
        let sample = |at: usize| 9_000.0 * decay(at % length);
        (100..1_600).map(sample).collect()
    }

    #[test]
    fn a_voice_is_cut_by_whole_periods() {
        for length in [130, 171, 240, 350, 531, 700] {
            let found = period(&pulses(length)).unwrap();
            assert_eq!(found % length, 0, "{found} for a period of {length}");
        }
    }

    #[test]
    fn silence_and_noise_are_cut_somewhere_and_little_sound_nowhere() {
        assert_eq!(period(&[0.0; 1_500]), Some(LONGEST));
        let mut noise = Noise::new(1);
        let noise: Vec<f32> = (0..1_500).map(|_| noise.next() * 5_000.0).collect();
        assert!((SHORTEST..=LONGEST).contains(&period(&noise).unwrap()));
        assert_eq!(period(&[0.0; 1_199]), None);
    }
}
