//! Verbs that the state of a transfer does not allow.

use super::*;

#[test]
fn an_early_end_may_not_claim_that_anything_was_received() {
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
fn illegal_verbs_are_refused_and_change_nothing() {
    let (mut pair, file) = announced();
    let not_now = |verb| Err(UsageError::NotNow { verb });
    let bob = pair.session(Who::Bob);
    assert_eq!(bob.accept(file, 0), not_now("accept"));
    assert_eq!(
        bob.refuse(file, RefuseReason::Chosen, ""),
        not_now("refuse")
    );
    assert_eq!(bob.start(file, &start(3, 0)), not_now("start"));
    assert_eq!(bob.start(file, &start(0, 5)), not_now("start"));
    assert_eq!(bob.start(file, &start(0, 300_001)), not_now("start"));
    assert_eq!(bob.again(file, &again(0, 0, 1)), not_now("again"));
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
    assert_eq!(bob.again(file, &again(0, 0, 1)), not_now("again"));
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
    assert_eq!(ann.hashes(file, hashes(0, 0, 1)), not_now("hashes"));
    let many = ann.hashes(file, hashes(0, 0, 1000));
    assert_eq!(many, Err(UsageError::Full { what: "hashes" }));
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
