//! What is to be heard: a playout for each stream, tones and one's own microphone, summed for the
//! loudspeaker that pulls. It knows no device and reads no clock.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::StreamId;
use super::controls::{Frame, Item};
use super::event::StreamNumbers;
use crate::{BLOCK, Decoder, Format, Playout, PlayoutStats, Tone, ToneKind};

/// The loudspeaker stays open so long after the last sound: opening one takes a tenth of a second
/// and may click, and whoever unmutes is heard at once.
pub(crate) const LINGER: Duration = Duration::from_secs(10);

/// The loudest a stream is made.
const MAX_VOLUME: f32 = 4.0;

pub(crate) struct Playback {
    /// Zero of the playouts' clock.
    start: Instant,
    streams: BTreeMap<StreamId, Stream>,
    volumes: BTreeMap<StreamId, f32>,
    tone: Option<Tone>,
    /// One's own microphone, to hear oneself.
    own: Option<Playout>,
    own_sequence: u32,
    /// When something was to be heard last.
    last: Option<Instant>,
    scratch: Vec<i16>,
    sum: Vec<f32>,
}

struct Stream {
    decoder: Option<(Format, Decoder)>,
    playout: Playout,
    /// What its reserve is raised by, to be in step with pictures.
    raised: Duration,
    /// Its sender sends; else what is there plays out.
    sends: bool,
    undecodable: u64,
    decoded: Vec<i16>,
}

impl Playback {
    pub(crate) fn new(start: Instant) -> Self {
        Self {
            start,
            streams: BTreeMap::new(),
            volumes: BTreeMap::new(),
            tone: None,
            own: None,
            own_sequence: 0,
            last: None,
            scratch: Vec::new(),
            sum: Vec::new(),
        }
    }

    pub(crate) fn volume(&mut self, id: StreamId, volume: f32) {
        let volume = if volume.is_finite() { volume } else { 1.0 };
        self.volumes.insert(id, volume.clamp(0.0, MAX_VOLUME));
    }

    pub(crate) fn raise_reserve(&mut self, id: StreamId, by: Duration) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.raised = by;
            stream.playout.raise_reserve(by);
        }
    }

    pub(crate) fn forget(&mut self, id: StreamId) {
        self.streams.remove(&id);
        self.volumes.remove(&id);
    }

    pub(crate) fn tone(&mut self, kind: Option<ToneKind>) {
        self.tone = kind.map(Tone::new);
    }

    pub(crate) fn hear_yourself(&mut self, on: bool) {
        self.own = on.then(Playout::new);
    }

    pub(crate) fn hears_yourself(&self) -> bool {
        self.own.is_some()
    }

    /// A block of one's own microphone.
    pub(crate) fn own(&mut self, block: &[i16; BLOCK], now: Instant) {
        let now = self.since(now);
        if let Some(own) = &mut self.own {
            self.own_sequence = self.own_sequence.wrapping_add(1);
            own.push(self.own_sequence, now, block, now);
        }
    }

    /// What a stream brings. While there is no loudspeaker, nothing is kept.
    pub(crate) fn take(&mut self, id: StreamId, item: Item, is_open: bool, now: Instant) {
        let clock = self.since(now);
        match item {
            Item::Frame(frame) => {
                self.last = Some(now);
                let stream = self.streams.entry(id).or_insert_with(Stream::new);
                stream.sends = true;
                if is_open {
                    stream.play(&frame, clock);
                }
            }
            Item::End => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.sends = false;
                    stream.playout.end();
                }
            }
        }
    }

    /// The loudspeaker was opened or lost: what waited for it is of the past.
    pub(crate) fn restart(&mut self) {
        for stream in self.streams.values_mut() {
            stream.playout = Playout::new();
            stream.playout.raise_reserve(stream.raised);
        }
        if let Some(own) = &mut self.own {
            *own = Playout::new();
        }
    }

    /// Whether the loudspeaker is to be open.
    pub(crate) fn is_wanted(&self, now: Instant) -> bool {
        let recent = |last| now.saturating_duration_since(last) < LINGER;
        self.plays() || self.last.is_some_and(recent)
    }

    /// When the loudspeaker may be closed, if nothing more comes; `None` once that has passed.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        let last = self.last.filter(|_| !self.plays());
        last.map(|last| last + LINGER).filter(|due| *due > now)
    }

    fn plays(&self) -> bool {
        let sends = self.streams.values().any(|stream| stream.sends);
        sends || self.tone.is_some() || self.own.is_some()
    }

    /// The next samples for the loudspeaker.
    pub(crate) fn pull(&mut self, out: &mut [i16], now: Instant) {
        let clock = self.since(now);
        if self.plays() {
            self.last = Some(now);
        }
        self.sum.clear();
        self.sum.resize(out.len(), 0.0);
        self.scratch.resize(out.len(), 0);
        for (id, stream) in &mut self.streams {
            stream.playout.pull(&mut self.scratch, clock);
            let volume = self.volumes.get(id).copied().unwrap_or(1.0);
            add(&mut self.sum, &self.scratch, volume);
        }
        if let Some(own) = &mut self.own {
            own.pull(&mut self.scratch, clock);
            add(&mut self.sum, &self.scratch, 1.0);
        }
        if let Some(tone) = &mut self.tone {
            tone.fill(&mut self.scratch);
            add(&mut self.sum, &self.scratch, 1.0);
        }
        self.tone.take_if(|tone| tone.is_over());
        for (out, sum) in out.iter_mut().zip(&self.sum) {
            // A float cast saturates, which is the clipping.
            *out = *sum as i16;
        }
    }

    /// What is heard of each stream, where the loudspeaker is so far behind what it pulls.
    pub(crate) fn numbers(&self, delay: Duration, now: Instant) -> Vec<StreamNumbers> {
        let sending = self.streams.iter().filter(|(_, stream)| stream.sends);
        sending
            .map(|(id, stream)| numbers(*id, stream, delay, now))
            .collect()
    }

    fn since(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }
}

impl Stream {
    fn new() -> Self {
        Self {
            decoder: None,
            playout: Playout::new(),
            raised: Duration::ZERO,
            sends: true,
            undecodable: 0,
            decoded: Vec::new(),
        }
    }

    fn play(&mut self, frame: &Frame, clock: Duration) {
        let Some(decoder) = decoder(&mut self.decoder, frame.format) else {
            return self.undecodable += 1;
        };
        match decoder.decode(&frame.bytes, &mut self.decoded) {
            Ok(()) => {
                let Frame {
                    sequence, captured, ..
                } = *frame;
                self.playout.push(sequence, captured, &self.decoded, clock);
            }
            Err(error) => {
                log::debug!("a frame of sound is left out: {error}");
                self.undecodable += 1;
            }
        }
    }
}

/// The decoder of what comes now; `None` for a format that can't be decoded.
fn decoder(made: &mut Option<(Format, Decoder)>, format: Format) -> Option<&mut Decoder> {
    if made.as_ref().is_none_or(|(of, _)| *of != format) {
        let new = Decoder::new(format);
        *made = match new {
            Ok(decoder) => Some((format, decoder)),
            Err(error) => {
                log::debug!("sound can't be decoded: {error}");
                None
            }
        };
    }
    made.as_mut().map(|(_, decoder)| decoder)
}

fn add(sum: &mut [f32], samples: &[i16], volume: f32) {
    for (sum, sample) in sum.iter_mut().zip(samples) {
        *sum += f32::from(*sample) * volume;
    }
}

fn numbers(id: StreamId, stream: &Stream, delay: Duration, now: Instant) -> StreamNumbers {
    let PlayoutStats {
        queued,
        reserve,
        dry_runs,
        removed,
        cut,
        captured_now,
    } = stream.playout.stats();
    StreamNumbers {
        stream: id,
        captured: captured_now,
        heard: now + delay,
        queued: queued + delay,
        reserve,
        dry_runs,
        removed: removed + cut,
        undecodable: stream.undecodable,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::measure::Noise;
    use crate::{Codec, time_of};

    const FIRST: StreamId = StreamId(1);
    const SECOND: StreamId = StreamId(2);

    /// A frame of 10 ms whose samples all are `value`.
    fn frame(sequence: u32, value: i16) -> Item {
        let bytes: Vec<u8> = [value; BLOCK]
            .iter()
            .flat_map(|one| one.to_le_bytes())
            .collect();
        Item::Frame(Frame {
            sequence,
            captured: time_of(BLOCK) * sequence,
            format: Format::of(Codec::Pcm),
            bytes: bytes.into(),
        })
    }

    /// Plays these streams for so many frames of 10 ms; gives what was heard last.
    fn play(playback: &mut Playback, streams: &[(StreamId, i16)], now: &mut Instant) -> i16 {
        let mut out = [0; BLOCK / 2];
        for sequence in 0..50 {
            for (id, value) in streams {
                playback.take(*id, frame(sequence, *value), true, *now);
            }
            for _ in 0..2 {
                *now += time_of(out.len());
                playback.pull(&mut out, *now);
            }
        }
        out[out.len() - 1]
    }

    #[test]
    fn streams_are_summed_each_at_its_volume_and_clipped() {
        let mut now = Instant::now();
        for (volumes, values, heard) in [
            ([1.0, 1.0], [1000, 200], 1200),
            ([0.5, 0.0], [1000, 200], 500),
            ([1.0, 1.0], [30_000, 30_000], i16::MAX),
            ([1.0, f32::NAN], [-30_000, -30_000], i16::MIN),
        ] {
            let mut playback = Playback::new(now);
            playback.volume(FIRST, volumes[0]);
            playback.volume(SECOND, volumes[1]);
            let streams = [(FIRST, values[0]), (SECOND, values[1])];
            assert_eq!(play(&mut playback, &streams, &mut now), heard);
        }
    }

    #[test]
    fn the_loudspeaker_is_wanted_while_something_is_heard_and_a_little_longer() {
        let start = Instant::now();
        let (mut playback, mut now) = (Playback::new(start), start);
        assert!(!playback.is_wanted(now));
        assert_eq!(playback.due(now), None);
        play(&mut playback, &[(FIRST, 100)], &mut now);
        assert!(
            playback.is_wanted(now + 10 * LINGER),
            "its sender still sends"
        );
        playback.take(FIRST, Item::End, true, now);
        assert!(playback.is_wanted(now));
        let due = playback.due(now).unwrap();
        assert!(due <= now + LINGER, "{:?}", due - now);
        assert!(!playback.is_wanted(due));
        assert_eq!(playback.due(due), None);
        playback.tone(Some(ToneKind::RingBack));
        assert!(playback.is_wanted(due));
    }

    #[test]
    fn a_tone_that_ends_lets_the_loudspeaker_go() {
        let (mut playback, mut now) = (Playback::new(Instant::now()), Instant::now());
        playback.tone(Some(ToneKind::Test));
        let (mut out, mut loudest) = ([0; BLOCK], 0);
        for _ in 0..1000 {
            now += time_of(BLOCK);
            playback.pull(&mut out, now);
            loudest = out.iter().map(|one| one.abs()).fold(loudest, i16::max);
        }
        assert!(loudest > 1000, "{loudest}");
        assert_eq!(out, [0; BLOCK]);
        assert!(!playback.is_wanted(now + LINGER));
    }

    #[test]
    fn without_a_loudspeaker_nothing_is_kept() {
        let (mut playback, now) = (Playback::new(Instant::now()), Instant::now());
        for sequence in 0..1000 {
            playback.take(FIRST, frame(sequence, 100), false, now);
        }
        assert!(playback.is_wanted(now));
        assert_eq!(
            playback.numbers(Duration::ZERO, now)[0].queued,
            Duration::ZERO
        );
    }

    #[test]
    fn frames_that_can_t_be_decoded_are_counted_and_left_out() {
        let (mut playback, mut now) = (Playback::new(Instant::now()), Instant::now());
        let strange = Format {
            rate: 8000,
            ..Format::of(Codec::Pcm)
        };
        for format in [Format::of(Codec::Pcm), strange] {
            let frame = Frame {
                sequence: 0,
                captured: Duration::ZERO,
                format,
                bytes: Arc::from([1, 2, 3]),
            };
            playback.take(FIRST, Item::Frame(frame), true, now);
        }
        assert_eq!(playback.numbers(Duration::ZERO, now)[0].undecodable, 2);
        assert_eq!(
            play(&mut playback, &[(FIRST, 77)], &mut now),
            77,
            "and it goes on"
        );
    }

    #[test]
    fn what_is_heard_is_told_with_the_time_of_its_capture() {
        let (mut playback, mut now) = (Playback::new(Instant::now()), Instant::now());
        play(&mut playback, &[(FIRST, 100)], &mut now);
        let delay = Duration::from_millis(20);
        let numbers = playback.numbers(delay, now)[0];
        assert_eq!(numbers.heard, now + delay);
        let behind = time_of(50 * BLOCK) - numbers.captured.unwrap();
        assert!(
            behind.abs_diff(numbers.queued - delay) < Duration::from_millis(5),
            "{behind:?}"
        );
        playback.forget(FIRST);
        assert!(playback.numbers(delay, now).is_empty());
    }

    /// What a peer may send in 10 ms of its allowance at the worst: frames of all lengths and both
    /// codecs, nonsense, numbers and times that jump.
    fn nonsense(noise: &mut Noise, sequence: &mut u32) -> Item {
        *sequence = sequence.wrapping_add(1 + (noise.bits() % 3) as u32 * 1_000_000_000);
        let codec = [Codec::Pcm, Codec::Opus][(noise.bits() % 2) as usize];
        let frame = [120, 480, 960, 1920][(noise.bits() % 4) as usize];
        let count = match codec {
            Codec::Pcm => 2 * usize::from(frame),
            Codec::Opus => (noise.bits() % 400) as usize,
        };
        let bytes: Vec<u8> = (0..count).map(|_| noise.bits() as u8).collect();
        Item::Frame(Frame {
            sequence: *sequence,
            captured: Duration::from_micros(noise.bits()),
            format: Format {
                frame,
                ..Format::of(codec)
            },
            bytes: bytes.into(),
        })
    }

    #[test]
    fn of_64_talkers_63_that_send_nonsense_leave_the_other_one_as_it_is() {
        let (mut playback, mut now) = (Playback::new(Instant::now()), Instant::now());
        let (mut noise, mut sequences) = (Noise::new(7), [0; 63]);
        for talker in 1..64 {
            playback.volume(StreamId(talker), 0.0);
        }
        let mut out = [0; BLOCK / 2];
        for number in 0..300 {
            playback.take(StreamId(0), frame(number, 1000), true, now);
            for (talker, sequence) in (1..64).zip(&mut sequences) {
                for _ in 0..noise.bits() % 8 {
                    let item = nonsense(&mut noise, sequence);
                    playback.take(StreamId(talker), item, true, now);
                }
            }
            for _ in 0..2 {
                now += time_of(out.len());
                playback.pull(&mut out, now);
            }
        }
        assert_eq!(out, [1000; BLOCK / 2]);
        let numbers = playback.numbers(Duration::ZERO, now);
        assert_eq!(numbers.len(), 64);
        assert_eq!((numbers[0].dry_runs, numbers[0].undecodable), (0, 0));
        let second = Duration::from_secs(1);
        assert!(numbers.iter().all(|numbers| numbers.queued <= second));
        for talker in 0..64 {
            playback.forget(StreamId(talker));
        }
        assert!(playback.streams.is_empty() && playback.volumes.is_empty());
    }
}
