//! What a call feels of a file: the delay of pictures over modelled links, with and without a
//! greedy transfer beside them.

use std::time::Duration;

use transom_proto::fuzzing::{Courier, Pair, Parcel, Route, Who};
use transom_proto::{CallEvent, Config, Event, Order};
use transom_wire::{CallKind, Shape};

use crate::video::picture;

/// Thirty pictures a second.
const FRAME: Duration = Duration::from_micros(33_333);

/// How pictures and the file fared.
struct Report {
    median: Duration,
    /// The 99th percentile.
    worst: Duration,
    shown: usize,
    file_kbits: u64,
}

/// Twelve seconds of pictures of that many bytes and, if `greedy`, of a file without end beside
/// them.
fn watch(route: Route, bytes: usize, greedy: bool, tune: impl Fn(&mut Config)) -> Report {
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
    let (mut sent, mut delays) = (Vec::new(), Vec::new());
    for frame in 0..360 {
        pair.run(FRAME, |pair, who, event| {
            let (now, clock) = (pair.now(), pair.clock(who));
            let session = pair.session(who);
            match (who, event) {
                (Who::Bob, Event::Call(call, CallEvent::Ringing(_))) => {
                    session.answer(call).unwrap()
                }
                (Who::Ann, Event::Call(call, CallEvent::Picture(picture))) => {
                    let sequence = picture.head.sequence;
                    delays.push(now - sent[sequence as usize]);
                    session.shown(call, sequence, clock).unwrap();
                }
                (Who::Bob, event) => courier.send(session, &event),
                (Who::Ann, event) => courier.receive(session, event),
            }
        });
        sent.push(pair.now());
        let picture = picture(frame, bytes);
        pair.session(Who::Bob).send_picture(call, picture).unwrap();
    }
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
    delays.sort();
    let bytes: u64 = courier.got.values().sum();
    Report {
        median: delays[delays.len() / 2],
        worst: delays[delays.len() * 99 / 100],
        shown: delays.len(),
        file_kbits: bytes * 8 / pair.now().as_secs() / 1_000,
    }
}

fn untuned(_: &mut Config) {}

/// What the file adds to the worst pictures' delay stays below this.
const ADDED: Duration = Duration::from_millis(20);

#[test]
fn a_greedy_file_is_not_felt_at_20_mbits() {
    let route = Route::mbits(20);
    let alone = watch(route, 40_000, false, untuned);
    let beside = watch(route, 40_000, true, untuned);
    assert!(beside.worst <= alone.worst + ADDED, "{:?}", beside.worst);
    assert_eq!(
        beside.shown, 359,
        "no picture is lost but the last, which is under way"
    );
    assert!(
        beside.file_kbits >= 8_500,
        "{} kbit/s of 10,000 that are left",
        beside.file_kbits
    );
}

#[test]
fn a_greedy_file_is_not_felt_at_100_mbits() {
    let route = Route::mbits(100);
    let alone = watch(route, 40_000, false, untuned);
    let beside = watch(route, 40_000, true, untuned);
    assert!(beside.worst <= alone.worst + ADDED, "{:?}", beside.worst);
    assert!(
        beside.file_kbits >= 80_000,
        "{} kbit/s of 90,000 that are left",
        beside.file_kbits
    );
}

#[test]
fn in_naive_order_the_buffers_of_the_path_fill() {
    let beside = watch(Route::mbits(20), 40_000, true, |config| {
        config.order = Order::Naive;
    });
    assert!(
        beside.median > Duration::from_millis(300),
        "{:?}",
        beside.median
    );
}

#[test]
fn video_that_is_too_much_loses_pictures_and_not_time() {
    let alone = watch(Route::mbits(20), 150_000, false, untuned);
    assert!(
        alone.worst <= Duration::from_millis(110),
        "{:?}",
        alone.worst
    );
    assert!(
        (150..250).contains(&alone.shown),
        "{} pictures",
        alone.shown
    );
}

#[test]
fn video_that_is_too_much_does_not_freeze_a_file() {
    let beside = watch(Route::mbits(20), 150_000, true, untuned);
    // Five percent, in leaves of a quarter of a megabyte.
    assert!(beside.file_kbits >= 800, "{} kbit/s", beside.file_kbits);
    assert!(beside.shown >= 150, "{} pictures", beside.shown);
    assert!(
        beside.worst <= Duration::from_millis(130),
        "{:?}",
        beside.worst
    );
}
