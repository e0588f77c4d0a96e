//! Sealed records after the handshake (wire 3.1). What their plain bytes mean is not known here.

use std::fmt;

use crate::cipher::Cipher;
use crate::cipher_state::CipherState;
use crate::error::ChannelError;
use crate::key::TAG;

/// Both directions of a connection whose handshake is complete.
///
/// Records are numbered: each is to be opened in the order it was sealed, and one that was sealed
/// must be sent. The first record that fails ends the channel.
///
/// ```text
///   seal_in_place                                  open
///   | 2 | plain bytes | 16 |  -->  | len 16 | sealed bytes (len of them) |  -->  | plain bytes |
///   `-- room -'         `-- room
/// ```
pub struct Channel {
    sealed: CipherState,
    opened: CipherState,
    facts: Facts,
    over: bool,
}

/// What a handshake leaves behind beside its keys.
#[derive(Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) remote: [u8; 32],
    pub(crate) hash: [u8; 32],
    pub(crate) cipher: Cipher,
}

impl Channel {
    /// A channel that seals with the first key and opens with the second.
    pub(crate) fn new(keys: [&[u8; 32]; 2], facts: Facts) -> Self {
        let [sealed, opened] = keys.map(|key| CipherState::new(facts.cipher, key));
        let over = false;
        Self {
            sealed,
            opened,
            facts,
            over,
        }
    }

    /// The same channel with another interval between changes of the key.
    #[cfg(test)]
    pub(crate) fn with_interval(mut self, records: u32) -> Self {
        self.sealed = self.sealed.with_interval(records);
        self.opened = self.opened.with_interval(records);
        self
    }

    /// Seals one record and appends it, its length first. [`Channel::seal_in_place`] does the same
    /// without a copy.
    ///
    /// # Errors
    /// The plain bytes are more than [`MAX_PLAIN`], or the channel is at its end. `out` is as
    /// before then.
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

    /// Seals one record whose plain bytes lie in their place: behind room for the length,
    /// [`RECORD_HEAD`] bytes, and before room for the tag. Altogether these are
    /// [`RECORD_OVERHEAD`] bytes more than the plain ones.
    ///
    /// # Errors
    /// The record has no room for the overhead, or its plain bytes are more than [`MAX_PLAIN`]; or
    /// the channel is at its end.
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

    /// Opens one record, given without its length, in place, and gives its plain bytes. After a
    /// record that failed, what `sealed` holds means nothing.
    ///
    /// # Errors
    /// The record is not the next one the other side sealed. The channel is at its end then.
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

    /// The other side's public key.
    pub fn remote(&self) -> [u8; 32] {
        self.facts.remote
    }

    /// What both sides of this connection, and nobody else, have in common; not secret.
    pub fn handshake_hash(&self) -> [u8; 32] {
        self.facts.hash
    }

    /// What seals the records.
    pub fn cipher(&self) -> Cipher {
        self.facts.cipher
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("cipher", &self.facts.cipher)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// Plain bytes of the largest record.
pub const MAX_PLAIN: usize = MAX_SEALED - TAG;

/// Bytes of a record before its sealed bytes: the length.
pub const RECORD_HEAD: usize = 2;

/// Bytes a record has beyond its plain ones: the length and the tag.
pub const RECORD_OVERHEAD: usize = RECORD_HEAD + TAG;

/// Bytes of the largest Noise message.
const MAX_SEALED: usize = 65_535;

#[cfg(test)]
mod tests;
