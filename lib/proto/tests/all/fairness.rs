//! Transfers of one peer share the link: looked at over time, since sums over all of it hide who
//! waited.

use std::time::Duration;

use transom_proto::fuzzing::{Courier, Pair, Parcel, Route, Who};
use transom_proto::{CallEvent, Event, TransferId};
use transom_wire::limits::LEAF;
use transom_wire::{CallKind, Ending, Shape};

use crate::video::picture;

const MILLI: Duration = Duration::from_millis(1);
const ENDLESS: u64 = 1 << 40;

/// Transfers from Ann to Bob.
struct Party {
    pair: Pair,
    couriers: Vec<(TransferId, Courier)>,
}

impl Party {
    fn new(route: Route) -> Self {
        let (pair, couriers) = (Pair::new(route), Vec::new());
        Self { pair, couriers }
    }

    /// Offers one more; gives its number.
    fn offer(&mut self, shape: Shape, parcels: Vec<Parcel>) -> usize {
        let offered = Courier::offer(self.pair.session(Who::Ann), shape, parcels);
        self.couriers.push(offered);
        self.couriers.len() - 1
    }

    fn offer_file(&mut self, bytes: u64) -> usize {
        self.offer(Shape::File, vec![Parcel::file("film", bytes)])
    }

    fn run(&mut self, span: Duration) {
        let couriers = &mut self.couriers;
        self.pair.run(span, |pair, who, event| {
            let clock = pair.clock(who);
            let session = pair.session(who);
            if let Event::Call(call, CallEvent::Ringing(_)) = event {
                return session.answer(call).unwrap();
            }
            if let Event::Call(call, CallEvent::Picture(picture)) = event {
                return session.shown(call, picture.head.sequence, clock).unwrap();
            }
            for (file, courier) in &mut *couriers {
                if matches!(event, Event::Transfer(at, _) if at == *file) {
                    match who {
                        Who::Ann => courier.send(session, &event),
                        Who::Bob => courier.receive(session, event.clone()),
                    }
                }
            }
        });
        let errors = [Who::Ann, Who::Bob].map(|who| self.pair.error(who));
        assert_eq!(errors, [None, None]);
    }

    /// Bytes that have come of each, in whole leaves.
    fn got(&self) -> Vec<u64> {
        let got = |(_, courier): &(_, Courier)| courier.got.values().sum();
        self.couriers.iter().map(got).collect()
    }

    /// In each of so many seconds that follow every one of the transfers gets the same share of
    /// what moves, give or take a leaf at either end; gives what moved in all.
    fn assert_equal_shares(&mut self, seconds: usize) -> u64 {
        let mut total = 0;
        for second in 0..seconds {
            let before = self.got();
            self.run(1000 * MILLI);
            let after = self.got();
            let moved: Vec<u64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
            let sum: u64 = moved.iter().sum();
            let share = sum / moved.len() as u64;
            let fair = |bytes: &u64| bytes.abs_diff(share) <= share / 10 + 2 * LEAF as u64;
            assert!(moved.iter().all(fair), "second {second}: {moved:?}");
            total += sum;
        }
        total
    }
}

#[test]
fn endless_files_share_every_second_of_the_link() {
    for count in [3, 7] {
        let mut party = Party::new(Route::mbits(200));
        for _ in 0..count {
            party.offer_file(ENDLESS);
        }
        party.run(1000 * MILLI);
        let moved = party.assert_equal_shares(2);
        assert!(moved > 45_000_000, "{moved} of 50 MB");
    }
}

#[test]
fn endless_files_share_the_window_of_a_receiver_that_is_far() {
    // 4.5 MB are in flight: more than seven transfers have for themselves.
    let mut party = Party::new(Route {
        delay: 60 * MILLI,
        ..Route::mbits(200)
    });
    for _ in 0..7 {
        party.offer_file(ENDLESS);
    }
    party.run(2000 * MILLI);
    let moved = party.assert_equal_shares(2);
    assert!(moved > 45_000_000, "{moved} of 50 MB");
}

#[test]
fn offers_that_wait_for_an_answer_keep_no_window_from_those_that_move() {
    // 6 MB are in flight: what two have for themselves and a seventh of the rest would not do.
    let mut party = Party::new(Route {
        delay: 120 * MILLI,
        ..Route::mbits(200)
    });
    for _ in 0..5 {
        let parcels = vec![Parcel::file("film", ENDLESS)];
        Courier::offer(party.pair.session(Who::Ann), Shape::File, parcels);
    }
    for _ in 0..2 {
        party.offer_file(ENDLESS);
    }
    party.run(2000 * MILLI);
    let moved = party.assert_equal_shares(2);
    assert!(moved > 45_000_000, "{moved} of 50 MB");
}

#[test]
fn endless_files_share_what_a_call_leaves() {
    let mut party = Party::new(Route::mbits(200));
    for _ in 0..3 {
        party.offer_file(ENDLESS);
    }
    let call = party.pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
    party.run(100 * MILLI);
    // Pictures of changing sizes, so that what is left for a record changes too.
    for sequence in 0..30 {
        let newest = picture(sequence, 3_000 + sequence as usize * 777);
        party
            .pair
            .session(Who::Ann)
            .send_picture(call, newest)
            .unwrap();
        party.run(33 * MILLI);
    }
    party.assert_equal_shares(2);
}

#[test]
fn a_small_file_beside_a_big_one_is_there_soon() {
    for (big_first, later) in [(true, 0), (false, 0), (true, 2000)] {
        let mut party = Party::new(Route::mbits(80));
        let mut small = None;
        for is_big in [big_first, !big_first] {
            match is_big {
                true => drop(party.offer_file(ENDLESS)),
                false => small = Some(party.offer_file(600_000)),
            }
            if later > 0 {
                party.run(later * MILLI);
            }
        }
        // Half of the link is 5 MB/s: 120 ms, and the 150 ms that the router's buffer holds, twice.
        party.run(700 * MILLI);
        let (_, courier) = &party.couriers[small.unwrap()];
        assert_eq!(courier.ending, Some(Ending::Durable), "{big_first} {later}");
    }
}

#[test]
fn many_small_files_and_a_big_one_both_keep_moving() {
    for big_first in [true, false] {
        let mut party = Party::new(Route::mbits(80));
        for is_big in [big_first, !big_first] {
            if is_big {
                party.offer_file(ENDLESS);
            } else {
                let small = (0..100_000).map(|at| Parcel::file(&format!("album/{at}"), at % 3000));
                party.offer(Shape::Folder, small.collect());
            }
        }
        party.run(1000 * MILLI);
        for second in 0..3 {
            let before = party.got();
            party.run(1000 * MILLI);
            let after = party.got();
            // An album is held back by what may be announced ahead, 256 files a round trip.
            let fits = |(after, before): (&u64, &u64)| after - before > 500_000;
            let moves = after.iter().zip(&before).all(fits);
            assert!(moves, "second {second}: from {before:?} to {after:?}");
        }
    }
}

#[test]
fn a_transfer_that_waited_gets_its_share_and_no_more() {
    let mut party = Party::new(Route::mbits(200));
    let (first, _) = (party.offer_file(ENDLESS), party.offer_file(ENDLESS));
    let file = party.couriers[first].0;
    party.pair.session(Who::Bob).pause(file, false).unwrap_err();
    party.pair.session(Who::Ann).pause(file, true).unwrap();
    party.run(2000 * MILLI);
    assert_eq!(party.got()[first], 0);
    party.pair.session(Who::Ann).pause(file, false).unwrap();
    party.run(200 * MILLI);
    party.assert_equal_shares(2);
}

#[test]
fn what_a_limited_transfer_leaves_the_others_share() {
    let mut party = Party::new(Route::mbits(200));
    let slow = party.offer_file(ENDLESS);
    let file = party.couriers[slow].0;
    let rate = 4_000_000;
    party
        .pair
        .session(Who::Ann)
        .limit(file, Some(rate))
        .unwrap();
    party.offer_file(ENDLESS);
    party.offer_file(ENDLESS);
    party.run(1000 * MILLI);
    for second in 0..3 {
        let before = party.got();
        party.run(1000 * MILLI);
        let after = party.got();
        let moved: Vec<u64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
        let near = |bytes: u64, wanted: u64| bytes.abs_diff(wanted) < 1_500_000;
        assert!(near(moved[0], rate), "second {second}: {moved:?}");
        assert!(near(moved[1], 10_500_000), "second {second}: {moved:?}");
        assert!(near(moved[2], 10_500_000), "second {second}: {moved:?}");
    }
}
