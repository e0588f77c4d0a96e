//! A connection whose purpose is a pairing: no owner is asked, and there is no session.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;

use transom_proto::Side;
use transom_secure::{PAIRING_BUFFER, Pairing, PairingError};
use transom_wire::PublicKey;

use super::{Peer, Stage};
use crate::event::{Departure, Event, PairingEvent};
use crate::loop_context::LoopContext;
use crate::outbound::Flushed;
use crate::pairing::{CodeId, PairingConnection, PairingTerms};

impl Peer {
    /// The handshake has shown the peer's key. A listener takes any; a dialer may expect one.
    pub(super) fn begin_pairing(&mut self, key: PublicKey, context: &mut LoopContext) {
        let (terms, code) = match self.pairing.take() {
            Some(pairing) if pairing.1.is_some_and(|expected| expected != key) => {
                return self.end(Departure::OtherKey(key), context);
            }
            Some(pairing) => (pairing.0, None),
            None => {
                let (from, now) = (self.address.ip(), context.now());
                match context.pairings.begin(from, &context.config, now) {
                    Some((terms, code)) => (terms, Some(code)),
                    None => return self.end(Departure::TooMany, context),
                }
            }
        };
        match self.pair(&terms, code, context) {
            Ok(early) => self.handle_pairing(&early, context),
            Err(why) if self.side == Side::Dialer => {
                let peer = self.id;
                context.emit(Event::Left { peer, why });
            }
            Err(why) => log::debug!("{} at {}: {why}", self.id, self.address),
        }
    }

    /// Reads and writes as far as the socket and the budget allow.
    pub(super) fn advance_pairing(&mut self, context: &mut LoopContext) {
        let mut buffer = [0; PAIRING_BUFFER];
        let mut budget = context.config.read_budget;
        while self.readiness.can_read() && budget > 0 && matches!(self.stage, Stage::Pairing(_)) {
            match (&self.stream).read(&mut buffer) {
                Ok(0) => return self.handle_end_of_stream(context),
                Ok(count) => {
                    budget = budget.saturating_sub(count);
                    self.handle_pairing(&buffer[..count], context);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readiness.read_would_block();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.handle_io_error(error, context),
            }
        }
        self.flush_pairing(context);
    }

    /// Ends the handshake and begins the pairing. Returns bytes that are already read. After an error
    /// the connection is gone.
    fn pair(
        &mut self,
        terms: &PairingTerms,
        code: Option<CodeId>,
        context: &LoopContext,
    ) -> Result<Vec<u8>, Departure> {
        let Stage::Handshaking(handshaking) = std::mem::replace(&mut self.stage, Stage::Gone)
        else {
            return Err(Departure::PairingFailed(PairingError::Over));
        };
        let until = handshaking.begun() + context.config.pairing_timeout;
        let (channel, early) = handshaking
            .admit(&mut self.outbound)
            .map_err(Departure::HandshakeFailed)?;
        let pairing = Pairing::new(channel, self.side, &terms.code, terms.introduction)
            .map_err(Departure::PairingFailed)?;
        let connection = PairingConnection::new(pairing, until, code);
        self.stage = Stage::Pairing(Box::new(connection));
        Ok(early)
    }

    fn handle_pairing(&mut self, bytes: &[u8], context: &mut LoopContext) {
        let Stage::Pairing(connection) = &mut self.stage else {
            return;
        };
        let (event, over) = connection.handle(bytes, &mut context.pairings);
        let code = connection.code;
        while let Some(bytes) = connection.pairing.poll_transmit() {
            self.outbound.push(&bytes);
        }
        if let Some(event) = event {
            self.emit_pairing(code, event, context);
        }
        match over {
            Some(why) => self.end(why, context),
            None => self.flush_pairing(context),
        }
    }

    /// Writes what waits. A dialer that has paired shuts its side of the connection then, and waits
    /// for the listener to close.
    fn flush_pairing(&mut self, context: &mut LoopContext) {
        if !matches!(self.stage, Stage::Pairing(_)) {
            return;
        }
        match self.outbound.flush(&self.stream) {
            Ok(Flushed::WouldBlock) => return self.readiness.write_would_block(),
            Ok(Flushed::All) => {}
            Err(error) => return self.handle_io_error(error, context),
        }
        if let Stage::Pairing(connection) = &mut self.stage
            && connection.is_paired
            && !std::mem::replace(&mut connection.is_shut, true)
            && let Err(error) = self.stream.shutdown(Shutdown::Write)
        {
            self.handle_io_error(error, context);
        }
    }

    fn emit_pairing(
        &mut self,
        code: Option<CodeId>,
        event: PairingEvent,
        context: &mut LoopContext,
    ) {
        let (peer, address) = (self.id, self.address);
        context.emit(Event::Pairing {
            peer,
            address,
            code,
            event,
        });
    }
}
