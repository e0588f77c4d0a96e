//! The eight bytes each side begins with (wire 2). They are not secret, and bound into the handshake.

use crate::cipher::{Cipher, Ciphers};
use crate::error::HandshakeError;

/// Which side of the connection one is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Role {
    /// The side that connected; it speaks first and shows its key last.
    Dialer,
    /// The side that was connected to.
    Listener,
}

impl Role {
    fn code(self) -> u8 {
        match self {
            Self::Dialer => 1,
            Self::Listener => 2,
        }
    }
}

/// One side's preamble.
///
/// ```text
/// "TRSM" | version u8 | role u8 | ciphers u8 | 0 u8
/// ```
pub(crate) type Preamble = [u8; PREAMBLE];

/// The preamble of a side in that role; a dialer names its set, a listener the one it chose.
pub(crate) fn write(role: Role, ciphers: u8) -> Preamble {
    let [t, r, s, m] = MAGIC;
    [t, r, s, m, VERSION, role.code(), ciphers, 0]
}

/// The ciphers a dialer has.
pub(crate) fn read_dialer(preamble: Preamble) -> Result<Ciphers, HandshakeError> {
    let bits = read(preamble, Role::Dialer)?;
    Ciphers::from_bits(bits).ok_or(HandshakeError::Ciphers(bits))
}

/// The cipher a listener chose from those we have.
pub(crate) fn read_listener(preamble: Preamble, ours: Ciphers) -> Result<Cipher, HandshakeError> {
    let bits = read(preamble, Role::Listener)?;
    ours.choice(bits).ok_or(HandshakeError::Ciphers(bits))
}

fn read(preamble: Preamble, from: Role) -> Result<u8, HandshakeError> {
    let [t, r, s, m, version, role, ciphers, reserved] = preamble;
    if [t, r, s, m] != MAGIC {
        return Err(HandshakeError::Magic);
    }
    if version != VERSION {
        return Err(HandshakeError::Version(version));
    }
    if role != from.code() {
        return Err(HandshakeError::Role(role));
    }
    if reserved != 0 {
        return Err(HandshakeError::Reserved(reserved));
    }
    Ok(ciphers)
}

/// The version of the protocol.
pub const VERSION: u8 = 1;
pub(crate) const PREAMBLE: usize = 8;
const MAGIC: [u8; 4] = *b"TRSM";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        assert_eq!(write(Role::Dialer, 3), *b"TRSM\x01\x01\x03\x00");
        assert_eq!(write(Role::Listener, 2), *b"TRSM\x01\x02\x02\x00");
    }

    #[test]
    fn each_field_is_checked() {
        let good = write(Role::Dialer, 3);
        let with = |at: usize, byte: u8| {
            let mut bad = good;
            bad[at] = byte;
            read_dialer(bad)
        };
        assert_eq!(read_dialer(good), Ok(Ciphers::BOTH));
        assert_eq!(with(0, b'G'), Err(HandshakeError::Magic));
        assert_eq!(with(4, 2), Err(HandshakeError::Version(2)));
        assert_eq!(with(5, 2), Err(HandshakeError::Role(2)));
        assert_eq!(with(6, 2), Err(HandshakeError::Ciphers(2)));
        assert_eq!(with(7, 9), Err(HandshakeError::Reserved(9)));
        let answer = write(Role::Listener, 3);
        let chosen = read_listener(answer, Ciphers::BOTH);
        assert_eq!(chosen, Err(HandshakeError::Ciphers(3)));
    }
}
