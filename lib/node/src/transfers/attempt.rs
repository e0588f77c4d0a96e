//! What a transfer from us does on one connection: which entries are announced, and which leaves
//! are on their way.

use std::collections::{BTreeMap, VecDeque};

use transom_net::PeerId;
use transom_proto::{OwnedEntry, Session, UsageError};
use transom_wire::{EntryKind, Start, TransferKey, limits};

use super::Place;
use crate::context::Context;
use crate::disk::SendJob;
use crate::lanes::Lane;
use crate::notice::{FailReason, TransferFailure, TransferId};

/// Entries fetched from the disk thread at once.
const ENTRY_BATCH: u32 = 64;
/// Leaves asked of the disk thread and not yet answered: enough to keep it busy over a turn of the
/// loop.
const LEAVES_ASKED: u32 = 6;
/// Small files asked of the disk thread and not yet answered: enough to keep it busy over several
/// turns of the loop.
const WHOLE_ASKED: usize = 64;
/// Small files read before other transfers have their turn.
const WHOLE_BATCH: usize = 16;

/// The transfer on one connection; the next one starts afresh and resumes by what the receiver
/// holds.
pub(super) struct Attempt {
    /// Its number on the disk thread.
    pub(super) number: TransferId,
    pub(super) link: PeerId,
    /// The receiver's key: its lane on the disk thread.
    pub(super) lane: Lane,
    pub(super) place: Option<Place>,
    pub(super) key: TransferKey,
    /// It is one file and no folder: its outcome says why it failed.
    pub(super) is_file: bool,
    pub(super) entries: u32,
    pub(super) accepted: bool,
    /// The receiver has paused the transfer on this connection.
    pub(super) peer_paused: bool,
    /// Entries read from the walk and not yet announced.
    pub(super) fetched: VecDeque<OwnedEntry>,
    pub(super) fetch_asked: bool,
    pub(super) next_entry: u32,
    /// The entries announced and not yet settled; at most as many as the session lets be ahead.
    pub(super) announced: BTreeMap<u32, Announced>,
    /// Entries the receiver wants data of, in its order.
    pub(super) wanted: VecDeque<Start>,
    pub(super) reading: Reading,
    /// Small files asked of the disk thread, each in one: the bytes of its leaf, 0 once that came.
    pub(super) whole: BTreeMap<u32, usize>,
    /// Done, failed or given up.
    pub(super) settled: u32,
    pub(super) failed: u32,
    /// Why the last entry that failed here did.
    pub(super) unsendable: Option<TransferFailure>,
    /// What the receiver said of the last entry that failed there.
    pub(super) refusal: Option<FailReason>,
    pub(super) finish_said: bool,
    /// Bytes the receiver held before this attempt.
    pub(super) resumed: u64,
}

/// An entry that the receiver knows.
#[derive(Debug)]
pub(super) struct Announced {
    pub(super) path: String,
    pub(super) kind: EntryKind,
    pub(super) size: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reading {
    Nothing,
    Starting(u32),
    Leaves { index: u32, asked: u32 },
}

impl Attempt {
    /// Nothing of it is known yet but where it goes.
    pub(super) fn new(number: TransferId, link: PeerId, lane: Lane) -> Self {
        Self {
            number,
            link,
            lane,
            place: None,
            key: TransferKey([0; 16]),
            is_file: false,
            entries: 0,
            accepted: false,
            peer_paused: false,
            fetched: VecDeque::new(),
            fetch_asked: false,
            next_entry: 0,
            announced: BTreeMap::new(),
            wanted: VecDeque::new(),
            reading: Reading::Nothing,
            whole: BTreeMap::new(),
            settled: 0,
            failed: 0,
            unsendable: None,
            refusal: None,
            finish_said: false,
            resumed: 0,
        }
    }

    /// Says something to the session. A session that has ended is told of by its own event.
    pub(super) fn say(
        &self,
        out: &mut Context,
        say: impl FnOnce(&mut Session, Place) -> Result<(), UsageError>,
    ) {
        if let Some(place) = self.place
            && let Some(Err(error)) = out.with(place.link, |session| say(session, place))
        {
            log::debug!("{}: sending: {error}", place.link);
        }
    }

    pub(super) fn announce(&mut self, out: &mut Context) {
        let Some(place) = self.place else { return };
        let room = out
            .with(place.link, |session| session.entry_room(place.file))
            .unwrap_or(0);
        let count = room.min(self.fetched.len());
        for entry in self.fetched.drain(..count).collect::<Vec<_>>() {
            self.say(out, |session, place| {
                session.entry(place.file, &entry.as_entry())
            });
            let announced = Announced {
                path: entry.path.as_str().to_owned(),
                kind: entry.kind,
                size: entry.size,
            };
            self.announced.insert(entry.index, announced);
        }
        if self.fetched.is_empty() && !self.fetch_asked && self.next_entry < self.entries {
            self.fetch_asked = true;
            out.workers.send(
                self.lane,
                self.number,
                SendJob::Entries {
                    from: self.next_entry,
                    count: ENTRY_BATCH,
                },
            );
        }
    }

    /// Asks the disk thread for what the receiver wants, in its order: for small files whole and
    /// many at once, for leaves of a large one by and by. The session has room for all of it.
    pub(super) fn read(&mut self, out: &mut Context) {
        let Some(place) = self.place else { return };
        let room = out
            .with(place.link, |session| session.leaf_room(place.file))
            .unwrap_or(0);
        let mut room = room.saturating_sub(self.whole.values().sum());
        if self.reading == Reading::Nothing {
            let starts = self.take_small(&mut room);
            for batch in starts.chunks(WHOLE_BATCH) {
                let job = SendJob::Whole(batch.to_vec());
                out.workers.send(self.lane, self.number, job);
            }
            let next = self.wanted.front().map(|start| start.index);
            if next.is_some_and(|index| self.small(index).is_none())
                && let Some(start) = self.wanted.pop_front()
            {
                self.reading = Reading::Starting(start.index);
                let job = SendJob::Start(start);
                out.workers.send(self.lane, self.number, job);
            }
        }
        if let Reading::Leaves { index, asked } = &mut self.reading {
            let fits = u32::try_from(room / limits::LEAF)
                .unwrap_or(u32::MAX)
                .min(LEAVES_ASKED);
            if fits > *asked && *asked <= LEAVES_ASKED / 2 {
                let mut spent = Vec::new();
                out.with(place.link, |session| {
                    spent.extend(std::iter::from_fn(|| session.spent()));
                });
                let job = SendJob::Read {
                    index: *index,
                    leaves: fits - *asked,
                    spent,
                };
                out.workers.send(self.lane, self.number, job);
                *asked = fits;
            }
        }
    }

    /// The next files that are wanted, as long as they are small and fit into the room.
    fn take_small(&mut self, room: &mut usize) -> Vec<Start> {
        let mut starts = Vec::new();
        while self.whole.len() < WHOLE_ASKED
            && let Some(start) = self.wanted.front()
            && let Some(size) = self.small(start.index)
            && size <= *room
        {
            *room -= size;
            self.whole.insert(start.index, size);
            starts.extend(self.wanted.pop_front());
        }
        starts
    }

    /// The bytes of a file that is one leaf at most.
    fn small(&self, index: u32) -> Option<usize> {
        let size = usize::try_from(self.announced.get(&index)?.size).ok()?;
        (size <= limits::LEAF).then_some(size)
    }

    /// Whether the disk thread is asked for that entry, and begins with it now.
    pub(super) fn starts(&mut self, index: u32) -> bool {
        let is_large = self.reading == Reading::Starting(index);
        if is_large {
            self.reading = Reading::Leaves { index, asked: 0 };
        }
        is_large || self.whole.contains_key(&index)
    }

    /// A leaf that was asked for is there.
    pub(super) fn came(&mut self, leaf: u32) {
        if let Some(bytes) = self.whole.get_mut(&leaf) {
            *bytes = 0;
        } else if let Reading::Leaves { index, asked } = &mut self.reading
            && *index == leaf
        {
            *asked = asked.saturating_sub(1);
        }
    }

    /// Nothing more is read of that entry.
    pub(super) fn stops(&mut self, index: u32) {
        self.whole.remove(&index);
        if matches!(self.reading, Reading::Starting(reading) | Reading::Leaves { index: reading, .. } if reading == index)
        {
            self.reading = Reading::Nothing;
        }
    }

    /// An entry will not come through. Gives its path, as far as known.
    pub(super) fn give_up(&mut self, index: u32) -> String {
        (self.settled, self.failed) = (self.settled + 1, self.failed + 1);
        self.wanted.retain(|start| start.index != index);
        self.stops(index);
        let entry = self.announced.remove(&index);
        entry.map_or(String::new(), |entry| entry.path)
    }

    pub(super) fn finish(&mut self, out: &mut Context) -> bool {
        let complete = self.settled == self.entries && !self.finish_said;
        if complete {
            self.finish_said = true;
            let entries = self.entries;
            self.say(out, |session, place| session.finish(place.file, entries));
        }
        complete
    }
}
