//! Keys by ring.

use ring::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use super::{Forged, TAG, nonce};
use crate::cipher::Cipher;

pub(crate) struct Key {
    cipher: Cipher,
    key: LessSafeKey,
}

impl Key {
    pub(crate) fn new(cipher: Cipher, bytes: &[u8; 32]) -> Self {
        let algorithm = match cipher {
            Cipher::ChaCha20Poly1305 => &CHACHA20_POLY1305,
            Cipher::Aes256Gcm => &AES_256_GCM,
        };
        let key = UnboundKey::new(algorithm, bytes).expect("a key of both ciphers has 32 bytes");
        let key = LessSafeKey::new(key);
        Self { cipher, key }
    }

    /// Seals the record of that number in place and returns its tag.
    ///
    /// # Errors
    /// The bytes exceed the cipher's limit for one nonce (gigabytes).
    pub(crate) fn seal(&self, number: u64, bytes: &mut [u8]) -> Result<[u8; TAG], Forged> {
        let nonce = Nonce::assume_unique_for_key(nonce(self.cipher, number));
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, Aad::empty(), bytes);
        let tag = tag.map_err(|_| Forged)?;
        tag.as_ref().try_into().map_err(|_| Forged)
    }

    /// Opens the record of that number in place: its plain bytes come first, then its tag.
    ///
    /// # Errors
    /// The record was changed or has another number.
    pub(crate) fn open(&self, number: u64, sealed: &mut [u8]) -> Result<(), Forged> {
        let nonce = Nonce::assume_unique_for_key(nonce(self.cipher, number));
        let opened = self.key.open_in_place(nonce, Aad::empty(), sealed);
        opened.map(drop).map_err(|_| Forged)
    }
}
