//! A peer's ring: for a new call, for one that lost its connection, or across a ring of ours.

use transom_net::PeerId;
use transom_proto::CallId;
use transom_wire::{CallKind, EndReason};

use super::Calls;
use super::call::Call;
use super::policy::{Occupancy, Welcome};
use crate::context::Context;
use crate::links::{Links, PeerLink};
use crate::notice::Notice;

/// To a peer that lost its right to a call while its connection was gone.
const NOT_ANY_MORE: (EndReason, &str) = (EndReason::Forbidden, "you may not call here any more");

impl Calls {
    /// A peer rings: for a call that there is already, or for a new one.
    pub(super) fn rung(
        &mut self,
        place: (PeerId, CallId),
        link: &PeerLink,
        kind: CallKind,
        links: &Links,
        out: &mut Context,
    ) {
        // By key: the peer may be here under two names.
        let same = |call: &Call| (call.key, call.kind) == (link.key, kind);
        let returning = |call: &Call| same(call) && is_returning(call, place.0, links);
        if let Some(at) = self.calls.iter().position(returning) {
            let call = self.calls.remove(at);
            return self.returned(call, place, link, out);
        }
        let crossing =
            |call: &Call| same(call) && call.outgoing && call.is_talk() && !call.is_live();
        if let Some(at) = self.calls.iter().position(crossing) {
            return self.crossed(at, place, link, links, out);
        }
        for call in self.calls.iter_mut().filter(|call| call.key == link.key) {
            // It yielded to this ring, which is for something else: ours is rung again.
            call.agreed &= !call.outgoing;
        }
        let crowd = self.crowd(place.0, link, out);
        match self.policy.judge(kind, link.rights, crowd) {
            Err((reason, text)) => {
                decline(place, reason, text, out);
                if out.paces.take(link.key.0, out.now()) {
                    let peer = link.peer;
                    out.notify(Notice::Declined {
                        peer,
                        kind,
                        reason,
                        text,
                    });
                }
            }
            Ok(_) if !out.paces.take(link.key.0, out.now()) => {
                decline(place, EndReason::Busy, "you call too often", out);
            }
            Ok(welcome) => self.welcome(place, link, kind, welcome, out),
        }
    }

    fn welcome(
        &mut self,
        place: (PeerId, CallId),
        link: &PeerLink,
        kind: CallKind,
        welcome: Welcome,
        out: &mut Context,
    ) {
        let until = out.now() + self.policy.ring_timeout;
        let mut call = Call::new(link.peer, link.key, kind, until);
        call.place = Some(place);
        call.served = welcome == Welcome::Served;
        call.automatic = welcome == Welcome::AtOnce;
        call.shows = call.automatic;
        match welcome {
            Welcome::AtOnce | Welcome::Served => call.answer(out),
            Welcome::Asked => {
                let peer = link.peer;
                out.notify(Notice::Ringing { peer, kind });
            }
        }
        self.calls.push(call);
    }

    /// A call that lost its connection goes on here, if the peer still may.
    fn returned(
        &mut self,
        mut call: Call,
        place: (PeerId, CallId),
        link: &PeerLink,
        out: &mut Context,
    ) {
        let verdict = match call.served {
            true => self
                .policy
                .judge(call.kind, link.rights, self.crowd(place.0, link, out))
                .map(drop),
            false if call.is_allowed(link.rights, &self.policy) => Ok(()),
            false => Err(NOT_ANY_MORE),
        };
        if let Err((reason, text)) = verdict {
            decline(place, reason, text, out);
            return call.ended(reason, text, out);
        }
        // Its connection may still seem to be up, but the peer has left.
        call.say_end(EndReason::Leaving, "", out);
        if call.is_live() {
            call.adrift(link.station(), out.now() + self.policy.call_patience);
        }
        let asks = call.asks();
        call.place = Some(place);
        if !asks {
            call.answer(out);
        }
        self.calls.push(call);
    }

    /// Both rang. On one connection the sessions have decided already that ours yields; on two
    /// connections between the same two stations the ring of the one with the lower number does.
    fn crossed(
        &mut self,
        at: usize,
        place: (PeerId, CallId),
        link: &PeerLink,
        links: &Links,
        out: &mut Context,
    ) {
        if !self.calls[at].is_allowed(link.rights, &self.policy) {
            let (reason, text) = NOT_ANY_MORE;
            decline(place, reason, text, out);
            let call = self.calls.remove(at);
            call.say_end(reason, text, out);
            return call.ended(reason, text, out);
        }
        let call = &mut self.calls[at];
        let ours = call.place.and_then(|(ours, _)| links.link(ours));
        match ours {
            Some(ours) if !ours.is_same_station(link) => {
                return decline(place, EndReason::Busy, "in a call with you already", out);
            }
            Some(_) if !links.yields_to(link) => {
                return decline(place, EndReason::Glare, "", out);
            }
            Some(_) => call.say_end(EndReason::Glare, "", out),
            None => {}
        }
        (call.place, call.outgoing) = (Some(place), false);
        call.answer(out);
    }

    fn crowd(&self, id: PeerId, link: &PeerLink, out: &mut Context) -> Occupancy {
        let served = |call: &&Call| call.served && call.place.is_some();
        let talks = |call: &&Call| call.is_talk() && !call.served;
        Occupancy {
            // Clients of the HTTP door take the places of peers.
            viewers: self.served() + out.door_viewers(),
            its_viewers: (self.calls.iter().filter(served))
                .filter(|call| call.key == link.key)
                .count(),
            watches: self.calls.iter().filter(served).any(|call| call.is_on(id)),
            talks: self.calls.iter().filter(talks).count(),
            talks_with_it: (self.calls.iter().filter(talks)).any(|call| call.key == link.key),
        }
    }
}

/// Whether a ring at that connection is for this call: it waits for one, or the peer's station has
/// left it elsewhere.
fn is_returning(call: &Call, link: PeerId, links: &Links) -> bool {
    let left_behind = |on: PeerId| {
        let both = links.link(on).zip(links.link(link));
        on != link && both.is_some_and(|(old, new)| old.is_same_station(new))
    };
    !call.outgoing && call.place.is_none_or(|(on, _)| left_behind(on))
}

fn decline(place: (PeerId, CallId), reason: EndReason, text: &str, out: &mut Context) {
    let (link, call) = place;
    if let Some(Err(error)) = out.with(link, |session| session.decline(call, reason, text)) {
        log::debug!("{link} declining: {error}");
    }
}
