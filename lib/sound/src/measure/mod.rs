//! Instruments for tests and benches: made speech and noise, and how late and how like the sound
//! is that comes out at the other end. No program needs them in a call, but for its test tone.

mod clicks;
mod stoi;

use std::f32::consts::TAU;

use crate::{RATE, Tone, ToneKind};

pub use self::clicks::clicks;
pub use self::stoi::stoi;

/// Where a sound was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Samples before it in the recording.
    pub at: usize,
    /// Normalised correlation there, 1 for the same sound at any volume.
    pub likeness: f32,
}

/// The chirp of [`ToneKind::Chirps`]: 50 ms.
pub fn chirp() -> Vec<i16> {
    let mut chirp = vec![0; RATE as usize / 20];
    Tone::new(ToneKind::Chirps).fill(&mut chirp);
    chirp
}

/// Finds `sound` in a recording, by the largest correlation; `None` where the recording is
/// shorter than the sound. First every fourth sample, then all around the best: so the sound
/// should hold little above 5 kHz.
///
/// ```
/// use transom_sound::measure::{chirp, delay_of};
///
/// let recording = [vec![0; 960], chirp(), vec![0; 960]].concat();
/// assert_eq!(delay_of(&chirp(), &recording).map(|found| found.at), Some(960));
/// ```
pub fn delay_of(sound: &[i16], recording: &[i16]) -> Option<Found> {
    let last = recording.len().checked_sub(sound.len())?;
    let thin = |samples: &[i16]| -> Vec<f32> {
        let mean = |four: &[i16]| four.iter().map(|s| f32::from(*s)).sum::<f32>() / 4.0;
        samples.chunks_exact(4).map(mean).collect()
    };
    let (short, long) = (thin(sound), thin(recording));
    let coarse = best(&short, &long, 0..=long.len().checked_sub(short.len())?)?;
    let wide = |samples: &[i16]| -> Vec<f32> { samples.iter().map(|s| f32::from(*s)).collect() };
    let near = (4 * coarse.at).saturating_sub(6)..=(4 * coarse.at + 6).min(last);
    best(&wide(sound), &wide(recording), near)
}

/// Normalised correlation of two sounds of one length, -1 to 1; 0 if either is silent.
pub fn likeness(one: &[i16], two: &[i16]) -> f32 {
    let wide = |samples: &[i16]| -> Vec<f32> { samples.iter().map(|s| f32::from(*s)).collect() };
    correlation(&wide(one), &wide(two))
}

/// Signal to noise of a copy, in dB: what of the copy is not the original counts as noise.
pub fn snr_db(original: &[i16], copy: &[i16]) -> f32 {
    let (mut signal, mut noise) = (0.0_f64, 1e-9_f64);
    for (original, copy) in original.iter().zip(copy) {
        signal += f64::from(*original).powi(2);
        noise += (f64::from(*original) - f64::from(*copy)).powi(2);
    }
    10.0 * (signal / noise).log10() as f32
}

/// Mean of the signal to noise of pieces of 20 ms, each within -10 to 35 dB, silent ones left
/// out: closer to what is heard than one figure for all.
pub fn segmental_snr_db(original: &[i16], copy: &[i16]) -> f32 {
    let pieces = original.chunks_exact(960).zip(copy.chunks_exact(960));
    let loud = pieces.filter(|(original, _)| crate::level_db(original) > -50.0);
    let each: Vec<f32> = loud
        .map(|(original, copy)| snr_db(original, copy).clamp(-10.0, 35.0))
        .collect();
    each.iter().sum::<f32>() / each.len().max(1) as f32
}

/// Pseudo-random numbers, the same in every run.
#[derive(Clone, Debug)]
pub struct Noise(u64);

impl Noise {
    /// Another sequence for each seed.
    pub const fn new(seed: u64) -> Noise {
        Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number within -1 to 1, all alike.
    #[expect(
        clippy::should_implement_trait,
        reason = "it never ends, so it gives no Option"
    )]
    pub fn next(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    /// 64 bits (xorshift*).
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// Something like speech: syllables of gliding pitch through three gliding formants, hisses, and
/// pauses between words; about -20 dBFS. Another speaker for each seed.
pub fn speech(seconds: f32, seed: u64) -> Vec<i16> {
    let mut voice = Voice::new(seed);
    let samples = (seconds * RATE as f32) as usize;
    let mut out = Vec::with_capacity(samples);
    while out.len() < samples {
        voice.syllable(&mut out);
    }
    out.truncate(samples);
    out
}

struct Voice {
    noise: Noise,
    pitch: f32,
    phase: f32,
    formants: [Formant; 3],
}

impl Voice {
    fn new(seed: u64) -> Voice {
        let mut noise = Noise::new(seed);
        let pitch = 140.0 + 50.0 * noise.next();
        Voice {
            noise,
            pitch,
            phase: 0.0,
            formants: Default::default(),
        }
    }

    /// A pause (one in five), a hiss (one in five) or a vowel, of 60 to 260 ms.
    fn syllable(&mut self, out: &mut Vec<i16>) {
        let length = ((0.16 + 0.1 * self.noise.next()) * RATE as f32) as usize;
        let kind = self.noise.bits() % 5;
        let targets = [
            500.0 + 250.0 * self.noise.next(),
            1_500.0 + 600.0 * self.noise.next(),
            2_700.0 + 400.0 * self.noise.next(),
        ];
        let glide = 0.2 * self.noise.next();
        for at in 0..length {
            let part = at as f32 / length as f32;
            let loud = (part * TAU / 2.0).sin();
            let sample = match kind {
                0 => 0.0,
                1 => self.noise.next() * 900.0 * loud,
                _ => self.vowel(&targets, 1.0 + glide * part) * loud,
            };
            // A room's own noise, so that pauses are not digital silence.
            out.push((sample + self.noise.next() * 3.0) as i16);
        }
    }

    fn vowel(&mut self, targets: &[f32; 3], glide: f32) -> f32 {
        self.phase += self.pitch * glide / RATE as f32;
        let mut source = self.noise.next() * 0.02;
        if self.phase >= 1.0 {
            self.phase -= 1.0;
            source += 1.0;
        }
        let formants = self.formants.iter_mut().zip(targets).zip([1.0, 0.5, 0.25]);
        let sum: f32 = formants
            .map(|((formant, target), loud)| loud * formant.filter(source, *target))
            .sum();
        sum * 12_000.0
    }
}

/// A resonance of 80 Hz width.
#[derive(Default)]
struct Formant {
    hz: f32,
    last: [f32; 2],
}

impl Formant {
    fn filter(&mut self, input: f32, target: f32) -> f32 {
        let from = if self.hz == 0.0 { target } else { self.hz };
        self.hz = from + (target - from) * 0.001;
        let radius = (-TAU / 2.0 * 80.0 / RATE as f32).exp();
        let turn = 2.0 * radius * (TAU * self.hz / RATE as f32).cos();
        let out = input + turn * self.last[0] - radius * radius * self.last[1];
        self.last = [out, self.last[0]];
        out * self.hz / 8_000.0
    }
}

fn best(
    sound: &[f32],
    recording: &[f32],
    places: std::ops::RangeInclusive<usize>,
) -> Option<Found> {
    let found = places.filter_map(|at| {
        let piece = recording.get(at..at + sound.len())?;
        let likeness = correlation(sound, piece);
        Some(Found { at, likeness })
    });
    found.max_by(|one, two| one.likeness.total_cmp(&two.likeness))
}

fn correlation(one: &[f32], two: &[f32]) -> f32 {
    let (mut product, mut first, mut second) = (0.0, 0.0, 0.0);
    for (a, b) in one.iter().zip(two) {
        product += a * b;
        first += a * a;
        second += b * b;
    }
    let scale = (first * second).sqrt();
    if scale == 0.0 { 0.0 } else { product / scale }
}

#[cfg(test)]
mod tests {
    use super::{chirp, delay_of, likeness, snr_db, speech};
    use crate::level_db;

    #[test]
    fn a_chirp_is_found_to_the_sample() {
        for late in [0, 1, 1_234, 40_001] {
            let mut recording: Vec<i16> = speech(1.0, 3).iter().map(|s| s / 8).collect();
            for (place, sample) in chirp().iter().enumerate() {
                recording[late + place] += sample / 2;
            }
            let found = delay_of(&chirp(), &recording).unwrap();
            assert_eq!(found.at, late);
            assert!(found.likeness > 0.7, "{found:?}");
        }
        let absent = delay_of(&chirp(), &speech(1.0, 3)).unwrap();
        assert!(absent.likeness < 0.5, "{absent:?}");
        assert_eq!(delay_of(&chirp(), &[0; 100]), None);
    }

    #[test]
    fn copies_are_compared() {
        let one = speech(1.0, 4);
        assert!(likeness(&one, &one) > 0.999_9);
        let louder: Vec<i16> = one.iter().map(|s| s + s / 10).collect();
        assert!(likeness(&one, &louder) > 0.999);
        assert!((snr_db(&one, &louder) - 20.0).abs() < 0.5);
        assert!(likeness(&one, &speech(1.0, 5)).abs() < 0.3);
        assert_eq!(likeness(&one, &vec![0; one.len()]), 0.0);
    }

    #[test]
    fn made_speech_is_as_loud_as_speech() {
        for seed in 0..8 {
            let level = level_db(&speech(5.0, seed));
            assert!((-30.0..-14.0).contains(&level), "seed {seed}: {level}");
        }
    }
}
