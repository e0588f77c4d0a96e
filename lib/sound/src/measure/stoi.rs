//! Short-time objective intelligibility (Taal, Hendriks, Heusdens, Jensen 2011): how like the
//! loudness of a voice's bands is over 0.4 s each, before and after.

use std::f64::consts::TAU;

use crate::{RATE, Resampler};

/// Intelligibility of what came out against what went in, 1 for the same; both begin at the same
/// time. Pauses count nothing.
pub fn stoi(clean: &[i16], processed: &[i16]) -> f32 {
    let (clean, processed) = (slow(clean), slow(processed));
    let frames = loud_frames(&clean, clean.len().min(processed.len()));
    let spectrum = Spectrum::new();
    let bands = |sound: &[i16]| -> Vec<[f64; BANDS]> {
        let each = frames
            .iter()
            .map(|at| spectrum.bands(&sound[*at..at + FRAME]));
        each.collect()
    };
    let (one, two) = (bands(&clean), bands(&processed));
    let mut scores = Vec::new();
    for (one, two) in one.windows(SEGMENT).zip(two.windows(SEGMENT)) {
        for band in 0..BANDS {
            let pick = |frames: &[[f64; BANDS]]| frames.iter().map(|frame| frame[band]).collect();
            scores.push(score(pick(one), pick(two)));
        }
    }
    (scores.iter().sum::<f64>() / scores.len().max(1) as f64) as f32
}

/// The measure is defined at 10 kHz.
const SLOW: u32 = 10_000;
const FRAME: usize = 256;
const BANDS: usize = 15;
const LOWEST_HZ: f64 = 150.0;
/// Frames of a segment: 384 ms.
const SEGMENT: usize = 30;
/// Frames that are softer than the loudest by this are pauses.
const RANGE_DB: f64 = 40.0;
/// What is worse than this in one place is not counted as worse.
const CLIP_DB: f64 = -15.0;

fn slow(sound: &[i16]) -> Vec<i16> {
    let mut resampler = Resampler::new(RATE, SLOW).expect("both rates are in range");
    let mut slow = Vec::new();
    resampler.resample(sound, &mut slow);
    slow
}

fn loud_frames(clean: &[i16], length: usize) -> Vec<usize> {
    let level = |at: usize| -> f64 {
        let energy: f64 = clean[at..at + FRAME]
            .iter()
            .map(|s| f64::from(*s).powi(2))
            .sum();
        10.0 * (energy + 1e-9).log10()
    };
    let starts = (0..length.saturating_sub(FRAME)).step_by(FRAME / 2);
    let levels: Vec<(usize, f64)> = starts.map(|at| (at, level(at))).collect();
    let loudest = levels.iter().map(|frame| frame.1).fold(f64::MIN, f64::max);
    let loud = levels.iter().filter(|frame| frame.1 > loudest - RANGE_DB);
    loud.map(|frame| frame.0).collect()
}

/// A Fourier transform of 512 places, and one-third octave bands.
struct Spectrum {
    turn: Vec<(f64, f64)>,
    window: Vec<f64>,
    /// First and one past the last bin of each band.
    edges: [(usize, usize); BANDS],
}

impl Spectrum {
    const SIZE: usize = 512;

    fn new() -> Spectrum {
        let turn = |at: usize| (TAU * at as f64 / Self::SIZE as f64).sin_cos();
        let hann = |at: usize| 0.5 - 0.5 * (TAU * (at + 1) as f64 / (FRAME + 1) as f64).cos();
        let bin = |hz: f64| (hz * Self::SIZE as f64 / f64::from(SLOW)).round() as usize;
        let third = 2_f64.powf(1.0 / 6.0);
        let band = |band: usize| {
            let middle = LOWEST_HZ * 2_f64.powf(band as f64 / 3.0);
            (bin(middle / third), bin(middle * third))
        };
        Spectrum {
            turn: (0..Self::SIZE).map(turn).collect(),
            window: (0..FRAME).map(hann).collect(),
            edges: std::array::from_fn(band),
        }
    }

    fn bands(&self, frame: &[i16]) -> [f64; BANDS] {
        let windowed = frame.iter().zip(&self.window);
        let frame: Vec<f64> = windowed
            .map(|(sample, hann)| f64::from(*sample) * hann)
            .collect();
        self.edges.map(|(first, end)| {
            let energy: f64 = (first..end).map(|bin| self.energy(&frame, bin)).sum();
            energy.sqrt()
        })
    }

    fn energy(&self, frame: &[f64], bin: usize) -> f64 {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (at, sample) in frame.iter().enumerate() {
            let (sin, cos) = self.turn[at * bin % Self::SIZE];
            real += sample * cos;
            imaginary += sample * sin;
        }
        real * real + imaginary * imaginary
    }
}

/// Correlation of one band of a segment, after both are made equally loud and clipped.
fn score(clean: Vec<f64>, processed: Vec<f64>) -> f64 {
    let energy = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>();
    let scale = (energy(&clean) / (energy(&processed) + 1e-9)).sqrt();
    let most = 1.0 + 10_f64.powf(-CLIP_DB / 20.0);
    let pairs = clean.iter().zip(&processed);
    let clipped: Vec<f64> = pairs.map(|(c, p)| (p * scale).min(c * most)).collect();
    let centred = |values: &[f64]| -> Vec<f64> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|v| v - mean).collect()
    };
    let (one, two) = (centred(&clean), centred(&clipped));
    let product: f64 = one.iter().zip(&two).map(|(a, b)| a * b).sum();
    product / ((energy(&one) * energy(&two)).sqrt() + 1e-9)
}

#[cfg(test)]
mod tests {
    use super::stoi;
    use crate::measure::{Noise, speech};

    #[test]
    fn noise_costs_intelligibility() {
        let voice = speech(5.0, 1);
        assert!(stoi(&voice, &voice) > 0.999_9);
        let half: Vec<i16> = voice.iter().map(|s| s / 2).collect();
        assert!(stoi(&voice, &half) > 0.999);
        let mut noise = Noise::new(2);
        let mut noisy = |loud: f32| -> Vec<i16> {
            let sample = |s: &i16| s.saturating_add((noise.next() * loud) as i16);
            voice.iter().map(sample).collect()
        };
        let (soft, loud) = (stoi(&voice, &noisy(500.0)), stoi(&voice, &noisy(8_000.0)));
        assert!(soft > loud && (0.1..0.8).contains(&loud), "{soft} {loud}");
        assert!(stoi(&voice, &speech(5.0, 9)) < 0.4);
    }
}
