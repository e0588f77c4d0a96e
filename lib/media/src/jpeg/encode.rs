//! Turns frames into JPEG pictures of the wanted size; pictures that have it already pass
//! unchanged. When and for which viewers to encode is decided elsewhere.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::baseline::Baseline;
use super::decode::{Limit, decode_planes};
use super::rows::{RawRows, Rows};
use super::scale::{Scaled, Work, fit};
use crate::pool::BufferPool;
use crate::{ColorEncoding, Frame, ImageError, Picture, RawFrame, guard};

/// Makes pictures of frames, for a worker thread: 3 ms for 1280x720 on a desktop CPU.
#[derive(Debug)]
pub struct Encoder {
    baseline: Baseline,
    size: Option<(u16, u16)>,
    not_before: Option<Instant>,
    pixels: Vec<u8>,
    scaling: Work,
    buffers: BufferPool,
}

impl Encoder {
    /// An encoder of quality 1 to 100 whose pictures fit within `size`, at their aspect ratio.
    pub fn new(quality: u8, size: Option<(u16, u16)>) -> Self {
        Self {
            baseline: Baseline::new(quality),
            size,
            not_before: None,
            pixels: Vec::new(),
            scaling: Work::default(),
            buffers: BufferPool::default(),
        }
    }

    /// Makes pictures of that quality and size from now on.
    pub fn set(&mut self, quality: u8, size: Option<(u16, u16)>) {
        self.baseline.set_quality(quality);
        self.size = size;
    }

    /// Cameras skip frames that were captured before this time, because no viewer waits for them. A
    /// frame that seems [`Encoder::CLOCK_JUMP`] older or more was stamped by another clock, and is
    /// encoded.
    pub fn skip_before(&mut self, captured: Option<Instant>) {
        self.not_before = captured;
    }

    /// A timestamp that is this far off comes from another clock.
    pub const CLOCK_JUMP: Duration = Duration::from_secs(10);

    /// Whether a camera is to make a picture of the frame that was captured at this time.
    pub(crate) fn wants(&self, captured: Instant) -> bool {
        let early = |wanted: Instant| wanted.saturating_duration_since(captured);
        self.not_before
            .is_none_or(|wanted| captured >= wanted || early(wanted) >= Self::CLOCK_JUMP)
    }

    /// The quality of its pictures, 1 to 100.
    pub fn quality(&self) -> u8 {
        self.baseline.quality()
    }

    /// Makes the picture of a frame. A panic of the codec is an error, by [`guard`].
    pub fn encode(&mut self, frame: Frame<'_>) -> Result<Picture, ImageError> {
        match frame {
            Frame::Jpeg(picture) if self.passes(&picture) => Ok(picture),
            frame => guard(|| match &frame {
                Frame::Jpeg(picture) => self.shrink(picture),
                Frame::Raw(raw) => self.encode_raw(raw),
            }),
        }
    }

    /// True for a picture that [`Encoder::encode`] would return unchanged.
    pub fn passes(&self, picture: &Picture) -> bool {
        self.target((picture.width, picture.height)) == (picture.width, picture.height)
    }

    /// The size of the picture made of a frame of `size`.
    pub(crate) fn target(&self, size: (u16, u16)) -> (u16, u16) {
        self.size.map_or(size, |limit| fit(size, limit))
    }

    fn shrink(&mut self, picture: &Picture) -> Result<Picture, ImageError> {
        let mut pixels = std::mem::take(&mut self.pixels);
        let smaller = self.shrink_by(picture, &mut pixels);
        self.pixels = pixels;
        smaller
    }

    /// Decodes a picture into `pixels`, whose memory is reused, and encodes it in a smaller size.
    fn shrink_by(
        &mut self,
        picture: &Picture,
        pixels: &mut Vec<u8>,
    ) -> Result<Picture, ImageError> {
        let (layout, width, height) = decode_planes(&picture.jpeg, Limit::default(), pixels)?;
        let raw = RawFrame {
            stride: layout.line(width),
            layout,
            color: ColorEncoding::default(),
            data: pixels,
            width,
            height,
            sequence: picture.sequence,
            captured: picture.captured,
            acquired: picture.acquired,
        };
        let smaller = self.encode_raw(&raw)?;
        Ok(Picture {
            orientation: picture.orientation,
            ..smaller
        })
    }

    fn encode_raw(&mut self, raw: &RawFrame<'_>) -> Result<Picture, ImageError> {
        let rows = RawRows::new(raw)?;
        let (width, height) = self.target(rows.size());
        let jpeg = if (width, height) == rows.size() {
            self.encode_rows(&rows)?
        } else {
            let work = std::mem::take(&mut self.scaling);
            let scaled = Scaled::new(rows, (width, height), work);
            let jpeg = self.encode_rows(&scaled);
            self.scaling = scaled.into_work();
            jpeg?
        };
        Ok(Picture {
            jpeg,
            width,
            height,
            orientation: 1,
            sequence: raw.sequence,
            captured: raw.captured,
            acquired: raw.acquired,
            ready: Instant::now(),
        })
    }

    pub(crate) fn encode_rows(&mut self, rows: &impl Rows) -> Result<Arc<Vec<u8>>, ImageError> {
        let jpeg = self.baseline.encode(rows)?;
        Ok(self.buffers.filled(|bytes| bytes.extend_from_slice(jpeg)))
    }

    /// Buffers for pictures that pass as they are.
    pub(crate) fn buffers(&mut self) -> &mut BufferPool {
        &mut self.buffers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Image, Layout, decode, probe};

    fn raw(layout: Layout, width: u16, height: u16, fill: &[u8]) -> Frame<'static> {
        let stride = layout.line(width);
        let bytes = layout.bytes(width, height, stride);
        let data: Vec<u8> = fill.iter().copied().cycle().take(bytes).collect();
        let data = data.leak();
        Frame::Raw(RawFrame {
            data,
            layout,
            color: ColorEncoding::default(),
            width,
            height,
            stride,
            sequence: 5,
            captured: Instant::now(),
            acquired: Instant::now(),
        })
    }

    #[test]
    fn packed_pixels_become_a_picture_of_the_same_colour() {
        let picture = Encoder::new(90, None)
            .encode(raw(Layout::Yuyv, 31, 17, &[76, 85, 76, 255]))
            .unwrap();
        assert_eq!(
            (picture.width, picture.height, picture.sequence),
            (31, 17, 5)
        );
        let mut image = Image::default();
        decode(&picture.jpeg, Limit::default(), &mut image).unwrap();
        let pixel = &image.rgba[..4];
        assert!(
            pixel[0] > 245 && pixel[1] < 10 && pixel[2] < 10 && pixel[3] == 255,
            "{pixel:?} is not red"
        );
    }

    #[test]
    fn pictures_are_made_smaller_and_never_larger() {
        let large = Encoder::new(80, None)
            .encode(raw(Layout::Nv12, 64, 32, &[90]))
            .unwrap();
        let mut encoder = Encoder::new(80, Some((32, 32)));
        assert!(!encoder.passes(&large));
        let small = encoder
            .encode(Frame::Jpeg(Picture {
                orientation: 6,
                ..large.clone()
            }))
            .unwrap();
        assert_eq!((small.width, small.height, small.orientation), (32, 16, 6));
        assert_eq!(
            probe(&small.jpeg).map(|header| (header.width, header.height)),
            Ok((32, 16))
        );
        assert!(encoder.passes(&small));
        let same = encoder.encode(Frame::Jpeg(small.clone())).unwrap();
        assert!(
            Arc::ptr_eq(&same.jpeg, &small.jpeg),
            "a picture that fits is not copied"
        );
        let grey = encoder.encode(raw(Layout::Grey, 64, 64, &[90])).unwrap();
        assert_eq!(
            probe(&grey.jpeg).map(|header| (header.width, header.components)),
            Ok((32, 1))
        );
    }

    #[test]
    fn jpegs_of_grey_and_of_rgb_are_made_smaller_too() {
        let grey = Encoder::new(95, None)
            .encode(raw(Layout::Grey, 64, 64, &[90]))
            .unwrap();
        // A file whose three components are named R, G and B holds no YCbCr, nor does one with
        // Adobe's mark "no transform".
        let ycbcr = Encoder::new(95, None).encode(raw(Layout::Ycbcr, 64, 64, &[90, 30, 200]));
        let mut rgb = ycbcr.unwrap();
        let mark = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0";
        let adobe = Picture {
            jpeg: [&rgb.jpeg[..2], mark, &rgb.jpeg[2..]].concat().into(),
            ..rgb.clone()
        };
        let mut jpeg = rgb.jpeg.to_vec();
        let header = probe(&jpeg).unwrap();
        let scan = header.data - 3 - 6;
        for (component, letter) in b"RGB".iter().enumerate() {
            jpeg[header.frame + 10 + component * 3] = *letter;
            jpeg[scan + component * 2] = *letter;
        }
        rgb.jpeg = jpeg.into();
        for (picture, wanted) in [
            (grey, [90; 3]),
            (rgb, [90, 30, 200]),
            (adobe, [90, 30, 200]),
        ] {
            for size in [None, Some((32, 32))] {
                let mut encoder = Encoder::new(95, size);
                let picture = encoder.encode(Frame::Jpeg(picture.clone())).unwrap();
                let mut image = Image::default();
                decode(&picture.jpeg, Limit::default(), &mut image).unwrap();
                let side = if size.is_some() { 32 } else { 64 };
                assert_eq!((image.width, image.height), (side, side));
                let pixel = &image.rgba[..4];
                for (seen, wanted) in pixel.iter().zip(wanted) {
                    assert!(seen.abs_diff(wanted) <= 3, "{pixel:?} for {wanted:?}");
                }
                assert_eq!(pixel[3], 255);
            }
        }
    }

    #[test]
    fn encoding_allocates_nothing_after_the_first_pictures_of_a_size() {
        use crate::allocations::allocations;

        for layout in [Layout::Grey, Layout::Nv12, Layout::Rgb, Layout::Yuyv] {
            for size in [None, Some((40, 40))] {
                let mut encoder = Encoder::new(80, size);
                let mut shown = None;
                let mut encode = |frame| shown = Some(encoder.encode(frame).unwrap());
                let frames = || [5_u8, 90].map(|byte| raw(layout, 97, 55, &[byte, 3, 200]));
                // The second is made while the first is still shown.
                frames().into_iter().for_each(&mut encode);
                for frame in frames() {
                    assert_eq!(allocations(|| encode(frame)), 0, "{layout:?} {size:?}");
                }
            }
        }
    }

    #[test]
    fn a_broken_picture_to_be_made_smaller_is_an_error() {
        let picture = Encoder::new(80, None)
            .encode(raw(Layout::Grey, 64, 64, &[1]))
            .unwrap();
        let broken = Picture {
            jpeg: picture.jpeg[..40].to_vec().into(),
            ..picture
        };
        assert!(
            Encoder::new(80, Some((8, 8)))
                .encode(Frame::Jpeg(broken))
                .is_err()
        );
    }
}
