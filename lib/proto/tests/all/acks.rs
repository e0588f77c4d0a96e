//! Acks of a peer, honest and not: what is in flight by them, and what that lets us send.

use transom_proto::{CallEvent, Event};
use transom_wire::{Ack, CallKind, Kind, Message, Ring};

use crate::evil::Evil;
use crate::video::picture;

/// As much of a leaf as may go without an ack is in flight, and nothing else; gives
/// how many bytes had been sent before it.
fn leaf_in_flight() -> (Evil, u64) {
    let mut evil = Evil::with_leaf();
    let before = evil.connection.session.stats(evil.now).sent;
    evil.heard();
    (evil, before)
}

fn ack(received: u64) -> Message<'static> {
    Message::Ack(Ack { received, clock: 0 })
}

#[test]
fn file_data_acked_in_part_leave_the_gate_for_pictures_open() {
    let (evil, before) = leaf_in_flight();
    let all = evil.connection.session.stats(evil.now).sent - before;
    for part in [1, 100, 4_000, 4_256, 10_000, all / 2, all] {
        let (mut evil, before) = leaf_in_flight();
        evil.say(0, &ack(before + part)).unwrap();
        let kind = CallKind::View;
        evil.say(1, &Message::Ring(Ring { kind })).unwrap();
        let Some(Event::Call(call, CallEvent::Ringing(_))) = evil.events().pop() else {
            panic!("no ring");
        };
        evil.connection.session.answer(call).unwrap();
        evil.connection
            .session
            .send_picture(call, picture(1, 1000))
            .unwrap();
        let heard = evil.heard();
        assert!(heard.contains(&(1, Kind::Picture)), "{part}: {heard:?}");
    }
}
