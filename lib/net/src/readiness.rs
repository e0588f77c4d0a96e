//! Whether a peer's socket can be read or written, and whether there is work for it. It has no
//! socket itself.

use mio::event::Event;

/// Polling is edge-triggered: the system reports a change once. So a state lasts until a read or a
/// write would block, also when a peer stops earlier because of its budget or of its owner.
///
/// ```text
/// reading   Drained --bytes--> Ready --a read that leaves room, would block--> Drained
///              `------ end or error ------> Ending --would block--> Drained
/// writing   Full --room, error--> Free --would block--> Full
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Readiness {
    reading: Reading,
    writing: Writing,
    work: Work,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Reading {
    /// A read would block.
    #[default]
    Drained,
    /// There may be bytes.
    Ready,
    /// There may be bytes, and after them the end of the stream or an error, which cause no further
    /// edge.
    Ending,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Writing {
    /// A write would block.
    #[default]
    Full,
    /// There may be room.
    Free,
}

/// Whether the session or the room in the socket has changed since
/// [`take_work`](Readiness::take_work) was last called.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Work {
    #[default]
    Done,
    Due,
}

impl Readiness {
    /// Records a readiness event.
    pub(crate) fn note(&mut self, event: &Event) {
        if event.is_read_closed() || event.is_error() {
            self.ends();
        } else if event.is_readable() {
            self.may_read();
        }
        if event.is_writable() || event.is_write_closed() || event.is_error() {
            self.may_write();
        }
    }

    /// There are bytes to read.
    fn may_read(&mut self) {
        if self.reading == Reading::Drained {
            self.reading = Reading::Ready;
        }
    }

    /// The end of the stream or an error is to be read, possibly after bytes.
    pub(crate) fn ends(&mut self) {
        self.reading = Reading::Ending;
    }

    fn may_write(&mut self) {
        self.writing = Writing::Free;
        self.work = Work::Due;
    }

    /// A read with room for `room` bytes returned `count`. With room left the socket is drained,
    /// and a second read would only cost a system call. Windows reports new bytes only after a
    /// read that would block, so there the second read is needed.
    pub(crate) fn was_read(&mut self, count: usize, room: usize) {
        if count < room && self.reading == Reading::Ready && cfg!(unix) {
            self.reading = Reading::Drained;
        }
    }

    pub(crate) fn read_would_block(&mut self) {
        self.reading = Reading::Drained;
    }

    pub(crate) fn write_would_block(&mut self) {
        self.writing = Writing::Full;
    }

    /// There may be new bytes to send or events to emit.
    pub(crate) fn touch(&mut self) {
        self.work = Work::Due;
    }

    /// Whether there is work; clears it.
    pub(crate) fn take_work(&mut self) -> bool {
        std::mem::take(&mut self.work) == Work::Due
    }

    pub(crate) fn has_work(self) -> bool {
        self.work == Work::Due
    }

    pub(crate) fn can_read(self) -> bool {
        self.reading != Reading::Drained
    }

    pub(crate) fn can_write(self) -> bool {
        self.writing == Writing::Free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_socket_is_neither_readable_nor_writable_and_has_no_work() {
        let readiness = Readiness::default();
        assert!(!readiness.can_read() && !readiness.can_write() && !readiness.has_work());
    }

    #[test]
    #[cfg(unix)]
    fn a_read_that_leaves_room_drains_the_socket_and_a_full_one_does_not() {
        let mut readiness = Readiness::default();
        readiness.may_read();
        readiness.was_read(100, 100);
        assert!(readiness.can_read());
        readiness.was_read(99, 100);
        assert!(!readiness.can_read());
    }

    #[test]
    fn the_end_of_the_stream_is_read_although_the_bytes_before_it_left_room() {
        for more_bytes in [false, true] {
            let mut readiness = Readiness::default();
            readiness.ends();
            if more_bytes {
                readiness.may_read();
            }
            readiness.was_read(1, 100);
            assert!(readiness.can_read());
            readiness.read_would_block();
            assert!(!readiness.can_read());
        }
    }

    #[test]
    fn room_is_work_and_lasts_until_a_write_would_block() {
        let mut readiness = Readiness::default();
        readiness.may_write();
        assert!(readiness.take_work() && !readiness.take_work());
        assert!(readiness.can_write());
        readiness.write_would_block();
        assert!(!readiness.can_write() && !readiness.has_work());
        readiness.touch();
        assert!(readiness.has_work() && readiness.take_work() && !readiness.has_work());
    }
}
