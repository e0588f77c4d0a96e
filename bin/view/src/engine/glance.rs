//! Thumbnails of pictures that were sent or came: read and decoded beside the window, as files of
//! others may be large, slow or hostile.

use std::io::{Cursor, Read};
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};
use transom_media::{Image, ImageError, Limit, decode, guard, probe};

use crate::paths;

use super::shrink::{factor, shrink};

/// Bytes of a file that are read: a large photograph's.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;
/// Pixels of a picture that is decoded; each takes 4 bytes meanwhile.
const MAX_PIXELS: usize = 7680 * 4320;
/// Twice the points of a thumbnail, for screens of that scale.
const SIZE: (usize, usize) = (640, 480);

/// A thumbnail.
#[derive(Debug)]
pub(crate) struct Glance {
    pub(crate) image: Image,
    /// How to turn it, as in Exif.
    pub(crate) orientation: u8,
}

/// Reads the picture and makes it small; nothing where it is none that can be shown.
pub(super) fn glance(path: &Path) -> Option<Glance> {
    let mut bytes = Vec::new();
    let file = paths::open(path).ok()?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return None;
    }
    let mut whole = Image::default();
    let is_png = bytes.starts_with(b"\x89PNG");
    let orientation = match is_png {
        true => 1,
        false => probe(&bytes).ok()?.orientation,
    };
    let decoded = guard(|| match is_png {
        true => decode_png(&bytes, &mut whole).ok_or(ImageError::Panicked),
        false => {
            let limit = Limit {
                max_pixels: MAX_PIXELS,
                ..Limit::default()
            };
            decode(&bytes, limit, &mut whole)
        }
    });
    decoded.ok()?;
    let image = match factor((whole.width, whole.height), SIZE, 2 * SIZE.0) {
        1 => whole,
        factor => {
            let mut small = Image::default();
            shrink(&whole, factor, &mut small);
            small
        }
    };
    Some(Glance { image, orientation })
}

fn decode_png(bytes: &[u8], into: &mut Image) -> Option<()> {
    let limits = Limits {
        bytes: MAX_PIXELS * 4,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    if width.checked_mul(height)? > MAX_PIXELS {
        return None;
    }
    let mut raw = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut raw).ok()?;
    if frame.bit_depth != BitDepth::Eight {
        return None;
    }
    raw.truncate(frame.buffer_size());
    into.rgba = match frame.color_type {
        ColorType::Rgba => raw,
        ColorType::GrayscaleAlpha => {
            let grey = raw.as_chunks::<2>().0.iter();
            grey.flat_map(|[grey, alpha]| [*grey, *grey, *grey, *alpha])
                .collect()
        }
        _ => return None,
    };
    (into.width, into.height) = (width, height);
    (into.rgba.len() == width * height * 4).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("transom-glance-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        let pixels = [200, 100, 50].repeat((width * height) as usize);
        writer.write_image_data(&pixels).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn a_large_picture_becomes_a_small_one_of_the_same_colour() {
        let shown = glance(&written("large.png", &png(2000, 1500))).unwrap();
        assert!(
            shown.image.width <= 1280 && shown.image.width >= 640,
            "{:?}",
            shown.image
        );
        assert_eq!(&shown.image.rgba[..4], [200, 100, 50, 255]);
    }

    #[test]
    fn what_is_no_picture_or_a_cut_one_is_not_shown() {
        let whole = png(64, 64);
        for (name, bytes) in [
            ("none.png", &b"not a picture"[..]),
            ("cut.png", &whole[..whole.len() / 2]),
            ("empty.jpg", b""),
            ("head.jpg", b"\xff\xd8\xff\xd9"),
        ] {
            assert!(glance(&written(name, bytes)).is_none(), "{name}");
        }
        assert!(glance(Path::new("/nowhere/at-all.png")).is_none());
    }
}
