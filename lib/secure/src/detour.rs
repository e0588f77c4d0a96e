//! A way around the one kind of copy that processors are slow at. What is copied is not known here.
//!
//! C libraries copy long stretches with `rep movsb`. On AMD's Zen 3 and 4 that runs at a twentieth
//! of its speed when the target lies 1 to 15 bytes behind the source within a page, whatever pages
//! they are (<https://lunnova.dev/articles/ryzen-slow-short-rep-mov/>). A record lies two bytes
//! behind the start of its buffer, and long buffers all start at the same place of a page: the rare
//! case is the usual one here. Two quick copies take a tenth of the slow one.

/// A place to copy by way of, made when it is first needed.
#[derive(Default)]
pub(crate) struct Detour {
    spare: Vec<u8>,
}

impl Detour {
    /// The same bytes, from where they are quickly copied to `to`: they themselves or a copy.
    pub(crate) fn source<'a>(&'a mut self, from: &'a [u8], to: &[u8]) -> &'a [u8] {
        if !is_slow(from, to) {
            return from;
        }
        if self.spare.len() < from.len() + PAGE {
            self.spare.resize(from.len() + PAGE, 0);
        }
        let wanted = from.as_ptr().addr().wrapping_add(PAGE / 4);
        let start = wanted.wrapping_sub(self.spare.as_ptr().addr()) % PAGE;
        match self.spare.get_mut(start..start + from.len()) {
            Some(room) => {
                room.copy_from_slice(from);
                room
            }
            None => from,
        }
    }
}

fn is_slow(from: &[u8], to: &[u8]) -> bool {
    let distance = to.as_ptr().addr().wrapping_sub(from.as_ptr().addr()) % PAGE;
    cfg!(target_arch = "x86_64") && from.len() >= SHORT && (1..16).contains(&distance)
}

/// Addresses that agree modulo this are taken for the same by the processor.
const PAGE: usize = 4096;

/// Shorter copies are made without `rep movsb`.
const SHORT: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_the_same_and_the_distance_never_slow() {
        let from: Vec<u8> = (0..40_000).map(|i| (i * 7) as u8).collect();
        let to = vec![0; 3 * PAGE];
        let mut detour = Detour::default();
        let mut detours = 0;
        for distance in 0..=PAGE {
            for length in [0, 1, SHORT - 1, SHORT, 30_000] {
                let (from, to) = (&from[9..9 + length], &to[distance..]);
                let slow = is_slow(from, to);
                let source = detour.source(from, to);
                assert_eq!(source, from);
                assert!(!is_slow(source, to) && !is_slow(from, source));
                assert_eq!(source.as_ptr() != from.as_ptr(), slow);
                detours += usize::from(slow);
            }
        }
        // Each of the fifteen distances for each of the two long copies, where it matters.
        assert!(detours >= 30 || !cfg!(target_arch = "x86_64"));
    }
}
