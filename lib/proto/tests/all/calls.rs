//! Calls: ringing, answering, declining, glare, and who may ring.

use std::time::Duration;

use transom_proto::fuzzing::{Pair, Route, Who};
use transom_proto::{CallEvent, CallId, Event, UsageError};
use transom_wire::{
    Accept, CallKind, CameraState, CameraStats, EndReason, Kind, Message, Recording, Ring, Status,
    WantStats,
};

use crate::evil::Evil;

const TICK: Duration = Duration::from_millis(100);

/// A call of Ann that Bob has answered.
pub(crate) fn calling(route: Route, kind: CallKind) -> (Pair, CallId) {
    let mut pair = Pair::new(route);
    let call = call(&mut pair, kind);
    (pair, call)
}

/// Has Ann call and Bob answer.
pub(crate) fn call(pair: &mut Pair, kind: CallKind) -> CallId {
    let call = pair.session(Who::Ann).ring(kind).unwrap();
    let mut answered = false;
    pair.run(TICK, |pair, who, event| match (who, event) {
        (Who::Bob, Event::Call(call, CallEvent::Ringing(_))) => {
            pair.session(who).answer(call).unwrap()
        }
        (Who::Ann, Event::Call(_, CallEvent::Answered)) => answered = true,
        _ => {}
    });
    assert!(answered);
    call
}

/// Both ends know of each other.
fn met(route: Route) -> Pair {
    let mut pair = Pair::new(route);
    assert_eq!(pair.events(TICK).len(), 2);
    pair
}

#[test]
fn either_side_hangs_up() {
    for (who, other) in [(Who::Ann, Who::Bob), (Who::Bob, Who::Ann)] {
        let (mut pair, call) = calling(Route::IDEAL, CallKind::Talk);
        let reason = EndReason::Chosen;
        pair.session(who).hang_up(call, reason, "see you").unwrap();
        let text = "see you".into();
        assert_eq!(
            pair.events(TICK),
            [(
                other,
                Event::Call(call, CallEvent::HungUp(Status::new(reason, text)))
            )]
        );
        assert!(!pair.session(who).is_live() && !pair.session(other).is_live());
        let again = pair.session(other).hang_up(call, reason, "");
        assert_eq!(again, Err(UsageError::NoSuchCall));
    }
}

#[test]
fn a_caller_gives_up() {
    let mut pair = met(Route::IDEAL);
    let call = pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
    pair.events(TICK);
    let reason = EndReason::Unanswered;
    pair.session(Who::Ann).hang_up(call, reason, "").unwrap();
    let text = String::new();
    assert_eq!(
        pair.events(TICK),
        [(
            Who::Bob,
            Event::Call(call, CallEvent::HungUp(Status::new(reason, text)))
        )]
    );
    let late = pair.session(Who::Bob).answer(call);
    assert_eq!(late, Err(UsageError::NoSuchCall));
}

#[test]
fn a_call_is_declined_by_either_verb() {
    for by_hanging_up in [false, true] {
        let mut pair = met(Route::IDEAL);
        let call = pair.session(Who::Ann).ring(CallKind::View).unwrap();
        pair.events(TICK);
        let (reason, bob) = (EndReason::NoCamera, pair.session(Who::Bob));
        match by_hanging_up {
            true => bob.hang_up(call, reason, "none here").unwrap(),
            false => bob.decline(call, reason, "none here").unwrap(),
        }
        let text = "none here".into();
        assert_eq!(
            pair.events(TICK),
            [(
                Who::Ann,
                Event::Call(call, CallEvent::Declined(Status::new(reason, text)))
            )]
        );
        assert!(!pair.session(Who::Ann).is_live());
    }
}

#[test]
fn crossing_rings_leave_the_call_of_the_higher_nonce() {
    // Ann's nonce is 1, Bob's is 2.
    let mut pair = met(Route::mbits(10));
    let yields = pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
    let stays = pair.session(Who::Bob).ring(CallKind::Talk).unwrap();
    let (kind, reason, text) = (CallKind::Talk, EndReason::Glare, String::new());
    let events = pair.events(TICK);
    assert_eq!(
        events,
        [
            (
                Who::Ann,
                Event::Call(yields, CallEvent::Declined(Status::new(reason, text)))
            ),
            (Who::Ann, Event::Call(stays, CallEvent::Ringing(kind))),
        ]
    );
    pair.session(Who::Ann).answer(stays).unwrap();
    assert_eq!(
        pair.events(TICK),
        [(Who::Bob, Event::Call(stays, CallEvent::Answered))]
    );
}

#[test]
fn an_answer_to_a_call_that_yielded_ends_it() {
    // Bob's ring and hang-up are both on the way when Ann rings: to Bob Ann's ring is a plain one,
    // to Ann it was a glare.
    let mut pair = met(Route::mbits(10));
    let theirs = pair.session(Who::Bob).ring(CallKind::Talk).unwrap();
    pair.session(Who::Bob)
        .hang_up(theirs, EndReason::Chosen, "")
        .unwrap();
    pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
    let mut ended = false;
    pair.run(TICK, |pair, who, event| match (who, event) {
        (Who::Bob, Event::Call(call, CallEvent::Ringing(_))) => {
            pair.session(who).answer(call).unwrap()
        }
        (Who::Bob, Event::Call(_, CallEvent::HungUp(_))) => ended = true,
        _ => {}
    });
    assert!(ended && !pair.session(Who::Bob).is_live() && !pair.session(Who::Ann).is_live());
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
}

#[test]
fn nobody_rings_while_anything_rings() {
    let mut pair = met(Route::IDEAL);
    pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
    pair.events(TICK);
    for who in [Who::Ann, Who::Bob] {
        let second = pair.session(who).ring(CallKind::View);
        assert_eq!(second, Err(UsageError::NotNow { verb: "ring" }));
    }
}

#[test]
fn both_watch_each_other_by_two_calls() {
    let (mut pair, first) = calling(Route::IDEAL, CallKind::View);
    let second = pair.session(Who::Bob).ring(CallKind::View).unwrap();
    assert_ne!(first, second);
    pair.events(TICK);
    pair.session(Who::Ann).answer(second).unwrap();
    pair.session(Who::Ann)
        .camera_state(second, CameraState::Opening, "waking")
        .unwrap();
    let told = pair
        .session(Who::Ann)
        .camera_state(first, CameraState::Live, "");
    assert_eq!(
        told,
        Err(UsageError::NotNow {
            verb: "camera_state"
        })
    );
    let state = Status::new(CameraState::Opening, "waking".into());
    let state = Event::Call(second, CallEvent::CameraState(state));
    let events = pair.events(TICK);
    assert_eq!(
        events,
        [
            (Who::Bob, Event::Call(second, CallEvent::Answered)),
            (Who::Bob, state)
        ]
    );
}

#[test]
fn who_is_recorded_is_told() {
    let (mut pair, call) = calling(Route::IDEAL, CallKind::View);
    for on in [true, false] {
        pair.session(Who::Ann).recording(call, on).unwrap();
        let marked = (Who::Bob, Event::Call(call, CallEvent::Recording { on }));
        assert_eq!(pair.events(TICK), [marked]);
    }
    // Bob gets no pictures: he has nothing to record.
    let told = pair.session(Who::Bob).recording(call, true);
    assert_eq!(told, Err(UsageError::NotNow { verb: "recording" }));
}

#[test]
fn a_viewer_is_told_what_the_camera_did_and_nobody_else() {
    let (mut pair, call) = calling(Route::IDEAL, CallKind::View);
    let stats = CameraStats {
        tenths_of_fps: 299,
        viewers: 2,
        ..CameraStats::default()
    };
    for on in [true, false] {
        pair.session(Who::Ann).want_stats(call, on).unwrap();
        let wanted = (Who::Bob, Event::Call(call, CallEvent::WantStats { on }));
        assert_eq!(pair.events(TICK), [wanted]);
    }
    pair.session(Who::Bob).camera_stats(call, stats).unwrap();
    let told = (Who::Ann, Event::Call(call, CallEvent::CameraStats(stats)));
    assert_eq!(pair.events(TICK), [told]);
    // Bob gets no pictures, and Ann sends none.
    let wish = pair.session(Who::Bob).want_stats(call, true);
    assert_eq!(wish, Err(UsageError::NotNow { verb: "want_stats" }));
    let verb = "camera_stats";
    let told = pair.session(Who::Ann).camera_stats(call, stats);
    assert_eq!(told, Err(UsageError::NotNow { verb }));
}

#[test]
fn statistics_of_no_camera_are_illegal() {
    let ring = |kind| Message::Ring(Ring { kind });
    let want = Message::WantStats(WantStats { on: true });
    let stats = Message::CameraStats(CameraStats::default());
    // The peer rings and we answer: in a view our camera alone is shown.
    for (kind, message, legal) in [
        (CallKind::View, want, true),
        (CallKind::View, stats, false),
        (CallKind::Talk, want, true),
        (CallKind::Talk, stats, true),
    ] {
        for is_over in [false, true] {
            let mut evil = Evil::new();
            evil.say(1, &ring(kind)).unwrap();
            let Some(Event::Call(call, _)) = evil.events().pop() else {
                panic!("no ring");
            };
            let session = &mut evil.connection.session;
            session.answer(call).unwrap();
            if is_over {
                session.hang_up(call, EndReason::Chosen, "").unwrap();
            }
            // What crossed the end of its call on the way is ignored.
            let said = evil.say(1, &message);
            assert_eq!(said.is_ok(), legal || is_over, "{kind:?} {message:?}");
        }
    }
}

#[test]
fn more_calls_than_allowed_are_busy() {
    let mut evil = Evil::new();
    let ring = Message::Ring(Ring {
        kind: CallKind::View,
    });
    for stream in 0..20 {
        evil.say(stream * 2 + 1, &ring).unwrap();
    }
    let ringing = evil.events();
    assert_eq!(ringing.len(), 8);
    let declined = evil.heard_of_streams();
    assert_eq!(declined.len(), 12);
    assert!(
        declined
            .iter()
            .all(|(stream, kind)| *stream >= 17 && *kind == Kind::Decline)
    );
}

#[test]
fn long_reasons_are_cut_between_letters() {
    let mut pair = met(Route::IDEAL);
    let call = pair.session(Who::Ann).ring(CallKind::Talk).unwrap();
    let reason = EndReason::Chosen;
    pair.session(Who::Ann)
        .hang_up(call, reason, &"é".repeat(500))
        .unwrap();
    let events = pair.events(TICK);
    let Some((Who::Bob, Event::Call(_, CallEvent::HungUp(Status { text, .. })))) = events.last()
    else {
        panic!("{events:?}");
    };
    assert_eq!(*text, "é".repeat(128));
}

#[test]
fn numbers_of_streams_are_used_again() {
    let mut pair = met(Route::IDEAL);
    let mut calls = Vec::new();
    for _ in 0..40_000 {
        let call = pair.session(Who::Ann).ring(CallKind::View).unwrap();
        pair.session(Who::Ann)
            .hang_up(call, EndReason::Chosen, "")
            .unwrap();
        calls.push(call);
        pair.run(Duration::ZERO, |_, _, _| {});
        pair.run(Duration::ZERO, |_, _, _| {});
    }
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
    calls.sort();
    calls.dedup();
    assert_eq!(calls.len(), 1 << 15);
}

#[test]
fn what_was_under_way_for_a_call_is_skipped() {
    let (mut pair, call) = calling(Route::mbits(10), CallKind::Talk);
    let reason = EndReason::Chosen;
    for who in [Who::Ann, Who::Bob] {
        let session = pair.session(who);
        session
            .send_picture(call, crate::video::picture(1, 50_000))
            .unwrap();
        session.camera_state(call, CameraState::Live, "").unwrap();
    }
    pair.run(Duration::from_millis(3), |_, _, _| {});
    pair.session(Who::Ann).hang_up(call, reason, "").unwrap();
    pair.session(Who::Bob).hang_up(call, reason, "").unwrap();
    assert_eq!(pair.events(TICK), []);
    assert_eq!((pair.error(Who::Ann), pair.error(Who::Bob)), (None, None));
}

#[test]
fn illegal_calls_end_the_connection() {
    let ring = Message::Ring(Ring {
        kind: CallKind::View,
    });
    let hang_up = Message::HangUp(Status::new(EndReason::Chosen, ""));
    // Stream 1 is the peer's: it rings there. Stream 2 is ours.
    for bad in [
        (0, ring),
        (2, ring),
        (1, Message::Answer),
        (3, hang_up),
        (2, Message::Answer),
        (1, Message::Accept(Accept { held: 0 })),
        (1, Message::Recording(Recording { on: true })),
        (1, Message::WantStats(WantStats { on: true })),
        (1, Message::CameraStats(CameraStats::default())),
    ] {
        let mut evil = Evil::new();
        evil.say(1, &ring).unwrap();
        assert!(evil.say(bad.0, &bad.1).is_err(), "{bad:?}");
    }
    let mut evil = Evil::new();
    evil.say(1, &ring).unwrap();
    assert!(
        evil.say(1, &ring).is_err(),
        "a second ring of the same call"
    );
}
