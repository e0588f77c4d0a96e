//! What a call feels of a file: the delay of pictures over modelled links, with and without a greedy transfer beside them.

use std::time::Duration;

use transom_proto::fuzzing::{Courier, Pair, Parcel, Route, Who};
use transom_proto::{Config, Event};
use transom_wire::{CallKind, Shape};

use crate::calls::picture;

/// Thirty pictures a second.
const FRAME: Duration = Duration::from_micros(33_333);
const MBIT: u64 = 1_000_000;

/// How pictures and the file fared.
#[derive(Debug)]
struct Report {
    p50: Duration,
    p99: Duration,
    shown: usize,
    file_mbits: u64,
}

/// Bob sends pictures of that many bytes and, if `greedy`, a file without end.
fn call(route: Route, bytes: usize, greedy: bool, tune: impl Fn(&mut Config)) -> Report {
    let config = |name: &str, nonce| {
        let mut config = Config::new(name.parse().unwrap(), 1, nonce);
        tune(&mut config);
        config
    };
    let mut pair = Pair::with(route, config("ann", 1), config("bob", 2));
    let call = pair.session(Who::Ann).ring(CallKind::View).unwrap();
    let mut courier = Courier::default();
    if greedy {
        let parcels = vec![Parcel::file("film", 1 << 40)];
        (_, courier) = Courier::offer(pair.session(Who::Bob), Shape::File, parcels);
    }
    let mut sent = Vec::new();
    let mut delays = Vec::new();
    let mut frames = 0;
    let mut run = |pair: &mut Pair, sent: &mut Vec<Duration>| {
        pair.run(FRAME, |pair, who, event| {
            let now = pair.now();
            let clock = pair.clock(who);
            let session = pair.session(who);
            match (who, event) {
                (Who::Bob, Event::Ringing { call, .. }) => session.answer(call).unwrap(),
                (Who::Ann, Event::Picture { call, picture }) => {
                    let sequence = picture.head.sequence;
                    delays.push(now - sent[sequence as usize]);
                    session.shown(call, sequence, clock).unwrap();
                }
                (Who::Bob, event) => courier.send(session, &event),
                (Who::Ann, event) => courier.receive(session, event),
            }
        });
    };
    run(&mut pair, &mut sent);
    while frames < 3600 {
        sent.push(pair.now());
        pair.session(Who::Bob)
            .send_picture(call, picture(frames, bytes))
            .unwrap();
        frames += 1;
        run(&mut pair, &mut sent);
    }
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
    delays.sort();
    let at = |percent: usize| delays[delays.len() * percent / 100];
    let bytes: u64 = courier.got.values().sum();
    Report {
        p50: at(50),
        p99: at(99),
        shown: delays.len(),
        file_mbits: bytes * 8 / pair.now().as_secs() / MBIT,
    }
}

#[test]
fn explore() {
    for (rate, bytes) in [
        (2, 2000),
        (5, 10_000),
        (20, 5_000),
        (20, 40_000),
        (100, 40_000),
    ] {
        let route = Route::mbits(rate);
        println!(
            "{rate} {bytes} alone  {:?}",
            call(route, bytes, false, |_| {})
        );
        println!(
            "{rate} {bytes} greedy {:?}",
            call(route, bytes, true, |_| {})
        );
    }
}
