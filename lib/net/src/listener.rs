//! Sockets that take connections. One that can't take any more for a while is left alone for that while.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, Socket, Type};

use crate::error::BindError;

/// Connections the system keeps for us between two turns.
const BACKLOG: i32 = 128;
/// After an error that is not the connection's own, no file descriptor left for example, trying at once would only spin.
const PAUSE: Duration = Duration::from_millis(100);
/// Connections taken in one turn, before the peers have theirs.
const TURN: usize = 32;

pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) address: SocketAddr,
    pub(crate) ready: bool,
    paused_until: Option<Instant>,
}

impl Listener {
    pub(crate) fn bind(wanted: SocketAddr) -> Result<Self, BindError> {
        let bound = open(wanted).and_then(|socket| Ok((socket.local_addr()?, socket)));
        let (address, socket) = bound.map_err(|error| BindError::new(wanted, error))?;
        Ok(Self {
            socket: TcpListener::from_std(socket),
            address,
            ready: false,
            paused_until: None,
        })
    }

    /// The next connections.
    pub(crate) fn accept(&mut self, now: Instant) -> Vec<(TcpStream, SocketAddr)> {
        let mut accepted = Vec::new();
        if self.paused_until.is_some_and(|until| now < until) {
            return accepted;
        }
        self.paused_until = None;
        while self.ready && accepted.len() < TURN {
            match self.socket.accept() {
                Ok(connection) => accepted.push(connection),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.ready = false,
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                    _ => {
                        log::warn!("can't take a connection on {}: {error}", self.address);
                        self.paused_until = Some(now + PAUSE);
                        break;
                    }
                },
            }
        }
        accepted
    }

    /// When to accept though the poll says nothing new.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        self.ready.then(|| self.paused_until.unwrap_or(now))
    }
}

/// IPv6 alone on an IPv6 socket, so that both families can have one port.
fn open(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A station that restarts gets its port back at once.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
