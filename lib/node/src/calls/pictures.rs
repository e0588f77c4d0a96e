//! Pictures that come in, and the credit that goes back for each.

use std::sync::Arc;
use std::time::Duration;

use transom_media::Picture;
use transom_net::PeerId;
use transom_proto::{CallId, Instant, ReceivedPicture};
use transom_wire::{Codec, Orientation, PictureHead, limits};

use super::call::Call;
use crate::context::Context;
use crate::handle::{Credit, CreditKind};
use crate::latency::Stages;
use crate::notice::{Notice, RemotePicture, Timing};

impl Context {
    /// Returns the credit of a picture to its sender.
    pub(crate) fn return_credit(&mut self, (link, call): (PeerId, CallId), sequence: u32) {
        let now = self.net.now();
        if let Some(Err(error)) = self.with(link, |session| session.shown(call, sequence, now)) {
            log::debug!("{link} credit of picture {sequence}: {error}");
        }
    }
}

pub(super) fn arrived(
    place: (PeerId, CallId),
    call: &Call,
    picture: ReceivedPicture,
    out: &mut Context,
) {
    let ReceivedPicture {
        head,
        bytes,
        received,
    } = picture;
    let (peer, (link, id)) = (call.peer, place);
    if call.served {
        // A box shows no pictures.
        return out.return_credit(place, head.sequence);
    }
    if head.codec != Codec::Jpeg {
        log::debug!("{link}: a picture of codec {:?} can't be shown", head.codec);
        return out.return_credit(place, head.sequence);
    }
    let timing = Timing {
        received: out.net.instant(received),
        stages: stages(link, &head, received, out),
        sent_after: Duration::from_micros(head.sent_after.into()),
    };
    let picture = Picture {
        jpeg: Arc::new(bytes),
        width: head.width,
        height: head.height,
        orientation: match head.orientation {
            Orientation::Unknown(_) => Orientation::Upright.code(),
            known => known.code(),
        },
        sequence: head.sequence,
        captured: timing.captured(),
        acquired: timing.received,
        ready: timing.received,
    };
    let mut kind = CreditKind::Far(head.sequence);
    if call.for_door {
        // A client would take a picture of the past, as a lost camera's viewers get it once, for
        // the present.
        if !timing.is_past() {
            out.show_remote(peer, &picture);
        }
        // The network sets the pace: a window that is behind does not hold up the door's clients.
        out.return_credit(place, head.sequence);
        let is_behind = Arc::strong_count(&call.own_credits) > limits::PICTURE_CREDIT as usize;
        if is_behind || !call.is_told {
            return;
        }
        kind = CreditKind::Own(call.own_credits.clone());
    }
    let credit = Credit {
        queue: out.queue.clone(),
        link,
        call: id,
        kind,
        captured: head.captured,
    };
    let picture = RemotePicture {
        jpeg: picture.jpeg,
        width: picture.width,
        height: picture.height,
        orientation: picture.orientation,
        sequence: picture.sequence,
        timing,
        _credit: credit,
    };
    out.notify(Notice::Picture { peer, picture });
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
