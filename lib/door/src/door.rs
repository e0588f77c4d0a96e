//! The door: its cameras, its passes and its clients' connections.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

use crate::connection::{Connection, Fate};
use crate::failures::Failures;
use crate::limits::{MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS, places_of_pass};
use crate::now::Now;
use crate::passes::{Pass, PassHash, Passes};
use crate::source::{Picture, PictureCounts, Source, SourceId, SourceState};

/// What a door is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// The names of the cameras. A single one is at the root; several are below `/NAME/`.
    pub sources: Vec<String>,
    /// Which clients may look.
    pub access: Access,
    /// Clients that look or wait for a picture at once.
    pub max_viewers: usize,
}

/// Which clients may look.
#[derive(Clone, Debug)]
pub enum Access {
    /// Every client that can connect. Requests must name the machine by an address, as `localhost`
    /// or by one of these names: a web page can make a name of its own resolve to this machine.
    Open {
        /// Names of the machine, without ports.
        names: Vec<String>,
    },
    /// Every client that has the token of one of these.
    Passes(Passes),
}

impl Access {
    /// Whether clients with that pass may look.
    pub(crate) fn may_look(&self, pass: Option<PassHash>) -> bool {
        match self {
            Self::Open { .. } => true,
            Self::Passes(passes) => pass.is_some_and(|pass| passes.find(pass).is_some()),
        }
    }

    /// Whether they may hear. Without a pass nobody may: every program of the machine could.
    pub(crate) fn may_hear(&self, pass: Option<PassHash>) -> bool {
        match self {
            Self::Open { .. } => false,
            Self::Passes(passes) => {
                let pass = pass.and_then(|pass| passes.find(pass));
                pass.is_some_and(Pass::may_hear)
            }
        }
    }
}

/// Names a connection. The caller chooses it, such as the token of the socket.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ConnectionId(pub usize);

/// A connection is not taken: close its socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Full {
    /// All places are in use.
    #[error("the door has {MAX_CONNECTIONS} connections already")]
    Connections,
    /// This address has its share.
    #[error("this address has {MAX_CONNECTIONS_PER_ADDRESS} connections already")]
    OfAddress,
}

/// What a client has a place for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    Look,
    Listen,
}

/// A place of a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    pub(crate) source: SourceId,
    pub(crate) purpose: Purpose,
    /// The pass that has it, where passes are needed.
    pub(crate) pass: Option<PassHash>,
}

impl Place {
    fn by_pass(self) -> Option<(PassHash, Purpose)> {
        self.pass.map(|pass| (pass, self.purpose))
    }
}

/// There is no place for a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NoPlace {
    #[error("the limit of viewers is reached: try again later")]
    All,
    #[error("this pass has as many viewers as one pass may have: try again later")]
    OfPass,
}

/// All connections of an HTTP listener. See the [crate's page](crate) for the order of calls.
#[derive(Debug)]
pub struct Door {
    shared: Shared,
    connections: BTreeMap<ConnectionId, Connection>,
}

/// What all connections see.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) sources: Vec<Source>,
    pub(crate) access: Access,
    pub(crate) max_viewers: usize,
    /// The pass of each client that has a place and a pass, and what the place is for.
    seated: Vec<(PassHash, Purpose)>,
    /// Of answers, to all clients.
    pub(crate) sent_bytes: u64,
    pub(crate) failures: Failures,
}

impl Door {
    /// A door without connections.
    pub fn new(config: Config) -> Self {
        let sources = config.sources.into_iter().map(Source::new).collect();
        Self {
            shared: Shared {
                sources,
                access: config.access,
                max_viewers: config.max_viewers,
                seated: Vec::new(),
                sent_bytes: 0,
                failures: Failures::default(),
            },
            connections: BTreeMap::new(),
        }
    }

    /// Takes a new connection; without an address it is of this machine. Where all places are in
    /// use, another connection ends for it: a stranger's, or one between two requests; its
    /// [`fate`](Self::fate) is `Gone`.
    ///
    /// # Errors
    /// There is no room.
    pub fn accept(
        &mut self,
        id: ConnectionId,
        address: Option<IpAddr>,
        now: Now,
    ) -> Result<(), Full> {
        let address = address.map(|address| address.to_canonical());
        let is_local = address.is_none_or(|address| address.is_loopback());
        let open = self.connections.values();
        let open = open.filter(|connection| connection.fate() != Fate::Gone);
        let (mut all, mut same) = (0, 0);
        for connection in open {
            all += 1;
            same += usize::from(connection.address == address);
        }
        if !is_local && same >= MAX_CONNECTIONS_PER_ADDRESS {
            return Err(Full::OfAddress);
        }
        if all >= MAX_CONNECTIONS {
            self.make_room().ok_or(Full::Connections)?;
        }
        self.remove(id);
        let connection = Connection::new(address, now.instant);
        self.connections.insert(id, connection);
        Ok(())
    }

    /// Bytes were received. Gives back how many were taken: the others are to be passed again when
    /// [`wants_bytes`](Self::wants_bytes) says so.
    pub fn handle_bytes(&mut self, id: ConnectionId, bytes: &[u8], now: Now) -> usize {
        let connection = self.connections.get_mut(&id);
        connection.map_or(bytes.len(), |it| it.handle_bytes(bytes, now.instant))
    }

    /// The client sends no more.
    pub fn handle_end(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.handle_end();
        }
    }

    /// The time of [`poll_timeout`](Self::poll_timeout) has passed.
    pub fn handle_timeout(&mut self, now: Now) {
        for connection in self.connections.values_mut() {
            connection.handle_timeout(&mut self.shared, now);
        }
    }

    /// The bytes to write next, for one vectored write; both empty if there are none. The picture
    /// is chosen here, so call it only while the socket can be written.
    pub fn poll_transmit(&mut self, id: ConnectionId, now: Now) -> [&[u8]; 2] {
        match self.connections.get_mut(&id) {
            Some(connection) => connection.poll_transmit(&mut self.shared, now),
            None => [&[], &[]],
        }
    }

    /// That many of the bytes of [`poll_transmit`](Self::poll_transmit) were written.
    pub fn transmitted(&mut self, id: ConnectionId, count: usize, now: Now) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.transmitted(count, now.instant);
            self.shared.sent_bytes += count as u64;
        }
    }

    /// The socket is closed.
    pub fn remove(&mut self, id: ConnectionId) {
        if let Some(mut connection) = self.connections.remove(&id) {
            connection.leave(&mut self.shared);
        }
    }

    /// A camera's newest picture. It is copied once, if there is a viewer.
    pub fn show(&mut self, source: SourceId, picture: Picture<'_>, now: Now) {
        if let Some(source) = self.shared.sources.get_mut(source.0) {
            source.show(picture, now);
        }
    }

    /// The camera's newest sound: whole samples of 16 bits in little endian, 48,000 a second, of one
    /// channel. A client that lags loses some of it.
    pub fn hear(&mut self, source: SourceId, samples: &[u8]) {
        if let Some(source) = self.shared.sources.get_mut(source.0) {
            source.hear(samples);
        }
    }

    /// Whether the camera has a microphone.
    pub fn set_sound(&mut self, source: SourceId, has_sound: bool) {
        if let Some(source) = self.shared.sources.get_mut(source.0) {
            source.has_sound = has_sound;
        }
    }

    /// A camera's state, and why in words, of which the first 200 characters are kept.
    pub fn set_state(&mut self, source: SourceId, state: SourceState, words: &str) {
        if let Some(source) = self.shared.sources.get_mut(source.0) {
            source.set_state(state, words);
        }
    }

    /// Which clients may look from now on. What is shown to a pass that is not in the list any more
    /// ends; of the others the last use is kept.
    pub fn set_access(&mut self, mut access: Access) {
        if let (Access::Passes(old), Access::Passes(new)) = (&self.shared.access, &mut access) {
            old.keep_uses(new);
        }
        for connection in self.connections.values_mut() {
            connection.check_pass(&access);
        }
        self.shared.access = access;
    }

    /// How many clients may look at once from now on.
    pub fn set_max_viewers(&mut self, max_viewers: usize) {
        self.shared.max_viewers = max_viewers;
    }

    /// When something is due without anything else happening.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let connections = self.connections.values();
        connections
            .filter_map(|connection| connection.poll_timeout(&self.shared))
            .min()
    }

    /// What to do with a connection's socket.
    pub fn fate(&self, id: ConnectionId) -> Fate {
        let connection = self.connections.get(&id);
        connection.map_or(Fate::Gone, Connection::fate)
    }

    /// Whether to read from the socket.
    pub fn wants_bytes(&self, id: ConnectionId) -> bool {
        let connection = self.connections.get(&id);
        connection.is_some_and(Connection::wants_bytes)
    }

    /// Clients that look at this camera or wait for its picture. While there are any, its owner
    /// [shows](Self::show) pictures.
    pub fn viewers(&self, source: SourceId) -> usize {
        let source = self.shared.sources.get(source.0);
        source.map_or(0, |source| source.viewers)
    }

    /// Clients that listen to this camera. While there are any, its owner gives sound to
    /// [`hear`](Self::hear).
    pub fn listeners(&self, source: SourceId) -> usize {
        let source = self.shared.sources.get(source.0);
        source.map_or(0, |source| source.listeners)
    }

    /// What became of this camera's pictures.
    pub fn pictures(&self, source: SourceId) -> PictureCounts {
        let source = self.shared.sources.get(source.0);
        source.map_or_else(PictureCounts::default, Source::counts)
    }

    /// The names of the passes whose clients look at this camera or listen to it, in the order of
    /// the list.
    pub fn passes_in_use(&self, source: SourceId) -> impl Iterator<Item = &str> {
        let connections = self.connections.values();
        let seated: Vec<PassHash> = connections
            .filter_map(|connection| connection.is_seated_with(source))
            .collect();
        let passes = self.passes().into_iter().flat_map(Passes::iter);
        passes
            .filter(move |pass| seated.iter().any(|hash| pass.is(*hash)))
            .map(Pass::name)
    }

    /// The passes with when they were last used.
    pub fn passes(&self) -> Option<&Passes> {
        match &self.shared.access {
            Access::Open { .. } => None,
            Access::Passes(passes) => Some(passes),
        }
    }

    /// Ends a dispensable connection, the oldest of strangers' first.
    fn make_room(&mut self) -> Option<()> {
        let dispensable = self.connections.iter();
        let dispensable = dispensable.filter(|(_, connection)| connection.is_dispensable());
        let (&id, _) = dispensable.min_by_key(|(id, it)| (it.is_admitted(), **id))?;
        self.remove(id);
        Some(())
    }
}

impl Shared {
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.access, Access::Open { .. })
    }

    /// Clients that look, at any camera.
    pub(crate) fn viewers(&self) -> usize {
        self.sources.iter().map(|source| source.viewers).sum()
    }

    /// Takes a place. There are as many for listeners as for viewers: a page needs one of each.
    pub(crate) fn sit(&mut self, place: Place) -> Result<(), NoPlace> {
        let taken = self
            .sources
            .iter()
            .map(|source| source.taken(place.purpose));
        if taken.sum::<usize>() >= self.max_viewers {
            return Err(NoPlace::All);
        }
        if let Some(seated) = place.by_pass() {
            let its = self.seated.iter().filter(|other| **other == seated);
            if its.count() >= places_of_pass(self.max_viewers) {
                return Err(NoPlace::OfPass);
            }
            self.seated.push(seated);
        }
        self.sources[place.source.0].enter(place.purpose);
        Ok(())
    }

    /// Gives it back.
    pub(crate) fn stand_up(&mut self, place: Place) {
        let mut its = self.seated.iter();
        let its = its.position(|seated| Some(*seated) == place.by_pass());
        if let Some(its) = its {
            self.seated.swap_remove(its);
        }
        self.sources[place.source.0].leave(place.purpose);
    }
}
