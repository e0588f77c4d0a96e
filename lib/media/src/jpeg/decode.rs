//! Decodes a JPEG into pixels, within limits that are checked before any memory is taken. It is
//! lenient about quirks: a damaged picture shows what is left of it.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::repair::repair;
use super::{MAX_JPEG_BYTES, MAX_SIDE};
use crate::ImageError;

/// A decoded picture; reused between calls so that a stream allocates once.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Image {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Four bytes a pixel: red, green, blue, 255.
    pub rgba: Vec<u8>,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image {{ {}x{} }}", self.width, self.height)
    }
}

/// How large a picture may be that is decoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit {
    /// Pixels of the longer side.
    pub max_side: u16,
    /// Pixels in all; decoding takes 4 bytes for each.
    pub max_pixels: usize,
}

impl Default for Limit {
    /// 8K, which no camera exceeds by much: 133 MB decoded.
    fn default() -> Self {
        Self {
            max_side: MAX_SIDE,
            max_pixels: 7680 * 4320,
        }
    }
}

/// Decodes into `into`, whose memory is used again. Where the header is refused, `into` stays as it
/// is; where the picture data is damaged, it has what could be decoded.
pub fn decode(jpeg: &[u8], limit: Limit, into: &mut Image) -> Result<(), ImageError> {
    let Image {
        width,
        height,
        rgba,
    } = into;
    let (wide, high) = decode_as(jpeg, limit, ColorSpace::RGBA, rgba, |wide, high| {
        (*width, *height) = (wide.into(), high.into());
    })?;
    debug_assert_eq!((*width, *height), (wide.into(), high.into()));
    Ok(())
}

/// Decodes to [`Layout::Ycbcr`](crate::Layout::Ycbcr).
pub(crate) fn decode_planes(
    jpeg: &[u8],
    limit: Limit,
    pixels: &mut Vec<u8>,
) -> Result<(u16, u16), ImageError> {
    decode_as(jpeg, limit, ColorSpace::YCbCr, pixels, |_, _| ())
}

fn decode_as(
    jpeg: &[u8],
    limit: Limit,
    colors: ColorSpace,
    pixels: &mut Vec<u8>,
    accepted: impl FnOnce(u16, u16),
) -> Result<(u16, u16), ImageError> {
    if jpeg.len() > MAX_JPEG_BYTES {
        return Err(ImageError::TooLong(jpeg.len()));
    }
    let mended = repair(jpeg)?;
    let (width, height) = (mended.header.width, mended.header.height);
    let count = usize::from(width) * usize::from(height);
    if width.max(height) > limit.max_side || count > limit.max_pixels {
        return Err(ImageError::TooLarge {
            width: width.into(),
            height: height.into(),
        });
    }
    let bytes = if mended.is_unchanged() {
        Cow::Borrowed(jpeg)
    } else {
        Cow::Owned(mended.pieces().concat())
    };
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(width.into())
        .set_max_height(height.into())
        .jpeg_set_out_colorspace(colors);
    let length = count * colors.num_components();
    // The decoder is others' code fed by strangers: should it panic, that is a broken picture, not
    // our end.
    catch_unwind(AssertUnwindSafe(|| {
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&*bytes), options);
        decoder.decode_headers().map_err(broken)?;
        if decoder.output_buffer_size() != Some(length) {
            return Err(ImageError::Broken("it has two sizes".to_owned()));
        }
        pixels.resize(length, 0);
        accepted(width, height);
        decoder.decode_into(pixels).map_err(broken)
    }))
    .unwrap_or_else(|_| Err(ImageError::Broken("the decoder failed".to_owned())))?;
    Ok((width, height))
}

fn broken(error: zune_jpeg::errors::DecodeErrors) -> ImageError {
    ImageError::Broken(format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::sample;
    use crate::probe;

    #[test]
    fn a_picture_beyond_the_limit_takes_no_memory() {
        let mut jpeg = sample(32, 16);
        let frame = probe(&jpeg).unwrap().frame;
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0x3e, 0x80, 0x3e, 0x80]);
        let mut image = Image::default();
        let refused = decode(&jpeg, Limit::default(), &mut image);
        assert_eq!(
            refused,
            Err(ImageError::TooLarge {
                width: 16_000,
                height: 16_000
            })
        );
        assert_eq!(image.rgba.capacity(), 0);
    }

    #[test]
    fn a_refused_header_leaves_the_old_picture() {
        let mut image = Image::default();
        decode(&sample(32, 16), Limit::default(), &mut image).unwrap();
        let old = image.clone();
        for bytes in [&b""[..], b"\xff\xd8\xff", b"GIF89a"] {
            assert!(decode(bytes, Limit::default(), &mut image).is_err());
        }
        assert_eq!(image, old);
    }

    #[test]
    fn the_memory_is_used_again() {
        let mut image = Image::default();
        decode(&sample(64, 64), Limit::default(), &mut image).unwrap();
        let (at, capacity) = (image.rgba.as_ptr(), image.rgba.capacity());
        decode(&sample(32, 16), Limit::default(), &mut image).unwrap();
        assert_eq!(
            (image.width, image.height, image.rgba.len()),
            (32, 16, 32 * 16 * 4)
        );
        assert_eq!((image.rgba.as_ptr(), image.rgba.capacity()), (at, capacity));
    }
}
