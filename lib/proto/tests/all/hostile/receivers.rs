//! A hostile receiver of files.

use super::*;

#[test]
fn every_violation_by_a_receiver_ends_the_connection() {
    let start = |index, offset| Message::Start(start(index, offset));
    let again = |index, offset, leaves| Message::Again(again(index, offset, leaves));
    let done = |index| {
        Message::Done(Done {
            index,
            root: [0; 32],
        })
    };
    let failed = |index| {
        Message::Failed(Failure {
            index,
            reason: FailReason::Io,
            errno: 5,
            text: "",
        })
    };
    let finished = |ending| Message::Finished(Status::new(ending, ""));
    let cases = [
        ("an entry not offered", vec![start(2, 0)]),
        ("an offset beyond the end", vec![start(0, 2 * LEAF as u64)]),
        ("an offset between leaves", vec![start(0, 1)]),
        ("the data of a folder", vec![start(1, 0)]),
        ("the same data twice", vec![start(0, 0), start(0, 0)]),
        ("done before it was sent", vec![start(0, 0), done(0)]),
        ("done for nothing", vec![done(2)]),
        ("a failure of nothing", vec![failed(2)]),
        (
            "a grant taken back",
            vec![Message::Grant(Grant { bytes: 999 })],
        ),
        ("durable before finish", vec![finished(Ending::Durable)]),
        ("accepted twice", vec![Message::Accept(Accept { held: 0 })]),
        (
            "refused after it was accepted",
            vec![Message::Refuse(Status::new(RefuseReason::Chosen, ""))],
        ),
        ("a sender's message", vec![leaf(0, 0, 5)]),
        ("again before it was started", vec![again(0, 0, 1)]),
        ("again of nothing", vec![again(2, 0, 1)]),
        ("again of a folder", vec![again(1, 0, 1)]),
        (
            "again of what was not sent",
            vec![start(0, 0), again(0, 0, 1)],
        ),
        (
            "again beyond the size",
            vec![start(0, 300_000), again(0, 0, 3)],
        ),
        (
            "again from beyond the size",
            vec![
                start(0, 300_000),
                again(0, i64::MAX as u64 / LEAF as u64 * LEAF as u64, 1),
            ],
        ),
        (
            "again of very many",
            vec![start(0, 300_000), again(0, LEAF as u64, u32::MAX)],
        ),
        ("a total of its own", vec![total(3, 400_000, true)]),
    ];
    for (what, messages) in cases {
        let (mut evil, _) = sending();
        assert_eq!(
            refused(&mut evil, 2, &messages).code(),
            ByeCode::Illegal,
            "{what}"
        );
    }
    let mut evil = Evil::new();
    let mine = messages::offer(Shape::Folder, 0, 0);
    evil.connection.session.offer(&mine).unwrap();
    let progress = Message::Progress(Progress::default());
    assert!(
        evil.say(2, &progress).is_err(),
        "progress of what was not accepted"
    );
}

/// B25: a receiver can't have the sender read without end.
#[test]
fn a_file_that_grows_is_started_at_a_leaf_and_never_at_its_end() {
    let size = 2 * LEAF as u64 + 1;
    for (offset, is_legal) in [
        (0, true),
        (2 * LEAF as u64, true),
        (1, false),
        (size, false),
    ] {
        let mut evil = Evil::new();
        let offer = Offer {
            is_counted: false,
            ..messages::offer(Shape::File, 1, size)
        };
        let file = evil.connection.session.offer(&offer).unwrap();
        evil.say(2, &Message::Accept(Accept { held: 0 })).unwrap();
        let grows = Entry {
            kind: EntryKind::Growing,
            ..entry(0, 0)
        };
        evil.connection.session.entry(file, &grows).unwrap();
        evil.heard();
        let started = evil.say(2, &Message::Start(start(0, offset)));
        assert_eq!(started.is_ok(), is_legal, "{offset}");
    }
}

#[test]
fn requests_for_leaves_again_are_bounded_at_once_and_in_all() {
    let runs = |leaves: u64| {
        let size = leaves * LEAF as u64;
        let mut evil = Evil::new();
        let offer = messages::offer(Shape::File, 1, size);
        let file = evil.connection.session.offer(&offer).unwrap();
        evil.say(2, &Message::Accept(Accept { held: 0 })).unwrap();
        evil.say(2, &Message::Grant(Grant { bytes: 1 << 40 }))
            .unwrap();
        let entry = entry(0, size);
        evil.connection.session.entry(file, &entry).unwrap();
        evil.say(2, &Message::Start(start(0, size))).unwrap();
        (evil, file)
    };
    // At once: none of them is sent.
    let (mut evil, _) = runs(1000);
    for _ in 0..RUNS_AGAIN {
        evil.say(2, &Message::Again(again(0, 0, 1))).unwrap();
    }
    assert!(evil.say(2, &Message::Again(again(0, 0, 1))).is_err());
    // In all: each is sent.
    let (mut evil, file) = runs(2);
    let room = evil.connection.session.leaf_room(file);
    for _ in 0..4 * 2 + 64 {
        evil.say(2, &Message::Again(again(0, 0, 1))).unwrap();
        let data = messages::leaf(0, 0, LEAF);
        evil.connection.session.leaf(file, data).unwrap();
        while evil.connection.session.leaf_room(file) < room {
            evil.heard();
            evil.ack_all();
        }
    }
    assert!(evil.say(2, &Message::Again(again(0, 0, 1))).is_err());
}

#[test]
fn data_sent_never_exceed_the_grant() {
    let (mut evil, file) = sending();
    evil.say(2, &Message::Start(start(0, 0))).unwrap();
    let data = messages::leaf(0, 0, LEAF);
    evil.connection.session.leaf(file, data).unwrap();
    let before = evil.connection.session.stats(evil.now).sent;
    evil.heard();
    let sent = evil.connection.session.stats(evil.now).sent - before;
    assert!(
        (1_000..1_200).contains(&sent),
        "{sent} bytes for a grant of 1,000"
    );
}
