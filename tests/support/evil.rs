//! Peers that misbehave on purpose: over bare TCP, and behind an honest handshake.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use transom_secure::{Channel, Ciphers, Handshake, Identity, Side};

use transom_wire::{Ack, ByeCode, Capabilities, Header, Hello, Message, limits};

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
        Self::over(TcpStream::connect(address).expect("somebody listens"))
    }

    fn over(stream: TcpStream) -> Self {
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
    began: Instant,
    /// Plain bytes received.
    received: u64,
    /// Frames received by [`Self::wait`] and not yet looked at.
    frames: VecDeque<(Header, Vec<u8>)>,
}

/// The far side closed the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Closed {
    /// The reason in its Bye, if it sent one.
    pub bye: Option<ByeCode>,
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
        Self::shake_hands(Raw::connect(address), private, Side::Dialer)
    }

    /// Waits for a connection and shakes hands with that private key.
    ///
    /// # Errors
    /// When the far side closes during the handshake.
    ///
    /// # Panics
    /// When the far side breaks the handshake's rules.
    pub fn accept(listener: &TcpListener, private: [u8; 32]) -> io::Result<Self> {
        let (stream, _) = listener.accept()?;
        Self::shake_hands(Raw::over(stream), private, Side::Listener)
    }

    fn shake_hands(mut raw: Raw, private: [u8; 32], side: Side) -> io::Result<Self> {
        let identity = Identity::from_bytes(private);
        let handshake = Handshake::new(&identity, side, Ciphers::detect());
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
        Ok(Self {
            raw,
            channel,
            began: Instant::now(),
            received: 0,
            frames: VecDeque::new(),
        })
    }

    /// Sends an honest Hello with these capabilities.
    ///
    /// # Panics
    /// Never: the Hello fits a record.
    pub fn greet(&mut self, capabilities: Capabilities) {
        let hello = Hello {
            session: 1,
            nonce: 2,
            capabilities,
            clock: 3,
            name: "evil".parse().expect("a legal name"),
        };
        self.say(0, Message::Hello(hello));
    }

    /// Seals these plain bytes as one record and sends it.
    ///
    /// # Panics
    /// When they don't fit a record.
    pub fn send(&mut self, plain: &[u8]) {
        let record = self.seal(plain);
        self.raw.send(&record);
    }

    /// The sealed record of these plain bytes, for [`Self::send_raw`].
    ///
    /// # Panics
    /// When they don't fit a record.
    pub fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut record = Vec::new();
        let sealed = self.channel.seal(plain, &mut record);
        sealed.expect("it fits a record");
        record
    }

    /// Sends one message as one record.
    ///
    /// # Panics
    /// When it does not fit.
    pub fn say(&mut self, stream: u16, message: Message<'_>) {
        self.say_changed(stream, message, |_| {});
    }

    /// Changes the payload of a message, which may then be one that no type of ours holds, and
    /// sends it as one record. The header has the new length.
    ///
    /// # Panics
    /// When it does not fit.
    pub fn say_changed(
        &mut self,
        stream: u16,
        message: Message<'_>,
        change: impl FnOnce(&mut Vec<u8>),
    ) {
        let mut frame = vec![0; limits::RECORD_BULK];
        let used = message.encode(stream, 0, &mut frame);
        let mut payload = frame[limits::HEADER..used.expect("it fits a frame")].to_vec();
        change(&mut payload);
        let header = Header {
            len: u32::try_from(payload.len()).expect("it fits a record"),
            kind: message.kind().code(),
            flags: 0,
            stream,
        };
        self.send(&[&header.encode(), payload.as_slice()].concat());
    }

    /// The first thing that `take` gives for a message of the far side, with its stream; messages
    /// before it are skipped.
    ///
    /// # Errors
    /// When the far side closes before that.
    ///
    /// # Panics
    /// When neither happens within [`PATIENCE`].
    pub fn wait<T>(
        &mut self,
        mut take: impl FnMut(u16, Message<'_>) -> Option<T>,
    ) -> Result<T, Closed> {
        let end = Instant::now() + PATIENCE;
        let mut bye = None;
        let mut skipped = Vec::new();
        loop {
            while let Some((header, payload)) = self.frames.pop_front() {
                let message = Message::decode(header, &payload);
                let Some(message) = message.expect("its messages are legal") else {
                    continue;
                };
                if let Message::Bye(status) = message {
                    bye = Some(status.code);
                } else if let Some(taken) = take(header.stream, message) {
                    return Ok(taken);
                }
                if !matches!(message, Message::Ack(_) | Message::Ping(_)) {
                    skipped.push(message.kind());
                }
            }
            assert!(Instant::now() < end, "not among {skipped:?}");
            match self.record(PATIENCE) {
                Some(plain) => {
                    self.frames.extend(frames(&plain));
                    self.ack();
                }
                None => return Err(Closed { bye }),
            }
        }
    }

    /// Waits until the far side closes.
    ///
    /// # Panics
    /// When it does not within [`PATIENCE`].
    pub fn closed(&mut self) -> Closed {
        match self.wait(|_, _| None::<std::convert::Infallible>) {
            Err(closed) => closed,
            Ok(never) => match never {},
        }
    }

    /// Acknowledges all that was received, as an honest peer does.
    fn ack(&mut self) {
        let clock = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let received = self.received;
        self.say(0, Message::Ack(Ack { received, clock }));
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
        let mut heard = Vec::new();
        while let Some(plain) = self.record(pause) {
            heard.extend(frames(&plain));
        }
        heard
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
        let plain = plain.expect("its records are sound").to_vec();
        self.received += plain.len() as u64;
        Some(plain)
    }

    /// All plain bytes that come until the far side closes.
    ///
    /// # Panics
    /// When it does not close within [`PATIENCE`], or what it sends can't be opened.
    pub fn until_closed(self) -> Vec<u8> {
        let Self {
            raw, mut channel, ..
        } = self;
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

/// The frames of a record: our sender lets no frame span records.
fn frames(record: &[u8]) -> Vec<(Header, Vec<u8>)> {
    let mut frames = Vec::new();
    let mut rest = record;
    while let Some((head, after)) = rest.split_first_chunk() {
        let header = Header::decode(*head).expect("its frames are sound");
        let (payload, after) = after.split_at(header.len as usize);
        frames.push((header, payload.to_vec()));
        rest = after;
    }
    frames
}

fn is_late(error: &io::Error) -> bool {
    use io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), TimedOut | WouldBlock)
}
