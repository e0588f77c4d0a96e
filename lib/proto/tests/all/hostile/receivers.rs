//! A hostile receiver of files.

use super::*;

#[test]
fn every_violation_by_a_receiver_ends_the_connection() {
    let start = |index, offset| Message::Start(start(index, offset));
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
        ("accepted twice", vec![Message::Accept]),
        (
            "refused after it was accepted",
            vec![Message::Refuse(Status::new(RefuseReason::Chosen, ""))],
        ),
        ("a sender's message", vec![leaf(0, 0, 5)]),
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
