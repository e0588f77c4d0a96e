//! One direction of a network link: a FIFO, a rate, a delay, jitter and loss. It knows nothing of
//! the content of its packets.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::random::Random;

/// Identifies one direction of a link in its [`Network`](super::Network).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkId(pub(super) usize);

/// The model of one direction of a link. All connections routed over it share its rate and FIFO.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Bits per second on the wire; 0 for no limit.
    pub rate: u64,
    /// Most bytes that wait; packets beyond are dropped.
    pub fifo: usize,
    /// Size of the token bucket: bytes that pass at once after a pause.
    pub burst: usize,
    /// Propagation delay.
    pub delay: Duration,
    /// Added to the delay of each packet: a random part of this. The order is kept.
    pub jitter: Duration,
    /// The share of packets that are lost, 0 to 1.
    pub loss: f64,
    /// Nothing passes while the link is down: packets are lost.
    pub is_down: bool,
}

impl Link {
    /// No limit, no delay, no loss.
    pub const IDEAL: Self = Self {
        rate: 0,
        fifo: usize::MAX,
        burst: 0,
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        loss: 0.0,
        is_down: false,
    };

    /// So many Mbit/s behind a FIFO of 1.5 MB, as cheap routers have; otherwise ideal.
    pub const fn mbits(rate: u64) -> Self {
        Self {
            rate: rate * 1_000_000,
            fifo: 1_500_000,
            burst: 8 * 1024,
            ..Self::IDEAL
        }
    }

    /// How long so many bytes take at this rate.
    fn span(&self, bytes: usize) -> Duration {
        match self.rate {
            0 => Duration::ZERO,
            rate => Duration::from_nanos((bytes as u64).saturating_mul(8_000_000_000) / rate),
        }
    }
}

/// A packet waiting in a FIFO or on its way, with its size on the wire.
#[derive(Debug)]
struct Waiting<P> {
    packet: P,
    bytes: usize,
}

/// The packets in one direction of a link.
#[derive(Debug)]
pub(super) struct Queue<P> {
    pub(super) model: Link,
    fifo: VecDeque<Waiting<P>>,
    waiting: usize,
    /// When the last packet that left the FIFO had been sent, by the token bucket.
    sent_at: Duration,
    /// When the packet at the front has been sent.
    departs: Option<Duration>,
    under_way: VecDeque<(Duration, P)>,
    pub(super) dropped: u64,
}

impl<P> Queue<P> {
    pub(super) fn new(model: Link) -> Self {
        Self {
            model,
            fifo: VecDeque::new(),
            waiting: 0,
            sent_at: Duration::ZERO,
            departs: None,
            under_way: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Bytes in the FIFO.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Queues a packet, or drops it.
    pub(super) fn push(&mut self, packet: P, bytes: usize, now: Duration) {
        if self.model.is_down || self.waiting.saturating_add(bytes) > self.model.fifo {
            self.dropped += 1;
            return;
        }
        self.waiting += bytes;
        self.fifo.push_back(Waiting { packet, bytes });
        self.schedule(now);
    }

    /// When the next packet leaves the FIFO or the link.
    pub(super) fn next(&self) -> Option<Duration> {
        let arrives = self.under_way.front().map(|(at, _)| *at);
        match (self.departs, arrives) {
            (Some(departs), Some(arrives)) => Some(departs.min(arrives)),
            (one, other) => one.or(other),
        }
    }

    /// Moves packets on; returns the next one that has left the link by now.
    pub(super) fn pop(&mut self, now: Duration, random: &mut Random) -> Option<P> {
        while self.departs.is_some_and(|at| at <= now) {
            self.depart(random);
            self.schedule(now);
        }
        self.under_way.front().filter(|(at, _)| *at <= now)?;
        self.under_way.pop_front().map(|(_, packet)| packet)
    }

    fn schedule(&mut self, now: Duration) {
        if let (None, Some(first)) = (self.departs, self.fifo.front()) {
            let credit = self.model.span(self.model.burst);
            let start = self.sent_at.max(now.saturating_sub(credit));
            self.sent_at = start + self.model.span(first.bytes);
            self.departs = Some(self.sent_at.max(now));
        }
    }

    fn depart(&mut self, random: &mut Random) {
        let (Some(at), Some(Waiting { packet, bytes })) =
            (self.departs.take(), self.fifo.pop_front())
        else {
            return;
        };
        self.waiting -= bytes;
        let Link {
            delay,
            jitter,
            loss,
            is_down,
            ..
        } = self.model;
        if is_down || loss > 0.0 && random.fraction() < loss {
            self.dropped += 1;
            return;
        }
        let mut arrives = at + delay;
        if !jitter.is_zero() {
            arrives += jitter.mul_f64(random.fraction());
        }
        let before = self.under_way.back().map_or(Duration::ZERO, |(at, _)| *at);
        self.under_way.push_back((arrives.max(before), packet));
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// When each packet of 1,000 bytes comes out, in ms, of those sent at those times.
    fn through(model: Link, sent: &[u32]) -> Vec<u128> {
        let mut queue = Queue::new(model);
        let mut random = Random::new(1);
        let mut came = Vec::new();
        let mut sent = sent.iter().peekable();
        loop {
            let pushed = sent.peek().map(|at| MS * **at);
            let now = [pushed, queue.next()].into_iter().flatten().min();
            let Some(now) = now else { return came };
            if pushed == Some(now) {
                sent.next();
                queue.push((), 1_000, now);
            }
            while queue.pop(now, &mut random).is_some() {
                came.push(now.as_millis());
            }
        }
    }

    /// A kilobyte takes 8 ms.
    fn megabit() -> Link {
        Link {
            rate: 1_000_000,
            fifo: 3_000,
            ..Link::IDEAL
        }
    }

    #[test]
    fn packets_come_out_at_the_rate_after_the_delay() {
        let delay = MS * 20;
        let model = Link { delay, ..megabit() };
        assert_eq!(through(model, &[0, 0, 100]), [28, 36, 128]);
    }

    #[test]
    fn what_does_not_fit_into_the_fifo_is_dropped() {
        assert_eq!(through(megabit(), &[0, 0, 0, 0]), [8, 16, 24]);
    }

    #[test]
    fn a_burst_passes_at_once_after_a_pause() {
        let burst = 2_000;
        let model = Link { burst, ..megabit() };
        assert_eq!(through(model, &[100, 100, 100]), [100, 100, 108]);
    }

    #[test]
    fn a_link_that_is_down_loses_everything() {
        let is_down = true;
        let model = Link {
            is_down,
            ..megabit()
        };
        assert!(through(model, &[0, 5]).is_empty());
    }

    #[test]
    fn jitter_keeps_the_order() {
        let jitter = MS * 50;
        let model = Link {
            jitter,
            ..Link::IDEAL
        };
        let came = through(model, &[0, 1, 2, 3, 4, 5]);
        assert!(came.is_sorted() && came.len() == 6, "{came:?}");
        assert!(came.iter().any(|at| *at > 10), "{came:?}");
    }

    #[test]
    fn a_share_of_the_packets_is_lost() {
        let model = Link {
            loss: 0.1,
            ..Link::IDEAL
        };
        let sent: Vec<_> = (0..1000).collect();
        let came = through(model, &sent).len();
        assert!((850..950).contains(&came), "{came}");
    }
}
