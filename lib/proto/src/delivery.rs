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

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    /// Acks of a peer whose clock begins anywhere.
    struct Acks {
        delivery: Delivery,
        ack: Ack,
    }

    impl Acks {
        fn new() -> Self {
            let (received, clock) = (1_000, 77_777_000_000);
            let mut acks = Self {
                delivery: Delivery::new(),
                ack: Ack { received, clock },
            };
            acks.add(0, Duration::ZERO, Duration::ZERO);
            acks
        }

        /// So many bytes came in that time; the last of them had waited for `queued`.
        fn add(&mut self, bytes: u64, span: Duration, queued: Duration) {
            self.ack.received += bytes;
            self.ack.clock += u64::try_from(span.as_micros()).unwrap();
            self.delivery.handle_ack(self.ack, queued);
        }

        fn record(&self) -> usize {
            self.delivery.record(65_519)
        }
    }

    #[test]
    fn a_record_takes_a_quarter_of_a_second_of_what_is_delivered() {
        for (rate, record) in [
            (1_000, LEAST_RECORD),
            (100_000, 25_000),
            (262_080, 65_519),
            (100_000_000, 65_519),
        ] {
            let mut acks = Acks::new();
            acks.add(rate / 10, 100 * MILLI, 100 * MILLI);
            assert_eq!(acks.record(), record, "{rate}");
            assert_eq!(acks.delivery.record(100), 100, "no more than asked for");
        }
    }

    #[test]
    fn too_little_to_send_is_no_slow_way() {
        let mut acks = Acks::new();
        acks.add(10_000_000, 1000 * MILLI, Duration::ZERO);
        assert_eq!(acks.record(), 65_519);
        for queued in [0, 400] {
            acks.add(24, 1000 * MILLI, queued * MILLI);
            assert_eq!(acks.record(), 65_519, "{queued}");
        }
        // A queue for half of the time: it was the way.
        acks.add(50_000, 1000 * MILLI, 500 * MILLI);
        assert_eq!(acks.record(), 12_500);
        acks.add(60_000, 1000 * MILLI, Duration::ZERO);
        assert_eq!(acks.record(), 15_000, "more is always news");
    }

    #[test]
    fn short_intervals_are_joined() {
        let mut acks = Acks::new();
        for _ in 0..3 {
            acks.add(1_000_000, 5 * MILLI, 100 * MILLI);
            assert_eq!(acks.record(), LEAST_RECORD, "not yet measured");
        }
        acks.add(0, 5 * MILLI, 100 * MILLI);
        assert_eq!(acks.record(), 65_519);
        assert_eq!(acks.delivery.room(0), 300_000_000);
    }

    #[test]
    fn two_seconds_of_file_data_are_on_the_way_and_never_less_than_two_records() {
        let mut acks = Acks::new();
        assert_eq!(acks.delivery.room(0), 32 * 1024, "at first");
        acks.add(100_000, 1000 * MILLI, 1000 * MILLI);
        assert_eq!(acks.delivery.room(0), 200_000);
        assert_eq!(acks.delivery.room(199_999), 1);
        assert_eq!(acks.delivery.room(200_001), 0);
        acks.add(1, 1000 * MILLI, 1000 * MILLI);
        assert_eq!(acks.delivery.room(0), 2 * LEAST_RECORD);
    }

    #[test]
    fn a_clock_that_jumps_measures_nothing() {
        let mut acks = Acks::new();
        acks.add(200_000, 1000 * MILLI, 1000 * MILLI);
        acks.ack.clock = 5;
        acks.add(1_000, Duration::ZERO, 1000 * MILLI);
        assert_eq!(acks.record(), 50_000);
        acks.add(100_000, 1000 * MILLI, 1000 * MILLI);
        assert_eq!(acks.record(), 25_000, "measured from the jump on");
    }

    #[test]
    fn any_ack_at_all_leaves_room_for_a_record() {
        let mut delivery = Delivery::new();
        for received in [0, 1, u64::MAX] {
            for clock in [0, u64::MAX, 1, 20_000] {
                delivery.handle_ack(Ack { received, clock }, Duration::MAX);
                assert!(delivery.record(65_519) >= LEAST_RECORD);
                assert!(delivery.room(0) >= 2 * LEAST_RECORD);
            }
        }
    }
}
