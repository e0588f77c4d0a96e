//! How connections end, and what each side learns.

use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

use transom_net::Departure;
use transom_proto::{CallEvent, Event as SessionEvent};
use transom_wire::{ByeCode, CallKind, EndReason, Status};

use crate::raw::RawPeer;
use crate::support::{Station, pair, run};

#[test]
fn a_goodbye_arrives_and_both_owners_learn_of_it() {
    let (mut near, here, mut far, _) = pair();
    near.net.close(here, ByeCode::Leaving, "going home");
    assert!(near.net.session(here).is_none());
    let (mut ours, mut theirs) = (None, None);
    run([&mut near, &mut far], |[near, far]| {
        ours = ours.take().or_else(|| near.departure());
        theirs = theirs.take().or_else(|| far.departure());
        (ours.is_some() && theirs.is_some()).then_some(())
    });
    assert!(matches!(ours, Some(Departure::ClosedHere)), "{ours:?}");
    match theirs {
        Some(Departure::Bye(bye)) => {
            assert_eq!(bye.as_str(), Status::new(ByeCode::Leaving, "going home"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn messages_queued_before_a_goodbye_arrive_before_it() {
    let (mut near, here, mut far, _) = pair();
    let call = near
        .net
        .session(here)
        .unwrap()
        .ring(CallKind::View)
        .unwrap();
    run([&mut near, &mut far], |[_, far]| {
        match far.session_event()?.1 {
            SessionEvent::Call(_, CallEvent::Ringing(_)) => Some(()),
            _ => None,
        }
    });
    let session = near.net.session(here).unwrap();
    session.hang_up(call, EndReason::Chosen, "enough").unwrap();
    near.net.close(here, ByeCode::Done, "");
    let mut hung_up = false;
    run([&mut near, &mut far], |[_, far]| {
        while let Some((_, event)) = far.session_event() {
            hung_up |= matches!(event, SessionEvent::Call(_, CallEvent::HungUp(_)));
        }
        far.departure()
    });
    assert!(hung_up);
}

#[test]
fn a_goodbye_to_a_peer_that_does_not_read_ends_after_the_linger_time() {
    let mut far = Station::with(|config| config.linger = Duration::from_millis(30));
    let _near = RawPeer::join(&mut far, usize::MAX);
    let peer = run([&mut far], |[far]| far.joined());
    far.net.close(peer, ByeCode::Done, "");
    let why = run([&mut far], |[far]| far.departure());
    assert!(matches!(why, Departure::ClosedHere), "{why:?}");
}

#[test]
fn a_peer_that_vanishes_is_silent() {
    let mut far = Station::new();
    far.session = |config| {
        config.idle_ping = Duration::from_millis(20);
        config.give_up = Duration::from_millis(100);
    };
    let near = RawPeer::join(&mut far, usize::MAX);
    let why = run([&mut far], |[far]| far.departure());
    assert!(matches!(why, Departure::Silent), "{why:?}");
    drop(near);
}

#[test]
fn a_record_that_arrives_slowly_counts_as_a_sign_of_life() {
    let mut far = Station::new();
    far.session = |config| config.idle_ping = Duration::from_millis(20);
    let mut near = RawPeer::join(&mut far, usize::MAX);
    let peer = run([&mut far], |[far]| far.joined());
    near.send_queued(usize::MAX);
    let mut silent = |wanted: fn(Duration) -> bool| {
        run([&mut far], |[far]| {
            let now = far.net.now();
            let silent = far.net.session(peer)?.stats(now).silent;
            wanted(silent).then_some(())
        });
    };
    silent(|silent| silent > Duration::from_secs(1));
    // The beginning of a record, which can only be opened whole.
    near.stream.write_all(&[0xFF, 0xFF]).unwrap();
    near.stream.write_all(&[7; 8 * 1024]).unwrap();
    silent(|silent| silent < Duration::from_secs(1));
}

#[test]
fn a_connection_that_ends_without_a_goodbye_is_closed() {
    let mut far = Station::new();
    let mut near = RawPeer::join(&mut far, usize::MAX);
    near.send_queued(usize::MAX);
    run([&mut far], |[far]| far.session_event());
    near.stream.shutdown(Shutdown::Write).unwrap();
    let why = run([&mut far], |[far]| far.departure());
    assert!(matches!(why, Departure::Closed), "{why:?}");
}

#[test]
fn a_goodbye_is_read_although_the_socket_cannot_be_written() {
    let mut far = Station::new();
    let mut near = RawPeer::join(&mut far, usize::MAX);
    let peer = run([&mut far], |[far]| far.joined());
    near.connection.bye(ByeCode::Done, "back later");
    near.send_queued(usize::MAX);
    // Closed with unread bytes: the far side's next write fails with a reset.
    drop(near);
    for _ in 0..4 {
        if let Some(session) = far.net.session(peer) {
            session.text("are you there?").unwrap();
        }
        far.turn();
    }
    let why = run([&mut far], |[far]| far.departure());
    assert!(matches!(why, Departure::Bye(_)), "{why:?}");
}
