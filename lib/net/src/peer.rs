//! One connection from its first packet to its last.
//!
//! ```text
//!   dial --> Connecting --> Greeting --key--> (owner) --admit--> Linked --bye, error, silence--> gone
//!   accept -----------------^                     \--refuse--> gone
//! ```

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;
use transom_proto::{self as proto, PeerError, Session, Side};
use transom_secure::Cipher;
use transom_wire::{ByeCode, PublicKey};

use crate::clock::Clock;
use crate::config::Config;
use crate::event::Departure;
use crate::greeting::{Greeting, Step};
use crate::link::{Link, Scratch};
use crate::options;

pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) address: SocketAddr,
    pub(crate) side: Side,
    /// Readiness as the poll told it and no call has denied it since.
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// When this stage has taken too long; none while a session keeps its own time.
    deadline: Option<Instant>,
    stage: Stage,
}

enum Stage {
    Connecting,
    Greeting(Box<Greeting>),
    Linked(Box<Link>),
    /// Only between two stages.
    Moving,
}

/// What a turn of a peer brought, beside its session's events.
pub(crate) enum News {
    Nothing,
    Key(PublicKey),
}

impl Peer {
    pub(crate) fn dialed(stream: TcpStream, address: SocketAddr, config: &Config) -> Self {
        let deadline = Some(Instant::now() + config.connect_timeout);
        Self {
            stream,
            address,
            side: Side::Dialer,
            readable: false,
            writable: false,
            deadline,
            stage: Stage::Connecting,
        }
    }

    pub(crate) fn accepted(
        stream: TcpStream,
        address: SocketAddr,
        config: &Config,
    ) -> Result<Self, Departure> {
        let mut peer = Self::dialed(stream, address, config);
        (peer.side, peer.readable, peer.writable) = (Side::Listener, true, true);
        peer.greet(config)?;
        Ok(peer)
    }

    pub(crate) fn session(&mut self) -> Option<&mut Session> {
        match &mut self.stage {
            Stage::Linked(link) if !link.is_ending() => Some(&mut link.session),
            _ => None,
        }
    }

    pub(crate) fn link(&mut self) -> Option<&mut Link> {
        match &mut self.stage {
            Stage::Linked(link) => Some(link),
            _ => None,
        }
    }

    /// A stranger in the middle of a handshake.
    pub(crate) fn is_half_open(&self) -> bool {
        self.side == Side::Listener
            && matches!(&self.stage, Stage::Greeting(greeting) if !greeting.is_told())
    }

    /// Whether the owner knows of it.
    pub(crate) fn is_known(&self) -> bool {
        !self.is_half_open()
    }

    /// Whether there is something to do without any news from the poll.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(&self.stage, Stage::Linked(link) if link.unfinished)
    }

    /// When something is due though nothing happens.
    pub(crate) fn due(&self, clock: &Clock) -> Option<Instant> {
        let session = match &self.stage {
            Stage::Linked(link) if !link.is_ending() => link.session.poll_timeout(),
            _ => None,
        };
        session.map(|at| clock.instant(at)).or(self.deadline)
    }

    /// Does what is due, what can be read and what can be written. `Err` is its end.
    pub(crate) fn turn(
        &mut self,
        config: &Config,
        clock: &Clock,
        now: Instant,
        scratch: &mut Scratch,
    ) -> Result<News, Departure> {
        self.pass_time(clock, now)?;
        match &mut self.stage {
            Stage::Connecting => self.connect(config),
            Stage::Greeting(greeting) => {
                match greeting.step(&mut self.stream, &mut self.readable, &mut self.writable)? {
                    Step::Proven(key) => Ok(News::Key(key)),
                    Step::Pending => Ok(News::Nothing),
                }
            }
            Stage::Linked(link) => {
                link.read(
                    &mut self.stream,
                    &mut self.readable,
                    config.read_budget,
                    clock,
                    scratch,
                )?;
                Ok(News::Nothing)
            }
            Stage::Moving => Ok(News::Nothing),
        }
    }

    /// Writes what the session wants written now. `Err` is its end.
    pub(crate) fn pump(
        &mut self,
        config: &Config,
        clock: &Clock,
        scratch: &mut Scratch,
    ) -> Result<(), Departure> {
        let Stage::Linked(link) = &mut self.stage else {
            return Ok(());
        };
        if self.deadline.is_none() && link.is_ending() {
            self.deadline = Some(Instant::now() + config.linger);
        }
        match link.write(
            &mut self.stream,
            &mut self.writable,
            config.write_budget,
            clock,
            scratch,
        ) {
            Ok(()) => Ok(()),
            // The peer may have said why before it hung up.
            Err(lost) => Err(self.last_words(clock, scratch).unwrap_or(lost)),
        }
    }

    fn last_words(&mut self, clock: &Clock, scratch: &mut Scratch) -> Option<Departure> {
        let Stage::Linked(link) = &mut self.stage else {
            return None;
        };
        self.readable = true;
        let read = link.read(
            &mut self.stream,
            &mut self.readable,
            0x10_0000,
            clock,
            scratch,
        );
        while let Some(event) = link.next_event() {
            if let Err(departure) = event {
                return Some(departure);
            }
        }
        match read {
            Err(Departure::Refused) => Some(Departure::Refused),
            _ => None,
        }
    }

    pub(crate) fn admit(
        &mut self,
        session: proto::Config,
        clock: &Clock,
    ) -> Result<Cipher, Departure> {
        let Stage::Greeting(greeting) = std::mem::replace(&mut self.stage, Stage::Moving) else {
            return Err(Departure::ClosedHere);
        };
        let (channel, outbound, rest) = greeting.admit()?;
        let cipher = channel.cipher();
        let session = Session::new(session, self.side, clock.now());
        self.stage = Stage::Linked(Box::new(Link::new(channel, session, outbound, rest)));
        self.deadline = None;
        Ok(cipher)
    }

    /// Says goodbye. False when there is nobody to say it to.
    pub(crate) fn close(&mut self, code: ByeCode, text: &str) -> bool {
        match &mut self.stage {
            Stage::Linked(link) => {
                link.close(code, text, Departure::ClosedHere);
                true
            }
            _ => false,
        }
    }

    fn pass_time(&mut self, clock: &Clock, now: Instant) -> Result<(), Departure> {
        if let Stage::Linked(link) = &mut self.stage
            && !link.is_ending()
        {
            if link
                .session
                .poll_timeout()
                .is_some_and(|at| clock.instant(at) <= now)
                && let Err(error) = link.session.handle_timeout(clock.of(now))
            {
                match error {
                    // Nobody is there to hear a goodbye.
                    PeerError::Silent => return Err(Departure::Silent),
                    error => {
                        link.close(error.code(), &error.to_string(), Departure::Illegal(error))
                    }
                }
            }
            return Ok(());
        }
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            return Err(match &mut self.stage {
                Stage::Connecting => Departure::Unreachable(io::ErrorKind::TimedOut.into()),
                Stage::Linked(link) => link.cut(),
                _ => Departure::HandshakeTimeout,
            });
        }
        Ok(())
    }

    /// The first readiness tells whether there is a connection.
    fn connect(&mut self, config: &Config) -> Result<News, Departure> {
        if !(self.writable || self.readable) {
            return Ok(News::Nothing);
        }
        if let Ok(Some(error)) | Err(error) = self.stream.take_error() {
            return Err(Departure::Unreachable(error));
        }
        match self.stream.peer_addr() {
            Ok(_) => self.greet(config).map(|()| News::Nothing),
            // Told too early; the poll will tell again.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                (self.writable, self.readable) = (false, false);
                Ok(News::Nothing)
            }
            Err(error) => Err(Departure::Unreachable(error)),
        }
    }

    fn greet(&mut self, config: &Config) -> Result<(), Departure> {
        options::begin(&self.stream);
        let greeting = Greeting::new(config, self.side).map_err(Departure::HandshakeFailed)?;
        self.stage = Stage::Greeting(Box::new(greeting));
        self.deadline = Some(Instant::now() + config.handshake_timeout);
        self.readable = true;
        self.writable = true;
        Ok(())
    }
}
