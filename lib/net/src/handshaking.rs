//! A handshake in progress: moves the handshake's messages and asks the owner once. Its buffer is
//! bounded, so that an unknown peer can't fill memory.

use std::io::{self, ErrorKind, Read};

use transom_proto::{self as proto, Side};
use transom_secure::{Channel, HANDSHAKE_BUFFER, Handshake, HandshakeError, Purpose};
use transom_wire::PeerName;

use crate::config::Config;
use crate::outbound::Outbound;

pub(crate) struct Handshaking {
    handshake: Handshake,
    begun: proto::Instant,
    pub(crate) until: proto::Instant,
    owner_asked: bool,
    /// Bytes that were read after the handshake; fewer than [`HANDSHAKE_BUFFER`].
    early: Vec<u8>,
}

/// The state of a handshake after a read.
#[derive(Debug)]
pub(crate) enum HandshakeProgress {
    /// The handshake waits for more bytes, or for the owner's answer.
    Waiting,
    /// The peer has proven its key; returned once.
    Key([u8; 32]),
    HungUp,
    Broken(io::Error),
    Failed(HandshakeError),
}

impl Handshaking {
    /// A dialer asks for that purpose; a listener serves sessions and that purpose.
    pub(crate) fn new(
        config: &Config,
        side: Side,
        purpose: Purpose,
        now: proto::Instant,
    ) -> Result<Self, HandshakeError> {
        let (identity, ciphers) = (&config.identity, config.ciphers);
        let mut handshake = Handshake::with_purpose(identity, side, ciphers, purpose)?;
        if let Some(name) = &config.name {
            handshake.introduce(name.as_str().as_bytes());
        }
        Ok(Self {
            handshake,
            begun: now,
            until: now + config.handshake_timeout,
            owner_asked: false,
            early: Vec::new(),
        })
    }

    /// Reads until the key is known or a read would block.
    pub(crate) fn read(
        &mut self,
        mut socket: impl Read,
        outbound: &mut Outbound,
    ) -> HandshakeProgress {
        let mut buffer = [0; HANDSHAKE_BUFFER];
        while !self.owner_asked {
            self.send(outbound);
            let bytes = match socket.read(&mut buffer) {
                Ok(0) => return HandshakeProgress::HungUp,
                Ok(count) => &buffer[..count],
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return HandshakeProgress::Broken(error),
            };
            let result = self.handshake.handle_bytes(bytes);
            self.send(outbound);
            match result {
                Ok(used) => self.early.extend(&bytes[used..]),
                Err(error) => return HandshakeProgress::Failed(error),
            }
            if let Some(key) = self.handshake.remote() {
                self.owner_asked = true;
                return HandshakeProgress::Key(key);
            }
        }
        HandshakeProgress::Waiting
    }

    /// The owner admits the peer. Returns the channel, and bytes of its records that are already
    /// read.
    pub(crate) fn admit(
        mut self,
        outbound: &mut Outbound,
    ) -> Result<(Channel, Vec<u8>), HandshakeError> {
        self.handshake.admit()?;
        self.send(outbound);
        Ok((self.handshake.into_channel()?, self.early))
    }

    /// Moves outgoing messages to `outbound`.
    pub(crate) fn send(&mut self, outbound: &mut Outbound) {
        while let Some(bytes) = self.handshake.poll_transmit() {
            outbound.push(&bytes);
        }
    }

    /// The name in the peer's introduction, if it dialed us and sent a valid one.
    pub(crate) fn name(&self) -> Option<PeerName> {
        std::str::from_utf8(self.handshake.introduction())
            .ok()?
            .parse()
            .ok()
    }

    /// When the connection was established.
    pub(crate) fn begun(&self) -> proto::Instant {
        self.begun
    }

    /// What the connection is for, once the peer's key is known.
    pub(crate) fn purpose(&self) -> Purpose {
        self.handshake.purpose()
    }

    /// Whether only the owner's answer is missing.
    pub(crate) fn awaits_owner(&self) -> bool {
        self.owner_asked
    }
}
