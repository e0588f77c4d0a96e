//! JPEG pictures in and out: reading headers, repairing, splitting a stream, decoding, encoding,
//! scaling. It knows bytes and pixels, no source.

mod baseline;
#[cfg(test)]
mod corpus;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod header;
mod huffman;
pub(crate) mod jfif;
pub(crate) mod oriented;
pub(crate) mod repair;
pub(crate) mod rows;
pub(crate) mod scale;
pub(crate) mod splitter;
mod tiff;

/// A frame of these pixels, for a test.
#[cfg(test)]
fn frame_of(
    layout: crate::Layout,
    (width, height): (u16, u16),
    pixels: Vec<u8>,
) -> crate::RawFrame<'static> {
    let now = std::time::Instant::now();
    crate::RawFrame {
        data: pixels.leak(),
        layout,
        color: crate::ColorEncoding::default(),
        width,
        height,
        stride: layout.line(width),
        sequence: 0,
        captured: now,
        acquired: now,
    }
}

/// Bytes of the largest picture that is passed on: a 4K JPEG of high quality is 4 to 6 MiB.
pub const MAX_JPEG_BYTES: usize = 8 * 1024 * 1024;

/// Pixels of the longest side that is passed on; no camera is near it.
pub const MAX_SIDE: u16 = 16_384;
