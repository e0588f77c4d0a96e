//! The lanes of 64-bit ARM, which always has NEON.

use std::arch::aarch64::*;

use super::Divisors;

/// Eight numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes(int16x8_t);

impl Lanes {
    #[cfg(test)]
    #[inline(always)]
    pub(crate) fn new(values: [i16; 8]) -> Self {
        // SAFETY: it reads the 16 bytes of the array.
        Self(unsafe { vld1q_s16(values.as_ptr()) })
    }

    /// `2 * (pixel - 128)` of each pixel.
    #[inline(always)]
    pub(crate) fn of_pixels(pixels: &[u8; 8]) -> Self {
        // SAFETY: it reads the 8 bytes of the array; NEON is there.
        unsafe {
            let wide = vreinterpretq_s16_u16(vshll_n_u8::<1>(vld1_u8(pixels.as_ptr())));
            Self(vsubq_s16(wide, vdupq_n_s16(256)))
        }
    }

    #[inline(always)]
    pub(crate) fn get(self) -> [i16; 8] {
        let mut values = [0; 8];
        // SAFETY: it writes the 16 bytes of the array.
        unsafe { vst1q_s16(values.as_mut_ptr(), self.0) };
        values
    }

    #[inline(always)]
    pub(crate) fn plus(self, other: Self) -> Self {
        // SAFETY: NEON is there.
        Self(unsafe { vaddq_s16(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn minus(self, other: Self) -> Self {
        // SAFETY: NEON is there.
        Self(unsafe { vsubq_s16(self.0, other.0) })
    }

    /// `self * factor / 2^16`, rounded to the nearest.
    #[inline(always)]
    pub(crate) fn times(self, factor: i16) -> Self {
        // SAFETY: NEON is there.
        unsafe {
            let low = vmull_n_s16(vget_low_s16(self.0), factor);
            let high = vmull_high_n_s16(self.0, factor);
            Self(vrshrn_high_n_s32::<16>(vrshrn_n_s32::<16>(low), high))
        }
    }

    /// Interleaves the first four numbers of both.
    #[inline(always)]
    pub(crate) fn low(self, other: Self) -> Self {
        // SAFETY: NEON is there.
        Self(unsafe { vzip1q_s16(self.0, other.0) })
    }

    /// Interleaves the last four numbers of both.
    #[inline(always)]
    pub(crate) fn high(self, other: Self) -> Self {
        // SAFETY: NEON is there.
        Self(unsafe { vzip2q_s16(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn divided(self, divisors: &Divisors) -> Self {
        // SAFETY: it reads the 16 bytes of each array; NEON is there.
        unsafe {
            let high = |a: uint16x8_t, b: &[u16; 8]| {
                let b = vld1q_u16(b.as_ptr());
                let low = vmull_u16(vget_low_u16(a), vget_low_u16(b));
                vshrn_high_n_u32::<16>(vshrn_n_u32::<16>(low), vmull_high_u16(a, b))
            };
            let sign = vshrq_n_s16::<15>(self.0);
            let half = vld1q_u16(divisors.half.as_ptr());
            let sum = vaddq_u16(vreinterpretq_u16_s16(vabsq_s16(self.0)), half);
            let quotient = high(high(sum, &divisors.reciprocal), &divisors.scale);
            let quotient = vreinterpretq_s16_u16(quotient);
            Self(vsubq_s16(veorq_s16(quotient, sign), sign))
        }
    }

    /// A bit mask of the numbers that are not zero: bits 0 to 7 for `self`, 8 to 15 for `other`.
    #[inline(always)]
    pub(crate) fn nonzero(self, other: Self) -> u16 {
        const BITS: [u8; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
        // SAFETY: it reads the 8 bytes of the array; NEON is there.
        unsafe {
            let bits = vld1_u8(BITS.as_ptr());
            let byte = |lanes| vaddv_u8(vand_u8(vmovn_u16(vtstq_s16(lanes, lanes)), bits));
            u16::from_le_bytes([byte(self.0), byte(other.0)])
        }
    }
}
