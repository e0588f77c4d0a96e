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

/// What a connection is for. A dialer asks for it; a listener serves it or closes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Purpose {
    /// Calls, texts and files.
    #[default]
    Session,
    /// Two stations learn each other's key by a typed code (wire 10).
    Pairing,
}

/// A dialer's preamble: every version and cipher that this side supports.
pub(crate) fn request(ciphers: Ciphers, purpose: Purpose) -> Preamble {
    write(Side::Dialer, ciphers.bits(), purpose.code())
}

/// A listener's answer: the version and the cipher it chose, and the purpose that it serves.
pub(crate) fn answer(cipher: Cipher, purpose: Purpose) -> Preamble {
    write(Side::Listener, cipher.bit(), purpose.code())
}

/// A listener's answer to a request that it can't serve, so that the dialer can tell its user why.
/// `None` if the bytes were not a request.
pub(crate) fn refusal(why: HandshakeError) -> Option<Preamble> {
    match why {
        HandshakeError::Version { .. } => Some(write(Side::Listener, 0, Purpose::Session.code())),
        HandshakeError::Purpose(_) => Some(write(Side::Listener, 0, 0)),
        _ => None,
    }
}

/// The ciphers of a dialer and the purpose it asks for, which is one of those that we serve.
pub(crate) fn read_request(
    preamble: Preamble,
    served: &[Purpose],
) -> Result<(Ciphers, Purpose), HandshakeError> {
    let (bits, purpose) = read(preamble, Side::Dialer, served)?;
    let ciphers = Ciphers::from_bits(bits).ok_or(HandshakeError::Ciphers(bits))?;
    Ok((ciphers, purpose))
}

/// The cipher that a listener chose from ours, for the purpose that we asked for.
pub(crate) fn read_answer(
    preamble: Preamble,
    ours: Ciphers,
    purpose: Purpose,
) -> Result<Cipher, HandshakeError> {
    let (bits, _) = read(preamble, Side::Listener, &[purpose])?;
    ours.choice(bits).ok_or(HandshakeError::Ciphers(bits))
}

impl Purpose {
    /// The byte in the preamble.
    fn code(self) -> u8 {
        match self {
            Self::Session => 1,
            Self::Pairing => 2,
        }
    }
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

/// Checks all fields but the ciphers, and returns those and the purpose. The last three bytes are
/// reserved for later versions and ignored.
fn read(
    preamble: Preamble,
    from: Side,
    served: &[Purpose],
) -> Result<(u8, Purpose), HandshakeError> {
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
    let served = served.iter().find(|served| served.code() == purpose);
    match served {
        Some(purpose) => Ok((ciphers, *purpose)),
        None => Err(HandshakeError::Purpose(purpose)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const SESSIONS: &[Purpose] = &[Purpose::Session];

    /// The preamble of a dialer that asks for a session.
    fn session() -> Preamble {
        request(Ciphers::BOTH, Purpose::Session)
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        assert_eq!(session(), *b"TRSM\x01\x01\x01\x03\x01\0\0\0");
        let pairing = request(Ciphers::BOTH, Purpose::Pairing);
        assert_eq!(pairing, *b"TRSM\x01\x01\x01\x03\x02\0\0\0");
        for (purpose, wanted) in [
            (Purpose::Session, b"TRSM\x01\x01\x02\x02\x01\0\0\0"),
            (Purpose::Pairing, b"TRSM\x01\x01\x02\x02\x02\0\0\0"),
        ] {
            assert_eq!(answer(Cipher::Aes256Gcm, purpose), *wanted);
        }
    }

    fn changed(mut preamble: Preamble, bytes: &[(usize, u8)]) -> Preamble {
        for (at, byte) in bytes {
            preamble[*at] = *byte;
        }
        preamble
    }

    #[test]
    fn each_field_is_checked() {
        let read = |bytes: &[(usize, u8)]| read_request(changed(session(), bytes), SESSIONS);
        assert_eq!(read(&[]), Ok((Ciphers::BOTH, Purpose::Session)));
        assert_eq!(read(&[(0, b'G')]), Err(HandshakeError::Magic));
        assert_eq!(read(&[(6, 2)]), Err(HandshakeError::Side(2)));
        assert_eq!(read(&[(7, 2)]), Err(HandshakeError::Ciphers(2)));
        assert_eq!(read(&[(8, 2)]), Err(HandshakeError::Purpose(2)));
        let both = changed(answer(Cipher::Aes256Gcm, Purpose::Session), &[(7, 3)]);
        assert_eq!(
            read_answer(both, Ciphers::BOTH, Purpose::Session),
            Err(HandshakeError::Ciphers(3))
        );
    }

    #[test]
    fn a_listener_must_answer_with_the_purpose_that_was_asked_for() {
        let (session, pairing) = (Purpose::Session, Purpose::Pairing);
        for (asked, answered) in [(session, pairing), (pairing, session)] {
            let answer = answer(Cipher::Aes256Gcm, answered);
            let result = read_answer(answer, Ciphers::BOTH, asked);
            assert_eq!(result, Err(HandshakeError::Purpose(answered.code())));
        }
    }

    #[test]
    fn a_range_of_versions_that_contains_ours_is_accepted() {
        let read = |oldest, newest| {
            let range = changed(session(), &[(4, oldest), (5, newest)]);
            read_request(range, SESSIONS).map(|_| ())
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
        let later = changed(session(), &[(7, 0xff), (9, 1), (10, 2), (11, 3)]);
        let read = read_request(later, SESSIONS);
        assert_eq!(read, Ok((Ciphers::BOTH, Purpose::Session)));
    }
}
