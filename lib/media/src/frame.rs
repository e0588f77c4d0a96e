//! What a camera gives: finished JPEG pictures, or raw pixels that an encoder has to work on.
//! Nothing here knows where they came from.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::ColorEncoding;

/// One finished JPEG picture. Cloning shares its bytes.
#[derive(Clone)]
pub struct Picture {
    /// A whole JPEG file, repaired and without padding, at most
    /// [`MAX_JPEG_BYTES`](crate::MAX_JPEG_BYTES).
    pub jpeg: Arc<Vec<u8>>,
    /// Pixels across, at least 1.
    pub width: u16,
    /// Pixels down, at least 1.
    pub height: u16,
    /// How to rotate and mirror it for display, 1 to 8 as Exif numbers it.
    pub orientation: u8,
    /// Counts the pictures of the source, also those that were skipped.
    pub sequence: u32,
    /// When the sensor began it, or the earliest moment known.
    pub captured: Instant,
    /// When this program had the frame, not before `captured`.
    pub acquired: Instant,
    /// When its bytes were complete: `acquired` where the source encoded it.
    pub ready: Instant,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture")
            .field("bytes", &self.jpeg.len())
            .field("width", &self.width)
            .field("height", &self.height)
            .field("orientation", &self.orientation)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

/// The input of an encoder.
#[derive(Clone, Debug)]
pub enum Frame<'a> {
    /// A picture that may be too large.
    Jpeg(Picture),
    /// Pixels.
    Raw(RawFrame<'a>),
}

/// One picture as raw pixels.
#[derive(Clone)]
pub struct RawFrame<'a> {
    /// The pixels, plane after plane.
    pub data: &'a [u8],
    /// How they lie in `data`.
    pub layout: Layout,
    /// How the samples encode colour.
    pub color: ColorEncoding,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Bytes from one line of the first plane to the next.
    pub stride: usize,
    /// Counts the pictures of the source, also those that were skipped.
    pub sequence: u32,
    /// When the sensor began it, or the earliest moment known.
    pub captured: Instant,
    /// When this program had the frame, not before `captured`.
    pub acquired: Instant,
}

impl fmt::Debug for RawFrame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawFrame")
            .field("bytes", &self.data.len())
            .field("layout", &self.layout)
            .field("color", &self.color)
            .field("width", &self.width)
            .field("height", &self.height)
            .field("stride", &self.stride)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

/// How raw pixels lie in memory.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Layout {
    /// Three bytes a pixel: blue, green, red.
    Bgr,
    /// One byte of luma a pixel.
    Grey,
    /// 4:2:0 in three planes: Y, Cb, Cr.
    I420,
    /// 4:2:0 in two planes: Y, then Cb and Cr in turn.
    Nv12,
    /// 4:2:0 in two planes: Y, then Cr and Cb in turn.
    Nv21,
    /// Three bytes a pixel: red, green, blue.
    Rgb,
    /// 4:2:2 packed: Cb Y Cr Y.
    Uyvy,
    /// Three bytes a pixel: Y, Cb, Cr.
    Ycbcr,
    /// 4:2:2 packed: Y Cb Y Cr.
    Yuyv,
    /// 4:2:0 in three planes: Y, Cr, Cb.
    Yv12,
    /// 4:2:2 packed: Y Cr Y Cb.
    Yvyu,
}

impl Layout {
    /// Bytes of one line of the first plane without padding.
    pub fn line(self, width: u16) -> usize {
        let width = usize::from(width);
        match self {
            Self::Bgr | Self::Rgb | Self::Ycbcr => width * 3,
            Self::Uyvy | Self::Yuyv | Self::Yvyu => width.div_ceil(2) * 4,
            Self::Grey | Self::I420 | Self::Nv12 | Self::Nv21 | Self::Yv12 => width,
        }
    }

    /// Bytes of a whole frame whose first plane has lines of `stride` bytes; the last line may end
    /// early. Saturates at `usize::MAX` for an absurd stride of a driver.
    pub fn bytes(self, width: u16, height: u16, stride: usize) -> usize {
        let (lines, half) = (usize::from(height), usize::from(height).div_ceil(2));
        match self {
            Self::I420 | Self::Yv12 => stride
                .saturating_mul(lines)
                .saturating_add(stride.div_ceil(2).saturating_mul(half * 2)),
            Self::Nv12 | Self::Nv21 => stride.saturating_mul(lines + half),
            _ => stride
                .saturating_mul(lines.saturating_sub(1))
                .saturating_add(self.line(width)),
        }
    }
}
