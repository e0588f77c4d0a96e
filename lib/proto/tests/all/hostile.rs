//! Peers that lie, flood, or talk out of turn: the connection ends or the limit holds, and nothing
//! else.

mod floods;
mod receivers;
mod senders;

use transom_proto::{Event, PeerError, TransferEvent, TransferId};
use transom_wire::limits::{ENTRIES_AHEAD, LEAF, RUNS_AGAIN};
use transom_wire::{
    Accept, Ack, ByeCode, CallKind, Capabilities, DiskFull, Done, End, Ending, Entry, EntryKind,
    FailReason, Failure, Finish, Grant, Hashes, Header, Hello, Kind, Leaf, LeafContent, Message,
    Offer, Pause, Ping, Pong, Progress, Rate, RefuseReason, RelativePath, Ring, Shape, Status,
    Total,
};

use crate::evil::Evil;
use crate::messages::{self, again, entry, start};

/// The offer as a message.
fn offer(shape: Shape, files: u32, bytes: u64) -> Message<'static> {
    Message::Offer(messages::offer(shape, files, bytes))
}

fn total(files: u32, bytes: u64, is_counted: bool) -> Message<'static> {
    Message::Total(Total {
        files,
        bytes,
        is_counted,
    })
}

/// The offer of a folder that its sender has not counted yet.
fn uncounted(files: u32, bytes: u64) -> Message<'static> {
    Message::Offer(Offer {
        is_counted: false,
        ..messages::offer(Shape::Folder, files, bytes)
    })
}

fn leaf(index: u32, offset: u64, len: u32) -> Message<'static> {
    Message::Leaf(Leaf {
        index,
        offset,
        len,
        hash: [0; 32],
        content: LeafContent::Data,
    })
}

fn hole(index: u32, offset: u64, len: u32) -> Message<'static> {
    let Message::Leaf(leaf) = leaf(index, offset, len) else {
        unreachable!()
    };
    Message::Leaf(Leaf {
        content: LeafContent::Hole,
        ..leaf
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

/// Hashes of at most three leaves.
fn hashes(index: u32, offset: u64, count: usize) -> Message<'static> {
    Message::Hashes(Hashes {
        index,
        offset,
        hashes: &[[0; 32]; 3][..count],
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
    evil.connection.session.accept(file, 0).unwrap();
    evil.say(1, &Message::Entry(entry(0, 300_000))).unwrap();
    evil.say(1, &Message::Entry(entry(1, 5))).unwrap();
    evil.connection.session.start(file, &start(0, 0)).unwrap();
    evil.events();
    evil
}

/// We send a folder of one file and one folder on stream 2; the peer has accepted and granted 1,000
/// bytes.
fn sending() -> (Evil, TransferId) {
    let mut evil = Evil::new();
    let offer = messages::offer(Shape::Folder, 3, 400_000);
    let file = evil.connection.session.offer(&offer).unwrap();
    evil.say(2, &Message::Accept(Accept { held: 0 })).unwrap();
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
fn acks_of_unsent_bytes_and_pongs_without_a_ping_end_the_connection() {
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
        Evil::new()
            .say(5, &Message::Accept(Accept { held: 0 }))
            .is_err(),
        "a stream never open"
    );
}

#[test]
fn unknown_kinds_of_frames_are_skipped() {
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
fn illegal_lengths_are_refused_before_anything_is_buffered() {
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
fn after_a_violation_only_the_goodbye_is_sent() {
    let mut evil = Evil::new();
    evil.connection.session.text("never sent").unwrap();
    let error = evil
        .say(5, &Message::Accept(Accept { held: 0 }))
        .unwrap_err();
    assert_eq!(evil.heard(), []);
    assert_eq!(evil.say(0, &Message::Ping(Ping { clock: 1 })), Err(error));
    evil.connection.bye(error.code(), "no such stream");
    let heard = evil.heard();
    assert_eq!(heard.last(), Some(&(0, Kind::Bye)));
    assert!(!heard.contains(&(0, Kind::Text)));
    assert_eq!(evil.heard(), []);
    assert_eq!(evil.connection.poll_timeout(), None);
}
