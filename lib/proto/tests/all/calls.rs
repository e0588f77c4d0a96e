//! Calls: ringing, answering, glare, and pictures.

use std::sync::Arc;
use std::time::Duration;

use transom_proto::fuzzing::{Pair, Route, Who};
use transom_proto::{CallId, Event, Picture, Queued};
use transom_wire::{CallKind, Codec, EndReason, Orientation, PictureHead};

pub(crate) const TICK: Duration = Duration::from_millis(5);

pub(crate) fn picture(sequence: u32, bytes: usize) -> Picture {
    let head = PictureHead {
        sequence,
        captured: 0,
        ready_after: 0,
        width: 640,
        height: 480,
        orientation: Orientation::Upright,
        codec: Codec::Jpeg,
        total: 0,
    };
    Picture {
        head,
        bytes: Arc::from(vec![sequence as u8; bytes]),
    }
}

/// Ann watches Bob's camera.
pub(crate) fn watching(route: Route) -> (Pair, CallId) {
    let mut pair = Pair::new(route);
    let call = pair.session(Who::Ann).ring(CallKind::View).unwrap();
    pair.run(TICK * 20, |pair, who, event| {
        if let (Who::Bob, Event::Ringing { call, kind }) = (who, &event) {
            assert_eq!(*kind, CallKind::View);
            pair.session(Who::Bob).answer(*call).unwrap();
        }
    });
    (pair, call)
}

#[test]
fn a_picture_crosses() {
    let (mut pair, call) = watching(Route::IDEAL);
    let queued = pair
        .session(Who::Bob)
        .send_picture(call, picture(1, 100_000));
    assert_eq!(queued, Ok(Queued::Fresh));
    let events = pair.events(TICK);
    let [(Who::Ann, Event::Picture { picture, .. })] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(picture.bytes, vec![1; 100_000]);
    assert_eq!(picture.head.total, 100_000);
}

#[test]
fn hanging_up_reaches_the_other() {
    let (mut pair, call) = watching(Route::IDEAL);
    pair.session(Who::Bob)
        .hang_up(call, EndReason::Chosen, "bye")
        .unwrap();
    let events = pair.events(TICK);
    let text = "bye".into();
    assert_eq!(
        events,
        [(
            Who::Ann,
            Event::HungUp {
                call,
                reason: EndReason::Chosen,
                text
            }
        )]
    );
    assert!(!pair.session(Who::Ann).is_live() && !pair.session(Who::Bob).is_live());
}
