//! Errors, sorted by their cause: the peer, our caller, the system.

use transom_wire::DecodeError;

use crate::preamble::VERSION;

/// The system can't provide what a key needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SecureError {
    /// The system's source of random numbers failed.
    #[error("the system provides no random numbers")]
    Random,
}

/// The handshake has failed. Nothing is sent to the peer after that, except the answer to a version
/// or purpose that this side does not serve.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    // Caused by the peer, or by an attacker on the path.
    /// The first bytes are not a preamble: the peer is another program.
    #[error("the other side does not speak transom")]
    Magic,
    /// The preamble's versions are all older or all newer than [`VERSION`].
    #[error(
        "the other side speaks {} of the protocol, this side version {VERSION}: the older one needs \
         an update",
        versions(.oldest, .newest)
    )]
    Version {
        /// The oldest version that the peer speaks.
        oldest: u8,
        /// The newest version that the peer speaks.
        newest: u8,
    },
    /// Both sides dialed, both listen, or our own bytes came back.
    #[error("the other side claims side {0} of the connection, which is not its own")]
    Side(u8),
    /// The dialer's set lacks ChaCha20-Poly1305, which every version has; or the listener chose no
    /// cipher, or more than one.
    #[error("the other side's ciphers are 0x{0:02x}, from which none can be chosen")]
    Ciphers(u8),
    /// The dialer asks for a purpose that this side does not serve, or the listener refused ours.
    #[error("{}", purpose(*.0))]
    Purpose(u8),
    /// A handshake message announces a length that the message can't have.
    #[error("handshake message {message} has {found} bytes instead of {least} or {most}")]
    Length {
        /// The message: 1 to 3.
        message: u8,
        /// The length that the peer announced.
        found: usize,
        /// The message's length without payload.
        least: usize,
        /// The message's length with its payload.
        most: usize,
    },
    /// The message, an earlier message or a preamble was changed on the way.
    #[error("handshake message {0} fails its check: something was changed on the way")]
    Forged(u8),
    /// The peer's public key is a point of low order: its holder needs no private key, so it proves
    /// no identity.
    #[error("the other side's key is a low-order point, which proves no identity")]
    LowOrderKey,

    // Caused by our caller.
    /// The call is too early, for example `admit` before the peer's key is known.
    #[error("the handshake is not that far yet")]
    Early,
    /// The handshake failed earlier, and that is final.
    #[error("the handshake has failed before")]
    Over,

    // Caused by the system.
    /// The system's source of random numbers failed.
    #[error("the system provides no random numbers")]
    Random,
}

/// A record could not be sealed or opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    // Caused by the peer, or by an attacker on the path.
    /// The record was changed, left out, repeated, or made without the key.
    #[error("a record fails its check: something was changed on the way")]
    Forged,
    /// The record is shorter than its tag or longer than its length field allows.
    #[error("a record has {0} bytes, which no record can have")]
    Length(usize),

    // Caused by our caller.
    /// More plain bytes than [`MAX_PLAIN`](crate::MAX_PLAIN).
    #[error("{0} bytes are more than a record can hold")]
    TooLong(usize),
    /// The buffer of a record has no room for its length and its tag.
    #[error("{0} bytes have no room for a record's length and tag")]
    Short(usize),
    /// The channel failed earlier, and that is final.
    #[error("the channel has failed before")]
    Over,
}

impl HandshakeError {
    /// Whether the peer, or an attacker on the path, caused the error.
    pub fn is_peer(&self) -> bool {
        !matches!(self, Self::Early | Self::Over | Self::Random)
    }
}

impl ChannelError {
    /// Whether the peer, or an attacker on the path, caused the error. It ends the channel then.
    pub fn is_peer(&self) -> bool {
        matches!(self, Self::Forged | Self::Length(_))
    }
}

/// A pairing has failed. Nothing more is sent to the peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PairingError {
    // Caused by the peer, or by an attacker on the path.
    /// A record was changed, left out or repeated.
    #[error(transparent)]
    Channel(ChannelError),
    /// A record is empty, or longer than any of a pairing.
    #[error("a record of a pairing has {0} bytes, which none can have")]
    Length(usize),
    /// A record is not the one that is due.
    #[error("a record of a pairing is illegal: {0}")]
    Record(DecodeError),
    /// The peer's SPAKE2 message is of the wrong side, or no group element.
    #[error("the other side's pairing message is no group element")]
    Element,
    /// The peer's proof is not that of our code: another code was typed, the peer guesses, or
    /// a relay is between the two sides.
    #[error("the other side has another code")]
    WrongCode,
    /// The peer has our own key: we reached ourselves, or another program of the same user.
    #[error("the other side has this station's own key")]
    OwnKey,

    // Caused by our caller.
    /// The pairing failed or ended earlier.
    #[error("the pairing is over")]
    Over,
    /// The feature `pairing` is off.
    #[error("this program was built without pairing")]
    NotBuilt,

    // Caused by the system.
    /// The system's source of random numbers failed.
    #[error("the system provides no random numbers")]
    Random,
}

fn purpose(code: u8) -> String {
    match code {
        0 => "the other side does not take a connection of this kind now".to_owned(),
        code => {
            format!(
                "the other side's connection is for purpose {code}, which this side doesn't serve"
            )
        }
    }
}

fn versions(oldest: &u8, newest: &u8) -> String {
    if oldest == newest {
        format!("version {oldest}")
    } else {
        format!("versions {oldest} to {newest}")
    }
}
