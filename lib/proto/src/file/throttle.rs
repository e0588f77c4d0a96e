//! Pause and rate limit of a transfer, as both sides set them, whether the receiver's disk is full,
//! and the time of its next data.

use core::time::Duration;

use transom_wire::{DiskFull, Message, Pause, Rate};

use crate::send::{Output, QueueEnd};
use crate::{Instant, TransferEvent};

/// Under a rate limit, a frame carries the bytes of this time, so that the rate is smooth.
const FRAME: Duration = Duration::from_millis(50);

/// The smallest frame under a rate limit, so that the overhead of headers stays small.
const LEAST_FRAME: u64 = 512;

/// A transfer is paused while either side pauses it, and while the receiver's disk is full. The
/// lower rate limit of both applies.
#[derive(Default)]
pub(crate) struct Throttle {
    /// Set by our user.
    local: Limits,
    /// Set by the peer.
    remote: Limits,
    /// The last `local` limits that were queued for the peer.
    announced: Limits,
    /// The end of their frames in the queue of texts.
    announced_end: QueueEnd,
    /// A token bucket of one frame, as the time at which the bucket is full.
    full_at: Instant,
    /// The caller has not yet taken the last event of the peer's pause.
    pause_event_waits: bool,
    /// The caller has not yet taken the last event of the peer's rate limit.
    rate_event_waits: bool,
    /// The caller has not yet taken the last event of the peer's disk.
    disk_event_waits: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Limits {
    paused: bool,
    /// Bytes that the receiver's disk lacks; always 0 on the side of a sender.
    missing: u64,
    rate: Option<u64>,
}

impl Throttle {
    pub(crate) fn pause(&mut self, paused: bool) {
        self.local.paused = paused;
    }

    pub(crate) fn disk_full(&mut self, missing: u64) {
        self.local.missing = missing;
    }

    pub(crate) fn limit(&mut self, rate: Option<u64>, now: Instant) {
        let before = self.rate();
        self.local.rate = rate;
        self.convert_debt(before, now);
    }

    /// The peer pauses or resumes. Returns whether that is a change.
    pub(crate) fn handle_pause(&mut self, pause: Pause) -> bool {
        let is_change = self.remote.paused != pause.paused;
        self.remote.paused = pause.paused;
        is_change
    }

    /// The peer's disk is full, or no longer. Returns whether that is a change.
    pub(crate) fn handle_disk_full(&mut self, full: DiskFull) -> bool {
        let is_change = self.remote.missing != full.missing;
        self.remote.missing = full.missing;
        is_change
    }

    /// The peer sets its rate limit. Returns whether that is a change.
    pub(crate) fn handle_rate(&mut self, rate: Rate, now: Instant) -> bool {
        let rate = Some(rate.bytes_per_second).filter(|rate| *rate > 0);
        let is_change = self.remote.rate != rate;
        let before = self.rate();
        self.remote.rate = rate;
        self.convert_debt(before, now);
        is_change
    }

    /// Whether to emit an event of the peer's pause. While an older event waits, that event will
    /// carry the newest state: a peer that toggles must not grow the queue of events.
    pub(crate) fn emits_pause(&mut self) -> bool {
        !core::mem::replace(&mut self.pause_event_waits, true)
    }

    /// Whether to emit an event of the peer's rate limit, by the same rule.
    pub(crate) fn emits_rate(&mut self) -> bool {
        !core::mem::replace(&mut self.rate_event_waits, true)
    }

    /// Whether to emit an event of the peer's disk, by the same rule.
    pub(crate) fn emits_disk_full(&mut self) -> bool {
        !core::mem::replace(&mut self.disk_event_waits, true)
    }

    /// Puts the newest state into an event that the caller takes now.
    pub(crate) fn update_event(&mut self, event: &mut TransferEvent) {
        match event {
            TransferEvent::Paused { paused } => {
                (*paused, self.pause_event_waits) = (self.remote.paused, false);
            }
            TransferEvent::DiskFull { missing } => {
                (*missing, self.disk_event_waits) = (self.remote.missing, false);
            }
            TransferEvent::Limited { rate } => {
                (*rate, self.rate_event_waits) = (self.remote.rate, false);
            }
            _ => {}
        }
    }

    /// Queues the local limits for the peer if they have changed. While older limits wait in the
    /// queue, newer ones do not join them: the queue holds at most one message of each.
    pub(crate) fn flush(&mut self, stream: u16, output: &mut Output) {
        if output.text.has_sent(self.announced_end) {
            self.flush_now(stream, output);
        }
    }

    /// As [`flush`](Self::flush), even while older limits wait in the queue.
    pub(crate) fn flush_now(&mut self, stream: u16, output: &mut Output) {
        let announced = core::mem::replace(&mut self.announced, self.local);
        let Limits {
            paused,
            missing,
            rate,
        } = self.local;
        if paused != announced.paused {
            output.send(stream, &Message::Pause(Pause { paused }));
        }
        if missing != announced.missing {
            output.send(stream, &Message::DiskFull(DiskFull { missing }));
        }
        if rate != announced.rate {
            let bytes_per_second = rate.unwrap_or(0);
            output.send(stream, &Message::Rate(Rate { bytes_per_second }));
        }
        if announced != self.local {
            self.announced_end = output.text.end();
        }
    }

    pub(crate) fn is_paused(&self) -> bool {
        let is_full = self.local.missing > 0 || self.remote.missing > 0;
        is_full || self.local.paused || self.remote.paused
    }

    /// Data bytes that may be sent now, in one frame.
    pub(crate) fn allowance(&self, now: Instant) -> u64 {
        match self.rate() {
            _ if self.is_paused() || self.full_at > now => 0,
            Some(rate) => bytes_in(FRAME, rate).max(LEAST_FRAME),
            None => u64::MAX,
        }
    }

    pub(crate) fn sent(&mut self, bytes: u64, now: Instant) {
        if let Some(rate) = self.rate() {
            // The bucket holds one frame: unused time beyond that is lost.
            self.full_at = self.full_at.max(now - FRAME) + time_of(bytes, rate);
        }
    }

    /// The time from which the rate limit lets data pass.
    pub(crate) fn opens_at(&self) -> Instant {
        self.full_at
    }

    /// The peer's rate limit, in bytes per second.
    pub(crate) fn remote_rate(&self) -> Option<u64> {
        self.remote.rate
    }

    /// Keeps the bucket's debt in bytes when the rate changes: otherwise a peer could evade our
    /// limit by changing its own again and again.
    fn convert_debt(&mut self, before: Option<u64>, now: Instant) {
        let after = self.rate();
        if after == before {
            return;
        }
        let debt = before.map_or(0, |rate| bytes_in(self.full_at - now, rate));
        self.full_at = now + after.map_or(Duration::ZERO, |rate| time_of(debt, rate));
    }

    /// The rate limit that applies: the lower of both sides.
    pub(crate) fn rate(&self) -> Option<u64> {
        match (self.local.rate, self.remote.rate) {
            (Some(local), Some(remote)) => Some(local.min(remote)),
            (local, remote) => local.or(remote),
        }
    }
}

fn bytes_in(span: Duration, rate: u64) -> u64 {
    let bytes = span.as_micros() * u128::from(rate) / 1_000_000;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn time_of(bytes: u64, rate: u64) -> Duration {
    let micros = u128::from(bytes) * 1_000_000 / u128::from(rate);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);
    const NOW: Instant = Instant(1_000_000_000);

    fn rate_message(rate: u64) -> Rate {
        Rate {
            bytes_per_second: rate,
        }
    }

    fn limited(rate: u64) -> Throttle {
        let mut throttle = Throttle::default();
        throttle.limit(Some(rate), NOW);
        throttle
    }

    /// Sends all that is allowed in this time; returns the bytes and the largest frame.
    fn send(throttle: &mut Throttle, from: Instant, millis: u32) -> (u64, u64) {
        let (mut sent, mut largest) = (0, 0);
        for at in 0..millis {
            let now = from + at * MILLI;
            // More frames than any limit of these tests allows in a millisecond.
            for _ in 0..100 {
                let bytes = throttle.allowance(now);
                if bytes > 0 {
                    throttle.sent(bytes, now);
                    (sent, largest) = (sent + bytes, largest.max(bytes));
                }
            }
        }
        (sent, largest)
    }

    #[test]
    fn without_a_limit_all_data_pass() {
        let mut throttle = Throttle::default();
        assert_eq!(throttle.allowance(NOW), u64::MAX);
        throttle.sent(u64::MAX, NOW);
        assert_eq!(throttle.allowance(NOW), u64::MAX);
        assert!(throttle.opens_at() <= NOW);
    }

    #[test]
    fn a_limit_spaces_frames_of_50_ms() {
        let mut throttle = limited(100_000);
        let (sent, largest) = send(&mut throttle, NOW, 2000);
        assert_eq!(largest, 5_000);
        // One frame is ahead.
        assert!((200_000..=205_000).contains(&sent), "{sent}");
    }

    #[test]
    fn a_low_limit_keeps_a_smallest_frame() {
        let (sent, largest) = send(&mut limited(1_000), NOW, 10_000);
        assert_eq!(largest, LEAST_FRAME);
        assert!((10_000..=10_600).contains(&sent), "{sent}");
    }

    #[test]
    fn the_time_of_the_next_frame_is_known() {
        let mut throttle = limited(100_000);
        throttle.sent(2_000, NOW);
        throttle.sent(8_000, NOW);
        let opens = NOW + 100 * MILLI;
        assert_eq!(throttle.opens_at(), opens);
        assert_eq!(throttle.allowance(opens - Duration::from_micros(1)), 0);
        assert_eq!(throttle.allowance(opens), 5_000);
    }

    #[test]
    fn idle_time_beyond_one_frame_is_not_caught_up() {
        let mut throttle = limited(100_000);
        let (sent, _) = send(&mut throttle, NOW + Duration::from_secs(60), 10);
        assert!(sent <= 10_000, "{sent}");
    }

    #[test]
    fn a_socket_that_is_writable_now_and_then_still_reaches_the_limit() {
        let mut throttle = limited(100_000);
        let mut sent = 0;
        for at in 0..50 {
            // Each frame of 3,000 bytes comes 10 ms late, and the next one catches up.
            let now = NOW + at * 40 * MILLI;
            if throttle.allowance(now) > 0 {
                throttle.sent(3_000, now);
                sent += 3_000;
            }
            if throttle.allowance(now) > 0 {
                throttle.sent(3_000, now);
                sent += 3_000;
            }
        }
        assert!((195_000..=203_000).contains(&sent), "{sent} in two seconds");
    }

    #[test]
    fn the_lower_limit_of_both_sides_applies() {
        for (local, remote) in [(200_000, 100_000), (100_000, 200_000)] {
            let mut throttle = limited(local);
            throttle.handle_rate(rate_message(remote), NOW);
            assert_eq!(throttle.allowance(NOW), 5_000);
        }
        let mut throttle = limited(100_000);
        throttle.handle_rate(rate_message(0), NOW);
        assert_eq!(throttle.allowance(NOW), 5_000, "the peer has no limit");
        assert_eq!(throttle.remote_rate(), None);
    }

    #[test]
    fn only_a_change_of_the_peers_rate_is_reported() {
        let mut throttle = Throttle::default();
        let changes = [0, 7, 7, 8, 0, 0].map(|rate| throttle.handle_rate(rate_message(rate), NOW));
        assert_eq!(changes, [false, true, false, true, true, false]);
    }

    #[test]
    fn a_debt_stays_in_bytes_when_the_rate_changes() {
        let mut throttle = limited(100_000);
        throttle.sent(10_000, NOW);
        assert_eq!(throttle.opens_at(), NOW + 100 * MILLI);
        throttle.limit(Some(100_000), NOW);
        throttle.handle_rate(rate_message(1_000_000), NOW);
        assert_eq!(
            throttle.opens_at(),
            NOW + 100 * MILLI,
            "the lower limit is the same"
        );
        throttle.limit(Some(1_000_000), NOW);
        assert_eq!(throttle.opens_at(), NOW + 10 * MILLI);
        throttle.handle_rate(rate_message(50_000), NOW);
        assert_eq!(throttle.opens_at(), NOW + 200 * MILLI);
        throttle.handle_rate(rate_message(0), NOW + 100 * MILLI);
        assert_eq!(throttle.opens_at(), NOW + 105 * MILLI, "half is paid");
    }

    #[test]
    fn a_pause_of_either_side_holds_all_and_keeps_the_debt() {
        let mut throttle = limited(100_000);
        throttle.sent(10_000, NOW);
        let opens = throttle.opens_at();
        throttle.pause(true);
        assert!(throttle.is_paused());
        assert!(throttle.handle_pause(Pause { paused: true }));
        assert!(!throttle.handle_pause(Pause { paused: true }), "no change");
        throttle.pause(false);
        assert!(throttle.is_paused(), "the peer still pauses");
        assert_eq!(throttle.allowance(NOW + 1000 * MILLI), 0);
        assert!(throttle.handle_pause(Pause { paused: false }));
        assert!(!throttle.is_paused());
        assert_eq!(throttle.opens_at(), opens);
    }

    /// Sends all that waits in the queue; returns its bytes.
    fn drain(output: &mut Output) -> usize {
        let mut record = [0; 100];
        let mut record = crate::send::Record::new(&mut record);
        output.text.pull(&mut record);
        record.used()
    }

    #[test]
    fn limits_that_change_while_nothing_is_sent_wait_as_one_pause_and_one_rate() {
        let mut throttle = Throttle::default();
        let mut output = Output::new(1000);
        for round in 1..=1000 {
            throttle.pause(round % 2 == 1);
            throttle.limit(Some(round), NOW);
            throttle.flush(1, &mut output);
        }
        assert_eq!(drain(&mut output), 9 + 16, "those of the first round");
        throttle.flush(1, &mut output);
        assert_eq!(drain(&mut output), 9 + 16, "and the newest");
        throttle.flush(1, &mut output);
        assert_eq!(output.len(), 0);
        throttle.pause(true);
        throttle.pause(false);
        throttle.flush(1, &mut output);
        assert_eq!(output.len(), 0, "back at what the peer knows");
        throttle.pause(true);
        throttle.flush_now(1, &mut output);
        throttle.pause(false);
        throttle.flush_now(1, &mut output);
        assert_eq!(drain(&mut output), 9 + 9, "an accept waits for neither");
    }

    #[test]
    fn only_the_newest_limits_are_sent_and_only_once() {
        let mut output = Output::new(1000);
        let mut sent = |throttle: &mut Throttle| {
            throttle.flush(1, &mut output);
            drain(&mut output)
        };
        let mut throttle = Throttle::default();
        throttle.pause(false);
        throttle.limit(None, NOW);
        assert_eq!(sent(&mut throttle), 0, "nothing has changed");
        throttle.pause(true);
        assert_eq!(sent(&mut throttle), 9, "a pause");
        for rate in [5, 6, 6] {
            throttle.limit(Some(rate), NOW);
        }
        assert_eq!(sent(&mut throttle), 16, "one rate");
        throttle.pause(true);
        throttle.limit(Some(6), NOW);
        assert_eq!(sent(&mut throttle), 0, "the peer knows both");
    }
}
