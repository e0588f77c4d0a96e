//! Keys in pure Rust.

use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use chacha20poly1305::ChaCha20Poly1305;

use super::{Forged, TAG, nonce};
use crate::cipher::Cipher;

pub(crate) enum Key {
    ChaCha20Poly1305(Box<ChaCha20Poly1305>),
    Aes256Gcm(Box<Aes256Gcm>),
}

impl Key {
    pub(crate) fn new(cipher: Cipher, bytes: &[u8; 32]) -> Self {
        match cipher {
            Cipher::ChaCha20Poly1305 => {
                Self::ChaCha20Poly1305(Box::new(ChaCha20Poly1305::new(bytes.into())))
            }
            Cipher::Aes256Gcm => Self::Aes256Gcm(Box::new(Aes256Gcm::new(bytes.into()))),
        }
    }

    /// Seals the record of that number in place and returns its tag.
    ///
    /// # Errors
    /// The bytes exceed the cipher's limit for one nonce (gigabytes).
    pub(crate) fn seal(&self, number: u64, bytes: &mut [u8]) -> Result<[u8; TAG], Forged> {
        let tag = match self {
            Self::ChaCha20Poly1305(key) => {
                let nonce = nonce(Cipher::ChaCha20Poly1305, number);
                key.encrypt_in_place_detached(&nonce.into(), &[], bytes)
            }
            Self::Aes256Gcm(key) => {
                let nonce = nonce(Cipher::Aes256Gcm, number);
                key.encrypt_in_place_detached(&nonce.into(), &[], bytes)
            }
        };
        tag.map(Into::into).map_err(|_| Forged)
    }

    /// Opens the record of that number in place: its plain bytes come first, then its tag.
    ///
    /// # Errors
    /// The record was changed or has another number.
    pub(crate) fn open(&self, number: u64, sealed: &mut [u8]) -> Result<(), Forged> {
        let (bytes, tag) = sealed.split_last_chunk_mut::<TAG>().ok_or(Forged)?;
        let opened = match self {
            Self::ChaCha20Poly1305(key) => {
                let nonce = nonce(Cipher::ChaCha20Poly1305, number);
                key.decrypt_in_place_detached(&nonce.into(), &[], bytes, (&*tag).into())
            }
            Self::Aes256Gcm(key) => {
                let nonce = nonce(Cipher::Aes256Gcm, number);
                key.decrypt_in_place_detached(&nonce.into(), &[], bytes, (&*tag).into())
            }
        };
        opened.map_err(|_| Forged)
    }
}
