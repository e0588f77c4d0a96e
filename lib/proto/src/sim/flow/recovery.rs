//! Recovery from loss, with proportional rate reduction (RFC 6937).

use crate::sim::cubic::MSS;

/// A recovery, which ends when all that was sent before it is acked.
#[derive(Debug)]
pub(super) struct Recovery {
    until: u64,
    /// `None` after a timeout.
    reduction: Option<Reduction>,
}

/// Proportional rate reduction: sends in proportion to what is delivered, down to the new window.
#[derive(Debug, Default)]
struct Reduction {
    in_flight: usize,
    delivered: usize,
    sent: usize,
    window: usize,
}

impl Recovery {
    /// A loss was detected with so many bytes in flight; `sent` is the end of what was sent.
    pub(super) fn after_loss(sent: u64, in_flight: usize) -> Self {
        let reduction = Reduction {
            in_flight,
            ..Reduction::default()
        };
        Self {
            until: sent,
            reduction: Some(reduction),
        }
    }

    /// The retransmission timeout has passed; `sent` is the end of what was sent.
    pub(super) fn after_timeout(sent: u64) -> Self {
        Self {
            until: sent,
            reduction: None,
        }
    }

    pub(super) fn is_after_timeout(&self) -> bool {
        self.reduction.is_none()
    }

    pub(super) fn is_over(&self, acked: u64) -> bool {
        acked >= self.until
    }

    /// Bytes that may be in flight; `None` for what the congestion window allows.
    pub(super) fn window(&self) -> Option<usize> {
        self.reduction.as_ref().map(|reduction| reduction.window)
    }

    pub(super) fn on_sent(&mut self, bytes: usize) {
        if let Some(reduction) = &mut self.reduction {
            reduction.sent += bytes;
        }
    }

    /// So many bytes were delivered; `pipe` bytes are in flight, and the congestion window is
    /// `threshold`. Returns whether the reduction sets the window.
    pub(super) fn on_delivered(&mut self, bytes: usize, pipe: usize, threshold: usize) -> bool {
        let Some(reduction) = &mut self.reduction else {
            return false;
        };
        reduction.delivered += bytes;
        let more = if pipe > threshold {
            let due =
                reduction.delivered as u64 * threshold as u64 / reduction.in_flight.max(1) as u64;
            (due as usize).saturating_sub(reduction.sent)
        } else {
            let earned = reduction.delivered.saturating_sub(reduction.sent);
            (threshold - pipe).min(earned.max(bytes) + MSS)
        };
        // At least the first lost segment is sent again at once.
        reduction.window = pipe + more.max(if reduction.sent == 0 { MSS } else { 0 });
        true
    }
}
