//! The loop: it waits for sockets, gives every peer its turn, and gathers what happened.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};
use transom_proto::{self as proto, Session};
use transom_wire::ByeCode;

use crate::config::Config;
use crate::error::BindError;
use crate::event::{Departure, Event, PeerId, WatchId};
use crate::greeting::Greeting;
use crate::listener::Listener;
use crate::loop_context::LoopContext;
use crate::peer::Peer;
use crate::waker::Waker;

/// All sockets of a station. See the [crate's page](crate) for the order of calls.
pub struct Net {
    poll: Poll,
    ready: Events,
    waker: Waker,
    listeners: Vec<Listener>,
    peers: BTreeMap<PeerId, Peer>,
    pub(crate) watched: BTreeMap<WatchId, i32>,
    turn: LoopContext,
    last_id: usize,
}

impl Net {
    /// Listens at the configured addresses. Nowhere is allowed too: such a loop only dials.
    ///
    /// On a system without IPv6 an unspecified IPv6 address is left out, if another could be had.
    ///
    /// # Errors
    /// An address is taken or can't be had.
    pub fn bind(config: Config) -> Result<Self, BindError> {
        let poll = Poll::new().map_err(BindError::Poll)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(BindError::Poll)?;
        let mut listeners = Vec::new();
        for &address in &config.listen {
            let token = Token(WAKER.0 + 1 + listeners.len());
            let bound = Listener::bind(address).and_then(|mut listener| {
                listener.register(poll.registry(), token)?;
                Ok(listener)
            });
            match bound {
                Ok(listener) => listeners.push(listener),
                Err(error) if is_dispensable(address, &error) && !listeners.is_empty() => {
                    log::warn!("not listening on {address}: {error}");
                }
                Err(error) => return Err(BindError::new(address, error)),
            }
        }
        Ok(Self {
            poll,
            ready: Events::with_capacity(READY),
            waker,
            last_id: WAKER.0 + listeners.len(),
            listeners,
            peers: BTreeMap::new(),
            watched: BTreeMap::new(),
            turn: LoopContext::new(config),
        })
    }

    /// Begins to connect. The peer's `Key` follows, or its `Left`.
    ///
    /// # Errors
    /// What the system knows at once: no route, no file descriptor; or there are as many peers as
    /// may be.
    pub fn dial(&mut self, address: SocketAddr) -> io::Result<PeerId> {
        if self.is_full() {
            let limit = self.turn.config.max_peers;
            let what = format!("{limit} peers are as many as there may be");
            return Err(io::Error::new(ErrorKind::QuotaExceeded, what));
        }
        let stream = TcpStream::connect(address)?;
        let until = self.turn.now() + self.turn.config.connect_timeout;
        let id = PeerId(self.next_id());
        self.add(Peer::dialed(id, stream, address, until))?;
        Ok(id)
    }

    /// Answers [`Event::Key`]: this peer is let in, to a session of this configuration. `Joined`
    /// follows, or `Left` if there is no room or the peer has gone.
    pub fn admit(&mut self, peer: PeerId, session: proto::Config) {
        let is_full = self.is_full();
        let Some(peer) = self.peers.get_mut(&peer) else {
            return;
        };
        if is_full && peer.is_half_open() {
            return peer.leave(Departure::Crowded, &mut self.turn);
        }
        peer.admit(session, &mut self.turn);
    }

    /// Answers [`Event::Key`]: this peer is not let in. It is told nothing; `Left` follows.
    pub fn refuse(&mut self, peer: PeerId) {
        self.close(peer, ByeCode::Done, "");
    }

    /// A joined peer's session. What is done with it goes out in the next turn.
    pub fn session(&mut self, peer: PeerId) -> Option<&mut Session> {
        self.peers.get_mut(&peer)?.session()
    }

    /// Says goodbye, as the last thing after what the session's control messages still have to say.
    /// `Left` follows when the goodbye is out, at the latest after [`Config::linger`].
    pub fn close(&mut self, peer: PeerId, code: ByeCode, text: &str) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.close(code, text, &mut self.turn);
        }
    }

    /// One turn: sends what is to be sent, waits until `deadline` if there is nothing else to do,
    /// and gives every peer that is ready its share. Returns after one wait, whether or not there
    /// is an event.
    ///
    /// While events of the turn before have not been taken out, it does not wait and takes in
    /// nothing new.
    ///
    /// # Errors
    /// The system can't wait for sockets any more.
    pub fn wait(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        let hold = !self.turn.events.is_empty();
        self.each(Peer::pump);
        self.sweep();
        let timeout = self.timeout(deadline);
        match self.poll.poll(&mut self.ready, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => self.ready.clear(),
            other => other?,
        }
        self.note();
        self.accept();
        self.each(|peer, turn| peer.read(turn, hold));
        self.each(|peer, turn| peer.expire(turn, hold));
        self.sweep();
        Ok(())
    }

    /// What happened, oldest first.
    pub fn next_event(&mut self) -> Option<Event> {
        self.turn.events.pop_front()
    }

    /// Where it listens, with the ports that were really bound.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(Listener::address).collect()
    }

    /// A way to end a wait from another thread.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Now, as the sessions' clock says it.
    pub fn now(&self) -> proto::Instant {
        self.turn.now()
    }

    /// The moment that a session names.
    pub fn instant(&self, moment: proto::Instant) -> Instant {
        self.turn.clock.instant(moment)
    }

    /// What sessions call a moment.
    pub fn clock(&self, moment: Instant) -> proto::Instant {
        self.turn.clock.of(moment)
    }

    pub(crate) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// A number that no peer and no watch has. After all of a 32-bit system's numbers, old ones
    /// come again.
    pub(crate) fn next_id(&mut self) -> usize {
        loop {
            let first = WAKER.0 + 1 + self.listeners.len();
            self.last_id = self.last_id.checked_add(1).unwrap_or(first);
            let id = self.last_id;
            let is_used =
                self.peers.contains_key(&PeerId(id)) || self.watched.contains_key(&WatchId(id));
            // The largest number is mio's own on some systems.
            if !is_used && id != usize::MAX {
                return id;
            }
        }
    }

    /// Notes who is ready. What is no socket of ours is told at once.
    fn note(&mut self) {
        for event in &self.ready {
            let token = event.token();
            let listener = token.0.checked_sub(WAKER.0 + 1);
            if token == WAKER {
                self.turn.tell(Event::Woken);
            } else if let Some(listener) = listener.and_then(|at| self.listeners.get_mut(at)) {
                listener.note();
            } else if let Some(peer) = self.peers.get_mut(&PeerId(token.0)) {
                peer.note(event);
            } else if self.watched.contains_key(&WatchId(token.0)) {
                self.turn.tell(Event::Watched(WatchId(token.0)));
            }
        }
    }

    fn accept(&mut self) {
        let now = self.turn.now();
        for at in 0..self.listeners.len() {
            for _ in 0..ACCEPTS {
                let Some((stream, address)) = self.listeners[at].accept(now) else {
                    break;
                };
                if let Err(error) = self.welcome(stream, address) {
                    log::debug!("{address} is not heard: {error}");
                }
            }
        }
    }

    /// Begins a handshake with a stranger, if there is room for one.
    fn welcome(&mut self, stream: TcpStream, address: SocketAddr) -> io::Result<()> {
        let config = &self.turn.config;
        let same = |peer: &&Peer| peer.address().ip() == address.ip();
        if self.is_full() {
            return Err(io::Error::new(ErrorKind::QuotaExceeded, "too many peers"));
        }
        if self.half_open().filter(same).count() >= config.max_half_open_per_address {
            let what = "too many handshakes with this address";
            return Err(io::Error::new(ErrorKind::QuotaExceeded, what));
        }
        if self.half_open().count() >= config.max_half_open {
            let oldest = self.half_open().next().map(Peer::id);
            if let Some(oldest) = oldest.and_then(|id| self.peers.get_mut(&id)) {
                oldest.leave(Departure::Crowded, &mut self.turn);
            }
        }
        let greeting = Greeting::new(&self.turn.config, proto::Side::Listener, self.turn.now());
        let id = PeerId(self.next_id());
        let greeting = greeting.map_err(io::Error::other)?;
        self.add(Peer::accepted(id, stream, address, greeting))
    }

    fn add(&mut self, mut peer: Peer) -> io::Result<()> {
        let token = Token(peer.id().0);
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(peer.stream(), token, both)?;
        self.peers.insert(peer.id(), peer);
        Ok(())
    }

    fn each(&mut self, mut act: impl FnMut(&mut Peer, &mut LoopContext)) {
        for peer in self.peers.values_mut() {
            act(peer, &mut self.turn);
        }
    }

    /// Closes the sockets of those who are gone.
    fn sweep(&mut self) {
        self.peers.retain(|_, peer| !peer.is_gone());
    }

    /// How long there is nothing to do.
    fn timeout(&self, deadline: Option<Instant>) -> Option<Duration> {
        let busy = !self.turn.events.is_empty()
            || self.peers.values().any(Peer::has_more)
            || self.listeners.iter().any(Listener::is_ready);
        if busy {
            return Some(Duration::ZERO);
        }
        let peers = self.peers.values().filter_map(Peer::deadline);
        let listeners = self.listeners.iter().filter_map(Listener::deadline);
        let ours = peers.chain(listeners).min();
        let ours = ours.map(|moment| self.turn.clock.instant(moment));
        let earliest = deadline.into_iter().chain(ours).min()?;
        Some(earliest.saturating_duration_since(Instant::now()))
    }

    fn half_open(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values().filter(|peer| peer.is_half_open())
    }

    fn is_full(&self) -> bool {
        let held = |peer: &&Peer| !peer.is_half_open() && !peer.is_gone();
        self.peers.values().filter(held).count() >= self.turn.config.max_peers
    }
}

/// Whether one can do without: IPv6 as a whole, where the system has none.
fn is_dispensable(address: SocketAddr, error: &io::Error) -> bool {
    address.is_ipv6() && address.ip().is_unspecified() && error.kind() != ErrorKind::AddrInUse
}

const WAKER: Token = Token(0);

/// Readiness taken from the system at once; the rest comes in the next turn.
const READY: usize = 256;

/// Connections accepted in one turn by one listener, so that a flood of them leaves time for the
/// peers there are.
const ACCEPTS: usize = 32;
