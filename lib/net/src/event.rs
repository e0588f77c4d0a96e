//! The loop's events, and the ids of peers and watched descriptors.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use transom_proto::{self as proto, PeerError, Side};
use transom_secure::{ChannelError, Cipher, HandshakeError, PairingError};
use transom_wire::{ByeCode, Introduction, PeerName, PublicKey, Status};

use crate::pairing::CodeId;

/// Identifies one connection. Ids are not reused.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PeerId(pub(crate) usize);

/// Identifies one watched file descriptor. Ids are not reused.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WatchId(pub(crate) usize);

/// An event of the loop.
///
/// A peer appears with the [`PeerId`] that `dial` gave, or with its `Key`. The last event of every
/// peer is `Left`, exactly once. An accepted connection that never proves a key causes no event, and
/// one that asks for a pairing causes `Pairing` alone.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer has proven its key and waits for [`admit`](crate::Net::admit) or
    /// [`refuse`](crate::Net::refuse).
    Key {
        /// The connection.
        peer: PeerId,
        /// Its public key; it has proven that it holds the private key.
        key: PublicKey,
        /// Its name for itself, if it dialed us. It proves nothing.
        name: Option<PeerName>,
        /// Its address.
        address: SocketAddr,
        /// Our side of the connection: whether we dialed.
        side: Side,
    },
    /// The peer is admitted and has a session. Its `Hello` will show that it has admitted us.
    Joined {
        /// The connection.
        peer: PeerId,
        /// The cipher of the records.
        cipher: Cipher,
    },
    /// A session's event, except [`proto::Event::Bye`], which becomes `Left`.
    Peer {
        /// The connection.
        peer: PeerId,
        /// The session's event.
        event: proto::Event,
    },
    /// Something happened in a pairing.
    Pairing {
        /// The connection.
        peer: PeerId,
        /// The peer's address.
        address: SocketAddr,
        /// The code that we showed when the peer dialed us; `None` if we dialed. The owner may show
        /// another one before it takes this event.
        code: Option<CodeId>,
        /// What happened.
        event: PairingEvent,
    },
    /// The connection has ended.
    Left {
        /// The connection.
        peer: PeerId,
        /// Why it ended.
        why: Departure,
    },
    /// A watched descriptor may be readable. Read until it would block: the event is
    /// edge-triggered.
    Watched(WatchId),
    /// A [`Waker`](crate::Waker) was used, once or more often.
    Woken,
}

/// What happens in a pairing (wire 10).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PairingEvent {
    /// The listener that we dialed has had a try at the code. `Paired` follows, or the peer's
    /// `Left`.
    Tried,
    /// The peer that dialed us has another code. After the last try the code is closed.
    WrongCode {
        /// Tries that are left.
        tries_left: u8,
    },
    /// The peer has proven to know the code. A code that we showed is closed.
    Paired {
        /// The peer's key.
        key: PublicKey,
        /// What the peer tells of itself.
        introduction: Introduction,
    },
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Departure {
    /// The peer sent a goodbye.
    #[error("they said goodbye ({:?}): {}", .0.code, .0.text)]
    Bye(Status<ByeCode, String>),
    /// The peer closed the connection without a goodbye.
    #[error("they hung up")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Lost(io::Error),
    /// The peer was silent for too long.
    #[error("they were silent for too long")]
    Silent,
    /// The peer sent what the protocol forbids.
    #[error("they sent something illegal: {0}")]
    Illegal(PeerError),
    /// A record fails its check: it was not sealed by the peer, or is not the next one.
    #[error("a record was changed on the way: {0}")]
    Forged(ChannelError),
    /// The connection can't be established.
    #[error("can't be reached: {0}")]
    Unreachable(io::Error),
    /// The handshake failed.
    #[error("the handshake failed: {0}")]
    HandshakeFailed(HandshakeError),
    /// The handshake took too long.
    #[error("the handshake took too long")]
    HandshakeTimeout,
    /// The pairing failed.
    #[error("the pairing failed: {0}")]
    PairingFailed(PairingError),
    /// The listener that we dialed to pair with has another key than we expected.
    #[error("they have another key than expected")]
    OtherKey(PublicKey),
    /// The peer closed before it sent a record: it may not know our key.
    #[error("they hung up before their hello: they may not know this key")]
    Refused,
    /// The listener that we dialed closed before it revealed its key or received ours, so our key
    /// is not the reason.
    #[error("they hung up before they showed a key: they may be busy, or it is another program")]
    Unanswered,
    /// The limit of connections is reached, or a newer handshake replaced the oldest.
    #[error("too many connections at once")]
    TooMany,
    /// Our owner closed the connection.
    #[error("closed here")]
    ClosedHere,
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer={}", self.0)
    }
}
