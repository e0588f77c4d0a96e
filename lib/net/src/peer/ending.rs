//! The ways in which a connection ends, and what the peer and our owner are told of it.

use std::io::{self, ErrorKind};

use transom_proto::Side;
use transom_wire::ByeCode;

use super::{Closing, Peer, Stage};
use crate::event::{Departure, Event};
use crate::link::Fault;
use crate::loop_context::LoopContext;

impl Peer {
    /// Does what is due. With `hold` this turn read no records, so a peer with unread bytes is not
    /// silent.
    pub(crate) fn expire(&mut self, turn: &mut LoopContext, hold: bool) {
        let now = turn.now();
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match &mut self.stage {
            Stage::Connecting { .. } => {
                let late = io::Error::new(ErrorKind::TimedOut, "no answer");
                self.leave(Departure::Unreachable(late), turn);
            }
            Stage::Greeting(_) => self.leave(Departure::HandshakeTimeout, turn),
            Stage::Joined(_) if hold && self.readable => {}
            Stage::Joined(link) => {
                let result = link.connection.handle_timeout(now);
                self.touched = true;
                match result {
                    Ok(()) => self.tell_events(turn),
                    Err(error) => self.part(Fault::Session(error), turn),
                }
            }
            Stage::Closing(_) => self.leave(Departure::ClosedHere, turn),
            Stage::Gone => {}
        }
    }

    /// Says goodbye where there is a session to say it in, and ends the connection anyway.
    pub(crate) fn close(&mut self, code: ByeCode, text: &str, turn: &mut LoopContext) {
        match self.stage {
            Stage::Joined(_) => self.say_bye(code, text, Some(Departure::ClosedHere), turn),
            Stage::Connecting { .. } | Stage::Greeting(_) => {
                self.leave(Departure::ClosedHere, turn);
            }
            Stage::Closing(_) | Stage::Gone => {}
        }
    }

    /// Ends the connection at once and tells why, if that is still owed.
    pub(crate) fn leave(&mut self, why: Departure, turn: &mut LoopContext) {
        let owed = match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Gone => return,
            Stage::Closing(closing) => closing.why,
            _ => Some(why),
        };
        let Some(why) = owed else {
            return;
        };
        log::debug!("{} at {}: {why}", self.id, self.address);
        if self.known {
            let peer = self.id;
            turn.tell(Event::Left { peer, why });
        }
    }

    /// The peer broke a rule, or is silent: it is told so, as far as it listens, and our owner at
    /// once.
    pub(super) fn part(&mut self, fault: Fault, turn: &mut LoopContext) {
        let why = fault.departure();
        // A channel that failed seals no goodbye either.
        let (Stage::Joined(_), Fault::Session(error)) = (&self.stage, fault) else {
            return self.leave(why, turn);
        };
        let silent = matches!(why, Departure::Silent);
        let text = error.to_string();
        let peer = self.id;
        self.say_bye(error.code(), &text, None, turn);
        turn.tell(Event::Left { peer, why });
        if silent {
            self.pump(turn);
            self.leave(Departure::Silent, turn);
        }
    }

    pub(super) fn hung_up(&mut self, turn: &mut LoopContext) {
        let why = self.refusal().unwrap_or(Departure::Closed);
        self.leave(why, turn);
    }

    pub(super) fn lose(&mut self, error: io::Error, turn: &mut LoopContext) {
        let why = self.refusal().unwrap_or(Departure::Lost(error));
        self.leave(why, turn);
    }

    fn say_bye(
        &mut self,
        code: ByeCode,
        text: &str,
        why: Option<Departure>,
        turn: &mut LoopContext,
    ) {
        match std::mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Joined(mut link) => {
                link.connection.bye(code, text);
                self.stage = Stage::Closing(Box::new(Closing {
                    link: *link,
                    until: turn.now() + turn.config.linger,
                    why,
                    is_shut: false,
                }));
                self.touched = true;
            }
            other => self.stage = other,
        }
    }

    /// What hanging up without a word means. A listener that does not admit our key does so, be it
    /// before or after our last handshake message; one that was not told our key yet has another
    /// reason.
    fn refusal(&self) -> Option<Departure> {
        match &self.stage {
            Stage::Greeting(greeting) if self.side == Side::Dialer && !greeting.is_answered() => {
                Some(Departure::Unanswered)
            }
            Stage::Greeting(_) => Some(Departure::Refused),
            Stage::Joined(link) => {
                (self.side == Side::Dialer && !link.was_heard()).then_some(Departure::Refused)
            }
            _ => None,
        }
    }
}
