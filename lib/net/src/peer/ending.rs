//! How a connection ends: goodbyes, timeouts and errors, and their `Left` event.

use std::io::{self, ErrorKind};

use transom_proto::Side;
use transom_wire::ByeCode;

use super::{Closing, Peer, Stage};
use crate::event::{Departure, Event};
use crate::loop_context::LoopContext;
use crate::sealed_connection::Fault;

impl Peer {
    /// Handles a deadline that has passed. With `hold`, this turn read no records, so a peer with
    /// unread bytes does not count as silent.
    pub(crate) fn expire(&mut self, context: &mut LoopContext, hold: bool) {
        let now = context.now();
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &mut self.stage {
            Stage::Connecting { .. } => {
                let late = io::Error::new(ErrorKind::TimedOut, "no answer");
                self.end(Departure::Unreachable(late), context);
            }
            Stage::Handshaking(_) => self.end(Departure::HandshakeTimeout, context),
            Stage::Pairing(pairing) => {
                let why = pairing.timeout();
                self.end(why, context);
            }
            Stage::Joined(_) if hold && self.readiness.can_read() => {}
            Stage::Joined(sealed) => {
                let result = sealed.connection.handle_timeout(now);
                self.readiness.touch();
                match result {
                    Ok(()) => self.emit_events(context),
                    Err(error) => self.handle_fault(Fault::Session(error), context),
                }
            }
            Stage::Closing(_) => self.end(Departure::ClosedHere, context),
            Stage::Gone => {}
        }
    }

    /// Sends a goodbye if there is a session, and ends the connection.
    pub(crate) fn close(&mut self, code: ByeCode, text: &str, context: &mut LoopContext) {
        match self.stage {
            Stage::Joined(_) => {
                self.start_closing(code, text, Some(Departure::ClosedHere), context)
            }
            Stage::Connecting { .. } | Stage::Handshaking(_) | Stage::Pairing(_) => {
                self.end(Departure::ClosedHere, context);
            }
            Stage::Closing(_) | Stage::Gone => {}
        }
    }

    /// Ends the connection at once, and emits its `Left` unless that was emitted before.
    pub(crate) fn end(&mut self, why: Departure, context: &mut LoopContext) {
        let is_known = self.is_known();
        let unreported = match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Gone => return,
            Stage::Closing(closing) => closing.why,
            _ => Some(why),
        };
        let Some(why) = unreported else {
            return;
        };
        log::debug!("{} at {}: {why}", self.id, self.address);
        if is_known {
            let peer = self.id;
            context.emit(Event::Left { peer, why });
        }
    }

    /// The peer broke the protocol or is silent. Emits `Left` at once, and sends the peer a goodbye
    /// if that is still possible.
    pub(super) fn handle_fault(&mut self, fault: Fault, context: &mut LoopContext) {
        let why = fault.departure();
        // A channel that failed can't seal a goodbye.
        let (Stage::Joined(_), Fault::Session(error)) = (&self.stage, fault) else {
            return self.end(why, context);
        };
        let silent = matches!(why, Departure::Silent);
        let text = error.to_string();
        let peer = self.id;
        self.start_closing(error.code(), &text, None, context);
        context.emit(Event::Left { peer, why });
        if silent {
            self.send(context);
            self.end(Departure::Silent, context);
        }
    }

    pub(super) fn handle_end_of_stream(&mut self, context: &mut LoopContext) {
        let why = self.refusal().unwrap_or(Departure::Closed);
        self.end(why, context);
    }

    pub(super) fn handle_io_error(&mut self, error: io::Error, context: &mut LoopContext) {
        let why = self.refusal().unwrap_or(Departure::Lost(error));
        self.end(why, context);
    }

    /// Ends a connection whose socket can't be written, once all bytes that arrived are read.
    pub(super) fn end_if_broken(&mut self, context: &mut LoopContext) {
        if !self.readiness.can_read()
            && let Some(error) = self.broken.take()
        {
            self.handle_io_error(error, context);
        }
    }

    fn start_closing(
        &mut self,
        code: ByeCode,
        text: &str,
        why: Option<Departure>,
        context: &mut LoopContext,
    ) {
        if self.broken.is_some() {
            // A goodbye can't be sent any more.
            return match why {
                Some(why) => self.end(why, context),
                None => self.stage = Stage::Gone,
            };
        }
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Joined(mut sealed) => {
                sealed.connection.bye(code, text);
                self.stage = Stage::Closing(Box::new(Closing {
                    sealed: *sealed,
                    until: context.now() + context.config.linger,
                    why,
                    is_shut: false,
                }));
                self.readiness.touch();
            }
            other => self.stage = other,
        }
    }

    /// The meaning of an end of the stream before the peer's first record. A listener that doesn't
    /// admit our key closes without a message, before or after our last handshake message. A
    /// listener that hasn't seen our key yet has another reason.
    fn refusal(&self) -> Option<Departure> {
        match &self.stage {
            Stage::Handshaking(handshaking)
                if self.side == Side::Dialer && !handshaking.awaits_owner() =>
            {
                Some(Departure::Unanswered)
            }
            Stage::Handshaking(_) => Some(Departure::Refused),
            Stage::Pairing(pairing) => Some(pairing.refusal()),
            Stage::Joined(sealed) => {
                (self.side == Side::Dialer && !sealed.has_received()).then_some(Departure::Refused)
            }
            _ => None,
        }
    }
}
