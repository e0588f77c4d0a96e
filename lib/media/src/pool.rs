//! Buffers for pictures, each used again once nobody has its picture any more. What is in them is
//! the business of those that fill them.

use std::sync::Arc;

/// A few buffers that were handed out, of which those come back that nobody else holds.
#[derive(Debug, Default)]
pub(crate) struct BufferPool {
    buffers: Vec<Arc<Vec<u8>>>,
}

/// One that is filled, one that is on its way to the viewers, and the last one that the loop has
/// for those that come later; a fourth while a slow viewer is still sent an older one.
const MAX_BUFFERS: usize = 4;

impl BufferPool {
    /// A buffer with what `fill` appends to an empty one. It takes memory only while all buffers
    /// are held, or are too small.
    pub(crate) fn filled(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Arc<Vec<u8>> {
        let is_free = |buffer: &mut Arc<_>| Arc::get_mut(buffer).is_some();
        // The one that was filled last may still be in the processor's cache.
        let mut buffer = match self.buffers.iter_mut().rposition(is_free) {
            Some(free) => self.buffers.swap_remove(free),
            None => {
                if self.buffers.len() == MAX_BUFFERS {
                    self.buffers.remove(0);
                }
                Arc::default()
            }
        };
        // It is ours alone, so that nothing is cloned.
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
