//! Laws for fuzzers and tests, and the samples they need. Not part of the API.

mod film;

use std::time::Instant;

use crate::jpeg::header::marker;
use crate::{
    ColorEncoding, Encoder, Frame, Header, Image, ImageError, Layout, Limit, Picture, RawFrame,
    Splitter, decode, probe,
};

pub use film::{Block, Reading, SharedFile, film, read_film};

/// Bytes a fuzzed splitter may hold, small enough that a fuzzer reaches it.
const SPLIT_LIMIT: usize = 4096;

/// A repaired picture needs no second repair, keeps its header, and decodes and shrinks or returns
/// an error.
pub fn repair(data: &[u8]) {
    let Ok(mended) = crate::repair(data) else {
        return;
    };
    let jpeg = mended.to_arc();
    assert_eq!(jpeg.len(), mended.len());
    let again = crate::repair(&jpeg).expect("a repaired picture can be repaired");
    assert!(again.is_unchanged(), "repaired twice: {again:?}");
    let (one, two) = (mended.header, again.header);
    assert_eq!(
        (one.width, one.height, one.orientation),
        (two.width, two.height, two.orientation)
    );
    let limit = Limit {
        max_side: 512,
        max_pixels: 256 * 256,
    };
    let mut image = Image::default();
    if decode(&jpeg, limit, &mut image).is_ok() {
        assert_eq!(image.rgba.len(), image.width * image.height * 4);
    }
    assert!(image.rgba.len() <= limit.max_pixels * 4);
    let pixels = usize::from(one.width) * usize::from(one.height);
    if pixels <= limit.max_pixels
        && let Ok(small) = shrunk(&jpeg, one, (64, 64))
    {
        assert!(small.width.max(small.height) <= 64);
        let again = crate::repair(&small.jpeg).expect("our own picture");
        assert!(again.is_unchanged());
    }
}

/// What an encoder makes of a JPEG picture that is to fit into `size`.
pub fn shrunk(jpeg: &[u8], header: Header, size: (u16, u16)) -> Result<Picture, ImageError> {
    let now = Instant::now();
    let picture = Picture {
        jpeg: jpeg.to_vec().into(),
        width: header.width,
        height: header.height,
        orientation: header.orientation,
        sequence: 0,
        captured: now,
        acquired: now,
        ready: now,
    };
    Encoder::new(80, Some(size)).encode(Frame::Jpeg(picture))
}

/// A stream gives the same pictures and faults in pieces of any size. No picture is beyond the
/// limit, and each ends at its end marker, or lacks one. The first byte of `data` is the size of
/// the pieces minus 1.
pub fn split(data: &[u8]) {
    let Some((&size, stream)) = data.split_first() else {
        return;
    };
    let whole = pictures(&[stream], SPLIT_LIMIT);
    let pieces: Vec<_> = stream.chunks(usize::from(size) + 1).collect();
    assert_eq!(whole, pictures(&pieces, SPLIT_LIMIT));
    for picture in whole.iter().flatten() {
        assert!(picture.starts_with(&[0xff, marker::SOI]));
        assert!(picture.len() <= SPLIT_LIMIT);
        if let Ok(mended) = crate::repair(picture) {
            let is_ended = picture.ends_with(&[0xff, marker::EOI]);
            assert!(is_ended || mended.added_end || mended.padding > 0);
        }
    }
}

/// The pictures and faults in a stream that consists of these pieces.
pub fn pictures(pieces: &[&[u8]], limit: usize) -> Vec<Result<Vec<u8>, ImageError>> {
    let mut splitter = Splitter::with_limit(limit);
    let mut found = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while let Some(picture) = splitter.push(&mut rest) {
            found.push(picture.map(<[u8]>::to_vec));
        }
        assert!(splitter.held() <= limit.max(2));
    }
    found.extend(splitter.flush().map(|picture| picture.map(<[u8]>::to_vec)));
    found
}

/// A small colourful JPEG.
pub fn sample(width: u16, height: u16) -> Vec<u8> {
    let stride = Layout::Yuyv.line(width);
    let bytes = Layout::Yuyv.bytes(width, height, stride);
    let data: Vec<u8> = (0..bytes).map(|at| (at * 7 % 251) as u8).collect();
    let captured = Instant::now();
    let raw = RawFrame {
        data: &data,
        layout: Layout::Yuyv,
        color: ColorEncoding::default(),
        width,
        height,
        stride,
        sequence: 0,
        captured,
        acquired: captured,
    };
    let picture = Encoder::new(80, None)
        .encode(Frame::Raw(raw))
        .expect("a sample of a legal size");
    picture.jpeg.to_vec()
}

/// The picture without its Huffman tables, as some cameras send it.
pub fn without_tables(jpeg: &[u8]) -> Vec<u8> {
    let data = probe(jpeg).expect("a good picture").data;
    let mut bare = jpeg[..2].to_vec();
    let mut at = 2;
    while at < data {
        let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        if jpeg[at + 1] != marker::DHT {
            bare.extend_from_slice(&jpeg[at..end]);
        }
        at = end;
    }
    bare.extend_from_slice(&jpeg[data..]);
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random numbers, the same for a seed in each run.
    fn numbers(seed: u64) -> impl Iterator<Item = usize> {
        let mut state = seed;
        std::iter::repeat_with(move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        })
    }

    /// The sample with a few bytes changed and perhaps its end cut off.
    fn damaged(jpeg: &[u8], seed: u64) -> Vec<u8> {
        let mut damaged = jpeg.to_vec();
        let mut numbers = numbers(seed);
        let mut number = || numbers.next().unwrap_or_default();
        for _ in 0..=number() % 6 {
            let at = number() % damaged.len();
            damaged[at] = number() as u8;
        }
        if number() % 4 == 0 {
            damaged.truncate(number() % damaged.len());
        }
        damaged
    }

    #[test]
    fn damaged_pictures_obey_the_laws() {
        let whole = sample(48, 32);
        let bare = without_tables(&whole);
        for seed in 0..1500 {
            let jpeg = damaged(if seed % 3 == 0 { &bare } else { &whole }, seed);
            repair(&jpeg);
            split(&[&[seed as u8], &jpeg[..], &whole].concat());
        }
    }

    #[test]
    fn noise_obeys_the_laws() {
        for seed in 0..300 {
            let mut numbers = numbers(seed);
            let length = numbers.next().unwrap_or_default() % 600;
            // Markers are frequent, so that noise gets further than its first byte.
            let noise: Vec<u8> = numbers
                .take(length)
                .map(|number| {
                    if number % 3 == 0 {
                        0xff
                    } else {
                        (number >> 3) as u8
                    }
                })
                .collect();
            repair(&noise);
            repair(&[&[0xff, 0xd8], &noise[..]].concat());
            split(&noise);
        }
    }
}
