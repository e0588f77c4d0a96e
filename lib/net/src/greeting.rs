//! A handshake under way: it moves the handshake's messages and asks the owner once. It reads no
//! more than the handshake may have, whoever sends.

use std::io::{self, ErrorKind, Read};

use transom_proto::{self as proto, Side};
use transom_secure::{Channel, HANDSHAKE_BUFFER, Handshake, HandshakeError, Role};
use transom_wire::PeerName;

use crate::config::Config;
use crate::outbound::Outbound;

pub(crate) struct Greeting {
    handshake: Handshake,
    pub(crate) until: proto::Instant,
    key_told: bool,
    /// What came right behind the handshake; less than one read of it.
    early: Vec<u8>,
}

/// Where a handshake stands after it has read what there was.
#[derive(Debug)]
pub(crate) enum Progress {
    /// More has to come.
    Waiting,
    /// The peer's key is proven; told once.
    Key([u8; 32]),
    HungUp,
    Broken(io::Error),
    Failed(HandshakeError),
}

impl Greeting {
    pub(crate) fn new(
        config: &Config,
        side: Side,
        now: proto::Instant,
    ) -> Result<Self, HandshakeError> {
        let role = match side {
            Side::Dialer => Role::Dialer,
            Side::Listener => Role::Listener,
        };
        let mut handshake = Handshake::new(&config.identity, role, config.ciphers)?;
        if let Some(name) = &config.name {
            handshake.introduce(name.as_str().as_bytes());
        }
        Ok(Self {
            handshake,
            until: now + config.handshake_timeout,
            key_told: false,
            early: Vec::new(),
        })
    }

    /// Reads until the key is known or the socket has no more.
    pub(crate) fn read(&mut self, mut socket: impl Read, outbound: &mut Outbound) -> Progress {
        let mut buffer = [0; HANDSHAKE_BUFFER];
        while !self.key_told {
            self.send(outbound);
            let bytes = match socket.read(&mut buffer) {
                Ok(0) => return Progress::HungUp,
                Ok(count) => &buffer[..count],
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Progress::Broken(error),
            };
            let result = self.handshake.handle_bytes(bytes);
            self.send(outbound);
            match result {
                Ok(used) => self.early.extend(&bytes[used..]),
                Err(error) => return Progress::Failed(error),
            }
            if let Some(key) = self.handshake.remote() {
                self.key_told = true;
                return Progress::Key(key);
            }
        }
        Progress::Waiting
    }

    /// The owner lets the peer in. Gives the channel, and what of it has come already.
    pub(crate) fn admit(
        mut self,
        outbound: &mut Outbound,
    ) -> Result<(Channel, Vec<u8>), HandshakeError> {
        self.handshake.admit()?;
        self.send(outbound);
        Ok((self.handshake.into_channel()?, self.early))
    }

    /// Puts what is to be written into `outbound`.
    pub(crate) fn send(&mut self, outbound: &mut Outbound) {
        while let Some(bytes) = self.handshake.poll_transmit() {
            outbound.push(&bytes);
        }
    }

    /// What the peer calls itself, if it dialed us and said something that can be a name.
    pub(crate) fn name(&self) -> Option<PeerName> {
        std::str::from_utf8(self.handshake.introduction())
            .ok()?
            .parse()
            .ok()
    }

    /// Whether the owner's answer is all that is missing.
    pub(crate) fn is_answered(&self) -> bool {
        self.key_told
    }
}
