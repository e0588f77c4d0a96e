//! What goes into one record: classes apart while a call is live, all that fits else.

use std::time::Duration;

use transom_proto::{CallEvent, Event};
use transom_wire::{Ack, CallKind, Class, Kind, Message, Ping, Ring, Shown, Text, flags};

use crate::evil::Evil;
use crate::video::picture;

/// The classes of a record's frames, without the ack that rides along at its end.
fn classes(record: &[Kind]) -> Vec<Class> {
    let (last, before) = record.split_last().unwrap();
    let rides = *last == Kind::Ack && !before.is_empty();
    let frames = if rides { before } else { record };
    let mut classes: Vec<Class> = frames.iter().map(|kind| kind.class()).collect();
    classes.dedup();
    classes
}

/// The classes of each record that goes when something of each class waits.
fn sent(live: bool) -> Vec<Vec<Class>> {
    let mut evil = Evil::with_leaf();
    evil.wait(Duration::from_millis(1)).unwrap();
    if live {
        let kind = CallKind::View;
        evil.say(1, &Message::Ring(Ring { kind })).unwrap();
        let Some(Event::Call(call, CallEvent::Ringing(_))) = evil.events().pop() else {
            panic!("no ring");
        };
        evil.connection.session.answer(call).unwrap();
        evil.connection
            .session
            .send_picture(call, picture(1, 500))
            .unwrap();
    }
    evil.connection.session.text("hello").unwrap();
    evil.say(0, &Message::Ping(Ping { clock: 7 })).unwrap();
    // Something to be acked in every record.
    let text = Text {
        id: 0,
        text: "and?",
    };
    evil.say(0, &Message::Text(text)).unwrap();
    let records = evil.records().into_iter();
    let kind = |header: transom_wire::Header| Kind::from_code(header.kind).unwrap();
    let kinds = records.map(|frames| frames.iter().map(|(header, _)| kind(*header)).collect());
    kinds.map(|kinds: Vec<Kind>| classes(&kinds)).collect()
}

#[test]
fn a_record_of_a_call_carries_one_class_and_the_urgent_go_first() {
    let mut sent = sent(true);
    sent.dedup();
    let wanted = [Class::Control, Class::Video, Class::Text, Class::Bulk];
    assert_eq!(sent, wanted.map(|class| vec![class]));
}

#[test]
fn without_a_call_a_record_carries_what_fits() {
    let mut sent = sent(false);
    sent.dedup();
    let wanted = [
        vec![Class::Control, Class::Text, Class::Bulk],
        vec![Class::Bulk],
    ];
    assert_eq!(sent, wanted);
}

#[test]
fn file_data_keep_a_floor_beside_pictures_that_could_use_all() {
    let mut evil = Evil::with_leaf();
    let kind = CallKind::View;
    evil.say(1, &Message::Ring(Ring { kind })).unwrap();
    let Some(Event::Call(call, CallEvent::Ringing(_))) = evil.events().pop() else {
        panic!("no ring");
    };
    evil.connection.session.answer(call).unwrap();
    let (mut file, mut all, mut begun) = (0, 0, 0);
    // There is always a picture to send, and all before it is acked.
    for sequence in 0..600 {
        let newest = picture(sequence, 10_000);
        evil.connection.session.send_picture(call, newest).unwrap();
        let record = evil.record();
        let bytes = |class: Class| {
            let of = record.iter().filter(|(header, _)| {
                Kind::from_code(header.kind).is_some_and(|kind| kind.class() == class)
            });
            of.map(|(header, _)| header.len).sum::<u32>()
        };
        file += bytes(Class::Bulk);
        all += bytes(Class::Bulk) + bytes(Class::Video);
        let (received, clock) = (evil.connection.session.stats(evil.now).sent, evil.now.0);
        evil.say(0, &Message::Ack(Ack { received, clock })).unwrap();
        for (header, payload) in &record {
            if header.kind == Kind::Picture.code() {
                begun = u32::from_be_bytes(*payload.first_chunk().unwrap());
            }
            if header.flags & flags::LAST != 0 {
                let sequence = begun;
                evil.say(1, &Message::Shown(Shown { sequence, clock }))
                    .unwrap();
            }
        }
    }
    assert!(all > 1_000_000, "{all} bytes");
    let percent = f64::from(file) * 100.0 / f64::from(all);
    assert!((4.0..6.0).contains(&percent), "{percent} %");
}
