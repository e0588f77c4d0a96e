//! How loud sound is, and whether somebody speaks.
//!
//! `speaks` means: louder than the background by [`OVER_FLOOR_DB`], or less than 300 ms ago. The
//! background follows a softer sound at once and a louder one by 2 dB a second, so a fan that is
//! switched on counts as speech for some seconds and then no more.

use std::time::Duration;

use crate::{samples_of, time_of};

/// Meter of one stream of sound.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    floor_db: f32,
    /// Samples for which speech still counts.
    hangover: usize,
}

impl Level {
    /// A meter that takes what comes first as background.
    pub fn new() -> Level {
        Level {
            floor_db: 0.0,
            hangover: 0,
        }
    }

    /// Takes the next samples, usually a block; returns their level in dBFS.
    pub fn add(&mut self, samples: &[i16]) -> f32 {
        let level = level_db(samples);
        let rise = RISE_DB_PER_SECOND * time_of(samples.len()).as_secs_f32();
        self.floor_db = (self.floor_db + rise).min(level).max(LOWEST_FLOOR_DB);
        self.hangover = match level > self.floor_db + OVER_FLOOR_DB {
            true => HANGOVER,
            false => self.hangover.saturating_sub(samples.len()),
        };
        level
    }

    /// Whether somebody speaks.
    pub fn speaks(&self) -> bool {
        self.hangover > 0
    }
}

impl Default for Level {
    fn default() -> Level {
        Level::new()
    }
}

/// The level of these samples in dBFS: 0 for a square wave at full scale, -3 for a sine,
/// [`SILENCE_DB`] for silence.
pub fn level_db(samples: &[i16]) -> f32 {
    let square = |sample: &i16| f32::from(*sample) * f32::from(*sample);
    let energy: f32 = samples.iter().map(square).sum();
    let mean = energy / samples.len().max(1) as f32 / (32_768.0 * 32_768.0);
    (10.0 * mean.log10()).max(SILENCE_DB)
}

/// Level of digital silence: below the smallest step of 16 bit.
pub const SILENCE_DB: f32 = -96.0;
const OVER_FLOOR_DB: f32 = 12.0;
/// A silent source has no floor of its own: what is softer than -55 dBFS is no speech.
const LOWEST_FLOOR_DB: f32 = -67.0;
const RISE_DB_PER_SECOND: f32 = 2.0;
/// Bridges the pauses between words.
const HANGOVER: usize = samples_of(Duration::from_millis(300));

#[cfg(test)]
mod tests {
    use super::{Level, SILENCE_DB, level_db};
    use crate::BLOCK;
    use crate::measure::{Noise, speech};

    #[test]
    fn levels_are_relative_to_full_scale() {
        assert_eq!(level_db(&[0; BLOCK]), SILENCE_DB);
        assert_eq!(level_db(&[]), SILENCE_DB);
        assert!(level_db(&[i16::MIN; BLOCK]).abs() < 0.001);
        let sine: Vec<i16> = (0..BLOCK)
            .map(|at| (32_767.0 * (at as f32 * 0.13).sin()) as i16)
            .collect();
        assert!((level_db(&sine) + 3.0).abs() < 0.1, "{}", level_db(&sine));
    }

    #[test]
    fn speech_over_noise_speaks_and_noise_alone_does_not() {
        let (mut level, mut noise) = (Level::new(), Noise::new(1));
        let mut block = [0; BLOCK];
        let background = |block: &mut [i16; BLOCK], noise: &mut Noise| {
            block.fill_with(|| (noise.next() * 60.0) as i16);
        };
        for _ in 0..300 {
            background(&mut block, &mut noise);
            level.add(&block);
            assert!(!level.speaks());
        }
        let speech = speech(2.0, 7);
        let spoken = speech.as_chunks::<BLOCK>().0;
        let heard = spoken.iter().filter(|block| {
            level.add(*block);
            level.speaks()
        });
        assert!(heard.count() > spoken.len() * 8 / 10);
        let mut after = 0;
        while level.speaks() {
            background(&mut block, &mut noise);
            level.add(&block);
            after += 1;
        }
        assert!((29..=30).contains(&after), "{after} blocks of hangover");
    }

    #[test]
    fn a_steady_sound_becomes_background() {
        let (mut level, mut noise) = (Level::new(), Noise::new(2));
        level.add(&[0; BLOCK]);
        let mut block = [0; BLOCK];
        let mut spoke = 0;
        for _ in 0..6_000 {
            block.fill_with(|| (noise.next() * 1_000.0) as i16);
            level.add(&block);
            spoke += usize::from(level.speaks());
        }
        assert!(spoke > 100 && !level.speaks(), "{spoke}");
    }
}
