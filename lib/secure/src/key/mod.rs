//! The key of one direction, which seals and opens bytes in place. Two implementations with the
//! same API: `ring.rs` uses assembly, `pure.rs` is pure Rust.
//!
//! snow has these ciphers too, but only from one buffer into another, which would copy every byte
//! in each direction.

#[cfg(feature = "ring")]
mod ring;
#[cfg(feature = "ring")]
pub(crate) use self::ring::Key;

#[cfg(not(feature = "ring"))]
mod pure;
#[cfg(not(feature = "ring"))]
pub(crate) use self::pure::Key;

use crate::cipher::Cipher;

/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

/// A record was changed, left out, repeated, or made without the key.
#[derive(Debug)]
pub(crate) struct Forged;

/// The nonce of 96 bits that each cipher makes of a record's number (Noise 12.3 and 12.4).
fn nonce(cipher: Cipher, number: u64) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&match cipher {
        Cipher::ChaCha20Poly1305 => number.to_le_bytes(),
        Cipher::Aes256Gcm => number.to_be_bytes(),
    });
    nonce
}
