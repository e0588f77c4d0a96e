//! One direction of a network path: a rate, a delay, and a first-in-first-out buffer that says when
//! it is full.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use transom_wire::limits::RECORD_BULK;

use super::acks::Acks;
use crate::Instant;

/// The model of a path.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Bits per second; 0 for no limit.
    pub rate: u64,
    /// Propagation delay.
    pub delay: Duration,
    /// Bytes that wait before the pipe is not writable.
    pub fifo: usize,
    /// Records are delivered in pieces of this many bytes; 0 for whole records.
    pub cut: usize,
}

impl Route {
    /// No limit of rate, no delay.
    pub const IDEAL: Self = Self {
        rate: 0,
        delay: Duration::ZERO,
        fifo: usize::MAX,
        cut: 0,
    };

    /// A path of so many Mbit/s with 1 ms delay and a FIFO of 1.5 MB, as cheap routers have.
    pub const fn mbits(rate: u64) -> Self {
        Self {
            rate: rate * 1_000_000,
            delay: Duration::from_millis(1),
            fifo: 1_500_000,
            cut: 0,
        }
    }
}

/// Records on their way in one direction.
#[derive(Debug)]
pub struct Pipe {
    /// May be changed at any time.
    pub route: Route,
    /// Nothing passes while true; what is sent waits.
    pub cut_off: bool,
    /// The byte to put there into the next record: a peer that lies.
    pub change: Option<(usize, u8)>,
    /// How the sender of this direction acks.
    pub acks: Acks,
    under_way: VecDeque<(Instant, Vec<u8>)>,
    /// Bytes of the next record that were told as come out.
    partial: usize,
    /// When the last byte sent leaves the FIFO.
    idle_at: Instant,
}

impl Pipe {
    /// An empty path.
    pub fn new(route: Route) -> Self {
        Self {
            route,
            cut_off: false,
            change: None,
            acks: Acks::Honest,
            under_way: VecDeque::new(),
            partial: 0,
            idle_at: Instant::default(),
        }
    }

    /// Whether a whole record still fits.
    pub fn is_writable(&self, now: Instant) -> bool {
        let waiting = match self.route.rate {
            0 => 0,
            rate => (self.idle_at - now).as_micros() * u128::from(rate) / 8_000_000,
        };
        !self.cut_off && waiting + RECORD_BULK as u128 <= self.route.fifo as u128
    }

    /// Sends a record, which comes out whole when its last byte has passed.
    pub fn send(&mut self, record: &[u8], now: Instant) {
        let micros = match self.route.rate {
            0 => 0,
            rate => record.len() as u64 * 8_000_000 / rate,
        };
        self.idle_at = self.idle_at.max(now) + Duration::from_micros(micros);
        let arrives = self.idle_at + self.route.delay;
        let mut record = record.to_vec();
        self.acks.change(&mut record);
        if let Some((at, value)) = self.change.take() {
            let len = record.len();
            record[at % len] = value;
        }
        self.under_way.push_back((arrives, record));
    }

    /// When the next record arrives.
    pub fn next(&self) -> Option<Instant> {
        let (arrives, _) = self.under_way.front()?;
        (!self.cut_off).then_some(*arrives)
    }

    /// The next record that has arrived.
    pub fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.next().filter(|arrives| *arrives <= now)?;
        self.partial = 0;
        self.under_way.pop_front().map(|(_, record)| record)
    }

    /// Bytes of the next record that have arrived since the last call.
    pub fn receive_partial(&mut self, now: Instant) -> usize {
        let Some((arrives, record)) = self.under_way.front().filter(|_| !self.cut_off) else {
            return 0;
        };
        let rest = (*arrives - now).as_micros() * u128::from(self.route.rate) / 8_000_000;
        let rest = usize::try_from(rest).unwrap_or(usize::MAX);
        let came = record.len().saturating_sub(rest);
        let more = came.saturating_sub(self.partial);
        self.partial = self.partial.max(came);
        more
    }
}
