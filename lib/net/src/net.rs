//! The loop itself: who is ready, who is due, and whose turn it is. What is said is the business of `link` and `greeting`.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};
use transom_proto as proto;
use transom_wire::ByeCode;

use crate::clock::Clock;
use crate::config::Config;
use crate::error::BindError;
use crate::event::{Departure, Event, PeerId, WatchId};
use crate::link::Scratch;
use crate::listener::Listener;
use crate::peer::{News, Peer};
use crate::waker::Waker;

/// The token of the waker; those of the listeners follow it.
const WAKER: usize = 0;
/// Readiness taken from the system at once.
const EVENTS: usize = 128;

/// All sockets of a station, in one loop.
pub struct Net {
    config: Config,
    clock: Clock,
    poll: Poll,
    ready: Events,
    waker: Waker,
    listeners: Vec<Listener>,
    peers: BTreeMap<usize, Peer>,
    pub(crate) watched: HashSet<WatchId>,
    news: VecDeque<Event>,
    next_id: usize,
    scratch: Scratch,
}

impl Net {
    /// Listens where the configuration says, nowhere if it names nothing.
    ///
    /// Of several addresses with port 0 all get the port of the first. IPv6 may be missing on a system as long as
    /// something else is listened on.
    ///
    /// # Errors
    /// A port that is taken, an address that is not ours, or a system without polls.
    pub fn bind(config: Config) -> Result<Self, BindError> {
        let poll = Poll::new().map_err(BindError::Poll)?;
        let waker = Waker::new(poll.registry(), Token(WAKER)).map_err(BindError::Poll)?;
        let listeners = listen(&config.listen)?;
        let mut net = Self {
            clock: Clock::new(),
            poll,
            ready: Events::with_capacity(EVENTS),
            waker,
            listeners,
            peers: BTreeMap::new(),
            watched: HashSet::new(),
            news: VecDeque::new(),
            next_id: WAKER + 1,
            scratch: Scratch::new(config.read_budget),
            config,
        };
        for listener in &mut net.listeners {
            let token = Token(net.next_id);
            net.next_id += 1;
            let registered =
                net.poll
                    .registry()
                    .register(&mut listener.socket, token, Interest::READABLE);
            registered.map_err(BindError::Poll)?;
        }
        Ok(net)
    }

    /// Begins a connection. What becomes of it, events tell.
    ///
    /// # Errors
    /// As many connections as the configuration allows, or the system refuses at once.
    pub fn dial(&mut self, address: SocketAddr) -> io::Result<PeerId> {
        if self.peers.len() >= self.config.max_peers + self.config.max_half_open {
            return Err(io::Error::other("as many connections as allowed are open"));
        }
        let mut stream = TcpStream::connect(address)?;
        let id = self.register(&mut stream)?;
        self.peers
            .insert(id, Peer::dialed(stream, address, &self.config));
        Ok(PeerId(id))
    }

    /// Lets the peer of [`Event::Key`] in. A second answer, or one for a peer that is gone, does nothing.
    pub fn admit(&mut self, peer: PeerId, session: proto::Config) {
        let Some(found) = self.peers.get_mut(&peer.0) else {
            return;
        };
        match found.admit(session, &self.clock) {
            Ok(cipher) => self.news.push_back(Event::Joined { peer, cipher }),
            Err(why) => self.leave(peer.0, why),
        }
    }

    /// Hangs up on the peer of [`Event::Key`] without a word.
    pub fn refuse(&mut self, peer: PeerId) {
        self.leave(peer.0, Departure::ClosedHere);
    }

    /// The session of an admitted peer; what it is told goes out with the next turn. `None` when it is over or not begun.
    pub fn session(&mut self, peer: PeerId) -> Option<&mut proto::Session> {
        self.peers.get_mut(&peer.0)?.session()
    }

    /// Says goodbye and hangs up when that is out, at the latest after [`Config::linger`].
    pub fn close(&mut self, peer: PeerId, code: ByeCode, text: &str) {
        if let Some(found) = self.peers.get_mut(&peer.0)
            && !found.close(code, text)
        {
            self.leave(peer.0, Departure::ClosedHere);
        }
    }

    /// One turn: sends what is to be sent, sleeps until something happens or `deadline` is there, reads what came.
    /// Does not sleep while there are events to take or anything is left to do.
    ///
    /// # Errors
    /// The system can't wait any more.
    pub fn wait(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        self.pump();
        let timeout = self.sleep(deadline);
        match self.poll.poll(&mut self.ready, timeout) {
            Ok(()) => self.note_readiness(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        let now = Instant::now();
        self.accept(now);
        self.turn(now);
        Ok(())
    }

    /// What has happened, oldest first.
    pub fn next_event(&mut self) -> Option<Event> {
        self.news.pop_front()
    }

    /// Where connections are taken, with the ports that the system chose.
    pub fn local_addresses(&self) -> Vec<SocketAddr> {
        self.listeners
            .iter()
            .map(|listener| listener.address)
            .collect()
    }

    /// A way to end the sleep of [`wait`](Self::wait) from another thread.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Now, as the sessions have it.
    pub fn now(&self) -> proto::Instant {
        self.clock.now()
    }

    /// The sessions' name of a moment.
    pub fn clock(&self, moment: Instant) -> proto::Instant {
        self.clock.of(moment)
    }

    /// The moment that a session names.
    pub fn instant(&self, moment: proto::Instant) -> Instant {
        self.clock.instant(moment)
    }

    pub(crate) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    pub(crate) fn next_id(&mut self) -> usize {
        self.next_id += 1;
        self.next_id - 1
    }

    fn register(&mut self, stream: &mut TcpStream) -> io::Result<usize> {
        let id = self.next_id();
        self.registry()
            .register(stream, Token(id), Interest::READABLE | Interest::WRITABLE)?;
        Ok(id)
    }

    /// How long to sleep: not at all while there is something to do.
    fn sleep(&self, deadline: Option<Instant>) -> Option<Duration> {
        let now = Instant::now();
        if !self.news.is_empty() || self.peers.values().any(Peer::is_busy) {
            return Some(Duration::ZERO);
        }
        let peers = self.peers.values().filter_map(|peer| peer.due(&self.clock));
        let listeners = self
            .listeners
            .iter()
            .filter_map(|listener| listener.due(now));
        let due = peers.chain(listeners).chain(deadline).min()?;
        // Rounded up: a sleep that ends just before its time would be followed by many that end at once.
        let left = due.saturating_duration_since(now);
        Some(if left.is_zero() {
            left
        } else {
            left + Duration::from_micros(999)
        })
    }

    fn note_readiness(&mut self) {
        for event in &self.ready {
            let Token(id) = event.token();
            if id == WAKER {
                self.news.push_back(Event::Woken);
            } else if let Some(listener) = self.listeners.get_mut(id - WAKER - 1) {
                listener.ready = true;
            } else if let Some(peer) = self.peers.get_mut(&id) {
                peer.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
                peer.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
            } else if self.watched.contains(&WatchId(id)) {
                self.news.push_back(Event::Watched(WatchId(id)));
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        for index in 0..self.listeners.len() {
            let accepted = self
                .listeners
                .get_mut(index)
                .map(|listener| listener.accept(now));
            for (stream, address) in accepted.unwrap_or_default() {
                self.welcome(stream, address);
            }
        }
    }

    /// Takes a stranger in, within the limits. One more than allowed from its address is hung up on.
    fn welcome(&mut self, mut stream: TcpStream, address: SocketAddr) {
        let Config {
            max_peers,
            max_half_open,
            max_half_open_per_address,
            ..
        } = self.config;
        let half_open = || self.peers.iter().filter(|(_, peer)| peer.is_half_open());
        let same = half_open()
            .filter(|(_, peer)| peer.address.ip() == address.ip())
            .count();
        let strangers = half_open().count();
        let oldest = half_open().next().map(|(id, _)| *id);
        if same >= max_half_open_per_address || self.peers.len() - strangers >= max_peers {
            log::debug!("{address} is turned away: too many connections");
            return;
        }
        if strangers >= max_half_open
            && let Some(oldest) = oldest
        {
            self.leave(oldest, Departure::Crowded);
        }
        let peer = self
            .register(&mut stream)
            .map(|id| (id, Peer::accepted(stream, address, &self.config)));
        match peer {
            Ok((id, Ok(peer))) => drop(self.peers.insert(id, peer)),
            Ok((_, Err(why))) => log::debug!("{address}: {why}"),
            Err(error) => log::debug!("{address}: can't wait for it: {error}"),
        }
    }

    /// Everybody's turn: time, reading, and the events that come of it.
    fn turn(&mut self, now: Instant) {
        let ids: Vec<usize> = self.peers.keys().copied().collect();
        for id in ids {
            let Some(peer) = self.peers.get_mut(&id) else {
                continue;
            };
            let (address, side) = (peer.address, peer.side);
            let news = peer.turn(&self.config, &self.clock, now, &mut self.scratch);
            // What was understood before the end is told before it.
            let ended = self.tell(id);
            match (news, ended) {
                (_, Some(why)) | (Err(why), None) => self.leave(id, why),
                (Ok(News::Key(key)), None) => {
                    self.news.push_back(Event::Key {
                        peer: PeerId(id),
                        key,
                        address,
                        side,
                    });
                }
                (Ok(News::Nothing), None) => {}
            }
        }
    }

    /// Takes the session's events. Gives the departure when its goodbye is among them.
    fn tell(&mut self, id: usize) -> Option<Departure> {
        let link = self.peers.get_mut(&id)?.link()?;
        while let Some(event) = link.next_event() {
            match event {
                Ok(event) => {
                    if matches!(event, proto::Event::Hello { .. }) {
                        link.greeted();
                    }
                    self.news.push_back(Event::Peer {
                        peer: PeerId(id),
                        event,
                    });
                }
                Err(why) => return Some(why),
            }
        }
        None
    }

    /// Sends what the sessions want sent.
    fn pump(&mut self) {
        let ids: Vec<usize> = self.peers.keys().copied().collect();
        for id in ids {
            let Some(peer) = self.peers.get_mut(&id) else {
                continue;
            };
            let pumped = peer.pump(&self.config, &self.clock, &mut self.scratch);
            // Sending makes room, and room is told of.
            let ended = self.tell(id);
            if let Some(why) = ended.or(pumped.err()) {
                self.leave(id, why);
            }
        }
    }

    /// The end of a connection, told to the owner if it knew of it.
    fn leave(&mut self, id: usize, why: Departure) {
        let Some(mut peer) = self.peers.remove(&id) else {
            return;
        };
        if let Err(error) = self.poll.registry().deregister(&mut peer.stream) {
            log::debug!("{}: can't end the wait: {error}", PeerId(id));
        }
        if peer.is_known() {
            self.news.push_back(Event::Left {
                peer: PeerId(id),
                why,
            });
        } else {
            log::debug!("{}: a stranger at {} left: {why}", PeerId(id), peer.address);
        }
    }
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Net")
            .field("addresses", &self.local_addresses())
            .field("peers", &self.peers.len())
            .finish()
    }
}

fn listen(wanted: &[SocketAddr]) -> Result<Vec<Listener>, BindError> {
    let mut listeners: Vec<Listener> = Vec::new();
    for &address in wanted {
        let mut address = address;
        if address.port() == 0
            && let Some(first) = listeners.first()
        {
            address.set_port(first.address.port());
        }
        match Listener::bind(address) {
            Ok(listener) => listeners.push(listener),
            Err(BindError::Listen { source, .. }) if address.is_ipv6() && !listeners.is_empty() => {
                log::info!("no IPv6 here: {source}");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(listeners)
}
