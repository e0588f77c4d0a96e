//! Acks of a peer, honest and not: what is in flight by them, and what that lets us send.

use transom_wire::{Ack, Kind, Message};

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

/// Bytes that may be on the way when a picture is sent before anything was measured, and the least
/// of a picture that is worth a record.
const MEDIA: u64 = 32 * 1024;
const SEGMENT: u64 = 1448;

#[test]
fn file_data_on_the_way_hold_pictures_back_until_they_drain() {
    let (evil, before) = leaf_in_flight();
    let all = evil.connection.session.stats(evil.now).sent - before;
    let opens = all + SEGMENT - MEDIA;
    for part in [1, opens / 2, opens - 100, opens, opens + 100, all / 2, all] {
        let (mut evil, before) = leaf_in_flight();
        evil.say(0, &ack(before + part)).unwrap();
        let call = evil.view();
        evil.connection
            .session
            .send_picture(call, picture(1, 1000))
            .unwrap();
        let heard = evil.heard();
        // The answer is on the way too.
        let goes = part > opens;
        assert_eq!(heard.contains(&(1, Kind::Picture)), goes, "{part} of {all}");
    }
}
