//! The owner's settings, and the limits that bound the cost of unknown and slow peers.

use std::net::SocketAddr;
use std::time::Duration;

use transom_secure::{Ciphers, HANDSHAKE_TIMEOUT, Identity, PAIRING_TIMEOUT};
use transom_wire::PeerName;

/// The configuration of a [`Net`](crate::Net).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The addresses to listen at. An IPv6 address accepts only IPv6, so that both families can use
    /// the same port.
    pub listen: Vec<SocketAddr>,
    /// The HTTP door, if there is one.
    #[cfg(feature = "http")]
    pub http: Option<HttpConfig>,
    /// Our key pair.
    pub identity: Identity,
    /// Our name, sent to listeners that we dial: a hint for those that do not know our key.
    pub name: Option<PeerName>,
    /// The ciphers that may seal records.
    pub ciphers: Ciphers,
    /// Most connections, dialed and admitted ones together. Default 64: so many viewers of a camera
    /// of 1 MB/s fill half a gigabit link.
    pub max_peers: usize,
    /// Most accepted connections in a handshake. Default 64. Beyond that the oldest ends: an honest
    /// handshake takes milliseconds, so the oldest is the least likely to be honest.
    pub max_half_open: usize,
    /// Most accepted connections in a handshake from the same address. Beyond that the newest is
    /// closed. Default 4: a second program, a retry, and a reserve.
    pub max_half_open_per_address: usize,
    /// Most time from connected to admitted. Less than the default cuts off slow Wi-Fi.
    pub handshake_timeout: Duration,
    /// Most time from connected to paired. Less than the default cuts off slow Wi-Fi.
    pub pairing_timeout: Duration,
    /// Most pairings that strangers begin at once, and then one in each
    /// [`pairing_interval`](Self::pairing_interval). One address has half of that: half as many at
    /// once, and then half as often. Default 8: an address has more than a person needs who
    /// mistypes a code, and all together take 3 ms of CPU.
    pub pairing_burst: u32,
    /// Default 500 ms, so that a flood of pairings takes about a thousandth of a core.
    pub pairing_interval: Duration,
    /// Most time from dialed to connected. Default 5 s: TCP sends its first three SYNs within 3 s.
    pub connect_timeout: Duration,
    /// Most time to send a goodbye. Default 1 s.
    pub linger: Duration,
    /// Bytes read from a peer in each turn, before other peers are served. Default 256 KiB: a
    /// quarter of a millisecond at 1 GB/s.
    pub read_budget: usize,
    /// Bytes sealed for a peer in each turn. Default 256 KiB, for the same reason.
    pub write_budget: usize,
    /// Whether packets are marked for the network: media as AF41, files as LE. Some networks drop
    /// marked packets.
    pub mark_packets: bool,
}

/// The HTTP door of a [`Net`](crate::Net).
#[cfg(feature = "http")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpConfig {
    /// The addresses to listen at, each of which has to be bound.
    pub listen: Vec<SocketAddr>,
    /// Its cameras and its passes.
    pub door: transom_door::Config,
}

#[cfg(feature = "http")]
impl HttpConfig {
    /// A door at these addresses.
    pub fn new(listen: Vec<SocketAddr>, door: transom_door::Config) -> Self {
        Self { listen, door }
    }
}

impl Config {
    /// A station with this key at these addresses, with defaults for a local network.
    pub fn new(identity: Identity, listen: Vec<SocketAddr>) -> Self {
        Self {
            listen,
            #[cfg(feature = "http")]
            http: None,
            identity,
            name: None,
            ciphers: Ciphers::detect(),
            max_peers: 64,
            max_half_open: 64,
            max_half_open_per_address: 4,
            handshake_timeout: HANDSHAKE_TIMEOUT,
            pairing_timeout: PAIRING_TIMEOUT,
            pairing_burst: 8,
            pairing_interval: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(5),
            linger: Duration::from_secs(1),
            read_budget: 256 * 1024,
            write_budget: 256 * 1024,
            mark_packets: true,
        }
    }
}
