//! Handshakes between two sides: complete, fragmented, changed and refused.

use super::*;
use crate::fuzzing::{DIALER_BYTES, LISTENER_BYTES, Transport, begin, identity, pair};

#[test]
fn any_fragmentation_gives_the_same_keys() {
    for cut in 1..=u8::try_from(DIALER_BYTES).unwrap() {
        let (mut dialer, mut listener) = pair();
        Transport::new(&[cut])
            .run(&mut dialer, &mut listener)
            .unwrap();
        let near = dialer.into_channel().unwrap();
        let far = listener.into_channel().unwrap();
        assert_eq!(near.handshake_hash(), far.handshake_hash());
        assert_eq!(near.remote(), identity(Side::Listener).public());
        assert_eq!(far.remote(), identity(Side::Dialer).public());
    }
}

#[test]
fn every_changed_byte_fails_the_handshake() {
    let dialers = (0..DIALER_BYTES).map(|offset| (Side::Dialer, offset));
    let listeners = (0..LISTENER_BYTES).map(|offset| (Side::Listener, offset));
    for (side, offset) in dialers.chain(listeners) {
        // Every bit of the plain bytes; of each encrypted byte a single bit.
        let bits = if offset < 14 { 0..8 } else { 0..1 };
        for bit in bits.map(|bit| (bit + offset as u8) % 8) {
            let (mut dialer, mut listener) = pair();
            let mut transport = Transport::new(&[]);
            transport.flip = Some((side, offset, bit));
            let end = transport.run(&mut dialer, &mut listener);
            let error = end.expect_err("a changed byte was not detected");
            assert!(error.is_peer(), "{side:?} {offset} {bit}: {error}");
        }
    }
}

#[test]
fn a_downgrade_of_the_cipher_is_detected() {
    // The dialer's set without its AES bit.
    let (mut dialer, mut listener) = pair();
    let mut transport = Transport::new(&[]);
    transport.flip = Some((Side::Dialer, 7, 1));
    let end = transport.run(&mut dialer, &mut listener);
    assert_eq!(end, Err(HandshakeError::Forged(2)));
    assert!(dialer.remote().is_none() && listener.remote().is_none());
}

#[test]
fn the_cipher_is_aes_only_if_both_have_it() {
    let (both, chacha) = (Ciphers::BOTH, Ciphers::CHACHA);
    for (near, far, cipher) in [
        (both, both, Cipher::Aes256Gcm),
        (both, chacha, Cipher::ChaCha20Poly1305),
        (chacha, both, Cipher::ChaCha20Poly1305),
    ] {
        let (mut dialer, mut listener) = (begin(Side::Dialer, near), begin(Side::Listener, far));
        Transport::new(&[]).run(&mut dialer, &mut listener).unwrap();
        assert_eq!(dialer.into_channel().unwrap().cipher(), cipher);
        assert_eq!(listener.into_channel().unwrap().cipher(), cipher);
    }
}

/// A handshake up to the point at which the dialer knows the listener's key.
fn until_message_2() -> (Handshake, Handshake) {
    let (mut dialer, mut listener) = pair();
    for _ in 0..2 {
        let bytes = dialer.poll_transmit().unwrap();
        listener.handle_bytes(&bytes).unwrap();
        let bytes = listener.poll_transmit().unwrap();
        dialer.handle_bytes(&bytes).unwrap();
    }
    (dialer, listener)
}

#[test]
fn nothing_is_sent_to_a_key_that_is_not_admitted() {
    let (mut dialer, mut listener) = until_message_2();
    assert_eq!(dialer.remote(), Some(identity(Side::Listener).public()));
    assert_eq!(listener.remote(), None);
    assert_eq!(dialer.poll_transmit(), None);
    assert_eq!(dialer.handle_bytes(b"say something"), Ok(0));
    assert_eq!(dialer.poll_transmit(), None);
    assert!(!dialer.is_complete());
    assert_eq!(dialer.into_channel().err(), Some(HandshakeError::Early));

    assert_eq!(listener.poll_transmit(), None);
    assert_eq!(listener.admit(), Err(HandshakeError::Early));
}

#[test]
fn a_listener_without_admission_has_no_channel() {
    let (mut dialer, mut listener) = until_message_2();
    dialer.admit().unwrap();
    assert!(!dialer.is_complete(), "message 3 is not written yet");
    let third = dialer.poll_transmit().unwrap();
    assert!(dialer.is_complete());
    assert_eq!(listener.handle_bytes(&third), Ok(third.len()));
    assert_eq!(listener.remote(), Some(identity(Side::Dialer).public()));
    assert_eq!(listener.poll_transmit(), None);
    assert!(!listener.is_complete());
    assert_eq!(listener.into_channel().err(), Some(HandshakeError::Early));
}

#[test]
fn a_dialer_introduces_itself_to_a_listener_that_it_admits() {
    for words in [&b""[..], b"anna", &[0xff; INTRODUCTION]] {
        let mut dialer = begin(Side::Dialer, Ciphers::BOTH);
        let mut listener = begin(Side::Listener, Ciphers::BOTH);
        dialer.introduce(words);
        listener.introduce(b"listeners say nothing");
        Transport::new(&[5])
            .run(&mut dialer, &mut listener)
            .unwrap();
        assert_eq!(listener.introduction(), words);
        assert_eq!(dialer.introduction(), b"");
        assert!(dialer.into_channel().is_ok() && listener.into_channel().is_ok());
    }
}

#[test]
fn an_introduction_that_is_too_long_is_not_sent() {
    let (mut dialer, mut listener) = (
        begin(Side::Dialer, Ciphers::BOTH),
        begin(Side::Listener, Ciphers::BOTH),
    );
    dialer.introduce(&[b'a'; INTRODUCTION + 1]);
    Transport::new(&[]).run(&mut dialer, &mut listener).unwrap();
    assert_eq!(listener.introduction(), b"");
}

#[test]
fn admitting_twice_is_an_error() {
    let (mut dialer, _listener) = until_message_2();
    dialer.admit().unwrap();
    assert_eq!(dialer.admit(), Err(HandshakeError::Early));
}

#[test]
fn records_behind_the_last_message_are_left_alone() {
    let (mut dialer, mut listener) = until_message_2();
    dialer.admit().unwrap();
    let mut wire = dialer.poll_transmit().unwrap();
    let third = wire.len();
    let mut near = dialer.into_channel().unwrap();
    near.seal(b"first", &mut wire).unwrap();
    // In the same read, and while the owner decides.
    assert_eq!(listener.handle_bytes(&wire), Ok(third));
    assert_eq!(listener.handle_bytes(&wire[third..]), Ok(0));
    listener.admit().unwrap();
    assert_eq!(listener.handle_bytes(&wire[third..]), Ok(0));
    let mut far = listener.into_channel().unwrap();
    assert_eq!(far.open(&mut wire[third + 2..]).unwrap(), b"first");
}

#[test]
fn other_programs_are_recognised_by_their_first_bytes() {
    let mut listener = begin(Side::Listener, Ciphers::BOTH);
    let request = b"GET / HTTP/1.1\r\nHost: door\r\n\r\n";
    assert_eq!(listener.handle_bytes(request), Err(HandshakeError::Magic));
    assert_eq!(listener.poll_transmit(), None);
    assert_eq!(listener.handle_bytes(b""), Err(HandshakeError::Over));
    assert_eq!(listener.admit(), Err(HandshakeError::Over));
}

#[test]
fn an_unsupported_version_is_answered_so_that_both_sides_can_explain_it() {
    let mut dialer = begin(Side::Dialer, Ciphers::BOTH);
    let mut listener = begin(Side::Listener, Ciphers::BOTH);
    let of_later = b"TRSM\x02\x03\x01\x0b\x01\x07\x07\x77";
    let version = |oldest, newest| Err(HandshakeError::Version { oldest, newest });
    assert_eq!(listener.handle_bytes(of_later), version(2, 3));
    let answer = listener.poll_transmit().unwrap();
    assert_eq!(answer, b"TRSM\x01\x01\x02\0\x01\0\0\0");
    assert_eq!(listener.poll_transmit(), None);

    dialer.poll_transmit().unwrap();
    let from_later = b"TRSM\x02\x02\x02\0\x01\0\0\0";
    assert_eq!(dialer.handle_bytes(from_later), version(2, 2));
    assert_eq!(dialer.poll_transmit(), None);
    let words = version(2, 3).unwrap_err().to_string();
    assert!(words.contains("versions 2 to 3"), "{words}");
}

#[test]
fn a_dialer_that_also_speaks_later_versions_is_served() {
    let mut listener = begin(Side::Listener, Ciphers::BOTH);
    let of_later = b"TRSM\x01\x09\x01\x0b\x01\x07\x07\x77";
    assert_eq!(listener.handle_bytes(of_later), Ok(of_later.len()));
    let answer = listener.poll_transmit().unwrap();
    assert_eq!(answer[..6], *b"TRSM\x01\x01");
}

#[test]
fn an_unsupported_purpose_is_answered_so_that_both_sides_can_explain_it() {
    let mut dialer = begin(Side::Dialer, Ciphers::BOTH);
    let mut listener = begin(Side::Listener, Ciphers::BOTH);
    let pairing = b"TRSM\x01\x01\x01\x03\x02\0\0\0";
    let refused = listener.handle_bytes(pairing);
    assert_eq!(refused, Err(HandshakeError::Purpose(2)));
    let answer = listener.poll_transmit().unwrap();
    assert_eq!(answer, b"TRSM\x01\x01\x02\0\0\0\0\0");
    dialer.poll_transmit().unwrap();
    let refused = dialer.handle_bytes(&answer);
    assert_eq!(refused, Err(HandshakeError::Purpose(0)));
}

#[test]
fn our_own_bytes_reflected_are_detected() {
    let mut dialer = begin(Side::Dialer, Ciphers::BOTH);
    let echo = dialer.poll_transmit().unwrap();
    assert_eq!(dialer.handle_bytes(&echo), Err(HandshakeError::Side(1)));
}

#[test]
fn a_wrong_length_is_detected_before_the_message_arrives() {
    let mut listener = begin(Side::Listener, Ciphers::BOTH);
    let mut dialer = begin(Side::Dialer, Ciphers::BOTH);
    listener
        .handle_bytes(&dialer.poll_transmit().unwrap())
        .unwrap();
    assert_eq!(
        listener.handle_bytes(&[0xff, 0xff]),
        Err(HandshakeError::Length {
            message: 1,
            found: 65_535,
            least: 32,
            most: 32
        })
    );
    assert_eq!(listener.poll_transmit(), None, "nothing is sent after it");
}

#[test]
fn the_buffer_for_an_unauthenticated_peer_is_bounded() {
    let mut listener = begin(Side::Listener, Ciphers::BOTH);
    let mut dialer = begin(Side::Dialer, Ciphers::BOTH);
    let preamble = dialer.poll_transmit().unwrap();
    for byte in preamble.iter().chain(&[0, 32]).chain(&[7; 31]) {
        assert_eq!(listener.handle_bytes(&[*byte]), Ok(1));
        assert!(listener.buffered() <= HANDSHAKE_BUFFER);
    }
    assert_eq!(listener.buffered(), 33);
    // The first byte completes message 1, and the next two are an illegal length of message 3.
    assert_eq!(
        listener.handle_bytes(&[7; 100_000]).err(),
        Some(HandshakeError::Length {
            message: 3,
            found: 0x0707,
            least: 64,
            most: 128
        })
    );
    assert!(listener.buffered() <= HANDSHAKE_BUFFER);
}

#[test]
fn low_order_keys_are_recognised() {
    let mut one = [0; 32];
    one[0] = 1;
    let mut order_eight = [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ];
    assert!(noise::is_low_order(&[0; 32]));
    assert!(noise::is_low_order(&one));
    assert!(noise::is_low_order(&order_eight));
    order_eight[0] ^= 1;
    assert!(!noise::is_low_order(&order_eight));
    assert!(!noise::is_low_order(&identity(Side::Dialer).public()));
}

#[test]
fn debug_shows_no_key() {
    let dialer = begin(Side::Dialer, Ciphers::BOTH);
    let text = format!("{dialer:?}");
    assert_eq!(text, "Handshake { side: Dialer, stage: Preamble, .. }");
}
