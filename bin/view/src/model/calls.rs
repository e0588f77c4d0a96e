//! All calls and watches at once, those that ring, and those that were missed, and what the station
//! tells about them.

use std::collections::BTreeMap;
use std::time::Duration;

use transom::media::Counts;
use transom::sounds::ToneKind;
use transom::{
    CallKind, CameraState, EndReason, FarCameraStats, Notice, Numbers, PeerName, PublicKey,
};

use super::bridge::OpenBridge;
use super::call::{Call, Stage};
use super::own::Own;
use super::pace::Sample;
use super::pictures::{Face, Kept, Preferences, Shown};
use super::{Action, News, Past, Presence, State, Warning};

/// Maximum number of missed calls in the list.
const MAX_MISSED: usize = 20;

/// Calls of every kind.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// At most one for each contact, oldest first; each has a place on the screen.
    pub(crate) open: Vec<Call>,
    /// Incoming calls that ring, oldest first.
    pub(crate) incoming: Vec<Incoming>,
    /// Whether the bell was silenced for the calls that ring now.
    pub(crate) is_silent: bool,
    /// Missed calls, newest first.
    pub(crate) missed: Vec<Missed>,
    /// Peers that watch our camera by their right to it.
    pub(crate) viewers: Vec<PeerName>,
    /// The camera that is shown alone among all cameras.
    pub(super) alone_peer: Option<PeerName>,
    /// Our own camera.
    pub(crate) own: Own,
    /// The last numbers of each connection, while the overlay is open.
    pub(crate) numbers: BTreeMap<PeerName, Numbers>,
    /// What each far camera said that it did, while the overlay is open.
    pub(crate) far_cameras: BTreeMap<PeerName, FarCamera>,
    /// Keys of peers that were connected: the key of a ringing peer comes from here.
    keys: BTreeMap<PeerName, PublicKey>,
    /// Calls we ended whose end the station has yet to tell; it must not end a newer call with the
    /// same peer.
    pub(super) hung_up: Vec<PeerName>,
}

/// An incoming call that rings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Incoming {
    /// Who.
    pub(crate) peer: PeerName,
    /// What for.
    pub(crate) kind: CallKind,
    /// Its key, as it was checked.
    pub(crate) key: Option<PublicKey>,
}

/// A missed call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Missed {
    /// Who.
    pub(crate) peer: PeerName,
    /// What for.
    pub(crate) kind: CallKind,
    /// When, since 1970.
    pub(crate) at: Duration,
    /// Whether the contact's page was opened since.
    pub(crate) is_seen: bool,
}

/// What a far camera said that it did since the overlay was opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FarCamera {
    first: Counts,
    pub(crate) newest: FarCameraStats,
}

impl FarCamera {
    /// Frames since the overlay was opened.
    pub(crate) fn counts(&self) -> Counts {
        self.newest.numbers.counts.since(&self.first)
    }
}

/// What engine and shell should be doing now.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Duties {
    /// Ask the desktop for attention to the window.
    pub(crate) flash: bool,
    /// Play that through the loudspeaker.
    pub(crate) tone: Option<ToneKind>,
    /// Play our microphone to ourselves.
    pub(crate) hear_yourself: bool,
    /// Show our own camera to ourselves.
    pub(crate) preview: bool,
    /// Look for stations nearby.
    pub(crate) nearby: bool,
    /// Measure the connections, and ask far cameras for their statistics.
    pub(crate) measure: bool,
    /// Refuse all calls.
    pub(crate) busy: bool,
    /// Show cameras to other programs of this computer.
    pub(crate) bridge: Option<OpenBridge>,
}

impl Calls {
    /// The call with that peer.
    pub(crate) fn of(&self, peer: PeerName) -> Option<&Call> {
        self.open.iter().find(|call| call.peer == peer)
    }

    /// The camera that is shown alone, while it is watched.
    pub(crate) fn alone(&self) -> Option<PeerName> {
        self.alone_peer.filter(|peer| self.of(*peer).is_some())
    }

    /// Whether a two-way call is open or being set up.
    pub(crate) fn talking(&self) -> bool {
        self.open
            .iter()
            .any(|call| call.is_talk() && call.is_open())
    }

    /// Whether the small picture of our own camera has its place on the screen.
    pub(crate) fn sees_itself(&self) -> bool {
        if self.talking() {
            !self.own.hidden
        } else {
            self.own.open
        }
    }

    /// Whether our camera runs for our own picture: an incoming call alone never starts it.
    pub(crate) fn previews(&self) -> bool {
        let shows = self.open.iter().any(|call| call.camera_on);
        self.own.request.is_some() && self.sees_itself() && (shows || self.own.open)
    }

    /// The last picture of our own camera is gone with the preview.
    pub(super) fn forget_preview(&mut self) {
        if !self.previews() {
            self.own.shown = None;
        }
    }

    /// All peers with a call or a ringing call.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerName> {
        let ringing = self.incoming.iter().map(|ring| ring.peer);
        self.open.iter().map(|call| call.peer).chain(ringing)
    }

    /// Whether the station has yet to tell the end of a call that we ended.
    pub(super) fn awaits_end(&self, peer: &PeerName) -> bool {
        self.hung_up.contains(peer)
    }

    /// Missed calls of that peer since its page was opened last.
    pub(crate) fn missed_of(&self, peer: PeerName) -> usize {
        let of_peer = self.missed.iter().filter(|one| one.peer == peer);
        of_peer.filter(|one| !one.is_seen).count()
    }

    /// The page of that peer was opened.
    pub(super) fn see_missed(&mut self, peer: PeerName) {
        for one in self.missed.iter_mut().filter(|one| one.peer == peer) {
            one.is_seen = true;
        }
    }

    /// Remembers the key of a connected peer.
    pub(super) fn know(&mut self, peer: PeerName, key: PublicKey) {
        self.keys.insert(peer, key);
    }

    pub(super) fn find(&mut self, peer: PeerName) -> Option<&mut Call> {
        self.open.iter_mut().find(|call| call.peer == peer)
    }

    /// A new call with that peer, in place of its older call.
    pub(super) fn begin(&mut self, peer: PeerName, kind: CallKind, stage: Stage) {
        let call = Call::new(peer, kind, stage);
        match self.find(peer) {
            Some(old) => *old = call,
            None => self.open.push(call),
        }
    }

    fn miss(&mut self, ring: Incoming, at: Duration) {
        self.missed.truncate(MAX_MISSED - 1);
        let missed = Missed {
            peer: ring.peer,
            kind: ring.kind,
            at,
            is_seen: false,
        };
        self.missed.insert(0, missed);
    }
}

/// What the station tells about calls.
impl State {
    pub(super) fn call_notice(&mut self, notice: Notice) -> Vec<Action> {
        match notice {
            Notice::Ringing { peer, kind } => self.rung(peer, kind),
            Notice::CallStarted {
                peer,
                kind,
                outgoing,
                ..
            } => return self.call_started(peer, kind, outgoing),
            Notice::CallInterrupted { peer, kind, .. } => {
                let now = self.now;
                self.with_call(peer, |call| {
                    if call.kind == kind {
                        call.stage = Stage::Interrupted(now);
                    }
                });
            }
            // The viewer may still be in another call with us that shows our camera.
            Notice::CallEnded {
                peer,
                kind: CallKind::View,
                outgoing: false,
                ..
            } => {
                self.sound.listeners.remove(&peer);
                self.calls.viewers.retain(|viewer| *viewer != peer);
                self.remember_past(peer, Past::SawCamera);
            }
            Notice::CallEnded {
                peer, reason, text, ..
            } => return self.call_ended(peer, reason, &text),
            Notice::FarCamera { peer, state, text } => {
                self.with_call(peer, |call| call.far_camera = Some((state, text)));
            }
            Notice::FarRecording { peer, on } => {
                self.with_call(peer, |call| call.far_recording = on);
            }
            Notice::Camera { state, text } => self.calls.own.state = Some((state, text)),
            Notice::Cameras { devices } => self.calls.own.devices = Some(devices),
            Notice::Measured { peer, numbers } if self.overlay => {
                self.calls.numbers.insert(peer, numbers);
            }
            Notice::FarCameraStats { peer, stats } if self.overlay => {
                let counts = stats.numbers.counts;
                let first = self.calls.far_cameras.get(&peer).map(|far| far.first);
                let (first, newest) = (first.unwrap_or(counts), *stats);
                self.calls
                    .far_cameras
                    .insert(peer, FarCamera { first, newest });
            }
            _ => {}
        }
        Vec::new()
    }

    /// A peer connected: a call that waited for the peer is asked for now.
    pub(super) fn call_joined(&mut self, peer: PeerName) -> Vec<Action> {
        match self.calls.find(peer) {
            Some(call) if call.stage == Stage::Waiting => {
                call.stage = Stage::Ringing;
                let kind = call.kind;
                vec![Action::Ring { peer, kind }]
            }
            _ => Vec::new(),
        }
    }

    /// A picture of that face is decoded.
    pub(crate) fn shown(&mut self, face: Face, shown: Shown) {
        match face {
            Face::Own => self.calls.own.shown = Some(shown.orientation),
            Face::Peer(peer) => self.with_call(peer, |call| call.show(shown)),
        }
    }

    /// A picture reached the screen.
    pub(crate) fn presented(&mut self, face: Face, sample: Sample) {
        if let Face::Peer(peer) = face {
            self.with_call(peer, |call| call.presented(sample));
        }
    }

    /// A picture could not be shown; the last good one stays.
    pub(crate) fn broken(&mut self, face: Face, why: String) {
        if let Face::Peer(peer) = face {
            self.with_call(peer, |call| call.break_one(why));
        }
    }

    /// Whether a call, or our preview, uses pictures of that face.
    pub(crate) fn sees(&self, face: Face) -> bool {
        match face {
            Face::Own => self.calls.previews(),
            Face::Peer(peer) => self.calls.of(peer).is_some(),
        }
    }

    /// Whether that picture belongs to an open call or to our preview.
    pub(crate) fn takes(&self, face: Face, shown: &Shown) -> bool {
        match face {
            Face::Own => self.calls.previews(),
            Face::Peer(peer) => self.calls.of(peer).is_some_and(|call| call.takes(shown)),
        }
    }

    /// Whether there is a picture of that face to be drawn.
    pub(crate) fn has_picture(&self, face: Face) -> bool {
        match face {
            Face::Own => self.calls.previews(),
            Face::Peer(peer) => self.calls.of(peer).is_some_and(|call| call.shown.is_some()),
        }
    }

    /// Whether pictures of that face are on the screen now.
    pub(crate) fn shows(&self, face: Face) -> bool {
        match face {
            Face::Own => self.calls.previews(),
            Face::Peer(peer) => self.on_screen().any(|call| call.peer == peer),
        }
    }

    /// A picture or a film was written, or not.
    pub(crate) fn kept(&mut self, kept: Kept) -> Vec<Action> {
        match kept {
            Kept::Snapshot(Ok(at)) => self.tell(News::Snapshot(at)),
            Kept::Snapshot(Err(why)) => self.warn(Warning::Trouble(why)),
            Kept::Film {
                peer,
                path,
                pictures,
                dropped,
                trouble,
            } => {
                if let Some(path) = path {
                    self.tell(News::Film {
                        path,
                        pictures,
                        dropped,
                    });
                }
                if let Some(why) = trouble {
                    self.warn(Warning::Trouble(why));
                    return vec![Action::Record { peer, on: false }];
                }
            }
        }
        Vec::new()
    }

    /// What engine and shell should be doing now.
    pub(crate) fn duties(&self) -> Duties {
        let rings = !self.calls.incoming.is_empty();
        let one_is_enough = !self.config.second_call && self.calls.talking();
        Duties {
            flash: rings,
            tone: self.tone(),
            hear_yourself: self.sound.hears_itself,
            preview: self.calls.previews(),
            nearby: self.looks_nearby(),
            measure: self.overlay,
            busy: self.config.do_not_disturb || one_is_enough,
            bridge: self.wanted_bridge(),
        }
    }

    /// The tone for incoming or outgoing ringing.
    fn tone(&self) -> Option<ToneKind> {
        let is_rung = |call: &Call| call.rings_out && call.stage == Stage::Ringing;
        if !self.calls.incoming.is_empty() && self.config.bell && !self.calls.is_silent {
            Some(ToneKind::Ring)
        } else if self.calls.open.iter().any(is_rung) {
            Some(ToneKind::RingBack)
        } else {
            None
        }
    }

    /// The user's preferences for that peer.
    pub(crate) fn preferences(&self, peer: PeerName) -> Preferences {
        self.config.preferences(&peer).unwrap_or_default()
    }

    pub(super) fn prefer(&mut self, peer: PeerName, change: impl FnOnce(&mut Preferences)) {
        let mut preferences = self.preferences(peer);
        change(&mut preferences);
        self.config.prefer(peer, preferences);
    }

    fn rung(&mut self, peer: PeerName, kind: CallKind) {
        // Both sides rang at once: the station merges the two calls.
        let both = self
            .calls
            .of(peer)
            .is_some_and(|call| call.is_talk() && call.stage == Stage::Ringing);
        let known = self.calls.incoming.iter().any(|ring| ring.peer == peer);
        if both || known {
            return;
        }
        let key = self.calls.keys.get(&peer).copied();
        self.calls.incoming.push(Incoming { peer, kind, key });
    }

    /// That peer's ring is over.
    pub(super) fn stop_ringing(&mut self, peer: PeerName) -> Option<Incoming> {
        let at = self
            .calls
            .incoming
            .iter()
            .position(|one| one.peer == peer)?;
        let ring = self.calls.incoming.remove(at);
        self.calls.is_silent &= !self.calls.incoming.is_empty();
        Some(ring)
    }

    fn call_started(&mut self, peer: PeerName, kind: CallKind, outgoing: bool) -> Vec<Action> {
        if kind == CallKind::View && !outgoing {
            if !self.calls.viewers.contains(&peer) {
                self.calls.viewers.push(peer);
            }
            return Vec::new();
        }
        // All earlier calls have ended: the station reports events in order.
        self.calls.hung_up.retain(|one| *one != peer);
        self.stop_ringing(peer);
        let awaited = self
            .calls
            .of(peer)
            .is_some_and(|call| call.is_open() && call.kind == kind);
        if !awaited {
            self.calls.begin(peer, kind, Stage::Ringing);
        }
        let (now, heard) = (self.now, self.hears(peer, kind));
        self.with_call(peer, |call| {
            call.started(kind, now);
            call.heard = heard;
        });
        if kind == CallKind::Talk && (awaited || outgoing) {
            self.sound.talks_with(peer);
        }
        if !awaited && !outgoing {
            self.remember_past(peer, Past::LetIn);
            // The station answered by the peer's right `auto`, which shows our camera: the user has
            // to see that.
            self.with_call(peer, |call| call.camera_on = true);
            // Its camera may have been watched without sound before.
            return vec![Action::Hear { peer, on: true }];
        }
        let on = self.calls.of(peer).is_some_and(|call| call.camera_on);
        if on {
            vec![Action::ShowCamera { peer, on }]
        } else {
            Vec::new()
        }
    }

    fn call_ended(&mut self, peer: PeerName, reason: EndReason, text: &str) -> Vec<Action> {
        if let Some(at) = self.calls.hung_up.iter().position(|one| *one == peer) {
            self.calls.hung_up.swap_remove(at);
            return Vec::new();
        }
        if let Some(ring) = self.stop_ringing(peer) {
            self.calls.miss(ring, self.now);
            self.remember_past(peer, Past::Missed);
            self.see_chosen();
            return Vec::new();
        }
        self.remember_call(peer);
        self.calls.numbers.remove(&peer);
        self.calls.far_cameras.remove(&peer);
        self.sound.forget(peer);
        let here = self.person(peer).presence == Presence::Here;
        let Some(call) = self.calls.find(peer) else {
            return Vec::new();
        };
        let kind = call.kind;
        let mut actions = Vec::new();
        if call.recording {
            actions.push(Action::Record { peer, on: false });
        }
        let was_live = call.since.is_some();
        if call.ended(reason, text, here) {
            actions.push(Action::Ring { peer, kind });
        }
        // A call that the peer hung up needs no explanation: the peer's page opens again.
        if was_live && call.is_talk() && reason == EndReason::Chosen {
            self.calls.open.retain(|call| call.peer != peer);
        }
        self.calls.forget_preview();
        actions
    }

    pub(super) fn with_call(&mut self, peer: PeerName, change: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls.find(peer) {
            change(call);
        }
    }
}

/// Why our camera shows us nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum OwnTrouble<'a> {
    /// We chose to have none.
    NoneChosen,
    /// It is not shown to anybody, or as the station says.
    Off(&'a str),
    /// It has yet to give its first picture.
    Opening,
    /// It gives none any more; why.
    Lost(&'a str),
}

impl Calls {
    /// Why our camera shows us nothing; `None` while it gives pictures.
    pub(crate) fn own_trouble(&self) -> Option<OwnTrouble<'_>> {
        let own = &self.own;
        match &own.state {
            _ if own.request.is_none() => Some(OwnTrouble::NoneChosen),
            Some((CameraState::Lost, text)) => Some(OwnTrouble::Lost(text)),
            _ if !self.previews() => Some(OwnTrouble::Off("")),
            Some((CameraState::Off, text)) => Some(OwnTrouble::Off(text)),
            _ if own.shown.is_none() => Some(OwnTrouble::Opening),
            _ => None,
        }
    }
}
