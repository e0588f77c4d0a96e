//! The delivery rate of the path to the peer, by its acks; and what may be sent at once at that
//! rate.

use core::time::Duration;

use transom_wire::Ack;
use transom_wire::limits::{HEADER, SMALL_PAYLOAD};

use super::ack::ACK_BYTES;
use crate::Instant;

/// Longest serialization time of a record. Pings go once a second, and texts and answers wait
/// behind the record that is being sent: a quarter of a second keeps both lively. From 2 Mbit/s on
/// this limits nothing.
const RECORD_TIME: Duration = Duration::from_millis(250);

/// Smallest limit of a record: the largest frame that can't be split, and an ack. Below 136 kbit/s
/// it takes more than [`RECORD_TIME`]; at 10 kbit/s it takes 3.4 s, less than a call's silence.
const LEAST_RECORD: usize = HEADER + SMALL_PAYLOAD + ACK_BYTES;

/// Shortest interval that is measured: over less time the peer's read calls are seen, not the path.
const INTERVAL: Duration = Duration::from_millis(20);

/// Drain time of the file data in flight while no call is live. More would only fill the buffers of
/// the path, in front of texts and pings and of the TCP acks of what the peer sends: half a minute
/// of them stalled the peer's TCP. It must be more than a round trip, or a long path is not filled.
const IN_FLIGHT_TIME: Duration = Duration::from_secs(2);

/// Initial rate, in bytes per second: that of a modem, so that the first bytes don't block a slow
/// link. On a fast link the first file of a connection waits for two acks, 40 ms.
const FIRST: u64 = 16 * 1024;

/// The delivery rate, in bytes per second. An application-limited interval can only raise it; it is
/// lowered by an interval in which bytes queued on the path.
pub(crate) struct Delivery {
    rate: u64,
    measured: bool,
    /// The ack that began the current interval.
    from: Option<Ack>,
}

impl Delivery {
    pub(crate) fn new() -> Self {
        Self {
            rate: FIRST,
            measured: false,
            from: None,
        }
    }

    /// Measures by an ack; `queued`: queueing delay of the last byte acked.
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
            self.measured = true;
        }
    }

    /// Bytes per second; `None` before it was measured.
    pub(crate) fn rate(&self) -> Option<u64> {
        self.measured.then_some(self.rate)
    }

    /// Largest record that takes no longer than [`RECORD_TIME`], in bytes, at most `most`.
    pub(crate) fn record(&self, most: usize) -> usize {
        most.min(self.bytes_in(RECORD_TIME).max(LEAST_RECORD))
    }

    /// Bytes of file data that may be sent while `in_flight` bytes of it are not acked.
    pub(crate) fn room(&self, in_flight: u64) -> usize {
        let in_flight = usize::try_from(in_flight).unwrap_or(usize::MAX);
        let window = self.bytes_in(IN_FLIGHT_TIME).max(2 * LEAST_RECORD);
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
    fn an_application_limited_interval_does_not_lower_the_rate() {
        let mut acks = Acks::new();
        acks.add(10_000_000, 1000 * MILLI, Duration::ZERO);
        assert_eq!(acks.record(), 65_519);
        for queued in [0, 400] {
            acks.add(24, 1000 * MILLI, queued * MILLI);
            assert_eq!(acks.record(), 65_519, "{queued}");
        }
        // Bytes queued for half of the interval: it was limited by the path.
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
    fn two_seconds_of_file_data_are_in_flight_and_never_less_than_two_records() {
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
