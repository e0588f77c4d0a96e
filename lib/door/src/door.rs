//! The door: its cameras, its passes and its clients' connections.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

use crate::connection::{Connection, Fate};
use crate::failures::Failures;
use crate::limits::{MAX_CONNECTIONS, MAX_CONNECTIONS_PER_ADDRESS, slots_of_pass};
use crate::now::Now;
use crate::passes::{Pass, PassHash, Passes};
use crate::source::{Picture, PictureCounts, Source, SourceId, SourceState};
use crate::strangers::Strangers;

/// What a door is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The names of the cameras, each below `/NAME/`. A single one is also at the root.
    pub sources: Vec<String>,
    /// Which clients may look.
    pub access: Access,
    /// Clients that look or wait for a picture at once.
    pub max_viewers: usize,
}

impl Config {
    /// A door to cameras of these names.
    pub fn new(sources: Vec<String>, access: Access, max_viewers: usize) -> Self {
        Self {
            sources,
            access,
            max_viewers,
        }
    }
}

/// Which clients may look.
#[derive(Clone, Debug)]
pub enum Access {
    /// Every client that can connect. Requests must name the machine by an address, as `localhost`
    /// or by one of these names: a web page can make a name of its own resolve to this machine.
    Open {
        /// Names of the machine, without ports, that no DNS server of strangers can give to a page.
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

/// What a client has a slot for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    Look,
    Listen,
}

/// One viewer of the limit, or one listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Slot {
    pub(crate) source: SourceId,
    pub(crate) purpose: Purpose,
    /// The pass that has it, where passes are needed.
    pub(crate) pass: Option<PassHash>,
}

impl Slot {
    fn by_pass(self) -> Option<(PassHash, Purpose)> {
        self.pass.map(|pass| (pass, self.purpose))
    }
}

/// No slot is free for a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NoSlot {
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
    /// What [`take_dirty`](Self::take_dirty) tells.
    is_dirty: bool,
}

/// What all connections see.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) sources: Vec<Source>,
    pub(crate) access: Access,
    pub(crate) max_viewers: usize,
    /// The pass of each client that has a slot and a pass, and what the slot is for.
    pass_slots: Vec<(PassHash, Purpose)>,
    /// Of answers, to all clients.
    pub(crate) sent_bytes: u64,
    pub(crate) failures: Failures,
    pub(crate) strangers: Strangers,
    /// What [`Door::take_owner_event`] tells.
    pub(crate) has_owner_event: bool,
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
                pass_slots: Vec::new(),
                sent_bytes: 0,
                failures: Failures::default(),
                strangers: Strangers::default(),
                has_owner_event: false,
            },
            connections: BTreeMap::new(),
            is_dirty: false,
        }
    }

    /// Takes a new connection; without an address it is of this machine. Where all places, or those
    /// of its address, are in use, another connection ends for it: a stranger's, or one between two
    /// requests; its [`fate`](Self::fate) is `Gone`.
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
            // Behind a proxy a stranger and a viewer have the same address.
            let room = self.make_room(|connection| connection.address == address);
            room.ok_or(Full::OfAddress)?;
        } else if all >= MAX_CONNECTIONS {
            self.make_room(|_| true).ok_or(Full::Connections)?;
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
        self.is_dirty = true;
        for connection in self.connections.values_mut() {
            connection.handle_timeout(&mut self.shared, now);
        }
    }

    /// The bytes to write next, for one vectored write; all empty if there are none. The picture
    /// is chosen here, so call it only while the socket can be written.
    pub fn poll_transmit(&mut self, id: ConnectionId, now: Now) -> [&[u8]; 4] {
        match self.connections.get_mut(&id) {
            Some(connection) => connection.poll_transmit(&mut self.shared, now),
            None => Default::default(),
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
            connection.release_slot(&mut self.shared);
        }
    }

    /// Removes the oldest connection without a pass, whose socket the caller closes: another one
    /// needs its file descriptor.
    pub fn remove_stranger(&mut self) -> Option<ConnectionId> {
        self.make_room(|connection| !connection.is_admitted())
    }

    /// A camera's newest picture. It is not copied, and held only if there is a viewer.
    pub fn show(&mut self, source: SourceId, picture: Picture<'_>, now: Now) {
        if let Some(source) = self.shared.sources.get_mut(source.0) {
            self.is_dirty |= source.viewers > 0;
            source.show(picture, now);
        }
    }

    /// The camera's newest sound: whole samples of 16 bits in little endian, 48,000 a second, of
    /// one channel. A client that lags loses some of it.
    pub fn push_sound(&mut self, source: SourceId, samples: &[u8]) {
        if let Some(source) = self.shared.sources.get_mut(source.0) {
            self.is_dirty |= source.listeners > 0;
            source.push_sound(samples);
        }
    }

    /// Whether the camera has a microphone. Without one its listeners end at once.
    pub fn set_sound(&mut self, id: SourceId, has_sound: bool) {
        let Some(source) = self.shared.sources.get_mut(id.0) else {
            return;
        };
        source.has_sound = has_sound;
        if !has_sound && source.listeners > 0 {
            for connection in self.connections.values_mut() {
                connection.end_sound(id);
            }
            self.is_dirty = true;
        }
    }

    /// A camera's state, and why in words, of which the first 200 characters are kept.
    pub fn set_state(&mut self, source: SourceId, state: SourceState, words: &str) {
        if let Some(source) = self.shared.sources.get_mut(source.0) {
            self.is_dirty |= source.viewers > 0;
            source.set_state(state, words);
        }
    }

    /// The cameras from now on, by their names. Those that stay keep their state and their viewers,
    /// whatever their new places; what is shown of the others ends.
    pub fn set_sources(&mut self, names: Vec<String>) {
        let old = std::mem::take(&mut self.shared.sources);
        let mut old: Vec<_> = old.into_iter().map(Some).collect();
        let mut moved = BTreeMap::new();
        for (new, name) in names.into_iter().enumerate() {
            let is_same =
                |source: &Option<Source>| source.as_ref().is_some_and(|it| it.name == name);
            let at = old.iter().position(is_same);
            moved.extend(at.map(|at| (SourceId(at), SourceId(new))));
            let kept = at.and_then(|at| old[at].take());
            let source = kept.unwrap_or_else(|| Source::new(name));
            self.shared.sources.push(source);
        }
        for connection in self.connections.values_mut() {
            connection.follow(&moved, &mut self.shared);
        }
        self.is_dirty = true;
    }

    /// A camera's name from now on, and so its path. Its viewers go on.
    pub fn rename(&mut self, source: SourceId, name: &str) {
        if let Some(source) = self.shared.sources.get_mut(source.0) {
            name.clone_into(&mut source.name);
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
        self.is_dirty = true;
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

    /// Whether something has changed for all connections since the last call: a picture, a state,
    /// the passes, the time, one that ended for another. Otherwise a connection has something to
    /// send, or another fate, only after bytes of its client or room in its socket.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.is_dirty)
    }

    /// Whether the owner has something to look at since the last call: another number of
    /// [`viewers`](Self::viewers), or a later use of a pass.
    pub fn take_owner_event(&mut self) -> bool {
        std::mem::take(&mut self.shared.has_owner_event)
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
    /// [`push_sound`](Self::push_sound).
    pub fn listeners(&self, source: SourceId) -> usize {
        let source = self.shared.sources.get(source.0);
        source.map_or(0, |source| source.listeners)
    }

    /// What became of this camera's pictures.
    pub fn pictures(&self, source: SourceId) -> PictureCounts {
        let source = self.shared.sources.get(source.0);
        source.map_or_else(PictureCounts::default, Source::counts)
    }

    /// The names of the passes whose clients look, at any camera, in the order of the list.
    pub fn passes_that_look(&self) -> impl Iterator<Item = &str> {
        self.passes_in_use(Purpose::Look)
    }

    /// The names of the passes whose clients listen, at any camera, in the order of the list.
    pub fn passes_that_listen(&self) -> impl Iterator<Item = &str> {
        self.passes_in_use(Purpose::Listen)
    }

    fn passes_in_use(&self, purpose: Purpose) -> impl Iterator<Item = &str> {
        let connections = self.connections.values();
        let in_use = connections.filter_map(|connection| connection.pass_in_use(purpose));
        let in_use: Vec<PassHash> = in_use.collect();
        let passes = self.passes().into_iter().flat_map(Passes::iter);
        passes
            .filter(move |pass| in_use.iter().any(|hash| pass.is(*hash)))
            .map(Pass::name)
    }

    /// A camera's state; `None` if there is no such camera.
    pub fn state(&self, source: SourceId) -> Option<SourceState> {
        let source = self.shared.sources.get(source.0);
        source.map(|source| source.state)
    }

    /// The passes with when they were last used.
    pub fn passes(&self) -> Option<&Passes> {
        match &self.shared.access {
            Access::Open { .. } => None,
            Access::Passes(passes) => Some(passes),
        }
    }

    /// Ends a dispensable connection of these, the oldest of strangers' first.
    fn make_room(&mut self, is_of_these: impl Fn(&Connection) -> bool) -> Option<ConnectionId> {
        let dispensable = self.connections.iter();
        let dispensable = dispensable.filter(|(_, it)| it.is_dispensable() && is_of_these(it));
        let (&id, _) = dispensable.min_by_key(|(id, it)| (it.is_admitted(), **id))?;
        self.remove(id);
        self.is_dirty = true;
        Some(id)
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

    /// Takes a slot; the client gives another one back for it if it has one. There are as many for
    /// listeners as for viewers: a page needs one of each.
    pub(crate) fn acquire(&mut self, slot: Slot, old: Option<Slot>) -> Result<(), NoSlot> {
        let freed = old.filter(|old| old.purpose == slot.purpose);
        let sources = self.sources.iter();
        let taken: usize = sources.map(|source| source.taken(slot.purpose)).sum();
        if taken - usize::from(freed.is_some()) >= self.max_viewers {
            return Err(NoSlot::All);
        }
        if let Some(of_pass) = slot.by_pass() {
            let its = self.pass_slots.iter().filter(|other| **other == of_pass);
            let is_freed = old.and_then(Slot::by_pass) == Some(of_pass);
            if its.count() - usize::from(is_freed) >= slots_of_pass(self.max_viewers) {
                return Err(NoSlot::OfPass);
            }
            self.pass_slots.push(of_pass);
        }
        self.sources[slot.source.0].acquire(slot.purpose);
        if let Some(old) = old {
            self.release(old);
        }
        self.has_owner_event = true;
        Ok(())
    }

    /// Gives a slot back.
    pub(crate) fn release(&mut self, slot: Slot) {
        self.sources[slot.source.0].release(slot.purpose);
        self.release_of_pass(slot);
    }

    /// Gives a slot of a camera that is gone back to the pass's share.
    pub(crate) fn release_of_pass(&mut self, slot: Slot) {
        let mut its = self.pass_slots.iter();
        let its = its.position(|of_pass| Some(*of_pass) == slot.by_pass());
        if let Some(its) = its {
            self.pass_slots.swap_remove(its);
        }
        self.has_owner_event = true;
    }
}
