//! What the disk thread does for transfers from us: it walks what is sent and reads its leaves.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use transom_proto::{LeafData, LeafHashes, OwnedEntry};
use transom_store::{Counted, Outbox, OutboxError, Step, path_text};
use transom_wire::limits::{self, LEAF};
use transom_wire::{Again, End, Failure, LeafContent, RelativePath, Shape, Start, TransferKey};

use crate::notice::{TransferFailure, TransferId};

/// Leaf buffers kept for reuse: what one read job fills.
const SPARE_BUFFERS: usize = 8;
/// How long a folder is counted before it is offered: most are counted by then.
const COUNT_FIRST: Duration = Duration::from_millis(10);
/// How long it is counted then before others have their turn.
const COUNT_SLICE: Duration = Duration::from_millis(1);
/// Names between two looks at the clock.
const NAMES_COUNTED: usize = 64;
/// Names looked at for the next entries: as many as may be announced at once.
const NAMES_WALKED: usize = limits::ENTRIES_AHEAD as usize;
/// Leaves hashed before others have their turn: some 4 ms, so that the network is not idle when its
/// queue of leaves runs empty meanwhile.
pub(crate) const LEAVES_HASHED: usize = 16;

pub(crate) enum SendJob {
    Open {
        path: PathBuf,
        /// Whether it is a file that another program writes to.
        follows: bool,
        /// The path that it is a copy of, which names the transfer.
        origin: Option<PathBuf>,
        own: [u8; 32],
        peer: [u8; 32],
    },
    /// Counts on for a while, or looks how long a file is that grows.
    Count,
    /// The next look is the last.
    EndGrowth,
    /// The next entries to announce; of these before nothing more is asked.
    Entries { settled: Vec<u32> },
    /// Begins with a file, and reads nothing.
    Start(Start),
    /// Starts files of one leaf at most, and reads each to its end.
    Whole(Vec<Start>),
    /// Hashes some leaves before the start of an entry.
    Hashes(u32),
    /// Reads leaves that the receiver asks for again.
    Again(Again),
    /// The receiver does not want that entry any more.
    Stop(u32),
    /// With buffers of leaves that are sent, to be filled again.
    Read {
        index: u32,
        leaves: u32,
        spent: Vec<Vec<u8>>,
    },
    /// The transfer is over, or its connection is gone.
    Close,
}

pub(crate) enum SendAnswer {
    Opened(Result<Opened, TransferFailure>),
    Counted(Counted),
    Entries(Found),
    /// The folder holds more than a transfer may.
    TooMany(TransferFailure),
    Leaf(LeafData),
    /// All leaves of an entry from its start on were read, and the hashes of those before were not.
    /// So many leaves of the job were not there to read.
    Sent {
        index: u32,
        unread: u32,
    },
    Hashes(LeafHashes),
    LeafAgain(LeafData),
    /// A job of leaves again is through, also where not all could be read.
    AgainDone,
    End(End),
    /// The entry can't be sent.
    Failed(Failure<String>),
}

pub(crate) struct Opened {
    pub(crate) key: TransferKey,
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) counted: Counted,
}

/// A part of the walk.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) entries: Vec<OwnedEntry>,
    /// What is not sent, and why.
    pub(crate) skipped: Vec<(String, TransferFailure)>,
    /// Whether there are no more.
    pub(crate) is_last: bool,
}

#[derive(Default)]
pub(super) struct Sending {
    transfers: HashMap<TransferId, Outbox>,
    spare: Vec<Vec<u8>>,
}

/// Reads one outbox for a job.
struct Reader<'a> {
    outbox: &'a mut Outbox,
    spare: &'a mut Vec<Vec<u8>>,
    answer: &'a mut dyn FnMut(SendAnswer),
}

/// What reading a leaf has come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Read {
    Leaf,
    /// There are no more leaves, but hashes to be read.
    Sent,
    /// The entry has ended or failed.
    Over,
}

impl Sending {
    /// Does a job.
    pub(super) fn work(
        &mut self,
        transfer: TransferId,
        job: SendJob,
        answer: &mut dyn FnMut(SendAnswer),
    ) {
        let job = match job {
            SendJob::Open {
                path,
                follows,
                origin,
                own,
                peer,
            } => {
                let outbox = match follows {
                    true => Outbox::follow(&path),
                    false => Outbox::open(&path),
                };
                let opened = outbox.and_then(|outbox| self.open(transfer, outbox, own, peer));
                let mut opened = opened.map_err(|error| TransferFailure::from(&error));
                if let (Ok(opened), Some(origin)) = (&mut opened, origin) {
                    opened.key = Outbox::key_of(&origin, &own, &peer);
                }
                return answer(SendAnswer::Opened(opened));
            }
            SendJob::Close => return drop(self.transfers.remove(&transfer)),
            job => job,
        };
        let Some(outbox) = self.transfers.get_mut(&transfer) else {
            return;
        };
        let mut reader = Reader {
            outbox,
            spare: &mut self.spare,
            answer,
        };
        match job {
            SendJob::Count => match count(reader.outbox, COUNT_SLICE) {
                // It is entry 0.
                Err(error) if reader.outbox.grows() => reader.failed(0, &error),
                counted => (reader.answer)(counted.map_or_else(too_many, SendAnswer::Counted)),
            },
            SendJob::EndGrowth => reader.outbox.end_growth(),
            SendJob::Entries { settled } => {
                let found = entries(reader.outbox, &settled);
                (reader.answer)(found.map_or_else(too_many, SendAnswer::Entries));
            }
            SendJob::Start(start) => drop(reader.start(&start)),
            SendJob::Whole(starts) => starts.iter().for_each(|start| reader.whole(start)),
            SendJob::Hashes(index) => reader.hashes(index),
            SendJob::Again(again) => reader.again(&again),
            SendJob::Stop(index) => reader.outbox.settle(index),
            SendJob::Read {
                index,
                leaves,
                spent,
            } => {
                let room = SPARE_BUFFERS.saturating_sub(reader.spare.len());
                reader.spare.extend(spent.into_iter().take(room));
                reader.leaves(index, leaves);
            }
            SendJob::Open { .. } | SendJob::Close => {}
        }
    }

    fn open(
        &mut self,
        transfer: TransferId,
        mut outbox: Outbox,
        own: [u8; 32],
        peer: [u8; 32],
    ) -> Result<Opened, OutboxError> {
        let opened = Opened {
            counted: count(&mut outbox, COUNT_FIRST)?,
            key: outbox.key(&own, &peer),
            name: outbox.name().to_owned(),
            shape: outbox.shape(),
        };
        self.transfers.insert(transfer, outbox);
        Ok(opened)
    }
}

/// Counts for so long, or to the end.
fn count(outbox: &mut Outbox, most: Duration) -> Result<Counted, OutboxError> {
    let begun = Instant::now();
    loop {
        let counted = outbox.count(NAMES_COUNTED)?;
        if counted.is_all || outbox.grows() || begun.elapsed() >= most {
            return Ok(counted);
        }
    }
}

fn too_many(error: OutboxError) -> SendAnswer {
    SendAnswer::TooMany(TransferFailure::from(&error))
}

/// The next entries to announce.
fn entries(outbox: &mut Outbox, settled: &[u32]) -> Result<Found, OutboxError> {
    for index in settled {
        outbox.settle(*index);
    }
    let walked = outbox.walk(NAMES_WALKED)?;
    let entry = |index| {
        let entry = outbox.entry(index)?;
        Some(OwnedEntry {
            index,
            kind: entry.kind,
            mode: entry.mode,
            mtime: entry.mtime,
            size: entry.size,
            path: RelativePath::new(&entry.path).ok()?.into(),
        })
    };
    let skipped = walked.skipped.iter();
    Ok(Found {
        entries: walked.entries.filter_map(entry).collect(),
        skipped: skipped
            .map(|skipped| (path_text(&skipped.path), skipped.into()))
            .collect(),
        is_last: walked.is_last,
    })
}

impl Reader<'_> {
    /// Begins with an entry; `false` if it can't be sent.
    fn start(&mut self, start: &Start) -> bool {
        let started = self.outbox.start(start.index, start.offset);
        if let Err(error) = &started {
            self.failed(start.index, error);
        }
        started.is_ok()
    }

    fn whole(&mut self, start: &Start) {
        let index = start.index;
        if !self.start(start) {
            return;
        }
        // A small file's buffer is as small.
        let (mut spare, answer) = (Vec::new(), &mut *self.answer);
        let mut reader = Reader {
            outbox: self.outbox,
            spare: &mut spare,
            answer,
        };
        loop {
            match reader.leaf(index) {
                Read::Leaf => {}
                Read::Sent => return reader.hashes(index),
                Read::Over => return,
            }
        }
    }

    /// Reads the next leaves, unless the entry was given up meanwhile.
    fn leaves(&mut self, index: u32, leaves: u32) {
        for unread in (1..=leaves).rev() {
            if !self.outbox.is_running(index) {
                return;
            }
            if self.leaf(index) == Read::Sent {
                return (self.answer)(SendAnswer::Sent { index, unread });
            }
        }
    }

    fn leaf(&mut self, index: u32) -> Read {
        let buffer = self.spare.pop().unwrap_or_default();
        match self.outbox.next_leaf(index, buffer) {
            Ok(Step::Leaf {
                index,
                offset,
                hash,
                content,
                bytes,
            }) => {
                let bytes = self.kept(content, bytes);
                (self.answer)(SendAnswer::Leaf(LeafData {
                    index,
                    offset,
                    hash,
                    content,
                    bytes,
                }));
                return Read::Leaf;
            }
            Ok(Step::Sent { buffer }) => {
                self.spare.push(buffer);
                return Read::Sent;
            }
            Ok(Step::End { size, root, buffer }) => {
                self.spare.push(buffer);
                (self.answer)(SendAnswer::End(End { index, size, root }));
            }
            Err(error) => self.failed(index, &error),
        }
        Read::Over
    }

    /// Hashes the next leaves before the start of an entry, and ends it after the last ones.
    fn hashes(&mut self, index: u32) {
        if !self.outbox.is_running(index) {
            return;
        }
        let mut buffer = self.spare.pop().unwrap_or_default();
        let hashed = self.outbox.hashes(index, LEAVES_HASHED, &mut buffer);
        self.spare.push(buffer);
        match hashed {
            Ok(hashed) => {
                (self.answer)(SendAnswer::Hashes(LeafHashes {
                    index,
                    offset: hashed.offset,
                    hashes: hashed.hashes,
                }));
                if hashed.is_through {
                    self.leaf(index);
                }
            }
            Err(error) => self.failed(index, &error),
        }
    }

    fn again(&mut self, again: &Again) {
        let Again {
            index,
            offset,
            leaves,
        } = *again;
        for number in 0..u64::from(leaves) {
            let offset = offset.saturating_add(number * LEAF as u64);
            let buffer = self.spare.pop().unwrap_or_default();
            match self.outbox.leaf_again(index, offset, buffer) {
                Ok((hash, content, bytes)) => {
                    let bytes = self.kept(content, bytes);
                    (self.answer)(SendAnswer::LeafAgain(LeafData {
                        index,
                        offset,
                        hash,
                        content,
                        bytes,
                    }));
                }
                Err(error) => {
                    self.failed(index, &error);
                    break;
                }
            }
        }
        (self.answer)(SendAnswer::AgainDone);
    }

    /// The bytes to send of a leaf. The buffer of a hole is used again.
    fn kept(&mut self, content: LeafContent, bytes: Vec<u8>) -> Vec<u8> {
        if content != LeafContent::Hole {
            return bytes;
        }
        self.spare.push(bytes);
        Vec::new()
    }

    fn failed(&mut self, index: u32, error: &OutboxError) {
        (self.answer)(SendAnswer::Failed(Failure {
            index,
            reason: error.reason(),
            errno: error.errno(),
            text: error.text(),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_that_changed_fails_alone_and_the_large_one_that_is_read_goes_on() {
        let folder = std::env::temp_dir().join(format!("transom-whole-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["a", "b", "c"] {
            std::fs::write(folder.join(name), name).unwrap();
        }
        std::fs::write(folder.join("large"), vec![0; 1 << 20]).unwrap();
        let (mut sending, transfer) = (Sending::default(), TransferId(1));
        let mut told = Vec::new();
        let mut work = |job| {
            let answer = &mut |answer| match answer {
                SendAnswer::Leaf(leaf) => told.push((leaf.index, "leaf")),
                SendAnswer::End(end) => told.push((end.index, "end")),
                SendAnswer::Failed(failure) => told.push((failure.index, "failed")),
                _ => {}
            };
            sending.work(transfer, job, answer);
        };
        let start = |index| Start { index, offset: 0 };
        let (own, peer) = ([1; 32], [2; 32]);
        let path = folder.clone();
        let (follows, origin) = (false, None);
        work(SendJob::Open {
            path,
            follows,
            origin,
            own,
            peer,
        });
        let settled = Vec::new();
        work(SendJob::Entries { settled });
        std::fs::write(folder.join("b"), "longer").unwrap();
        work(SendJob::Start(start(3)));
        work(SendJob::Whole([0, 1, 2].map(start).into()));
        let (index, leaves, spent) = (3, 1, Vec::new());
        work(SendJob::Read {
            index,
            leaves,
            spent,
        });
        std::fs::remove_dir_all(&folder).unwrap();
        let wanted = [
            (0, "leaf"),
            (0, "end"),
            (1, "failed"),
            (2, "leaf"),
            (2, "end"),
            (3, "leaf"),
        ];
        assert_eq!(told, wanted);
    }
}
