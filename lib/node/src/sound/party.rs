//! Who hears whom: the rules of sound in one place. It knows no thread, no device and no session.
//!
//! ```text
//! the call                          our microphone goes there      its sound is played here
//! a person here rang or answered    yes                            yes
//! a box serves it, or the right     with the right `hear`          with the right `talk`
//!   `auto` answered it
//! ```
//!
//! And only to a peer that takes sound, listens, and is not on hold (see `spoken_to`).

use std::time::{Duration, Instant};

use transom_sound::{Codec, DeviceName, DeviceState, Loss};
use transom_users::Rights;
use transom_wire::{CallKind, Capabilities, PeerName, PublicKey, SoundState};

use super::spoken_to::SpokenTo;

/// What a peer is told that asks to hear without the right.
const NOT_ALLOWED: &str = "the right to hear is missing";

/// What a peer is told that waits for a microphone; for programs that don't know the state.
const OPENING: &str = "the microphone is being opened";

/// The state of our microphone for a peer whose camera we watch, until we speak to it. The peer
/// assumes it untold: a word for each viewer would be about a microphone that is not to be heard.
pub(super) const UNASKED: (SoundState, &str) = (SoundState::Muted, "");

/// How long a microphone may take to open before peers are told: most take a tenth of this, and
/// would be told of twice at each call.
const OPENS_WITHIN: Duration = Duration::from_millis(500);

/// A live call, as far as sound is concerned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Party {
    pub(crate) peer: PeerName,
    pub(crate) key: PublicKey,
    pub(crate) kind: CallKind,
    /// Let in by a right and not by a person: as a viewer of a box, or answered by itself.
    pub(crate) by_right: bool,
    /// Whether it watches our camera, as at a box, so that only its own wish makes us listen.
    pub(crate) is_served: bool,
    pub(crate) rights: Rights,
    /// What the peer's station says that it takes.
    pub(crate) takes: Capabilities,
    /// Whether our owner is told of the call. The sound of a call for clients of the HTTP door
    /// alone goes neither way.
    pub(crate) is_told: bool,
    /// Whether the owner records the call.
    pub(crate) is_recorded: bool,
}

impl Party {
    /// Whether the peer's station takes sound at all.
    pub(crate) fn has_sound(&self) -> bool {
        self.takes.contains(Capabilities::SOUND)
    }

    /// Whether our microphone may go to the peer.
    pub(super) fn may_hear(&self) -> bool {
        !self.by_right || self.rights.hear
    }

    /// Whether the peer may be heard from our loudspeaker.
    pub(super) fn may_talk(&self) -> bool {
        !self.by_right || self.rights.talk
    }

    /// Whether a person here talks with one there.
    pub(super) fn is_conversation(&self) -> bool {
        !self.by_right && !self.is_watched()
    }

    /// Whether we watch the peer's camera.
    pub(super) fn is_watched(&self) -> bool {
        !self.is_served && self.kind == CallKind::View
    }

    /// Whether the owner hears the peer; `asked` is what the owner said of it. Pictures that are
    /// only watched are silent until then.
    pub(super) fn is_wanted(&self, asked: Option<bool>, speaker: &DeviceName) -> bool {
        let wants = asked.unwrap_or(!self.is_watched());
        self.is_told && wants && self.may_talk() && *speaker != DeviceName::None
    }

    /// The better codec of those that both sides have.
    pub(super) fn codec(&self) -> Codec {
        let opus = Codec::Opus.is_built_in() && self.takes.contains(Capabilities::OPUS);
        if opus { Codec::Opus } else { Codec::Pcm }
    }
}

/// Our own side.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) name: DeviceName,
    pub(super) microphone: DeviceState,
    /// When its opening is told to peers, or was; `None` while it is not being opened.
    pub(super) opening: Option<Instant>,
    /// Whether it is being opened for longer than most microphones take.
    pub(super) is_slow: bool,
    pub(super) is_muted: bool,
    /// When the mute was taken back last.
    pub(super) unmuted: Option<Instant>,
    pub(super) spoken_to: SpokenTo,
}

impl Own {
    /// Takes in how the microphone is, if that changed, and how long it has been opening.
    pub(super) fn follow(&mut self, microphone: Option<DeviceState>, now: Instant) {
        if let Some(microphone) = microphone {
            let opens = microphone == DeviceState::Opening;
            self.opening = opens.then(|| self.opening.unwrap_or(now + OPENS_WITHIN));
            self.microphone = microphone;
        }
        self.is_slow = self.opening.is_some_and(|told| told <= now);
    }

    /// When [`follow`](Self::follow) has something to do though nothing happens.
    pub(super) fn due(&self) -> Option<Instant> {
        self.opening.filter(|_| !self.is_slow)
    }

    pub(super) fn mute(&mut self, on: bool, at: Instant) {
        if self.is_muted && !on {
            self.unmuted = Some(at);
        }
        self.is_muted = on;
    }

    /// Whether what was captured then is for others: not what was said under the mute, which a
    /// thread or a loop that was held up gives us only after it.
    pub(super) fn may_be_heard(&self, captured: Instant) -> bool {
        !self.is_muted && self.unmuted.is_none_or(|unmuted| unmuted <= captured)
    }

    /// Whether our microphone is for that peer, as far as there is one that works.
    pub(super) fn is_for(&self, party: &Party) -> bool {
        self.name != DeviceName::None && party.may_hear() && !self.spoken_to.is_on_hold(party)
    }

    /// What a peer is told of our microphone. While no peer listens it is closed and counts as on.
    pub(super) fn state_for(&self, party: &Party) -> (SoundState, &'static str) {
        match &self.microphone {
            _ if self.name == DeviceName::None => (SoundState::NoMicrophone, ""),
            _ if !party.may_hear() => (SoundState::NotAllowed, NOT_ALLOWED),
            _ if self.spoken_to.is_on_hold(party) => match party.is_watched() {
                true => UNASKED,
                false => (SoundState::OnHold, ""),
            },
            DeviceState::Lost {
                loss: Loss::Missing,
                ..
            } => (SoundState::NoMicrophone, ""),
            DeviceState::Lost { for_peers, .. } => (SoundState::Lost, for_peers),
            _ if self.is_muted => (SoundState::Muted, ""),
            DeviceState::Opening if self.is_slow => (SoundState::Opening, OPENING),
            _ => (SoundState::On, ""),
        }
    }
}

#[cfg(test)]
#[path = "party_tests.rs"]
mod tests;
