//! One connection from its first byte to its last: what it may do in a turn, and how it ends.

use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr};

use mio::event;
use mio::net::TcpStream;
use transom_proto::{self as proto, Session, Side};
use transom_wire::{ByeCode, PublicKey};

use crate::event::{Departure, Event, PeerId};
use crate::greeting::{Greeting, Progress};
use crate::link::{Fault, Link};
use crate::options;
use crate::outbound::{Flushed, Outbound};
use crate::turn::Turn;

/// ```text
///  dial --> Connecting --> Greeting --admit--> Joined --close, fault--> Closing --> Gone
/// accept ------------------^  |                   |                                  ^
///                             `--- any failure ---+---- bye, hung up, lost, silent --'
/// ```
/// Readiness is edge-triggered: `readable` and `writable` stay up until the socket would block, and whoever stops
/// earlier because a budget ran out sets `more`, so that the loop comes back without waiting.
pub(crate) struct Peer {
    id: PeerId,
    stream: TcpStream,
    address: SocketAddr,
    side: Side,
    stage: Stage,
    readable: bool,
    writable: bool,
    /// There may be something new to send.
    touched: bool,
    more_to_read: bool,
    more_to_write: bool,
    /// The start of a record whose rest has not come.
    inbound: Vec<u8>,
    outbound: Outbound,
    /// The owner has heard of this peer and is owed a `Left`.
    known: bool,
    /// What the socket is tuned for.
    live: bool,
}

enum Stage {
    Connecting { until: proto::Instant },
    Greeting(Box<Greeting>),
    Joined(Box<Link>),
    Closing(Box<Closing>),
    Gone,
}

/// A goodbye on its way.
struct Closing {
    link: Link,
    until: proto::Instant,
    /// Told at the end; `None` if it was told at the beginning.
    why: Option<Departure>,
    /// The goodbye is out and the socket shut for writing. What still comes is read and dropped, since closing a
    /// socket with unread bytes resets the connection, which may overtake the goodbye.
    is_shut: bool,
}

impl Peer {
    /// A connection that we asked for and that the system may still be making.
    pub(crate) fn dialed(
        id: PeerId,
        stream: TcpStream,
        address: SocketAddr,
        until: proto::Instant,
    ) -> Self {
        let stage = Stage::Connecting { until };
        Self::new(id, stream, address, Side::Dialer, stage)
    }

    /// A stranger.
    pub(crate) fn accepted(
        id: PeerId,
        stream: TcpStream,
        address: SocketAddr,
        greeting: Greeting,
    ) -> Self {
        options::begin(&stream);
        let stage = Stage::Greeting(Box::new(greeting));
        Self::new(id, stream, address, Side::Listener, stage)
    }

    fn new(id: PeerId, stream: TcpStream, address: SocketAddr, side: Side, stage: Stage) -> Self {
        Self {
            id,
            stream,
            address,
            side,
            stage,
            readable: false,
            writable: false,
            touched: false,
            more_to_read: false,
            more_to_write: false,
            inbound: Vec::new(),
            outbound: Outbound::default(),
            known: side == Side::Dialer,
            live: false,
        }
    }

    /// Notes what the system says about the socket.
    pub(crate) fn note(&mut self, event: &event::Event) {
        let error = event.is_error();
        self.readable |= error || event.is_readable() || event.is_read_closed();
        self.writable |= error || event.is_writable() || event.is_write_closed();
        self.touched |= self.writable;
    }

    /// Reads what there is, as far as the stage and the budget allow. With `hold` records are left for later.
    pub(crate) fn read(&mut self, turn: &mut Turn, hold: bool) {
        self.more_to_read = false;
        if matches!(self.stage, Stage::Connecting { .. }) && self.writable {
            self.connect(turn);
        }
        match self.stage {
            Stage::Connecting { .. } | Stage::Gone => {}
            Stage::Greeting(_) => self.greet(turn),
            Stage::Joined(_) if hold => self.more_to_read = self.readable,
            Stage::Joined(_) => self.receive(turn),
            Stage::Closing(_) => self.discard(turn),
        }
    }

    /// Sends while the socket takes it: a record is chosen and sealed only when nothing sealed waits before it.
    pub(crate) fn pump(&mut self, turn: &mut Turn) {
        if !std::mem::take(&mut self.touched) {
            return;
        }
        self.more_to_write = false;
        self.retune();
        match self.write(turn) {
            Ok(()) => self.tell_events(turn),
            Err(Trouble::Socket(error)) => self.write_failed(error, turn),
            Err(Trouble::Peer(fault)) => self.part(fault, turn),
        }
    }

    /// The earliest moment at which `expire` has something to do.
    pub(crate) fn deadline(&self) -> Option<proto::Instant> {
        match &self.stage {
            Stage::Connecting { until } => Some(*until),
            Stage::Greeting(greeting) => Some(greeting.until),
            Stage::Joined(link) => link.session.poll_timeout(),
            Stage::Closing(closing) => Some(closing.until),
            Stage::Gone => None,
        }
    }

    /// Does what is due.
    pub(crate) fn expire(&mut self, turn: &mut Turn) {
        let now = turn.now();
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &mut self.stage {
            Stage::Connecting { .. } => {
                let late = io::Error::new(ErrorKind::TimedOut, "no answer");
                self.leave(Departure::Unreachable(late), turn);
            }
            Stage::Greeting(_) => self.leave(Departure::HandshakeTimeout, turn),
            // It is not silent if what it said has not been read.
            Stage::Joined(_) if self.more_to_read => {}
            Stage::Joined(link) => {
                let result = link.session.handle_timeout(now);
                self.touched = true;
                match result {
                    Ok(()) => self.tell_events(turn),
                    Err(error) => self.part(Fault::Session(error), turn),
                }
            }
            Stage::Closing(_) => self.leave(Departure::ClosedHere, turn),
            Stage::Gone => {}
        }
    }

    /// The owner lets the peer in, to this session.
    pub(crate) fn admit(&mut self, config: proto::Config, turn: &mut Turn) {
        let greeting = match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Greeting(greeting) if greeting.is_answered() => greeting,
            other => {
                self.stage = other;
                return log::debug!("{}: nothing to admit", self.id);
            }
        };
        // Put back, so that a failure is told like any other.
        self.stage = Stage::Connecting {
            until: greeting.until,
        };
        match greeting.admit(&mut self.outbound) {
            Ok(channel) => {
                let cipher = channel.cipher();
                let session = Session::new(config, self.side, turn.now());
                self.stage = Stage::Joined(Box::new(Link::new(session, channel)));
                self.touched = true;
                let peer = self.id;
                turn.tell(Event::Joined { peer, cipher });
                self.take_early(turn);
            }
            Err(error) => self.leave(Departure::HandshakeFailed(error), turn),
        }
    }

    /// Says goodbye where there is a session to say it in, and ends the connection anyway.
    pub(crate) fn close(&mut self, code: ByeCode, text: &str, turn: &mut Turn) {
        match self.stage {
            Stage::Joined(_) => self.say_bye(code, text, Some(Departure::ClosedHere), turn),
            Stage::Connecting { .. } | Stage::Greeting(_) => {
                self.leave(Departure::ClosedHere, turn);
            }
            Stage::Closing(_) | Stage::Gone => {}
        }
    }

    /// Ends the connection at once and tells why, if that is still owed.
    pub(crate) fn leave(&mut self, why: Departure, turn: &mut Turn) {
        let owed = match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Gone => return,
            Stage::Closing(closing) => closing.why,
            _ => Some(why),
        };
        let Some(why) = owed else {
            return;
        };
        log::debug!("{} at {}: {why}", self.id, self.address);
        if self.known {
            let peer = self.id;
            turn.tell(Event::Left { peer, why });
        }
    }

    /// The session, which is looked at again in the next turn since it is lent.
    pub(crate) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.stage {
            Stage::Joined(link) => {
                self.touched = true;
                Some(&mut link.session)
            }
            _ => None,
        }
    }

    pub(crate) fn id(&self) -> PeerId {
        self.id
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// A stranger who is not admitted yet.
    pub(crate) fn is_half_open(&self) -> bool {
        self.side == Side::Listener && matches!(self.stage, Stage::Greeting(_))
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Gone)
    }

    /// Whether a turn ended before the socket would block.
    pub(crate) fn has_more(&self) -> bool {
        self.more_to_read || self.more_to_write
    }

    fn connect(&mut self, turn: &mut Turn) {
        let result = match self.stream.take_error() {
            Ok(None) => self.stream.peer_addr().map(drop),
            Ok(Some(error)) | Err(error) => Err(error),
        };
        match result {
            Ok(()) => {
                options::begin(&self.stream);
                match Greeting::new(&turn.config, self.side, turn.now()) {
                    Ok(greeting) => self.stage = Stage::Greeting(Box::new(greeting)),
                    Err(error) => self.leave(Departure::HandshakeFailed(error), turn),
                }
            }
            // Not yet connected: the next edge tells.
            Err(error) if error.kind() == ErrorKind::NotConnected => self.writable = false,
            Err(error) => self.leave(Departure::Unreachable(error), turn),
        }
    }

    fn greet(&mut self, turn: &mut Turn) {
        let Stage::Greeting(greeting) = &mut self.stage else {
            return;
        };
        let progress = if self.readable {
            greeting.read(&self.stream, &mut self.outbound, &mut self.inbound)
        } else {
            greeting.send(&mut self.outbound);
            Progress::Waiting
        };
        self.readable &= !matches!(progress, Progress::Waiting) || greeting.is_answered();
        match (progress, self.outbound.flush(&self.stream)) {
            (Progress::Failed(error), _) => self.leave(Departure::HandshakeFailed(error), turn),
            (Progress::HungUp, _) => self.leave(Departure::Refused, turn),
            (Progress::Broken(error), _) | (_, Err(error)) => self.lose(error, turn),
            (Progress::Waiting, Ok(flushed)) => self.writable &= flushed == Flushed::All,
            (Progress::Key(key), Ok(flushed)) => {
                self.writable &= flushed == Flushed::All;
                self.tell_key(PublicKey(key), turn);
            }
        }
    }

    fn tell_key(&mut self, key: PublicKey, turn: &mut Turn) {
        self.known = true;
        let (peer, address, side) = (self.id, self.address, self.side);
        turn.tell(Event::Key {
            peer,
            key,
            address,
            side,
        });
    }

    /// Takes in what came right behind the handshake.
    fn take_early(&mut self, turn: &mut Turn) {
        let Stage::Joined(link) = &mut self.stage else {
            return;
        };
        let result = link.open(&self.inbound, &mut turn.plain, turn.clock.now());
        if let Ok(used) = result {
            self.inbound.drain(..used);
        }
        self.tell_events(turn);
        if let Err(fault) = result {
            self.part(fault, turn);
        }
    }

    fn receive(&mut self, turn: &mut Turn) {
        let mut budget = turn.config.read_budget;
        while self.readable && !self.is_gone() {
            if budget == 0 {
                self.more_to_read = true;
                return;
            }
            match self.receive_once(turn) {
                Ok(count) => budget = budget.saturating_sub(count),
                Err(Trouble::Peer(fault)) => return self.part(fault, turn),
                Err(Trouble::Socket(error)) => match error.kind() {
                    ErrorKind::WouldBlock => self.readable = false,
                    ErrorKind::Interrupted => {}
                    ErrorKind::UnexpectedEof => return self.hung_up(turn),
                    _ => return self.lose(error, turn),
                },
            }
        }
    }

    /// One read, and all the records that it completes.
    fn receive_once(&mut self, turn: &mut Turn) -> Result<usize, Trouble> {
        let Stage::Joined(link) = &mut self.stage else {
            self.readable = false;
            return Ok(0);
        };
        let held = self.inbound.len();
        turn.read[..held].copy_from_slice(&self.inbound);
        let count = (&self.stream).read(&mut turn.read[held..])?;
        if count == 0 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        let bytes = &turn.read[..held + count];
        let result = link.open(bytes, &mut turn.plain, turn.clock.now());
        self.inbound.clear();
        if let Ok(used) = result {
            self.inbound.extend_from_slice(&bytes[used..]);
        }
        self.touched = true;
        self.tell_events(turn);
        result.map_err(Trouble::Peer)?;
        Ok(count)
    }

    /// Passes on what the session has to say; its goodbye ends the connection.
    fn tell_events(&mut self, turn: &mut Turn) {
        let Stage::Joined(link) = &mut self.stage else {
            return;
        };
        while let Some(event) = link.session.poll_event() {
            if let proto::Event::Bye { code, text } = event {
                return self.leave(Departure::Bye { code, text }, turn);
            }
            let peer = self.id;
            turn.tell(Event::Peer { peer, event });
        }
    }

    fn write(&mut self, turn: &mut Turn) -> Result<(), Trouble> {
        let link = match &mut self.stage {
            Stage::Joined(link) => link,
            Stage::Closing(closing) => &mut closing.link,
            _ => return Ok(()),
        };
        let mut budget = turn.config.write_budget;
        while self.writable {
            if self.outbound.flush(&self.stream)? == Flushed::WouldBlock {
                self.writable = false;
                return Ok(());
            }
            if budget == 0 {
                (self.touched, self.more_to_write) = (true, true);
                return Ok(());
            }
            let batch = if link.session.is_live() { 1 } else { BATCH };
            let now = turn.clock.now();
            while self.outbound.len() < batch {
                let count = link.seal_next(&mut self.outbound, &mut turn.plain, now);
                match count.map_err(Trouble::Peer)? {
                    0 => break,
                    count => budget = budget.saturating_sub(count),
                }
            }
            if self.outbound.is_empty() {
                break;
            }
        }
        if let Stage::Closing(closing) = &mut self.stage
            && self.outbound.is_empty()
            && !closing.is_shut
        {
            closing.is_shut = true;
            self.stream.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    /// The socket takes nothing any more, but a goodbye may have come that says why.
    fn write_failed(&mut self, error: io::Error, turn: &mut Turn) {
        self.writable = false;
        if let Stage::Joined(_) = self.stage {
            self.readable = true;
            self.receive(turn);
            // What the system still holds is bounded; the connection brings no more.
            while self.more_to_read && !self.is_gone() {
                self.more_to_read = false;
                self.receive(turn);
            }
        }
        self.lose(error, turn);
    }

    /// Reads and drops, until the peer hangs up too.
    fn discard(&mut self, turn: &mut Turn) {
        let mut budget = turn.config.read_budget;
        while self.readable {
            if budget == 0 {
                self.more_to_read = true;
                return;
            }
            match (&self.stream).read(&mut turn.read) {
                Ok(0) => return self.leave(Departure::ClosedHere, turn),
                Ok(count) => budget = budget.saturating_sub(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.leave(Departure::ClosedHere, turn),
            }
        }
    }

    /// The peer broke a rule, or is silent: it is told so, as far as it listens, and our owner at once.
    fn part(&mut self, fault: Fault, turn: &mut Turn) {
        let why = fault.departure();
        // A channel that failed seals no goodbye either.
        let (Stage::Joined(_), Fault::Session(error)) = (&self.stage, fault) else {
            return self.leave(why, turn);
        };
        let silent = matches!(why, Departure::Silent);
        let text = error.to_string();
        let peer = self.id;
        self.say_bye(error.code(), &text, None, turn);
        turn.tell(Event::Left { peer, why });
        if silent {
            self.pump(turn);
            self.leave(Departure::Silent, turn);
        }
    }

    fn say_bye(&mut self, code: ByeCode, text: &str, why: Option<Departure>, turn: &mut Turn) {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Joined(mut link) => {
                link.session.bye(code, text);
                self.stage = Stage::Closing(Box::new(Closing {
                    link: *link,
                    until: turn.now() + turn.config.linger,
                    why,
                    is_shut: false,
                }));
                self.touched = true;
            }
            other => self.stage = other,
        }
    }

    fn hung_up(&mut self, turn: &mut Turn) {
        let why = if self.may_be_refused() {
            Departure::Refused
        } else {
            Departure::Closed
        };
        self.leave(why, turn);
    }

    fn lose(&mut self, error: io::Error, turn: &mut Turn) {
        let why = if self.may_be_refused() {
            Departure::Refused
        } else {
            Departure::Lost(error)
        };
        self.leave(why, turn);
    }

    /// A listener that does not admit our key hangs up without a word, be it before or after our last handshake message.
    fn may_be_refused(&self) -> bool {
        match &self.stage {
            Stage::Greeting(_) => true,
            Stage::Joined(link) => self.side == Side::Dialer && !link.was_heard(),
            _ => false,
        }
    }

    /// Tunes the socket when a call has begun or ended.
    fn retune(&mut self) {
        if let Stage::Joined(link) = &self.stage
            && link.session.is_live() != self.live
        {
            self.live = !self.live;
            options::tune(&self.stream, self.live);
        }
    }
}

/// Why reading or writing stopped.
enum Trouble {
    Socket(io::Error),
    Peer(Fault),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

/// Sealed bytes that may wait when no call does: several bulk records in one system call.
const BATCH: usize = 256 * 1024;
