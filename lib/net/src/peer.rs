//! One connection from its first byte to its last, as a state machine. The submodules read, write
//! and end it.

mod ending;
mod pairing;
mod reading;
pub(crate) mod sending;

use std::io;
use std::net::SocketAddr;

use mio::event;
use mio::net::TcpStream;
use transom_proto::{self as proto, Connection, Order, Session, Side};
use transom_secure::Purpose;
use transom_wire::PublicKey;

use crate::event::{Departure, Event, PeerId};
use crate::handshaking::Handshaking;
use crate::inbound::Inbound;
use crate::loop_context::LoopContext;
use crate::marks::Marks;
use crate::options::{self, Tuning};
use crate::outbound::Outbound;
use crate::pairing::{PairingConnection, PairingTerms};
use crate::readiness::Readiness;
use crate::sealed_connection::{Fault, SealedConnection};

/// ```text
///  dial --> Connecting --> Handshaking --admit--> Joined --close, fault--> Closing --> Gone
/// accept ------------------^  |                      |                                  ^
///                             |---- any failure -----+---- bye, end, lost, silent ------|
///                             `-- purpose pairing --> Pairing ----- paired, failed -----'
/// ```
/// A connection whose socket can't be written any more stays `Joined` until the bytes that arrived
/// before are read.
pub(crate) struct Peer {
    id: PeerId,
    stream: TcpStream,
    address: SocketAddr,
    side: Side,
    stage: Stage,
    /// We dialed to pair.
    pairing: DialedPairing,
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
    Pairing(Box<PairingConnection>),
    Joined(Box<SealedConnection>),
    Closing(Box<Closing>),
    Gone,
}

/// What we dial a listener with to pair, and the key that it must have; `None` for a session.
pub(crate) type DialedPairing = Option<Box<(PairingTerms, Option<PublicKey>)>>;

/// A goodbye that is being sent.
struct Closing {
    sealed: SealedConnection,
    until: proto::Instant,
    /// The reason for the `Left` event at the end; `None` if that was emitted already.
    why: Option<Departure>,
    /// The goodbye is written and the socket shut for writing. Bytes that still arrive are read and
    /// dropped: closing a socket with unread bytes resets the connection, and the reset may
    /// overtake the goodbye.
    is_shut: bool,
}

impl Peer {
    /// A connection that we dialed; it may not be established yet.
    pub(crate) fn dialed(
        id: PeerId,
        stream: TcpStream,
        address: SocketAddr,
        until: proto::Instant,
        pairing: DialedPairing,
    ) -> Self {
        let stage = Stage::Connecting { until };
        Self {
            pairing,
            ..Self::new(id, stream, address, Side::Dialer, stage)
        }
    }

    /// A connection that a listener accepted.
    pub(crate) fn accepted(
        id: PeerId,
        stream: TcpStream,
        address: SocketAddr,
        handshaking: Handshaking,
    ) -> Self {
        options::set_up(&stream);
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
            pairing: None,
            readiness: Readiness::default(),
            inbound: Inbound::default(),
            outbound: Outbound::default(),
            broken: None,
            tuning: Tuning::default(),
            marks: Marks::default(),
        }
    }

    /// Records a readiness event of the socket.
    pub(crate) fn note_readiness(&mut self, event: &event::Event) {
        self.readiness.note(event);
    }

    /// The earliest time at which `expire` has something to do.
    pub(crate) fn deadline(&self) -> Option<proto::Instant> {
        match &self.stage {
            Stage::Connecting { until } => Some(*until),
            Stage::Handshaking(handshaking) => Some(handshaking.until),
            Stage::Pairing(pairing) => Some(pairing.until),
            Stage::Joined(sealed) => sealed.connection.poll_timeout(),
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
                self.stage = Stage::Joined(Box::new(SealedConnection::new(connection, channel)));
                self.readiness.touch();
                let peer = self.id;
                context.emit(Event::Joined { peer, cipher });
                self.handle_early(early, context);
            }
            Err(error) => {
                let (peer, why) = (self.id, Departure::HandshakeFailed(error));
                context.emit(Event::Left { peer, why });
            }
        }
    }

    /// The session. The next turn sends what the caller queues in it.
    pub(crate) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.stage {
            Stage::Joined(sealed) => {
                self.readiness.touch();
                Some(&mut sealed.connection.session)
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

    /// Whether the connection was accepted and is not admitted to a session.
    pub(crate) fn is_half_open(&self) -> bool {
        let before = matches!(self.stage, Stage::Handshaking(_) | Stage::Pairing(_));
        self.side == Side::Listener && before
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Gone)
    }

    /// Whether the owner knows this peer, so that its end has to emit `Left`.
    fn is_known(&self) -> bool {
        self.side == Side::Dialer
            || match &self.stage {
                Stage::Handshaking(handshaking) => {
                    handshaking.awaits_owner() && handshaking.purpose() == Purpose::Session
                }
                stage => !matches!(stage, Stage::Connecting { .. } | Stage::Pairing(_)),
            }
    }

    /// Whether this peer has work without a new readiness event: bytes to write, or unread bytes
    /// left in the socket.
    pub(crate) fn has_more(&self) -> bool {
        self.readiness.has_work() || self.has_unread()
    }

    /// Whether the socket may have bytes that the current stage reads.
    fn has_unread(&self) -> bool {
        self.readiness.can_read()
            && match &self.stage {
                // Bytes after the handshake wait for the owner's answer.
                Stage::Handshaking(handshaking) => !handshaking.awaits_owner(),
                Stage::Pairing(_) | Stage::Joined(_) | Stage::Closing(_) => true,
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
