//! Makes a picture smaller line by line, each new pixel the mean of those it covers. It never makes
//! one larger: that would only cost bytes.

use std::cell::RefCell;

use super::rows::{Chroma, Planes, Rows};

/// The largest size within `limit` that keeps the shape of `size` and is no larger.
pub fn fit(size: (u16, u16), limit: (u16, u16)) -> (u16, u16) {
    let (width, height) = (u64::from(size.0), u64::from(size.1));
    let (max_width, max_height) = (u64::from(limit.0.max(1)), u64::from(limit.1.max(1)));
    if width <= max_width && height <= max_height {
        return size;
    }
    // Which side meets its limit first.
    let (width, height) = if width * max_height >= height * max_width {
        (max_width, height * max_width / width)
    } else {
        (width * max_height / height, max_height)
    };
    let side = |pixels: u64| u16::try_from(pixels.max(1)).unwrap_or(u16::MAX);
    (side(width), side(height))
}

/// Rows of another picture, made smaller.
pub(crate) struct Scaled<R> {
    rows: R,
    to: (u16, u16),
    work: RefCell<Work>,
}

/// Memory for a line, which one picture leaves to the next.
#[derive(Debug, Default)]
pub(crate) struct Work {
    line: [Vec<u8>; 3],
    sums: [Vec<u32>; 3],
}

impl<R: Rows> Scaled<R> {
    /// `to` is at most as large as `rows`, as [`fit`] gives it.
    pub(crate) fn new(rows: R, to: (u16, u16), work: Work) -> Self {
        Self {
            rows,
            to,
            work: RefCell::new(work),
        }
    }

    pub(crate) fn into_work(self) -> Work {
        self.work.into_inner()
    }

    /// Sums up the lines `from..to` of the picture below.
    fn sum(&self, from: u16, to: u16, work: &mut Work) {
        work.sums.iter_mut().for_each(Vec::clear);
        let chroma = self.rows.chroma().across(self.rows.size().0);
        let lengths = [self.rows.size().0.into(), chroma, chroma];
        for (line, length) in work.line.iter_mut().zip(lengths) {
            line.resize(length, 0);
        }
        for y in from..to {
            let [y_line, cb, cr] = &mut work.line;
            self.rows.line(y, &mut Planes { y: y_line, cb, cr });
            for (sum, line) in work.sums.iter_mut().zip(&work.line) {
                sum.resize(line.len(), 0);
                sum.iter_mut()
                    .zip(line)
                    .for_each(|(sum, &value)| *sum += u32::from(value));
            }
        }
    }
}

impl<R: Rows> Rows for Scaled<R> {
    fn size(&self) -> (u16, u16) {
        self.to
    }

    fn chroma(&self) -> Chroma {
        match self.rows.chroma() {
            Chroma::None => Chroma::None,
            _ => Chroma::Yuv444,
        }
    }

    fn line(&self, y: u16, planes: &mut Planes<'_>) {
        let height = self.rows.size().1;
        let work = &mut *self.work.borrow_mut();
        let (from, to) = cover(y, self.to.1, height);
        self.sum(from, to, work);
        for (plane, sums) in [&mut *planes.y, planes.cb, planes.cr]
            .into_iter()
            .zip(&work.sums)
        {
            shrink(sums, u32::from(to - from), plane);
        }
    }
}

/// Which of `source` lines or columns number `at` of `target` covers: at least one, none beyond the
/// end. Where there are fewer of `source`, as chroma has in most layouts, some are covered twice.
fn cover(at: u16, target: u16, source: u16) -> (u16, u16) {
    let edge = |at: u32| at * u32::from(source) / u32::from(target.max(1));
    let from = edge(at.into()).min(u32::from(source) - 1);
    let to = edge(u32::from(at) + 1).clamp(from + 1, source.into());
    // Both are at most `source`, which is a u16.
    (from as u16, to as u16)
}

/// Fills `plane` with the means of the columns of `sums`, each of so many lines.
fn shrink(sums: &[u32], lines: u32, plane: &mut [u8]) {
    // Both are at most the width of a picture, which is a u16.
    let (target, source) = (plane.len() as u16, sums.len() as u16);
    for (x, value) in (0..target).zip(plane) {
        let (from, to) = cover(x, target, source);
        let covered = sums
            .get(usize::from(from)..usize::from(to))
            .unwrap_or_default();
        let count = lines * u32::from(to - from);
        // The mean of bytes is a byte. A sum of 16,384 x 16,384 of them would need 36 bits.
        let mean = (covered.iter().map(|&sum| u64::from(sum)).sum::<u64>() + u64::from(count) / 2)
            / u64::from(count);
        *value = mean as u8;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::jpeg::rows::RawRows;
    use crate::{ColorEncoding, Layout, RawFrame};

    #[test]
    fn the_shape_stays_and_nothing_grows() {
        assert_eq!(fit((1280, 720), (640, 480)), (640, 360));
        assert_eq!(fit((480, 640), (640, 480)), (360, 480));
        assert_eq!(fit((320, 240), (640, 480)), (320, 240));
        assert_eq!(fit((16_384, 1), (640, 480)), (640, 1));
        assert_eq!(fit((3, 3), (0, 0)), (1, 1));
    }

    #[test]
    fn each_pixel_is_the_mean_of_those_it_covers() {
        let data = vec![0, 10, 20, 30, 40, 50, 60, 70];
        let frame = RawFrame {
            data: &data,
            layout: Layout::Grey,
            color: ColorEncoding::default(),
            width: 4,
            height: 2,
            stride: 4,
            sequence: 0,
            captured: Instant::now(),
            acquired: Instant::now(),
        };
        let scaled = Scaled::new(RawRows::new(&frame).unwrap(), (2, 1), Work::default());
        let mut luma = [0; 2];
        let (cb, cr) = (&mut [][..], &mut [][..]);
        scaled.line(
            0,
            &mut Planes {
                y: &mut luma,
                cb,
                cr,
            },
        );
        assert_eq!(luma, [25, 45]);
    }

    #[test]
    fn every_line_and_column_is_covered_once() {
        for (target, source) in [(1, 1), (3, 7), (7, 7), (640, 1281), (1, 16_384)] {
            let edges: Vec<_> = (0..target).map(|at| cover(at, target, source)).collect();
            assert_eq!((edges[0].0, edges[edges.len() - 1].1), (0, source));
            assert!(edges.windows(2).all(|pair| pair[0].1 == pair[1].0));
        }
    }
}
