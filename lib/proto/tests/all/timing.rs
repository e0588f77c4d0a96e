//! Pings, silence, clocks and acks.

use std::time::Duration;

use transom_proto::fuzzing::{Pair, Route, Who};
use transom_proto::{CallEvent, Event, Instant, PeerError, UsageError};
use transom_wire::{ByeCode, CallKind, Header, Kind, Message, Ping, Ring, Status, Text};

use crate::evil::Evil;

const MILLI: Duration = Duration::from_millis(1);

/// Waits as long as the session wants to, and tells it.
fn next_timeout(evil: &mut Evil) -> Result<Duration, PeerError> {
    let due = evil.connection.poll_timeout().unwrap();
    let span = due - evil.now;
    evil.wait(span).map(|()| span)
}

/// The peer rings, if there is to be a call.
fn ringing(live: bool) -> Evil {
    let mut evil = Evil::new();
    let kind = CallKind::View;
    if live {
        evil.say(1, &Message::Ring(Ring { kind })).unwrap();
    }
    evil.heard();
    evil
}

#[test]
fn every_second_has_a_ping_and_silence_has_an_end() {
    for (live, millis) in [(false, 20_000), (true, 4_500)] {
        let mut evil = ringing(live);
        let began = evil.now;
        let mut pings = 0;
        let verdict = loop {
            match next_timeout(&mut evil) {
                Ok(_) => {
                    let heard = evil.heard();
                    pings += heard.iter().filter(|(_, kind)| *kind == Kind::Ping).count() as u32;
                }
                Err(error) => break error,
            }
        };
        assert_eq!(verdict, PeerError::Silent);
        assert_eq!(verdict.code(), ByeCode::Silent);
        assert_eq!(evil.now - began, millis * MILLI);
        // In the last second none: the end comes first, or at the same time.
        assert_eq!(pings, (millis - 1) / 1000);
    }
}

#[test]
fn a_session_that_cannot_send_still_waits() {
    let mut evil = Evil::new();
    evil.say(
        0,
        &Message::Text(Text {
            id: 0,
            text: "ack me",
        }),
    )
    .unwrap();
    let mut turns = 0;
    while next_timeout(&mut evil).is_ok() {
        turns += 1;
    }
    assert!(turns < 10, "{turns} wakes without a byte sent");
}

/// Seconds, at most 40, until the peer is given up though bytes of a frame that is not whole come
/// each second: as plain bytes, or of a record that is not whole either.
fn seconds_of(live: bool, bytes: usize, opened: bool) -> u32 {
    let mut evil = ringing(live);
    let header = Header {
        len: 60_000,
        kind: 0xee,
        flags: 0,
        stream: 1,
    };
    evil.connection
        .handle_bytes(&header.encode(), evil.now)
        .unwrap();
    let mut seconds = 0;
    while evil.wait(1000 * MILLI).is_ok() && seconds < 40 {
        match opened {
            true => evil
                .connection
                .handle_bytes(&vec![7; bytes], evil.now)
                .unwrap(),
            false => evil.connection.handle_partial(bytes, evil.now),
        }
        evil.heard();
        seconds += 1;
    }
    seconds
}

#[test]
fn a_trickle_of_bytes_is_silence_and_a_slow_stream_is_not() {
    for opened in [true, false] {
        assert_eq!(seconds_of(false, 1, opened), 19);
        assert_eq!(seconds_of(true, 1, opened), 4);
        // 4 KiB must come in 20 s, in a call in 4.5 s.
        assert_eq!(seconds_of(false, 4096 / 20, opened), 19);
        assert_eq!(seconds_of(false, 4096 / 19 + 1, opened), 40);
        assert_eq!(seconds_of(true, 4096 / 5, opened), 4);
        assert_eq!(seconds_of(true, 4096 / 4, opened), 40);
    }
}

#[test]
fn honest_ends_stay_together_and_a_cut_parts_them() {
    let mut pair = Pair::new(Route::mbits(10));
    pair.events(Duration::from_secs(60));
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
    let sent = pair.session(Who::Ann).stats(Instant(0)).sent;
    assert!(
        sent < 61 * 90,
        "{sent} bytes in an idle minute: pings, pongs and nothing more"
    );

    pair.pipe(Who::Ann).cut_off = true;
    pair.events(Duration::from_secs(21));
    assert_eq!(pair.error(Who::Bob), Some(PeerError::Silent));
}

#[test]
fn the_far_clock_is_known_on_both_sides() {
    let mut pair = Pair::new(Route {
        delay: 7 * MILLI,
        ..Route::IDEAL
    });
    pair.events(20 * MILLI);
    for (who, other) in [(Who::Ann, Who::Bob), (Who::Bob, Who::Ann)] {
        let (here, there) = (pair.clock(who), pair.clock(other));
        assert_eq!(pair.session(who).to_local(there.0), Some(here));
        let stats = pair.session(who).stats(here);
        assert_eq!(
            (stats.rtt, stats.min_rtt),
            (Some(14 * MILLI), Some(14 * MILLI))
        );
    }
    let ping = Evil::new().connection.session.to_local(0);
    assert_eq!(ping, None);
}

#[test]
fn a_queue_does_not_move_the_far_clock_whenever_it_comes() {
    for second in 1..=40 {
        let mut pair = Pair::new(Route {
            delay: MILLI,
            ..Route::IDEAL
        });
        pair.events(second * 1000 * MILLI - 500 * MILLI);
        pair.pipe(Who::Bob).route.delay = 200 * MILLI;
        pair.events(2000 * MILLI);
        pair.pipe(Who::Bob).route.delay = MILLI;
        for _ in 0..60 {
            pair.events(500 * MILLI);
            let (ann, bob) = (pair.clock(Who::Ann), pair.clock(Who::Bob));
            let found = pair.session(Who::Ann).to_local(bob.0).unwrap();
            let error = found.0.abs_diff(ann.0);
            assert!(error <= 1000, "{error} us wrong after {second} s");
        }
    }
}

#[test]
fn a_ping_is_answered_with_its_clock() {
    let mut evil = Evil::new();
    evil.heard();
    for clock in 0..100 {
        evil.say(0, &Message::Ping(Ping { clock })).unwrap();
    }
    let pongs = evil.heard();
    assert_eq!(
        pongs.iter().filter(|(_, kind)| *kind == Kind::Pong).count(),
        1,
        "only the newest"
    );
}

#[test]
fn acks_come_within_20_ms_and_none_for_acks() {
    let mut evil = Evil::new();
    evil.heard();
    evil.say(0, &Message::Text(Text { id: 0, text: "x" }))
        .unwrap();
    assert_eq!(evil.heard(), []);
    assert_eq!(next_timeout(&mut evil), Ok(20 * MILLI));
    assert_eq!(evil.heard(), [(0, Kind::Ack)]);
    let received = evil.connection.session.stats(evil.now).sent;
    let ack = Message::Ack(transom_wire::Ack { received, clock: 0 });
    evil.say(0, &ack).unwrap();
    assert!(
        next_timeout(&mut evil).unwrap() > 500 * MILLI,
        "nothing but the ping is due"
    );
}

/// A frame of a kind that no version has.
fn later_frame(kind: u8) -> Vec<u8> {
    let (len, flags, stream) = (3, 0xff, 9);
    let header = Header {
        len,
        kind,
        flags,
        stream,
    };
    [&header.encode()[..], b"abc"].concat()
}

#[test]
fn frames_of_later_versions_are_acked_at_once_and_at_most_every_2_ms() {
    for kind in [0x08, 0x23, 0x55, 0xff] {
        let mut evil = Evil::new();
        evil.heard();
        evil.wait(20 * MILLI).unwrap();
        for wait in [0, 2, 2] {
            let frame = later_frame(kind);
            evil.connection.handle_bytes(&frame, evil.now).unwrap();
            if wait > 0 {
                assert_eq!(evil.heard(), []);
                assert_eq!(next_timeout(&mut evil), Ok(wait * MILLI), "{kind:#x}");
            }
            assert_eq!(evil.heard(), [(0, Kind::Ack)], "{kind:#x}");
        }
    }
}

#[test]
fn a_goodbye_is_the_last_word_of_both() {
    let mut pair = Pair::new(Route::mbits(10));
    pair.events(20 * MILLI);
    let call = pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
    pair.connection(Who::Ann)
        .bye(ByeCode::Leaving, "good night");
    let (code, text) = (ByeCode::Leaving, "good night".into());
    let kind = CallKind::Talk;
    let events = pair.events(Duration::from_secs(10));
    assert_eq!(
        events,
        [
            (Who::Bob, Event::Call(call, CallEvent::Ringing(kind))),
            (Who::Bob, Event::Bye(Status::new(code, text)))
        ]
    );
    for who in [Who::Ann, Who::Bob] {
        assert_eq!(pair.session(who).text("x"), Err(UsageError::Ended));
        assert_eq!(pair.connection(who).poll_timeout(), None);
        assert_eq!(pair.error(who), None);
    }
}
