//! Texts and their acknowledgement.

use std::time::Duration;

use transom_proto::fuzzing::{Pair, Route, Who};
use transom_proto::{Event, PeerError, UsageError};
use transom_wire::{Kind, Message, Ping, Text, TextAck, limits};

use crate::evil::Evil;

const TICK: Duration = Duration::from_millis(50);

#[test]
fn texts_arrive_in_order_and_say_so() {
    let mut pair = Pair::new(Route::mbits(10));
    pair.events(TICK);
    let longest = "ü".repeat(limits::TEXT / 2);
    let texts = ["hello", "", &longest];
    let ids = texts.map(|text| pair.session(Who::Ann).text(text).unwrap());
    let mut arrived = Vec::new();
    let mut read = Vec::new();
    pair.run(TICK, |_, _, event| match event {
        Event::Text { text, .. } => read.push(text),
        Event::TextArrived { id } => arrived.push(id),
        other => panic!("{other:?}"),
    });
    assert_eq!(read, texts);
    assert_eq!(arrived, ids);
}

#[test]
fn a_text_longer_than_the_wire_carries_is_refused() {
    let mut pair = Pair::new(Route::IDEAL);
    let long = "x".repeat(limits::TEXT + 1);
    let result = pair.session(Who::Ann).text(&long);
    assert!(matches!(
        result,
        Err(UsageError::Length {
            found: 4097,
            limit: 4096,
            ..
        })
    ));
}

#[test]
fn texts_wait_for_acks() {
    let mut pair = Pair::new(Route::IDEAL);
    for _ in 0..64 {
        pair.session(Who::Ann).text("x").unwrap();
    }
    let full = Err(UsageError::Full { what: "texts" });
    assert_eq!(pair.session(Who::Ann).text("x"), full);
    pair.events(TICK);
    pair.session(Who::Ann).text("x").unwrap();
}

#[test]
fn a_text_is_acknowledged_when_it_is_taken_out() {
    let mut evil = Evil::new();
    evil.heard();
    evil.say(0, &Message::Text(Text { id: 7, text: "hi" }))
        .unwrap();
    assert!(!evil.heard().contains(&(0, Kind::TextAck)));
    assert_eq!(evil.events().len(), 1);
    assert!(evil.heard().contains(&(0, Kind::TextAck)));
}

#[test]
fn a_flood_of_texts_is_too_much() {
    let mut evil = Evil::new();
    let text = Message::Text(Text {
        id: 1,
        text: "spam",
    });
    let verdict = (0..1000).find_map(|_| evil.say(0, &text).err());
    assert!(matches!(verdict, Some(PeerError::TooMuch { .. })));
    assert!(evil.events().len() <= 256);
}

#[test]
fn an_ack_of_no_text_ends_the_connection() {
    let mut evil = Evil::new();
    let ack = Message::TextAck(TextAck { id: 0 });
    assert!(evil.say(0, &ack).is_err());
    let mut evil = Evil::new();
    evil.connection.session.text("x").unwrap();
    assert_eq!(evil.say(0, &ack), Ok(()));
    assert_eq!(evil.events(), [Event::TextArrived { id: 0 }]);
    assert!(evil.say(0, &ack).is_err(), "twice");
}

#[test]
fn texts_that_come_too_fast_wait_and_none_is_lost() {
    let mut evil = Evil::new();
    for id in 0..60 {
        evil.say(0, &Message::Text(Text { id, text: "again" }))
            .unwrap();
    }
    let told = |evil: &mut Evil| {
        let events = evil.events();
        events
            .iter()
            .filter(|event| matches!(event, Event::Text { .. }))
            .count()
    };
    assert_eq!(told(&mut evil), 32);
    evil.wait(Duration::from_millis(1000)).unwrap();
    let second = told(&mut evil);
    assert!((3..=5).contains(&second), "{second}");
    evil.wait(Duration::from_millis(3000)).unwrap();
    assert_eq!(second + told(&mut evil), 16);
}

#[test]
fn texts_that_wait_for_their_pace_are_told_while_other_bytes_come() {
    let mut evil = Evil::new();
    for id in 0..60 {
        evil.say(0, &Message::Text(Text { id, text: "again" }))
            .unwrap();
    }
    assert_eq!(evil.events().len(), 32);
    // A caller that always has more to read never gets to say that time has passed.
    for _ in 0..100 {
        evil.now = evil.now + Duration::from_millis(10);
        evil.say(0, &Message::Ping(Ping { clock: 1 })).unwrap();
    }
    let told = evil.events().len();
    assert!((3..=5).contains(&told), "{told} in a second");
}
