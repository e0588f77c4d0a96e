//! The handshake as a state machine over bytes (wire 2). The caller decides which keys are
//! admitted, and keeps the time.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use snow::HandshakeState;
use transom_wire::Side;

use crate::channel::{Channel, HandshakeResult};
use crate::cipher::{Cipher, Ciphers};
use crate::error::HandshakeError;
use crate::identity::Identity;
use crate::message::{INTRODUCTION, Incoming, LARGEST, LENGTH, Message};
use crate::noise;
use crate::preamble::{self, PREAMBLE, Preamble, Purpose};

/// One side of a handshake.
///
/// ```text
/// dialer:    preamble> --<preamble, message 1>-- <message 2 -- admit? -- message 3> -- complete
/// listener:  <preamble, preamble> -- <message 1, message 2> -- <message 3 -- admit? -- complete
/// ```
///
/// 1. Write the bytes of [`poll_transmit`](Self::poll_transmit); pass the bytes that are read to
///    [`handle_bytes`](Self::handle_bytes).
/// 2. When [`remote`](Self::remote) returns the peer's key, [`admit`](Self::admit) it or drop the
///    connection. Until then nothing more is sent.
/// 3. When [`is_complete`](Self::is_complete), call [`into_channel`](Self::into_channel). Bytes
///    that `handle_bytes` did not consume are the first records.
/// 4. After [`HANDSHAKE_TIMEOUT`] without being complete, drop the connection.
pub struct Handshake {
    identity: Identity,
    side: Side,
    ciphers: Ciphers,
    /// What the dialer asks for.
    purpose: Purpose,
    /// A listener serves pairings too.
    serves_pairing: bool,
    stage: Stage,
    incoming: Incoming,
    outgoing: VecDeque<Vec<u8>>,
    /// `None` until both preambles are known.
    noise: Option<(HandshakeState, Cipher)>,
    remote: Option<[u8; 32]>,
    /// The dialer's payload of message 3: to be sent, or received.
    introduction: Vec<u8>,
}

/// What the handshake waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Preamble,
    Message(Message),
    /// For [`Handshake::admit`].
    Owner,
    Nothing,
    Failed(HandshakeError),
}

impl Handshake {
    /// A new handshake for a session. A dialer has bytes to send at once.
    ///
    /// # Errors
    /// The system provides no random numbers.
    pub fn new(identity: &Identity, side: Side, ciphers: Ciphers) -> Result<Self, HandshakeError> {
        Self::with_purpose(identity, side, ciphers, Purpose::Session)
    }

    /// A new handshake of a dialer that asks for this purpose, or of a listener that serves
    /// sessions and, with [`Purpose::Pairing`], pairings.
    ///
    /// # Errors
    /// The system provides no random numbers.
    pub fn with_purpose(
        identity: &Identity,
        side: Side,
        ciphers: Ciphers,
        purpose: Purpose,
    ) -> Result<Self, HandshakeError> {
        // Tested now, so that a machine without random numbers sends nothing.
        noise::fill_random(&mut [0; 1]).map_err(|_| HandshakeError::Random)?;
        let mut handshake = Self {
            identity: identity.clone(),
            side,
            ciphers,
            purpose,
            serves_pairing: purpose == Purpose::Pairing,
            stage: Stage::Preamble,
            incoming: Incoming::default(),
            outgoing: VecDeque::new(),
            noise: None,
            remote: None,
            introduction: Vec::new(),
        };
        if side == Side::Dialer {
            handshake.send(&preamble::request(ciphers, purpose));
        }
        Ok(handshake)
    }

    /// Sets the dialer's introduction, which it sends encrypted to a listener that it admits: 1 to
    /// [`INTRODUCTION`] bytes without zeros. A longer one is not sent, and none to a stranger in a
    /// pairing.
    pub fn introduce(&mut self, bytes: &[u8]) {
        let is_session = self.purpose == Purpose::Session;
        if self.side == Side::Dialer && is_session && (1..=INTRODUCTION).contains(&bytes.len()) {
            self.introduction = bytes.to_vec();
            self.introduction.resize(INTRODUCTION, 0);
        }
    }

    /// Consumes bytes that were read and returns how many belong to the handshake. The rest belongs
    /// to the [`Channel`], and the caller keeps it.
    ///
    /// # Errors
    /// The peer breaks the protocol, or a byte was changed on the way. That is final. After
    /// [`HandshakeError::Version`] and [`HandshakeError::Purpose`] a preamble may be left to
    /// transmit, which tells the peer why.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<usize, HandshakeError> {
        let mut left = bytes;
        while let Some(wanted) = self.wanted()? {
            left = self.incoming.fill(wanted, left);
            if self.incoming.bytes().len() < wanted {
                break;
            }
            if let Err(error) = self.advance() {
                self.fail(error);
                return Err(error);
            }
        }
        Ok(bytes.len() - left.len())
    }

    /// The next bytes to write, in order.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outgoing.pop_front()
    }

    /// Our owner admits the key that [`remote`](Self::remote) returns.
    ///
    /// # Errors
    /// The key isn't known yet, the handshake has failed, or the key is already admitted.
    pub fn admit(&mut self) -> Result<(), HandshakeError> {
        if let Stage::Failed(_) = self.stage {
            return Err(HandshakeError::Over);
        }
        if self.stage != Stage::Owner {
            return Err(HandshakeError::Early);
        }
        if self.side == Side::Dialer {
            self.send_message()?;
        }
        self.stage = Stage::Nothing;
        Ok(())
    }

    /// The peer's public key: a dialer knows it after message 2, a listener after message 3.
    pub fn remote(&self) -> Option<[u8; 32]> {
        self.remote
    }

    /// The dialer's introduction, once a listener knows its key: arbitrary bytes, which prove
    /// nothing.
    pub fn introduction(&self) -> &[u8] {
        match self.side {
            Side::Listener => (self.introduction.split(|byte| *byte == 0).next()).unwrap_or(&[]),
            Side::Dialer => &[],
        }
    }

    /// What the connection is for; a listener knows it after the dialer's preamble.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Whether our owner has admitted the peer's key.
    pub fn is_admitted(&self) -> bool {
        self.stage == Stage::Nothing
    }

    /// Whether the key is admitted, all messages are read, and none is left to transmit.
    pub fn is_complete(&self) -> bool {
        self.is_admitted() && self.outgoing.is_empty()
    }

    /// Received bytes that are buffered; at most [`HANDSHAKE_BUFFER`].
    pub fn buffered(&self) -> usize {
        self.incoming.bytes().len()
    }

    /// The channel for the records after the handshake.
    ///
    /// # Errors
    /// The handshake is not [complete](Self::is_complete).
    pub fn into_channel(self) -> Result<Channel, HandshakeError> {
        let (true, Some((mut noise, cipher)), Some(remote)) =
            (self.is_complete(), self.noise, self.remote)
        else {
            return Err(HandshakeError::Early);
        };
        let mut hash = [0; 32];
        hash.copy_from_slice(noise.get_handshake_hash());
        let [dialer, listener] = noise::split(&mut noise);
        let keys = match self.side {
            Side::Dialer => [&*dialer, &*listener],
            Side::Listener => [&*listener, &*dialer],
        };
        let result = HandshakeResult {
            local: self.identity.public(),
            remote,
            hash,
            cipher,
        };
        Ok(Channel::new(keys, result))
    }

    /// Total bytes of the preamble or message that is being received, as far as known.
    fn wanted(&self) -> Result<Option<usize>, HandshakeError> {
        match self.stage {
            Stage::Preamble => Ok(Some(PREAMBLE)),
            Stage::Message(_) => match *self.incoming.bytes() {
                [high, low, ..] => Ok(Some(LENGTH + length([high, low]))),
                _ => Ok(Some(LENGTH)),
            },
            Stage::Owner | Stage::Nothing => Ok(None),
            Stage::Failed(_) => Err(HandshakeError::Over),
        }
    }

    /// Handles the received preamble, message length, or message.
    fn advance(&mut self) -> Result<(), HandshakeError> {
        match self.stage {
            Stage::Preamble => self.handle_preamble(),
            Stage::Message(message) => match *self.incoming.bytes() {
                [high, low] => message.check(length([high, low])),
                _ => self.handle_message(message),
            },
            Stage::Owner | Stage::Nothing | Stage::Failed(_) => Ok(()),
        }
    }

    fn handle_preamble(&mut self) -> Result<(), HandshakeError> {
        let mut theirs: Preamble = [0; PREAMBLE];
        theirs.copy_from_slice(self.incoming.bytes());
        self.incoming.clear();
        match self.side {
            Side::Dialer => self.begin_as_dialer(theirs),
            Side::Listener => self.begin_as_listener(theirs),
        }
    }

    fn begin_as_dialer(&mut self, theirs: Preamble) -> Result<(), HandshakeError> {
        let cipher = preamble::read_answer(theirs, self.ciphers, self.purpose)?;
        let ours = preamble::request(self.ciphers, self.purpose);
        self.begin(cipher, &[ours, theirs].concat())?;
        self.send_message()?;
        self.stage = Stage::Message(Message::Second);
        Ok(())
    }

    fn begin_as_listener(&mut self, theirs: Preamble) -> Result<(), HandshakeError> {
        let served: &[Purpose] = match self.serves_pairing {
            true => &[Purpose::Session, Purpose::Pairing],
            false => &[Purpose::Session],
        };
        let request = preamble::read_request(theirs, served).inspect_err(|why| {
            if let Some(refusal) = preamble::refusal(*why) {
                self.send(&refusal);
            }
        })?;
        let (offered, purpose) = request;
        self.purpose = purpose;
        let cipher = offered.best(self.ciphers);
        let ours = preamble::answer(cipher, purpose);
        self.send(&ours);
        self.begin(cipher, &[theirs, ours].concat())?;
        self.stage = Stage::Message(Message::First);
        Ok(())
    }

    fn begin(&mut self, cipher: Cipher, prologue: &[u8]) -> Result<(), HandshakeError> {
        let noise = noise::begin(&self.identity, self.side, cipher, prologue);
        self.noise = Some((noise.map_err(|_| HandshakeError::Random)?, cipher));
        Ok(())
    }

    fn handle_message(&mut self, message: Message) -> Result<(), HandshakeError> {
        let (noise, _) = self.noise.as_mut().ok_or(HandshakeError::Early)?;
        let body = self.incoming.bytes().get(LENGTH..).unwrap_or(&[]);
        let mut payload = [0; LARGEST];
        let count = noise
            .read_message(body, &mut payload)
            .map_err(|_| HandshakeError::Forged(message.number()))?;
        if message == Message::Third {
            self.introduction = payload.get(..count).unwrap_or(&[]).to_vec();
        }
        self.incoming.clear();
        match message {
            Message::First => {
                self.send_message()?;
                self.stage = Stage::Message(Message::Third);
            }
            Message::Second | Message::Third => {
                self.learn_remote()?;
                self.stage = Stage::Owner;
            }
        }
        Ok(())
    }

    fn learn_remote(&mut self) -> Result<(), HandshakeError> {
        let (noise, _) = self.noise.as_ref().ok_or(HandshakeError::Early)?;
        let key = noise
            .get_remote_static()
            .and_then(|key| key.try_into().ok());
        let key = key.ok_or(HandshakeError::Early)?;
        if noise::is_low_order(&key) {
            return Err(HandshakeError::LowOrderKey);
        }
        self.remote = Some(key);
        Ok(())
    }

    /// Writes the next Noise message. A dialer's last message carries its introduction, which only
    /// the holder of the admitted key can read.
    fn send_message(&mut self) -> Result<(), HandshakeError> {
        let payload = match self.stage {
            Stage::Owner => self.introduction.as_slice(),
            _ => &[],
        };
        let (noise, _) = self.noise.as_mut().ok_or(HandshakeError::Early)?;
        // snow requires room for one more tag than the message has.
        let mut body = [0; LARGEST];
        let count = noise
            .write_message(payload, &mut body)
            .map_err(|_| HandshakeError::Random)?;
        let body = body.get(..count).unwrap_or(&[]);
        let length = u16::try_from(count).unwrap_or(0).to_be_bytes();
        self.send(&[&length, body].concat());
        Ok(())
    }

    fn fail(&mut self, error: HandshakeError) {
        self.stage = Stage::Failed(error);
        if preamble::refusal(error).is_none() {
            self.outgoing.clear();
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        self.outgoing.push_back(bytes.to_vec());
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("side", &self.side)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// The length field before a message.
fn length(bytes: [u8; LENGTH]) -> usize {
    u16::from_be_bytes(bytes).into()
}

/// How long a handshake may take: three round trips over bad Wi-Fi. No user is asked within it.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// Most bytes that a handshake buffers of an unauthenticated peer.
pub const HANDSHAKE_BUFFER: usize = 256;

// The largest message fits.
const _: () = assert!(LARGEST <= HANDSHAKE_BUFFER);

#[cfg(test)]
mod tests;
