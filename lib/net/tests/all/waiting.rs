//! What ends a wait: a waker, work that is left, the deadline.

use std::thread;
use std::time::Instant;

use transom_net::Event;

use crate::support::Station;

#[test]
fn a_loop_that_sleeps_is_woken() {
    let mut station = Station::new();
    let waker = station.net.waker();
    let other = thread::spawn(move || {
        waker.wake();
        waker.clone().wake();
    });
    while !station
        .events
        .iter()
        .any(|event| matches!(event, Event::Woken))
    {
        station.net.wait(None).unwrap();
        station.events.extend(station.net.next_event());
    }
    other.join().unwrap();
}

#[test]
fn a_wait_returns_at_once_while_events_are_left() {
    let mut station = Station::new();
    station.net.waker().wake();
    // Neither wait has a deadline: the first ends by the waker, the second because its event was
    // not taken.
    station.net.wait(None).unwrap();
    station.net.wait(None).unwrap();
    assert!(matches!(station.net.next_event(), Some(Event::Woken)));
}

#[test]
fn a_deadline_ends_the_sleep() {
    let mut station = Station::new();
    station.net.wait(Some(Instant::now())).unwrap();
    assert!(station.net.next_event().is_none());
}
