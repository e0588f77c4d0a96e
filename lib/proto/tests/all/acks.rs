//! Acks of a peer, honest and not: what they say is on the way, and what that lets us send.

use transom_proto::{Event, LeafData};
use transom_wire::limits::LEAF;
use transom_wire::{
    Ack, CallKind, Collision, Entry, EntryKind, Grant, Kind, Message, Offer, RelativePath, Ring,
    Shape, Start, TransferKey,
};

use crate::evil::Evil;
use crate::video::picture;

/// As much of a leaf as may go without an ack is on the way to the peer, and nothing else; gives how many bytes had
/// been sent before it.
fn leaf_on_the_way() -> (Evil, u64) {
    let mut evil = Evil::new();
    let size = LEAF as u64;
    let path = RelativePath::new("film").unwrap();
    let offer = Offer {
        transfer: TransferKey([1; 16]),
        shape: Shape::File,
        collision: Collision::Rename,
        files: 1,
        bytes: size,
        name: path,
    };
    let file = evil.session.offer(&offer).unwrap();
    evil.say(2, &Message::Accept).unwrap();
    evil.say(2, &Message::Grant(Grant { bytes: size })).unwrap();
    let (index, offset, kind) = (0, 0, EntryKind::File);
    let entry = Entry {
        index,
        kind,
        mode: 0,
        mtime: 0,
        size,
        path,
    };
    evil.session.entry(file, &entry).unwrap();
    let proof = [0; 32];
    let start = Start {
        index,
        offset,
        proof,
    };
    evil.say(2, &Message::Start(start)).unwrap();
    evil.heard();
    let before = evil.session.stats(evil.now).sent;
    evil.say(0, &ack(before)).unwrap();
    let (hash, bytes) = ([0; 32], vec![0; LEAF]);
    let leaf = LeafData {
        index,
        offset,
        hash,
        bytes,
    };
    evil.session.leaf(file, leaf).unwrap();
    evil.heard();
    (evil, before)
}

fn ack(received: u64) -> Message<'static> {
    Message::Ack(Ack { received, clock: 0 })
}

#[test]
fn file_data_acked_in_part_leave_the_gate_for_pictures_open() {
    let (evil, before) = leaf_on_the_way();
    let all = evil.session.stats(evil.now).sent - before;
    for part in [1, 100, 4_000, 4_256, 10_000, all / 2, all] {
        let (mut evil, before) = leaf_on_the_way();
        evil.say(0, &ack(before + part)).unwrap();
        let kind = CallKind::View;
        evil.say(1, &Message::Ring(Ring { kind })).unwrap();
        let Some(Event::Ringing { call, .. }) = evil.events().pop() else {
            panic!("no ring");
        };
        evil.session.answer(call).unwrap();
        evil.session.send_picture(call, picture(1, 1000)).unwrap();
        let heard = evil.heard();
        assert!(heard.contains(&(1, Kind::Picture)), "{part}: {heard:?}");
    }
}
