//! Reading from a peer: establishing the connection, the handshake, records, and discarding bytes
//! while the connection closes.

use std::io::{self, ErrorKind, Read};

use transom_proto as proto;
use transom_secure::Purpose;
use transom_wire::{PeerName, PublicKey};

use super::{Peer, Stage, Stop};
use crate::event::{Departure, Event};
use crate::handshaking::{HandshakeProgress, Handshaking};
use crate::loop_context::LoopContext;
use crate::options;
use crate::outbound::Flushed;

impl Peer {
    /// Reads as far as the stage and the budget allow. With `hold`, records stay in the socket.
    pub(crate) fn read(&mut self, context: &mut LoopContext, hold: bool) {
        if matches!(self.stage, Stage::Connecting { .. }) && self.readiness.can_write() {
            self.connect(context);
        }
        match self.stage {
            Stage::Connecting { .. } | Stage::Gone => {}
            Stage::Handshaking(_) => self.advance_handshake(context),
            Stage::Pairing(_) => self.advance_pairing(context),
            Stage::Joined(_) if hold => {}
            Stage::Joined(_) => {
                self.receive(context);
                self.end_if_broken(context);
            }
            Stage::Closing(_) => self.discard(context),
        }
    }

    fn connect(&mut self, context: &mut LoopContext) {
        let result = match self.stream.take_error() {
            Ok(None) => self.stream.peer_addr().map(drop),
            Ok(Some(error)) | Err(error) => Err(error),
        };
        match result {
            Ok(()) => {
                options::set_up(&self.stream);
                let purpose = match self.pairing {
                    Some(_) => Purpose::Pairing,
                    None => Purpose::Session,
                };
                match Handshaking::new(&context.config, self.side, purpose, context.now()) {
                    Ok(handshaking) => self.stage = Stage::Handshaking(Box::new(handshaking)),
                    Err(error) => self.end(Departure::HandshakeFailed(error), context),
                }
            }
            // Not connected yet; another readiness event will follow.
            Err(error) if error.kind() == ErrorKind::NotConnected => {
                self.readiness.write_would_block();
            }
            Err(error) => self.end(Departure::Unreachable(error), context),
        }
    }

    fn advance_handshake(&mut self, context: &mut LoopContext) {
        let Stage::Handshaking(handshaking) = &mut self.stage else {
            return;
        };
        let progress = if self.readiness.can_read() {
            handshaking.read(&self.stream, &mut self.outbound)
        } else {
            handshaking.send(&mut self.outbound);
            HandshakeProgress::Waiting
        };
        if matches!(progress, HandshakeProgress::Waiting) && !handshaking.awaits_owner() {
            self.readiness.read_would_block();
        }
        let flushed = self.outbound.flush(&self.stream);
        if let Ok(Flushed::WouldBlock) = flushed {
            self.readiness.write_would_block();
        }
        match (progress, flushed) {
            (HandshakeProgress::Failed(error), _) => {
                self.end(Departure::HandshakeFailed(error), context)
            }
            (HandshakeProgress::HungUp, _) => self.handle_end_of_stream(context),
            (HandshakeProgress::Broken(error), _) | (_, Err(error)) => {
                self.handle_io_error(error, context)
            }
            (HandshakeProgress::Waiting, Ok(_)) => {}
            (HandshakeProgress::Key(key), Ok(_)) if handshaking.purpose() == Purpose::Pairing => {
                self.begin_pairing(PublicKey(key), context);
            }
            (HandshakeProgress::Key(key), Ok(_)) => {
                let name = handshaking.name();
                self.emit_key(PublicKey(key), name, context);
            }
        }
    }

    fn emit_key(&mut self, key: PublicKey, name: Option<PeerName>, context: &mut LoopContext) {
        let (peer, address, side) = (self.id, self.address, self.side);
        context.emit(Event::Key {
            peer,
            key,
            name,
            address,
            side,
        });
    }

    /// Handles the records that arrived in the same read as the end of the handshake.
    pub(super) fn handle_early(&mut self, mut early: Vec<u8>, context: &mut LoopContext) {
        let Stage::Joined(sealed) = &mut self.stage else {
            return;
        };
        let now = context.now();
        let each = |record: &mut [u8]| sealed.open(record, now);
        let result = self.inbound.take(&mut early, each);
        self.emit_events(context);
        if let Err(fault) = result {
            self.handle_fault(fault, context);
        }
    }

    fn receive(&mut self, context: &mut LoopContext) {
        let mut budget = context.config.read_budget;
        while self.readiness.can_read() && budget > 0 && matches!(self.stage, Stage::Joined(_)) {
            match self.receive_once(context) {
                Ok(count) => budget = budget.saturating_sub(count),
                Err(Stop::Peer(fault)) => return self.handle_fault(fault, context),
                Err(Stop::Socket(error)) => match error.kind() {
                    ErrorKind::WouldBlock => self.readiness.read_would_block(),
                    ErrorKind::Interrupted => {}
                    ErrorKind::UnexpectedEof => return self.handle_end_of_stream(context),
                    _ => return self.handle_io_error(error, context),
                },
            }
        }
    }

    /// Reads once, and handles all records that are complete then.
    fn receive_once(&mut self, context: &mut LoopContext) -> Result<usize, Stop> {
        let Stage::Joined(sealed) = &mut self.stage else {
            return Ok(0);
        };
        let room = context.read.len();
        let (count, rest) = self.inbound.read(&self.stream, &mut context.read)?;
        self.readiness.was_read(rest.len(), room);
        if count == 0 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        let now = context.clock.now();
        // On a slow path a record takes seconds, so its first bytes already end the silence.
        sealed.connection.handle_partial(count, now);
        let result = self.inbound.take(rest, |record| sealed.open(record, now));
        self.readiness.touch();
        self.emit_events(context);
        result.map_err(Stop::Peer)?;
        Ok(count)
    }

    /// Passes on the session's events. The peer's goodbye ends the connection.
    pub(super) fn emit_events(&mut self, context: &mut LoopContext) {
        let Stage::Joined(sealed) = &mut self.stage else {
            return;
        };
        while let Some(event) = sealed.connection.poll_event() {
            if let proto::Event::Bye(status) = event {
                return self.end(Departure::Bye(status), context);
            }
            let peer = self.id;
            context.emit(Event::Peer { peer, event });
        }
    }

    /// Reads and drops bytes, until the peer closes too.
    fn discard(&mut self, context: &mut LoopContext) {
        let mut budget = context.config.read_budget;
        while self.readiness.can_read() && budget > 0 {
            match (&self.stream).read(&mut context.read) {
                Ok(0) => return self.end(Departure::ClosedHere, context),
                Ok(count) => budget = budget.saturating_sub(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readiness.read_would_block()
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.end(Departure::ClosedHere, context),
            }
        }
    }
}
