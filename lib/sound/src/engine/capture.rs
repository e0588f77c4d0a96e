//! The microphone's way: blocks of 10 ms, echo, level, mute, and one encoding for each codec that
//! is wanted. It knows no device and no clock.

use std::time::{Duration, Instant};

use super::controls::Wanted;
use super::echo_path::EchoPath;
use super::event::{Encoded, Event, OwnLevel};
use crate::{BLOCK, Codec, Encoder, Level, SILENCE_DB, time_of};

/// Speech under mute for so long is meant for others to hear: shorter is a cough or a word aside.
const MUTED_SPEECH: Duration = Duration::from_secs(1);

pub(crate) struct Capture {
    /// Less than a block, and when the first of it was captured.
    waiting: Vec<i16>,
    captured: Option<Instant>,
    sequence: u32,
    encoders: Vec<(Codec, Encoder)>,
    is_muted: bool,
    level: Level,
    /// The loudest block since the last report, after the mute.
    loudest: f32,
    speaks: bool,
    /// Blocks in a row in which a person spoke under mute, and whether that was told.
    muted_speech: Duration,
    is_told: bool,
}

impl Capture {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Vec::with_capacity(2 * BLOCK),
            captured: None,
            sequence: 0,
            encoders: Vec::new(),
            is_muted: false,
            level: Level::new(),
            loudest: SILENCE_DB,
            speaks: false,
            muted_speech: Duration::ZERO,
            is_told: false,
        }
    }

    /// Encodes for these codecs from now on. One that can't be had is left out and logged.
    pub(crate) fn want(&mut self, wanted: Wanted) {
        let codecs = [(Codec::Pcm, wanted.pcm), (Codec::Opus, wanted.opus)];
        for (codec, is_wanted) in codecs {
            let at = self.encoders.iter().position(|(other, _)| *other == codec);
            match (is_wanted, at) {
                (true, None) => match Encoder::new(codec) {
                    Ok(encoder) => self.encoders.push((codec, encoder)),
                    Err(error) => log::error!("codec={codec:?} can't encode: {error}"),
                },
                (false, Some(at)) => drop(self.encoders.swap_remove(at)),
                _ => {}
            }
        }
    }

    pub(crate) fn mute(&mut self, on: bool) {
        self.is_muted = on;
        (self.muted_speech, self.is_told) = (Duration::ZERO, false);
    }

    /// The device was closed: what it gave last has no successor.
    pub(crate) fn interrupt(&mut self) {
        self.waiting.clear();
        self.captured = None;
        (self.loudest, self.speaks) = (SILENCE_DB, false);
    }

    /// Takes samples in, the first of which was captured then. Each whole block is given to
    /// `heard`, after the echo and also while it is muted, and its encodings to `tell`.
    pub(crate) fn add(
        &mut self,
        samples: &[i16],
        captured: Instant,
        echo: &mut EchoPath,
        heard: &mut impl FnMut(&[i16; BLOCK]),
        tell: &mut impl FnMut(Event),
    ) {
        self.captured.get_or_insert(captured);
        self.waiting.extend_from_slice(samples);
        let mut taken = 0;
        while let Some(block) = self.waiting.get(taken..taken + BLOCK) {
            let mut block: [i16; BLOCK] = block.try_into().expect("a slice of BLOCK samples");
            let begun = self.captured.unwrap_or(captured);
            echo.heard(&mut block);
            heard(&block);
            self.block(
                &block,
                begun.checked_sub(echo.delay()).unwrap_or(begun),
                tell,
            );
            taken += BLOCK;
            self.captured = Some(begun + time_of(BLOCK));
        }
        self.waiting.drain(..taken);
        // The device's own stamp corrects what the count of samples drifted by.
        let before = samples.len().checked_sub(self.waiting.len());
        self.captured = match (self.waiting.is_empty(), before) {
            (true, _) => None,
            (false, Some(before)) => Some(captured + time_of(before)),
            (false, None) => self.captured,
        };
    }

    fn block(&mut self, block: &[i16; BLOCK], captured: Instant, tell: &mut impl FnMut(Event)) {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let dbfs = self.level.add(block);
        let speaks = self.level.speaks();
        if self.is_muted {
            return self.muted(speaks, tell);
        }
        self.loudest = self.loudest.max(dbfs);
        self.speaks |= speaks;
        for (codec, encoder) in &mut self.encoders {
            let mut bytes = Vec::new();
            encoder.encode(block, &mut bytes);
            tell(Event::Encoded(Encoded {
                codec: *codec,
                sequence,
                captured,
                bytes: bytes.into(),
                speaks,
            }));
        }
    }

    fn muted(&mut self, speaks: bool, tell: &mut impl FnMut(Event)) {
        match speaks {
            true => self.muted_speech += time_of(BLOCK),
            false => (self.muted_speech, self.is_told) = (Duration::ZERO, false),
        }
        if self.muted_speech >= MUTED_SPEECH && !std::mem::replace(&mut self.is_told, true) {
            tell(Event::MutedSpeech);
        }
    }

    /// How loud it was since the last report.
    pub(crate) fn report(&mut self) -> OwnLevel {
        OwnLevel {
            dbfs: std::mem::replace(&mut self.loudest, SILENCE_DB),
            speaks: std::mem::take(&mut self.speaks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EchoMode;

    const PCM: Wanted = Wanted {
        pcm: true,
        opus: false,
    };

    /// Speech as a level meter takes it: loud beside a noise floor.
    fn voice(samples: usize) -> Vec<i16> {
        (0..samples)
            .map(|at| [12_000, -12_000][at / 50 % 2])
            .collect()
    }

    fn add(capture: &mut Capture, samples: &[i16], captured: Instant) -> Vec<Event> {
        let mut told = Vec::new();
        let mut echo = EchoPath::new(EchoMode::Off);
        capture.add(samples, captured, &mut echo, &mut |_| (), &mut |event| {
            told.push(event);
        });
        told
    }

    fn encoded(told: &[Event]) -> Vec<&Encoded> {
        let encoded = told.iter().map(|event| match event {
            Event::Encoded(encoded) => encoded,
            other => panic!("{other:?}"),
        });
        encoded.collect()
    }

    #[test]
    fn samples_in_any_pieces_become_blocks_with_their_times() {
        let (mut capture, start) = (Capture::new(), Instant::now());
        capture.want(PCM);
        let samples: Vec<i16> = (0..4 * BLOCK as i16).collect();
        let (mut told, mut at) = (Vec::new(), 0);
        for piece in [100, 500, 7, 1000, 313] {
            told.extend(add(
                &mut capture,
                &samples[at..at + piece],
                start + time_of(at),
            ));
            at += piece;
        }
        let blocks = encoded(&told);
        assert_eq!(blocks.len(), 4);
        for (index, block) in blocks.iter().enumerate() {
            assert_eq!(block.sequence as usize, index);
            let first = samples[index * BLOCK].to_le_bytes();
            assert_eq!(block.bytes[..2], first, "{index}");
            let off = block.captured - start;
            assert!(
                off.abs_diff(time_of(index * BLOCK)) < Duration::from_micros(1),
                "{off:?}"
            );
        }
    }

    #[test]
    fn a_muted_microphone_gives_no_byte_and_no_level() {
        let (mut capture, start) = (Capture::new(), Instant::now());
        capture.want(PCM);
        capture.mute(true);
        assert!(add(&mut capture, &voice(10 * BLOCK), start).is_empty());
        assert_eq!(capture.report().dbfs, SILENCE_DB);
        capture.mute(false);
        let told = add(&mut capture, &voice(BLOCK), start + time_of(10 * BLOCK));
        assert_eq!(encoded(&told)[0].sequence, 10, "muted blocks count");
        assert!(capture.report().dbfs > -20.0);
    }

    #[test]
    fn speech_of_a_second_under_mute_is_told_once() {
        let (mut capture, start) = (Capture::new(), Instant::now());
        capture.mute(true);
        let mut now = start;
        let mut tell = |samples: &[i16]| {
            let told = add(&mut capture, samples, now);
            now += time_of(samples.len());
            told.len()
        };
        assert_eq!(tell(&[0; 50 * BLOCK]), 0);
        assert_eq!(tell(&voice(90 * BLOCK)), 0, "not yet a second");
        assert_eq!(tell(&voice(200 * BLOCK)), 1, "once");
        // Beyond the hangover of the meter.
        assert_eq!(tell(&[0; 100 * BLOCK]), 0);
        assert_eq!(tell(&voice(150 * BLOCK)), 1, "and again after a pause");
    }

    #[test]
    fn nothing_is_encoded_that_nobody_wants() {
        let (mut capture, start) = (Capture::new(), Instant::now());
        assert!(add(&mut capture, &voice(BLOCK), start).is_empty());
        capture.want(PCM);
        assert_eq!(add(&mut capture, &voice(BLOCK), start).len(), 1);
        capture.want(Wanted::default());
        assert!(add(&mut capture, &voice(BLOCK), start).is_empty());
    }
}
