//! The owner's verbs about sound: from the handle, through the queue, to the room of sound.

use std::time::Instant;

use transom_sound::{DeviceName, EchoMode, ToneKind};
use transom_wire::PeerName;

use super::Sound;
use crate::context::Context;
use crate::handle::{self, Handle};

/// What the owner wants done about sound.
#[derive(Debug)]
pub(crate) enum Command {
    Microphone(DeviceName),
    Speaker(DeviceName),
    Echo(EchoMode),
    /// And when the owner said so.
    Mute(bool, Instant),
    SpeakTo(Option<PeerName>),
    SpeakNoMore(PeerName),
    Hear(PeerName, bool),
    Volume(PeerName, f32),
    Tone(Option<ToneKind>),
    HearYourself(bool),
    List,
}

/// Sound.
impl Handle {
    /// Uses another microphone from now on, also within a call; [`DeviceName::None`] for none.
    pub fn set_microphone(&self, name: DeviceName) {
        self.sound(Command::Microphone(name));
    }

    /// Uses another loudspeaker from now on, also within a call; [`DeviceName::None`] for none.
    pub fn set_speaker(&self, name: DeviceName) {
        self.sound(Command::Speaker(name));
    }

    /// What is done against the loudspeaker's echo in the microphone.
    pub fn set_echo(&self, mode: EchoMode) {
        self.sound(Command::Echo(mode));
    }

    /// Mutes our microphone in all calls: nothing of it is sent, and every peer is told so.
    pub fn mute(&self, on: bool) {
        self.sound(Command::Mute(on, Instant::now()));
    }

    /// Speaks to that peer alone, while the others are told that they are on hold; `None` for all
    /// that a person talks with. Without this the call that was answered or rung last is spoken to.
    /// A box that is watched hears us only while it is spoken to.
    pub fn speak_to(&self, peer: Option<&PeerName>) {
        self.sound(Command::SpeakTo(peer.copied()));
    }

    /// Speaks to that peer no more, but to the one that was spoken to before.
    pub fn speak_no_more(&self, peer: &PeerName) {
        self.sound(Command::SpeakNoMore(*peer));
    }

    /// Whether a peer's sound is wanted. By default it is in a call both ways, and at a box from
    /// those who may talk to it; a viewer has to ask for it.
    pub fn hear(&self, peer: &PeerName, on: bool) {
        self.sound(Command::Hear(*peer, on));
    }

    /// How loud a peer is heard: 1 as it comes, 0 to 4.
    pub fn set_volume(&self, peer: &PeerName, volume: f32) {
        self.sound(Command::Volume(*peer, volume));
    }

    /// Plays a tone through the loudspeaker beside all calls, in place of the last one; `None` ends
    /// it.
    pub fn tone(&self, kind: Option<ToneKind>) {
        self.sound(Command::Tone(kind));
    }

    /// Plays our microphone through our loudspeaker, to try both.
    pub fn hear_yourself(&self, on: bool) {
        self.sound(Command::HearYourself(on));
    }

    /// Looks for the microphones and loudspeakers of this machine; the answer is
    /// [`SoundNotice::Devices`](super::SoundNotice::Devices).
    pub fn list_sounds(&self) {
        self.sound(Command::List);
    }

    fn sound(&self, command: Command) {
        self.queue.push(handle::Command::Sound(command));
    }
}

impl Sound {
    pub(crate) fn command(&mut self, command: Command, out: &mut Context) {
        match command {
            Command::Microphone(name) => {
                self.settings.microphone = name.clone();
                self.own.name = name.clone();
                self.with_thread(|controls| controls.microphone(name));
            }
            Command::Speaker(name) => {
                self.settings.speaker = name.clone();
                self.with_thread(|controls| controls.speaker(name));
            }
            Command::Echo(mode) => {
                self.settings.echo = mode;
                self.with_thread(|controls| controls.echo(mode));
            }
            Command::Mute(on, at) => {
                self.own.mute(on, at);
                self.with_thread(|controls| controls.mute(on));
            }
            Command::SpeakTo(Some(peer)) => self.own.spoken_to.choose(peer),
            Command::SpeakTo(None) => self.own.spoken_to.choose_all(),
            Command::SpeakNoMore(peer) => self.own.spoken_to.leave(&peer),
            Command::Hear(peer, on) => drop(self.hears.insert(peer, on)),
            Command::Volume(peer, volume) => {
                self.volumes.insert(peer, volume);
                self.tell_volumes();
            }
            Command::Tone(kind) => self.now(out, |controls| controls.tone(kind)),
            Command::HearYourself(on) => self.now(out, |controls| controls.hear_yourself(on)),
            Command::List => {
                let inbox = self.inbox(out);
                out.workers.list_sounds(inbox);
            }
        }
    }

    /// Streams of the thread know no peers.
    pub(super) fn tell_volumes(&self) {
        for line in self.lines.values() {
            if let Some(volume) = self.volumes.get(&line.party.peer) {
                self.with_thread(|controls| controls.volume(line.stream, *volume));
            }
        }
    }

    fn with_thread(&self, act: impl FnOnce(&transom_sound::Controls)) {
        if let Some(controls) = &self.thread {
            act(controls);
        }
    }

    /// The same, where the thread is started for it.
    fn now(&mut self, out: &mut Context, act: impl FnOnce(&transom_sound::Controls)) {
        if let Some(controls) = self.controls(out) {
            act(&controls);
        }
    }
}
