//! Hostile peers, authenticated and not: their cost is bounded, and other peers are not affected.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use transom_net::Departure;
use transom_proto::Event as SessionEvent;
use transom_secure::Identity;
use transom_wire::limits::LEAF;
use transom_wire::{ByeCode, Collision, Message, Offer, Pause, RelativePath, Shape, TransferKey};

use crate::moving::FileStream;
use crate::raw::RawPeer;
use crate::support::{Station, join, pair, run};

fn is_open(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut stream = stream;
    match stream.read(&mut [0; 64]) {
        Ok(count) => count > 0,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

#[test]
fn garbage_ends_its_own_connection_without_an_event() {
    let mut far = Station::new();
    let mut numbers = 0x9E37_79B9_u32;
    let garbage: Vec<u8> = std::iter::repeat_with(|| {
        numbers = numbers.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (numbers >> 24) as u8
    })
    .take(100_000)
    .collect();
    for (start, length) in [(0, 1), (1, 8), (2, 300), (3, 100_000 - 3)] {
        let mut stream = TcpStream::connect(far.address()).unwrap();
        // The write fails once the far end has closed.
        let _ = stream.write_all(&garbage[start..][..length]);
        if length == 1 {
            continue; // Not enough bytes to be invalid; the deadline ends the connection.
        }
        run([&mut far], |_| (!is_open(&stream)).then_some(()));
    }
    assert!(far.events.is_empty(), "{:?}", far.events);
    join(&mut Station::new(), &mut far);
}

#[test]
fn garbage_behind_a_valid_preamble_ends_its_connection() {
    let mut far = Station::new();
    let mut stream = TcpStream::connect(far.address()).unwrap();
    let mut bytes = b"TRSM\x01\x01\x03\x00".to_vec();
    bytes.extend([0, 33]);
    bytes.extend([0xFF; 40]);
    stream.write_all(&bytes).unwrap();
    run([&mut far], |_| (!is_open(&stream)).then_some(()));
    assert!(far.events.is_empty(), "{:?}", far.events);
}

#[test]
fn single_bytes_do_not_extend_the_deadline_of_a_handshake() {
    let mut far = Station::with(|config| config.handshake_timeout = Duration::from_millis(100));
    let mut stream = TcpStream::connect(far.address()).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut bytes = b"TRSM\x01\x01\x03\x00\x00\x20"
        .iter()
        .chain(&[7; 30])
        .cycle();
    let mut sent = 0;
    run([&mut far], |_| {
        // Not enough bytes for message 1.
        if sent < 40 {
            let _ = stream.write(&[*bytes.next().unwrap()]);
            sent += 1;
        }
        (!is_open(&stream)).then_some(())
    });
    assert!(far.events.is_empty(), "{:?}", far.events);
}

#[test]
fn handshakes_are_limited_per_address() {
    let mut far = Station::with(|config| config.max_half_open_per_address = 2);
    let streams: Vec<_> = (0..20)
        .map(|_| TcpStream::connect(far.address()).unwrap())
        .collect();
    run([&mut far], |_| {
        let open = streams.iter().filter(|stream| is_open(stream)).count();
        (open == 2).then_some(())
    });
    assert!(is_open(&streams[0]) && is_open(&streams[1]));
}

#[test]
fn a_flood_of_handshakes_ends_only_handshakes() {
    let mut far = Station::with(|config| {
        (config.max_half_open, config.max_half_open_per_address) = (4, usize::MAX);
    });
    let mut friend = Station::new();
    let (here, _) = join(&mut friend, &mut far);
    let streams: Vec<_> = (0..50)
        .map(|_| TcpStream::connect(far.address()).unwrap())
        .collect();
    run([&mut far], |_| {
        let open = streams.iter().filter(|stream| is_open(stream)).count();
        (open == 4).then_some(())
    });
    // The oldest handshake has ended, so the next connection has a place.
    assert!(streams[46..].iter().all(is_open));
    join(&mut Station::new(), &mut far);
    friend
        .net
        .session(here)
        .unwrap()
        .text("still here")
        .unwrap();
    run([&mut friend, &mut far], |[_, far]| {
        match far.session_event()?.1 {
            SessionEvent::Text { .. } => Some(()),
            _ => None,
        }
    });
}

#[test]
fn a_forged_record_ends_the_connection() {
    let mut far = Station::new();
    let mut near = RawPeer::join(&mut far, usize::MAX);
    near.stream.write_all(&[0, 20]).unwrap();
    near.stream.write_all(&[0xAA; 20]).unwrap();
    let why = run([&mut far], |[far]| far.departure());
    assert!(matches!(why, Departure::Forged(_)), "{why:?}");
    run([&mut far], |_| (!is_open(&near.stream)).then_some(()));
    assert!(far.departure().is_none());
}

#[test]
fn an_illegal_message_ends_the_connection_with_a_goodbye() {
    let mut far = Station::new();
    let mut near = RawPeer::join(&mut far, usize::MAX);
    near.send_queued(usize::MAX);
    // A hang-up of a call that was never open.
    near.send_record(&[0, 0, 0, 1, 0x13, 0, 0, 9, 0]);
    let why = run([&mut far], |[far]| far.departure());
    assert!(matches!(why, Departure::Illegal(_)), "{why:?}");
    expect_bye(&mut far, near, ByeCode::Illegal);
    assert!(far.departure().is_none());
}

fn expect_bye(far: &mut Station, mut near: RawPeer, wanted: ByeCode) {
    let near = std::thread::spawn(move || {
        while near.receive_record() {}
        std::iter::from_fn(|| near.connection.poll_event()).find_map(|event| match event {
            SessionEvent::Bye(status) => Some(status.code),
            _ => None,
        })
    });
    run([far], |_| near.is_finished().then_some(()));
    assert_eq!(near.join().unwrap(), Some(wanted));
}

#[test]
fn a_peer_that_stops_reading_uses_bounded_memory() {
    let mut far = Station::new();
    far.session = |config| config.give_up = Duration::from_secs(600);
    let near = RawPeer::join(&mut far, usize::MAX);
    let peer = run([&mut far], |[far]| far.joined());
    let mut queued = 0;
    for _ in 0..300 {
        let session = far.net.session(peer).unwrap();
        // As many texts as the session takes before it returns an error.
        while session.text(&"x".repeat(4000)).is_ok() {
            queued += 4000;
        }
        far.turn();
    }
    let now = far.net.now();
    let stats = far.net.session(peer).unwrap().stats(now);
    assert!(stats.sent < MOST, "sent={}", stats.sent);
    assert!(queued < MOST, "queued={queued}");
    drop(near);
}

/// Much less than a peer that reads would get.
const MOST: u64 = 16 * 1024 * 1024;

#[test]
fn unread_bytes_of_a_broken_connection_are_read_within_each_turns_budget() {
    /// Frames in each record; each frame causes an event.
    const FRAMES: usize = 512;
    let mut far = Station::new();
    let mut near = RawPeer::join(&mut far, usize::MAX);
    let peer = run([&mut far], |[far]| far.joined());
    let mut frame = [0; 256];
    let offer = Message::Offer(Offer {
        transfer: TransferKey([1; 16]),
        shape: Shape::File,
        collision: Collision::Rename,
        files: 1,
        bytes: 4,
        is_counted: true,
        name: RelativePath::new("a").unwrap(),
    });
    let used = offer.encode(1, 0, &mut frame).unwrap();
    near.send_queued(usize::MAX);
    near.send_record(&frame[..used]);
    let mut plain = Vec::new();
    for number in 0..FRAMES {
        let paused = number % 2 == 0;
        let pause = Message::Pause(Pause { paused });
        let used = pause.encode(1, 0, &mut frame).unwrap();
        plain.extend_from_slice(&frame[..used]);
    }
    near.stream.set_nonblocking(true).unwrap();
    // Busy at first, so that the system enlarges the buffers, which the flood then fills.
    let mut rest = Vec::new();
    for _ in 0..20 {
        far.turn();
        assert!(far.departure().is_none());
        far.events.clear();
        loop {
            if rest.is_empty() {
                near.channel.seal(&plain, &mut rest).unwrap();
            }
            match near.stream.write(&rest) {
                Ok(count) => drop(rest.drain(..count)),
                Err(error) => break assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
    }
    // Closing with unread bytes resets the connection.
    drop(near);
    let mut most = 0;
    loop {
        // Each turn begins with a write, which fails.
        if let Some(session) = far.net.session(peer) {
            let _ = session.text("are you there?");
        }
        far.turn();
        most = most.max(far.events.len());
        if far.departure().is_some() {
            break;
        }
        far.events.clear();
    }
    let bytes = transom_net::Config::new(Identity::generate().unwrap(), Vec::new()).read_budget;
    // The budget, a read beyond it, and as much again as a margin.
    let records = 3 * bytes / plain.len();
    assert!(most <= records * FRAMES, "{most} events in a turn");
}

#[test]
fn nothing_is_read_while_events_are_not_taken() {
    let (mut near, here, mut far, there) = pair();
    run([&mut near, &mut far], |[near, far]| {
        near.events.clear();
        far.events.clear();
        let (now, later) = (near.net.now(), far.net.now());
        let heard = near.net.session(here)?.stats(now).received > 0
            && far.net.session(there)?.stats(later).received > 0;
        heard.then_some(())
    });
    near.net.session(here).unwrap().text("first").unwrap();
    // Turns without taking the event: the second text stays in the socket.
    for _ in 0..20 {
        near.turn();
        far.net
            .wait(Some(std::time::Instant::now() + Duration::from_millis(1)))
            .unwrap();
    }
    let now = far.net.now();
    let before = far.net.session(there).unwrap().stats(now).received;
    near.net.session(here).unwrap().text("second").unwrap();
    for _ in 0..20 {
        near.turn();
        far.net
            .wait(Some(std::time::Instant::now() + Duration::from_millis(1)))
            .unwrap();
    }
    assert_eq!(far.net.session(there).unwrap().stats(now).received, before);
    let mut texts = Vec::new();
    run([&mut far], |[far]| {
        if let (_, SessionEvent::Text { text, .. }) = far.session_event()? {
            texts.push(text);
        }
        (texts.len() == 2).then_some(())
    });
    assert_eq!(texts, ["first", "second"]);
}

#[test]
fn a_peer_that_floods_does_not_starve_others() {
    let mut far = Station::new();
    let (mut greedy, mut modest) = (Station::new(), Station::new());
    let (flood, _) = join(&mut greedy, &mut far);
    let (here, _) = join(&mut modest, &mut far);
    let size = LEAF as u64 * 4096;
    let mut stream = FileStream::new(size);
    stream.begin(&mut greedy, flood);
    run([&mut greedy, &mut far], |[greedy, far]| {
        stream.feed(greedy);
        stream.take(far);
        (stream.taken > 4 * LEAF as u64).then_some(())
    });
    modest.net.session(here).unwrap().text("may I?").unwrap();
    run([&mut greedy, &mut far, &mut modest], |[greedy, far, _]| {
        stream.feed(greedy);
        stream.take(far);
        stream.texts.pop()
    });
    assert!(stream.taken < size);
}
