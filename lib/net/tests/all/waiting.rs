//! What ends a wait: a waker, work that is left, the deadline.

use std::thread;
use std::time::Instant;

use transom_net::Event;

use crate::support::Stand;

#[test]
fn a_loop_that_sleeps_is_woken() {
    let mut stand = Stand::new();
    let waker = stand.net.waker();
    let other = thread::spawn(move || {
        waker.wake();
        waker.clone().wake();
    });
    while !stand.told.iter().any(|event| matches!(event, Event::Woken)) {
        stand.net.wait(None).unwrap();
        stand.told.extend(stand.net.next_event());
    }
    other.join().unwrap();
}

#[test]
fn a_wait_returns_at_once_while_events_are_left() {
    let mut stand = Stand::new();
    stand.net.waker().wake();
    // Neither wait has a deadline: the first ends by the waker, the second because its event was
    // not taken.
    stand.net.wait(None).unwrap();
    stand.net.wait(None).unwrap();
    assert!(matches!(stand.net.next_event(), Some(Event::Woken)));
}

#[test]
fn a_deadline_ends_the_sleep() {
    let mut stand = Stand::new();
    stand.net.wait(Some(Instant::now())).unwrap();
    assert!(stand.net.next_event().is_none());
}
