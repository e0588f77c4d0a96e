//! From dialed or accepted to joined; and refusals, which send nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use transom_net::{BindError, Config, Departure, Event, Net};
use transom_proto::Event as SessionEvent;
use transom_secure::{Ciphers, Handshake, Identity, Side};

use crate::raw::RawPeer;
use crate::support::{Station, pair, run};

#[test]
fn both_peers_learn_the_key_and_then_the_name() {
    let (mut near, _, mut far, _) = pair();
    let key = |event: &Event| match event {
        Event::Key { key, side, .. } => Some((*key, *side)),
        _ => None,
    };
    assert_eq!(near.find(key), Some((far.key, Side::Dialer)));
    assert_eq!(far.find(key), Some((near.key, Side::Listener)));
    run([&mut near, &mut far], |[near, far]| {
        let hello = |event: &Event| {
            matches!(
                event,
                Event::Peer {
                    event: SessionEvent::Hello { session: 7, .. },
                    ..
                }
            )
        };
        let all = [near, far]
            .iter()
            .all(|station| station.events.iter().any(hello));
        all.then_some(())
    });
}

#[test]
fn a_dialer_sends_its_name_before_it_is_admitted() {
    let mut far = Station::new();
    far.admits = false;
    let mut near = Station::with(|config| config.name = Some("near".parse().unwrap()));
    near.net.dial(far.address()).unwrap();
    let (peer, name) = run([&mut near, &mut far], |[_, far]| {
        far.find(|event| match event {
            Event::Key { peer, name, .. } => Some((*peer, *name)),
            _ => None,
        })
    });
    assert_eq!(name, Some("near".parse().unwrap()));
    far.net.refuse(peer);
}

#[test]
fn an_invalid_name_is_ignored() {
    let mut far = Station::new();
    far.admits = false;
    let address = far.address();
    let near = thread::spawn(move || {
        let (mut stream, mut handshake) = RawPeer::handshake(address, usize::MAX);
        handshake.introduce(b"two words");
        handshake.admit().unwrap();
        stream
            .write_all(&handshake.poll_transmit().unwrap())
            .unwrap();
        stream
    });
    let name = run([&mut far], |[far]| {
        far.find(|event| match event {
            Event::Key { name, .. } => Some(*name),
            _ => None,
        })
    });
    assert_eq!(name, None);
    drop(near.join().unwrap());
}

#[test]
fn both_families_can_have_the_same_port() {
    if TcpListener::bind("[::1]:0").is_err() {
        return; // This machine has no IPv6.
    }
    let first = Station::new();
    let port = first.address().port();
    let address: SocketAddr = format!("[::]:{port}").parse().unwrap();
    let mut second = Station::with(|config| config.listen = vec![address]);
    let mut third = Station::new();
    third
        .net
        .dial(format!("[::1]:{port}").parse().unwrap())
        .unwrap();
    run([&mut second, &mut third], |[second, _]| second.joined());
    drop(first);
}

#[test]
fn a_port_in_use_is_its_own_error() {
    let first = Station::new();
    let config = Config::new(Identity::generate().unwrap(), vec![first.address()]);
    let error = Net::bind(config).map(drop).unwrap_err();
    assert!(matches!(error, BindError::Taken(address) if address == first.address()));
}

#[test]
fn a_dialer_that_refuses_has_not_sent_its_key() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = Station::new();
    near.admits = false;
    near.net.dial(listener.local_addr().unwrap()).unwrap();
    let far = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let identity = Identity::generate().unwrap();
        let mut handshake = Handshake::new(&identity, Side::Listener, Ciphers::CHACHA).unwrap();
        let (mut count, mut byte) = (0, [0]);
        while let Ok(1) = stream.read(&mut byte) {
            count += 1;
            handshake.handle_bytes(&byte).unwrap();
            while let Some(bytes) = handshake.poll_transmit() {
                stream.write_all(&bytes).unwrap();
            }
        }
        count
    });
    let peer = run([&mut near], |[near]| {
        near.find(|event| match event {
            Event::Key { peer, .. } => Some(*peer),
            _ => None,
        })
    });
    near.net.refuse(peer);
    let why = run([&mut near], |[near]| near.departure());
    assert!(matches!(why, Departure::ClosedHere), "{why:?}");
    // The preamble and message 1, neither of which contains our key.
    assert_eq!(far.join().unwrap(), 12 + 2 + 32);
}

#[test]
fn a_listener_that_refuses_sends_nothing_more() {
    let mut far = Station::new();
    far.admits = false;
    let address = far.address();
    let near = thread::spawn(move || {
        let (mut stream, mut handshake) = RawPeer::handshake(address, usize::MAX);
        handshake.admit().unwrap();
        stream
            .write_all(&handshake.poll_transmit().unwrap())
            .unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).map(|_| rest)
    });
    let peer = run([&mut far], |[far]| {
        far.find(|event| match event {
            Event::Key { peer, .. } => Some(*peer),
            _ => None,
        })
    });
    assert!(far.net.session(peer).is_none());
    far.net.refuse(peer);
    run([&mut far], |_| near.is_finished().then_some(()));
    assert_eq!(near.join().unwrap().unwrap(), []);
}

#[test]
fn a_refused_dialer_learns_that_its_key_may_be_unknown() {
    let (mut near, mut far) = (Station::new(), Station::new());
    far.admits = false;
    near.net.dial(far.address()).unwrap();
    let why = run([&mut near, &mut far], |[near, far]| {
        let key = far.find(|event| match event {
            Event::Key { peer, .. } => Some(*peer),
            _ => None,
        });
        if let Some(peer) = key {
            far.net.refuse(peer);
        }
        near.departure()
    });
    assert!(matches!(why, Departure::Refused), "{why:?}");
}

#[test]
fn a_listener_that_closes_before_it_has_seen_our_key_has_not_refused_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = Station::new();
    near.net.dial(listener.local_addr().unwrap()).unwrap();
    drop(listener.accept().unwrap());
    let why = run([&mut near], |[near]| near.departure());
    assert!(matches!(why, Departure::Unanswered), "{why:?}");
}

#[test]
fn without_an_answer_of_the_owner_a_handshake_ends_at_its_deadline() {
    let mut far = Station::with(|config| config.handshake_timeout = Duration::from_millis(50));
    far.admits = false;
    let mut near = Station::new();
    near.net.dial(far.address()).unwrap();
    let why = run([&mut near, &mut far], |[_, far]| far.departure());
    assert!(matches!(why, Departure::HandshakeTimeout), "{why:?}");
    let why = run([&mut near, &mut far], |[near, _]| near.departure());
    assert!(matches!(why, Departure::Refused), "{why:?}");
}

#[test]
fn a_connection_works_byte_by_byte() {
    let mut far = Station::new();
    let mut near = RawPeer::join(&mut far, 1);
    near.connection.session.text("one by one").unwrap();
    near.send_queued(1);
    let text = run([&mut far], |[far]| match far.session_event()? {
        (_, SessionEvent::Text { text, .. }) => Some(text),
        _ => None,
    });
    assert_eq!(text, "one by one");
}

#[test]
fn records_right_behind_the_handshake_are_not_lost() {
    let mut far = Station::new();
    far.admits = false;
    let mut near = Station::new();
    near.net.dial(far.address()).unwrap();
    let (mut key, mut sent) = (None, false);
    // The dialer's hello is in the listener's buffer before the listener's owner has decided.
    run([&mut near, &mut far], |[near, far]| {
        sent |= near.joined().is_some();
        key = key.or_else(|| {
            far.find(|event| match event {
                Event::Key { peer, .. } => Some(*peer),
                _ => None,
            })
        });
        (sent && key.is_some()).then_some(())
    });
    near.turn();
    let config = transom_proto::Config::new("far".parse().unwrap(), 1, 2);
    far.net.admit(key.unwrap(), config);
    let (_, event) = run([&mut far, &mut near], |[far, _]| far.session_event());
    assert!(matches!(event, SessionEvent::Hello { .. }), "{event:?}");
}

#[test]
fn an_address_without_a_listener_is_unreachable() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut near = Station::new();
    near.net.dial(closed).unwrap();
    let why = run([&mut near], |[near]| near.departure());
    assert!(matches!(why, Departure::Unreachable(_)), "{why:?}");
}

#[test]
fn another_program_at_the_address_is_a_failed_handshake() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = Station::new();
    near.net.dial(other.local_addr().unwrap()).unwrap();
    let (mut stream, _) = other.accept().unwrap();
    stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").unwrap();
    let why = run([&mut near], |[near]| near.departure());
    assert!(matches!(why, Departure::HandshakeFailed(_)), "{why:?}");
}

#[test]
fn the_number_of_peers_is_limited() {
    let mut far = Station::with(|config| config.max_peers = 1);
    let _first = RawPeer::join(&mut far, usize::MAX);
    let mut second = TcpStream::connect(far.address()).unwrap();
    second
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    let mut byte = [0];
    let count = run([&mut far], |_| second.read(&mut byte).ok());
    assert_eq!(count, 0);
    assert!(far.net.dial(far.address()).is_err());
}
