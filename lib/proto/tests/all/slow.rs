//! Slow and broken links: a peer that is still heard is not given up, and a dead one is noticed.

use std::time::Duration;

use transom_proto::fuzzing::{Courier, Pair, Parcel, Route, Who};
use transom_proto::{CallEvent, Event, PeerError};
use transom_wire::{CallKind, Ending, Shape};

use crate::video::picture;

const SECOND: Duration = Duration::from_secs(1);

fn route(bits: u64, fifo: usize) -> Route {
    Route {
        rate: bits,
        delay: Duration::from_millis(20),
        fifo,
        cut: 0,
    }
}

/// A file of that size from Ann to Bob.
fn sending(route: Route, bytes: u64) -> (Pair, Courier) {
    let mut pair = Pair::new(route);
    let parcels = vec![Parcel::file("film", bytes)];
    let (_, courier) = Courier::offer(pair.session(Who::Ann), Shape::File, parcels);
    (pair, courier)
}

/// Lets both go on; calls are answered and pictures shown.
fn run(pair: &mut Pair, courier: &mut Courier, span: Duration) {
    pair.run(span, |pair, who, event| {
        let clock = pair.clock(who);
        let session = pair.session(who);
        match (who, event) {
            (_, Event::Call(call, CallEvent::Ringing(_))) => session.answer(call).unwrap(),
            (_, Event::Call(call, CallEvent::Picture(picture))) => {
                session.shown(call, picture.head.sequence, clock).unwrap();
            }
            (Who::Ann, event) => courier.send(session, &event),
            (Who::Bob, event) => courier.receive(session, event),
        }
    });
}

fn errors(pair: &Pair) -> [Option<PeerError>; 2] {
    [Who::Ann, Who::Bob].map(|who| pair.error(who))
}

#[test]
fn a_file_arrives_over_a_very_slow_link() {
    // Both a router that holds minutes of it and one that holds one record.
    for (bits, fifo) in [(100_000, 1_500_000), (100_000, 70_000), (20_000, 70_000)] {
        let bytes = 200_000;
        let (mut pair, mut courier) = sending(route(bits, fifo), bytes);
        let needed = Duration::from_secs(bytes * 8 / bits);
        run(&mut pair, &mut courier, needed * 11 / 10 + 5 * SECOND);
        assert_eq!(errors(&pair), [None, None], "{bits} bit/s");
        assert_eq!(courier.ending, Some(Ending::Durable), "{bits} bit/s");
    }
}

#[test]
fn a_call_beside_a_file_lives_on_a_very_slow_link() {
    let (mut pair, mut courier) = sending(route(100_000, 1_500_000), 1 << 30);
    run(&mut pair, &mut courier, 5 * SECOND);
    let call = pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
    for sequence in 0..60 {
        run(&mut pair, &mut courier, SECOND);
        // Refused until the answer is here.
        let _ = pair
            .session(Who::Ann)
            .send_picture(call, picture(sequence, 5_000));
        assert_eq!(errors(&pair), [None, None], "second {sequence}");
    }
    let bob = pair.session(Who::Bob).stats(Default::default());
    assert!(bob.pictures_received > 10, "{bob:?}");
}

#[test]
fn a_record_takes_a_bounded_time() {
    let (mut pair, mut courier) = sending(route(100_000, 70_000), 1 << 30);
    run(&mut pair, &mut courier, 20 * SECOND);
    let mut records = Vec::new();
    for _ in 0..400 {
        let before = pair.session(Who::Bob).stats(Default::default()).received;
        run(&mut pair, &mut courier, SECOND / 40);
        records.push(pair.session(Who::Bob).stats(Default::default()).received - before);
    }
    // 100 kbit/s are 12,500 bytes a second; no record is smaller than the largest text needs.
    assert_eq!(errors(&pair), [None, None]);
    let (sum, largest) = (records.iter().sum::<u64>(), records.iter().max().unwrap());
    assert!(sum > 10 * 12_000, "{sum} bytes in ten seconds");
    assert!(*largest <= 4_700, "{largest} bytes came at once");
}

#[test]
fn a_text_does_not_wait_for_minutes_of_file_data() {
    let (mut pair, mut courier) = sending(route(100_000, 1_500_000), 1 << 30);
    run(&mut pair, &mut courier, 20 * SECOND);
    let unacked = pair.session(Who::Ann).stats(Default::default()).unacked;
    assert!(unacked < 3 * 12_500, "{unacked} bytes are in flight");
    pair.session(Who::Ann).text("soon").unwrap();
    let mut came = None;
    pair.run(10 * SECOND, |pair, who, event| match (who, event) {
        (_, Event::Text { .. }) => came = Some(pair.now()),
        (Who::Ann, event) => courier.send(pair.session(who), &event),
        (Who::Bob, event) => courier.receive(pair.session(who), event),
    });
    assert!(came.unwrap() <= 23 * SECOND, "{came:?}");
}

#[test]
fn a_long_and_fast_link_is_full() {
    let far = Route {
        delay: Duration::from_millis(100),
        ..Route::mbits(100)
    };
    let (mut pair, mut courier) = sending(far, 1 << 30);
    run(&mut pair, &mut courier, SECOND);
    let before = courier.got[&0];
    run(&mut pair, &mut courier, 4 * SECOND);
    let moved = courier.got[&0] - before;
    assert!(moved > 45_000_000, "{moved} of 50 MB");
}

#[test]
fn a_fast_link_soon_has_full_records() {
    let (mut pair, mut courier) = sending(Route::mbits(1_000), 1 << 30);
    run(&mut pair, &mut courier, SECOND / 2);
    let clock = pair.clock(Who::Ann);
    let mut record = vec![0; transom_wire::limits::RECORD_BULK];
    let used = pair.connection(Who::Ann).poll_transmit(&mut record, clock);
    assert!(used > 60_000, "{used} bytes");
}

#[test]
fn a_break_is_waited_out_unless_a_call_is_live() {
    for (live, rang, broken, lost) in [
        (false, false, 18, false),
        (false, false, 21, true),
        (true, false, 3, false),
        (true, false, 5, true),
        // A call that begins when nothing was heard for long waits as any other.
        (false, true, 14, false),
    ] {
        let (mut pair, mut courier) = sending(route(10_000_000, 1_500_000), 1);
        if live {
            pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
        }
        run(&mut pair, &mut courier, 10 * SECOND);
        for who in [Who::Ann, Who::Bob] {
            pair.pipe(who).cut_off = true;
        }
        if rang {
            run(&mut pair, &mut courier, 10 * SECOND);
            pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
            run(&mut pair, &mut courier, 4 * SECOND);
        } else {
            run(&mut pair, &mut courier, broken * SECOND);
        }
        let verdict = lost.then_some(PeerError::Silent);
        assert_eq!(errors(&pair), [verdict; 2], "{live} {rang} {broken}");
        for who in [Who::Ann, Who::Bob] {
            pair.pipe(who).cut_off = false;
        }
        run(&mut pair, &mut courier, 10 * SECOND);
        assert_eq!(errors(&pair), [verdict; 2], "{live} {rang} {broken}");
    }
}
