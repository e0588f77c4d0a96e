//! The event loop: waits for readiness, serves every peer in turn, and collects their events.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};
use transom_proto::{self as proto, Session};
use transom_wire::{ByeCode, PeerName, PublicKey};

use crate::config::Config;
#[cfg(feature = "http")]
use crate::config::HttpConfig;
use crate::error::BindError;
use crate::event::{Departure, Event, PeerId, WatchId};
use crate::handshaking::Handshaking;
use crate::http::Http;
use crate::listener::Listener;
use crate::loop_context::LoopContext;
use crate::pairing::{CodeId, PairingTerms};
use crate::peer::{DialedPairing, Peer};
use crate::waker::Waker;

/// All sockets of a station. See the [crate's page](crate) for the order of calls.
pub struct Net {
    poll: Poll,
    ready: Events,
    waker: Waker,
    listeners: Vec<(Token, Listener)>,
    peers: BTreeMap<PeerId, Peer>,
    http: Http,
    pub(crate) watched: BTreeMap<WatchId, i32>,
    context: LoopContext,
    last_id: usize,
}

impl Net {
    /// Listens at the configured addresses, as [`listen`](Self::listen) does. Without any, the loop
    /// only dials.
    ///
    /// # Errors
    /// An address is in use or can't be bound.
    pub fn bind(config: Config) -> Result<Self, BindError> {
        let poll = Poll::new().map_err(BindError::Poll)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(BindError::Poll)?;
        let listen = config.listen.clone();
        let mut net = Self {
            poll,
            ready: Events::with_capacity(READY),
            waker,
            last_id: WAKER.0,
            listeners: Vec::new(),
            peers: BTreeMap::new(),
            http: Http::default(),
            watched: BTreeMap::new(),
            context: LoopContext::new(config),
        };
        net.listen(&listen)?;
        #[cfg(feature = "http")]
        if let Some(http) = net.context.config.http.take() {
            net.open_door(http)?;
        }
        Ok(net)
    }

    /// Listens at those addresses, and no longer elsewhere. Gives back the addresses that were
    /// bound, with the ports that the system assigned; those that were bound already stay so, as
    /// all connections do.
    ///
    /// On a system without IPv6 an unspecified IPv6 address is skipped if another address was
    /// bound.
    ///
    /// # Errors
    /// An address is in use or can't be bound; nothing has changed then.
    pub fn listen(&mut self, addresses: &[SocketAddr]) -> Result<Vec<SocketAddr>, BindError> {
        let (mut kept, mut added) = (Vec::new(), Vec::new());
        for &address in addresses {
            let mut listeners = self.listeners.iter();
            if listeners.any(|(_, listener)| listener.address() == address) {
                kept.push(address);
                continue;
            }
            let token = Token(self.next_id());
            let bound = Listener::bind(address).and_then(|mut listener| {
                listener.register(self.poll.registry(), token)?;
                Ok((token, listener))
            });
            match bound {
                Ok(listener) => added.push(listener),
                Err(error)
                    if is_dispensable(address, &error)
                        && !(added.is_empty() && kept.is_empty()) =>
                {
                    log::warn!("not listening on {address}: {error}");
                }
                Err(error) => return Err(BindError::new(address, error)),
            }
        }
        let bound = added.iter().map(|(_, listener)| listener.address());
        let bound = bound.collect();
        self.listeners
            .retain(|(_, listener)| kept.contains(&listener.address()));
        self.listeners.append(&mut added);
        Ok(bound)
    }

    /// Opens the HTTP door. A door that is open closes first, with its clients' connections.
    ///
    /// # Errors
    /// An address is in use or can't be bound; there is no door then.
    #[cfg(feature = "http")]
    pub fn open_door(&mut self, config: HttpConfig) -> Result<(), BindError> {
        self.close_door();
        let tokens = config.listen.iter().map(|_| Token(self.next_id()));
        let tokens: Vec<Token> = tokens.collect();
        let marks_packets = self.context.config.mark_packets;
        self.http = Http::bind(
            config,
            marks_packets,
            self.poll.registry(),
            tokens.into_iter(),
        )?;
        Ok(())
    }

    /// Closes the HTTP door and its clients' connections.
    #[cfg(feature = "http")]
    pub fn close_door(&mut self) {
        self.http = Http::default();
    }

    /// Starts to connect. The peer's `Key` follows, or its `Left`.
    ///
    /// # Errors
    /// The system refuses at once (no route, no file descriptor), or there are
    /// [`Config::max_peers`] peers.
    pub fn dial(&mut self, address: SocketAddr) -> io::Result<PeerId> {
        self.dial_for(address, None)
    }

    /// Starts to connect for a pairing by a code that the peer shows. With `key` the peer must have
    /// that key. [`PairingEvent::Tried`](crate::PairingEvent) and then `Paired` follow, unless the
    /// peer's `Left` comes before; `Left` follows in any case.
    ///
    /// # Errors
    /// As for [`dial`](Self::dial).
    pub fn dial_pairing(
        &mut self,
        address: SocketAddr,
        terms: PairingTerms,
        key: Option<PublicKey>,
    ) -> io::Result<PeerId> {
        self.dial_for(address, Some(Box::new((terms, key))))
    }

    /// Shows a code: a dialer that knows the code is paired with, and the code is closed then. It
    /// is also closed after [`TRIES`](crate::TRIES) wrong codes. A code that was open before is
    /// closed. Its events have the id that is returned.
    pub fn open_pairing(&mut self, terms: PairingTerms) -> CodeId {
        self.context.pairings.open(terms)
    }

    /// Closes the code that is shown. From then on a connection that asks for a pairing is refused
    /// by its first bytes.
    pub fn close_pairing(&mut self) {
        self.context.pairings.close();
    }

    /// Our name from now on: for listeners that we dial, and for peers that know the code that is
    /// shown.
    pub fn rename(&mut self, name: PeerName) {
        self.context.config.name = Some(name);
        self.context.pairings.rename(name);
    }

    /// Answers [`Event::Key`]: admits the peer to a session of this configuration. `Joined`
    /// follows, or `Left` if there is no room or the connection has ended.
    pub fn admit(&mut self, peer: PeerId, session: proto::Config) {
        let is_full = self.is_full();
        let Some(peer) = self.peers.get_mut(&peer) else {
            return;
        };
        if is_full && peer.is_half_open() {
            return peer.end(Departure::TooMany, &mut self.context);
        }
        peer.admit(session, &mut self.context);
    }

    /// Answers [`Event::Key`]: doesn't admit the peer. Nothing is sent to it; `Left` follows.
    pub fn refuse(&mut self, peer: PeerId) {
        self.close(peer, ByeCode::Done, "");
    }

    /// A joined peer's session. What it queues is sent in the next turn.
    pub fn session(&mut self, peer: PeerId) -> Option<&mut Session> {
        self.peers.get_mut(&peer)?.session()
    }

    /// Sends a goodbye after the queued control messages. `Left` follows when the goodbye is
    /// written and the peer has closed, at the latest after [`Config::linger`].
    pub fn close(&mut self, peer: PeerId, code: ByeCode, text: &str) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.close(code, text, &mut self.context);
        }
    }

    /// One turn: sends queued bytes, waits until `deadline` if there is nothing else to do, and
    /// reads from every peer that is ready, within its budget. Returns after one wait, with or
    /// without an event. But it goes on, until `deadline`, where the wait ended for nothing but
    /// sockets of the HTTP door and the door has nothing for its owner: no other number of viewers
    /// or listeners, no later use of a pass. When a timeout of the door has passed, or one of its
    /// clients has work left, it returns.
    ///
    /// While events of the previous turn are not taken, it neither waits nor reads.
    ///
    /// # Errors
    /// The system's poll fails.
    pub fn wait(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        let hold = !self.context.events.is_empty();
        loop {
            let served_door_only = self.wait_once(deadline, hold)?;
            let is_due = deadline.is_some_and(|due| due <= Instant::now());
            let has_event = self.http.take_owner_event() || !self.context.events.is_empty();
            if !served_door_only || is_due || has_event {
                return Ok(());
            }
        }
    }

    /// One wait. Tells whether it ended for nothing but the HTTP door.
    fn wait_once(&mut self, deadline: Option<Instant>, hold: bool) -> io::Result<bool> {
        self.for_each_peer(Peer::send);
        self.http.serve(&mut self.context.read);
        self.remove_ended();
        let timeout = self.timeout(deadline);
        match self.poll.poll(&mut self.ready, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => self.ready.clear(),
            other => other?,
        }
        let served_door_only = self.dispatch();
        self.accept();
        self.accept_http();
        self.http.serve(&mut self.context.read);
        self.for_each_peer(|peer, context| peer.read(context, hold));
        self.for_each_peer(|peer, context| peer.expire(context, hold));
        self.remove_ended();
        Ok(served_door_only)
    }

    /// The next event, oldest first.
    pub fn next_event(&mut self) -> Option<Event> {
        self.context.events.pop_front()
    }

    /// The addresses of the listeners, with the ports that the system assigned.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        let listeners = self.listeners.iter();
        listeners.map(|(_, listener)| listener.address()).collect()
    }

    /// Ends a [`wait`](Self::wait) from another thread.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Now, on the sessions' clock.
    pub fn now(&self) -> proto::Instant {
        self.context.now()
    }

    /// Converts a time of the sessions' clock.
    pub fn instant(&self, moment: proto::Instant) -> Instant {
        self.context.clock.instant(moment)
    }

    /// Converts a time to the sessions' clock.
    pub fn clock(&self, moment: Instant) -> proto::Instant {
        self.context.clock.of(moment)
    }

    /// The HTTP door, if one is open, and the present as it counts. What is done to
    /// it is sent in the next turn.
    #[cfg(feature = "http")]
    pub fn door(&mut self) -> Option<(&mut transom_door::Door, transom_door::Now)> {
        self.http.door()
    }

    /// The addresses of the HTTP door's listeners, with the ports that the system assigned.
    #[cfg(feature = "http")]
    pub fn door_addresses(&self) -> Vec<SocketAddr> {
        self.http.addresses()
    }

    pub(crate) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// An id that no listener, no peer and no watch uses. Ids wrap around, which matters on 32-bit
    /// systems.
    pub(crate) fn next_id(&mut self) -> usize {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(WAKER.0 + 1);
            let id = self.last_id;
            let is_used = self.peers.contains_key(&PeerId(id))
                || self.http.uses(id)
                || self.watched.contains_key(&WatchId(id))
                || self.listeners.iter().any(|(token, _)| token.0 == id);
            // mio reserves the largest token on some systems.
            if !is_used && id != usize::MAX {
                return id;
            }
        }
    }

    /// Passes readiness to listeners and peers. Readiness of the waker or of a watch becomes an
    /// event. Tells whether there was readiness, all of it of the HTTP door.
    fn dispatch(&mut self) -> bool {
        let mut of_door = 0;
        for event in &self.ready {
            let token = event.token();
            let mut listeners = self.listeners.iter_mut();
            if token == WAKER {
                self.context.emit(Event::Woken);
            } else if let Some((_, listener)) = listeners.find(|(its, _)| *its == token) {
                listener.note_readiness();
            } else if let Some(peer) = self.peers.get_mut(&PeerId(token.0)) {
                peer.note_readiness(event);
            } else if self.http.note_readiness(event) {
                of_door += 1;
            } else if self.watched.contains_key(&WatchId(token.0)) {
                self.context.emit(Event::Watched(WatchId(token.0)));
            }
        }
        of_door > 0 && of_door == self.ready.iter().count()
    }

    fn accept(&mut self) {
        let now = self.context.now();
        for at in 0..self.listeners.len() {
            for _ in 0..ACCEPTS {
                let close_stranger = || self.http.close_stranger();
                let accepted = self.listeners[at].1.accept(now, close_stranger);
                let Some((stream, address)) = accepted else {
                    break;
                };
                if let Err(error) = self.begin_handshake(stream, address) {
                    log::debug!("connection from {address} dropped: {error}");
                }
            }
        }
    }

    fn accept_http(&mut self) {
        let now = self.context.now();
        for at in 0..self.http.listeners() {
            for _ in 0..ACCEPTS {
                let Some((stream, address)) = self.http.accept(at, now) else {
                    break;
                };
                let id = self.next_id();
                if let Err(error) = self.http.add(id, stream, address, self.poll.registry()) {
                    log::debug!("HTTP connection from {address} dropped: {error}");
                }
            }
        }
    }

    /// Starts a handshake on an accepted connection if the limits allow it. If there are too many
    /// handshakes, the oldest ends.
    fn begin_handshake(&mut self, stream: TcpStream, address: SocketAddr) -> io::Result<()> {
        let config = &self.context.config;
        let same = |peer: &&Peer| peer.address().ip() == address.ip();
        if self.is_full() {
            return Err(io::Error::new(
                ErrorKind::QuotaExceeded,
                "the limit of peers is reached",
            ));
        }
        if self.half_open().filter(same).count() >= config.max_half_open_per_address {
            let what = "too many handshakes with this address";
            return Err(io::Error::new(ErrorKind::QuotaExceeded, what));
        }
        if self.half_open().count() >= config.max_half_open {
            let oldest = self.half_open().next().map(Peer::id);
            if let Some(oldest) = oldest.and_then(|id| self.peers.get_mut(&id)) {
                oldest.end(Departure::TooMany, &mut self.context);
            }
        }
        let (config, now) = (&self.context.config, self.context.now());
        let purpose = self.context.pairings.served(address.ip(), config, now);
        let handshaking = Handshaking::new(config, proto::Side::Listener, purpose, now);
        let id = PeerId(self.next_id());
        let handshaking = handshaking.map_err(io::Error::other)?;
        self.add(Peer::accepted(id, stream, address, handshaking))
    }

    fn dial_for(&mut self, address: SocketAddr, pairing: DialedPairing) -> io::Result<PeerId> {
        if self.is_full() {
            let limit = self.context.config.max_peers;
            let what = format!("the limit of {limit} peers is reached");
            return Err(io::Error::new(ErrorKind::QuotaExceeded, what));
        }
        let stream = TcpStream::connect(address)?;
        let until = self.context.now() + self.context.config.connect_timeout;
        let id = PeerId(self.next_id());
        self.add(Peer::dialed(id, stream, address, until, pairing))?;
        Ok(id)
    }

    fn add(&mut self, mut peer: Peer) -> io::Result<()> {
        let token = Token(peer.id().0);
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(peer.stream(), token, both)?;
        self.peers.insert(peer.id(), peer);
        Ok(())
    }

    fn for_each_peer(&mut self, mut act: impl FnMut(&mut Peer, &mut LoopContext)) {
        for peer in self.peers.values_mut() {
            act(peer, &mut self.context);
        }
    }

    /// Closes the sockets of connections that have ended.
    fn remove_ended(&mut self) {
        self.peers.retain(|_, peer| !peer.is_gone());
    }

    /// How long the loop may sleep; `None` is forever.
    fn timeout(&self, deadline: Option<Instant>) -> Option<Duration> {
        let busy = !self.context.events.is_empty()
            || self.peers.values().any(Peer::has_more)
            || self.http.is_busy()
            || self.listeners.iter().any(|(_, one)| one.is_ready());
        if busy {
            return Some(Duration::ZERO);
        }
        let peers = self.peers.values().filter_map(Peer::deadline);
        let listeners = self.listeners.iter();
        let listeners = listeners.filter_map(|(_, listener)| listener.deadline());
        let http = self.http.listener_deadline();
        let ours = peers.chain(listeners).chain(http).min();
        let ours = ours.map(|moment| self.context.clock.instant(moment));
        let http = self.http.deadline();
        let earliest = deadline.into_iter().chain(ours).chain(http).min()?;
        Some(earliest.saturating_duration_since(Instant::now()))
    }

    fn half_open(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values().filter(|peer| peer.is_half_open())
    }

    fn is_full(&self) -> bool {
        let held = |peer: &&Peer| !peer.is_half_open() && !peer.is_gone();
        self.peers.values().filter(held).count() >= self.context.config.max_peers
    }
}

/// Whether the address may be skipped: it is unspecified IPv6 and the system has no IPv6.
fn is_dispensable(address: SocketAddr, error: &io::Error) -> bool {
    address.is_ipv6() && address.ip().is_unspecified() && error.kind() != ErrorKind::AddrInUse
}

const WAKER: Token = Token(0);

/// Readiness events taken from the system in one turn; the rest follow in the next.
const READY: usize = 256;

/// Connections that a listener accepts in one turn, so that a flood leaves time for the connected
/// peers.
const ACCEPTS: usize = 32;
