//! The lanes as an array, for processors without a file of their own.

use super::Divisors;

/// Eight numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes([i16; 8]);

impl Lanes {
    #[inline(always)]
    pub(crate) fn new(values: [i16; 8]) -> Self {
        Self(values)
    }

    /// `2 * (pixel - 128)` of each pixel.
    #[inline(always)]
    pub(crate) fn of_pixels(pixels: &[u8; 8]) -> Self {
        Self(pixels.map(|pixel| (i16::from(pixel) - 128) * 2))
    }

    #[inline(always)]
    pub(crate) fn get(self) -> [i16; 8] {
        self.0
    }

    #[inline(always)]
    pub(crate) fn plus(self, other: Self) -> Self {
        self.with(other, i16::wrapping_add)
    }

    #[inline(always)]
    pub(crate) fn minus(self, other: Self) -> Self {
        self.with(other, i16::wrapping_sub)
    }

    /// `self * factor / 2^16`, rounded to the nearest.
    #[inline(always)]
    pub(crate) fn times(self, factor: i16) -> Self {
        let round = |value| ((i32::from(value) * i32::from(factor) + (1 << 15)) >> 16) as i16;
        Self(self.0.map(round))
    }

    /// Interleaves the first four numbers of both.
    #[inline(always)]
    pub(crate) fn low(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| [self.0, other.0][at % 2][at / 2]))
    }

    /// Interleaves the last four numbers of both.
    #[inline(always)]
    pub(crate) fn high(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| {
            [self.0, other.0][at % 2][at / 2 + 4]
        }))
    }

    #[inline(always)]
    pub(crate) fn divided(self, divisors: &Divisors) -> Self {
        let high = |a: u16, b: u16| ((u32::from(a) * u32::from(b)) >> 16) as u16;
        Self(std::array::from_fn(|at| {
            let value = self.0[at];
            let sum = value.unsigned_abs().wrapping_add(divisors.half[at]);
            let quotient = high(high(sum, divisors.reciprocal[at]), divisors.scale[at]) as i16;
            if value < 0 {
                quotient.wrapping_neg()
            } else {
                quotient
            }
        }))
    }

    /// A bit mask of the numbers that are not zero: bits 0 to 7 for `self`, 8 to 15 for `other`.
    #[inline(always)]
    pub(crate) fn nonzero(self, other: Self) -> u16 {
        let all = self.0.into_iter().chain(other.0).enumerate();
        all.fold(0, |bits, (at, value)| bits | u16::from(value != 0) << at)
    }

    #[inline(always)]
    fn with(self, other: Self, make: impl Fn(i16, i16) -> i16) -> Self {
        Self(std::array::from_fn(|at| make(self.0[at], other.0[at])))
    }
}
