//! How fast the way to the peer is, measured by its acks, and how large a record may be there.

use core::time::Duration;

use transom_wire::Ack;
use transom_wire::limits::{HEADER, RECORD_LIVE, SMALL_PAYLOAD};

use crate::Instant;
use crate::ack::ACK_BYTES;

/// The longest that one record should take on the way. Pings go once a second, and texts and answers
/// wait behind the record that is on its way: a quarter of that keeps both lively. From 2 Mbit/s on
/// it is no limit.
const RECORD_TIME: Duration = Duration::from_millis(250);

/// The largest frame that can't be cut, and an ack: no record is smaller. It takes more than
/// [`RECORD_TIME`] below 136 kbit/s, and 3.4 s at 10 kbit/s, where a call still lives.
const LEAST_RECORD: usize = HEADER + SMALL_PAYLOAD + ACK_BYTES;

/// A shorter interval tells more of how the peer's system hands bytes on than of the way.
const INTERVAL: Duration = Duration::from_millis(20);

/// Assumed until it is measured: a live record in [`RECORD_TIME`], so that the first records don't
/// block a slow way already, and a fast one loses nothing worth mentioning in its first round trip.
const FIRST: u64 = 4 * RECORD_LIVE as u64;

/// The delivery rate, in bytes per second. An interval in which we had too little to send shows less
/// than the way can do: it raises the rate, and only one in which bytes waited on the way lowers it.
pub(crate) struct Delivery {
    rate: u64,
    /// The ack at which the interval that runs began.
    from: Option<Ack>,
}

impl Delivery {
    pub(crate) fn new() -> Self {
        let (rate, from) = (FIRST, None);
        Self { rate, from }
    }

    /// Takes an ack in; `queued`: how long the last of its bytes waited on the way.
    pub(crate) fn handle_ack(&mut self, ack: Ack, queued: Duration) {
        let from = *self.from.get_or_insert(ack);
        let span = Instant(ack.clock) - Instant(from.clock);
        if ack.clock >= from.clock && span < INTERVAL {
            return;
        }
        self.from = Some(ack);
        if span.is_zero() {
            return;
        }
        let bytes = ack.received.saturating_sub(from.received);
        let measured = u128::from(bytes) * 1_000_000 / span.as_micros();
        let measured = u64::try_from(measured).unwrap_or(u64::MAX);
        let is_busy = queued >= span / 2;
        if is_busy || measured > self.rate {
            self.rate = measured;
        }
    }

    /// Bytes of a record that takes [`RECORD_TIME`] at most, but never more than `most`.
    pub(crate) fn record(&self, most: usize) -> usize {
        let bytes = u128::from(self.rate) * RECORD_TIME.as_micros() / 1_000_000;
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        most.min(bytes.max(LEAST_RECORD))
    }
}
