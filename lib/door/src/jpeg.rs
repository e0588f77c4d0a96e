//! What of a JPEG goes out: everything but its metadata. Nothing is decoded.
//!
//! Home Assistant takes a picture to end at the first FF D9, which is also the end of a thumbnail
//! inside APP1; and metadata of a camera may tell more than its picture.

/// The slices of a JPEG to send, in order. A turned picture gets its orientation back in an APP1
/// of ours. From the first byte that isn't understood on, the picture is sent as it is.
pub(crate) fn kept(jpeg: &[u8], orientation: u8) -> Vec<&[u8]> {
    let Some((start, mut rest)) = jpeg.split_at_checked(2).filter(|(soi, _)| *soi == SOI) else {
        return vec![jpeg];
    };
    let mut kept = vec![start];
    let mut turned = orientation_segment(orientation);
    while let Some(segment) = segment(rest) {
        // JFIF has to be the first segment.
        if marker(segment) != Some(APP0) {
            kept.extend(turned.take());
        }
        if is_kept(segment) {
            kept.push(segment);
        }
        rest = &rest[segment.len()..];
    }
    kept.extend(turned.take());
    kept.push(rest);
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

    #[test]
    fn metadata_goes_and_everything_else_stays() {
        let whole = join(&[&SOI, JFIF, JFXX, THUMBNAIL, ADOBE, COMMENT, TABLE, SCAN]);
        let wanted = join(&[&SOI, JFIF, ADOBE, TABLE, SCAN]);
        assert_eq!(kept(&whole, 1).concat(), wanted);
        assert_eq!(kept(&wanted, 1).concat(), wanted);
    }

    #[test]
    fn a_turned_picture_says_so_behind_jfif() {
        let whole = join(&[&SOI, JFIF, THUMBNAIL, TABLE, SCAN]);
        let turned = kept(&whole, 6).concat();
        let ours = exif(6);
        assert_eq!(turned, join(&[&SOI, JFIF, &ours, TABLE, SCAN]));
        assert_eq!(kept(&whole, 9).concat(), kept(&whole, 1).concat());
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
            assert_eq!(kept(odd, 1).concat(), odd);
        }
    }
}
