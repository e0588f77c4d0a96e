//! Sound: our microphone and loudspeaker, the peers that hear us, and what the station tells of it.

use std::collections::BTreeSet;
use std::time::Duration;

use transom::sounds::{Device, DeviceName, DeviceState, EchoMode, Loss, OwnLevel};
use transom::{CallKind, PeerName, SoundNotice, SoundSettings, SoundState};

use super::call::Stage;
use super::{Action, Call, Config, State};

/// How long "You are muted" stays after the last muted speech.
const MUTED_SPEECH: Duration = Duration::from_secs(3);

/// Our side of sound.
#[derive(Debug)]
pub(crate) struct Sound {
    /// The chosen devices, and what is done against echo.
    pub(crate) settings: SoundSettings,
    /// How the microphone is.
    pub(crate) microphone: DeviceState,
    /// How the loudspeaker is.
    pub(crate) speaker: DeviceState,
    /// Whether nothing of the microphone is sent.
    pub(crate) muted: bool,
    /// How loud the microphone is after the mute; `None` while it is not open.
    pub(crate) level: Option<OwnLevel>,
    /// Whether our microphone goes to all calls at once.
    pub(crate) speaks_to_all: bool,
    /// Peers that we talk with or chose to speak to; the last entry is the current one.
    order: Vec<PeerName>,
    /// Peers that hear our microphone, as far as it is open, not muted and not on hold for them.
    pub(crate) listeners: BTreeSet<PeerName>,
    /// The devices of this machine, once they were looked for.
    pub(crate) devices: Option<Vec<Device>>,
    /// Whether our microphone is played to us.
    pub(crate) hears_itself: bool,
    /// When we last spoke while muted, since 1970.
    muted_speech: Option<Duration>,
}

impl Default for Sound {
    fn default() -> Self {
        Self {
            settings: SoundSettings {
                microphone: DeviceName::Auto,
                speaker: DeviceName::Auto,
                echo: EchoMode::Cancel,
            },
            microphone: DeviceState::Closed,
            speaker: DeviceState::Closed,
            muted: false,
            level: None,
            speaks_to_all: false,
            order: Vec::new(),
            listeners: BTreeSet::new(),
            devices: None,
            hears_itself: false,
            muted_speech: None,
        }
    }
}

impl Sound {
    /// A call that a person answered, or that we rang for, runs.
    pub(super) fn talks_with(&mut self, peer: PeerName) {
        if !self.order.contains(&peer) {
            self.order.push(peer);
        }
    }

    fn speak_to(&mut self, peer: PeerName) {
        self.order.retain(|other| *other != peer);
        self.order.push(peer);
        self.speaks_to_all = false;
    }

    /// The call with that peer is over.
    pub(super) fn forget(&mut self, peer: PeerName) {
        self.order.retain(|other| *other != peer);
        self.listeners.remove(&peer);
    }
}

/// What a peer gets of our microphone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OwnSound {
    /// We chose to have none.
    NoMicrophone,
    /// The peer does not listen.
    Unheard,
    /// Our microphone goes to another peer.
    OnHold,
    /// The microphone gives nothing.
    Lost(Loss),
    /// We are muted.
    Muted,
    /// The peer hears us.
    Heard,
}

/// The far side's sound, as part of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct FarSound {
    /// How its microphone is for us, with its words; `None` until it is told.
    pub(crate) state: Option<(SoundState, String)>,
    /// Whether it speaks.
    pub(crate) speaks: bool,
}

impl State {
    pub(super) fn sound_notice(&mut self, notice: SoundNotice) {
        match notice {
            SoundNotice::Microphone(state) => self.own_microphone(state),
            SoundNotice::Speaker(state) => self.sound.speaker = state,
            SoundNotice::Level(level) => self.sound.level = Some(level),
            SoundNotice::MutedSpeech => self.sound.muted_speech = Some(self.now),
            SoundNotice::Listening { peer, on: true } => {
                self.sound.listeners.insert(peer);
            }
            SoundNotice::Listening { peer, on: false } => {
                self.sound.listeners.remove(&peer);
            }
            SoundNotice::FarSound { peer, state, text } => self.with_call(peer, |call| {
                call.sound.state = Some((state, text));
            }),
            SoundNotice::Speaking { peer, on } => {
                self.with_call(peer, |call| call.sound.speaks = on);
            }
            SoundNotice::Devices(devices) => self.sound.devices = Some(devices),
            _ => {}
        }
    }

    fn own_microphone(&mut self, state: DeviceState) {
        if !matches!(state, DeviceState::On { .. }) {
            self.sound.level = None;
        }
        self.sound.microphone = state;
    }

    /// What an action about sound changes here.
    pub(super) fn act_on_sound(&mut self, action: &Action) {
        let sound = &mut self.sound;
        match action {
            Action::Mute(on) => {
                sound.muted = *on;
                sound.muted_speech = None;
            }
            Action::SetMicrophone(name) => {
                self.config.microphone = name.clone();
                self.use_devices();
            }
            Action::SetSpeaker(name) => {
                self.config.speaker = name.clone();
                self.use_devices();
            }
            Action::SetEcho(mode) => {
                let Config {
                    microphone,
                    speaker,
                    echoes,
                    ..
                } = &mut self.config;
                echoes.choose(microphone, speaker, *mode);
                self.use_devices();
            }
            Action::SetVolume { peer, volume } => {
                self.prefer(*peer, |kept| kept.volume = *volume);
            }
            Action::HearYourself(on) => sound.hears_itself = *on,
            Action::ListSounds => sound.devices = None,
            Action::SpeakTo(None) => sound.speaks_to_all = true,
            Action::SpeakTo(Some(peer)) => {
                sound.speak_to(*peer);
                self.with_call(*peer, |call| call.spoken_to = true);
            }
            Action::SpeakNoMore(peer) => {
                sound.order.retain(|other| other != peer);
                self.with_call(*peer, |call| call.spoken_to = false);
            }
            Action::Hear { peer, on } => {
                self.with_call(*peer, |call| call.heard = *on);
                // The peer of a two-way call is always heard; a camera's sound is optional.
                if self.calls.of(*peer).is_some_and(|call| !call.is_talk()) {
                    self.prefer(*peer, |kept| kept.hears = *on);
                }
            }
            _ => {}
        }
    }

    /// Uses the devices of the settings, with what is done against echo between these two.
    pub(crate) fn use_devices(&mut self) {
        let Config {
            microphone,
            speaker,
            echoes,
            ..
        } = &self.config;
        self.sound.settings = SoundSettings {
            microphone: microphone.clone(),
            speaker: speaker.clone(),
            echo: echoes.of(microphone, speaker),
        };
    }

    /// Whether the peer of a new call is heard: always in a two-way call, a camera if it was heard
    /// last time.
    pub(crate) fn hears(&self, peer: PeerName, kind: CallKind) -> bool {
        kind == CallKind::Talk || self.preferences(peer).hears
    }

    /// The peer that our microphone goes to while several could hear it.
    pub(crate) fn spoken_to(&self) -> Option<PeerName> {
        let is_live = |peer: &&PeerName| {
            let call = self.calls.of(**peer);
            call.is_some_and(|call| call.stage == Stage::Live)
        };
        self.sound.order.iter().rev().find(is_live).copied()
    }

    /// What the peer of that call gets of our microphone.
    pub(crate) fn own_sound(&self, call: &Call) -> OwnSound {
        let (sound, focus) = (&self.sound, self.spoken_to());
        let is_other = focus.is_some_and(|peer| peer != call.peer);
        let is_on_hold = match call.is_talk() {
            true => is_other && !sound.speaks_to_all,
            false => focus != Some(call.peer),
        };
        if sound.settings.microphone == DeviceName::None {
            OwnSound::NoMicrophone
        } else if !sound.listeners.contains(&call.peer) {
            OwnSound::Unheard
        } else if is_on_hold {
            OwnSound::OnHold
        } else if let DeviceState::Lost { loss, .. } = sound.microphone {
            OwnSound::Lost(loss)
        } else if sound.muted {
            OwnSound::Muted
        } else {
            OwnSound::Heard
        }
    }

    /// Peers without a place on the screen that hear our microphone, as viewers of our camera do.
    pub(crate) fn hidden_listeners(&self) -> impl Iterator<Item = PeerName> {
        // During a two-way call, viewers are on hold.
        let is_silent = self.sound.muted
            || self.sound.settings.microphone == DeviceName::None
            || (self.spoken_to().is_some() && !self.sound.speaks_to_all);
        let listeners = self.sound.listeners.iter().copied();
        listeners.filter(move |peer| !is_silent && self.calls.of(*peer).is_none())
    }

    /// Whether a call uses the microphone, so that it can be muted.
    pub(crate) fn can_mute(&self) -> bool {
        let rings = !self.calls.incoming.is_empty();
        rings || self.calls.talking() || !self.sound.listeners.is_empty()
    }

    /// Calls that our microphone could go to: with more than one, a peer is on hold.
    pub(crate) fn live_talks(&self) -> usize {
        let is_live = |call: &&Call| call.is_talk() && call.stage == Stage::Live;
        self.calls.open.iter().filter(is_live).count()
    }

    /// Whether to say that we are muted: we spoke all the same.
    pub(crate) fn speaks_muted(&self) -> bool {
        let recent = |at| self.now.saturating_sub(at) < MUTED_SPEECH;
        self.sound.muted && self.sound.muted_speech.is_some_and(recent)
    }
}
