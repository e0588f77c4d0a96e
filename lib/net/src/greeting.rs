//! A connection before its session: being made, or shaking hands. What it hears is bounded and what it says is only the
//! handshake, so that a stranger costs little and learns nothing.

use std::io::{self, ErrorKind, Read};

use mio::net::TcpStream;
use transom_proto::Side;
use transom_secure::{Channel, Handshake, HandshakeError, Role};
use transom_wire::PublicKey;

use crate::config::Config;
use crate::event::Departure;
use crate::outbound::{Flushed, Outbound};

/// Bytes read at once: the whole handshake of one side, and the beginning of its first record.
const READ: usize = 512;

/// The handshake of one connection.
pub(crate) struct Greeting {
    handshake: Handshake,
    outbound: Outbound,
    /// Bytes after the handshake's own: the peer's first records.
    rest: Vec<u8>,
    told: bool,
}

/// What a step of a handshake brought.
pub(crate) enum Step {
    /// More has to come.
    Pending,
    /// The peer has proven this key. Told once.
    Proven(PublicKey),
}

impl Greeting {
    pub(crate) fn new(config: &Config, side: Side) -> Result<Self, HandshakeError> {
        let role = match side {
            Side::Dialer => Role::Dialer,
            Side::Listener => Role::Listener,
        };
        let handshake = Handshake::new(&config.identity, role, config.ciphers)?;
        Ok(Self {
            handshake,
            outbound: Outbound::default(),
            rest: Vec::new(),
            told: false,
        })
    }

    /// Reads and writes what can be. `Err` is the end of the connection.
    pub(crate) fn step(
        &mut self,
        stream: &mut TcpStream,
        readable: &mut bool,
        writable: &mut bool,
    ) -> Result<Step, Departure> {
        let read = self.read(stream, readable);
        // Also after an error: a preamble of another version tells the peer why.
        self.write(stream, writable)?;
        read?;
        match self.handshake.remote() {
            Some(key) if !self.told => {
                self.told = true;
                Ok(Step::Proven(PublicKey(key)))
            }
            _ => Ok(Step::Pending),
        }
    }

    /// Whether the peer's key is known, and its owner asked.
    pub(crate) fn is_told(&self) -> bool {
        self.told
    }

    /// The owner lets the peer in. Gives what is still to be written, the channel, and the bytes that came too early.
    pub(crate) fn admit(mut self) -> Result<(Channel, Outbound, Vec<u8>), Departure> {
        self.handshake.admit().map_err(Departure::HandshakeFailed)?;
        self.collect();
        let channel = self
            .handshake
            .into_channel()
            .map_err(Departure::HandshakeFailed)?;
        Ok((channel, self.outbound, self.rest))
    }

    /// After the key is known nothing is read until the owner has decided.
    fn read(&mut self, stream: &mut TcpStream, readable: &mut bool) -> Result<(), Departure> {
        let mut buffer = [0; READ];
        while *readable && self.handshake.remote().is_none() {
            match stream.read(&mut buffer) {
                Ok(0) => return Err(Departure::Refused),
                Ok(count) => {
                    let mut bytes = &buffer[..count];
                    while !bytes.is_empty() && self.handshake.remote().is_none() {
                        let used = self
                            .handshake
                            .handle_bytes(bytes)
                            .map_err(Departure::HandshakeFailed)?;
                        bytes = bytes.get(used..).unwrap_or_default();
                        if used == 0 {
                            break;
                        }
                    }
                    self.rest.extend_from_slice(bytes);
                    self.collect();
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => *readable = false,
                    ErrorKind::Interrupted => {}
                    ErrorKind::ConnectionReset => return Err(Departure::Refused),
                    _ => return Err(Departure::Lost(error)),
                },
            }
        }
        Ok(())
    }

    fn collect(&mut self) {
        while let Some(bytes) = self.handshake.poll_transmit() {
            self.outbound.push(&bytes);
        }
    }

    fn write(&mut self, stream: &mut TcpStream, writable: &mut bool) -> Result<(), Departure> {
        self.collect();
        if *writable {
            match self.outbound.flush(stream) {
                Ok(Flushed::All) => {}
                Ok(Flushed::WouldBlock) => *writable = false,
                Err(error) => return Err(lost(error)),
            }
        }
        Ok(())
    }
}

/// A peer that resets in the middle of the handshake doesn't want us.
fn lost(error: io::Error) -> Departure {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Departure::Refused,
        _ => Departure::Lost(error),
    }
}
