//! What becomes of a call when the peer's rights are not, or no longer, those that it would need to
//! ring.

use std::time::Duration;

use transom::{CallKind, EndReason, Notice};
use transom_proto::{self as proto, CallEvent};

use crate::calls::name;
use crate::evil::{Evil, is_answered, victim};
use crate::support::{Peer, book};

fn interrupted(peer: &Peer) {
    peer.wait(|notice| matches!(notice, Notice::CallInterrupted { .. }).then_some(()));
}

/// A call that the other side began, and that lost its connection.
fn interrupted_call(evil: &mut Evil, ben: &Peer) {
    let link = evil.connect(ben);
    evil.session(link).ring(CallKind::Talk).unwrap();
    evil.turn();
    ben.rung();
    ben.handle.answer(&name("evil"));
    is_answered(evil);
    evil.lose();
    interrupted(ben);
}

fn take_rights(evil: &Evil, ben: &Peer, left: &str) {
    let line = format!("evil 127.0.0.1:9 key={} may={left}", evil.key);
    ben.handle.replace_book(book(&[line]));
}

#[test]
fn a_ring_of_ours_that_crossed_with_theirs_comes_back_though_they_may_not_call() {
    // The highest number, so that our ring is the one that yields.
    let mut evil = Evil::new(u64::MAX);
    let ben = victim(&evil, "view", |_| {});
    evil.connect(&ben);
    let other = evil.connect(&ben);
    ben.handle.ring(&name("evil"), CallKind::Talk);
    evil.rung();
    evil.session(other).ring(CallKind::Talk).unwrap();
    is_answered(&mut evil);
    assert!(!ben.started());
    evil.lose();
    interrupted(&ben);
    let link = evil.connect(&ben);
    evil.session(link).ring(CallKind::Talk).unwrap();
    is_answered(&mut evil);
    assert!(ben.started(), "it goes on");
    // Nor does it end because the book is read anew.
    take_rights(&evil, &ben, "view,files");
    let ended = |notice: &Notice| matches!(notice, Notice::CallEnded { .. });
    ben.never(ended, Duration::from_millis(100));
}

#[test]
fn who_lost_the_right_to_call_while_away_is_not_waited_for() {
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "call", |_| {});
    interrupted_call(&mut evil, &ben);
    take_rights(&evil, &ben, "view");
    evil.connect(&ben);
    assert_eq!(ben.ended(), EndReason::Forbidden);
}

#[test]
fn who_lost_the_right_to_call_is_not_rung_after_it_was_started_anew() {
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "call", |_| {});
    interrupted_call(&mut evil, &ben);
    evil.station = 2;
    let link = evil.connect(&ben);
    // Ben knows of the call and evil's new program does not: he rings.
    evil.rung();
    take_rights(&evil, &ben, "view");
    assert_eq!(ben.ended(), EndReason::Forbidden);
    evil.until(|_, event| {
        matches!(event, proto::Event::Call(_, CallEvent::HungUp(_))).then_some(())
    });
    evil.session(link).ring(CallKind::Talk).unwrap();
    evil.until(|_, event| match event {
        proto::Event::Call(_, CallEvent::Declined(status)) => {
            (status.code == EndReason::Forbidden).then_some(())
        }
        _ => None,
    });
}

#[test]
fn who_may_no_longer_be_let_in_without_asking_watches_a_window_no_longer() {
    let mut evil = Evil::new(1);
    let ben = victim(&evil, "view,auto", |_| {});
    let link = evil.connect(&ben);
    evil.session(link).ring(CallKind::View).unwrap();
    is_answered(&mut evil);
    take_rights(&evil, &ben, "view");
    assert_eq!(ben.ended(), EndReason::Forbidden);
}
