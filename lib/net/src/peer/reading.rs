//! A peer's turn to be heard: it is connected, greeted, read and, once it is parting, read for
//! nothing.

use std::io::{self, ErrorKind, Read};

use transom_proto as proto;
use transom_wire::{PeerName, PublicKey};

use super::{Peer, Stage, Stop};
use crate::event::{Departure, Event};
use crate::greeting::{Greeting, Progress};
use crate::loop_context::LoopContext;
use crate::options;
use crate::outbound::Flushed;

impl Peer {
    /// Reads what there is, as far as the stage and the budget allow. With `hold` records are left
    /// for later.
    pub(crate) fn read(&mut self, turn: &mut LoopContext, hold: bool) {
        if matches!(self.stage, Stage::Connecting { .. }) && self.readiness.can_write() {
            self.connect(turn);
        }
        match self.stage {
            Stage::Connecting { .. } | Stage::Gone => {}
            Stage::Greeting(_) => self.greet(turn),
            Stage::Joined(_) if hold => {}
            Stage::Joined(_) => {
                self.receive(turn);
                self.end_broken(turn);
            }
            Stage::Closing(_) => self.discard(turn),
        }
    }

    fn connect(&mut self, turn: &mut LoopContext) {
        let result = match self.stream.take_error() {
            Ok(None) => self.stream.peer_addr().map(drop),
            Ok(Some(error)) | Err(error) => Err(error),
        };
        match result {
            Ok(()) => {
                options::begin(&self.stream);
                match Greeting::new(&turn.config, self.side, turn.now()) {
                    Ok(greeting) => self.stage = Stage::Greeting(Box::new(greeting)),
                    Err(error) => self.leave(Departure::HandshakeFailed(error), turn),
                }
            }
            // Not yet connected: the next edge tells.
            Err(error) if error.kind() == ErrorKind::NotConnected => {
                self.readiness.write_would_block();
            }
            Err(error) => self.leave(Departure::Unreachable(error), turn),
        }
    }

    fn greet(&mut self, turn: &mut LoopContext) {
        let Stage::Greeting(greeting) = &mut self.stage else {
            return;
        };
        let progress = if self.readiness.can_read() {
            greeting.read(&self.stream, &mut self.outbound)
        } else {
            greeting.send(&mut self.outbound);
            Progress::Waiting
        };
        if matches!(progress, Progress::Waiting) && !greeting.is_answered() {
            self.readiness.read_would_block();
        }
        let flushed = self.outbound.flush(&self.stream);
        if let Ok(Flushed::WouldBlock) = flushed {
            self.readiness.write_would_block();
        }
        match (progress, flushed) {
            (Progress::Failed(error), _) => self.leave(Departure::HandshakeFailed(error), turn),
            (Progress::HungUp, _) => self.hung_up(turn),
            (Progress::Broken(error), _) | (_, Err(error)) => self.lose(error, turn),
            (Progress::Waiting, Ok(_)) => {}
            (Progress::Key(key), Ok(_)) => {
                let name = greeting.name();
                self.tell_key(PublicKey(key), name, turn);
            }
        }
    }

    fn tell_key(&mut self, key: PublicKey, name: Option<PeerName>, turn: &mut LoopContext) {
        let (peer, address, side) = (self.id, self.address, self.side);
        turn.tell(Event::Key {
            peer,
            key,
            name,
            address,
            side,
        });
    }

    /// Takes in what came right behind the handshake.
    pub(super) fn take_early(&mut self, mut early: Vec<u8>, turn: &mut LoopContext) {
        let Stage::Joined(link) = &mut self.stage else {
            return;
        };
        let now = turn.now();
        let each = |record: &mut [u8]| link.open(record, now);
        let result = self.inbound.take(&mut early, each);
        self.tell_events(turn);
        if let Err(fault) = result {
            self.part(fault, turn);
        }
    }

    fn receive(&mut self, turn: &mut LoopContext) {
        let mut budget = turn.config.read_budget;
        while self.readiness.can_read() && budget > 0 && matches!(self.stage, Stage::Joined(_)) {
            match self.receive_once(turn) {
                Ok(count) => budget = budget.saturating_sub(count),
                Err(Stop::Peer(fault)) => return self.part(fault, turn),
                Err(Stop::Socket(error)) => match error.kind() {
                    ErrorKind::WouldBlock => self.readiness.read_would_block(),
                    ErrorKind::Interrupted => {}
                    ErrorKind::UnexpectedEof => return self.hung_up(turn),
                    _ => return self.lose(error, turn),
                },
            }
        }
    }

    /// One read, and all the records that it completes.
    fn receive_once(&mut self, turn: &mut LoopContext) -> Result<usize, Stop> {
        let Stage::Joined(link) = &mut self.stage else {
            return Ok(0);
        };
        let room = turn.read.len();
        let (count, rest) = self.inbound.read(&self.stream, &mut turn.read)?;
        self.readiness.was_read(rest.len(), room);
        if count == 0 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        let now = turn.clock.now();
        // On a slow link a record takes seconds, and its bytes are signs of life.
        link.connection.handle_partial(count, now);
        let result = self.inbound.take(rest, |record| link.open(record, now));
        self.readiness.touch();
        self.tell_events(turn);
        result.map_err(Stop::Peer)?;
        Ok(count)
    }

    /// Passes on what the session has to say; its goodbye ends the connection.
    pub(super) fn tell_events(&mut self, turn: &mut LoopContext) {
        let Stage::Joined(link) = &mut self.stage else {
            return;
        };
        while let Some(event) = link.connection.poll_event() {
            if let proto::Event::Bye(status) = event {
                return self.leave(Departure::Bye(status), turn);
            }
            let peer = self.id;
            turn.tell(Event::Peer { peer, event });
        }
    }

    /// Reads and drops, until the peer hangs up too.
    fn discard(&mut self, turn: &mut LoopContext) {
        let mut budget = turn.config.read_budget;
        while self.readiness.can_read() && budget > 0 {
            match (&self.stream).read(&mut turn.read) {
                Ok(0) => return self.leave(Departure::ClosedHere, turn),
                Ok(count) => budget = budget.saturating_sub(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readiness.read_would_block()
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.leave(Departure::ClosedHere, turn),
            }
        }
    }
}
