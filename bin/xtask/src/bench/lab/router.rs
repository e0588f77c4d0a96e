//! A router in user space, for delay and loss, which the kernel's token bucket does not have. It
//! receives the packets of both sides over UDP, by the kernel's VXLAN.
//!
//! ```text
//!  sender 10.98.0.1 == VXLAN == 10.99.1.2 router 10.99.2.2 == VXLAN == 10.98.0.2 receiver
//! ```
//!
//! Each direction has a thread that receives packets and one that forwards them when they are due.
//! Each new maximum of its lateness is printed, so that a machine that is too slow is noticed.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Context, Failure, Outcome};

use super::Shape;

/// The hidden command.
pub(in crate::bench) const ROUTER: &str = "router";

/// The arguments of the hidden command for a link.
pub(super) fn arguments(shape: &Shape) -> [String; 5] {
    [
        ROUTER.to_owned(),
        shape.mbit.to_string(),
        shape.queue_bytes.to_string(),
        (shape.round_trip / 2).as_micros().to_string(),
        shape.loss.to_string(),
    ]
}

/// Routes until it is killed.
pub(in crate::bench) fn route(arguments: &[&str]) -> Outcome {
    let [mbit, queue_bytes, delay, loss] = arguments else {
        return Err(Failure::usage("router: MBIT QUEUE_BYTES DELAY_US LOSS"));
    };
    let number = |text: &str| text.parse::<f64>().context(text);
    let delay = Duration::from_micros(delay.parse().context(delay)?);
    let there = Wire::new(
        number(mbit)? * 1e6 / 8.0,
        number(queue_bytes)?,
        delay,
        number(loss)?,
    );
    let back = Wire::new(f64::INFINITY, f64::INFINITY, delay, 0.0);

    let (near, far) = (socket(SIDES[0].0)?, socket(SIDES[1].0)?);
    let copy = |socket: &UdpSocket| socket.try_clone().context("a socket");
    let (late, lateness) = mpsc::channel();
    for (from, to, peer, wire) in [
        (copy(&near)?, copy(&far)?, SIDES[1].1, there),
        (far, near, SIDES[0].1, back),
    ] {
        let peer: SocketAddr = format!("{peer}:{PORT}").parse().context(peer)?;
        let late = late.clone();
        let (queue, due) = mpsc::channel();
        thread::spawn(move || take(&from, wire, &queue));
        thread::spawn(move || send(&to, peer, &due, &late));
    }
    println!("{{\"event\":\"routing\"}}");
    let mut worst = Duration::ZERO;
    for late in lateness.iter() {
        if late > worst {
            worst = late;
            println!("{{\"late_ms\":{:.3}}}", late.as_secs_f64() * 1000.0);
        }
    }
    Ok(())
}

/// A side sends as fast as its processor can, since its veth has no rate limit. The burst must fit
/// this receive buffer: otherwise packets are lost before the modelled queue counts them.
fn socket(own: &str) -> Outcome<UdpSocket> {
    let socket = UdpSocket::bind((own, PORT)).context(own)?;
    #[cfg(target_os = "linux")]
    rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER)
        .context(own)?;
    Ok(socket)
}

/// Bytes for a whole TCP window of 16 MB; the kernel accounts twice the size of a packet.
#[cfg(target_os = "linux")]
const RECEIVE_BUFFER: usize = 32 << 20;

/// For the sender's and the receiver's side: the router's address, and the side's.
pub(super) const SIDES: [(&str, &str); 2] =
    [("10.99.1.2", "10.99.1.1"), ("10.99.2.2", "10.99.2.1")];
pub(super) const PORT: u16 = 4789;

/// A packet and when to send it.
type Due = (Instant, Box<[u8]>);

fn take(socket: &UdpSocket, mut wire: Wire, queue: &Sender<Due>) {
    let mut buffer = [0; MAX_PACKET];
    while let Ok(count) = socket.recv(&mut buffer) {
        let packet = &buffer[..count];
        if let Some(at) = wire.due(Instant::now(), count.saturating_sub(VXLAN_HEADER)) {
            // Can't fail: the sending thread runs as long as the process.
            let _ = queue.send((at, packet.into()));
        }
    }
}

fn send(socket: &UdpSocket, peer: SocketAddr, due: &Receiver<Due>, late: &Sender<Duration>) {
    for (at, packet) in due {
        let mut now = Instant::now();
        if at > now {
            thread::sleep(at - now);
            now = Instant::now();
        }
        let _ = late.send(now - at);
        // If the buffer of the side is full, the packet is lost as on a real link.
        let _ = socket.send_to(&packet, peer);
    }
}

/// Larger than any packet of ours.
const MAX_PACKET: usize = 16 * 1024;

/// Bytes of the VXLAN header, which a real wire would not carry.
const VXLAN_HEADER: usize = 8;

/// One direction of the link.
struct Wire {
    bytes_per_second: f64,
    queue_bytes: f64,
    delay: Duration,
    loss: f64,
    /// When the wire will have carried all packets so far.
    free_at: Instant,
    random: u64,
}

impl Wire {
    fn new(bytes_per_second: f64, queue_bytes: f64, delay: Duration, loss: f64) -> Self {
        Self {
            bytes_per_second,
            queue_bytes,
            delay,
            loss,
            free_at: Instant::now(),
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// When a packet received at `now` arrives at the other end; `None` if it is lost, by chance or
    /// because the queue is full.
    fn due(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        let waiting = self.free_at.saturating_duration_since(now).as_secs_f64();
        let has_room = waiting * self.bytes_per_second + bytes as f64 <= self.queue_bytes
            || self.bytes_per_second.is_infinite();
        if !has_room || self.chance() < self.loss {
            return None;
        }
        let carried = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second);
        self.free_at = self.free_at.max(now) + carried;
        Some(self.free_at + self.delay)
    }

    /// From 0 to 1, the same sequence in every run (xorshift64*).
    fn chance(&mut self) -> f64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let bits = self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn packets_wait_for_those_before_them_and_for_the_delay() {
        let mut wire = Wire::new(1e6, 2500.0, 10 * MS, 0.0);
        let now = Instant::now();
        wire.free_at = now;
        assert_eq!(wire.due(now, 1000), Some(now + 11 * MS));
        assert_eq!(wire.due(now, 1000), Some(now + 12 * MS));
        assert_eq!(wire.due(now, 1000), None, "the queue is full");
        assert_eq!(wire.due(now + MS, 1000), Some(now + 13 * MS));
        assert_eq!(wire.due(now + 90 * MS, 1000), Some(now + 101 * MS));
    }

    #[test]
    fn a_wire_without_limit_only_delays() {
        let mut wire = Wire::new(f64::INFINITY, f64::INFINITY, 10 * MS, 0.0);
        let now = wire.free_at;
        for _ in 0..3 {
            assert_eq!(wire.due(now, 1500), Some(now + 10 * MS));
        }
    }

    #[test]
    fn losses_are_as_many_as_asked_for() {
        let mut wire = Wire::new(f64::INFINITY, f64::INFINITY, 10 * MS, 0.01);
        let now = Instant::now();
        let lost = (0..100_000)
            .filter(|_| wire.due(now, 1500).is_none())
            .count();
        assert!((900..1100).contains(&lost), "{lost}");
    }
}
