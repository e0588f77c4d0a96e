//! A pool of buffers for leaves: reused memory needs no page faults.

use alloc::vec::Vec;

use transom_wire::limits::LEAF;

pub(crate) struct Spare {
    buffers: Vec<Vec<u8>>,
    /// Capacity of all buffers, at most `most`.
    bytes: usize,
    most: usize,
}

impl Spare {
    pub(crate) fn new(most: usize) -> Self {
        let (buffers, bytes) = (Vec::new(), 0);
        Self {
            buffers,
            bytes,
            most,
        }
    }

    /// Keeps a buffer, if the pool has room and a leaf fits into the buffer.
    pub(crate) fn put(&mut self, buffer: Vec<u8>) {
        let bytes = self.bytes.saturating_add(buffer.capacity());
        if buffer.capacity() >= LEAF && bytes <= self.most {
            self.bytes = bytes;
            self.buffers.push(buffer);
        }
    }

    /// A buffer with room for a leaf. It keeps its length and old bytes, so that a disk can read
    /// into it without clearing it first.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        let buffer = self.buffers.pop()?;
        self.bytes = self.bytes.saturating_sub(buffer.capacity());
        Some(buffer)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.most);
    }

    /// Bytes kept.
    pub(crate) fn held(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_kept_fit_a_leaf_and_are_bounded() {
        let mut spare = Spare::new(2 * LEAF);
        spare.put(Vec::with_capacity(LEAF - 1));
        assert!(spare.take().is_none());
        for byte in 1..=3 {
            spare.put(alloc::vec![byte; LEAF]);
        }
        assert_eq!(spare.held(), 2 * LEAF);
        assert_eq!(spare.take().as_deref(), Some(&[2; LEAF][..]), "as it was");
        assert_eq!(spare.held(), LEAF);
        spare.put(Vec::with_capacity(LEAF + 1));
        assert_eq!(spare.held(), LEAF, "one byte too many");
        spare.clear();
        assert_eq!(spare.held(), 0);
        assert!(spare.take().is_none());
    }
}
