//! The event loop of a simulated program. Unlike [`Net`](crate::Net), it never sleeps.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Instant;

use transom_proto::{self as proto, Session, Side};
use transom_wire::{ByeCode, PeerName, PublicKey};

use super::peer::Peer;
use super::world::{HostId, ProgramId, State, World};
use crate::clock::Clock;
use crate::config::Config;
use crate::event::{Departure, Event, PeerId};

/// All connections of a simulated program, with the methods of the real [`Net`](crate::Net).
pub struct Net {
    world: World,
    program: ProgramId,
    addresses: Vec<SocketAddr>,
    peers: BTreeMap<PeerId, Peer>,
    shared: Shared,
    last_id: usize,
    /// The deadline of the last wait.
    deadline: Option<Instant>,
}

/// The state that all peers share.
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) key: PublicKey,
    pub(super) clock: Clock,
    pub(super) events: VecDeque<Event>,
    /// The plain bytes of one record.
    pub(super) plain: Vec<u8>,
}

impl Net {
    /// Listens on that host, at the ports of the configured addresses.
    pub fn bind(world: &World, host: HostId, config: Config) -> Self {
        let ports: Vec<_> = config.listen.iter().map(SocketAddr::port).collect();
        let (program, addresses) = world.lock().add_program(host, &ports);
        let shared = Shared {
            key: PublicKey(config.identity.public()),
            config,
            clock: Clock::starting(world.now()),
            events: VecDeque::new(),
            plain: vec![0; transom_wire::limits::RECORD_BULK],
        };
        Self {
            world: world.clone(),
            program,
            addresses,
            peers: BTreeMap::new(),
            shared,
            last_id: 0,
            deadline: None,
        }
    }

    /// The number of this program in its world.
    pub fn program(&self) -> ProgramId {
        self.program
    }

    /// When to call [`wait`](Self::wait) again if the network causes no event before.
    pub fn due(&self) -> Option<Instant> {
        let peers = self.peers.values();
        if !self.shared.events.is_empty() || peers.clone().any(Peer::has_more) {
            return Some(self.world.now());
        }
        let peers = peers.filter_map(Peer::deadline).min();
        let peers = peers.map(|at| self.shared.clock.instant(at));
        self.deadline.into_iter().chain(peers).min()
    }

    /// See [`Net::dial`](crate::Net::dial).
    ///
    /// # Errors
    /// The limit of peers is reached, or no host has that address.
    pub fn dial(&mut self, address: SocketAddr) -> io::Result<PeerId> {
        if self.is_full() {
            return Err(ErrorKind::QuotaExceeded.into());
        }
        let connection = self.world.lock().dial(self.program, address);
        let connection = connection.ok_or(ErrorKind::NetworkUnreachable)?;
        let until = self.now() + self.shared.config.connect_timeout;
        let endpoint = (connection, Side::Dialer);
        let id = self.next_id();
        self.peers
            .insert(id, Peer::dialed(id, endpoint, address, until));
        Ok(id)
    }

    /// See [`Net::rename`](crate::Net::rename).
    pub fn rename(&mut self, name: PeerName) {
        self.shared.config.name = Some(name);
    }

    /// See [`Net::admit`](crate::Net::admit).
    pub fn admit(&mut self, peer: PeerId, session: proto::Config) {
        let is_full = self.is_full();
        let now = self.now();
        let state = &mut *self.world.lock();
        let Some(peer) = self.peers.get_mut(&peer) else {
            return;
        };
        if is_full && peer.is_half_open() {
            return peer.end(Departure::TooMany, state, &mut self.shared);
        }
        peer.admit(session, now, state, &mut self.shared);
    }

    /// See [`Net::refuse`](crate::Net::refuse).
    pub fn refuse(&mut self, peer: PeerId) {
        self.close(peer, ByeCode::Done, "");
    }

    /// See [`Net::session`](crate::Net::session).
    pub fn session(&mut self, peer: PeerId) -> Option<&mut Session> {
        self.peers.get_mut(&peer)?.session()
    }

    /// See [`Net::close`](crate::Net::close).
    pub fn close(&mut self, peer: PeerId, code: ByeCode, text: &str) {
        let now = self.now();
        let state = &mut *self.world.lock();
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.close(code, text, now, state, &mut self.shared);
        }
    }

    /// One turn, which returns at once; `deadline` becomes part of [`due`](Self::due).
    ///
    /// # Errors
    /// None.
    pub fn wait(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        self.deadline = deadline;
        let hold = !self.shared.events.is_empty();
        let world = self.world.clone();
        let state = &mut *world.lock();
        let now = self.shared.clock.of(state.base + state.network.now());
        self.each(|peer, shared| peer.send(now, state, shared));
        self.accept(state, now);
        self.each(|peer, shared| {
            peer.read(now, hold, state, shared);
            peer.expire(now, hold, state, shared);
        });
        self.peers.retain(|_, peer| !peer.is_gone());
        Ok(())
    }

    /// See [`Net::next_event`](crate::Net::next_event).
    pub fn next_event(&mut self) -> Option<Event> {
        self.shared.events.pop_front()
    }

    /// See [`Net::local_addresses`](crate::Net::local_addresses).
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// See [`Net::now`](crate::Net::now).
    pub fn now(&self) -> proto::Instant {
        self.clock(self.world.now())
    }

    /// See [`Net::instant`](crate::Net::instant).
    pub fn instant(&self, moment: proto::Instant) -> Instant {
        self.shared.clock.instant(moment)
    }

    /// See [`Net::clock`](crate::Net::clock).
    pub fn clock(&self, moment: Instant) -> proto::Instant {
        self.shared.clock.of(moment)
    }

    /// Passes readiness to the peers, and adds a peer for each new connection.
    fn accept(&mut self, state: &mut State, now: proto::Instant) {
        for endpoint in state.take_ready(self.program) {
            match self
                .peers
                .values_mut()
                .find(|peer| peer.endpoint() == endpoint)
            {
                Some(peer) => peer.note_readiness(),
                None => {
                    let until = now + self.shared.config.handshake_timeout;
                    let id = self.next_id();
                    self.peers.insert(id, Peer::accepted(id, endpoint, until));
                }
            }
        }
    }

    fn each(&mut self, mut act: impl FnMut(&mut Peer, &mut Shared)) {
        for peer in self.peers.values_mut() {
            act(peer, &mut self.shared);
        }
    }

    fn next_id(&mut self) -> PeerId {
        self.last_id += 1;
        PeerId(self.last_id)
    }

    fn is_full(&self) -> bool {
        let held = |peer: &&Peer| !peer.is_half_open() && !peer.is_gone();
        self.peers.values().filter(held).count() >= self.shared.config.max_peers
    }
}

impl Drop for Net {
    /// Closes all sockets, as the system does when a program ends.
    fn drop(&mut self) {
        let state = &mut *self.world.lock();
        for peer in self.peers.values_mut() {
            peer.end(Departure::ClosedHere, state, &mut self.shared);
        }
        state.remove_program(self.program);
    }
}
