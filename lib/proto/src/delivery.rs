//! How fast the way to the peer is, measured by its acks, and how large a record may be there.

use core::time::Duration;

use transom_wire::Ack;
use transom_wire::limits::{HEADER, SMALL_PAYLOAD};

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

/// File data on the way take at most so long to pass it while no call is live. More would only wait
/// in the buffers of the way, before texts, pings and the acks of what the peer sends: behind half a
/// minute of them TCP itself falls silent. Less than a round trip would slow a long way down.
const ON_THE_WAY: Duration = Duration::from_secs(2);

/// Assumed until it is measured, in bytes per second: a modem's. The first bytes must not block a slow
/// way already; on a fast one a connection's first file waits for two acks, 40 ms.
const FIRST: u64 = 16 * 1024;

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
        most.min(self.bytes_in(RECORD_TIME).max(LEAST_RECORD))
    }

    /// File data that may go when so many bytes of it are on the way.
    pub(crate) fn room(&self, in_flight: u64) -> usize {
        let in_flight = usize::try_from(in_flight).unwrap_or(usize::MAX);
        let window = self.bytes_in(ON_THE_WAY).max(2 * LEAST_RECORD);
        window.saturating_sub(in_flight)
    }

    fn bytes_in(&self, span: Duration) -> usize {
        let bytes = u128::from(self.rate) * span.as_micros() / 1_000_000;
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }
}
