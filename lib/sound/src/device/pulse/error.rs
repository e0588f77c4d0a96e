//! What a sound server does that ends its connection.

use super::commands::VERSION;
use super::tags::Malformed;

/// Why a connection can't go on: what the sound server did.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ServerError {
    /// The cookie is wrong, or the server belongs to another user.
    #[error("refuses this user")]
    Access,
    /// The frames are not those of the protocol.
    #[error("sent {0}")]
    Frame(&'static str),
    /// The server took the stream away: its device was unplugged.
    #[error("took the device away")]
    Killed,
    /// A message is not that of the protocol.
    #[error("sent a broken message: {0}")]
    Message(#[from] Malformed),
    /// The server has no such device.
    #[error("has no such device")]
    NoDevice,
    /// The server is older than the protocol's version 15.
    #[error("speaks version {0} of its protocol, {VERSION} is needed")]
    Old(u32),
    /// The server refuses with a code of its own.
    #[error("refuses with code {0}")]
    Refused(u32),
    /// The server asks for sound and reads none.
    #[error("reads nothing")]
    Stuck,
}
