//! Acknowledgements in both directions (wire 4): what we owe the peer, and what its acks tell about
//! the way.

use alloc::collections::VecDeque;
use core::time::Duration;

use transom_wire::{Ack, DecodeError, Message, limits};

use crate::record::Record;
use crate::{Instant, PeerError};

/// The longest that received bytes wait for their ack.
const LATEST: Duration = Duration::from_millis(20);

/// Records under way whose sending time is remembered; beyond, neighbours share one. 1,024 full
/// records are 64 MiB, more than any socket takes.
const MARKS: usize = 1024;

/// What we have taken in and not yet said so.
#[derive(Default)]
pub(crate) struct Owed {
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

impl Owed {
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

/// One record under way.
#[derive(Clone, Copy)]
struct Mark {
    /// Plain bytes sent up to its end.
    end: u64,
    /// Bytes of class bulk among them.
    bulk: u64,
    at: Instant,
}

/// What an ack tells about the record that holds the last byte acked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// From our clock at sending to the peer's at receiving: wrong by a constant, which a minimum
    /// takes out.
    pub(crate) one_way: i64,
    /// Bytes of class bulk newly acked.
    pub(crate) bulk: u64,
}

/// What we have sent, and how much of it the peer has taken in: `acked <= sent`.
#[derive(Default)]
pub(crate) struct Sent {
    sent: u64,
    acked: u64,
    bulk_sent: u64,
    bulk_acked: u64,
    marks: VecDeque<Mark>,
}

impl Sent {
    pub(crate) fn record(&mut self, bytes: usize, bulk: usize, now: Instant) {
        self.sent += bytes as u64;
        self.bulk_sent += bulk as u64;
        let mark = Mark {
            end: self.sent,
            bulk: self.bulk_sent,
            at: now,
        };
        let full = self.marks.len() >= MARKS;
        match self.marks.back_mut() {
            Some(last) if full => {
                *last = Mark {
                    at: last.at,
                    ..mark
                }
            }
            _ => self.marks.push_back(mark),
        }
    }

    pub(crate) fn handle_ack(&mut self, ack: Ack) -> Result<Option<Sample>, PeerError> {
        if ack.received > self.sent || ack.received < self.acked {
            return Err(DecodeError::Illegal("received").into());
        }
        if ack.received == self.acked {
            return Ok(None);
        }
        self.acked = ack.received;
        let before = self.bulk_acked;
        while let Some(mark) = self.marks.front().copied() {
            if mark.end <= ack.received {
                self.marks.pop_front();
                self.bulk_acked = mark.bulk;
            }
            if mark.end >= ack.received {
                let one_way = ack.clock.wrapping_sub(mark.at.0).cast_signed();
                return Ok(Some(Sample {
                    one_way,
                    bulk: self.bulk_acked - before,
                }));
            }
        }
        Ok(None)
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    pub(crate) fn unacked(&self) -> u64 {
        self.sent - self.acked
    }

    pub(crate) fn bulk_unacked(&self) -> u64 {
        self.bulk_sent - self.bulk_acked
    }
}
