//! What is known of the way to the peer, and what may be on it.

pub(crate) mod ack;
mod base;
mod in_flight;
mod min_filter;
mod ping;
mod rate;

use core::time::Duration;

use transom_wire::Ack;
use transom_wire::limits::{HEADER, RECORD_BULK, RECORD_LIVE, SMALL_PAYLOAD};

use crate::{Config, Instant, PeerError};
use ack::{ACK_BYTES, AckSender};
use base::{BaseDelay, Delays};
use in_flight::InFlight;
use ping::Pinger;
use rate::Rate;

pub(crate) use in_flight::Sizes;

/// The way to the peer: what its acks and pongs tell, and how many bytes of each class may be on it.
pub(crate) struct Path {
    /// Acks that we owe.
    pub(crate) acks: AckSender,
    /// Pings, silence, and the peer's clock.
    pub(crate) pinger: Pinger,
    in_flight: InFlight,
    rate: Rate,
    base: BaseDelay,
    /// How long the last byte acked waited on the way.
    queue_delay: Duration,
    /// See `Config::bulk_target`.
    target: Duration,
    /// See `Config::bulk_floor`.
    floor: u64,
    /// A call of this session rings or runs.
    own_live: bool,
    /// A call rings or runs anywhere at this station, or in another program of its owner.
    shared_live: bool,
}

/// A rate before it was measured, in bytes per second: that of a modem, so that the first bytes
/// don't block a slow link.
const FIRST: u64 = 16 * 1024;

/// Longest serialization time of a record. Pings go once a second, and texts and answers wait
/// behind the record that is being sent: a quarter of a second keeps both lively. From 2 Mbit/s on
/// this limits nothing.
const RECORD_TIME: Duration = Duration::from_millis(250);

/// The same while anything is live: the longest that a picture waits behind a record of file data.
const RECORD_TIME_LIVE: Duration = Duration::from_millis(3);

/// Smallest limit of a record: the largest frame that can't be split, and an ack. Below 136 kbit/s
/// it takes more than [`RECORD_TIME`]; at 10 kbit/s it takes 3.4 s, less than a call's silence.
const LEAST_RECORD: usize = HEADER + SMALL_PAYLOAD + ACK_BYTES;

/// Drain time of the file data in flight while no call is live. More would only fill the buffers of
/// the path, in front of texts and pings and of the TCP acks of what the peer sends: half a minute
/// of them stalled the peer's TCP. It must be more than a round trip, or a long path is not filled.
const IN_FLIGHT_TIME: Duration = Duration::from_secs(2);

/// What is on the way drains within this, beyond the round trip of the empty path, when the next
/// piece of a picture is sent.
const MEDIA_TIME: Duration = Duration::from_millis(20);

/// Bytes of pictures that may be in flight before anything was measured.
const MEDIA_FIRST: u64 = 32 * 1024;

/// Pings and acks that are in flight until something else is acked.
const STRAY: u64 = 256;

/// What a TCP segment carries: less than that is not worth a record.
const SEGMENT: u64 = 1448;

/// The window never closes below this, so that file data keep moving and keep measuring.
const LEAST_WINDOW: u64 = 3 * 1024;

impl Path {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        Self {
            acks: AckSender::default(),
            pinger: Pinger::new(config, now),
            in_flight: InFlight::default(),
            rate: Rate::new(),
            base: BaseDelay::default(),
            queue_delay: Duration::ZERO,
            target: config.bulk_target,
            floor: u64::from(config.bulk_floor.min(100)),
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
        let Some(sample) = self.in_flight.handle_ack(ack, now)? else {
            return Ok(());
        };
        let is_clean = sample.ahead <= self.bytes_in(self.base_rtt()) + STRAY;
        // A record takes its own time beyond the base delay.
        let own = self.time_of(sample.own.saturating_sub(SEGMENT));
        let delays = Delays {
            one_way: sample
                .one_way
                .saturating_sub_unsigned(own.as_micros() as u64),
            rtt: sample.rtt.saturating_sub(own),
        };
        self.base.take(delays, is_clean, now);
        let base = self.base.value().unwrap_or(delays).one_way;
        let queued = delays.one_way.saturating_sub(base);
        self.queue_delay = Duration::from_micros(queued.max(0).unsigned_abs());
        self.rate.handle_ack(ack, self.queue_delay, self.base_rtt());
        Ok(())
    }

    /// Calls ring or run: `own` in this session, `shared` anywhere at this station or in another
    /// program of its owner. Links are shared, so file data of a session without a call must spare
    /// the calls of the others too.
    pub(crate) fn set_live(&mut self, own: bool, shared: bool) {
        (self.own_live, self.shared_live) = (own, shared);
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
        let bulk = self.in_flight.by_class().bulk;
        if !self.is_live() {
            let window = self.bytes_in(IN_FLIGHT_TIME).max(2 * LEAST_RECORD as u64);
            return to_usize(window.saturating_sub(bulk));
        }
        if self.base.is_overdue(now) {
            return self.probe_budget();
        }
        let window = self.bulk_window();
        let shared = window.saturating_sub(self.in_flight.unacked());
        let own = match self.own_live {
            true => 0,
            false => self.floor_window().saturating_sub(bulk),
        };
        // Acks come a few times per window only if records are smaller than it.
        let room = shared.max(own).min((window / 2).max(SEGMENT));
        // Less than a segment is not worth a record, but the window must be used to grow.
        if room < SEGMENT.min(window / 8) {
            0
        } else {
            to_usize(room)
        }
    }

    /// Bytes of pictures and sound that may be sent now.
    pub(crate) fn media_budget(&self, now: Instant) -> usize {
        if self.base.is_overdue(now) {
            return self.probe_budget();
        }
        let least = match self.rate.is_limited() {
            true => LEAST_RECORD as u64,
            false => MEDIA_FIRST,
        };
        let window = self.window(MEDIA_TIME).max(least);
        let room = window.saturating_sub(self.in_flight.unacked());
        if room < SEGMENT { 0 } else { to_usize(room) }
    }

    /// The base delay must be seen anew: one record after the other, each sent when so little is
    /// ahead of it that its sample is clean.
    fn probe_budget(&self) -> usize {
        match self.in_flight.unacked() <= self.bytes_in(self.base_rtt() * 3 / 4) + STRAY {
            true => LEAST_RECORD,
            false => 0,
        }
    }

    /// Bytes of the largest record that may be sent now.
    pub(crate) fn record_limit(&self) -> usize {
        let (most, time) = match (self.is_live(), self.rate.is_limited()) {
            (true, true) => (RECORD_LIVE, RECORD_TIME_LIVE),
            (true, false) => (RECORD_LIVE, 5 * RECORD_TIME_LIVE),
            (false, _) => (RECORD_BULK, RECORD_TIME),
        };
        most.min(to_usize(self.bytes_in(time)).max(LEAST_RECORD))
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
        self.rate.value()
    }

    /// Plain bytes sent, and how many of them are not acked.
    pub(crate) fn sent(&self) -> (u64, u64) {
        (self.in_flight.sent(), self.in_flight.unacked())
    }

    /// How long the last byte acked waited on the way.
    pub(crate) fn queue_delay(&self) -> Duration {
        self.queue_delay
    }

    /// Bytes of file data that may be in flight while anything is live and no media are.
    pub(crate) fn bulk_window(&self) -> u64 {
        self.window(self.target()).max(LEAST_WINDOW)
    }

    /// Bytes that may be in flight so that they wait for no longer than `queue`.
    fn window(&self, queue: Duration) -> u64 {
        let window = self.bytes_in(self.base_rtt() + queue);
        match self.rate.is_limited() {
            true => window,
            false => window.saturating_mul(2),
        }
    }

    /// File data that may be in flight whatever else is: their share of what passes in a round trip.
    fn floor_window(&self) -> u64 {
        let round_trip = self.base_rtt() + self.queue_delay;
        LEAST_WINDOW.max(self.bytes_in(round_trip) * self.floor / 100)
    }

    /// The queue that file data may cause: a long path takes a longer one to be kept full.
    fn target(&self) -> Duration {
        self.target.max(self.base_rtt() / 4)
    }

    fn base_rtt(&self) -> Duration {
        self.base
            .value()
            .map_or(Duration::ZERO, |Delays { rtt, .. }| rtt)
    }

    /// How long the path takes to deliver so many bytes; nothing while its rate is not known.
    fn time_of(&self, bytes: u64) -> Duration {
        let Some(rate) = self.rate.value().filter(|_| self.rate.is_limited()) else {
            return Duration::ZERO;
        };
        let micros = u128::from(bytes) * 1_000_000 / u128::from(rate);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// What the path delivers in that time.
    fn bytes_in(&self, time: Duration) -> u64 {
        let rate = u128::from(self.rate.value().unwrap_or(FIRST));
        u64::try_from(rate * time.as_micros() / 1_000_000).unwrap_or(u64::MAX)
    }
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
