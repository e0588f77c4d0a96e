//! The sound of one call: what goes which way, and what each side was told of it.

use std::time::{Duration, Instant};

use transom_media::{SoundCodec as FilmCodec, Speaker};
use transom_net::PeerId;
use transom_proto::{CallId, SoundFrame};
use transom_sound::{Codec, Format, Frame, LipSync, StreamId, StreamNumbers, skew_ms};
use transom_wire::{SoundCodec, SoundHead, SoundState};

use super::party::{Own, Party, UNASKED};
use super::{RecordedSound, SoundNotice};
use crate::context::Context;
use crate::notice::Notice;

/// Between two notices of whether a peer speaks.
const SPEAKING_PAUSE: Duration = Duration::from_millis(200);

/// How old the numbers of a stream may be to say what is heard now: they come ten times a second.
const FRESH: Duration = Duration::from_millis(500);

pub(super) struct Line {
    pub(super) party: Party,
    pub(super) stream: StreamId,
    /// Whether the peer wants our sound.
    pub(super) listens: bool,
    /// Whether we want the peer's sound and it may be heard here.
    pub(super) hears: bool,
    /// What the peer was told: the state of our microphone, and whether we listen.
    told_state: Option<(SoundState, &'static str)>,
    told_listen: Option<bool>,
    /// What the owner was told: whether the peer listens and may hear.
    pub(super) told_listening: bool,
    /// Whether frames go to the peer, so that an end of them has to be told.
    sends: bool,
    /// What the peer said and the owner was not told yet.
    pub(super) far: Option<(SoundState, String)>,
    /// What the owner was told last of the peer's microphone.
    pub(super) told_far: Option<(SoundState, String)>,
    pub(super) wish: Option<bool>,
    pub(super) speaking: Speaking,
    pub(super) heard: Option<StreamNumbers>,
    lip_sync: LipSync,
    /// What the thread was told to hold the peer's sound back by.
    told_delay: Duration,
    skew_ms: Option<f32>,
}

impl Line {
    pub(super) fn new(party: Party, stream: StreamId) -> Self {
        Self {
            party,
            stream,
            listens: false,
            hears: false,
            told_state: party.is_watched().then_some(UNASKED),
            told_listen: None,
            told_listening: false,
            sends: false,
            far: None,
            told_far: None,
            wish: None,
            speaking: Speaking::default(),
            heard: None,
            lip_sync: LipSync::new(),
            told_delay: Duration::ZERO,
            skew_ms: None,
        }
    }

    /// The owner has hung up while clients of the door still look, and is told everything anew if
    /// the call becomes theirs again.
    pub(super) fn restart_notices(&mut self) {
        self.far = self.far.take().or(self.told_far.take());
        self.told_listening = false;
        self.speaking = Speaking::default();
    }

    /// The codec that the peer's microphone frames go in, while it hears us.
    pub(super) fn codec(&self, own: &Own) -> Option<Codec> {
        let state = own.state_for(&self.party).0;
        // Its first frames may come a moment before the word that it is on.
        let goes = self.listens && matches!(state, SoundState::On | SoundState::Opening);
        goes.then(|| self.party.codec())
    }

    /// Whether the microphone is to be open for this peer: also while muted, so that an owner who
    /// speaks all the same is told, and while there is none that could be opened.
    pub(super) fn needs_microphone(&self, own: &Own) -> bool {
        self.listens && own.is_for(&self.party)
    }

    /// Tells the peer what it does not know yet. What finds no room is told in a later turn.
    pub(super) fn tell(&mut self, id: (PeerId, CallId), own: &Own, out: &mut Context) {
        let (link, call) = id;
        let state = own.state_for(&self.party);
        if self.told_state != Some(state) {
            let (code, text) = state;
            let told = out.with(link, |session| session.sound_state(call, code, text));
            if matches!(told, Some(Ok(()))) {
                self.told_state = Some(state);
            }
        }
        if self.told_listen != Some(self.hears) {
            let told = out.with(link, |session| session.listen(call, self.hears));
            if matches!(told, Some(Ok(()))) {
                self.told_listen = Some(self.hears);
            }
        }
        if self.codec(own).is_none() && std::mem::take(&mut self.sends) {
            let ended = out.with(link, |session| session.sound_end(call));
            log::debug!("{link} call={call:?} our sound ends: {ended:?}");
        }
    }

    /// Gives a frame of our microphone to the session.
    pub(super) fn send(&mut self, id: (PeerId, CallId), frame: SoundFrame, out: &mut Context) {
        let (link, call) = id;
        let now = out.net.now();
        match out.with(link, |session| session.send_sound(call, frame, now)) {
            Some(Ok(_)) => self.sends = true,
            Some(Err(error)) => log::debug!("{link} a frame of sound can't be sent: {error}"),
            None => {}
        }
    }

    /// Gives a frame to an owner that records the call.
    pub(super) fn record(
        &self,
        speaker: Speaker,
        frame: &SoundFrame,
        captured: Instant,
        out: &mut Context,
    ) {
        let codec = match frame.format.codec {
            SoundCodec::Pcm => FilmCodec::Pcm,
            SoundCodec::Opus => FilmCodec::Opus {
                pre_skip: Codec::Opus.delay(),
            },
            _ => return,
        };
        if self.party.is_recorded {
            let sound = RecordedSound {
                speaker,
                codec,
                captured,
                bytes: frame.bytes.clone(),
            };
            let peer = self.party.peer;
            out.notify(Notice::Sound(SoundNotice::Recorded { peer, sound }));
        }
    }

    /// A picture of the peer that was captured then, by its clock, is shown now. Tells by how much
    /// its sound is to be held back, where that changed.
    pub(super) fn shown(&mut self, captured: Duration, now: Instant) -> Option<Duration> {
        let numbers = self.heard(now)?;
        let age = now.saturating_duration_since(numbers.heard);
        let heard = numbers.captured? + age;
        // The numbers are of a moment that is still to come, by the loudspeaker's delay.
        let heard = heard.saturating_sub(numbers.heard.saturating_duration_since(now));
        let skew = skew_ms(heard, captured);
        // Smoothed over about ten pictures, as the eye does.
        self.skew_ms = Some(
            self.skew_ms
                .map_or(skew, |last| last + (skew - last) / 10.0),
        );
        // Any clock that runs at the right pace will do for the second of patience.
        let delay = self.lip_sync.update(heard, captured, heard);
        let is_news = delay != std::mem::replace(&mut self.told_delay, delay);
        is_news.then_some(delay)
    }

    /// What is heard of the peer now; `None` while it is silent.
    pub(super) fn heard(&self, now: Instant) -> Option<StreamNumbers> {
        let is_fresh =
            |numbers: &StreamNumbers| now.saturating_duration_since(numbers.heard) < FRESH;
        self.heard.filter(is_fresh)
    }

    /// Microseconds by which its sound leads its pictures.
    pub(super) fn skew_us(&self) -> Option<i64> {
        self.skew_ms.map(|skew| (skew * 1000.0) as i64)
    }
}

/// Whether a peer speaks, by the flags of its frames, told at a calm pace.
#[derive(Debug, Default)]
pub(super) struct Speaking {
    now: bool,
    told: bool,
    next: Option<Instant>,
}

impl Speaking {
    pub(super) fn set(&mut self, speaks: bool) {
        self.now = speaks;
    }

    /// The news, if there is some.
    pub(super) fn news(&mut self, now: Instant) -> Option<bool> {
        if self.now == self.told || self.next.is_some_and(|next| now < next) {
            return None;
        }
        (self.told, self.next) = (self.now, Some(now + SPEAKING_PAUSE));
        Some(self.now)
    }

    /// When there is news that waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.next.filter(|_| self.now != self.told)
    }
}

/// A frame of the microphone as the wire has it.
pub(super) fn frame(encoded: &transom_sound::Encoded, captured: u64) -> SoundFrame {
    SoundFrame {
        format: SoundHead::new(wire_codec(encoded.codec), transom_sound::BLOCK as u16),
        sequence: encoded.sequence,
        captured,
        voice: encoded.speaks,
        bytes: encoded.bytes.clone(),
    }
}

/// A frame of a peer as the thread of sound takes it; `None` for a codec that is not known here.
pub(super) fn played(frame: SoundFrame) -> Option<Frame> {
    let SoundHead {
        codec,
        rate,
        channels,
        frame: samples,
    } = frame.format;
    let codec = match codec {
        SoundCodec::Pcm => Codec::Pcm,
        SoundCodec::Opus => Codec::Opus,
        _ => return None,
    };
    Some(Frame {
        sequence: frame.sequence,
        captured: Duration::from_micros(frame.captured),
        format: Format {
            codec,
            rate,
            channels,
            frame: samples,
        },
        bytes: frame.bytes,
    })
}

fn wire_codec(codec: Codec) -> SoundCodec {
    match codec {
        Codec::Pcm => SoundCodec::Pcm,
        Codec::Opus => SoundCodec::Opus,
    }
}
