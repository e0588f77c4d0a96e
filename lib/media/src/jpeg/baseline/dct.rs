//! The discrete cosine transform of blocks of 8x8 pixels, and the quantization of the coefficients,
//! by the method of Arai, Agui and Nakajima: 5 multiplications in one dimension; the quantization
//! divides out the factors that remain.
//!
//! Pixels come in as twice their distance from 128. Each pass multiplies the largest number by
//! 10.05 at most, so that two of them stay below `256 * 10.05^2 = 25,860` and fit into 16 bits.

use super::lanes::{Divisors, Lanes};

/// The lines of a block.
pub(super) type Block = [Lanes; 8];

/// The coefficients of a block, a column of them in each [`Lanes`]: the highest frequency down the
/// picture is in the last lane, that across it is in the last element.
#[inline(always)]
pub(super) fn transform(lines: Block) -> Block {
    pass(transposed(pass(lines)))
}

/// One dimension for all eight columns.
#[inline(always)]
fn pass([v0, v1, v2, v3, v4, v5, v6, v7]: Block) -> Block {
    let (s0, d0) = (v0.plus(v7), v0.minus(v7));
    let (s1, d1) = (v1.plus(v6), v1.minus(v6));
    let (s2, d2) = (v2.plus(v5), v2.minus(v5));
    let (s3, d3) = (v3.plus(v4), v3.minus(v4));
    // Even frequencies.
    let (ss0, sd0) = (s0.plus(s3), s0.minus(s3));
    let (ss1, sd1) = (s1.plus(s2), s1.minus(s2));
    let z1 = sd1.plus(sd0);
    let z1 = z1.minus(z1.times(LESS_0_707));
    // Odd ones.
    let (o0, o1, o2) = (d3.plus(d2), d2.plus(d1), d1.plus(d0));
    let z5 = o0.minus(o2).times(TIMES_0_383);
    let z2 = o0.minus(o0.times(LESS_0_541)).plus(z5);
    let z4 = o2.plus(o2.times(MORE_1_307)).plus(z5);
    let z3 = o1.minus(o1.times(LESS_0_707));
    let (z11, z13) = (d0.plus(z3), d0.minus(z3));
    [
        ss0.plus(ss1),
        z11.plus(z4),
        sd0.plus(z1),
        z13.minus(z2),
        ss0.minus(ss1),
        z13.plus(z2),
        sd0.minus(z1),
        z11.minus(z4),
    ]
}

/// Factors in units of 2^-16. They must be below one half: for a larger factor the constant is its
/// distance from 1.
const LESS_0_707: i16 = (65_536.0 * (1.0 - FRAC_1_SQRT_2) + 0.5) as i16;
const LESS_0_541: i16 = (65_536.0 * (1.0 - 0.541_196_100) + 0.5) as i16;
const MORE_1_307: i16 = (65_536.0 * (1.306_562_965 - 1.0) + 0.5) as i16;
const TIMES_0_383: i16 = (65_536.0 * 0.382_683_433 + 0.5) as i16;
const FRAC_1_SQRT_2: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// The transpose of a block: three perfect shuffles of its 64 numbers.
#[inline(always)]
fn transposed(block: Block) -> Block {
    let shuffled = |[a, b, c, d, e, f, g, h]: Block| {
        [
            a.low(e),
            a.high(e),
            b.low(f),
            b.high(f),
            c.low(g),
            c.high(g),
            d.low(h),
            d.high(h),
        ]
    };
    shuffled(shuffled(shuffled(block)))
}

/// Divides coefficients by a quantization table, and by the factors that [`transform`] leaves.
#[derive(Clone, Debug)]
pub(super) struct Quantizer {
    columns: [Divisors; 8],
}

/// The factor by which [`transform`] scales each frequency in one dimension, apart from a common
/// factor of 8 for both dimensions: sqrt(2) * cos(frequency * pi / 16).
const FACTORS: [f64; 8] = [
    1.0,
    1.387_039_845,
    1.306_562_965,
    1.175_875_602,
    1.0,
    0.785_694_958,
    0.541_196_100,
    0.275_899_379,
];

impl Quantizer {
    /// `table` has its entries line by line. The last one must be at least 2, because the
    /// reciprocal of a smaller divisor doesn't fit 16 bits.
    pub(super) fn new(table: &[u8; 64]) -> Self {
        let mut columns = [Divisors::default(); 8];
        for (across, divisors) in columns.iter_mut().enumerate() {
            for (down, factor) in FACTORS.into_iter().enumerate() {
                let entry = f64::from(table[down * 8 + across]);
                // 8 for the transform, 2 for the pixels.
                let divisor = entry * FACTORS[across] * factor * 16.0;
                let shift = divisor.log2().floor().clamp(1.0, 15.0);
                let reciprocal = (shift + 16.0).exp2() / divisor;
                divisors.half[down] = (divisor / 2.0).round() as u16;
                divisors.reciprocal[down] = reciprocal.round().min(65_535.0) as u16;
                divisors.scale[down] = (16.0 - shift).exp2() as u16;
            }
        }
        Self { columns }
    }

    #[inline(always)]
    pub(super) fn quantize(&self, block: Block) -> Block {
        std::array::from_fn(|at| block[at].divided(&self.columns[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, in the numbers of a JPEG.
    fn exact(pixels: &[[u8; 8]; 8], across: usize, down: usize) -> f64 {
        let wave = |at: usize, frequency: usize| {
            let angle = (2 * at + 1) as f64 * frequency as f64 * std::f64::consts::PI / 16.0;
            angle.cos() * if frequency == 0 { FRAC_1_SQRT_2 } else { 1.0 }
        };
        let mut sum = 0.0;
        for (y, line) in pixels.iter().enumerate() {
            for (x, pixel) in line.iter().enumerate() {
                sum += (f64::from(*pixel) - 128.0) * wave(x, across) * wave(y, down);
            }
        }
        sum / 4.0
    }

    fn blocks() -> Vec<[[u8; 8]; 8]> {
        let mut seed = 1_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        let mut blocks = vec![[[0; 8]; 8], [[255; 8]; 8]];
        // For each frequency the block that has most of it.
        for frequency in 0..64 {
            let (across, down) = (frequency % 8, frequency / 8);
            let wave = |at: usize, frequency: usize| {
                ((2 * at + 1) as f64 * frequency as f64 * std::f64::consts::PI / 16.0).cos()
            };
            blocks.push(std::array::from_fn(|y| {
                std::array::from_fn(|x| {
                    let positive = wave(x, across) * wave(y, down) > 0.0;
                    if positive { 255 } else { 0 }
                })
            }));
        }
        blocks.extend((0..200).map(|_| [[0; 8]; 8].map(|line| line.map(|_: u8| random()))));
        blocks
    }

    #[test]
    fn coefficients_are_those_of_the_definition() {
        for (table, most) in [([2; 64], 1.1), ([16; 64], 0.6), ([255; 64], 0.52)] {
            let quantizer = Quantizer::new(&table);
            for pixels in blocks() {
                let lines = pixels.map(|line| Lanes::of_pixels(&line));
                let columns = quantizer.quantize(transform(lines)).map(Lanes::get);
                for (across, column) in columns.iter().enumerate() {
                    for (down, level) in column.iter().enumerate() {
                        let exact = exact(&pixels, across, down) / f64::from(table[0]);
                        let error = (f64::from(*level) - exact).abs();
                        assert!(
                            error < most,
                            "{level} for {exact} at {across}, {down} of {pixels:?}"
                        );
                    }
                }
            }
        }
    }
}
