//! The sender of a flow: what is in flight, what counts as lost, and what may be sent.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::receiver::Ack;
use super::recovery::Recovery;
use super::timeout::{LEAST_TIMEOUT, Timeout};
use crate::sim::cubic::{Cubic, MSS};

/// Linux: `tcp_sndbuf_expand` and `tcp_wmem`: the send buffer at first and at most, and about how
/// many windows of payload it holds.
const LEAST_BUFFER: usize = 87_040;
const MOST_BUFFER: usize = 4 << 20;
const BUFFERED_WINDOWS: usize = 5;
/// Most packets sent as one segment, as segmentation offload does at high rates: a gigabit costs
/// few events.
const MOST_AT_ONCE: usize = 10;

/// Bytes in flight, as one or a few packets.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim) struct Segment {
    pub(super) start: u64,
    pub(in crate::sim) bytes: usize,
    /// Counts transmissions, so that the sender knows which segment was sent before which.
    transmission: u64,
    sent_at: Duration,
    is_retransmission: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    InFlight,
    Received,
    Lost,
}

impl Segment {
    pub(super) fn end(&self) -> u64 {
        self.start + self.bytes as u64
    }
}

pub(super) struct Sender {
    /// Ends of what the application wrote, of what was sent, and of what was acked.
    written: u64,
    sent: u64,
    acked: u64,
    /// Segments that are not cumulatively acked, in order.
    segments: VecDeque<Segment>,
    /// Bytes in flight: neither received nor lost.
    pipe: usize,
    /// Segments that are lost and not retransmitted yet.
    lost: usize,
    transmissions: u64,
    cubic: Cubic,
    recovery: Option<Recovery>,
    /// Whether the window, not the application, ended the last sending.
    is_window_limited: bool,
    timeout: Timeout,
    timer: Option<Duration>,
    /// Whether a tail loss probe was sent since the last ack.
    is_probed: bool,
    last_sent: Duration,
    /// When an ack last made progress, or data began to be outstanding.
    progress: Duration,
    /// Most bytes written and not acked.
    buffer: usize,
    /// The socket was full when the application last asked.
    is_blocked: bool,
    /// `TCP_NOTSENT_LOWAT`.
    unsent_limit: usize,
    /// `TCP_USER_TIMEOUT`.
    user_timeout: Duration,
    is_dead: bool,
}

/// What an ack newly tells as received.
#[derive(Default)]
struct Delivered {
    bytes: usize,
    /// Its latest transmission.
    transmission: u64,
    /// When the latest segment of it that was sent only once was sent.
    sent_at: Option<Duration>,
}

impl Sender {
    pub(super) fn new() -> Self {
        Self {
            written: 0,
            sent: 0,
            acked: 0,
            segments: VecDeque::new(),
            pipe: 0,
            lost: 0,
            transmissions: 0,
            cubic: Cubic::new(),
            recovery: None,
            is_window_limited: false,
            timeout: Timeout::default(),
            timer: None,
            is_probed: false,
            last_sent: Duration::ZERO,
            progress: Duration::ZERO,
            buffer: LEAST_BUFFER,
            is_blocked: false,
            unsent_limit: usize::MAX,
            user_timeout: Duration::MAX,
            is_dead: false,
        }
    }

    pub(super) fn tune(&mut self, unsent_limit: usize, user_timeout: Duration) {
        (self.unsent_limit, self.user_timeout) = (unsent_limit, user_timeout);
    }

    pub(super) fn is_writable(&mut self) -> bool {
        self.is_blocked = self.unsent() >= self.unsent_limit || self.buffered() >= self.buffer;
        !self.is_blocked
    }

    pub(super) fn unblocks(&mut self) -> bool {
        let is_roomy =
            self.unsent() < self.unsent_limit.div_ceil(2) && self.buffered() <= self.buffer / 3 * 2;
        is_roomy && core::mem::take(&mut self.is_blocked)
    }

    /// The application writes; returns the end of what it wrote so far.
    pub(super) fn write(&mut self, bytes: usize) -> u64 {
        self.written += bytes as u64;
        self.written
    }

    fn unsent(&self) -> usize {
        (self.written - self.sent) as usize
    }

    /// Bytes written and not acked.
    pub(super) fn buffered(&self) -> usize {
        (self.written - self.acked) as usize
    }

    pub(super) fn is_dead(&self) -> bool {
        self.is_dead
    }

    /// What may be sent now.
    pub(super) fn poll_transmit(&mut self, now: Duration) -> Option<Segment> {
        if self.is_dead {
            return None;
        }
        if self.segments.is_empty() && self.unsent() > 0 {
            let idle = now.saturating_sub(self.last_sent);
            self.cubic.handle_idle(idle, self.timeout.get());
            self.progress = now;
        }
        let window = self.window();
        if self.pipe + MSS > window && self.pipe > 0 {
            self.is_window_limited |= self.unsent() > 0 || self.lost > 0;
            return None;
        }
        let segment = match self.lost {
            0 => self.next_segment(window, now)?,
            _ => self.next_lost(now)?,
        };
        self.pipe += segment.bytes;
        self.last_sent = now;
        if let Some(recovery) = &mut self.recovery {
            recovery.on_sent(segment.bytes);
        }
        if self.timer.is_none() {
            self.arm(now);
        }
        Some(segment)
    }

    /// An ack came back.
    pub(super) fn handle_ack(&mut self, ack: &Ack, now: Duration) {
        let delivered = self.take_delivered(ack);
        if ack.received > self.acked {
            (self.acked, self.progress) = (ack.received, now);
            self.timeout.handle_progress();
        }
        if delivered.bytes == 0 {
            return;
        }
        self.is_probed = false;
        if let Some(sent_at) = delivered.sent_at {
            let rtt = now - sent_at;
            self.timeout.handle_rtt(rtt);
            self.cubic.handle_rtt(rtt, self.acked, self.sent);
        }
        self.detect_loss(delivered.transmission, now);
        self.recovery.take_if(|it| it.is_over(self.acked));
        self.grow(delivered.bytes, now);
        self.timer = None;
        if !self.segments.is_empty() {
            self.arm(now);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        self.timer.filter(|_| !self.is_dead)
    }

    /// Handles the timer. What is to be sent then, [`poll_transmit`](Self::poll_transmit) gives.
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
            self.probe();
        } else {
            self.time_out();
        }
        self.arm(now);
    }

    /// A tail loss probe (RFC 8985): sends the last segment again, even if the window is full.
    fn probe(&mut self) {
        self.is_probed = true;
        let last = self.segments.back_mut();
        if let Some(last) = last.filter(|last| last.state == State::InFlight) {
            last.state = State::Lost;
            self.lost += 1;
            self.pipe -= last.bytes;
        }
    }

    /// The retransmission timeout has passed: all that is in flight counts as lost.
    fn time_out(&mut self) {
        for segment in &mut self.segments {
            if segment.state == State::InFlight {
                segment.state = State::Lost;
                self.lost += 1;
            }
        }
        self.pipe = 0;
        let again = self
            .recovery
            .as_ref()
            .is_some_and(Recovery::is_after_timeout);
        if !again {
            self.cubic.handle_timeout();
        }
        self.recovery = Some(Recovery::after_timeout(self.sent));
        self.timeout.back_off();
    }

    fn may_probe(&self) -> bool {
        let is_quiet = !self.is_probed && self.recovery.is_none() && self.lost == 0;
        is_quiet && self.timeout.srtt().is_some()
    }

    /// Sets the timer for a probe or the retransmission timeout, or for `TCP_USER_TIMEOUT`.
    fn arm(&mut self, now: Duration) {
        let mut wait = self.timeout.get();
        if self.may_probe()
            && let Some(srtt) = self.timeout.srtt()
        {
            // RFC 8985: the ack of a single segment may be a delayed one.
            let alone = match self.segments.len() {
                1 => LEAST_TIMEOUT,
                _ => Duration::ZERO,
            };
            wait = wait.min(srtt * 2 + alone);
        }
        let dead = self.progress.saturating_add(self.user_timeout);
        self.timer = Some((now + wait).min(dead.max(now)));
    }

    fn window(&self) -> usize {
        let reduced = self.recovery.as_ref().and_then(Recovery::window);
        reduced.unwrap_or_else(|| self.cubic.window())
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
            is_retransmission: false,
            state: State::InFlight,
        };
        self.segments.push_back(segment);
        Some(segment)
    }

    /// Bytes that the window sends in a millisecond, as Linux sizes its packets.
    fn at_once(&self) -> usize {
        let packets = self.timeout.srtt().map_or(1, |srtt| {
            let millis = usize::try_from(srtt.as_millis()).unwrap_or(usize::MAX);
            self.cubic.window() / MSS / millis.max(1)
        });
        packets.clamp(1, MOST_AT_ONCE) * MSS
    }

    fn next_lost(&mut self, now: Duration) -> Option<Segment> {
        let mut segments = self.segments.iter_mut();
        let segment = segments.find(|segment| segment.state == State::Lost)?;
        self.lost -= 1;
        self.transmissions += 1;
        segment.transmission = self.transmissions;
        segment.is_retransmission = true;
        (segment.sent_at, segment.state) = (now, State::InFlight);
        Some(*segment)
    }

    /// Marks what an ack tells as received.
    fn take_delivered(&mut self, ack: &Ack) -> Delivered {
        let mut delivered = Delivered::default();
        while let Some(first) = self.segments.front().copied()
            && first.end() <= ack.received
        {
            self.segments.pop_front();
            self.deliver(first, &mut delivered);
        }
        for (start, end) in &ack.ranges {
            let mut at = self.segments.partition_point(|other| other.start < *start);
            while let Some(segment) = self.segments.get_mut(at)
                && segment.end() <= *end
            {
                let before = *segment;
                segment.state = State::Received;
                self.deliver(before, &mut delivered);
                at += 1;
            }
        }
        delivered
    }

    fn deliver(&mut self, segment: Segment, delivered: &mut Delivered) {
        match segment.state {
            State::Received => return,
            State::InFlight => self.pipe -= segment.bytes,
            State::Lost => self.lost -= 1,
        }
        delivered.bytes += segment.bytes;
        delivered.transmission = delivered.transmission.max(segment.transmission);
        if !segment.is_retransmission {
            delivered.sent_at = delivered.sent_at.max(Some(segment.sent_at));
        }
    }

    /// RACK (RFC 8985): what was sent before a segment that arrived is lost, since the modelled
    /// links keep the order.
    fn detect_loss(&mut self, arrived: u64, now: Duration) {
        // Without a gap there is nothing to look for.
        let first = self.segments.front().map(|first| first.transmission);
        if first.is_none_or(|first| first > arrived) {
            return;
        }
        let mut lost = 0;
        for segment in &mut self.segments {
            if segment.state == State::InFlight && segment.transmission < arrived {
                segment.state = State::Lost;
                self.pipe -= segment.bytes;
                lost += 1;
            }
        }
        self.lost += lost;
        if lost > 0 && self.recovery.is_none() {
            let in_flight = (self.sent - self.acked) as usize;
            self.cubic.handle_loss();
            self.recovery = Some(Recovery::after_loss(self.sent, in_flight));
            self.progress = self.progress.max(now);
        }
    }

    /// So many bytes were delivered: grows the window and the send buffer.
    fn grow(&mut self, bytes: usize, now: Duration) {
        let (pipe, threshold) = (self.pipe, self.cubic.window());
        let recovery = self.recovery.as_mut();
        let is_reduced = recovery.is_some_and(|it| it.on_delivered(bytes, pipe, threshold));
        if !is_reduced && core::mem::take(&mut self.is_window_limited) {
            let srtt = self.timeout.srtt().unwrap_or_default();
            self.cubic.handle_acked(bytes, srtt, now);
        }
        let wanted = BUFFERED_WINDOWS * self.cubic.window();
        self.buffer = self.buffer.max(wanted.min(MOST_BUFFER));
    }
}
