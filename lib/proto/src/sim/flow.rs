//! One direction of a TCP connection: a sender, a receiver, and the values that the bytes stand
//! for. It knows no link: it gives out segments to send, and learns which arrived.

mod receiver;
mod recovery;
mod sender;
mod timeout;

use alloc::collections::VecDeque;
use core::time::Duration;

use receiver::Receiver;
use sender::Sender;

pub(super) use receiver::Ack;
pub(super) use sender::Segment;

pub(super) struct Flow<T> {
    /// Values that were written and not read yet, each with the end of its bytes.
    values: VecDeque<(u64, T)>,
    sender: Sender,
    receiver: Receiver,
    /// Received bytes that were reported to the reader.
    reported: u64,
}

/// For the application.
impl<T> Flow<T> {
    pub(super) fn new() -> Self {
        Self {
            values: VecDeque::new(),
            sender: Sender::new(),
            receiver: Receiver::default(),
            reported: 0,
        }
    }

    /// Sets `TCP_NOTSENT_LOWAT` in bytes, and `TCP_USER_TIMEOUT`.
    pub(super) fn tune(&mut self, unsent_limit: usize, user_timeout: Duration) {
        self.sender.tune(unsent_limit, user_timeout);
    }

    /// Whether the socket is writable. After a `false`, [`unblocks`](Self::unblocks) tells when it
    /// is again.
    pub(super) fn is_writable(&mut self) -> bool {
        self.sender.is_writable()
    }

    /// Whether a socket that was full has become writable: as in Linux, only once half of the
    /// unsent bytes and a third of the buffer are gone.
    pub(super) fn unblocks(&mut self) -> bool {
        self.sender.unblocks()
    }

    pub(super) fn write(&mut self, value: T, bytes: usize) {
        let end = self.sender.write(bytes);
        self.values.push_back((end, value));
    }

    /// The next value whose bytes are all received.
    pub(super) fn read(&mut self) -> Option<T> {
        let (end, _) = self.values.front()?;
        if *end > self.receiver.received() {
            return None;
        }
        let (end, value) = self.values.pop_front()?;
        self.reported = self.reported.max(end);
        Some(value)
    }

    /// Bytes of an incomplete value that were received since the reader last asked.
    pub(super) fn read_partial(&mut self) -> usize {
        let received = self.receiver.received();
        let more = received.saturating_sub(self.reported);
        self.reported = self.reported.max(received);
        more as usize
    }

    /// Bytes written and not acked.
    pub(super) fn buffered(&self) -> usize {
        self.sender.buffered()
    }

    /// Whether nothing was acked within `TCP_USER_TIMEOUT`.
    pub(super) fn is_dead(&self) -> bool {
        self.sender.is_dead()
    }
}

/// For the network.
impl<T> Flow<T> {
    /// The next segment that may be sent now.
    pub(super) fn poll_transmit(&mut self, now: Duration) -> Option<Segment> {
        self.sender.poll_transmit(now)
    }

    /// A segment arrived at the receiver. Returns the ack to send back.
    pub(super) fn handle_segment(&mut self, segment: &Segment) -> Ack {
        self.receiver.handle_segment(segment)
    }

    /// An ack arrived at the sender.
    pub(super) fn handle_ack(&mut self, ack: &Ack, now: Duration) {
        self.sender.handle_ack(ack, now);
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.sender.poll_timeout()
    }

    /// Handles the sender's timer, after which [`poll_transmit`](Self::poll_transmit) may have
    /// segments.
    pub(super) fn handle_timeout(&mut self, now: Duration) {
        self.sender.handle_timeout(now);
    }
}
