//! One direction of a TCP connection: the sender and what the receiver has of its bytes. It knows
//! no link: it says what to send, and is told what arrived.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::cubic::{Cubic, MSS};

/// Linux: `TCP_RTO_MIN`, and the timeout before the first round trip was measured (RFC 6298).
const LEAST_TIMEOUT: Duration = Duration::from_millis(200);
const FIRST_TIMEOUT: Duration = Duration::from_secs(1);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(120);
/// Linux: `tcp_sndbuf_expand` and `tcp_wmem`: the send buffer before it grows, the most it grows
/// to, and about how many windows of payload it holds.
const LEAST_BUFFER: usize = 87_040;
const MOST_BUFFER: usize = 4 << 20;
const BUFFERED_WINDOWS: usize = 5;
/// Packets sent as one at high rates, as segmentation offload does, so that a gigabit costs few
/// events.
const MOST_AT_ONCE: usize = 10;

/// Bytes that are on their way, as one or a few packets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) start: u64,
    pub(super) bytes: usize,
    /// Counts transmissions, so that the sender knows what was sent before what.
    pub(super) transmission: u64,
    sent_at: Duration,
    is_again: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    UnderWay,
    Received,
    Lost,
}

impl Segment {
    fn end(&self) -> u64 {
        self.start + self.bytes as u64
    }
}

/// What the receiver tells: all bytes before `received`, and ranges behind a gap.
#[derive(Debug)]
pub(super) struct Ack {
    received: u64,
    ranges: Vec<(u64, u64)>,
}

/// A recovery from loss, which ends when all that was sent before it is acked.
#[derive(Debug)]
struct Recovery {
    until: u64,
    /// RFC 6937, proportional rate reduction; not after a timeout.
    reduction: Option<Reduction>,
}

#[derive(Debug, Default)]
struct Reduction {
    in_flight: usize,
    delivered: usize,
    sent: usize,
    window: usize,
}

pub(super) struct Flow<T> {
    /// What was written and not read yet, each with the end of its bytes.
    chunks: VecDeque<(u64, T)>,
    written: u64,
    // The sender.
    sent: u64,
    acked: u64,
    segments: VecDeque<Segment>,
    /// Bytes on their way: neither received nor lost.
    pipe: usize,
    lost: usize,
    transmissions: u64,
    cubic: Cubic,
    recovery: Option<Recovery>,
    /// Whether the window was what ended the last sending.
    is_limited: bool,
    srtt: Option<(Duration, Duration)>,
    backoff: u32,
    timer: Option<Duration>,
    probed: bool,
    last_sent: Duration,
    /// When an ack last made progress, or data began to be outstanding.
    progress: Duration,
    buffer: usize,
    is_blocked: bool,
    /// `TCP_NOTSENT_LOWAT`.
    pub(super) unsent_limit: usize,
    /// `TCP_USER_TIMEOUT`.
    pub(super) user_timeout: Duration,
    pub(super) is_dead: bool,
    // The receiver.
    received: u64,
    /// What came behind a gap.
    ranges: Vec<(u64, u64)>,
    /// How far the reader was told that bytes came.
    told: u64,
}

impl<T> Flow<T> {
    pub(super) fn new() -> Self {
        Self {
            chunks: VecDeque::new(),
            written: 0,
            sent: 0,
            acked: 0,
            segments: VecDeque::new(),
            pipe: 0,
            lost: 0,
            transmissions: 0,
            cubic: Cubic::new(),
            recovery: None,
            is_limited: false,
            srtt: None,
            backoff: 0,
            timer: None,
            probed: false,
            last_sent: Duration::ZERO,
            progress: Duration::ZERO,
            buffer: LEAST_BUFFER,
            is_blocked: false,
            unsent_limit: usize::MAX,
            user_timeout: Duration::MAX,
            is_dead: false,
            received: 0,
            ranges: Vec::new(),
            told: 0,
        }
    }

    // The application.

    /// Whether the socket takes bytes. After a `false`, [`unblocks`](Self::unblocks) tells when.
    pub(super) fn is_writable(&mut self) -> bool {
        self.is_blocked = self.unsent() >= self.unsent_limit || self.buffered() >= self.buffer;
        !self.is_blocked
    }

    /// Whether a socket that took no bytes does so again: as in Linux, only once half of the
    /// unsent bytes and a third of the buffer are gone.
    pub(super) fn unblocks(&mut self) -> bool {
        let is_roomy =
            self.unsent() < self.unsent_limit.div_ceil(2) && self.buffered() <= self.buffer / 3 * 2;
        is_roomy && core::mem::take(&mut self.is_blocked)
    }

    pub(super) fn write(&mut self, value: T, bytes: usize) {
        self.written += bytes as u64;
        self.chunks.push_back((self.written, value));
    }

    /// The next value whose bytes are all there.
    pub(super) fn read(&mut self) -> Option<T> {
        self.chunks
            .front()
            .filter(|(end, _)| *end <= self.received)?;
        let (end, value) = self.chunks.pop_front()?;
        self.told = self.told.max(end);
        Some(value)
    }

    /// Bytes of a value that is not whole yet, of which was not told before.
    pub(super) fn read_partial(&mut self) -> usize {
        let more = self.received.saturating_sub(self.told);
        self.told = self.told.max(self.received);
        more as usize
    }

    /// Bytes written and not sent.
    pub(super) fn unsent(&self) -> usize {
        (self.written - self.sent) as usize
    }

    /// Bytes written and not acked.
    pub(super) fn buffered(&self) -> usize {
        (self.written - self.acked) as usize
    }

    // The network.

    /// What may be sent now.
    pub(super) fn poll_transmit(&mut self, now: Duration) -> Option<Segment> {
        if self.is_dead {
            return None;
        }
        if self.segments.is_empty() && self.unsent() > 0 {
            let idle = now.saturating_sub(self.last_sent);
            self.cubic.handle_idle(idle, self.timeout());
            self.progress = now;
        }
        let window = self.window();
        if self.pipe + MSS > window && self.pipe > 0 {
            self.is_limited |= self.unsent() > 0 || self.lost > 0;
            return None;
        }
        let segment = match self.lost {
            0 => self.next_segment(window, now)?,
            _ => self.next_lost(now)?,
        };
        self.pipe += segment.bytes;
        self.last_sent = now;
        if let Some(Recovery {
            reduction: Some(reduction),
            ..
        }) = &mut self.recovery
        {
            reduction.sent += segment.bytes;
        }
        if self.timer.is_none() {
            self.arm(now);
        }
        Some(segment)
    }

    /// A segment came out of the network; gives the ack to send back.
    pub(super) fn handle_segment(&mut self, segment: &Segment) -> Ack {
        if segment.end() > self.received {
            let range = (segment.start, segment.end());
            let at = self.ranges.partition_point(|other| other.0 < range.0);
            self.ranges.insert(at, range);
            self.join_ranges();
        }
        Ack {
            received: self.received,
            ranges: self.ranges.clone(),
        }
    }

    /// Moves what has no gap before it out of the ranges, and joins those that touch.
    fn join_ranges(&mut self) {
        let received = &mut self.received;
        self.ranges.retain(|(start, end)| {
            let is_next = start <= received;
            *received = if is_next {
                *end.max(received)
            } else {
                *received
            };
            !is_next
        });
        self.ranges.dedup_by(|next, range| {
            let touches = next.0 <= range.1;
            range.1 = if touches {
                range.1.max(next.1)
            } else {
                range.1
            };
            touches
        });
    }

    /// An ack came back.
    pub(super) fn handle_ack(&mut self, ack: &Ack, now: Duration) {
        let mut delivered = Delivered::default();
        while let Some(first) = self.segments.front() {
            if first.end() > ack.received {
                break;
            }
            let Some(segment) = self.segments.pop_front() else {
                break;
            };
            self.deliver(segment, &mut delivered);
        }
        for (start, end) in &ack.ranges {
            let mut at = self.segments.partition_point(|other| other.start < *start);
            while let Some(segment) = self.segments.get_mut(at) {
                if segment.end() > *end {
                    break;
                }
                let before = *segment;
                segment.state = State::Received;
                self.deliver(before, &mut delivered);
                at += 1;
            }
        }
        if ack.received > self.acked {
            (self.acked, self.backoff, self.progress) = (ack.received, 0, now);
        }
        if delivered.bytes == 0 {
            return;
        }
        self.probed = false;
        if let Some(sent_at) = delivered.sent_at {
            self.measure(now - sent_at);
        }
        self.detect_loss(delivered.transmission, now);
        self.leave_recovery();
        self.grow(&delivered, now);
        self.timer = None;
        if !self.segments.is_empty() {
            self.arm(now);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.timer.filter(|_| !self.is_dead)
    }

    /// Does what is due. What is to be sent then, [`poll_transmit`](Self::poll_transmit) gives.
    pub(super) fn handle_timeout(&mut self, now: Duration) {
        if self.poll_timeout().is_none_or(|at| at > now) {
            return;
        }
        self.timer = None;
        if self.segments.is_empty() {
            return;
        }
        if now.saturating_sub(self.progress) >= self.user_timeout {
            self.is_dead = true;
            return;
        }
        if self.may_probe() {
            self.probed = true;
            if let Some(last) = self
                .segments
                .back_mut()
                .filter(|last| last.state == State::UnderWay)
            {
                // The probe goes although the window may be full.
                last.state = State::Lost;
                self.lost += 1;
                self.pipe -= last.bytes;
            }
        } else {
            self.time_out();
        }
        self.arm(now);
    }

    fn time_out(&mut self) {
        for segment in &mut self.segments {
            if segment.state == State::UnderWay {
                segment.state = State::Lost;
                self.lost += 1;
            }
        }
        self.pipe = 0;
        if self
            .recovery
            .as_ref()
            .is_none_or(|it| it.reduction.is_some())
        {
            self.cubic.handle_timeout();
        }
        let until = self.sent;
        self.recovery = Some(Recovery {
            until,
            reduction: None,
        });
        self.backoff += 1;
    }

    fn may_probe(&self) -> bool {
        !self.probed && self.recovery.is_none() && self.lost == 0 && self.srtt.is_some()
    }

    fn arm(&mut self, now: Duration) {
        let mut wait = self.timeout();
        if self.may_probe()
            && let Some((srtt, _)) = self.srtt
        {
            // RFC 8985: a single segment's ack may be a delayed one.
            let alone = match self.segments.len() {
                1 => LEAST_TIMEOUT,
                _ => Duration::ZERO,
            };
            wait = wait.min(srtt * 2 + alone);
        }
        let dead = self.progress.saturating_add(self.user_timeout);
        self.timer = Some((now + wait).min(dead.max(now)));
    }

    fn timeout(&self) -> Duration {
        let timeout = self.srtt.map_or(FIRST_TIMEOUT, |(srtt, variation)| {
            srtt + (variation * 4).max(LEAST_TIMEOUT)
        });
        let factor = 1_u32.checked_shl(self.backoff).unwrap_or(u32::MAX);
        timeout.saturating_mul(factor).min(LONGEST_TIMEOUT)
    }

    fn window(&self) -> usize {
        match &self.recovery {
            Some(Recovery {
                reduction: Some(reduction),
                ..
            }) => reduction.window,
            _ => self.cubic.window(),
        }
    }

    fn next_segment(&mut self, window: usize, now: Duration) -> Option<Segment> {
        let unsent = self.unsent();
        if unsent == 0 {
            return None;
        }
        let room = window.saturating_sub(self.pipe) / MSS * MSS;
        let bytes = unsent.min(room.clamp(MSS, self.at_once()));
        let start = self.sent;
        self.sent += bytes as u64;
        self.transmissions += 1;
        let segment = Segment {
            start,
            bytes,
            transmission: self.transmissions,
            sent_at: now,
            is_again: false,
            state: State::UnderWay,
        };
        self.segments.push_back(segment);
        Some(segment)
    }

    /// What the window sends in a millisecond, as Linux sizes its packets.
    fn at_once(&self) -> usize {
        let packets = self.srtt.map_or(1, |(srtt, _)| {
            let millis = usize::try_from(srtt.as_millis()).unwrap_or(usize::MAX);
            self.cubic.window() / MSS / millis.max(1)
        });
        packets.clamp(1, MOST_AT_ONCE) * MSS
    }

    fn next_lost(&mut self, now: Duration) -> Option<Segment> {
        let segment = self
            .segments
            .iter_mut()
            .find(|segment| segment.state == State::Lost)?;
        self.lost -= 1;
        self.transmissions += 1;
        segment.transmission = self.transmissions;
        (segment.sent_at, segment.is_again, segment.state) = (now, true, State::UnderWay);
        Some(*segment)
    }

    fn deliver(&mut self, segment: Segment, delivered: &mut Delivered) {
        match segment.state {
            State::Received => return,
            State::UnderWay => self.pipe -= segment.bytes,
            State::Lost => self.lost -= 1,
        }
        delivered.bytes += segment.bytes;
        delivered.transmission = delivered.transmission.max(segment.transmission);
        if !segment.is_again {
            delivered.sent_at = delivered.sent_at.max(Some(segment.sent_at));
        }
    }

    fn measure(&mut self, rtt: Duration) {
        self.srtt = Some(match self.srtt {
            None => (rtt, rtt / 2),
            Some((srtt, variation)) => (
                (srtt * 7 + rtt) / 8,
                (variation * 3 + srtt.abs_diff(rtt)) / 4,
            ),
        });
        self.cubic.handle_rtt(rtt, self.acked, self.sent);
    }

    /// RACK (RFC 8985): what was sent before something that arrived is lost, since links keep the
    /// order.
    fn detect_loss(&mut self, arrived: u64, now: Duration) {
        // Without a gap there is nothing to look for.
        let first = self.segments.front().map(|first| first.transmission);
        if first.is_none_or(|first| first > arrived) {
            return;
        }
        let mut lost = 0;
        for segment in &mut self.segments {
            if segment.state == State::UnderWay && segment.transmission < arrived {
                segment.state = State::Lost;
                self.pipe -= segment.bytes;
                lost += 1;
            }
        }
        self.lost += lost;
        if lost > 0 && self.recovery.is_none() {
            let in_flight = (self.sent - self.acked) as usize;
            self.cubic.handle_loss();
            self.recovery = Some(Recovery {
                until: self.sent,
                reduction: Some(Reduction {
                    in_flight,
                    ..Reduction::default()
                }),
            });
            self.progress = self.progress.max(now);
        }
    }

    fn leave_recovery(&mut self) {
        if self
            .recovery
            .as_ref()
            .is_some_and(|recovery| self.acked >= recovery.until)
        {
            self.recovery = None;
        }
    }

    fn grow(&mut self, delivered: &Delivered, now: Duration) {
        let (pipe, threshold) = (self.pipe, self.cubic.window());
        match &mut self.recovery {
            Some(Recovery {
                reduction: Some(reduction),
                ..
            }) => {
                reduction.delivered += delivered.bytes;
                let more = if pipe > threshold {
                    let due = reduction.delivered as u64 * threshold as u64
                        / reduction.in_flight.max(1) as u64;
                    (due as usize).saturating_sub(reduction.sent)
                } else {
                    let earned = reduction.delivered.saturating_sub(reduction.sent);
                    (threshold - pipe).min(earned.max(delivered.bytes) + MSS)
                };
                // At least the first lost packet goes again at once.
                reduction.window = pipe + more.max(if reduction.sent == 0 { MSS } else { 0 });
            }
            _ => {
                let (srtt, _) = self.srtt.unwrap_or_default();
                if core::mem::take(&mut self.is_limited) {
                    self.cubic.handle_acked(delivered.bytes, srtt, now);
                }
            }
        }
        let wanted = BUFFERED_WINDOWS * self.cubic.window();
        self.buffer = self.buffer.max(wanted.min(MOST_BUFFER));
    }
}

/// What an ack newly tells as received.
#[derive(Default)]
struct Delivered {
    bytes: usize,
    /// The latest transmission of it.
    transmission: u64,
    /// When the latest of it that was sent only once had been sent.
    sent_at: Option<Duration>,
}
