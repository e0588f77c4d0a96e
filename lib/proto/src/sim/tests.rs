//! What connections make of links.

use core::time::Duration;

use super::*;
use crate::Side::{Dialer, Listener};

const MS: Duration = Duration::from_millis(1);
/// Bytes of a value, small enough to see bytes arrive one after the other.
const SIZE: usize = 10_000;

/// A connection over one link there and an ideal one back.
struct Line {
    network: Network<u32>,
    link: LinkId,
    connection: ConnectionId,
    written: u32,
    read: u32,
}

impl Line {
    fn new(link: Link) -> Self {
        let mut network = Network::new(3);
        let delay = link.delay;
        let link = network.add_link(link);
        let back = network.add_link(Link {
            delay,
            ..Link::IDEAL
        });
        let connection = network.connect(&[link], &[back]);
        Self {
            network,
            link,
            connection,
            written: 0,
            read: 0,
        }
    }

    /// A link of that delay on which the second value, of one packet, is lost; and when that was
    /// written.
    fn that_loses_a_packet(delay: Duration) -> (Self, Duration) {
        let mut line = Self::new(Link {
            delay,
            ..Link::IDEAL
        });
        line.write();
        line.arrival(1);
        let start = line.network.now();
        line.network.link(line.link).loss = 1.0;
        line.network.write(line.connection, Dialer, 1, 1_000);
        line.network.advance(start + MS);
        line.network.link(line.link).loss = 0.0;
        (line, start)
    }

    /// Writes as much as the socket takes, and reads, until that time.
    fn greedy(&mut self, until: Duration) {
        loop {
            while self.network.is_writable(self.connection, Dialer) {
                self.write();
            }
            self.take();
            if !self.step(until) {
                return;
            }
        }
    }

    fn write(&mut self) {
        self.network
            .write(self.connection, Dialer, self.written, SIZE);
        self.written += 1;
    }

    /// Reads what has come, in order.
    fn take(&mut self) {
        while let Some(value) = self.network.read(self.connection, Listener) {
            assert_eq!(value, self.read);
            self.read += 1;
        }
    }

    /// Goes to the next event.
    fn step(&mut self, until: Duration) -> bool {
        match self.network.next().filter(|next| *next <= until) {
            Some(next) => self.network.advance(next),
            None => {
                self.network.advance(until);
                return false;
            }
        }
        true
    }

    /// When so many values had been read, nothing more being written.
    fn arrival(&mut self, count: u32) -> Duration {
        while self.read < count && self.step(self.network.now() + MS * 60_000) {
            self.take();
        }
        assert_eq!(self.read, count);
        self.network.now()
    }

    fn mbits(&self) -> f64 {
        f64::from(self.read) * SIZE as f64 * 8.0 / 1e6 / self.network.now().as_secs_f64()
    }
}

#[test]
fn a_greedy_flow_takes_the_payload_rate_of_its_link() {
    for (mbits, delay, fifo) in [(20, 0, 150_000), (20, 10, 150_000), (100, 1, 1_500_000)] {
        let delay = MS * delay;
        let mut line = Line::new(Link {
            delay,
            fifo,
            ..Link::mbits(mbits)
        });
        line.greedy(MS * 30_000);
        // 1,448 of 1,514 bytes are payload.
        let share = line.mbits() / mbits as f64;
        assert!((0.92..0.957).contains(&share), "{mbits} Mbit/s: {share}");
    }
}

#[test]
fn a_greedy_flow_fills_the_fifo_and_loses_packets() {
    let mut line = Line::new(Link {
        delay: MS * 10,
        fifo: 150_000,
        ..Link::mbits(20)
    });
    let mut most = 0;
    for second in 1..30 {
        line.greedy(MS * 1000 * second);
        most = most.max(line.network.waiting(line.link));
    }
    assert!(most > 100_000, "{most}");
    assert!(line.network.dropped(line.link) > 0);
}

#[test]
fn a_burst_takes_its_bytes_times_the_rate_and_the_delay() {
    let mut line = Line::new(Link {
        delay: MS * 5,
        burst: 0,
        ..Link::mbits(20)
    });
    // Ten packets and their ack make a round trip of 5 + 6 + 5 ms, and then the window is open.
    for _ in 0..4 {
        line.write();
    }
    let at = line.arrival(4);
    assert!((MS * 21..MS * 27).contains(&at), "{at:?}");
}

#[test]
fn a_lost_packet_delays_what_is_behind_it_by_a_round_trip() {
    let delay = MS * 20;
    let (mut line, start) = Line::that_loses_a_packet(delay);
    line.written = 2;
    line.write();
    let lost = line.arrival(3) - start;
    assert!((delay * 3..delay * 3 + MS * 3).contains(&lost), "{lost:?}");
}

#[test]
fn the_last_packet_lost_waits_for_a_probe() {
    let delay = MS * 20;
    let (mut line, start) = Line::that_loses_a_packet(delay);
    let lost = line.arrival(2) - start;
    assert!((MS * 220..MS * 320).contains(&lost), "{lost:?}");
}

#[test]
fn a_percent_of_loss_costs_a_short_path_little_and_a_long_one_much() {
    let mbits = |delay| {
        let mut line = Line::new(Link {
            delay,
            loss: 0.01,
            ..Link::mbits(20)
        });
        line.greedy(MS * 60_000);
        line.mbits()
    };
    let (short, long) = (mbits(MS / 10), mbits(MS * 50));
    assert!(short > 17.0, "{short}");
    assert!((0.8..5.0).contains(&long), "{long}");
}

#[test]
fn an_outage_ends_a_connection_after_its_timeout_and_a_shorter_one_does_not() {
    for (outage, dies) in [(3_000, false), (8_000, true)] {
        let mut line = Line::new(Link {
            delay: MS,
            ..Link::mbits(20)
        });
        line.network
            .tune(line.connection, Dialer, usize::MAX, MS * 5_000);
        line.greedy(MS * 2_000);
        line.network.link(line.link).is_down = true;
        line.greedy(MS * (2_000 + outage));
        assert_eq!(line.network.is_dead(line.connection, Dialer), dies);
        line.network.link(line.link).is_down = false;
        let before = line.read;
        line.greedy(MS * 20_000);
        assert_eq!(line.read > before + 100, !dies);
    }
}

#[test]
fn two_flows_share_a_link() {
    let mut line = Line::new(Link {
        delay: MS * 5,
        // Else always the same flow finds the FIFO full: a phase effect of models.
        jitter: MS,
        fifo: 150_000,
        ..Link::mbits(20)
    });
    let (link, back) = (line.link, line.network.add_link(Link::IDEAL));
    let second = line.network.connect(&[link], &[back]);
    let (mut read, mut value) = (0, 0);
    loop {
        while line.network.is_writable(second, Dialer) {
            line.network.write(second, Dialer, value, SIZE);
            value += 1;
        }
        while line.network.is_writable(line.connection, Dialer) {
            line.write();
        }
        line.take();
        while line.network.read(second, Listener).is_some() {
            read += 1;
        }
        if !line.step(MS * 60_000) {
            break;
        }
    }
    let both = f64::from(line.read + read);
    let share = f64::from(line.read) / both;
    assert!((0.25..0.75).contains(&share), "{share}");
    assert!(both * SIZE as f64 * 8.0 / 60e6 > 18.0);
}

#[test]
fn a_socket_with_a_mark_holds_few_unsent_bytes_and_wakes_at_half_of_it() {
    let mut line = Line::new(Link {
        delay: MS,
        fifo: 150_000,
        ..Link::mbits(20)
    });
    let mark = 16 * 1024;
    line.network.tune(line.connection, Dialer, mark, MS * 5_000);
    line.greedy(MS * 1_000);
    assert!(!line.network.is_writable(line.connection, Dialer));
    while line.network.poll_ready().is_some() {}
    let mut ready = false;
    for step in 0..1_000_000_u32 {
        while let Some(end) = line.network.poll_ready() {
            ready |= end == (line.connection, Dialer);
        }
        if ready {
            assert!(line.network.is_writable(line.connection, Dialer));
            return;
        }
        assert!(step < 999_999 && line.step(MS * 10_000), "never writable");
    }
}

#[test]
fn a_run_repeats_itself() {
    let run = |seed| {
        let mut line = Line::new(Link {
            delay: MS * 10,
            jitter: MS * 5,
            loss: 0.01,
            ..Link::mbits(20)
        });
        line.network.random = Random::new(seed);
        line.greedy(MS * 5_000);
        (line.read, line.network.dropped(line.link))
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn parts_of_a_value_are_told_as_they_come() {
    let mut line = Line::new(Link {
        delay: MS,
        ..Link::mbits(1)
    });
    line.write();
    line.network.advance(MS * 40);
    let part = line.network.read_partial(line.connection, Listener);
    assert!((3_000..6_000).contains(&part), "{part}");
    assert_eq!(line.network.read_partial(line.connection, Listener), 0);
}
