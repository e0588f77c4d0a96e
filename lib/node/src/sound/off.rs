//! The twin of the room of sound in a build without the feature `sound`: nothing is sent, taken or
//! said of it.

use std::time::Instant;

use transom_net::PeerId;
use transom_proto::{CallEvent, CallId};
use transom_wire::Capabilities;

use crate::calls::Calls;
use crate::context::Context;
use crate::links::Links;
use crate::notice::Numbers;

pub(crate) fn capabilities() -> Capabilities {
    Capabilities::NONE
}

#[derive(Debug, Default)]
pub(crate) struct Sound;

impl Sound {
    pub(crate) fn due(&self, _: &Context) -> Option<Instant> {
        None
    }

    pub(crate) fn turn(&mut self, _: &Links, _: &Calls, _: &mut Context) {}

    /// Its session lets no sound in: the peer was told that we take none.
    pub(crate) fn handle(
        &mut self,
        _: (PeerId, CallId),
        _: CallEvent,
        _: &Links,
        _: &Calls,
        _: &mut Context,
    ) {
    }

    pub(crate) fn add_numbers(&self, _: PeerId, _: &mut Numbers, _: &mut Context) {}

    pub(crate) fn shown(&mut self, _: (PeerId, CallId), _: u64, _: Instant) {}
}
