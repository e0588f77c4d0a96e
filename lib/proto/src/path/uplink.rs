//! The station's uplink: a model of the queue that all its sessions share.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;

use super::budget::{LONG_PATH, STRAY};
use super::delivered::{Delivered, is_recent};
use super::to_u64;
use crate::Instant;

/// A queue of other sessions that drains within this counts as empty: it is less than the error
/// that a clean sample may have.
const QUIET: Duration = Duration::from_millis(1);

/// How long a queueing delay counts; twice at most. Longer than from one picture to the next.
const DELAYS_SPAN: Duration = Duration::from_millis(50);

/// When all records waited for longer than this, there is a standing queue that the model does not
/// contain. The model's queue then drains at four fifths of the rate only, until the file data have
/// let the standing queue drain: without this three files beside a call at 20 Mbit/s made its p50
/// 33 instead of 25 ms (model).
const STANDING: Duration = Duration::from_millis(1);

/// Percent of the rate at which the model's queue drains while a queue stands.
const STANDING_PERCENT: u64 = 80;

/// Percent of the longest base round trip that may be in flight where the link counts as quiet.
const QUIET_PERCENT: u32 = 75;

/// When no record waited for longer than this, the link is not full, and its rate may be higher
/// than what was sent: the model holds nothing back then. Without this, files of other sessions
/// stayed at 1.6 Mbit/s of 100 after a route got longer by 15 ms (model).
const FREE: Duration = Duration::from_millis(3);

/// How long the base round trip of a session counts; twice at most.
const LONGEST_SPAN: Duration = Duration::from_millis(800);

/// A session whose file data wait checks again after this at the earliest: a timer is no more
/// exact.
const LEAST_WAIT: Duration = Duration::from_micros(500);

/// Such a session checks again after this at the latest, so that it notices a rate that has risen.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// What the sessions of one station know together of the link that they share. All sessions of a
/// station get clones of the same `Uplink` in [`Config::uplink`](crate::Config::uplink); a new
/// `Uplink` shares nothing with others.
///
/// ```text
///   session --- bytes sent ---> queue ---- drains at the rate ----> peers
///                                 |             ^
///        file data of others wait |             | bytes acked by all sessions
/// ```
/// A session measures the delay of its own path, which differs by peer. What the sessions share is
/// the queue in front of the first slow link. No session can measure that queue in time: its ack
/// comes a round trip later, when the picture that made the queue has long passed. But the station
/// knows each byte that it sends and the rate of all sessions together, so it can compute how much
/// waits at any moment.
///
/// Errors of the model can't add up: no more waits than is in flight, and a standing queue that the
/// model does not contain makes its own queue drain more slowly. Besides, each session is bounded
/// by its own window. Sessions over another link only make the rate too high; the model then holds
/// nothing back.
#[derive(Clone, Debug, Default)]
pub struct Uplink(Arc<Model>);

/// Atomic so that a session may move to another thread. The sessions of a station run on one: a
/// race would cost a few bytes of accuracy.
#[derive(Debug, Default)]
struct Model {
    /// Bytes that waited at `queued_at`.
    queue: AtomicU64,
    queued_at: AtomicU64,
    /// Bytes in flight of all sessions: all of them, and those of media.
    unacked: AtomicU64,
    media: AtomicU64,
    /// Sessions in which a call rings or runs.
    calls: AtomicU64,
    /// Sessions in which sound runs.
    sounds: AtomicU64,
    delivered: Delivered,
    /// The longest base round trip.
    longest: Recent,
    /// The complement of the least queueing delay.
    standing: Recent,
    /// The longest queueing delay.
    peak: Recent,
}

/// The greatest value of the current span of time and of the one before.
#[derive(Debug, Default)]
struct Recent {
    span: AtomicU64,
    now: AtomicU64,
    before: AtomicU64,
}

impl Uplink {
    /// Bytes a second that all sessions were seen to deliver together; 0 before.
    pub(super) fn rate(&self) -> u64 {
        self.0.delivered.rate()
    }

    /// The longest base round trip of the sessions.
    pub(super) fn base_rtt(&self) -> Duration {
        Duration::from_micros(self.0.longest.value())
    }

    /// Bytes that wait in front of the link.
    pub(super) fn queue(&self, now: Instant) -> u64 {
        let model = &*self.0;
        let passed = now - Instant(model.queued_at.load(Relaxed));
        let drained = bytes_in(self.rate(), passed);
        let drained = match self.least_delay() > STANDING {
            true => drained / 100 * STANDING_PERCENT,
            false => drained,
        };
        let queue = model.queue.load(Relaxed).saturating_sub(drained);
        queue.min(model.unacked.load(Relaxed))
    }

    /// Bytes of file data that a session may send so that the queue drains within `target`;
    /// `in_flight`: the session's own bytes in flight.
    pub(super) fn room(&self, target: Duration, in_flight: u64, now: Instant) -> u64 {
        if self.is_free() {
            return u64::MAX;
        }
        let (rate, base) = (self.rate(), self.base_rtt());
        let room = bytes_in(rate, target).saturating_sub(self.queue(now));
        // The model may be wrong about the queue, but not about what is in flight.
        let window = bytes_in(rate, base + target.max(base / LONG_PATH));
        room.min(window.saturating_sub(in_flight + self.media()))
    }

    /// When the queue has drained to so many bytes.
    pub(super) fn drains_to(&self, bytes: u64, now: Instant) -> Instant {
        let over = self.queue(now).saturating_sub(bytes);
        let micros = u128::from(over) * 1_000_000 / u128::from(self.rate().max(1));
        let wait = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        now + wait.clamp(LEAST_WAIT, LONGEST_WAIT)
    }

    /// Bytes of pictures and sound in flight, of all sessions.
    pub(super) fn media(&self) -> u64 {
        self.0.media.load(Relaxed)
    }

    /// Whether a session has a call.
    pub(super) fn has_call(&self) -> bool {
        self.0.calls.load(Relaxed) > 0
    }

    /// Whether sound of a session runs.
    pub(super) fn has_sound(&self) -> bool {
        self.0.sounds.load(Relaxed) > 0
    }

    /// A session's call begins or ends.
    pub(super) fn set_call(&self, on: bool) {
        count(&self.0.calls, on);
    }

    /// A session's sound begins or ends.
    pub(super) fn set_sound(&self, on: bool) {
        count(&self.0.sounds, on);
    }

    /// Whether a record sent now meets no queue, apart from `own` bytes, while `in_flight` bytes
    /// are on the way.
    pub(super) fn is_quiet(&self, own: u64, in_flight: u64, now: Instant) -> bool {
        let queue = self.queue(now).saturating_sub(own);
        let fits = bytes_in(self.rate(), self.base_rtt() * QUIET_PERCENT / 100);
        queue <= bytes_in(self.rate(), QUIET) + STRAY && in_flight <= fits + STRAY
    }

    pub(super) fn on_sent(&self, bytes: u64, media: u64, now: Instant) {
        let model = &*self.0;
        model.queue.store(self.queue(now) + bytes, Relaxed);
        model.queued_at.store(now.0, Relaxed);
        model.unacked.fetch_add(bytes, Relaxed);
        model.media.fetch_add(media, Relaxed);
    }

    /// The shortest time that a record waited lately.
    fn least_delay(&self) -> Duration {
        Duration::from_micros(u64::MAX - self.0.standing.value())
    }

    /// Whether no record waited lately.
    fn is_free(&self) -> bool {
        Duration::from_micros(self.0.peak.value()) <= FREE
    }

    /// So many bytes are no longer in flight.
    pub(super) fn forget(&self, bytes: u64, media: u64) {
        self.0.unacked.fetch_sub(bytes, Relaxed);
        self.0.media.fetch_sub(media, Relaxed);
    }

    /// A session's last byte acked waited for `queued` on a path whose base round trip is `base`.
    pub(super) fn on_ack(&self, queued: Duration, base: Duration, now: Instant) {
        let micros = to_u64(queued.as_micros());
        self.0.standing.take(u64::MAX - micros, DELAYS_SPAN, now);
        self.0.peak.take(micros, DELAYS_SPAN, now);
        let micros = to_u64(base.as_micros());
        self.0.longest.take(micros, LONGEST_SPAN, now);
    }

    /// `bytes` passed the link between those times of our clock; `is_busy`: without a pause.
    pub(super) fn on_delivered(
        &self,
        bytes: u64,
        times: [Instant; 2],
        is_busy: bool,
        now: Instant,
    ) {
        // A peer's clock may say anything.
        let [from, to] = times.map(|time| time.min(now));
        if is_recent(to, now) {
            self.0.delivered.add(bytes, from, to, is_busy);
        }
    }
}

fn count(sessions: &AtomicU64, on: bool) {
    match on {
        true => sessions.fetch_add(1, Relaxed),
        false => sessions.fetch_sub(1, Relaxed),
    };
}

impl Recent {
    fn take(&self, value: u64, span: Duration, now: Instant) {
        let span = now.0 / to_u64(span.as_micros()).max(1);
        let old = self.span.swap(span, Relaxed);
        if span != old {
            let before = self.now.swap(0, Relaxed);
            let is_next = span == old + 1;
            self.before.store(if is_next { before } else { 0 }, Relaxed);
        }
        self.now.fetch_max(value, Relaxed);
    }

    fn value(&self) -> u64 {
        self.now.load(Relaxed).max(self.before.load(Relaxed))
    }
}

/// Bytes that pass at that rate in that time.
pub(super) fn bytes_in(rate: u64, time: Duration) -> u64 {
    to_u64(u128::from(rate) * time.as_micros() / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);
    const START: Instant = Instant(1_000_000_000);

    /// An uplink that delivered a thousand bytes a millisecond while records waited for so long.
    fn measured(least: Duration, most: Duration) -> Uplink {
        let uplink = Uplink::default();
        uplink.on_delivered(60_000, [START - 60 * MILLI, START], true, START);
        assert_eq!(uplink.rate(), 1_000_000);
        uplink.on_ack(most, 10 * MILLI, START);
        uplink.on_ack(least, 10 * MILLI, START);
        uplink
    }

    #[test]
    fn a_queue_drains_at_the_rate_and_more_slowly_where_one_stands() {
        for (least, left) in [(0, 6_000), (1_000, 6_000), (1_001, 6_800)] {
            let uplink = measured(Duration::from_micros(least), 9 * MILLI);
            uplink.on_sent(10_000, 0, START);
            assert_eq!(uplink.queue(START), 10_000);
            assert_eq!(uplink.queue(START + 4 * MILLI), left, "{least} us");
            assert_eq!(uplink.queue(START + 90 * MILLI), 0);
        }
    }

    #[test]
    fn no_more_waits_than_is_not_acked() {
        let uplink = measured(Duration::ZERO, 9 * MILLI);
        uplink.on_sent(10_000, 10_000, START);
        uplink.forget(9_000, 9_000);
        assert_eq!((uplink.queue(START), uplink.media()), (1_000, 1_000));
    }

    #[test]
    fn a_queue_has_room_up_to_the_target_and_the_way_for_its_length() {
        let uplink = measured(Duration::ZERO, 9 * MILLI);
        assert_eq!(uplink.room(3 * MILLI, 0, START), 3_000);
        uplink.on_sent(1_000, 1_000, START);
        assert_eq!(uplink.room(3 * MILLI, 0, START), 2_000);
        // 10 ms of way, 3 ms of queue, and a picture of another session.
        assert_eq!(uplink.room(3 * MILLI, 11_500, START), 500);
        uplink.on_sent(5_000, 0, START);
        assert_eq!(uplink.room(3 * MILLI, 0, START), 0);
        assert_eq!(uplink.room(3 * MILLI, 0, START + 4 * MILLI), 1_000);
    }

    #[test]
    fn a_link_on_which_nothing_waits_holds_nothing_back() {
        for (most, is_free) in [(3_000, true), (3_001, false)] {
            let uplink = measured(Duration::ZERO, Duration::from_micros(most));
            uplink.on_sent(1_000_000, 0, START);
            assert_eq!(uplink.room(3 * MILLI, 0, START) > 0, is_free, "{most} us");
        }
    }

    #[test]
    fn waiting_ends_when_the_queue_has_drained_and_within_limits() {
        let uplink = measured(Duration::ZERO, 9 * MILLI);
        uplink.on_sent(10_000, 0, START);
        assert_eq!(uplink.drains_to(2_000, START), START + 8 * MILLI);
        let least = START + MILLI / 2;
        assert_eq!(uplink.drains_to(10_000, START), least);
        uplink.on_sent(1_000_000, 0, START);
        assert_eq!(uplink.drains_to(0, START), START + 20 * MILLI);
        let unknown = Uplink::default();
        unknown.on_sent(1_000, 0, START);
        assert_eq!(unknown.drains_to(0, START), START + 20 * MILLI, "no rate");
    }

    #[test]
    fn the_longest_base_counts_for_a_while() {
        let uplink = Uplink::default();
        for (at, base, longest) in [(0, 40, 40), (800, 10, 40), (1_500, 20, 40), (1_600, 5, 20)] {
            uplink.on_ack(MILLI, MILLI * base, START + MILLI * at);
            assert_eq!(uplink.base_rtt(), MILLI * longest, "at {at} ms");
        }
        uplink.on_ack(MILLI, MILLI, START + 9_000 * MILLI);
        assert_eq!(uplink.base_rtt(), MILLI);
    }

    #[test]
    fn quiet_is_a_millisecond_of_queue_and_three_quarters_of_the_way() {
        let uplink = measured(Duration::ZERO, 9 * MILLI);
        let (queue, way) = (1_000 + STRAY, 7_500 + STRAY);
        uplink.on_sent(queue, 0, START);
        assert!(uplink.is_quiet(0, way, START));
        assert!(!uplink.is_quiet(0, way + 1, START));
        uplink.on_sent(1, 0, START);
        assert!(!uplink.is_quiet(0, 0, START) && uplink.is_quiet(1, 0, START));
    }

    #[test]
    fn a_peers_clock_can_neither_panic_nor_reach_the_future() {
        let uplink = Uplink::default();
        let ends = [0, 1, START.0 - 1, START.0, START.0 + 1, u64::MAX];
        for from in ends {
            for to in ends {
                uplink.on_delivered(u64::MAX, [from, to].map(Instant), true, START);
            }
        }
    }

    #[test]
    fn bytes_that_passed_128_ms_ago_are_left_out() {
        for (ago, counts) in [(127_999, true), (128_000, false)] {
            let uplink = Uplink::default();
            let to = START - Duration::from_micros(ago);
            uplink.on_delivered(1_000_000, [to - MILLI, to], true, START);
            assert_eq!(uplink.rate() > 0, counts, "{ago} us ago");
        }
    }

    #[test]
    fn over_a_long_way_an_eighth_of_it_may_wait() {
        let uplink = measured(Duration::ZERO, 9 * MILLI);
        uplink.on_ack(9 * MILLI, 40 * MILLI, START);
        // 40 ms of way and 5 ms of queue, of which 43 are taken.
        assert_eq!(uplink.room(3 * MILLI, 43_000, START), 2_000);
    }
}
