//! Peers that lie, flood, or talk out of turn: the connection ends or the limit holds, and nothing
//! else.

use transom_proto::{Event, PeerError, TransferEvent, TransferId};
use transom_wire::limits::{ENTRIES_AHEAD, LEAF};
use transom_wire::{
    Ack, ByeCode, CallKind, Capabilities, Collision, Done, End, Ending, Entry, EntryKind,
    FailReason, Failure, Finish, Grant, Header, Hello, Kind, Leaf, Message, Offer, Pause, Ping,
    Pong, Progress, Rate, RefuseReason, RelativePath, Ring, Shape, Start, Status, TransferKey,
};

use crate::evil::Evil;

fn offer(shape: Shape, files: u32, bytes: u64) -> Message<'static> {
    Message::Offer(Offer {
        transfer: TransferKey([1; 16]),
        shape,
        collision: Collision::Rename,
        files,
        bytes,
        name: RelativePath::new("name").unwrap(),
    })
}

fn entry(index: u32, size: u64) -> Entry<'static> {
    let path = RelativePath::new("name").unwrap();
    Entry {
        index,
        kind: EntryKind::File,
        mode: 0,
        mtime: 0,
        size,
        path,
    }
}

fn leaf(index: u32, offset: u64, len: u32) -> Message<'static> {
    Message::Leaf(Leaf {
        index,
        offset,
        len,
        hash: [0; 32],
    })
}

fn end(index: u32, size: u64) -> Message<'static> {
    Message::End(End {
        index,
        size,
        root: [0; 32],
    })
}

fn abandon(index: u32) -> Message<'static> {
    Message::Abandon(Failure {
        index,
        reason: FailReason::Gone,
        errno: 0,
        text: "",
    })
}

const RING: Message<'static> = Message::Ring(Ring {
    kind: CallKind::View,
});

/// A folder of two files of 300,000 and 5 bytes comes in on stream 1; we have asked for the first.
fn receiving() -> Evil {
    let mut evil = Evil::new();
    evil.say(1, &offer(Shape::Folder, 3, 300_010)).unwrap();
    let file = evil.offered();
    evil.connection.session.accept(file).unwrap();
    evil.say(1, &Message::Entry(entry(0, 300_000))).unwrap();
    evil.say(1, &Message::Entry(entry(1, 5))).unwrap();
    let start = Start {
        index: 0,
        offset: 0,
        proof: [0; 32],
    };
    evil.connection.session.start(file, &start).unwrap();
    evil.events();
    evil
}

/// We send a folder of one file and one folder on stream 2; the peer has accepted and granted 1,000
/// bytes.
fn sending() -> (Evil, TransferId) {
    let mut evil = Evil::new();
    let Message::Offer(offer) = offer(Shape::Folder, 3, 400_000) else {
        unreachable!("an offer is an offer");
    };
    let file = evil.connection.session.offer(&offer).unwrap();
    evil.say(2, &Message::Accept).unwrap();
    evil.say(2, &Message::Grant(Grant { bytes: 1_000 }))
        .unwrap();
    evil.connection
        .session
        .entry(file, &entry(0, 300_000))
        .unwrap();
    let folder = Entry {
        kind: EntryKind::Folder,
        ..entry(1, 0)
    };
    evil.connection.session.entry(file, &folder).unwrap();
    evil.heard();
    evil.events();
    (evil, file)
}

/// Says all; the last must be the end of it.
fn refused(evil: &mut Evil, stream: u16, messages: &[Message<'_>]) -> PeerError {
    let (last, before) = messages.split_last().unwrap();
    for message in before {
        evil.say(stream, message).unwrap();
    }
    evil.say(stream, last)
        .expect_err("the last message is illegal")
}

#[test]
fn senders_that_break_the_rules_are_ended() {
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
        ("an accept of its own", vec![Message::Accept]),
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

#[test]
fn a_folder_has_no_bytes_and_a_single_file_no_other_name() {
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
        evil.connection.session.accept(file).unwrap();
        assert!(evil.say(1, &Message::Entry(wrong)).is_err());
    }
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
fn more_data_than_the_leaf_or_the_grant_are_too_much() {
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
    evil.connection.session.accept(file).unwrap();
    evil.say(1, &Message::Entry(entry(0, 2 * window))).unwrap();
    evil.connection
        .session
        .start(
            file,
            &Start {
                index: 0,
                offset: 0,
                proof: [0; 32],
            },
        )
        .unwrap();
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

#[test]
fn receivers_that_break_the_rules_are_ended() {
    let start = |index, offset| {
        Message::Start(Start {
            index,
            offset,
            proof: [0; 32],
        })
    };
    let done = |index| {
        Message::Done(Done {
            index,
            root: [0; 32],
        })
    };
    let failed = |index| {
        Message::Failed(Failure {
            index,
            reason: FailReason::Io,
            errno: 5,
            text: "",
        })
    };
    let finished = |ending| Message::Finished(Status::new(ending, ""));
    let cases = [
        ("an entry not offered", vec![start(2, 0)]),
        ("an offset beyond the end", vec![start(0, 2 * LEAF as u64)]),
        ("an offset between leaves", vec![start(0, 1)]),
        ("the data of a folder", vec![start(1, 0)]),
        ("the same data twice", vec![start(0, 0), start(0, 0)]),
        ("done before it was sent", vec![start(0, 0), done(0)]),
        ("done for nothing", vec![done(2)]),
        ("a failure of nothing", vec![failed(2)]),
        (
            "a grant taken back",
            vec![Message::Grant(Grant { bytes: 999 })],
        ),
        ("durable before finish", vec![finished(Ending::Durable)]),
        ("accepted twice", vec![Message::Accept]),
        (
            "refused after it was accepted",
            vec![Message::Refuse(Status::new(RefuseReason::Chosen, ""))],
        ),
        ("a sender's message", vec![leaf(0, 0, 5)]),
    ];
    for (what, messages) in cases {
        let (mut evil, _) = sending();
        assert_eq!(
            refused(&mut evil, 2, &messages).code(),
            ByeCode::Illegal,
            "{what}"
        );
    }
    let mut evil = Evil::new();
    let Message::Offer(mine) = offer(Shape::Folder, 0, 0) else {
        unreachable!("an offer is an offer");
    };
    evil.connection.session.offer(&mine).unwrap();
    let progress = Message::Progress(Progress::default());
    assert!(
        evil.say(2, &progress).is_err(),
        "progress of what was not accepted"
    );
}

#[test]
fn no_more_is_sent_than_was_granted() {
    let (mut evil, file) = sending();
    evil.say(
        2,
        &Message::Start(Start {
            index: 0,
            offset: 0,
            proof: [0; 32],
        }),
    )
    .unwrap();
    let bytes = vec![0; LEAF];
    let data = transom_proto::LeafData {
        index: 0,
        offset: 0,
        hash: [0; 32],
        bytes,
    };
    evil.connection.session.leaf(file, data).unwrap();
    let before = evil.connection.session.stats(evil.now).sent;
    evil.heard();
    let sent = evil.connection.session.stats(evil.now).sent - before;
    assert!(
        (1_000..1_200).contains(&sent),
        "{sent} bytes for a grant of 1,000"
    );
}

#[test]
fn floods_of_offers_and_rings_find_their_limit() {
    let mut evil = Evil::new();
    let mut verdict = Ok(());
    let mut rounds = 0;
    while verdict.is_ok() {
        // Numbers of streams that were refused are used again, those of open ones are not.
        let (file, call) = match rounds {
            0..100 => (rounds, 30_000 + rounds),
            _ => (100 + rounds % 10_000, 30_100 + rounds % 2_000),
        };
        verdict = evil.say(file * 2 + 1, &offer(Shape::Folder, 0, 0));
        verdict = verdict.and_then(|()| evil.say(call * 2 + 1, &RING));
        rounds += 1;
        assert!(evil.connection.session.stats(evil.now).held < 3 * 1024 * 1024);
    }
    // 16 offers and 8 rings are open; the others were answered until nobody read the answers.
    assert_eq!(verdict.map_err(|error| error.code()), Err(ByeCode::TooMuch));
    assert_eq!(evil.events().len(), 16 + 8);
}

#[test]
fn all_transfers_of_a_peer_share_one_window_and_each_has_a_part() {
    let mut evil = Evil::new();
    for number in 0..16 {
        evil.say(2 * number + 1, &offer(Shape::File, 1, 1 << 40))
            .unwrap();
        let file = evil.offered();
        evil.connection.session.accept(file).unwrap();
    }
    let granted = evil.granted();
    assert_eq!(granted.len(), 16);
    assert_eq!(granted[0], 4 << 20);
    assert!(granted.iter().all(|bytes| *bytes >= 512 << 10));
    assert!(granted.iter().sum::<u64>() <= 16 << 20);
}

#[test]
fn a_window_made_smaller_binds_and_its_leaves_go_to_the_transfers_that_began_first() {
    let mut evil = Evil::new();
    evil.connection.session.set_session_window(1 << 20);
    let mut files = Vec::new();
    for number in 0..16 {
        evil.say(2 * number + 1, &offer(Shape::File, 1, 1 << 40))
            .unwrap();
        files.push(evil.offered());
        evil.connection
            .session
            .accept(files[number as usize])
            .unwrap();
    }
    let whole = |granted: &[u64]| granted.iter().all(|bytes| bytes % LEAF as u64 == 0);
    let first = evil.granted();
    assert!(whole(&first), "{first:?}");
    assert_eq!(first.iter().sum::<u64>(), 1 << 20);
    assert!(first.len() < 16, "a leaf is the least that moves anything");
    // What one gives back is for those that wait.
    let (file, freed) = (files[0], first[0]);
    evil.connection
        .session
        .cancel(file, RefuseReason::Chosen, "")
        .unwrap();
    let second = evil.granted();
    assert!(whole(&second), "{second:?}");
    assert_eq!(second.iter().sum::<u64>(), freed);
    // Nothing is taken back, and nothing more is given.
    evil.connection.session.set_session_window(0);
    let file = files[1];
    evil.connection
        .session
        .cancel(file, RefuseReason::Chosen, "")
        .unwrap();
    assert!(evil.granted().is_empty());
    assert!(evil.connection.session.stats(evil.now).granted > 0);
    evil.connection.session.set_session_window(16 << 20);
    assert!(!evil.granted().is_empty());
    assert!(evil.connection.session.stats(evil.now).granted <= 16 << 20);
}

#[test]
fn a_flood_of_entries_is_too_much() {
    let mut evil = Evil::new();
    evil.say(1, &offer(Shape::Folder, 10_000_000, 0)).unwrap();
    let file = evil.offered();
    evil.connection.session.accept(file).unwrap();
    for index in 0..ENTRIES_AHEAD {
        evil.say(1, &Message::Entry(entry(index, 0))).unwrap();
    }
    let over = evil.say(1, &Message::Entry(entry(ENTRIES_AHEAD, 0)));
    assert_eq!(
        over,
        Err(PeerError::TooMuch {
            what: "entries ahead"
        })
    );
}

#[test]
fn pauses_and_rates_that_nobody_has_taken_out_wait_as_one_event_each() {
    let (mut evil, file) = sending();
    for round in 1..=1000 {
        let paused = round % 2 == 1;
        evil.say(2, &Message::Pause(Pause { paused })).unwrap();
        let bytes_per_second = round;
        evil.say(2, &Message::Rate(Rate { bytes_per_second }))
            .unwrap();
    }
    let newest = [
        TransferEvent::Paused { paused: false },
        TransferEvent::Limited { rate: Some(1000) },
    ];
    assert_eq!(
        evil.events(),
        newest.map(|event| Event::Transfer(file, event))
    );
    // Taken out: the next change is told again.
    evil.say(2, &Message::Pause(Pause { paused: true }))
        .unwrap();
    let paused = TransferEvent::Paused { paused: true };
    assert_eq!(evil.events(), [Event::Transfer(file, paused)]);
}

#[test]
fn offers_taken_and_cancelled_for_ever_are_too_much_unless_read() {
    let cancel = Message::Cancel(Status::new(RefuseReason::Chosen, ""));
    for reads in [false, true] {
        let mut evil = Evil::new();
        let mut verdict = Ok(());
        for round in 0..100_000u32 {
            let stream = (round % 30_000 * 2 + 1) as u16;
            verdict = evil.say(stream, &offer(Shape::Folder, 0, 0));
            for event in evil.events() {
                if let Event::Transfer(file, TransferEvent::Offered(_)) = event {
                    evil.connection.session.accept(file).unwrap();
                }
            }
            verdict = verdict.and_then(|()| evil.say(stream, &cancel));
            if reads && round % 100 == 0 {
                evil.heard();
            }
            if verdict.is_err() {
                break;
            }
        }
        assert_eq!(verdict.is_ok(), reads);
    }
}

#[test]
fn messages_before_hello_and_second_hellos_end_the_connection() {
    let mut evil = Evil::silent();
    assert!(evil.say(0, &Message::Ping(Ping { clock: 1 })).is_err());
    let mut evil = Evil::new();
    let name = "again".parse().unwrap();
    let hello = Hello {
        session: 1,
        nonce: 1,
        capabilities: Capabilities::NONE,
        clock: 0,
        name,
    };
    assert!(evil.say(0, &Message::Hello(hello)).is_err());
}

#[test]
fn acks_and_pongs_of_nothing_end_the_connection() {
    let cases = [
        Message::Ack(Ack {
            received: 1 << 40,
            clock: 0,
        }),
        Message::Pong(Pong { echo: 0, clock: 0 }),
    ];
    for message in cases {
        let mut evil = Evil::new();
        assert!(evil.say(0, &message).is_err(), "{message:?}");
    }
    let mut evil = Evil::new();
    evil.heard();
    evil.say(
        0,
        &Message::Ack(Ack {
            received: 40,
            clock: 0,
        }),
    )
    .unwrap();
    let back = evil.say(
        0,
        &Message::Ack(Ack {
            received: 39,
            clock: 0,
        }),
    );
    assert!(back.is_err(), "an ack that takes back");
    // Any clock is a legal one.
    let mut evil = Evil::new();
    evil.heard();
    for (received, clock) in [(10, u64::MAX), (20, 0), (30, u64::MAX / 2)] {
        evil.say(0, &Message::Ack(Ack { received, clock })).unwrap();
    }
    let echo = evil.now.0;
    evil.say(
        0,
        &Message::Pong(Pong {
            echo,
            clock: u64::MAX,
        }),
    )
    .unwrap();
    evil.connection.session.to_local(0).unwrap();
}

#[test]
fn wrong_flags_and_streams_end_the_connection() {
    let ping = Message::Ping(Ping { clock: 1 });
    assert!(Evil::new().say_flagged(0, 1, &ping).is_err());
    assert!(Evil::new().say(3, &ping).is_err());
    assert!(Evil::new().say(0, &offer(Shape::Folder, 0, 0)).is_err());
    assert!(
        Evil::new().say(4, &offer(Shape::Folder, 0, 0)).is_err(),
        "a stream of ours"
    );
    assert!(
        Evil::new().say(5, &Message::Accept).is_err(),
        "a stream never open"
    );
}

#[test]
fn kinds_of_later_versions_are_skipped() {
    let mut evil = Evil::new();
    for kind in [0x08, 0x23, 0x55, 0x7f, 0xff] {
        assert_eq!(Kind::from_code(kind), None);
        let header = Header {
            len: 3,
            kind,
            flags: 0xff,
            stream: 9,
        };
        let frame = [&header.encode()[..], b"abc"].concat();
        assert_eq!(evil.connection.handle_bytes(&frame, evil.now), Ok(()));
    }
    assert_eq!(evil.events(), []);
}

#[test]
fn lengths_beyond_the_limits_are_refused_before_anything_is_held() {
    for (len, kind) in [
        (65_512, Kind::Data),
        (u32::MAX, Kind::Data),
        (1 << 31, Kind::Picture),
        (4_609, Kind::Ping),
    ] {
        let mut evil = Evil::new();
        let header = Header {
            len,
            kind: kind.code(),
            flags: 0,
            stream: 0,
        };
        let bytes = header.encode();
        let (last, first) = bytes.split_last().unwrap();
        evil.connection.handle_bytes(first, evil.now).unwrap();
        let verdict = evil.connection.handle_bytes(&[*last], evil.now);
        assert_eq!(verdict.map_err(|error| error.code()), Err(ByeCode::Illegal));
        assert!(evil.connection.session.stats(evil.now).held < 1_000);
    }
}

#[test]
fn after_a_verdict_only_the_goodbye_goes_out() {
    let mut evil = Evil::new();
    evil.connection.session.text("never sent").unwrap();
    let error = evil.say(5, &Message::Accept).unwrap_err();
    assert_eq!(evil.heard(), []);
    assert_eq!(evil.say(0, &Message::Ping(Ping { clock: 1 })), Err(error));
    evil.connection.bye(error.code(), "no such stream");
    let heard = evil.heard();
    assert_eq!(heard.last(), Some(&(0, Kind::Bye)));
    assert!(!heard.contains(&(0, Kind::Text)));
    assert_eq!(evil.heard(), []);
    assert_eq!(evil.connection.poll_timeout(), None);
}
