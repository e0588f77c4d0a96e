//! Pairings over real sockets: the count of tries, the rate limit of strangers, and what a pairing
//! can't reach.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use transom_net::{Departure, Event, PairingEvent, PairingTerms, PeerId, TRIES};
use transom_proto::Event as SessionEvent;
use transom_secure::{Ciphers, Handshake, HandshakeError, Identity, PairingError, Purpose, Side};
use transom_wire::{Grants, Introduction, Keep, PublicKey};

use crate::support::{Station, join, run};

fn terms(code: &str, name: &str) -> PairingTerms {
    PairingTerms {
        code: code.parse().unwrap(),
        introduction: Introduction {
            keep: Keep::Contact,
            grants: Grants::CALL,
            port: 7447,
            name: name.parse().unwrap(),
        },
    }
}

fn dial(near: &mut Station, far: &Station, code: &str) -> PeerId {
    let address = far.address();
    near.net
        .dial_pairing(address, terms(code, "anna"), None)
        .unwrap()
}

/// Removes the next event of a pairing.
fn pairing(station: &mut Station) -> Option<PairingEvent> {
    station.find(|event| match event {
        Event::Pairing { event, .. } => Some(event.clone()),
        _ => None,
    })
}

fn paired(station: &mut Station) -> Option<(PublicKey, Introduction)> {
    station.find(|event| match event {
        Event::Pairing {
            event: PairingEvent::Paired { key, introduction },
            ..
        } => Some((*key, *introduction)),
        _ => None,
    })
}

fn left(station: &mut Station, peer: PeerId) -> Option<String> {
    station.find(|event| match event {
        Event::Left { peer: of, why } if *of == peer => Some(why.to_string()),
        _ => None,
    })
}

const CODE: &str = "47-otter-violin";

#[test]
fn two_stations_with_the_same_code_learn_each_others_key_and_nothing_more_begins() {
    let (mut near, mut far) = (Station::new(), Station::new());
    far.net.open_pairing(terms(CODE, "porch"));
    let peer = dial(&mut near, &far, CODE);
    let (mut here, mut there, mut end) = (None, None, None);
    run([&mut near, &mut far], |[near, far]| {
        here = here.or_else(|| paired(near));
        there = there.or_else(|| paired(far));
        end = end.take().or_else(|| left(near, peer));
        end.is_some().then_some(())
    });
    assert_eq!(here, Some((far.key, terms(CODE, "porch").introduction)));
    assert_eq!(there, Some((near.key, terms(CODE, "anna").introduction)));
    assert_eq!(end.unwrap(), Departure::ClosedHere.to_string());
    assert_eq!(pairing(&mut near), Some(PairingEvent::Tried));
    assert!(
        near.events.is_empty() && far.events.is_empty(),
        "{:?}",
        far.events
    );

    // The code is used up.
    let peer = dial(&mut near, &far, CODE);
    let why = run([&mut near, &mut far], |[near, _]| left(near, peer));
    let refused = Departure::HandshakeFailed(HandshakeError::Purpose(0));
    assert_eq!(why, refused.to_string());
    assert!(far.events.is_empty(), "{:?}", far.events);
}

#[test]
fn without_a_shown_code_a_pairing_is_refused_by_its_first_bytes() {
    let (mut near, mut far) = (Station::new(), Station::new());
    far.net.open_pairing(terms(CODE, "porch"));
    far.net.close_pairing();
    let peer = dial(&mut near, &far, CODE);
    let why = run([&mut near, &mut far], |[near, _]| left(near, peer));
    let refused = Departure::HandshakeFailed(HandshakeError::Purpose(0));
    assert_eq!(why, refused.to_string());
    assert!(near.events.is_empty() && far.events.is_empty());
}

#[test]
fn the_third_wrong_code_closes_the_code() {
    let (mut near, mut far) = (Station::new(), Station::new());
    far.net.open_pairing(terms(CODE, "porch"));
    for tries_left in (0..TRIES).rev() {
        let peer = dial(&mut near, &far, "47-otter-zebra");
        let why = run([&mut near, &mut far], |[near, _]| left(near, peer));
        let wrong = Departure::PairingFailed(PairingError::WrongCode);
        assert_eq!(why, wrong.to_string());
        assert_eq!(pairing(&mut near), Some(PairingEvent::Tried));
        let event = run([&mut far], |[far]| pairing(far));
        assert_eq!(event, PairingEvent::WrongCode { tries_left });
    }
    let peer = dial(&mut near, &far, CODE);
    run([&mut near, &mut far], |[near, _]| left(near, peer));
    assert_eq!((paired(&mut near), paired(&mut far)), (None, None));
}

#[test]
fn guesses_that_come_at_once_are_no_more_than_three() {
    let mut far = Station::with(|config| {
        (config.max_half_open_per_address, config.pairing_burst) = (64, 64);
    });
    let mut near = Station::new();
    far.net.open_pairing(terms(CODE, "porch"));
    let peers: Vec<_> = (0..20)
        .map(|_| dial(&mut near, &far, "47-otter-zebra"))
        .collect();
    let mut gone = 0;
    run([&mut near, &mut far], |[near, _]| {
        gone += peers
            .iter()
            .filter(|peer| left(near, **peer).is_some())
            .count();
        (gone == peers.len()).then_some(())
    });
    let mut guesses = Vec::new();
    while let Some(event) = pairing(&mut far) {
        guesses.push(event);
    }
    let wrong = |tries_left| PairingEvent::WrongCode { tries_left };
    assert_eq!(guesses, [wrong(2), wrong(1), wrong(0)]);
    assert!(far.events.is_empty(), "{:?}", far.events);
}

#[test]
fn a_code_that_replaces_another_has_its_own_tries_and_the_old_one_pairs_nobody() {
    let (mut near, mut far) = (Station::new(), Station::new());
    for _ in 0..TRIES {
        far.net.open_pairing(terms(CODE, "porch"));
        let peer = dial(&mut near, &far, "47-otter-zebra");
        run([&mut near, &mut far], |[near, _]| left(near, peer));
        let event = run([&mut far], |[far]| pairing(far));
        assert_eq!(event, PairingEvent::WrongCode { tries_left: 2 });
    }
    far.net.open_pairing(terms("11-zebra-zebra", "porch"));
    let peer = dial(&mut near, &far, CODE);
    run([&mut near, &mut far], |[near, _]| left(near, peer));
    assert_eq!(paired(&mut far), None);
}

#[test]
fn a_listener_with_another_key_than_the_expected_one_gets_no_try() {
    let (mut near, mut far) = (Station::new(), Station::new());
    far.net.open_pairing(terms(CODE, "porch"));
    let address = far.address();
    let other = Some(PublicKey([9; 32]));
    let peer = near
        .net
        .dial_pairing(address, terms(CODE, "anna"), other)
        .unwrap();
    let why = run([&mut near, &mut far], |[near, _]| left(near, peer));
    assert_eq!(why, Departure::OtherKey(far.key).to_string());
    assert!(near.events.is_empty() && far.events.is_empty());

    let expected = Some(far.key);
    near.net
        .dial_pairing(address, terms(CODE, "anna"), expected)
        .unwrap();
    run([&mut near, &mut far], |[near, _]| paired(near));
}

#[test]
fn a_station_that_dials_itself_is_told_so() {
    let mut near = Station::new();
    near.net.open_pairing(terms(CODE, "porch"));
    let address = near.address();
    let peer = near
        .net
        .dial_pairing(address, terms(CODE, "anna"), None)
        .unwrap();
    let why = run([&mut near], |[near]| left(near, peer));
    let own = Departure::PairingFailed(PairingError::OwnKey);
    assert_eq!(why, own.to_string());
}

#[test]
fn a_stranger_that_stalls_in_a_pairing_is_closed() {
    let mut far = Station::with(|config| config.pairing_timeout = Duration::from_millis(100));
    far.net.open_pairing(terms(CODE, "porch"));
    let mut stream = stalled(&mut far);
    stream.set_nonblocking(true).unwrap();
    run([&mut far], |_| {
        matches!(stream.read(&mut [0; 64]), Ok(0)).then_some(())
    });
    assert!(far.events.is_empty(), "{:?}", far.events);
}

/// A connection that has shaken hands for a pairing and says nothing more.
fn stalled(far: &mut Station) -> TcpStream {
    let address = far.address();
    let shaken = std::thread::spawn(move || {
        use std::io::Write;
        let mut stream = TcpStream::connect(address).unwrap();
        let identity = Identity::generate().unwrap();
        let (side, purpose) = (Side::Dialer, Purpose::Pairing);
        let mut handshake =
            Handshake::with_purpose(&identity, side, Ciphers::detect(), purpose).unwrap();
        while !handshake.is_complete() {
            while let Some(bytes) = handshake.poll_transmit() {
                stream.write_all(&bytes).unwrap();
            }
            if !handshake.is_complete() {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                handshake.handle_bytes(&byte).unwrap();
                if handshake.remote().is_some() {
                    handshake.admit().unwrap();
                }
            }
        }
        stream
    });
    run([far], |_| shaken.is_finished().then_some(()));
    shaken.join().unwrap()
}

/// Five hundred strangers, one after another as fast as they can, beside a session.
#[test]
fn a_flood_of_pairings_is_bounded_and_disturbs_no_session() {
    let mut far = Station::with(|config| {
        // The rate limit gives no second burst, however slow this machine is.
        config.pairing_interval = Duration::from_secs(3600);
    });
    let (mut near, mut friend) = (Station::new(), Station::new());
    let (here, _) = join(&mut friend, &mut far);
    far.net.open_pairing(terms(CODE, "porch"));
    let mut texts = 0;
    let mut tried = 0;
    for number in 0..500 {
        // The right code: an attacker could not do better, and the tries are not used up.
        let peer = dial(&mut near, &far, CODE);
        if number % 100 == 0 {
            friend
                .net
                .session(here)
                .unwrap()
                .text("still here")
                .unwrap();
        }
        run([&mut near, &mut far, &mut friend], |[near, far, friend]| {
            texts += usize::from(far.find(text).is_some());
            assert!(friend.departure().is_none());
            left(near, peer)
        });
        tried += usize::from(pairing(&mut near).is_some());
        if paired(&mut far).is_some() {
            far.net.open_pairing(terms(CODE, "porch"));
        }
        near.events.clear();
    }
    let burst = 4;
    assert_eq!(tried, burst, "half the default of Config::pairing_burst");
    run([&mut far, &mut friend], |[far, _]| {
        texts += usize::from(far.find(text).is_some());
        (texts == 5).then_some(())
    });
}

fn text(event: &Event) -> Option<()> {
    let is_text = |event: &SessionEvent| matches!(event, SessionEvent::Text { .. });
    matches!(event, Event::Peer { event, .. } if is_text(event)).then_some(())
}
