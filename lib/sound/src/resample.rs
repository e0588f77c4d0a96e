//! Sound at any rate, to any other: for WAV files and for devices without 48 kHz.
//!
//! A windowed sinc of 32 taps at the lower of the two rates: 84 to 88 dB between 8 and 192 kHz and
//! 48 kHz, and what folds back is under -90 dBFS (`tests`). It looks ahead by 16 samples of the
//! lower rate, which at 44.1 kHz are 0.4 ms, and costs 9 us for 10 ms.

use crate::sinc::Kernel;

/// Converts a stream of samples from one rate to another.
#[derive(Debug)]
pub struct Resampler {
    kernel: Option<Kernel>,
    /// Input that is still needed.
    window: Vec<f32>,
    /// How far the next output lies behind the window's first place, in 1/`to` input samples.
    place: u64,
    from: u64,
    to: u64,
}

impl Resampler {
    /// From and to samples a second, each within [`MIN_RATE`] to [`MAX_RATE`].
    pub fn new(from: u32, to: u32) -> Result<Resampler, RateError> {
        for rate in [from, to] {
            if !(MIN_RATE..=MAX_RATE).contains(&rate) {
                return Err(RateError(rate));
            }
        }
        let kernel = (from != to).then(|| kernel(f64::from(from), f64::from(to)));
        let before = kernel.as_ref().map_or(0, |kernel| kernel.before() - 1);
        Ok(Resampler {
            window: vec![0.0; before],
            kernel,
            place: 0,
            from: u64::from(from),
            to: u64::from(to),
        })
    }

    /// Takes samples and appends what they give to `output`. Values beyond 16 bit are clipped.
    pub fn resample(&mut self, samples: &[i16], output: &mut Vec<i16>) {
        if self.kernel.is_none() {
            output.extend_from_slice(samples);
            return;
        }
        self.feed(samples.iter().map(|sample| f32::from(*sample)), output);
    }

    /// Appends what is still inside, as if silence followed.
    pub(crate) fn finish(&mut self, output: &mut Vec<i16>) {
        let rest = self.kernel.as_ref().map_or(0, Kernel::before);
        self.feed(std::iter::repeat_n(0.0, rest), output);
    }

    /// As [`resample`](Self::resample), for samples in units of 16 bit.
    pub(crate) fn feed(&mut self, samples: impl Iterator<Item = f32>, output: &mut Vec<i16>) {
        let Some(kernel) = &self.kernel else {
            // Saturates, as `as` does for floats.
            output.extend(samples.map(|sample| sample.round() as i16));
            return;
        };
        self.window.extend(samples);
        let mut start = 0;
        loop {
            start += (self.place / self.to) as usize;
            self.place %= self.to;
            let Some(window) = self.window.get(start..start + kernel.taps()) else {
                break;
            };
            let fraction = self.place as f32 / self.to as f32;
            output.push(kernel.at(window, fraction).round() as i16);
            self.place += self.from;
        }
        // Far down, `start` may lie behind what has come.
        let gone = start.min(self.window.len());
        self.window.drain(..gone);
        self.place += (start - gone) as u64 * self.to;
    }
}

/// A rate out of range.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} samples a second, only {MIN_RATE} to {MAX_RATE} can be converted")]
pub struct RateError(pub u32);

/// Lowest rate: half a telephone's.
pub const MIN_RATE: u32 = 4_000;
/// Highest rate of any device we know.
pub const MAX_RATE: u32 = 768_000;
/// Taps at the lower rate.
const TAPS: usize = 32;
const PHASES: usize = 256;
/// The cut-off as a part of the lower rate's Nyquist frequency: what is above it folds back.
const CUTOFF: f64 = 0.92;

fn kernel(from: f64, to: f64) -> Kernel {
    let down = (from / to).max(1.0);
    let taps = ((TAPS as f64 * down).ceil() as usize).next_multiple_of(crate::sinc::LANES);
    Kernel::new(taps, PHASES, CUTOFF / down)
}

#[cfg(test)]
mod tests {
    use super::{MAX_RATE, MIN_RATE, Resampler};
    use crate::{level_db, measure};

    fn tone(hz: f64, rate: u32) -> Vec<i16> {
        let sample =
            |at| 20_000.0 * (f64::from(at) * hz / f64::from(rate) * std::f64::consts::TAU).sin();
        (0..rate / 2).map(|at| sample(at).round() as i16).collect()
    }

    fn converted(samples: &[i16], from: u32, to: u32, piece: usize) -> Vec<i16> {
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut output = Vec::new();
        for piece in samples.chunks(piece) {
            resampler.resample(piece, &mut output);
        }
        output
    }

    #[test]
    fn a_tone_is_the_same_tone_at_another_rate() {
        for (from, to, hz) in [
            (44_100, 48_000, 1_000.0),
            (44_100, 48_000, 12_000.0),
            (48_000, 44_100, 12_000.0),
            (8_000, 48_000, 2_500.0),
            (48_000, 8_000, 2_500.0),
            (16_000, 48_000, 5_000.0),
            (192_000, 48_000, 15_000.0),
        ] {
            let heard = converted(&tone(hz, from), from, to, 480);
            let wanted = tone(hz, to);
            let within = 500..heard.len().min(wanted.len()) - 500;
            let snr = measure::snr_db(&wanted[within.clone()], &heard[within]);
            println!("{from} -> {to}, {hz} Hz: {snr:.0} dB");
            assert!(snr > 80.0, "{from} -> {to}, {hz} Hz: {snr} dB");
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_does_not_fold_back() {
        for (from, to, hz) in [(48_000, 8_000, 5_500.0), (48_000, 16_000, 10_500.0)] {
            let heard = converted(&tone(hz, from), from, to, 480);
            let level = level_db(&heard[500..]);
            println!("{from} -> {to}, {hz} Hz: {level:.0} dBFS left");
            assert!(level < -90.0, "{from} -> {to}, {hz} Hz: {level} dBFS");
        }
    }

    #[test]
    fn the_pieces_do_not_matter() {
        let sound = measure::speech(0.3, 1);
        for (from, to) in [
            (44_100, 48_000),
            (48_000, 4_000),
            (768_000, 48_000),
            (4_000, 768_000),
        ] {
            let whole = converted(&sound, from, to, sound.len());
            for piece in [1, 7, 441] {
                assert!(
                    converted(&sound, from, to, piece) == whole,
                    "{from} -> {to} by {piece}"
                );
            }
        }
    }

    #[test]
    fn the_same_rate_is_a_copy_and_others_have_limits() {
        let sound = measure::speech(0.1, 2);
        assert!(converted(&sound, 48_000, 48_000, 100) == sound);
        for rate in [0, MIN_RATE - 1, MAX_RATE + 1, u32::MAX] {
            assert_eq!(Resampler::new(rate, 48_000).unwrap_err().0, rate);
            assert_eq!(Resampler::new(48_000, rate).unwrap_err().0, rate);
        }
    }
}
