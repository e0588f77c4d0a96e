//! Sealed records after the handshake (wire 3.1). It does not know what their plain bytes mean.

use std::fmt;

use crate::cipher::Cipher;
use crate::cipher_state::CipherState;
use crate::error::ChannelError;
use crate::key::TAG;

/// Both directions of a connection whose handshake is complete.
///
/// Records are numbered implicitly: they must be sent and opened in the order in which they are
/// sealed, without a gap. The first record that fails ends the channel.
///
/// ```text
///   seal_in_place                                  open
///   | 2 | plain bytes | 16 |  -->  | len 16 | sealed bytes (len of them) |  -->  | plain bytes |
///   `-- room -'         `-- room
/// ```
pub struct Channel {
    sealed: CipherState,
    opened: CipherState,
    handshake: HandshakeResult,
    over: bool,
}

/// The results of a handshake, except its keys.
#[derive(Clone, Copy)]
pub(crate) struct HandshakeResult {
    pub(crate) local: [u8; 32],
    pub(crate) remote: [u8; 32],
    pub(crate) hash: [u8; 32],
    pub(crate) cipher: Cipher,
}

impl Channel {
    /// A channel that seals with the first key and opens with the second.
    pub(crate) fn new(keys: [&[u8; 32]; 2], handshake: HandshakeResult) -> Self {
        let [sealed, opened] = keys.map(|key| CipherState::new(handshake.cipher, key));
        let over = false;
        Self {
            sealed,
            opened,
            handshake,
            over,
        }
    }

    /// The same channel with another rekey interval.
    #[cfg(test)]
    pub(crate) fn with_interval(mut self, records: u32) -> Self {
        self.sealed = self.sealed.with_interval(records);
        self.opened = self.opened.with_interval(records);
        self
    }

    /// Seals one record and appends it to `out`, its length first. [`Channel::seal_in_place`] does
    /// the same without a copy.
    ///
    /// # Errors
    /// The plain bytes are more than [`MAX_PLAIN`], or the channel has failed. `out` is unchanged
    /// then.
    pub fn seal(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), ChannelError> {
        let before = out.len();
        out.extend_from_slice(&[0; RECORD_HEAD]);
        out.extend_from_slice(plain);
        out.extend_from_slice(&[0; TAG]);
        let result = self.seal_in_place(&mut out[before..]);
        if result.is_err() {
            out.truncate(before);
        }
        result
    }

    /// Seals one record in place. `record` has [`RECORD_HEAD`] bytes of room for the length, then
    /// the plain bytes, then room for the tag: [`RECORD_OVERHEAD`] bytes of room in all.
    ///
    /// # Errors
    /// The record has no room for the overhead, its plain bytes are more than [`MAX_PLAIN`], or the
    /// channel has failed.
    pub fn seal_in_place(&mut self, record: &mut [u8]) -> Result<(), ChannelError> {
        if self.over {
            return Err(ChannelError::Over);
        }
        let count = record.len();
        let Some((head, sealed)) = record.split_first_chunk_mut::<RECORD_HEAD>() else {
            return Err(ChannelError::Short(count));
        };
        let Ok(length) = u16::try_from(sealed.len()) else {
            return Err(ChannelError::TooLong(count.saturating_sub(RECORD_OVERHEAD)));
        };
        let Some((plain, tag)) = sealed.split_last_chunk_mut::<TAG>() else {
            return Err(ChannelError::Short(count));
        };
        *head = length.to_be_bytes();
        match self.sealed.seal(plain) {
            Ok(made) => *tag = made,
            Err(_) => {
                self.over = true;
                return Err(ChannelError::Over);
            }
        }
        Ok(())
    }

    /// Opens one record in place, given without its length, and returns its plain bytes. After an
    /// error the content of `sealed` is undefined.
    ///
    /// # Errors
    /// The record is not the next one that the peer sealed. That ends the channel.
    pub fn open<'a>(&mut self, sealed: &'a mut [u8]) -> Result<&'a [u8], ChannelError> {
        if self.over {
            return Err(ChannelError::Over);
        }
        let result = match sealed.len() {
            TAG..=MAX_SEALED => self.opened.open(sealed).map_err(|_| ChannelError::Forged),
            other => Err(ChannelError::Length(other)),
        };
        self.over = result.is_err();
        result.map(|()| sealed.split_at(sealed.len() - TAG).0)
    }

    /// The peer's public key.
    pub fn remote(&self) -> [u8; 32] {
        self.handshake.remote
    }

    /// Our own public key.
    pub fn local(&self) -> [u8; 32] {
        self.handshake.local
    }

    /// The hash that identifies this handshake (Noise 11.2, channel binding): equal at both sides,
    /// different for every other connection. Not secret.
    pub fn handshake_hash(&self) -> [u8; 32] {
        self.handshake.hash
    }

    /// The cipher of the records.
    pub fn cipher(&self) -> Cipher {
        self.handshake.cipher
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("cipher", &self.handshake.cipher)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// Plain bytes of the largest record.
pub const MAX_PLAIN: usize = MAX_SEALED - TAG;

/// Bytes of a record before its sealed bytes: the length.
pub const RECORD_HEAD: usize = 2;

/// Bytes of a record beyond its plain bytes: the length and the tag.
pub const RECORD_OVERHEAD: usize = RECORD_HEAD + TAG;

/// Bytes of the largest Noise message.
const MAX_SEALED: usize = 65_535;

#[cfg(test)]
mod tests;
