//! Writing to a peer. The session chooses each record as late as possible (late binding).

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use transom_proto::{Order, Session};

use super::{Peer, Stage, Stop};
use crate::loop_context::LoopContext;
use crate::outbound::Flushed;

impl Peer {
    /// Sends while the socket has room. Records are chosen and sealed only when no sealed bytes
    /// wait.
    pub(crate) fn send(&mut self, context: &mut LoopContext) {
        if !self.readiness.take_work() || self.broken.is_some() {
            return;
        }
        self.retune(context);
        match self.write(context) {
            Ok(()) => self.emit_events(context),
            Err(Stop::Socket(error)) => self.write_failed(error, context),
            Err(Stop::Peer(fault)) => self.handle_fault(fault, context),
        }
    }

    fn write(&mut self, context: &mut LoopContext) -> Result<(), Stop> {
        let sealed = match &mut self.stage {
            Stage::Joined(sealed) => sealed,
            Stage::Closing(closing) => &mut closing.sealed,
            _ => return Ok(()),
        };
        let mut budget = context.config.write_budget;
        let mut batch = Batch::default();
        while self.readiness.can_write() {
            if self.outbound.flush(&self.stream)? == Flushed::WouldBlock {
                self.readiness.write_would_block();
                return Ok(());
            }
            if budget == 0 {
                self.readiness.touch();
                return Ok(());
            }
            let now = context.clock.now();
            let size = batch.next(&sealed.connection.session);
            while self.outbound.is_empty() || self.outbound.len() < size {
                let count = sealed.seal_next(&mut self.outbound, now);
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

    /// The socket can't be written any more, but the peer's goodbye, which gives the reason, may be
    /// unread. It is read within each turn's budget, since megabytes may precede it.
    fn write_failed(&mut self, error: io::Error, context: &mut LoopContext) {
        match self.stage {
            Stage::Joined(_) => {
                self.readiness.ends();
                self.broken = Some(error);
            }
            _ => self.handle_io_error(error, context),
        }
    }

    /// Tunes and marks the socket when a call or a transfer has begun or ended.
    fn retune(&mut self, context: &LoopContext) {
        if let Stage::Joined(sealed) = &self.stage {
            let session = &sealed.connection.session;
            let (live, shared) = (session.is_live(), session.has_shared_live());
            self.tuning.set_live(&self.stream, live, shared);
            if context.config.mark_packets {
                self.marks.set(&self.stream, session.traffic());
            }
        }
    }
}

/// How many bytes are sealed before they are written to the socket: several records in one system
/// call.
#[derive(Default)]
pub(crate) struct Batch {
    last: usize,
}

impl Batch {
    /// The size of the next batch; 0 means one record. While a call is live the first batch is
    /// small, since sealed bytes can't be replaced by fresher ones if the socket doesn't take them.
    /// A socket that took a batch whole gets a batch of twice that size.
    pub(crate) fn next(&mut self, session: &Session) -> usize {
        match session.is_live() && session.order() == Order::Priority {
            true => self.grow(first_live_batch(session.rate())),
            false => BATCH,
        }
    }

    fn grow(&mut self, first: usize) -> usize {
        self.last = (2 * self.last).clamp(first, LIVE_BATCH);
        self.last
    }
}

/// The first batch while a call is live.
fn first_live_batch(rate: Option<u64>) -> usize {
    let bytes = u128::from(rate.unwrap_or(0)) * LIVE_BATCH_TIME.as_micros() / 1_000_000;
    usize::try_from(bytes).map_or(LIVE_BATCH, |bytes| bytes.min(LIVE_BATCH))
}

/// The limit while no call is live.
const BATCH: usize = 256 * 1024;

/// The limit while a call is live: the kernel takes about as much at once (one GSO packet), however
/// low `TCP_NOTSENT_LOWAT` is.
const LIVE_BATCH: usize = 64 * 1024;

/// The first batch while a call is live, as time on the path: at 100 Mbit/s one or two records, and
/// half of the 4 ms by which file data may delay a picture there.
const LIVE_BATCH_TIME: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_live_batch_takes_two_milliseconds_of_the_path_and_is_bounded() {
        assert_eq!(first_live_batch(None), 0);
        assert_eq!(first_live_batch(Some(12_500_000)), 25_000, "100 Mbit/s");
        assert_eq!(first_live_batch(Some(32_768_000)), LIVE_BATCH);
        assert_eq!(first_live_batch(Some(u64::MAX)), LIVE_BATCH);
    }

    #[test]
    fn a_live_batch_doubles_while_the_socket_takes_it_and_is_bounded() {
        let mut batch = Batch::default();
        let sizes = [25_000, 25_000, 60_000, 25_000, 25_000].map(|first| batch.grow(first));
        assert_eq!(sizes, [25_000, 50_000, LIVE_BATCH, LIVE_BATCH, LIVE_BATCH]);
        assert_eq!(Batch::default().grow(25_000), 25_000, "the next turn");
    }
}
