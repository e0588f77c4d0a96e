//! What the loop tells its owner, and the names it gives to peers and watched things.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use transom_proto::{self as proto, PeerError, Side};
use transom_secure::{ChannelError, Cipher, HandshakeError};
use transom_wire::{ByeCode, PeerName, PublicKey, Status};

/// Names one connection. None is named twice.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PeerId(pub(crate) usize);

/// Names one watched file descriptor. None is named twice.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WatchId(pub(crate) usize);

/// What happened.
///
/// A peer appears with the [`PeerId`] that `dial` gave, or with its `Key`; whatever follows, the
/// last one about it is `Left`, exactly once. A stranger who never proves a key stays unmentioned.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer has proven its key and waits for [`admit`](crate::Net::admit) or
    /// [`refuse`](crate::Net::refuse).
    Key {
        /// Who.
        peer: PeerId,
        /// What it has proven to hold the private half of.
        key: PublicKey,
        /// What it calls itself, if it dialed us; that proves nothing.
        name: Option<PeerName>,
        /// Where it is.
        address: SocketAddr,
        /// Our side: whether we dialed or it did.
        side: Side,
    },
    /// The peer is admitted and there is a session. Whether the peer admits us, its hello will
    /// tell.
    Joined {
        /// Who.
        peer: PeerId,
        /// What seals the records.
        cipher: Cipher,
    },
    /// A session's event; never [`proto::Event::Bye`], which becomes `Left`.
    Peer {
        /// Whose.
        peer: PeerId,
        /// What its session says.
        event: proto::Event,
    },
    /// The connection is over.
    Left {
        /// Who.
        peer: PeerId,
        /// How it ended.
        why: Departure,
    },
    /// There may be something to read. Read until the system would block, or it is not told again.
    Watched(WatchId),
    /// A [`Waker`](crate::Waker) was used, once or more often.
    Woken,
}

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Departure {
    /// The peer said goodbye.
    #[error("they said goodbye ({:?}): {}", .0.code, .0.text)]
    Bye(Status<ByeCode, String>),
    /// The peer hung up without a goodbye.
    #[error("they hung up")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Lost(io::Error),
    /// Nothing was heard for too long.
    #[error("nothing was heard of them for too long")]
    Silent,
    /// The peer sent what the protocol forbids.
    #[error("they sent something illegal: {0}")]
    Illegal(PeerError),
    /// A record was not sealed by the peer, or not in this place.
    #[error("what came is not what they sent: {0}")]
    Forged(ChannelError),
    /// There is no connection to be had.
    #[error("can't be reached: {0}")]
    Unreachable(io::Error),
    /// The handshake did not come to its end.
    #[error("the handshake failed: {0}")]
    HandshakeFailed(HandshakeError),
    /// The handshake took too long.
    #[error("the handshake took too long")]
    HandshakeTimeout,
    /// The peer hung up before it said anything sealed: it may not know our key.
    #[error("they hung up before their hello: they may not know this key")]
    Refused,
    /// What we dialed hung up before it showed a key and could know ours, so ours is not the
    /// reason.
    #[error("they hung up before they showed a key: they may be busy, or it is another program")]
    Unanswered,
    /// There was no room for one more, or a newer stranger took the place of the oldest.
    #[error("too many connections at once")]
    Crowded,
    /// We ended it.
    #[error("closed here")]
    ClosedHere,
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer={}", self.0)
    }
}
