//! Pictures that come in, and the credit that goes back for each.

use std::time::Duration;

use transom_net::PeerId;
use transom_proto::{CallId, ReceivedPicture};
use transom_wire::{Codec, Orientation};

use super::Calls;
use super::call::Call;
use crate::context::Context;
use crate::handle::Credit;
use crate::notice::{Notice, RemotePicture, Timing};

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
    };
    if call.served {
        return; // A box has nobody to show it to; the credit goes back at once.
    }
    if head.codec != Codec::Jpeg {
        log::debug!("{link}: a picture of codec {:?} can't be shown", head.codec);
        return;
    }
    let mut local = |clock| {
        out.net
            .session(link)
            .and_then(|session| session.to_local(clock))
    };
    let captured = local(head.captured);
    let ready = captured.map(|at| at + Duration::from_micros(u64::from(head.ready_after)));
    let timing = Timing {
        captured: captured.map(|at| out.net.instant(at)),
        ready: ready.map(|at| out.net.instant(at)),
        received: out.net.instant(received),
    };
    let picture = RemotePicture {
        jpeg: bytes,
        width: head.width,
        height: head.height,
        orientation: match head.orientation {
            Orientation::Unknown(_) => Orientation::Upright.code(),
            known => known.code(),
        },
        sequence: head.sequence,
        timing,
        _credit: credit,
    };
    let peer = call.peer;
    out.notify(Notice::Picture { peer, picture });
}
