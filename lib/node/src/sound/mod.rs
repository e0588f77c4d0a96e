//! Sound of calls: the thread of sound, what goes to and comes from each call, and what everybody
//! is told of it.
//!
//! ```text
//! thread --Encoded--> inbox --turn--> the session of each peer that listens and may hear
//! session --CallEvent::Sound--> handle --Controls::play--> thread
//! ```
//!
//! Sound goes to a peer only after its `Listen`. Without the feature `sound` the twin `off.rs`
//! stands in this file's place.

mod inbox;
mod line;
mod notice;
mod party;
mod spoken_to;
mod verbs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_media::Speaker;
use transom_net::PeerId;
use transom_proto::{CallEvent, CallId, SoundFrame};
use transom_sound::{
    Codec, Controls, DeviceName, DeviceState, Encoded, EngineSettings, StreamId, StreamNumbers,
    Wanted,
};
use transom_wire::{Capabilities, PeerName};

pub(crate) use self::inbox::Inbox;
use self::line::Line;
pub use self::notice::{RecordedSound, SoundNotice, SoundNumbers, SoundSettings, SoundState};
use self::party::Own;
pub(crate) use self::party::Party;
use self::spoken_to::SpokenTo;
pub(crate) use self::verbs::Command;
use crate::calls::Calls;
use crate::camera::Of;
use crate::context::{Context, earlier};
use crate::links::Links;
use crate::notice::{Notice, Numbers};

/// What a station with this feature says that it takes.
pub(crate) fn capabilities() -> Capabilities {
    match Codec::Opus.is_built_in() {
        true => Capabilities::SOUND | Capabilities::OPUS,
        false => Capabilities::SOUND,
    }
}

pub(crate) struct Sound {
    settings: SoundSettings,
    /// Clients of the HTTP door hear the microphone of a box only: a person speaks to peers.
    of: Of,
    /// What the threads have for us; made when the first of them starts.
    inbox: Option<Arc<Inbox>>,
    /// The thread of sound, once it was needed.
    thread: Option<Controls>,
    /// The thread could not be made, which was logged; calls go on without sound.
    has_failed: bool,
    lines: BTreeMap<(PeerId, CallId), Line>,
    last_stream: u32,
    own: Own,
    /// Whether the owner wants to hear a peer, where that is not the usual.
    hears: BTreeMap<PeerName, bool>,
    volumes: BTreeMap<PeerName, f32>,
    wanted: Wanted,
}

impl Sound {
    pub(crate) fn new(settings: SoundSettings, of: Of) -> Self {
        Self {
            of,
            own: Own {
                name: settings.microphone.clone(),
                microphone: DeviceState::Closed,
                opening: None,
                is_slow: false,
                is_muted: false,
                unmuted: None,
                spoken_to: SpokenTo::default(),
            },
            settings,
            inbox: None,
            thread: None,
            has_failed: false,
            lines: BTreeMap::new(),
            last_stream: 0,
            hears: BTreeMap::new(),
            volumes: BTreeMap::new(),
            wanted: Wanted::default(),
        }
    }

    /// When [`turn`](Self::turn) has something to do though nothing happens.
    pub(crate) fn due(&self, out: &Context) -> Option<Instant> {
        let now = out.now();
        self.lines.values().fold(self.own.due(), |due, line| {
            let is_told = line.party.is_told;
            let waits = is_told && line.far.is_some() || line.wish.is_some();
            let told = waits.then(|| out.paces.next(line.party.key.0, now));
            let speaking = line.speaking.due().filter(|_| is_told);
            earlier(due, earlier(told, speaking))
        })
    }

    /// Once a turn: takes in what the thread has done, and tells every side what it does not know.
    pub(crate) fn turn(&mut self, links: &Links, calls: &Calls, out: &mut Context) {
        let mut arrived = self
            .inbox
            .as_ref()
            .map(|inbox| inbox.take())
            .unwrap_or_default();
        let microphone = arrived.microphone.take();
        self.own.follow(microphone.clone(), out.now());
        if let Some(state) = microphone {
            tell(out, SoundNotice::Microphone(state));
        }
        if let Some(state) = arrived.speaker.take() {
            tell(out, SoundNotice::Speaker(state));
        }
        if let Some(level) = arrived.level {
            tell(out, SoundNotice::Level(level));
        }
        if arrived.muted_speech && self.own.is_muted {
            tell(out, SoundNotice::MutedSpeech);
        }
        if let Some(devices) = arrived.devices.take() {
            tell(out, SoundNotice::Devices(devices));
        }
        self.follow_calls(links, calls);
        for line in self.lines.values_mut() {
            if let Some(numbers) = arrived.heard.get(&line.stream) {
                line.heard = Some(*numbers);
            }
        }
        self.tell_lines(out);
        let has_microphone = self.of == Of::Box && self.own.name != DeviceName::None;
        let at_door = out.door_listens(has_microphone);
        self.want_microphone(at_door, out);
        let said_aloud = |encoded: &&Encoded| self.own.may_be_heard(encoded.captured);
        for encoded in arrived.frames.iter().filter(said_aloud) {
            if at_door && encoded.codec == Codec::Pcm {
                out.hear_at_door(&encoded.bytes);
            }
            let frame = line::frame(encoded, out.net.clock(encoded.captured).0);
            for (id, line) in &mut self.lines {
                if line.codec(&self.own) == Some(encoded.codec) {
                    line.send(*id, frame.clone(), out);
                    line.record(Speaker::Near, &frame, encoded.captured, out);
                }
            }
        }
    }

    /// A line for each live call with a peer that has sound.
    fn follow_calls(&mut self, links: &Links, calls: &Calls) {
        let mut live: BTreeMap<_, _> = calls.parties(links).collect();
        let told = live.values().filter(|party| party.is_told);
        let parties: Vec<_> = told.copied().collect();
        let has_call = |peer: &PeerName| calls.has_call(peer);
        self.own.spoken_to.update(&parties, has_call);
        live.retain(|_, party| party.has_sound());
        let thread = self.thread.as_ref();
        self.lines.retain(|id, line| {
            let is_live = live.contains_key(id);
            if let Some(thread) = thread.filter(|_| !is_live) {
                thread.forget(line.stream);
            }
            is_live
        });
        let had = self.lines.len();
        for (id, party) in live {
            let asked = self.hears.get(&party.peer).copied();
            let hears = party.is_wanted(asked, &self.settings.speaker);
            let line = self.line(id, party);
            if line.party.is_told && !party.is_told {
                line.restart_notices();
            }
            let ends = line.hears && !hears;
            (line.party, line.hears) = (party, hears);
            if ends {
                // The peer need not say that it sends no more, and would keep the loudspeaker open.
                self.end(id);
            }
        }
        if self.lines.len() > had {
            self.tell_volumes();
        }
    }

    fn line(&mut self, id: (PeerId, CallId), party: Party) -> &mut Line {
        let next = &mut self.last_stream;
        self.lines.entry(id).or_insert_with(|| {
            *next = next.wrapping_add(1);
            Line::new(party, StreamId(*next))
        })
    }

    fn tell_lines(&mut self, out: &mut Context) {
        let now = out.now();
        for (id, line) in &mut self.lines {
            let (peer, key) = (line.party.peer, line.party.key.0);
            if line.wish.is_some() && out.paces.take(key, now) {
                line.listens = line.wish.take().unwrap_or(line.listens);
            }
            // By the peer's wish, or since its rights or the microphone changed.
            let is_there = self.own.name != DeviceName::None;
            let on = is_there && line.listens && line.party.may_hear() && line.party.is_told;
            if std::mem::replace(&mut line.told_listening, on) != on {
                tell(out, SoundNotice::Listening { peer, on });
            }
            if line.party.is_told {
                if line.far.is_some()
                    && out.paces.take(key, now)
                    && let Some((state, text)) = line.far.take()
                {
                    line.told_far = Some((state, text.clone()));
                    tell(out, SoundNotice::FarSound { peer, state, text });
                }
                if let Some(on) = line.speaking.news(now) {
                    tell(out, SoundNotice::Speaking { peer, on });
                }
            }
            line.tell(*id, &self.own, out);
        }
    }

    /// The microphone is open only while a peer may hear it, or a client of the HTTP door listens.
    fn want_microphone(&mut self, at_door: bool, out: &mut Context) {
        let mut wanted = Wanted {
            pcm: at_door,
            ..Wanted::default()
        };
        let own = &self.own;
        for line in self
            .lines
            .values()
            .filter(|line| line.needs_microphone(own))
        {
            match line.party.codec() {
                Codec::Pcm => wanted.pcm = true,
                Codec::Opus => wanted.opus = true,
            }
        }
        if wanted == self.wanted {
            return;
        }
        if let Some(controls) = self.controls(out) {
            controls.wanted(wanted);
            self.wanted = wanted;
        }
    }

    /// What a peer says in a call.
    pub(crate) fn handle(
        &mut self,
        id: (PeerId, CallId),
        event: CallEvent,
        links: &Links,
        calls: &Calls,
        out: &mut Context,
    ) {
        if !self.lines.contains_key(&id) {
            // The call began in this very turn.
            self.follow_calls(links, calls);
        }
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        match event {
            CallEvent::Sound(frame) => self.play(id, frame, out),
            CallEvent::SoundEnd => self.end(id),
            CallEvent::SoundState(status) => line.far = Some((status.code, status.text)),
            CallEvent::Listen { on } => line.wish = Some(on),
            _ => {}
        }
    }

    /// Nothing more is to be heard of a call for now.
    fn end(&mut self, id: (PeerId, CallId)) {
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        line.speaking.set(false);
        if let Some(thread) = &self.thread {
            thread.end(line.stream);
        }
    }

    fn play(&mut self, id: (PeerId, CallId), frame: SoundFrame, out: &mut Context) {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.hears) else {
            return;
        };
        line.speaking.set(frame.voice);
        let stream = line.stream;
        if let Some(Some(captured)) = out.with(id.0, |session| session.to_local(frame.captured)) {
            let captured = out.net.instant(captured);
            line.record(Speaker::Far, &frame, captured, out);
        }
        let (Some(frame), Some(controls)) = (line::played(frame), self.controls(out)) else {
            return;
        };
        controls.play(stream, frame);
    }

    /// A picture of a call is shown, or was passed over; `captured` is by its sender's clock.
    pub(crate) fn shown(&mut self, id: (PeerId, CallId), captured: u64, now: Instant) {
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        let stream = line.stream;
        if let Some(by) = line.shown(Duration::from_micros(captured), now)
            && let Some(thread) = &self.thread
        {
            thread.raise_reserve(stream, by);
        }
    }

    /// Adds what is heard of the call on that connection, if something is.
    pub(crate) fn add_numbers(&self, link: PeerId, numbers: &mut Numbers, out: &mut Context) {
        let mut lines = self.lines.iter().filter(|((on, _), _)| *on == link);
        let now = out.now();
        let heard = lines.find_map(|(_, line)| Some((line, line.heard(now)?)));
        numbers.sound = heard.map(|(line, heard)| SoundNumbers {
            delay: delay(link, &heard, out),
            queued: heard.queued,
            reserve: heard.reserve,
            dry_runs: heard.dry_runs,
            removed: heard.removed,
            skew_us: line.skew_us(),
        });
    }

    /// Speaks to the thread, which starts when it is first needed.
    fn controls(&mut self, out: &mut Context) -> Option<Controls> {
        if self.thread.is_none() && !self.has_failed {
            let settings = EngineSettings {
                microphone: self.settings.microphone.clone(),
                speaker: self.settings.speaker.clone(),
                echo: self.settings.echo,
            };
            let inbox = self.inbox(out);
            let controls = out.workers.start_sound(settings, inbox);
            self.has_failed = controls.is_none();
            let controls = controls?;
            controls.mute(self.own.is_muted);
            self.thread = Some(controls);
            self.tell_volumes();
        }
        self.thread.clone()
    }

    fn inbox(&mut self, out: &Context) -> Arc<Inbox> {
        let new = || Inbox::new(out.queue.clone());
        self.inbox.get_or_insert_with(new).clone()
    }
}

/// From the peer's microphone to our loudspeaker, by both clocks.
fn delay(link: PeerId, heard: &StreamNumbers, out: &mut Context) -> Option<Duration> {
    let captured = u64::try_from(heard.captured?.as_micros()).ok()?;
    let captured = out.with(link, |session| session.to_local(captured))??;
    Some(out.net.clock(heard.heard) - captured)
}

fn tell(out: &mut Context, notice: SoundNotice) {
    out.notify(Notice::Sound(notice));
}
