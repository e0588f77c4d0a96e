//! What the disk thread does for transfers from us: it walks what is sent and reads its leaves.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use transom_proto::{LeafData, OwnedEntry};
use transom_store::{Outbox, OutboxError, Step, path_text};
use transom_wire::{End, Failure, RelativePath, Shape, Start, TransferKey};

use super::LEAVES_CHECKED;
use crate::notice::{TransferFailure, TransferId};

/// Leaf buffers kept for reuse: what one read job fills.
const SPARE_BUFFERS: usize = 8;

pub(crate) enum SendJob {
    Walk {
        path: PathBuf,
        own: [u8; 32],
        peer: [u8; 32],
    },
    Entries {
        from: u32,
        count: u32,
    },
    Start(Start),
    /// Starts files of one leaf at most, and reads each to its end.
    Whole(Vec<Start>),
    /// The rest of a start: what the receiver says it holds is read again, some leaves at a time.
    Check(u32),
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
    Walked(Result<Walked, TransferFailure>),
    Entries(Vec<OwnedEntry>),
    Started {
        index: u32,
        offset: u64,
    },
    Leaf(LeafData),
    End(End),
    /// The entry can't be sent.
    Failed(Failure<String>),
}

pub(crate) struct Walked {
    pub(crate) key: TransferKey,
    pub(crate) name: String,
    pub(crate) shape: Shape,
    /// Files and folders.
    pub(crate) entries: u32,
    /// The files of them.
    pub(crate) files: u32,
    pub(crate) bytes: u64,
    /// What is not sent, and why.
    pub(crate) skipped: Vec<(String, TransferFailure)>,
}

#[derive(Default)]
pub(super) struct Sending {
    transfers: HashMap<TransferId, Outgoing>,
    spare: Vec<Vec<u8>>,
}

struct Outgoing {
    outbox: Outbox,
    /// The entry being read; reads of any other one are late.
    reading: Option<u32>,
}

impl Sending {
    /// Does a job, or the first part of a long one; gives the rest.
    pub(super) fn work(
        &mut self,
        transfer: TransferId,
        job: SendJob,
        answer: &mut dyn FnMut(SendAnswer),
    ) -> Option<SendJob> {
        match job {
            SendJob::Walk { path, own, peer } => {
                answer(SendAnswer::Walked(self.walk(transfer, &path, own, peer)));
            }
            SendJob::Entries { from, count } => {
                let entries = self.outgoing(transfer)?.entries(from, count);
                answer(SendAnswer::Entries(entries));
            }
            SendJob::Start(start) => return self.outgoing(transfer)?.start(&start, answer),
            SendJob::Whole(starts) => {
                let outgoing = self.outgoing(transfer)?;
                for start in &starts {
                    outgoing.whole(start, answer);
                }
            }
            SendJob::Check(index) => return self.outgoing(transfer)?.check(index, answer),
            SendJob::Stop(index) => self.outgoing(transfer)?.outbox.stop(index),
            SendJob::Read {
                index,
                leaves,
                spent,
            } => {
                let room = SPARE_BUFFERS.saturating_sub(self.spare.len());
                self.spare.extend(spent.into_iter().take(room));
                let outgoing = self.transfers.get_mut(&transfer)?;
                outgoing.read(index, leaves, &mut self.spare, answer);
            }
            SendJob::Close => drop(self.transfers.remove(&transfer)),
        }
        None
    }

    fn outgoing(&mut self, transfer: TransferId) -> Option<&mut Outgoing> {
        self.transfers.get_mut(&transfer)
    }

    fn walk(
        &mut self,
        transfer: TransferId,
        path: &Path,
        own: [u8; 32],
        peer: [u8; 32],
    ) -> Result<Walked, TransferFailure> {
        let outbox = Outbox::walk(path).map_err(|error| TransferFailure::from(&error))?;
        let walked = Walked {
            key: outbox.key(&own, &peer),
            name: outbox.name().to_owned(),
            shape: outbox.shape(),
            entries: outbox.files(),
            files: outbox.files().saturating_sub(outbox.folders()),
            bytes: outbox.bytes(),
            skipped: outbox
                .skipped()
                .iter()
                .map(|skipped| (path_text(&skipped.path), skipped.into()))
                .collect(),
        };
        let reading = None;
        self.transfers
            .insert(transfer, Outgoing { outbox, reading });
        Ok(walked)
    }
}

impl Outgoing {
    fn entries(&self, from: u32, count: u32) -> Vec<OwnedEntry> {
        let entries = (from..from.saturating_add(count)).map_while(|index| {
            let entry = self.outbox.entry(index)?;
            Some(OwnedEntry {
                index,
                kind: entry.kind,
                mode: entry.mode,
                mtime: entry.mtime,
                size: entry.size,
                path: RelativePath::new(&entry.path).ok()?.into(),
            })
        });
        entries.collect()
    }

    fn start(&mut self, start: &Start, answer: &mut dyn FnMut(SendAnswer)) -> Option<SendJob> {
        let index = start.index;
        self.reading = Some(index);
        match self.outbox.begin(index, start.offset, &start.proof) {
            Ok(()) => self.check(index, answer),
            Err(error) => {
                self.failed(index, &error, answer);
                None
            }
        }
    }

    fn whole(&mut self, start: &Start, answer: &mut dyn FnMut(SendAnswer)) {
        let index = start.index;
        match self.outbox.start(index, start.offset, &start.proof) {
            Ok(offset) => {
                answer(SendAnswer::Started { index, offset });
                // A small file's buffer is as small.
                let mut spare = Vec::new();
                while self.step(index, &mut spare, answer) {}
            }
            Err(error) => self.failed(index, &error, answer),
        }
    }

    fn check(&mut self, index: u32, answer: &mut dyn FnMut(SendAnswer)) -> Option<SendJob> {
        match self.outbox.check(index, LEAVES_CHECKED) {
            Ok(None) => return Some(SendJob::Check(index)),
            Ok(Some(offset)) => answer(SendAnswer::Started { index, offset }),
            Err(error) => self.failed(index, &error, answer),
        }
        None
    }

    fn read(
        &mut self,
        index: u32,
        leaves: u32,
        spare: &mut Vec<Vec<u8>>,
        answer: &mut dyn FnMut(SendAnswer),
    ) {
        for _ in 0..leaves {
            if self.reading != Some(index) {
                return;
            }
            if !self.step(index, spare, answer) {
                self.reading = None;
            }
        }
    }

    /// Reads the next leaf. `false` when there is none, or it can't be read.
    fn step(
        &mut self,
        index: u32,
        spare: &mut Vec<Vec<u8>>,
        answer: &mut dyn FnMut(SendAnswer),
    ) -> bool {
        let buffer = spare.pop().unwrap_or_default();
        match self.outbox.next_leaf(index, buffer) {
            Ok(Step::Leaf {
                index,
                offset,
                hash,
                bytes,
            }) => {
                answer(SendAnswer::Leaf(LeafData {
                    index,
                    offset,
                    hash,
                    bytes,
                }));
                return true;
            }
            Ok(Step::End { size, root, buffer }) => {
                spare.push(buffer);
                answer(SendAnswer::End(End { index, size, root }));
            }
            Err(error) => self.failed(index, &error, answer),
        }
        false
    }

    fn failed(&mut self, index: u32, error: &OutboxError, answer: &mut dyn FnMut(SendAnswer)) {
        self.reading.take_if(|reading| *reading == index);
        answer(SendAnswer::Failed(Failure {
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
                SendAnswer::Started { index, .. } => told.push((index, "started")),
                SendAnswer::Leaf(leaf) => told.push((leaf.index, "leaf")),
                SendAnswer::End(end) => told.push((end.index, "end")),
                SendAnswer::Failed(failure) => told.push((failure.index, "failed")),
                _ => {}
            };
            assert!(sending.work(transfer, job, answer).is_none());
        };
        let start = |index| Start {
            index,
            offset: 0,
            proof: [0; 32],
        };
        let (own, peer) = ([1; 32], [2; 32]);
        let path = folder.clone();
        work(SendJob::Walk { path, own, peer });
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
            (3, "started"),
            (0, "started"),
            (0, "leaf"),
            (0, "end"),
            (1, "started"),
            (1, "failed"),
            (2, "started"),
            (2, "leaf"),
            (2, "end"),
            (3, "leaf"),
        ];
        assert_eq!(told, wanted);
    }
}
