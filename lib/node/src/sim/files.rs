//! Files of a simulation: their paths tell their sizes, and their bytes tell their places. What a
//! receiver holds outlives connections, as on a disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use transom_proto::{LeafData, LeafHashes, OwnedEntry};
use transom_store::{Counted, Finished, NamedEntries};
use transom_wire::limits::LEAF;
use transom_wire::{
    Again, Done, End, Ending, EntryKind, FailReason, Failure, LeafContent, Progress, RelativePath,
    Shape, Start, TransferKey,
};

use crate::disk::{Answer, Found, Job, Opened, ReceiveAnswer, ReceiveJob, SendAnswer, SendJob};
use crate::notice::{TransferFailure, TransferId};

/// The path of a file of that many bytes.
pub fn file(name: &str, bytes: u64) -> PathBuf {
    format!("{name}@{bytes}").into()
}

/// The path of a folder with so many files of that many bytes.
pub fn folder(name: &str, files: u32, bytes: u64) -> PathBuf {
    format!("{name}@{bytes}x{files}").into()
}

/// The path of a file of which one leaf is left out when it is read: no session takes that.
pub fn broken(bytes: u64) -> PathBuf {
    file(BROKEN, bytes)
}

const BROKEN: &str = "broken";

/// What a path says.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Contents {
    name: String,
    files: u32,
    bytes: u64,
    shape: Shape,
}

fn contents(path: &Path) -> Option<Contents> {
    let path = path.to_str()?;
    let (name, rest) = path.rsplit_once('@')?;
    let (bytes, files) = rest.split_once('x').unwrap_or((rest, "1"));
    Some(Contents {
        name: name.to_owned(),
        files: files.parse().ok()?,
        bytes: bytes.parse().ok()?,
        shape: match rest.contains('x') {
            true => Shape::Folder,
            false => Shape::File,
        },
    })
}

#[derive(Default)]
pub(super) struct Files {
    outgoing: BTreeMap<TransferId, Outgoing>,
    incoming: BTreeMap<TransferId, Incoming>,
    /// What is held of transfers from a peer.
    held: BTreeMap<([u8; 32], [u8; 16]), Held>,
}

struct Outgoing {
    contents: Contents,
    /// The next entry to announce.
    next: u32,
    running: BTreeMap<u32, Running>,
}

/// How far an entry is read.
struct Running {
    start: u64,
    hashed: u64,
    front: u64,
}

/// Leaves hashed in one job.
const LEAVES_HASHED: u64 = 16;

/// Bytes of each entry.
type Held = BTreeMap<u32, u64>;

struct Incoming {
    key: ([u8; 32], [u8; 16]),
    name: String,
    entries: Held,
    sizes: BTreeMap<u32, u64>,
    /// The last leaf of each entry that an earlier attempt left: it is taken for damaged.
    damaged: BTreeSet<(u32, u64)>,
    /// Leaves that are to come again.
    again: BTreeSet<(u32, u64)>,
    /// Bytes of earlier attempts.
    resumed: u64,
    /// Bytes of leaves that came in this attempt, and those of them that were right.
    received: u64,
    verified: u64,
}

/// Entries announced at once.
const ENTRY_BATCH: u32 = 64;

/// The content of every leaf's hash: nobody checks it.
const HASH: [u8; 32] = [1; 32];

impl Files {
    /// Does a job, as [`Disk::work`](crate::disk::Disk::work).
    pub(super) fn work(&mut self, transfer: TransferId, job: Job, answer: &mut dyn FnMut(Answer)) {
        match job {
            Job::Send(job) => self.send(transfer, job, &mut |done| answer(Answer::Send(done))),
            Job::Receive(job) => {
                self.receive(transfer, job, &mut |done| answer(Answer::Receive(done)));
            }
            // No thread has an inbox.
            Job::CloseInbox => {}
        }
    }

    fn send(&mut self, transfer: TransferId, job: SendJob, answer: &mut dyn FnMut(SendAnswer)) {
        match job {
            SendJob::Open {
                path, own, peer, ..
            } => answer(SendAnswer::Opened(
                self.open(transfer, &path, own, peer).ok_or_else(|| {
                    let text = format!("{}: there is no such file", path.display());
                    TransferFailure::missing(text)
                }),
            )),
            SendJob::Close => drop(self.outgoing.remove(&transfer)),
            job => {
                if let Some(outgoing) = self.outgoing.get_mut(&transfer) {
                    outgoing.work(job, answer);
                }
            }
        }
    }

    fn receive(
        &mut self,
        transfer: TransferId,
        job: ReceiveJob,
        answer: &mut dyn FnMut(ReceiveAnswer),
    ) {
        match job {
            ReceiveJob::Prepare { peer, offer, .. } => {
                let key = (peer, offer.transfer.0);
                let entries = self.held.remove(&key).unwrap_or_default();
                let held = entries.values().sum();
                let last = |(index, bytes): (&u32, &u64)| {
                    let leaf = bytes.checked_sub(1)? / LEAF as u64;
                    Some((*index, leaf * LEAF as u64))
                };
                let damaged = entries.iter().filter_map(last).collect();
                let incoming = Incoming {
                    key,
                    name: offer.name.as_str().to_owned(),
                    resumed: held,
                    entries,
                    sizes: BTreeMap::new(),
                    damaged,
                    again: BTreeSet::new(),
                    received: 0,
                    verified: 0,
                };
                self.incoming.insert(transfer, incoming);
                answer(ReceiveAnswer::Ready(Ok(held)));
            }
            ReceiveJob::Keep => {
                if let Some(incoming) = self.incoming.remove(&transfer) {
                    self.held.insert(incoming.key, incoming.entries);
                }
            }
            ReceiveJob::Discard => drop(self.incoming.remove(&transfer)),
            ReceiveJob::Finish(_) => {
                if let Some(incoming) = self.incoming.remove(&transfer) {
                    answer(ReceiveAnswer::Finished(Ok(incoming.finish())));
                }
            }
            job => {
                if let Some(incoming) = self.incoming.get_mut(&transfer) {
                    incoming.work(job, answer);
                }
            }
        }
    }

    fn open(
        &mut self,
        transfer: TransferId,
        path: &Path,
        own: [u8; 32],
        peer: [u8; 32],
    ) -> Option<Opened> {
        let contents = contents(path)?;
        let opened = Opened {
            key: TransferKey(key(&contents, &own, &peer)),
            name: contents.name.clone(),
            shape: contents.shape,
            counted: Counted {
                entries: contents.files,
                folders: 0,
                bytes: contents.bytes * u64::from(contents.files),
                is_all: true,
            },
        };
        let outgoing = Outgoing {
            contents,
            next: 0,
            running: BTreeMap::new(),
        };
        self.outgoing.insert(transfer, outgoing);
        Some(opened)
    }
}

/// The same for the same thing between the same two: a hash in the manner of FNV-1a.
fn key(contents: &Contents, own: &[u8; 32], peer: &[u8; 32]) -> [u8; 16] {
    let words = format!("{contents:?}");
    let bytes = words.bytes().chain(*own).chain(*peer);
    let hash = bytes.fold(
        0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128,
        |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        },
    );
    hash.to_be_bytes()
}

impl Outgoing {
    fn work(&mut self, job: SendJob, answer: &mut dyn FnMut(SendAnswer)) {
        match job {
            SendJob::Entries { .. } => {
                let files = self.contents.files;
                let end = self.next.saturating_add(ENTRY_BATCH).min(files);
                let entries = (self.next..end).filter_map(|index| self.entry(index));
                let (entries, skipped) = (entries.collect(), Vec::new());
                self.next = end;
                answer(SendAnswer::Entries(Found {
                    entries,
                    skipped,
                    is_last: end == files,
                }));
            }
            SendJob::Start(start) => self.start(&start),
            SendJob::Whole(starts) => {
                for start in starts {
                    self.start(&start);
                    self.read(start.index, Vec::new(), answer);
                    self.hash(start.index, answer);
                    self.read(start.index, Vec::new(), answer);
                }
            }
            SendJob::Hashes(index) => {
                self.hash(index, answer);
                let is_through =
                    |one: &Running| (one.hashed, one.front) == (one.start, self.contents.bytes);
                if self.running.get(&index).is_some_and(is_through) {
                    self.read(index, Vec::new(), answer);
                }
            }
            SendJob::Again(Again {
                index,
                offset,
                leaves,
            }) => {
                for number in 0..u64::from(leaves) {
                    let leaf = self.leaf(index, offset + number * LEAF as u64, Vec::new());
                    answer(SendAnswer::LeafAgain(leaf));
                }
                answer(SendAnswer::AgainDone);
            }
            SendJob::Stop(index) => drop(self.running.remove(&index)),
            SendJob::Read {
                index,
                leaves,
                mut spent,
            } => {
                for _ in 0..leaves {
                    self.read(index, spent.pop().unwrap_or_default(), answer);
                }
            }
            _ => {}
        }
    }

    fn entry(&self, index: u32) -> Option<OwnedEntry> {
        let Contents {
            name, bytes, shape, ..
        } = &self.contents;
        let path = match shape {
            Shape::File => name.clone(),
            _ => format!("{index:06}"),
        };
        Some(OwnedEntry {
            index,
            kind: EntryKind::File,
            mode: 0o644,
            mtime: 0,
            size: *bytes,
            path: RelativePath::new(&path).ok()?.into(),
        })
    }

    fn start(&mut self, start: &Start) {
        let running = Running {
            start: start.offset,
            hashed: 0,
            front: start.offset,
        };
        self.running.insert(start.index, running);
    }

    /// Reads the next leaf of an entry, or its end.
    fn read(&mut self, index: u32, buffer: Vec<u8>, answer: &mut dyn FnMut(SendAnswer)) {
        let size = self.contents.bytes;
        let Some(running) = self.running.get_mut(&index) else {
            return;
        };
        if self.contents.name == BROKEN && running.front == LEAF as u64 {
            running.front *= 2;
        }
        let offset = running.front;
        if offset < size {
            running.front = size.min(offset + LEAF as u64);
            return answer(SendAnswer::Leaf(self.leaf(index, offset, buffer)));
        }
        if running.hashed < running.start {
            return answer(SendAnswer::Sent { index, unread: 1 });
        }
        self.running.remove(&index);
        let root = HASH;
        answer(SendAnswer::End(End { index, size, root }));
    }

    /// Hashes the next leaves before the start of an entry.
    fn hash(&mut self, index: u32, answer: &mut dyn FnMut(SendAnswer)) {
        let Some(running) = self.running.get_mut(&index) else {
            return;
        };
        let offset = running.hashed;
        let left = (running.start - offset).div_ceil(LEAF as u64);
        let leaves = left.min(LEAVES_HASHED);
        if leaves == 0 {
            return;
        }
        running.hashed = running.start.min(offset + leaves * LEAF as u64);
        let hashes = vec![HASH; usize::try_from(leaves).unwrap_or(0)];
        answer(SendAnswer::Hashes(LeafHashes {
            index,
            offset,
            hashes,
        }));
    }

    /// A leaf in a buffer, which keeps what was in it: only the first bytes are checked.
    fn leaf(&self, index: u32, offset: u64, mut bytes: Vec<u8>) -> LeafData {
        let length = (self.contents.bytes - offset).min(LEAF as u64);
        bytes.resize(usize::try_from(length).unwrap_or(LEAF), 0);
        for (byte, place) in bytes.iter_mut().zip(place(index, offset)) {
            *byte = place;
        }
        let hash = HASH;
        LeafData {
            index,
            offset,
            hash,
            content: LeafContent::Data,
            bytes,
        }
    }
}

/// The first bytes of a leaf.
fn place(index: u32, offset: u64) -> impl Iterator<Item = u8> {
    index.to_be_bytes().into_iter().chain(offset.to_be_bytes())
}

impl Incoming {
    fn work(&mut self, job: ReceiveJob, answer: &mut dyn FnMut(ReceiveAnswer)) {
        match job {
            ReceiveJob::Entry(OwnedEntry {
                index, kind, size, ..
            }) => {
                self.sizes.insert(index, size);
                let offset = *self.entries.entry(index).or_default();
                if kind == EntryKind::File && (offset < size || size == 0) {
                    answer(ReceiveAnswer::Begin(Start { index, offset }));
                } else {
                    let root = HASH;
                    answer(ReceiveAnswer::Done(Done { index, root }));
                }
            }
            ReceiveJob::Hashes(hashes) => self.compare(&hashes, answer),
            ReceiveJob::Leaf { leaf, .. } => self.leaf(leaf, answer),
            ReceiveJob::End(End { index, size, root }) => {
                if self.again.iter().any(|(of, _)| *of == index) {
                    return;
                }
                match self.entries.get(&index) {
                    Some(bytes) if *bytes == size => {
                        answer(ReceiveAnswer::Done(Done { index, root }));
                    }
                    _ => answer(wrong(index)),
                }
            }
            ReceiveJob::Abandon(index) => drop(self.entries.remove(&index)),
            _ => {}
        }
    }

    /// Asks for the last leaf of an earlier attempt again.
    fn compare(&mut self, hashes: &LeafHashes, answer: &mut dyn FnMut(ReceiveAnswer)) {
        answer(self.stored(hashes.credit(), Vec::new()));
        let LeafHashes {
            index,
            offset,
            hashes,
        } = hashes;
        let last = offset + (hashes.len() as u64 - 1) * LEAF as u64;
        let (index, offset, leaves) = (*index, last, 1);
        if self.damaged.remove(&(index, offset)) {
            self.again.insert((index, offset));
            answer(ReceiveAnswer::Again(Again {
                index,
                offset,
                leaves,
            }));
        }
    }

    fn leaf(&mut self, leaf: LeafData, answer: &mut dyn FnMut(ReceiveAnswer)) {
        let LeafData {
            index,
            offset,
            bytes,
            ..
        } = leaf;
        let taken = bytes.len() as u64;
        let held = self.entries.entry(index).or_default();
        let is_again = self.again.remove(&(index, offset));
        let is_right = (is_again || *held == offset)
            && bytes
                .iter()
                .copied()
                .zip(place(index, offset))
                .all(|(a, b)| a == b);
        self.received += taken;
        match is_right {
            true => {
                if !is_again {
                    *held += taken;
                }
                self.verified += taken;
            }
            false => answer(wrong(index)),
        }
        answer(self.stored(taken, bytes));
    }

    fn stored(&self, taken: u64, spent: Vec<u8>) -> ReceiveAnswer {
        let progress = Progress {
            received: self.received,
            verified: self.verified,
            durable: self.verified,
        };
        ReceiveAnswer::Stored {
            taken,
            progress,
            held: self.resumed,
            spent,
        }
    }

    fn finish(self) -> Finished {
        let is_whole = self.sizes == self.entries;
        Finished {
            ending: match is_whole {
                true => Ending::Durable,
                false => Ending::Partial,
            },
            path: self.name.into(),
            failed: u32::from(!is_whole),
            unplaced: Vec::new(),
            renamed: NamedEntries::default(),
            skipped: NamedEntries::default(),
        }
    }
}

fn wrong(index: u32) -> ReceiveAnswer {
    ReceiveAnswer::Failed(Failure {
        index,
        reason: FailReason::Corrupt,
        errno: 0,
        text: "what came is not what was sent".to_owned(),
    })
}
