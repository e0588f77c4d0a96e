//! The five records of a pairing (wire 10): the sender of each, and its bytes.

use crate::message::{Code, codes};
use crate::read::Reader;
use crate::write::Writer;
use crate::{DecodeError, Full, PeerName, Side, limits};

/// The plain bytes of one record of a pairing.
///
/// ```
/// use transom_wire::{PairingRecord, PairingStep};
/// let record = PairingRecord::Proof([7; 32]);
/// let mut out = [0; 64];
/// let used = record.encode(&mut out).unwrap();
/// assert_eq!(PairingRecord::decode(PairingStep::DialerProof, &out[..used]), Ok(record));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PairingRecord {
    /// A SPAKE2 message: a byte that names the side, and a group element.
    Element([u8; ELEMENT]),
    /// The dialer's proof that it knows the code.
    Proof([u8; PROOF]),
    /// The listener's proof, and its introduction.
    ProofAndIntroduction([u8; PROOF], Introduction),
    /// The dialer's introduction.
    Introduction(Introduction),
}

/// The place of a record in a pairing, in the order in which they are sent.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum PairingStep {
    /// The dialer's SPAKE2 message.
    DialerElement,
    /// The listener's SPAKE2 message.
    ListenerElement,
    /// The dialer's proof.
    DialerProof,
    /// The listener's proof and introduction.
    ListenerProof,
    /// The dialer's introduction.
    DialerIntroduction,
}

/// What a side tells about itself to a peer that has proven to know the code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Introduction {
    /// Whether the sender keeps the receiver as a contact.
    pub keep: Keep,
    /// What the receiver may do at the sender's station.
    pub grants: Grants,
    /// The TCP port at which the sender usually takes connections; 0 for none.
    pub port: u16,
    /// The sender's name for itself.
    pub name: PeerName,
}

codes! {
    /// What a side stores after a pairing. An unknown value counts as [`Keep::Once`].
    Keep, "keep" {
        /// The peer becomes a contact.
        Contact = 1,
        /// The peer is admitted for one transfer, and nothing is stored.
        Once = 2,
    }
}

/// A set of rights (wire 10). Bits that this version doesn't know are kept and mean nothing to it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Grants(pub u16);

impl Grants {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// See the camera of a box.
    pub const VIEW: Self = Self(1);
    /// Ring.
    pub const CALL: Self = Self(1 << 1);
    /// Offer files.
    pub const FILES: Self = Self(1 << 2);
    /// Hear the microphone of a box.
    pub const HEAR: Self = Self(1 << 3);
    /// Be heard from the loudspeaker of a box.
    pub const TALK: Self = Self(1 << 4);
    /// Be answered without asking a user.
    pub const AUTO: Self = Self(1 << 5);

    /// Whether all of `others` are in the set.
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

impl core::ops::BitOr for Grants {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl PairingRecord {
    /// Decodes the record of a step.
    ///
    /// # Errors
    /// [`DecodeError`] names the illegal field.
    pub fn decode(step: PairingStep, plain: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(plain);
        let record = match step {
            PairingStep::DialerElement | PairingStep::ListenerElement => {
                Self::Element(reader.array("element")?)
            }
            PairingStep::DialerProof => Self::Proof(reader.array("proof")?),
            PairingStep::ListenerProof => {
                let proof = reader.array("proof")?;
                Self::ProofAndIntroduction(proof, Introduction::read(&mut reader)?)
            }
            PairingStep::DialerIntroduction => Self::Introduction(Introduction::read(&mut reader)?),
        };
        reader.end("record of a pairing")?;
        Ok(record)
    }

    /// Writes the record; returns the bytes used, at most [`limits::PAIRING_RECORD`].
    ///
    /// # Errors
    /// [`Full`] when `out` is too small; its content is then undefined.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, Full> {
        let mut writer = Writer::new(out);
        match self {
            Self::Element(element) => writer.bytes(element)?,
            Self::Proof(proof) => writer.bytes(proof)?,
            Self::ProofAndIntroduction(proof, introduction) => {
                writer.bytes(proof)?;
                introduction.write(&mut writer)?;
            }
            Self::Introduction(introduction) => introduction.write(&mut writer)?,
        }
        Ok(writer.used())
    }
}

impl PairingStep {
    /// The step after this one; `None` after the last.
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::DialerElement => Some(Self::ListenerElement),
            Self::ListenerElement => Some(Self::DialerProof),
            Self::DialerProof => Some(Self::ListenerProof),
            Self::ListenerProof => Some(Self::DialerIntroduction),
            Self::DialerIntroduction => None,
        }
    }

    /// The side that sends this record.
    pub const fn sender(self) -> Side {
        match self {
            Self::DialerElement | Self::DialerProof | Self::DialerIntroduction => Side::Dialer,
            Self::ListenerElement | Self::ListenerProof => Side::Listener,
        }
    }
}

impl Introduction {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let introduction = Self {
            keep: Keep::read(reader)?,
            grants: Grants(reader.u16("grants")?),
            port: reader.u16("port")?,
            name: reader.short_text(limits::NAME, "name")?.parse()?,
        };
        reader.skip_extensions()?;
        Ok(introduction)
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        self.keep.write(writer)?;
        writer.u16(self.grants.0)?;
        writer.u16(self.port)?;
        writer.short_text(self.name.as_str())
    }
}

/// Bytes of a SPAKE2 message.
const ELEMENT: usize = 33;

/// Bytes of a proof: the output of HKDF-SHA256.
const PROOF: usize = 32;

// The longest record fits.
const _: () = assert!(PROOF + 1 + 2 + 2 + 1 + limits::NAME <= limits::PAIRING_RECORD);

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    fn introduction() -> Introduction {
        Introduction {
            keep: Keep::Contact,
            grants: Grants::VIEW | Grants::FILES,
            port: 7447,
            name: "amy".parse().unwrap(),
        }
    }

    #[track_caller]
    fn golden(step: PairingStep, record: PairingRecord, wanted: &[u8]) {
        let mut out = [0xee; limits::PAIRING_RECORD];
        let used = record.encode(&mut out).unwrap();
        assert_eq!(out[..used], *wanted);
        assert_eq!(PairingRecord::decode(step, wanted), Ok(record));
        assert_eq!(record.encode(&mut out[..used - 1]), Err(Full));
        for cut in 0..wanted.len() {
            let result = PairingRecord::decode(step, &wanted[..cut]);
            assert!(
                matches!(result, Err(DecodeError::Cut(_))),
                "{cut}: {result:?}"
            );
        }
    }

    // Fixed bytes stand for group elements and proofs, which are random.
    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let element = PairingRecord::Element([0x41; 33]);
        golden(PairingStep::DialerElement, element, &[0x41; 33]);
        golden(PairingStep::ListenerElement, element, &[0x41; 33]);
        let proof = PairingRecord::Proof([0x33; 32]);
        golden(PairingStep::DialerProof, proof, &[0x33; 32]);

        let about = *b"\x01\0\x05\x1d\x17\x03amy";
        let introduced = PairingRecord::Introduction(introduction());
        golden(PairingStep::DialerIntroduction, introduced, &about);
        let both = PairingRecord::ProofAndIntroduction([0x33; 32], introduction());
        let bytes: Vec<u8> = [0x33; 32].into_iter().chain(about).collect();
        golden(PairingStep::ListenerProof, both, &bytes);
    }

    #[test]
    fn an_element_or_proof_with_more_bytes_is_illegal() {
        for (step, bytes) in [
            (PairingStep::DialerElement, 34),
            (PairingStep::ListenerElement, 34),
            (PairingStep::DialerProof, 33),
        ] {
            let result = PairingRecord::decode(step, &[0x41; 40][..bytes]);
            assert_eq!(result, Err(DecodeError::Trailing("record of a pairing")));
        }
    }

    #[test]
    fn extensions_and_unknown_values_of_a_later_version_are_skipped_or_kept() {
        let bytes = b"\x09\xff\xff\0\0\x03amy\x01\0\x02hi";
        let decoded = PairingRecord::decode(PairingStep::DialerIntroduction, bytes);
        let later = Introduction {
            keep: Keep::Unknown(9),
            grants: Grants(0xffff),
            port: 0,
            ..introduction()
        };
        assert_eq!(decoded, Ok(PairingRecord::Introduction(later)));
    }

    #[test]
    fn an_introduction_with_an_invalid_name_is_illegal() {
        let decode = |name: &[u8]| {
            let length = u8::try_from(name.len()).unwrap();
            let bytes = [&b"\x01\0\0\0\0"[..], &[length], name].concat();
            PairingRecord::decode(PairingStep::DialerIntroduction, &bytes)
        };
        assert!(matches!(decode(b""), Err(DecodeError::Name(_))));
        assert!(matches!(decode(b"a b"), Err(DecodeError::Name(_))));
        assert_eq!(decode(b"\xff"), Err(DecodeError::Illegal("name")));
        assert!(matches!(
            decode(&[b'a'; 65]),
            Err(DecodeError::TooLarge { .. })
        ));
    }

    #[test]
    fn dialer_and_listener_send_alternately() {
        let (mut step, mut senders) = (Some(PairingStep::DialerElement), Vec::new());
        while let Some(now) = step {
            senders.push(now.sender());
            step = now.next();
        }
        let (dialer, listener) = (Side::Dialer, Side::Listener);
        assert_eq!(senders, [dialer, listener, dialer, listener, dialer]);
    }
}
