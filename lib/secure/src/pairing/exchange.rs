//! The state machine of a pairing.

use std::collections::VecDeque;
use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use spake2::{Ed25519Group, Identity, Password, Spake2};
use subtle::ConstantTimeEq;
use transom_wire::{Introduction, PairingRecord, PairingStep, Side, limits};
use zeroize::Zeroizing;

use super::PAIRING_BUFFER;
use crate::channel::{Channel, RECORD_HEAD};
use crate::code::Code;
use crate::error::PairingError;
use crate::noise;

/// One side of a pairing, after the handshake.
///
/// ```text
/// dialer    element> -- <element, proof> -- <proof, introduction: done; introduction>
/// listener  <element, element> -- <proof: right? proof, introduction> -- <introduction: done
/// ```
///
/// 1. Write the bytes of [`poll_transmit`](Self::poll_transmit); pass the bytes that are read to
///    [`handle_bytes`](Self::handle_bytes). After an error close the connection.
/// 2. Count a try of the code when [`has_tried`](Self::has_tried) and no
///    [`peer`](Self::peer) follows: a wrong proof, or the end of the connection.
/// 3. Once [`peer`](Self::peer) returns the peer's introduction, the peer has proven to know the
///    code. Its key is [`Channel::remote`]. Write what is left to transmit, then close.
/// 4. After [`PAIRING_TIMEOUT`](crate::PAIRING_TIMEOUT) close the connection.
pub struct Pairing {
    channel: Channel,
    side: Side,
    code: Code,
    ours: Introduction,
    /// The record that is due next, from either side; `None` after the last.
    due: Option<PairingStep>,
    /// The dialer's, until the listener's message comes.
    spake: Option<Spake2<Ed25519Group>>,
    /// Known once both SPAKE2 messages are.
    proofs: Option<Proofs>,
    theirs: Option<Introduction>,
    has_tried: bool,
    has_failed: bool,
    incoming: Vec<u8>,
    outgoing: VecDeque<Vec<u8>>,
}

/// By what each side shows that it knows the code.
struct Proofs {
    dialer: Zeroizing<[u8; 32]>,
    listener: Zeroizing<[u8; 32]>,
}

impl Pairing {
    /// Begins on the channel of a complete handshake. A dialer has bytes to send at once.
    ///
    /// # Errors
    /// The peer has our own key, or the system provides no random numbers.
    pub fn new(
        channel: Channel,
        side: Side,
        code: &Code,
        ours: Introduction,
    ) -> Result<Self, PairingError> {
        if channel.remote() == channel.local() {
            return Err(PairingError::OwnKey);
        }
        let mut pairing = Self {
            channel,
            side,
            code: code.clone(),
            ours,
            due: Some(PairingStep::DialerElement),
            spake: None,
            proofs: None,
            theirs: None,
            has_tried: false,
            has_failed: false,
            incoming: Vec::new(),
            outgoing: VecDeque::new(),
        };
        if side == Side::Dialer {
            let (spake, element) = pairing.start()?;
            pairing.spake = Some(spake);
            pairing.send(PairingRecord::Element(element))?;
        }
        Ok(pairing)
    }

    /// Handles bytes that were read.
    ///
    /// # Errors
    /// The peer breaks the protocol or has another code. That is final.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<(), PairingError> {
        if self.has_failed {
            return Err(PairingError::Over);
        }
        let result = self.handle(bytes);
        if result.is_err() {
            self.has_failed = true;
            self.outgoing.clear();
        }
        result
    }

    /// The next bytes to write, in order.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outgoing.pop_front()
    }

    /// Whether the peer has had a try at the code: a dialer has sent its proof, or a listener has
    /// compared the peer's.
    pub fn has_tried(&self) -> bool {
        self.has_tried
    }

    /// The peer's introduction, once the peer has proven to know the code.
    pub fn peer(&self) -> Option<&Introduction> {
        self.theirs.as_ref()
    }

    /// The channel, which has the peer's key.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Received bytes that are buffered; at most [`PAIRING_BUFFER`].
    pub fn buffered(&self) -> usize {
        self.incoming.len()
    }

    fn handle(&mut self, mut bytes: &[u8]) -> Result<(), PairingError> {
        // Bytes after the last record are ignored: the connection is being closed.
        while let Some(step) = self.due {
            let wanted = self.wanted()?;
            let missing = wanted.saturating_sub(self.incoming.len()).min(bytes.len());
            let (taken, rest) = bytes.split_at(missing);
            self.incoming.extend_from_slice(taken);
            bytes = rest;
            if self.incoming.len() < wanted {
                return Ok(());
            }
            if wanted > RECORD_HEAD {
                self.handle_record(step)?;
            }
        }
        Ok(())
    }

    /// Bytes of the record that is being received, as far as known: its length field, or all of it.
    fn wanted(&self) -> Result<usize, PairingError> {
        let Some(head) = self.incoming.first_chunk::<RECORD_HEAD>() else {
            return Ok(RECORD_HEAD);
        };
        match usize::from(u16::from_be_bytes(*head)) {
            0 => Err(PairingError::Length(0)),
            length if RECORD_HEAD + length <= PAIRING_BUFFER => Ok(RECORD_HEAD + length),
            length => Err(PairingError::Length(length)),
        }
    }

    /// Opens and handles the record that is complete.
    fn handle_record(&mut self, step: PairingStep) -> Result<(), PairingError> {
        let mut record = std::mem::take(&mut self.incoming);
        let sealed = record.get_mut(RECORD_HEAD..).unwrap_or_default();
        let plain = self.channel.open(sealed).map_err(PairingError::Channel)?;
        let record = PairingRecord::decode(step, plain).map_err(PairingError::Record)?;
        self.due = step.next();
        match (record, self.side) {
            (PairingRecord::Element(theirs), Side::Listener) => {
                let (spake, ours) = self.start()?;
                self.finish(spake, &theirs)?;
                self.send(PairingRecord::Element(ours))
            }
            (PairingRecord::Element(theirs), Side::Dialer) => {
                let spake = self.spake.take().ok_or(PairingError::Over)?;
                self.finish(spake, &theirs)?;
                let proof = *self.proofs()?.dialer;
                self.has_tried = true;
                self.send(PairingRecord::Proof(proof))
            }
            (PairingRecord::Proof(theirs), _) => {
                self.has_tried = true;
                let Proofs { dialer, listener } = self.proofs()?;
                check(&theirs, dialer)?;
                let proof = **listener;
                self.send(PairingRecord::ProofAndIntroduction(proof, self.ours))
            }
            (PairingRecord::ProofAndIntroduction(theirs, introduction), _) => {
                check(&theirs, &self.proofs()?.listener)?;
                self.theirs = Some(introduction);
                self.send(PairingRecord::Introduction(self.ours))
            }
            (PairingRecord::Introduction(introduction), _) => {
                self.theirs = Some(introduction);
                Ok(())
            }
        }
    }

    /// Our half of SPAKE2, and its message.
    fn start(&self) -> Result<(Spake2<Ed25519Group>, [u8; 33]), PairingError> {
        let password = Password::new(self.code.password().as_bytes());
        let [dialer, listener] = self.identities();
        let mut random = Random::default();
        let (spake, element) = match self.side {
            Side::Dialer => Spake2::start_a_with_rng(&password, &dialer, &listener, &mut random),
            Side::Listener => Spake2::start_b_with_rng(&password, &dialer, &listener, &mut random),
        };
        match element.try_into() {
            Ok(element) if !random.has_failed => Ok((spake, element)),
            _ => Err(PairingError::Random),
        }
    }

    /// The names under which SPAKE2 knows the sides. They hold what each side has seen of the
    /// channel, so that behind a relay between two channels the keys of the sides differ.
    fn identities(&self) -> [Identity; 2] {
        let (local, remote) = (self.channel.local(), self.channel.remote());
        let (dialer, listener) = match self.side {
            Side::Dialer => (local, remote),
            Side::Listener => (remote, local),
        };
        let hash = self.channel.handshake_hash();
        [(DIALER, dialer), (LISTENER, listener)]
            .map(|(label, key)| Identity::new(&[label, &hash, &key].concat()))
    }

    /// Derives the proofs from the peer's SPAKE2 message.
    fn finish(
        &mut self,
        spake: Spake2<Ed25519Group>,
        theirs: &[u8; 33],
    ) -> Result<(), PairingError> {
        let key = Zeroizing::new(spake.finish(theirs).map_err(|_| PairingError::Element)?);
        let hkdf = Hkdf::<Sha256>::new(Some(&self.channel.handshake_hash()), &key);
        let derive = |label| {
            let mut proof = Zeroizing::new([0; 32]);
            hkdf.expand(label, &mut proof[..])
                .expect("HKDF-SHA256 gives up to 8,160 bytes");
            proof
        };
        self.proofs = Some(Proofs {
            dialer: derive(DIALER_CONFIRMS),
            listener: derive(LISTENER_CONFIRMS),
        });
        Ok(())
    }

    fn proofs(&self) -> Result<&Proofs, PairingError> {
        self.proofs.as_ref().ok_or(PairingError::Over)
    }

    /// Seals the record that is due.
    fn send(&mut self, record: PairingRecord) -> Result<(), PairingError> {
        let mut plain = [0; limits::PAIRING_RECORD];
        let used = record.encode(&mut plain).map_err(|_| PairingError::Over)?;
        let plain = plain.get(..used).unwrap_or(&[]);
        let mut sealed = Vec::new();
        self.channel
            .seal(plain, &mut sealed)
            .map_err(PairingError::Channel)?;
        self.outgoing.push_back(sealed);
        self.due = self.due.and_then(PairingStep::next);
        Ok(())
    }
}

/// Compares in constant time.
fn check(theirs: &[u8; 32], wanted: &[u8; 32]) -> Result<(), PairingError> {
    match theirs.ct_eq(wanted).into() {
        true => Ok(()),
        false => Err(PairingError::WrongCode),
    }
}

impl fmt::Debug for Pairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pairing")
            .field("side", &self.side)
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}

/// The system's random numbers, as spake2 takes them. spake2's own source panics where the system
/// has none.
#[derive(Default)]
struct Random {
    has_failed: bool,
}

impl rand_core::RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_ne_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_ne_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.has_failed |= noise::fill_random(bytes).is_err();
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rand_core::CryptoRng for Random {}

const DIALER: &[u8] = b"transom pair 1 dialer ";
const LISTENER: &[u8] = b"transom pair 1 listener ";
const DIALER_CONFIRMS: &[u8] = b"transom pair 1 dialer confirms";
const LISTENER_CONFIRMS: &[u8] = b"transom pair 1 listener confirms";

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
