//! Properties that hold for arbitrary bytes, arbitrary fragmentation and any changed bit, checked
//! by fuzzing and tests.

pub(crate) mod pairing;

pub use pairing::pairing;

use crate::preamble::PREAMBLE;
use crate::{
    Channel, Ciphers, HANDSHAKE_BUFFER, Handshake, HandshakeError, INTRODUCTION, Identity,
    MAX_PLAIN, Purpose, Side,
};

/// Arbitrary bytes fail a handshake or leave it waiting, independent of their fragmentation; honest
/// sides agree over any fragmentation; a changed bit fails the handshake. The first byte selects
/// one of the three.
///
/// # Panics
/// When the property does not hold.
pub fn handshake(data: &[u8]) {
    match data.split_first() {
        Some((0..=99, bytes)) => arbitrary(Side::Listener, bytes),
        Some((100..=199, bytes)) => arbitrary(Side::Dialer, bytes),
        Some((200..=227, cuts)) => honest(cuts),
        Some((228.., rest)) => changed(rest),
        None => {}
    }
}

/// Arbitrary bytes complete no handshake and fill no memory; fragmentation makes no difference.
fn arbitrary(side: Side, bytes: &[u8]) {
    let whole = feed(side, bytes, bytes.len());
    assert_eq!(whole, feed(side, bytes, 1));
    assert_eq!(whole, feed(side, bytes, 7));
}

/// Feeds the bytes in pieces; how many are consumed, and the error.
fn feed(side: Side, bytes: &[u8], piece: usize) -> (usize, Option<HandshakeError>) {
    let mut handshake = begin(side, Ciphers::BOTH);
    let mut taken = 0;
    let mut end = None;
    for piece in bytes.chunks(piece.max(1)) {
        match handshake.handle_bytes(piece) {
            Ok(count) => taken += count,
            Err(error) => {
                end = Some(error);
                break;
            }
        }
        assert!(handshake.buffered() <= HANDSHAKE_BUFFER);
    }
    assert!(!handshake.is_complete() && handshake.remote().is_none());
    assert!(handshake.introduction().is_empty());
    assert!(handshake.admit().is_err());
    if end.is_some() {
        assert_eq!(handshake.handle_bytes(b"x"), Err(HandshakeError::Over));
        return (0, end);
    }
    (taken, end)
}

fn honest(cuts: &[u8]) {
    let cuts = cuts.get(..MAX_PLAIN).unwrap_or(cuts);
    let (mut dialer, mut listener) = pair();
    let mut transport = Transport::new(cuts);
    transport
        .run(&mut dialer, &mut listener)
        .expect("honest sides agree");
    assert_eq!(listener.introduction(), INTRODUCED);
    let (near, far) = (dialer.into_channel(), listener.into_channel());
    let (mut near, mut far) = (near.expect("complete"), far.expect("complete"));
    assert_eq!(near.handshake_hash(), far.handshake_hash());
    assert_eq!(near.remote(), identity(Side::Listener).public());
    assert_eq!(far.remote(), identity(Side::Dialer).public());
    let mut wire = Vec::new();
    near.seal(cuts, &mut wire).expect("it fits a record");
    assert_eq!(far.open(&mut wire[2..]), Ok(cuts));
}

fn changed(rest: &[u8]) {
    let Some(([side, offset, bit], cuts)) = rest.split_first_chunk() else {
        return;
    };
    let (from, length) = match side % 2 {
        0 => (Side::Dialer, DIALER_BYTES),
        _ => (Side::Listener, LISTENER_BYTES),
    };
    let (mut dialer, mut listener) = pair();
    let mut transport = Transport::new(cuts);
    transport.flip = Some((from, usize::from(*offset) % length, bit % 8));
    let end = transport.run(&mut dialer, &mut listener);
    assert!(end.is_err_and(|error| error.is_peer()));
    assert!(!(dialer.is_complete() && listener.is_complete()));
}

/// The two ends of a connection after an honest handshake, for tests and measurements: the dialer's
/// and the listener's.
///
/// # Panics
/// Without random numbers.
pub fn channels(ciphers: Ciphers) -> (Channel, Channel) {
    let (mut dialer, mut listener) = (begin(Side::Dialer, ciphers), begin(Side::Listener, ciphers));
    let run = Transport::new(&[]).run(&mut dialer, &mut listener);
    run.expect("honest sides agree");
    let (near, far) = (dialer.into_channel(), listener.into_channel());
    (near.expect("complete"), far.expect("complete"))
}

/// A dialer and a listener with different keys.
pub(crate) fn pair() -> (Handshake, Handshake) {
    let mut dialer = begin(Side::Dialer, Ciphers::BOTH);
    dialer.introduce(INTRODUCED);
    (dialer, begin(Side::Listener, Ciphers::BOTH))
}

pub(crate) fn begin(side: Side, ciphers: Ciphers) -> Handshake {
    begin_with(side, ciphers, Purpose::Session)
}

pub(crate) fn begin_with(side: Side, ciphers: Ciphers, purpose: Purpose) -> Handshake {
    let handshake = Handshake::with_purpose(&identity(side), side, ciphers, purpose);
    handshake.expect("there are random numbers")
}

/// A fixed key for each side.
pub(crate) fn identity(side: Side) -> Identity {
    match side {
        Side::Dialer => Identity::from_bytes([0x11; 32]),
        Side::Listener => Identity::from_bytes([0x22; 32]),
    }
}

/// A connection between two handshakes that fragments the bytes and can flip one bit.
pub(crate) struct Transport {
    cuts: Vec<u8>,
    at: usize,
    /// The bit to flip: the sender, the offset of the byte, the bit.
    pub(crate) flip: Option<(Side, usize, u8)>,
    to_listener: Pipe,
    to_dialer: Pipe,
}

/// One direction: the bytes in flight, and how many were sent before them.
#[derive(Default)]
struct Pipe {
    bytes: Vec<u8>,
    carried: usize,
}

impl Transport {
    /// The bytes arrive in pieces of these sizes, used cyclically; all at once if there are none.
    pub(crate) fn new(cuts: &[u8]) -> Self {
        Self {
            cuts: cuts.to_vec(),
            at: 0,
            flip: None,
            to_listener: Pipe::default(),
            to_dialer: Pipe::default(),
        }
    }

    /// Carries bytes until both are complete; each side admits the other as soon as it can.
    ///
    /// # Errors
    /// The error of the first side that fails.
    ///
    /// # Panics
    /// When both sides wait for ever.
    pub(crate) fn run(
        &mut self,
        dialer: &mut Handshake,
        listener: &mut Handshake,
    ) -> Result<(), HandshakeError> {
        // Each turn carries at least one byte if there is any.
        for _ in 0..DIALER_BYTES + LISTENER_BYTES {
            self.turn(Side::Dialer, dialer, listener)?;
            self.turn(Side::Listener, listener, dialer)?;
            if dialer.is_complete() && listener.is_complete() {
                return Ok(());
            }
        }
        panic!("both sides wait: {dialer:?}, {listener:?}");
    }

    /// Takes the bytes that `from` sends and delivers one piece to `to`.
    fn turn(
        &mut self,
        side: Side,
        from: &mut Handshake,
        to: &mut Handshake,
    ) -> Result<(), HandshakeError> {
        let pipe = match side {
            Side::Dialer => &mut self.to_listener,
            Side::Listener => &mut self.to_dialer,
        };
        while let Some(bytes) = from.poll_transmit() {
            pipe.put(bytes, self.flip.filter(|(sender, ..)| *sender == side));
        }
        let cut = self.cuts.get(self.at % self.cuts.len().max(1));
        self.at += 1;
        let piece = cut.map_or(usize::MAX, |cut| usize::from(*cut).max(1));
        let piece = pipe.bytes.get(..piece).unwrap_or(&pipe.bytes);
        let taken = to.handle_bytes(piece)?;
        pipe.bytes.drain(..taken);
        if to.remote().is_some() && !to.is_admitted() {
            to.admit()?;
        }
        Ok(())
    }
}

impl Pipe {
    fn put(&mut self, mut bytes: Vec<u8>, flip: Option<(Side, usize, u8)>) {
        let flip = flip.and_then(|(_, offset, bit)| Some((offset.checked_sub(self.carried)?, bit)));
        if let Some((offset, bit)) = flip
            && let Some(byte) = bytes.get_mut(offset)
        {
            *byte ^= 1 << bit;
        }
        self.carried += bytes.len();
        self.bytes.append(&mut bytes);
    }
}

/// The introduction of a pair's dialer.
pub(crate) const INTRODUCED: &[u8] = b"anna";
/// Bytes a dialer sends in a whole handshake.
pub(crate) const DIALER_BYTES: usize = PREAMBLE + (2 + 32) + (2 + 64 + INTRODUCTION);
/// Bytes a listener sends in a whole handshake.
pub(crate) const LISTENER_BYTES: usize = PREAMBLE + (2 + 96);
