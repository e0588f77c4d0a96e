//! One connection from its first byte to its last, as stages. What a turn does in each is in the
//! modules below.

mod ending;
mod reading;
pub(crate) mod sending;

use std::io;
use std::net::SocketAddr;

use mio::event;
use mio::net::TcpStream;
use transom_proto::{self as proto, Connection, Order, Session, Side};

use crate::event::{Departure, Event, PeerId};
use crate::greeting::Greeting;
use crate::link::{Fault, Link};
use crate::loop_context::LoopContext;
use crate::marks::Marks;
use crate::options::{self, Tuning};
use crate::outbound::Outbound;

/// ```text
///  dial --> Connecting --> Greeting --admit--> Joined --close, fault--> Closing --> Gone
/// accept ------------------^  |                   |                                  ^
///                             `--- any failure ---+---- bye, hung up, lost, silent --'
/// ```
/// Readiness is edge-triggered: `readable` and `writable` stay set until the socket would block. A
/// stage that stops earlier (budget, owner's answer, events held) leaves them set, and
/// [`has_more`](Self::has_more) keeps the loop from sleeping.
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
    /// The start of a record whose rest has not come.
    inbound: Vec<u8>,
    outbound: Outbound,
    /// The owner has heard of this peer and is owed a `Left`.
    known: bool,
    tuning: Tuning,
    marks: Marks,
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
    /// The goodbye is out and the socket shut for writing. What still comes is read and dropped,
    /// since closing a socket with unread bytes resets the connection, which may overtake the
    /// goodbye.
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
            inbound: Vec::new(),
            outbound: Outbound::default(),
            known: side == Side::Dialer,
            tuning: Tuning::default(),
            marks: Marks::default(),
        }
    }

    /// Notes what the system says about the socket.
    pub(crate) fn note(&mut self, event: &event::Event) {
        let error = event.is_error();
        self.readable |= error || event.is_readable() || event.is_read_closed();
        self.writable |= error || event.is_writable() || event.is_write_closed();
        self.touched |= self.writable;
    }

    /// The earliest moment at which `expire` has something to do.
    pub(crate) fn deadline(&self) -> Option<proto::Instant> {
        match &self.stage {
            Stage::Connecting { until } => Some(*until),
            Stage::Greeting(greeting) => Some(greeting.until),
            Stage::Joined(link) => link.connection.poll_timeout(),
            Stage::Closing(closing) => Some(closing.until),
            Stage::Gone => None,
        }
    }

    /// The owner lets the peer in, to this session.
    pub(crate) fn admit(&mut self, config: proto::Config, turn: &mut LoopContext) {
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
                if config.order == Order::Naive {
                    self.tuning.set_naive(&self.stream);
                }
                let connection = Connection::new(config, self.side, turn.now());
                self.stage = Stage::Joined(Box::new(Link::new(connection, channel)));
                self.touched = true;
                let peer = self.id;
                turn.tell(Event::Joined { peer, cipher });
                self.take_early(turn);
            }
            Err(error) => self.leave(Departure::HandshakeFailed(error), turn),
        }
    }

    /// The session, which is looked at again in the next turn since it is lent.
    pub(crate) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.stage {
            Stage::Joined(link) => {
                self.touched = true;
                Some(&mut link.connection.session)
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

    /// Whether this peer has something to do without waiting: bytes to write, or bytes in the
    /// socket that no new edge tells of.
    pub(crate) fn has_more(&self) -> bool {
        self.touched || self.has_unread()
    }

    /// Whether the socket may hold bytes that the stage would read now.
    fn has_unread(&self) -> bool {
        self.readable
            && match &self.stage {
                // Once the key is told, the rest waits for the owner's answer.
                Stage::Greeting(greeting) => !greeting.is_answered(),
                Stage::Joined(_) | Stage::Closing(_) => true,
                Stage::Connecting { .. } | Stage::Gone => false,
            }
    }
}

/// Why reading or writing stopped.
enum Stop {
    Socket(io::Error),
    Peer(Fault),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}
