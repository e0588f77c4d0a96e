//! How the numbers of raw pixels stand for colours: the YCbCr matrix and the quantization range.
//! It knows no device and converts nothing.

/// What a raw frame's numbers mean. The default is that of JPEG files (JFIF): BT.601, full range.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct ColorEncoding {
    /// How Y, Cb and Cr were made of red, green and blue; without meaning for RGB and grey.
    pub matrix: Matrix,
    /// Which numbers stand for black and white.
    pub quantization: Quantization,
}

impl ColorEncoding {
    /// BT.601 of limited range, as most cameras give it that say nothing.
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
    /// The weights of red and blue; that of green is what is left of 1.
    pub(crate) fn weights(self) -> (f32, f32) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
            Self::Smpte240m => (0.2122, 0.0865),
        }
    }
}

/// Which numbers stand for black and white.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Quantization {
    /// Black is 0, white 255; Cb and Cr use all numbers.
    #[default]
    Full,
    /// Black is 16, white 235; Cb and Cr go from 16 to 240.
    Limited,
}
