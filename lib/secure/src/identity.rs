//! The key pair of a station. It does not know where the private key is stored.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::SecureError;
use crate::noise;

/// A static X25519 key pair.
///
/// The private key is wiped from memory when the last clone is dropped, and is never formatted as
/// text. (While a handshake runs, snow holds a copy that it does not wipe.)
///
/// ```
/// use transom_secure::Identity;
/// # fn main() -> Result<(), transom_secure::SecureError> {
/// let identity = Identity::generate()?;
/// let kept = identity.private_bytes();
/// assert_eq!(Identity::from_bytes(*kept).public(), identity.public());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Identity {
    private: Zeroizing<[u8; 32]>,
    public: [u8; 32],
}

impl Identity {
    /// A new identity from the system's random numbers.
    ///
    /// # Errors
    /// The system provides no random numbers.
    pub fn generate() -> Result<Self, SecureError> {
        let mut private = Zeroizing::new([0; 32]);
        noise::fill_random(&mut private[..]).map_err(|_| SecureError::Random)?;
        Ok(Self::of(private))
    }

    /// The identity of a stored private key.
    pub fn from_bytes(private: [u8; 32]) -> Self {
        Self::of(Zeroizing::new(private))
    }

    /// The private key, to store it.
    pub fn private_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.private.clone()
    }

    /// The public key, by which peers know this identity.
    pub fn public(&self) -> [u8; 32] {
        self.public
    }

    fn of(private: Zeroizing<[u8; 32]>) -> Self {
        let public = noise::public_key(&private);
        Self { private, public }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_key_is_that_of_rfc_7748() {
        // Section 6.1, Bob.
        let private = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        let public = hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        assert_eq!(Identity::from_bytes(private).public(), public);
    }

    #[test]
    fn new_identities_differ_and_debug_shows_no_key() {
        let (first, second) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        assert_ne!(first.public(), second.public());
        assert_eq!(format!("{first:?}"), "Identity { .. }");
    }

    fn hex(text: &str) -> [u8; 32] {
        std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
    }
}
