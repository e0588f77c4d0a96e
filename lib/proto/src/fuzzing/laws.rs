//! The laws, each a function of arbitrary bytes that panics when the law is broken.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use transom_wire::limits::{LEAF, RECORD_BULK};
use transom_wire::{
    ByeCode, CallKind, Codec, Collision, Done, EndReason, Ending, FailReason, Failed, Header,
    Hello, Kind, Lens, Message, Offer, Orientation, PictureHead, Progress, RefuseReason,
    RelativePath, Shape, Start, TransferKey,
};

use super::courier::{Courier, Parcel};
use super::link::Route;
use super::pair::{Pair, Who};
use crate::{Config, Event, Instant, PeerError, Picture, Session, Side};

/// Choices read from the fuzzer's bytes; zeros when they are used up.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }
}

/// Whatever frames come and whatever the caller does: no panic, and what is held stays within its limits, also when
/// nothing is ever read from us.
///
/// # Panics
/// When the law is broken.
pub fn session(data: &[u8]) {
    let mut choices = Choices(data);
    let mut end = Lone::new(choices.flag());
    let mut clock = Instant(1_000_000);
    while !choices.is_empty() {
        clock = clock + Duration::from_micros(u64::from(choices.byte()) * 500);
        let frame = frame(&mut choices);
        let result = end.session.handle_bytes(&frame, clock);
        end.react(&mut choices, clock);
        end.check();
        if result.is_err() || end.session.handle_timeout(clock).is_err() {
            end.session.bye(ByeCode::Illegal, "");
            end.session.poll_transmit(&mut vec![0; RECORD_BULK], clock);
            assert_eq!(end.session.poll_timeout(), None);
            return;
        }
    }
}

/// However a peer's bytes are cut, the events and the verdict are the same.
///
/// # Panics
/// When the law is broken.
pub fn split(data: &[u8]) {
    let mut choices = Choices(data);
    let side = choices.flag();
    let (mut whole, mut pieces) = (Lone::new(side), Lone::new(side));
    let clock = Instant(1_000_000);
    while !choices.is_empty() {
        let cut = usize::from(choices.byte()) + 1;
        let mut bytes = Vec::new();
        for _ in 0..choices.byte() % 8 {
            bytes.extend(frame(&mut choices));
        }
        let expected = whole.session.handle_bytes(&bytes, clock);
        let mut found = Ok(());
        for piece in bytes.chunks(cut) {
            found = found.and(pieces.session.handle_bytes(piece, clock));
        }
        assert_eq!(expected, found);
        let wishes = choices.bytes(16);
        let events = whole.react(&mut Choices(&wishes), clock);
        assert_eq!(events, pieces.react(&mut Choices(&wishes), clock));
        if expected.is_err() {
            return;
        }
    }
}

/// Two honest ends find nothing wrong with each other on any link that keeps order, whatever is asked of them; and what the
/// sender is told to be durable has come whole. After a loss a transfer goes on where it was.
///
/// # Panics
/// When the law is broken.
pub fn pair(data: &[u8]) {
    let mut choices = Choices(data);
    let mut held = [0; 3];
    for _ in 0..2 {
        let mut pair = Pair::new(route(&mut choices));
        let sizes = [0, 700_000, 5].map(|size| size + u64::from(choices.byte()) * 1_000);
        let parcels = ["a", "b", "c"].iter().zip(sizes);
        let parcels = parcels
            .map(|(path, size)| Parcel::file(path, size))
            .collect();
        let (file, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels);
        courier.held = held
            .iter()
            .copied()
            .enumerate()
            .map(|(at, held)| (at as u32, held))
            .collect();
        for _ in 0..choices.byte() % 16 {
            meddle(&mut pair, file, &mut choices);
            let span = Duration::from_millis(u64::from(choices.byte()) + 1);
            deliver(&mut pair, &mut courier, span);
        }
        if courier.ending == Some(Ending::Durable) {
            for (index, size) in sizes.iter().enumerate() {
                assert_eq!(courier.got.get(&(index as u32)), Some(size));
            }
            return;
        }
        for (index, held) in held.iter_mut().enumerate() {
            let got = courier.got.get(&(index as u32)).copied().unwrap_or(0);
            *held = got.min(sizes[index]) / (256 * 1024) * (256 * 1024);
        }
        // The second attempt has other sizes: what is held of a file that shrank is of no use.
        held = [0, held[1].min(700_000 / (256 * 1024) * (256 * 1024)), 0];
    }
}

fn deliver(pair: &mut Pair, courier: &mut Courier, span: Duration) {
    pair.run(span, |pair, who, event| {
        let clock = pair.clock(who);
        let session = pair.session(who);
        match &event {
            Event::Ringing { call, .. } => any(session.answer(*call)),
            Event::Picture { call, picture } => {
                any(session.shown(*call, picture.head.sequence, clock));
            }
            _ if who == Who::Ann => courier.send(session, &event),
            _ => courier.receive(session, event),
        }
    });
    for who in [Who::Ann, Who::Bob] {
        let error = pair.error(who);
        assert!(matches!(error, None | Some(PeerError::Silent)), "{error:?}");
    }
}

fn route(choices: &mut Choices<'_>) -> Route {
    Route {
        rate: [0, 200_000, 20_000_000, 1_000_000_000][usize::from(choices.byte() % 4)],
        delay: Duration::from_micros(u64::from(choices.byte()) * 200),
        fifo: 70_000 + usize::from(choices.byte()) * 8_000,
        cut: usize::from(choices.byte()) * 16,
    }
}

/// Does something to either end, or to a link.
fn meddle(pair: &mut Pair, file: crate::FileId, choices: &mut Choices<'_>) {
    let who = if choices.flag() { Who::Ann } else { Who::Bob };
    let clock = pair.clock(who);
    let (on, value) = (choices.flag(), choices.byte());
    match choices.byte() % 12 {
        0 => pair.link(who).cut_off = on,
        1 => pair.link(who).route.rate = u64::from(value) * 100_000,
        2 => any(pair.session(who).pause(file, on)),
        3 => any(pair
            .session(who)
            .limit(file, Some(u64::from(value) * 10_000))),
        4 if value > 200 => any(pair.session(who).cancel(file, RefuseReason::Chosen, "")),
        5 => any(pair.session(who).ring(kind(on))),
        6 => any(pair.session(who).text("hello")),
        7 => every_call(|call| any(pair.session(who).hang_up(call, EndReason::Chosen, ""))),
        8 if who == Who::Bob => any(pair
            .session(who)
            .failed(file, &failed(u32::from(value % 4)))),
        9 => every_call(|call| any(pair.session(who).camera_state(call, Lens::Live, "on"))),
        _ => every_call(|call| any(pair.session(who).send_picture(call, picture(value)))),
    }
    pair.session(who).stats(clock);
}

fn every_call(mut verb: impl FnMut(crate::CallId)) {
    (1..8).map(crate::CallId).for_each(&mut verb);
}

fn kind(view: bool) -> CallKind {
    if view { CallKind::View } else { CallKind::Talk }
}

fn failed(index: u32) -> Failed<'static> {
    Failed {
        index,
        reason: FailReason::Io,
        errno: 5,
        text: "input/output error",
    }
}

fn picture(value: u8) -> Picture {
    let head = PictureHead {
        sequence: u32::from(value),
        captured: 0,
        ready_after: 0,
        width: 1,
        height: 1,
        orientation: Orientation::Upright,
        codec: Codec::Jpeg,
        total: 0,
    };
    let bytes = Arc::from(vec![value; 1 + usize::from(value) * 400]);
    Picture { head, bytes }
}

/// A frame that is nearly right: so that more than the first check is reached.
fn frame(choices: &mut Choices<'_>) -> Vec<u8> {
    let kind = Kind::ALL[usize::from(choices.byte()) % Kind::ALL.len()];
    let (flags, stream) = (choices.byte() & 1, u16::from(choices.byte() % 9));
    let shape = choices.byte();
    let payload = match shape {
        0..200 => likely(kind, choices),
        _ => choices.bytes(usize::from(shape) - 200),
    };
    let stream = if likely_stream_is_zero(kind) {
        0
    } else {
        stream
    };
    let flags = if matches!(kind, Kind::Picture | Kind::PictureData) {
        flags
    } else {
        0
    };
    let (len, kind) = (payload.len() as u32, kind.code());
    let mut frame = Header {
        len,
        kind,
        flags,
        stream,
    }
    .encode()
    .to_vec();
    frame.extend(payload);
    frame
}

fn likely_stream_is_zero(kind: Kind) -> bool {
    use Kind::{Ack, Bye, Hello, Ping, Pong, Text, TextAck};
    matches!(kind, Ack | Bye | Hello | Ping | Pong | Text | TextAck)
}

/// A payload with small numbers in the right places.
fn likely(kind: Kind, choices: &mut Choices<'_>) -> Vec<u8> {
    let small = |value: u8, len: usize| {
        let mut bytes = vec![0; len];
        bytes[len - 1] = value;
        bytes
    };
    let value = choices.byte() % 4;
    let index = small(value, 4);
    match kind {
        Kind::Ring => vec![1 + value % 2],
        Kind::Offer => [
            vec![7; 16],
            vec![1 + value % 2, 1],
            small(3, 4),
            small(90, 8),
            b"x".to_vec(),
        ]
        .concat(),
        Kind::Entry => [
            index,
            vec![1, 0, 0],
            small(0, 8),
            small(choices.byte(), 8),
            b"x".to_vec(),
        ]
        .concat(),
        Kind::Start => [index, small(0, 8), vec![0; 32]].concat(),
        Kind::Leaf => [index, small(0, 8), small(choices.byte(), 4), vec![0; 32]].concat(),
        Kind::End => [index, small(choices.byte(), 8), vec![0; 32]].concat(),
        Kind::Done => [index, vec![0; 32]].concat(),
        Kind::Failed | Kind::Abandon => [index, vec![1], small(5, 4)].concat(),
        Kind::Picture => [
            small(value, 4),
            vec![0; 12],
            vec![0, 1, 0, 1, 1, 1],
            small(choices.byte() | 1, 4),
            vec![1],
        ]
        .concat(),
        Kind::Data | Kind::PictureData => vec![value; usize::from(choices.byte())],
        Kind::Shown | Kind::Ack | Kind::Pong => {
            small(value, if kind == Kind::Shown { 12 } else { 16 })
        }
        Kind::Grant | Kind::Ping | Kind::Rate => small(choices.byte(), 8),
        Kind::Progress => small(0, 24),
        Kind::Finish | Kind::TextAck | Kind::Text => index,
        Kind::Decline
        | Kind::HangUp
        | Kind::Refuse
        | Kind::Cancel
        | Kind::CameraState
        | Kind::Finished
        | Kind::Pause => vec![1],
        _ => Vec::new(),
    }
}

/// A small queue, so that its limit is reached.
const QUEUE: usize = 4096;
/// Set aside for a picture when it begins.
const PICTURES: usize = 64 * 1024;
/// What one round of verbs can add to the queues.
const ANSWERS: usize = 16 * 1024;

/// Whether a verb fits is what the fuzzer plays with: it may be refused, but not break the protocol.
fn any<T>(_result: T) {}

/// One session whose peer is the fuzzer.
struct Lone {
    session: Session,
}

impl Lone {
    fn new(dialer: bool) -> Self {
        let side = if dialer { Side::Dialer } else { Side::Listener };
        let mut config = Config::new("lone".parse().unwrap(), 1, 5);
        config.control_queue = QUEUE;
        config.grant_window = 1000;
        config.max_transfers = 3;
        config.max_calls = 3;
        let mut session = Session::new(config, side, Instant(1_000_000));
        let name = "fuzzer".parse().unwrap();
        let hello = Hello {
            session: 2,
            nonce: 9 * u64::from(dialer),
            capabilities: 0,
            clock: 0,
            name,
        };
        let mut bytes = [0; 128];
        let used = Message::Hello(hello).encode(0, 0, &mut bytes).unwrap();
        session
            .handle_bytes(&bytes[..used], Instant(1_000_000))
            .unwrap();
        Self { session }
    }

    /// Takes events out, answers some, and uses a verb; gives the events as text.
    fn react(&mut self, choices: &mut Choices<'_>, clock: Instant) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.session.poll_event() {
            events.push(format!("{event:?}"));
            self.answer(event, choices, clock);
        }
        self.verb(choices);
        events
    }

    fn answer(&mut self, event: Event, choices: &mut Choices<'_>, clock: Instant) {
        let session = &mut self.session;
        let (yes, index) = (choices.flag(), u32::from(choices.byte() % 4));
        let offset = 0;
        match event {
            Event::Ringing { call, .. } if yes => any(session.answer(call)),
            Event::Picture { call, picture } if yes => {
                any(session.shown(call, picture.head.sequence, clock));
            }
            Event::Offered { file, .. } if yes => any(session.accept(file)),
            Event::Entry { file, .. } if yes => {
                any(session.start(
                    file,
                    &Start {
                        index,
                        offset,
                        proof: [0; 32],
                    },
                ));
            }
            Event::Entry { file, .. } => any(session.failed(file, &failed(index))),
            Event::Leaf { file, leaf } => {
                any(session.stored(file, leaf.bytes.len() as u64, Progress::default()));
            }
            Event::Ended { file, end } => {
                any(session.done(
                    file,
                    &Done {
                        index: end.index,
                        root: end.root,
                    },
                ));
            }
            Event::Finish { file, .. } => any(session.finished(file, Ending::Durable, "")),
            _ => {}
        }
    }

    fn verb(&mut self, choices: &mut Choices<'_>) {
        let session = &mut self.session;
        let (on, value) = (choices.flag(), choices.byte());
        match choices.byte() % 16 {
            0 => any(session.ring(kind(on))),
            1 => any(session.text("x")),
            2 => any(session.offer(&offer())),
            3 => every_call(|call| any(session.send_picture(call, picture(value)))),
            4 => every_call(|call| any(session.hang_up(call, EndReason::Chosen, "no"))),
            5 => {
                let mut out = vec![0; RECORD_BULK];
                session.poll_transmit(&mut out, Instant(1_000_000));
            }
            _ => {}
        }
    }

    /// What is held is bounded: the queues by their limit, and what is not yet whole by what may be set aside for it.
    fn check(&self) {
        let held = self.session.stats(Instant(1_000_000)).held;
        let most = 2 * QUEUE + 3 * (LEAF + PICTURES) + RECORD_BULK + ANSWERS;
        assert!(held <= most, "{held} bytes held");
    }
}

fn offer() -> Offer<'static> {
    Offer {
        transfer: TransferKey([7; 16]),
        shape: Shape::Folder,
        collision: Collision::Rename,
        files: 1,
        bytes: 9,
        name: RelativePath::new("x").unwrap(),
    }
}
