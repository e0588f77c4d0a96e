//! Pictures: the slot, credit, chunks, aborts, and their place before file data.

use std::sync::Arc;
use std::time::Duration;

use transom_proto::fuzzing::{self, Pair, Route, Who};
use transom_proto::{CallEvent, Event, Instant, PeerError, Picture, Queued, UsageError};
use transom_wire::limits::RECORD_BULK;
use transom_wire::{CallKind, CameraState, Message, PictureHead, Ring, Status, flags, limits};

use crate::calls::calling;
use crate::evil::Evil;

const TICK: Duration = Duration::from_millis(100);

pub(crate) fn picture(sequence: u32, bytes: usize) -> Picture {
    fuzzing::picture(sequence, 0, bytes)
}

/// The sequences of the pictures that came.
fn pictures(events: &[(Who, Event)]) -> Vec<u32> {
    let pictures = events.iter().filter_map(|(_, event)| match event {
        Event::Call(_, CallEvent::Picture(picture)) => Some(picture.head.sequence),
        _ => None,
    });
    pictures.collect()
}

#[test]
fn a_picture_of_any_size_crosses() {
    let (mut pair, call) = calling(Route::IDEAL, CallKind::View);
    for (sequence, size) in [
        (1, 1),
        (2, 16_000),
        (3, 16_384),
        (4, 100_000),
        (5, limits::PICTURE as usize),
    ] {
        let queued = pair
            .session(Who::Bob)
            .send_picture(call, picture(sequence, size));
        assert_eq!(queued, Ok(Queued::Fresh));
        let events = pair.events(TICK);
        let [(Who::Ann, Event::Call(_, CallEvent::Picture(picture)))] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(picture.head.total as usize, size);
        assert_eq!(picture.bytes, vec![sequence as u8; size]);
        let clock = pair.clock(Who::Ann);
        pair.session(Who::Ann).shown(call, sequence, clock).unwrap();
        assert_eq!(
            pair.events(TICK),
            [(Who::Bob, Event::Call(call, CallEvent::Credit))]
        );
    }
}

#[test]
fn a_shown_picture_alone_is_not_acked() {
    let (mut pair, call) = calling(Route::IDEAL, CallKind::View);
    let sent = |pair: &mut Pair| pair.session(Who::Bob).stats(Instant(0)).sent;
    pair.session(Who::Bob)
        .send_picture(call, picture(1, 1000))
        .unwrap();
    pair.events(TICK);
    let before = sent(&mut pair);
    let clock = pair.clock(Who::Ann);
    pair.session(Who::Ann).shown(call, 1, clock).unwrap();
    let credit = [(Who::Bob, Event::Call(call, CallEvent::Credit))];
    assert_eq!(pair.events(TICK), credit);
    assert_eq!(sent(&mut pair), before);
}

#[test]
fn a_picture_says_how_long_it_waited_before_its_first_byte_left() {
    let (mut pair, call) = calling(Route::IDEAL, CallKind::View);
    let captured = pair.clock(Who::Bob);
    let taken = |sequence| {
        let mut picture = picture(sequence, 1000);
        picture.head.captured = captured.0;
        picture
    };
    let mut sent_after = Vec::new();
    for sequence in 0..3 {
        pair.session(Who::Bob)
            .send_picture(call, taken(sequence))
            .unwrap();
        for (_, event) in pair.events(TICK) {
            if let Event::Call(_, CallEvent::Picture(picture)) = event {
                sent_after.push(picture.head.sent_after);
            }
        }
    }
    assert_eq!(sent_after[..2], [0, 100_000]);
    assert_eq!(sent_after.len(), 2, "the third waits for credit");
    assert_eq!(pair.events(TICK * 3), []);
    let clock = pair.clock(Who::Ann);
    pair.session(Who::Ann).shown(call, 0, clock).unwrap();
    let told = pair.events(TICK);
    let [
        (_, Event::Call(_, CallEvent::Credit)),
        (_, Event::Call(_, CallEvent::Picture(picture))),
    ] = &told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!(picture.head.sent_after, 600_000);
}

#[test]
fn a_slow_viewer_gets_the_newest_and_nothing_grows() {
    let (mut pair, call) = calling(Route::IDEAL, CallKind::View);
    let mut came = Vec::new();
    for sequence in 0..100 {
        pair.session(Who::Bob)
            .send_picture(call, picture(sequence, 30_000))
            .unwrap();
        came.extend(pictures(&pair.events(TICK)));
    }
    assert_eq!(came, [0, 1], "the credit of two pictures");
    let stats = pair.session(Who::Bob).stats(Instant(0));
    assert_eq!(stats.pictures_replaced, 97);
    assert!(stats.held < 1000);

    let clock = pair.clock(Who::Ann);
    pair.session(Who::Ann).shown(call, 0, clock).unwrap();
    assert_eq!(pictures(&pair.events(TICK)), [99]);
    let again = pair.session(Who::Ann).shown(call, 0, clock);
    assert_eq!(again, Err(UsageError::NotNow { verb: "shown" }));
}

#[test]
fn every_picture_is_shown_over_a_long_round_trip() {
    for millis in [10, 25, 50] {
        let far = Route {
            delay: Duration::from_millis(millis),
            ..Route::mbits(1000)
        };
        let (mut pair, call) = calling(far, CallKind::View);
        let mut came = Vec::new();
        for sequence in 0..90 {
            let newest = picture(sequence, 20_000);
            pair.session(Who::Bob).send_picture(call, newest).unwrap();
            pair.run(Duration::from_millis(33), |pair, who, event| {
                if let Event::Call(_, CallEvent::Picture(picture)) = event {
                    let sequence = picture.head.sequence;
                    came.push(sequence);
                    let clock = pair.clock(who);
                    pair.session(who).shown(call, sequence, clock).unwrap();
                }
            });
        }
        // The first second measures the path; the last ones are on the way.
        let wanted: Vec<u32> = (30..85).collect();
        came.retain(|sequence| wanted.contains(sequence));
        assert_eq!(came, wanted, "{millis} ms one way");
    }
}

#[test]
fn a_viewer_that_shows_none_gets_two_and_those_of_a_round_trip() {
    let far = Route {
        delay: Duration::from_millis(50),
        ..Route::mbits(1000)
    };
    let (mut pair, call) = calling(far, CallKind::View);
    pair.events(TICK * 20);
    let mut came = Vec::new();
    for sequence in 0..100 {
        pair.session(Who::Bob)
            .send_picture(call, picture(sequence, 1000))
            .unwrap();
        came.extend(pictures(&pair.events(Duration::from_millis(10))));
    }
    assert_eq!(
        came,
        (0..8).collect::<Vec<_>>(),
        "as many as the wire allows"
    );
    // The first two are late when the fourth could go.
    let (mut pair, call) = calling(far, CallKind::View);
    pair.events(TICK * 20);
    let mut came = Vec::new();
    for sequence in 0..10 {
        pair.session(Who::Bob)
            .send_picture(call, picture(sequence, 1000))
            .unwrap();
        came.extend(pictures(&pair.events(Duration::from_millis(60))));
    }
    assert_eq!(came, [0, 1, 2]);
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
}

#[test]
fn one_slow_viewer_does_not_hold_up_another() {
    let shared = picture(1, 100_000);
    let (mut slow, slow_call) = calling(Route::mbits(1), CallKind::View);
    let (mut fast, fast_call) = calling(Route::mbits(100), CallKind::View);
    slow.session(Who::Bob)
        .send_picture(slow_call, shared.clone())
        .unwrap();
    fast.session(Who::Bob)
        .send_picture(fast_call, shared.clone())
        .unwrap();
    assert_eq!(Arc::strong_count(&shared.bytes), 3, "the bytes are shared");
    assert_eq!(pictures(&slow.events(TICK)), []);
    assert_eq!(pictures(&fast.events(TICK)), [1]);
}

#[test]
fn a_picture_hardly_begun_makes_way_for_a_newer_one() {
    let (mut pair, call) = calling(Route::IDEAL, CallKind::View);
    let clock = pair.clock(Who::Bob);
    let mut record = vec![0; RECORD_BULK];
    let bob = pair.session(Who::Bob);
    bob.send_picture(call, picture(1, 60_000)).unwrap();
    let begun = pair.connection(Who::Bob).poll_transmit(&mut record, clock);
    assert_eq!(
        pair.session(Who::Bob)
            .send_picture(call, picture(2, 60_000)),
        Ok(Queued::Fresh)
    );
    let ann_clock = pair.clock(Who::Ann);
    pair.connection(Who::Ann)
        .handle_bytes(&record[..begun], ann_clock)
        .unwrap();
    assert_eq!(pictures(&pair.events(TICK)), [2]);
    assert_eq!(pair.session(Who::Bob).stats(clock).pictures_aborted, 1);
}

#[test]
fn the_picture_after_an_aborted_one_is_sent_whole() {
    let (mut pair, call) = calling(Route::mbits(2), CallKind::View);
    pair.pipe(Who::Bob).route.fifo = RECORD_BULK + 8_000;
    let mut came = Vec::new();
    for sequence in 0..60 {
        pair.session(Who::Bob)
            .send_picture(call, picture(sequence, 60_000))
            .unwrap();
        pair.run(Duration::from_millis(33), |pair, who, event| {
            if let Event::Call(_, CallEvent::Picture(picture)) = event {
                came.push(picture.head.sequence);
                let clock = pair.clock(who);
                pair.session(who)
                    .shown(call, picture.head.sequence, clock)
                    .unwrap();
            }
        });
    }
    let stats = pair.session(Who::Bob).stats(Instant(0));
    assert!(stats.pictures_aborted > 3, "{stats:?}");
    // Two seconds at 2 Mbit/s are eight pictures; aborts cost some, but never all.
    assert!(came.len() >= 4, "{came:?}");
    assert!(came.is_sorted());
}

#[test]
fn no_picture_leaves_once_the_camera_is_off_not_even_the_rest_of_one() {
    // A picture of 400 kB takes 1.6 s here, most of which it waits in our own queue.
    let (mut pair, call) = calling(Route::mbits(2), CallKind::View);
    pair.pipe(Who::Bob).route.fifo = RECORD_BULK + 8_000;
    for sequence in 1..=2 {
        let bob = pair.session(Who::Bob);
        bob.send_picture(call, picture(sequence, 400_000)).unwrap();
        if sequence == 1 {
            assert_eq!(pictures(&pair.events(TICK)), []);
        }
    }
    let bob = pair.session(Who::Bob);
    bob.camera_state(call, CameraState::Off, "").unwrap();
    let events = pair.events(TICK * 100);
    assert_eq!(pictures(&events), []);
    let off = CallEvent::CameraState(Status::new(CameraState::Off, String::new()));
    assert!(
        events.contains(&(Who::Ann, Event::Call(call, off))),
        "{events:?}"
    );
    // Turned on again it starts with a picture of now.
    let bob = pair.session(Who::Bob);
    bob.camera_state(call, CameraState::Live, "").unwrap();
    bob.send_picture(call, picture(3, 1000)).unwrap();
    assert_eq!(pictures(&pair.events(TICK * 10)), [3]);
}

#[test]
fn what_waits_of_one_camera_never_leaves_once_another_opens_or_there_is_no_room_to_say_so() {
    for full in [false, true] {
        let (mut pair, call) = calling(Route::IDEAL, CallKind::View);
        for sequence in 1..=3 {
            pair.session(Who::Bob)
                .send_picture(call, picture(sequence, 1000))
                .unwrap();
            pair.events(TICK);
        }
        let bob = pair.session(Who::Bob);
        let words = "x".repeat(limits::REASON);
        let fills = |bob: &mut transom_proto::Session| {
            while bob.camera_state(call, CameraState::Live, &words).is_ok() {}
        };
        let lens = if full {
            fills(bob);
            CameraState::Off
        } else {
            CameraState::Opening
        };
        assert_eq!(bob.camera_state(call, lens, "").is_err(), full);
        for sequence in 1..=2 {
            let clock = pair.clock(Who::Ann);
            pair.session(Who::Ann).shown(call, sequence, clock).unwrap();
        }
        assert_eq!(pictures(&pair.events(TICK)), []);
    }
}

#[test]
fn pictures_only_go_where_the_call_has_them_go() {
    let (mut pair, call) = calling(Route::IDEAL, CallKind::View);
    let refused = Err(UsageError::NotNow {
        verb: "send_picture",
    });
    assert_eq!(
        pair.session(Who::Ann).send_picture(call, picture(1, 10)),
        refused
    );
    for bytes in [0, limits::PICTURE as usize + 1] {
        let result = pair.session(Who::Bob).send_picture(call, picture(1, bytes));
        assert!(matches!(result, Err(UsageError::Length { .. })));
    }
    let (mut pair, call) = calling(Route::IDEAL, CallKind::Talk);
    for who in [Who::Ann, Who::Bob] {
        pair.session(who)
            .send_picture(call, picture(1, 10))
            .unwrap();
    }
    assert_eq!(pictures(&pair.events(TICK)), [1, 1]);
}

#[test]
fn the_latency_from_sensor_to_screen_is_known() {
    let (mut pair, call) = calling(Route::mbits(100), CallKind::View);
    let mut sent = picture(1, 20_000);
    sent.head.captured = pair.clock(Who::Bob).0 - 30_000;
    pair.session(Who::Bob).send_picture(call, sent).unwrap();
    pair.run(TICK, |pair, who, event| {
        if let Event::Call(_, CallEvent::Picture(picture)) = event {
            let clock = pair.clock(who);
            let captured = pair.session(who).to_local(picture.head.captured).unwrap();
            let age = clock - captured;
            assert!(
                age.abs_diff(Duration::from_micros(32_600)) < Duration::from_millis(1),
                "{age:?}"
            );
            pair.session(who)
                .shown(call, 1, clock + Duration::from_millis(10))
                .unwrap();
        }
    });
    let age = pair
        .session(Who::Bob)
        .stats(Instant(0))
        .shown_after
        .unwrap();
    assert!(
        age.abs_diff(Duration::from_micros(42_600)) < Duration::from_millis(1),
        "{age:?}"
    );
}

/// A peer that talks to us in a live call of stream 1.
fn talking() -> Evil {
    let mut evil = Evil::new();
    evil.say(
        1,
        &Message::Ring(Ring {
            kind: CallKind::Talk,
        }),
    )
    .unwrap();
    let [Event::Call(call, CallEvent::Ringing(_))] = evil.events()[..] else {
        panic!("no ring");
    };
    evil.connection.session.answer(call).unwrap();
    evil
}

fn head(total: u32) -> PictureHead {
    PictureHead {
        total,
        ..picture(1, 1).head
    }
}

#[test]
fn illegal_pictures_end_the_connection() {
    let cases: [(&str, Vec<(u8, Message<'_>)>); 7] = [
        (
            "data without a picture",
            vec![(0, Message::PictureData(b"x"))],
        ),
        ("an abort without a picture", vec![(0, Message::Abort)]),
        (
            "more than announced",
            vec![(0, Message::Picture(head(3), b"four"))],
        ),
        (
            "last too early",
            vec![(flags::LAST, Message::Picture(head(9), b"four"))],
        ),
        (
            "last missing",
            vec![(0, Message::Picture(head(4), b"four"))],
        ),
        (
            "a picture in another",
            vec![
                (0, Message::Picture(head(9), b"")),
                (0, Message::Picture(head(9), b"")),
            ],
        ),
        (
            "empty data",
            vec![
                (0, Message::Picture(head(9), b"")),
                (0, Message::PictureData(b"")),
            ],
        ),
    ];
    for (what, frames) in cases {
        let mut evil = talking();
        let results: Vec<_> = frames
            .iter()
            .map(|(flags, frame)| evil.say_flagged(1, *flags, frame))
            .collect();
        let (last, before) = results.split_last().unwrap();
        assert!(
            last.is_err() && before.iter().all(Result::is_ok),
            "{what}: {results:?}"
        );
        let again = evil.say(0, &Message::Ping(transom_wire::Ping { clock: 0 }));
        assert_eq!(again, *last, "the verdict stays");
    }
}

#[test]
fn one_more_picture_than_there_is_credit_for_is_too_much() {
    let mut evil = talking();
    let picture = Message::Picture(head(4), b"four");
    for _ in 0..limits::PICTURE_CREDIT {
        evil.say_flagged(1, flags::LAST, &picture).unwrap();
    }
    let more = evil.say_flagged(1, flags::LAST, &picture);
    assert!(matches!(more, Err(PeerError::TooMuch { .. })));
}

#[test]
fn a_picture_announced_and_never_sent_takes_no_room() {
    let mut evil = talking();
    evil.say(1, &Message::Picture(head(limits::PICTURE), b"x"))
        .unwrap();
    assert!(evil.connection.session.stats(evil.now).held <= 64 * 1024 + 1024);
}

#[test]
fn pictures_before_the_answer_or_in_a_view_end_the_connection() {
    for kind in [CallKind::View, CallKind::Talk] {
        let mut evil = Evil::new();
        evil.say(1, &Message::Ring(Ring { kind })).unwrap();
        if kind == CallKind::View {
            let [Event::Call(call, CallEvent::Ringing(_))] = evil.events()[..] else {
                panic!("no ring");
            };
            evil.connection.session.answer(call).unwrap();
        }
        let picture = Message::Picture(head(4), b"four");
        assert!(evil.say_flagged(1, flags::LAST, &picture).is_err());
    }
}
