//! What an owner sets, and the limits that keep strangers and slow peers from costing more than
//! they should.

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
    /// Our key.
    pub identity: Identity,
    /// What we call ourselves to whom we dial; a hint for a listener that does not know our key.
    pub name: Option<PeerName>,
    /// What records may be sealed with.
    pub ciphers: Ciphers,
    /// Connections, dialed and admitted ones together: 64 viewers of one 1 MB/s camera fill a
    /// gigabit link.
    pub max_peers: usize,
    /// Strangers in the middle of a handshake. The oldest goes when one more comes: an honest
    /// handshake takes milliseconds, so the oldest is the least likely to be one.
    pub max_half_open: usize,
    /// The same from one address, where the new one goes: a second program and a retry, and some to
    /// spare.
    pub max_half_open_per_address: usize,
    /// From connected to admitted. A shorter one than the protocol's cuts off slow Wi-Fi.
    pub handshake_timeout: Duration,
    /// From dialed to connected: a host that is there answers within three tries of one second and
    /// two.
    pub connect_timeout: Duration,
    /// How long a goodbye may take to go out.
    pub linger: Duration,
    /// Bytes read from one peer in one turn, a quarter of a millisecond's worth at 1 GB/s, before
    /// others have theirs.
    pub read_budget: usize,
    /// Bytes sealed for one peer in one turn.
    pub write_budget: usize,
    /// Whether packets are marked for the network: media as AF41, files as LE. Some networks drop
    /// marked packets.
    pub mark_packets: bool,
}

impl Config {
    /// A station of this key at these addresses, everything else as it does well on a local
    /// network.
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
