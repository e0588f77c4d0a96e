//! A listening socket. When the system is out of file descriptors, it backs off.

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
    /// Connections may be waiting.
    ready: bool,
    /// No connection is accepted until then.
    backoff: Option<proto::Instant>,
    /// The failure that goes on was logged.
    warned: bool,
}

impl Listener {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            // Else some systems bind the IPv4 port too, and others don't.
            socket.set_only_v6(true)?;
        }
        // On Windows this option lets another program bind the same port.
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
            backoff: None,
            warned: false,
        })
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    pub(crate) fn note_readiness(&mut self) {
        self.ready = true;
    }

    /// The next connection, if one waits and the system can accept it.
    pub(crate) fn accept(&mut self, now: proto::Instant) -> Option<(TcpStream, SocketAddr)> {
        if self.backoff.is_some_and(|until| until <= now) {
            self.backoff = None;
        }
        while self.is_ready() {
            match self.socket.accept() {
                Ok(accepted) => {
                    self.warned = false;
                    return Some(accepted);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready = false,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => self.back_off(&error, now),
            }
        }
        None
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready && self.backoff.is_none()
    }

    pub(crate) fn deadline(&self) -> Option<proto::Instant> {
        self.backoff
    }

    /// The connection stays in the system's queue, and no new edge will come for it, so `accept` is
    /// called again after a pause.
    fn back_off(&mut self, error: &io::Error, now: proto::Instant) {
        self.backoff = Some(now + BACKOFF);
        if !std::mem::replace(&mut self.warned, true) {
            log::warn!("can't accept connections on {}: {error}", self.address);
        }
    }
}

/// Whether an error of `accept` is that of one connection, which the system has dropped, and not of
/// the listener.
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

/// Connections that the system queues for us: twice as many as may be in a handshake.
const BACKLOG: i32 = 128;

/// Pause after a failed accept: long enough to cost nothing, short enough for a peer that waits.
const BACKOFF: Duration = Duration::from_millis(200);
