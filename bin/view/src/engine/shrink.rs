//! Makes decoded pixels fewer, each the mean of those it covers: what isn't seen needs no way to the graphics card. It
//! never makes a picture larger.

use transom_media::Image;

/// The largest size within `limit` that keeps the shape of `size` and is no larger.
pub(super) fn fit(size: (usize, usize), limit: (usize, usize)) -> (usize, usize) {
    let (width, height) = size;
    if width <= limit.0 && height <= limit.1 {
        return size;
    }
    // Which side meets its limit first.
    let (wide, high) = if width * limit.1 >= height * limit.0 {
        (limit.0, height * limit.0 / width.max(1))
    } else {
        (width * limit.1 / height.max(1), limit.1)
    };
    (wide.max(1), high.max(1))
}

/// Writes the picture in size `to`, which [`fit`] gave, into an image whose memory is used again.
pub(super) fn shrink(from: &Image, to: (usize, usize), into: &mut Image) {
    let (width, height) = to;
    (into.width, into.height) = to;
    into.rgba.clear();
    into.rgba.reserve(width * height * 4);
    let columns: Vec<_> = (0..width).map(|x| cover(x, width, from.width)).collect();
    let mut sums = vec![[0u32; 4]; width];
    for y in 0..height {
        let (top, bottom) = cover(y, height, from.height);
        sums.fill([0; 4]);
        for line in from
            .rgba
            .chunks_exact((from.width * 4).max(4))
            .skip(top)
            .take(bottom - top)
        {
            add(&mut sums, &columns, line.as_chunks::<4>().0);
        }
        for (sum, (left, right)) in sums.iter().zip(&columns) {
            // A sum of at most 256 x 256 bytes stays within 32 bits.
            let count = ((right - left) * (bottom - top)) as u32;
            into.rgba.extend(sum.map(|sum| (sum / count) as u8));
        }
    }
}

fn add(sums: &mut [[u32; 4]], columns: &[(usize, usize)], line: &[[u8; 4]]) {
    for (sum, (left, right)) in sums.iter_mut().zip(columns) {
        for pixel in line.get(*left..*right).unwrap_or_default() {
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += u32::from(*value);
            }
        }
    }
}

/// Which of `source` lines or columns number `at` of `target` covers: at least one, none beyond the end.
fn cover(at: usize, target: usize, source: usize) -> (usize, usize) {
    let edge = |at: usize| at * source / target.max(1);
    let from = edge(at).min(source.saturating_sub(1));
    (from, edge(at + 1).max(from + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_stays_and_nothing_grows() {
        assert_eq!(fit((1280, 720), (640, 480)), (640, 360));
        assert_eq!(fit((480, 640), (640, 480)), (360, 480));
        assert_eq!(fit((320, 240), (640, 480)), (320, 240));
        assert_eq!(fit((16_384, 1), (64, 64)), (64, 1));
    }

    #[test]
    fn each_pixel_is_the_mean_of_those_it_covers() {
        let from = Image {
            width: 4,
            height: 2,
            rgba: [0u8, 10, 20, 30, 40, 50, 60, 70]
                .into_iter()
                .flat_map(|value| [value, 0, value, 255])
                .collect(),
        };
        let mut into = Image::default();
        shrink(&from, (2, 1), &mut into);
        assert_eq!((into.width, into.height), (2, 1));
        assert_eq!(into.rgba, [25, 0, 25, 255, 45, 0, 45, 255]);
    }

    #[test]
    fn odd_sizes_fill_whole_images() {
        for (size, to) in [((1, 1), (1, 1)), ((7, 5), (3, 2)), ((4096, 3), (64, 1))] {
            let from = Image {
                width: size.0,
                height: size.1,
                rgba: vec![200; size.0 * size.1 * 4],
            };
            let mut into = Image::default();
            shrink(&from, to, &mut into);
            assert_eq!(into.rgba, vec![200; to.0 * to.1 * 4], "{size:?} {to:?}");
        }
    }
}
