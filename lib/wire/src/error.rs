//! What can be wrong with bytes: a field of a peer's message, or our own buffer.

use crate::InvalidName;

/// An illegal field in a peer's frame. "More bytes needed" is not an error and is not here.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The field ends after the payload does.
    #[error("{0} is cut short")]
    Cut(&'static str),
    /// The field's value is not one the protocol has.
    #[error("{0} has an illegal value")]
    Illegal(&'static str),
    /// The field is longer or larger than its limit.
    #[error("{field} is {found}, more than the limit of {limit}")]
    TooLarge {
        /// The field's name.
        field: &'static str,
        /// What the peer sent.
        found: u64,
        /// What [`limits`](crate::limits) allows.
        limit: u64,
    },
    /// The peer's name for itself can't be a name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// Bytes remain after the last field.
    #[error("{0} is followed by bytes that belong to nothing")]
    Trailing(&'static str),
}

/// The buffer given to an encoder is too small for the frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the buffer is too small for the frame")]
pub struct Full;
