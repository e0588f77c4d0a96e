//! Calls whose pictures the clients of the HTTP door see: with a box that our owner watches too, it
//! is the same call, because a box gives each connection one place.

#[cfg(feature = "http")]
use transom_wire::Capabilities;
use transom_wire::{CallKind, EndReason, PeerName};

use super::Calls;
use super::call::Call;
use crate::context::Context;
#[cfg(feature = "http")]
use crate::links::Links;

impl Calls {
    /// Watches the camera of that peer for the door, by our owner's call with it if there is one.
    #[cfg(feature = "http")]
    pub(crate) fn ring_for_door(&mut self, peer: PeerName, links: &Links, out: &mut Context) {
        let watches = |call: &&mut Call| call.peer == peer && is_watch(call, links);
        if let Some(call) = self.calls.iter_mut().find(watches) {
            call.for_door = true;
            if let Some((state, words)) = &call.far_camera {
                out.tell_far_camera(peer, *state, words);
            }
            return;
        }
        let Some(key) = links.key_of(&peer) else {
            return;
        };
        let until = out.now() + self.policy.ring_timeout;
        let mut call = Call::new(peer, key, CallKind::View, until);
        (call.outgoing, call.ours) = (true, true);
        (call.is_told, call.for_door) = (false, true);
        self.calls.push(call);
        self.ring_waiting(links, out);
    }

    /// Shows the calls with such peers no longer at the door, and ends them unless our owner
    /// watches too.
    #[cfg(feature = "http")]
    pub(crate) fn leave_door_calls(
        &mut self,
        which: impl Fn(&PeerName) -> bool,
        out: &mut Context,
    ) {
        let is_left = |call: &mut Call| {
            let is_left = call.for_door && which(&call.peer);
            call.for_door &= !is_left;
            is_left && !call.is_told
        };
        for call in self.calls.extract_if(.., is_left) {
            call.say_end(EndReason::Chosen, "", out);
        }
    }

    /// Whether there is a call with that peer for the door, and whether it is live.
    #[cfg(feature = "http")]
    pub(crate) fn door_call(&self, peer: &PeerName) -> Option<bool> {
        let mut calls = self.calls.iter();
        let call = calls.find(|call| call.for_door && call.peer == *peer)?;
        Some(call.is_live())
    }

    /// Our owner calls a peer that is watched for the door alone: a box takes one call of each
    /// connection. The door then gets the pictures of the new one.
    pub(super) fn make_room_for(&mut self, peer: PeerName, kind: CallKind, out: &mut Context) {
        let is_in_the_way =
            |call: &mut Call| call.peer == peer && !call.is_told && call.kind != kind;
        for call in self.calls.extract_if(.., is_in_the_way) {
            call.say_end(EndReason::Chosen, "", out);
        }
    }

    /// Our owner hangs up: what clients of the door see goes on for them.
    pub(super) fn keep_for_door(&mut self, peer: &PeerName, out: &mut Context) {
        let is_shared = |call: &&mut Call| {
            call.peer == *peer && call.for_door && call.is_told && call.kind == CallKind::View
        };
        for call in self.calls.iter_mut().filter(is_shared) {
            if std::mem::take(&mut call.records) {
                call.mark_recording(out);
            }
            call.tell_end(EndReason::Chosen, "", out);
            (call.is_told, call.has_begun) = (false, false);
        }
    }
}

impl Call {
    /// Our owner wants what clients of the door see already.
    pub(super) fn adopt(&mut self, out: &mut Context) {
        if !std::mem::replace(&mut self.is_told, true) && self.is_live() {
            self.tell_started(out);
            self.marks.camera = self.marks.camera.take().or(self.far_camera.take());
        }
    }
}

/// Whether the call shows us the camera of a peer that lets us watch it. A person whom our owner
/// calls shows their face to our owner alone.
#[cfg(feature = "http")]
fn is_watch(call: &Call, links: &Links) -> bool {
    let is_box = || {
        let link = links.link_of(&call.peer).and_then(|link| links.link(link));
        link.is_some_and(|link| {
            let can = link.capabilities;
            can.contains(Capabilities::CAMERA) && !can.contains(Capabilities::CALLS)
        })
    };
    call.outgoing && (call.kind == CallKind::View || is_box())
}
