//! Stations that take their turns as the clock moves from event to event.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use transom_net::sim::{HostId, ProgramId, World};
use transom_proto::sim::Link;
use transom_users::{Book, Contact};

use super::camera::Camera;
use super::workers::{CameraSlot, Inline};
use crate::context::{Context, earlier};
use crate::handle::{Handle, Queue, Redial};
use crate::identity::Identity;
use crate::notice::Notice;
use crate::parts::{Machine, Net, Workers};
use crate::settings::Settings;
use crate::station::{Station, net_config};

/// Names a station of a [`Simulation`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StationId(usize);

/// Stations, and the world that joins them.
///
/// 1. [`add`](Self::add) stations and [`introduce`](Self::introduce) them.
/// 2. Ask for calls and transfers through a [`handle`](Self::handle).
/// 3. [`run`](Self::run), and change links through the [`world`](Self::world) in between.
pub struct Simulation {
    world: World,
    stations: Vec<Running>,
    programs: BTreeMap<ProgramId, StationId>,
}

struct Running {
    name: String,
    contact: Contact,
    /// Whom it knows.
    book: Book,
    host: HostId,
    camera: CameraSlot,
    handle: Handle,
    /// `None` once it has ended.
    station: Option<Station>,
    /// A command or a report waits.
    woken: Arc<AtomicBool>,
    due: Option<Instant>,
}

/// A station that has so many turns without time going on is in an endless loop.
const MOST_TURNS: u32 = 100_000;

/// The port of every simulated station that listens.
const PORT: u16 = 7447;

impl Simulation {
    /// An empty world. Everything that is random follows from the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            world: World::new(seed),
            stations: Vec::new(),
            programs: BTreeMap::new(),
        }
    }

    /// Adds a station on a host of its own, with its way up to the network and its way down. It
    /// listens; everything else is as [`Settings::new`] and `change` say.
    ///
    /// # Panics
    /// The name is no name for a peer, or is taken.
    pub fn add(
        &mut self,
        name: &str,
        up: Link,
        down: Link,
        change: impl FnOnce(&mut Settings),
    ) -> StationId {
        let host = self.world.add_host(up, down);
        self.add_on(host, name, self.identity(), change)
    }

    /// Adds another program of the same owner, with the same key, on the host of a station. It does
    /// not listen.
    ///
    /// # Panics
    /// The name is no name for a peer, or is taken.
    pub fn add_beside(
        &mut self,
        station: StationId,
        name: &str,
        identity: Identity,
        change: impl FnOnce(&mut Settings),
    ) -> StationId {
        let host = self.running(station).host;
        self.add_on(host, name, identity, |settings| {
            settings.listen.clear();
            change(settings);
        })
    }

    /// A key that follows from the seed.
    pub fn identity(&self) -> Identity {
        let mut secret = [0; 32];
        for bytes in secret.chunks_mut(8) {
            bytes.copy_from_slice(&self.world.random().to_be_bytes());
        }
        let secret = transom_secure::Identity::from_bytes(secret);
        Identity { secret }
    }

    fn add_on(
        &mut self,
        host: HostId,
        name: &str,
        identity: Identity,
        change: impl FnOnce(&mut Settings),
    ) -> StationId {
        let is_taken = self.stations.iter().any(|station| station.name == name);
        assert!(!is_taken, "there is a station {name}");
        let id = StationId(self.stations.len());
        let address = SocketAddr::new(World::address(host), PORT);
        let mut settings = Settings::new(name.parse().expect("a peer's name"), identity);
        settings.listen = vec![address];
        change(&mut settings);
        let key = settings.identity.public_key();
        let line = format!("{name} {address} key={key} may=view,call,files,auto");
        let book = settings.book.clone();
        let contact = line.parse().expect("a line of a book");

        let config = net_config(&mut settings);
        let net = transom_net::sim::Net::bind(&self.world, host, config);
        self.programs.insert(net.program(), id);
        let woken = Arc::new(AtomicBool::new(true));
        let wake = woken.clone();
        let queue = Queue::new(move || wake.store(true, Ordering::Relaxed));
        let camera = CameraSlot::default();
        let workers = Inline::new(self.world.clone(), camera.clone());
        let out = Context::new(
            Machine::Simulated(self.world.clone()),
            Net::Modelled(Box::new(net)),
            Workers::Inline(Box::new(workers)),
            queue,
        );
        let mut station = Station::with(settings, out).expect("random numbers of the seed");
        station.begin();
        self.stations.push(Running {
            name: name.to_owned(),
            contact,
            book,
            host,
            camera,
            handle: station.handle(),
            station: Some(station),
            woken,
            due: None,
        });
        id
    }

    /// Gives a station a camera. The one that it has may be open; it is found at the next opening.
    ///
    /// # Panics
    /// The station is another simulation's.
    pub fn set_camera(&mut self, station: StationId, camera: Camera) {
        let slot = &self.running(station).camera;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(camera);
        self.handle(station).set_camera(Some(Default::default()));
    }

    /// Tells two stations of each other, each with all rights at the other, and lets the first keep
    /// a connection to the second.
    ///
    /// # Panics
    /// A station is another simulation's.
    pub fn introduce(&mut self, dialer: StationId, listener: StationId) {
        for (one, other) in [(dialer, listener), (listener, dialer)] {
            let contact = self.running(other).contact.clone();
            let running = &mut self.stations[one.0];
            if running.book.find(contact.name.as_str()).is_none() {
                running.book.add(contact).expect("a new name");
            }
            running.handle.replace_book(running.book.clone());
        }
        self.handle(dialer)
            .connect(self.contact(listener), Redial::Always);
    }

    /// The contact that a station is for others.
    ///
    /// # Panics
    /// The station is another simulation's.
    pub fn contact(&self, station: StationId) -> Contact {
        self.running(station).contact.clone()
    }

    /// The way to speak to a station.
    ///
    /// # Panics
    /// The station is another simulation's.
    pub fn handle(&self, station: StationId) -> Handle {
        self.running(station).handle.clone()
    }

    /// The host of a station, whose links the [`world`](Self::world) knows.
    ///
    /// # Panics
    /// The station is another simulation's.
    pub fn host(&self, station: StationId) -> HostId {
        self.running(station).host
    }

    /// The links and the clock. Clones share them, and may be used while the simulation runs.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Since the beginning.
    pub fn now(&self) -> Duration {
        self.world.elapsed()
    }

    /// Lets time go on. What the stations tell comes with the time since the beginning.
    ///
    /// # Panics
    /// A station is in an endless loop.
    pub fn run(&mut self, span: Duration, mut on_notice: impl FnMut(Duration, StationId, Notice)) {
        let until = self.world.now() + span;
        loop {
            self.settle(&mut on_notice);
            let due = self.stations.iter().filter_map(|station| station.due).min();
            let next = earlier(due, self.world.next());
            match next.filter(|next| *next <= until) {
                Some(next) => self.world.advance(next),
                None => break,
            }
        }
        self.world.advance(until);
    }

    /// Gives turns until nothing is left to do at this moment.
    fn settle(&mut self, on_notice: &mut impl FnMut(Duration, StationId, Notice)) {
        let (now, elapsed) = (self.world.now(), self.world.elapsed());
        for turn in 0.. {
            assert!(turn < MOST_TURNS, "a station never sleeps");
            while let Some(program) = self.world.poll_ready() {
                if let Some(id) = self.programs.get(&program) {
                    self.stations[id.0].due = Some(now);
                }
            }
            let mut is_quiet = true;
            for (index, running) in self.stations.iter_mut().enumerate() {
                let is_due = running.due.is_some_and(|due| due <= now);
                if running.woken.swap(false, Ordering::Relaxed) || is_due {
                    is_quiet = false;
                    running.turn(|notice| on_notice(elapsed, StationId(index), notice));
                }
            }
            if is_quiet {
                return;
            }
        }
    }

    fn running(&self, station: StationId) -> &Running {
        &self.stations[station.0]
    }
}

impl Running {
    fn turn(&mut self, on_notice: impl FnMut(Notice)) {
        let Some(station) = &mut self.station else {
            return;
        };
        if !station.turn(on_notice) {
            (self.station, self.due) = (None, None);
            return;
        }
        // A modelled net has no reason to fail.
        drop(station.wait());
        self.due = station.context().simulated_due();
    }
}
