//! Reads two tags of the TIFF structures in a JPEG: the orientation of Exif (CIPA DC-008), and the
//! number of pictures of the Multi-Picture Format (CIPA DC-007), which MPO and Ultra HDR are.

const ORIENTATION: u16 = 0x0112;
const NUMBER_OF_IMAGES: u16 = 0xb001;
/// Tags of the first directory that are looked at; real ones have a dozen.
const MAX_TAGS: usize = 64;

/// The orientation, 1 to 8, from the content of an APP1 segment.
pub(crate) fn orientation(app1: &[u8]) -> Option<u8> {
    let tiff = Tiff::new(app1.strip_prefix(b"Exif\0\0")?)?;
    let value = tiff.u16(tiff.value_of(ORIENTATION)?)?;
    u8::try_from(value)
        .ok()
        .filter(|value| (1..=8).contains(value))
}

/// The number of pictures in the file, at most 255, from the content of an APP2 segment. Only the
/// first picture of a file states it.
pub(crate) fn pictures(app2: &[u8]) -> Option<u8> {
    let tiff = Tiff::new(app2.strip_prefix(b"MPF\0")?)?;
    let value = tiff.u32(tiff.value_of(NUMBER_OF_IMAGES)?)?;
    Some(u8::try_from(value).unwrap_or(u8::MAX))
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

    /// The offset of the value of a tag in the first directory.
    fn value_of(&self, wanted: u16) -> Option<usize> {
        let directory = usize::try_from(self.u32(4)?).ok()?;
        let tags = usize::from(self.u16(directory)?).min(MAX_TAGS);
        (0..tags).find_map(|tag| {
            let at = directory.checked_add(2 + tag * 12)?;
            (self.u16(at)? == wanted).then_some(at + 8)
        })
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
    fn the_first_picture_of_several_tells_their_number() {
        let index = b"MPF\0MM\0*\0\0\0\x08\0\x02\xb0\0\0\x07\0\0\0\x040100\xb0\x01\0\x04\0\0\0\x01\0\0\0\x02";
        assert_eq!(pictures(index), Some(2));
        let other = b"MPF\0II*\0\x08\0\0\0\x01\0\x01\xb1\x04\0\x01\0\0\0\x02\0\0\0";
        assert_eq!(pictures(other), None);
        assert_eq!(pictures(b"ICC_PROFILE\0\x01\x01"), None);
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
