//! The three messages of the handshake by length, and a buffer that assembles them. snow reads and
//! writes their content.

use crate::error::HandshakeError;

/// The three messages of Noise XX.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Message {
    First,
    Second,
    Third,
}

impl Message {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
        }
    }

    /// Bytes of the message without payload: a plain key has 32 bytes, an encrypted one 48, the tag
    /// of the empty payload 16.
    pub(crate) fn least(self) -> usize {
        match self {
            Self::First => 32,
            Self::Second => 32 + 48 + 16,
            Self::Third => 48 + 16,
        }
    }

    /// Bytes of the message with its payload; only the last message may have one. No length between
    /// `least` and `most` is legal: a changed bit of the length field must not make the listener
    /// wait for bytes that never come.
    pub(crate) fn most(self) -> usize {
        match self {
            Self::First | Self::Second => self.least(),
            Self::Third => self.least() + INTRODUCTION,
        }
    }

    pub(crate) fn check(self, found: usize) -> Result<(), HandshakeError> {
        let (message, least, most) = (self.number(), self.least(), self.most());
        match found == least || found == most {
            true => Ok(()),
            false => Err(HandshakeError::Length {
                message,
                found,
                least,
                most,
            }),
        }
    }
}

/// Assembles one preamble or message from the pieces in which its bytes arrive.
pub(crate) struct Incoming {
    bytes: [u8; LARGEST],
    used: usize,
}

impl Default for Incoming {
    fn default() -> Self {
        let bytes = [0; LARGEST];
        Self { bytes, used: 0 }
    }
}

impl Incoming {
    /// Takes bytes until there are `wanted`, and returns the rest.
    pub(crate) fn fill<'a>(&mut self, wanted: usize, from: &'a [u8]) -> &'a [u8] {
        let count = wanted.saturating_sub(self.used).min(from.len());
        let (taken, left) = from.split_at(count);
        if let Some(room) = self.bytes.get_mut(self.used..self.used + count) {
            room.copy_from_slice(taken);
            self.used += count;
        }
        left
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or(&[])
    }

    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }
}

/// Bytes of a dialer's introduction: one name, padded with zeros.
pub const INTRODUCTION: usize = 64;

/// Bytes of the longest message with its length, and room for the extra tag that snow requires.
pub(crate) const LARGEST: usize = 128 + INTRODUCTION;
/// Bytes of a message's length.
pub(crate) const LENGTH: usize = 2;
