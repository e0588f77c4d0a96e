//! What a peer's socket can do now, and whether there is work for it. It knows no socket.

use mio::event::Event;

/// The system tells of a change once (edge-triggered), so a state lasts until a read or a write
/// shows that it is over. A peer that stops earlier, for its budget or because its owner has not
/// answered, keeps it.
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
    /// There may be bytes, and behind them the end of the stream or an error, of which no new edge
    /// tells.
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

/// Whether the session or the room in the socket has changed since the last
/// [`take_work`](Readiness::take_work).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Work {
    #[default]
    Done,
    Due,
}

impl Readiness {
    /// Notes what the system tells.
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

    /// There is an end or an error to read, and before it perhaps bytes.
    pub(crate) fn ends(&mut self) {
        self.reading = Reading::Ending;
    }

    fn may_write(&mut self) {
        self.writing = Writing::Free;
        self.work = Work::Due;
    }

    /// A read gave `count` bytes where there was room for `room`. With room left the socket has no
    /// more: asking again would cost a system call only to hear that. Windows tells of new bytes
    /// only after a read that would have blocked.
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

    /// There may be something new to send or to tell.
    pub(crate) fn touch(&mut self) {
        self.work = Work::Due;
    }

    /// Whether there may be something new to send or to tell; once.
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
    fn a_new_socket_can_do_nothing_and_has_nothing_to_do() {
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
    fn an_end_is_read_though_the_bytes_before_it_left_room() {
        for bytes_come_again in [false, true] {
            let mut readiness = Readiness::default();
            readiness.ends();
            if bytes_come_again {
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
