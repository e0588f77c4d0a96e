//! Honest pairings, and attacks that fail: by a relay, and without the code.

use transom_wire::{PairingRecord, PairingStep, Side};

use super::*;
use crate::fuzzing::pairing::{begin, carry, channels, code, introduction};
use crate::fuzzing::{Transport, begin_with};
use crate::{Ciphers, Handshake, HandshakeError, Identity, Purpose};

/// The plain bytes of the next record that a side sends.
fn plain(from: &mut Pairing, to: &mut Channel) -> Vec<u8> {
    let mut sealed = from.poll_transmit().expect("a record is due");
    to.open(&mut sealed[RECORD_HEAD..]).unwrap().to_vec()
}

fn sealed(channel: &mut Channel, plain: &[u8]) -> Vec<u8> {
    let mut record = Vec::new();
    channel.seal(plain, &mut record).unwrap();
    record
}

#[test]
fn two_sides_with_the_same_code_learn_each_others_introduction() {
    for cuts in [&[][..], &[1], &[3, 50, 2]] {
        let [near, far] = channels(Side::Dialer);
        let keys = [near.remote(), far.remote()];
        let mut dialer = begin(near, Side::Dialer, &code());
        let mut listener = begin(far, Side::Listener, &code());
        carry(&mut dialer, &mut listener, cuts).unwrap();
        assert_eq!(dialer.peer(), Some(&introduction(Side::Listener)));
        assert_eq!(listener.peer(), Some(&introduction(Side::Dialer)));
        assert_eq!(
            [dialer.channel().remote(), listener.channel().remote()],
            keys
        );
        // The connection is being closed: what still comes means nothing.
        assert_eq!(listener.handle_bytes(b"more"), Ok(()));
    }
}

#[test]
fn a_wrong_code_shows_nothing_of_the_listener_and_counts_at_both_sides() {
    let [near, far] = channels(Side::Dialer);
    let mut dialer = begin(near, Side::Dialer, &"47-otter-zebra".parse().unwrap());
    let mut listener = begin(far, Side::Listener, &code());
    let end = carry(&mut dialer, &mut listener, &[]);
    assert_eq!(end, Err(PairingError::WrongCode));
    assert!(dialer.has_tried() && listener.has_tried());
    assert_eq!((dialer.peer(), listener.peer()), (None, None));
    assert_eq!(
        listener.poll_transmit(),
        None,
        "no proof to compare guesses with"
    );
}

#[test]
fn the_number_of_a_code_is_not_part_of_the_secret() {
    let [near, far] = channels(Side::Dialer);
    let mut dialer = begin(near, Side::Dialer, &"11-otter-violin".parse().unwrap());
    let mut listener = begin(far, Side::Listener, &code());
    assert_eq!(carry(&mut dialer, &mut listener, &[]), Ok(()));
}

#[test]
fn a_side_tells_its_name_only_after_the_other_has_proven_the_code() {
    let [near, mut far] = channels(Side::Dialer);
    let mut dialer = begin(near, Side::Dialer, &code());
    let element = plain(&mut dialer, &mut far);
    // A listener without the code answers with an element of its own.
    let [other, _] = channels(Side::Listener);
    let guess = begin(other, Side::Listener, &"47-otter-zebra".parse().unwrap());
    let (_, theirs) = guess.start().unwrap();
    dialer.handle_bytes(&sealed(&mut far, &theirs)).unwrap();
    let proof = plain(&mut dialer, &mut far);
    assert_eq!((element.len(), proof.len()), (33, 32));
    assert_eq!(dialer.poll_transmit(), None);
    assert!(dialer.has_tried());
}

/// A relay with a channel to each side, which passes on all records.
#[test]
fn a_relay_between_two_channels_pairs_nobody() {
    let eve = Identity::generate().unwrap();
    let [near, mut to_dialer] = channels_of(None, Some(&eve));
    let [mut to_listener, far] = channels_of(Some(&eve), None);
    let mut dialer = begin(near, Side::Dialer, &code());
    let mut listener = begin(far, Side::Listener, &code());
    let element = plain(&mut dialer, &mut to_dialer);
    listener
        .handle_bytes(&sealed(&mut to_listener, &element))
        .unwrap();
    let element = plain(&mut listener, &mut to_listener);
    dialer
        .handle_bytes(&sealed(&mut to_dialer, &element))
        .unwrap();
    let proof = plain(&mut dialer, &mut to_dialer);
    let end = listener.handle_bytes(&sealed(&mut to_listener, &proof));
    assert_eq!(end, Err(PairingError::WrongCode));
    assert_eq!((dialer.peer(), listener.peer()), (None, None));
}

/// Both keys are the same on the second connection; only the handshakes differ.
#[test]
fn records_of_an_earlier_pairing_pair_nobody() {
    let [near, far] = channels(Side::Dialer);
    let mut dialer = begin(near, Side::Dialer, &code());
    let mut earlier = begin(far, Side::Listener, &code());
    let [mut replay, far] = channels(Side::Dialer);
    let mut listener = begin(far, Side::Listener, &code());

    let first = dialer.poll_transmit().unwrap();
    let element = earlier
        .channel
        .open(&mut first.clone()[RECORD_HEAD..])
        .unwrap()
        .to_vec();
    listener
        .handle_bytes(&sealed(&mut replay, &element))
        .unwrap();
    let theirs = plain(&mut listener, &mut replay);
    // The earlier dialer gets the later listener's element, and its proof is replayed.
    let record = sealed(&mut earlier.channel, &theirs);
    dialer.handle_bytes(&record).unwrap();
    let proof = plain(&mut dialer, &mut earlier.channel);
    let end = listener.handle_bytes(&sealed(&mut replay, &proof));
    assert_eq!(end, Err(PairingError::WrongCode));
}

#[test]
fn our_own_messages_mirrored_are_refused() {
    let [near, mut far] = channels(Side::Dialer);
    let mut dialer = begin(near, Side::Dialer, &code());
    let element = plain(&mut dialer, &mut far);
    let end = dialer.handle_bytes(&sealed(&mut far, &element));
    assert_eq!(end, Err(PairingError::Element));

    // A listener that mirrors the proof has only the dialer's.
    let [near, mut far] = channels(Side::Dialer);
    let mut dialer = begin(near, Side::Dialer, &code());
    plain(&mut dialer, &mut far);
    let [other, _] = channels(Side::Listener);
    let (_, element) = begin(other, Side::Listener, &code()).start().unwrap();
    dialer.handle_bytes(&sealed(&mut far, &element)).unwrap();
    let mirrored = PairingRecord::ProofAndIntroduction(
        plain(&mut dialer, &mut far).try_into().unwrap(),
        introduction(Side::Listener),
    );
    let mut record = [0; limits::PAIRING_RECORD];
    let used = mirrored.encode(&mut record).unwrap();
    let end = dialer.handle_bytes(&sealed(&mut far, &record[..used]));
    assert_eq!(end, Err(PairingError::WrongCode));
    assert_eq!(dialer.peer(), None);
}

#[test]
fn short_empty_long_and_nonsensical_records_are_errors() {
    for plain in [
        &[][..],
        &[0x41],
        &[0x41; 32],
        &[0x41; 34],
        &[0; 33],
        &[0x42; 33],
        &[0xff; 33],
    ] {
        let [near, mut far] = channels(Side::Listener);
        let mut listener = begin(near, Side::Listener, &code());
        let end = listener.handle_bytes(&sealed(&mut far, plain));
        assert!(end.is_err(), "{plain:?}");
        assert!(!listener.has_tried());
        assert_eq!(listener.handle_bytes(&[]), Err(PairingError::Over));
        assert_eq!(listener.poll_transmit(), None);
    }
    let [near, mut far] = channels(Side::Listener);
    let mut listener = begin(near, Side::Listener, &code());
    let record = sealed(&mut far, &[0x41; 300]);
    // Refused by its length, before it is received.
    let end = listener.handle_bytes(&record[..RECORD_HEAD]);
    assert_eq!(end, Err(PairingError::Length(316)));
    assert_eq!(listener.buffered(), RECORD_HEAD);
}

/// With the neutral element, or one of small order, an attacker would know the product; the code's
/// share in it still has to be guessed.
#[test]
fn an_element_of_small_order_proves_nothing() {
    let mut neutral = [0; 33];
    (neutral[0], neutral[1]) = (0x41, 1);
    let mut order_two = [0xff; 33];
    (order_two[0], order_two[1], order_two[32]) = (0x41, 0xec, 0x7f);
    for element in [neutral, order_two] {
        let [near, mut far] = channels(Side::Listener);
        let mut listener = begin(near, Side::Listener, &code());
        listener.handle_bytes(&sealed(&mut far, &element)).unwrap();
        plain(&mut listener, &mut far);
        let end = listener.handle_bytes(&sealed(&mut far, &[0; 32]));
        assert_eq!(end, Err(PairingError::WrongCode));
    }
}

/// Whoever goes away before its proof has learned nothing and is not counted.
#[test]
fn an_abort_at_each_step_pairs_at_most_the_side_that_has_the_proof() {
    for kept in 0..=5 {
        let [near, far] = channels(Side::Dialer);
        let mut dialer = begin(near, Side::Dialer, &code());
        let mut listener = begin(far, Side::Listener, &code());
        let mut step = Some(PairingStep::DialerElement);
        for _ in 0..kept {
            let sender = step.unwrap().sender();
            let (from, to) = match sender {
                Side::Dialer => (&mut dialer, &mut listener),
                Side::Listener => (&mut listener, &mut dialer),
            };
            to.handle_bytes(&from.poll_transmit().unwrap()).unwrap();
            step = step.unwrap().next();
        }
        let paired = [dialer.peer().is_some(), listener.peer().is_some()];
        let tried = [dialer.has_tried(), listener.has_tried()];
        let wanted = match kept {
            0 | 1 => ([false, false], [false, false]),
            2 => ([false, false], [true, false]),
            3 => ([false, false], [true, true]),
            4 => ([true, false], [true, true]),
            _ => ([true, true], [true, true]),
        };
        assert_eq!((paired, tried), wanted, "{kept}");
    }
}

#[test]
fn a_station_does_not_pair_with_its_own_key() {
    let own = Identity::generate().unwrap();
    let [near, _] = channels_of(Some(&own), Some(&own));
    let result = Pairing::new(near, Side::Dialer, &code(), introduction(Side::Dialer));
    assert_eq!(result.map(|_| ()), Err(PairingError::OwnKey));
}

#[test]
fn a_listener_serves_pairings_only_where_its_owner_says_so_and_no_name_is_told() {
    let mut dialer = begin_with(Side::Dialer, Ciphers::BOTH, Purpose::Pairing);
    dialer.introduce(b"anna");
    let mut closed = begin_with(Side::Listener, Ciphers::BOTH, Purpose::Session);
    let end = Transport::new(&[]).run(&mut dialer, &mut closed);
    assert_eq!(end, Err(HandshakeError::Purpose(2)));

    let mut dialer = begin_with(Side::Dialer, Ciphers::BOTH, Purpose::Pairing);
    dialer.introduce(b"anna");
    let mut open = begin_with(Side::Listener, Ciphers::BOTH, Purpose::Pairing);
    Transport::new(&[]).run(&mut dialer, &mut open).unwrap();
    assert_eq!(
        (open.purpose(), open.introduction()),
        (Purpose::Pairing, &b""[..])
    );

    let mut dialer = begin_with(Side::Dialer, Ciphers::BOTH, Purpose::Session);
    dialer.introduce(b"anna");
    let mut open = begin_with(Side::Listener, Ciphers::BOTH, Purpose::Pairing);
    Transport::new(&[]).run(&mut dialer, &mut open).unwrap();
    assert_eq!(
        (open.purpose(), open.introduction()),
        (Purpose::Session, &b"anna"[..])
    );
}

/// The channels of a handshake between these identities, or the usual ones; the dialer's first.
fn channels_of(dialer: Option<&Identity>, listener: Option<&Identity>) -> [Channel; 2] {
    let handshake = |identity: Option<&Identity>, side| match identity {
        Some(identity) => {
            Handshake::with_purpose(identity, side, Ciphers::BOTH, Purpose::Pairing).unwrap()
        }
        None => begin_with(side, Ciphers::BOTH, Purpose::Pairing),
    };
    let mut dialer = handshake(dialer, Side::Dialer);
    let mut listener = handshake(listener, Side::Listener);
    Transport::new(&[]).run(&mut dialer, &mut listener).unwrap();
    [dialer.into_channel(), listener.into_channel()].map(Result::unwrap)
}
