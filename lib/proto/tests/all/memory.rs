//! What a session keeps in memory, and that its stats tell it.

use transom_proto::{Config, Event, LeafData, TransferEvent, TransferId};
use transom_wire::limits::LEAF;
use transom_wire::{Leaf, LeafContent, Message, RefuseReason, Shape};

use crate::evil::Evil;
use crate::messages::{entry, offer, start};

/// One leaf of a file of its own comes in for each of so many transfers; gives them and the leaves.
fn receive_leaves(evil: &mut Evil, transfers: u16) -> Vec<(TransferId, LeafData)> {
    let size = 2 * LEAF as u64;
    let mut leaves = Vec::new();
    for number in 0..transfers {
        let stream = 2 * number + 1;
        let offer = offer(Shape::File, 1, size);
        evil.say(stream, &Message::Offer(offer)).unwrap();
        let file = offered(evil);
        evil.connection.session.accept(file, 0).unwrap();
        let entry = entry(0, size);
        evil.say(stream, &Message::Entry(entry)).unwrap();
        evil.connection.session.start(file, &start(0, 0)).unwrap();
    }
    for number in 0..transfers {
        leaves.push(receive_leaf(evil, 2 * number + 1, 0));
    }
    leaves
}

fn offered(evil: &mut Evil) -> TransferId {
    let offered = |event| match event {
        Event::Transfer(file, TransferEvent::Offered(_)) => Some(file),
        _ => None,
    };
    evil.events().into_iter().find_map(offered).unwrap()
}

/// Lets a leaf of a file come in that was begun by [`receive_leaves`].
fn receive_leaf(evil: &mut Evil, stream: u16, offset: u64) -> (TransferId, LeafData) {
    let (index, len, hash) = (0, LEAF as u32, [0; 32]);
    let head = Leaf {
        index,
        offset,
        len,
        hash,
        content: LeafContent::Data,
    };
    evil.say(stream, &Message::Leaf(head)).unwrap();
    for piece in vec![7; LEAF].chunks(LEAF / 8) {
        evil.say(stream, &Message::Data(piece)).unwrap();
    }
    evil.heard();
    let leaf = evil.events().into_iter().find_map(|event| match event {
        Event::Transfer(file, TransferEvent::Leaf { leaf, .. }) => Some((file, leaf)),
        _ => None,
    });
    leaf.unwrap()
}

#[test]
fn buffers_kept_for_reuse_are_counted_and_go_with_the_last_transfer() {
    let mut evil = Evil::new();
    let held = |evil: &Evil| evil.connection.session.stats(evil.now).held;
    let leaves = receive_leaves(&mut evil, 16);
    let before = held(&evil);
    for (file, _) in &leaves {
        for _ in 0..16 {
            evil.connection
                .session
                .recycle(*file, Vec::with_capacity(LEAF));
        }
    }
    let kept = held(&evil) - before;
    let window = Config::new("x".parse().unwrap(), 0, 0).grant_window as usize;
    assert!((LEAF..=window).contains(&kept), "{kept} bytes are kept");

    // What is kept is filled again, and is no longer kept then.
    let (file, leaf) = receive_leaf(&mut evil, 1, LEAF as u64);
    assert_eq!(held(&evil), before + kept - LEAF);
    evil.connection.session.recycle(file, leaf.bytes);
    assert_eq!(held(&evil), before + kept);

    for (file, _) in &leaves {
        let reason = RefuseReason::Chosen;
        evil.connection
            .session
            .cancel(*file, reason, "enough")
            .unwrap();
    }
    evil.heard();
    assert_eq!(held(&evil), 0);
}
