//! Band-limited interpolation: a value between samples, by a windowed sinc.
//!
//! The table holds the kernel at `phases` places between two samples; between those the weights
//! are interpolated linearly. 16 taps and 64 phases keep 87 dB to 8 kHz and 82 dB at
//! 12 kHz (`tests`).

/// A table of weights for one cut-off frequency.
#[derive(Debug)]
pub(crate) struct Kernel {
    taps: usize,
    phases: usize,
    /// `phases + 1` rows of `taps` weights; the last row is the first, one sample on.
    weights: Vec<f32>,
}

impl Kernel {
    /// `taps` is a multiple of [`LANES`]; `cutoff` is a part of the Nyquist frequency, at most 1.
    pub(crate) fn new(taps: usize, phases: usize, cutoff: f64) -> Kernel {
        debug_assert!(taps.is_multiple_of(LANES) && phases > 0);
        let mut weights = Vec::with_capacity((phases + 1) * taps);
        for phase in 0..=phases {
            weights.extend(row(taps, phase as f64 / phases as f64, cutoff));
        }
        Kernel {
            taps,
            phases,
            weights,
        }
    }

    /// Samples that [`at`](Self::at) wants up to and with the one before the wanted place.
    pub(crate) const fn before(&self) -> usize {
        self.taps / 2
    }

    /// All samples that [`at`](Self::at) wants.
    pub(crate) const fn taps(&self) -> usize {
        self.taps
    }

    /// The value `fraction` (0 to 1) behind the sample at `before() - 1` of these `taps()` samples.
    pub(crate) fn at(&self, samples: &[f32], fraction: f32) -> f32 {
        let place = fraction * self.phases as f32;
        let phase = (place as usize).min(self.phases - 1);
        let blend = place - phase as f32;
        let rows = &self.weights[phase * self.taps..(phase + 2) * self.taps];
        let (one, two) = rows.split_at(self.taps);
        // Sums in lanes, because a compiler may not reorder a single sum into vector instructions.
        let mut lanes = [0.0; LANES];
        for ((samples, one), two) in eights(samples).zip(eights(one)).zip(eights(two)) {
            for lane in 0..LANES {
                let weight = one[lane] + blend * (two[lane] - one[lane]);
                lanes[lane] += samples[lane] * weight;
            }
        }
        lanes.iter().sum()
    }
}

/// Sums kept side by side.
pub(crate) const LANES: usize = 8;
/// Shape of the Kaiser window: 80 dB of stop band.
const BETA: f64 = 7.86;

fn eights(values: &[f32]) -> impl Iterator<Item = &[f32; LANES]> {
    values.as_chunks().0.iter()
}

/// The weights for one phase; their sum is 1, so that silence and level are kept.
fn row(taps: usize, fraction: f64, cutoff: f64) -> impl Iterator<Item = f32> {
    let half = taps as f64 / 2.0;
    let weight = move |tap: usize| {
        let distance = tap as f64 - (half - 1.0) - fraction;
        sinc(cutoff * distance) * kaiser(distance / half)
    };
    let sum: f64 = (0..taps).map(weight).sum();
    (0..taps).map(move |tap| (weight(tap) / sum) as f32)
}

fn sinc(x: f64) -> f64 {
    let angle = x * std::f64::consts::PI;
    if angle == 0.0 {
        1.0
    } else {
        angle.sin() / angle
    }
}

/// The Kaiser window at `x` within -1 to 1, 0 outside.
fn kaiser(x: f64) -> f64 {
    let inside = 1.0 - x * x;
    if inside < 0.0 {
        return 0.0;
    }
    bessel(BETA * inside.sqrt()) / bessel(BETA)
}

/// The modified Bessel function of order zero, by its series; 30 terms are exact for x < 12.
fn bessel(x: f64) -> f64 {
    let square = x * x / 4.0;
    let terms = (1..30).scan(1.0, |term, n| {
        *term *= square / f64::from(n * n);
        Some(*term)
    });
    1.0 + terms.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::Kernel;

    /// Error of interpolated sines at all places between two samples, in dB.
    fn snr(hz: f64) -> f64 {
        let kernel = Kernel::new(16, 64, 1.0);
        let value = |at: f64| (at * hz / 48_000.0 * std::f64::consts::TAU + 0.3).sin();
        let (mut signal, mut noise) = (0.0, 0.0);
        for place in 0..997 {
            let samples: Vec<f32> = (place..place + 16)
                .map(|at| value(f64::from(at)) as f32)
                .collect();
            let fraction = f64::from(place) / 997.0;
            let wanted = value(f64::from(place) + 7.0 + fraction);
            signal += wanted * wanted;
            noise += (wanted - f64::from(kernel.at(&samples, fraction as f32))).powi(2);
        }
        10.0 * (signal / noise).log10()
    }

    #[test]
    fn interpolation_keeps_80_db_to_12_khz() {
        for hz in [100.0, 1_000.0, 4_000.0, 8_000.0, 12_000.0] {
            let snr = snr(hz);
            println!("{hz} Hz: {snr:.0} dB");
            assert!(snr > 80.0, "{hz} Hz: {snr} dB");
        }
    }
}
