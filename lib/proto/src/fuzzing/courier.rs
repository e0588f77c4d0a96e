//! An application that sends or receives one transfer of made-up content, checking every byte.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;

use transom_wire::limits::LEAF;
use transom_wire::{
    Collision, Done, End, Ending, Entry, EntryKind, Offer, Progress, RelativePath, Shape, Start,
    TransferKey,
};

use crate::{Event, LeafData, Session, TransferEvent, TransferId, UsageError};

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
    /// Entries being sent, each with the offset of its next leaf.
    started: VecDeque<(u32, u64)>,
    /// Bytes that the receiver holds from an earlier attempt, by entry.
    pub held: BTreeMap<u32, u64>,
    /// Bytes received in order and with the right content, by entry.
    pub got: BTreeMap<u32, u64>,
    /// The receiver's last progress message.
    pub progress: Progress,
    /// Whether wrong content is a failure; not if the link changes bytes.
    pub trusts: bool,
    /// How the transfer ended, as the sender was told.
    pub ending: Option<Ending>,
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
                self.started.push_back((start.index, start.offset));
                self.work(session, *file);
            }
            TransferEvent::Accepted
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
            TransferEvent::Offered(_) => fine(session.accept(file)),
            TransferEvent::Entry(entry) => match entry.kind {
                EntryKind::Folder => {
                    let (index, root) = (entry.index, [0; 32]);
                    fine(session.done(file, &Done { index, root }));
                }
                _ => {
                    let index = entry.index;
                    let offset = self.held.get(&index).copied().unwrap_or(0);
                    let proof = [1; 32];
                    fine(session.start(
                        file,
                        &Start {
                            index,
                            offset,
                            proof,
                        },
                    ));
                    self.got.insert(index, offset);
                }
            },
            TransferEvent::Leaf { leaf, .. } => self.store(session, file, &leaf),
            TransferEvent::Ended(end) => {
                let whole = self.got.get(&end.index) == Some(&end.size);
                assert!(whole || !self.trusts, "{end:?}");
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

    fn store(&mut self, session: &mut Session, file: TransferId, leaf: &LeafData) {
        let got = self.got.entry(leaf.index).or_default();
        if leaf.offset == 0 {
            *got = 0;
        }
        // The first and last byte reveal a shift; comparing all would take most of a test's time.
        let fits = |at: usize| leaf.bytes[at] == content(leaf.index, leaf.offset + at as u64);
        let right = *got == leaf.offset && fits(0) && fits(leaf.bytes.len() - 1);
        assert!(right || !self.trusts, "{leaf:?} after {got} bytes");
        *got += leaf.bytes.len() as u64;
        let received = self.got.values().sum();
        let progress = Progress {
            received,
            verified: received,
            durable: 0,
        };
        fine(session.stored(file, leaf.bytes.len() as u64, progress));
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
            && let Some((index, offset)) = self.started.front_mut()
        {
            let size = self.parcels[*index as usize].size.unwrap_or(0);
            let len = (size - *offset).min(LEAF as u64);
            if len == 0 {
                let end = End {
                    index: *index,
                    size,
                    root: [2; 32],
                };
                fine(session.end(file, &end));
                self.started.pop_front();
                continue;
            }
            let mut bytes = session.spent().unwrap_or_default();
            bytes.clear();
            let last = content(*index, *offset + len - 1);
            bytes.resize(len as usize, content(*index, *offset));
            bytes[len as usize - 1] = last;
            let leaf = LeafData {
                index: *index,
                offset: *offset,
                hash: [3; 32],
                bytes,
            };
            *offset += len;
            fine(session.leaf(file, leaf));
        }
        if self.announced == self.parcels.len()
            && !self.finished
            && session.finish(file, self.announced as u32).is_ok()
        {
            self.finished = true;
        }
    }
}

/// The call or transfer of an event may have ended meanwhile; any other error is a failure.
fn fine<T: Debug>(result: Result<T, UsageError>) {
    use UsageError::{Ended, NoSuchTransfer, NotNow};
    let over = matches!(result, Err(Ended | NoSuchTransfer | NotNow { .. }));
    assert!(over || result.is_ok(), "{result:?}");
}
