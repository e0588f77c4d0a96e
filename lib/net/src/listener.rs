//! A listening socket. It accepts, and rests when the system has nothing left to accept with.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};
use transom_proto as proto;

pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// Somebody may wait to be accepted.
    ready: bool,
    rest: Option<proto::Instant>,
    /// The owner of the machine has been told that accepting fails.
    complained: bool,
}

impl Listener {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            // Or the system lets it take the IPv4 port too, and then not on every system.
            socket.set_only_v6(true)?;
        }
        // On Windows this option would let another program steal the port.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let socket = TcpListener::from_std(socket.into());
        let address = socket.local_addr()?;
        Ok(Self {
            socket,
            address,
            ready: false,
            rest: None,
            complained: false,
        })
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    pub(crate) fn note(&mut self) {
        self.ready = true;
    }

    /// The next connection, if there is one and the system can give it.
    pub(crate) fn accept(&mut self, now: proto::Instant) -> Option<(TcpStream, SocketAddr)> {
        if self.rest.is_some_and(|until| until <= now) {
            self.rest = None;
        }
        while self.is_ready() {
            match self.socket.accept() {
                Ok(accepted) => {
                    self.complained = false;
                    return Some(accepted);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready = false,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => self.rest(&error, now),
            }
        }
        None
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready && self.rest.is_none()
    }

    pub(crate) fn deadline(&self) -> Option<proto::Instant> {
        self.rest
    }

    /// The connection stays in the queue and no new edge will tell of it, so this looks again after
    /// a while.
    fn rest(&mut self, error: &io::Error, now: proto::Instant) {
        self.rest = Some(now + REST);
        if !std::mem::replace(&mut self.complained, true) {
            log::warn!("can't accept connections on {}: {error}", self.address);
        }
    }
}

/// Whether an error of `accept` concerns the one connection, which is gone with it, rather than the
/// system.
fn is_of_one_connection(error: &io::Error) -> bool {
    use ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable, PermissionDenied, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
            | TimedOut
    )
}

/// Connections that the system keeps for us: as many as may be in the middle of a handshake, and as
/// many again.
const BACKLOG: i32 = 128;

/// How long to rest when there are no file descriptors: long enough to cost nothing, short enough
/// for who knocks.
const REST: Duration = Duration::from_millis(200);
