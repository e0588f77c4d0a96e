//! The colour encoding of raw pixels: YCbCr matrix and quantization range. It knows no device and
//! converts nothing.

/// How the samples of a raw frame encode colour. The default is that of JPEG files (JFIF): BT.601,
/// full range.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct ColorEncoding {
    /// How Y, Cb and Cr were computed from red, green and blue; not used for RGB and grey.
    pub matrix: Matrix,
    /// The range of the samples.
    pub quantization: Quantization,
}

impl ColorEncoding {
    /// BT.601, limited range: what most cameras send that don't state an encoding.
    pub const LIMITED: Self = Self {
        matrix: Matrix::Bt601,
        quantization: Quantization::Limited,
    };
}

/// The weights of red, green and blue in Y.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Matrix {
    /// BT.601, SMPTE 170M, sYCC and JFIF: most webcams.
    #[default]
    Bt601,
    /// BT.709: HD video.
    Bt709,
    /// BT.2020: UHD video.
    Bt2020,
    /// SMPTE 240M: early HD video.
    Smpte240m,
}

impl Matrix {
    /// The weights of red and blue; the weight of green is 1 minus both.
    pub(crate) fn weights(self) -> (f32, f32) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
            Self::Smpte240m => (0.2122, 0.0865),
        }
    }
}

/// The range of the samples.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Quantization {
    /// Black is 0, white 255; Cb and Cr go from 0 to 255.
    #[default]
    Full,
    /// Black is 16, white 235; Cb and Cr go from 16 to 240.
    Limited,
}
