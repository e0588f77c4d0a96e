//! A session whose peer says whatever the test wants.

use std::time::Duration;

use transom_proto::{
    CallEvent, CallId, Config, Connection, Event, Instant, PeerError, Side, TransferEvent,
    TransferId,
};
use transom_wire::limits::{HEADER, LEAF, RECORD_BULK};
use transom_wire::{
    Accept, Ack, CallKind, Capabilities, Grant, Header, Hello, Kind, Message, Ring, Shape,
};

use crate::messages::{entry, leaf, offer, start};

/// One frame that the session sent.
pub(crate) struct Said {
    header: Header,
    payload: Vec<u8>,
}

impl Said {
    pub(crate) fn message(&self) -> Message<'_> {
        Message::decode(self.header, &self.payload)
            .unwrap()
            .unwrap()
    }
}

/// What both ends take, as their Hellos say.
const TAKES: Capabilities = Capabilities(Capabilities::SOUND.0 | Capabilities::OPUS.0);

pub(crate) struct Evil {
    pub(crate) connection: Connection,
    pub(crate) now: Instant,
}

impl Evil {
    /// A listener's session after the peer's Hello. The peer's streams are odd.
    pub(crate) fn new() -> Self {
        Self::silent().met()
    }

    /// After the peer's Hello.
    pub(crate) fn met(self) -> Self {
        self.met_by(TAKES)
    }

    /// After the Hello of a peer that can do this.
    pub(crate) fn met_by(mut self, capabilities: Capabilities) -> Self {
        let evil = &mut self;
        let name = "evil".parse().unwrap();
        let hello = Hello {
            session: 1,
            nonce: 1,
            capabilities,
            clock: 0,
            name,
        };
        evil.say(0, &Message::Hello(hello)).unwrap();
        evil.events();
        self
    }

    /// The same before any Hello.
    pub(crate) fn silent() -> Self {
        Self::tuned(|_| ())
    }

    /// The same with a changed configuration.
    pub(crate) fn tuned(tune: impl FnOnce(&mut Config)) -> Self {
        let now = Instant(5_000_000);
        let mut config = Config::new("honest".parse().unwrap(), 1, 2);
        config.capabilities = TAKES;
        tune(&mut config);
        let connection = Connection::new(config, Side::Listener, now);
        Self { connection, now }
    }

    /// A session that has a leaf of a file to send on stream 2, and may send all of it.
    pub(crate) fn with_leaf() -> Self {
        let mut evil = Self::new();
        evil.add_leaf();
        evil
    }

    /// Has the session send a leaf of a file on stream 2; it may send all of it.
    pub(crate) fn add_leaf(&mut self) {
        let evil = self;
        let size = LEAF as u64;
        let offer = offer(Shape::File, 1, size);
        let file = evil.connection.session.offer(&offer).unwrap();
        evil.say(2, &Message::Accept(Accept { held: 0 })).unwrap();
        evil.say(2, &Message::Grant(Grant { bytes: size })).unwrap();
        let entry = entry(0, size);
        evil.connection.session.entry(file, &entry).unwrap();
        evil.say(2, &Message::Start(start(0, 0))).unwrap();
        evil.heard();
        let (received, clock) = (evil.connection.session.stats(evil.now).sent, 0);
        evil.say(0, &Message::Ack(Ack { received, clock })).unwrap();
        evil.events();
        let leaf = leaf(0, 0, LEAF);
        evil.connection.session.leaf(file, leaf).unwrap();
    }

    /// A view that the peer has rung for and we have answered, on stream 1.
    pub(crate) fn view(&mut self) -> CallId {
        self.view_on(1)
    }

    /// The same on any stream of the peer's.
    pub(crate) fn view_on(&mut self, stream: u16) -> CallId {
        let kind = CallKind::View;
        self.say(stream, &Message::Ring(Ring { kind })).unwrap();
        let Some(Event::Call(call, CallEvent::Ringing { .. })) = self.events().pop() else {
            panic!("no ring");
        };
        self.connection.session.answer(call).unwrap();
        call
    }

    /// The peer acks all that was sent, at once.
    pub(crate) fn ack_all(&mut self) {
        let session = &self.connection.session;
        let (received, clock) = (session.stats(self.now).sent, self.now.0);
        self.say(0, &Message::Ack(Ack { received, clock })).unwrap();
    }

    pub(crate) fn say(&mut self, stream: u16, message: &Message<'_>) -> Result<(), PeerError> {
        self.say_flagged(stream, 0, message)
    }

    pub(crate) fn say_flagged(
        &mut self,
        stream: u16,
        flags: u8,
        message: &Message<'_>,
    ) -> Result<(), PeerError> {
        let mut frame = [0; RECORD_BULK];
        let used = message.encode(stream, flags, &mut frame).unwrap();
        self.connection.handle_bytes(&frame[..used], self.now)
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.connection.poll_event()).collect()
    }

    /// The transfer that the peer has just offered.
    pub(crate) fn offered(&mut self) -> TransferId {
        match self.events()[..] {
            [Event::Transfer(file, TransferEvent::Offered(_))] => file,
            ref other => panic!("no offer: {other:?}"),
        }
    }

    /// The kinds of frame that the session sends now, and of which stream.
    pub(crate) fn heard(&mut self) -> Vec<(u16, Kind)> {
        let frames = self.frames().into_iter();
        frames
            .map(|(header, _)| (header.stream, Kind::from_code(header.kind).unwrap()))
            .collect()
    }

    /// Bytes that the session grants now.
    pub(crate) fn granted(&mut self) -> Vec<u64> {
        let frames = self.frames().into_iter();
        frames
            .filter_map(
                |(header, payload)| match Message::decode(header, &payload) {
                    Ok(Some(Message::Grant(grant))) => Some(grant.bytes),
                    _ => None,
                },
            )
            .collect()
    }

    fn frames(&mut self) -> Vec<(Header, Vec<u8>)> {
        self.records().into_iter().flatten().collect()
    }

    /// The frames of each record that the session sends now.
    pub(crate) fn records(&mut self) -> Vec<Vec<(Header, Vec<u8>)>> {
        let next = || Some(self.record()).filter(|frames| !frames.is_empty());
        std::iter::from_fn(next).collect()
    }

    /// The frames of the next record; none if nothing is sent now.
    pub(crate) fn record(&mut self) -> Vec<(Header, Vec<u8>)> {
        let mut record = vec![0; RECORD_BULK];
        let used = self.connection.poll_transmit(&mut record, self.now);
        let mut frames = Vec::new();
        let mut rest = &record[..used];
        while let Some((head, after)) = rest.split_first_chunk::<HEADER>() {
            let header = Header::decode(*head).unwrap();
            let (payload, after) = after.split_at(header.len as usize);
            frames.push((header, payload.to_vec()));
            rest = after;
        }
        frames
    }

    /// As [`heard`](Self::heard), without the connection's own messages.
    pub(crate) fn heard_of_streams(&mut self) -> Vec<(u16, Kind)> {
        let mut heard = self.heard();
        heard.retain(|(stream, _)| *stream != 0);
        heard
    }

    /// What the session sends now of calls and transfers.
    pub(crate) fn said_of_streams(&mut self) -> Vec<Said> {
        let frames = self.frames().into_iter();
        frames
            .filter(|(header, _)| header.stream != 0)
            .map(|(header, payload)| Said { header, payload })
            .collect()
    }

    pub(crate) fn wait(&mut self, span: Duration) -> Result<(), PeerError> {
        self.now = self.now + span;
        self.connection.handle_timeout(self.now)
    }
}
