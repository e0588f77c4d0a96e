//! The sockets of the HTTP door: its listeners and its clients' connections, in the same loop as
//! the peers. What is said on them is the crate `transom_door`'s.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Instant, SystemTime};

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use transom_door::{ConnectionId, Door, Fate, Now};
use transom_proto as proto;

use crate::config::HttpConfig;
use crate::error::BindError;
use crate::listener::Listener;
use crate::marks::Marks;
use crate::options;
use crate::readiness::Readiness;

/// The door, if one is open.
#[derive(Default)]
pub(crate) struct Http(Option<Open>);

struct Open {
    door: Door,
    marks_packets: bool,
    listeners: Vec<(Token, Listener)>,
    clients: BTreeMap<usize, Client>,
    /// The client that is served first: the first for which the last turn had no writes left.
    first: usize,
}

struct Client {
    stream: TcpStream,
    readiness: Readiness,
    /// Bytes that the door did not take yet: less than one read. While there are any, the socket is
    /// not read.
    unread: Vec<u8>,
    is_shut: bool,
}

impl Http {
    /// Listens. There are as many unused tokens as addresses.
    pub(crate) fn bind(
        config: HttpConfig,
        marks_packets: bool,
        registry: &Registry,
        tokens: impl Iterator<Item = Token>,
    ) -> Result<Self, BindError> {
        let mut listeners = Vec::new();
        for (address, token) in config.listen.into_iter().zip(tokens) {
            let bound = Listener::bind(address).and_then(|mut listener| {
                listener.register(registry, token)?;
                Ok((token, listener))
            });
            listeners.push(bound.map_err(|error| BindError::new(address, error))?);
        }
        Ok(Self(Some(Open {
            door: Door::new(config.door),
            marks_packets,
            listeners,
            clients: BTreeMap::new(),
            first: 0,
        })))
    }

    /// The door and the present, for its owner.
    pub(crate) fn door(&mut self) -> Option<(&mut Door, Now)> {
        Some((&mut self.0.as_mut()?.door, now()))
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let listeners = self.0.iter().flat_map(|open| &open.listeners);
        listeners.map(|(_, listener)| listener.address()).collect()
    }

    pub(crate) fn uses(&self, id: usize) -> bool {
        self.0.as_ref().is_some_and(|open| {
            let mut listeners = open.listeners.iter();
            open.clients.contains_key(&id) || listeners.any(|(token, _)| token.0 == id)
        })
    }

    /// Records a readiness event, if it is of a socket of the door.
    pub(crate) fn note_readiness(&mut self, event: &Event) -> bool {
        let Some(open) = &mut self.0 else {
            return false;
        };
        let token = event.token();
        let mut listeners = open.listeners.iter_mut();
        if let Some((_, listener)) = listeners.find(|(its, _)| *its == token) {
            listener.note_readiness();
        } else if let Some(client) = open.clients.get_mut(&token.0) {
            client.readiness.note(event);
            client.readiness.touch();
        } else {
            return false;
        }
        true
    }

    pub(crate) fn listeners(&self) -> usize {
        self.0.as_ref().map_or(0, |open| open.listeners.len())
    }

    /// The next connection that waits at that listener.
    pub(crate) fn accept(
        &mut self,
        listener: usize,
        now: proto::Instant,
    ) -> Option<(TcpStream, SocketAddr)> {
        let Open {
            door,
            listeners,
            clients,
            ..
        } = self.0.as_mut()?;
        let (_, listener) = listeners.get_mut(listener)?;
        listener.accept(now, || close_stranger(door, clients))
    }

    /// Closes the socket of a client without a pass, if there is one.
    pub(crate) fn close_stranger(&mut self) -> bool {
        let open = self.0.as_mut();
        open.is_some_and(|open| close_stranger(&mut open.door, &mut open.clients))
    }

    /// Takes an accepted connection under that id, if the door has room.
    pub(crate) fn add(
        &mut self,
        id: usize,
        mut stream: TcpStream,
        address: SocketAddr,
        registry: &Registry,
    ) -> io::Result<()> {
        let Some(open) = &mut self.0 else {
            return Ok(());
        };
        let connection = ConnectionId(id);
        let accepted = open.door.accept(connection, Some(address.ip()), now());
        accepted.map_err(|full| io::Error::new(ErrorKind::QuotaExceeded, full))?;
        options::set_up_http(&stream);
        if open.marks_packets {
            // Each client gets pictures, or a few short answers.
            Marks::default().set(&stream, proto::Traffic::Media);
        }
        let both = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = registry.register(&mut stream, Token(id), both) {
            open.door.remove(connection);
            return Err(error);
        }
        let client = Client {
            stream,
            readiness: Readiness::default(),
            unread: Vec::new(),
            is_shut: false,
        };
        open.clients.insert(id, client);
        Ok(())
    }

    /// Reads from and writes to the sockets of the clients for which there is something to do, a
    /// little of each and of all, and closes those that end. `buffer` is scratch space.
    pub(crate) fn serve(&mut self, buffer: &mut [u8]) {
        let Some(open) = &mut self.0 else {
            return;
        };
        let Open { door, clients, .. } = open;
        let now = now();
        if door.poll_timeout().is_some_and(|due| due <= now.instant) {
            door.handle_timeout(now);
        }
        let room = buffer.len().min(READ);
        let all = door.take_dirty();
        let (first, mut writes, mut waiting) = (open.first, WRITES, None);
        for is_first_half in [true, false] {
            clients.retain(|&id, client| {
                let is_turn = (id >= first) == is_first_half;
                if !is_turn || !client.readiness.take_work() && !all {
                    return true;
                }
                let connection = ConnectionId(id);
                let is_late = writes == 0;
                let stays = client.serve(connection, door, now, &mut buffer[..room], &mut writes);
                if !stays {
                    door.remove(connection);
                } else if is_late && client.readiness.has_work() {
                    waiting.get_or_insert(id);
                }
                stays
            });
        }
        open.first = waiting.unwrap_or(0);
    }

    /// Whether the door has something for its owner.
    pub(crate) fn take_owner_event(&mut self) -> bool {
        self.0
            .as_mut()
            .is_some_and(|open| open.door.take_owner_event())
    }

    /// Whether a socket has work without a new readiness event.
    pub(crate) fn is_busy(&self) -> bool {
        self.0.as_ref().is_some_and(|open| {
            let mut clients = open.clients.values();
            let mut listeners = open.listeners.iter();
            clients.any(|client| client.readiness.has_work())
                || listeners.any(|(_, listener)| listener.is_ready())
        })
    }

    /// When something is due without anything else happening.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.as_ref()?.door.poll_timeout()
    }

    /// When a listener that backed off accepts again.
    pub(crate) fn listener_deadline(&self) -> Option<proto::Instant> {
        let listeners = self.0.iter().flat_map(|open| &open.listeners);
        listeners
            .filter_map(|(_, listener)| listener.deadline())
            .min()
    }
}

impl Client {
    /// Reads once and writes a little; `false` once the socket is to be closed.
    fn serve(
        &mut self,
        id: ConnectionId,
        door: &mut Door,
        now: Now,
        buffer: &mut [u8],
        writes: &mut usize,
    ) -> bool {
        let read = self.read(id, door, now, buffer);
        if let Err(error) = read.and_then(|()| self.write(id, door, now, writes)) {
            log::debug!("{id:?} broke: {error}");
            return false;
        }
        if self.has_more(id, door) {
            self.readiness.touch();
        }
        match door.fate(id) {
            Fate::Open => true,
            Fate::Finishing if self.is_shut => true,
            Fate::Finishing => {
                self.is_shut = true;
                self.stream.shutdown(Shutdown::Write).is_ok()
            }
            Fate::Gone => false,
        }
    }

    /// Reads once, if the door wants bytes.
    fn read(
        &mut self,
        id: ConnectionId,
        door: &mut Door,
        now: Now,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        if !self.has_more(id, door) {
            return Ok(());
        }
        if self.unread.is_empty() {
            match self.stream.read(buffer) {
                Ok(0) => {
                    self.readiness.read_would_block();
                    door.handle_end(id);
                    return Ok(());
                }
                Ok(count) => {
                    self.readiness.was_read(count, buffer.len());
                    self.unread.extend_from_slice(&buffer[..count]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readiness.read_would_block();
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let taken = door.handle_bytes(id, &self.unread, now);
        self.unread.drain(..taken);
        Ok(())
    }

    /// Writes until the socket is full, the door has nothing more to send, or the writes of the
    /// turn are used up: a client that pipelines requests would be answered as fast as it reads.
    fn write(
        &mut self,
        id: ConnectionId,
        door: &mut Door,
        now: Now,
        writes: &mut usize,
    ) -> io::Result<()> {
        let last = writes.saturating_sub(WRITES_OF_CLIENT);
        while self.readiness.can_write() {
            if *writes == last {
                self.readiness.touch();
                break;
            }
            let slices = door.poll_transmit(id, now);
            if slices.iter().all(|slice| slice.is_empty()) {
                break;
            }
            *writes -= 1;
            let slices = slices.map(IoSlice::new);
            match self.stream.write_vectored(&slices) {
                Ok(count) => door.transmitted(id, count, now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readiness.write_would_block();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn has_more(&self, id: ConnectionId, door: &Door) -> bool {
        let has_bytes = !self.unread.is_empty() || self.readiness.can_read();
        has_bytes && door.wants_bytes(id)
    }
}

fn close_stranger(door: &mut Door, clients: &mut BTreeMap<usize, Client>) -> bool {
    let stranger = door.remove_stranger();
    stranger.is_some_and(|ConnectionId(id)| clients.remove(&id).is_some())
}

fn now() -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Now {
        instant: Instant::now(),
        unix: unix.unwrap_or_default(),
    }
}

/// Bytes of one read: a whole head, the most that the door holds of a client.
const READ: usize = transom_door::limits::MAX_HEAD_BYTES;

/// Writes in one turn, each an answer or a part of a picture, so that no flood of requests delays
/// the peers. What a client is owed beyond that is written in the next turns.
const WRITES: usize = 16;

/// Of these for one client: it has the head of a stream and a picture at once.
const WRITES_OF_CLIENT: usize = 2;

#[cfg(test)]
mod tests;
