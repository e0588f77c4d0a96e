//! Errors of creating a loop. The end of a connection is a [`Departure`](crate::Departure).

use std::io;
use std::net::SocketAddr;

/// A loop could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another program listens at this address.
    #[error("{0} is taken: another program listens there")]
    Taken(SocketAddr),
    /// No network of this machine has this address.
    #[error("{0} can't be listened at: this machine does not have that address")]
    NotOurs(SocketAddr),
    /// The system refuses to listen at this address.
    #[error("can't listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The system provides no poll instance.
    #[error("can't wait for sockets")]
    Poll(#[source] io::Error),
}

impl BindError {
    pub(crate) fn new(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken(address),
            io::ErrorKind::AddrNotAvailable => Self::NotOurs(address),
            _ => Self::Listen { address, source },
        }
    }
}
