//! How received transfers share the session's flow control window.

use transom_wire::limits::LEAF;

use super::{Files, Transfer};
use crate::Instant;
use crate::send::Output;

/// The session's window in bytes: a reserved part for each transfer, and a part that the moving
/// transfers share.
struct Shares {
    /// Reserved for each transfer.
    own: u64,
    /// Most that one transfer may have of the shared part.
    most: u64,
    /// What is left of the shared part.
    free: u64,
}

impl Files {
    /// Queues the due grants, progress and limits of all transfers.
    pub(crate) fn flush(&mut self, output: &mut Output, now: Instant) {
        let Shares {
            own,
            most,
            mut free,
        } = self.shares(now);
        // A small window is less than the sum of the reserved parts: older transfers come first.
        let mut left = self.session_window.saturating_sub(self.granted().0);
        for (stream, transfer) in &mut self.open {
            match transfer {
                Transfer::Sending(sending) => {
                    sending.throttle.flush(*stream, output);
                    sending.bottleneck.flush(*stream, output);
                }
                Transfer::Receiving(receiving) => {
                    let before = receiving.outstanding();
                    free += before.saturating_sub(own);
                    let more = match receiving.throttle.is_paused() {
                        true => 0,
                        false => free.min(most),
                    };
                    receiving.flush((own + more).min(before + left), output, now);
                    let after = receiving.outstanding();
                    free = free.saturating_sub(after.saturating_sub(own));
                    left = left.saturating_sub(after - before);
                }
            }
        }
    }

    /// Bytes granted to the peer and not yet taken by the disk, and those of them that were given
    /// out as events.
    pub(crate) fn granted(&self) -> (u64, u64) {
        let receiving = self.open.values().filter_map(|transfer| match transfer {
            Transfer::Receiving(receiving) => Some(receiving),
            Transfer::Sending(_) => None,
        });
        receiving.fold((0, 0), |(granted, storing), receiving| {
            let granted = granted + receiving.outstanding();
            (granted, storing + receiving.storing())
        })
    }

    fn shares(&self, now: Instant) -> Shares {
        let window = self.session_window;
        let transfers = u64::try_from(self.most).unwrap_or(u64::MAX).max(1);
        let own = (window / 2 / transfers)
            .max(LEAF as u64)
            .min(self.grant_window);
        let shared = window - own.saturating_mul(transfers).min(window / 2);
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

    /// Whether data were received a short while ago.
    fn moves(&self, now: Instant) -> bool {
        match self {
            Self::Sending(_) => false,
            Self::Receiving(receiving) => receiving.moves(now),
        }
    }
}
