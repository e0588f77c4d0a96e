//! Errors of reading and writing: an illegal field of a peer's message, or a buffer of ours that is
//! too small.

use crate::InvalidName;

/// An illegal field in a peer's frame. An incomplete frame is not an error: its caller waits for
/// more bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The field ends after the payload does.
    #[error("{0} is cut short")]
    Cut(&'static str),
    /// The protocol has no such value for the field.
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
    /// The peer's own name is not a legal name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// Bytes remain after the last field.
    #[error("{0} is followed by unexpected bytes")]
    Trailing(&'static str),
}

/// The buffer given to an encoder is too small for the frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the buffer is too small for the frame")]
pub struct Full;
