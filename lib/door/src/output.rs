//! What a connection writes next: bytes of its own, then a range of a shared frame.

use std::ops::Range;
use std::sync::Arc;

use crate::frame::Frame;

#[derive(Debug, Default)]
pub(crate) struct Output {
    own: Vec<u8>,
    /// How much of `own` is written.
    written: usize,
    shared: Option<(Arc<Frame>, Range<usize>)>,
}

impl Output {
    pub(crate) fn of(own: Vec<u8>) -> Self {
        Self {
            own,
            ..Self::default()
        }
    }

    pub(crate) fn with_frame(own: Vec<u8>, frame: Arc<Frame>, range: Range<usize>) -> Self {
        Self {
            shared: Some((frame, range)),
            ..Self::of(own)
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        let shared = self.shared.as_ref();
        self.written == self.own.len() && shared.is_none_or(|(_, range)| range.is_empty())
    }

    pub(crate) fn has_frame(&self) -> bool {
        self.shared.is_some()
    }

    /// All for one vectored write: Mainsail looks for a picture's start within one chunk.
    pub(crate) fn slices(&self) -> [&[u8]; 4] {
        let own = self.own.get(self.written..).unwrap_or_default();
        let shared = self.shared.as_ref();
        let shared = shared.map(|(frame, range)| frame.slices(range.clone()));
        let [a, b, c] = shared.unwrap_or_default();
        [own, a, b, c]
    }

    /// That many bytes were written. A frame is let go of with its last byte.
    pub(crate) fn advance(&mut self, count: usize) {
        let own = count.min(self.own.len() - self.written);
        self.written += own;
        if let Some((_, range)) = &mut self.shared {
            range.start = range.end.min(range.start + (count - own));
        }
        if self.is_empty() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::frame::Stamp;

    #[test]
    fn any_cut_writes_the_same() {
        let stamp = Stamp {
            sequence: 1,
            captured: Instant::now(),
            unix: Duration::ZERO,
        };
        let frame = Frame::new(Arc::new(b"\xff\xd8\xff\xd9".to_vec()), 1, stamp);
        let frame = Arc::new(frame);
        for step in 1..12 {
            let mut output = Output::with_frame(b"head".to_vec(), Arc::clone(&frame), frame.jpeg());
            let mut out = Vec::new();
            while !output.is_empty() {
                let all = output.slices().concat();
                let count = all.len().min(step);
                out.extend_from_slice(&all[..count]);
                output.advance(count);
            }
            assert_eq!(out, b"head\xff\xd8\xff\xd9");
        }
        assert_eq!(Arc::strong_count(&frame), 1);
    }
}
