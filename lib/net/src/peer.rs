//! One connection from its first byte to its last, as stages. The modules below read, write and end
//! it.

mod ending;
mod reading;
pub(crate) mod sending;

use std::io;
use std::net::SocketAddr;

use mio::event;
use mio::net::TcpStream;
use transom_proto::{self as proto, Connection, Order, Session, Side};

use crate::event::{Departure, Event, PeerId};
use crate::handshaking::Handshaking;
use crate::inbound::Inbound;
use crate::link::{Fault, Link};
use crate::loop_context::LoopContext;
use crate::marks::Marks;
use crate::options::{self, Tuning};
use crate::outbound::Outbound;
use crate::readiness::Readiness;

/// ```text
///  dial --> Connecting --> Handshaking --admit--> Joined --close, fault--> Closing --> Gone
/// accept ------------------^  |                      |                                  ^
///                             `---- any failure -----+---- bye, end, lost, silent ------'
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
    /// The error of the first write that failed.
    broken: Option<io::Error>,
    tuning: Tuning,
    marks: Marks,
}

enum Stage {
    Connecting { until: proto::Instant },
    Handshaking(Box<Handshaking>),
    Joined(Box<Link>),
    Closing(Box<Closing>),
    Gone,
}

/// A goodbye that is being sent.
struct Closing {
    link: Link,
    until: proto::Instant,
    /// The reason for the `Left` that is still owed; `None` if it was emitted already.
    why: Option<Departure>,
    /// The goodbye is out and the socket shut for writing. What still arrives is read and dropped,
    /// since closing a socket with unread bytes resets the connection, which may overtake the
    /// goodbye.
    is_shut: bool,
}

impl Peer {
    /// A connection that we dialed; the system may not have made it yet.
    pub(crate) fn dialed(
        id: PeerId,
        stream: TcpStream,
        address: SocketAddr,
        until: proto::Instant,
    ) -> Self {
        let stage = Stage::Connecting { until };
        Self::new(id, stream, address, Side::Dialer, stage)
    }

    /// A connection that a listener accepted.
    pub(crate) fn accepted(
        id: PeerId,
        stream: TcpStream,
        address: SocketAddr,
        handshaking: Handshaking,
    ) -> Self {
        options::begin(&stream);
        let stage = Stage::Handshaking(Box::new(handshaking));
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

    /// Takes in a readiness event of the socket.
    pub(crate) fn note_readiness(&mut self, event: &event::Event) {
        self.readiness.note(event);
    }

    /// The earliest time at which `expire` has something to do.
    pub(crate) fn deadline(&self) -> Option<proto::Instant> {
        match &self.stage {
            Stage::Connecting { until } => Some(*until),
            Stage::Handshaking(handshaking) => Some(handshaking.until),
            Stage::Joined(link) => link.connection.poll_timeout(),
            Stage::Closing(closing) => Some(closing.until),
            Stage::Gone => None,
        }
    }

    /// The owner admits the peer to a session of this configuration.
    pub(crate) fn admit(&mut self, config: proto::Config, context: &mut LoopContext) {
        let handshaking = match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Handshaking(handshaking) if handshaking.awaits_owner() => handshaking,
            other => {
                self.stage = other;
                return log::debug!("{}: nothing to admit", self.id);
            }
        };
        match handshaking.admit(&mut self.outbound) {
            Ok((channel, early)) => {
                let cipher = channel.cipher();
                if config.order == Order::Naive {
                    self.tuning.set_naive(&self.stream);
                }
                let connection = Connection::new(config, self.side, context.now());
                self.stage = Stage::Joined(Box::new(Link::new(connection, channel)));
                self.readiness.touch();
                let peer = self.id;
                context.emit(Event::Joined { peer, cipher });
                self.take_early(early, context);
            }
            Err(error) => {
                let (peer, why) = (self.id, Departure::HandshakeFailed(error));
                context.emit(Event::Left { peer, why });
            }
        }
    }

    /// The session. The next turn sends what it queues while it is lent.
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

    /// Whether it was accepted and is not admitted yet.
    pub(crate) fn is_half_open(&self) -> bool {
        self.side == Side::Listener && matches!(self.stage, Stage::Handshaking(_))
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Gone)
    }

    /// Whether the owner knows this peer, and is owed a `Left`.
    fn is_known(&self) -> bool {
        self.side == Side::Dialer
            || match &self.stage {
                Stage::Handshaking(handshaking) => handshaking.awaits_owner(),
                stage => !matches!(stage, Stage::Connecting { .. }),
            }
    }

    /// Whether this peer has something to do without waiting: bytes to write, or bytes in the
    /// socket of which no new edge tells.
    pub(crate) fn has_more(&self) -> bool {
        self.readiness.has_work() || self.has_unread()
    }

    /// Whether the socket may hold bytes that the stage would read now.
    fn has_unread(&self) -> bool {
        self.readiness.can_read()
            && match &self.stage {
                // Behind the handshake, bytes wait for the owner's answer.
                Stage::Handshaking(handshaking) => !handshaking.awaits_owner(),
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
