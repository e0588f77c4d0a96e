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
            state.apply(left("door"));
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
        state.apply(Notice::FarCameraStats {
            peer: peer("door"),
            stats: Box::default(),
        });
        assert!(state.has_picture(face));
        assert_ne!(state.title(), "Transom (desk)");
        let late = shown();
        ends(&mut state);
        // It was being decoded when the call ended.
        assert!(!state.takes(face, &late));
        state.shown(face, late);
        assert!(!state.has_picture(face) && !state.has_picture(Face::Own));
        if let Some(call) = state.calls.of(peer("door")) {
            assert_eq!((call.shown, &call.trouble, call.broken), (None, &None, 0));
            assert_eq!(call.pace.summary(Instant::now()), None);
        }
        assert!(state.calls.far_cameras.is_empty());
        assert!(state.calls.numbers.is_empty() && state.calls.own.shown.is_none());
        assert_eq!(state.title(), "Transom (desk)");
    }
}

#[test]
fn each_end_names_the_peer_at_most_once_and_escapes_its_words() {
    let reasons = [
        EndReason::Chosen,
        EndReason::Forbidden,
        EndReason::Busy,
        EndReason::NoCamera,
        EndReason::Unanswered,
        EndReason::Leaving,
        EndReason::Glare,
    ];
    let text = String::new();
    let mut endings = vec![Ending::Declined { text: text.clone() }];
    endings.extend(reasons.map(|reason| Ending::Reason {
        reason,
        text: text.clone(),
    }));
    for kind in [CallKind::Talk, CallKind::View] {
        for ending in &endings {
            let (title, line) = words::ended("door", kind, ending);
            let named = format!("{title} {line}").matches("door").count();
            let is_glare = matches!(
                ending,
                Ending::Reason {
                    reason: EndReason::Glare,
                    ..
                }
            );
            assert_eq!(named, usize::from(!is_glare), "{title} {line}");
        }
    }
    // What the other side says comes fit to be shown.
    let text = "later\u{1b}".to_owned();
    let (title, _) = words::ended("door", CallKind::Talk, &Ending::Declined { text });
    assert_eq!(title, "door declined: \"later\\u{1b}\"");
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
    assert_eq!(state.calls.viewers, [peer("yard")]);
    state.apply(watched(false, EndReason::Chosen));
    assert!(state.calls.viewers.is_empty());
}

#[test]
fn a_file_that_ended_says_how_in_the_words_of_its_side() {
    use Direction::{Incoming, Outgoing};
    let durable = |path: &str| Outcome::Durable { path: path.into() };
    let refused = |reason| Outcome::Refused {
        reason,
        text: String::new(),
    };
    let full = transom::RefuseReason::NoSpace;
    let theirs = "too many\u{1b}".to_owned();
    for (direction, outcome, wanted) in [
        (Outgoing, durable("holiday.mp4"), "3.4 MB · arrived"),
        (Incoming, durable("/in/holiday.mp4"), "3.4 MB · saved in in"),
        (Outgoing, refused(full), "Anna has no room for it"),
        (Incoming, refused(full), "Your folder has no room for it"),
        (
            Outgoing,
            Outcome::Cancelled {
                here: false,
                text: theirs,
            },
            "Anna cancelled it: too many\\u{1b}",
        ),
        (
            Outgoing,
            Outcome::Failed {
                why: TransferFailure::NothingCame,
                more: 0,
            },
            "Failed: nothing came whole",
        ),
    ] {
        assert_eq!(
            words::outcome(direction, "Anna", 3_400_000, &outcome),
            wanted
        );
    }
}
