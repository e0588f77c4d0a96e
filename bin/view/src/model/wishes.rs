//! What the user asks for on calls and pictures, and what that changes.

use transom::{CallKind, PeerName};

use super::call::Stage;
use super::{Action, Dialog, Presence, State};

impl State {
    /// Applies an action on calls and pictures; other actions change nothing.
    pub(super) fn act_on_calls(&mut self, action: &Action) {
        match action {
            Action::Watch(peer) => self.start(*peer, CallKind::View),
            Action::Call(peer) => self.start(*peer, CallKind::Talk),
            Action::Answer { peer, camera } => self.answer(*peer, *camera),
            Action::Decline(peer) => {
                self.stop_ringing(*peer);
                self.calls.hung_up.push(*peer);
            }
            Action::HangUp(peer) => self.hang_up(*peer),
            Action::ShowCamera { peer, on } => self.show_camera(*peer, *on),
            Action::Prefer { peer, preferences } => {
                self.prefer(*peer, |kept| *kept = *preferences);
            }
            Action::Alone(peer) => self.calls.alone_peer = *peer,
            Action::SetCamera(request) => {
                let both = request.as_ref().zip(self.calls.own.request.as_ref());
                // Another size of a camera that only the command line named is not a choice of that
                // camera.
                if !both.is_some_and(|(new, old)| new.source == old.source && new.size != old.size)
                {
                    self.config.choose_source(request.as_ref());
                }
                self.config.choose_size(request.as_ref());
                self.calls.own.request.clone_from(request);
                self.calls.own.state = None;
                self.calls.own.shown = None;
            }
            Action::ListCameras => self.calls.own.devices = None,
            Action::ShowOwn(on) if self.calls.talking() => self.calls.own.hidden = !on,
            Action::ShowOwn(on) => self.calls.own.open = *on,
            Action::MoveOwn(corner) => self.calls.own.corner = *corner,
            Action::Record { peer, on } => self.with_call(*peer, |call| call.recording = *on),
            Action::Overlay(on) => {
                self.overlay = *on;
                self.calls.numbers.clear();
                self.calls.far_cameras.clear();
            }
            Action::Silence => self.calls.is_silent = !self.calls.incoming.is_empty(),
            Action::Back
            | Action::Cameras(_)
            | Action::Select(_)
            | Action::ShowChat(_)
            | Action::ShowList(_) => {
                self.act_on_view(action);
            }
            Action::EndPairing | Action::EnterCode(_) | Action::ShowCode(_) => {
                self.act_on_pairing(action);
            }
            other => self.act_on_sound(other),
        }
        self.calls.forget_preview();
    }

    fn start(&mut self, peer: PeerName, kind: CallKind) {
        self.choose(peer);
        let here = self.person(peer).presence == Presence::Here;
        let stage = match here {
            true => Stage::Ringing,
            false => Stage::Waiting,
        };
        self.begin(peer, kind, stage);
        if self.calls.alone_peer.is_some() {
            self.calls.alone_peer = Some(peer);
        }
    }

    /// The action for a request from outside the window: an open call goes on.
    pub(crate) fn wanted(&self, peer: PeerName, kind: CallKind) -> Action {
        match (self.calls.of(peer), kind) {
            (Some(call), _) if call.is_open() => Action::Choose(peer),
            (_, CallKind::View) => Action::Watch(peer),
            _ => Action::Call(peer),
        }
    }

    /// Watches or rings that peer as soon as it is connected.
    pub(crate) fn expect(&mut self, peer: PeerName, kind: CallKind) {
        self.choose(peer);
        self.begin(peer, kind, Stage::Waiting);
        let watched = self.calls.open.iter().filter(|call| !call.is_talk());
        self.view.cameras = kind == CallKind::View && watched.count() > 1;
    }

    /// A call from us, with our camera as it was with that peer.
    fn begin(&mut self, peer: PeerName, kind: CallKind, stage: Stage) {
        let was_on = self.config.camera_as_before && self.preferences(peer).camera_on;
        let camera_on = kind == CallKind::Talk && was_on;
        self.calls.begin(peer, kind, stage);
        self.with_call(peer, |call| {
            call.camera_on = camera_on;
            call.rings_out = kind == CallKind::Talk;
        });
    }

    fn answer(&mut self, peer: PeerName, camera: bool) {
        let Some(ring) = self.stop_ringing(peer) else {
            return;
        };
        // It would cover the picture.
        self.dialog
            .take_if(|dialog| matches!(dialog, Dialog::Connected(_)));
        self.choose(peer);
        self.calls.begin(peer, ring.kind, Stage::Ringing);
        self.prefer(peer, |kept| kept.camera_on = camera);
        self.with_call(peer, |call| call.camera_on = camera);
    }

    /// A contact was removed.
    pub(super) fn forget_calls(&mut self, peer: PeerName) {
        self.hang_up(peer);
        self.stop_ringing(peer);
        self.calls.missed.retain(|one| one.peer != peer);
    }

    /// Remembers a changed preference; an unchanged one is not written.
    fn show_camera(&mut self, peer: PeerName, on: bool) {
        let Some(call) = self.calls.find(peer).filter(|call| call.camera_on != on) else {
            return;
        };
        call.camera_on = on;
        self.prefer(peer, |kept| kept.camera_on = on);
    }

    pub(super) fn hang_up(&mut self, peer: PeerName) {
        let Some(at) = self.calls.open.iter().position(|call| call.peer == peer) else {
            return;
        };
        self.remember_call(peer);
        self.sound.forget(peer);
        if self.calls.open.remove(at).is_open() {
            self.calls.hung_up.push(peer);
        }
        if self.calls.alone_peer == Some(peer) {
            self.calls.alone_peer = None;
        }
        if self.calls.open.is_empty() {
            self.fullscreen = false;
        }
    }
}
