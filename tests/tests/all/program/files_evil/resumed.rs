//! Resumed files, spoken by hand: what comes first, and what a hostile sender or receiver makes of
//! hashes and of leaves that are to come again (B25).

use std::fs;

use transom_tests::{EvilSender, Reply, content_root, file_entry, file_offer};
use transom_wire::limits::LEAF;
use transom_wire::{Again, ByeCode, Ending, FailReason, Hashes, Message, Start};

use super::{Inbox, Pair, send_to_evil};

const LEAF_BYTES: u64 = LEAF as u64;

/// Bytes that differ from leaf to leaf.
fn film(leaves: usize) -> Vec<u8> {
    let number = |n: usize| (n.wrapping_mul(n) >> 9) as u8;
    (0..leaves * LEAF).map(number).collect()
}

/// What a sender sends in class bulk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Bulk {
    Leaf(u64),
    Hashes(u64, u64),
    End,
}

#[test]
fn of_a_file_that_was_cut_off_new_leaves_come_before_any_of_the_beginning_is_read() {
    let pair = Pair::new();
    let (all, held) = (256, 128);
    let film = film(all);
    let path = pair.scratch.file("out/film", &film);
    let mut order = Vec::new();
    let end = send_to_evil(&pair, &path, |receiver| {
        let mut receipt = receiver.offered();
        receipt.accept(u64::MAX);
        receipt.entries();
        receipt.start(0, held * LEAF_BYTES);
        let ended = receipt.evil.wait(|_, message| {
            order.push(match message {
                Message::Leaf(leaf) => Bulk::Leaf(leaf.offset / LEAF_BYTES),
                Message::Hashes(hashes) => {
                    let first = hashes.offset / LEAF_BYTES;
                    Bulk::Hashes(first, first + hashes.hashes.len() as u64)
                }
                Message::End(end) => {
                    order.push(Bulk::End);
                    return Some(end);
                }
                _ => return None,
            });
            None
        });
        assert_eq!(ended.unwrap().root, content_root(&film));
        // Also after the end a leaf comes again, alone.
        let (index, offset, leaves) = (0, 3 * LEAF_BYTES, 1);
        receipt.say(Message::Again(Again {
            index,
            offset,
            leaves,
        }));
        let leaf = receipt.evil.wait(|_, message| match message {
            Message::Leaf(leaf) => Some(leaf),
            _ => None,
        });
        assert_eq!(leaf.unwrap().offset, offset);
        receipt.done(0, content_root(&film));
        receipt.finish(Ending::Durable, "film");
    });
    assert_eq!(end.code, Some(0), "{end:?}");
    assert_eq!(order.first(), Some(&Bulk::Leaf(held)), "{order:?}");
    assert_eq!(order.last(), Some(&Bulk::End), "{order:?}");
    let leaves = order.iter().filter_map(|bulk| match bulk {
        Bulk::Leaf(leaf) => Some(*leaf),
        _ => None,
    });
    assert!(leaves.eq(held..all as u64), "{order:?}");
    let hashed = order.iter().try_fold(0, |hashed, bulk| match bulk {
        Bulk::Hashes(first, end) => (*first == hashed).then_some(*end),
        _ => Some(hashed),
    });
    assert_eq!(hashed, Some(held), "{order:?}");
}

#[test]
fn b25_a_receiver_that_asks_again_for_what_it_may_not_is_hung_up_on() {
    let pair = Pair::new();
    let path = pair.scratch.file("out/film", film(3));
    let again = |index, offset, leaves| {
        Message::Again(Again {
            index,
            offset,
            leaves,
        })
    };
    let start = |offset| Message::Start(Start { index: 0, offset });
    let all = 3 * LEAF_BYTES;
    let cases = [
        ("before the start", vec![again(0, 0, 1)]),
        ("an entry beyond", vec![start(all), again(1, 0, 1)]),
        ("what was not sent", vec![start(0), again(0, 0, 1)]),
        ("beyond the size", vec![start(all), again(0, LEAF_BYTES, 3)]),
        ("from the end on", vec![start(all), again(0, all, 1)]),
        ("very many", vec![start(all), again(0, 0, u32::MAX)]),
        (
            "too many in all",
            [vec![start(all)], vec![again(0, 0, 3); 26]].concat(),
        ),
    ];
    for (what, messages) in cases {
        let end = send_to_evil(&pair, &path, |receiver| {
            let mut receipt = receiver.offered();
            // Without a grant no leaf is sent.
            receipt.accept(0);
            receipt.entries();
            for message in &messages {
                receipt.say(*message);
            }
            assert_eq!(receipt.evil.closed().bye, Some(ByeCode::Illegal), "{what}");
        });
        assert_eq!(end.code, Some(1), "{what}: {end:?}");
    }
}

/// Sends all leaves of a film but the last one and leaves; then begins it anew. Gives the stream.
fn resumed(inbox: &Inbox, key: u8, film: &[u8]) -> (EvilSender, u16) {
    let size = film.len() as u64;
    let held = film.len() / LEAF - 1;
    let mut sender = inbox.sender();
    let stream = sender.begin(file_offer(key, "film", size));
    let reply = sender.entry(stream, file_entry(0, "film", size));
    assert!(matches!(reply, Ok(Reply::Start(_))), "{reply:?}");
    (0..held).for_each(|number| sender.honest_leaf(stream, 0, film, number));
    let cancelled = sender.evil.wait(|_, message| match message {
        Message::Progress(progress) => {
            (progress.verified == held as u64 * LEAF_BYTES).then_some(())
        }
        _ => None,
    });
    assert_eq!(cancelled, Ok(()));
    drop(sender);
    let mut sender = inbox.sender();
    let stream = sender.begin(file_offer(key, "film", size));
    let reply = sender.entry(stream, file_entry(0, "film", size));
    let offset = held as u64 * LEAF_BYTES;
    assert_eq!(reply, Ok(Reply::Start(Start { index: 0, offset })));
    (sender, stream)
}

#[test]
fn b25_a_sender_that_sends_hashes_or_leaves_nobody_asked_for_is_hung_up_on() {
    let mut inbox = Inbox::new();
    let film = film(4);
    let hashes = |offset, hashes: &'static [[u8; 32]]| {
        Message::Hashes(Hashes {
            index: 0,
            offset,
            hashes,
        })
    };
    let cases = [
        ("beyond the start", vec![hashes(0, &[[1; 32]; 4])]),
        (
            "from the start on",
            vec![hashes(3 * LEAF_BYTES, &[[1; 32]])],
        ),
        ("out of order", vec![hashes(LEAF_BYTES, &[[1; 32]])]),
        ("twice", vec![hashes(0, &[[1; 32]]), hashes(0, &[[1; 32]])]),
    ];
    for (key, (what, messages)) in (1..).zip(cases) {
        let (mut sender, stream) = resumed(&inbox, key, &film);
        for message in messages {
            sender.evil.say(stream, message);
        }
        assert_eq!(sender.evil.closed().bye, Some(ByeCode::Illegal), "{what}");
    }
    let (mut sender, stream) = resumed(&inbox, 10, &film);
    sender.honest_leaf(stream, 0, &film, 1);
    assert_eq!(
        sender.evil.closed().bye,
        Some(ByeCode::Illegal),
        "a leaf held"
    );
    let (mut sender, stream) = resumed(&inbox, 11, &film);
    sender.honest_leaf(stream, 0, &film, 3);
    sender.end(stream, 0, film.len() as u64, content_root(&film));
    assert_eq!(
        sender.evil.closed().bye,
        Some(ByeCode::Illegal),
        "no hashes"
    );
    inbox.is_unharmed();
}

#[test]
fn b25_of_a_film_whose_leaf_changed_that_one_is_asked_for_and_not_without_end() {
    let mut inbox = Inbox::new();
    let before = film(4);
    let mut now = before.clone();
    now[LEAF + 7] ^= 1;
    let asked = Ok(Reply::Again(Again {
        index: 0,
        offset: LEAF_BYTES,
        leaves: 1,
    }));
    // Sent as it is now.
    let (mut sender, stream) = resumed(&inbox, 1, &before);
    sender.rest(
        stream,
        Start {
            index: 0,
            offset: 3 * LEAF_BYTES,
        },
        &now,
    );
    assert_eq!(sender.reply(stream, 0), asked);
    sender.honest_leaf(stream, 0, &now, 1);
    assert_eq!(sender.reply(stream, 0), Ok(Reply::Done));
    assert_eq!(sender.finish(stream, 1), Ok(Ending::Durable));
    assert!(fs::read(inbox.path("film")).unwrap() == now);
    fs::remove_file(inbox.path("film")).unwrap();
    // Sent as it was, each time.
    let (mut sender, stream) = resumed(&inbox, 2, &before);
    sender.rest(
        stream,
        Start {
            index: 0,
            offset: 3 * LEAF_BYTES,
        },
        &now,
    );
    let mut times = 0;
    let hash = transom_store::hash_leaf(&now[LEAF..2 * LEAF], LEAF_BYTES, now.len() as u64);
    let last = loop {
        let reply = sender.reply(stream, 0);
        if reply != asked {
            break reply;
        }
        times += 1;
        assert!(times < 10, "asked without end");
        sender.leaf(stream, 0, LEAF_BYTES, hash, &before[LEAF..2 * LEAF]);
    };
    assert_eq!(last, Ok(Reply::Failed(FailReason::Corrupt)));
    sender.abandon(stream, 0);
    assert_eq!(sender.finish(stream, 1), Ok(Ending::Failed));
    inbox.is_unharmed();
}
