//! Concealment: what a sound most likely was behind its last sample.
//!
//! The last pitch period is repeated, as ITU-T G.711 (Appendix I) does for lost packets. The step
//! from the end of a period to its start is spread over 2.5 ms.

use super::{pitch, rise};

/// So many samples that follow `past`, whose last [`pitch::WINDOW`] samples and one more count.
pub(super) fn continued(past: &[f32], count: usize) -> Vec<f32> {
    let backwards: Vec<f32> = past.iter().rev().take(pitch::WINDOW).copied().collect();
    let Some(period) = pitch::period(&backwards) else {
        return vec![0.0; count];
    };
    let (before, last) = past.split_at(past.len() - period);
    let ends = [before, last].map(|part| part.last().copied().unwrap_or_default());
    let step = ends[1] - ends[0];
    let smoothed = |place: usize| match place {
        0..SMOOTHED => last[place] + step * (1.0 - rise(place, SMOOTHED)),
        _ => last[place],
    };
    (0..count).map(|place| smoothed(place % period)).collect()
}

/// The shortest period.
const SMOOTHED: usize = pitch::SHORTEST;

#[cfg(test)]
mod tests {
    use super::continued;
    use crate::BLOCK;
    use crate::measure::speech;

    #[test]
    fn a_tone_goes_on_as_it_was() {
        let tone = |at: usize| 9_000.0 * (at as f32 * std::f32::consts::TAU / 171.0).sin();
        let past: Vec<f32> = (0..2_000).map(tone).collect();
        for (place, sample) in (2_000..).zip(continued(&past, 3 * BLOCK)) {
            assert!((sample - tone(place)).abs() < 300.0, "{place}: {sample}");
        }
    }

    /// The largest step of what is made up is hardly larger than that of the speech around it.
    #[test]
    fn speech_goes_on_without_a_step() {
        let sound: Vec<f32> = speech(20.0, 9).into_iter().map(f32::from).collect();
        let largest = |sound: &[f32]| {
            let steps = sound.windows(2).map(|pair| (pair[1] - pair[0]).abs());
            steps.fold(0.0, f32::max)
        };
        for past in (2_000..sound.len()).step_by(3_333).map(|end| &sound[..end]) {
            let around = largest(&past[past.len() - 1_500..]);
            let made = [&past[past.len() - 1..], &continued(past, 2 * BLOCK)].concat();
            let step = largest(&made);
            assert!(step <= 1.5 * around + 20.0, "{step}, {around} before");
        }
    }
}
