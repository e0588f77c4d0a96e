//! The bytes in flight to the peer, exactly and by class, and what an ack tells about them.

use alloc::collections::VecDeque;
use core::time::Duration;

use transom_wire::{Ack, DecodeError};

use crate::{Instant, PeerError};

/// Records in flight whose sending time is remembered; beyond, neighbours share one. 1,024 full
/// records are 64 MiB, more than any socket takes.
const MARKS: usize = 1024;

/// Bytes by class, in the order in which a record holds them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sizes {
    pub(crate) control: u64,
    /// Pictures and sound.
    pub(crate) media: u64,
    /// Texts and file control.
    pub(crate) text: u64,
    /// File data.
    pub(crate) bulk: u64,
    /// The ack that rides along.
    pub(crate) ack: u64,
}

/// What an ack tells about the record that holds the last byte acked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Sample {
    /// The peer's clock at receiving minus ours at sending, in microseconds: wrong by a constant,
    /// which the difference from a minimum cancels.
    pub(crate) one_way: i64,
    /// From sending until the ack came.
    pub(crate) rtt: Duration,
    /// When the record was sent, so little was in flight that none of our bytes made it wait.
    pub(crate) is_clean: bool,
    /// The record's own bytes up to the last one acked.
    pub(crate) own: u64,
}

/// What we have sent, and how much of it the peer has received: `acked <= sent`, and `by_class`
/// sums up to `sent - acked`, whatever a peer's acks say.
#[derive(Default)]
pub(crate) struct InFlight {
    sent: u64,
    acked: u64,
    by_class: Sizes,
    marks: VecDeque<Mark>,
}

/// One record in flight.
#[derive(Clone, Copy)]
struct Mark {
    /// Plain bytes sent up to its beginning, and up to its end.
    start: u64,
    end: u64,
    /// Its bytes that are not acked.
    rest: Sizes,
    at: Instant,
    is_clean: bool,
}

impl InFlight {
    /// A record was sent; `is_clean`: see [`Sample`].
    pub(crate) fn record(&mut self, sizes: Sizes, is_clean: bool, now: Instant) {
        let start = self.sent;
        self.sent += sizes.total();
        self.by_class.add(sizes);
        let mark = Mark {
            start,
            end: self.sent,
            rest: sizes,
            at: now,
            is_clean,
        };
        let full = self.marks.len() >= MARKS;
        match self.marks.back_mut() {
            Some(last) if full => last.merge(mark),
            _ => self.marks.push_back(mark),
        }
    }

    pub(crate) fn handle_ack(
        &mut self,
        ack: Ack,
        now: Instant,
    ) -> Result<Option<Sample>, PeerError> {
        if ack.received > self.sent || ack.received < self.acked {
            return Err(DecodeError::Illegal("received").into());
        }
        if ack.received == self.acked {
            return Ok(None);
        }
        self.acked = ack.received;
        while let Some(mark) = self.marks.front_mut() {
            let Mark {
                start,
                end,
                at,
                is_clean,
                ..
            } = *mark;
            self.by_class.subtract(mark.ack(ack.received));
            if end <= ack.received {
                self.marks.pop_front();
            }
            if end >= ack.received {
                return Ok(Some(Sample {
                    one_way: ack.clock.wrapping_sub(at.0).cast_signed(),
                    rtt: now - at,
                    is_clean,
                    own: ack.received.saturating_sub(start),
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

    /// When the oldest record was sent that holds unacked sound, pictures, texts or file data. The
    /// peer acks these soon; it may ack a pong only with its next ping.
    pub(crate) fn oldest(&self) -> Option<Instant> {
        let mark = self.marks.iter().find(|mark| mark.rest.acked_soon() > 0);
        mark.map(|mark| mark.at)
    }

    pub(crate) fn by_class(&self) -> Sizes {
        self.by_class
    }
}

impl Mark {
    /// The peer has received so many bytes since the connection began; gives the bytes of this
    /// record that are newly acked.
    fn ack(&mut self, received: u64) -> Sizes {
        let left = self.end.saturating_sub(received);
        let newly = self.rest.total().saturating_sub(left);
        self.rest.take(newly)
    }

    /// Makes one mark of two neighbours. It holds the bytes of each class as one run, so that an
    /// ack inside it counts too few bytes of the later classes rather than too many.
    fn merge(&mut self, next: Mark) {
        self.end = next.end;
        self.rest.add(next.rest);
    }
}

impl Sizes {
    pub(crate) fn total(&self) -> u64 {
        self.control + self.media + self.text + self.bulk + self.ack
    }

    fn acked_soon(&self) -> u64 {
        self.media + self.text + self.bulk
    }

    fn fields(&mut self) -> [&mut u64; 5] {
        let Self {
            control,
            media,
            text,
            bulk,
            ack,
        } = self;
        [control, media, text, bulk, ack]
    }

    fn add(&mut self, mut more: Self) {
        let pairs = self.fields().into_iter().zip(more.fields());
        pairs.for_each(|(mine, more)| *mine += *more);
    }

    fn subtract(&mut self, mut less: Self) {
        let pairs = self.fields().into_iter().zip(less.fields());
        pairs.for_each(|(mine, less)| *mine -= *less);
    }

    /// Removes the first `bytes` and gives them.
    fn take(&mut self, mut bytes: u64) -> Self {
        let mut taken = Self::default();
        for (mine, taken) in self.fields().into_iter().zip(taken.fields()) {
            *taken = bytes.min(*mine);
            *mine -= *taken;
            bytes -= *taken;
        }
        taken
    }
}

#[cfg(test)]
mod tests;
