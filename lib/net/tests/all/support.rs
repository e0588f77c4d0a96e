//! Test stations: event loops that run together in a single thread.

use std::net::SocketAddr;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use transom_net::{Config, Departure, Event, Net, PeerId};
use transom_proto as proto;
use transom_secure::Identity;
use transom_wire::PublicKey;

/// A station: its event loop and the events that the loop has emitted.
pub(crate) struct Station {
    pub(crate) net: Net,
    pub(crate) key: PublicKey,
    /// Events that the test has not consumed yet.
    pub(crate) events: Vec<Event>,
    /// Whether every key is admitted at once.
    pub(crate) admits: bool,
    /// Changes the configuration of the sessions.
    pub(crate) session: fn(&mut proto::Config),
}

impl Station {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let identity = Identity::generate().unwrap();
        let key = PublicKey(identity.public());
        let mut config = Config::new(identity, vec!["127.0.0.1:0".parse().unwrap()]);
        change(&mut config);
        Self {
            net: Net::bind(config).unwrap(),
            key,
            events: Vec::new(),
            admits: true,
            session: |_| {},
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.net.local_addresses()[0]
    }

    /// One turn of the loop, which waits for a millisecond at most.
    pub(crate) fn turn(&mut self) {
        let moment = Instant::now() + Duration::from_millis(1);
        self.net.wait(Some(moment)).unwrap();
        self.take();
    }

    /// Turns without a deadline until `done` returns a value. A loop that sleeps although it has
    /// work fails the test: only the watchdog wakes it.
    pub(crate) fn turn_until<T>(&mut self, mut done: impl FnMut(&mut Self) -> Option<T>) -> T {
        let waker = self.net.waker();
        let (finished, watched) = channel::<()>();
        let watchdog = thread::spawn(move || {
            if watched.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout) {
                waker.wake();
            }
        });
        let found = loop {
            self.net.wait(None).unwrap();
            self.take();
            let woken = self
                .events
                .iter()
                .any(|event| matches!(event, Event::Woken));
            assert!(!woken, "the loop slept; events before: {:?}", self.events);
            if let Some(found) = done(self) {
                break found;
            }
        };
        drop(finished);
        watchdog.join().unwrap();
        found
    }

    /// Takes the events, and admits peers.
    fn take(&mut self) {
        while let Some(event) = self.net.next_event() {
            if let (Event::Key { peer, side, .. }, true) = (&event, self.admits) {
                let mut config = proto::Config::new("station".parse().unwrap(), 7, *side as u64);
                (self.session)(&mut config);
                self.net.admit(*peer, config);
            }
            self.events.push(event);
        }
    }

    /// Removes the first event for which `pick` returns a value, and returns the value.
    pub(crate) fn find<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<T>) -> Option<T> {
        let (at, found) =
            (self.events.iter().enumerate()).find_map(|(at, e)| Some((at, pick(e)?)))?;
        self.events.remove(at);
        Some(found)
    }

    pub(crate) fn joined(&mut self) -> Option<PeerId> {
        self.find(|event| match event {
            Event::Joined { peer, .. } => Some(*peer),
            _ => None,
        })
    }

    /// Removes the first `Left`, of any peer.
    pub(crate) fn departure(&mut self) -> Option<Departure> {
        let is_left = |event: &Event| matches!(event, Event::Left { .. });
        let at = self.events.iter().position(is_left)?;
        match self.events.remove(at) {
            Event::Left { why, .. } => Some(why),
            _ => None,
        }
    }

    /// Removes the next event of a session.
    pub(crate) fn session_event(&mut self) -> Option<(PeerId, proto::Event)> {
        let is_session_event = |event: &Event| matches!(event, Event::Peer { .. });
        let at = self.events.iter().position(is_session_event)?;
        match self.events.remove(at) {
            Event::Peer { peer, event } => Some((peer, event)),
            _ => None,
        }
    }
}

/// Runs all stations until `done` returns a value.
pub(crate) fn run<const N: usize, T>(
    mut stations: [&mut Station; N],
    mut done: impl FnMut(&mut [&mut Station; N]) -> Option<T>,
) -> T {
    let began = Instant::now();
    loop {
        for station in &mut stations {
            station.turn();
        }
        if let Some(found) = done(&mut stations) {
            return found;
        }
        if began.elapsed() > DEADLINE {
            let left: Vec<_> = stations.iter().map(|station| &station.events).collect();
            panic!("timed out; events not consumed: {left:?}");
        }
    }
}

/// Two stations joined with each other, each with its id of the other.
pub(crate) fn pair() -> (Station, PeerId, Station, PeerId) {
    let (mut near, mut far) = (Station::new(), Station::new());
    let (here, there) = join(&mut near, &mut far);
    (near, here, far, there)
}

/// Lets `near` dial `far`, and returns each side's id of the other.
pub(crate) fn join(near: &mut Station, far: &mut Station) -> (PeerId, PeerId) {
    near.net.dial(far.address()).unwrap();
    let (mut here, mut there) = (None, None);
    run([near, far], |[near, far]| {
        here = here.or_else(|| near.joined());
        there = there.or_else(|| far.joined());
        Some((here?, there?))
    })
}

/// How long a test waits for a condition. Only a failing test waits so long, also on a busy
/// machine.
const DEADLINE: Duration = Duration::from_secs(60);
