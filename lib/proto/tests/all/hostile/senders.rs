//! A hostile sender of files.

use super::*;

#[test]
fn every_violation_by_a_sender_ends_the_connection() {
    let whole = vec![7; LEAF];
    let first = [leaf(0, 0, LEAF as u32), Message::Data(&whole[..40_000])];
    let cases: Vec<(&str, Vec<Message<'_>>)> = vec![
        ("data outside a leaf", vec![Message::Data(b"x")]),
        (
            "empty data",
            vec![leaf(0, 0, LEAF as u32), Message::Data(b"")],
        ),
        (
            "a leaf inside another",
            vec![first[0], first[1], leaf(0, LEAF as u64, 37_856)],
        ),
        (
            "the end inside a leaf",
            vec![first[0], first[1], end(0, 300_000)],
        ),
        ("a leaf of an entry never announced", vec![leaf(2, 0, 5)]),
        ("a leaf of an entry never asked for", vec![leaf(1, 0, 5)]),
        ("a leaf that skips", vec![leaf(0, LEAF as u64, 37_856)]),
        ("a leaf too short", vec![leaf(0, 0, 100)]),
        ("a hole too short", vec![hole(0, 0, 100)]),
        ("a hole that skips", vec![hole(0, LEAF as u64, 37_856)]),
        (
            "data of a hole",
            vec![hole(0, 0, LEAF as u32), Message::Data(b"\0")],
        ),
        (
            "a hole inside a leaf",
            vec![first[0], hole(0, LEAF as u64, 37_856)],
        ),
        ("the end of an entry not whole", vec![end(0, 300_000)]),
        ("the end of an entry never asked for", vec![end(1, 5)]),
        ("an entry twice", vec![Message::Entry(entry(1, 5))]),
        ("an entry that skips", vec![Message::Entry(entry(3, 5))]),
        ("more bytes than offered", vec![Message::Entry(entry(2, 6))]),
        (
            "more entries than offered",
            vec![Message::Entry(entry(2, 5)), Message::Entry(entry(3, 0))],
        ),
        (
            "a size that overflows",
            vec![Message::Entry(entry(2, i64::MAX as u64))],
        ),
        (
            "an entry after finish",
            vec![
                Message::Finish(Finish { entries: 2 }),
                Message::Entry(entry(2, 5)),
            ],
        ),
        (
            "a finish that miscounts",
            vec![Message::Finish(Finish { entries: 3 })],
        ),
        (
            "two finishes",
            vec![
                Message::Finish(Finish { entries: 2 }),
                Message::Finish(Finish { entries: 2 }),
            ],
        ),
        ("an abandon of nothing", vec![abandon(2)]),
        (
            "a receiver's message",
            vec![Message::Grant(Grant { bytes: 1 })],
        ),
        ("hashes of an entry never asked for", vec![hashes(1, 0, 1)]),
        ("hashes of an entry never announced", vec![hashes(2, 0, 1)]),
        ("hashes of what is not held", vec![hashes(0, 0, 1)]),
        (
            "an accept of its own",
            vec![Message::Accept(Accept { held: 0 })],
        ),
        ("fewer files than before", vec![total(2, 300_010, true)]),
        ("fewer bytes than before", vec![total(3, 300_009, true)]),
        ("a total no longer counted", vec![total(3, 300_010, false)]),
        (
            "a total after finish",
            vec![
                Message::Finish(Finish { entries: 2 }),
                total(3, 300_010, true),
            ],
        ),
        (
            "a full disk of its own",
            vec![Message::DiskFull(DiskFull { missing: 1 })],
        ),
        ("a call's message", vec![Message::Abort]),
        (
            "a second offer on the stream",
            vec![offer(Shape::Folder, 0, 0)],
        ),
    ];
    for (what, messages) in cases {
        let error = refused(&mut receiving(), 1, &messages);
        assert!(
            matches!(error.code(), ByeCode::Illegal | ByeCode::TooMuch),
            "{what}"
        );
    }
}

/// B25: a sender can't have the receiver compare or store what it did not ask for.
#[test]
fn hashes_and_leaves_that_a_resumed_entry_does_not_allow_end_the_connection() {
    let at = LEAF as u64;
    let held = 2 * at;
    let end = end(0, held);
    let cases = [
        ("hashes beyond the start", vec![hashes(0, 0, 3)]),
        (
            "hashes from the start on",
            vec![hashes(0, 0, 2), hashes(0, held, 1)],
        ),
        ("hashes twice", vec![hashes(0, 0, 1), hashes(0, 0, 1)]),
        ("hashes that skip", vec![hashes(0, at, 1)]),
        ("a leaf that is held", vec![leaf(0, 0, LEAF as u32)]),
        ("the end before the hashes", vec![hashes(0, 0, 1), end]),
        (
            "hashes after the end",
            vec![hashes(0, 0, 2), end, hashes(0, held, 1)],
        ),
    ];
    for (what, messages) in cases {
        let mut evil = Evil::new();
        evil.say(1, &offer(Shape::File, 1, held)).unwrap();
        let file = evil.offered();
        evil.connection.session.accept(file, held).unwrap();
        evil.say(1, &Message::Entry(entry(0, held))).unwrap();
        evil.connection
            .session
            .start(file, &start(0, held))
            .unwrap();
        let error = refused(&mut evil, 1, &messages);
        assert_eq!(error.code(), ByeCode::Illegal, "{what}");
    }
    // A leaf that was asked for again is legal once.
    let mut evil = receiving();
    let data = vec![7; 300_000 - LEAF];
    let first = leaf(0, 0, LEAF as u32);
    evil.say(1, &first).unwrap();
    for part in vec![7; LEAF].chunks(LEAF / 8) {
        evil.say(1, &Message::Data(part)).unwrap();
    }
    let Some(Event::Transfer(file, TransferEvent::Leaf { .. })) = evil.events().pop() else {
        panic!("no leaf");
    };
    let second = leaf(0, LEAF as u64, data.len() as u32);
    evil.connection
        .session
        .again(file, &again(0, 0, 1))
        .unwrap();
    evil.say(1, &second).unwrap();
    evil.say(1, &Message::Data(&data)).unwrap();
    evil.say(1, &first).unwrap();
    for part in vec![7; LEAF].chunks(LEAF / 8) {
        evil.say(1, &Message::Data(part)).unwrap();
    }
    assert!(evil.say(1, &first).is_err());
}

/// B26: a sender can't fill our memory with hashes that the disk has not compared.
#[test]
fn more_hashes_than_granted_end_the_connection() {
    let (granted, at) = (256, LEAF as u64);
    let held = 2 * granted * at;
    let mut evil = Evil::new();
    evil.say(1, &offer(Shape::File, 1, held)).unwrap();
    let file = evil.offered();
    let session = &mut evil.connection.session;
    session.accept(file, held).unwrap();
    evil.say(1, &Message::Entry(entry(0, held))).unwrap();
    let session = &mut evil.connection.session;
    session.start(file, &start(0, held)).unwrap();
    for leaf in 0..granted {
        evil.say(1, &hashes(0, leaf * at, 1)).unwrap();
    }
    let error = refused(&mut evil, 1, &[hashes(0, granted * at, 1)]);
    assert_eq!(error.code(), ByeCode::TooMuch);
}

#[test]
fn a_folder_with_bytes_and_a_single_file_with_another_name_are_illegal() {
    let mut evil = receiving();
    let folder = Entry {
        kind: EntryKind::Folder,
        ..entry(2, 5)
    };
    assert!(evil.say(1, &Message::Entry(folder)).is_err());
    for wrong in [
        Entry {
            path: RelativePath::new("other").unwrap(),
            ..entry(0, 5)
        },
        Entry {
            kind: EntryKind::Folder,
            ..entry(0, 0)
        },
    ] {
        let mut evil = Evil::new();
        evil.say(1, &offer(Shape::File, 1, 5)).unwrap();
        let file = evil.offered();
        evil.connection.session.accept(file, 0).unwrap();
        assert!(evil.say(1, &Message::Entry(wrong)).is_err());
    }
}

/// A file that grows comes in on stream 1, with more than two leaves so far; all is asked for.
fn growing() -> Evil {
    let mut evil = Evil::new();
    let counted = messages::offer(Shape::File, 1, 0);
    let is_counted = false;
    evil.say(
        1,
        &Message::Offer(Offer {
            is_counted,
            ..counted
        }),
    )
    .unwrap();
    let file = evil.offered();
    evil.connection.session.accept(file, 0).unwrap();
    evil.say(1, &grows()).unwrap();
    evil.say(1, &total(1, 2 * LEAF as u64 + 1, false)).unwrap();
    evil.connection.session.start(file, &start(0, 0)).unwrap();
    evil.events();
    evil
}

fn grows() -> Message<'static> {
    Message::Entry(Entry {
        kind: EntryKind::Growing,
        ..entry(0, 0)
    })
}

#[test]
fn a_file_that_grows_has_whole_leaves_up_to_its_last_and_then_hashes_of_all_others() {
    let (at, whole) = (LEAF as u64, LEAF as u32);
    let two = [hole(0, 0, whole), hole(0, at, whole)];
    let size = 2 * at + 1;
    let grown = [two[0], two[1], total(1, size, true), hole(0, 2 * at, 1)];
    let cases: Vec<(&str, &[Message<'_>], Message<'_>)> = vec![
        ("a last leaf while it grows", &two, hole(0, 2 * at, 1)),
        ("a leaf beyond the total", &two, hole(0, 3 * at, whole)),
        ("an end while it grows", &two, end(0, size)),
        ("hashes while it grows", &two, hashes(0, 0, 1)),
        ("a size that shrinks", &two, total(1, size - 1, false)),
        ("hashes before the last leaf", &grown[..3], hashes(0, 0, 2)),
        ("the end before the hashes", &grown, end(0, size)),
        ("a hash of the last leaf", &grown, hashes(0, 0, 3)),
        ("a second such file", &[], grows()),
        (
            "a finish while it grows",
            &two,
            Message::Finish(Finish { entries: 1 }),
        ),
    ];
    for (what, before, last) in cases {
        let messages = [before, &[last]].concat();
        let error = refused(&mut growing(), 1, &messages);
        let is_right = matches!(error.code(), ByeCode::Illegal | ByeCode::TooMuch);
        assert!(is_right, "{what}");
    }
    // A leaf that is whole may yet be the last.
    let mut evil = growing();
    for message in [two[0], two[1], total(1, 3 * at, false)] {
        evil.say(1, &message).unwrap();
    }
    assert!(evil.say(1, &hole(0, 2 * at, whole)).is_err());
    let mut evil = growing();
    for message in grown {
        evil.say(1, &message).unwrap();
    }
    evil.say(1, &hashes(0, 0, 2)).unwrap();
    evil.say(1, &end(0, size)).unwrap();
    let ended = |event: &Event| matches!(event, Event::Transfer(_, TransferEvent::Ended(_)));
    assert!(evil.events().iter().any(ended));
}

#[test]
fn only_the_one_file_of_an_offer_may_grow_and_it_has_no_size_of_its_own() {
    for (shape, size) in [(Shape::Folder, 0), (Shape::File, 5)] {
        let mut evil = Evil::new();
        evil.say(1, &offer(shape, 1, 5)).unwrap();
        let file = evil.offered();
        evil.connection.session.accept(file, 0).unwrap();
        let entry = Message::Entry(Entry {
            kind: EntryKind::Growing,
            ..entry(0, size)
        });
        assert!(evil.say(1, &entry).is_err());
    }
}

#[test]
fn what_is_not_counted_has_limits_and_an_end() {
    let open = || {
        let mut evil = Evil::new();
        evil.say(1, &uncounted(1, 5)).unwrap();
        let file = evil.offered();
        evil.connection.session.accept(file, 0).unwrap();
        for index in 0..2 {
            let entry = Message::Entry(entry(index, 5));
            evil.say(1, &entry).unwrap();
        }
        evil
    };
    let finish = Message::Finish(Finish { entries: 2 });
    let most = i64::MAX as u64;
    for (what, messages) in [
        ("a finish before all is counted", vec![finish]),
        ("fewer files than came", vec![total(1, 10, true)]),
        ("fewer bytes than came", vec![total(2, 9, true)]),
        ("fewer files than before", vec![total(0, 10, false)]),
        (
            "more bytes than a transfer has",
            vec![Message::Entry(entry(2, most))],
        ),
        (
            "an entry beyond the last total",
            vec![total(2, 10, true), Message::Entry(entry(2, 0))],
        ),
        (
            "more entries than a transfer has",
            vec![total(10_000_001, 10, false)],
        ),
        (
            "more bytes than a transfer counts",
            vec![total(2, most + 1, false)],
        ),
    ] {
        let error = refused(&mut open(), 1, &messages);
        assert!(
            matches!(error.code(), ByeCode::Illegal | ByeCode::TooMuch),
            "{what}"
        );
    }
    let mut evil = open();
    for message in [total(2, 10, true), total(3, 15, true)] {
        evil.say(1, &message).unwrap();
    }
    evil.say(1, &Message::Entry(entry(2, 5))).unwrap();
    evil.say(1, &Message::Finish(Finish { entries: 3 }))
        .unwrap();
}

#[test]
fn a_single_file_is_one_entry_even_if_it_is_not_counted() {
    let mut evil = Evil::new();
    let offer = Offer {
        is_counted: false,
        ..messages::offer(Shape::File, 1, 5)
    };
    evil.say(1, &Message::Offer(offer)).unwrap();
    let file = evil.offered();
    evil.connection.session.accept(file, 0).unwrap();
    let same = |index| Entry {
        path: offer.name,
        ..entry(index, 5)
    };
    let entries = [0, 1].map(|index| Message::Entry(same(index)));
    refused(&mut evil, 1, &entries);
}

#[test]
fn entries_before_the_accept_end_the_connection() {
    let mut evil = Evil::new();
    let error = refused(
        &mut evil,
        1,
        &[offer(Shape::Folder, 1, 5), Message::Entry(entry(0, 5))],
    );
    assert_eq!(error.code(), ByeCode::Illegal);
}

#[test]
fn data_beyond_the_leaf_or_the_grant_end_the_connection() {
    let mut evil = receiving();
    let data = vec![0; 65_000];
    evil.say(1, &leaf(0, 0, LEAF as u32)).unwrap();
    for _ in 0..4 {
        evil.say(1, &Message::Data(&data)).unwrap();
    }
    let over = evil.say(1, &Message::Data(&data[..LEAF - 4 * 65_000 + 1]));
    assert!(matches!(over, Err(PeerError::TooMuch { .. })));

    let mut evil = Evil::new();
    let window = 4 * 1024 * 1024;
    evil.say(1, &offer(Shape::File, 1, 2 * window)).unwrap();
    let file = evil.offered();
    evil.connection.session.accept(file, 0).unwrap();
    evil.say(1, &Message::Entry(entry(0, 2 * window))).unwrap();
    evil.connection.session.start(file, &start(0, 0)).unwrap();
    let data = vec![0; LEAF / 4];
    for at in 0..window / LEAF as u64 {
        evil.say(1, &leaf(0, at * LEAF as u64, LEAF as u32))
            .unwrap();
        for _ in 0..8 {
            evil.say(1, &Message::Data(&data[..LEAF / 8])).unwrap();
        }
    }
    evil.say(1, &leaf(0, window, LEAF as u32)).unwrap();
    let over = evil.say(1, &Message::Data(b"x"));
    assert_eq!(
        over,
        Err(PeerError::TooMuch {
            what: "the bytes granted"
        })
    );
}
