//! Decodes a JPEG into pixels, within limits that are checked before any memory is taken. It is
//! lenient about quirks: a damaged picture shows what is left of it.

use std::borrow::Cow;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::repair::repair;
use super::{MAX_JPEG_BYTES, MAX_SIDE};
use crate::{ImageError, Layout, guard};

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

/// The largest picture that is decoded.
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

/// Decodes into `into` and reuses its memory. If the header is refused, `into` is not changed; if
/// the picture data is damaged, it holds what could be decoded.
pub fn decode(jpeg: &[u8], limit: Limit, into: &mut Image) -> Result<(), ImageError> {
    let with = |decoder: &mut Decoder<'_>, kind, (width, height): (u16, u16)| {
        (into.width, into.height) = (width.into(), height.into());
        into.rgba.resize(into.width * into.height * 4, 0);
        if kind != Kind::Rgb {
            return decoder.decode_into(&mut into.rgba).map_err(broken);
        }
        let mut rgb = vec![0; into.width * into.height * 3];
        set_output(decoder, ColorSpace::RGB);
        let decoded = decoder.decode_into(&mut rgb);
        for (rgba, rgb) in into
            .rgba
            .as_chunks_mut::<4>()
            .0
            .iter_mut()
            .zip(rgb.as_chunks::<3>().0)
        {
            *rgba = [rgb[0], rgb[1], rgb[2], 255];
        }
        decoded.map_err(broken)
    };
    open(jpeg, limit, with)
}

/// Decodes to pixels as an encoder takes them: grey, RGB or YCbCr, as the picture has them.
pub(crate) fn decode_planes(
    jpeg: &[u8],
    limit: Limit,
    pixels: &mut Vec<u8>,
) -> Result<(Layout, u16, u16), ImageError> {
    open(jpeg, limit, |decoder, kind, (width, height)| {
        let (layout, output) = match kind {
            Kind::Grey => (Layout::Grey, ColorSpace::Luma),
            Kind::Rgb => (Layout::Rgb, ColorSpace::RGB),
            Kind::Ycbcr => (Layout::Ycbcr, ColorSpace::YCbCr),
        };
        set_output(decoder, output);
        pixels.resize(layout.bytes(width, height, layout.line(width)), 0);
        decoder.decode_into(pixels).map_err(broken)?;
        Ok((layout, width, height))
    })
}

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

/// What the components of a picture are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Grey,
    Rgb,
    Ycbcr,
}

/// Checks the header, then gives `with` a decoder that is set to RGBA and has read it.
fn open<T>(
    jpeg: &[u8],
    limit: Limit,
    with: impl FnOnce(&mut Decoder<'_>, Kind, (u16, u16)) -> Result<T, ImageError>,
) -> Result<T, ImageError> {
    if jpeg.len() > MAX_JPEG_BYTES {
        return Err(ImageError::TooLong(jpeg.len()));
    }
    let mended = repair(jpeg)?;
    let header = mended.header;
    let (width, height) = (usize::from(header.width), usize::from(header.height));
    if header.width.max(header.height) > limit.max_side || width * height > limit.max_pixels {
        return Err(ImageError::TooLarge { width, height });
    }
    let bytes = if mended.is_unchanged() {
        Cow::Borrowed(jpeg)
    } else {
        Cow::Owned(mended.pieces().concat())
    };
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(width)
        .set_max_height(height)
        .jpeg_set_out_colorspace(ColorSpace::RGBA);
    guard(|| {
        #[cfg(test)]
        assert!(!bytes.ends_with(tests::POISON), "poisoned");
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&*bytes), options);
        decoder.decode_headers().map_err(broken)?;
        if decoder.dimensions() != Some((width, height)) {
            return Err(ImageError::Broken("it has two sizes".to_owned()));
        }
        let kind = match decoder.input_colorspace() {
            _ if header.components == 1 => Kind::Grey,
            // The decoder reports Adobe's "no transform" as CMYK, also for three components.
            Some(ColorSpace::RGB | ColorSpace::CMYK) => Kind::Rgb,
            _ => Kind::Ycbcr,
        };
        with(&mut decoder, kind, (header.width, header.height))
    })
}

fn set_output(decoder: &mut Decoder<'_>, output: ColorSpace) {
    let options = decoder.options().jpeg_set_out_colorspace(output);
    decoder.set_options(options);
}

fn broken(error: zune_jpeg::errors::DecodeErrors) -> ImageError {
    ImageError::Broken(format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::sample;
    use crate::{Encoder, Frame, Picture, probe};

    /// The end of a picture on which the decoder panics, in tests only.
    pub(super) const POISON: &[u8] = b"\xff\0poison\xff\xd9";

    #[test]
    fn a_panic_of_the_decoder_is_a_picture_that_cannot_be_decoded() {
        let good = sample(32, 16);
        let poisoned = [&good[..good.len() - 2], POISON].concat();
        let mut image = Image::default();
        let mut encoder = Encoder::new(80, Some((16, 16)));
        let now = std::time::Instant::now();
        let mut shrink = |jpeg: &[u8]| {
            encoder.encode(Frame::Jpeg(Picture {
                jpeg: jpeg.to_vec().into(),
                width: 32,
                height: 16,
                orientation: 1,
                sequence: 0,
                captured: now,
                acquired: now,
                ready: now,
            }))
        };
        for _ in 0..2 {
            let decoded = decode(&poisoned, Limit::default(), &mut image);
            assert_eq!(decoded, Err(ImageError::Panicked));
            assert_eq!(shrink(&poisoned).err(), Some(ImageError::Panicked));
            decode(&good, Limit::default(), &mut image).unwrap();
            assert_eq!(shrink(&good).unwrap().width, 16);
        }
    }

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
