//! Pictures that come in, and the credit that goes back for each.

use std::sync::Arc;
use std::time::Duration;

use transom_net::PeerId;
use transom_proto::{CallId, Instant, ReceivedPicture};
use transom_wire::{Codec, Orientation, PictureHead, limits};

use super::Calls;
use super::call::Call;
use crate::context::Context;
use crate::handle::Credit;
use crate::latency::Stages;
use crate::notice::{Held, Notice, RemotePicture, Timing};

impl Calls {
    /// The owner has shown or dropped a picture.
    pub(crate) fn shown(&self, link: PeerId, call: CallId, sequence: u32, out: &mut Context) {
        let now = out.net.now();
        if let Some(Err(error)) = out.with(link, |session| session.shown(call, sequence, now)) {
            log::debug!("credit of picture {sequence}: {error}");
        }
    }
}

pub(super) fn arrived(
    (link, id): (PeerId, CallId),
    call: &Call,
    picture: ReceivedPicture,
    out: &mut Context,
) {
    let ReceivedPicture {
        head,
        bytes,
        received,
    } = picture;
    let credit = Credit {
        queue: out.queue.clone(),
        link,
        call: id,
        sequence: head.sequence,
        captured: head.captured,
    };
    if call.served {
        return; // A box shows no pictures; the credit goes back at once.
    }
    if head.codec != Codec::Jpeg {
        log::debug!("{link}: a picture of codec {:?} can't be shown", head.codec);
        return;
    }
    let timing = Timing {
        received: out.net.instant(received),
        stages: stages(link, &head, received, out),
        sent_after: Duration::from_micros(head.sent_after.into()),
    };
    let mut picture = RemotePicture {
        jpeg: bytes,
        width: head.width,
        height: head.height,
        orientation: match head.orientation {
            Orientation::Unknown(_) => Orientation::Upright.code(),
            known => known.code(),
        },
        sequence: head.sequence,
        timing,
        _held: Held::Credit(credit),
    };
    let peer = call.peer;
    if call.for_door {
        // Only an owner who is told of the call reads the bytes as well.
        let jpeg = match call.is_told {
            true => picture.jpeg.clone(),
            false => std::mem::take(&mut picture.jpeg),
        };
        out.show_remote(peer, &picture, Arc::new(jpeg));
        // The network sets the pace: a window that is behind does not hold up the door's clients.
        if Arc::strong_count(&call.places) > limits::PICTURE_CREDIT as usize {
            return;
        }
        picture._held = Held::Place(call.places.clone());
    }
    if call.is_told {
        out.notify(Notice::Picture { peer, picture });
    }
}

fn stages(link: PeerId, head: &PictureHead, received: Instant, out: &mut Context) -> Stages {
    let stages = Stages::of_sender(head);
    let sent = head.captured.wrapping_add(head.sent_after.into());
    let crossing = out.with(link, |session| {
        Some((session.to_local(sent)?, session.stats(received).min_rtt?))
    });
    match crossing.flatten() {
        Some((sent, min_rtt)) => stages.crossed(sent, received, min_rtt),
        None => stages,
    }
}
