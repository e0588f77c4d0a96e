//! Reads raw pixels line by line as the Y, Cb and Cr of JFIF, which is what a JPEG encoder wants.
//! YCbCr layouts are never turned into RGB and back.

use super::jfif::{ToJfif, rgb_to_ycbcr};
use crate::{ImageError, Layout, RawFrame};

/// Lines of a picture as three planes.
pub(crate) trait Rows {
    /// Pixels across and down.
    fn size(&self) -> (u16, u16);

    /// How many values the chroma planes have.
    fn chroma(&self) -> Chroma;

    /// Fills in line `y` of each plane.
    fn line(&self, y: u16, planes: &mut Planes<'_>);
}

/// Where a line goes: as many values of luma as pixels across, and [`Chroma::across`] values of
/// each chroma.
pub(crate) struct Planes<'a> {
    pub(crate) y: &'a mut [u8],
    pub(crate) cb: &'a mut [u8],
    pub(crate) cr: &'a mut [u8],
}

/// Chroma subsampling: how many pixels share Cb and Cr.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Chroma {
    /// Each pixel has its own chroma.
    Yuv444,
    /// Two side by side share one.
    Yuv422,
    /// Two by two share one: an even line has the same chroma as the one below it.
    Yuv420,
    /// No colour at all.
    None,
}

impl Chroma {
    /// Values of Cb, and of Cr, in a line of so many pixels.
    pub(crate) fn across(self, width: u16) -> usize {
        match self {
            Self::Yuv444 => width.into(),
            Self::Yuv422 | Self::Yuv420 => width.div_ceil(2).into(),
            Self::None => 0,
        }
    }
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

    /// `length` bytes from `start`. They exist, by the check in `new`; otherwise the slice is
    /// empty.
    fn bytes(&self, start: usize, length: usize) -> &'a [u8] {
        self.frame
            .data
            .get(start..start + length)
            .unwrap_or_default()
    }

    /// Bytes of a line that has one plane.
    fn packed(&self, y: usize) -> &'a [u8] {
        let length = self.frame.layout.line(self.frame.width);
        self.bytes(y * self.frame.stride, length)
    }

    /// Two pixels in four bytes, which `split` takes apart into both luma, Cb and Cr.
    fn pairs(
        &self,
        y: usize,
        split: impl Fn([u8; 4]) -> ([u8; 2], u8, u8),
        planes: &mut Planes<'_>,
    ) {
        let quads = self.packed(y).as_chunks().0;
        let (whole, rest) = planes.y.as_chunks_mut();
        let chroma = planes.cb.iter_mut().zip(&mut *planes.cr);
        for ((quad, luma), (cb, cr)) in quads.iter().zip(whole).zip(chroma) {
            (*luma, *cb, *cr) = split(*quad);
        }
        // A line of odd width has half a pair too many.
        if let ([luma], [.., quad]) = (rest, quads)
            && let (Some(last_cb), Some(last_cr)) = (planes.cb.last_mut(), planes.cr.last_mut())
        {
            ([*luma, _], *last_cb, *last_cr) = split(*quad);
        }
    }

    /// Three bytes a pixel, of which `convert` makes Y, Cb and Cr.
    fn triples(&self, y: usize, convert: impl Fn([u8; 3]) -> [u8; 3], planes: &mut Planes<'_>) {
        let pixels = self.packed(y).as_chunks().0;
        let chroma = planes.cb.iter_mut().zip(&mut *planes.cr);
        for ((pixel, luma), (cb, cr)) in pixels.iter().zip(&mut *planes.y).zip(chroma) {
            [*luma, *cb, *cr] = convert(*pixel);
        }
    }

    fn luma(&self, y: usize, planes: &mut Planes<'_>) {
        copy(
            self.bytes(y * self.frame.stride, self.frame.width.into()),
            planes.y,
        );
    }

    /// Two planes: luma, then both colours in turn, which `split` puts into the order of Cb and Cr.
    fn interleaved(&self, y: usize, split: impl Fn([u8; 2]) -> [u8; 2], planes: &mut Planes<'_>) {
        self.luma(y, planes);
        let stride = self.frame.stride;
        let start = stride * usize::from(self.frame.height) + (y / 2) * stride;
        // A stride that is odd, as the width is, ends in the middle of a pair.
        let pairs = self
            .bytes(start, (planes.cb.len() * 2).min(stride))
            .as_chunks()
            .0;
        let chroma = planes.cb.iter_mut().zip(&mut *planes.cr);
        for (pair, (cb, cr)) in pairs.iter().zip(chroma) {
            [*cb, *cr] = split(*pair);
        }
        let filled = pairs.len();
        for plane in [&mut *planes.cb, &mut *planes.cr] {
            let last = plane[..filled].last().copied().unwrap_or(128);
            plane[filled..].fill(last);
        }
    }

    /// Three planes; `swapped` where Cr comes before Cb.
    fn planar(&self, y: usize, swapped: bool, planes: &mut Planes<'_>) {
        self.luma(y, planes);
        let (stride, height) = (self.frame.stride, usize::from(self.frame.height));
        let half = stride.div_ceil(2);
        let first = stride * height + (y / 2) * half;
        let second = first + half * height.div_ceil(2);
        let (cb, cr) = if swapped {
            (second, first)
        } else {
            (first, second)
        };
        copy(self.bytes(cb, planes.cb.len()), planes.cb);
        copy(self.bytes(cr, planes.cr.len()), planes.cr);
    }
}

/// Copies a line. Both slices have the same length, by the check in [`RawRows::new`].
fn copy(from: &[u8], to: &mut [u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
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
        self.split(y.into(), planes);
        if let Some(jfif) = &self.to_jfif
            && !matches!(self.frame.layout, Layout::Bgr | Layout::Rgb)
        {
            // The line is still in the processor's first cache.
            jfif.line(planes);
        }
    }
}

impl RawRows<'_> {
    /// The planes of a line: those of YCbCr as the source has them, those of RGB as JFIF has them.
    fn split(&self, y: usize, planes: &mut Planes<'_>) {
        let level = |value| self.to_jfif.map_or(value, |jfif| jfif.level(value));
        match self.frame.layout {
            Layout::Bgr => self.triples(y, |[b, g, r]| rgb_to_ycbcr([r, g, b].map(level)), planes),
            Layout::Grey => self.luma(y, planes),
            Layout::I420 => self.planar(y, false, planes),
            Layout::Nv12 => self.interleaved(y, |pair| pair, planes),
            Layout::Nv21 => self.interleaved(y, |[cr, cb]| [cb, cr], planes),
            Layout::Rgb => self.triples(y, |rgb| rgb_to_ycbcr(rgb.map(level)), planes),
            Layout::Uyvy => self.pairs(y, |[cb, y0, cr, y1]| ([y0, y1], cb, cr), planes),
            Layout::Ycbcr => self.triples(y, |pixel| pixel, planes),
            Layout::Yuyv => self.pairs(y, |[y0, cb, y1, cr]| ([y0, y1], cb, cr), planes),
            Layout::Yv12 => self.planar(y, true, planes),
            Layout::Yvyu => self.pairs(y, |[y0, cr, y1, cb]| ([y0, y1], cb, cr), planes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::frame_of;

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
        frame_of(layout, (width, height), data)
    }

    fn line(frame: &RawFrame<'_>, y: u16) -> [Vec<u8>; 3] {
        let rows = RawRows::new(frame).unwrap();
        let across = rows.chroma().across(frame.width);
        let mut planes = [frame.width.into(), across, across].map(|length| vec![1; length]);
        let [y_plane, cb, cr] = &mut planes;
        rows.line(y, &mut Planes { y: y_plane, cb, cr });
        planes
    }

    #[test]
    fn every_layout_gives_the_same_pixels() {
        let packed = |order: &[u8; 4]| order.repeat(2);
        let half = [vec![10; 2], vec![20], vec![30]];
        let whole = [10, 20, 30].map(|value| vec![value; 2]);
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
            let wanted = if layout == Layout::Ycbcr {
                &whole
            } else {
                &half
            };
            for y in 0..2 {
                let line = line(&raw(layout, 2, 2, data.clone()), y);
                assert_eq!(line, *wanted, "{layout:?}");
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
                // RGB of one value each is grey: 9, 128, 128.
                if matches!(layout, Layout::Bgr | Layout::Rgb) {
                    continue;
                }
                let data = vec![9; layout.bytes(width, height, stride)];
                let frame = RawFrame {
                    stride,
                    ..raw(layout, width, height, data)
                };
                for y in 0..height {
                    let planes = line(&frame, y);
                    let wrong = planes.iter().flatten().find(|value| **value != 9);
                    assert_eq!(wrong, None, "{layout:?} {width}x{height}");
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
