//! To whom the owner speaks while several calls run. All are heard; the others are on hold.

use transom_wire::{CallKind, PeerName};

use super::Party;

/// The microphone goes to the call that a person answered, rang for or chose last. Without such a
/// call it goes to every peer that may hear it, as at a box. A box that the owner watches hears the
/// owner only while it is chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct SpokenTo {
    /// The peers that are talked with or were chosen, the last one last. A call that lost its
    /// connection keeps its place.
    order: Vec<PeerName>,
    /// The last of them that has a live call, and its kind.
    focus: Option<(PeerName, CallKind)>,
    is_to_all: bool,
}

impl SpokenTo {
    /// A person answered a call or rang for it, and it is live.
    pub(super) fn started(&mut self, peer: PeerName) {
        if !self.order.contains(&peer) {
            self.order.push(peer);
        }
    }

    /// The owner speaks to that peer from now on.
    pub(super) fn choose(&mut self, peer: PeerName) {
        self.leave(&peer);
        self.order.push(peer);
        self.is_to_all = false;
    }

    /// The owner does not speak to that peer any more, but to the one before it.
    pub(super) fn leave(&mut self, peer: &PeerName) {
        self.order.retain(|other| other != peer);
    }

    /// The owner speaks to all that they talk with.
    pub(super) fn choose_all(&mut self) {
        self.is_to_all = true;
    }

    /// Which calls the owner has: `live` ones, and whether a peer `has_call` beside watching our
    /// camera, also one that waits for its connection.
    pub(super) fn update(&mut self, live: &[Party], has_call: impl Fn(&PeerName) -> bool) {
        self.order.retain(has_call);
        for party in live.iter().filter(|party| party.is_conversation()) {
            self.started(party.peer);
        }
        let kind_of = |peer: &PeerName| {
            // A peer that still watches our camera after a talk is not talked with.
            let its = |party: &&Party| party.peer == *peer && !party.is_served;
            let calls = live.iter().filter(its);
            // Talks before views: a peer that is talked with needs our sound only once.
            let kind = calls
                .map(|party| party.kind)
                .max_by_key(|kind| kind.code())?;
            Some((*peer, kind))
        };
        self.focus = self.order.iter().rev().find_map(kind_of);
    }

    /// Whether a peer does not hear our microphone because another peer does.
    pub(super) fn is_on_hold(&self, party: &Party) -> bool {
        match self.focus {
            Some(focus) if focus == (party.peer, party.kind) => false,
            _ if party.is_watched() => true,
            Some(_) => !self.is_to_all,
            None => false,
        }
    }
}
