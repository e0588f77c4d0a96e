//! Hosts, the links between them, and the virtual clock.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use transom_proto::Side;
use transom_proto::sim::{ConnectionId, Link, LinkId, Network, Random};
use transom_wire::{PeerName, PublicKey};

/// The network and the clock that all stations of a simulation share. A clone is the same world.
///
/// Every host has an uplink and a downlink. Bytes between two hosts pass the uplink of the sender
/// and then the downlink of the receiver.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

/// Names a host of a [`World`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HostId(usize);

/// Names a program that has a [`Net`](super::Net).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ProgramId(u32);

/// An endpoint of a connection.
pub(super) type Endpoint = (ConnectionId, Side);

pub(super) struct State {
    pub(super) network: Network<Chunk>,
    random: Random,
    pub(super) base: Instant,
    hosts: Vec<Host>,
    /// The program that listens at each address.
    listeners: BTreeMap<SocketAddr, ProgramId>,
    programs: BTreeMap<ProgramId, Program>,
    last_program: u32,
    owners: BTreeMap<Endpoint, ProgramId>,
}

struct Host {
    up: LinkId,
    down: LinkId,
    last_port: u16,
}

struct Program {
    host: HostId,
    /// Endpoints that may be readable or writable since the last `take_ready`.
    ready: BTreeSet<Endpoint>,
}

/// A unit of the byte stream that a connection carries.
pub(super) enum Chunk {
    Syn {
        from: SocketAddr,
    },
    SynAck,
    /// No program listens.
    Reset,
    /// The dialer's first handshake message.
    First,
    /// The listener's handshake message, with its key.
    Second(PublicKey),
    /// The dialer's second handshake message, with its key and name.
    Third(PublicKey, Option<PeerName>),
    Record(Vec<u8>),
    Fin,
}

impl Chunk {
    /// Bytes of the stream. SYN and FIN count as one byte, as in TCP.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Syn { .. } | Self::SynAck | Self::Reset | Self::Fin => 1,
            Self::First => FIRST,
            Self::Second(_) => SECOND,
            Self::Third(_, name) => THIRD + name.map_or(0, |name| name.as_str().len()),
            Self::Record(plain) => plain.len() + transom_secure::RECORD_OVERHEAD,
        }
    }
}

/// Noise XX with its preamble and lengths: e; e, s and two tags; s and two tags.
const FIRST: usize = 48;
const SECOND: usize = 112;
const THIRD: usize = 82;

/// A host's first ephemeral port.
const EPHEMERAL: u16 = 32_768;

impl World {
    /// A world without hosts. All random decisions follow from the seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self(Arc::new(Mutex::new(State {
            network: Network::new(random.bits()),
            random,
            base: Instant::now(),
            hosts: Vec::new(),
            listeners: BTreeMap::new(),
            programs: BTreeMap::new(),
            last_program: 0,
            owners: BTreeMap::new(),
        })))
    }

    /// Adds a host with its uplink and downlink.
    pub fn add_host(&self, up: Link, down: Link) -> HostId {
        let state = &mut *self.lock();
        let (up, down) = (state.network.add_link(up), state.network.add_link(down));
        state.hosts.push(Host {
            up,
            down,
            last_port: EPHEMERAL,
        });
        HostId(state.hosts.len() - 1)
    }

    /// A host's address.
    ///
    /// # Panics
    /// After 65,534 hosts.
    pub fn address(host: HostId) -> IpAddr {
        let number = u16::try_from(host.0 + 1).expect("few hosts");
        let [high, low] = number.to_be_bytes();
        Ipv4Addr::new(10, 0, high, low).into()
    }

    /// Changes a host's uplink.
    pub fn up(&self, host: HostId, change: impl FnOnce(&mut Link)) {
        let state = &mut *self.lock();
        if let Some(host) = state.hosts.get(host.0) {
            change(state.network.link(host.up));
        }
    }

    /// Changes a host's downlink.
    pub fn down(&self, host: HostId, change: impl FnOnce(&mut Link)) {
        let state = &mut *self.lock();
        if let Some(host) = state.hosts.get(host.0) {
            change(state.network.link(host.down));
        }
    }

    /// Bytes in the FIFO of a host's uplink.
    pub fn waiting(&self, host: HostId) -> usize {
        let state = &mut *self.lock();
        let up = state.hosts.get(host.0).map(|host| host.up);
        up.map_or(0, |up| state.network.waiting(up))
    }

    /// Bytes of all connections that are written and not acked, which is the memory that the
    /// simulated network uses.
    pub fn buffered(&self) -> usize {
        let state = &mut *self.lock();
        let endpoints = state.owners.keys();
        let buffered = endpoints.map(|(id, side)| state.network.buffered(*id, *side));
        buffered.sum()
    }

    /// The time of the virtual clock.
    pub fn now(&self) -> Instant {
        let state = self.lock();
        state.base + state.network.now()
    }

    /// The time since the world was made.
    pub fn elapsed(&self) -> Duration {
        self.lock().network.now()
    }

    /// The time of the next event in the network.
    pub fn next(&self) -> Option<Instant> {
        let state = self.lock();
        state.network.next().map(|next| state.base + next)
    }

    /// Advances the clock and processes all events of the network up to that time.
    pub fn advance(&self, to: Instant) {
        let state = &mut *self.lock();
        let to = to.saturating_duration_since(state.base);
        state.network.advance(to);
    }

    /// A program with a socket that may be readable or writable: its
    /// [`Net::wait`](super::Net::wait) has to be called.
    pub fn poll_ready(&self) -> Option<ProgramId> {
        self.lock().poll_ready()
    }

    /// The next random bits of the seed.
    pub fn random(&self) -> u64 {
        self.lock().random.bits()
    }

    /// No code panics in the middle of a change, so a poisoned state is consistent.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Adds a program that listens at those ports of its host; 0 selects an ephemeral port.
    pub(super) fn add_program(
        &mut self,
        host: HostId,
        ports: &[u16],
    ) -> (ProgramId, Vec<SocketAddr>) {
        self.last_program += 1;
        let id = ProgramId(self.last_program);
        let ready = BTreeSet::new();
        self.programs.insert(id, Program { host, ready });
        let ports = ports.iter().map(|port| match port {
            0 => self.hosts.get_mut(host.0).map_or(0, Host::next_port),
            port => *port,
        });
        let addresses: Vec<_> = ports
            .map(|port| SocketAddr::new(World::address(host), port))
            .collect();
        self.listeners
            .extend(addresses.iter().map(|address| (*address, id)));
        (id, addresses)
    }

    /// Removes a program that has ended.
    pub(super) fn remove_program(&mut self, id: ProgramId) {
        self.programs.remove(&id);
        self.listeners.retain(|_, owner| *owner != id);
    }

    /// Starts a connection; `None` if there is no such host.
    pub(super) fn dial(&mut self, program: ProgramId, to: SocketAddr) -> Option<ConnectionId> {
        let from = self.programs.get(&program)?.host;
        let port = self.hosts.get_mut(from.0)?.next_port();
        let mut hosts = (0..self.hosts.len()).map(HostId);
        let peer = hosts.find(|host| World::address(*host) == to.ip())?;
        let (near, far) = (self.hosts.get(from.0)?, self.hosts.get(peer.0)?);
        let (forward, backward) = ([near.up, far.down], [far.up, near.down]);
        let id = self.network.connect(&forward, &backward);
        self.owners.insert((id, Side::Dialer), program);
        if let Some(listener) = self.listeners.get(&to) {
            self.owners.insert((id, Side::Listener), *listener);
        }
        let from = SocketAddr::new(World::address(from), port);
        self.write((id, Side::Dialer), Chunk::Syn { from });
        Some(id)
    }

    pub(super) fn write(&mut self, (id, side): Endpoint, chunk: Chunk) {
        let bytes = chunk.bytes();
        self.network.write(id, side, chunk, bytes);
    }

    /// A program closes its endpoint of a connection. Bytes it has written are still delivered.
    pub(super) fn close(&mut self, endpoint: Endpoint) {
        let (id, side) = endpoint;
        self.owners.remove(&endpoint);
        if !self.owners.contains_key(&(id, side.other())) {
            self.network.close(id);
        }
    }

    /// The endpoints of that program that may be readable or writable; clears them.
    pub(super) fn take_ready(&mut self, program: ProgramId) -> BTreeSet<Endpoint> {
        let program = self.programs.get_mut(&program);
        program
            .map(|program| std::mem::take(&mut program.ready))
            .unwrap_or_default()
    }

    fn poll_ready(&mut self) -> Option<ProgramId> {
        loop {
            let endpoint = self.network.poll_ready()?;
            let owner = self.owners.get(&endpoint);
            match owner.and_then(|owner| Some((owner, self.programs.get_mut(owner)?))) {
                Some((owner, program)) => {
                    program.ready.insert(endpoint);
                    return Some(*owner);
                }
                None => self.discard(endpoint),
            }
        }
    }

    /// Handles bytes for an endpoint without a program: refuses a SYN, drops the rest.
    fn discard(&mut self, (id, side): Endpoint) {
        while let Some(chunk) = self.network.read(id, side) {
            if matches!(chunk, Chunk::Syn { .. }) {
                self.write((id, side), Chunk::Reset);
            }
        }
    }
}

impl Host {
    fn next_port(&mut self) -> u16 {
        self.last_port = self.last_port.checked_add(1).unwrap_or(EPHEMERAL);
        self.last_port
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("elapsed", &self.elapsed())
            .finish_non_exhaustive()
    }
}
