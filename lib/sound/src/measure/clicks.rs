//! Clicks in a copy of a sound: samples that don't follow from those before them, where the
//! original has nothing like it.
//!
//! A linear predictor is fitted to 30 ms (Levinson-Durbin), and each sample compared with its
//! prediction. A cut, a phase jump or a lost sample stands far above the usual error. So do the
//! pulses of a voice, which is why the original is the measure: a cut that is weaker than the
//! voice's own pulses is not found here, but shows as a jump of the delay. A fade of some
//! milliseconds is no click, here as in the ear.

use std::time::Duration;

use crate::samples_of;

/// The places of clicks in `copy`, at least 5 ms from each other. `original` is what was said,
/// within 5 ms of the same place. The first and the last 12.5 ms are not judged: a predictor that
/// is fitted to the end of a sound misses what a voice does there.
pub fn clicks(original: &[i16], copy: &[i16]) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let end = copy
        .len()
        .min(original.len())
        .saturating_sub(AROUND + PIECE - 1);
    for at in (AROUND..end).step_by(PIECE) {
        let (from, heard) = errors_around(copy, at);
        let (_, said) = errors_around(original, at);
        let usual = usual(&heard);
        let piece = at - from..at + PIECE - from;
        let place = piece.max_by(|one, two| heard[*one].total_cmp(&heard[*two]));
        let Some(place) = place else { continue };
        let most = said.iter().copied().fold(0.0, f32::max);
        let limit = LEAST.max(ABOVE_USUAL * usual).max(ABOVE_ORIGINAL * most);
        let far = |last: &usize| from + place - last >= PIECE;
        if heard[place] > limit && found.last().is_none_or(far) {
            found.push(from + place);
        }
    }
    found
}

/// 5 ms.
const PIECE: usize = samples_of(Duration::from_millis(5));
/// What is looked at before and after a piece.
const AROUND: usize = samples_of(Duration::from_micros(12_500));
const ORDER: usize = 24;
/// A click is so far above the median error, which the noise of a codec raises,
const ABOVE_USUAL: f32 = 12.0;
/// and above the largest error of the original.
const ABOVE_ORIGINAL: f32 = 1.5;
/// Smaller errors are not heard.
const LEAST: f32 = 100.0;

/// Errors of prediction around a piece, and the place of the first of them.
fn errors_around(sound: &[i16], at: usize) -> (usize, Vec<f32>) {
    let from = at - AROUND;
    let sound = &sound[from..at + PIECE + AROUND];
    let sound: Vec<f32> = sound.iter().map(|s| f32::from(*s)).collect();
    let predictor = predictor(&sound);
    let error = |at: usize| {
        let before = sound[..at].iter().rev().zip(&predictor);
        (sound[at] - before.map(|(sample, part)| sample * part).sum::<f32>()).abs()
    };
    let errors = (0..sound.len()).map(|at| if at < ORDER { 0.0 } else { error(at) });
    (from, errors.collect())
}

/// Parts of the samples before, the last one first, by Levinson and Durbin.
fn predictor(sound: &[f32]) -> [f32; ORDER] {
    let length = sound.len() as f64;
    let windowed: Vec<f64> = (0..)
        .zip(sound)
        .map(|(at, sample)| {
            let angle = std::f64::consts::TAU * (f64::from(at) + 0.5) / length;
            f64::from(*sample) * (0.5 - 0.5 * angle.cos())
        })
        .collect();
    let product = |lag: usize| -> f64 {
        let later = windowed.get(lag..).unwrap_or_default();
        windowed.iter().zip(later).map(|(one, two)| one * two).sum()
    };
    // A little noise keeps the predictor stable where the sound is a pure tone.
    let mut error = product(0) * 1.000_000_1 + 1.0;
    let correlation: [f64; ORDER] = std::array::from_fn(|lag| product(lag + 1));
    let mut parts = [0.0; ORDER];
    for order in 0..ORDER {
        let known: f64 = (0..order)
            .map(|at| parts[at] * correlation[order - 1 - at])
            .sum();
        let reflection = (correlation[order] - known) / error;
        let before = parts;
        for at in 0..order {
            parts[at] -= reflection * before[order - 1 - at];
        }
        parts[order] = reflection;
        error *= 1.0 - reflection * reflection;
    }
    parts.map(|part| part as f32)
}

fn usual(errors: &[f32]) -> f32 {
    let mut sorted = errors.get(ORDER..).unwrap_or_default().to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::clicks;
    use crate::measure::{Noise, speech};
    use crate::{BLOCK, Codec, Decoder, Encoder, Playout};

    /// Takes samples out at these places, without a fade.
    fn cut(sound: &[i16], places: &[usize], length: usize) -> Vec<i16> {
        let mut cut = sound.to_vec();
        for place in places.iter().rev() {
            cut.drain(place..&(place + length));
        }
        cut
    }

    /// How many of the places have a click within 2 ms, and how many clicks are elsewhere. The
    /// original is aligned with what is left.
    fn judged(sound: &[i16], places: &[usize], length: usize) -> (usize, usize) {
        let (mut hits, mut others) = (0, 0);
        for place in places {
            let from = place - 9_600;
            let heard = cut(&sound[from..place + 9_600], &[9_600], length);
            let near = |click: &usize| click.abs_diff(9_600) < 96;
            let found = clicks(&sound[from..], &heard);
            hits += usize::from(found.iter().any(near));
            others += found.iter().filter(|click| !near(click)).count();
        }
        (hits, others)
    }

    #[test]
    fn a_jump_of_phase_in_a_tone_is_a_click() {
        let wave = |at: usize| (8_000.0 * (at as f64 * TAU / 109.0).sin()) as i16;
        let tone: Vec<i16> = (0..48_000).map(wave).collect();
        assert!(clicks(&tone, &tone).is_empty());
        for length in [5, 30, 54, 80, 200] {
            assert_eq!(judged(&tone, &[12_000, 20_050], length), (2, 0), "{length}");
        }
    }

    /// A third stands out of the voice.
    #[test]
    fn cuts_in_speech_are_found_and_whole_speech_has_none() {
        let sound = speech(20.0, 21);
        assert!(clicks(&sound, &sound).is_empty());
        let mut noise = Noise::new(3);
        let places = (0..).map(|_| 10_000 + (noise.bits() % 900_000) as usize);
        // In a loud place, so that there is something to be cut.
        let loud = |at: &usize| crate::level_db(&sound[at - 240..at + 240]) > -25.0;
        let places: Vec<usize> = places.filter(loud).take(30).collect();
        let (hits, others) = judged(&sound, &places, 300);
        println!("{hits} of 30 cuts found, {others} elsewhere");
        assert!(hits >= 8, "{hits}");
        assert_eq!(others, 0);
    }

    #[test]
    fn neither_opus_nor_the_fades_of_playout_click() {
        let sound = speech(20.0, 22);
        let mut encoder = Encoder::new(Codec::Opus)
            .or(Encoder::new(Codec::Pcm))
            .unwrap();
        let mut decoder = Decoder::new(encoder.format()).unwrap();
        let (mut packet, mut block, mut coded) = (Vec::new(), Vec::new(), Vec::new());
        for samples in sound.as_chunks::<BLOCK>().0 {
            encoder.encode(samples, &mut packet);
            decoder.decode(&packet, &mut block).unwrap();
            coded.extend_from_slice(&block);
        }
        let found = clicks(&sound, &coded);
        assert!(found.is_empty(), "{found:?}");
        let mut playout = Playout::new();
        let (mut heard, mut out) = (Vec::new(), [0; BLOCK]);
        for (number, samples) in (0..).zip(sound.as_chunks::<BLOCK>().0) {
            let now = crate::time_of(BLOCK) * number;
            playout.push(number, now, samples, now);
            playout.pull(&mut out, now);
            heard.extend(out);
        }
        let found = clicks(&sound, &heard[BLOCK..]);
        assert!(found.is_empty(), "{found:?}");
    }
}
