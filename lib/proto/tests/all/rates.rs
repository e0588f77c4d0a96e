//! Limits of a transfer's rate, and peers that try to lift them.

use std::time::Duration;

use transom_proto::fuzzing::{Courier, Pair, Parcel, Route, Who};
use transom_proto::{Event, TransferEvent, TransferId};
use transom_wire::Shape;

const MILLI: Duration = Duration::from_millis(1);

/// Ann's limit, in bytes per second.
const RATE: u64 = 100_000;

/// Something that one end does every millisecond; the number counts them.
type Act = fn(&mut Pair, TransferId, u32);

/// Bytes that Ann sends in three seconds under her limit while `act` is done again and again.
fn sent_while(act: Act) -> u64 {
    let mut pair = Pair::new(Route::mbits(100));
    let parcels = vec![Parcel::file("film", 1 << 40)];
    let (file, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::File, parcels);
    pair.session(Who::Ann).limit(file, Some(RATE)).unwrap();
    for at in 0..3000 {
        act(&mut pair, file, at);
        pair.run(MILLI, |pair, who, event| match who {
            Who::Ann => courier.send(pair.session(who), &event),
            Who::Bob => courier.receive(pair.session(who), event),
        });
    }
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
    pair.session(Who::Ann).stats(Default::default()).sent
}

fn limit(pair: &mut Pair, who: Who, file: TransferId, rate: Option<u64>) {
    // Before the offer has come there is no such transfer yet.
    let _ = pair.session(who).limit(file, rate);
}

fn pause(pair: &mut Pair, who: Who, file: TransferId, paused: bool) {
    let _ = pair.session(who).pause(file, paused);
}

#[test]
fn a_limit_holds_whatever_is_said_about_rates() {
    let cases: [(&str, Act); 7] = [
        ("nothing is said", |_, _, _| {}),
        ("the receiver repeats a higher rate", |pair, file, _| {
            for rate in [1_000_001, 1_000_000] {
                limit(pair, Who::Bob, file, Some(rate));
            }
        }),
        ("the receiver changes a higher rate", |pair, file, at| {
            let rate = 1_000_000 + u64::from(at / 10 % 2);
            limit(pair, Who::Bob, file, Some(rate));
        }),
        (
            "the receiver has the same limit and none",
            |pair, file, at| {
                limit(pair, Who::Bob, file, (at / 10 % 2 == 0).then_some(RATE));
            },
        ),
        (
            "the receiver changes the limit that counts",
            |pair, file, at| {
                limit(
                    pair,
                    Who::Bob,
                    file,
                    Some(RATE - 1 - u64::from(at / 10 % 2)),
                );
            },
        ),
        ("the sender repeats its limit", |pair, file, _| {
            limit(pair, Who::Ann, file, Some(RATE));
        }),
        ("the sender changes its limit", |pair, file, at| {
            limit(pair, Who::Ann, file, Some(RATE - u64::from(at / 10 % 2)));
        }),
    ];
    for (what, act) in cases {
        let sent = sent_while(act);
        // A frame of 50 ms may be ahead; headers and control messages take less than a tenth.
        let fits = RATE * 3 * 9 / 10..RATE * 3 * 11 / 10 + RATE / 20;
        assert!(fits.contains(&sent), "{what}: {sent} bytes");
    }
}

#[test]
fn a_limit_holds_whoever_pauses_and_goes_on() {
    for who in [Who::Ann, Who::Bob] {
        let act: Act = match who {
            Who::Ann => |pair, file, at| pause(pair, Who::Ann, file, at % 20 < 10),
            Who::Bob => |pair, file, at| pause(pair, Who::Bob, file, at % 20 < 10),
        };
        let sent = sent_while(act);
        assert!(sent < RATE * 3 * 11 / 10 + RATE / 20, "{sent} bytes");
    }
}

#[test]
fn a_rate_that_is_repeated_is_no_news() {
    let mut pair = Pair::new(Route::IDEAL);
    let parcels = vec![Parcel::file("film", 1)];
    let (file, _) = Courier::offer(pair.session(Who::Ann), Shape::File, parcels);
    pair.events(50 * MILLI);
    let rate = Some(5_000);
    let mut news = Vec::new();
    for _ in 0..3 {
        // There and back between two records: the wire says the same again.
        pair.session(Who::Bob).limit(file, Some(7)).unwrap();
        pair.session(Who::Bob).limit(file, rate).unwrap();
        news.extend(pair.events(50 * MILLI));
    }
    assert_eq!(
        news,
        [(
            Who::Ann,
            Event::Transfer(file, TransferEvent::Limited { rate })
        )]
    );
}
