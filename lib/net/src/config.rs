//! What an owner sets, and the limits that bound the cost of strangers and slow peers.

use std::net::SocketAddr;
use std::time::Duration;

use transom_secure::{Ciphers, HANDSHAKE_TIMEOUT, Identity};
use transom_wire::PeerName;

/// How a [`Net`](crate::Net) is set up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where to listen. An IPv6 address takes IPv6 alone, so that both families can have the same
    /// port.
    pub listen: Vec<SocketAddr>,
    /// Our key pair.
    pub identity: Identity,
    /// Our name, sent to listeners that we dial; a hint for one that does not know our key.
    pub name: Option<PeerName>,
    /// The ciphers that may seal records.
    pub ciphers: Ciphers,
    /// Connections, dialed and admitted together. Default 64: that many viewers of a camera of
    /// 1 MB/s fill a gigabit link.
    pub max_peers: usize,
    /// Accepted connections in a handshake. Default 64. The oldest ends when one more is accepted:
    /// an honest handshake takes milliseconds, so the oldest is the least likely to be honest.
    pub max_half_open: usize,
    /// The same from one address, beyond which the newest is closed. Default 4: a second program, a
    /// retry, and some to spare.
    pub max_half_open_per_address: usize,
    /// Time from connected to admitted. Less than the protocol's default cuts off slow Wi-Fi.
    pub handshake_timeout: Duration,
    /// Time from dialed to connected. Default 5 s: TCP's first three SYNs go out within 3 s.
    pub connect_timeout: Duration,
    /// How long sending a goodbye may take. Default 1 s.
    pub linger: Duration,
    /// Bytes read from one peer in one turn, before other peers are served. Default 256 KiB: a
    /// quarter of a millisecond at 1 GB/s.
    pub read_budget: usize,
    /// Bytes sealed for one peer in one turn. Default 256 KiB, for the same reason.
    pub write_budget: usize,
    /// Whether packets are marked for the network: media as AF41, files as LE. Some networks drop
    /// marked packets.
    pub mark_packets: bool,
}

impl Config {
    /// A station with this key at these addresses, with defaults for a local network.
    pub fn new(identity: Identity, listen: Vec<SocketAddr>) -> Self {
        Self {
            listen,
            identity,
            name: None,
            ciphers: Ciphers::detect(),
            max_peers: 64,
            max_half_open: 64,
            max_half_open_per_address: 4,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            connect_timeout: Duration::from_secs(5),
            linger: Duration::from_secs(1),
            read_budget: 256 * 1024,
            write_budget: 256 * 1024,
            mark_packets: true,
        }
    }
}
