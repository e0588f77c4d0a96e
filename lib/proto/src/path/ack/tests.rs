//! Acks to the peer, on a hand-moved clock.

use super::*;

const NOW: Instant = Instant(1_000_000);

/// What is acked in a record of that room, if anything.
fn pulled(acks: &mut AckSender, room: usize, others: bool, now: Instant) -> Option<Ack> {
    let mut out = [0; ACK_BYTES];
    let mut record = Record::new(out.get_mut(..room).unwrap_or(&mut []));
    acks.pull(&mut record, others, now);
    let used = record.used();
    let (head, payload) = out.split_first_chunk().unwrap();
    let header = transom_wire::Header::decode(*head).unwrap();
    match Message::decode(header, payload.get(..16)?) {
        Ok(Some(Message::Ack(ack))) if used == ACK_BYTES => Some(ack),
        _ => None,
    }
}

fn alone(acks: &mut AckSender, now: Instant) -> Option<Ack> {
    pulled(acks, ACK_BYTES, false, now)
}

#[test]
fn a_frame_is_acked_20_ms_after_it_came_and_not_later_for_others() {
    let mut acks = AckSender::default();
    acks.on_received(10, NOW);
    acks.soon(NOW);
    let later = NOW + LATEST / 2;
    acks.on_received(5, later);
    acks.soon(later);
    let due = NOW + LATEST;
    assert_eq!(acks.poll_timeout(), Some(due));
    let early = due - Duration::from_micros(1);
    acks.handle_timeout(early);
    assert!(alone(&mut acks, early).is_none());
    acks.handle_timeout(due);
    assert_eq!(acks.poll_timeout(), None);
    let (received, clock) = (15, later.0);
    let acked = alone(&mut acks, due + LATEST);
    assert_eq!(acked, Some(Ack { received, clock }));
    assert!(alone(&mut acks, due + 2 * LATEST).is_none(), "once");
}

#[test]
fn an_ack_that_is_due_goes_without_a_timeout_told() {
    let mut acks = AckSender::default();
    acks.on_received(10, NOW);
    acks.soon(NOW);
    assert!(alone(&mut acks, NOW + LATEST).is_some());
    assert_eq!(acks.poll_timeout(), None, "it was sent");
}

#[test]
fn the_end_of_a_picture_is_acked_at_once() {
    let mut acks = AckSender::default();
    acks.on_received(10, NOW);
    acks.at_once();
    assert!(alone(&mut acks, NOW).is_some());
    assert!(alone(&mut acks, NOW).is_none());
}

#[test]
fn a_record_carries_an_ack_if_bytes_were_received() {
    let mut acks = AckSender::default();
    assert!(pulled(&mut acks, ACK_BYTES, true, NOW).is_none());
    acks.on_received(1, NOW);
    assert!(pulled(&mut acks, ACK_BYTES, true, NOW).is_some());
    assert!(pulled(&mut acks, ACK_BYTES, true, NOW).is_none());
}

#[test]
fn file_data_are_acked_at_once_and_at_most_every_2_ms() {
    let mut acks = AckSender::default();
    acks.on_received(1_000_000, NOW);
    acks.data(NOW);
    assert_eq!(acks.poll_timeout(), Some(NOW));
    assert!(alone(&mut acks, NOW).is_some());
    let early = NOW + Duration::from_micros(1);
    acks.on_received(1_000_000, early);
    acks.data(early);
    let due = NOW + PAUSE;
    assert_eq!(acks.poll_timeout(), Some(due));
    assert!(alone(&mut acks, due - Duration::from_micros(1)).is_none());
    acks.on_received(5, due);
    acks.data(due);
    let (received, clock) = (2_000_005, due.0);
    assert_eq!(alone(&mut acks, due), Some(Ack { received, clock }));
    assert_eq!(PAUSE, Duration::from_millis(2));
}

#[test]
fn file_data_hasten_the_ack_of_other_frames_and_these_delay_none() {
    let mut acks = AckSender::default();
    acks.on_received(10, NOW);
    acks.soon(NOW);
    acks.data(NOW);
    acks.soon(NOW);
    assert!(alone(&mut acks, NOW).is_some());
}

#[test]
fn an_ack_without_room_stays_due() {
    let mut acks = AckSender::default();
    acks.on_received(10, NOW);
    acks.at_once();
    assert!(pulled(&mut acks, ACK_BYTES - 1, true, NOW).is_none());
    assert!(alone(&mut acks, NOW).is_some());
    assert_eq!(acks.received(), 10);
}
