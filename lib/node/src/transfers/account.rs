//! How far a transfer is, and when our user is told.

use std::time::{Duration, Instant};

use crate::context::Context;
use crate::meter::Meter;
use crate::notice::{Notice, Outcome, Phase, TransferStatus};

/// Pause between two notices of one transfer's progress: ten a second look smooth.
const NOTICE_PAUSE: Duration = Duration::from_millis(100);

/// Status, its meter, and when our user is to be told next.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) status: TransferStatus,
    pub(super) meter: Meter,
    /// `None` before the first.
    next_notice: Option<Instant>,
    pub(super) changed: bool,
}

impl Account {
    pub(super) fn new(status: TransferStatus) -> Self {
        Self {
            status,
            meter: Meter::default(),
            next_notice: None,
            changed: true,
        }
    }

    /// When the user is to be told; a moment that has passed for at once.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.changed.then(|| self.next_notice.unwrap_or(now))
    }

    pub(super) fn tell(&mut self, now: Instant, out: &mut Context) {
        if self.due(now).is_some_and(|due| due <= now) {
            (self.next_notice, self.changed) = (Some(now + NOTICE_PAUSE), false);
            self.status.yields = out.shared_live;
            out.notify(Notice::Transfer(self.measured(now)));
        }
    }

    /// A file of it has come that far.
    pub(super) fn moves(&mut self, path: &str, bytes: u64, moved: u64) {
        let current = self.status.current.get_or_insert_default();
        if current.path != path {
            path.clone_into(&mut current.path);
        }
        (current.bytes, current.moved) = (bytes, moved);
    }

    fn measured(&mut self, now: Instant) -> TransferStatus {
        let status = &mut self.status;
        // What was there before was not moved in this time.
        let moved = status.verified.saturating_sub(status.resumed);
        self.meter.add(now, moved);
        status.rate = self.meter.rate(now, moved);
        let left = status.bytes.saturating_sub(status.verified);
        status.eta = Meter::eta(status.rate, left).filter(|_| status.is_counted);
        status.clone()
    }

    pub(super) fn ended(&mut self, outcome: Outcome, out: &mut Context) {
        let mut status = self.measured(out.now());
        (status.phase, status.current) = (Phase::Ended, None);
        out.notify(Notice::TransferEnded { status, outcome });
    }
}

#[cfg(test)]
mod tests {
    use super::super::sending::Outgoing;
    use super::*;
    use crate::notice::TransferId;
    use crate::settings::SendOptions;

    #[test]
    fn a_rate_counts_only_what_moved_now() {
        let peer = "anna".parse().unwrap();
        let options = SendOptions::default();
        let mut account = Outgoing::new(TransferId(1), peer, "film".into(), options).account;
        (account.status.bytes, account.status.is_counted) = (1_001_000, true);
        let start = Instant::now();
        account.measured(start);
        (account.status.resumed, account.status.verified) = (1_000_000, 1_000_500);
        let status = account.measured(start + Duration::from_secs(1));
        assert_eq!(status.rate, 500);
        assert_eq!(status.eta, Some(Duration::from_secs(1)));
        account.status.is_counted = false;
        assert_eq!(account.measured(start + Duration::from_secs(2)).eta, None);
    }
}
