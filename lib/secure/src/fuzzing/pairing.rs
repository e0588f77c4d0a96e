//! The property of a pairing: without the code, no sequence of records completes one.

use transom_wire::{Grants, Introduction, Keep, Side};

use super::{Transport, begin_with, identity};
use crate::{Channel, Ciphers, Code, PAIRING_BUFFER, Pairing, PairingError, Purpose};

/// A stranger with an honest channel completes no pairing, has at most one try and fills no memory;
/// honest sides with the same code learn each other's introduction over any fragmentation, and with
/// different codes neither does. The first byte selects one of these.
///
/// # Panics
/// When the property does not hold.
pub fn pairing(data: &[u8]) {
    match data.split_first() {
        Some((0..=79, records)) => stranger(Side::Listener, records),
        Some((80..=159, records)) => stranger(Side::Dialer, records),
        Some((160..=199, cuts)) => honest(cuts),
        Some((200..=219, cuts)) => other_code(cuts),
        Some((220.., bytes)) => unsealed(bytes),
        None => {}
    }
}

/// Records of any bytes to an honest side; the first byte of each says how long it is.
fn stranger(side: Side, mut records: &[u8]) {
    let [near, mut far] = channels(side);
    let mut pairing = begin(near, side, &code());
    while let Some((length, rest)) = records.split_first() {
        let (plain, rest) = rest.split_at(rest.len().min((*length).into()));
        records = rest;
        let mut sealed = Vec::new();
        far.seal(plain, &mut sealed).expect("it fits a record");
        let result = pairing.handle_bytes(&sealed);
        while pairing.poll_transmit().is_some() {}
        assert!(pairing.buffered() <= PAIRING_BUFFER);
        assert_eq!(pairing.peer(), None);
        if result.is_err() {
            assert_eq!(pairing.handle_bytes(b"x"), Err(PairingError::Over));
            assert_eq!(pairing.poll_transmit(), None);
            return;
        }
    }
}

/// Bytes that no channel has sealed.
fn unsealed(bytes: &[u8]) {
    let [near, _] = channels(Side::Listener);
    let mut pairing = begin(near, Side::Listener, &code());
    let result = bytes.chunks(7).try_for_each(|piece| {
        let result = pairing.handle_bytes(piece);
        assert!(pairing.buffered() <= PAIRING_BUFFER);
        result
    });
    // A record is forged; fewer bytes than one has are not complete.
    assert!(result.is_err() || bytes.len() < PAIRING_BUFFER);
    assert!(!pairing.has_tried() && pairing.peer().is_none());
}

fn honest(cuts: &[u8]) {
    let [near, far] = channels(Side::Dialer);
    let mut dialer = begin(near, Side::Dialer, &code());
    let mut listener = begin(far, Side::Listener, &code());
    carry(&mut dialer, &mut listener, cuts).expect("both have the code");
    assert_eq!(dialer.peer(), Some(&introduction(Side::Listener)));
    assert_eq!(listener.peer(), Some(&introduction(Side::Dialer)));
}

fn other_code(cuts: &[u8]) {
    let [near, far] = channels(Side::Dialer);
    let other = "47-otter-zebra".parse().expect("it is a code");
    let mut dialer = begin(near, Side::Dialer, &other);
    let mut listener = begin(far, Side::Listener, &code());
    let end = carry(&mut dialer, &mut listener, cuts);
    assert_eq!(end, Err(PairingError::WrongCode));
    assert!(dialer.has_tried() && listener.has_tried());
    assert!(dialer.peer().is_none() && listener.peer().is_none());
}

/// Carries bytes in pieces of these sizes until neither side has more to send.
pub(crate) fn carry(
    dialer: &mut Pairing,
    listener: &mut Pairing,
    cuts: &[u8],
) -> Result<(), PairingError> {
    let mut sizes = cuts.iter().map(|cut| usize::from(*cut).max(1)).cycle();
    let mut deliver = |from: &mut Pairing, to: &mut Pairing| {
        let mut moved = false;
        while let Some(bytes) = from.poll_transmit() {
            moved = true;
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let piece = rest.len().min(sizes.next().unwrap_or(usize::MAX));
                let (piece, after) = rest.split_at(piece);
                rest = after;
                to.handle_bytes(piece)?;
            }
        }
        Ok(moved)
    };
    while deliver(dialer, listener)? | deliver(listener, dialer)? {}
    Ok(())
}

/// A pairing on that channel, which introduces its side.
pub(crate) fn begin(channel: Channel, side: Side, code: &Code) -> Pairing {
    Pairing::new(channel, side, code, introduction(side)).expect("there are random numbers")
}

/// The channels of an honest handshake for a pairing, that of `side` first.
pub(crate) fn channels(side: Side) -> [Channel; 2] {
    let mut dialer = begin_with(Side::Dialer, Ciphers::BOTH, Purpose::Pairing);
    let mut listener = begin_with(Side::Listener, Ciphers::BOTH, Purpose::Pairing);
    Transport::new(&[])
        .run(&mut dialer, &mut listener)
        .expect("honest sides agree");
    let channels = [dialer.into_channel(), listener.into_channel()];
    let [dialer, listener] = channels.map(|channel| channel.expect("complete"));
    assert_eq!(dialer.local(), identity(Side::Dialer).public());
    match side {
        Side::Dialer => [dialer, listener],
        Side::Listener => [listener, dialer],
    }
}

pub(crate) fn introduction(side: Side) -> Introduction {
    let name = match side {
        Side::Dialer => "anna",
        Side::Listener => "porch",
    };
    Introduction {
        keep: Keep::Contact,
        grants: Grants::VIEW | Grants::CALL,
        port: 7447,
        name: name.parse().expect("it is a name"),
    }
}

pub(crate) fn code() -> Code {
    "47-otter-violin".parse().expect("it is a code")
}
