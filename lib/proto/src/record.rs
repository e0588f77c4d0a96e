//! The record being filled: whole frames only, straight into the caller's buffer.

use transom_wire::{Message, limits};

pub(crate) struct Record<'a> {
    out: &'a mut [u8],
    used: usize,
    /// Bytes of `used` that are pictures and sound, texts and file control, and file data.
    pub(crate) media: usize,
    pub(crate) text: usize,
    pub(crate) bulk: usize,
}

impl<'a> Record<'a> {
    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Self {
            out,
            used: 0,
            media: 0,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_added_whole_or_not_at_all() {
        let mut out = [0; 2 * limits::HEADER + 5];
        let mut record = Record::new(&mut out);
        assert!(record.is_empty());
        assert!(record.push(1, 0, &Message::Data(b"123")));
        assert_eq!((record.used(), record.room()), (limits::HEADER + 3, 2));
        assert!(
            !record.push(1, 0, &Message::Data(b"456")),
            "a byte too long"
        );
        assert!(!record.append(&[7; limits::HEADER + 3]), "a byte too long");
        assert_eq!(record.used(), limits::HEADER + 3);
        assert!(record.append(&[7; limits::HEADER + 2]));
        assert_eq!((record.used(), record.room()), (record.size(), 0));
        assert!(!record.is_empty());
        assert!(record.append(&[]) && !record.append(&[7]));
        assert_eq!(out[limits::HEADER..limits::HEADER + 3], *b"123");
        assert_eq!(out[limits::HEADER + 3..], [7; limits::HEADER + 2]);
    }

    #[test]
    fn no_frame_has_more_room_than_a_payload_may_have() {
        let mut out = [0; limits::PAYLOAD + 1000];
        let record = Record::new(&mut out);
        assert_eq!(record.room(), limits::PAYLOAD);
        assert_eq!(record.size(), limits::PAYLOAD + 1000);
    }
}
