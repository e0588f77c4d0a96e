//! Pause, rate limit and early end, by either side.

use super::*;

#[test]
fn a_pause_and_a_limit_set_before_the_accept_arrive_before_it() {
    let (mut pair, file, _) = sending(Route::IDEAL, 1_000_000);
    pair.events(TICK);
    let bob = pair.session(Who::Bob);
    bob.pause(file, true).unwrap();
    bob.limit(file, Some(9)).unwrap();
    bob.accept(file, 0).unwrap();
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
                (Who::Ann, Event::Transfer(_, TransferEvent::Accepted { .. })),
            ]
        ),
        "{events:?}"
    );
}

#[test]
fn either_side_ends_the_whole_transfer_with_its_error() {
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
fn either_side_cancels_a_running_transfer() {
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
fn a_transfer_paused_by_both_sides_runs_only_after_both_resume() {
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
fn a_full_disk_of_the_receiver_halts_the_data_until_it_has_room() {
    let (mut pair, file, mut courier) = sending(Route::mbits(100), 1_000_000_000);
    deliver(&mut pair, &mut courier, SECOND);
    let mut told = Vec::new();
    for missing in [500, 400] {
        pair.session(Who::Bob).disk_full(file, missing).unwrap();
        pair.run(SECOND, |pair, who, event| match (who, &event) {
            (Who::Ann, Event::Transfer(_, TransferEvent::DiskFull { missing })) => {
                told.push(*missing);
            }
            (Who::Ann, _) => courier.send(pair.session(who), &event),
            (Who::Bob, _) => courier.receive(pair.session(who), event),
        });
    }
    assert_eq!(told, [500, 400]);
    let halted = courier.got[&0];
    deliver(&mut pair, &mut courier, SECOND);
    assert_eq!(courier.got[&0], halted);
    pair.session(Who::Bob).disk_full(file, 0).unwrap();
    deliver(&mut pair, &mut courier, SECOND);
    assert!(courier.got[&0] > halted + 10_000_000);
    pair.session(Who::Ann).disk_full(file, 1).unwrap_err();
}

#[test]
fn only_the_newest_pause_is_sent() {
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
fn a_thousand_pauses_that_cannot_be_sent_do_not_grow_the_queue() {
    let (mut pair, file, _) = sending(Route::IDEAL, 5);
    pair.events(TICK);
    let now = pair.clock(Who::Ann);
    let held = pair.session(Who::Ann).stats(now).held;
    for round in 1..=1000 {
        let ann = pair.connection(Who::Ann);
        ann.session.pause(file, round % 2 == 1).unwrap();
        ann.session.limit(file, Some(round)).unwrap();
        assert_eq!(ann.poll_transmit(&mut [0; 8], now), 0, "no frame fits");
    }
    let held = pair.session(Who::Ann).stats(now).held - held;
    assert_eq!(held, 9 + 16, "one pause and one rate");
    let told: Vec<Event> = pair
        .events(TICK)
        .into_iter()
        .map(|(_, event)| event)
        .collect();
    let newest = [
        TransferEvent::Paused { paused: false },
        TransferEvent::Limited { rate: Some(1000) },
    ];
    assert!(
        told.ends_with(&newest.map(|event| Event::Transfer(file, event))),
        "{told:?}"
    );
}

#[test]
fn the_lower_rate_limit_of_both_sides_applies() {
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
