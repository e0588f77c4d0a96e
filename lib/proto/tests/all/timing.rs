//! Pings, silence, clocks and acks.

use std::time::Duration;

use transom_proto::fuzzing::{Pair, Route, Who};
use transom_proto::{Event, Instant, PeerError, UsageError};
use transom_wire::limits::{ACK_BYTES_BULK, HEADER};
use transom_wire::{ByeCode, CallKind, Header, Kind, Message, Ping, Ring, Text};

use crate::evil::Evil;

const MILLI: Duration = Duration::from_millis(1);

/// Waits as long as the session wants to, and tells it.
fn next_timeout(evil: &mut Evil) -> Result<Duration, PeerError> {
    let due = evil.session.poll_timeout().unwrap();
    let span = due - evil.now;
    evil.wait(span).map(|()| span)
}

#[test]
fn every_second_has_a_ping_and_silence_has_an_end() {
    let mut evil = Evil::new();
    evil.heard();
    let began = evil.now;
    let mut pings = 0;
    let verdict = loop {
        match next_timeout(&mut evil) {
            Ok(_) => {
                pings += evil
                    .heard()
                    .iter()
                    .filter(|(_, kind)| *kind == Kind::Ping)
                    .count()
            }
            Err(error) => break error,
        }
    };
    assert_eq!(verdict, PeerError::Silent);
    assert_eq!(verdict.code(), ByeCode::Silent);
    assert_eq!(evil.now - began, Duration::from_millis(4500));
    assert_eq!(pings, 4);
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

#[test]
fn a_trickle_of_bytes_is_silence() {
    let mut evil = Evil::new();
    let header = Header {
        len: 60_000,
        kind: Kind::Data.code(),
        flags: 0,
        stream: 1,
    };
    evil.session
        .handle_bytes(&header.encode(), evil.now)
        .unwrap();
    let mut seconds = 0;
    while evil.wait(1000 * MILLI).is_ok() {
        evil.session.handle_bytes(b"x", evil.now).unwrap();
        seconds += 1;
    }
    assert_eq!(seconds, 4);
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

    pair.link(Who::Ann).cut_off = true;
    pair.events(Duration::from_secs(5));
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
    let ping = Evil::new().session.to_local(0);
    assert_eq!(ping, None);
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
    let received = evil.session.stats(evil.now).sent;
    let ack = Message::Ack(transom_wire::Ack { received, clock: 0 });
    evil.say(0, &ack).unwrap();
    assert!(
        next_timeout(&mut evil).unwrap() > 500 * MILLI,
        "nothing but the ping is due"
    );
}

#[test]
fn frames_of_later_versions_are_acked_within_20_ms_too() {
    for kind in [0x06, 0x20, 0x55, 0xff] {
        let mut evil = Evil::new();
        evil.heard();
        let (len, flags, stream) = (3, 0xff, 9);
        let header = Header {
            len,
            kind,
            flags,
            stream,
        };
        let frame = [&header.encode()[..], b"abc"].concat();
        evil.session.handle_bytes(&frame, evil.now).unwrap();
        assert_eq!(evil.heard(), []);
        assert_eq!(next_timeout(&mut evil), Ok(20 * MILLI), "{kind:#x}");
        assert_eq!(evil.heard(), [(0, Kind::Ack)]);
    }
}

#[test]
fn many_bytes_are_acked_at_once_and_sooner_in_a_call() {
    for (live, most) in [(false, ACK_BYTES_BULK), (true, 16 * 1024)] {
        let mut evil = Evil::new();
        if live {
            evil.say(
                1,
                &Message::Ring(Ring {
                    kind: CallKind::View,
                }),
            )
            .unwrap();
        }
        evil.heard();
        let header = Header {
            len: 1000 - HEADER as u32,
            kind: 0xee,
            flags: 0,
            stream: 0,
        };
        let mut frame = vec![0; 1000];
        frame[..HEADER].copy_from_slice(&header.encode());
        let mut bytes = 0;
        while !evil.heard().contains(&(0, Kind::Ack)) {
            evil.session.handle_bytes(&frame, evil.now).unwrap();
            bytes += 1000;
        }
        assert!(
            bytes <= most + 1000 && bytes >= most / 2,
            "{bytes} bytes until the ack"
        );
    }
}

#[test]
fn a_goodbye_is_the_last_word_of_both() {
    let mut pair = Pair::new(Route::mbits(10));
    pair.events(20 * MILLI);
    let call = pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
    pair.session(Who::Ann).bye(ByeCode::Leaving, "good night");
    let (code, text) = (ByeCode::Leaving, "good night".into());
    let kind = CallKind::Talk;
    let events = pair.events(Duration::from_secs(10));
    assert_eq!(
        events,
        [
            (Who::Bob, Event::Ringing { call, kind }),
            (Who::Bob, Event::Bye { code, text })
        ]
    );
    for who in [Who::Ann, Who::Bob] {
        assert_eq!(pair.session(who).text("x"), Err(UsageError::Ended));
        assert_eq!(pair.session(who).poll_timeout(), None);
        assert_eq!(pair.error(who), None);
    }
}
