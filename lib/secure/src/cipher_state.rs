//! The records of one direction: their key, their numbers, and rekeying. Noise 5.1 calls this a
//! CipherState; wire 3.1 says when the key changes.

use zeroize::Zeroizing;

use crate::cipher::Cipher;
use crate::key::{Forged, Key, TAG};

/// Seals or opens the records of one direction, each once and in order.
pub(crate) struct CipherState {
    cipher: Cipher,
    key: Key,
    /// The number of the next record. A rekey does not reset it.
    number: u64,
    /// Records until the next rekey.
    left: u32,
    /// Records from one rekey to the next.
    pub(crate) interval: u32,
}

impl CipherState {
    /// The state at the end of a handshake.
    pub(crate) fn new(cipher: Cipher, key: &[u8; 32]) -> Self {
        Self {
            cipher,
            key: Key::new(cipher, key),
            number: 0,
            left: REKEY_RECORDS,
            interval: REKEY_RECORDS,
        }
    }

    /// The same with another rekey interval.
    #[cfg(test)]
    pub(crate) fn with_interval(mut self, records: u32) -> Self {
        (self.left, self.interval) = (records, records);
        self
    }

    /// Seals the next record in place and returns its tag.
    pub(crate) fn seal(&mut self, bytes: &mut [u8]) -> Result<[u8; TAG], Forged> {
        let tag = self.key.seal(self.number, bytes)?;
        self.count()?;
        Ok(tag)
    }

    /// Opens the next record in place: its plain bytes come first, then its tag.
    pub(crate) fn open(&mut self, sealed: &mut [u8]) -> Result<(), Forged> {
        self.key.open(self.number, sealed)?;
        self.count()
    }

    /// Counts one record, and rekeys when that is due.
    fn count(&mut self) -> Result<(), Forged> {
        self.number += 1;
        self.left -= 1;
        if self.left == 0 {
            self.left = self.interval;
            self.rekey()?;
        }
        Ok(())
    }

    /// Noise 4.2: the next key is 32 zeros, sealed with the largest nonce, which no record uses.
    fn rekey(&mut self) -> Result<(), Forged> {
        let mut next = Zeroizing::new([0; 32]);
        self.key.seal(u64::MAX, &mut next[..])?;
        self.key = Key::new(self.cipher, &next);
        Ok(())
    }
}

/// Records of one direction under one key (wire 3.1): at most 64 GiB, far below the safe limit of
/// either cipher.
const REKEY_RECORDS: u32 = 1 << 20;
