//! Whole connections: a door, its clients as byte strings, and a clock that is moved by hand.

mod answers;
mod clients;
mod disorder;
mod golden;
mod hostile;
mod metrics;
mod sound;
mod viewers;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{
    Access, Config, ConnectionId, Door, Fate, Full, Now, Pass, Picture, PictureCounts, SourceId,
    SourceState, Token,
};

pub(crate) const CAMERA: SourceId = SourceId(0);

/// A door with one pass, what its clients were sent, and a loop as the network's: it serves a
/// client only for bytes or the end of its client, for room in its socket, or if the door is dirty.
pub(crate) struct Rig {
    pub(crate) door: Door,
    pub(crate) now: Now,
    out: BTreeMap<usize, Vec<u8>>,
    /// Clients that take nothing.
    pub(crate) stuck: BTreeSet<usize>,
    /// Those that took nothing when all were served last.
    were_stuck: BTreeSet<usize>,
    /// Clients for which something has come.
    ready: BTreeSet<usize>,
    /// What the loop knows of each connection.
    fates: BTreeMap<usize, Fate>,
    was_dirty: bool,
    shown: u8,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::of(&["hall"], passes(&[1]))
    }

    pub(crate) fn of(sources: &[&str], access: Access) -> Self {
        let sources = sources.iter().map(|name| (*name).to_owned()).collect();
        let config = Config::new(sources, access, 4);
        Self {
            door: Door::new(config),
            now: Now {
                instant: Instant::now(),
                unix: Duration::from_micros(1_795_800_836_085_698),
            },
            out: BTreeMap::new(),
            stuck: BTreeSet::new(),
            were_stuck: BTreeSet::new(),
            ready: BTreeSet::new(),
            fates: BTreeMap::new(),
            was_dirty: false,
            shown: 0,
        }
    }

    /// Connects from this machine.
    pub(crate) fn connect(&mut self, client: usize) {
        self.connect_from(client, None).unwrap();
    }

    pub(crate) fn connect_from(
        &mut self,
        client: usize,
        address: Option<IpAddr>,
    ) -> Result<(), Full> {
        self.door.accept(ConnectionId(client), address, self.now)?;
        self.ready.insert(client);
        self.fates.insert(client, Fate::Open);
        Ok(())
    }

    /// Passes bytes of a client in, once; gives back how many were taken.
    pub(crate) fn receive(&mut self, client: usize, bytes: &[u8]) -> usize {
        self.ready.insert(client);
        let id = ConnectionId(client);
        self.door.handle_bytes(id, bytes, self.now)
    }

    /// The client sends no more.
    pub(crate) fn end(&mut self, client: usize) {
        self.ready.insert(client);
        self.door.handle_end(ConnectionId(client));
    }

    /// Passes bytes of a client in, and gives back what was sent to it since the last look.
    pub(crate) fn send(&mut self, client: usize, mut bytes: &[u8]) -> String {
        while !bytes.is_empty() {
            let taken = self.receive(client, bytes);
            bytes = &bytes[taken..];
            self.pump();
            if taken == 0 && !self.door.wants_bytes(ConnectionId(client)) {
                break;
            }
        }
        self.take(client)
    }

    /// A new client asks for this path with the pass.
    pub(crate) fn get(&mut self, client: usize, path: &str) -> String {
        self.get_from(client, None, path)
    }

    pub(crate) fn get_from(
        &mut self,
        client: usize,
        address: Option<IpAddr>,
        path: &str,
    ) -> String {
        self.connect_from(client, address).unwrap();
        let sign = if path.contains('?') { '&' } else { '?' };
        let head = format!(
            "GET {path}{sign}token={} HTTP/1.1\r\nHost: box\r\n\r\n",
            token(1)
        );
        self.send(client, head.as_bytes())
    }

    /// What was sent to a client since the last look, one character a byte.
    pub(crate) fn take(&mut self, client: usize) -> String {
        let bytes = self.take_bytes(client);
        bytes.into_iter().map(char::from).collect()
    }

    pub(crate) fn take_bytes(&mut self, client: usize) -> Vec<u8> {
        self.out.remove(&client).unwrap_or_default()
    }

    /// The camera's next picture, captured now. Its last byte before the end counts.
    pub(crate) fn show(&mut self) -> Vec<u8> {
        self.shown += 1;
        let jpeg = jpeg(self.shown);
        self.show_jpeg(&jpeg);
        jpeg
    }

    pub(crate) fn show_jpeg(&mut self, jpeg: &[u8]) {
        let picture = Picture {
            jpeg: &Arc::new(jpeg.to_vec()),
            size: (640, 480),
            orientation: 1,
            captured: self.now.instant,
        };
        self.door.show(CAMERA, picture, self.now);
        self.pump();
    }

    pub(crate) fn set_state(&mut self, state: SourceState, words: &str) {
        self.door.set_state(CAMERA, state, words);
        self.pump();
    }

    /// Lets time pass, and does what is due when it is due.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now.instant + span;
        for _ in 0..100_000 {
            match self.door.poll_timeout().filter(|time| *time <= end) {
                Some(time) => self.move_to(time.max(self.now.instant)),
                None => return self.move_to(end),
            }
        }
        panic!("a timeout that is handled is due again");
    }

    fn move_to(&mut self, time: Instant) {
        self.now.unix += time - self.now.instant;
        self.now.instant = time;
        if self.is_due() {
            self.door.handle_timeout(self.now);
        }
        self.pump();
    }

    pub(crate) fn is_due(&self) -> bool {
        let due = self.door.poll_timeout();
        due.is_some_and(|due| due <= self.now.instant)
    }

    pub(crate) fn fate(&self, client: usize) -> Fate {
        self.door.fate(ConnectionId(client))
    }

    pub(crate) fn close(&mut self, client: usize) {
        self.door.remove(ConnectionId(client));
        self.fates.remove(&client);
    }

    /// Whether the door was dirty since the last call.
    pub(crate) fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.was_dirty) | self.door.take_dirty()
    }

    /// Serves the clients for which there is something to do, as the loop does, and checks that
    /// there is nothing for the others.
    pub(crate) fn pump(&mut self) {
        let all = self.door.take_dirty();
        self.was_dirty |= all;
        let mut ready = std::mem::take(&mut self.ready);
        ready.extend(self.were_stuck.difference(&self.stuck));
        self.were_stuck.clone_from(&self.stuck);
        let clients: Vec<usize> = self.fates.keys().copied().collect();
        let (served, others): (Vec<_>, Vec<_>) = clients
            .into_iter()
            .partition(|client| all || ready.contains(client));
        for client in served {
            self.write(client);
            self.fates.insert(client, self.fate(client));
        }
        for client in others {
            assert_eq!(self.write(client), 0, "{client} was not to be served");
            assert_eq!(self.fate(client), self.fates[&client], "{client}");
        }
        assert!(
            !self.door.take_dirty(),
            "serving clients concerns no others"
        );
    }

    /// A client that is stuck otherwise takes at most that many bytes.
    pub(crate) fn trickle(&mut self, client: usize, most: usize) {
        self.ready.insert(client);
        let id = ConnectionId(client);
        let bytes = self.door.poll_transmit(id, self.now).concat();
        let bytes = &bytes[..bytes.len().min(most)];
        self.out.entry(client).or_default().extend(bytes);
        self.door.transmitted(id, bytes.len(), self.now);
    }

    /// Writes what there is to a client that takes it; gives back how many bytes.
    fn write(&mut self, client: usize) -> usize {
        let mut written = 0;
        while !self.stuck.contains(&client) {
            let slices = self.door.poll_transmit(ConnectionId(client), self.now);
            let bytes = slices.concat();
            let count = bytes.len();
            if count == 0 {
                break;
            }
            self.out.entry(client).or_default().extend(bytes);
            self.door.transmitted(ConnectionId(client), count, self.now);
            written += count;
        }
        written
    }
}

pub(crate) fn token(number: u8) -> Token {
    Token::from_random([number; 20])
}

pub(crate) fn passes(numbers: &[u8]) -> Access {
    let passes = numbers.iter().map(|number| {
        let name = format!("pass{number}");
        Pass::new(&name, &token(*number)).unwrap()
    });
    Access::Passes(passes.collect())
}

/// A JPEG as far as segments go, with a thumbnail and a byte of its own.
pub(crate) fn jpeg(number: u8) -> Vec<u8> {
    let mut jpeg = b"\xff\xd8\xff\xe0\x00\x07JFIF\0".to_vec();
    jpeg.extend_from_slice(b"\xff\xda\x00\x02scan");
    jpeg.extend_from_slice(&[number, 0xff, 0xd9]);
    jpeg
}

/// Splits an answer after its head.
pub(crate) fn split(answer: &str) -> (&str, &str) {
    let end = answer.find("\r\n\r\n").expect("a whole head") + 4;
    answer.split_at(end)
}

pub(crate) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).expect("a status line")
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
