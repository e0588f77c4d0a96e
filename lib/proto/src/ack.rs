//! Acknowledgements in both directions (wire 4): what we owe the peer, and what its acks tell about
//! the way.

use alloc::collections::VecDeque;
use core::time::Duration;

use transom_wire::{Ack, DecodeError, Message, limits};

use crate::record::Record;
use crate::{Instant, PeerError};

/// Plain bytes that an ack takes.
pub(crate) const ACK_BYTES: usize = limits::HEADER + 16;

/// The longest that received bytes wait for their ack.
const LATEST: Duration = Duration::from_millis(20);

/// Records under way whose sending time is remembered; beyond, neighbours share one. 1,024 full
/// records are 64 MiB, more than any socket takes.
const MARKS: usize = 1024;

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

/// One record under way: `bulk <= bulk_end`, and what is before `bulk_end - bulk` and behind
/// `bulk_end` is of other classes.
///
/// ```text
/// ..|control, text | bulk ....... | ack|..
///                          bulk_end^   ^end
/// ```
#[derive(Clone, Copy)]
struct Mark {
    /// Plain bytes sent up to its end.
    end: u64,
    /// Plain bytes sent up to the end of its bulk.
    bulk_end: u64,
    /// Its bytes of class bulk that are not acked.
    bulk: u64,
    at: Instant,
}

/// Bytes of a record by class, in their order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sizes {
    /// Everything above bulk.
    pub(crate) before: usize,
    pub(crate) bulk: usize,
    /// The ack that rides along.
    pub(crate) behind: usize,
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

/// What we have sent, and how much of it the peer has taken in: `acked <= sent` and
/// `bulk_unacked <= sent - acked`, whatever a peer's acks say.
#[derive(Default)]
pub(crate) struct InFlight {
    sent: u64,
    acked: u64,
    bulk_unacked: u64,
    marks: VecDeque<Mark>,
}

impl InFlight {
    pub(crate) fn record(&mut self, sizes: Sizes, now: Instant) {
        let Sizes {
            before,
            bulk,
            behind,
        } = sizes;
        let bulk_end = self.sent + (before + bulk) as u64;
        self.sent = bulk_end + behind as u64;
        self.bulk_unacked += bulk as u64;
        let mark = Mark {
            end: self.sent,
            bulk_end,
            bulk: bulk as u64,
            at: now,
        };
        let full = self.marks.len() >= MARKS;
        match self.marks.back_mut() {
            Some(last) if full => last.take_in(mark),
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
        let before = self.bulk_unacked;
        while let Some(mark) = self.marks.front_mut() {
            let (end, at) = (mark.end, mark.at);
            self.bulk_unacked = self.bulk_unacked.saturating_sub(mark.ack(ack.received));
            if end <= ack.received {
                self.marks.pop_front();
            }
            if end >= ack.received {
                let one_way = ack.clock.wrapping_sub(at.0).cast_signed();
                let bulk = before - self.bulk_unacked;
                return Ok(Some(Sample { one_way, bulk }));
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
        self.bulk_unacked
    }

    /// Bytes in flight that are not of class bulk.
    pub(crate) fn others_unacked(&self) -> u64 {
        self.unacked().saturating_sub(self.bulk_unacked)
    }
}

impl Mark {
    /// The peer has taken in so many bytes since the connection began; gives how many of this
    /// record's bulk bytes are newly among them.
    fn ack(&mut self, received: u64) -> u64 {
        let left = self.bulk.min(self.bulk_end.saturating_sub(received));
        let acked = self.bulk - left;
        self.bulk = left;
        acked
    }

    /// Makes one mark of two neighbours. The bulk of both counts as one run at the end, so that an
    /// ack inside acks rather too little of it.
    fn take_in(&mut self, next: Mark) {
        self.end = next.end;
        self.bulk_end = next.bulk_end;
        self.bulk += next.bulk;
    }
}

#[cfg(test)]
mod tests;
