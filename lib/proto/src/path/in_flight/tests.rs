//! Bytes in flight by class, on a hand-moved clock.

use core::time::Duration;

use super::*;

const NOW: Instant = Instant(1_000_000);

fn ack(received: u64) -> Ack {
    let clock = 0;
    Ack { received, clock }
}

fn sizes(control: u64, bulk: u64, ack: u64) -> Sizes {
    Sizes {
        control,
        bulk,
        ack,
        ..Sizes::default()
    }
}

fn bulk_of(sent: &InFlight) -> u64 {
    sent.by_class().bulk
}

#[test]
fn an_ack_counts_the_bulk_bytes_of_a_record_one_by_one() {
    let mut sent = InFlight::default();
    sent.record(sizes(10, 100, 24), NOW);
    sent.record(sizes(5, 50, 0), NOW);
    let steps = [
        // received, newly acked bulk, bulk and others in flight
        (4, 0, 150, 35),
        (10, 0, 150, 29),
        (11, 1, 149, 29),
        (109, 98, 51, 29),
        (110, 1, 50, 29),
        (120, 0, 50, 19),
        (140, 1, 49, 0),
        (189, 49, 0, 0),
    ];
    for (received, newly, bulk, others) in steps {
        let sample = sent.handle_ack(ack(received)).unwrap().unwrap();
        let found = (sample.bulk, bulk_of(&sent), sent.unacked() - bulk_of(&sent));
        assert_eq!(found, (newly, bulk, others), "{received}");
        assert_eq!(sent.unacked(), 189 - received);
    }
}

#[test]
fn an_ack_that_lies_is_an_error_and_changes_nothing() {
    let mut sent = InFlight::default();
    sent.record(sizes(0, 100, 0), NOW);
    sent.handle_ack(ack(60)).unwrap();
    for lie in [0, 59, 101, u64::MAX] {
        assert!(sent.handle_ack(ack(lie)).is_err(), "{lie}");
        assert_eq!((sent.unacked(), bulk_of(&sent)), (40, 40));
    }
    assert!(sent.handle_ack(ack(60)).unwrap().is_none(), "no news");
    assert_eq!(sent.handle_ack(ack(100)).unwrap().unwrap().bulk, 40);
}

#[test]
fn a_sample_is_of_the_record_with_the_last_byte_acked() {
    let mut sent = InFlight::default();
    for at in [100, 200, 300] {
        sent.record(sizes(10, 0, 0), Instant(at));
    }
    let mut one_way = |received| {
        let ack = Ack {
            received,
            clock: 1_000,
        };
        sent.handle_ack(ack).unwrap().unwrap().one_way
    };
    assert_eq!(one_way(5), 900, "inside the first");
    assert_eq!(one_way(10), 900, "all of the first and nothing of the next");
    assert_eq!(one_way(21), 700, "past the second, inside the third");
    assert_eq!(one_way(30), 700);
}

#[test]
fn records_beyond_the_marks_lose_no_byte() {
    let mut sent = InFlight::default();
    for _ in 0..MARKS * 3 {
        sent.record(sizes(1, 8, 1), NOW);
    }
    sent.record(sizes(0, 1, 0), NOW + Duration::from_millis(20));
    let total = sent.sent();
    assert_eq!(bulk_of(&sent), MARKS as u64 * 3 * 8 + 1);
    assert_eq!(sent.marks.len(), MARKS);
    let mut last = None;
    for received in (1..total).step_by(7).chain([total]) {
        last = sent.handle_ack(ack(received)).unwrap();
        assert!(bulk_of(&sent) <= sent.unacked(), "{received}");
    }
    assert_eq!((sent.unacked(), bulk_of(&sent)), (0, 0));
    // Those that share a mark count from the first of them: rather too long than too short.
    let one_way = 0_u64.wrapping_sub(NOW.0).cast_signed();
    assert_eq!(last.unwrap().one_way, one_way);
}
