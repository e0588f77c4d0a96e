//! Edge-triggered readiness: bytes left in a socket are read without a new edge. The tests set no
//! deadline, which would hide a loop that sleeps too long.

use std::thread;
use std::time::Duration;

use transom_net::Event;
use transom_proto::{self as proto, Event as SessionEvent};

use crate::raw::RawPeer;
use crate::support::{Station, run};

/// A station whose sessions neither ping nor time out while a test runs.
fn unhurried() -> Station {
    let mut station = Station::new();
    station.session = |config| {
        (config.idle_ping, config.give_up) = (HOUR, 3 * HOUR);
    };
    station
}

fn text(station: &mut Station) -> Option<String> {
    loop {
        if let (_, SessionEvent::Text { text, .. }) = station.session_event()? {
            return Some(text);
        }
    }
}

#[test]
fn records_in_the_same_write_as_the_last_handshake_message_are_read_without_waiting() {
    for length in [1, 100, 200, 4000] {
        let mut far = unhurried();
        let _near = RawPeer::burst(&mut far, |session| {
            session.text(&"x".repeat(length)).unwrap();
        });
        let said = far.turn_until(text);
        assert_eq!(said.len(), length);
    }
}

#[test]
fn the_loop_sleeps_until_a_late_admission_and_then_reads_waiting_bytes_at_once() {
    let mut far = unhurried();
    far.admits = false;
    let _near = RawPeer::burst(&mut far, |session| {
        session.text(&"x".repeat(4000)).unwrap();
    });
    let peer = far.turn_until(|far| {
        far.find(|event| match event {
            Event::Key { peer, .. } => Some(*peer),
            _ => None,
        })
    });
    assert_sleeps(&mut far);
    let mut config = proto::Config::new("far".parse().unwrap(), 7, 7);
    (far.session)(&mut config);
    far.net.admit(peer, config);
    far.turn_until(text);
    assert_sleeps(&mut far);
}

/// Counts turns until another thread wakes the loop. A loop that spins has many.
fn assert_sleeps(station: &mut Station) {
    let waker = station.net.waker();
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        waker.wake();
    });
    let mut turns = 0;
    while !station
        .events
        .iter()
        .any(|event| matches!(event, Event::Woken))
    {
        station.net.wait(None).unwrap();
        station.events.extend(station.net.next_event());
        turns += 1;
    }
    other.join().unwrap();
    station.events.clear();
    assert!(turns < 50, "{turns} turns with nothing to do");
}

#[test]
fn timers_run_while_a_peer_sends_more_than_each_turn_reads() {
    // Every turn ends by its budget, never because the socket is drained.
    let mut far = Station::with(|config| config.read_budget = 1);
    far.session = |config| {
        (config.text_burst, config.text_pause) = (1, Duration::from_millis(1));
    };
    let mut near = RawPeer::join(&mut far, usize::MAX);
    for text in ["at once", "a moment later"] {
        near.connection.session.text(text).unwrap();
    }
    near.send_queued(usize::MAX);
    let mut texts = Vec::new();
    run([&mut far], |[far]| {
        near.send_record(&UNKNOWN);
        texts.extend(text(far));
        (texts.len() == 2).then_some(())
    });
    assert_eq!(texts, ["at once", "a moment later"]);
}

/// A frame of an unknown kind, which a session skips.
const UNKNOWN: [u8; 8] = [0, 0, 0, 0, 0xEE, 0, 0, 0];

const HOUR: Duration = Duration::from_secs(3600);
