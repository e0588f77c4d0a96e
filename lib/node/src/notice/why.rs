//! Why connections end, why peers can't be reached, and what that ends: reasons that a program can
//! tell apart, each with its words for a person.

use std::io;

use transom_net::{BindError, Departure};
use transom_proto::PeerError;
use transom_secure::{ChannelError, HandshakeError, PairingError};
use transom_users::NotLearned;
use transom_wire::{ByeCode, Fingerprint, PublicKey, limits};

use crate::identity::StateError;

/// What the system says of a failure.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text}")]
pub struct SystemError {
    /// Which failure it is.
    pub kind: io::ErrorKind,
    /// The system's words, and what was tried where these don't say it.
    pub text: String,
}

impl SystemError {
    pub(crate) fn of(error: &io::Error) -> Self {
        Self {
            kind: error.kind(),
            text: error.to_string(),
        }
    }

    pub(crate) fn of_bind(error: &BindError) -> Self {
        let (kind, text) = match error {
            BindError::Taken(_) => (io::ErrorKind::AddrInUse, error.to_string()),
            BindError::NotOurs(_) => (io::ErrorKind::AddrNotAvailable, error.to_string()),
            BindError::Listen { source, .. } | BindError::Poll(source) => {
                (source.kind(), format!("{error}: {source}"))
            }
            _ => (io::ErrorKind::Other, error.to_string()),
        };
        Self { kind, text }
    }
}

/// Why a connection to a peer ended, or came to nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkEnd {
    /// The peer said goodbye.
    #[error("{}", goodbye(*.code, .text))]
    Bye {
        /// Why.
        code: ByeCode,
        /// In the peer's words; may be empty.
        text: String,
    },
    /// Our owner, or a rule of this station, closed it.
    #[error("closed here")]
    ClosedHere,
    /// A record was not sealed by the peer, or is not the next one.
    #[error("a record was changed on the way: {0}")]
    Forged(ChannelError),
    /// The handshake failed.
    #[error("the handshake failed: {0}")]
    Handshake(HandshakeError),
    /// The handshake took too long.
    #[error("the handshake took too long")]
    HandshakeTimeout,
    /// The peer closed it without a goodbye.
    #[error("they hung up")]
    HungUp,
    /// The peer sent what the protocol forbids.
    #[error("they sent something illegal: {0}")]
    Illegal(PeerError),
    /// The network broke it.
    #[error("the connection broke: {0}")]
    Lost(SystemError),
    /// The peer closed it when it had seen our key, before its hello.
    #[error("they hung up before their hello: they may not know this key")]
    NoHello,
    /// The peer closed it before it showed a key.
    #[error("they hung up before they showed a key: they may be busy, or it is another program")]
    NoKey,
    /// The peer has another key than was expected for a pairing.
    #[error("they have another key than expected")]
    OtherKey(PublicKey),
    /// The pairing failed.
    #[error("the pairing failed: {0}")]
    Pairing(PairingError),
    /// The peer was silent for too long.
    #[error("they were silent for too long")]
    Silent,
    /// This station has too many connections.
    #[error("too many connections at once")]
    TooMany,
    /// It could not be established.
    #[error("{0}")]
    Unreachable(SystemError),
}

impl LinkEnd {
    pub(crate) fn of(departure: &Departure) -> Self {
        match departure {
            Departure::Bye(bye) => Self::Bye {
                code: bye.code,
                text: bye.text.clone(),
            },
            Departure::Closed => Self::HungUp,
            Departure::Lost(error) => Self::Lost(SystemError::of(error)),
            Departure::Silent => Self::Silent,
            Departure::Illegal(error) => Self::Illegal(*error),
            Departure::Forged(error) => Self::Forged(*error),
            Departure::Unreachable(error) => Self::Unreachable(SystemError::of(error)),
            Departure::HandshakeFailed(error) => Self::Handshake(*error),
            Departure::HandshakeTimeout => Self::HandshakeTimeout,
            Departure::PairingFailed(error) => Self::Pairing(*error),
            Departure::OtherKey(key) => Self::OtherKey(*key),
            Departure::Refused => Self::NoHello,
            Departure::Unanswered => Self::NoKey,
            Departure::TooMany => Self::TooMany,
            _ => Self::ClosedHere,
        }
    }
}

/// The peer's own words, or ours for its code.
fn goodbye(code: ByeCode, text: &str) -> &str {
    match code {
        _ if !text.is_empty() => text,
        ByeCode::Illegal => "they say that we sent something illegal",
        ByeCode::Silent => "they heard nothing from us for too long",
        ByeCode::TooMuch => "they say that we asked for too much",
        ByeCode::Replaced => "another connection takes over",
        ByeCode::Unsupported => "their version can't do what we asked for",
        _ => "they said goodbye",
    }
}

/// What keeps a peer from being reached.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// It took the connection and hung up before it showed a key, as a station does that has too
    /// many strangers.
    #[error("{}", LinkEnd::NoKey)]
    Busy,
    /// Its key can't be pinned.
    #[error("their key can't be kept: {0}")]
    KeyNotKept(KeyNotKept),
    /// The network fails on the way, or the connection came to nothing there.
    #[error("{0}")]
    Network(LinkEnd),
    /// Its name has no address.
    #[error("there is no address of that name")]
    NoAddress,
    /// The machine answers, but nothing listens at that port.
    #[error("no program listens there")]
    NobodyListens,
    /// It is no longer where the network announced it.
    #[error("they are not where they were announced")]
    NotAnnounced,
    /// The peer hung up on our key: it may not know it yet.
    #[error("{}", not_let_in(*.new_key))]
    NotLetIn {
        /// Its own key, where that was pinned just now and should be compared.
        new_key: Option<Fingerprint>,
    },
    /// Its key is not the pinned one.
    #[error("they show another key than the pinned one")]
    OtherKey,
    /// The address of its name can't be found.
    #[error("the address can't be found: {0}")]
    Unresolved(SystemError),
}

impl Obstacle {
    /// The system can't connect.
    pub(crate) fn of_dial(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::NobodyListens,
            _ => Self::Network(LinkEnd::Unreachable(SystemError::of(error))),
        }
    }

    /// A connection ended before the peer showed its key.
    pub(crate) fn of_departure(departure: &Departure) -> Self {
        match departure {
            Departure::Unreachable(error) => Self::of_dial(error),
            Departure::Unanswered => Self::Busy,
            other => Self::Network(LinkEnd::of(other)),
        }
    }
}

/// Why the key of a peer can't be pinned.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyNotKept {
    /// The file of pinned keys can't be read or written.
    #[error("{0}")]
    File(SystemError),
    /// The pinned keys leave no place for it.
    #[error(transparent)]
    NotLearned(NotLearned),
}

impl KeyNotKept {
    pub(crate) fn of(error: &StateError) -> Self {
        let kind = match error {
            StateError::NotLearned(why) => return Self::NotLearned(*why),
            StateError::Io { source, .. } => source.kind(),
            _ => io::ErrorKind::InvalidData,
        };
        let text = error.to_string();
        Self::File(SystemError { kind, text })
    }
}

fn not_let_in(new_key: Option<Fingerprint>) -> String {
    let refused = "they hung up: they may not know your key yet";
    match new_key {
        Some(key) => {
            format!("{refused} (their own, {key}, is new and now pinned: compare it)")
        }
        None => refused.to_owned(),
    }
}

/// How what was to be sent or received lost its peer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerLoss {
    /// Our owner disconnected from the peer.
    #[error("disconnected")]
    Disconnected,
    /// The connection ended, and no other is to be expected.
    #[error("{0}")]
    Left(LinkEnd),
    /// The peer goes on by another connection.
    #[error("its sender is back by another connection")]
    TakenOver,
    /// The peer can't be reached and is not tried again.
    #[error("{0}")]
    Unreachable(Obstacle),
}

/// Why a text could not be delivered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TextFailure {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// Its peer is gone.
    #[error("{0}")]
    Peer(PeerLoss),
    /// It has too many bytes.
    #[error("it has {bytes} bytes, more than {}", limits::TEXT)]
    TooLong {
        /// How many it has.
        bytes: usize,
    },
    /// Too many texts wait already.
    #[error("too many texts wait already")]
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goodbye_is_told_in_the_words_of_its_peer_if_it_has_some() {
        let bye = |text: &str| LinkEnd::Bye {
            code: ByeCode::Replaced,
            text: text.to_owned(),
        };
        assert_eq!(bye("see you").to_string(), "see you");
        assert_eq!(bye("").to_string(), "another connection takes over");
    }

    #[test]
    fn a_refused_port_is_told_apart_from_a_broken_way() {
        let obstacle = |kind: io::ErrorKind| Obstacle::of_dial(&io::Error::from(kind));
        let refused = obstacle(io::ErrorKind::ConnectionRefused);
        assert_eq!(refused, Obstacle::NobodyListens);
        let timeout = obstacle(io::ErrorKind::TimedOut);
        let Obstacle::Network(LinkEnd::Unreachable(error)) = timeout else {
            panic!("{timeout:?}");
        };
        assert_eq!(error.kind, io::ErrorKind::TimedOut);
    }
}
