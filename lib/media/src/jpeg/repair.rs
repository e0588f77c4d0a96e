//! Repairs what cameras get wrong about a JPEG: missing Huffman tables, padding after the end, no
//! end marker. Nothing is copied before the caller asks for the result.

use std::sync::Arc;

use super::MAX_JPEG_BYTES;
use super::header::{Header, marker, probe};
use super::huffman::DEFAULT_HUFFMAN_TABLES;
use crate::ImageError;

const END: [u8; 2] = [0xff, marker::EOI];

/// A valid JPEG, as slices of the original bytes.
///
/// ```text
///   head | tables (if missing) | body | end (if missing)        padding is left out
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mended<'a> {
    /// The header of the picture.
    pub header: Header,
    /// True where the camera left the Huffman tables out.
    pub added_tables: bool,
    /// True where the picture ended early; its lower part may be grey.
    pub added_end: bool,
    /// Bytes left out behind its end: padding, or further pictures.
    pub padding: usize,
    head: &'a [u8],
    body: &'a [u8],
}

/// Finds out what has to be repaired.
///
/// ```
/// use transom_media::{Encoder, Frame, repair};
/// # let jpeg = transom_media::fuzzing::sample(64, 48);
/// let mut padded = jpeg.clone();
/// padded.extend([0; 100]);
/// let mended = repair(&padded)?;
/// assert_eq!(mended.padding, 100);
/// assert_eq!(mended.to_arc()[..], jpeg[..]);
/// # Ok::<(), transom_media::ImageError>(())
/// ```
pub fn repair(jpeg: &[u8]) -> Result<Mended<'_>, ImageError> {
    let header = probe(jpeg)?;
    let data = jpeg.get(header.data..).unwrap_or_default();
    // A JPEG of several pictures may end with the end of its last one.
    let main = if header.further == 0 {
        data
    } else {
        main_picture(data)
    };
    let (length, added_end) = match end_of(main) {
        Some(length) => (length, false),
        // A last 0xff would be half a marker.
        None => (main.len() - usize::from(main.last() == Some(&0xff)), true),
    };
    if length == 0 || (!added_end && length == END.len()) {
        return Err(ImageError::Header);
    }
    let split = if header.has_tables { 0 } else { header.frame };
    let (head, rest) = jpeg.split_at(split);
    let body = &rest[..header.data - split + length];
    let mended = Mended {
        header,
        added_tables: !header.has_tables,
        added_end,
        padding: match added_end {
            true => data.len() - main.len(),
            false => data.len() - length,
        },
        head,
        body,
    };
    if mended.len() > MAX_JPEG_BYTES {
        return Err(ImageError::TooLong(mended.len()));
    }
    Ok(mended)
}

impl Mended<'_> {
    /// Bytes of the mended picture.
    #[expect(clippy::len_without_is_empty, reason = "a picture is never empty")]
    pub fn len(&self) -> usize {
        self.pieces().iter().map(|piece| piece.len()).sum()
    }

    /// True where the original bytes need no repair.
    pub fn is_unchanged(&self) -> bool {
        !self.added_tables && !self.added_end && self.padding == 0
    }

    /// The mended picture, in pieces to be joined.
    pub fn pieces(&self) -> [&[u8]; 4] {
        let tables: &[u8] = if self.added_tables {
            &DEFAULT_HUFFMAN_TABLES
        } else {
            &[]
        };
        let end: &[u8] = if self.added_end { &END } else { &[] };
        [self.head, tables, self.body, end]
    }

    /// The mended picture as one.
    pub fn to_arc(&self) -> Arc<Vec<u8>> {
        Arc::new(self.pieces().concat())
    }

    /// Appends the mended picture.
    pub(crate) fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.reserve(self.len());
        for piece in self.pieces() {
            bytes.extend_from_slice(piece);
        }
    }
}

/// The data up to the end of the first picture, or the beginning of the second.
fn main_picture(data: &[u8]) -> &[u8] {
    let is_border = |pair: &[u8]| pair == END || pair == [0xff, marker::SOI];
    match data.windows(2).position(is_border) {
        Some(at) if data[at + 1] == marker::EOI => &data[..at + 2],
        Some(at) => &data[..at],
        None => data,
    }
}

/// Where the picture data ends, its end marker included.
fn end_of(data: &[u8]) -> Option<usize> {
    // Nearly always the end marker is last, or followed by zeros, fill bytes or a second end
    // marker.
    let mut end = trim(data);
    if data[..end].ends_with(&END) {
        while data[..trim(&data[..end - 2])].ends_with(&END) {
            end = trim(&data[..end - 2]);
        }
        return Some(end);
    }
    // Other bytes follow: the first end marker counts, because coded data can't contain 0xff 0xd9.
    data.windows(2)
        .position(|pair| pair == END)
        .map(|at| at + 2)
}

/// Length without trailing zeros and fill bytes.
fn trim(data: &[u8]) -> usize {
    data.iter()
        .rposition(|&byte| byte != 0 && byte != 0xff)
        .map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::{sample, without_tables};
    use crate::{Image, Limit, decode};

    fn mended(jpeg: &[u8]) -> Vec<u8> {
        repair(jpeg).unwrap().to_arc().to_vec()
    }

    #[test]
    fn a_good_picture_stays_as_it_is() {
        let jpeg = sample(64, 48);
        let look = repair(&jpeg).unwrap();
        assert!(look.is_unchanged());
        assert_eq!(look.to_arc()[..], jpeg[..]);
    }

    #[test]
    fn padding_of_every_kind_goes() {
        let jpeg = sample(64, 48);
        for tail in [
            &[0][..],
            &[0; 4096],
            &[0xff; 3],
            &[0xff, 0xd9],
            &[0, 0xff, 0xd9, 0, 0],
            b"junk after",
        ] {
            let mut padded = jpeg.clone();
            padded.extend_from_slice(tail);
            assert_eq!(mended(&padded), jpeg, "tail {tail:x?}");
        }
    }

    #[test]
    fn fill_bytes_before_the_end_stay() {
        let mut jpeg = sample(64, 48);
        let end = jpeg.len() - 2;
        jpeg.splice(end..end, [0xff, 0xff]);
        assert_eq!(mended(&jpeg), jpeg);
    }

    #[test]
    fn missing_tables_are_added_and_the_picture_is_the_same() {
        let jpeg = sample(64, 48);
        let bare = without_tables(&jpeg);
        let look = repair(&bare).unwrap();
        assert!(look.added_tables && !look.added_end);
        let (mut with, mut without) = (Image::default(), Image::default());
        decode(&jpeg, Limit::default(), &mut with).unwrap();
        decode(&look.to_arc(), Limit::default(), &mut without).unwrap();
        assert_eq!(with.rgba, without.rgba);
    }

    #[test]
    fn a_picture_cut_short_gets_an_end_and_can_be_decoded() {
        let jpeg = sample(64, 48);
        let data = probe(&jpeg).unwrap().data;
        let cut = &jpeg[..data + (jpeg.len() - data) / 2];
        let look = repair(cut).unwrap();
        assert!(look.added_end);
        assert!(look.to_arc().ends_with(&END));
        decode(&look.to_arc(), Limit::default(), &mut Image::default()).unwrap();
        assert_eq!(
            repair(&jpeg[..data]),
            Err(ImageError::Header),
            "no data at all"
        );
    }

    #[test]
    fn a_picture_beyond_the_limit_is_refused() {
        let mut jpeg = sample(64, 48);
        let end = jpeg.len() - 2;
        jpeg.splice(end..end, std::iter::repeat_n(0x55, MAX_JPEG_BYTES));
        assert!(matches!(repair(&jpeg), Err(ImageError::TooLong(_))));
    }
}
