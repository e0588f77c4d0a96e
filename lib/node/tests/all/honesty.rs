//! Whoever plays tricks with connections and rings sees no camera for it, and hides nothing from
//! the owner.

use std::time::Duration;

use transom::{CallKind, CameraState, EndReason, Notice};
use transom_proto::{self as proto, CallEvent};

use crate::calls::{name, pattern};
use crate::evil::{Evil, is_answered, victim};
use crate::support::{Peer, book};

/// Evil in a call with ben, who shows his camera.
fn watching(evil: &mut Evil, ben: &Peer) -> transom_net::PeerId {
    let link = evil.connect(ben);
    evil.session(link).ring(CallKind::Talk).unwrap();
    evil.turn();
    ben.rung();
    ben.handle.answer(&name("evil"));
    ben.handle.show_camera(&name("evil"), true);
    is_answered(evil);
    assert!(!ben.started());
    sees(evil);
    link
}

/// Waits for a picture.
fn sees(evil: &mut Evil) {
    evil.until(|_, event| {
        matches!(event, proto::Event::Call(_, CallEvent::Picture(_))).then_some(())
    });
}

fn interrupted(ben: &Peer) {
    ben.wait(|notice| matches!(notice, Notice::CallInterrupted { .. }).then_some(()));
}

#[test]
fn a_lost_call_closes_the_camera_and_shows_it_to_nobody_else() {
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "call", |_| {});
    watching(&mut evil, &ben);
    evil.lose();
    interrupted(&ben);
    ben.camera(CameraState::Off);
    // A ring of another kind does not bring it back.
    let link = evil.connect(&ben);
    evil.session(link).ring(CallKind::View).unwrap();
    let reason = evil.until(|_, event| match event {
        proto::Event::Call(_, CallEvent::Declined(status)) => Some(status.code),
        _ => None,
    });
    assert_eq!(reason, EndReason::Forbidden);
    let opened = |notice: &Notice| matches!(notice, Notice::Camera { .. });
    ben.never(opened, Duration::from_millis(100));
}

#[test]
fn after_a_hang_up_no_picture_comes_and_the_camera_closes() {
    for interrupts in [false, true] {
        let mut evil = Evil::new(1);
        let ben = victim(&evil, "call", |_| {});
        watching(&mut evil, &ben);
        if interrupts {
            evil.lose();
            interrupted(&ben);
            let link = evil.connect(&ben);
            evil.session(link).ring(CallKind::Talk).unwrap();
            // It may be answered before it is ended, or not at all.
            evil.turn();
        }
        ben.handle.hang_up(&name("evil"));
        assert_eq!(ben.ended(), EndReason::Chosen);
        let over = |event: &proto::Event| {
            use proto::CallEvent::{Declined, HungUp};
            matches!(event, proto::Event::Call(_, HungUp(_) | Declined(_)))
        };
        if !interrupts {
            evil.until(|_, event| over(event).then_some(()));
            for _ in 0..100 {
                evil.turn_without(|event| {
                    matches!(event, proto::Event::Call(_, CallEvent::Picture(_)))
                });
            }
        }
        // A ring after that is a new one; the one before may have been too late to go on.
        let told = ben.told(Duration::from_millis(400));
        if !told
            .iter()
            .any(|notice| matches!(notice, Notice::Ringing { .. }))
        {
            evil.lose();
            let link = evil.connect(&ben);
            evil.session(link).ring(CallKind::Talk).unwrap();
            evil.turn();
            ben.rung();
        }
    }
}

#[test]
fn a_camera_changed_over_and_over_ends_as_it_was_wanted_last() {
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "call", |_| {});
    watching(&mut evil, &ben);
    for round in 0..50 {
        ben.handle.set_camera(Some(pattern(64, 48)));
        if round % 3 == 0 {
            ben.handle.text(&name("evil"), "a turn of the loop between");
            evil.turn();
        }
        ben.handle.set_camera(None);
    }
    ben.told(Duration::from_millis(300));
    while evil
        .turn()
        .iter()
        .any(|event| matches!(event, transom_net::Event::Peer { .. }))
    {}
    for _ in 0..100 {
        evil.turn_without(|event| matches!(event, proto::Event::Call(_, CallEvent::Picture(_))));
    }
    ben.handle.set_camera(Some(pattern(64, 48)));
    sees(&mut evil);
}

/// The number of a station's run is known to all its peers, and any of them can say that it is its
/// own.
#[test]
fn who_pretends_to_be_the_station_of_another_hides_no_lost_connection() {
    let (mut evil, mut other) = (Evil::new(1), Evil::new(1));
    let ben = victim(&evil, "call", |_| {});
    let line = |name: &str, key| format!("{name} 127.0.0.1:9 key={key} may=call");
    ben.handle
        .replace_book(book(&[line("evil", other.key), line("anna", evil.key)]));
    let link = evil.connect(&ben);
    evil.session(link).ring(CallKind::Talk).unwrap();
    evil.turn();
    assert_eq!(ben.rung(), name("anna"));
    ben.handle.answer(&name("anna"));
    is_answered(&mut evil);
    other.connect(&ben);
    evil.lose();
    interrupted(&ben);
}
