//! What the system refuses when a loop is made. What ends one peer is a
//! [`Departure`](crate::Departure), no error.

use std::io;
use std::net::SocketAddr;

/// A loop could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another program listens there.
    #[error("{0} is taken: another program listens there")]
    Taken(SocketAddr),
    /// The system does not let us listen there.
    #[error("can't listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The system gives no way to wait for sockets.
    #[error("can't wait for sockets")]
    Poll(#[source] io::Error),
}

impl BindError {
    pub(crate) fn new(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken(address),
            _ => Self::Listen { address, source },
        }
    }
}
