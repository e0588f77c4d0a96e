//! Peers that misbehave on purpose: over bare TCP, and behind an honest handshake.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use transom_secure::{Channel, Ciphers, Handshake, Identity, Side};

use transom_wire::{Header, Message, limits};

use crate::PATIENCE;

/// A bare connection.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Connects.
    ///
    /// # Panics
    /// When nobody listens there.
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("somebody listens");
        let patience = stream.set_read_timeout(Some(PATIENCE));
        patience.expect("any time but zero is taken");
        Self { stream }
    }

    /// Sends bytes; what the far side has closed already is no failure of the test.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// All that comes until the far side closes.
    ///
    /// # Panics
    /// When it does not close within [`PATIENCE`].
    pub fn until_closed(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.stream.read_to_end(&mut bytes) {
            Err(error) if is_late(&error) => panic!("not closed: {error}"),
            // A reset is a way to close.
            Ok(_) | Err(_) => bytes,
        }
    }
}

/// A peer that shakes hands as it should, and no more.
#[derive(Debug)]
pub struct Evil {
    raw: Raw,
    channel: Channel,
}

impl Evil {
    /// Connects and shakes hands with that private key.
    ///
    /// # Errors
    /// When the far side closes in the middle, as it does to a stranger.
    ///
    /// # Panics
    /// When the far side breaks the handshake's rules.
    pub fn connect(address: &str, private: [u8; 32]) -> io::Result<Self> {
        let mut raw = Raw::connect(address);
        let identity = Identity::from_bytes(private);
        let handshake = Handshake::new(&identity, Side::Dialer, Ciphers::detect());
        let mut handshake = handshake.expect("there are random numbers");
        while !handshake.is_complete() {
            while let Some(bytes) = handshake.poll_transmit() {
                raw.stream.write_all(&bytes)?;
            }
            if handshake.is_complete() {
                break;
            }
            let mut byte = [0];
            raw.stream.read_exact(&mut byte)?;
            let taken = handshake.handle_bytes(&byte);
            taken.expect("the far side keeps the rules");
            if handshake.remote().is_some() && !handshake.is_admitted() {
                handshake.admit().expect("the key is known");
            }
        }
        let channel = handshake.into_channel().expect("it is complete");
        Ok(Self { raw, channel })
    }

    /// Seals these plain bytes as one record and sends it.
    ///
    /// # Panics
    /// When they don't fit a record.
    pub fn send(&mut self, plain: &[u8]) {
        let mut record = Vec::new();
        let sealed = self.channel.seal(plain, &mut record);
        sealed.expect("it fits a record");
        self.raw.send(&record);
    }

    /// Sends one message as one record.
    ///
    /// # Panics
    /// When it does not fit.
    pub fn say(&mut self, stream: u16, message: Message<'_>) {
        let mut frame = vec![0; limits::RECORD_BULK];
        let used = message.encode(stream, 0, &mut frame);
        self.send(&frame[..used.expect("it fits a frame")]);
    }

    /// Sends bytes past the channel.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.raw.send(bytes);
    }

    /// The frames of all records that come until none came for so long, or the far side closed.
    ///
    /// # Panics
    /// When what comes can't be opened.
    pub fn heard(&mut self, pause: Duration) -> Vec<(Header, Vec<u8>)> {
        let mut frames = Vec::new();
        while let Some(plain) = self.record(pause) {
            let mut rest = plain.as_slice();
            // Our sender lets no frame span records.
            while let Some((head, after)) = rest.split_first_chunk() {
                let header = Header::decode(*head).expect("its frames are sound");
                let (payload, after) = after.split_at(header.len as usize);
                frames.push((header, payload.to_vec()));
                rest = after;
            }
        }
        frames
    }

    /// The plain bytes of the next record, if it begins within that time.
    fn record(&mut self, pause: Duration) -> Option<Vec<u8>> {
        let stream = &mut self.raw.stream;
        let timeout = |pause| stream.set_read_timeout(Some(pause));
        timeout(pause).expect("any time but zero is taken");
        stream.peek(&mut [0]).ok().filter(|count| *count > 0)?;
        timeout(PATIENCE).expect("any time but zero is taken");
        let mut length = [0; 2];
        stream.read_exact(&mut length).ok()?;
        let mut record = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut record).ok()?;
        let plain = self.channel.open(&mut record);
        Some(plain.expect("its records are sound").to_vec())
    }

    /// All plain bytes that come until the far side closes.
    ///
    /// # Panics
    /// When it does not close within [`PATIENCE`], or what it sends can't be opened.
    pub fn until_closed(self) -> Vec<u8> {
        let Self { raw, mut channel } = self;
        let mut sealed = raw.until_closed();
        let mut rest = sealed.as_mut_slice();
        let mut plain = Vec::new();
        while let Some((length, more)) = rest.split_first_chunk_mut() {
            let length = usize::from(u16::from_be_bytes(*length));
            let Some((record, after)) = more.split_at_mut_checked(length) else {
                break;
            };
            let opened = channel.open(record);
            plain.extend_from_slice(opened.expect("its records are sound"));
            rest = after;
        }
        plain
    }
}

fn is_late(error: &io::Error) -> bool {
    use io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), TimedOut | WouldBlock)
}
