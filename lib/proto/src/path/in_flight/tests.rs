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
fn an_ack_counts_the_bytes_of_a_record_one_by_one_and_by_class() {
    let mut sent = InFlight::default();
    let record = Sizes {
        control: 10,
        media: 30,
        text: 20,
        bulk: 100,
        ack: 24,
    };
    sent.record(record, false, NOW);
    sent.record(sizes(5, 50, 0), false, NOW);
    let steps = [
        // received, and in flight: control, media, text, bulk, ack
        (4, [11, 30, 20, 150, 24]),
        (10, [5, 30, 20, 150, 24]),
        (39, [5, 1, 20, 150, 24]),
        (41, [5, 0, 19, 150, 24]),
        (61, [5, 0, 0, 149, 24]),
        (159, [5, 0, 0, 51, 24]),
        (170, [5, 0, 0, 50, 14]),
        (190, [0, 0, 0, 49, 0]),
        (239, [0; 5]),
    ];
    for (received, [control, media, text, bulk, ack_bytes]) in steps {
        sent.handle_ack(ack(received), NOW).unwrap().unwrap();
        let left = Sizes {
            control,
            media,
            text,
            bulk,
            ack: ack_bytes,
        };
        assert_eq!(sent.by_class(), left, "{received}");
        assert_eq!(sent.unacked(), 239 - received);
    }
    assert_eq!(sent.oldest(), None);
}

#[test]
fn an_ack_that_lies_is_an_error_and_changes_nothing() {
    let mut sent = InFlight::default();
    sent.record(sizes(0, 100, 0), false, NOW);
    sent.handle_ack(ack(60), NOW).unwrap();
    for lie in [0, 59, 101, u64::MAX] {
        assert!(sent.handle_ack(ack(lie), NOW).is_err(), "{lie}");
        assert_eq!((sent.unacked(), bulk_of(&sent)), (40, 40));
    }
    assert!(sent.handle_ack(ack(60), NOW).unwrap().is_none(), "no news");
    assert!(sent.handle_ack(ack(100), NOW).unwrap().is_some());
    assert_eq!(sent.unacked(), 0);
}

#[test]
fn a_sample_is_of_the_record_with_the_last_byte_acked() {
    let mut sent = InFlight::default();
    for at in [100, 200, 300] {
        sent.record(sizes(10, 0, 0), at == 100, Instant(at));
    }
    let mut sample = |received| {
        let clock = 1_000;
        let ack = Ack { received, clock };
        sent.handle_ack(ack, Instant(2_000)).unwrap().unwrap()
    };
    let mut check = |received, at, is_clean, own| {
        let one_way = 1_000 - i64::from(at);
        let rtt = Duration::from_micros(2_000 - u64::from(at));
        let expected = Sample {
            one_way,
            rtt,
            is_clean,
            own,
        };
        assert_eq!(sample(received), expected, "{received}");
    };
    check(5, 100_u32, true, 5);
    check(10, 100, true, 10);
    check(21, 300, false, 1);
    check(30, 300, false, 10);
}

#[test]
fn records_beyond_the_marks_lose_no_byte() {
    let mut sent = InFlight::default();
    for _ in 0..MARKS * 3 {
        sent.record(sizes(1, 8, 1), false, NOW);
    }
    sent.record(sizes(0, 1, 0), false, NOW + Duration::from_millis(20));
    let total = sent.sent();
    assert_eq!(bulk_of(&sent), MARKS as u64 * 3 * 8 + 1);
    assert_eq!(sent.marks.len(), MARKS);
    let mut last = None;
    for received in (1..total).step_by(7).chain([total]) {
        last = sent.handle_ack(ack(received), NOW).unwrap();
        assert!(bulk_of(&sent) <= sent.unacked(), "{received}");
    }
    assert_eq!((sent.unacked(), bulk_of(&sent)), (0, 0));
    // Those that share a mark count from the first of them: rather too long than too short.
    let one_way = 0_u64.wrapping_sub(NOW.0).cast_signed();
    assert_eq!(last.unwrap().one_way, one_way);
}

#[test]
fn only_media_texts_and_file_data_are_awaited_soon() {
    let classes: [fn(&mut Sizes) -> &mut u64; 3] = [
        |sizes| &mut sizes.media,
        |sizes| &mut sizes.text,
        |sizes| &mut sizes.bulk,
    ];
    for class in classes {
        let mut sent = InFlight::default();
        sent.record(sizes(16, 0, 24), false, NOW);
        assert_eq!(sent.oldest(), None, "pongs and acks may wait");
        let mut one = Sizes::default();
        *class(&mut one) = 1;
        let later = NOW + Duration::from_millis(1);
        sent.record(one, false, later);
        assert_eq!(sent.oldest(), Some(later));
    }
}
