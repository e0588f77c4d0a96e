//! The two ciphers, and which of them is fast on this machine. [`crate::key`] implements them.

/// The cipher of a connection's records.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Cipher {
    /// Fast on every processor.
    ChaCha20Poly1305,
    /// Several times as fast on processors with AES instructions; slow and vulnerable to timing
    /// attacks on others.
    Aes256Gcm,
}

impl Cipher {
    /// The cipher's bit in a preamble (wire 2).
    pub(crate) fn bit(self) -> u8 {
        match self {
            Self::ChaCha20Poly1305 => 1,
            Self::Aes256Gcm => 2,
        }
    }
}

/// A set of ciphers; ChaCha20-Poly1305 is always in it.
///
/// ```
/// use transom_secure::{Cipher, Ciphers};
/// assert!(Ciphers::detect().contains(Cipher::ChaCha20Poly1305));
/// assert!(!Ciphers::CHACHA.contains(Cipher::Aes256Gcm));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ciphers(u8);

impl Ciphers {
    /// ChaCha20-Poly1305 alone.
    pub const CHACHA: Self = Self(1);
    /// ChaCha20-Poly1305 and AES-256-GCM.
    pub const BOTH: Self = Self(3);

    /// The ciphers to use on this machine: AES-256-GCM only with AES instructions.
    pub fn detect() -> Self {
        if has_aes() { Self::BOTH } else { Self::CHACHA }
    }

    /// Whether the cipher is in the set.
    pub fn contains(self, cipher: Cipher) -> bool {
        self.0 & cipher.bit() != 0
    }

    /// The set as a byte of a preamble.
    pub(crate) fn bits(self) -> u8 {
        self.0
    }

    /// The set in a dialer's preamble. Unknown bits are dropped: a later version may set them.
    pub(crate) fn from_bits(bits: u8) -> Option<Self> {
        let known = Self(bits & Self::BOTH.0);
        known.contains(Cipher::ChaCha20Poly1305).then_some(known)
    }

    /// The fastest cipher that both sets have.
    pub(crate) fn best(self, other: Self) -> Cipher {
        match self.contains(Cipher::Aes256Gcm) && other.contains(Cipher::Aes256Gcm) {
            true => Cipher::Aes256Gcm,
            false => Cipher::ChaCha20Poly1305,
        }
    }

    /// The cipher of this set that a listener chose, if the byte names exactly one.
    pub(crate) fn choice(self, bit: u8) -> Option<Cipher> {
        [Cipher::ChaCha20Poly1305, Cipher::Aes256Gcm]
            .into_iter()
            .find(|cipher| cipher.bit() == bit && self.contains(*cipher))
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_aes() -> bool {
    std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq")
}

/// Without ring, ARM's AES instructions are used only with a compiler flag.
#[cfg(target_arch = "aarch64")]
fn has_aes() -> bool {
    cfg!(feature = "ring")
        && std::arch::is_aarch64_feature_detected!("aes")
        && std::arch::is_aarch64_feature_detected!("pmull")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn has_aes() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_common_cipher_is_chosen() {
        use Cipher::*;
        assert_eq!(Ciphers::BOTH.best(Ciphers::BOTH), Aes256Gcm);
        assert_eq!(Ciphers::BOTH.best(Ciphers::CHACHA), ChaCha20Poly1305);
        assert_eq!(Ciphers::CHACHA.best(Ciphers::BOTH), ChaCha20Poly1305);
    }

    #[test]
    fn a_choice_is_one_bit_of_ours() {
        assert_eq!(Ciphers::BOTH.choice(2), Some(Cipher::Aes256Gcm));
        assert_eq!(Ciphers::CHACHA.choice(2), None);
        for bits in [0, 3, 4, 0xff] {
            assert_eq!(Ciphers::BOTH.choice(bits), None);
        }
    }

    #[test]
    fn a_set_without_chacha_is_refused_and_unknown_bits_are_dropped() {
        assert_eq!(Ciphers::from_bits(0), None);
        assert_eq!(Ciphers::from_bits(2), None);
        assert_eq!(Ciphers::from_bits(0xf1), Some(Ciphers::CHACHA));
        assert_eq!(Ciphers::from_bits(0xff), Some(Ciphers::BOTH));
    }
}
