//! The tables of ITU-T T.81: quantization by quality, the zigzag order, Huffman codes.

use crate::jpeg::huffman::DEFAULT_HUFFMAN_TABLES;

/// The coefficients in zigzag order, each as `line * 8 + column`.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The coefficients in zigzag order, each as `column * 8 + line`.
pub(super) const COLUMN_ORDER: [u8; 64] = {
    let mut order = [0; 64];
    let mut at = 0;
    while at < 64 {
        order[at] = ZIGZAG[at] % 8 * 8 + ZIGZAG[at] / 8;
        at += 1;
    }
    order
};

/// For every four coefficients of a column and every choice of them: their bits in zigzag order.
static FOUR_IN_ZIGZAG_ORDER: [[u64; 16]; 16] = {
    let mut bits = [[0; 16]; 16];
    let mut at = 0;
    while at < 64 {
        let place = COLUMN_ORDER[at] as usize;
        let mut four = 0;
        while four < 16 {
            if four >> (place % 4) & 1 == 1 {
                bits[place / 4][four] |= 1 << at;
            }
            four += 1;
        }
        at += 1;
    }
    bits
};

/// Puts one bit for each coefficient, of two columns in each number, into zigzag order.
#[inline(always)]
pub(super) fn in_zigzag_order(columns: [u16; 4]) -> u64 {
    let mut bits = 0;
    for (pair, fours) in columns.into_iter().zip(FOUR_IN_ZIGZAG_ORDER.chunks(4)) {
        for (four, table) in fours.iter().enumerate() {
            bits |= table[usize::from(pair >> (four * 4)) % 16];
        }
    }
    bits
}

/// Quantization tables K.1 and K.2, of luma and chroma.
#[rustfmt::skip]
const QUANTIZATION: [[u16; 64]; 2] = [
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
        14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ],
    [
        17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
        24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    ],
];

/// The tables for a quality from 1 to 100, as libjpeg scales them. The last entry is at least 2
/// (libjpeg has 1 above quality 98), because [`Quantizer`](super::dct::Quantizer) can't divide by
/// less.
pub(super) fn quantization(quality: u8) -> [[u8; 64]; 2] {
    let quality = u16::from(quality.clamp(1, 100));
    let percent = match quality {
        ..50 => 5000 / quality,
        _ => 200 - 2 * quality,
    };
    QUANTIZATION.map(|table| {
        let scale = |entry| (u32::from(entry) * u32::from(percent) + 50) / 100;
        let mut table = table.map(|entry| scale(entry).clamp(1, 255) as u8);
        table[63] = table[63].max(2);
        table
    })
}

/// The codes of one component's first coefficients and of the others: bits and their count for each
/// symbol, 0 bits for one that has no code.
#[derive(Clone, Debug)]
pub(super) struct HuffmanCodes {
    pub(super) dc: [(u16, u8); 256],
    pub(super) ac: [(u16, u8); 256],
}

impl HuffmanCodes {
    /// The default ones of luma and chroma, in the order of [`DEFAULT_HUFFMAN_TABLES`].
    pub(super) const DEFAULT: [Self; 2] = {
        // Marker and length, then for each table: its kind, 16 counts, and the symbols.
        let (luma_dc, at) = codes(4);
        let (luma_ac, at) = codes(at);
        let (chroma_dc, at) = codes(at);
        let (chroma_ac, at) = codes(at);
        assert!(at == DEFAULT_HUFFMAN_TABLES.len());
        [
            Self {
                dc: luma_dc,
                ac: luma_ac,
            },
            Self {
                dc: chroma_dc,
                ac: chroma_ac,
            },
        ]
    };
}

/// The table at a place in [`DEFAULT_HUFFMAN_TABLES`], and the place behind it.
const fn codes(start: usize) -> ([(u16, u8); 256], usize) {
    let mut codes = [(0, 0); 256];
    let (mut code, mut length, mut at) = (0, 1, start + 17);
    while length <= 16 {
        let mut left = DEFAULT_HUFFMAN_TABLES[start + length];
        while left > 0 {
            codes[DEFAULT_HUFFMAN_TABLES[at] as usize] = (code, length as u8);
            (code, at, left) = (code + 1, at + 1, left - 1);
        }
        (code, length) = (code << 1, length + 1);
    }
    (codes, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_codes_are_those_of_the_standard() {
        let [luma, chroma] = HuffmanCodes::DEFAULT;
        assert_eq!(luma.dc[0], (0b00, 2));
        assert_eq!(luma.dc[11], (0b1_1111_1110, 9));
        assert_eq!(
            (luma.ac[0x00], luma.ac[0xf0]),
            ((0b1010, 4), (0b111_1111_1001, 11))
        );
        assert_eq!(luma.ac[0xfa], (0xfffe, 16));
        assert_eq!((chroma.dc[2], chroma.ac[0x00]), ((0b10, 2), (0b00, 2)));
        assert_eq!(chroma.ac[0xfa], (0xfffe, 16));
    }

    #[test]
    fn each_coefficient_has_its_place_in_the_zigzag() {
        for (at, &place) in COLUMN_ORDER.iter().enumerate() {
            let mut columns = [0; 4];
            columns[usize::from(place / 16)] = 1 << (place % 16);
            assert_eq!(in_zigzag_order(columns), 1 << at);
        }
        assert_eq!(in_zigzag_order([u16::MAX; 4]), u64::MAX);
    }

    #[test]
    fn quantization_is_scaled_by_quality() {
        let [luma, chroma] = quantization(50);
        assert_eq!((luma[0], luma[63], chroma[0], chroma[63]), (16, 99, 17, 99));
        assert_eq!(quantization(80)[0][..4], [6, 4, 4, 6]);
        assert_eq!(quantization(100)[0][62..], [1, 2]);
        assert_eq!(quantization(1)[1], [255; 64]);
    }
}
