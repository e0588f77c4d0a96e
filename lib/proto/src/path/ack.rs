//! Acks that we owe the peer (wire 4).

use core::time::Duration;

use transom_wire::{Ack, Message, limits};

use crate::Instant;
use crate::send::Record;

/// Plain bytes that an ack takes.
pub(crate) const ACK_BYTES: usize = limits::HEADER + 16;

/// The longest that a received frame waits for its ack.
const LATEST: Duration = Duration::from_millis(20);

/// Pictures and file data are acked at once, but not more often than this: 500 acks a second cost
/// little, and a window of 4 ms needs one each 2 ms.
const PAUSE: Duration = Duration::from_millis(2);

/// Counts received bytes and decides when the peer is told of them.
#[derive(Default)]
pub(crate) struct AckSender {
    received: u64,
    /// When the last of them arrived.
    at: Instant,
    /// `received` in the last ack, and when that was sent.
    acked: u64,
    acked_at: Instant,
    /// When to ack at the latest. A record of acks alone sets no time: else two sides would ack
    /// each other's acks without end.
    due: Option<Instant>,
    /// An ack is due whatever the time is.
    now: bool,
}

impl AckSender {
    pub(crate) fn on_received(&mut self, bytes: usize, now: Instant) {
        self.received += bytes as u64;
        self.at = now;
    }

    /// A frame arrived that is acked within [`LATEST`].
    pub(crate) fn soon(&mut self, now: Instant) {
        self.due = self.due.or(Some(now + LATEST));
    }

    /// Pictures or file data arrived, or frames of an unknown kind, which may carry such data.
    pub(crate) fn data(&mut self, now: Instant) {
        // Never later than an ack that is due already: LATEST is longer than PAUSE.
        self.due = Some(now.max(self.acked_at + PAUSE));
    }

    /// A picture ended: ack at once.
    pub(crate) fn at_once(&mut self) {
        self.now = true;
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.due.is_some_and(|due| due <= now) {
            self.now = true;
            self.due = None;
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// Writes an ack if one is due; also if the record holds `others` and bytes were received since
    /// the last ack.
    pub(crate) fn pull(&mut self, record: &mut Record<'_>, others: bool, now: Instant) {
        let due = self.now || self.due.is_some_and(|due| due <= now);
        let rides = others && self.received > self.acked;
        if !due && !rides {
            return;
        }
        let ack = Ack {
            received: self.received,
            clock: self.at.0,
        };
        if record.push(0, 0, &Message::Ack(ack)) {
            self.acked = self.received;
            self.acked_at = now;
            self.now = false;
            self.due = None;
        }
    }

    pub(crate) fn received(&self) -> u64 {
        self.received
    }
}

#[cfg(test)]
mod tests;
