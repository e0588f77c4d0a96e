//! Calls: who may watch, who rings, who sees our camera, and what becomes of a call when its connection is lost.

mod call;
mod pictures;
mod policy;

use std::time::{Duration, Instant};

use transom_net::PeerId;
use transom_proto::{CallId, Event, UsageError};
use transom_wire::{CallKind, EndReason, PeerName};

use self::call::{Call, Past};
pub(crate) use self::policy::Policy;
use self::policy::{Crowd, Taking, Welcome};
use crate::links::{Gone, Link, Links, Parting};
use crate::notice::Notice;
use crate::outside::{Outside, earlier};

/// A peer that is back rings again within this, or it has given the call up in the meantime.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) struct Calls {
    calls: Vec<Call>,
    policy: Policy,
}

/// A call that somebody is to see our camera by, or is to know that it does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Onlooker {
    pub(crate) link: PeerId,
    pub(crate) call: CallId,
    pub(crate) is_shown: bool,
}

impl Calls {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            calls: Vec::new(),
            policy,
        }
    }

    /// Everybody in a call that can have our pictures.
    pub(crate) fn onlookers(&self) -> impl Iterator<Item = Onlooker> + '_ {
        let live = self
            .calls
            .iter()
            .filter(|call| call.is_live() && call.sends());
        live.filter_map(|call| {
            let (link, id) = call.place?;
            Some(Onlooker {
                link,
                call: id,
                is_shown: call.is_shown(),
            })
        })
    }

    /// Everybody who is to get our pictures.
    pub(crate) fn viewers(&self) -> impl Iterator<Item = (PeerId, CallId)> + '_ {
        self.onlookers()
            .filter(|onlooker| onlooker.is_shown)
            .map(|onlooker| (onlooker.link, onlooker.call))
    }

    /// The connection that carries a call with that peer.
    pub(crate) fn link_of(&self, peer: &PeerName) -> Option<PeerId> {
        let carried = self
            .calls
            .iter()
            .filter(|call| call.peer == *peer && call.is_live());
        carried
            .filter_map(|call| call.place)
            .map(|(link, _)| link)
            .next()
    }

    /// When [`turn`](Self::turn) has something to do though nothing happens.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.calls
            .iter()
            .fold(None, |due, call| earlier(due, call.until))
    }

    /// Once a turn: ends what nobody answered, and rings where that is possible now.
    pub(crate) fn turn(&mut self, now: Instant, links: &Links, out: &mut Outside) {
        let late = |call: &mut Call| call.until.is_some_and(|until| until <= now);
        for call in self.calls.extract_if(.., late) {
            call.say_end(EndReason::Unanswered, "", out);
            let text = match call.past {
                Past::Fresh => "",
                Past::Moved | Past::Interrupted => "the connection did not come back",
            };
            call.ended(EndReason::Unanswered, text, out);
        }
        self.take_over_rings(links);
        self.ring_waiting(links, out);
    }

    /// Who rang would ring again, but its program was ended and started anew: whoever still knows of the call rings instead.
    /// A connection's pings make for a turn each second, which is soon enough.
    fn take_over_rings(&mut self, links: &Links) {
        let is_forgotten = |call: &&mut Call| {
            let waits = call.past == Past::Interrupted && call.place.is_none();
            let station = call
                .station
                .filter(|_| waits && !call.outgoing && !call.served);
            station.is_some_and(|station| links.is_reborn(&call.peer, station))
        };
        for call in self.calls.iter_mut().filter(is_forgotten) {
            call.outgoing = true;
        }
    }

    /// Who sees our camera in a call both ways.
    pub(crate) fn show_camera(&mut self, peer: &PeerName, on: bool) {
        for call in self.calls.iter_mut().filter(|call| call.peer == *peer) {
            call.shows = on;
        }
    }

    /// Whether there is a camera to be seen.
    pub(crate) fn camera_chosen(&mut self, is_chosen: bool) {
        self.policy.has_camera = is_chosen;
    }

    pub(crate) fn take_calls(&mut self, on: bool) {
        self.policy.taking = match on {
            true => Taking::Now,
            false => Taking::NotNow,
        };
    }

    pub(crate) fn record(&mut self, peer: &PeerName, on: bool, out: &mut Outside) {
        let recorded = |call: &&mut Call| call.peer == *peer && !call.served;
        for call in self.calls.iter_mut().filter(recorded) {
            call.records = on;
            call.mark_recording(out);
        }
    }

    pub(crate) fn ring(
        &mut self,
        peer: PeerName,
        kind: CallKind,
        links: &Links,
        out: &mut Outside,
    ) {
        let same = |call: &&mut Call| call.peer == peer && call.kind == kind;
        let same = self
            .calls
            .iter_mut()
            .filter(same)
            .find(|call| call.outgoing || kind == CallKind::Talk);
        match same {
            // The peer was faster: to ring is to answer.
            Some(call) if call.asks() => return call.answer(out),
            Some(_) => return,
            None => {}
        }
        let key = links.key_of(&peer);
        let until = Instant::now() + self.policy.ring_timeout;
        match key {
            Some(key) => {
                let mut call = Call::new(peer, key, kind, until);
                call.outgoing = true;
                self.calls.push(call);
                self.ring_waiting(links, out);
            }
            None => out.tell(Notice::CallEnded {
                peer,
                reason: EndReason::Unanswered,
                text: "it is not connected".into(),
            }),
        }
    }

    /// Rings for all calls of ours that no connection carries, where one could.
    fn ring_waiting(&mut self, links: &Links, out: &mut Outside) {
        let is_full = |call: &mut Call| {
            if !call.outgoing || call.place.is_some() || call.agreed {
                return false;
            }
            let Some(link) = carrier(call, links) else {
                return false;
            };
            match out.with(link, |session| session.ring(call.kind)) {
                Some(Ok(id)) => call.place = Some((link, id)),
                Some(Err(UsageError::Full { .. })) => return true,
                // Something else rings there, or the connection is about to end.
                Some(Err(_)) | None => {}
            }
            false
        };
        let full: Vec<_> = self.calls.extract_if(.., is_full).collect();
        for call in full {
            call.ended(EndReason::Busy, "there is no room for more calls", out);
        }
    }

    pub(crate) fn answer(&mut self, peer: &PeerName, out: &mut Outside) {
        let asking = |call: &&mut Call| call.peer == *peer && call.asks();
        if let Some(call) = self.calls.iter_mut().find(asking) {
            call.answer(out);
        }
    }

    pub(crate) fn decline(&mut self, peer: &PeerName, out: &mut Outside) {
        let asking = |call: &Call| call.peer == *peer && call.asks();
        self.end(asking, EndReason::Chosen, "", out);
    }

    pub(crate) fn hang_up(&mut self, peer: &PeerName, out: &mut Outside) {
        self.end(|call| call.peer == *peer, EndReason::Chosen, "", out);
    }

    /// Ends calls from our side.
    fn end(
        &mut self,
        which: impl Fn(&Call) -> bool,
        reason: EndReason,
        text: &str,
        out: &mut Outside,
    ) {
        for call in self.calls.extract_if(.., |call| which(call)) {
            call.say_end(reason, text, out);
            call.ended(reason, text, out);
        }
    }

    /// A station is back. What waits for its ring does not wait long.
    pub(crate) fn back(&mut self, station: u64) {
        let soon = Instant::now() + GRACE;
        let waiting = |call: &&mut Call| {
            !call.outgoing && call.place.is_none() && call.station == Some(station)
        };
        for call in self.calls.iter_mut().filter(waiting) {
            call.until = call.until.map(|until| until.min(soon));
        }
    }

    /// A connection is gone. Its calls go on by another one, or wait for that; after a goodbye they are over.
    pub(crate) fn left(&mut self, link: PeerId, gone: &Gone, links: &Links, out: &mut Outside) {
        let over = |call: &mut Call| gone.parting == Parting::Goodbye && call.is_on(link);
        for call in self.calls.extract_if(.., over) {
            call.ended(EndReason::Leaving, gone.why.as_str(), out);
        }
        let patience = Instant::now() + self.policy.call_patience;
        for call in self.calls.iter_mut().filter(|call| call.is_on(link)) {
            call.adrift(gone.station, patience);
        }
        // The connection that takes over may not be quite there.
        let takes_over = gone.parting == Parting::Replaced && links.key_of(&gone.peer).is_some();
        let is_away = |call: &Call| {
            let station = call.station.filter(|_| call.place.is_none());
            station.is_some_and(|station| !takes_over && !links.reaches(station))
        };
        for call in self.calls.iter_mut().filter(|call| is_away(call)) {
            call.interrupted(&gone.why, out);
        }
    }

    /// The rights of that link changed: what it may no longer have ends.
    pub(crate) fn rights_changed(&mut self, link: PeerId, links: &Links, out: &mut Outside) {
        let Some(rights) = links.link(link).map(|link| link.rights) else {
            return;
        };
        let forbidden = |call: &Call| {
            call.is_on(link)
                && !call.outgoing
                && match call.served {
                    true => !rights.view,
                    false => !rights.call,
                }
        };
        self.end(forbidden, EndReason::Forbidden, "not allowed any more", out);
    }

    /// An event of a call. Gives back those that are none.
    pub(crate) fn handle(
        &mut self,
        id: PeerId,
        link: &Link,
        event: Event,
        links: &Links,
        out: &mut Outside,
    ) -> Option<Event> {
        match event {
            Event::Ringing { call, kind } => self.rung((id, call), link, kind, links, out),
            Event::Answered { call } => {
                if let Some(call) = self.find(id, call) {
                    call.started(out);
                }
            }
            Event::Declined {
                call,
                reason: EndReason::Glare,
                ..
            } => {
                if let Some(call) = self.find(id, call) {
                    (call.place, call.agreed) = (None, true);
                }
            }
            Event::Declined { call, reason, text } | Event::HungUp { call, reason, text } => {
                let over = |found: &mut Call| found.place == Some((id, call));
                for call in self.calls.extract_if(.., over) {
                    call.ended(reason, text.as_str(), out);
                }
            }
            Event::Picture { call, picture } => {
                if let Some(found) = self.find(id, call) {
                    pictures::arrived(id, call, found, picture, out);
                }
            }
            Event::CameraState { call, lens, text } => {
                if let Some(call) = self.find(id, call).filter(|call| !call.served) {
                    let peer = call.peer;
                    out.tell(Notice::FarCamera { peer, lens, text });
                }
            }
            Event::Recording { call, on } => {
                if let Some(call) = self.find(id, call) {
                    let peer = call.peer;
                    out.tell(Notice::FarRecording { peer, on });
                }
            }
            Event::Credit { .. } => {}
            other => return Some(other),
        }
        None
    }

    fn find(&mut self, link: PeerId, id: CallId) -> Option<&mut Call> {
        self.calls
            .iter_mut()
            .find(|call| call.place == Some((link, id)))
    }

    /// A peer rings: for a call that there is already, or for a new one.
    fn rung(
        &mut self,
        place: (PeerId, CallId),
        link: &Link,
        kind: CallKind,
        links: &Links,
        out: &mut Outside,
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
        match self
            .policy
            .judge(kind, link.rights, self.crowd(place.0, link))
        {
            Err((reason, text)) => decline(place, reason, text, out),
            Ok(welcome) => self.welcome(place, link, kind, welcome, out),
        }
    }

    fn welcome(
        &mut self,
        place: (PeerId, CallId),
        link: &Link,
        kind: CallKind,
        welcome: Welcome,
        out: &mut Outside,
    ) {
        let until = Instant::now() + self.policy.ring_timeout;
        let mut call = Call::new(link.peer, link.key, kind, until);
        call.place = Some(place);
        call.served = welcome == Welcome::Served;
        call.shows = welcome == Welcome::AtOnce;
        match welcome {
            Welcome::AtOnce | Welcome::Served => call.answer(out),
            Welcome::Asked => {
                let peer = link.peer;
                out.tell(Notice::Ringing { peer, kind });
            }
        }
        self.calls.push(call);
    }

    /// A call that lost its connection goes on here, if the peer still may.
    fn returned(
        &mut self,
        mut call: Call,
        place: (PeerId, CallId),
        link: &Link,
        out: &mut Outside,
    ) {
        let verdict = match call.served {
            true => self
                .policy
                .judge(call.kind, link.rights, self.crowd(place.0, link))
                .map(drop),
            false if link.rights.call => Ok(()),
            false => Err((EndReason::Forbidden, "you may not call here any more")),
        };
        if let Err((reason, text)) = verdict {
            decline(place, reason, text, out);
            return call.ended(reason, text, out);
        }
        // Where it still seems to be carried, nobody is any more.
        call.say_end(EndReason::Leaving, "", out);
        if call.is_live() {
            call.adrift(link.station(), Instant::now() + self.policy.call_patience);
        }
        let asks = call.asks();
        call.place = Some(place);
        if !asks {
            call.answer(out);
        }
        self.calls.push(call);
    }

    /// Both rang. On one connection the sessions have decided already that ours yields; on two connections between the same
    /// two stations the ring of the one with the lower number does.
    fn crossed(
        &mut self,
        at: usize,
        place: (PeerId, CallId),
        link: &Link,
        links: &Links,
        out: &mut Outside,
    ) {
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

    fn crowd(&self, id: PeerId, link: &Link) -> Crowd {
        let served = |call: &&Call| call.served && call.place.is_some();
        let talks = |call: &&Call| call.is_talk() && !call.served;
        Crowd {
            viewers: self.calls.iter().filter(served).count(),
            watches: self.calls.iter().filter(served).any(|call| call.is_on(id)),
            talks: self.calls.iter().filter(talks).count(),
            talks_with_it: (self.calls.iter().filter(talks)).any(|call| call.key == link.key),
        }
    }
}

/// The connection to ring by. A call that was live goes to the station that it was live with, or to who is found where that
/// one was; the peer may have other programs, which know nothing of it.
fn carrier(call: &Call, links: &Links) -> Option<PeerId> {
    match call.past {
        Past::Fresh => links.link_of(&call.peer),
        Past::Moved | Past::Interrupted => links.route(&call.peer, call.station),
    }
    .filter(|link| links.link(*link).is_some_and(|link| link.key == call.key))
}

/// Whether a ring at that connection is for this call: it waits for one, or the peer's station has left it elsewhere.
fn is_returning(call: &Call, link: PeerId, links: &Links) -> bool {
    let left_behind = |on: PeerId| {
        let both = links.link(on).zip(links.link(link));
        on != link && both.is_some_and(|(old, new)| old.is_same_station(new))
    };
    !call.outgoing && call.place.is_none_or(|(on, _)| left_behind(on))
}

fn decline(place: (PeerId, CallId), reason: EndReason, text: &str, out: &mut Outside) {
    let (link, call) = place;
    if let Some(Err(error)) = out.with(link, |session| session.decline(call, reason, text)) {
        log::debug!("{link} declining: {error}");
    }
}
