//! Tones that transom makes itself: for the loudspeaker (ring, ring-back, test) and for tests
//! (chirps, a steady tone).

use std::f64::consts::TAU;
use std::time::Duration;

use crate::{RATE, samples_of, time_of};

/// What a [`Tone`] sounds like.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ToneKind {
    /// 50 ms from 500 to 4000 Hz each second: [`measure::delay_of`](crate::measure::delay_of)
    /// finds it in a recording.
    Chirps,
    /// Somebody calls: two notes in turn for 1.4 s, each 3.5 s.
    Ring,
    /// The other side's telephone rings: 425 Hz for 1 s, each 5 s, as in most of Europe.
    RingBack,
    /// 440 Hz for ever.
    Steady,
    /// Three notes rising, once: "this is your loudspeaker".
    Test,
}

/// A tone, sample by sample.
#[derive(Clone, Debug)]
pub struct Tone {
    pattern: Pattern,
    /// Index of the note.
    note: usize,
    /// Samples of the note that were given.
    at: usize,
}

impl Tone {
    /// From its start.
    pub const fn new(kind: ToneKind) -> Tone {
        Tone {
            pattern: pattern(kind),
            note: 0,
            at: 0,
        }
    }

    /// Fills `out` with what comes next; silence after the end.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            *sample = self.next_sample();
        }
    }

    /// Whether it has ended; most go on for ever.
    pub fn is_over(&self) -> bool {
        self.note >= self.pattern.notes.len()
    }

    fn next_sample(&mut self) -> i16 {
        let Some(note) = self.pattern.notes.get(self.note) else {
            return 0;
        };
        let sample = note.sample(self.at, self.pattern.edge);
        self.at += 1;
        if self.at >= note.samples() {
            self.at = 0;
            self.note += 1;
            if self.is_over() && self.pattern.repeats {
                self.note = 0;
            }
        }
        sample
    }
}

#[derive(Clone, Debug)]
struct Pattern {
    notes: &'static [Note],
    repeats: bool,
    /// Samples over which each note rises and falls, so that it doesn't click.
    edge: usize,
}

/// A sine that glides; silence where it is at 0 Hz.
#[derive(Clone, Copy, Debug)]
struct Note {
    from_hz: u32,
    to_hz: u32,
    ms: u64,
}

impl Note {
    const fn samples(&self) -> usize {
        samples_of(Duration::from_millis(self.ms))
    }

    fn sample(&self, at: usize, edge: usize) -> i16 {
        let (from, to) = (f64::from(self.from_hz), f64::from(self.to_hz));
        let (time, whole) = (
            time_of(at).as_secs_f64(),
            time_of(self.samples()).as_secs_f64(),
        );
        let turns = from * time + (to - from) * time * time / (2.0 * whole);
        (VOLUME * self.envelope(at, edge) * (TAU * turns).sin()) as i16
    }

    fn envelope(&self, at: usize, edge: usize) -> f64 {
        let from_end = at.min(self.samples() - 1 - at);
        if from_end >= edge {
            return 1.0;
        }
        0.5 - 0.5 * (TAU / 2.0 * from_end as f64 / edge as f64).cos()
    }
}

/// A quarter of full scale: -15 dBFS, as loud as speech.
const VOLUME: f64 = 8_192.0;
const EDGE: usize = RATE as usize / 200;

const fn note(hz: u32, ms: u64) -> Note {
    Note {
        from_hz: hz,
        to_hz: hz,
        ms,
    }
}

const fn pattern(kind: ToneKind) -> Pattern {
    let (notes, repeats, edge) = match kind {
        ToneKind::Chirps => (CHIRPS, true, EDGE),
        ToneKind::Ring => (RING, true, EDGE),
        ToneKind::RingBack => (RING_BACK, true, EDGE),
        // A whole number of turns each second, so it repeats without an edge.
        ToneKind::Steady => (STEADY, true, 0),
        ToneKind::Test => (TEST, false, EDGE),
    };
    Pattern {
        notes,
        repeats,
        edge,
    }
}

const CHIRPS: &[Note] = &[
    Note {
        from_hz: 500,
        to_hz: 4_000,
        ms: 50,
    },
    note(0, 950),
];
const RING: &[Note] = &[
    note(784, 200),
    note(988, 150),
    note(784, 200),
    note(988, 150),
    note(784, 200),
    note(988, 150),
    note(784, 200),
    note(988, 150),
    note(0, 2_100),
];
const RING_BACK: &[Note] = &[note(425, 1_000), note(0, 4_000)];
const STEADY: &[Note] = &[note(440, 1_000)];
const TEST: &[Note] = &[note(523, 250), note(659, 250), note(784, 500)];

#[cfg(test)]
mod tests {
    use super::{Tone, ToneKind};
    use crate::level_db;

    fn first(kind: ToneKind, samples: usize) -> Vec<i16> {
        let mut out = vec![0; samples];
        Tone::new(kind).fill(&mut out);
        out
    }

    #[test]
    fn no_tone_clicks() {
        for (kind, step) in [
            (ToneKind::Chirps, 4_300),
            (ToneKind::Ring, 1_070),
            (ToneKind::RingBack, 460),
            (ToneKind::Steady, 475),
            (ToneKind::Test, 850),
        ] {
            let sound = first(kind, 500_000);
            let steps = sound.windows(2).map(|pair| pair[1].abs_diff(pair[0]));
            let most = steps.max().unwrap();
            assert!(most <= step, "{kind:?} steps by {most}");
        }
    }

    #[test]
    fn tones_repeat_and_the_test_tone_ends() {
        let mut tone = Tone::new(ToneKind::Test);
        tone.fill(&mut [0; 47_999]);
        assert!(!tone.is_over());
        tone.fill(&mut [0; 1]);
        assert!(tone.is_over());
        let mut after = [1; 100];
        tone.fill(&mut after);
        assert_eq!(after, [0; 100]);
        let chirps = first(ToneKind::Chirps, 96_000);
        assert_eq!(chirps[..48_000], chirps[48_000..]);
        assert_eq!(chirps[2_400..48_000], [0; 45_600]);
    }

    #[test]
    fn the_ring_back_tone_is_425_hz_for_one_second_of_five() {
        let tone = first(ToneKind::RingBack, 240_000);
        let rises = tone.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0);
        assert_eq!(rises.count(), 425);
        assert!(level_db(&tone[10_000..40_000]) > -16.0);
        assert_eq!(tone[48_000..], [0; 192_000]);
    }
}
