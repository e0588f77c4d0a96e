//! The handshake as a state machine over bytes (wire 2). Who is allowed in is asked of the caller,
//! and so is the time.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use snow::HandshakeState;
use transom_wire::Side;

use crate::channel::{Channel, Facts};
use crate::cipher::{Cipher, Ciphers};
use crate::error::HandshakeError;
use crate::identity::Identity;
use crate::message::{INTRODUCTION, Incoming, LARGEST, LENGTH, Message};
use crate::noise;
use crate::preamble::{self, PREAMBLE, Preamble};

/// One side of a handshake.
///
/// ```text
/// dialer:    preamble> --<preamble, message 1>-- <message 2 -- admit? -- message 3> -- complete
/// listener:  <preamble, preamble> -- <message 1, message 2> -- <message 3 -- admit? -- complete
/// ```
///
/// 1. Write what [`poll_transmit`](Self::poll_transmit) gives, give what is read to
///    [`handle_bytes`](Self::handle_bytes).
/// 2. When [`remote`](Self::remote) tells the other side's key, [`admit`](Self::admit) it or drop
///    the connection. Until then nothing more is sent.
/// 3. When [`is_complete`](Self::is_complete), go on [`into_channel`](Self::into_channel). Bytes
///    that `handle_bytes` left are the first records.
/// 4. After [`HANDSHAKE_TIMEOUT`] without being complete, drop the connection.
pub struct Handshake {
    identity: Identity,
    side: Side,
    ciphers: Ciphers,
    stage: Stage,
    incoming: Incoming,
    outgoing: VecDeque<Vec<u8>>,
    /// What the handshake began with; there from the moment both preambles are known.
    noise: Option<(HandshakeState, Cipher)>,
    remote: Option<[u8; 32]>,
    /// At a dialer: what it says of itself. At a listener: what the dialer said.
    introduction: Vec<u8>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Preamble,
    Message(Message),
    Owner,
    Nothing,
    Failed(HandshakeError),
}

impl Handshake {
    /// A handshake at its beginning; a dialer has something to send at once.
    ///
    /// # Errors
    /// When the system gives no random numbers, without which there is no handshake.
    pub fn new(identity: &Identity, side: Side, ciphers: Ciphers) -> Result<Self, HandshakeError> {
        // Asked here, so that a machine that can't is found out before anything is sent.
        noise::fill_random(&mut [0; 1]).map_err(|_| HandshakeError::Random)?;
        let mut handshake = Self {
            identity: identity.clone(),
            side,
            ciphers,
            stage: Stage::Preamble,
            incoming: Incoming::default(),
            outgoing: VecDeque::new(),
            noise: None,
            remote: None,
            introduction: Vec::new(),
        };
        if side == Side::Dialer {
            handshake.send(&preamble::request(ciphers));
        }
        Ok(handshake)
    }

    /// What a dialer says of itself, sealed, to a listener that it admits: text without zeros. More
    /// than [`INTRODUCTION`] bytes are not said.
    pub fn introduce(&mut self, bytes: &[u8]) {
        if self.side == Side::Dialer && (1..=INTRODUCTION).contains(&bytes.len()) {
            self.introduction = bytes.to_vec();
            self.introduction.resize(INTRODUCTION, 0);
        }
    }

    /// Takes in what was read and says how many bytes of it belong to the handshake. What is left
    /// comes after it and is for the [`Channel`]; it is not kept here.
    ///
    /// # Errors
    /// The other side doesn't keep to the protocol, or somebody changed a byte on the way. That is
    /// final. After [`HandshakeError::Version`] and [`HandshakeError::Purpose`] there may be a
    /// preamble left to transmit, which tells the other side why.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<usize, HandshakeError> {
        let mut left = bytes;
        while let Some(wanted) = self.wanted()? {
            left = self.incoming.fill(wanted, left);
            if self.incoming.bytes().len() < wanted {
                break;
            }
            if let Err(error) = self.take_in() {
                self.fail(error);
                return Err(error);
            }
        }
        Ok(bytes.len() - left.len())
    }

    /// What is to be written now, in order.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outgoing.pop_front()
    }

    /// Our owner allows the key that [`remote`](Self::remote) tells.
    ///
    /// # Errors
    /// The key isn't known yet, the handshake has failed, or the key was admitted before.
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

    /// The other side's public key: a dialer knows it after message 2, a listener after message 3.
    pub fn remote(&self) -> Option<[u8; 32]> {
        self.remote
    }

    /// What the dialer said of itself, once a listener knows its key. It may be anything and proves
    /// nothing.
    pub fn introduction(&self) -> &[u8] {
        match self.side {
            Side::Listener => (self.introduction.split(|byte| *byte == 0).next()).unwrap_or(&[]),
            Side::Dialer => &[],
        }
    }

    /// Whether our owner has allowed the other side's key.
    pub fn is_admitted(&self) -> bool {
        self.stage == Stage::Nothing
    }

    /// Whether the key is admitted and all messages were read and taken for writing.
    pub fn is_complete(&self) -> bool {
        self.is_admitted() && self.outgoing.is_empty()
    }

    /// Bytes kept of what the other side sent; at most [`HANDSHAKE_BUFFER`].
    pub fn buffered(&self) -> usize {
        self.incoming.bytes().len()
    }

    /// The records that come after.
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
        let facts = Facts {
            remote,
            hash,
            cipher,
        };
        Ok(Channel::new(keys, facts))
    }

    /// How many bytes are waited for, counted from the start of what is waited for.
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

    /// Goes on by what was waited for: a preamble, a message's length, or the whole message.
    fn take_in(&mut self) -> Result<(), HandshakeError> {
        match self.stage {
            Stage::Preamble => self.take_preamble(),
            Stage::Message(message) => match *self.incoming.bytes() {
                [high, low] => message.check(length([high, low])),
                _ => self.take_message(message),
            },
            Stage::Owner | Stage::Nothing | Stage::Failed(_) => Ok(()),
        }
    }

    fn take_preamble(&mut self) -> Result<(), HandshakeError> {
        let mut theirs: Preamble = [0; PREAMBLE];
        theirs.copy_from_slice(self.incoming.bytes());
        self.incoming.clear();
        match self.side {
            Side::Dialer => self.begin_as_dialer(theirs),
            Side::Listener => self.begin_as_listener(theirs),
        }
    }

    fn begin_as_dialer(&mut self, theirs: Preamble) -> Result<(), HandshakeError> {
        let cipher = preamble::read_answer(theirs, self.ciphers)?;
        let ours = preamble::request(self.ciphers);
        self.begin(cipher, &[ours, theirs].concat())?;
        self.send_message()?;
        self.stage = Stage::Message(Message::Second);
        Ok(())
    }

    fn begin_as_listener(&mut self, theirs: Preamble) -> Result<(), HandshakeError> {
        let offered = preamble::read_request(theirs).inspect_err(|why| {
            if let Some(refusal) = preamble::refusal(*why) {
                self.send(&refusal);
            }
        })?;
        let cipher = offered.best(self.ciphers);
        let ours = preamble::answer(cipher);
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

    fn take_message(&mut self, message: Message) -> Result<(), HandshakeError> {
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

    /// Writes the Noise message whose turn it is. A dialer introduces itself in its last one, which
    /// only the owner of the key it has admitted can read.
    fn send_message(&mut self) -> Result<(), HandshakeError> {
        let payload = match self.stage {
            Stage::Owner => self.introduction.as_slice(),
            _ => &[],
        };
        let (noise, _) = self.noise.as_mut().ok_or(HandshakeError::Early)?;
        // Room for a tag more than is used: snow wants it even where no tag comes.
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

/// The length that stands before a message.
fn length(bytes: [u8; LENGTH]) -> usize {
    u16::from_be_bytes(bytes).into()
}

/// How long a handshake may take: three round trips, at worst over a bad Wi-Fi, and a person is not
/// asked yet.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);

/// Bytes that a handshake keeps of what a stranger sends, at most.
pub const HANDSHAKE_BUFFER: usize = 256;

// A message of the largest kind stays below the bound that is promised.
const _: () = assert!(LARGEST <= HANDSHAKE_BUFFER);

#[cfg(test)]
mod tests;
