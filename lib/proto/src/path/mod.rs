//! What is known of the way to the peer, and how many bytes of each class may be on it.
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
//! | bytes sent less bytes acked, by class | what is on the way now | `in_flight` |
//! | queueing delay: one-way delay less the least of 0.8 to 1.6 s | whether an interval was busy | `base_delay` |
//! | bytes acked in a busy interval, by the peer's clock | the rate | `rate` |
//! | rate x time | all windows: file data, pictures, records | `budget` |
//!
//! The windows are limits of what is on the way in *time*: one number of milliseconds fits 2 Mbit/s
//! and 1 Gbit/s. They need no search and no memory of their own: a link that changes its rate is
//! followed as soon as the rate is. Our own media count as on the way, so that file data wait while
//! a picture drains; media of other sessions don't, but the file data of this one never add more
//! than their target to that queue.
//!
//! An app's acks suffice for all this. TCP_INFO would tell the same later: the kernel's rate and
//! round trip end where the peer's kernel takes bytes, ours where its program does.
//!
//! # Constants
//!
//! Each has its reason where it stands. The values were chosen by `cargo run --release -p
//! transom-proto --features sim --example link`, which runs all rows in a few seconds. At 20
//! Mbit/s, 9.6 Mbit/s of video alone taking 13.9 ms, with a file beside it (p50 and p99 in ms, file
//! in Mbit/s of 9.5; then the same at 100 Mbit/s, where video alone takes 2.9 ms and 86 are left).
//! The first row is today's code; the others differ in one thing from the second, the code before
//! the last changes of the base delay:
//!
//! | what was tried | file to the viewer | file to another peer | 100 Mbit/s |
//! |---|---|---|---|
//! | today | 19.1 / 20.1, 9.1 | 19.2 / 20.3, 8.8 | 4.9 / 6.5, 85 |
//! | target 3 ms, acks each 2 ms, half a window a record, 3 ms a record | 18.5 / 19.4, 9.1 | 18.1 / 19.6, 9.1 | 4.7 / 6.0, 85 |
//! | target 4 ms | 19.5 / 21.3, 9.0 | 19.8 / 21.8, 8.3 | 6.4 / 7.6, 85 |
//! | target 5 ms | 20.6 / 21.9, 8.9 | 20.9 / 25.8, 8.3 | 7.3 / 8.6, 85 |
//! | acks each 1 ms | 19.4 / 20.1, 8.7 | 19.1 / 20.0, 8.2 | 5.4 / 6.1, 85 |
//! | a quarter of a window a record | 18.4 / 19.7, 9.0 | 18.7 / 20.4, 8.5 | 5.8 / 6.9, 85 |
//! | 2 ms a record | 18.3 / 19.9, 9.0 | 18.5 / 20.0, 9.0 | 4.6 / 6.0, 85 |
//! | whole records in the base delay | 25.6 / 27.5, 9.1 | 14.4 / 15.1, 7.1 | 7.1 / 9.4, 85 |
//!
//! What was tried and dropped: rates over 5 ms (bursts of a token bucket double them), over 8 ms on
//! a path of 20 ms (the gaps between another session's pictures pass for the rate: its p50 rose
//! from 24 to 82 ms), a target that grows by the queue of others (three files beside a call: p99
//! 620 ms), a window that grows while no queue shows (more delay and no more bytes), and a record
//! that fills the window (file to another peer 9.2 instead of 8.8 Mbit/s, but p99 48 ms in the
//! second after a file and a call that begin together).
//!
//! # Limits
//!
//! Sessions of one station measure each for itself what they share. Where file data of one session
//! run beside a call of another over a round trip of 20 ms, they get only about two fifths of what
//! is left at 20 Mbit/s, and the call's p50 rises from 44 to 57 ms over 40 ms with 9.6 of 20 Mbit/s
//! of video. Where video takes four fifths of 50 Mbit/s over 20 ms, a file to another peer costs it
//! 13 % of its pictures. After a route got longer by 15 ms at 20 Mbit/s, such a file gets 7.5 of
//! 9.5 Mbit/s. All by the model; one base delay for all sessions to one network would mend this.

pub(crate) mod ack;
mod base_delay;
mod budget;
mod in_flight;
mod min_filter;
mod ping;
mod rate;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod tests;

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

/// A base round trip that more than doubled, and by this at least, is that of another route, whose
/// rate is found anew. A standing queue that passes for base delay grows more slowly than that.
/// After a step from 0.4 to 15 ms beside a call, files of other sessions fell from 94 to 2 Mbit/s
/// at 100 Mbit/s without this; with it the mean of the ten seconds around the step is 76 (model).
const LONGER_ROUTE: Duration = Duration::from_millis(8);

/// The way to the peer: what its acks and pongs tell.
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
            queue_delay: Duration::ZERO,
            bulk_target: config.bulk_target,
            media_target: config.media_target,
            bulk_floor: u64::from(config.bulk_floor.min(100)),
            own_live: false,
            shared_live: false,
            has_sound: false,
        }
    }

    /// A record left, with so many bytes of each class in it.
    pub(crate) fn on_sent(&mut self, sizes: Sizes, now: Instant) {
        let is_clean = self.in_flight.unacked() <= self.clean();
        if is_clean {
            self.base.probe(now);
        }
        self.in_flight.record(sizes, is_clean, now);
    }

    /// The peer has taken bytes in.
    ///
    /// # Errors
    /// The peer acks bytes that were not sent, or takes an ack back.
    pub(crate) fn on_ack(&mut self, ack: Ack, now: Instant) -> Result<(), PeerError> {
        let Some(sample) = self.in_flight.handle_ack(ack, now)? else {
            return Ok(());
        };
        // A record takes time of its own to pass, which is neither base delay nor queue. A segment
        // of it is left in: by a rate that is only our share, small records would get too much off.
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
        self.rate.handle_ack(ack, self.queue_delay, base.rtt);
        Ok(())
    }

    /// Calls ring or run: `own` in this session, `shared` anywhere at this station or in another
    /// program of its owner. Links are shared, so file data of a session without a call must spare
    /// the calls of the others too.
    pub(crate) fn set_live(&mut self, own: bool, shared: bool) {
        (self.own_live, self.shared_live) = (own, shared);
    }

    /// Whether pictures and file data must leave room for sound.
    pub(crate) fn set_sound(&mut self, on: bool) {
        self.has_sound = on;
    }

    /// Whether file data must keep the queue on the way short.
    pub(crate) fn is_live(&self) -> bool {
        self.own_live || self.shared_live
    }

    pub(crate) fn has_shared_live(&self) -> bool {
        self.shared_live
    }

    /// Bytes of texts and file control that are not acked.
    pub(crate) fn text_in_flight(&self) -> u64 {
        self.in_flight.by_class().text
    }

    /// Whether data have been on the way for `span` beyond the shortest round trip. Not before a
    /// round trip was measured.
    pub(crate) fn stands_still(&self, span: Duration, now: Instant) -> bool {
        let oldest = self.in_flight.oldest().zip(self.pinger.min_rtt());
        oldest.is_some_and(|(sent, rtt)| now - sent > rtt + span)
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
}

/// A duration that came of a division by a rate: far below `i64::MAX` microseconds.
fn to_micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
