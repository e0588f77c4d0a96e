//! What goes next: the order of classes, and what waits for how long.

use std::time::Duration;

use transom_proto::Order;
use transom_wire::{Class, Header, Kind};

use crate::evil::Evil;
use crate::video::picture;

const MILLI: Duration = Duration::from_millis(1);

/// A record's classes in their order, without the connection's own.
fn classes(record: &[(Header, Vec<u8>)]) -> Vec<Class> {
    let kinds = record
        .iter()
        .filter_map(|(header, _)| Kind::from_code(header.kind));
    let mut classes: Vec<Class> = kinds.map(Kind::class).collect();
    classes.retain(|class| *class != Class::Control);
    classes.dedup();
    classes
}

#[test]
fn in_naive_order_pictures_and_file_data_take_turns_and_nothing_holds_them() {
    let mut evil = Evil::tuned(|config| config.order = Order::Naive).met();
    evil.add_leaf();
    let call = evil.view();
    evil.connection
        .session
        .send_picture(call, picture(1, 150_000))
        .unwrap();
    let sent: Vec<Class> = evil.records().iter().flat_map(|r| classes(r)).collect();
    let of = |class| sent.iter().filter(|sent| **sent == class).count();
    assert_eq!((of(Class::Video), of(Class::Bulk)), (3, 5), "{sent:?}");
    let turns = sent.iter().take(6);
    let alternate = turns.clone().zip(turns.skip(1)).all(|(a, b)| a != b);
    assert!(alternate, "{sent:?}");
}

#[test]
fn a_picture_waits_from_when_it_is_put_until_it_is_begun() {
    let mut evil = Evil::new();
    let call = evil.view();
    evil.heard();
    let waits = |evil: &Evil| evil.connection.session.stats(evil.now).picture_waits;
    evil.connection
        .session
        .send_picture(call, picture(1, 100_000))
        .unwrap();
    while evil.connection.session.stats(evil.now).sent < 60_000 {
        assert!(!evil.record().is_empty());
        evil.ack_all();
        assert_eq!(waits(&evil), None, "it is begun");
    }
    evil.connection
        .session
        .send_picture(call, picture(2, 100_000))
        .unwrap();
    evil.connection
        .session
        .send_picture(call, picture(3, 100_000))
        .unwrap();
    for _ in 0..5 {
        evil.wait(50 * MILLI).unwrap();
        evil.connection
            .session
            .send_picture(call, picture(4, 100_000))
            .unwrap();
    }
    assert_eq!(waits(&evil), Some(200 * MILLI), "a newer one waits on");
    while !evil.record().is_empty() {
        evil.ack_all();
    }
    assert_eq!(waits(&evil), None, "both are out");
    evil.connection
        .session
        .send_picture(call, picture(5, 100))
        .unwrap();
    evil.wait(50 * MILLI).unwrap();
    assert_eq!(waits(&evil), None, "the viewer has no credit for it");
}
