//! What the colours of a V4L2 format mean. The defaults are those of the kernel:
//! `V4L2_MAP_YCBCR_ENC_DEFAULT` and `V4L2_MAP_QUANTIZATION_DEFAULT` of `linux/videodev2.h`,
//! explained in <https://docs.kernel.org/userspace-api/media/v4l/colorspaces-details.html>.
//!
//! Chromaticities and transfer function are not converted: the encodings of cameras (sRGB and
//! BT.709) have the same primaries, and their transfer functions differ little.

use v4l::v4l_sys as sys;

use crate::sys::video::Pixels;
use crate::{ColorEncoding, Layout, Matrix, Quantization};

/// How to read the colours of this format.
pub(crate) fn color_encoding(pixels: Pixels, layout: Layout) -> ColorEncoding {
    let is_rgb = matches!(layout, Layout::Rgb | Layout::Bgr);
    ColorEncoding {
        matrix: matrix(pixels),
        quantization: quantization(pixels, is_rgb),
    }
}

/// xvYCC has the matrix of the encoding that it extends. Constant luminance has no matrix; that of
/// BT.2020 comes nearest.
fn matrix(pixels: Pixels) -> Matrix {
    match pixels.ycbcr_encoding {
        sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_DEFAULT => match pixels.colorspace {
            sys::v4l2_colorspace_V4L2_COLORSPACE_REC709
            | sys::v4l2_colorspace_V4L2_COLORSPACE_DCI_P3 => Matrix::Bt709,
            sys::v4l2_colorspace_V4L2_COLORSPACE_BT2020 => Matrix::Bt2020,
            sys::v4l2_colorspace_V4L2_COLORSPACE_SMPTE240M => Matrix::Smpte240m,
            _ => Matrix::Bt601,
        },
        sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_709
        | sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_XV709 => Matrix::Bt709,
        sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_BT2020
        | sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_BT2020_CONST_LUM => Matrix::Bt2020,
        sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_SMPTE240M => Matrix::Smpte240m,
        _ => Matrix::Bt601,
    }
}

/// RGB is of full range by default, YCbCr and grey of limited range, but for the JPEG colorspace.
fn quantization(pixels: Pixels, is_rgb: bool) -> Quantization {
    let is_jpeg = pixels.colorspace == sys::v4l2_colorspace_V4L2_COLORSPACE_JPEG;
    match pixels.quantization {
        sys::v4l2_quantization_V4L2_QUANTIZATION_FULL_RANGE => Quantization::Full,
        sys::v4l2_quantization_V4L2_QUANTIZATION_LIM_RANGE => Quantization::Limited,
        _ if is_rgb || is_jpeg => Quantization::Full,
        _ => Quantization::Limited,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers as `linux/videodev2.h` has them.
    const SMPTE170M: u32 = 1;
    const SMPTE240M: u32 = 2;
    const REC709: u32 = 3;
    const JPEG: u32 = 7;
    const SRGB: u32 = 8;
    const BT2020: u32 = 10;
    const DCI_P3: u32 = 12;

    fn read(colorspace: u32, ycbcr: u32, range: u32, layout: Layout) -> (Matrix, Quantization) {
        let pixels = Pixels {
            fourcc: *b"....",
            width: 2,
            height: 2,
            stride: 4,
            bytes: 8,
            colorspace,
            ycbcr_encoding: ycbcr,
            quantization: range,
        };
        let color = color_encoding(pixels, layout);
        (color.matrix, color.quantization)
    }

    #[test]
    fn what_a_driver_leaves_open_is_read_as_the_kernel_documents_it() {
        use Matrix::{Bt601, Bt709, Bt2020, Smpte240m};
        use Quantization::{Full, Limited};
        for (colorspace, matrix, quantization) in [
            (0, Bt601, Limited),
            (SMPTE170M, Bt601, Limited),
            (SMPTE240M, Smpte240m, Limited),
            (REC709, Bt709, Limited),
            (JPEG, Bt601, Full),
            (SRGB, Bt601, Limited),
            (BT2020, Bt2020, Limited),
            (DCI_P3, Bt709, Limited),
        ] {
            for layout in [Layout::Yuyv, Layout::Nv12, Layout::Grey] {
                let told = read(colorspace, 0, 0, layout);
                assert_eq!(told, (matrix, quantization), "{colorspace} {layout:?}");
            }
            assert_eq!(read(colorspace, 0, 0, Layout::Rgb).1, Full, "{colorspace}");
        }
    }

    #[test]
    fn what_a_driver_says_counts_before_the_defaults() {
        use Matrix::{Bt601, Bt709, Bt2020, Smpte240m};
        use Quantization::{Full, Limited};
        for (encoding, matrix) in [
            (1, Bt601),
            (2, Bt709),
            (3, Bt601),
            (4, Bt709),
            (5, Bt601),
            (6, Bt2020),
            (7, Bt2020),
            (8, Smpte240m),
        ] {
            let told = read(REC709, encoding, 1, Layout::Yuyv);
            assert_eq!(told, (matrix, Full), "{encoding}");
        }
        assert_eq!(read(JPEG, 0, 2, Layout::Yuyv).1, Limited);
        assert_eq!(read(SRGB, 0, 2, Layout::Bgr).1, Limited);
    }
}
