//! A connection with a session: opens what comes in, seals what goes out, and seals as late as it can.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;

use mio::net::TcpStream;
use transom_proto::{self as proto, Session};
use transom_secure::{Channel, RECORD_OVERHEAD};
use transom_wire::{ByeCode, limits};

use crate::clock::Clock;
use crate::event::Departure;
use crate::options;
use crate::outbound::{Flushed, Outbound};

/// Sealed bytes made for one write while no call is live: a few large records, so that a system call moves much.
const BATCH: usize = 4 * limits::RECORD_BULK;
/// Bytes of a record's length.
const LENGTH: usize = 2;

/// Buffers that all links of a loop share, since only one is at work at a time.
pub(crate) struct Scratch {
    /// Sealed bytes as they come: the rest of a record, and one read.
    sealed: Box<[u8]>,
    /// One record opened, or to be sealed.
    plain: Box<[u8]>,
}

impl Scratch {
    pub(crate) fn new(read: usize) -> Self {
        let record = LENGTH + usize::from(u16::MAX);
        // `open` works without a buffer of its own when there is room for the tag too.
        Self {
            sealed: vec![0; record + read].into(),
            plain: vec![0; record].into(),
        }
    }
}

/// How a link is ending.
#[derive(Debug)]
enum Ending {
    /// The goodbye is on its way; then this is how the link ended.
    Farewell(Departure),
    /// The goodbye is out, the peer is to hang up.
    Said(Departure),
}

pub(crate) struct Link {
    channel: Channel,
    pub(crate) session: Session,
    outbound: Outbound,
    /// The beginning of a record whose end has not come.
    rest: Vec<u8>,
    /// There may be whole records in `rest`: those that came before the session.
    early: bool,
    /// The socket's options are those of a call.
    live: bool,
    greeted: bool,
    ending: Option<Ending>,
    /// More could be read or written, but others have their turn first.
    pub(crate) unfinished: bool,
}

impl Link {
    pub(crate) fn new(
        channel: Channel,
        session: Session,
        outbound: Outbound,
        rest: Vec<u8>,
    ) -> Self {
        let early = !rest.is_empty();
        Self {
            channel,
            session,
            outbound,
            rest,
            early,
            live: false,
            greeted: false,
            ending: None,
            unfinished: early,
        }
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// Whether the peer has said hello: it lets us in.
    pub(crate) fn greeted(&mut self) {
        self.greeted = true;
    }

    /// Says goodbye; the link ends when that is out, and then as `why` says.
    pub(crate) fn close(&mut self, code: ByeCode, text: &str, why: Departure) {
        if self.ending.is_none() {
            self.session.bye(code, text);
            self.ending = Some(Ending::Farewell(why));
            self.unfinished = true;
        }
    }

    /// The linger is over.
    pub(crate) fn cut(&mut self) -> Departure {
        match self.ending.take() {
            Some(Ending::Farewell(why) | Ending::Said(why)) => why,
            None => Departure::ClosedHere,
        }
    }

    /// Reads at most `budget` bytes. `Err` is the end of the connection.
    pub(crate) fn read(
        &mut self,
        stream: &mut TcpStream,
        readable: &mut bool,
        mut budget: usize,
        clock: &Clock,
        scratch: &mut Scratch,
    ) -> Result<(), Departure> {
        self.unfinished = false;
        if std::mem::take(&mut self.early) {
            let held = self.rest.len();
            scratch.sealed[..held].copy_from_slice(&self.rest);
            self.open(held, clock, scratch)?;
        }
        while *readable {
            if budget == 0 {
                self.unfinished = true;
                return Ok(());
            }
            let held = self.rest.len();
            scratch.sealed[..held].copy_from_slice(&self.rest);
            match stream.read(&mut scratch.sealed[held..]) {
                Ok(0) => return Err(self.hung_up()),
                Ok(count) => {
                    budget = budget.saturating_sub(count);
                    self.open(held + count, clock, scratch)?;
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => *readable = false,
                    ErrorKind::Interrupted => {}
                    ErrorKind::ConnectionReset if !self.greeted => return Err(Departure::Refused),
                    _ => return Err(self.ended(Departure::Lost(error))),
                },
            }
        }
        Ok(())
    }

    /// Hands the whole records of the first `filled` bytes to the session, and keeps the rest.
    fn open(
        &mut self,
        filled: usize,
        clock: &Clock,
        scratch: &mut Scratch,
    ) -> Result<(), Departure> {
        let now = clock.now();
        let mut bytes = &scratch.sealed[..filled];
        while let Some((length, after)) = bytes.split_first_chunk::<LENGTH>() {
            let Some((sealed, after)) =
                after.split_at_checked(usize::from(u16::from_be_bytes(*length)))
            else {
                break;
            };
            bytes = after;
            if self.ending.is_some() {
                continue; // We have said goodbye: what still comes is not listened to.
            }
            let opened = self
                .channel
                .open(sealed, &mut scratch.plain)
                .map_err(Departure::Forged)?;
            if let Err(error) = self.session.handle_bytes(&scratch.plain[..opened], now) {
                self.close(error.code(), &error.to_string(), Departure::Illegal(error));
            }
        }
        self.rest.clear();
        self.rest.extend_from_slice(bytes);
        Ok(())
    }

    /// Seals and writes as much as the socket takes, at most about `budget` bytes. `Err` is the end of the connection.
    pub(crate) fn write(
        &mut self,
        stream: &mut TcpStream,
        writable: &mut bool,
        mut budget: usize,
        clock: &Clock,
        scratch: &mut Scratch,
    ) -> Result<(), Departure> {
        while *writable {
            match self.outbound.flush(&mut *stream) {
                Ok(Flushed::All) => {}
                Ok(Flushed::WouldBlock) => {
                    *writable = false;
                    break;
                }
                Err(error) => return Err(self.ended(Departure::Lost(error))),
            }
            if budget == 0 {
                self.unfinished = true;
                break;
            }
            let before = self.outbound.len();
            self.fill(stream, clock, scratch)?;
            if self.outbound.is_empty() {
                self.said(stream);
                return Ok(());
            }
            budget = budget.saturating_sub(self.outbound.len() - before);
        }
        Ok(())
    }

    /// Takes from the session what one write is to carry: one record while a call is live, since what is sealed can't be
    /// overtaken, and several otherwise.
    fn fill(
        &mut self,
        stream: &TcpStream,
        clock: &Clock,
        scratch: &mut Scratch,
    ) -> Result<(), Departure> {
        let live = self.session.is_live();
        if live != self.live {
            self.live = live;
            options::tune(stream, live);
        }
        let now = clock.now();
        loop {
            let used = self
                .session
                .poll_transmit(&mut scratch.plain[..limits::RECORD_BULK], now);
            if used == 0 {
                return Ok(());
            }
            self.outbound
                .seal(&mut self.channel, &scratch.plain[..used])
                .map_err(Departure::Forged)?;
            if live || self.outbound.len() + limits::RECORD_BULK + RECORD_OVERHEAD > BATCH {
                return Ok(());
            }
        }
    }

    /// All is written. After a goodbye the peer learns by the end of the stream that nothing follows; the socket is kept
    /// until it hangs up, since closing one with unread bytes would take the goodbye back.
    fn said(&mut self, stream: &TcpStream) {
        match self.ending.take() {
            Some(Ending::Farewell(why)) => {
                if let Err(error) = stream.shutdown(Shutdown::Write) {
                    log::debug!("can't end the stream: {error}");
                }
                self.ending = Some(Ending::Said(why));
            }
            other => self.ending = other,
        }
    }

    fn hung_up(&mut self) -> Departure {
        let why = if self.greeted {
            Departure::Closed
        } else {
            Departure::Refused
        };
        self.ended(why)
    }

    /// The socket is gone: as we ended it if we did, else as `otherwise` says.
    fn ended(&mut self, otherwise: Departure) -> Departure {
        match self.ending.take() {
            Some(Ending::Farewell(why) | Ending::Said(why)) => why,
            None => otherwise,
        }
    }

    /// The next event of the session; its goodbye is the end of the connection.
    pub(crate) fn next_event(&mut self) -> Option<Result<proto::Event, Departure>> {
        match self.session.poll_event()? {
            proto::Event::Bye { code, text } => {
                Some(Err(self.ended(Departure::Bye { code, text })))
            }
            event => Some(Ok(event)),
        }
    }
}
