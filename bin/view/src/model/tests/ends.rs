//! What is left of a call, a watch or a transfer that is over: a sentence, and nothing else.

use std::time::Instant;

use transom::Numbers;

use super::*;
use crate::model::calls_tests::talking;

fn camera(name: &str, on: bool) -> Action {
    Action::ShowCamera {
        peer: peer(name),
        on,
    }
}

/// A picture of that peer reached the screen.
fn seen(state: &mut State, face: Face) {
    let now = Instant::now();
    state.shown(face, shown());
    state.presented(
        face,
        Sample {
            bytes: 100_000,
            sequence: 1,
            undecoded: 0,
            unseen: 0,
            stages: transom::latency::Stages::default(),
            received: now,
            decoded: now,
            presented: now,
        },
    );
    state.broken(face, "truncated".into());
}

#[test]
fn a_call_that_ended_leaves_no_picture_no_rate_and_no_title() {
    let watched = |state: &mut State| {
        state.act(&Action::HangUp(peer("door")));
        state.act(&Action::Watch(peer("door")));
        state.apply(started("door"));
    };
    let cases: [fn(&mut State); 2] = [
        |state| drop(state.apply(ended("door", EndReason::Chosen))),
        |state| {
            // A box that went away: watching begins again when it is back.
            state.apply(Notice::Left {
                peer: peer("door"),
                why: "connection lost".into(),
                lost: true,
            });
            state.apply(ended("door", EndReason::Leaving));
        },
    ];
    for (ends, is_watch) in cases.into_iter().zip([false, true]) {
        let mut state = talking();
        if is_watch {
            watched(&mut state);
        }
        state.act(&camera("door", true));
        state.act(&Action::Overlay(true));
        state.own.name = "desk".into();
        let face = Face::Peer(peer("door"));
        seen(&mut state, face);
        state.shown(Face::Own, shown());
        state.apply(Notice::Measured {
            peer: peer("door"),
            numbers: Numbers::default(),
        });
        assert!(state.has_picture(face));
        assert_ne!(state.title(), "transom (desk)");
        let late = shown();
        ends(&mut state);
        // It was being decoded when the call ended.
        assert!(!state.takes(face, &late));
        state.shown(face, late);
        assert!(!state.has_picture(face) && !state.has_picture(Face::Own));
        let call = state.calls.of(peer("door")).unwrap();
        assert_eq!((call.shown, &call.trouble, call.broken), (None, &None, 0));
        assert_eq!(call.pace.summary(Instant::now()), None);
        assert!(state.calls.numbers.is_empty() && state.calls.own.shown.is_none());
        assert_eq!(state.title(), "transom (desk)");
    }
}

#[test]
fn each_end_is_one_sentence_with_the_name_in_it_once() {
    let reasons = [
        EndReason::Chosen,
        EndReason::Forbidden,
        EndReason::Busy,
        EndReason::NoCamera,
        EndReason::Unanswered,
        EndReason::Leaving,
        EndReason::Glare,
    ];
    let mut sentences = vec![words::not_there("door"), words::declined("door", "later")];
    for kind in [CallKind::Talk, CallKind::View] {
        sentences.extend(reasons.map(|reason| words::end("door", kind, reason, "")));
    }
    for sentence in sentences {
        assert_eq!(sentence.matches("door").count(), 1, "{sentence}");
    }
}

#[test]
fn watching_says_when_it_is_over() {
    let mut state = two_boxes();
    state.apply(joined("yard"));
    let watched = |outgoing, reason| Notice::CallEnded {
        peer: peer("yard"),
        kind: CallKind::View,
        outgoing,
        reason,
        text: String::new(),
    };
    state.apply(Notice::CallStarted {
        peer: peer("yard"),
        kind: CallKind::View,
        outgoing: false,
        resumed: false,
    });
    assert_eq!(state.status, "yard watches your camera");
    state.apply(watched(false, EndReason::Chosen));
    assert_eq!(state.status, "");
}

#[test]
fn a_file_is_named_once_when_it_arrived_or_failed() {
    let (ids, mut state) = (Ids::new(), two_boxes());
    let mut ends = |direction, outcome| {
        let mut status = status(ids.transfer(), Phase::Ended, 0);
        status.direction = direction;
        state.apply(Notice::TransferEnded { status, outcome });
        state.status.clone()
    };
    let path = |path: &str| Outcome::Durable { path: path.into() };
    for (direction, outcome, wanted) in [
        (
            Direction::Outgoing,
            path("holiday.mp4"),
            "holiday.mp4: done",
        ),
        (
            Direction::Incoming,
            path("/in/holiday.mp4"),
            "holiday.mp4: done, stored in /in",
        ),
        (
            Direction::Incoming,
            path("/in/holiday (1).mp4"),
            "holiday.mp4: done, stored as /in/holiday (1).mp4",
        ),
        (
            Direction::Incoming,
            Outcome::AlreadyThere {
                path: "/in/holiday.mp4".into(),
            },
            "holiday.mp4: was there already, in /in",
        ),
        (
            Direction::Outgoing,
            Outcome::Failed {
                why: "can't read \"/home/me/holiday.mp4\": permission denied".into(),
            },
            "failed: can't read \"/home/me/holiday.mp4\": permission denied",
        ),
        (
            Direction::Outgoing,
            Outcome::Failed {
                why: "no space left on device".into(),
            },
            "holiday.mp4: failed: no space left on device",
        ),
    ] {
        assert_eq!(ends(direction, outcome), wanted);
    }
    let id = ids.transfer();
    state.apply(Notice::Transfer(status(id, Phase::Running, 0)));
    for (why, wanted) in [
        (
            "can't write \"a/b\": disk full",
            "can't write \"a/b\": disk full",
        ),
        ("disk full", "a/b: disk full"),
    ] {
        state.apply(Notice::EntryFailed {
            transfer: id,
            path: "a/b".into(),
            why: why.into(),
        });
        assert_eq!(state.transfers.last().unwrap().last_failure, wanted);
    }
}
