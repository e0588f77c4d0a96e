//! Who hears whom: the rules of sound in one place. It knows no thread, no device and no session.

use transom_sound::{Codec, DeviceName, DeviceState};
use transom_users::Rights;
use transom_wire::{CallKind, Capabilities, PeerName, PublicKey, SoundState};

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
}

impl Party {
    /// Whether the peer's station takes sound at all.
    pub(crate) fn has_sound(&self) -> bool {
        self.takes.contains(Capabilities::SOUND)
    }

    /// Whether our microphone may go to the peer.
    pub(super) fn may_hear(&self) -> bool {
        !self.by_right
    }

    /// Whether the peer may be heard from our loudspeaker.
    pub(super) fn may_talk(&self) -> bool {
        !self.by_right
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
    pub(super) is_muted: bool,
    /// The only peer that is spoken to; `None` for all.
    pub(super) speaks_to: Option<PeerName>,
}

impl Own {
    /// What a peer is told of our microphone. While nobody listens it is closed and counts as on.
    pub(super) fn state_for(&self, party: &Party) -> (SoundState, &'static str) {
        match &self.microphone {
            _ if !party.may_hear() => (SoundState::NotAllowed, ""),
            _ if self.name == DeviceName::None => (SoundState::NoMicrophone, ""),
            DeviceState::Lost { for_peers, .. } => (SoundState::Lost, for_peers),
            _ if self.speaks_to.is_some_and(|peer| peer != party.peer) => (SoundState::OnHold, ""),
            _ if self.is_muted => (SoundState::Muted, ""),
            _ => (SoundState::On, ""),
        }
    }
}
