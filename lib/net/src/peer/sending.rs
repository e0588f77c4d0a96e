//! A peer's turn to be spoken to. What goes next is asked of the session as late as can be.

use std::io;
use std::net::Shutdown;

use transom_proto::Order;

use super::{Peer, Stage, Stop};
use crate::loop_context::LoopContext;
use crate::outbound::Flushed;

impl Peer {
    /// Sends while the socket takes it: a record is chosen and sealed only when nothing sealed
    /// waits before it.
    pub(crate) fn pump(&mut self, turn: &mut LoopContext) {
        if !std::mem::take(&mut self.touched) {
            return;
        }
        self.retune(turn);
        match self.write(turn) {
            Ok(()) => self.tell_events(turn),
            Err(Stop::Socket(error)) => self.write_failed(error, turn),
            Err(Stop::Peer(fault)) => self.part(fault, turn),
        }
    }

    fn write(&mut self, turn: &mut LoopContext) -> Result<(), Stop> {
        let link = match &mut self.stage {
            Stage::Joined(link) => link,
            Stage::Closing(closing) => &mut closing.link,
            _ => return Ok(()),
        };
        let mut budget = turn.config.write_budget;
        while self.writable {
            if self.outbound.flush(&self.stream)? == Flushed::WouldBlock {
                self.writable = false;
                return Ok(());
            }
            if budget == 0 {
                self.touched = true;
                return Ok(());
            }
            let session = &link.connection.session;
            let late = session.is_live() && session.order() == Order::Priority;
            let batch = if late { 1 } else { BATCH };
            let now = turn.clock.now();
            while self.outbound.len() < batch {
                let count = link.seal_next(&mut self.outbound, &mut turn.plain, now);
                match count.map_err(Stop::Peer)? {
                    0 => break,
                    count => budget = budget.saturating_sub(count),
                }
            }
            if self.outbound.is_empty() {
                break;
            }
        }
        if let Stage::Closing(closing) = &mut self.stage
            && self.outbound.is_empty()
            && !closing.is_shut
        {
            closing.is_shut = true;
            self.stream.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    /// The socket takes nothing any more, but a goodbye may have come that says why.
    fn write_failed(&mut self, error: io::Error, turn: &mut LoopContext) {
        self.writable = false;
        if let Stage::Joined(_) = self.stage {
            self.readable = true;
            // What the system still holds is bounded; the connection brings no more.
            while self.readable && matches!(self.stage, Stage::Joined(_)) {
                self.receive(turn);
            }
        }
        self.lose(error, turn);
    }

    /// Tunes and marks the socket when a call or a transfer has begun or ended.
    fn retune(&mut self, turn: &LoopContext) {
        if let Stage::Joined(link) = &self.stage {
            let session = &link.connection.session;
            let (live, shared) = (session.is_live(), session.has_shared_live());
            self.tuning.set_live(&self.stream, live, shared);
            if turn.config.mark_packets {
                self.marks.set(&self.stream, session.traffic());
            }
        }
    }
}

/// Sealed bytes that may wait when no call does: several bulk records in one system call.
pub(crate) const BATCH: usize = 256 * 1024;
