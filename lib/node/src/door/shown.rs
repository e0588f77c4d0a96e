//! What the parts of a station tell the clients of the door: pictures and states of our camera, and
//! of those of peers.

use std::collections::BTreeSet;

use transom_media::Picture;
use transom_net::door::{self, Door, SourceId, SourceState};
use transom_wire::{CameraState, EndReason, PeerName};

use super::HttpSource;
use crate::context::Context;

/// The cameras of the door, by their places in it.
#[derive(Debug, Default)]
pub(crate) struct DoorSources {
    sources: Vec<HttpSource>,
    /// The peers that ended their call for the door since the last turn.
    refusals: BTreeSet<PeerName>,
}

impl DoorSources {
    pub(super) fn new(sources: Vec<HttpSource>) -> Self {
        Self {
            sources,
            refusals: BTreeSet::new(),
        }
    }

    /// Whether that peer ended its call since the last question.
    pub(super) fn take_refusal(&mut self, peer: &PeerName) -> bool {
        self.refusals.remove(peer)
    }

    pub(super) fn has_own(&self) -> bool {
        self.sources.contains(&HttpSource::Own)
    }

    /// The peers whose cameras are shown.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerName> {
        self.sources.iter().filter_map(|source| match source {
            HttpSource::Own => None,
            HttpSource::Peer(peer) => Some(*peer),
        })
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = SourceId> + use<> {
        (0..self.sources.len()).map(SourceId)
    }

    fn id(&self, source: HttpSource) -> Option<SourceId> {
        self.sources
            .iter()
            .position(|it| *it == source)
            .map(SourceId)
    }
}

impl Context {
    /// Whether a client of the door listens to any camera.
    pub(super) fn has_http_listeners(&mut self) -> bool {
        let mut cameras = self.door_sources.ids();
        let door = self.net.door();
        door.is_some_and(|(door, _)| cameras.any(|camera| door.listeners(camera) > 0))
    }

    /// Clients of the door that look at our camera.
    pub(crate) fn door_viewers(&mut self) -> usize {
        self.viewers_of(HttpSource::Own)
    }

    pub(super) fn viewers_of(&mut self, source: HttpSource) -> usize {
        self.with_source(source, |door, id| door.viewers(id))
            .unwrap_or(0)
    }

    pub(super) fn rename_at_door(&mut self, name: PeerName) {
        let name = name.to_string();
        self.with_source(HttpSource::Own, |door, id| door.rename(id, &name));
    }

    /// Shows a picture of our camera to the clients of the door.
    pub(crate) fn show_at_door(&mut self, picture: &Picture) {
        self.show(HttpSource::Own, picture);
    }

    /// Tells the door whether our camera has a microphone; gives back whether clients listen to it.
    #[cfg(feature = "sound")]
    pub(crate) fn door_listens(&mut self, has_sound: bool) -> bool {
        let listens = self.with_source(HttpSource::Own, |door, id| {
            door.set_sound(id, has_sound);
            door.listeners(id) > 0
        });
        has_sound && listens.unwrap_or(false)
    }

    /// Gives sound of our microphone to the clients of the door that listen.
    #[cfg(feature = "sound")]
    pub(crate) fn hear_at_door(&mut self, samples: &[u8]) {
        self.with_source(HttpSource::Own, |door, id| door.push_sound(id, samples));
    }

    /// Tells the clients of the door of our camera's state. That it is live the pictures say.
    pub(crate) fn tell_door(&mut self, state: CameraState, has_camera: bool, words: &str) {
        let state = match state {
            CameraState::Live => return,
            CameraState::Lost => SourceState::Lost,
            _ if has_camera => SourceState::Starting,
            _ => SourceState::Off,
        };
        self.with_source(HttpSource::Own, |door, id| door.set_state(id, state, words));
    }

    /// Shows a picture of a peer's camera to the clients of the door, without a look into it.
    pub(crate) fn show_remote(&mut self, peer: PeerName, picture: &Picture) {
        self.show(HttpSource::Peer(peer), picture);
    }

    /// Tells the clients of the door how the far camera says that it is.
    pub(crate) fn tell_far_camera(&mut self, peer: PeerName, state: CameraState, words: &str) {
        let state = match state {
            CameraState::Lost => SourceState::Lost,
            CameraState::Off => SourceState::Off,
            CameraState::Opening => SourceState::Starting,
            // That it is live the pictures say.
            _ => return,
        };
        self.tell_remote(peer, state, words);
    }

    /// Tells the clients of the door why the far side ended their call, which is not rung again at
    /// once.
    pub(crate) fn tell_call_end(&mut self, peer: PeerName, reason: EndReason, text: &str) {
        let (state, words) = match reason {
            EndReason::Leaving | EndReason::Unanswered => (SourceState::Away, ""),
            EndReason::Busy => (SourceState::Refused, "it is busy"),
            EndReason::Forbidden => (SourceState::Refused, "it is not allowed"),
            EndReason::NoCamera => (SourceState::Refused, "it has no camera"),
            EndReason::Unsupported => (SourceState::Refused, "its version can't do it"),
            _ => (SourceState::Refused, "it ended the call"),
        };
        let words = if text.is_empty() { words } else { text };
        if self.door_sources.id(HttpSource::Peer(peer)).is_some() {
            self.door_sources.refusals.insert(peer);
        }
        self.tell_remote(peer, state, words);
    }

    /// Tells the clients of the door that the connection to the camera of that peer was lost.
    pub(crate) fn tell_away(&mut self, peer: PeerName, words: &str) {
        self.tell_remote(peer, SourceState::Away, words);
    }

    /// Tells the clients of the door that pictures of that peer are to come.
    pub(crate) fn tell_starting(&mut self, peer: PeerName) {
        self.tell_remote(peer, SourceState::Starting, "");
    }

    pub(super) fn state_of(&mut self, peer: PeerName) -> Option<SourceState> {
        self.with_source(HttpSource::Peer(peer), |door, id| door.state(id))?
    }

    fn tell_remote(&mut self, peer: PeerName, state: SourceState, words: &str) {
        let source = HttpSource::Peer(peer);
        self.with_source(source, |door, id| door.set_state(id, state, words));
    }

    fn show(&mut self, source: HttpSource, picture: &Picture) {
        let picture = door::Picture {
            jpeg: &picture.jpeg,
            size: (picture.width, picture.height),
            orientation: picture.orientation,
            captured: picture.captured,
        };
        if let Some(id) = self.door_sources.id(source)
            && let Some((door, now)) = self.net.door()
        {
            door.show(id, picture, now);
        }
    }

    fn with_source<T>(
        &mut self,
        source: HttpSource,
        act: impl FnOnce(&mut Door, SourceId) -> T,
    ) -> Option<T> {
        let id = self.door_sources.id(source)?;
        let (door, _) = self.net.door()?;
        Some(act(door, id))
    }
}
