//! Acks that we owe the peer (wire 4).

use core::time::Duration;

use transom_wire::{Ack, Message, limits};

use crate::Instant;
use crate::send::Record;

/// Plain bytes that an ack takes.
pub(crate) const ACK_BYTES: usize = limits::HEADER + 16;

/// The longest that received bytes wait for their ack.
const LATEST: Duration = Duration::from_millis(20);

/// What we have taken in and not yet said so.
#[derive(Default)]
pub(crate) struct AckSender {
    received: u64,
    /// When the last of them came.
    at: Instant,
    /// What the last ack said.
    told: u64,
    /// When to ack at the latest; acks alone set nothing, or two sides would ack each other for
    /// ever.
    due: Option<Instant>,
    now: bool,
}

impl AckSender {
    pub(crate) fn took(&mut self, bytes: usize, now: Instant) {
        self.received += bytes as u64;
        self.at = now;
    }

    /// A frame came that deserves an ack in good time.
    pub(crate) fn soon(&mut self, now: Instant) {
        self.due = self.due.or(Some(now + LATEST));
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

    /// Writes the ack if it is due, or if there is one that can ride along with others.
    pub(crate) fn pull(&mut self, record: &mut Record<'_>, others: bool, live: bool, now: Instant) {
        let untold = self.received - self.told;
        let most = if live {
            limits::ACK_BYTES_LIVE
        } else {
            limits::ACK_BYTES_BULK
        };
        let late = self.due.is_some_and(|due| due <= now);
        let due = self.now || late || untold >= most;
        let rides = others && untold > 0;
        if !due && !rides {
            return;
        }
        let ack = Ack {
            received: self.received,
            clock: self.at.0,
        };
        if record.push(0, 0, &Message::Ack(ack)) {
            self.told = self.received;
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
