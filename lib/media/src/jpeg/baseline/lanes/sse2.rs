//! The lanes of x86-64, which always has SSE2.

use std::arch::x86_64::*;

use super::Divisors;

/// Eight numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes(__m128i);

impl Lanes {
    #[cfg(test)]
    #[inline(always)]
    pub(crate) fn new(values: [i16; 8]) -> Self {
        // SAFETY: it reads the 16 bytes of the array, which may lie anywhere.
        Self(unsafe { _mm_loadu_si128(values.as_ptr().cast()) })
    }

    /// `2 * (pixel - 128)` of each pixel.
    #[inline(always)]
    pub(crate) fn of_pixels(pixels: &[u8; 8]) -> Self {
        // SAFETY: it reads the 8 bytes of the array, which may lie anywhere; SSE2 is there.
        unsafe {
            let bytes = _mm_loadl_epi64(pixels.as_ptr().cast());
            let wide = _mm_unpacklo_epi8(bytes, _mm_setzero_si128());
            Self(_mm_slli_epi16::<1>(_mm_sub_epi16(
                wide,
                _mm_set1_epi16(128),
            )))
        }
    }

    #[inline(always)]
    pub(crate) fn get(self) -> [i16; 8] {
        let mut values = [0; 8];
        // SAFETY: it writes the 16 bytes of the array, which may lie anywhere.
        unsafe { _mm_storeu_si128(values.as_mut_ptr().cast(), self.0) };
        values
    }

    #[inline(always)]
    pub(crate) fn plus(self, other: Self) -> Self {
        // SAFETY: SSE2 is there.
        Self(unsafe { _mm_add_epi16(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn minus(self, other: Self) -> Self {
        // SAFETY: SSE2 is there.
        Self(unsafe { _mm_sub_epi16(self.0, other.0) })
    }

    /// `self * factor / 2^16`, rounded to the nearest.
    #[inline(always)]
    pub(crate) fn times(self, factor: i16) -> Self {
        // SAFETY: SSE2 is there.
        unsafe {
            let factor = _mm_set1_epi16(factor);
            let high = _mm_mulhi_epi16(self.0, factor);
            // The highest bit of the lower half is what rounding adds.
            let half = _mm_srli_epi16::<15>(_mm_mullo_epi16(self.0, factor));
            Self(_mm_add_epi16(high, half))
        }
    }

    /// Interleaves the first four numbers of both.
    #[inline(always)]
    pub(crate) fn low(self, other: Self) -> Self {
        // SAFETY: SSE2 is there.
        Self(unsafe { _mm_unpacklo_epi16(self.0, other.0) })
    }

    /// Interleaves the last four numbers of both.
    #[inline(always)]
    pub(crate) fn high(self, other: Self) -> Self {
        // SAFETY: SSE2 is there.
        Self(unsafe { _mm_unpackhi_epi16(self.0, other.0) })
    }

    #[inline(always)]
    pub(crate) fn divided(self, divisors: &Divisors) -> Self {
        // SAFETY: it reads the 16 bytes of each array, which may lie anywhere; SSE2 is there.
        unsafe {
            let load = |values: &[u16; 8]| _mm_loadu_si128(values.as_ptr().cast());
            let sign = _mm_srai_epi16::<15>(self.0);
            let signed = |value| _mm_sub_epi16(_mm_xor_si128(value, sign), sign);
            let sum = _mm_add_epi16(signed(self.0), load(&divisors.half));
            let quotient = _mm_mulhi_epu16(sum, load(&divisors.reciprocal));
            Self(signed(_mm_mulhi_epu16(quotient, load(&divisors.scale))))
        }
    }

    /// A bit mask of the numbers that are not zero: bits 0 to 7 for `self`, 8 to 15 for `other`.
    #[inline(always)]
    pub(crate) fn nonzero(self, other: Self) -> u16 {
        // SAFETY: SSE2 is there.
        let zero = unsafe {
            let bytes = _mm_packs_epi16(self.0, other.0);
            _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128()))
        };
        !(zero as u16)
    }
}
