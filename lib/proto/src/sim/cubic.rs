//! The congestion window of a modelled TCP sender: CUBIC (RFC 9438) with HyStart's delay detection
//! and slow start after idle, as in Linux. Counts bytes, not packets.

use core::time::Duration;

/// Payload of one packet: Ethernet's 1,500 bytes without the headers of IP and TCP.
pub(super) const MSS: usize = 1_448;

/// RFC 9438: how steeply the window grows, packets per s^3.
const C: f64 = 0.4;
/// RFC 9438: what is left of the window after a loss.
const BETA: f64 = 0.7;
/// RFC 6928.
const INITIAL: f64 = 10.0;
/// HyStart starts at this window and takes the minimum RTT of so many acks of a round.
const HYSTART_WINDOW: f64 = 16.0;
const HYSTART_SAMPLES: u32 = 8;
/// An RTT above the minimum by an eighth, within these bounds, ends slow start.
const HYSTART_LEAST: Duration = Duration::from_millis(4);
const HYSTART_MOST: Duration = Duration::from_millis(16);

/// In packets, as the RFC counts.
#[derive(Debug)]
pub(super) struct Cubic {
    window: f64,
    threshold: f64,
    /// W_max of the RFC: the window before the last loss.
    max_window: f64,
    /// Start of the current growth and the window at that time; `None` until the first ack after a
    /// loss.
    epoch: Option<(Duration, f64)>,
    /// K of the RFC: seconds from the start of the epoch until the window is `max_window` again.
    k: f64,
    min_rtt: Duration,
    round: Round,
}

/// One round trip, for HyStart.
#[derive(Debug, Default)]
struct Round {
    ends: u64,
    least: Option<Duration>,
    samples: u32,
}

impl Cubic {
    pub(super) fn new() -> Self {
        Self {
            window: INITIAL,
            threshold: f64::INFINITY,
            max_window: 0.0,
            epoch: None,
            k: 0.0,
            min_rtt: Duration::MAX,
            round: Round::default(),
        }
    }

    /// Bytes that may be in flight.
    pub(super) fn window(&self) -> usize {
        self.window as usize * MSS
    }

    pub(super) fn is_slow_start(&self) -> bool {
        self.window < self.threshold
    }

    /// A round trip was measured. `acked` and `sent` are the stream offsets up to which bytes were
    /// acked and sent.
    pub(super) fn handle_rtt(&mut self, rtt: Duration, acked: u64, sent: u64) {
        self.min_rtt = self.min_rtt.min(rtt);
        if !self.is_slow_start() || self.window < HYSTART_WINDOW {
            return;
        }
        if acked >= self.round.ends {
            self.round = Round {
                ends: sent,
                ..Round::default()
            };
        }
        if self.round.samples < HYSTART_SAMPLES {
            self.round.samples += 1;
            let least = self.round.least.unwrap_or(rtt).min(rtt);
            self.round.least = Some(least);
            let queue = (self.min_rtt / 8).clamp(HYSTART_LEAST, HYSTART_MOST);
            if self.round.samples == HYSTART_SAMPLES && least >= self.min_rtt + queue {
                self.threshold = self.window;
            }
        }
    }

    /// So many bytes were acked while the window was what limited the sender.
    pub(super) fn handle_acked(&mut self, bytes: usize, srtt: Duration, now: Duration) {
        let acked = bytes as f64 / MSS as f64;
        if self.is_slow_start() {
            self.window += acked;
            return;
        }
        let (window, max_window) = (self.window, self.max_window);
        let (began, first) = *self.epoch.get_or_insert((now, window));
        if began == now {
            self.k = cube_root((max_window - window).max(0.0) / C);
        }
        let elapsed = (now - began + srtt).as_secs_f64();
        let target = C * cube(elapsed - self.k) + max_window.max(first);
        // The window that Reno would have: on short round trips CUBIC must not get less.
        let rounds = (now - began).as_secs_f64() / srtt.as_secs_f64().max(1e-6);
        let reno = first + 3.0 * (1.0 - BETA) / (1.0 + BETA) * rounds;
        let target = target.max(reno).clamp(window, 1.5 * window);
        self.window += (target - window) / window * acked;
    }

    /// A packet was lost.
    pub(super) fn handle_loss(&mut self) {
        // Fast convergence: leaves bandwidth to new flows.
        self.max_window = match self.window < self.max_window {
            true => self.window * (1.0 + BETA) / 2.0,
            false => self.window,
        };
        self.window = (self.window * BETA).max(2.0);
        self.threshold = self.window;
        self.epoch = None;
    }

    /// Nothing was acked for a whole retransmission timeout.
    pub(super) fn handle_timeout(&mut self) {
        self.handle_loss();
        self.window = 1.0;
    }

    /// Nothing was sent for `idle`; `timeout` is the retransmission timeout.
    pub(super) fn handle_idle(&mut self, idle: Duration, timeout: Duration) {
        let mut left = idle;
        if left > timeout {
            self.threshold = self.threshold.max(0.75 * self.window);
            self.epoch = None;
        }
        while left > timeout && self.window > INITIAL {
            left -= timeout;
            self.window = (self.window / 2.0).max(INITIAL);
        }
    }
}

fn cube(x: f64) -> f64 {
    x * x * x
}

/// Newton's method, since `core` has no cube root.
fn cube_root(x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let mut root = x.max(1.0);
    for _ in 0..64 {
        root = (2.0 * root + x / (root * root)) / 3.0;
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_roots_are_right() {
        for x in [0.001, 1.0, 27.0, 12_345.0] {
            assert!((cube(cube_root(x)) - x).abs() < x * 1e-9, "{x}");
        }
    }

    #[test]
    fn slow_start_doubles_and_ends_where_a_queue_delays() {
        let mut cubic = Cubic::new();
        let rtt = Duration::from_millis(10);
        cubic.handle_acked(10 * MSS, rtt, rtt);
        assert_eq!(cubic.window(), 20 * MSS);
        for _ in 0..HYSTART_SAMPLES {
            cubic.handle_rtt(rtt, 1, 2);
        }
        assert!(cubic.is_slow_start());
        for _ in 0..HYSTART_SAMPLES {
            cubic.handle_rtt(rtt + HYSTART_LEAST, 2, 3);
        }
        assert!(!cubic.is_slow_start());
    }

    #[test]
    fn after_a_loss_the_window_is_back_when_the_cubic_says() {
        let mut cubic = Cubic::new();
        // Long enough that Reno would be slower.
        let rtt = Duration::from_millis(100);
        cubic.handle_acked(90 * MSS, rtt, rtt);
        cubic.handle_loss();
        assert_eq!(cubic.window(), 70 * MSS);
        // K = cbrt(30 / 0.4) = 4.2 s.
        let mut now = Duration::ZERO;
        let mut back = None;
        while back.is_none() {
            now += rtt;
            cubic.handle_acked(cubic.window(), rtt, now);
            back = (cubic.window() >= 99 * MSS).then_some(now.as_secs_f64());
        }
        assert!((2.5..4.5).contains(&back.unwrap()), "{back:?}");
    }

    #[test]
    fn a_timeout_begins_with_one_packet_and_idleness_with_ten() {
        let mut cubic = Cubic::new();
        let rtt = Duration::from_millis(20);
        cubic.handle_acked(90 * MSS, rtt, rtt);
        cubic.handle_idle(Duration::from_secs(10), Duration::from_millis(220));
        assert_eq!(cubic.window(), 10 * MSS);
        cubic.handle_timeout();
        assert_eq!(cubic.window(), MSS);
    }
}
