//! One simulated connection from its SYN to its FIN.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};

use transom_proto::{self as proto, Connection, Order, PeerError, Session, Side};
use transom_secure::Cipher;
use transom_wire::{ByeCode, PeerName, PublicKey};

use super::net::Shared;
use super::world::{Chunk, End, State};
use crate::event::{Departure, Event, PeerId};
use crate::options::{PATIENCE_IDLE, PATIENCE_LIVE, UNSENT_BULK, UNSENT_LIVE};
use crate::peer::sending::batch;

/// As the real one, see [`Peer`](crate::peer::Peer).
pub(super) struct Peer {
    id: PeerId,
    end: End,
    address: SocketAddr,
    stage: Stage,
    /// There may be something to read.
    readable: bool,
    /// There may be something new to send, and the socket may have room.
    touched: bool,
    /// The owner has heard of this peer and is owed a `Left`.
    known: bool,
    /// Anything sealed has come.
    heard: bool,
    /// What the socket was tuned for: a call of its own, a call anywhere.
    live: Option<(bool, bool)>,
}

enum Stage {
    Connecting {
        until: proto::Instant,
    },
    Greeting {
        until: proto::Instant,
        /// The peer's key was told: our owner is to answer.
        answered: bool,
    },
    Joined(Box<Connection>),
    Closing(Box<Closing>),
    Gone,
}

/// A goodbye on its way.
struct Closing {
    connection: Connection,
    until: proto::Instant,
    /// Told at the end; `None` if it was told at the beginning.
    why: Option<Departure>,
    is_shut: bool,
}

impl Peer {
    pub(super) fn dialed(id: PeerId, end: End, address: SocketAddr, until: proto::Instant) -> Self {
        Self::new(id, end, address, Stage::Connecting { until })
    }

    pub(super) fn accepted(id: PeerId, end: End, until: proto::Instant) -> Self {
        let answered = false;
        let nowhere = (Ipv4Addr::UNSPECIFIED, 0).into();
        Self::new(id, end, nowhere, Stage::Greeting { until, answered })
    }

    fn new(id: PeerId, end: End, address: SocketAddr, stage: Stage) -> Self {
        Self {
            id,
            end,
            address,
            stage,
            readable: true,
            touched: false,
            known: end.1 == Side::Dialer,
            heard: false,
            live: None,
        }
    }

    pub(super) fn end(&self) -> End {
        self.end
    }

    /// Something has changed at the socket.
    pub(super) fn note(&mut self) {
        (self.readable, self.touched) = (true, true);
    }

    pub(super) fn deadline(&self) -> Option<proto::Instant> {
        match &self.stage {
            Stage::Connecting { until } | Stage::Greeting { until, .. } => Some(*until),
            Stage::Joined(connection) => connection.poll_timeout(),
            Stage::Closing(closing) => Some(closing.until),
            Stage::Gone => None,
        }
    }

    pub(super) fn has_more(&self) -> bool {
        match &self.stage {
            Stage::Connecting { .. }
            | Stage::Greeting {
                answered: false, ..
            } => self.readable,
            Stage::Greeting { .. } | Stage::Gone => false,
            Stage::Joined(_) | Stage::Closing(_) => self.touched || self.readable,
        }
    }

    pub(super) fn is_half_open(&self) -> bool {
        self.end.1 == Side::Listener && matches!(self.stage, Stage::Greeting { .. })
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Gone)
    }

    pub(super) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.stage {
            Stage::Joined(connection) => {
                self.touched = true;
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
        if !matches!(self.stage, Stage::Greeting { answered: true, .. }) {
            return;
        }
        if self.end.1 == Side::Dialer {
            state.write(self.end, Chunk::Third(shared.key, shared.config.name));
        }
        let connection = Connection::new(config, self.end.1, now);
        self.stage = Stage::Joined(Box::new(connection));
        self.note();
        shared.events.push_back(Event::Joined {
            peer: self.id,
            cipher: Cipher::Aes256Gcm,
        });
    }

    /// Sends while the socket takes it.
    pub(super) fn send(&mut self, now: proto::Instant, state: &mut State, shared: &mut Shared) {
        if !std::mem::take(&mut self.touched) {
            return;
        }
        self.retune(state);
        let (id, side) = self.end;
        let connection = match &mut self.stage {
            Stage::Joined(connection) => connection,
            Stage::Closing(closing) => &mut closing.connection,
            _ => return,
        };
        let mut budget = shared.config.write_budget;
        let mut is_empty = false;
        while !is_empty && state.network.is_writable(id, side) {
            if budget == 0 {
                self.touched = true;
                break;
            }
            let batch = batch(&connection.session);
            let mut written = 0;
            while !is_empty && (written == 0 || written < batch) {
                let count = connection.poll_transmit(&mut shared.plain, now);
                is_empty = count == 0;
                if let Some(record) = shared.plain.get(..count).filter(|_| !is_empty) {
                    let record = Chunk::Record(record.into());
                    written += record.bytes();
                    budget = budget.saturating_sub(count);
                    state.write(self.end, record);
                }
            }
        }
        if let Stage::Closing(closing) = &mut self.stage
            && is_empty
            && !std::mem::replace(&mut closing.is_shut, true)
        {
            state.write(self.end, Chunk::Fin);
        }
        self.tell_events(state, shared);
    }

    /// Reads what there is. With `hold` records are left for later.
    pub(super) fn read(
        &mut self,
        now: proto::Instant,
        hold: bool,
        state: &mut State,
        shared: &mut Shared,
    ) {
        let (id, side) = self.end;
        if !self.is_gone() && state.network.is_dead(id, side) {
            let error = io::Error::from(ErrorKind::TimedOut);
            return self.lose(error, state, shared);
        }
        let mut budget = shared.config.read_budget;
        while self.readable && budget > 0 {
            match &mut self.stage {
                Stage::Joined(_) if hold => return,
                Stage::Joined(connection) => {
                    let partial = state.network.read_partial(id, side);
                    if partial > 0 {
                        connection.handle_partial(partial, now);
                        self.touched = true;
                    }
                }
                Stage::Greeting { answered: true, .. } | Stage::Gone => return,
                _ => {}
            }
            let Some(chunk) = state.network.read(id, side) else {
                self.readable = false;
                return;
            };
            budget = budget.saturating_sub(chunk.bytes());
            self.take(chunk, now, state, shared);
        }
    }

    fn take(&mut self, chunk: Chunk, now: proto::Instant, state: &mut State, shared: &mut Shared) {
        match (chunk, &mut self.stage) {
            (Chunk::Syn { from }, _) => {
                self.address = from;
                state.write(self.end, Chunk::SynAck);
            }
            (Chunk::Reset, _) => {
                let error = io::Error::from(ErrorKind::ConnectionRefused);
                self.leave(Departure::Unreachable(error), state, shared);
            }
            (Chunk::SynAck, _) => {
                let until = now + shared.config.handshake_timeout;
                let answered = false;
                self.stage = Stage::Greeting { until, answered };
                state.write(self.end, Chunk::First);
            }
            (Chunk::First, _) => state.write(self.end, Chunk::Second(shared.key)),
            (Chunk::Second(key), _) => self.tell_key(key, None, shared),
            (Chunk::Third(key, name), _) => self.tell_key(key, name, shared),
            (Chunk::Fin, Stage::Closing(_)) => self.leave(Departure::ClosedHere, state, shared),
            (Chunk::Fin, _) => {
                let why = self.refusal().unwrap_or(Departure::Closed);
                self.leave(why, state, shared);
            }
            (Chunk::Record(plain), Stage::Joined(connection)) => {
                let result = connection.handle_bytes(&plain, now);
                (self.heard, self.touched) = (true, true);
                self.tell_events(state, shared);
                if let Err(error) = result {
                    self.part(error, now, state, shared);
                }
            }
            (Chunk::Record(_), _) => {}
        }
    }

    /// Does what is due.
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
                self.leave(Departure::Unreachable(late), state, shared);
            }
            Stage::Greeting { .. } => self.leave(Departure::HandshakeTimeout, state, shared),
            Stage::Joined(_) if hold && self.readable => {}
            Stage::Joined(connection) => {
                let result = connection.handle_timeout(now);
                self.touched = true;
                self.tell_events(state, shared);
                if let Err(error) = result {
                    self.part(error, now, state, shared);
                }
            }
            Stage::Closing(_) => self.leave(Departure::ClosedHere, state, shared),
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
                self.say_bye(code, text, Some(Departure::ClosedHere), until);
            }
            Stage::Connecting { .. } | Stage::Greeting { .. } => {
                self.leave(Departure::ClosedHere, state, shared);
            }
            Stage::Closing(_) | Stage::Gone => {}
        }
    }

    /// Ends the connection at once and tells why, if that is still owed.
    pub(super) fn leave(&mut self, why: Departure, state: &mut State, shared: &mut Shared) {
        let owed = match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Gone => return,
            Stage::Closing(closing) => closing.why,
            _ => Some(why),
        };
        state.write(self.end, Chunk::Fin);
        state.leave(self.end);
        if let Some(why) = owed.filter(|_| self.known) {
            let peer = self.id;
            shared.events.push_back(Event::Left { peer, why });
        }
    }

    /// The peer broke a rule, or is silent.
    fn part(
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
        self.say_bye(error.code(), &error.to_string(), None, until);
        let peer = self.id;
        shared.events.push_back(Event::Left { peer, why });
        if is_silent {
            self.send(now, state, shared);
            self.leave(Departure::Silent, state, shared);
        }
    }

    fn lose(&mut self, error: io::Error, state: &mut State, shared: &mut Shared) {
        let why = self.refusal().unwrap_or(Departure::Lost(error));
        self.leave(why, state, shared);
    }

    fn say_bye(
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
                self.touched = true;
            }
            other => self.stage = other,
        }
    }

    fn tell_key(&mut self, key: PublicKey, name: Option<PeerName>, shared: &mut Shared) {
        if let Stage::Greeting { answered, .. } = &mut self.stage {
            (*answered, self.known) = (true, true);
            shared.events.push_back(Event::Key {
                peer: self.id,
                key,
                name,
                address: self.address,
                side: self.end.1,
            });
        }
    }

    /// Passes on what the session has to say; its goodbye ends the connection.
    fn tell_events(&mut self, state: &mut State, shared: &mut Shared) {
        let Stage::Joined(connection) = &mut self.stage else {
            return;
        };
        while let Some(event) = connection.poll_event() {
            if let proto::Event::Bye(status) = event {
                return self.leave(Departure::Bye(status), state, shared);
            }
            let peer = self.id;
            shared.events.push_back(Event::Peer { peer, event });
        }
    }

    fn refusal(&self) -> Option<Departure> {
        match &self.stage {
            Stage::Connecting { .. }
            | Stage::Greeting {
                answered: false, ..
            } if self.end.1 == Side::Dialer => Some(Departure::Unanswered),
            Stage::Greeting { .. } => Some(Departure::Refused),
            Stage::Joined(_) => {
                (self.end.1 == Side::Dialer && !self.heard).then_some(Departure::Refused)
            }
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
            let patience = if own { PATIENCE_LIVE } else { PATIENCE_IDLE };
            let (id, side) = self.end;
            state.network.tune(id, side, unsent, patience);
        }
    }
}
