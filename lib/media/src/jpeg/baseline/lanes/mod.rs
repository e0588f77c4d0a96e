//! SIMD vectors of eight 16-bit integers, by the instructions that every processor of an
//! architecture has. They know nothing of pictures.
//!
//! Each file has the same [`Lanes`], and all compute the same results to the last bit: `plain` for
//! any processor, `sse2` for x86-64, `neon` for 64-bit ARM.

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
#[expect(
    unsafe_code,
    reason = "NEON has no safe calls outside of functions marked for it"
)]
mod neon;
#[cfg(any(
    test,
    not(any(
        target_arch = "x86_64",
        all(target_arch = "aarch64", target_endian = "little")
    ))
))]
mod plain;
#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "SSE2 has no safe calls outside of functions marked for it"
)]
mod sse2;

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(super) use neon::Lanes;
#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_endian = "little")
)))]
pub(super) use plain::Lanes;
#[cfg(target_arch = "x86_64")]
pub(super) use sse2::Lanes;

/// How each of eight numbers is divided by a divisor of its own and rounded to the nearest:
/// `(|x| + half) * reciprocal / 2^16 * scale / 2^16` with the sign of `x`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Divisors {
    /// Half of each divisor.
    pub(super) half: [u16; 8],
    /// `2^(16 + n) / divisor`, the `n` as large as 16 bits allow.
    pub(super) reciprocal: [u16; 8],
    /// `2^(16 - n)`.
    pub(super) scale: [u16; 8],
}

#[cfg(test)]
mod tests {
    use super::plain::Lanes as Plain;
    use super::*;

    /// Numbers of all sizes, from a multiplicative generator.
    fn numbers(seed: u32) -> impl Iterator<Item = i16> {
        std::iter::successors(Some(seed | 1), |x| Some(x.wrapping_mul(0x0019_660d) | 1))
            .map(|x| ((x >> 15) as i16) >> (x >> 11 & 7))
    }

    #[test]
    fn this_processor_computes_as_plain_code_does() {
        let mut numbers = numbers(7);
        let mut eight = || -> [i16; 8] { std::array::from_fn(|_| numbers.next().unwrap()) };
        for _ in 0..2000 {
            let (a, b) = (eight(), eight());
            let pixels = a.map(|value| value as u8);
            let factor = b[0];
            let divisors = Divisors {
                half: eight().map(|value| value as u16 >> 2),
                reciprocal: eight().map(|value| value as u16),
                scale: eight().map(|value| value as u16),
            };
            // No coefficient is as large as -32,768, which has no absolute value.
            let coefficients = b.map(|value| value.max(-20_000));
            let (x, y) = (Lanes::new(a), Lanes::new(b));
            let (p, q) = (Plain::new(a), Plain::new(b));
            assert_eq!(
                Lanes::of_pixels(&pixels).get(),
                Plain::of_pixels(&pixels).get()
            );
            assert_eq!(x.plus(y).get(), p.plus(q).get());
            assert_eq!(x.minus(y).get(), p.minus(q).get());
            assert_eq!(
                x.times(factor).get(),
                p.times(factor).get(),
                "{a:?} {factor}"
            );
            assert_eq!(x.low(y).get(), p.low(q).get());
            assert_eq!(x.high(y).get(), p.high(q).get());
            let (x, p) = (Lanes::new(coefficients), Plain::new(coefficients));
            assert_eq!(x.divided(&divisors).get(), p.divided(&divisors).get());
            let sparse = a.map(|value| value & (value >> 3) & (value << 2));
            let (x, p) = (Lanes::new(sparse), Plain::new(sparse));
            assert_eq!(x.nonzero(y), p.nonzero(q));
        }
    }
}
