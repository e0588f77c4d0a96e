//! One connection from its first byte to its last, as stages. What a turn does in each is in the
//! modules below.

mod ending;
mod reading;
mod sending;

use std::io;
use std::net::SocketAddr;

use mio::event;
use mio::net::TcpStream;
use transom_proto::{self as proto, Connection, Order, Session, Side};

use crate::event::{Departure, Event, PeerId};
use crate::greeting::Greeting;
use crate::inbound::Inbound;
use crate::link::{Fault, Link};
use crate::loop_context::LoopContext;
use crate::marks::Marks;
use crate::options::{self, Tuning};
use crate::outbound::Outbound;
use crate::readiness::Readiness;

/// ```text
///  dial --> Connecting --> Greeting --admit--> Joined --close, fault--> Closing --> Gone
/// accept ------------------^  |                   |                                  ^
///                             `--- any failure ---+---- bye, hung up, lost, silent --'
/// ```
/// A connection on which nothing can be written any more stays `Joined` until what had come before
/// is read.
pub(crate) struct Peer {
    id: PeerId,
    stream: TcpStream,
    address: SocketAddr,
    side: Side,
    stage: Stage,
    readiness: Readiness,
    inbound: Inbound,
    outbound: Outbound,
    /// Why nothing can be written any more.
    broken: Option<io::Error>,
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
            readiness: Readiness::default(),
            inbound: Inbound::default(),
            outbound: Outbound::default(),
            broken: None,
            tuning: Tuning::default(),
            marks: Marks::default(),
        }
    }

    /// Notes what the system says about the socket.
    pub(crate) fn note(&mut self, event: &event::Event) {
        self.readiness.note(event);
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
        match greeting.admit(&mut self.outbound) {
            Ok((channel, early)) => {
                let cipher = channel.cipher();
                if config.order == Order::Naive {
                    self.tuning.set_naive(&self.stream);
                }
                let connection = Connection::new(config, self.side, turn.now());
                self.stage = Stage::Joined(Box::new(Link::new(connection, channel)));
                self.readiness.touch();
                let peer = self.id;
                turn.tell(Event::Joined { peer, cipher });
                self.take_early(early, turn);
            }
            Err(error) => {
                let (peer, why) = (self.id, Departure::HandshakeFailed(error));
                turn.tell(Event::Left { peer, why });
            }
        }
    }

    /// The session, which is looked at again in the next turn since it is lent.
    pub(crate) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.stage {
            Stage::Joined(link) => {
                self.readiness.touch();
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

    /// Whether the owner has heard of this peer, and is owed a `Left`.
    fn is_known(&self) -> bool {
        self.side == Side::Dialer
            || match &self.stage {
                Stage::Greeting(greeting) => greeting.is_answered(),
                stage => !matches!(stage, Stage::Connecting { .. }),
            }
    }

    /// Whether this peer has something to do without waiting: bytes to write, or bytes in the
    /// socket that no new edge tells of.
    pub(crate) fn has_more(&self) -> bool {
        self.readiness.has_work() || self.has_unread()
    }

    /// Whether the socket may hold bytes that the stage would read now.
    fn has_unread(&self) -> bool {
        self.readiness.can_read()
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
