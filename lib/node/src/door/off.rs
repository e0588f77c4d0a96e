//! The twin of the HTTP door in a build without the feature `http`: nobody looks there.

use std::time::Instant;

use transom_media::Picture;
use transom_wire::CameraState;

use crate::calls::Calls;
use crate::context::Context;
use crate::notice::HttpViewers;
use crate::settings::Settings;

pub(crate) struct HttpDoor;

impl HttpDoor {
    pub(crate) fn new(_: &Settings) -> Self {
        Self
    }

    pub(crate) fn begin(&self, _: &mut Context) {}

    pub(crate) fn turn(&mut self, _: Instant, calls: &mut Calls, _: &mut Context) {
        calls.set_door_viewers(0);
    }

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
}
