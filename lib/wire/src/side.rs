//! The two sides of a connection.

/// A side of a connection, as the handshake fixes it (wire 2).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// The side that connected. Its stream numbers are odd (wire 3.2).
    Dialer,
    /// The side that was connected to. Its stream numbers are even.
    Listener,
}

impl Side {
    /// The side of the peer.
    pub const fn other(self) -> Self {
        match self {
            Self::Dialer => Self::Listener,
            Self::Listener => Self::Dialer,
        }
    }
}
