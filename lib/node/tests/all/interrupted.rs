//! Calls whose connection is lost, and which go on when it is back.

use std::time::Duration;

use transom::{
    Accept, CallKind, CameraState, Direction, EndReason, Identity, Notice, Outcome, Redial,
    SendOptions, Settings,
};

use crate::calls::{identities, name, person};
use crate::cut::Cut;
use crate::support::{Peer, Scratch, inbox};

/// Anna, who has dialed ben by a connection that can be cut, and the keys of both.
fn dialed(change: impl Fn(&mut Settings)) -> (Peer, Peer, Cut, (Identity, Identity)) {
    let (a, b) = identities();
    let ben = person(&b, &[("anna", &a, "view,call")], &change);
    let anna = person(&a, &[("ben", &b, "view,call")], &change);
    let cut = Cut::to(ben.address.unwrap());
    anna.handle.connect(cut.contact("ben"), Redial::Always);
    anna.joined();
    ben.joined();
    (anna, ben, cut, (a, b))
}

/// Both are in a call from then on.
fn talk((caller, from): (&Peer, &str), (called, to): (&Peer, &str)) {
    caller.handle.ring(&name(to), CallKind::Talk);
    called.rung();
    called.handle.answer(&name(from));
    assert!(!caller.started() && !called.started());
}

/// The same two in a call that anna began.
fn calling(change: impl Fn(&mut Settings)) -> (Peer, Peer, Cut) {
    let (anna, ben, cut, _) = dialed(change);
    talk((&anna, "anna"), (&ben, "ben"));
    (anna, ben, cut)
}

fn interrupted(peer: &Peer) {
    peer.wait(|notice| match notice {
        Notice::CallInterrupted {
            kind: CallKind::Talk,
            ..
        } => Some(()),
        Notice::CallEnded { reason, text, .. } => panic!("ended: {reason:?} {text}"),
        _ => None,
    });
}

#[test]
fn a_call_goes_on_as_it_was_when_the_connection_is_back() {
    let (anna, ben, cut) = calling(|_| {});
    ben.handle.show_camera(&name("anna"), true);
    anna.handle.recording(&name("ben"), true);
    anna.picture(320);
    cut.cut();
    interrupted(&anna);
    interrupted(&ben);
    cut.mend();
    assert!(anna.started() && ben.started());
    ben.wait(|notice| matches!(notice, Notice::FarRecording { on: true, .. }).then_some(()));
    anna.sees(CameraState::Live);
    anna.picture(320);
    ben.sees(CameraState::Off);
}

#[test]
fn statistics_that_were_asked_for_come_again_when_the_connection_is_back() {
    let (anna, ben, cut) = calling(|_| {});
    ben.handle.show_camera(&name("anna"), true);
    anna.handle.want_stats(true);
    anna.far_stats(|stats| stats.viewers == 1);
    cut.cut();
    interrupted(&anna);
    interrupted(&ben);
    cut.mend();
    assert!(anna.started() && ben.started());
    anna.far_stats(|stats| stats.viewers == 1);
}

#[test]
fn a_recording_that_ended_while_there_was_no_connection_is_not_told_as_one_that_goes_on() {
    let (anna, ben, cut) = calling(|_| {});
    let marked = |wanted: bool| {
        ben.wait(|notice| {
            matches!(notice, Notice::FarRecording { on, .. } if on == wanted).then_some(())
        });
    };
    anna.handle.recording(&name("ben"), true);
    marked(true);
    cut.cut();
    interrupted(&anna);
    interrupted(&ben);
    anna.handle.recording(&name("ben"), false);
    cut.mend();
    marked(false);
}

#[test]
fn who_recorded_nothing_is_not_said_to_record_no_longer() {
    let (anna, ben, cut) = calling(|_| {});
    cut.cut();
    interrupted(&anna);
    interrupted(&ben);
    cut.mend();
    assert!(anna.started() && ben.started());
    // After a resumed call each side says whether it records, and that comes before any later word.
    anna.handle.recording(&name("ben"), true);
    let first = ben.wait(|notice| match notice {
        Notice::FarRecording { on, .. } => Some(on),
        _ => None,
    });
    assert!(first);
}

#[test]
fn it_goes_on_also_when_the_side_that_was_called_dials() {
    let (anna, ben, cut, _) = dialed(|_| {});
    talk((&ben, "ben"), (&anna, "anna"));
    cut.cut();
    interrupted(&anna);
    interrupted(&ben);
    cut.mend();
    assert!(anna.started() && ben.started());
}

#[test]
fn it_goes_on_though_the_other_side_has_not_noticed_anything() {
    let (anna, ben, cut) = calling(|_| {});
    ben.handle.show_camera(&name("anna"), true);
    anna.picture(320);
    cut.cut_near();
    interrupted(&anna);
    assert!(anna.started());
    anna.picture(320);
    // Nobody at the other side need know.
    ben.never(
        |notice| matches!(notice, Notice::CallEnded { .. } | Notice::Ringing { .. }),
        Duration::from_millis(100),
    );
}

#[test]
fn a_ring_survives_a_lost_connection_without_ringing_anew() {
    let (anna, ben, cut, _) = dialed(|_| {});
    anna.handle.ring(&name("ben"), CallKind::Talk);
    ben.rung();
    cut.cut();
    ben.wait(|notice| matches!(notice, Notice::Left { lost: true, .. }).then_some(()));
    // Answered while there is no connection: it is live when there is one.
    ben.handle.answer(&name("anna"));
    cut.mend();
    assert!(!anna.started() && !ben.started());
}

#[test]
fn it_ends_when_patience_does_or_somebody_hangs_up() {
    let (anna, ben, cut) = calling(|settings| settings.call_patience = Duration::from_millis(400));
    cut.cut();
    interrupted(&anna);
    interrupted(&ben);
    ben.handle.hang_up(&name("anna"));
    assert_eq!(ben.ended(), EndReason::Chosen);
    assert_eq!(anna.ended(), EndReason::Unanswered);
}

#[test]
fn a_goodbye_is_no_interruption() {
    let (anna, ben, _cut) = calling(|_| {});
    drop(ben);
    anna.wait(|notice| match notice {
        Notice::CallEnded { reason, .. } => {
            assert_eq!(reason, EndReason::Leaving);
            Some(())
        }
        Notice::CallInterrupted { .. } => panic!("interrupted"),
        _ => None,
    });
}

#[test]
fn who_lost_the_right_is_not_answered_again() {
    let (anna, ben, cut, (a, _)) = dialed(|_| {});
    talk((&anna, "anna"), (&ben, "ben"));
    cut.cut();
    interrupted(&anna);
    interrupted(&ben);
    let line = format!("anna 127.0.0.1 key={} may=view", a.public_key());
    ben.handle.replace_book(crate::support::book(&[line]));
    cut.mend();
    assert_eq!(anna.ended(), EndReason::Forbidden);
    assert_eq!(ben.ended(), EndReason::Forbidden);
}

#[test]
fn a_view_comes_back_too() {
    let (a, b) = identities();
    let porch = person(&b, &[("anna", &a, "view")], |settings| {
        (settings.takes_calls, settings.serve_camera) = (false, true);
    });
    let anna = person(&a, &[("porch", &b, "view")], |_| {});
    let cut = Cut::to(porch.address.unwrap());
    anna.handle.connect(cut.contact("porch"), Redial::Always);
    anna.joined();
    anna.handle.ring(&name("porch"), CallKind::View);
    anna.picture(320);
    cut.cut();
    anna.wait(|notice| matches!(notice, Notice::CallInterrupted { .. }).then_some(()));
    cut.mend();
    // A program that rings by itself changes nothing.
    anna.joined();
    anna.handle.ring(&name("porch"), CallKind::View);
    assert!(anna.started());
    anna.picture(320);
    porch.wait(|notice| matches!(notice, Notice::CallStarted { resumed: true, .. }).then_some(()));
    porch.never(
        |notice| matches!(notice, Notice::CallStarted { .. }),
        Duration::from_millis(100),
    );
}

/// Whoever rang, the one whose program was not ended rings: the other one's knows nothing of the
/// call.
#[test]
fn who_was_started_anew_is_rung_by_who_still_knows_of_the_call() {
    for caller_ends in [false, true] {
        let (anna, ben, cut, (a, b)) = dialed(|_| {});
        match caller_ends {
            true => talk((&ben, "ben"), (&anna, "anna")),
            false => talk((&anna, "anna"), (&ben, "ben")),
        }
        cut.cut();
        interrupted(&anna);
        drop(ben);
        let ben = person(&b, &[("anna", &a, "call")], |_| {});
        ben.handle.connect(anna.contact("anna"), Redial::Always);
        assert_eq!(ben.rung(), name("anna"));
        ben.handle.answer(&name("anna"));
        assert!(anna.started(), "it goes on for the one");
        assert!(!ben.started(), "and is new to the other");
    }
}

#[test]
fn a_file_goes_on_though_the_receiver_has_not_noticed_anything() {
    let scratch = Scratch::new("cut-near");
    let source = scratch.0.join("film.bin");
    std::fs::write(&source, vec![7; 6_000_000]).unwrap();
    let (a, b) = identities();
    let ben = person(&b, &[("anna", &a, "files")], |settings| {
        settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Known));
    });
    let anna = person(&a, &[("ben", &b, "call")], |_| {});
    let cut = Cut::to(ben.address.unwrap());
    anna.handle.connect(cut.contact("ben"), Redial::Always);
    anna.joined();
    let options = SendOptions {
        limit: Some(3_000_000),
        ..SendOptions::default()
    };
    anna.handle.send(&name("ben"), &source, options);
    anna.wait(|notice| match notice {
        Notice::Transfer(status) => (status.moved > 1_000_000).then_some(()),
        _ => None,
    });
    cut.cut_near();
    let outcome = anna.outcome(Direction::Outgoing);
    assert!(outcome.is_success(), "{outcome:?}");
}

/// Ben, whom only anna dials, sends her a film: how that ends after the connection is cut, and
/// mended if `back`.
fn film_of_a_peer_that_does_not_dial(folder: &str, patience: Duration, back: bool) -> Outcome {
    let scratch = Scratch::new(folder);
    let source = scratch.0.join("film.bin");
    std::fs::write(&source, vec![7; 6_000_000]).unwrap();
    let (a, b) = identities();
    let ben = person(&b, &[("anna", &a, "call")], |settings| {
        settings.call_patience = patience;
    });
    let anna = person(&a, &[("ben", &b, "files")], |settings| {
        settings.inbox = Some(inbox(scratch.0.join("inbox"), Accept::Known));
    });
    let cut = Cut::to(ben.address.unwrap());
    anna.handle.connect(cut.contact("ben"), Redial::Always);
    anna.joined();
    ben.joined();
    let options = SendOptions {
        limit: Some(3_000_000),
        ..SendOptions::default()
    };
    ben.handle.send(&name("anna"), &source, options);
    ben.wait(|notice| match notice {
        Notice::Transfer(status) => (status.moved > 1_000_000).then_some(()),
        _ => None,
    });
    cut.cut();
    ben.wait(|notice| matches!(notice, Notice::Left { lost: true, .. }).then_some(()));
    if back {
        cut.mend();
    }
    ben.outcome(Direction::Outgoing)
}

#[test]
fn a_file_to_a_peer_that_has_to_dial_goes_on_when_that_peer_is_back() {
    let patience = Duration::from_secs(120);
    let outcome = film_of_a_peer_that_does_not_dial("dialed-back", patience, true);
    assert!(outcome.is_success(), "{outcome:?}");
}

#[test]
fn a_file_to_a_peer_that_has_to_dial_is_lost_when_that_peer_stays_away() {
    let patience = Duration::from_millis(200);
    let outcome = film_of_a_peer_that_does_not_dial("dialed-away", patience, false);
    assert!(matches!(outcome, Outcome::Lost { .. }), "{outcome:?}");
}
