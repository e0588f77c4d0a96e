//! The twelve bytes that each side sends first (wire 2). They are not secret. The handshake's
//! prologue contains them, which prevents a downgrade by a man in the middle.

use transom_wire::Side;

use crate::cipher::{Cipher, Ciphers};
use crate::error::HandshakeError;

/// One side's preamble.
///
/// ```text
/// "TRSM" | oldest u8 | newest u8 | side u8 | ciphers u8 | purpose u8 | 0 u8 x 3
/// ```
pub(crate) type Preamble = [u8; PREAMBLE];

/// A dialer's preamble: every version and cipher that this side supports.
pub(crate) fn request(ciphers: Ciphers) -> Preamble {
    write(Side::Dialer, ciphers.bits(), SESSION)
}

/// A listener's answer: the version and the cipher it chose.
pub(crate) fn answer(cipher: Cipher) -> Preamble {
    write(Side::Listener, cipher.bit(), SESSION)
}

/// A listener's answer to a request that it can't serve, so that the dialer can tell its user why.
/// `None` if the bytes were not a request.
pub(crate) fn refusal(why: HandshakeError) -> Option<Preamble> {
    match why {
        HandshakeError::Version { .. } => Some(write(Side::Listener, 0, SESSION)),
        HandshakeError::Purpose(_) => Some(write(Side::Listener, 0, 0)),
        _ => None,
    }
}

/// The ciphers of a dialer.
pub(crate) fn read_request(preamble: Preamble) -> Result<Ciphers, HandshakeError> {
    let bits = read(preamble, Side::Dialer)?;
    Ciphers::from_bits(bits).ok_or(HandshakeError::Ciphers(bits))
}

/// The cipher that a listener chose from ours.
pub(crate) fn read_answer(preamble: Preamble, ours: Ciphers) -> Result<Cipher, HandshakeError> {
    let bits = read(preamble, Side::Listener)?;
    ours.choice(bits).ok_or(HandshakeError::Ciphers(bits))
}

fn write(side: Side, ciphers: u8, purpose: u8) -> Preamble {
    let [t, r, s, m] = MAGIC;
    let (oldest, newest) = (VERSION, VERSION);
    [
        t,
        r,
        s,
        m,
        oldest,
        newest,
        code(side),
        ciphers,
        purpose,
        0,
        0,
        0,
    ]
}

/// Checks all fields but the ciphers, and returns those. The last three bytes are reserved for
/// later versions and ignored.
fn read(preamble: Preamble, from: Side) -> Result<u8, HandshakeError> {
    let [t, r, s, m, oldest, newest, side, ciphers, purpose, ..] = preamble;
    if [t, r, s, m] != MAGIC {
        return Err(HandshakeError::Magic);
    }
    if !(oldest..=newest).contains(&VERSION) {
        return Err(HandshakeError::Version { oldest, newest });
    }
    if side != code(from) {
        return Err(HandshakeError::Side(side));
    }
    if purpose != SESSION {
        return Err(HandshakeError::Purpose(purpose));
    }
    Ok(ciphers)
}

/// The byte that names a side in its preamble.
fn code(side: Side) -> u8 {
    match side {
        Side::Dialer => 1,
        Side::Listener => 2,
    }
}

/// The version of the protocol. It is the first, so this side speaks no older one.
pub const VERSION: u8 = 1;
pub(crate) const PREAMBLE: usize = 12;
const MAGIC: [u8; 4] = *b"TRSM";
/// The purpose of a connection for calls, texts and files; 2 is reserved for pairing.
const SESSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        assert_eq!(request(Ciphers::BOTH), *b"TRSM\x01\x01\x01\x03\x01\0\0\0");
        assert_eq!(
            answer(Cipher::Aes256Gcm),
            *b"TRSM\x01\x01\x02\x02\x01\0\0\0"
        );
    }

    fn changed(mut preamble: Preamble, bytes: &[(usize, u8)]) -> Preamble {
        for (at, byte) in bytes {
            preamble[*at] = *byte;
        }
        preamble
    }

    #[test]
    fn each_field_is_checked() {
        let read = |bytes: &[(usize, u8)]| read_request(changed(request(Ciphers::BOTH), bytes));
        assert_eq!(read(&[]), Ok(Ciphers::BOTH));
        assert_eq!(read(&[(0, b'G')]), Err(HandshakeError::Magic));
        assert_eq!(read(&[(6, 2)]), Err(HandshakeError::Side(2)));
        assert_eq!(read(&[(7, 2)]), Err(HandshakeError::Ciphers(2)));
        assert_eq!(read(&[(8, 2)]), Err(HandshakeError::Purpose(2)));
        let both = changed(answer(Cipher::Aes256Gcm), &[(7, 3)]);
        assert_eq!(
            read_answer(both, Ciphers::BOTH),
            Err(HandshakeError::Ciphers(3))
        );
    }

    #[test]
    fn a_range_of_versions_that_contains_ours_is_accepted() {
        let read = |oldest, newest| {
            let range = changed(request(Ciphers::BOTH), &[(4, oldest), (5, newest)]);
            read_request(range).map(|_| ())
        };
        assert_eq!(
            (read(1, 1), read(1, 9), read(0, 1)),
            (Ok(()), Ok(()), Ok(()))
        );
        for (oldest, newest) in [(2, 9), (0, 0), (9, 1)] {
            let none = Err(HandshakeError::Version { oldest, newest });
            assert_eq!(read(oldest, newest), none);
        }
    }

    #[test]
    fn unknown_ciphers_and_reserved_bytes_are_ignored() {
        let later = changed(
            request(Ciphers::BOTH),
            &[(7, 0xff), (9, 1), (10, 2), (11, 3)],
        );
        assert_eq!(read_request(later), Ok(Ciphers::BOTH));
    }
}
