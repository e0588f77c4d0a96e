//! Acks to the peer and of the peer, on a hand-moved clock.

use super::*;

const NOW: Instant = Instant(1_000_000);

/// What is acked in a record of that room, if anything.
fn pulled(
    owed: &mut AckSender,
    room: usize,
    others: bool,
    live: bool,
    now: Instant,
) -> Option<Ack> {
    let mut out = [0; ACK_BYTES];
    let mut record = Record::new(out.get_mut(..room).unwrap_or(&mut []));
    owed.pull(&mut record, others, live, now);
    let used = record.used();
    let (head, payload) = out.split_first_chunk().unwrap();
    let header = transom_wire::Header::decode(*head).unwrap();
    match Message::decode(header, payload.get(..16)?) {
        Ok(Some(Message::Ack(ack))) if used == ACK_BYTES => Some(ack),
        _ => None,
    }
}

fn alone(owed: &mut AckSender, now: Instant) -> Option<Ack> {
    pulled(owed, ACK_BYTES, false, false, now)
}

#[test]
fn a_frame_is_acked_20_ms_after_it_came_and_not_later_for_others() {
    let mut owed = AckSender::default();
    owed.took(10, NOW);
    owed.soon(NOW);
    let later = NOW + LATEST / 2;
    owed.took(5, later);
    owed.soon(later);
    let due = NOW + LATEST;
    assert_eq!(owed.poll_timeout(), Some(due));
    let early = due - Duration::from_micros(1);
    owed.handle_timeout(early);
    assert!(alone(&mut owed, early).is_none());
    owed.handle_timeout(due);
    assert_eq!(owed.poll_timeout(), None);
    let (received, clock) = (15, later.0);
    let acked = alone(&mut owed, due + LATEST);
    assert_eq!(acked, Some(Ack { received, clock }));
    assert!(alone(&mut owed, due + 2 * LATEST).is_none(), "once");
}

#[test]
fn an_ack_that_is_due_goes_without_a_timeout_told() {
    let mut owed = AckSender::default();
    owed.took(10, NOW);
    owed.soon(NOW);
    assert!(alone(&mut owed, NOW + LATEST).is_some());
    assert_eq!(owed.poll_timeout(), None, "it is said");
}

#[test]
fn the_end_of_a_picture_is_acked_at_once() {
    let mut owed = AckSender::default();
    owed.took(10, NOW);
    owed.at_once();
    assert!(alone(&mut owed, NOW).is_some());
    assert!(alone(&mut owed, NOW).is_none());
}

#[test]
fn acks_ride_along_when_there_is_news() {
    let mut owed = AckSender::default();
    assert!(pulled(&mut owed, ACK_BYTES, true, false, NOW).is_none());
    owed.took(1, NOW);
    assert!(pulled(&mut owed, ACK_BYTES, true, false, NOW).is_some());
    assert!(pulled(&mut owed, ACK_BYTES, true, false, NOW).is_none());
}

#[test]
fn many_bytes_are_acked_at_once_and_sooner_in_a_call() {
    let most = [
        (false, limits::ACK_BYTES_BULK),
        (true, limits::ACK_BYTES_LIVE),
    ];
    for (live, most) in most {
        let most = usize::try_from(most).unwrap();
        let mut owed = AckSender::default();
        owed.took(most - 1, NOW);
        assert!(pulled(&mut owed, ACK_BYTES, false, live, NOW).is_none());
        owed.took(1, NOW);
        assert!(pulled(&mut owed, ACK_BYTES, false, live, NOW).is_some());
        owed.took(most - 1, NOW);
        assert!(pulled(&mut owed, ACK_BYTES, false, live, NOW).is_none());
    }
}

#[test]
fn an_ack_without_room_stays_due() {
    let mut owed = AckSender::default();
    owed.took(10, NOW);
    owed.at_once();
    assert!(pulled(&mut owed, ACK_BYTES - 1, true, true, NOW).is_none());
    assert!(alone(&mut owed, NOW).is_some());
    assert_eq!(owed.received(), 10);
}

fn ack(received: u64) -> Ack {
    let clock = 0;
    Ack { received, clock }
}

fn sizes(before: usize, bulk: usize, behind: usize) -> Sizes {
    Sizes {
        before,
        bulk,
        behind,
    }
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
        let found = (sample.bulk, sent.bulk_unacked(), sent.others_unacked());
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
        assert_eq!((sent.unacked(), sent.bulk_unacked()), (40, 40));
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
    sent.record(sizes(0, 1, 0), NOW + LATEST);
    let total = sent.sent();
    assert_eq!(sent.bulk_unacked(), MARKS as u64 * 3 * 8 + 1);
    assert_eq!(sent.marks.len(), MARKS);
    let mut last = None;
    for received in (1..total).step_by(7).chain([total]) {
        last = sent.handle_ack(ack(received)).unwrap();
        assert!(sent.bulk_unacked() <= sent.unacked(), "{received}");
    }
    assert_eq!((sent.unacked(), sent.bulk_unacked()), (0, 0));
    // Those that share a mark count from the first of them: rather too long than too short.
    let one_way = 0_u64.wrapping_sub(NOW.0).cast_signed();
    assert_eq!(last.unwrap().one_way, one_way);
}
