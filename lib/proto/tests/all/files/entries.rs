//! Entries: failed, abandoned and settled ones.

use super::*;

#[test]
fn a_failed_entry_does_not_harm_the_others() {
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
fn an_entry_abandoned_during_a_leaf_does_not_harm_the_others() {
    let (mut pair, file) = announced();
    pair.session(Who::Bob).start(file, &start(0, 0)).unwrap();
    pair.session(Who::Bob).start(file, &start(1, 0)).unwrap();
    pair.events(TICK);
    pair.pipe(Who::Ann).route = Route {
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
fn abandons_do_not_overtake_the_announcement_of_their_entries() {
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
            pair.session(who).accept(file, 0).unwrap()
        }
        _ => {}
    });
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
    assert_eq!(told, 200);
}

#[test]
fn finish_is_emitted_once_every_entry_is_settled() {
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
fn at_most_entries_ahead_are_announced_before_any_is_settled() {
    let mut pair = Pair::new(Route::IDEAL);
    let parcels = (0..1000)
        .map(|at| Parcel::file(&format!("{at}"), 10))
        .collect();
    let (file, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels);
    let mut entries = 0;
    pair.run(SECOND, |pair, who, event| match (who, event) {
        (Who::Ann, event) => courier.send(pair.session(who), &event),
        (Who::Bob, Event::Transfer(file, TransferEvent::Offered(_))) => {
            pair.session(who).accept(file, 0).unwrap()
        }
        (Who::Bob, Event::Transfer(_, TransferEvent::Entry(_))) => entries += 1,
        _ => {}
    });
    assert_eq!(entries, ENTRIES_AHEAD);
    assert_eq!(pair.session(Who::Ann).entry_room(file), 0);
    assert_eq!(pair.error(Who::Bob), None);
}

#[test]
fn entries_come_before_they_are_counted_and_the_finish_waits_for_the_last_total() {
    let mut pair = Pair::new(Route::IDEAL);
    pair.events(TICK);
    let total = |files, bytes, is_counted| Total {
        files,
        bytes,
        is_counted,
    };
    let open = Offer {
        is_counted: false,
        ..offer(Shape::Folder, 1, 10)
    };
    let file = pair.session(Who::Ann).offer(&open).unwrap();
    let early = total(2, 20, false);
    pair.session(Who::Ann).total(file, &early).unwrap();
    let events = pair.events(TICK);
    let offered = TransferEvent::Offered(open.into());
    let told = [offered, TransferEvent::Total(early)];
    assert_eq!(
        events,
        told.map(|event| (Who::Bob, Event::Transfer(file, event)))
    );
    pair.session(Who::Bob).accept(file, 0).unwrap();
    pair.events(TICK);

    let ann = pair.session(Who::Ann);
    for index in 0..3 {
        ann.entry(file, &entry(index, 10)).unwrap();
    }
    let not_now = |verb| Err(UsageError::NotNow { verb });
    assert_eq!(ann.finish(file, 3), not_now("finish"));
    assert_eq!(ann.total(file, &total(1, 30, false)), not_now("total"));
    assert_eq!(ann.total(file, &total(2, 30, true)), not_now("total"));
    assert_eq!(ann.total(file, &total(3, 29, true)), not_now("total"));
    ann.total(file, &total(4, 40, true)).unwrap();
    assert_eq!(ann.entry_room(file), 1);
    assert_eq!(ann.entry(file, &entry(3, 11)), not_now("entry"));
    // One of the four has vanished.
    ann.finish(file, 3).unwrap();
    assert_eq!(ann.total(file, &total(5, 50, true)), not_now("total"));
    let events = pair.events(TICK);
    let last = TransferEvent::Total(total(4, 40, true));
    assert_eq!(
        events.last(),
        Some(&(Who::Bob, Event::Transfer(file, last)))
    );
    for index in 0..3 {
        let root = [0; 32];
        let done = Done { index, root };
        pair.session(Who::Bob).done(file, &done).unwrap();
    }
    let finish = Event::Transfer(file, TransferEvent::Finish { entries: 3 });
    assert!(pair.events(TICK).contains(&(Who::Bob, finish)));
}

#[test]
fn small_files_that_are_held_have_room_for_their_hashes_beside_those_of_a_large_one() {
    let mut pair = Pair::new(Route::IDEAL);
    let leaf = LEAF as u64;
    let mut parcels = vec![Parcel::file("large", 1000 * leaf)];
    parcels.extend((1..ENTRIES_AHEAD).map(|at| Parcel::file(&format!("{at}"), 10)));
    let (file, mut courier) = Courier::offer(pair.session(Who::Ann), Shape::Folder, parcels);
    pair.run(SECOND, |pair, who, event| match (who, event) {
        (Who::Ann, Event::Transfer(_, TransferEvent::Started(_))) => {}
        (Who::Ann, event) => courier.send(pair.session(who), &event),
        (Who::Bob, Event::Transfer(file, TransferEvent::Entry(entry))) => {
            let start = start(entry.index, entry.size);
            pair.session(who).start(file, &start).unwrap();
        }
        (Who::Bob, Event::Transfer(file, TransferEvent::Offered(_))) => {
            pair.session(who).accept(file, 0).unwrap()
        }
        _ => {}
    });
    let ann = pair.session(Who::Ann);
    let room = ann.hash_room(file);
    ann.hashes(file, hashes(0, 0, room)).unwrap();
    assert_eq!(ann.hash_room(file), 0);
    for index in 1..ENTRIES_AHEAD {
        ann.hashes(file, hashes(index, 0, 1)).unwrap();
    }
    let many = hashes(0, room as u64 * leaf, 2);
    assert_eq!(
        ann.hashes(file, many),
        Err(UsageError::Full { what: "hashes" })
    );
}
