//! Errors, sorted by who caused them: the peer ([`PeerError`]) or our caller ([`UsageError`]).

use transom_wire::{ByeCode, DecodeError};

/// The peer violated the protocol or went away: send [`bye`](crate::Connection::bye) with
/// [`code`](Self::code) and close.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// A frame with an illegal field.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A well-formed frame that is not legal in the current state.
    #[error("protocol violation: {what}")]
    Unexpected {
        /// The frame, and why it is illegal.
        what: &'static str,
    },
    /// The peer exceeded a limit of the protocol.
    #[error("limit exceeded: {what}")]
    TooMuch {
        /// What the limit is on.
        what: &'static str,
    },
    /// A frame that the protocol defines and this version does not support.
    #[error("{what} is not supported by this version")]
    Unsupported {
        /// The frame.
        what: &'static str,
    },
    /// Nothing was received for [`Config::give_up`](crate::Config::give_up).
    #[error("nothing was received for too long")]
    Silent,
}

impl PeerError {
    pub(crate) const fn unexpected(what: &'static str) -> Self {
        Self::Unexpected { what }
    }

    pub(crate) const fn too_much(what: &'static str) -> Self {
        Self::TooMuch { what }
    }

    /// The code to send in the `Bye`.
    pub fn code(&self) -> ByeCode {
        match self {
            Self::Decode(_) | Self::Unexpected { .. } => ByeCode::Illegal,
            Self::TooMuch { .. } => ByeCode::TooMuch,
            Self::Unsupported { .. } => ByeCode::Unsupported,
            Self::Silent => ByeCode::Silent,
        }
    }
}

/// Fails if the peer did `what`.
pub(crate) fn legal(is_legal: bool, what: &'static str) -> Result<(), PeerError> {
    match is_legal {
        true => Ok(()),
        false => Err(PeerError::unexpected(what)),
    }
}

/// Our caller asked for something that the session's state does not allow. The state is unchanged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// One of both sides said goodbye, or the peer violated the protocol.
    #[error("the session has ended")]
    Ended,
    /// The call has ended or never existed. Calls can end at any time, so this is no bug.
    #[error("there is no such call")]
    NoSuchCall,
    /// The transfer has ended or never existed. Transfers can end at any time, so this is no bug.
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
    /// A limit of the configuration or the wire is reached; try again later.
    #[error("there is no room for more {what}")]
    Full {
        /// What the limit is on.
        what: &'static str,
    },
    /// Longer than the wire can carry, or empty where that is illegal.
    #[error("a {what} of {found} bytes can't be sent; the limit is {limit}")]
    Length {
        /// What has a wrong length.
        what: &'static str,
        /// Bytes given.
        found: usize,
        /// The most bytes that the wire can carry.
        limit: usize,
    },
}

impl UsageError {
    /// For a verb with which our caller breaks a rule of the protocol.
    pub(crate) fn not_now(verb: &'static str) -> impl Fn(PeerError) -> Self {
        move |_| Self::NotNow { verb }
    }
}
