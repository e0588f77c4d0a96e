//! One simulated connection from its SYN to its FIN.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};

use transom_proto::{self as proto, Connection, Order, PeerError, Session, Side};
use transom_secure::Cipher;
use transom_wire::{ByeCode, PeerName, PublicKey};

use super::net::Shared;
use super::world::{Chunk, Endpoint, State};
use crate::event::{Departure, Event, PeerId};
use crate::options::{UNSENT_BULK, UNSENT_LIVE, USER_TIMEOUT_IDLE, USER_TIMEOUT_LIVE};
use crate::peer::sending::Batch;

/// The same state machine as the real [`Peer`](crate::peer::Peer).
pub(super) struct Peer {
    id: PeerId,
    endpoint: Endpoint,
    address: SocketAddr,
    stage: Stage,
    /// The network may have bytes to read.
    readable: bool,
    /// There may be bytes to send, and the socket may have room.
    has_work: bool,
    /// The owner knows this peer, so that its end has to emit `Left`.
    is_known: bool,
    /// A record has arrived.
    has_received: bool,
    /// What the socket is tuned for: a call on this connection, and a call that shares our link.
    live: Option<(bool, bool)>,
}

enum Stage {
    Connecting {
        until: proto::Instant,
    },
    Handshaking {
        until: proto::Instant,
        /// The peer's key is known, and our owner has to answer.
        awaits_owner: bool,
    },
    Joined(Box<Connection>),
    Closing(Box<Closing>),
    Gone,
}

/// A goodbye that is being sent.
struct Closing {
    connection: Connection,
    until: proto::Instant,
    /// The reason for the `Left` event at the end; `None` if that was emitted already.
    why: Option<Departure>,
    is_shut: bool,
}

impl Peer {
    pub(super) fn dialed(
        id: PeerId,
        endpoint: Endpoint,
        address: SocketAddr,
        until: proto::Instant,
    ) -> Self {
        Self::new(id, endpoint, address, Stage::Connecting { until })
    }

    pub(super) fn accepted(id: PeerId, endpoint: Endpoint, until: proto::Instant) -> Self {
        let awaits_owner = false;
        let nowhere = (Ipv4Addr::UNSPECIFIED, 0).into();
        Self::new(
            id,
            endpoint,
            nowhere,
            Stage::Handshaking {
                until,
                awaits_owner,
            },
        )
    }

    fn new(id: PeerId, endpoint: Endpoint, address: SocketAddr, stage: Stage) -> Self {
        Self {
            id,
            endpoint,
            address,
            stage,
            readable: true,
            has_work: false,
            is_known: endpoint.1 == Side::Dialer,
            has_received: false,
            live: None,
        }
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    /// Records that the socket may be readable or writable.
    pub(super) fn note_readiness(&mut self) {
        (self.readable, self.has_work) = (true, true);
    }

    pub(super) fn deadline(&self) -> Option<proto::Instant> {
        match &self.stage {
            Stage::Connecting { until } | Stage::Handshaking { until, .. } => Some(*until),
            Stage::Joined(connection) => connection.poll_timeout(),
            Stage::Closing(closing) => Some(closing.until),
            Stage::Gone => None,
        }
    }

    pub(super) fn has_more(&self) -> bool {
        match &self.stage {
            Stage::Connecting { .. }
            | Stage::Handshaking {
                awaits_owner: false,
                ..
            } => self.readable,
            Stage::Handshaking { .. } | Stage::Gone => false,
            Stage::Joined(_) | Stage::Closing(_) => self.has_work || self.readable,
        }
    }

    pub(super) fn is_half_open(&self) -> bool {
        self.endpoint.1 == Side::Listener && matches!(self.stage, Stage::Handshaking { .. })
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Gone)
    }

    pub(super) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.stage {
            Stage::Joined(connection) => {
                self.has_work = true;
                Some(&mut connection.session)
            }
            _ => None,
        }
    }

    pub(super) fn admit(
        &mut self,
        config: proto::Config,
        now: proto::Instant,
        state: &mut State,
        shared: &mut Shared,
    ) {
        if !matches!(
            self.stage,
            Stage::Handshaking {
                awaits_owner: true,
                ..
            }
        ) {
            return;
        }
        if self.endpoint.1 == Side::Dialer {
            state.write(self.endpoint, Chunk::Third(shared.key, shared.config.name));
        }
        let connection = Connection::new(config, self.endpoint.1, now);
        self.stage = Stage::Joined(Box::new(connection));
        self.note_readiness();
        shared.events.push_back(Event::Joined {
            peer: self.id,
            cipher: Cipher::Aes256Gcm,
        });
    }

    /// Sends while the socket has room.
    pub(super) fn send(&mut self, now: proto::Instant, state: &mut State, shared: &mut Shared) {
        if !std::mem::take(&mut self.has_work) {
            return;
        }
        self.retune(state);
        let (id, side) = self.endpoint;
        let connection = match &mut self.stage {
            Stage::Joined(connection) => connection,
            Stage::Closing(closing) => &mut closing.connection,
            _ => return,
        };
        let mut budget = shared.config.write_budget;
        let mut is_empty = false;
        let mut batch = Batch::default();
        while !is_empty && state.network.is_writable(id, side) {
            if budget == 0 {
                self.has_work = true;
                break;
            }
            let size = batch.next(&connection.session);
            let mut written = 0;
            while !is_empty && (written == 0 || written < size) {
                let count = connection.poll_transmit(&mut shared.plain, now);
                is_empty = count == 0;
                if let Some(record) = shared.plain.get(..count).filter(|_| !is_empty) {
                    let record = Chunk::Record(record.into());
                    written += record.bytes();
                    budget = budget.saturating_sub(count);
                    state.write(self.endpoint, record);
                }
            }
        }
        if let Stage::Closing(closing) = &mut self.stage
            && is_empty
            && !std::mem::replace(&mut closing.is_shut, true)
        {
            state.write(self.endpoint, Chunk::Fin);
        }
        self.emit_events(state, shared);
    }

    /// Reads as far as the stage and the budget allow. With `hold`, records stay in the socket.
    pub(super) fn read(
        &mut self,
        now: proto::Instant,
        hold: bool,
        state: &mut State,
        shared: &mut Shared,
    ) {
        let (id, side) = self.endpoint;
        if !self.is_gone() && state.network.is_dead(id, side) {
            let error = io::Error::from(ErrorKind::TimedOut);
            return self.handle_io_error(error, state, shared);
        }
        let mut budget = shared.config.read_budget;
        while self.readable && budget > 0 {
            match &mut self.stage {
                Stage::Joined(_) if hold => return,
                Stage::Joined(connection) => {
                    let partial = state.network.read_partial(id, side);
                    if partial > 0 {
                        connection.handle_partial(partial, now);
                        self.has_work = true;
                    }
                }
                Stage::Handshaking {
                    awaits_owner: true, ..
                }
                | Stage::Gone => return,
                _ => {}
            }
            let Some(chunk) = state.network.read(id, side) else {
                self.readable = false;
                return;
            };
            budget = budget.saturating_sub(chunk.bytes());
            self.handle_chunk(chunk, now, state, shared);
        }
    }

    fn handle_chunk(
        &mut self,
        chunk: Chunk,
        now: proto::Instant,
        state: &mut State,
        shared: &mut Shared,
    ) {
        match (chunk, &mut self.stage) {
            (Chunk::Syn { from }, _) => {
                self.address = from;
                state.write(self.endpoint, Chunk::SynAck);
            }
            (Chunk::Reset, _) => {
                let error = io::Error::from(ErrorKind::ConnectionRefused);
                self.end(Departure::Unreachable(error), state, shared);
            }
            (Chunk::SynAck, _) => {
                let until = now + shared.config.handshake_timeout;
                let awaits_owner = false;
                self.stage = Stage::Handshaking {
                    until,
                    awaits_owner,
                };
                state.write(self.endpoint, Chunk::First);
            }
            (Chunk::First, _) => state.write(self.endpoint, Chunk::Second(shared.key)),
            (Chunk::Second(key), _) => self.emit_key(key, None, shared),
            (Chunk::Third(key, name), _) => self.emit_key(key, name, shared),
            (Chunk::Fin, Stage::Closing(_)) => self.end(Departure::ClosedHere, state, shared),
            (Chunk::Fin, _) => {
                let why = self.refusal().unwrap_or(Departure::Closed);
                self.end(why, state, shared);
            }
            (Chunk::Record(plain), Stage::Joined(connection)) => {
                let result = connection.handle_bytes(&plain, now);
                (self.has_received, self.has_work) = (true, true);
                self.emit_events(state, shared);
                if let Err(error) = result {
                    self.handle_fault(error, now, state, shared);
                }
            }
            (Chunk::Record(_), _) => {}
        }
    }

    /// Handles a deadline that has passed.
    pub(super) fn expire(
        &mut self,
        now: proto::Instant,
        hold: bool,
        state: &mut State,
        shared: &mut Shared,
    ) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &mut self.stage {
            Stage::Connecting { .. } => {
                let late = io::Error::new(ErrorKind::TimedOut, "no answer");
                self.end(Departure::Unreachable(late), state, shared);
            }
            Stage::Handshaking { .. } => self.end(Departure::HandshakeTimeout, state, shared),
            Stage::Joined(_) if hold && self.readable => {}
            Stage::Joined(connection) => {
                let result = connection.handle_timeout(now);
                self.has_work = true;
                self.emit_events(state, shared);
                if let Err(error) = result {
                    self.handle_fault(error, now, state, shared);
                }
            }
            Stage::Closing(_) => self.end(Departure::ClosedHere, state, shared),
            Stage::Gone => {}
        }
    }

    pub(super) fn close(
        &mut self,
        code: ByeCode,
        text: &str,
        now: proto::Instant,
        state: &mut State,
        shared: &mut Shared,
    ) {
        match self.stage {
            Stage::Joined(_) => {
                let until = now + shared.config.linger;
                self.start_closing(code, text, Some(Departure::ClosedHere), until);
            }
            Stage::Connecting { .. } | Stage::Handshaking { .. } => {
                self.end(Departure::ClosedHere, state, shared);
            }
            Stage::Closing(_) | Stage::Gone => {}
        }
    }

    /// Ends the connection at once, and emits its `Left` unless that was emitted before.
    pub(super) fn end(&mut self, why: Departure, state: &mut State, shared: &mut Shared) {
        let unreported = match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Gone => return,
            Stage::Closing(closing) => closing.why,
            _ => Some(why),
        };
        state.write(self.endpoint, Chunk::Fin);
        state.close(self.endpoint);
        if let Some(why) = unreported.filter(|_| self.is_known) {
            let peer = self.id;
            shared.events.push_back(Event::Left { peer, why });
        }
    }

    /// The peer broke the protocol or is silent.
    fn handle_fault(
        &mut self,
        error: PeerError,
        now: proto::Instant,
        state: &mut State,
        shared: &mut Shared,
    ) {
        let is_silent = error == PeerError::Silent;
        let why = match is_silent {
            true => Departure::Silent,
            false => Departure::Illegal(error),
        };
        let until = now + shared.config.linger;
        self.start_closing(error.code(), &error.to_string(), None, until);
        let peer = self.id;
        shared.events.push_back(Event::Left { peer, why });
        if is_silent {
            self.send(now, state, shared);
            self.end(Departure::Silent, state, shared);
        }
    }

    fn handle_io_error(&mut self, error: io::Error, state: &mut State, shared: &mut Shared) {
        let why = self.refusal().unwrap_or(Departure::Lost(error));
        self.end(why, state, shared);
    }

    fn start_closing(
        &mut self,
        code: ByeCode,
        text: &str,
        why: Option<Departure>,
        until: proto::Instant,
    ) {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Joined(mut connection) => {
                connection.bye(code, text);
                self.stage = Stage::Closing(Box::new(Closing {
                    connection: *connection,
                    until,
                    why,
                    is_shut: false,
                }));
                self.has_work = true;
            }
            other => self.stage = other,
        }
    }

    fn emit_key(&mut self, key: PublicKey, name: Option<PeerName>, shared: &mut Shared) {
        if let Stage::Handshaking { awaits_owner, .. } = &mut self.stage {
            (*awaits_owner, self.is_known) = (true, true);
            shared.events.push_back(Event::Key {
                peer: self.id,
                key,
                name,
                address: self.address,
                side: self.endpoint.1,
            });
        }
    }

    /// Passes on the session's events. The peer's goodbye ends the connection.
    fn emit_events(&mut self, state: &mut State, shared: &mut Shared) {
        let Stage::Joined(connection) = &mut self.stage else {
            return;
        };
        while let Some(event) = connection.poll_event() {
            if let proto::Event::Bye(status) = event {
                return self.end(Departure::Bye(status), state, shared);
            }
            let peer = self.id;
            shared.events.push_back(Event::Peer { peer, event });
        }
    }

    fn refusal(&self) -> Option<Departure> {
        match &self.stage {
            Stage::Connecting { .. }
            | Stage::Handshaking {
                awaits_owner: false,
                ..
            } if self.endpoint.1 == Side::Dialer => Some(Departure::Unanswered),
            Stage::Handshaking { .. } => Some(Departure::Refused),
            Stage::Joined(_) => (self.endpoint.1 == Side::Dialer && !self.has_received)
                .then_some(Departure::Refused),
            _ => None,
        }
    }

    fn retune(&mut self, state: &mut State) {
        let Stage::Joined(connection) = &self.stage else {
            return;
        };
        let session = &connection.session;
        let live = (session.is_live(), session.has_shared_live());
        if self.live.replace(live) != Some(live) {
            let (own, shared) = live;
            let unsent = match session.order() {
                Order::Naive => usize::MAX,
                Order::Priority => {
                    let limit = if own || shared {
                        UNSENT_LIVE
                    } else {
                        UNSENT_BULK
                    };
                    usize::try_from(limit).unwrap_or(usize::MAX)
                }
            };
            let timeout = if own {
                USER_TIMEOUT_LIVE
            } else {
                USER_TIMEOUT_IDLE
            };
            let (id, side) = self.endpoint;
            state.network.tune(id, side, unsent, timeout);
        }
    }
}
