//! Laws for fuzzing: what must hold for any bytes, any cuts and any change on the way.

use crate::preamble::PREAMBLE;
use crate::{
    Ciphers, HANDSHAKE_BUFFER, Handshake, HandshakeError, INTRODUCTION, Identity, MAX_PLAIN, Side,
};

/// Bytes of a stranger end a handshake or leave it waiting, the same however they are cut; honest
/// sides agree over any cuts; one changed bit ends it. The first byte says which of the three is
/// tried.
///
/// # Panics
/// When a law is broken.
pub fn handshake(data: &[u8]) {
    match data.split_first() {
        Some((0..=99, bytes)) => strangers(Side::Listener, bytes),
        Some((100..=199, bytes)) => strangers(Side::Dialer, bytes),
        Some((200..=227, cuts)) => honest(cuts),
        Some((228.., rest)) => changed(rest),
        None => {}
    }
}

/// A stranger learns no key, completes nothing and fills no memory; cuts change nothing.
fn strangers(side: Side, bytes: &[u8]) {
    let whole = given(side, bytes, bytes.len());
    assert_eq!(whole, given(side, bytes, 1));
    assert_eq!(whole, given(side, bytes, 7));
}

/// How many bytes are taken before the end, and how it ends.
fn given(side: Side, bytes: &[u8], piece: usize) -> (usize, Option<HandshakeError>) {
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
    let mut link = Link::new(cuts);
    link.run(&mut dialer, &mut listener)
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
    let mut link = Link::new(cuts);
    link.flip = Some((from, usize::from(*offset) % length, bit % 8));
    let end = link.run(&mut dialer, &mut listener);
    assert!(end.is_err_and(|error| error.is_peer()));
    assert!(!(dialer.is_complete() && listener.is_complete()));
}

/// Two handshakes of different people.
pub(crate) fn pair() -> (Handshake, Handshake) {
    let mut dialer = begin(Side::Dialer, Ciphers::BOTH);
    dialer.introduce(INTRODUCED);
    (dialer, begin(Side::Listener, Ciphers::BOTH))
}

pub(crate) fn begin(side: Side, ciphers: Ciphers) -> Handshake {
    Handshake::new(&identity(side), side, ciphers).expect("there are random numbers")
}

/// Always the same key for each side.
pub(crate) fn identity(side: Side) -> Identity {
    match side {
        Side::Dialer => Identity::from_bytes([0x11; 32]),
        Side::Listener => Identity::from_bytes([0x22; 32]),
    }
}

/// A connection between two handshakes that cuts the bytes, and changes one if told so.
pub(crate) struct Link {
    cuts: Vec<u8>,
    at: usize,
    /// Whose bytes, which of them, which bit.
    pub(crate) flip: Option<(Side, usize, u8)>,
    to_listener: Pipe,
    to_dialer: Pipe,
}

/// One direction: what is on the way, and how many bytes were put in before.
#[derive(Default)]
struct Pipe {
    bytes: Vec<u8>,
    carried: usize,
}

impl Link {
    /// The bytes arrive in pieces of these sizes, over and over; all at once if there are none.
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
    /// What the first side that fails says.
    ///
    /// # Panics
    /// When both wait though nobody failed.
    pub(crate) fn run(
        &mut self,
        dialer: &mut Handshake,
        listener: &mut Handshake,
    ) -> Result<(), HandshakeError> {
        // More turns than there are bytes of both directions.
        for _ in 0..DIALER_BYTES + LISTENER_BYTES {
            self.turn(Side::Dialer, dialer, listener)?;
            self.turn(Side::Listener, listener, dialer)?;
            if dialer.is_complete() && listener.is_complete() {
                return Ok(());
            }
        }
        panic!("both sides wait: {dialer:?}, {listener:?}");
    }

    /// Takes what `from` sends and brings one piece of it to `to`.
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
            pipe.put(bytes, self.flip.filter(|(whose, ..)| *whose == side));
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

/// What the dialer of a pair says of itself.
pub(crate) const INTRODUCED: &[u8] = b"anna";
/// Bytes a dialer sends in a whole handshake.
pub(crate) const DIALER_BYTES: usize = PREAMBLE + (2 + 32) + (2 + 64 + INTRODUCTION);
/// Bytes a listener sends in a whole handshake.
pub(crate) const LISTENER_BYTES: usize = PREAMBLE + (2 + 96);
