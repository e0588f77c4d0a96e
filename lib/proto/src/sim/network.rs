//! All links and connections, and the queue of their events.

use alloc::collections::{BTreeMap, BTreeSet, BinaryHeap};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

use super::cubic::MSS;
use super::flow::{Ack, Flow, Segment};
use super::link::{Link, LinkId, Queue};
use super::random::Random;
use crate::Side;

/// Bytes of a packet beside its payload: Ethernet, IPv4, TCP with time stamps.
const HEADERS: usize = 66;

/// Identifies one connection of a [`Network`]. No id is used twice.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ConnectionId(u64);

/// Links, and connections that carry values of `T` over them.
///
/// 1. [`add_link`](Self::add_link) and [`connect`](Self::connect).
/// 2. [`write`](Self::write) while [`is_writable`](Self::is_writable).
/// 3. [`advance`](Self::advance) the clock, at most to [`next`](Self::next) to miss nothing.
/// 4. [`poll_ready`](Self::poll_ready) gives the ends where there is something to
///    [`read`](Self::read), or room to write again. Then 2 again.
///
/// ```
/// use std::time::Duration;
/// use transom_proto::Side;
/// use transom_proto::sim::{Link, Network};
///
/// let mut network = Network::new(1);
/// let delay = Duration::from_millis(10);
/// let there = network.add_link(Link { delay, ..Link::mbits(20) });
/// let back = network.add_link(Link::IDEAL);
/// let connection = network.connect(&[there], &[back]);
/// network.write(connection, Side::Dialer, "hello", 1_000);
/// while let Some(next) = network.next() {
///     network.advance(next);
///     if let Some("hello") = network.read(connection, Side::Listener) {
///         // 1,066 bytes on the wire take 0.4264 ms at 20 Mbit/s.
///         assert_eq!(network.now(), delay + Duration::from_nanos(426_400));
///     }
/// }
/// ```
pub struct Network<T> {
    now: Duration,
    links: Vec<Scheduled<Queue<Packet>>>,
    flows: BTreeMap<FlowId, Scheduled<Route<T>>>,
    last_id: u64,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    order: u64,
    ready: BTreeSet<(ConnectionId, Side)>,
    pub(super) random: Random,
}

/// The connection, and which side sends.
type FlowId = (ConnectionId, Side);

/// A link or flow with the time of its next event, so that at most one event of it is current.
struct Scheduled<V> {
    value: V,
    at: Option<Duration>,
}

/// A flow and the links that it takes.
struct Route<T> {
    flow: Flow<T>,
    links: Arc<[LinkId]>,
    back: Arc<[LinkId]>,
}

#[derive(Debug)]
struct Packet {
    flow: FlowId,
    load: Load,
    /// How many links of the route it has passed.
    hop: usize,
}

#[derive(Debug)]
enum Load {
    Data(Segment),
    Ack(Ack),
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Event {
    Link(usize),
    Timer(FlowId),
}

impl<T> Network<T> {
    /// A network without links; the seed determines all random numbers.
    pub fn new(seed: u64) -> Self {
        Self {
            now: Duration::ZERO,
            links: Vec::new(),
            flows: BTreeMap::new(),
            last_id: 0,
            events: BinaryHeap::new(),
            order: 0,
            ready: BTreeSet::new(),
            random: Random::new(seed),
        }
    }

    /// Adds one direction of a link.
    pub fn add_link(&mut self, link: Link) -> LinkId {
        let value = Queue::new(link);
        self.links.push(Scheduled { value, at: None });
        LinkId(self.links.len() - 1)
    }

    /// A link's model, which may be changed at any time.
    ///
    /// # Panics
    /// The link is another network's.
    pub fn link(&mut self, id: LinkId) -> &mut Link {
        &mut self.queue(id).model
    }

    /// Bytes in a link's FIFO.
    ///
    /// # Panics
    /// The link is another network's.
    pub fn waiting(&mut self, id: LinkId) -> usize {
        self.queue(id).waiting()
    }

    /// Packets that a link has dropped or lost.
    ///
    /// # Panics
    /// The link is another network's.
    pub fn dropped(&mut self, id: LinkId) -> u64 {
        self.queue(id).dropped
    }

    /// A connection whose dialer sends over `there` and its listener over `back`, one link after
    /// the other. It is there at once: a handshake is for the caller to write.
    ///
    /// # Panics
    /// A route has no link.
    pub fn connect(&mut self, there: &[LinkId], back: &[LinkId]) -> ConnectionId {
        assert!(!there.is_empty() && !back.is_empty(), "a route has links");
        self.last_id += 1;
        let id = ConnectionId(self.last_id);
        let routes = [(Side::Dialer, there, back), (Side::Listener, back, there)];
        for (side, links, back) in routes {
            let value = Route {
                flow: Flow::new(),
                links: links.into(),
                back: back.into(),
            };
            self.flows.insert((id, side), Scheduled { value, at: None });
        }
        id
    }

    /// Ends a connection: what is on its way for it is dropped.
    pub fn close(&mut self, id: ConnectionId) {
        for side in [Side::Dialer, Side::Listener] {
            self.flows.remove(&(id, side));
            self.ready.remove(&(id, side));
        }
    }

    /// Sets `TCP_NOTSENT_LOWAT` in bytes and `TCP_USER_TIMEOUT` of one side.
    pub fn tune(&mut self, id: ConnectionId, side: Side, unsent_limit: usize, timeout: Duration) {
        if let Some(flow) = self.flow(id, side) {
            flow.tune(unsent_limit, timeout);
        }
    }

    /// Whether that side's socket is writable. After a `false` the side becomes ready when it is.
    pub fn is_writable(&mut self, id: ConnectionId, side: Side) -> bool {
        self.flow(id, side).is_some_and(Flow::is_writable)
    }

    /// Writes a value that is that many bytes long, whether or not the socket has room.
    pub fn write(&mut self, id: ConnectionId, side: Side, value: T, bytes: usize) {
        if let Some(flow) = self.flow(id, side) {
            flow.write(value, bytes);
            self.transmit((id, side));
        }
    }

    /// The next value that was completely received by that side.
    pub fn read(&mut self, id: ConnectionId, side: Side) -> Option<T> {
        self.flow(id, side.other())?.read()
    }

    /// Bytes of an incomplete value that were received by that side since the last call.
    pub fn read_partial(&mut self, id: ConnectionId, side: Side) -> usize {
        self.flow(id, side.other()).map_or(0, Flow::read_partial)
    }

    /// Whether that side has given up: nothing was acked within its `TCP_USER_TIMEOUT`.
    pub fn is_dead(&mut self, id: ConnectionId, side: Side) -> bool {
        self.flow(id, side).is_none_or(|flow| flow.is_dead())
    }

    /// Bytes that side has written and the other has not acked.
    pub fn buffered(&mut self, id: ConnectionId, side: Side) -> usize {
        self.flow(id, side).map_or(0, |flow| flow.buffered())
    }

    /// The virtual time, since the beginning.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// When the next event happens.
    pub fn next(&self) -> Option<Duration> {
        let Reverse((at, ..)) = self.events.peek()?;
        Some(*at)
    }

    /// Handles all events that are due by then.
    pub fn advance(&mut self, now: Duration) {
        while self.next().is_some_and(|at| at <= now)
            && let Some(Reverse((at, _, event))) = self.events.pop()
        {
            self.now = self.now.max(at);
            match event {
                Event::Link(at_link) => self.handle_link(at_link, at),
                Event::Timer(flow) => self.handle_timer(flow, at),
            }
        }
        self.now = self.now.max(now);
    }

    /// An end where something has changed: there may be values to read or room to write, or it is
    /// dead.
    pub fn poll_ready(&mut self) -> Option<(ConnectionId, Side)> {
        self.ready.pop_first()
    }

    fn queue(&mut self, id: LinkId) -> &mut Queue<Packet> {
        let link = self.links.get_mut(id.0).expect("a link of this network");
        &mut link.value
    }

    fn flow(&mut self, id: ConnectionId, side: Side) -> Option<&mut Flow<T>> {
        let route = self.flows.get_mut(&(id, side))?;
        Some(&mut route.value.flow)
    }

    fn handle_link(&mut self, at_link: usize, at: Duration) {
        let Some(link) = self.links.get_mut(at_link) else {
            return;
        };
        if link.at == Some(at) {
            link.at = None;
        }
        while let Some(link) = self.links.get_mut(at_link)
            && let Some(mut packet) = link.value.pop(self.now, &mut self.random)
        {
            packet.hop += 1;
            self.forward(packet);
        }
        self.schedule_link(at_link);
    }

    /// Puts a packet on the next link of its route, or hands it to its end.
    fn forward(&mut self, packet: Packet) {
        let Some(Scheduled { value: route, .. }) = self.flows.get(&packet.flow) else {
            return;
        };
        let (links, bytes) = match &packet.load {
            Load::Data(segment) => {
                let packets = segment.bytes.div_ceil(MSS);
                (&route.links, segment.bytes + packets * HEADERS)
            }
            Load::Ack(_) => (&route.back, HEADERS),
        };
        match links.get(packet.hop) {
            Some(LinkId(link)) => {
                let (link, now) = (*link, self.now);
                self.queue(LinkId(link)).push(packet, bytes, now);
                self.schedule_link(link);
            }
            None => self.arrive(packet),
        }
    }

    fn arrive(&mut self, packet: Packet) {
        let (connection, sender) = packet.flow;
        let now = self.now;
        let Some(Scheduled { value: route, .. }) = self.flows.get_mut(&packet.flow) else {
            return;
        };
        match packet.load {
            Load::Data(segment) => {
                let ack = route.flow.handle_segment(&segment);
                self.ready.insert((connection, sender.other()));
                self.forward(Packet {
                    load: Load::Ack(ack),
                    hop: 0,
                    ..packet
                });
            }
            Load::Ack(ack) => {
                route.flow.handle_ack(&ack, now);
                self.transmit(packet.flow);
            }
        }
    }

    fn handle_timer(&mut self, id: FlowId, at: Duration) {
        let Some(route) = self.flows.get_mut(&id) else {
            return;
        };
        if route.at == Some(at) {
            route.at = None;
        }
        let flow = &mut route.value.flow;
        flow.handle_timeout(at);
        if flow.is_dead() {
            self.ready.insert(id);
        }
        self.transmit(id);
    }

    /// Sends what a flow may send.
    fn transmit(&mut self, id: FlowId) {
        let now = self.now;
        while let Some(route) = self.flows.get_mut(&id)
            && let Some(segment) = route.value.flow.poll_transmit(now)
        {
            self.forward(Packet {
                flow: id,
                load: Load::Data(segment),
                hop: 0,
            });
        }
        let Some(route) = self.flows.get_mut(&id) else {
            return;
        };
        if route.value.flow.unblocks() {
            self.ready.insert(id);
        }
        if let Some(at) = route.value.flow.poll_timeout()
            && route.at.is_none_or(|scheduled| at < scheduled)
        {
            route.at = Some(at);
            self.schedule(at, Event::Timer(id));
        }
    }

    fn schedule_link(&mut self, at_link: usize) {
        let Some(link) = self.links.get_mut(at_link) else {
            return;
        };
        if let Some(at) = link.value.next()
            && link.at.is_none_or(|scheduled| at < scheduled)
        {
            link.at = Some(at);
            self.schedule(at, Event::Link(at_link));
        }
    }

    /// Events of one moment happen in the order in which they were scheduled.
    fn schedule(&mut self, at: Duration, event: Event) {
        self.order += 1;
        self.events.push(Reverse((at, self.order, event)));
    }
}
