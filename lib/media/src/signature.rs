//! Recognises other formats than JPEG by their first bytes. It parses nothing.

use crate::ImageError;

/// Bytes from the beginning that are enough for every format here: a packet of an MPEG transport
/// stream, and one byte.
pub(crate) const SIGNATURE_BYTES: usize = 189;

/// Formats by the bytes they begin with.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"YUV4MPEG2", "YUV4MPEG"),
    (b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (b"FLV\x01", "FLV"),
    (b"OggS", "Ogg"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
];

/// The name of the format that these bytes begin like, if it is not JPEG.
pub(crate) fn other_format(bytes: &[u8]) -> Option<&'static str> {
    let known = BEGINNINGS
        .iter()
        .find(|(beginning, _)| bytes.starts_with(beginning));
    if let Some((_, name)) = known {
        return Some(name);
    }
    let packets = [0, SIGNATURE_BYTES - 1].map(|at| bytes.get(at) == Some(&0x47));
    match bytes {
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("WebP"),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => Some(match brand {
            [b'a', b'v', b'i', b'f' | b's', ..] => "AVIF",
            [b'h', b'e', ..] | [b'm', b'i', b'f', b'1', ..] => "HEIF",
            _ => "MP4",
        }),
        [0, 0, 0, 1, unit @ ..] | [0, 0, 1, unit @ ..] => video_unit(unit),
        _ if packets == [true; 2] => Some("an MPEG transport stream"),
        _ => None,
    }
}

/// The video codec of a unit, from its first bytes after the start code.
fn video_unit(unit: &[u8]) -> Option<&'static str> {
    match *unit {
        // The parameter sets and the access unit delimiter of H.265.
        [0x40 | 0x42 | 0x44 | 0x46, 1, ..] => Some("H.265"),
        [0xb0 | 0xb3 | 0xb5 | 0xb8 | 0xba, ..] => Some("MPEG video"),
        // Slices, extra information, parameter sets and the access unit delimiter of H.264.
        [first, _, ..] if first < 0x80 && matches!(first & 0x1f, 1 | 5..=9) => Some("H.264"),
        _ => None,
    }
}

/// Why bytes that don't begin like a JPEG are no picture.
pub(crate) fn not_jpeg(bytes: &[u8]) -> ImageError {
    other_format(bytes).map_or(ImageError::NotJpeg, ImageError::OtherFormat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::sample;

    #[test]
    fn formats_are_known_by_their_beginnings() {
        let mut packets = [0; 376];
        (packets[0], packets[188]) = (0x47, 0x47);
        for (bytes, name) in [
            (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], Some("PNG")),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some("WebP")),
            (b"GIF89a", Some("GIF")),
            (b"\0\0\0\x01\x67\x64\0\x1f", Some("H.264")),
            (b"\0\0\x01\x09\xf0", Some("H.264")),
            (b"\0\0\0\x01\x40\x01\x0c", Some("H.265")),
            (b"\0\0\x01\xb3\x28\x01", Some("MPEG video")),
            (b"\x1a\x45\xdf\xa3\x9f", Some("Matroska or WebM")),
            (b"\0\0\0\x20ftypisom", Some("MP4")),
            (b"\0\0\0\x20ftypavif", Some("AVIF")),
            (b"\0\0\0\x20ftypheic", Some("HEIF")),
            (b"YUV4MPEG2 W640 H480", Some("YUV4MPEG")),
            (b"<!DOCTYPE html>", Some("a web page")),
            (&packets, Some("an MPEG transport stream")),
            (&packets[..188], None),
            (&sample(16, 16), None),
            // Chunks of other things than WebP: it may be AVI, which can hold JPEG pictures.
            (b"RIFF\x10\0\0\0AVI LIST", None),
            (b"--frame\r\nContent-Type: image/jpeg\r\n\r\n", None),
            (b"\0\0\0\0\0\0\0\0", None),
            (b"\0\0\x01", None),
            (b"", None),
        ] {
            assert_eq!(other_format(bytes), name, "{bytes:?}");
        }
    }
}
