//! Hostile receivers: what `transom send` gives them, and how it ends (B20, B26, B40).

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use transom_tests::{EvilReceipt, Finished, content_root};
use transom_wire::limits::LEAF;
use transom_wire::{
    ByeCode, Ending, FailReason, Grant, Message, Pause, Progress, Rate, RefuseReason, Status,
};

use super::{Pair, send_to_evil};

/// A folder of one large and one small file, in which entry 0 is `big`.
fn folder(pair: &Pair) -> PathBuf {
    pair.scratch.file("out/d/big", vec![7; 2 * LEAF + 5]);
    pair.scratch.file("out/d/small", "small");
    pair.scratch.join("out/d")
}

/// The program ended with the code of a failure, and never said that anything is safe.
fn is_no_success(end: &Finished, what: &str) {
    assert_eq!(end.code, Some(1), "{what}: {end:?}");
    assert!(!end.stdout.contains("safe on disk"), "{what}: {end:?}");
}

#[test]
fn b40_a_receiver_that_asks_for_what_was_not_offered_gets_nothing() {
    let pair = Pair::new();
    let folder = folder(&pair);
    let size = 2 * LEAF as u64 + 5;
    let asks: [(&str, &[(u32, u64)]); 8] = [
        ("an entry beyond", &[(2, 0)]),
        ("the last index there may be", &[(9_999_999, 0)]),
        ("an offset beyond", &[(0, 3 * LEAF as u64)]),
        ("an offset just beyond", &[(0, size + 1)]),
        ("an offset between leaves", &[(0, 1)]),
        ("an offset in the last leaf", &[(0, size - 1)]),
        ("the same twice", &[(0, 0), (0, 0)]),
        ("another part of the same", &[(0, 0), (0, LEAF as u64)]),
    ];
    for (what, starts) in asks {
        let end = send_to_evil(&pair, &folder, |receiver| {
            let mut receipt = receiver.offered();
            // Without a grant no data come that could be ahead of the Bye.
            receipt.accept(0);
            receipt.entries();
            for (index, offset) in starts {
                receipt.start(*index, *offset);
            }
            assert_eq!(receipt.evil.closed().bye, Some(ByeCode::Illegal), "{what}");
        });
        assert_eq!(end.code, Some(1), "{what}: {end:?}");
    }
}

#[test]
fn b40_ten_thousand_small_questions_cost_a_bounded_answer() {
    let pair = Pair::new();
    let folder = folder(&pair);
    let end = send_to_evil(&pair, &folder, |receiver| {
        let mut receipt = receiver.offered();
        receipt.accept(u64::MAX);
        receipt.entries();
        for number in 0..10_000 {
            receipt.start(0, (number % 3) * LEAF as u64);
        }
        // The first is one question of an honest receiver, the second is none.
        let mut data = 0;
        let closed = receipt.evil.wait(|_, message| {
            if let Message::Data(bytes) = message {
                data += bytes.len();
            }
            None::<()>
        });
        assert_eq!(closed.unwrap_err().bye, Some(ByeCode::Illegal));
        assert!(data <= 2 * LEAF + 5, "{data} bytes");
    });
    assert_eq!(end.code, Some(1), "{end:?}");
}

#[test]
fn b40_a_receiver_gets_nothing_after_its_cancel_and_no_more_than_it_granted() {
    let pair = Pair::new();
    let folder = folder(&pair);
    let end = send_to_evil(&pair, &folder, |receiver| {
        let mut receipt = receiver.offered();
        receipt.accept(1000);
        receipt.entries();
        receipt.start(0, 0);
        let granted = count_data(&mut receipt);
        assert_eq!(granted, 1000);
        receipt.say(Message::Cancel(Status::new(RefuseReason::Chosen, "")));
        receipt.say(Message::Grant(Grant { bytes: u64::MAX }));
        receipt.start(1, 0);
        receipt.done(0, [0; 32]);
        assert_eq!(count_data(&mut receipt), 0);
    });
    assert_eq!(end.code, Some(1), "{end:?}");
}

/// Bytes of data that come within a while.
fn count_data(receipt: &mut EvilReceipt) -> usize {
    let heard = receipt.evil.heard(Duration::from_millis(500));
    let data = heard
        .iter()
        .filter(|(header, _)| header.kind == transom_wire::Kind::Data.code());
    data.map(|(_, payload)| payload.len()).sum()
}

/// What a receiver says that is not so.
type Claim = fn(&mut EvilReceipt);

#[test]
fn b40_a_receiver_that_claims_too_much_does_not_make_the_sender_call_it_safe() {
    let pair = Pair::new();
    let folder = folder(&pair);
    let claims: [(&str, Claim); 6] = [
        ("durable at once", |receipt| {
            receipt.finished(Ending::Durable, "d")
        }),
        ("done with data asked for and not sent", |receipt| {
            receipt.start(0, 0);
            receipt.done(0, [0; 32]);
        }),
        ("done with an entry that is none", |receipt| {
            receipt.done(7, [0; 32])
        }),
        ("progress beyond all", |receipt| {
            receipt.say(Message::Progress(Progress {
                received: u64::MAX,
                verified: u64::MAX,
                durable: u64::MAX,
            }));
            receipt.finished(Ending::Durable, "d");
        }),
        ("a grant taken back", |receipt| {
            receipt.say(Message::Grant(Grant { bytes: 1 }))
        }),
        ("a sender's word", |receipt| {
            receipt.say(Message::Finish(transom_wire::Finish { entries: 2 }));
        }),
    ];
    for (what, claim) in claims {
        let end = send_to_evil(&pair, &folder, |receiver| {
            let mut receipt = receiver.offered();
            receipt.accept(1000);
            receipt.entries();
            claim(&mut receipt);
            assert_eq!(receipt.evil.closed().bye, Some(ByeCode::Illegal), "{what}");
        });
        is_no_success(&end, what);
    }
}

#[test]
fn b20_a_file_that_changes_while_it_is_sent_is_never_called_sent() {
    type Change = fn(&std::path::Path);
    let changes: [Change; 5] = [
        |path| fs::write(path, vec![7; 15 * LEAF]).unwrap(),
        |path| fs::write(path, b"shorter").unwrap(),
        |path| {
            std::thread::sleep(Duration::from_millis(50));
            fs::write(path, vec![9; 12 * LEAF]).unwrap();
        },
        |path| {
            fs::rename(path, path.with_extension("aside")).unwrap();
            fs::write(path, vec![9; 12 * LEAF]).unwrap();
        },
        |path| fs::remove_file(path).unwrap(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let pair = Pair::new();
        // More than the sender reads ahead of what it was granted.
        let file = pair.scratch.file("out/film", vec![7; 12 * LEAF]);
        let end = send_to_evil(&pair, &file, |receiver| {
            let mut receipt = receiver.offered();
            receipt.accept(LEAF as u64);
            receipt.entries();
            receipt.start(0, 0);
            count_data(&mut receipt);
            change(&file);
            receipt.say(Message::Grant(Grant { bytes: u64::MAX }));
            match receipt.data(0) {
                // The file that was begun, though it has no name any more.
                Ok(Ok(data)) => assert!(number > 2 && data.iter().all(|byte| *byte == 7)),
                Ok(Err(reason)) => {
                    assert_eq!(reason, FailReason::SourceChanged, "{number}");
                    receipt.finished(Ending::Failed, "");
                    receipt.evil.closed();
                }
                Err(closed) => panic!("{number}: {closed:?}"),
            }
        });
        is_no_success(&end, &number.to_string());
    }
}

#[test]
fn b26_limits_of_a_receiver_are_clamped_and_the_sender_can_be_ended() {
    let pair = Pair::new();
    let folder = folder(&pair);
    let size = 2 * LEAF + 5;
    // Huge limits, and thousands of changes: the transfer goes on.
    let end = send_to_evil(&pair, &folder, |receiver| {
        let mut receipt = receiver.offered();
        for bytes_per_second in (0..2000).chain([u64::MAX, 1, 0]) {
            receipt.say(Message::Rate(Rate { bytes_per_second }));
            let paused = bytes_per_second.is_multiple_of(2);
            receipt.say(Message::Pause(Pause { paused }));
        }
        receipt.say(Message::Pause(Pause { paused: false }));
        receipt.accept(u64::MAX);
        receipt.entries();
        receipt.start(0, 0);
        let data = receipt.data(0).unwrap().unwrap();
        assert_eq!(data.len(), size);
        receipt.done(0, content_root(&data));
        receipt.done(1, [0; 32]);
        receipt.finish(Ending::Durable, "d");
        receipt.evil.closed();
    });
    assert_eq!(end.code, Some(0), "{end:?}");
    // One byte a second holds the sender, and its user can end it at once.
    let receiver = transom_tests::EvilReceiver::new();
    let (key, address) = (transom_tests::evil_public_key(), receiver.address());
    let line = format!("evil {address} key={key} may=files\n");
    fs::write(pair.near.book(), line).unwrap();
    let send = pair.near.start(&["send", "evil", folder.to_str().unwrap()]);
    let mut receipt = receiver.offered();
    let bytes_per_second = 1;
    receipt.say(Message::Rate(Rate { bytes_per_second }));
    receipt.accept(u64::MAX);
    receipt.entries();
    receipt.start(0, 0);
    assert!(count_data(&mut receipt) < size);
    let began = Instant::now();
    send.ask_to_end();
    let end = send.finish();
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
}
