//! What of a JPEG goes out: everything but its metadata. Nothing is decoded.
//!
//! Home Assistant takes a picture to end at the first FF D9, which is also the end of a thumbnail
//! inside APP1; and metadata of a camera may tell more than its picture.

use std::ops::Range;

/// A JPEG to send: these bytes, then the picture's own from an offset on.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Everything up to the last change; empty if nothing is changed.
    pub(crate) front: Vec<u8>,
    /// Where the unchanged rest of the picture begins.
    pub(crate) rest: usize,
}

impl Kept {
    /// All bytes, for checks.
    pub(crate) fn join(&self, jpeg: &[u8]) -> Vec<u8> {
        [&self.front, &jpeg[self.rest..]].concat()
    }

    /// Leaves a range of the picture out, in favour of other bytes.
    fn replace(&mut self, jpeg: &[u8], range: Range<usize>, bytes: &[u8]) {
        self.front.extend_from_slice(&jpeg[self.rest..range.start]);
        self.front.extend_from_slice(bytes);
        self.rest = range.end;
    }
}

/// What of a JPEG to send. A turned picture gets its orientation back in an APP1 of ours. From the
/// first byte that isn't understood on, the picture is sent as it is.
pub(crate) fn kept(jpeg: &[u8], orientation: u8) -> Kept {
    let mut kept = Kept::default();
    if !jpeg.starts_with(&SOI) {
        return kept;
    }
    let mut turned = orientation_segment(orientation);
    let mut at = SOI.len();
    while let Some(segment) = segment(&jpeg[at..]) {
        // JFIF has to be the first segment.
        if marker(segment) != Some(APP0)
            && let Some(turned) = turned.take()
        {
            kept.replace(jpeg, at..at, turned);
        }
        let end = at + segment.len();
        if !is_kept(segment) {
            kept.replace(jpeg, at..end, &[]);
        }
        at = end;
    }
    if let Some(turned) = turned {
        kept.replace(jpeg, at..at, turned);
    }
    kept
}

/// The marker segment that begins here, up to the scan's header, which is left with the scan.
fn segment(bytes: &[u8]) -> Option<&[u8]> {
    let [0xff, marker, high, low, ..] = *bytes else {
        return None;
    };
    // Markers without a length, padding, and the scan.
    if matches!(marker, 0x00 | 0x01 | 0xd0..=0xda | 0xff) {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    (length >= 2).then(|| bytes.get(..2 + length)).flatten()
}

fn is_kept(segment: &[u8]) -> bool {
    match marker(segment) {
        // JFXX holds a thumbnail.
        Some(APP0) => segment[4..].starts_with(b"JFIF\0"),
        // Adobe's segment says which colours the numbers mean.
        Some(APP14) => segment.len() == 16 && segment[4..].starts_with(b"Adobe"),
        Some(marker) => !matches!(marker, 0xe1..=0xef | COMMENT),
        None => true,
    }
}

fn marker(segment: &[u8]) -> Option<u8> {
    segment.get(1).copied()
}

/// The smallest Exif: one entry that turns the picture.
fn orientation_segment(orientation: u8) -> Option<&'static [u8]> {
    let index = usize::from(orientation).checked_sub(2)?;
    TURNED.get(index).map(<[u8; 36]>::as_slice)
}

const fn exif(orientation: u8) -> [u8; 36] {
    let mut bytes = *b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\
        \0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    bytes[29] = orientation;
    bytes
}

/// Orientations 2 to 8; 1 is upright.
static TURNED: [[u8; 36]; 7] = [
    exif(2),
    exif(3),
    exif(4),
    exif(5),
    exif(6),
    exif(7),
    exif(8),
];

const SOI: [u8; 2] = [0xff, 0xd8];
const APP0: u8 = 0xe0;
const APP14: u8 = 0xee;
const COMMENT: u8 = 0xfe;

#[cfg(test)]
mod tests {
    use super::*;

    const JFIF: &[u8] = b"\xff\xe0\x00\x07JFIF\0";
    const JFXX: &[u8] = b"\xff\xe0\x00\x09JFXX\0\xff\xd9";
    const THUMBNAIL: &[u8] = b"\xff\xe1\x00\x08Exif\xff\xd9";
    const COMMENT: &[u8] = b"\xff\xfe\x00\x04\xff\xd9";
    const ADOBE: &[u8] = b"\xff\xee\x00\x0eAdobe\0\x64\0\0\0\0\x01";
    const TABLE: &[u8] = b"\xff\xdb\x00\x05\x00\x10\x0b";
    const SCAN: &[u8] = b"\xff\xda\x00\x02\xff\xe1\x00\x03!\xff\xd9";

    fn join(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    fn sent(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        kept(jpeg, orientation).join(jpeg)
    }

    #[test]
    fn metadata_goes_and_everything_else_stays() {
        let whole = join(&[&SOI, JFIF, JFXX, THUMBNAIL, ADOBE, COMMENT, TABLE, SCAN]);
        let wanted = join(&[&SOI, JFIF, ADOBE, TABLE, SCAN]);
        assert_eq!(sent(&whole, 1), wanted);
        assert_eq!(sent(&wanted, 1), wanted);
    }

    #[test]
    fn a_picture_without_metadata_is_not_copied() {
        let kept = kept(&join(&[&SOI, JFIF, ADOBE, TABLE, SCAN]), 1);
        assert_eq!((kept.front.len(), kept.rest), (0, 0));
    }

    #[test]
    fn a_turned_picture_says_so_behind_jfif() {
        let whole = join(&[&SOI, JFIF, THUMBNAIL, TABLE, SCAN]);
        let turned = sent(&whole, 6);
        let ours = exif(6);
        assert_eq!(turned, join(&[&SOI, JFIF, &ours, TABLE, SCAN]));
        assert_eq!(sent(&whole, 9), sent(&whole, 1));
        assert_eq!(
            ours[4..],
            *b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
        );
        // The length in the segment: everything behind the marker.
        assert_eq!(usize::from(ours[3]), ours.len() - 2);
    }

    #[test]
    fn what_is_not_understood_is_sent_as_it_is() {
        for odd in [
            &b""[..],
            b"\xff",
            b"GIF89a",
            b"\xff\xd8",
            b"\xff\xd8\xff\xe1\x00\x01",
            b"\xff\xd8\xff\xe1\xff\xff short",
            b"\xff\xd8\xff\xff\xff\xe1\x00\x02",
        ] {
            assert_eq!(sent(odd, 1), odd);
        }
    }
}
