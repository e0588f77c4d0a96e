//! The record being filled: whole frames only, written to the caller's buffer, counted by class.

use transom_wire::{Class, Kind, Message, limits};

use crate::path::Sizes;

/// ```text
///  0 ........... used ............ end ......... out.len()
///   whole frames       free           reserve
/// ```
pub(crate) struct Record<'a> {
    out: &'a mut [u8],
    used: usize,
    end: usize,
    sizes: Sizes,
}

impl<'a> Record<'a> {
    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Self {
            used: 0,
            end: out.len(),
            sizes: Sizes::default(),
            out,
        }
    }

    /// Keeps so many bytes at the end free until [`open_reserve`](Self::open_reserve).
    pub(crate) fn with_reserve(out: &'a mut [u8], bytes: usize) -> Self {
        let mut record = Self::new(out);
        record.end = record.end.saturating_sub(bytes);
        record
    }

    pub(crate) fn open_reserve(&mut self) {
        self.end = self.out.len();
    }

    /// Adds a frame, or nothing if it does not fit.
    pub(crate) fn push(&mut self, stream: u16, flags: u8, message: &Message<'_>) -> bool {
        let Ok(used) = message.encode(stream, flags, self.free()) else {
            return false;
        };
        self.used += used;
        match message.kind() {
            Kind::Ack => self.sizes.ack += used as u64,
            kind => *self.size_of(kind.class()) += used as u64,
        }
        true
    }

    /// Adds an encoded frame, or nothing if it does not fit.
    pub(crate) fn append(&mut self, class: Class, frame: &[u8]) -> bool {
        let Some(start) = self.free().get_mut(..frame.len()) else {
            return false;
        };
        start.copy_from_slice(frame);
        self.used += frame.len();
        *self.size_of(class) += frame.len() as u64;
        true
    }

    /// Payload bytes of the largest frame that still fits.
    pub(crate) fn room(&self) -> usize {
        let left = self.end - self.used;
        left.saturating_sub(limits::HEADER).min(limits::PAYLOAD)
    }

    /// Bytes of the record when it is full.
    pub(crate) fn size(&self) -> usize {
        self.end
    }

    pub(crate) fn used(&self) -> usize {
        self.used
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Bytes used, by class.
    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// The bytes that the next frame may take.
    fn free(&mut self) -> &mut [u8] {
        self.out.get_mut(self.used..self.end).unwrap_or_default()
    }

    fn size_of(&mut self, class: Class) -> &mut u64 {
        match class {
            Class::Control => &mut self.sizes.control,
            Class::Audio | Class::Video => &mut self.sizes.media,
            Class::Text => &mut self.sizes.text,
            Class::Bulk => &mut self.sizes.bulk,
        }
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
        assert!(
            !record.append(Class::Bulk, &[7; limits::HEADER + 3]),
            "a byte too long"
        );
        assert_eq!(record.used(), limits::HEADER + 3);
        assert!(record.append(Class::Bulk, &[7; limits::HEADER + 2]));
        assert_eq!((record.used(), record.room()), (record.size(), 0));
        assert!(!record.is_empty());
        assert!(record.append(Class::Bulk, &[]) && !record.append(Class::Bulk, &[7]));
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

    #[test]
    fn the_reserve_stays_free_until_it_is_opened() {
        let mut out = [0; 3 * limits::HEADER + 8];
        let mut record = Record::with_reserve(&mut out, limits::HEADER + 5);
        assert_eq!((record.size(), record.room()), (2 * limits::HEADER + 3, 11));
        assert!(record.push(1, 0, &Message::Data(b"123")));
        assert!(!record.push(1, 0, &Message::Data(b"456")));
        assert!(!record.append(Class::Bulk, &[7; limits::HEADER + 1]));
        record.open_reserve();
        assert!(record.push(1, 0, &Message::Data(b"456")));
        assert_eq!(record.sizes().bulk, 2 * (limits::HEADER as u64 + 3));
        let mut out = [0; 4];
        assert_eq!(Record::with_reserve(&mut out, 5).size(), 0);
    }

    #[test]
    fn bytes_are_counted_by_class() {
        let mut out = [0; 1000];
        let mut record = Record::new(&mut out);
        let clock = 7;
        record.push(0, 0, &Message::Ping(transom_wire::Ping { clock }));
        record.push(1, 0, &Message::PictureData(b"12"));
        record.append(Class::Audio, &[0; 30]);
        record.append(Class::Text, &[0; 40]);
        record.push(1, 0, &Message::Data(b"1234"));
        let received = 9;
        record.push(0, 0, &Message::Ack(transom_wire::Ack { received, clock }));
        let sizes = Sizes {
            control: 16,
            media: 10 + 30,
            text: 40,
            bulk: 12,
            ack: 24,
        };
        assert_eq!(record.sizes(), sizes);
        assert_eq!(record.used() as u64, 16 + 40 + 40 + 12 + 24);
    }
}
