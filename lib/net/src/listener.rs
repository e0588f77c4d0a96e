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
    /// The system's queue may hold connections.
    ready: bool,
    /// No connection is accepted before this time.
    backoff: Option<proto::Instant>,
    /// No failure is logged before this time.
    quiet: Option<proto::Instant>,
}

impl Listener {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            // The default differs by system: some bind the IPv4 port too.
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
            quiet: None,
        })
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    pub(crate) fn note_readiness(&mut self) {
        self.ready = true;
    }

    /// The next connection, if one waits and the system can accept it. Where this program is out of
    /// file descriptors, `close_other` may close a socket that matters less.
    pub(crate) fn accept(
        &mut self,
        now: proto::Instant,
        mut close_other: impl FnMut() -> bool,
    ) -> Option<(TcpStream, SocketAddr)> {
        if self.backoff.is_some_and(|until| until <= now) {
            self.backoff = None;
        }
        while self.is_ready() {
            match self.socket.accept() {
                Ok(accepted) => return Some(accepted),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready = false,
                Err(error) if concerns_connection(&error) => {}
                Err(error) if is_out_of_descriptors(&error) && close_other() => {}
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

    /// Pauses. The connection stays in the system's queue and causes no further edge, so `accept`
    /// is called again after the pause.
    fn back_off(&mut self, error: &io::Error, now: proto::Instant) {
        self.backoff = Some(now + BACKOFF);
        if self.quiet.is_none_or(|until| until <= now) {
            self.quiet = Some(now + QUIET);
            log::warn!("can't accept connections on {}: {error}", self.address);
        }
    }
}

/// Whether an error of `accept` concerns a single connection, which the system has dropped, rather
/// than the listener.
fn concerns_connection(error: &io::Error) -> bool {
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

/// Whether this program has as many descriptors as it may have: EMFILE, for which the standard
/// library has no kind. Its number is the same on every Unix.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    cfg!(unix) && error.raw_os_error() == Some(24)
}

/// Connections that the system queues: twice the default limit of handshakes.
const BACKLOG: i32 = 128;

/// Pause after a failed accept: costs hardly any CPU time, and delays a waiting peer little.
const BACKOFF: Duration = Duration::from_millis(200);

/// Time between two logged failures: a flood causes several a second for as long as it lasts.
const QUIET: Duration = Duration::from_secs(60);
