//! All calls and watches at once, those that ring, and those that were missed, and what the station
//! tells about them.

use std::collections::BTreeMap;
use std::time::Instant;

use transom::sounds::ToneKind;
use transom::{CallKind, CameraState, EndReason, Notice, Numbers, PeerName, PublicKey};

use crate::words;

use super::call::{Call, Stage};
use super::own::Own;
use super::pace::Sample;
use super::pictures::{Face, Kept, Preferences, Shown};
use super::{Action, Presence, State, Warning, name};

/// Missed calls that are listed; of a hundred from the same evening the last ones tell enough.
const MAX_MISSED: usize = 20;

/// Calls of every kind.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Each contact's one, oldest first: a place on the screen each.
    pub(crate) open: Vec<Call>,
    /// Who rings here, the oldest first.
    pub(crate) incoming: Vec<Incoming>,
    /// Who rang in vain, the newest first.
    pub(crate) missed: Vec<Missed>,
    /// Whose picture has the room of all.
    pub(crate) alone: Option<PeerName>,
    /// Our own camera.
    pub(crate) own: Own,
    /// The last numbers of each connection, while the overlay is open.
    pub(crate) numbers: BTreeMap<PeerName, Numbers>,
    /// The keys of those who were here, so that who rings is known for certain.
    keys: BTreeMap<PeerName, PublicKey>,
    /// Calls we ended whose end the station has yet to tell; it must not end a newer call with the
    /// same peer.
    pub(super) hung_up: Vec<PeerName>,
}

/// Somebody rings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Incoming {
    /// Who.
    pub(crate) peer: PeerName,
    /// What for.
    pub(crate) kind: CallKind,
    /// Its key, as it was checked.
    pub(crate) key: Option<PublicKey>,
}

/// Somebody rang in vain.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Missed {
    /// Who.
    pub(crate) peer: PeerName,
    /// What for.
    pub(crate) kind: CallKind,
    /// When.
    pub(crate) at: Instant,
}

/// What the machinery beside the window should be doing now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Duties {
    /// Ask the desktop for a look at the window.
    pub(crate) flash: bool,
    /// Play that through the loudspeaker.
    pub(crate) tone: Option<ToneKind>,
    /// Play our microphone to ourselves.
    pub(crate) hear_yourself: bool,
    /// Show our own camera to ourselves.
    pub(crate) preview: bool,
    /// Measure the connections.
    pub(crate) measure: bool,
    /// Let no more calls ring.
    pub(crate) busy: bool,
}

impl Calls {
    /// The call with that peer.
    pub(crate) fn of(&self, peer: PeerName) -> Option<&Call> {
        self.open.iter().find(|call| call.peer == peer)
    }

    /// Those with a place on the screen now.
    pub(crate) fn on_screen(&self) -> impl Iterator<Item = &Call> {
        let alone = self.alone.filter(|peer| self.of(*peer).is_some());
        self.open
            .iter()
            .filter(move |call| alone.is_none_or(|peer| call.peer == peer))
    }

    /// The call that keys are for: the only one on the screen, or the chosen contact's, or the
    /// first.
    pub(crate) fn in_hand(&self, chosen: Option<PeerName>) -> Option<&Call> {
        let mut shown = self.on_screen();
        let first = shown.next()?;
        if shown.next().is_none() {
            return Some(first);
        }
        chosen.and_then(|peer| self.of(peer)).or(Some(first))
    }

    /// Whether somebody is talked with, or called.
    pub(crate) fn talking(&self) -> bool {
        self.open
            .iter()
            .any(|call| call.is_talk() && call.is_open())
    }

    /// Whether the small picture of oneself has its place on the screen.
    pub(crate) fn sees_itself(&self) -> bool {
        if self.talking() {
            !self.own.hidden
        } else {
            self.own.open
        }
    }

    /// Whether our camera should give pictures to ourselves: never only because somebody rang.
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

    /// Everybody with a call here, or who rings.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerName> {
        let ringing = self.incoming.iter().map(|ring| ring.peer);
        self.open.iter().map(|call| call.peer).chain(ringing)
    }

    /// Whether the station has yet to tell the end of a call that we ended.
    pub(super) fn awaits_end(&self, peer: &PeerName) -> bool {
        self.hung_up.contains(peer)
    }

    /// Missed calls of that peer.
    pub(crate) fn missed_of(&self, peer: PeerName) -> usize {
        self.missed.iter().filter(|one| one.peer == peer).count()
    }

    /// Who was here, with which key.
    pub(super) fn know(&mut self, peer: PeerName, key: PublicKey) {
        self.keys.insert(peer, key);
    }

    pub(super) fn find(&mut self, peer: PeerName) -> Option<&mut Call> {
        self.open.iter_mut().find(|call| call.peer == peer)
    }

    /// A place for a call with that peer, instead of the one it had.
    pub(super) fn begin(&mut self, peer: PeerName, kind: CallKind, stage: Stage) {
        let call = Call::new(peer, kind, stage);
        match self.find(peer) {
            Some(old) => *old = call,
            None => self.open.push(call),
        }
    }

    fn miss(&mut self, ring: Incoming) {
        self.missed.truncate(MAX_MISSED - 1);
        let Incoming { peer, kind, .. } = ring;
        let at = Instant::now();
        self.missed.insert(0, Missed { peer, kind, at });
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
            Notice::CallInterrupted { peer, kind, why } => {
                self.with_call(peer, |call| {
                    if call.kind == kind {
                        call.stage = Stage::Interrupted(why);
                    }
                });
            }
            // Who watched us may still be in another call with us, which shows our camera.
            Notice::CallEnded {
                peer,
                kind: CallKind::View,
                outgoing: false,
                ..
            } => {
                self.sound.listeners.remove(&peer);
                self.unsay(&words::watches_you(&name(&peer)));
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
            Notice::Camera { state, text } => self.own_camera(state, text),
            Notice::Cameras { devices } => self.calls.own.devices = Some(devices),
            Notice::Measured { peer, numbers } if self.overlay => {
                self.calls.numbers.insert(peer, numbers);
            }
            _ => {}
        }
        Vec::new()
    }

    fn own_camera(&mut self, state: CameraState, text: String) {
        // Told also to somebody who put the own picture away.
        if let Some((CameraState::Lost, before)) = &self.calls.own.state {
            let line = words::with_words(words::CAMERA_LOST, before);
            self.unsay(&line);
        }
        if state == CameraState::Lost {
            self.status = words::with_words(words::CAMERA_LOST, &text);
        }
        self.calls.own.state = Some((state, text));
    }

    /// A peer is there: who was waited for is asked.
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

    /// Whether pictures of that face have a place here.
    pub(crate) fn sees(&self, face: Face) -> bool {
        match face {
            Face::Own => self.calls.previews(),
            Face::Peer(peer) => self.calls.of(peer).is_some(),
        }
    }

    /// Whether that picture has a place here: it is none of a call that ended.
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
            Face::Peer(peer) => self.calls.on_screen().any(|call| call.peer == peer),
        }
    }

    /// A picture or a film was written, or not.
    pub(crate) fn kept(&mut self, kept: Kept) -> Vec<Action> {
        let path = |path: &std::path::Path| words::line(&path.to_string_lossy()).into_owned();
        match kept {
            Kept::Snapshot(Ok(at)) => self.status = words::saved(&path(&at)),
            Kept::Snapshot(Err(why)) => self.warn(Warning::Trouble(why)),
            Kept::Film {
                peer,
                path: at,
                pictures,
                dropped,
                trouble,
            } => {
                if let Some(at) = at {
                    self.status = words::recorded(&path(&at), pictures, dropped);
                }
                if let Some(why) = trouble {
                    self.warn(Warning::Trouble(why));
                    return vec![Action::Record { peer, on: false }];
                }
            }
        }
        Vec::new()
    }

    /// What the machinery beside the window should be doing now.
    pub(crate) fn duties(&self) -> Duties {
        let rings = !self.calls.incoming.is_empty();
        let one_is_enough = !self.config.second_call && self.calls.talking();
        Duties {
            flash: rings,
            tone: self.tone(),
            hear_yourself: self.sound.hears_itself,
            preview: self.calls.previews(),
            measure: self.overlay,
            busy: self.config.do_not_disturb || one_is_enough,
        }
    }

    /// Somebody rings here, or we ring somebody.
    fn tone(&self) -> Option<ToneKind> {
        let is_rung = |call: &Call| call.rings_out && call.stage == Stage::Ringing;
        if !self.calls.incoming.is_empty() && self.config.bell {
            Some(ToneKind::Ring)
        } else if self.calls.open.iter().any(is_rung) {
            Some(ToneKind::RingBack)
        } else {
            None
        }
    }

    /// How one likes to see that peer, and be seen by it.
    pub(crate) fn preferences(&self, peer: PeerName) -> Preferences {
        self.config.preferences(&peer).unwrap_or_default()
    }

    pub(super) fn prefer(&mut self, peer: PeerName, change: impl FnOnce(&mut Preferences)) {
        let mut preferences = self.preferences(peer);
        change(&mut preferences);
        self.config.prefer(peer, preferences);
    }

    fn rung(&mut self, peer: PeerName, kind: CallKind) {
        // Both rang at once: the station makes one call of the two by itself.
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
        self.status = words::rings(&name(&peer));
    }

    /// That peer's ring is over, and so is the line that told of it.
    pub(super) fn stop_ringing(&mut self, peer: PeerName) -> Option<Incoming> {
        let at = self
            .calls
            .incoming
            .iter()
            .position(|one| one.peer == peer)?;
        self.unsay(&words::rings(&name(&peer)));
        Some(self.calls.incoming.remove(at))
    }

    fn call_started(&mut self, peer: PeerName, kind: CallKind, outgoing: bool) -> Vec<Action> {
        if kind == CallKind::View && !outgoing {
            self.status = words::watches_you(&name(&peer));
            return Vec::new();
        }
        // A call on the screen says so itself.
        self.unsay(&words::is_here(&name(&peer)));
        // What was to end before has ended: the station tells things in their order.
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
            // The station answered by the peer's right `auto`, which shows it our camera: that has
            // to be seen here.
            self.with_call(peer, |call| call.camera_on = true);
            self.status = words::taken(&name(&peer));
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
        self.unsay(&words::watches_you(&name(&peer)));
        self.unsay(&words::taken(&name(&peer)));
        if let Some(at) = self.calls.hung_up.iter().position(|one| *one == peer) {
            self.calls.hung_up.swap_remove(at);
            return Vec::new();
        }
        if let Some(ring) = self.stop_ringing(peer) {
            self.calls.miss(ring);
            return Vec::new();
        }
        self.calls.numbers.remove(&peer);
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
        if call.ended(reason, text, here) {
            actions.push(Action::Ring { peer, kind });
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

/// Our camera's state in a sentence; nothing while it gives pictures.
impl Calls {
    pub(crate) fn own_trouble(&self) -> Option<(&'static str, &str)> {
        let own = &self.own;
        match &own.state {
            _ if own.request.is_none() => Some((words::CHOSEN_NONE, "")),
            Some((CameraState::Lost, text)) => Some((words::CAMERA_LOST, text)),
            _ if !self.previews() => Some((words::CAMERA_IS_OFF, "")),
            Some((CameraState::Off, text)) => Some((words::CAMERA_IS_OFF, text)),
            _ if own.shown.is_none() => Some((words::CAMERA_OPENS, "")),
            _ => None,
        }
    }
}
