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
        if matches!(self.stage, Stage::Connecting { .. }) && self.writable {
            self.connect(turn);
        }
        match self.stage {
            Stage::Connecting { .. } | Stage::Gone => {}
            Stage::Greeting(_) => self.greet(turn),
            Stage::Joined(_) if hold => {}
            Stage::Joined(_) => self.receive(turn),
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
            Err(error) if error.kind() == ErrorKind::NotConnected => self.writable = false,
            Err(error) => self.leave(Departure::Unreachable(error), turn),
        }
    }

    fn greet(&mut self, turn: &mut LoopContext) {
        let Stage::Greeting(greeting) = &mut self.stage else {
            return;
        };
        let progress = if self.readable {
            greeting.read(&self.stream, &mut self.outbound, &mut self.inbound)
        } else {
            greeting.send(&mut self.outbound);
            Progress::Waiting
        };
        self.readable &= !matches!(progress, Progress::Waiting) || greeting.is_answered();
        match (progress, self.outbound.flush(&self.stream)) {
            (Progress::Failed(error), _) => self.leave(Departure::HandshakeFailed(error), turn),
            (Progress::HungUp, _) => self.hung_up(turn),
            (Progress::Broken(error), _) | (_, Err(error)) => self.lose(error, turn),
            (Progress::Waiting, Ok(flushed)) => self.writable &= flushed == Flushed::All,
            (Progress::Key(key), Ok(flushed)) => {
                self.writable &= flushed == Flushed::All;
                let name = greeting.name();
                self.tell_key(PublicKey(key), name, turn);
            }
        }
    }

    fn tell_key(&mut self, key: PublicKey, name: Option<PeerName>, turn: &mut LoopContext) {
        self.known = true;
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
    pub(super) fn take_early(&mut self, turn: &mut LoopContext) {
        let Stage::Joined(link) = &mut self.stage else {
            return;
        };
        let result = link.open(&self.inbound, &mut turn.plain, turn.clock.now());
        if let Ok(used) = result {
            self.inbound.drain(..used);
        }
        self.tell_events(turn);
        if let Err(fault) = result {
            self.part(fault, turn);
        }
    }

    pub(super) fn receive(&mut self, turn: &mut LoopContext) {
        let mut budget = turn.config.read_budget;
        while self.readable && budget > 0 && matches!(self.stage, Stage::Joined(_)) {
            match self.receive_once(turn) {
                Ok(count) => budget = budget.saturating_sub(count),
                Err(Stop::Peer(fault)) => return self.part(fault, turn),
                Err(Stop::Socket(error)) => match error.kind() {
                    ErrorKind::WouldBlock => self.readable = false,
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
        let held = self.inbound.len();
        turn.read[..held].copy_from_slice(&self.inbound);
        let count = (&self.stream).read(&mut turn.read[held..])?;
        if count == 0 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        // On a slow link a record takes seconds, and its bytes are signs of life.
        link.connection.handle_partial(count, turn.clock.now());
        let bytes = &turn.read[..held + count];
        let result = link.open(bytes, &mut turn.plain, turn.clock.now());
        self.inbound.clear();
        if let Ok(used) = result {
            self.inbound.extend_from_slice(&bytes[used..]);
        }
        self.touched = true;
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
        while self.readable && budget > 0 {
            match (&self.stream).read(&mut turn.read) {
                Ok(0) => return self.leave(Departure::ClosedHere, turn),
                Ok(count) => budget = budget.saturating_sub(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.leave(Departure::ClosedHere, turn),
            }
        }
    }
}
