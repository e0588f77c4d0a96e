//! A peer over a plain blocking socket, which can violate the protocol.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use transom_proto::{Config, Connection, Instant, Session};
use transom_secure::{Channel, Ciphers, Handshake, Identity, Side};

use crate::support::{Station, run};

pub(crate) struct RawPeer {
    pub(crate) stream: TcpStream,
    pub(crate) channel: Channel,
    pub(crate) connection: Connection,
}

impl RawPeer {
    /// Dials the station and joins it, writing `step` bytes at a time.
    pub(crate) fn join(station: &mut Station, step: usize) -> Self {
        let address = station.address();
        let raw = thread::spawn(move || {
            let (mut stream, mut handshake) = Self::handshake(address, step);
            handshake.admit().unwrap();
            send(&mut handshake, &mut stream, step);
            Self::new(stream, handshake)
        });
        run([station], |_| raw.is_finished().then_some(()));
        raw.join().unwrap()
    }

    /// Dials the station, and sends the last handshake message and the messages that `queue` adds
    /// in a single write, while the station doesn't run.
    pub(crate) fn burst(station: &mut Station, queue: impl FnOnce(&mut Session)) -> Self {
        let address = station.address();
        let greeted = thread::spawn(move || Self::handshake(address, usize::MAX));
        run([&mut *station], |_| greeted.is_finished().then_some(()));
        let (stream, mut handshake) = greeted.join().unwrap();
        handshake.admit().unwrap();
        let mut bytes = Vec::new();
        while let Some(message) = handshake.poll_transmit() {
            bytes.extend(message);
        }
        let mut raw = Self::new(stream, handshake);
        queue(&mut raw.connection.session);
        bytes.extend(raw.sealed());
        raw.stream.write_all(&bytes).unwrap();
        raw
    }

    fn new(stream: TcpStream, handshake: Handshake) -> Self {
        let config = Config::new("raw".parse().unwrap(), 1, 1);
        Self {
            stream,
            channel: handshake.into_channel().unwrap(),
            connection: Connection::new(config, Side::Dialer, Instant(0)),
        }
    }

    /// The handshake up to the point at which the dialer knows the listener's key.
    pub(crate) fn handshake(address: SocketAddr, step: usize) -> (TcpStream, Handshake) {
        let identity = Identity::generate().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut handshake = Handshake::new(&identity, Side::Dialer, Ciphers::BOTH).unwrap();
        let mut byte = [0];
        while handshake.remote().is_none() {
            send(&mut handshake, &mut stream, step);
            stream.read_exact(&mut byte).unwrap();
            handshake.handle_bytes(&byte).unwrap();
        }
        (stream, handshake)
    }

    /// Sends the queued messages of the session, `step` bytes at a time.
    pub(crate) fn send_queued(&mut self, step: usize) {
        let sealed = self.sealed();
        for piece in sealed.chunks(step) {
            self.stream.write_all(piece).unwrap();
        }
    }

    /// The queued messages of the session, as sealed records.
    pub(crate) fn sealed(&mut self) -> Vec<u8> {
        let (mut plain, mut sealed) = (vec![0; 65_519], Vec::new());
        loop {
            match self.connection.poll_transmit(&mut plain, Instant(0)) {
                0 => return sealed,
                count => self.channel.seal(&plain[..count], &mut sealed).unwrap(),
            }
        }
    }

    /// Sends these plain bytes as a record.
    pub(crate) fn send_record(&mut self, plain: &[u8]) {
        let mut sealed = Vec::new();
        self.channel.seal(plain, &mut sealed).unwrap();
        self.stream.write_all(&sealed).unwrap();
    }

    /// Reads a record into the session; false if the peer has closed.
    pub(crate) fn receive_record(&mut self) -> bool {
        let mut length = [0; 2];
        if self.stream.read_exact(&mut length).is_err() {
            return false;
        }
        let mut sealed = vec![0; u16::from_be_bytes(length).into()];
        self.stream.read_exact(&mut sealed).unwrap();
        let plain = self.channel.open(&mut sealed).unwrap();
        self.connection.handle_bytes(plain, Instant(0)).unwrap();
        true
    }
}

fn send(handshake: &mut Handshake, stream: &mut TcpStream, step: usize) {
    while let Some(bytes) = handshake.poll_transmit() {
        for piece in bytes.chunks(step) {
            stream.write_all(piece).unwrap();
        }
    }
}
