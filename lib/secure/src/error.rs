//! What can go wrong, sorted by who is to blame: the other side, our caller, the system.

use crate::preamble::VERSION;

/// The system could not give what a key needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SecureError {
    /// The system's source of random numbers failed.
    #[error("the system gives no random numbers")]
    Random,
}

/// The handshake is over; nothing was shown to the other side but what had been sent before.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    // The other side's fault, or of somebody between.
    /// The first bytes are not a preamble: another program is there.
    #[error("the other side does not speak transom")]
    Magic,
    /// The preamble's versions are all older or all newer than [`VERSION`].
    #[error(
        "the other side speaks {} of the protocol, this side version {VERSION}: the older one needs \
         an update",
        versions(.oldest, .newest)
    )]
    Version {
        /// The oldest version that the other side speaks.
        oldest: u8,
        /// The newest one.
        newest: u8,
    },
    /// Both sides dialed, or both listen, or our own bytes came back.
    #[error("the other side claims side {0} of the connection, which is not its own")]
    Side(u8),
    /// The dialer's set lacks the cipher that everybody has, or the listener chose none or more
    /// than one.
    #[error("the other side's ciphers are 0x{0:02x}, from which none can be chosen")]
    Ciphers(u8),
    /// The other side wants something else of the connection than this side serves, or serves
    /// something else than this side wants.
    #[error("the other side's connection is for purpose {0}, which this side doesn't know")]
    Purpose(u8),
    /// A handshake message has a length that its kind can't have.
    #[error("handshake message {message} has {found} bytes, where {least} or {most} may be")]
    Length {
        /// 1 to 3.
        message: u8,
        /// What the other side announced.
        found: usize,
        /// What it is without payload.
        least: usize,
        /// What it is with the payload that it may have.
        most: usize,
    },
    /// The message, or one before it, or a preamble, was changed on the way.
    #[error("handshake message {0} fails its check: something was changed on the way")]
    Forged(u8),
    /// The other side's public key is one that needs no private key, so anybody could show it.
    #[error("the other side's key is worthless: it belongs to everybody")]
    LowOrderKey,

    // Our caller's.
    /// The call comes before what it needs, for example `admit` before the other side's key is
    /// known.
    #[error("the handshake is not that far yet")]
    Early,
    /// It failed before, and that is final.
    #[error("the handshake has failed before")]
    Over,

    // The system's.
    /// The system's source of random numbers failed.
    #[error("the system gives no random numbers")]
    Random,
}

/// A record could not be sealed or opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    // The other side's fault, or of somebody between.
    /// The record was changed, left out, repeated or made by somebody without the key.
    #[error("a record fails its check: something was changed on the way")]
    Forged,
    /// The record is shorter than its own tag or longer than a length can say.
    #[error("a record has {0} bytes, which no record can have")]
    Length(usize),

    // Our caller's.
    /// More plain bytes than [`MAX_PLAIN`](crate::MAX_PLAIN).
    #[error("{0} bytes are more than a record can hold")]
    TooLong(usize),
    /// The buffer of a record has no room for its length and its tag.
    #[error("{0} bytes are less than a record has without any plain ones")]
    Short(usize),
    /// The channel failed before, and that is final.
    #[error("the channel has failed before")]
    Over,
}

impl HandshakeError {
    /// Whether the other side, or somebody between, is to blame.
    pub fn is_peer(&self) -> bool {
        !matches!(self, Self::Early | Self::Over | Self::Random)
    }
}

impl ChannelError {
    /// Whether the other side, or somebody between, is to blame; then the channel is at its end.
    pub fn is_peer(&self) -> bool {
        matches!(self, Self::Forged | Self::Length(_))
    }
}

fn versions(oldest: &u8, newest: &u8) -> String {
    if oldest == newest {
        format!("version {oldest}")
    } else {
        format!("versions {oldest} to {newest}")
    }
}
