//! Peers that misbehave: whatever they send, the box goes on serving the others.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use transom_tests::{Evil, PATIENCE, Person, Program, Raw};
use transom_wire::{
    CallKind, Capabilities, Collision, EndReason, Hello, Message, Offer, Ping, RefuseReason,
    RelativePath, Ring, Shape, Status, TransferKey, limits,
};

use super::Pair;

#[test]
fn bytes_that_are_no_handshake_are_hung_up_on() {
    let mut boxed = Boxed::new();
    let garbage: &[&[u8]] = &[
        b"GET / HTTP/1.1\r\nHost: box\r\n\r\n",
        &[0xff; 4096],
        b"TRSM\x07\x01\x03\x00",
        b"TRSM\x01\x01\x03\x00\xff\xff",
        b"TRSM\x01\x01\x03\x00\x00\x20nothing like a key, 32 bytes long",
    ];
    for bytes in garbage {
        let mut raw = Raw::connect(&boxed.address);
        raw.send(bytes);
        let answer = raw.until_closed();
        assert!(answer.len() <= 256, "{} bytes for a stranger", answer.len());
    }
    boxed.still_serves();
}

#[test]
fn silence_is_hung_up_on() {
    let mut boxed = Boxed::new();
    let raw = Raw::connect(&boxed.address);
    assert_eq!(raw.until_closed(), b"");
    boxed.still_serves();
}

#[test]
fn b32_a_crowd_of_half_open_connections_keeps_nobody_out() {
    let mut boxed = Boxed::new();
    let mut crowd: Vec<Raw> = (0..200).map(|_| Raw::connect(&boxed.address)).collect();
    for raw in &mut crowd {
        raw.send(b"TRSM");
    }
    // Room comes back as soon as the first of them are hung up on.
    drop(crowd.pop().map(Raw::until_closed));
    drop(crowd);
    boxed.still_serves();
}

#[test]
fn a_known_peer_that_breaks_the_rules_is_told_and_left() {
    let mut boxed = Boxed::new();
    let rule_breakers: &[&[u8]] = &[
        // A ping before the hello.
        b"\0\0\0\x08\x03\0\0\0\0\0\0\0\0\0\0\x01",
        // A frame longer than any.
        b"\xff\xff\xff\xff\x01\0\0\0",
        // A hello with a payload that is none.
        b"\0\0\0\x02\x01\0\0\0\xff\xff",
    ];
    for bytes in rule_breakers {
        let mut evil = boxed.evil();
        evil.send(bytes);
        let said = evil.until_closed();
        assert!(has_bye(&said), "{said:02x?}");
    }
    boxed.still_serves();
}

#[test]
fn a_changed_record_ends_the_connection() {
    let mut boxed = Boxed::new();
    let mut evil = boxed.evil();
    evil.say(0, hello());
    evil.send_raw(&[0, 40]);
    evil.send_raw(&[0x77; 40]);
    evil.until_closed();
    boxed.still_serves();
}

#[test]
fn a_path_that_leads_up_makes_nothing_anywhere() {
    let mut boxed = Boxed::new();
    let mut evil = boxed.evil();
    evil.say(0, hello());
    let offer = offer_of(TransferKey([1; 16]));
    // The name is made bad in the bytes: no type of ours would hold it.
    let mut frame = vec![0; limits::RECORD_BULK];
    let used = Message::Offer(offer).encode(1, 0, &mut frame).unwrap();
    frame.truncate(used);
    let name = frame.len() - 8;
    frame[name..].copy_from_slice(b"../../ab");
    evil.send(&frame);
    let said = evil.until_closed();
    assert!(has_bye(&said), "{said:02x?}");
    assert!(!boxed.pair.far.path("../ab").exists() && !boxed.pair.far.path("ab").exists());
    boxed.still_serves();
}

#[test]
fn b32_floods_of_rings_and_offers_take_neither_memory_nor_the_turns_of_others() {
    let mut boxed = Boxed::new();
    let mut floods: Vec<Evil> = (0..3).map(|_| boxed.evil()).collect();
    for evil in &mut floods {
        evil.say(0, hello());
    }
    for number in 0..2000 {
        let (ring, offer) = (number * 4 + 1, number * 4 + 3);
        for evil in &mut floods {
            evil.say(
                ring,
                Message::Ring(Ring {
                    kind: CallKind::View,
                }),
            );
            evil.say(ring, Message::HangUp(Status::new(EndReason::Chosen, "")));
            let transfer = TransferKey([number.to_be_bytes()[1]; 16]);
            evil.say(offer, Message::Offer(offer_of(transfer)));
            evil.say(
                offer,
                Message::Cancel(Status::new(RefuseReason::Chosen, "")),
            );
        }
    }
    boxed.still_serves();
    let status = format!("/proc/{}/status", boxed.camera.id());
    // Elsewhere nobody counts.
    if let Ok(status) = std::fs::read_to_string(status) {
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let most = most.and_then(|most| most.split_whitespace().next()?.parse::<u64>().ok());
        assert!(most.is_some_and(|kib| kib < 64 * 1024), "{most:?} KiB");
    }
}

#[test]
fn one_key_makes_a_box_hold_no_more_by_eight_connections_than_its_limit() {
    const CONNECTIONS: usize = 8;
    const OFFERS: u16 = 4;
    let mut boxed = Boxed::new();
    let mut evils: Vec<Evil> = (0..CONNECTIONS).map(|_| boxed.evil()).collect();
    for (number, evil) in (0..).zip(&mut evils) {
        evil.say(0, hello());
        for stream in 0..OFFERS {
            let mut offer = offer_of(TransferKey([number * 16 + stream.to_be_bytes()[1]; 16]));
            offer.bytes = 4 << 20;
            evil.say(stream * 2 + 1, Message::Offer(offer));
        }
    }
    let mut granted = vec![BTreeMap::new(); CONNECTIONS];
    let mut accepted = 0;
    let end = Instant::now() + PATIENCE;
    let mut is_quiet = false;
    // Until all are taken and no more grants come.
    while !is_quiet && Instant::now() < end {
        is_quiet = accepted == CONNECTIONS * usize::from(OFFERS);
        for (evil, granted) in evils.iter_mut().zip(&mut granted) {
            let ping = Ping { clock: 0 };
            evil.say(0, Message::Ping(ping));
            for (header, payload) in evil.heard(Duration::from_millis(50)) {
                match Message::decode(header, &payload) {
                    Ok(Some(Message::Accept(_))) => accepted += 1,
                    Ok(Some(Message::Grant(grant))) => {
                        granted.insert(header.stream, grant.bytes);
                        is_quiet = false;
                    }
                    _ => {}
                }
            }
        }
    }
    assert_eq!(accepted, CONNECTIONS * usize::from(OFFERS));
    let each: Vec<u64> = granted.iter().map(|one| one.values().sum()).collect();
    let leaf = limits::LEAF as u64;
    assert!(each.iter().all(|bytes| *bytes >= leaf), "{each:?}");
    assert!(each.iter().sum::<u64>() <= 16 << 20, "{each:?}");
    boxed.still_serves();
}

/// A camera box with an inbox, and a known peer that behaves as it likes.
struct Boxed {
    pair: Pair,
    camera: Program,
    address: String,
}

impl Boxed {
    fn new() -> Self {
        let pair = Pair::new();
        let evil = transom_wire::PublicKey(transom_secure::Identity::from_bytes(PRIVATE).public());
        pair.far.write_in_book(&format!(
            "evil 127.0.0.1:9 key={evil} may=view,call,files,auto"
        ));
        let camera = pair.camera(&[
            "--source", "pattern", "--size", "320x240", "--inbox", "inbox",
        ]);
        let address = pair.address();
        Self {
            pair,
            camera,
            address,
        }
    }

    fn evil(&self) -> Evil {
        Evil::connect(&self.address, PRIVATE).expect("its key is known")
    }

    fn still_serves(&mut self) {
        let near: &Person = &self.pair.near;
        let end = near.run(&["watch", "far", "--frames", "2"]);
        assert_eq!(end.code, Some(0), "{end:?}");
        assert!(self.camera.is_running());
    }
}

const PRIVATE: [u8; 32] = [0x66; 32];

fn hello() -> Message<'static> {
    Message::Hello(Hello {
        session: 1,
        nonce: 2,
        capabilities: Capabilities::NONE,
        clock: 3,
        name: "evil".parse().expect("a name"),
    })
}

fn offer_of(transfer: TransferKey) -> Offer<'static> {
    Offer {
        transfer,
        shape: Shape::File,
        collision: Collision::Overwrite,
        files: 1,
        bytes: 4,
        is_counted: true,
        name: RelativePath::new("AAAAAAAA").unwrap(),
    }
}

/// Whether its last frame is a goodbye: ours come with nothing behind them.
fn has_bye(plain: &[u8]) -> bool {
    let mut rest = plain;
    let mut last = None;
    while let Some((head, more)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        last = Some(head[4]);
        rest = more.get(length..).unwrap_or_default();
    }
    last == Some(0x02)
}
