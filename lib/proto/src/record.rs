//! The record being filled: whole frames only, straight into the caller's buffer.

use transom_wire::{Message, limits};

pub(crate) struct Record<'a> {
    out: &'a mut [u8],
    used: usize,
    /// Bytes of `used` that are in class text, and in class bulk.
    pub(crate) text: usize,
    pub(crate) bulk: usize,
}

impl<'a> Record<'a> {
    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Self {
            out,
            used: 0,
            text: 0,
            bulk: 0,
        }
    }

    /// Adds a frame, or nothing if it does not fit.
    pub(crate) fn push(&mut self, stream: u16, flags: u8, message: &Message<'_>) -> bool {
        let Some(rest) = self.out.get_mut(self.used..) else {
            return false;
        };
        match message.encode(stream, flags, rest) {
            Ok(used) => self.used += used,
            Err(_) => return false,
        }
        true
    }

    /// Adds an encoded frame, or nothing if it does not fit.
    pub(crate) fn append(&mut self, frame: &[u8]) -> bool {
        let end = self.used + frame.len();
        let Some(rest) = self.out.get_mut(self.used..end) else {
            return false;
        };
        rest.copy_from_slice(frame);
        self.used = end;
        true
    }

    /// Payload bytes of the largest frame that still fits.
    pub(crate) fn room(&self) -> usize {
        let left = self.out.len().saturating_sub(self.used);
        left.saturating_sub(limits::HEADER).min(limits::PAYLOAD)
    }

    /// Bytes it has when it is full.
    pub(crate) fn size(&self) -> usize {
        self.out.len()
    }

    pub(crate) fn used(&self) -> usize {
        self.used
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0
    }
}
