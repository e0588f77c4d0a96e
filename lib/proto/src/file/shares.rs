//! How the transfers to us share the session's window, and what changed in their state.

use super::{Files, Transfer};
use crate::Instant;
use crate::outlet::Outlet;

/// How the session's window is shared among the transfers to us, in bytes.
struct Shares {
    /// What each has for itself.
    own: u64,
    /// What one may have of the part that all share: those that move get equal parts of it.
    most: u64,
    /// What nobody holds of that part.
    free: u64,
}

impl Files {
    /// Puts what changed in the transfers' state into the queue of texts.
    pub(crate) fn flush(&mut self, outlet: &mut Outlet, now: Instant) {
        let Shares {
            own,
            most,
            mut free,
        } = self.shares(now);
        for (stream, transfer) in &mut self.open {
            match transfer {
                Transfer::Sending(sending) => sending.throttle.flush(*stream, outlet),
                Transfer::Receiving(receiving) => {
                    free += receiving.outstanding().saturating_sub(own);
                    receiving.flush(own + free.min(most), outlet, now);
                    free = free.saturating_sub(receiving.outstanding().saturating_sub(own));
                }
            }
        }
    }

    fn shares(&self, now: Instant) -> Shares {
        let transfers = u64::try_from(self.most).unwrap_or(u64::MAX).max(1);
        let own = (self.session_window / 2 / transfers).min(self.grant_window);
        let shared = self
            .session_window
            .saturating_sub(own.saturating_mul(transfers));
        let held = self.open.values().map(Transfer::outstanding);
        let held: u64 = held.map(|bytes| bytes.saturating_sub(own)).sum();
        let moving = self.open.values().filter(|transfer| transfer.moves(now));
        let moving = u64::try_from(moving.count()).unwrap_or(u64::MAX).max(1);
        Shares {
            own,
            most: shared / moving,
            free: shared.saturating_sub(held),
        }
    }
}

impl Transfer {
    fn outstanding(&self) -> u64 {
        match self {
            Self::Sending(_) => 0,
            Self::Receiving(receiving) => receiving.outstanding(),
        }
    }

    /// Whether data of it came a short while ago.
    fn moves(&self, now: Instant) -> bool {
        match self {
            Self::Sending(_) => false,
            Self::Receiving(receiving) => receiving.moves(now),
        }
    }
}
