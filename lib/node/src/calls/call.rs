//! One call, also while no connection carries it, and what its owner is told of it.

use std::sync::Arc;
use std::time::Instant;

use transom_net::PeerId;
use transom_proto::{CallId, UsageError};
use transom_users::Rights;
use transom_wire::{CallKind, CameraState, EndReason, PeerName, PublicKey};

use super::marks::PendingReports;
use super::policy::Policy;
use crate::context::Context;
use crate::notice::{LinkEnd, Notice};

/// ```text
///  ring(), Ring --> Ringing --Answer--> Live --hung up--> gone
///                    ^   \                |
///                    |    `-- unanswered  | its connection is gone
///                    |        (until)     v
///                    `-- rung again -- without place: Moved, Interrupted
/// ```
#[derive(Debug)]
pub(super) struct Call {
    pub(super) peer: PeerName,
    pub(super) key: PublicKey,
    pub(super) kind: CallKind,
    /// Whether we rang. The side that did rings again when the call lost its connection, and the
    /// other side waits for that.
    pub(super) outgoing: bool,
    /// Whether our owner rang, so that the peer needs no right to call for it, whichever side
    /// rings when it comes back.
    pub(super) ours: bool,
    /// Where it is carried; `None` between two connections, and while something else rings where it
    /// is to ring.
    pub(super) place: Option<(PeerId, CallId)>,
    /// When it counts as unanswered; `None` while it is live.
    pub(super) until: Option<Instant>,
    pub(super) past: Earlier,
    /// The run of the peer's station that it was live with.
    pub(super) station: Option<u64>,
    /// The peer's ring is answered without asking: by its rights, or since the owner asked for this
    /// very call, by answering a ring whose connection was just lost or by ringing at the same time
    /// as the peer.
    pub(super) agreed: bool,
    /// Whether it was let in by the right `view`.
    pub(super) served: bool,
    /// Whether the right `auto` answered it, and no person.
    pub(super) automatic: bool,
    /// Whether our owner is told of it: of every call but those for the door alone.
    pub(super) is_told: bool,
    /// Whether our owner was told that it began.
    pub(super) has_begun: bool,
    /// Whether clients of the HTTP door see its pictures.
    pub(super) for_door: bool,
    /// Counted by the pictures that our owner has while the door's clients see them too.
    pub(super) own_credits: Arc<()>,
    /// How the far camera is, as it was said last.
    pub(super) far_camera: Option<(CameraState, String)>,
    /// Whether a talk shows our camera.
    pub(super) shows: bool,
    /// Whether the owner records what comes in.
    pub(super) records: bool,
    /// Whether the far side was asked for statistics of its camera on this connection.
    pub(super) asked_for_stats: bool,
    /// Whether the far side wants statistics of ours, as it said on this connection.
    pub(super) far_wants_stats: bool,
    /// What the far side said of its camera and its recording, and is not told yet.
    pub(super) marks: PendingReports,
    /// Whether the owner was told last that the far side records.
    pub(super) far_records: bool,
}

/// What a call was before it was where it is now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Earlier {
    /// Nothing.
    Fresh,
    /// Live, on a connection that was replaced by another one; the owner is not told.
    Moved,
    /// Live, on a connection that was lost, as the owner knows.
    Interrupted,
}

impl Call {
    pub(super) fn new(peer: PeerName, key: PublicKey, kind: CallKind, until: Instant) -> Self {
        Self {
            peer,
            key,
            kind,
            outgoing: false,
            ours: false,
            place: None,
            until: Some(until),
            past: Earlier::Fresh,
            station: None,
            agreed: false,
            served: false,
            automatic: false,
            is_told: true,
            has_begun: false,
            for_door: false,
            own_credits: Arc::default(),
            far_camera: None,
            shows: false,
            records: false,
            asked_for_stats: false,
            far_wants_stats: false,
            marks: PendingReports::default(),
            far_records: false,
        }
    }

    pub(super) fn is_on(&self, link: PeerId) -> bool {
        self.place.is_some_and(|(on, _)| on == link)
    }

    pub(super) fn is_live(&self) -> bool {
        self.until.is_none()
    }

    /// Whether a peer with these rights may still have it.
    pub(super) fn is_allowed(&self, rights: Rights, policy: &Policy) -> bool {
        match self.served {
            _ if self.ours => true,
            true => policy.may_watch(rights),
            false => rights.call,
        }
    }

    pub(super) fn is_talk(&self) -> bool {
        self.kind == CallKind::Talk
    }

    /// Whether a person here is to answer it.
    pub(super) fn asks(&self) -> bool {
        !self.outgoing && !self.is_live() && self.past == Earlier::Fresh && !self.agreed
    }

    /// Whether the peer gets, or may get, pictures of ours.
    pub(super) fn sends(&self) -> bool {
        self.served || self.is_talk()
    }

    /// Whether the peer sees our camera.
    pub(super) fn is_shown(&self) -> bool {
        self.is_live() && (self.served || self.is_talk() && self.shows)
    }

    /// Takes the peer's ring, also if it comes by another connection than the one that is about to
    /// end.
    pub(super) fn answer(&mut self, out: &mut Context) {
        self.agreed = true;
        let Some((link, id)) = self.place else {
            return;
        };
        match out.with(link, |session| session.answer(id)) {
            Some(Ok(())) => self.started(out),
            Some(Err(error)) => {
                log::debug!("peer={} answering a call that is over: {error}", self.peer);
            }
            None => {}
        }
    }

    /// It is live.
    pub(super) fn started(&mut self, out: &mut Context) {
        let past = std::mem::replace(&mut self.past, Earlier::Fresh);
        // What was said by an earlier connection may not be so any more.
        self.marks = PendingReports::default();
        (self.asked_for_stats, self.far_wants_stats) = (false, false);
        (self.until, self.agreed) = (None, false);
        if past != Earlier::Moved {
            self.far_camera = None;
            if self.for_door {
                out.tell_starting(self.peer);
            }
        }
        if past != Earlier::Moved || !self.has_begun {
            self.tell_started(out);
        }
        // What changed while no connection carried it was not said.
        if self.records || past != Earlier::Fresh {
            self.mark_recording(out);
        }
    }

    pub(super) fn tell_started(&mut self, out: &mut Context) {
        if self.is_told {
            let resumed = std::mem::replace(&mut self.has_begun, true);
            out.notify(Notice::CallStarted {
                peer: self.peer,
                kind: self.kind,
                outgoing: self.outgoing,
                resumed,
            });
        }
    }

    /// Tells the far side whether we record.
    pub(super) fn mark_recording(&self, out: &mut Context) {
        if let Some((link, id)) = self.place.filter(|_| self.is_live())
            && let Some(Err(error)) = out.with(link, |session| session.recording(id, self.records))
        {
            log::debug!("peer={} telling of a recording: {error}", self.peer);
        }
    }

    /// Asks the far side for statistics of its camera, or no longer, if it does not know yet.
    pub(super) fn ask_for_stats(&mut self, on: bool, out: &mut Context) {
        if on == self.asked_for_stats || !self.is_live() || self.served {
            return;
        }
        let Some((link, id)) = self.place else {
            return;
        };
        let said = out.with(link, |session| session.want_stats(id, on));
        // While its queue is full, the far side is asked in a later turn.
        if !matches!(said, Some(Err(UsageError::Full { .. }))) {
            self.asked_for_stats = on;
            self.marks.stats = None;
        }
    }

    /// Its connection to that station is gone, and it is to come back on another one until then.
    pub(super) fn adrift(&mut self, station: Option<u64>, until: Instant) {
        (self.place, self.station) = (None, station);
        if self.is_live() {
            (self.past, self.until) = (Earlier::Moved, Some(until));
        }
    }

    /// There is no other connection to that station either.
    pub(super) fn interrupted(&mut self, why: &LinkEnd, out: &mut Context) {
        if self.past == Earlier::Moved {
            self.past = Earlier::Interrupted;
            if self.for_door {
                out.tell_away(self.peer, &why.to_string());
            }
            if self.is_told && self.has_begun {
                out.notify(Notice::CallInterrupted {
                    peer: self.peer,
                    kind: self.kind,
                    why: why.clone(),
                });
            }
        }
    }

    /// Ends it at the far side.
    pub(super) fn say_end(&self, reason: EndReason, text: &str, out: &mut Context) {
        if let Some((link, id)) = self.place
            && let Some(Err(error)) = out.with(link, |session| session.hang_up(id, reason, text))
        {
            log::debug!("peer={} ending a call that is over: {error}", self.peer);
        }
    }

    /// Tells the owner of its end, and the clients of the door.
    pub(super) fn ended(&self, reason: EndReason, text: impl Into<String>, out: &mut Context) {
        let text = text.into();
        if self.for_door {
            out.tell_call_end(self.peer, reason, &text);
        }
        self.tell_end(reason, text, out);
    }

    pub(super) fn tell_end(&self, reason: EndReason, text: impl Into<String>, out: &mut Context) {
        if self.is_told {
            out.notify(Notice::CallEnded {
                peer: self.peer,
                kind: self.kind,
                outgoing: self.outgoing,
                reason,
                text: text.into(),
            });
        }
    }
}
