//! What can go wrong, by blame: the peer ([`PeerError`]) or our caller ([`UsageError`]).

use transom_wire::{ByeCode, DecodeError};

/// The peer broke the protocol or went away: say [`bye`](crate::Connection::bye) with
/// [`code`](Self::code) and close.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// A frame with an illegal field.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A legal frame where it has no meaning.
    #[error("{what} came where it has no meaning")]
    Unexpected {
        /// The frame, and what it missed.
        what: &'static str,
    },
    /// The peer went over a limit it has to keep.
    #[error("{what} went over the limit")]
    TooMuch {
        /// What there was too much of.
        what: &'static str,
    },
    /// A frame that the protocol has and this version does not serve.
    #[error("{what} is not supported by this version")]
    Unsupported {
        /// The frame.
        what: &'static str,
    },
    /// Nothing was heard within [`Config::give_up`](crate::Config::give_up).
    #[error("nothing was heard for too long")]
    Silent,
}

impl PeerError {
    /// What to tell the peer in the `Bye`.
    pub fn code(&self) -> ByeCode {
        match self {
            Self::Decode(_) | Self::Unexpected { .. } => ByeCode::Illegal,
            Self::TooMuch { .. } => ByeCode::TooMuch,
            Self::Unsupported { .. } => ByeCode::Unsupported,
            Self::Silent => ByeCode::Silent,
        }
    }
}

/// Our caller asked for something that the session's state does not allow. Nothing was changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// A goodbye was said by one of both.
    #[error("the session has ended")]
    Ended,
    /// The call is over or never was; calls can end at any time, so this is no bug.
    #[error("there is no such call")]
    NoSuchCall,
    /// The transfer is over or never was; transfers can end at any time, so this is no bug.
    #[error("there is no such transfer")]
    NoSuchTransfer,
    /// The verb does not fit the state of the call or transfer.
    #[error("{verb} is not possible now")]
    NotNow {
        /// The verb.
        verb: &'static str,
    },
    /// The peer's program does not say in its Hello that it takes this.
    #[error("the peer's program does not take {what}")]
    Unsupported {
        /// What it does not take.
        what: &'static str,
    },
    /// As many as the configuration allows.
    #[error("there is no room for more {what}")]
    Full {
        /// What of.
        what: &'static str,
    },
    /// Longer than the wire can carry.
    #[error("the {what} has {found} bytes, more than {limit} or none")]
    Length {
        /// What of.
        what: &'static str,
        /// What was given.
        found: usize,
        /// What the wire allows.
        limit: usize,
    },
}
