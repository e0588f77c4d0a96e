//! Sealed records after the handshake (wire 3.1). What their plain bytes mean is not known here.

use std::fmt;

use snow::TransportState;

use crate::cipher::Cipher;
use crate::detour::Detour;
use crate::error::ChannelError;

/// Both directions of a connection whose handshake is complete.
///
/// Records are numbered: each is to be opened in the order it was sealed, and one that was sealed
/// must be sent. The first record that fails ends the channel.
///
/// ```text
/// +--------+----------------------------+
/// | len 16 | sealed bytes (len of them) |     seal writes both, open takes the second
/// +--------+----------------------------+
/// ```
pub struct Channel {
    noise: TransportState,
    sealed: Direction,
    opened: Direction,
    detour: Detour,
    remote: [u8; 32],
    hash: [u8; 32],
    cipher: Cipher,
    over: bool,
}

/// What a handshake leaves behind beside its keys.
pub(crate) struct Facts {
    pub(crate) remote: [u8; 32],
    pub(crate) hash: [u8; 32],
    pub(crate) cipher: Cipher,
}

impl Channel {
    pub(crate) fn new(noise: TransportState, facts: Facts) -> Self {
        Self {
            noise,
            sealed: Direction::new(REKEY_RECORDS),
            opened: Direction::new(REKEY_RECORDS),
            detour: Detour::default(),
            remote: facts.remote,
            hash: facts.hash,
            cipher: facts.cipher,
            over: false,
        }
    }

    /// The same channel with another interval between changes of the key.
    #[cfg(test)]
    pub(crate) fn with_interval(mut self, records: u32) -> Self {
        self.sealed = Direction::new(records);
        self.opened = Direction::new(records);
        self
    }

    /// Seals one record and appends it, its length first.
    ///
    /// A vector kept and cleared between records is not allocated anew; its new part is filled with
    /// zeros first, which costs a few hundredths of the sealing. [`Channel::seal_into`] goes
    /// without.
    ///
    /// # Errors
    /// The plain bytes are more than [`MAX_PLAIN`], or the channel is at its end. `out` is as
    /// before then.
    pub fn seal(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), ChannelError> {
        check_plain(plain)?;
        let before = out.len();
        out.resize(before + plain.len() + RECORD_OVERHEAD, 0);
        let result = self.seal_into(plain, &mut out[before..]);
        if result.is_err() {
            out.truncate(before);
        }
        result.map(drop)
    }

    /// Seals one record into the start of `out`, its length first, and says how many bytes that
    /// took: [`RECORD_OVERHEAD`] more than `plain`.
    ///
    /// # Errors
    /// The plain bytes are more than [`MAX_PLAIN`] or don't fit, or the channel is at its end.
    pub fn seal_into(&mut self, plain: &[u8], out: &mut [u8]) -> Result<usize, ChannelError> {
        if self.over {
            return Err(ChannelError::Over);
        }
        check_plain(plain)?;
        let needed = plain.len() + RECORD_OVERHEAD;
        let found = out.len();
        let Some((length, sealed)) = out
            .get_mut(..needed)
            .and_then(<[u8]>::split_first_chunk_mut)
        else {
            return Err(ChannelError::Room { needed, found });
        };
        *length = u16::try_from(sealed.len()).map_or([0; 2], u16::to_be_bytes);
        let plain = self.detour.source(plain, sealed);
        if self.noise.write_message(plain, sealed).is_err() {
            self.over = true;
            return Err(ChannelError::Over);
        }
        if self.sealed.count() {
            self.noise.rekey_outgoing();
        }
        Ok(needed)
    }

    /// Opens one record, given without its length, and says how many plain bytes it had.
    ///
    /// `out` needs room for the plain bytes. Give it room for as many as `sealed` has: with less,
    /// ring allocates a buffer for each record. After a record that failed, what `out` holds means
    /// nothing.
    ///
    /// # Errors
    /// The record is not the next one the other side sealed: the channel is at its end then. Or
    /// `out` is too small.
    pub fn open(&mut self, sealed: &[u8], out: &mut [u8]) -> Result<usize, ChannelError> {
        if self.over {
            return Err(ChannelError::Over);
        }
        let needed = match sealed.len().checked_sub(TAG) {
            Some(plain) if plain <= MAX_PLAIN => plain,
            _ => return self.fail(ChannelError::Length(sealed.len())),
        };
        let found = out.len();
        if found < needed {
            return Err(ChannelError::Room { needed, found });
        }
        let sealed = self.detour.source(sealed, out);
        let Ok(count) = self.noise.read_message(sealed, out) else {
            return self.fail(ChannelError::Forged);
        };
        if self.opened.count() {
            self.noise.rekey_incoming();
        }
        Ok(count)
    }

    /// The other side's public key.
    pub fn remote(&self) -> [u8; 32] {
        self.remote
    }

    /// What both sides of this connection, and nobody else, have in common; not secret.
    pub fn handshake_hash(&self) -> [u8; 32] {
        self.hash
    }

    /// What seals the records.
    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    fn fail(&mut self, error: ChannelError) -> Result<usize, ChannelError> {
        self.over = true;
        Err(error)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("cipher", &self.cipher)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

fn check_plain(plain: &[u8]) -> Result<(), ChannelError> {
    match plain.len() <= MAX_PLAIN {
        true => Ok(()),
        false => Err(ChannelError::TooLong(plain.len())),
    }
}

/// Counts the records of one direction up to the next change of its key.
struct Direction {
    left: u32,
    interval: u32,
}

impl Direction {
    fn new(interval: u32) -> Self {
        let left = interval;
        Self { left, interval }
    }

    /// Counts one record; true when the key is to be changed after it.
    fn count(&mut self) -> bool {
        self.left -= 1;
        let due = self.left == 0;
        if due {
            self.left = self.interval;
        }
        due
    }
}

/// Plain bytes of the largest record: a Noise message of 65,535 bytes less its tag.
pub const MAX_PLAIN: usize = 65_535 - TAG;

/// Bytes a record has beyond its plain ones: the length and the tag.
pub const RECORD_OVERHEAD: usize = 2 + TAG;

const TAG: usize = 16;

/// Records of one direction under one key (wire 3.1): at most 64 GiB, far below what either cipher
/// bears.
const REKEY_RECORDS: u32 = 1 << 20;

#[cfg(test)]
mod tests;
