//! Buffers for pictures. A buffer is reused once its picture has been dropped everywhere.

use std::sync::Arc;

/// A reference to each buffer that was handed out; a buffer without other references is free.
#[derive(Debug, Default)]
pub(crate) struct BufferPool {
    buffers: Vec<Arc<Vec<u8>>>,
}

/// One that is being filled, one that is being sent to the viewers, and the latest picture, which
/// the loop keeps for viewers that join later; a fourth while a slow viewer still gets an older
/// one.
const MAX_BUFFERS: usize = 4;

impl BufferPool {
    /// A buffer with what `fill` appends to an empty one. Allocates only if no buffer is free, or
    /// the free one is too small.
    pub(crate) fn filled(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Arc<Vec<u8>> {
        let is_free = |buffer: &mut Arc<_>| Arc::get_mut(buffer).is_some();
        // The last one first: it may still be in the processor's cache.
        let mut buffer = match self.buffers.iter_mut().rposition(is_free) {
            Some(free) => self.buffers.swap_remove(free),
            None => {
                if self.buffers.len() == MAX_BUFFERS {
                    self.buffers.remove(0);
                }
                Arc::default()
            }
        };
        // There is no other reference to it, so `make_mut` clones nothing.
        let bytes = Arc::make_mut(&mut buffer);
        bytes.clear();
        fill(bytes);
        self.buffers.push(Arc::clone(&buffer));
        buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_that_are_held_are_left_alone_and_others_used_again() {
        let mut pool = BufferPool::default();
        let mut filled = |byte| pool.filled(|bytes| bytes.push(byte));
        let held: Vec<_> = (0..7).map(&mut filled).collect();
        assert!((0..).zip(&held).all(|(byte, buffer)| **buffer == [byte]));
        let last = held[6].as_ptr();
        drop(held);
        let seen = [7, 8, 9].map(|byte| filled(byte).as_ptr());
        assert_eq!(seen, [last; 3]);
        assert_eq!(pool.buffers.len(), MAX_BUFFERS);
    }
}
