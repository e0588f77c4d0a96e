//! Two sessions joined by two pipes, on one hand-moved clock.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use transom_wire::Capabilities;
use transom_wire::limits::RECORD_BULK;

use super::pipe::{Pipe, Route};
use crate::{Config, Connection, Event, Instant, PeerError, Session, Side};

/// One of the two ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Who {
    /// The dialer.
    Ann,
    /// The listener.
    Bob,
}

/// One connection, its clock, and its pipe to the other.
struct End {
    connection: Connection,
    /// The two clocks have different zeros, as real ones do.
    skew: Duration,
    pipe: Pipe,
    error: Option<PeerError>,
}

/// Whole calls and transfers without sockets, threads or waiting.
pub struct Pair {
    ann: End,
    bob: End,
    /// Since the pair began.
    now: Instant,
    buffer: Vec<u8>,
}

impl Pair {
    /// Two sessions over two equal pipes, which take sound.
    pub fn new(route: Route) -> Self {
        let config = |name: &str, nonce| Config {
            capabilities: Capabilities::SOUND | Capabilities::OPUS,
            ..Config::new(name.parse().unwrap(), 1, nonce)
        };
        Self::with(route, config("ann", 1), config("bob", 2))
    }

    /// Two sessions with those configurations.
    pub fn with(route: Route, ann: Config, bob: Config) -> Self {
        let end = |config, side, skew| End {
            connection: Connection::new(config, side, Instant::default() + skew),
            skew,
            pipe: Pipe::new(route),
            error: None,
        };
        Self {
            ann: end(ann, Side::Dialer, Duration::from_secs(1_000)),
            bob: end(bob, Side::Listener, Duration::from_secs(77_777)),
            now: Instant::default(),
            buffer: vec![0; RECORD_BULK],
        }
    }

    /// One end's session.
    pub fn session(&mut self, who: Who) -> &mut Session {
        &mut self.end(who).connection.session
    }

    /// One end's connection, for a test that moves bytes itself.
    pub fn connection(&mut self, who: Who) -> &mut Connection {
        &mut self.end(who).connection
    }

    /// The pipe by which one end sends.
    pub fn pipe(&mut self, who: Who) -> &mut Pipe {
        &mut self.end(who).pipe
    }

    /// The error that the end's session returned.
    pub fn error(&self, who: Who) -> Option<PeerError> {
        match who {
            Who::Ann => self.ann.error,
            Who::Bob => self.bob.error,
        }
    }

    /// The time since the pair began.
    pub fn now(&self) -> Duration {
        self.now - Instant::default()
    }

    /// The time by one end's clock.
    pub fn clock(&self, who: Who) -> Instant {
        match who {
            Who::Ann => self.now + self.ann.skew,
            Who::Bob => self.now + self.bob.skew,
        }
    }

    /// Advances the clock by `span`; `app` is given every event and both sessions.
    pub fn run(&mut self, span: Duration, mut app: impl FnMut(&mut Self, Who, Event)) {
        let until = self.now + span;
        loop {
            self.settle(&mut app);
            match self.next() {
                Some(next) if next <= until => self.now = self.now.max(next),
                _ => break,
            }
            for who in [Who::Ann, Who::Bob] {
                self.arrive(who);
                self.expire(who);
            }
        }
        self.now = until;
    }

    /// As [`run`](Self::run), and returns the events.
    pub fn events(&mut self, span: Duration) -> Vec<(Who, Event)> {
        let mut events = Vec::new();
        self.run(span, |_, who, event| events.push((who, event)));
        events
    }

    fn end(&mut self, who: Who) -> &mut End {
        match who {
            Who::Ann => &mut self.ann,
            Who::Bob => &mut self.bob,
        }
    }

    /// Events to the application and records to the pipes, until both have had enough.
    fn settle(&mut self, app: &mut impl FnMut(&mut Self, Who, Event)) {
        loop {
            let mut idle = true;
            for who in [Who::Ann, Who::Bob] {
                while let Some(event) = self.connection(who).poll_event() {
                    idle = false;
                    app(self, who, event);
                }
                idle &= !self.transmit(who);
            }
            if idle {
                return;
            }
        }
    }

    /// Moves one record from a session to its pipe.
    fn transmit(&mut self, who: Who) -> bool {
        let (now, clock) = (self.now, self.clock(who));
        let mut buffer = core::mem::take(&mut self.buffer);
        let end = self.end(who);
        let mut used = 0;
        if end.pipe.is_writable(now) {
            used = end.connection.poll_transmit(&mut buffer, clock);
            if used > 0 {
                end.pipe.send(&buffer[..used], now);
            }
        }
        self.buffer = buffer;
        used > 0
    }

    /// Delivers the next record of the other end's pipe to a session.
    fn arrive(&mut self, who: Who) {
        let (now, clock) = (self.now, self.clock(who));
        let (end, other) = match who {
            Who::Ann => (&mut self.ann, &mut self.bob),
            Who::Bob => (&mut self.bob, &mut self.ann),
        };
        let Some(record) = other.pipe.receive(now) else {
            let bytes = other.pipe.receive_partial(now);
            return end.connection.handle_partial(bytes, clock);
        };
        let size = match other.pipe.route.cut {
            0 => record.len(),
            cut => cut,
        };
        for piece in record.chunks(size) {
            let result = end.connection.handle_bytes(piece, clock);
            end.error = end.error.or(result.err());
        }
    }

    fn expire(&mut self, who: Who) {
        let clock = self.clock(who);
        let end = self.end(who);
        if end
            .connection
            .poll_timeout()
            .is_some_and(|due| due <= clock)
        {
            let result = end.connection.handle_timeout(clock);
            end.error = end.error.or(result.err());
        }
    }

    /// The time of the next event.
    fn next(&self) -> Option<Instant> {
        let timeout = |end: &End| Some(end.connection.poll_timeout()? - end.skew);
        // A pipe that is full takes records again when something has come out of it.
        let times = [
            self.ann.pipe.next(),
            self.bob.pipe.next(),
            timeout(&self.ann),
            timeout(&self.bob),
        ];
        times.into_iter().flatten().min()
    }
}
