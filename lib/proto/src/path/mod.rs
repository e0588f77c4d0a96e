//! What is known of the way to the peer, and what may be on it.

pub(crate) mod ack;
mod bulk;
mod in_flight;
mod min_filter;
mod ping;
mod rate;

use core::time::Duration;

use transom_wire::Ack;
use transom_wire::limits::{RECORD_BULK, RECORD_LIVE};

use crate::{Config, Instant, PeerError};
use ack::AckSender;
use bulk::Window;
use in_flight::InFlight;
use ping::Pinger;
use rate::Delivery;

pub(crate) use in_flight::Sizes;

/// The way to the peer: what its acks and pongs tell, and how many bytes of each class may be on it.
pub(crate) struct Path {
    /// Acks that we owe.
    pub(crate) acks: AckSender,
    /// Pings, silence, and the peer's clock.
    pub(crate) pinger: Pinger,
    in_flight: InFlight,
    rate: Delivery,
    bulk: Window,
    /// See `Config::video_gate`.
    gate: u64,
    /// A call of this session rings or runs.
    own_live: bool,
    /// A call rings or runs anywhere at this station, or in another program of its owner.
    shared_live: bool,
}

impl Path {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        Self {
            acks: AckSender::default(),
            pinger: Pinger::new(config, now),
            in_flight: InFlight::default(),
            rate: Delivery::new(),
            bulk: Window::new(config.bulk_target),
            gate: config.video_gate,
            own_live: false,
            shared_live: false,
        }
    }

    /// A record left, with so many bytes of each class in it.
    pub(crate) fn on_sent(&mut self, sizes: Sizes, now: Instant) {
        self.in_flight.record(sizes, now);
    }

    /// # Errors
    /// The peer acks bytes that were not sent, or takes an ack back.
    pub(crate) fn on_ack(&mut self, ack: Ack, now: Instant) -> Result<(), PeerError> {
        let bulk = self.in_flight.by_class().bulk;
        if let Some(sample) = self.in_flight.handle_ack(ack)? {
            self.bulk.handle_sample(sample, bulk, now);
            self.rate.handle_ack(ack, self.bulk.delay());
        }
        Ok(())
    }

    /// Calls ring or run: `own` in this session, `shared` anywhere at this station or in another
    /// program of its owner. Links are shared, so file data of a session without a call must spare
    /// the calls of the others too.
    pub(crate) fn set_live(&mut self, own: bool, shared: bool, _now: Instant) {
        let was_live = self.is_live();
        (self.own_live, self.shared_live) = (own, shared);
        if !was_live && self.is_live() {
            self.bulk.restart();
        }
    }

    /// Whether file data must keep the queue on the way short.
    pub(crate) fn is_live(&self) -> bool {
        self.own_live || self.shared_live
    }

    pub(crate) fn has_shared_live(&self) -> bool {
        self.shared_live
    }

    /// Bytes of file data that may be sent now.
    pub(crate) fn bulk_budget(&self, now: Instant) -> usize {
        let in_flight = self.in_flight.by_class().bulk;
        match self.is_live() {
            true => usize::try_from(self.bulk.room(in_flight, now)).unwrap_or(usize::MAX),
            false => self.rate.room(in_flight),
        }
    }

    /// Bytes of pictures and sound that may be sent now.
    pub(crate) fn media_budget(&self, _now: Instant) -> usize {
        let others = self.in_flight.unacked() - self.in_flight.by_class().bulk;
        usize::try_from(self.gate.saturating_sub(others)).unwrap_or(usize::MAX)
    }

    /// Bytes of the largest record that may be sent now.
    pub(crate) fn record_limit(&self, _now: Instant) -> usize {
        self.rate.record(match self.is_live() {
            true => RECORD_LIVE,
            false => RECORD_BULK,
        })
    }

    /// Bytes of texts and file control that are not acked.
    pub(crate) fn text_in_flight(&self) -> u64 {
        self.in_flight.by_class().text
    }

    /// Whether something has been on the way for so long beyond the shortest round trip. Not before
    /// a round trip was measured.
    pub(crate) fn stands_still(&self, span: Duration, now: Instant) -> bool {
        let patience = self.pinger.min_rtt().map(|rtt| rtt + span);
        let waits = self.in_flight.oldest().map(|oldest| now - oldest);
        waits
            .zip(patience)
            .is_some_and(|(waits, patience)| waits > patience)
    }

    /// The delivery rate, in bytes per second; `None` before it was measured.
    pub(crate) fn rate(&self) -> Option<u64> {
        self.rate.rate()
    }

    /// When a budget grows although no ack comes; not while nothing is live.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let probe = self.bulk.probe_end();
        probe.filter(|at| *at > now && self.is_live())
    }

    /// Plain bytes sent, and how many of them are not acked.
    pub(crate) fn sent(&self) -> (u64, u64) {
        (self.in_flight.sent(), self.in_flight.unacked())
    }

    /// How long the last byte acked waited on the way.
    pub(crate) fn queue_delay(&self) -> Duration {
        self.bulk.delay()
    }

    /// Bytes of file data that may be in flight while anything is live.
    pub(crate) fn bulk_window(&self) -> u64 {
        self.bulk.size()
    }
}
