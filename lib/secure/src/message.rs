//! The three messages of the handshake and the bytes of one as they trickle in. What is in them is
//! snow's business.

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

    /// Bytes of the message without payload: a bare key of 32, a sealed one of 48, the payload's
    /// tag.
    pub(crate) fn least(self) -> usize {
        match self {
            Self::First => 32,
            Self::Second => 32 + 48 + 16,
            Self::Third => 48 + 16,
        }
    }

    /// Bytes of the message with the payload it may have: an introduction, in the last one. There
    /// is no length between the two, so that no single changed bit makes the listener wait for what
    /// never comes.
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

/// The bytes of one preamble or message as they trickle in, never of two.
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
    /// Takes bytes until there are `wanted`, and gives back the others.
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

/// Bytes with which a dialer may introduce itself: one name, filled up with zeros.
pub const INTRODUCTION: usize = 64;

/// Bytes of the longest message with its length, and room for the tag that snow wants even where
/// none comes.
pub(crate) const LARGEST: usize = 128 + INTRODUCTION;
/// Bytes of a message's length.
pub(crate) const LENGTH: usize = 2;
