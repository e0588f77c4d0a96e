//! Reads the header of a JPEG, up to its picture data: the segments, the size, which tables it has.
//! It never looks at the data itself.

use super::{MAX_SIDE, tiff};
use crate::ImageError;
use crate::signature::not_jpeg;

/// The facts in the header of a JPEG.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// Pixels across, 1 to [`MAX_SIDE`](crate::MAX_SIDE).
    pub width: u16,
    /// Pixels down, 1 to [`MAX_SIDE`](crate::MAX_SIDE).
    pub height: u16,
    /// Colour planes: 1 for grey, 3 for colour.
    pub components: u8,
    /// How to rotate and mirror it for display, 1 to 8 as Exif numbers it; 1 where the header has
    /// none.
    pub orientation: u8,
    /// False where the Huffman tables are left out, as USB cameras may.
    pub has_tables: bool,
    /// Pictures in the same file behind this one: the other eye's, a preview, a map of brightness.
    pub further: u8,
    /// Where the frame header (SOF) begins.
    pub(crate) frame: usize,
    /// Where the picture data begins.
    pub(crate) data: usize,
}

/// Reads the header of a JPEG, and refuses what no camera makes.
///
/// ```
/// assert_eq!(transom_media::probe(b"GIF89a"), Err(transom_media::ImageError::OtherFormat("GIF")));
/// ```
pub fn probe(jpeg: &[u8]) -> Result<Header, ImageError> {
    let mut header = Header {
        width: 0,
        height: 0,
        components: 0,
        orientation: 1,
        has_tables: false,
        further: 0,
        frame: 0,
        data: 0,
    };
    let mut segments = Segments::new(jpeg)?;
    loop {
        let segment = segments.next_segment()?;
        match segment.marker {
            marker::SOF0 | marker::SOF1 if header.frame == 0 => {
                read_frame(segment.content, &mut header)?;
                header.frame = segment.start;
            }
            marker::SOF0 | marker::SOF1 | marker::DHP => {
                return Err(ImageError::Unsupported("a hierarchical"));
            }
            marker::DHT => header.has_tables = true,
            marker::APP1 => {
                if let Some(orientation) = tiff::orientation(segment.content) {
                    header.orientation = orientation;
                }
            }
            marker::APP2 => {
                if let Some(pictures) = tiff::pictures(segment.content) {
                    header.further = pictures.saturating_sub(1);
                }
            }
            marker::SOS if header.frame == 0 => return Err(ImageError::Header),
            // The decoder shows a baseline picture of several scans as garbage.
            marker::SOS if segment.content.first() != Some(&header.components) => {
                return Err(ImageError::Unsupported("a multi-scan"));
            }
            marker::SOS => {
                header.data = segment.end;
                return Ok(header);
            }
            // SOF2 to SOF15 and that of JPEG-LS, as ITU-T T.81 table B.1 and T.87 name them.
            0xc2 => return Err(ImageError::Unsupported("a progressive")),
            0xc3 | 0xcb | 0xf7 => return Err(ImageError::Unsupported("a lossless")),
            0xc5..=0xc7 | 0xcd..=0xcf => return Err(ImageError::Unsupported("a hierarchical")),
            0xc9 | 0xca => return Err(ImageError::Unsupported("an arithmetic-coded")),
            _ => {}
        }
    }
}

fn read_frame(content: &[u8], header: &mut Header) -> Result<(), ImageError> {
    let [precision, h1, h0, w1, w0, components, ref planes @ ..] = *content else {
        return Err(ImageError::Header);
    };
    header.height = u16::from_be_bytes([h1, h0]);
    header.width = u16::from_be_bytes([w1, w0]);
    header.components = components;
    let (width, height) = (header.width, header.height);
    if precision != 8 {
        return Err(ImageError::Unsupported("a 12-bit"));
    }
    match components {
        1 | 3 => {}
        4 => return Err(ImageError::Unsupported("a four-colour (CMYK)")),
        _ => return Err(ImageError::Unsupported("a multispectral")),
    }
    // Horizontal and vertical sampling factors, 4 bits each. The decoder mixes up the lines of a
    // picture whose luma has fewer lines than its chroma.
    let mut samplings = planes.chunks(3).filter_map(|plane| plane.get(1));
    if let Some(luma) = samplings.next()
        && samplings.any(|chroma| chroma >> 4 > luma >> 4 || chroma & 15 > luma & 15)
    {
        return Err(ImageError::Unsupported("a luma-subsampled"));
    }
    if width == 0 || height == 0 {
        return Err(ImageError::Unsupported("an empty"));
    }
    if width > MAX_SIDE || height > MAX_SIDE {
        return Err(ImageError::TooLarge {
            width: width.into(),
            height: height.into(),
        });
    }
    Ok(())
}

/// The markers this crate looks at.
pub(crate) mod marker {
    pub(crate) const SOF0: u8 = 0xc0;
    pub(crate) const SOF1: u8 = 0xc1;
    pub(crate) const DHT: u8 = 0xc4;
    pub(crate) const RST0: u8 = 0xd0;
    pub(crate) const RST7: u8 = 0xd7;
    pub(crate) const SOI: u8 = 0xd8;
    pub(crate) const EOI: u8 = 0xd9;
    pub(crate) const SOS: u8 = 0xda;
    pub(crate) const DHP: u8 = 0xde;
    pub(crate) const APP1: u8 = 0xe1;
    pub(crate) const APP2: u8 = 0xe2;
    pub(crate) const TEM: u8 = 0x01;

    /// True for markers that stand alone, without a length.
    pub(crate) fn is_bare(marker: u8) -> bool {
        matches!(marker, RST0..=RST7 | TEM)
    }

    /// True for the segments that may follow the data of a scan: tables, the next scan, the number
    /// of lines, application data, comments.
    pub(crate) fn may_follow_data(marker: u8) -> bool {
        matches!(marker, DHT | SOS | 0xdb..=0xdd | 0xe0..=0xef | 0xfe)
    }
}

pub(super) struct Segment<'a> {
    pub(super) marker: u8,
    pub(super) content: &'a [u8],
    /// Offset of its 0xff.
    pub(super) start: usize,
    /// Offset after its content.
    pub(super) end: usize,
}

/// Walks by length, so that bytes inside a segment (thumbnails) are never taken for markers.
pub(super) struct Segments<'a> {
    jpeg: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    pub(super) fn new(jpeg: &'a [u8]) -> Result<Self, ImageError> {
        if !jpeg.starts_with(&[0xff, marker::SOI]) {
            return Err(not_jpeg(jpeg));
        }
        Ok(Self { jpeg, at: 2 })
    }

    pub(super) fn next_segment(&mut self) -> Result<Segment<'a>, ImageError> {
        loop {
            let start = self.at;
            if self.byte()? != 0xff {
                return Err(ImageError::Header);
            }
            let mut marker = self.byte()?;
            while marker == 0xff {
                marker = self.byte()?;
            }
            if marker::is_bare(marker) {
                continue;
            }
            if matches!(marker, 0 | marker::SOI | marker::EOI) {
                return Err(ImageError::Header);
            }
            let length = usize::from(u16::from_be_bytes([self.byte()?, self.byte()?]));
            let content_at = self.at;
            let end = content_at + length.checked_sub(2).ok_or(ImageError::Header)?;
            let content = self.jpeg.get(content_at..end).ok_or(ImageError::Header)?;
            self.at = end;
            return Ok(Segment {
                marker,
                content,
                start,
                end,
            });
        }
    }

    fn byte(&mut self) -> Result<u8, ImageError> {
        let byte = *self.jpeg.get(self.at).ok_or(ImageError::Header)?;
        self.at += 1;
        Ok(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::sample;

    #[test]
    fn a_header_of_sixteen_thousand_pixels_is_read_and_one_more_is_refused() {
        let mut jpeg = sample(32, 16);
        let frame = probe(&jpeg).unwrap().frame;
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0x40, 0, 0x40, 0]);
        assert_eq!(probe(&jpeg).unwrap().width, 16_384);
        jpeg[frame + 8] = 1;
        assert_eq!(
            probe(&jpeg),
            Err(ImageError::TooLarge {
                width: 16_385,
                height: 16_384
            })
        );
    }

    #[test]
    fn progressive_empty_and_cut_headers_are_refused() {
        let jpeg = sample(32, 16);
        let header = probe(&jpeg).unwrap();
        assert_eq!(
            (header.width, header.height, header.components),
            (32, 16, 3)
        );
        let mut progressive = jpeg.clone();
        progressive[header.frame + 1] = 0xc2;
        assert_eq!(
            probe(&progressive),
            Err(ImageError::Unsupported("a progressive"))
        );
        let mut empty = jpeg.clone();
        empty[header.frame + 5..header.frame + 7].fill(0);
        assert_eq!(probe(&empty), Err(ImageError::Unsupported("an empty")));
        for cut in 0..header.data {
            assert!(probe(&jpeg[..cut]).is_err(), "cut at {cut}");
        }
    }
}
