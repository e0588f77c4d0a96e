//! The twin of the HTTP door in a build without the feature `http`: nobody looks there.

use std::time::Instant;

use transom_media::Picture;
use transom_wire::{CameraState, EndReason, PeerName};

use crate::calls::Calls;
use crate::context::Context;
use crate::links::Links;
use crate::notice::{HttpViewers, Notice};
use crate::settings::Settings;

pub(crate) struct HttpDoor;

impl HttpDoor {
    pub(crate) fn new(_: &mut Settings) -> Self {
        Self
    }

    pub(crate) fn begin(&mut self, _: &mut Context) {}

    pub(crate) fn turn(&mut self, _: Instant, _: &Links, _: &mut Calls, _: &mut Context) {}

    pub(crate) fn reachable_port(&self) -> Option<u16> {
        None
    }

    pub(crate) fn note(&self, _: &Notice, _: &Links, _: &mut Context) {}

    pub(crate) fn due(&self) -> Option<Instant> {
        None
    }
}

impl Context {
    pub(crate) fn door_viewers(&mut self) -> usize {
        0
    }

    pub(crate) fn http_viewers(&mut self) -> HttpViewers {
        HttpViewers::default()
    }

    pub(crate) fn show_at_door(&mut self, _: &Picture) {}

    #[cfg(feature = "sound")]
    pub(crate) fn door_listens(&mut self, _: bool) -> bool {
        false
    }

    #[cfg(feature = "sound")]
    pub(crate) fn hear_at_door(&mut self, _: &[u8]) {}

    pub(crate) fn tell_door(&mut self, _: CameraState, _: bool, _: &str) {}

    pub(crate) fn show_remote(&mut self, _: PeerName, _: &Picture) {}

    pub(crate) fn tell_far_camera(&mut self, _: PeerName, _: CameraState, _: &str) {}

    pub(crate) fn tell_call_end(&mut self, _: PeerName, _: EndReason, _: &str) {}

    pub(crate) fn tell_away(&mut self, _: PeerName, _: &str) {}

    pub(crate) fn tell_starting(&mut self, _: PeerName) {}
}
