//! An application that sends or receives one transfer of made-up content, checking every byte.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use transom_wire::limits::LEAF;
use transom_wire::{
    Again, Collision, Done, End, Ending, Entry, EntryKind, LeafContent, Offer, Progress,
    RelativePath, Shape, Start, TransferKey,
};

use crate::{Event, LeafData, LeafHashes, Session, TransferEvent, TransferId, UsageError};

/// The byte at an offset of a file.
pub fn content(index: u32, offset: u64) -> u8 {
    (offset % 251) as u8 ^ index as u8
}

/// An entry to send.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Path below the offer's name.
    pub path: String,
    /// Bytes; `None` for a folder.
    pub size: Option<u64>,
}

impl Parcel {
    /// A file.
    pub fn file(path: &str, size: u64) -> Self {
        Self {
            path: path.into(),
            size: Some(size),
        }
    }

    /// A folder.
    pub fn folder(path: &str) -> Self {
        Self {
            path: path.into(),
            size: None,
        }
    }
}

/// Sends on one side and receives on the other: give it every event of both.
#[derive(Default)]
pub struct Courier {
    parcels: Vec<Parcel>,
    announced: usize,
    finished: bool,
    /// Entries being sent.
    started: VecDeque<Started>,
    /// Leaves that the receiver asked for again.
    again: VecDeque<Again>,
    /// Bytes that the receiver holds from an earlier attempt, by entry.
    pub held: BTreeMap<u32, u64>,
    /// Leaves of them that differ from the sender's, by entry and offset: the receiver asks for
    /// these again.
    pub changed: BTreeSet<(u32, u64)>,
    /// Leaves that were received, in their order.
    pub leaves: Vec<(u32, u64)>,
    /// Bytes received in order and with the right content, by entry.
    pub got: BTreeMap<u32, u64>,
    /// The receiver's last progress message.
    pub progress: Progress,
    /// Whether wrong content is a failure; not if the link changes bytes.
    pub trusts: bool,
    /// Every third leaf lies in a hole.
    pub has_holes: bool,
    /// How the transfer ended, as the sender was told.
    pub ending: Option<Ending>,
}

/// How far an entry is sent.
#[derive(Clone, Copy)]
struct Started {
    index: u32,
    /// Offset of the next leaf.
    front: u64,
    /// Bytes that the receiver holds, and those of them whose leaves' hashes were sent.
    held: u64,
    hashed: u64,
}

impl Courier {
    /// Offers parcels as one transfer.
    pub fn offer(session: &mut Session, shape: Shape, parcels: Vec<Parcel>) -> (TransferId, Self) {
        let name = match (shape, parcels.first()) {
            (Shape::File, Some(parcel)) => parcel.path.clone(),
            _ => "things".into(),
        };
        let offer = Offer {
            transfer: TransferKey([7; 16]),
            shape,
            collision: Collision::Rename,
            files: parcels.len() as u32,
            bytes: parcels.iter().filter_map(|parcel| parcel.size).sum(),
            is_counted: true,
            name: RelativePath::new(&name).unwrap(),
        };
        let file = session.offer(&offer).unwrap();
        (
            file,
            Self {
                parcels,
                trusts: true,
                ..Self::default()
            },
        )
    }

    /// Handles any event of the sender.
    pub fn send(&mut self, session: &mut Session, event: &Event) {
        let Event::Transfer(file, event) = event else {
            return;
        };
        match event {
            TransferEvent::Started(start) => {
                self.started.push_back(Started {
                    index: start.index,
                    front: start.offset,
                    held: start.offset,
                    hashed: 0,
                });
                self.work(session, *file);
            }
            TransferEvent::Again(again) => {
                self.again.push_back(*again);
                self.work(session, *file);
            }
            TransferEvent::Accepted { .. }
            | TransferEvent::Room
            | TransferEvent::Done(_)
            | TransferEvent::Failed(_) => self.work(session, *file),
            TransferEvent::Progress(progress) => self.progress = *progress,
            TransferEvent::Finished(status) => self.ending = Some(status.code),
            _ => {}
        }
    }

    /// Handles any event of the receiver.
    pub fn receive(&mut self, session: &mut Session, event: Event) {
        let Event::Transfer(file, event) = event else {
            return;
        };
        match event {
            TransferEvent::Offered(_) => fine(session.accept(file, self.held.values().sum())),
            TransferEvent::Entry(entry) => match entry.kind {
                EntryKind::Folder => {
                    let (index, root) = (entry.index, [0; 32]);
                    fine(session.done(file, &Done { index, root }));
                }
                _ => {
                    let index = entry.index;
                    let offset = self.held.get(&index).copied().unwrap_or(0);
                    fine(session.start(file, &Start { index, offset }));
                    self.got.insert(index, offset);
                }
            },
            TransferEvent::Leaf { leaf, size } => self.store(session, file, &leaf, size),
            TransferEvent::Hashes(hashes) => self.compare(session, file, &hashes),
            TransferEvent::Ended(end) => {
                let whole = self.got.get(&end.index) == Some(&end.size);
                assert!(whole || !self.trusts, "{end:?}");
                // Leaves that were asked for again meanwhile are followed by another end.
                if self.changed.iter().any(|(index, _)| *index == end.index) {
                    return;
                }
                let (index, root) = (end.index, end.root);
                fine(session.done(file, &Done { index, root }));
            }
            TransferEvent::Finish { .. } => fine(session.finished(file, self.verdict(), "there")),
            _ => {}
        }
    }

    fn verdict(&self) -> Ending {
        let mut files = self
            .parcels
            .iter()
            .zip(0..)
            .filter_map(|(parcel, at)| Some((at, parcel.size?)));
        match files.all(|(index, size)| self.got.get(&index) == Some(&size)) {
            true => Ending::Durable,
            false => Ending::Partial,
        }
    }

    /// Asks again for the leaves that differ.
    fn compare(&mut self, session: &mut Session, file: TransferId, hashes: &LeafHashes) {
        let index = hashes.index;
        for number in 0..hashes.hashes.len() as u64 {
            let offset = hashes.offset + number * LEAF as u64;
            let leaves = 1;
            if self.changed.contains(&(index, offset)) {
                fine(session.again(
                    file,
                    &Again {
                        index,
                        offset,
                        leaves,
                    },
                ));
            }
        }
        fine(session.stored(file, hashes.credit(), self.received()));
    }

    fn received(&self) -> Progress {
        let received = self.got.values().sum();
        Progress {
            received,
            verified: received,
            durable: 0,
        }
    }

    fn store(&mut self, session: &mut Session, file: TransferId, leaf: &LeafData, size: u64) {
        self.leaves.push((leaf.index, leaf.offset));
        self.changed.remove(&(leaf.index, leaf.offset));
        let got = self.got.entry(leaf.index).or_default();
        // One that was asked for again lies before what was received last.
        let is_again = leaf.offset < *got;
        // The first and last byte reveal a shift; comparing all would take most of a test's time.
        let fits = |at: u64| leaf.bytes[at as usize] == content(leaf.index, leaf.offset + at);
        let len = leaf.len_in(size);
        let fits = match leaf.content {
            LeafContent::Hole => self.has_holes && leaf.bytes.is_empty(),
            _ => fits(0) && fits(len - 1),
        };
        let right = (is_again || *got == leaf.offset) && fits;
        assert!(right || !self.trusts, "{leaf:?} after {got} bytes");
        if !is_again {
            *got += len;
        }
        fine(session.stored(file, len, self.received()));
    }

    /// Announces entries and queues leaves while there is room.
    fn work(&mut self, session: &mut Session, file: TransferId) {
        while session.entry_room(file) > 0 && self.announced < self.parcels.len() {
            let parcel = &self.parcels[self.announced];
            let kind = if parcel.size.is_some() {
                EntryKind::File
            } else {
                EntryKind::Folder
            };
            let entry = Entry {
                index: self.announced as u32,
                kind,
                mode: 0o644,
                mtime: 0,
                size: parcel.size.unwrap_or(0),
                path: RelativePath::new(&parcel.path).unwrap(),
            };
            fine(session.entry(file, &entry));
            self.announced += 1;
        }
        while session.leaf_room(file) >= LEAF
            && let Some((index, offset)) = self.next_leaf()
        {
            self.send_leaf(session, file, index, offset);
        }
        self.send_hashes(session, file);
        let is_sent = |one: &Started| {
            let size = self.parcels[one.index as usize].size.unwrap_or(0);
            one.front == size && one.hashed == one.held
        };
        let (sent, rest): (VecDeque<_>, _) = self.started.drain(..).partition(is_sent);
        self.started = rest;
        for Started { index, front, .. } in sent {
            let (size, root) = (front, [2; 32]);
            fine(session.end(file, &End { index, size, root }));
        }
        if self.announced == self.parcels.len()
            && !self.finished
            && session.finish(file, self.announced as u32).is_ok()
        {
            self.finished = true;
        }
    }

    /// Entry and offset of the next leaf to send.
    fn next_leaf(&mut self) -> Option<(u32, u64)> {
        if let Some(run) = self.again.front_mut() {
            let next = (run.index, run.offset);
            (run.offset, run.leaves) = (run.offset + LEAF as u64, run.leaves - 1);
            if run.leaves == 0 {
                self.again.pop_front();
            }
            return Some(next);
        }
        let parcels = &self.parcels;
        let size = |index: u32| parcels[index as usize].size.unwrap_or(0);
        let mut started = self.started.iter_mut();
        let next = started.find(|one| one.front < size(one.index))?;
        let offset = next.front;
        next.front = size(next.index).min(offset + LEAF as u64);
        Some((next.index, offset))
    }

    fn send_leaf(&self, session: &mut Session, file: TransferId, index: u32, offset: u64) {
        let size = self.parcels[index as usize].size.unwrap_or(0);
        let len = (size - offset).min(LEAF as u64);
        let mut bytes = session.spent().unwrap_or_default();
        bytes.clear();
        let mut leaf = LeafData {
            index,
            offset,
            hash: [3; 32],
            content: LeafContent::Hole,
            bytes,
        };
        if !self.has_holes || offset / LEAF as u64 % 3 != 2 {
            leaf.content = LeafContent::Data;
            let last = content(index, offset + len - 1);
            leaf.bytes.resize(len as usize, content(index, offset));
            leaf.bytes[len as usize - 1] = last;
        }
        fine(session.leaf(file, leaf));
    }

    fn send_hashes(&mut self, session: &mut Session, file: TransferId) {
        for one in &mut self.started {
            let left = (one.held - one.hashed).div_ceil(LEAF as u64);
            let count = left.min(session.hash_room(file) as u64);
            if count == 0 {
                continue;
            }
            let hashes = LeafHashes {
                index: one.index,
                offset: one.hashed,
                hashes: vec![[3; 32]; count as usize],
            };
            fine(session.hashes(file, hashes));
            one.hashed = one.held.min(one.hashed + count * LEAF as u64);
        }
    }
}

/// The call or transfer of an event may have ended meanwhile; any other error is a failure.
fn fine<T: Debug>(result: Result<T, UsageError>) {
    use UsageError::{Ended, NoSuchTransfer, NotNow};
    let over = matches!(result, Err(Ended | NoSuchTransfer | NotNow { .. }));
    assert!(over || result.is_ok(), "{result:?}");
}
