//! Transfers between honest ends, from offer to last word.

use std::time::Duration;

use transom_proto::fuzzing::{Courier, Pair, Parcel, Route, Who};
use transom_proto::{Event, LeafData, TransferEvent, TransferId, UsageError};
use transom_wire::limits::{ENTRIES_AHEAD, LEAF};
use transom_wire::{
    CallKind, Done, Ending, FailReason, Failure, Progress, RefuseReason, Shape, Start, Status,
    WHOLE,
};

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
            pair.session(who).accept(file).unwrap()
        }
        _ => {}
    });
    (pair, file)
}

fn start(index: u32, offset: u64) -> Start {
    Start {
        index,
        offset,
        proof: [9; 32],
    }
}

fn leaf(index: u32, offset: u64, len: usize) -> LeafData {
    LeafData {
        index,
        offset,
        hash: [0; 32],
        bytes: vec![0; len],
    }
}

#[test]
fn files_of_all_sizes_arrive_whole() {
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
fn a_folder_arrives_whole() {
    let mut pair = Pair::new(Route::mbits(100));
    let mut parcels = vec![Parcel::folder("empty")];
    parcels.extend((0..1000).map(|at| Parcel::file(&format!("sub/{at}"), at * 97)));
    let (_, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels);
    deliver(&mut pair, &mut courier, 10 * SECOND);
    assert_eq!(courier.ending, Some(Ending::Durable));
    assert_eq!(courier.got.len(), 1000);
}

#[test]
fn an_empty_folder_arrives() {
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
fn a_transfer_goes_on_where_it_was() {
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
fn what_its_receiver_pauses_and_limits_is_so_before_it_is_accepted() {
    let (mut pair, file, _) = sending(Route::IDEAL, 1_000_000);
    pair.events(TICK);
    let bob = pair.session(Who::Bob);
    bob.pause(file, true).unwrap();
    bob.limit(file, Some(9)).unwrap();
    bob.accept(file).unwrap();
    let events = pair.events(TICK);
    assert!(
        matches!(
            &events[..],
            [
                (
                    Who::Ann,
                    Event::Transfer(_, TransferEvent::Paused { paused: true })
                ),
                (
                    Who::Ann,
                    Event::Transfer(_, TransferEvent::Limited { rate: Some(9) })
                ),
                (Who::Ann, Event::Transfer(_, TransferEvent::Accepted)),
            ]
        ),
        "{events:?}"
    );
}

#[test]
fn a_sender_may_begin_at_the_start_when_the_proof_does_not_fit() {
    let (mut pair, file) = announced();
    pair.session(Who::Bob)
        .start(file, &start(0, LEAF as u64))
        .unwrap();
    pair.events(TICK);
    let ann = pair.session(Who::Ann);
    ann.leaf(file, leaf(0, 0, LEAF)).unwrap();
    let wrong = ann.leaf(file, leaf(0, 0, LEAF));
    assert_eq!(wrong, Err(UsageError::NotNow { verb: "leaf" }));
    let events = pair.events(TICK);
    let [(Who::Bob, Event::Transfer(_, TransferEvent::Leaf { leaf, .. }))] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(leaf.offset, 0);
}

#[test]
fn an_offer_is_refused() {
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
        pair.session(Who::Bob).accept(file),
        Err(UsageError::NoSuchTransfer)
    );
}

#[test]
fn more_offers_than_allowed_find_no_room() {
    let mut pair = Pair::new(Route::IDEAL);
    for _ in 0..16 {
        Courier::offer(pair.session(Who::Ann), Shape::Folder, Vec::new());
    }
    let offer = transom_wire::Offer {
        transfer: transom_wire::TransferKey([1; 16]),
        shape: Shape::Folder,
        collision: transom_wire::Collision::Skip,
        files: 0,
        bytes: 0,
        name: transom_wire::RelativePath::new("x").unwrap(),
    };
    let result = pair.session(Who::Ann).offer(&offer);
    assert_eq!(result, Err(UsageError::Full { what: "transfers" }));
    pair.session(Who::Bob).offer(&offer).unwrap();
}

#[test]
fn an_entry_that_fails_does_not_harm_the_others() {
    let (mut pair, file) = announced();
    let bob = pair.session(Who::Bob);
    bob.start(file, &start(0, 0)).unwrap();
    bob.start(file, &start(1, 0)).unwrap();
    pair.events(TICK);
    // The disk fills up while leaves of the entry are queued and on the way.
    let ann = pair.session(Who::Ann);
    ann.leaf(file, leaf(0, 0, LEAF)).unwrap();
    ann.leaf(file, leaf(1, 0, LEAF)).unwrap();
    let full = Failure {
        index: 0,
        reason: FailReason::NoSpace,
        errno: 28,
        text: "no space left",
    };
    pair.session(Who::Bob).failed(file, full).unwrap();
    let events = pair.events(TICK);
    let told = events.iter().any(|(who, event)| {
        *who == Who::Ann
            && matches!(
                event,
                Event::Transfer(_, TransferEvent::Failed(failure)) if failure.as_str() == full
            )
    });
    assert!(told, "{events:?}");
    let leaves: Vec<u32> = events
        .iter()
        .filter_map(|(_, event)| leaf_index(event))
        .collect();
    assert_eq!(leaves, [1], "what comes of a failed entry is dropped");

    let late = pair
        .session(Who::Ann)
        .leaf(file, leaf(0, LEAF as u64, 300_000 - LEAF));
    assert_eq!(late, Ok(()), "a leaf that was read meanwhile is no mistake");
    let rest = pair
        .session(Who::Ann)
        .leaf(file, leaf(1, LEAF as u64, 300_000 - LEAF));
    assert_eq!(rest, Ok(()));
    let leaves: Vec<u32> = pair
        .events(TICK)
        .iter()
        .filter_map(|(_, event)| leaf_index(event))
        .collect();
    assert_eq!(leaves, [1]);
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
}

fn leaf_index(event: &Event) -> Option<u32> {
    match event {
        Event::Transfer(_, TransferEvent::Leaf { leaf, .. }) => Some(leaf.index),
        _ => None,
    }
}

#[test]
fn an_entry_given_up_in_the_middle_of_a_leaf_does_not_harm_the_others() {
    let (mut pair, file) = announced();
    pair.session(Who::Bob).start(file, &start(0, 0)).unwrap();
    pair.session(Who::Bob).start(file, &start(1, 0)).unwrap();
    pair.events(TICK);
    pair.link(Who::Ann).route = Route {
        fifo: 70_000,
        ..Route::mbits(10)
    };
    let ann = pair.session(Who::Ann);
    ann.leaf(file, leaf(0, 0, LEAF)).unwrap();
    ann.leaf(file, leaf(1, 0, LEAF)).unwrap();
    pair.run(Duration::from_micros(10), |_, _, _| {});
    let changed = Failure {
        index: 0,
        reason: FailReason::SourceChanged,
        errno: 0,
        text: "it grew",
    };
    pair.session(Who::Ann).abandon(file, changed).unwrap();
    let events = pair.events(SECOND);
    let changed = changed.map_text(String::from);
    assert_eq!(
        events[0],
        (
            Who::Bob,
            Event::Transfer(file, TransferEvent::Abandoned(changed))
        )
    );
    assert_eq!(leaf_index(&events[1].1), Some(1));
    assert_eq!(pair.error(Who::Bob), None);
}

#[test]
fn entries_given_up_at_once_do_not_overtake_their_announcement() {
    let mut pair = Pair::new(Route::IDEAL);
    let long = ["x"; 10].map(|x| x.repeat(200)).join("/");
    let parcels = (0..200).map(|at| Parcel::file(&format!("{long}/{at}"), 5));
    let (file, mut courier) =
        Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels.collect());
    let (mut told, mut given_up) = (0, 0);
    pair.run(SECOND, |pair, who, event| match (who, event) {
        (Who::Ann, event) => {
            // More than any record holds are announced, and then nothing of them can be read.
            let ann = pair.session(who);
            courier.send(ann, &event);
            let gone = |index| Failure {
                index,
                reason: FailReason::Gone,
                errno: 2,
                text: "",
            };
            while ann.abandon(file, gone(given_up)).is_ok() {
                given_up += 1;
            }
        }
        (Who::Bob, Event::Transfer(_, TransferEvent::Abandoned(_))) => told += 1,
        (Who::Bob, Event::Transfer(file, TransferEvent::Offered(_))) => {
            pair.session(who).accept(file).unwrap()
        }
        _ => {}
    });
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
    assert_eq!(told, 200);
}

#[test]
fn finish_is_told_when_every_entry_is_settled() {
    let (mut pair, file) = announced();
    // Finish came with the entries; nothing is settled yet.
    assert!(pair.events(TICK).is_empty());
    let early = pair.session(Who::Bob).finished(file, Ending::Durable, "");
    assert_eq!(early, Err(UsageError::NotNow { verb: "finished" }));

    pair.session(Who::Bob)
        .done(
            file,
            &Done {
                index: 0,
                root: [5; 32],
            },
        )
        .unwrap();
    let gone = Failure {
        index: 1,
        reason: FailReason::Gone,
        errno: 2,
        text: "",
    };
    pair.session(Who::Ann).abandon(file, gone).unwrap();
    let failed = Failure {
        index: 2,
        reason: FailReason::BadName,
        errno: 0,
        text: "",
    };
    pair.session(Who::Bob).failed(file, failed).unwrap();
    let events = pair.events(TICK);
    assert_eq!(
        events.last(),
        Some(&(
            Who::Bob,
            Event::Transfer(file, TransferEvent::Finish { entries: 3 })
        ))
    );
    pair.session(Who::Bob)
        .finished(file, Ending::Partial, "things")
        .unwrap();
    let (ending, text) = (Ending::Partial, "things".into());
    assert_eq!(
        pair.events(TICK),
        [(
            Who::Ann,
            Event::Transfer(file, TransferEvent::Finished(Status::new(ending, text)))
        )]
    );
}

#[test]
fn either_side_ends_the_whole_with_its_error() {
    let (mut pair, file) = announced();
    let failure = Failure {
        index: WHOLE,
        reason: FailReason::Io,
        errno: 5,
        text: "the disk is gone",
    };
    pair.session(Who::Bob).failed(file, failure).unwrap();
    let told = TransferEvent::Failed(failure.map_text(String::from));
    assert_eq!(pair.events(TICK), [(Who::Ann, Event::Transfer(file, told))]);

    let (mut pair, file) = announced();
    pair.session(Who::Ann).abandon(file, failure).unwrap();
    let told = TransferEvent::Abandoned(failure.map_text(String::from));
    assert_eq!(pair.events(TICK), [(Who::Bob, Event::Transfer(file, told))]);
    assert_eq!(
        pair.session(Who::Bob).done(
            file,
            &Done {
                index: 0,
                root: [0; 32]
            }
        ),
        Err(UsageError::NoSuchTransfer)
    );
}

#[test]
fn either_side_cancels_in_the_middle() {
    for who in [Who::Ann, Who::Bob] {
        let (mut pair, file, mut courier) = sending(Route::mbits(100), 100_000_000);
        deliver(&mut pair, &mut courier, SECOND);
        let reason = RefuseReason::Chosen;
        pair.session(who).cancel(file, reason, "enough").unwrap();
        let mut told = None;
        pair.run(SECOND, |_, who, event| told = Some((who, event)));
        let other = if who == Who::Ann { Who::Bob } else { Who::Ann };
        let text = "enough".into();
        assert_eq!(
            told,
            Some((
                other,
                Event::Transfer(file, TransferEvent::Cancelled(Status::new(reason, text)))
            ))
        );
        assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
        assert_eq!(pair.session(Who::Ann).stats(Default::default()).held, 0);
    }
}

#[test]
fn either_side_pauses_and_both_must_let_go_on() {
    let (mut pair, file, mut courier) = sending(Route::mbits(100), 1_000_000_000);
    deliver(&mut pair, &mut courier, SECOND);
    for who in [Who::Ann, Who::Bob] {
        pair.session(who).pause(file, true).unwrap();
    }
    deliver(&mut pair, &mut courier, SECOND);
    let halted = courier.got[&0];
    pair.session(Who::Ann).pause(file, false).unwrap();
    deliver(&mut pair, &mut courier, SECOND);
    assert_eq!(courier.got[&0], halted);
    pair.session(Who::Bob).pause(file, false).unwrap();
    deliver(&mut pair, &mut courier, SECOND);
    assert!(courier.got[&0] > halted + 10_000_000);
}

#[test]
fn a_pause_is_told_once() {
    let (mut pair, file, _) = sending(Route::IDEAL, 5);
    pair.events(TICK);
    for paused in [true, false, true, true] {
        pair.session(Who::Bob).pause(file, paused).unwrap();
    }
    assert_eq!(
        pair.events(TICK),
        [(
            Who::Ann,
            Event::Transfer(file, TransferEvent::Paused { paused: true })
        )]
    );
}

#[test]
fn the_lower_rate_of_both_sides_holds() {
    let (mut pair, file, mut courier) = sending(Route::mbits(100), 1_000_000_000);
    pair.session(Who::Ann).limit(file, Some(1_000_000)).unwrap();
    deliver(&mut pair, &mut courier, SECOND);
    pair.session(Who::Bob).limit(file, Some(200_000)).unwrap();
    deliver(&mut pair, &mut courier, SECOND / 5);
    let mut before = courier.got[&0];
    for (limit, rate) in [(Some(200_000), 200_000), (None, 1_000_000)] {
        pair.session(Who::Bob).limit(file, limit).unwrap();
        deliver(&mut pair, &mut courier, 10 * SECOND);
        let got = courier.got[&0] - before;
        before = courier.got[&0];
        assert!(
            got.abs_diff(10 * rate) <= LEAF as u64 + rate / 5,
            "{got} bytes at {rate} per second"
        );
    }
    pair.session(Who::Ann).limit(file, None).unwrap();
    deliver(&mut pair, &mut courier, SECOND);
    assert!(courier.got[&0] - before > 10_000_000);
}

#[test]
fn a_disk_that_stops_stops_the_sender() {
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

#[test]
fn entries_stop_when_none_are_settled() {
    let mut pair = Pair::new(Route::IDEAL);
    let parcels = (0..1000)
        .map(|at| Parcel::file(&format!("{at}"), 10))
        .collect();
    let (file, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels);
    let mut entries = 0;
    pair.run(SECOND, |pair, who, event| match (who, event) {
        (Who::Ann, event) => courier.send(pair.session(who), &event),
        (Who::Bob, Event::Transfer(file, TransferEvent::Offered(_))) => {
            pair.session(who).accept(file).unwrap()
        }
        (Who::Bob, Event::Transfer(_, TransferEvent::Entry(_))) => entries += 1,
        _ => {}
    });
    assert_eq!(entries, ENTRIES_AHEAD);
    assert_eq!(pair.session(Who::Ann).entry_room(file), 0);
    assert_eq!(pair.error(Who::Bob), None);
}

#[test]
fn sent_received_verified_and_durable_are_four_answers() {
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
fn a_receiver_can_end_early_only_where_nothing_is_claimed() {
    for (ending, early) in [
        (Ending::Durable, false),
        (Ending::Partial, false),
        (Ending::Skipped, true),
        (Ending::AlreadyThere, true),
        (Ending::Failed, true),
    ] {
        let (mut pair, file) = announced();
        let result = pair.session(Who::Bob).finished(file, ending, "");
        assert_eq!(result.is_ok(), early);
        pair.events(TICK);
        assert_eq!(pair.error(Who::Ann), None);
    }
}

#[test]
fn what_does_not_fit_the_state_is_refused_and_changes_nothing() {
    let (mut pair, file) = announced();
    let not_now = |verb| Err(UsageError::NotNow { verb });
    let bob = pair.session(Who::Bob);
    assert_eq!(bob.accept(file), not_now("accept"));
    assert_eq!(
        bob.refuse(file, RefuseReason::Chosen, ""),
        not_now("refuse")
    );
    assert_eq!(bob.start(file, &start(3, 0)), not_now("start"));
    assert_eq!(bob.start(file, &start(0, 5)), not_now("start"));
    assert_eq!(bob.start(file, &start(0, 300_001)), not_now("start"));
    assert_eq!(bob.stored(file, 1, Progress::default()), not_now("stored"));
    assert_eq!(bob.leaf_room(file), 0);
    bob.start(file, &start(0, 0)).unwrap();
    assert_eq!(bob.start(file, &start(0, 0)), not_now("start"));
    assert_eq!(
        bob.done(
            file,
            &Done {
                index: 0,
                root: [0; 32]
            }
        ),
        not_now("done")
    );
    pair.events(TICK);

    let ann = pair.session(Who::Ann);
    assert_eq!(ann.leaf(file, leaf(1, 0, LEAF)), not_now("leaf"));
    assert_eq!(ann.leaf(file, leaf(0, 0, 10)), not_now("leaf"));
    assert_eq!(
        ann.leaf(file, leaf(0, LEAF as u64, 300_000 - LEAF)),
        not_now("leaf")
    );
    let end = transom_wire::End {
        index: 0,
        size: 300_000,
        root: [0; 32],
    };
    assert_eq!(ann.end(file, &end), not_now("end"));
    assert_eq!(ann.finish(file, 3), not_now("finish"));
    assert_eq!(
        ann.stored(file, 0, Progress::default()),
        Err(UsageError::NoSuchTransfer)
    );
    ann.leaf(file, leaf(0, 0, LEAF)).unwrap();
    let events = pair.events(TICK);
    assert!(
        matches!(
            &events[..],
            [(Who::Bob, Event::Transfer(_, TransferEvent::Leaf { .. }))]
        ),
        "{events:?}"
    );
}

#[test]
fn a_transfer_is_not_felt_by_the_ring_before_a_call() {
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
