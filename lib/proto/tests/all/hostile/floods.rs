//! Floods: each limit holds, and memory stays bounded.

use super::*;

#[test]
fn floods_of_offers_and_rings_end_at_the_backlog_limit() {
    let mut evil = Evil::new();
    let mut verdict = Ok(());
    let mut rounds = 0;
    while verdict.is_ok() {
        // Numbers of streams that were refused are used again, those of open ones are not.
        let (file, call) = match rounds {
            0..100 => (rounds, 30_000 + rounds),
            _ => (100 + rounds % 10_000, 30_100 + rounds % 2_000),
        };
        verdict = evil.say(file * 2 + 1, &offer(Shape::Folder, 0, 0));
        verdict = verdict.and_then(|()| evil.say(call * 2 + 1, &RING));
        rounds += 1;
        assert!(evil.connection.session.stats(evil.now).held < 3 * 1024 * 1024);
    }
    // 16 offers and 8 rings are open; the others were answered until nobody read the answers.
    assert_eq!(verdict.map_err(|error| error.code()), Err(ByeCode::TooMuch));
    assert_eq!(evil.events().len(), 16 + 8);
}

#[test]
fn transfers_of_a_peer_share_one_window_and_each_gets_its_reserved_part() {
    let mut evil = Evil::new();
    for number in 0..16 {
        evil.say(2 * number + 1, &offer(Shape::File, 1, 1 << 40))
            .unwrap();
        let file = evil.offered();
        evil.connection.session.accept(file, 0).unwrap();
    }
    let granted = evil.granted();
    assert_eq!(granted.len(), 16);
    assert_eq!(granted[0], 4 << 20);
    assert!(granted.iter().all(|bytes| *bytes >= 512 << 10));
    assert!(granted.iter().sum::<u64>() <= 16 << 20);
}

#[test]
fn a_smaller_window_holds_and_serves_the_oldest_transfers_first() {
    let mut evil = Evil::new();
    evil.connection.session.set_session_window(1 << 20);
    let mut files = Vec::new();
    for number in 0..16 {
        evil.say(2 * number + 1, &offer(Shape::File, 1, 1 << 40))
            .unwrap();
        files.push(evil.offered());
        evil.connection
            .session
            .accept(files[number as usize], 0)
            .unwrap();
    }
    let whole = |granted: &[u64]| granted.iter().all(|bytes| bytes % LEAF as u64 == 0);
    let first = evil.granted();
    assert!(whole(&first), "{first:?}");
    assert_eq!(first.iter().sum::<u64>(), 1 << 20);
    assert!(first.len() < 16, "a leaf is the least that moves anything");
    // What one gives back is for those that wait.
    let (file, freed) = (files[0], first[0]);
    evil.connection
        .session
        .cancel(file, RefuseReason::Chosen, "")
        .unwrap();
    let second = evil.granted();
    assert!(whole(&second), "{second:?}");
    assert_eq!(second.iter().sum::<u64>(), freed);
    // Nothing is taken back, and nothing more is given.
    evil.connection.session.set_session_window(0);
    let file = files[1];
    evil.connection
        .session
        .cancel(file, RefuseReason::Chosen, "")
        .unwrap();
    assert!(evil.granted().is_empty());
    assert!(evil.connection.session.stats(evil.now).granted > 0);
    evil.connection.session.set_session_window(16 << 20);
    assert!(!evil.granted().is_empty());
    assert!(evil.connection.session.stats(evil.now).granted <= 16 << 20);
}

#[test]
fn entries_beyond_the_limit_end_the_connection() {
    let mut evil = Evil::new();
    evil.say(1, &offer(Shape::Folder, 10_000_000, 0)).unwrap();
    let file = evil.offered();
    evil.connection.session.accept(file, 0).unwrap();
    for index in 0..ENTRIES_AHEAD {
        evil.say(1, &Message::Entry(entry(index, 0))).unwrap();
    }
    let over = evil.say(1, &Message::Entry(entry(ENTRIES_AHEAD, 0)));
    assert_eq!(
        over,
        Err(PeerError::TooMuch {
            what: "entries ahead"
        })
    );
}

#[test]
fn offers_accepted_and_cancelled_without_end_fail_only_if_replies_are_not_read() {
    let cancel = Message::Cancel(Status::new(RefuseReason::Chosen, ""));
    for reads in [false, true] {
        let mut evil = Evil::new();
        let mut verdict = Ok(());
        for round in 0..100_000u32 {
            let stream = (round % 30_000 * 2 + 1) as u16;
            verdict = evil.say(stream, &offer(Shape::Folder, 0, 0));
            for event in evil.events() {
                if let Event::Transfer(file, TransferEvent::Offered(_)) = event {
                    evil.connection.session.accept(file, 0).unwrap();
                }
            }
            verdict = verdict.and_then(|()| evil.say(stream, &cancel));
            if reads && round % 100 == 0 {
                evil.heard();
            }
            if verdict.is_err() {
                break;
            }
        }
        assert_eq!(verdict.is_ok(), reads);
    }
}

#[test]
fn pauses_rates_and_full_disks_wait_as_one_event_each() {
    let (mut evil, file) = sending();
    for round in 1..=1000 {
        let paused = round % 2 == 1;
        evil.say(2, &Message::Pause(Pause { paused })).unwrap();
        let bytes_per_second = round;
        evil.say(2, &Message::Rate(Rate { bytes_per_second }))
            .unwrap();
        let missing = round;
        evil.say(2, &Message::DiskFull(DiskFull { missing }))
            .unwrap();
    }
    let newest = [
        TransferEvent::Paused { paused: false },
        TransferEvent::Limited { rate: Some(1000) },
        TransferEvent::DiskFull { missing: 1000 },
    ];
    assert_eq!(
        evil.events(),
        newest.map(|event| Event::Transfer(file, event))
    );
    // Taken out: the next change is told again.
    evil.say(2, &Message::Pause(Pause { paused: true }))
        .unwrap();
    let paused = TransferEvent::Paused { paused: true };
    assert_eq!(evil.events(), [Event::Transfer(file, paused)]);
}

#[test]
fn totals_wait_as_one_event() {
    let mut evil = Evil::new();
    evil.say(1, &uncounted(0, 0)).unwrap();
    let file = evil.offered();
    for files in 1..=1000 {
        evil.say(1, &total(files, 0, false)).unwrap();
    }
    let newest = |files| {
        let (bytes, is_counted) = (0, false);
        let total = Total {
            files,
            bytes,
            is_counted,
        };
        [Event::Transfer(file, TransferEvent::Total(total))]
    };
    assert_eq!(evil.events(), newest(1000));
    evil.say(1, &total(1001, 0, false)).unwrap();
    assert_eq!(evil.events(), newest(1001));
}
