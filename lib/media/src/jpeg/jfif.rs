//! Turns the YCbCr of a source into that of JPEG files (JFIF: BT.601, full range), a line at a
//! time.
//!
//! Both encodings are linear in red, green and blue, so the conversion is a matrix. A grey pixel
//! stays grey, so Y does not contribute to the new Cb and Cr:
//!
//! ```text
//!   Y' = y * (Y - black) + yu * Cb + yv * Cr
//!   Cb' =                  uu * Cb + uv * Cr        Cb and Cr counted from 128
//!   Cr' =                  vu * Cb + vv * Cr
//! ```

use super::rows::Planes;
use crate::{ColorEncoding, Matrix, Quantization};

/// Fractional bits of the coefficients: the largest is below 2, so it fits an i16.
const BITS: u32 = 14;
const HALF: i32 = 1 << (BITS - 1);

/// The coefficients for one colour encoding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToJfif {
    black: i16,
    y: i16,
    yu: i16,
    yv: i16,
    uu: i16,
    uv: i16,
    vu: i16,
    vv: i16,
    /// The matrix is that of JFIF already.
    keeps_matrix: bool,
    is_limited: bool,
}

impl ToJfif {
    /// `None` where nothing has to be converted.
    pub(crate) fn new(from: ColorEncoding) -> Option<Self> {
        if from == ColorEncoding::default() {
            return None;
        }
        let (black, luma, chroma) = match from.quantization {
            Quantization::Full => (0, 1.0, 1.0),
            Quantization::Limited => (16, 255.0 / 219.0, 255.0 / 224.0),
        };
        let (red, blue) = from.matrix.weights();
        let green = 1.0 - red - blue;
        let (to_red, to_blue) = Matrix::Bt601.weights();
        let to_green = 1.0 - to_red - to_blue;
        // What Cb adds to blue and takes from green, what Cr adds to red and takes from green.
        let (u_blue, u_green) = (2.0 * (1.0 - blue), 2.0 * blue * (1.0 - blue) / green);
        let (v_red, v_green) = (2.0 * (1.0 - red), 2.0 * red * (1.0 - red) / green);
        let yu = to_blue * u_blue - to_green * u_green;
        let yv = to_red * v_red - to_green * v_green;
        let (per_blue, per_red) = (2.0 * (1.0 - to_blue), 2.0 * (1.0 - to_red));
        Some(Self {
            black,
            y: fixed(luma),
            yu: fixed(chroma * yu),
            yv: fixed(chroma * yv),
            uu: fixed(chroma * (u_blue - yu) / per_blue),
            uv: fixed(chroma * -yv / per_blue),
            vu: fixed(chroma * -yu / per_red),
            vv: fixed(chroma * (v_red - yv) / per_red),
            keeps_matrix: from.matrix == Matrix::Bt601,
            is_limited: from.quantization == Quantization::Limited,
        })
    }

    /// Converts a line in place. With subsampled chroma, neighbouring pixels share one value of it.
    pub(crate) fn line(&self, planes: &mut Planes<'_>) {
        let Planes { y, cb, cr } = planes;
        if self.keeps_matrix || cb.is_empty() {
            if self.is_limited {
                y.iter_mut().for_each(full_luma);
                cb.iter_mut().for_each(full_chroma);
                cr.iter_mut().for_each(full_chroma);
            }
        } else if cb.len() == y.len() {
            self.matrix::<1>(y, cb, cr);
        } else {
            self.matrix::<2>(y, cb, cr);
        }
    }

    fn matrix<const SHARING: usize>(&self, y: &mut [u8], cb: &mut [u8], cr: &mut [u8]) {
        for ((y, cb), cr) in y.chunks_mut(SHARING).zip(cb).zip(cr) {
            let (u, v) = (i16::from(*cb) - 128, i16::from(*cr) - 128);
            let tint = times(self.yu, u) + times(self.yv, v);
            for luma in y {
                *luma = byte(times(self.y, i16::from(*luma) - self.black) + tint, 0);
            }
            *cb = byte(times(self.uu, u) + times(self.uv, v), 128);
            *cr = byte(times(self.vu, u) + times(self.vv, v), 128);
        }
    }

    /// Converts grey, or one colour of RGB.
    pub(crate) fn level(&self, value: u8) -> u8 {
        byte(times(self.y, i16::from(value) - self.black), 0)
    }
}

/// Luma of limited range, 255/219 as 149/128: 16 bits are enough, so the compiler can vectorise it.
fn full_luma(value: &mut u8) {
    let above_black = u16::from(value.saturating_sub(16));
    *value = ((above_black * 149 + 64) >> 7).min(255) as u8;
}

/// Chroma of limited range, 255/224 as 1 + 71/512.
fn full_chroma(value: &mut u8) {
    let chroma = i16::from(*value) - 128;
    *value = (chroma + ((chroma * 71 + 256) >> 9) + 128).clamp(0, 255) as u8;
}

/// JFIF's YCbCr of red, green and blue, in 65,536ths.
pub(crate) fn rgb_to_ycbcr([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let sum = |factors: [i32; 3], middle: i32| {
        let [r, g, b] = [red, green, blue].map(i32::from);
        let sum = factors[0] * r + factors[1] * g + factors[2] * b;
        // A half is rounded down: the purest blue and red would be 256.
        ((sum + (middle << 16) + 0x7fff) >> 16) as u8
    };
    [
        sum([19_595, 38_470, 7_471], 0),
        sum([-11_059, -21_709, 32_768], 128),
        sum([32_768, -27_439, -5_329], 128),
    ]
}

fn fixed(value: f32) -> i16 {
    (value * f32::from(1_i16 << BITS)).round() as i16
}

fn times(coefficient: i16, value: i16) -> i32 {
    i32::from(coefficient) * i32::from(value)
}

fn byte(sum: i32, middle: i32) -> u8 {
    (((sum + HALF) >> BITS) + middle).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::frame_of;
    use crate::{Encoder, Frame, Image, Layout, Limit, RawFrame, decode};

    /// Black, white, grey, the bars of 75 %, skin, and the purest colours.
    const COLORS: [[u8; 3]; 16] = [
        [0, 0, 0],
        [255, 255, 255],
        [128, 128, 128],
        [191, 191, 191],
        [191, 191, 0],
        [0, 191, 191],
        [0, 191, 0],
        [191, 0, 191],
        [191, 0, 0],
        [0, 0, 191],
        [224, 172, 105],
        [30, 60, 90],
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [12, 200, 240],
    ];

    const LAYOUTS: [Layout; 11] = [
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

    /// Red's and blue's part of Y, as the standards have them.
    const STANDARDS: [(Matrix, f64, f64); 4] = [
        (Matrix::Bt601, 0.299, 0.114),
        (Matrix::Bt709, 0.2126, 0.0722),
        (Matrix::Bt2020, 0.2627, 0.0593),
        (Matrix::Smpte240m, 0.2122, 0.0865),
    ];

    /// A picture of one colour, as a camera with that encoding gives it.
    fn frame(
        layout: Layout,
        color: ColorEncoding,
        weights: (f64, f64),
        rgb: [u8; 3],
    ) -> RawFrame<'static> {
        let (width, height): (u16, u16) = (32, 16);
        let [r, g, b] = rgb.map(|value| f64::from(value) / 255.0);
        let (red, blue) = weights;
        let y = red * r + (1.0 - red - blue) * g + blue * b;
        let (u, v) = ((b - y) / (1.0 - blue) / 2.0, (r - y) / (1.0 - red) / 2.0);
        let limited = color.quantization == Quantization::Limited;
        let byte = |value: f64| value.round().clamp(0.0, 255.0) as u8;
        let level = |value: f64| match limited {
            true => byte(16.0 + 219.0 * value),
            false => byte(255.0 * value),
        };
        let (y, scale) = (level(y), if limited { 224.0 } else { 255.0 });
        let (cb, cr) = (byte(128.0 + scale * u), byte(128.0 + scale * v));
        let [r, g, b] = [level(r), level(g), level(b)];
        let pixels = usize::from(width) * usize::from(height);
        let planes = |chroma: Vec<u8>| [vec![y; pixels], chroma].concat();
        let quarter = pixels / 4;
        let data = match layout {
            Layout::Bgr => [b, g, r].repeat(pixels),
            Layout::Grey => vec![y; pixels],
            Layout::I420 => planes([vec![cb; quarter], vec![cr; quarter]].concat()),
            Layout::Nv12 => planes([cb, cr].repeat(quarter)),
            Layout::Nv21 => planes([cr, cb].repeat(quarter)),
            Layout::Rgb => [r, g, b].repeat(pixels),
            Layout::Uyvy => [cb, y, cr, y].repeat(pixels / 2),
            Layout::Ycbcr => [y, cb, cr].repeat(pixels),
            Layout::Yuyv => [y, cb, y, cr].repeat(pixels / 2),
            Layout::Yv12 => planes([vec![cr; quarter], vec![cb; quarter]].concat()),
            Layout::Yvyu => [y, cr, y, cb].repeat(pixels / 2),
        };
        RawFrame {
            color,
            ..frame_of(layout, (width, height), data)
        }
    }

    fn seen(frame: RawFrame<'_>, size: Option<(u16, u16)>) -> [u8; 3] {
        let picture = Encoder::new(98, size).encode(Frame::Raw(frame)).unwrap();
        let mut image = Image::default();
        decode(&picture.jpeg, Limit::default(), &mut image).unwrap();
        image.rgba[..3].try_into().unwrap()
    }

    #[test]
    fn every_layout_range_and_matrix_decodes_to_the_colour_it_stands_for() {
        for (matrix, red, blue) in STANDARDS {
            for quantization in [Quantization::Full, Quantization::Limited] {
                let color = ColorEncoding {
                    matrix,
                    quantization,
                };
                for (layout, rgb) in LAYOUTS
                    .iter()
                    .flat_map(|layout| COLORS.map(|rgb| (*layout, rgb)))
                {
                    let [r, g, b] = rgb;
                    if layout == Layout::Grey && (r != g || g != b) {
                        continue;
                    }
                    for size in [None, Some((16, 8))] {
                        let seen = seen(frame(layout, color, (red, blue), rgb), size);
                        let off = seen.iter().zip(rgb).map(|(&a, b)| a.abs_diff(b)).max();
                        assert!(
                            off <= Some(3),
                            "{layout:?} {color:?} {size:?}: {seen:?} for {rgb:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn each_value_of_limited_range_becomes_the_nearest_of_full_range() {
        let off = |value: u8, exact: f64| {
            let off = (f64::from(value) - exact.clamp(0.0, 255.0)).abs();
            assert!(off <= 0.75, "{value} for {exact}");
        };
        for limited in 0..=255 {
            let (mut luma, mut chroma) = (limited, limited);
            full_luma(&mut luma);
            full_chroma(&mut chroma);
            off(luma, (f64::from(limited) - 16.0) * 255.0 / 219.0);
            off(chroma, (f64::from(limited) - 128.0) * 255.0 / 224.0 + 128.0);
        }
    }

    #[test]
    fn what_is_right_already_is_not_touched() {
        assert!(ToJfif::new(ColorEncoding::default()).is_none());
    }
}
