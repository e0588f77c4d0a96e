//! Pings, silence, and the offset of the peer's clock from ours (wire 4).

use core::cmp::Reverse;
use core::time::Duration;

use transom_wire::{DecodeError, Message, Ping, Pong};

use super::min_filter::MinFilter;
use crate::send::Record;
use crate::{Config, Instant, PeerError};

/// Pings every second, also while other bytes arrive: the clock offset needs many probes, of which
/// some meet no queue.
///
/// The offset is that of the shortest round trip of the last 15 to 30 s, as in NTP's clock filter:
/// wrong by at most half of that round trip, whatever queues the other probes met.
pub(crate) struct Pinger {
    every: Duration,
    give_up: Duration,
    /// When the peer was heard last, by the rules of [`Liveness`](crate::liveness::Liveness).
    heard: Instant,
    /// When the next ping is due; `None` while one waits to be sent.
    next: Option<Instant>,
    /// The clock of the last ping.
    asked: Option<Instant>,
    /// The clock of the peer's last ping, if that is not answered; older pings get no answer.
    echo: Option<u64>,
    rtt: Option<Duration>,
    probes: MinFilter<Probe>,
}

/// An answered ping. The best is the minimum: that of the shortest round trip, of equal ones the
/// newest.
///
/// ```text
///  ours   sent ---- middle ---- at        offset = peer's clock - middle
///             \              /            The peer read its clock somewhere between `sent` and
///  peer's      `-- clock ----'            `at`, so the offset is wrong by half of `rtt` at most.
/// ```
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Probe {
    rtt: Duration,
    /// When its pong came.
    at: Reverse<Instant>,
    /// The peer's clock less ours, in microseconds.
    offset: i64,
}

impl Probe {
    /// Whether the two offsets differ by more than their errors and drift allow: then the peer's
    /// clock or ours has stepped between them.
    fn contradicts(&self, newer: &Self) -> bool {
        let apart = newer.offset.wrapping_sub(self.offset).unsigned_abs();
        let drift = (newer.at.0 - self.at.0) / DRIFT;
        Duration::from_micros(apart) > (self.rtt + newer.rtt) / 2 + drift
    }
}

impl Pinger {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        Self {
            every: config.idle_ping,
            give_up: config.give_up,
            heard: now,
            next: None,
            asked: None,
            echo: None,
            rtt: None,
            probes: MinFilter::default(),
        }
    }

    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Result<(), PeerError> {
        self.next = self.next.filter(|due| *due > now);
        if now - self.heard >= self.give_up {
            return Err(PeerError::Silent);
        }
        Ok(())
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        let lost = self.heard + self.give_up;
        self.next.map_or(lost, |due| due.min(lost))
    }

    pub(crate) fn handle_ping(&mut self, ping: Ping) {
        self.echo = Some(ping.clock);
    }

    pub(crate) fn handle_pong(&mut self, pong: Pong, now: Instant) -> Result<(), PeerError> {
        let sent = Instant(pong.echo);
        if self.asked.is_none_or(|asked| sent > asked) {
            return Err(DecodeError::Illegal("echo").into());
        }
        let rtt = now - sent;
        let middle = sent + rtt / 2;
        let probe = Probe {
            rtt,
            at: Reverse(now),
            offset: pong.clock.wrapping_sub(middle.0).cast_signed(),
        };
        self.rtt = Some(rtt);
        let best = self.probes.value();
        if best.is_some_and(|best| best.contradicts(&probe)) {
            self.probes = MinFilter::default();
        }
        self.probes.take(probe, now);
        Ok(())
    }

    /// Writes the ping and the pong that are due.
    pub(crate) fn pull(&mut self, record: &mut Record<'_>, now: Instant) {
        if let Some(echo) = self.echo {
            let pong = Message::Pong(Pong { echo, clock: now.0 });
            if record.push(0, 0, &pong) {
                self.echo = None;
            }
        }
        if self.next.is_none_or(|due| due <= now) {
            let ping = Message::Ping(Ping { clock: now.0 });
            if record.push(0, 0, &ping) {
                self.asked = Some(now);
                self.next = Some(now + self.every);
            }
        }
    }

    pub(crate) fn to_local(&self, peer_clock: u64) -> Option<Instant> {
        let offset = self.probes.value()?.offset;
        Some(Instant(peer_clock.wrapping_sub(offset.cast_unsigned())))
    }

    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    pub(crate) fn min_rtt(&self) -> Option<Duration> {
        Some(self.probes.value()?.rtt)
    }

    pub(crate) fn silent(&self, now: Instant) -> Duration {
        now - self.heard
    }
}

/// Two clocks drift apart by less than a thousandth of the time: crystals by 0.1 per mille, and NTP
/// slews by 0.5 at most.
const DRIFT: u32 = 1000;

#[cfg(test)]
mod tests;
