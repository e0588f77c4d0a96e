//! Transfers between honest ends, from offer to last word.

mod control;
mod entries;
mod limited;
mod misuse;

use std::time::Duration;

use transom_proto::fuzzing::{Courier, Pair, Parcel, Route, Who};
use transom_proto::{Event, TransferEvent, TransferId, UsageError};
use transom_wire::limits::{ENTRIES_AHEAD, HASH_CREDIT, LEAF, RUNS_AGAIN};
use transom_wire::{
    CallKind, Done, End, Ending, FailReason, Failure, LeafContent, Offer, Progress, RefuseReason,
    Shape, Status, Total, WHOLE,
};

use crate::messages::{again, entry, hashes, leaf, offer, start};

const SECOND: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(50);

/// Lets a courier's transfer run.
fn deliver(pair: &mut Pair, courier: &mut Courier, span: Duration) {
    pair.run(span, |pair, who, event| match who {
        Who::Ann => courier.send(pair.session(who), &event),
        Who::Bob => courier.receive(pair.session(who), event),
    });
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
}

/// One file of that size from Ann to Bob.
fn sending(route: Route, size: u64) -> (Pair, TransferId, Courier) {
    let mut pair = Pair::new(route);
    let parcels = vec![Parcel::file("film.mp4", size)];
    let (file, courier) = Courier::offer(pair.session(Who::Ann), Shape::File, parcels);
    (pair, file, courier)
}

/// A folder of three files, accepted, its entries not yet answered.
fn announced() -> (Pair, TransferId) {
    let mut pair = Pair::new(Route::IDEAL);
    let parcels = ["a", "b", "c"]
        .map(|path| Parcel::file(path, 300_000))
        .to_vec();
    let (file, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels);
    pair.run(TICK, |pair, who, event| match (who, event) {
        (Who::Ann, event) => courier.send(pair.session(who), &event),
        (Who::Bob, Event::Transfer(file, TransferEvent::Offered(_))) => {
            pair.session(who).accept(file, 0).unwrap()
        }
        _ => {}
    });
    (pair, file)
}

#[test]
fn files_of_all_sizes_are_received_completely() {
    let leaf = LEAF as u64;
    for size in [0, 1, leaf - 1, leaf, leaf + 1, 3 * leaf, 10_000_000] {
        let (mut pair, _, mut courier) = sending(Route::IDEAL, size);
        deliver(&mut pair, &mut courier, SECOND);
        assert_eq!(courier.ending, Some(Ending::Durable), "{size} bytes");
        assert_eq!(courier.got[&0], size);
        assert_eq!(courier.progress.verified, size);
    }
}

#[test]
fn a_folder_is_received_completely() {
    let mut pair = Pair::new(Route::mbits(100));
    let mut parcels = vec![Parcel::folder("empty")];
    parcels.extend((0..1000).map(|at| Parcel::file(&format!("sub/{at}"), at * 97)));
    let (_, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels);
    deliver(&mut pair, &mut courier, 10 * SECOND);
    assert_eq!(courier.ending, Some(Ending::Durable));
    assert_eq!(courier.got.len(), 1000);
}

#[test]
fn an_empty_folder_is_received() {
    let mut pair = Pair::new(Route::IDEAL);
    let (_, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, Vec::new());
    deliver(&mut pair, &mut courier, SECOND);
    assert_eq!(courier.ending, Some(Ending::Durable));
}

#[test]
fn small_files_do_not_wait_a_round_trip_each() {
    let slow = Route {
        delay: Duration::from_millis(50),
        ..Route::mbits(100)
    };
    let mut pair = Pair::new(slow);
    let parcels = (0..1000)
        .map(|at| Parcel::file(&format!("{at}"), 10))
        .collect();
    let (_, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels);
    // A thousand round trips would be a hundred seconds.
    deliver(&mut pair, &mut courier, 3 * SECOND);
    assert_eq!(courier.ending, Some(Ending::Durable));
}

#[test]
fn a_transfer_resumes_at_the_offset_that_the_receiver_holds() {
    let (mut pair, _, mut courier) = sending(Route::IDEAL, 10_000_000);
    courier.held.insert(0, 8 * LEAF as u64);
    deliver(&mut pair, &mut courier, SECOND);
    assert_eq!(courier.ending, Some(Ending::Durable));
    let sent = pair.session(Who::Ann).stats(Default::default()).sent;
    assert!(
        sent < 10_000_000 - 8 * LEAF as u64 + 100_000,
        "{sent} bytes for the rest"
    );
}

#[test]
fn new_leaves_are_sent_at_once_and_of_those_held_only_the_changed_ones() {
    let leaf = LEAF as u64;
    let (mut pair, _, mut courier) = sending(Route::IDEAL, 10 * leaf);
    courier.held.insert(0, 8 * leaf);
    courier.changed.extend([(0, 0), (0, 3 * leaf)]);
    deliver(&mut pair, &mut courier, SECOND);
    assert_eq!(courier.ending, Some(Ending::Durable));
    let leaves = courier.leaves.iter().map(|(_, offset)| offset / leaf);
    assert_eq!(leaves.collect::<Vec<_>>(), [8, 9, 0, 3]);
}

#[test]
fn a_file_that_is_held_whole_is_only_compared() {
    let (mut pair, _, mut courier) = sending(Route::IDEAL, 10_000_000);
    courier.held.insert(0, 10_000_000);
    deliver(&mut pair, &mut courier, SECOND);
    assert_eq!(courier.ending, Some(Ending::Durable));
    assert_eq!(courier.leaves, []);
}

#[test]
fn hashes_of_many_leaves_are_sent_in_several_messages() {
    let leaves = 1000;
    let (mut pair, _, mut courier) = sending(Route::IDEAL, leaves * LEAF as u64);
    courier.held.insert(0, leaves * LEAF as u64);
    courier.changed.insert((0, 999 * LEAF as u64));
    deliver(&mut pair, &mut courier, SECOND);
    assert_eq!(courier.ending, Some(Ending::Durable));
    assert_eq!(courier.leaves, [(0, 999 * LEAF as u64)]);
}

#[test]
fn hashes_wait_for_a_receiver_that_does_not_compare_them() {
    let window = 4 * 1024 * 1024;
    let leaves = 1_000_000;
    let (mut pair, file, mut courier) = sending(Route::IDEAL, leaves * LEAF as u64);
    courier.held.insert(0, leaves * LEAF as u64);
    let (mut waiting, mut most) = (0, 0);
    for _ in 0..3 {
        pair.run(SECOND, |pair, who, event| match (who, event) {
            (Who::Bob, Event::Transfer(_, TransferEvent::Hashes(hashes))) => {
                waiting += hashes.credit();
            }
            (Who::Ann, event) => courier.send(pair.session(who), &event),
            (Who::Bob, event) => courier.receive(pair.session(who), event),
        });
        assert_eq!(waiting, window);
        most += waiting / HASH_CREDIT as u64;
        let bob = pair.session(Who::Bob);
        assert_eq!(bob.stats(Default::default()).storing, window);
        bob.stored(file, waiting, Progress::default()).unwrap();
        waiting = 0;
    }
    assert_eq!(most, 768);
}

#[test]
fn changes_in_more_places_than_may_be_asked_for_at_once_are_all_sent() {
    let leaves = 4 * RUNS_AGAIN as u64;
    let (mut pair, _, mut courier) = sending(Route::IDEAL, leaves * LEAF as u64);
    courier.held.insert(0, leaves * LEAF as u64);
    let every_second = (0..leaves).step_by(2).map(|leaf| (0, leaf * LEAF as u64));
    courier.changed.extend(every_second.clone());
    deliver(&mut pair, &mut courier, 10 * SECOND);
    assert_eq!(courier.ending, Some(Ending::Durable));
    assert!(courier.leaves.iter().copied().eq(every_second));
}

/// A folder of three files; all leaves and the end of the first one were sent.
fn ended() -> (Pair, TransferId) {
    let (mut pair, file) = announced();
    pair.session(Who::Bob).start(file, &start(0, 0)).unwrap();
    pair.events(TICK);
    let ann = pair.session(Who::Ann);
    ann.leaf(file, leaf(0, 0, LEAF)).unwrap();
    ann.leaf(file, leaf(0, LEAF as u64, 300_000 - LEAF))
        .unwrap();
    ann.end(file, &END).unwrap();
    let events = pair.events(TICK);
    let end = Event::Transfer(file, TransferEvent::Ended(END));
    assert_eq!(events.last(), Some(&(Who::Bob, end)));
    (pair, file)
}

const END: End = End {
    index: 0,
    size: 300_000,
    root: [2; 32],
};

#[test]
fn a_leaf_may_be_asked_for_again_after_the_end_which_is_told_again_once_it_came() {
    let (mut pair, file) = ended();
    let bob = pair.session(Who::Bob);
    bob.again(file, &again(0, LEAF as u64, 1)).unwrap();
    let done = Done {
        index: 0,
        root: [2; 32],
    };
    let early = bob.done(file, &done);
    assert_eq!(early, Err(UsageError::NotNow { verb: "done" }));
    let asked = TransferEvent::Again(again(0, LEAF as u64, 1));
    assert_eq!(
        pair.events(TICK),
        [(Who::Ann, Event::Transfer(file, asked))]
    );
    let ann = pair.session(Who::Ann);
    ann.leaf(file, leaf(0, LEAF as u64, 300_000 - LEAF))
        .unwrap();
    let events = pair.events(TICK);
    let [
        (_, Event::Transfer(_, TransferEvent::Leaf { .. })),
        (_, last),
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(last, &Event::Transfer(file, TransferEvent::Ended(END)));
    pair.session(Who::Bob).done(file, &done).unwrap();
    let told = Event::Transfer(file, TransferEvent::Done(done));
    assert_eq!(pair.events(TICK), [(Who::Ann, told)]);
}

#[test]
fn a_refusal_ends_the_transfer_on_both_sides() {
    let (mut pair, file, _) = sending(Route::IDEAL, 5);
    pair.events(TICK);
    let reason = RefuseReason::NoSpace;
    pair.session(Who::Bob)
        .refuse(file, reason, "12 GB are missing")
        .unwrap();
    let text = "12 GB are missing".into();
    assert_eq!(
        pair.events(TICK),
        [(
            Who::Ann,
            Event::Transfer(file, TransferEvent::Refused(Status::new(reason, text)))
        )]
    );
    assert_eq!(
        pair.session(Who::Ann).pause(file, true),
        Err(UsageError::NoSuchTransfer)
    );
    assert_eq!(
        pair.session(Who::Bob).accept(file, 0),
        Err(UsageError::NoSuchTransfer)
    );
}

#[test]
fn offers_above_the_limit_are_refused_locally() {
    let mut pair = Pair::new(Route::IDEAL);
    for _ in 0..16 {
        Courier::offer(pair.session(Who::Ann), Shape::Folder, Vec::new());
    }
    let offer = offer(Shape::Folder, 0, 0);
    let result = pair.session(Who::Ann).offer(&offer);
    assert_eq!(result, Err(UsageError::Full { what: "transfers" }));
    pair.session(Who::Bob).offer(&offer).unwrap();
}

#[test]
fn a_stalled_disk_stops_the_sender_after_one_window() {
    let (mut pair, _, mut courier) = sending(Route::IDEAL, 100_000_000);
    let mut leaves = 0;
    pair.run(SECOND, |pair, who, event| match (who, event) {
        (Who::Ann, event) => courier.send(pair.session(who), &event),
        (Who::Bob, Event::Transfer(_, TransferEvent::Leaf { leaf, .. })) => {
            leaves += leaf.bytes.len()
        }
        (Who::Bob, event) => courier.receive(pair.session(who), event),
    });
    assert_eq!(leaves, 4 * 1024 * 1024, "one window");
    let held = pair.session(Who::Ann).stats(Default::default()).held;
    assert!(held <= 2 * 1024 * 1024, "{held} bytes wait at the sender");
}

/// A file of one hole, and how many of its leaves a stalled disk gets.
fn holes(size: u64, limit: Option<u64>) -> (Pair, usize) {
    let mut pair = Pair::new(Route::IDEAL);
    let mut offer = offer(Shape::File, 1, size);
    offer.is_counted = true;
    let ann = pair.session(Who::Ann);
    let file = ann.offer(&offer).unwrap();
    ann.limit(file, limit).unwrap();
    let (mut next, mut leaves) = (0, 0);
    pair.run(SECOND, |pair, who, event| {
        let session = pair.session(who);
        match event {
            Event::Transfer(file, TransferEvent::Offered(_)) => session.accept(file, 0).unwrap(),
            Event::Transfer(file, TransferEvent::Accepted { .. }) => {
                session.entry(file, &entry(0, size)).unwrap();
            }
            Event::Transfer(file, TransferEvent::Entry(_)) => {
                session.start(file, &start(0, 0)).unwrap();
            }
            Event::Transfer(_, TransferEvent::Leaf { leaf, size }) => {
                assert_eq!((leaf.content, leaf.bytes.len()), (LeafContent::Hole, 0));
                assert_eq!(leaf.len_in(size), LEAF as u64);
                leaves += 1;
            }
            _ => {}
        }
        if who == Who::Ann {
            while session.leaf_room(file) >= LEAF && next < size {
                let mut hole = leaf(0, next, 0);
                hole.content = LeafContent::Hole;
                match session.leaf(file, hole) {
                    Ok(()) => next += LEAF as u64,
                    Err(_) => break,
                }
            }
        }
    });
    (pair, leaves)
}

#[test]
fn holes_take_the_window_as_data_do_and_hardly_any_of_the_network() {
    let size = 1 << 40;
    let (mut pair, leaves) = holes(size, None);
    assert_eq!(leaves * LEAF, 4 * 1024 * 1024, "one window");
    let stats = pair.session(Who::Ann).stats(Default::default());
    assert!(stats.held <= 2 * 1024 * 1024, "{} wait", stats.held);
    assert!(stats.sent < 10_000, "{} bytes for holes", stats.sent);
}

#[test]
fn a_file_with_holes_is_received_completely() {
    let (mut pair, _, mut courier) = sending(Route::IDEAL, 10_000_000);
    courier.has_holes = true;
    deliver(&mut pair, &mut courier, SECOND);
    assert_eq!(courier.ending, Some(Ending::Durable));
    assert_eq!(courier.got[&0], 10_000_000);
}

#[test]
fn holes_do_not_count_for_a_rate_limit() {
    let (_, leaves) = holes(1 << 40, Some(1000));
    assert_eq!(leaves * LEAF, 4 * 1024 * 1024);
}

#[test]
fn received_verified_and_durable_bytes_are_reported_separately() {
    let (mut pair, file, mut courier) = sending(Route::IDEAL, 1_000_000);
    let mut received = 0;
    pair.run(4 * TICK, |pair, who, event| match (who, event) {
        (Who::Ann, event) => courier.send(pair.session(who), &event),
        // This disk takes leaves and is slow to check them.
        (Who::Bob, Event::Transfer(_, TransferEvent::Leaf { leaf, .. })) => {
            let taken = leaf.bytes.len() as u64;
            received += taken;
            let progress = Progress {
                received,
                verified: 0,
                durable: 0,
            };
            pair.session(who).stored(file, taken, progress).unwrap();
        }
        (Who::Bob, Event::Transfer(_, TransferEvent::Ended(_))) => {}
        (Who::Bob, event) => courier.receive(pair.session(who), event),
    });
    assert_eq!(
        courier.progress,
        Progress {
            received: 1_000_000,
            verified: 0,
            durable: 0
        }
    );
    assert_eq!(courier.ending, None);
    for (verified, durable) in [(1_000_000, 0), (1_000_000, 1_000_000)] {
        let progress = Progress {
            received,
            verified,
            durable,
        };
        pair.session(Who::Bob).stored(file, 0, progress).unwrap();
        let events = pair.events(TICK);
        assert_eq!(
            events,
            [(
                Who::Ann,
                Event::Transfer(file, TransferEvent::Progress(progress))
            )]
        );
    }
    let done = Done {
        index: 0,
        root: [2; 32],
    };
    pair.session(Who::Bob).done(file, &done).unwrap();
    let events = pair.events(TICK);
    assert_eq!(
        events,
        [
            (
                Who::Bob,
                Event::Transfer(file, TransferEvent::Finish { entries: 1 })
            ),
            (Who::Ann, Event::Transfer(file, TransferEvent::Done(done)))
        ]
    );
    let (ending, text) = (Ending::Durable, "film.mp4".into());
    pair.session(Who::Bob)
        .finished(file, ending, "film.mp4")
        .unwrap();
    assert_eq!(
        pair.events(TICK),
        [(
            Who::Ann,
            Event::Transfer(file, TransferEvent::Finished(Status::new(ending, text)))
        )]
    );
}

#[test]
fn a_ringing_call_shrinks_the_file_data_in_flight() {
    let (mut pair, _, mut courier) = sending(Route::mbits(20), 1_000_000_000);
    deliver(&mut pair, &mut courier, 5 * SECOND);
    assert!(pair.session(Who::Ann).stats(Default::default()).unacked > 1_000_000);
    pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
    deliver(&mut pair, &mut courier, 3 * SECOND);
    let unacked = pair.session(Who::Ann).stats(Default::default()).unacked;
    assert!(
        unacked < 100_000,
        "{unacked} bytes on the way while it rings"
    );
}
