//! The socket of one connection, never blocking.

use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

use super::connection::{Connection, Purpose};
use super::error::ServerError;
use super::messages::Lists;
use super::server::Server;
use crate::device::DeviceError;

/// How errors name the device before the server told its name.
const DEFAULT: &str = "default device";
/// How errors name the server.
const SERVER: &str = "sound server";
/// How long the server may take to answer what is asked to begin with; it may have to be started.
const PATIENCE: Duration = Duration::from_secs(5);
/// When a socket that took no more is tried again: it holds 200 ms of sound, so this costs none.
const RETRY: Duration = Duration::from_millis(10);
/// Bytes read at once: 40 ms of sound.
const CHUNK: usize = 4 * 1024;
/// Bytes read in one turn, so that a server that floods can't hold the thread: the rest is read in
/// the next turn.
const BUDGET: usize = 256 * 1024;

/// A connection and its socket.
pub(in crate::device) struct Link {
    socket: UnixStream,
    pub(in crate::device) connection: Connection,
    /// The device as the user named it.
    wanted: Option<String>,
    opened: Instant,
    /// When to read or write the rest, of which no edge of the poll will tell.
    again: Option<Instant>,
}

impl Link {
    /// Connects to the first socket that answers. The connection is made without waiting.
    pub(in crate::device) fn open(
        server: &Server,
        purpose: Purpose,
        wanted: Option<&str>,
        registry: &Registry,
        token: Token,
    ) -> Result<Self, DeviceError> {
        let mut socket = connect(server, |path| UnixStream::connect(path))?;
        // Not for writing: each piece of sound that the server takes would wake the thread.
        registry
            .register(&mut socket, token, Interest::READABLE)
            .map_err(|why| DeviceError::io(SERVER, "register", why))?;
        let mut link = Self {
            socket,
            connection: Connection::new(purpose, &server.cookie),
            wanted: wanted.map(ToOwned::to_owned),
            opened: Instant::now(),
            again: None,
        };
        link.pump(link.opened)?;
        Ok(link)
    }

    /// The device in words, as far as it is known.
    pub(super) fn name(&self) -> &str {
        match (self.connection.device(), &self.wanted) {
            ("", Some(wanted)) => wanted,
            ("", None) => DEFAULT,
            (device, _) => device,
        }
    }

    /// Sends and receives what the socket takes and gives now.
    pub(in crate::device) fn pump(&mut self, now: Instant) -> Result<(), DeviceError> {
        self.receive(now)?;
        self.send(now)?;
        if !self.connection.is_ready() && now.saturating_duration_since(self.opened) > PATIENCE {
            return Err(DeviceError::Silent {
                device: SERVER.to_owned(),
                what: "no answer",
                seconds: PATIENCE.as_secs(),
            });
        }
        Ok(())
    }

    pub(in crate::device) fn due(&self) -> Option<Instant> {
        let answer = (!self.connection.is_ready()).then(|| self.opened + PATIENCE);
        [self.again, answer].into_iter().flatten().min()
    }

    /// What the server said, in words for a person.
    pub(super) fn failed(&self, why: ServerError) -> DeviceError {
        explained(self.name(), self.wanted.is_some(), why)
    }

    /// Sends what the socket takes now.
    pub(super) fn send(&mut self, now: Instant) -> Result<(), DeviceError> {
        loop {
            let bytes = self.connection.poll_transmit();
            if bytes.is_empty() {
                return Ok(());
            }
            match self.socket.write(bytes) {
                Ok(count) => self.connection.transmitted(count),
                Err(why) if why.kind() == ErrorKind::WouldBlock => {
                    self.again.get_or_insert(now + RETRY);
                    return Ok(());
                }
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(self.broken(why)),
            }
        }
    }

    fn receive(&mut self, now: Instant) -> Result<(), DeviceError> {
        let mut chunk = [0; CHUNK];
        let mut budget = BUDGET;
        self.again = None;
        while budget > 0 {
            match self.socket.read(&mut chunk) {
                Ok(0) => return Err(self.ended()),
                Ok(count) => {
                    budget = budget.saturating_sub(count);
                    let handled = self.connection.handle_bytes(&chunk[..count]);
                    handled.map_err(|why| self.failed(why))?;
                }
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(self.broken(why)),
            }
        }
        self.again = Some(now);
        Ok(())
    }

    fn ended(&self) -> DeviceError {
        DeviceError::Lost {
            device: self.name().to_owned(),
            how: "the sound server ended".to_owned(),
        }
    }

    fn broken(&self, why: io::Error) -> DeviceError {
        match why.kind() {
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => self.ended(),
            _ => DeviceError::io(SERVER, "exchange messages", why),
        }
    }
}

fn explained(device: &str, is_named: bool, why: ServerError) -> DeviceError {
    let device = device.to_owned();
    match why {
        ServerError::Access => DeviceError::Denied {
            device: SERVER.to_owned(),
            hint: "run this program as the user whose desktop it is",
        },
        ServerError::Killed => DeviceError::Lost {
            device,
            how: "unplugged".to_owned(),
        },
        ServerError::NoDevice if is_named => DeviceError::NotFound {
            device,
            hint: "; plug it in, or choose another with `transom sounds`",
        },
        ServerError::NoDevice => DeviceError::NoneFound { looked: Vec::new() },
        why => DeviceError::Driver {
            device,
            step: "sound server",
            why: why.to_string(),
        },
    }
}

/// Asks for the lists of devices, waiting until the deadline.
pub(super) fn ask(server: &Server, deadline: Instant) -> Result<Lists, DeviceError> {
    let mut socket = connect(server, |path| std::os::unix::net::UnixStream::connect(path))?;
    let mut connection = Connection::new(Purpose::List, &server.cookie);
    let mut chunk = [0; CHUNK];
    let failed = |why| DeviceError::io(SERVER, "ask for its devices", why);
    while connection.lists().is_none() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(failed(ErrorKind::TimedOut.into()));
        }
        socket.set_read_timeout(Some(left)).map_err(failed)?;
        socket.set_write_timeout(Some(left)).map_err(failed)?;
        while !connection.poll_transmit().is_empty() {
            let count = socket.write(connection.poll_transmit()).map_err(failed)?;
            connection.transmitted(count);
        }
        let count = match socket.read(&mut chunk) {
            Ok(0) => return Err(failed(ErrorKind::UnexpectedEof.into())),
            Ok(count) => count,
            Err(why) if why.kind() == ErrorKind::Interrupted => 0,
            Err(why) => return Err(failed(why)),
        };
        let handled = connection.handle_bytes(&chunk[..count]);
        handled.map_err(|why| explained(SERVER, false, why))?;
    }
    Ok(connection.lists().cloned().unwrap_or_default())
}

fn connect<T>(server: &Server, connect: impl Fn(&Path) -> io::Result<T>) -> Result<T, DeviceError> {
    let mut denied = None;
    for path in &server.sockets {
        match connect(path) {
            Ok(socket) => return Ok(socket),
            Err(why) if why.kind() == ErrorKind::PermissionDenied => denied = Some(why),
            Err(why) => log::debug!("sound server socket={path:?} why=\"{why}\""),
        }
    }
    Err(match denied {
        Some(_) => DeviceError::Denied {
            device: SERVER.to_owned(),
            hint: "run this program as the user whose desktop it is",
        },
        None => DeviceError::NotFound {
            device: SERVER.to_owned(),
            hint: "; start PipeWire or PulseAudio, or use hw:CARD or cmd:COMMAND",
        },
    })
}
