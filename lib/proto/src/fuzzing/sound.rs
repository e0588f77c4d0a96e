//! Sound before there is a verb for it.

use alloc::vec::Vec;

use transom_wire::{Header, Kind};

use crate::{CallId, Instant, Session};

/// Queues a frame of sound, of the kind that is reserved for it and that receivers skip.
pub fn queue_sound(session: &mut Session, call: CallId, captured: Instant, payload: &[u8]) {
    let header = Header {
        len: payload.len() as u32,
        kind: Kind::Sound.code(),
        flags: 0,
        stream: call.0,
    };
    let frame: Vec<u8> = [&header.encode()[..], payload].concat();
    session.output.sound.push(captured, frame);
}
