//! How far a transfer is, and when our user is told.

use std::time::{Duration, Instant};

use super::Place;
use crate::context::Context;
use crate::meter::Meter;
use crate::notice::{Notice, Outcome, Phase, TransferStatus};

/// Pause between two notices of one transfer's progress: ten a second look smooth.
const NOTICE_PAUSE: Duration = Duration::from_millis(100);

/// Pause between two notices while nothing moves, so that the rate shows it.
const STALL_PAUSE: Duration = Duration::from_secs(1);

/// Status, its meter, and when our user was told last.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) status: TransferStatus,
    meter: Meter,
    /// The phase and the rate limit that the meter measures under.
    measured: (Phase, Option<u64>),
    /// `None` before the first notice.
    told: Option<Instant>,
    pub(super) changed: bool,
}

impl Account {
    pub(super) fn new(status: TransferStatus) -> Self {
        Self {
            measured: (status.phase, status.rate_limit),
            status,
            meter: Meter::default(),
            told: None,
            changed: true,
        }
    }

    /// When the user is to be told; a moment that has passed for at once.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let pause = match self.changed {
            true => NOTICE_PAUSE,
            false if self.status.phase == Phase::Running => STALL_PAUSE,
            false => return None,
        };
        Some(self.told.map_or(now, |told| told + pause))
    }

    /// Tells our user when it is due. `place` is where the transfer runs.
    pub(super) fn tell(&mut self, place: Option<Place>, now: Instant, out: &mut Context) {
        if self.due(now).is_none_or(|due| due > now) {
            return;
        }
        (self.told, self.changed) = (Some(now), false);
        self.limits(place, out);
        self.status.yields = out.shared_live;
        out.notify(Notice::Transfer(self.measured(now)));
    }

    fn limits(&mut self, place: Option<Place>, out: &mut Context) {
        let limits = place.and_then(|Place { link, file }| {
            out.with(link, |session| {
                (session.limited_by(file), session.rate_limit(file))
            })
        });
        let status = &mut self.status;
        let is_running = status.phase == Phase::Running;
        (status.limited_by, status.rate_limit) = limits.unwrap_or((None, status.rate_limit));
        status.limited_by = status.limited_by.filter(|_| is_running);
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
        let under = (status.phase, status.rate_limit);
        if std::mem::replace(&mut self.measured, under) != under {
            // What moved before, or did not, tells nothing about the rate from now on.
            self.meter = Meter::default();
        }
        // What was there before was not moved in this time.
        let moved = status.verified.saturating_sub(status.resumed);
        self.meter.add(now, moved);
        status.rate = self.meter.rate(now, moved);
        let there = status.verified.saturating_add(status.comparing);
        let left = status.bytes.saturating_sub(there);
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
    use crate::notice::{Direction, TransferId};
    use crate::settings::SendOptions;

    #[test]
    fn a_running_transfer_is_told_of_while_nothing_moves_and_a_paused_one_is_not() {
        let peer = "anna".parse().unwrap();
        let status = TransferStatus::new(TransferId(1), peer, Direction::Incoming, "film".into());
        let mut account = Account::new(status);
        let now = Instant::now();
        (account.told, account.changed) = (Some(now), false);
        assert_eq!(account.due(now), None);
        account.status.phase = Phase::Running;
        assert_eq!(account.due(now), Some(now + STALL_PAUSE));
        account.changed = true;
        assert_eq!(account.due(now), Some(now + NOTICE_PAUSE));
    }

    #[test]
    fn the_rate_is_measured_anew_after_a_pause_and_under_another_limit() {
        let peer = "anna".parse().unwrap();
        let status = TransferStatus::new(TransferId(1), peer, Direction::Incoming, "film".into());
        let mut account = Account::new(status);
        (account.status.bytes, account.status.is_counted) = (1_000_000, true);
        let (mut now, tenth) = (Instant::now(), Duration::from_millis(100));
        let mut run = |account: &mut Account, tenths: u32, bytes: u64| {
            for _ in 0..tenths {
                account.measured(now);
                account.status.verified += bytes;
                now += tenth;
            }
            account.measured(now).rate
        };
        account.status.phase = Phase::Running;
        assert_eq!(run(&mut account, 20, 1000), 10_000);
        account.status.phase = Phase::Paused;
        run(&mut account, 20, 0);
        account.status.phase = Phase::Running;
        assert_eq!(
            run(&mut account, 10, 1000),
            10_000,
            "the pause counts as well"
        );
        account.status.rate_limit = Some(1000);
        assert_eq!(
            run(&mut account, 10, 100),
            1000,
            "what moved before counts as well"
        );
        assert_eq!(account.status.eta, Some(Duration::from_secs(969)));
    }

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
