//! Public keys, and their text form (wire 8).

use core::fmt::{self, Write};
use core::str::FromStr;

/// A peer's static X25519 public key, which is the peer's identity.
///
/// Written as 52 base32 characters and 4 check characters in eight groups. [`FromStr`] reads it
/// back and accepts any case, spaces, dashes and the look-alikes 0, 1 and 8.
///
/// ```
/// use transom_wire::PublicKey;
/// let key = PublicKey([7; 32]);
/// let text = format!("{key}");
/// assert_eq!(text.len(), 63);
/// assert_eq!(text.to_lowercase().replace('-', " ").parse(), Ok(key));
/// assert!(text.starts_with(&format!("{}", key.fingerprint())[..4]));
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PublicKey(pub [u8; 32]);

/// The first 80 bits of a key, which two people compare by eye or voice.
///
/// A prefix rather than a hash, so that a user sees which key it belongs to. Finding
/// another key with the same 80 bits takes 2^80 tries.
///
/// Written in four groups. [`FromStr`] accepts the same variations as that of a key.
///
/// ```
/// use transom_wire::PublicKey;
/// let print = PublicKey([7; 32]).fingerprint();
/// assert_eq!(print.to_string().replace('-', "").to_lowercase().parse(), Ok(print));
/// assert!("RWNP-XTWT".parse::<transom_wire::Fingerprint>().is_err());
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint([u8; 16]);

/// The text is not a fingerprint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a fingerprint has 16 of the letters A-Z and the digits 2-7")]
pub struct InvalidFingerprint;

/// The text is not a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidKey {
    /// The number of characters is not 56.
    #[error("a key has 56 letters and digits, this has {0}")]
    Length(usize),
    /// A character that base32 does not have.
    #[error("a key has only the letters A-Z and the digits 2-7")]
    Letter,
    /// A check character doesn't fit: a letter of its group was mistyped.
    #[error("the check characters of group {0} don't fit: a letter of the key is wrong")]
    Check(usize),
}

/// Data characters before each check character.
const RUN: usize = 13;
/// All characters, data and check.
const LETTERS: usize = 56;
/// Characters between two dashes.
const GROUP: usize = 7;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl PublicKey {
    /// The start of the key's text.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut first = [0; 16];
        for (to, from) in first.iter_mut().zip(self.letters()) {
            *to = from;
        }
        Fingerprint(first)
    }

    /// The 52 data characters, five bits each, the last padded with zeros.
    fn letters(&self) -> impl Iterator<Item = u8> + '_ {
        (0..52usize).map(|at| {
            let bit = at * 5;
            let byte = |i: usize| u16::from(self.0.get(i).copied().unwrap_or(0));
            let pair = byte(bit / 8) << 8 | byte(bit / 8 + 1);
            let five = usize::from(pair >> (11 - bit % 8) & 31);
            ALPHABET.get(five).copied().unwrap_or(b'A')
        })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = 0;
        let mut put = |f: &mut fmt::Formatter<'_>, letter: u8| {
            if written > 0 && written % GROUP == 0 {
                f.write_char('-')?;
            }
            written += 1;
            f.write_char(char::from(letter))
        };
        let mut check = Luhn::default();
        for (at, letter) in self.letters().enumerate() {
            put(f, letter)?;
            check.add(value(letter).unwrap_or(0));
            if at % RUN == RUN - 1 {
                put(f, core::mem::take(&mut check).letter())?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

impl FromStr for PublicKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let letters = || text.bytes().filter(|b| !matches!(b, b'-' | b' '));
        let count = letters().count();
        if count != LETTERS {
            return Err(InvalidKey::Length(count));
        }
        let mut key = [0u8; 32];
        let mut check = Luhn::default();
        let mut data = 0usize;
        for (at, letter) in letters().enumerate() {
            let five = value(letter).ok_or(InvalidKey::Letter)?;
            if at % (RUN + 1) == RUN {
                if value(core::mem::take(&mut check).letter()) != Some(five) {
                    return Err(InvalidKey::Check(at / (RUN + 1) + 1));
                }
                continue;
            }
            check.add(five);
            let bit = data * 5;
            let pair = u16::from(five) << (11 - bit % 8);
            for (i, part) in pair.to_be_bytes().into_iter().enumerate() {
                match key.get_mut(bit / 8 + i) {
                    Some(byte) => *byte |= part,
                    // The four bits after the 256th must be zero, or a key would have 16 spellings.
                    None if part != 0 => return Err(InvalidKey::Letter),
                    None => {}
                }
            }
            data += 1;
        }
        Ok(Self(key))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, &letter) in self.0.iter().enumerate() {
            if at > 0 && at % 4 == 0 {
                f.write_char('-')?;
            }
            f.write_char(char::from(letter))?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let mut letters = text.bytes().filter(|b| !matches!(b, b'-' | b' '));
        let mut print = [0; 16];
        for to in &mut print {
            let five = letters.next().and_then(value).ok_or(InvalidFingerprint)?;
            let letter = ALPHABET.get(usize::from(five));
            *to = *letter.ok_or(InvalidFingerprint)?;
        }
        match letters.next() {
            None => Ok(Self(print)),
            Some(_) => Err(InvalidFingerprint),
        }
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The value of a base32 character, or of the character that a look-alike stands for.
fn value(letter: u8) -> Option<u8> {
    match letter.to_ascii_uppercase() {
        b'0' => Some(b'O' - b'A'),
        b'1' => Some(b'I' - b'A'),
        b'8' => Some(b'B' - b'A'),
        upper @ b'A'..=b'Z' => Some(upper - b'A'),
        digit @ b'2'..=b'7' => Some(digit - b'2' + 26),
        _ => None,
    }
}

/// Luhn's checksum, mod 32: detects every single wrong character and nearly every swap of
/// neighbours.
#[derive(Default)]
struct Luhn {
    sum: u32,
    doubled: bool,
}

impl Luhn {
    fn add(&mut self, five: u8) {
        let factor = if self.doubled { 2 } else { 1 };
        let addend = factor * u32::from(five);
        self.sum += addend / 32 + addend % 32;
        self.doubled = !self.doubled;
    }

    fn letter(&self) -> u8 {
        let five = (32 - self.sum % 32) % 32;
        ALPHABET.get(five as usize).copied().unwrap_or(b'A')
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::{String, ToString};

    #[test]
    fn every_single_wrong_letter_is_found() {
        let text = PublicKey(core::array::from_fn(|i| (i * 37) as u8)).to_string();
        for at in 0..text.len() {
            for letter in ALPHABET {
                let mut wrong: String = text.clone();
                if &text.as_bytes()[at] == letter || text.as_bytes()[at] == b'-' {
                    continue;
                }
                wrong.replace_range(at..=at, core::str::from_utf8(&[*letter]).unwrap());
                assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn each_bit_survives_writing_and_reading() {
        for bit in 0..256 {
            let mut key = [0; 32];
            key[bit / 8] = 1 << (bit % 8);
            assert_eq!(PublicKey(key).to_string().parse(), Ok(PublicKey(key)));
        }
    }

    #[test]
    fn the_fingerprint_is_the_start_of_the_key() {
        let key = PublicKey([0xA5; 32]);
        let start: String = key.to_string().chars().filter(|c| *c != '-').collect();
        let print: String = key.fingerprint().to_string().replace('-', "");
        // The check character after thirteen is not part of the data.
        assert_eq!(start[..13], print[..13]);
        assert_eq!(print.len(), 16);
    }

    #[test]
    fn an_error_of_length_holds_the_number_of_letters() {
        assert_eq!("".parse::<PublicKey>(), Err(InvalidKey::Length(0)));
        assert_eq!("ABC".parse::<PublicKey>(), Err(InvalidKey::Length(3)));
    }
}
