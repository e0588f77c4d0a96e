//! Writes the orientation of a picture into its JPEG, for programs that know of it by Exif only.

use std::borrow::Cow;

use super::header::{Segments, marker, probe};

/// A JPEG whose Exif says how to rotate and mirror it, `orientation` being 1 to 8 as Exif numbers
/// it. The pixels stay as they are. One that says so already, and one that has no legal header, is
/// returned unchanged; any other Exif of the file is left out.
pub fn oriented(jpeg: &[u8], orientation: u8) -> Cow<'_, [u8]> {
    match (1..=8).contains(&orientation) {
        true => rewritten(jpeg, orientation).map_or(Cow::Borrowed(jpeg), Cow::Owned),
        false => Cow::Borrowed(jpeg),
    }
}

/// `None` where nothing is to be changed.
fn rewritten(jpeg: &[u8], orientation: u8) -> Option<Vec<u8>> {
    let header = probe(jpeg).ok()?;
    if header.orientation == orientation {
        return None;
    }
    let mut written = Vec::with_capacity(jpeg.len() + EXIF.len());
    written.extend_from_slice(&jpeg[..2]);
    let mut exif = Some(EXIF);
    let mut segments = Segments::new(jpeg).ok()?;
    loop {
        let segment = segments.next_segment().ok()?;
        // JFIF has to be the first segment.
        if segment.marker != APP0
            && let Some(mut exif) = exif.take()
        {
            exif[ORIENTATION] = orientation;
            written.extend_from_slice(&exif);
        }
        if segment.marker == marker::SOS {
            written.extend_from_slice(&jpeg[segment.start..]);
            return Some(written);
        }
        let is_exif = segment.marker == marker::APP1 && segment.content.starts_with(b"Exif\0\0");
        if !is_exif {
            written.extend_from_slice(&jpeg[segment.start..segment.end]);
        }
    }
}

const APP0: u8 = 0xe0;

/// The smallest Exif: a TIFF directory of one tag, the orientation.
const EXIF: [u8; 36] = *b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\
    \0\x01\x01\x12\0\x03\0\0\0\x01\0\x01\0\0\0\0\0\0";
/// Where its value is.
const ORIENTATION: usize = 29;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::sample;
    use crate::{Image, Limit, decode};

    #[test]
    fn a_picture_says_how_it_is_turned_and_keeps_its_pixels() {
        let upright = sample(32, 16);
        let pixels = |jpeg: &[u8]| {
            let mut image = Image::default();
            decode(jpeg, Limit::default(), &mut image).unwrap();
            image.rgba
        };
        assert!(matches!(oriented(&upright, 1), Cow::Borrowed(_)));
        for orientation in 2..=8 {
            let turned = oriented(&upright, orientation);
            assert_eq!(probe(&turned).unwrap().orientation, orientation);
            assert!(pixels(&turned) == pixels(&upright));
            assert!(matches!(oriented(&turned, orientation), Cow::Borrowed(_)));
            let again = oriented(&turned, 9 - orientation);
            assert_eq!(probe(&again).unwrap().orientation, 9 - orientation);
            assert!(
                again.len() == turned.len() || orientation == 8,
                "one Exif only"
            );
            let back = oriented(&turned, 1);
            assert_eq!(probe(&back).unwrap().orientation, 1);
        }
    }

    #[test]
    fn what_is_no_jpeg_and_no_orientation_stays_as_it_is() {
        let jpeg = sample(32, 16);
        for (bytes, orientation) in [(&jpeg[..], 0), (&jpeg, 9), (b"GIF89a", 3), (&jpeg[..40], 6)] {
            assert!(matches!(oriented(bytes, orientation), Cow::Borrowed(_)));
        }
    }
}
