//! Pings, silence, and how far the peer's clock is from ours (wire 4).

use core::time::Duration;

use transom_wire::{DecodeError, Message, Ping, Pong};

use crate::least::Least;
use crate::record::Record;
use crate::{Config, Instant, PeerError};

/// Pings every second, also while other bytes come: the clock offset needs probes that nothing
/// delays.
pub(crate) struct Pinger {
    every: Duration,
    give_up: Duration,
    /// When a whole frame came last; mere bytes of one don't count, or a trickle would live
    /// forever.
    heard: Instant,
    /// When the next ping is due; `None` while one waits to be sent.
    next: Option<Instant>,
    /// The clock of the last ping.
    asked: Option<Instant>,
    /// The peer's last ping that is not answered; older ones are forgotten.
    echo: Option<u64>,
    rtt: Option<Duration>,
    least: Least,
    /// The peer's clock less ours, by the probe with the shortest round trip.
    offset: Option<i64>,
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
            least: Least::default(),
            offset: None,
        }
    }

    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Result<(), PeerError> {
        if self.next.is_some_and(|due| due <= now) {
            self.next = None;
        }
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
        let micros = i64::try_from(rtt.as_micros()).unwrap_or(i64::MAX);
        self.rtt = Some(rtt);
        let aged = self.least.take(micros, now);
        if aged || self.least.value() == Some(micros) {
            let middle = sent + rtt / 2;
            self.offset = Some(pong.clock.wrapping_sub(middle.0).cast_signed());
        }
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
        let offset = self.offset?;
        Some(Instant(peer_clock.wrapping_sub(offset.cast_unsigned())))
    }

    pub(crate) fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    pub(crate) fn min_rtt(&self) -> Option<Duration> {
        let least = self.least.value()?;
        Some(Duration::from_micros(least.unsigned_abs()))
    }

    pub(crate) fn silent(&self, now: Instant) -> Duration {
        now - self.heard
    }
}
