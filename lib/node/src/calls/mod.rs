//! Calls: who may watch, who rings, who sees our camera, and what becomes of a call when its
//! connection is lost.

mod call;
mod for_door;
mod marks;
mod pictures;
mod policy;
mod rung;

use std::time::{Duration, Instant};

use transom_net::PeerId;
use transom_proto::{CallEvent, CallId, UsageError};
use transom_wire::{CallKind, EndReason, PeerName, PublicKey};

use self::call::{Call, Earlier};
pub(crate) use self::policy::Policy;
use self::policy::Taking;
use crate::context::{Context, earlier};
use crate::links::{Gone, Links, Parting, PeerLink};
use crate::notice::Notice;
#[cfg(feature = "sound")]
use crate::sound::Party;

/// A peer that is back rings again within this, or it has given the call up in the meantime.
const GRACE: Duration = Duration::from_secs(10);

/// What the peer reads when its rights were taken from it.
const NOT_ALLOWED: &str = "not allowed any more";

pub(crate) struct Calls {
    calls: Vec<Call>,
    policy: Policy,
    /// Whether the owner wants statistics of the cameras that peers show us.
    wants_stats: bool,
}

/// A call whose peer sees our camera, or is told that it does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Onlooker {
    pub(crate) peer: PeerName,
    pub(crate) link: PeerId,
    pub(crate) call: CallId,
    pub(crate) is_shown: bool,
    wants_stats: bool,
}

impl Onlooker {
    /// Whether it is told what the camera did.
    pub(crate) fn gets_stats(&self) -> bool {
        self.is_shown && self.wants_stats
    }
}

impl Calls {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            calls: Vec::new(),
            policy,
            wants_stats: false,
        }
    }

    /// Peers that watch our camera as that of a box.
    pub(crate) fn served(&self) -> usize {
        let served = |call: &&Call| call.served && call.place.is_some();
        self.calls.iter().filter(served).count()
    }

    /// Every call that can have our pictures.
    pub(crate) fn onlookers(&self) -> impl Iterator<Item = Onlooker> + '_ {
        let live = self
            .calls
            .iter()
            .filter(|call| call.is_live() && call.sends());
        live.filter_map(|call| {
            let (link, id) = call.place?;
            Some(Onlooker {
                peer: call.peer,
                link,
                call: id,
                is_shown: call.is_shown(),
                wants_stats: call.far_wants_stats,
            })
        })
    }

    /// Every call that is to get our pictures.
    pub(crate) fn viewers(&self) -> impl Iterator<Item = (PeerId, CallId)> + '_ {
        self.onlookers()
            .filter(|onlooker| onlooker.is_shown)
            .map(|onlooker| (onlooker.link, onlooker.call))
    }

    /// Every live call on its connection, as far as sound is concerned.
    #[cfg(feature = "sound")]
    pub(crate) fn parties<'a>(
        &'a self,
        links: &'a Links,
    ) -> impl Iterator<Item = ((PeerId, CallId), Party)> + 'a {
        let live = self.calls.iter().filter(|call| call.is_live());
        live.filter_map(|call| {
            let link = links.link(call.place?.0)?;
            let party = Party {
                peer: call.peer,
                key: call.key,
                kind: call.kind,
                by_right: !call.ours && (call.served || call.automatic),
                is_served: call.served,
                rights: link.rights,
                takes: link.capabilities,
                is_told: call.is_told,
                is_recorded: call.records,
            };
            Some((call.place?, party))
        })
    }

    /// Whether our owner has a call with that peer beside those that watch our camera, also one
    /// that waits for its connection.
    #[cfg(feature = "sound")]
    pub(crate) fn has_call(&self, peer: &PeerName) -> bool {
        let mut calls = self.calls.iter();
        calls.any(|call| call.peer == *peer && !call.served && call.is_told)
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

    /// Whether a call rings or runs on a connection.
    pub(crate) fn is_carried(&self) -> bool {
        self.calls.iter().any(|call| call.place.is_some())
    }

    /// When [`turn`](Self::turn) has something to do though nothing happens.
    pub(crate) fn due(&self, out: &Context) -> Option<Instant> {
        let now = out.now();
        self.calls.iter().fold(None, |due, call| {
            earlier(due, earlier(call.until, call.reports_due(now, out)))
        })
    }

    /// Once a turn: ends calls that were not answered, and rings where that is possible now.
    pub(crate) fn turn(&mut self, now: Instant, links: &Links, out: &mut Context) {
        let late = |call: &mut Call| call.until.is_some_and(|until| until <= now);
        for call in self.calls.extract_if(.., late) {
            call.say_end(EndReason::Unanswered, "", out);
            let text = match call.past {
                Earlier::Fresh => "",
                Earlier::Moved | Earlier::Interrupted => "the connection did not come back",
            };
            call.ended(EndReason::Unanswered, text, out);
        }
        for call in &mut self.calls {
            call.ask_for_stats(self.wants_stats, out);
            call.tell_reports(now, out);
        }
        self.take_over_rings(links);
        self.ring_waiting(links, out);
    }

    /// The side that rang would ring again, but its program was restarted: the side that still
    /// knows of the call rings instead. A connection's pings make for a turn each second, which is
    /// soon enough.
    fn take_over_rings(&mut self, links: &Links) {
        let is_forgotten = |call: &&mut Call| {
            let waits = call.past == Earlier::Interrupted && call.place.is_none();
            let station = call
                .station
                .filter(|_| waits && !call.outgoing && !call.served);
            station.is_some_and(|station| links.has_restarted(&call.peer, &call.key, station))
        };
        for call in self.calls.iter_mut().filter(is_forgotten) {
            call.outgoing = true;
        }
    }

    /// Shows our camera to the peer of a call both ways, or stops.
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

    pub(crate) fn record(&mut self, peer: &PeerName, on: bool, out: &mut Context) {
        let recorded = |call: &&mut Call| call.peer == *peer && !call.served && call.is_told;
        for call in self.calls.iter_mut().filter(recorded) {
            call.records = on;
            call.mark_recording(out);
        }
    }

    /// Asks for statistics of the cameras that peers show us, or no longer.
    pub(crate) fn want_stats(&mut self, on: bool) {
        self.wants_stats = on;
    }

    pub(crate) fn ring(
        &mut self,
        peer: PeerName,
        kind: CallKind,
        links: &Links,
        out: &mut Context,
    ) {
        self.make_room_for(peer, kind, out);
        let same = |call: &&mut Call| call.peer == peer && call.kind == kind;
        let same = self
            .calls
            .iter_mut()
            .filter(same)
            .find(|call| call.outgoing || kind == CallKind::Talk);
        match same {
            // The peer was faster: to ring is to answer.
            Some(call) if call.asks() => return call.answer(out),
            Some(call) => return call.adopt(out),
            None => {}
        }
        let key = links.key_of(&peer);
        let until = out.now() + self.policy.ring_timeout;
        match key {
            Some(key) => {
                let mut call = Call::new(peer, key, kind, until);
                (call.outgoing, call.ours) = (true, true);
                self.calls.push(call);
                self.ring_waiting(links, out);
            }
            None => out.notify(Notice::CallEnded {
                peer,
                kind,
                outgoing: true,
                reason: EndReason::Unanswered,
                text: "it is not connected".into(),
            }),
        }
    }

    /// Rings for all calls of ours that no connection carries, where one could.
    fn ring_waiting(&mut self, links: &Links, out: &mut Context) {
        self.end_forbidden(links, out);
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

    /// Ends calls that no connection carries and whose peer is back, but lost its right to them
    /// meanwhile.
    fn end_forbidden(&mut self, links: &Links, out: &mut Context) {
        let policy = self.policy;
        let forbidden = |call: &Call| {
            let carrier = carrier(call, links).filter(|_| call.place.is_none());
            let link = carrier.and_then(|link| links.link(link));
            link.is_some_and(|link| !call.is_allowed(link.rights, &policy))
        };
        self.end(forbidden, EndReason::Forbidden, NOT_ALLOWED, out);
    }

    pub(crate) fn answer(&mut self, peer: &PeerName, out: &mut Context) {
        let asking = |call: &&mut Call| call.peer == *peer && call.asks();
        if let Some(call) = self.calls.iter_mut().find(asking) {
            call.answer(out);
        }
    }

    pub(crate) fn decline(&mut self, peer: &PeerName, out: &mut Context) {
        let asking = |call: &Call| call.peer == *peer && call.asks();
        self.end(asking, EndReason::Chosen, "", out);
    }

    pub(crate) fn hang_up(&mut self, peer: &PeerName, out: &mut Context) {
        self.keep_for_door(peer, out);
        let is_its = |call: &Call| call.peer == *peer && call.is_told;
        self.end(is_its, EndReason::Chosen, "", out);
    }

    /// Ends what that peer watches of ours.
    pub(crate) fn stop_viewer(&mut self, peer: &PeerName, out: &mut Context) {
        let is_viewer =
            |call: &Call| call.peer == *peer && !call.outgoing && call.kind == CallKind::View;
        self.end(is_viewer, EndReason::Chosen, "", out);
    }

    /// Ends calls from our side. Clients of the door are not told: they are to see the camera by
    /// another call.
    fn end(
        &mut self,
        which: impl Fn(&Call) -> bool,
        reason: EndReason,
        text: &str,
        out: &mut Context,
    ) {
        for call in self.calls.extract_if(.., |call| which(call)) {
            call.say_end(reason, text, out);
            call.tell_end(reason, text, out);
        }
    }

    /// A station is back. What waits for its ring does not wait long.
    pub(crate) fn back(&mut self, key: PublicKey, station: u64, now: Instant) {
        let soon = now + GRACE;
        let waiting = |call: &&mut Call| {
            let is_its = (call.key, call.station) == (key, Some(station));
            is_its && !call.outgoing && call.place.is_none()
        };
        for call in self.calls.iter_mut().filter(waiting) {
            call.until = call.until.map(|until| until.min(soon));
        }
    }

    /// A connection is gone. Its calls go on by another one, or wait for that; after a goodbye they
    /// are over.
    pub(crate) fn left(&mut self, link: PeerId, gone: &Gone, links: &Links, out: &mut Context) {
        let over = |call: &mut Call| gone.parting == Parting::Goodbye && call.is_on(link);
        for call in self.calls.extract_if(.., over) {
            call.ended(EndReason::Leaving, gone.why.to_string(), out);
        }
        let patience = out.now() + self.policy.call_patience;
        for call in self.calls.iter_mut().filter(|call| call.is_on(link)) {
            call.adrift(gone.station, patience);
        }
        // The connection that takes over may not be quite there.
        let takes_over = gone.parting == Parting::Replaced && links.key_of(&gone.peer).is_some();
        let is_away = |call: &Call| {
            let station = call.station.filter(|_| call.place.is_none());
            station.is_some_and(|station| !takes_over && !links.reaches(&call.key, station))
        };
        for call in self.calls.iter_mut().filter(|call| is_away(call)) {
            call.interrupted(&gone.why, out);
        }
    }

    /// The rights of that link changed: what it may no longer have ends.
    pub(crate) fn rights_changed(&mut self, link: PeerId, links: &Links, out: &mut Context) {
        let Some(rights) = links.link(link).map(|link| link.rights) else {
            return;
        };
        let policy = self.policy;
        let forbidden = |call: &Call| call.is_on(link) && !call.is_allowed(rights, &policy);
        self.end(forbidden, EndReason::Forbidden, NOT_ALLOWED, out);
    }

    /// An event of a call on a connection.
    pub(crate) fn handle(
        &mut self,
        place: (PeerId, CallId),
        link: &PeerLink,
        event: CallEvent,
        links: &Links,
        out: &mut Context,
    ) {
        if let CallEvent::Ringing(kind) = event {
            return self.rung(place, link, kind, links, out);
        }
        let is_its = |call: &Call| call.place == Some(place);
        let Some(at) = self.calls.iter().position(is_its) else {
            return;
        };
        let call = &mut self.calls[at];
        match event {
            CallEvent::Answered => call.started(out),
            CallEvent::Declined(status) if status.code == EndReason::Glare => {
                (call.place, call.agreed) = (None, true);
            }
            CallEvent::Declined(status) | CallEvent::HungUp(status) => {
                let call = self.calls.remove(at);
                call.ended(status.code, status.text, out);
            }
            CallEvent::Picture(picture) => pictures::arrived(place, call, picture, out),
            CallEvent::CameraState(status) if !call.served => {
                call.marks.camera = Some((status.code, status.text));
                call.tell_reports(out.now(), out);
            }
            CallEvent::WantStats { on } => call.far_wants_stats = on,
            CallEvent::CameraStats(stats) if call.asked_for_stats => {
                call.marks.stats = Some(stats);
                call.tell_reports(out.now(), out);
            }
            CallEvent::Recording { on } => {
                call.mark_far_recording(on);
                call.tell_reports(out.now(), out);
            }
            _ => {}
        }
    }
}

/// The connection to ring by. A call that was live goes to the station that it was live with, or to
/// the one that is found at its address; the peer may have other programs, which know nothing of
/// it.
fn carrier(call: &Call, links: &Links) -> Option<PeerId> {
    match call.past {
        Earlier::Fresh => links.link_of(&call.peer),
        Earlier::Moved | Earlier::Interrupted => links.route(&call.peer, call.station),
    }
    .filter(|link| links.link(*link).is_some_and(|link| link.key == call.key))
}
