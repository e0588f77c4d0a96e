//! Budgets: how many bytes may be sent now, so that what is on the way drains in time.

use core::time::Duration;

use transom_wire::limits::{HEADER, RECORD_BULK, RECORD_LIVE, SMALL_PAYLOAD};

use super::Path;
use super::ack::ACK_BYTES;
use super::uplink::bytes_in;
use crate::Instant;

/// The rate that is assumed before one was measured, in bytes per second: that of a modem, so that
/// the first bytes don't block a slow link.
pub(super) const FIRST_RATE: u64 = 16 * 1024;

/// Longest serialization time of a record. Pings go once a second, and texts and answers wait
/// behind the record that is being sent: a quarter of a second keeps both lively. From 2 Mbit/s on
/// this limits nothing.
const RECORD_TIME: Duration = Duration::from_millis(250);

/// Longest serialization time of a record while anything is live: the longest that a picture waits
/// behind a record of file data.
const RECORD_TIME_LIVE: Duration = Duration::from_millis(3);

/// Longest serialization time of a record while anything is live and the path's rate is not known:
/// the path may be far faster than what was measured.
const RECORD_TIME_UNKNOWN: Duration = Duration::from_millis(10);

/// Smallest limit of a record: the largest frame that can't be split, and an ack. Below 149 kbit/s
/// it takes more than [`RECORD_TIME`]; at 10 kbit/s it takes 3.7 s, less than a call's silence.
pub(super) const LEAST_RECORD: usize = HEADER + SMALL_PAYLOAD + ACK_BYTES;

/// Drain time of the file data in flight while nothing is live. More would only fill the buffers of
/// the path, in front of texts and pings and of the TCP acks of what the peer sends: half a minute
/// of them stalled the peer's TCP. It must be more than a round trip, or a long path is not filled.
const IN_FLIGHT_TIME: Duration = Duration::from_secs(2);

/// Bytes of pictures that may be in flight while the path's rate is not known: the path takes these
/// at once, or becomes busy by them.
pub(super) const MEDIA_FIRST: u64 = 32 * 1024;

/// Until TCP's slow start has ended, the bytes in flight may be this many times what the measured
/// rate says: so they double each round trip, as TCP's window does.
const STARTUP_GAIN: u64 = 2;

/// A path that is longer than eight times the target takes an eighth of its round trip as target:
/// at the rate of that window the next one is an eighth larger, which finds a rate that has risen.
/// A quarter gave no file more, and cost pictures 1 to 4 ms; at 1 Gbit/s and 40 ms it overflowed a
/// FIFO of 1.5 MB (model).
pub(super) const LONG_PATH: u32 = 8;

/// Bytes of pings and acks that may be in flight on an empty path: they alone cause no ack.
pub(super) const STRAY: u64 = 256;

/// Bytes that a TCP segment carries. Less is not worth a record.
pub(super) const SEGMENT: u64 = 1448;

/// The window of file data never closes below this: two segments keep them moving and measuring.
/// 12 ms at 2 Mbit/s.
pub(super) const LEAST_WINDOW: u64 = 3 * 1024;

/// While sound is sent, what is in flight drains within this, so that a frame of sound never waits
/// for more than 10 ms.
const SOUND_TARGET: Duration = Duration::from_millis(6);

/// The windows of pictures and of file data never close below this while sound is sent: 8 ms at
/// 2 Mbit/s.
const LEAST_BESIDE_SOUND: u64 = 2 * 1024;

/// A window of file data is sent in so many records at least. A record is acked when all of it has
/// come: one that fills the window leaves the path idle for a round trip.
const RECORDS_IN_WINDOW: u64 = 2;

/// Less than this part of a small window is not worth a record either: a window that is never used
/// up could not grow.
const WORTHWHILE_PART: u64 = 8;

/// Of the base round trip, what may be on the way ahead of a record that gives a clean sample: the
/// base delay and the rate may be wrong by a quarter.
const CLEAN_PERCENT: u32 = 75;

/// [`CLEAN_PERCENT`] of a session without a call: it shares the path with a call that it can't see,
/// and its rate is more than its share, so its file data leave nearly all of the path. Two such
/// files beside a call over 20 Mbit/s and 20 ms: with three quarters each 17 % of the pictures were
/// shown, with a fifth 99 % (model).
const CLEAN_PERCENT_BESIDE: u32 = 20;

impl Path {
    /// Bytes of file data that may be sent now, in one record.
    pub(crate) fn bulk_budget(&self, now: Instant) -> usize {
        let bulk = self.in_flight.by_class().bulk;
        if !self.is_live() {
            let window = self.bytes_in(IN_FLIGHT_TIME).max(2 * LEAST_RECORD as u64);
            return to_usize(window.saturating_sub(bulk));
        }
        if self.waits_for_base(now) {
            return 0;
        }
        let window = self.bulk_window();
        let room = window.saturating_sub(self.in_flight.unacked());
        let room = room.min(self.uplink_room(now));
        let room = room.max(self.floor_window().saturating_sub(bulk));
        let room = room.min((window / RECORDS_IN_WINDOW).max(SEGMENT));
        worthwhile(room, window)
    }

    /// Bytes of pictures and sound that may be sent now.
    pub(crate) fn media_budget(&self, now: Instant) -> usize {
        if self.base.needs_probe(now) && !self.is_empty() {
            return 0;
        }
        let (target, least) = match (self.rate.is_path_limited(), self.uplink.has_sound()) {
            (true, true) => (SOUND_TARGET.min(self.media_target), LEAST_BESIDE_SOUND),
            (true, false) => (self.media_target, LEAST_RECORD as u64),
            (false, _) => (self.media_target, MEDIA_FIRST),
        };
        let window = self.window(target).max(least);
        worthwhile(window.saturating_sub(self.in_flight.unacked()), u64::MAX)
    }

    /// Bytes of the largest record that may be sent now.
    pub(crate) fn record_limit(&self) -> usize {
        self.bytes_of_record(LEAST_RECORD)
    }

    /// Bytes of file data that may be sent in one record while the window is full: their floor.
    pub(crate) fn floor_limit(&self) -> usize {
        match self.uplink.has_sound() {
            true => self.bytes_of_record(to_usize(LEAST_BESIDE_SOUND)),
            false => self.record_limit(),
        }
    }

    fn bytes_of_record(&self, least: usize) -> usize {
        let (most, time) = match (self.is_live(), self.rate.is_path_limited()) {
            (true, true) => (RECORD_LIVE, RECORD_TIME_LIVE),
            (true, false) => (RECORD_LIVE, RECORD_TIME_UNKNOWN),
            (false, _) => (RECORD_BULK, RECORD_TIME),
        };
        most.min(to_usize(self.bytes_in(time)).max(least))
    }

    /// While anything is live, file data are sent only if the bytes in flight, of all classes, stay
    /// below this.
    pub(crate) fn bulk_window(&self) -> u64 {
        let target = self.bulk_target.max(self.base_rtt() / LONG_PATH);
        self.window(target).max(self.least_window())
    }

    fn least_window(&self) -> u64 {
        match self.uplink.has_sound() {
            true => LEAST_BESIDE_SOUND,
            false => LEAST_WINDOW,
        }
    }

    /// Bytes that may be in flight so that the last of them waits on the path for at most `queue`.
    fn window(&self, queue: Duration) -> u64 {
        let window = self.bytes_in(self.base_rtt() + queue) + self.others_share();
        match self.rate.is_path_limited() {
            true => window,
            false => window.saturating_mul(STARTUP_GAIN),
        }
    }

    /// Bytes of file data that may be in flight however much else is: their floor, as a share of
    /// what passes in a round trip. Beside a call of its own, a session applies the floor when it
    /// fills records instead.
    fn floor_window(&self) -> u64 {
        if self.own_live {
            return 0;
        }
        let passes = self.bytes_in(self.base_rtt() + self.queue_delay);
        self.least_window().max(passes / 100 * self.bulk_floor)
    }

    /// Bytes that widen the window beside a call of another session. The rate of this session is
    /// then limited by its window, so that a window computed from it alone would never grow. The
    /// rate of all sessions counts instead, up to twice the own rate.
    fn others_share(&self) -> u64 {
        if self.own_live || !self.shared_live {
            return 0;
        }
        let own = self.rate.value().unwrap_or(FIRST_RATE);
        let more = self.uplink.rate().saturating_sub(own).min(own);
        bytes_in(more, self.base_rtt())
    }

    /// Bytes for which the queue shared by all sessions has room; no limit where that queue is not
    /// used. Beside a call of its own, a session counts the bytes of that call as in flight, which
    /// is exact. Beside a call of another program the queue is unknown, since the bytes of that
    /// program are not counted.
    fn uplink_room(&self, now: Instant) -> u64 {
        match self.own_live || !self.uplink.has_call() || self.uplink.rate() == 0 {
            true => u64::MAX,
            false => self
                .uplink
                .room(self.bulk_target, self.in_flight.unacked(), now),
        }
    }

    /// When to check again whether the shared queue has room for file data; `None` if an ack to
    /// this session will tell. Acks to other sessions shorten that queue too and cause no event
    /// here, so there is a time even while data may be sent. Without it a file to another peer over
    /// a round trip of 20 ms got 45 instead of 88 % of what the call left (model).
    pub(crate) fn bulk_opens(&self, now: Instant) -> Option<Instant> {
        let waits = self.is_live() && !self.own_live;
        waits.then(|| self.uplink.drains_to(self.uplink_target() / 2, now))
    }

    fn uplink_target(&self) -> u64 {
        bytes_in(self.uplink.rate(), self.bulk_target)
    }

    /// Whether file data pause until the next record gives a clean sample. Without a call of its
    /// own, a session also waits for the shared queue to drain, but only in quiet time.
    fn waits_for_base(&self, now: Instant) -> bool {
        match self.own_live {
            true => self.base.is_due(now) && !self.is_empty(),
            false => self.base.is_quiet_time(now) && !(self.is_empty() && self.is_quiet(now)),
        }
    }

    /// Whether a record sent now meets no queue of other sessions, and, without a call of its own,
    /// no queue of this session.
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        let (unacked, media) = self.on_the_way();
        let others = self.uplink.media().saturating_sub(media);
        let is_quiet = match self.own_live {
            true => self.uplink.is_quiet(unacked, others, now),
            false => self.uplink.is_quiet(0, others + unacked, now),
        };
        is_quiet || !self.rate.is_path_limited()
    }

    /// Whether so little of this session is in flight that the next record gives a clean sample.
    /// When the base delay must be measured anew, file data wait for this before each record, media
    /// before two records.
    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.unacked() <= self.clean()
    }

    /// Bytes that may be in flight ahead of a record that gives a clean sample: those that fit on
    /// the empty path.
    pub(super) fn clean(&self) -> u64 {
        let percent = match self.own_live {
            true => CLEAN_PERCENT,
            false => CLEAN_PERCENT_BESIDE,
        };
        self.bytes_in(self.base_rtt() * percent / 100) + STRAY
    }

    /// The round trip of the path while none of our bytes wait on it; zero before it was measured.
    pub(super) fn base_rtt(&self) -> Duration {
        self.base.value().map_or(Duration::ZERO, |base| base.rtt)
    }

    /// How long the path takes to deliver so many bytes; zero while its rate is not known.
    pub(super) fn time_of(&self, bytes: u64) -> Duration {
        let Some(rate) = self.rate.value().filter(|_| self.rate.is_path_limited()) else {
            return Duration::ZERO;
        };
        let micros = u128::from(bytes) * 1_000_000 / u128::from(rate);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// Bytes that the path delivers in that time.
    pub(super) fn bytes_in(&self, time: Duration) -> u64 {
        bytes_in(self.rate.value().unwrap_or(FIRST_RATE), time)
    }
}

/// `room`, or 0 if that is less than a segment and less than [`WORTHWHILE_PART`] of the window.
fn worthwhile(room: u64, window: u64) -> usize {
    match room < SEGMENT.min(window / WORTHWHILE_PART) {
        true => 0,
        false => to_usize(room),
    }
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
