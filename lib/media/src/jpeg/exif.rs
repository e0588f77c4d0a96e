//! Finds the orientation in an Exif segment. It reads that one tag and nothing else.

const ORIENTATION: u16 = 0x0112;
/// Tags of the first directory that are looked at; real ones have a dozen.
const MAX_TAGS: usize = 64;

/// The orientation, 1 to 8, that the content of an APP1 segment tells.
pub(crate) fn orientation(app1: &[u8]) -> Option<u8> {
    let tiff = Tiff::new(app1.strip_prefix(b"Exif\0\0")?)?;
    let directory = usize::try_from(tiff.u32(4)?).ok()?;
    let tags = usize::from(tiff.u16(directory)?).min(MAX_TAGS);
    let value = (0..tags).find_map(|tag| {
        let at = directory.checked_add(2 + tag * 12)?;
        (tiff.u16(at)? == ORIENTATION).then(|| tiff.u16(at + 8))?
    })?;
    u8::try_from(value)
        .ok()
        .filter(|value| (1..=8).contains(value))
}

struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        match bytes.get(..4)? {
            b"MM\0*" => Some(Self {
                bytes,
                big_endian: true,
            }),
            b"II*\0" => Some(Self {
                bytes,
                big_endian: false,
            }),
            _ => None,
        }
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_are_read() {
        let big = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
        let little = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0";
        assert_eq!(orientation(big), Some(6));
        assert_eq!(orientation(little), Some(3));
    }

    #[test]
    fn nonsense_gives_nothing() {
        let far = b"Exif\0\0MM\0*\xff\xff\xff\xff\0\x01";
        let nine = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0";
        for bytes in [&b"Exif\0\0"[..], b"http://ns", far, nine] {
            assert_eq!(orientation(bytes), None);
        }
    }
}
