//! Reads raw pixels line by line as the Y, Cb and Cr of JFIF, which is what a JPEG encoder wants.
//! YCbCr layouts are never turned into RGB and back.

use jpeg_encoder::rgb_to_ycbcr;

use super::jfif::ToJfif;
use crate::{ImageError, Layout, RawFrame};

/// Lines of a picture as planes of equal width.
pub(crate) trait Rows {
    /// Pixels across and down.
    fn size(&self) -> (u16, u16);

    /// How much the chroma planes are worth.
    fn chroma(&self) -> Chroma;

    /// Appends line `y` to the three planes; for [`Chroma::None`] to the first alone.
    fn line(&self, y: u16, planes: &mut Planes<'_>);
}

/// Where a line goes.
pub(crate) struct Planes<'a> {
    pub(crate) y: &'a mut Vec<u8>,
    pub(crate) cb: &'a mut Vec<u8>,
    pub(crate) cr: &'a mut Vec<u8>,
}

/// How many pixels share one colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Chroma {
    /// Each pixel has its own chroma.
    Yuv444,
    /// Two side by side, repeated for both.
    Yuv422,
    /// Two by two, repeated for all four.
    Yuv420,
    /// No colour at all.
    None,
}

/// Raw pixels whose length was checked.
pub(crate) struct RawRows<'a> {
    frame: &'a RawFrame<'a>,
    to_jfif: Option<ToJfif>,
}

impl<'a> RawRows<'a> {
    pub(crate) fn new(frame: &'a RawFrame<'a>) -> Result<Self, ImageError> {
        let (width, height) = (frame.width, frame.height);
        if width == 0 || height == 0 || width > crate::MAX_SIDE || height > crate::MAX_SIDE {
            return Err(ImageError::TooLarge {
                width: width.into(),
                height: height.into(),
            });
        }
        let stride = frame.stride.max(frame.layout.line(width));
        let needed = frame.layout.bytes(width, height, stride);
        if frame.stride != stride || frame.data.len() < needed {
            return Err(ImageError::Short {
                bytes: frame.data.len(),
                needed,
            });
        }
        Ok(Self {
            frame,
            to_jfif: ToJfif::new(frame.color),
        })
    }

    /// `length` bytes from `start`; nothing where they are missing, which the check in `new`
    /// excludes.
    fn bytes(&self, start: usize, length: usize) -> &'a [u8] {
        self.frame
            .data
            .get(start..start + length)
            .unwrap_or_default()
    }

    fn packed(&self, y: usize, order: [usize; 4], planes: &mut Planes<'_>) {
        let width = usize::from(self.frame.width);
        let line = self.bytes(
            y * self.frame.stride,
            self.frame.layout.line(self.frame.width),
        );
        let [y0, y1, cb, cr] = order;
        let quads = || line.as_chunks::<4>().0.iter();
        let length = planes.y.len() + width;
        planes
            .y
            .extend(quads().flat_map(|quad| [quad[y0], quad[y1]]));
        planes.cb.extend(quads().flat_map(|quad| [quad[cb]; 2]));
        planes.cr.extend(quads().flat_map(|quad| [quad[cr]; 2]));
        // A line of odd width has half a pair too many.
        for plane in [&mut *planes.y, planes.cb, planes.cr] {
            plane.truncate(length);
        }
    }

    fn triples(&self, y: usize) -> &'a [[u8; 3]] {
        let line = self.bytes(
            y * self.frame.stride,
            self.frame.layout.line(self.frame.width),
        );
        line.as_chunks::<3>().0
    }

    fn rgb(&self, y: usize, order: [usize; 3], level: impl Fn(u8) -> u8, planes: &mut Planes<'_>) {
        let [red, green, blue] = order;
        for pixel in self.triples(y) {
            let pixel = pixel.map(&level);
            let (y, cb, cr) = rgb_to_ycbcr(pixel[red], pixel[green], pixel[blue]);
            planes.y.push(y);
            planes.cb.push(cb);
            planes.cr.push(cr);
        }
    }

    fn ycbcr(&self, y: usize, planes: &mut Planes<'_>) {
        let pixels = self.triples(y);
        planes.y.extend(pixels.iter().map(|pixel| pixel[0]));
        planes.cb.extend(pixels.iter().map(|pixel| pixel[1]));
        planes.cr.extend(pixels.iter().map(|pixel| pixel[2]));
    }

    fn luma(&self, y: usize, planes: &mut Planes<'_>) {
        planes
            .y
            .extend_from_slice(self.bytes(y * self.frame.stride, self.frame.width.into()));
    }

    /// Two planes: luma, then both colours in turn.
    fn interleaved(&self, y: usize, cb: usize, planes: &mut Planes<'_>) {
        self.luma(y, planes);
        let (width, stride) = (usize::from(self.frame.width), self.frame.stride);
        let start = stride * usize::from(self.frame.height) + (y / 2) * stride;
        let pairs = self
            .bytes(start, (width.div_ceil(2) * 2).min(stride))
            .as_chunks::<2>()
            .0;
        double(planes.cb, pairs.iter().map(|pair| pair[cb]), width);
        double(planes.cr, pairs.iter().map(|pair| pair[1 - cb]), width);
    }

    /// Three planes.
    fn planar(&self, y: usize, swapped: bool, planes: &mut Planes<'_>) {
        self.luma(y, planes);
        let (width, height) = (
            usize::from(self.frame.width),
            usize::from(self.frame.height),
        );
        let (stride, half) = (self.frame.stride, self.frame.stride.div_ceil(2));
        let first = stride * height + (y / 2) * half;
        let second = first + half * height.div_ceil(2);
        let (cb, cr) = if swapped {
            (second, first)
        } else {
            (first, second)
        };
        double(
            planes.cb,
            self.bytes(cb, width.div_ceil(2)).iter().copied(),
            width,
        );
        double(
            planes.cr,
            self.bytes(cr, width.div_ceil(2)).iter().copied(),
            width,
        );
    }
}

/// Appends every value twice, `width` in all, repeating the last where there are too few.
fn double(plane: &mut Vec<u8>, half: impl Iterator<Item = u8>, width: usize) {
    let length = plane.len() + width;
    plane.extend(half.flat_map(|value| [value; 2]));
    let last = plane.last().copied().unwrap_or(128);
    plane.resize(length, last);
}

impl Rows for RawRows<'_> {
    fn size(&self) -> (u16, u16) {
        (self.frame.width, self.frame.height)
    }

    fn chroma(&self) -> Chroma {
        match self.frame.layout {
            Layout::Grey => Chroma::None,
            Layout::Uyvy | Layout::Yuyv | Layout::Yvyu => Chroma::Yuv422,
            Layout::I420 | Layout::Nv12 | Layout::Nv21 | Layout::Yv12 => Chroma::Yuv420,
            Layout::Bgr | Layout::Rgb | Layout::Ycbcr => Chroma::Yuv444,
        }
    }

    fn line(&self, y: u16, planes: &mut Planes<'_>) {
        let y = usize::from(y);
        let order = match self.frame.layout {
            Layout::Rgb => Some([0, 1, 2]),
            Layout::Bgr => Some([2, 1, 0]),
            _ => None,
        };
        match (order, &self.to_jfif) {
            (Some(order), None) => self.rgb(y, order, |value| value, planes),
            (Some(order), Some(jfif)) => self.rgb(y, order, |value| jfif.level(value), planes),
            (None, None) => self.split(y, planes),
            (None, Some(jfif)) => {
                let start = planes.y.len();
                self.split(y, planes);
                // The line is still in the processor's first cache.
                match self.chroma() {
                    Chroma::None => jfif.grey(&mut planes.y[start..]),
                    _ => jfif.line(
                        &mut planes.y[start..],
                        &mut planes.cb[start..],
                        &mut planes.cr[start..],
                    ),
                }
            }
        }
    }
}

impl RawRows<'_> {
    /// The planes of a YCbCr line as the source has them.
    fn split(&self, y: usize, planes: &mut Planes<'_>) {
        match self.frame.layout {
            Layout::Bgr | Layout::Rgb => {}
            Layout::Grey => self.luma(y, planes),
            Layout::I420 => self.planar(y, false, planes),
            Layout::Nv12 => self.interleaved(y, 0, planes),
            Layout::Nv21 => self.interleaved(y, 1, planes),
            Layout::Uyvy => self.packed(y, [1, 3, 0, 2], planes),
            Layout::Ycbcr => self.ycbcr(y, planes),
            Layout::Yuyv => self.packed(y, [0, 2, 1, 3], planes),
            Layout::Yv12 => self.planar(y, true, planes),
            Layout::Yvyu => self.packed(y, [0, 2, 3, 1], planes),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::ColorEncoding;

    const ALL: [Layout; 11] = [
        Layout::Bgr,
        Layout::Grey,
        Layout::I420,
        Layout::Nv12,
        Layout::Nv21,
        Layout::Rgb,
        Layout::Uyvy,
        Layout::Ycbcr,
        Layout::Yuyv,
        Layout::Yv12,
        Layout::Yvyu,
    ];

    fn raw(layout: Layout, width: u16, height: u16, data: Vec<u8>) -> RawFrame<'static> {
        let stride = layout.line(width);
        RawFrame {
            data: data.leak(),
            layout,
            color: ColorEncoding::default(),
            width,
            height,
            stride,
            sequence: 0,
            captured: Instant::now(),
            acquired: Instant::now(),
        }
    }

    fn line(frame: &RawFrame<'_>, y: u16) -> [Vec<u8>; 3] {
        let [mut a, mut b, mut c] = [Vec::new(), Vec::new(), Vec::new()];
        RawRows::new(frame).unwrap().line(
            y,
            &mut Planes {
                y: &mut a,
                cb: &mut b,
                cr: &mut c,
            },
        );
        [a, b, c]
    }

    #[test]
    fn every_layout_gives_the_same_pixels() {
        let packed = |order: &[u8; 4]| order.repeat(2);
        let same = [[10; 2], [20; 2], [30; 2]].map(|plane| plane.to_vec());
        for (layout, data) in [
            (Layout::Yuyv, packed(&[10, 20, 10, 30])),
            (Layout::Uyvy, packed(&[20, 10, 30, 10])),
            (Layout::Yvyu, packed(&[10, 30, 10, 20])),
            (Layout::I420, vec![10, 10, 10, 10, 20, 30]),
            (Layout::Yv12, vec![10, 10, 10, 10, 30, 20]),
            (Layout::Nv12, vec![10, 10, 10, 10, 20, 30]),
            (Layout::Nv21, vec![10, 10, 10, 10, 30, 20]),
            (Layout::Ycbcr, [10, 20, 30].repeat(4)),
        ] {
            for y in 0..2 {
                assert_eq!(
                    line(&raw(layout, 2, 2, data.clone()), y),
                    same,
                    "{layout:?}"
                );
            }
        }
        assert_eq!(
            line(&raw(Layout::Rgb, 1, 1, vec![255, 0, 0]), 0),
            [[76], [85], [255]].map(|v| v.to_vec())
        );
        assert_eq!(
            line(&raw(Layout::Bgr, 1, 1, vec![0, 0, 255]), 0),
            [[76], [85], [255]].map(|v| v.to_vec())
        );
    }

    #[test]
    fn odd_sizes_and_wide_strides_fill_whole_lines() {
        for layout in ALL {
            for (width, height) in [(1, 1), (3, 3), (5, 2), (2, 5)] {
                let stride = layout.line(width) + 3;
                let data = vec![9; layout.bytes(width, height, stride)];
                let frame = RawFrame {
                    stride,
                    ..raw(layout, width, height, data)
                };
                for y in 0..height {
                    let planes = line(&frame, y);
                    let wanted = if layout == Layout::Grey { 1 } else { 3 };
                    for plane in &planes[..wanted] {
                        assert_eq!(
                            plane.len(),
                            usize::from(width),
                            "{layout:?} {width}x{height}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn too_few_bytes_and_no_size_are_refused() {
        for layout in ALL {
            let needed = layout.bytes(6, 4, layout.line(6));
            let short = raw(layout, 6, 4, vec![0; needed - 1]);
            assert_eq!(
                RawRows::new(&short).err(),
                Some(ImageError::Short {
                    bytes: needed - 1,
                    needed
                })
            );
            assert!(RawRows::new(&raw(layout, 6, 0, vec![0; needed])).is_err());
            assert!(
                RawRows::new(&RawFrame {
                    stride: 1,
                    ..raw(layout, 6, 4, vec![0; needed])
                })
                .is_err()
            );
        }
    }
}
