//! Encoded frames of one class, waiting in order.

use alloc::vec::Vec;

use transom_wire::{Class, Message, limits};

use super::record::Record;

/// Sent bytes at the start of the buffer that are worth moving the waiting bytes to its start for.
const COMPACT: usize = 16 * 1024;

pub(crate) struct Queue {
    class: Class,
    bytes: Vec<u8>,
    /// Where the first waiting frame begins; the bytes before it have been sent.
    start: usize,
    /// Bytes of all frames that were ever sent.
    sent: u64,
}

/// A position in the stream of a queue's frames, to learn later whether those before it were sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct QueueEnd(u64);

impl Queue {
    pub(crate) fn new(class: Class) -> Self {
        Self {
            class,
            bytes: Vec::new(),
            start: 0,
            sent: 0,
        }
    }

    /// Adds a message. Texts and paths in it are within the wire's limits, so that it fits.
    pub(crate) fn push(&mut self, stream: u16, message: &Message<'_>) {
        let mut frame = [0; limits::HEADER + limits::SMALL_PAYLOAD];
        let used = message.encode(stream, 0, &mut frame);
        debug_assert!(used.is_ok(), "a small message fits");
        let frame = frame.get(..used.unwrap_or(0)).unwrap_or(&[]);
        self.bytes.extend_from_slice(frame);
    }

    /// Moves as many whole frames as fit.
    pub(crate) fn pull(&mut self, record: &mut Record<'_>) {
        while let Some(frame) = self.front()
            && record.append(self.class, frame)
        {
            let bytes = frame.len();
            self.start += bytes;
            self.sent += bytes as u64;
        }
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start >= COMPACT {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// The end of the frames that wait now.
    pub(crate) fn end(&self) -> QueueEnd {
        QueueEnd(self.sent + self.len() as u64)
    }

    /// Whether all frames before that position have been sent.
    pub(crate) fn has_sent(&self, end: QueueEnd) -> bool {
        self.sent >= end.0
    }

    fn front(&self) -> Option<&[u8]> {
        let waiting = self.bytes.get(self.start..)?;
        let len = u32::from_be_bytes(*waiting.first_chunk()?);
        waiting.get(..limits::HEADER + usize::try_from(len).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use transom_wire::Ping;

    use super::*;

    #[test]
    fn an_end_is_reached_once_the_frames_before_it_are_sent() {
        let mut queue = Queue::new(Class::Control);
        let ping = Message::Ping(Ping { clock: 7 });
        let pull = |queue: &mut Queue| queue.pull(&mut Record::new(&mut [0; limits::HEADER + 8]));
        assert!(queue.has_sent(queue.end()), "there are none");
        queue.push(0, &ping);
        queue.push(0, &ping);
        // A sent frame stays in the buffer while another waits.
        pull(&mut queue);
        let end = queue.end();
        queue.push(0, &ping);
        assert!(!queue.has_sent(end));
        pull(&mut queue);
        assert!(queue.has_sent(end) && !queue.has_sent(queue.end()));
    }

    #[test]
    fn a_queue_that_is_never_empty_takes_no_more_memory_for_what_was_sent() {
        let mut queue = Queue::new(Class::Control);
        let ping = |clock| Message::Ping(Ping { clock });
        queue.push(0, &ping(0));
        for clock in 1..10_000 {
            queue.push(0, &ping(clock));
            let mut out = [0; limits::HEADER + 8];
            queue.pull(&mut Record::new(&mut out));
            assert_eq!(out[limits::HEADER..], (clock - 1).to_be_bytes());
            assert_eq!(queue.len(), out.len());
            assert!(queue.bytes.len() < COMPACT + 2 * out.len());
        }
    }
}
