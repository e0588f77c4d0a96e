//! What is measured of the path to the peer, and how many bytes of each class may be in flight on
//! it.
//!
//! ```text
//!   record leaves                                                          ack comes back
//!        |                                                                       |
//!        v                                                                       v
//!   in_flight --- sample: one-way delay, round trip, was the path empty? ---> on_ack
//!        |                                      |                     |
//!        |                                      v                     v
//!        |                                 base_delay --queued--->  rate
//!        |                                      |                     |
//!        |  bytes on the way           base round trip, overdue?   bytes a second
//!        v                                      v                     v
//!      budget:   bytes that may be sent  =  rate x (base round trip + target) - on the way
//!        |
//!        `---> send: what goes next, if anything may
//! ```
//!
//! | signal | decides | file |
//! |---|---|---|
//! | bytes sent minus bytes acked, by class | what is in flight now | `in_flight` |
//! | queueing delay: one-way delay minus its minimum over 0.8 to 1.6 s | whether an interval was busy | `base_delay` |
//! | bytes acked in a busy interval, by the peer's clock | the rate | `rate` |
//! | rate x time | all windows: file data, pictures, records | `budget` |
//! | bytes sent and acked by all sessions of the station | file data beside a call of another session | `uplink`, `delivered` |
//!
//! The windows limit the bytes in flight by the *time* in which they drain: the same number of
//! milliseconds fits 2 Mbit/s and 1 Gbit/s. They are computed from the measured rate and hold no
//! state: when the rate of a link changes, they change with the measurement. Our own media count as
//! in flight, so that file data wait while a picture drains. For media of other sessions a model of
//! the shared queue does the same: see [`Uplink`], which the sessions of a station share.
//!
//! The acks of transom itself suffice for all this, so TCP_INFO is not used: the kernel's rate and
//! round trip end at the peer's kernel, ours at the peer's program.
//!
//! # Constants
//!
//! Each has its reason where it stands. `cargo xtask constants` builds this crate with each of them
//! at half and at double, those of [`send`](crate::send) and the targets of [`Config`] too, and
//! prints what this changes in rows of `cargo run --release -p transom-proto --features sim
//! --example link`:
#![doc = include_str!("constants.md")]
//!
//! `BUSY_PERCENT` at double would be more than the whole step. A constant without effect decides a
//! case that no row contains; a unit test holds what each of these promises:
//! - bounds of memory and of work, whatever a peer does: `GRAINS`, `MARKS`, `ACKS`, `COMPACT`,
//!   `sound::FRAMES`;
//! - paths slower than 2 Mbit/s, before they are measured: `FIRST_RATE`;
//! - links whose rate falls, routes and clocks that change: `rate::SPAN`, `min_filter::SPAN`,
//!   `DRIFT`;
//! - paths that stand still: `STANDSTILL`; acks of other sessions that are rare: `LONGEST_WAIT`;
//! - a call and a file of one session that fill the link: `BULK_FLOOR`. Beside a call of another
//!   session at 20 Mbit/s, `LEAST_WINDOW` is more than its share.
//!
//! What was tried and dropped, in single runs of early states:
//! - rates over 5 ms: bursts of a token bucket double them;
//! - rates over 8 ms on a path of 20 ms: the gaps between another session's pictures pass for the
//!   rate, its p50 rose from 24 to 82 ms;
//! - a target that grows by the queue of others: three files beside a call had a p99 of 620 ms;
//! - a window that grows while no queue shows: more delay and no more bytes;
//! - a rate that is the path's only by a busy interval after slow start: a file to another peer
//!   over 20 ms has none and stayed in startup, p50 31 instead of 27 ms;
//! - rounds compared to the one before instead of the best: a picture after a pause passed for
//!   growth, and sound beside pictures of another session waited for 20 instead of 9 ms;
//! - a record that fills the window: file to another peer 9.2 instead of 8.8 Mbit/s, but p99 48 ms
//!   in the second after a file and a call that begin together.
//!
//! And for the queue that the sessions of a station share:
//! - the rate as the sum over 12 ms of all acks: 27 of 20 Mbit/s, since base delays place the bytes
//!   in time only to some milliseconds (p50 at 20 ms: 32.2 over 16 ms, 29.3 over 20, 28.9 over 28);
//! - no bound by what is not acked: an overestimated rate, base delays taken in its queue, and an
//!   even higher rate chase each other (three files: p99 680 ms);
//! - one in-flight budget for the file data of all sessions: the first takes all, the second 0;
//! - a queue that the call waits for too, when its base delay is due: 71 % of pictures shown;
//! - twice the own rate for the whole window, not only its pipe: three files 30.6 instead of 23.8;
//! - draining by 105 or 110 % of the rate: two files at 20 ms 31.3 and 32.8 instead of 29.8;
//! - draining by seven instead of eight tenths where a queue stands: file 8.3, p50 27.4 at 20 ms;
//! - a record's own time by the rate of all instead of the own one: file 2 % more over 20 ms, and
//!   three files 29.5 instead of 26.9 ms.
//!
//! # Limits
//!
//! - Another program of the same owner shares only the mark that a call is live, and its file keeps
//!   to its own window: the model of the queue knows only the bytes of its own station, and by it a
//!   file that the pictures of another program interrupt got 64 to 77 % of what is left over real
//!   sockets, with its own window 95 %. By whole stations it gets 8.6 of 9.5 Mbit/s over a LAN and
//!   over 40 ms, but 3.4 over 20 ms.
//! - At 2 Mbit/s a file to another peer has a window of two segments, 12 ms, whatever the call
//!   needs: beside it and 0.96 Mbit/s of video 14 % of the pictures are lost, and sound waits for
//!   25 ms. Beside a file to the viewer all are shown, and sound waits for 10 ms.
//! - A call that is too much for its link leaves the file exactly its floor of 5 %, which costs its
//!   p99 15 to 20 ms (105 for a file to another peer).
//! - Two files over a round trip of 20 ms share unevenly, 5.3 and 3.3 Mbit/s.

pub(crate) mod ack;
mod base_delay;
mod budget;
mod delivered;
mod in_flight;
mod min_filter;
mod ping;
mod rate;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod tests;
mod uplink;

use core::time::Duration;

use transom_wire::Ack;

use crate::{Config, Instant, PeerError};
use ack::AckSender;
use base_delay::{BaseDelay, Delays};
use budget::SEGMENT;
use in_flight::InFlight;
use ping::Pinger;
use rate::Rate;

pub(crate) use in_flight::Sizes;
pub use uplink::Uplink;

/// A base round trip that has more than doubled, and has grown by more than this, belongs to
/// another route, whose rate is measured anew. A standing queue mistaken for base delay grows more
/// slowly than that.
/// After a step from 0.4 to 15 ms beside a call, files of other sessions fell from 94 to 2 Mbit/s
/// at 100 Mbit/s without this; with it the mean of the ten seconds around the step is 76 (model).
const LONGER_ROUTE: Duration = Duration::from_millis(8);

/// The path to the peer, as the peer's acks and pongs show it.
pub(crate) struct Path {
    /// Acks that we owe.
    pub(crate) acks: AckSender,
    /// Pings, silence, and the peer's clock.
    pub(crate) pinger: Pinger,
    in_flight: InFlight,
    rate: Rate,
    base: BaseDelay,
    uplink: Uplink,
    /// The latest ack.
    last_ack: Ack,
    /// How long the last byte acked waited on the way.
    queue_delay: Duration,
    /// See `Config::bulk_target`.
    bulk_target: Duration,
    /// See `Config::media_target`.
    media_target: Duration,
    /// See `Config::bulk_floor`.
    bulk_floor: u64,
    /// A call of this session rings or runs.
    own_live: bool,
    /// A call rings or runs anywhere at this station, or in another program of its owner.
    shared_live: bool,
    /// Sound of this session is being sent.
    has_sound: bool,
}

impl Path {
    pub(crate) fn new(config: &Config, now: Instant) -> Self {
        Self {
            acks: AckSender::default(),
            pinger: Pinger::new(config, now),
            in_flight: InFlight::default(),
            rate: Rate::default(),
            base: BaseDelay::default(),
            uplink: config.uplink.clone(),
            last_ack: Ack {
                received: 0,
                clock: 0,
            },
            queue_delay: Duration::ZERO,
            bulk_target: config.bulk_target,
            media_target: config.media_target,
            bulk_floor: u64::from(config.bulk_floor.min(100)),
            own_live: false,
            shared_live: false,
            has_sound: false,
        }
    }

    /// A record was sent, with so many bytes of each class in it.
    pub(crate) fn on_sent(&mut self, sizes: Sizes, now: Instant) {
        let is_empty = self.is_empty();
        if is_empty {
            self.base.probe(now);
        }
        let is_clean = is_empty && self.is_quiet(now);
        self.in_flight.record(sizes, is_clean, now);
        self.uplink.on_sent(sizes.total(), sizes.media, now);
    }

    /// An ack came: the peer has received more bytes.
    ///
    /// # Errors
    /// The peer acks bytes that were not sent, or takes an ack back.
    pub(crate) fn on_ack(&mut self, ack: Ack, now: Instant) -> Result<(), PeerError> {
        let (unacked, media) = self.on_the_way();
        let sample = self.in_flight.handle_ack(ack, now)?;
        let (unacked_now, media_now) = self.on_the_way();
        self.uplink.forget(unacked - unacked_now, media - media_now);
        let Some(sample) = sample else {
            return Ok(());
        };
        // A record's own serialization time is neither base delay nor queue. It is not subtracted
        // for the first segment: where the rate is only our share of the link, that time is too
        // long, and the delays of small records would come out too short.
        let own = self.time_of(sample.own.saturating_sub(SEGMENT));
        let delays = Delays {
            one_way: sample.one_way.saturating_sub(to_micros(own)),
            rtt: sample.rtt.saturating_sub(own),
        };
        let before = self.base.value();
        self.base.take(delays, sample.is_clean, now);
        let base = self.base.value().unwrap_or(delays);
        let is_longer = |old: Delays| base.rtt > old.rtt + LONGER_ROUTE.max(old.rtt);
        if before.is_some_and(is_longer) {
            self.rate.restart();
        }
        let queued = delays.one_way.saturating_sub(base.one_way);
        self.queue_delay = Duration::from_micros(queued.unsigned_abs());
        let is_busy = self.rate.handle_ack(ack, self.queue_delay, base.rtt);
        self.uplink.on_ack(self.queue_delay, base.rtt, now);
        let last = core::mem::replace(&mut self.last_ack, ack);
        let left = |ack: Ack| Instant(ack.clock.wrapping_sub(base.one_way.cast_unsigned()));
        let times = [left(last), left(ack)];
        self.uplink
            .on_delivered(ack.received - last.received, times, is_busy, now);
        Ok(())
    }

    /// Bytes in flight: all of them, and those of media.
    fn on_the_way(&self) -> (u64, u64) {
        (self.in_flight.unacked(), self.in_flight.by_class().media)
    }

    /// Whether a call rings or runs: `own` in this session, `shared` anywhere at this station or in
    /// another program of its owner. All these share a link, so file data of a session without a
    /// call must leave room for the calls of other sessions.
    pub(crate) fn set_live(&mut self, own: bool, shared: bool) {
        if own != self.own_live {
            self.uplink.set_call(own);
        }
        (self.own_live, self.shared_live) = (own, shared);
    }

    /// Sound of this session begins or ends. While sound of any session runs, the pictures and the
    /// file data of all sessions leave room for it.
    pub(crate) fn set_sound(&mut self, on: bool) {
        if on != self.has_sound {
            self.uplink.set_sound(on);
        }
        self.has_sound = on;
    }

    /// Whether file data must keep the queue on the way short.
    pub(crate) fn is_live(&self) -> bool {
        self.own_live || self.shared_live
    }

    pub(crate) fn has_shared_live(&self) -> bool {
        self.shared_live
    }

    /// Bytes of texts and file control in flight.
    pub(crate) fn text_in_flight(&self) -> u64 {
        self.in_flight.by_class().text
    }

    /// Bytes of file data in flight.
    pub(crate) fn bulk_in_flight(&self) -> u64 {
        self.in_flight.by_class().bulk
    }

    /// Whether data have been in flight for longer than the shortest round trip and `span`. False
    /// before a round trip was measured.
    pub(crate) fn stands_still(&self, span: Duration, now: Instant) -> bool {
        let oldest = self.in_flight.oldest().zip(self.pinger.min_rtt());
        oldest.is_some_and(|(sent, rtt)| now - sent > rtt + span)
    }

    /// The delivery rate, in bytes per second; `None` before it was measured.
    pub(crate) fn rate(&self) -> Option<u64> {
        self.rate.value()
    }

    /// Plain bytes sent, and how many of them are in flight.
    pub(crate) fn sent(&self) -> (u64, u64) {
        (self.in_flight.sent(), self.in_flight.unacked())
    }

    /// How long the last byte acked waited on the way.
    pub(crate) fn queue_delay(&self) -> Duration {
        self.queue_delay
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        let (unacked, media) = self.on_the_way();
        self.uplink.forget(unacked, media);
        self.set_live(false, false);
        self.set_sound(false);
    }
}

fn to_u64(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// Saturates at `i64::MAX` microseconds, which only a rate near zero could reach.
fn to_micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
