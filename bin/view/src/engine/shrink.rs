//! Shrinks decoded pictures by whole factors where they are shown much smaller, so that fewer bytes
//! go to the graphics card. The graphics card scales to the exact size.

use transom_media::Image;

/// The share of its sides that a shrunk picture may lack: 1/16. 1080p beside the contact list is
/// shown a little larger than half its size, and half the size is a quarter of the bytes.
const SPARE: usize = 16;

/// By what whole number a picture's sides can be divided and still have the pixels that are shown,
/// up to a [sixteenth](SPARE) of them; 1 for not at all.
///
/// A mean over every pixel takes longer than decoding them did (12 ms for 720p), and a whole
/// picture is uploaded in 0.4 ms. So pictures less than about twice the size stay whole, and only
/// as many pixels are read as are needed.
pub(super) fn factor(size: (usize, usize), shown: (usize, usize), max_side: usize) -> usize {
    let fits = |size: usize, shown: usize| (size + size / SPARE) / shown.max(1);
    let enough = fits(size.0, shown.0).min(fits(size.1, shown.1));
    let needed = size.0.max(size.1).div_ceil(max_side.max(1));
    // A picture of a few lines has no line to lose.
    enough.max(needed).min(size.0).min(size.1).max(1)
}

/// Writes the picture with its sides divided by `factor`, which is at least 2, into an image whose
/// memory is used again. Each pixel is the mean of four of those it stands for.
pub(super) fn shrink(from: &Image, factor: usize, into: &mut Image) {
    let (near, far) = (factor / 4, factor / 2 + factor / 4);
    (into.width, into.height) = (from.width / factor, from.height / factor);
    into.rgba.resize(into.width * into.height * 4, 0);
    let pixels = from.rgba.as_chunks::<4>().0;
    let shrunk = into.rgba.as_chunks_mut::<4>().0;
    let bands = pixels.chunks_exact(from.width * factor);
    for (line, band) in shrunk.chunks_exact_mut(into.width).zip(bands) {
        let upper = band[near * from.width..].chunks_exact(factor);
        let lower = band[far * from.width..].chunks_exact(factor);
        for ((pixel, upper), lower) in line.iter_mut().zip(upper).zip(lower) {
            *pixel = mean([upper[near], upper[far], lower[near], lower[far]]);
        }
    }
}

fn mean([a, b, c, d]: [[u8; 4]; 4]) -> [u8; 4] {
    let sum = |at: usize| u16::from(a[at]) + u16::from(b[at]) + u16::from(c[at]) + u16::from(d[at]);
    // A quarter of the sum of four bytes is a byte.
    std::array::from_fn(|at| (sum(at) / 4) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_of_twice_the_size_are_made_smaller() {
        let side = 4096;
        assert_eq!(factor((1280, 720), (640, 360), side), 2);
        assert_eq!(factor((1280, 720), (680, 382), side), 2);
        assert_eq!(factor((1280, 720), (681, 384), side), 1);
        assert_eq!(factor((1920, 1080), (975, 549), side), 2);
        assert_eq!(factor((1280, 720), (341, 192), side), 3);
        assert_eq!(factor((320, 240), (640, 480), side), 1);
        assert_eq!(factor((7680, 4320), (7680, 4320), side), 2);
        assert_eq!(factor((16_384, 1), (64, 64), side), 1);
        assert_eq!(factor((640, 480), (0, 0), side), 480);
    }

    #[test]
    fn a_pixel_is_the_mean_of_those_it_stands_for() {
        let from = Image {
            width: 4,
            height: 2,
            rgba: [0u8, 10, 20, 30, 40, 50, 60, 70]
                .into_iter()
                .flat_map(|value| [value, 0, value, 255])
                .collect(),
        };
        let mut into = Image::default();
        shrink(&from, 2, &mut into);
        assert_eq!((into.width, into.height), (2, 1));
        assert_eq!(into.rgba, [25, 0, 25, 255, 45, 0, 45, 255]);
    }

    #[test]
    fn every_size_and_factor_fills_whole_images() {
        for size in [(7, 5), (16, 9), (4096, 12)] {
            for factor in 2..=size.0.min(size.1) {
                let from = Image {
                    width: size.0,
                    height: size.1,
                    rgba: vec![200; size.0 * size.1 * 4],
                };
                let mut into = Image::default();
                shrink(&from, factor, &mut into);
                let pixels = (size.0 / factor) * (size.1 / factor);
                assert_eq!(into.rgba, vec![200; pixels * 4], "{size:?} {factor}");
                assert_eq!(into.width * into.height, pixels);
            }
        }
    }
}
