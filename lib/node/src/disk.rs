//! What the disk thread does: everything about files that may block. It knows transfers by their
//! number and no sockets.
//!
//! Jobs of one transfer are answered in their order. What waits here is bounded by the transfers
//! themselves: a receiver's leaves by the bytes it granted, a sender's by the room of its session.

mod receiving;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;

use transom_proto::{LeafData, OwnedEntry, OwnedOffer};
use transom_store::{Finished, Inbox, InboxError, InboxSettings, Outbox, OutboxError, Step};
use transom_wire::{
    Done, End, Failure, Progress, RefuseReason, RelativePath, Shape, Start, TransferKey,
};

use self::receiving::Incoming;
use crate::notice::{TransferFailure, TransferId};

/// Leaves of a file read before others have their turn: some 20 ms.
const LEAVES_CHECKED: u32 = 64;
/// Leaf buffers kept for reuse: what one read job fills.
const SPARE_BUFFERS: usize = 8;

pub(crate) enum Job {
    // Sending.
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
    // Receiving.
    Receive {
        into: PathBuf,
        quota: Option<u64>,
        peer: [u8; 32],
        offer: OwnedOffer,
    },
    Entry(OwnedEntry),
    /// The rest of an entry: a file that may be the very one is read, some leaves at a time.
    Look(u32),
    /// Of an entry of that many bytes. `found` is its hash, if that was [computed](Job::hash).
    Leaf {
        leaf: LeafData,
        size: u64,
        found: Option<[u8; 32]>,
    },
    End(End),
    Abandon(u32),
    Finish(u32),
    /// The connection is gone: what is there stays for the next attempt.
    Keep,
    /// Cancelled: what is there is removed.
    Discard,
    /// The sender is done with it.
    Close,
}

impl Job {
    /// Whether it is of a transfer to us.
    pub(crate) fn is_receiving(&self) -> bool {
        match self {
            Self::Walk { .. }
            | Self::Entries { .. }
            | Self::Start(_)
            | Self::Check(_)
            | Self::Stop(_)
            | Self::Read { .. }
            | Self::Close => false,
            Self::Receive { .. }
            | Self::Entry(_)
            | Self::Look(_)
            | Self::Leaf { .. }
            | Self::End(_)
            | Self::Abandon(_)
            | Self::Finish(_)
            | Self::Keep
            | Self::Discard => true,
        }
    }

    /// Hashes a leaf, which needs no disk. A leaf that was not hashed is hashed when it is written.
    pub(crate) fn hash(&mut self) {
        if let Self::Leaf { leaf, size, found } = self {
            *found = Some(transom_store::hash_leaf(&leaf.bytes, leaf.offset, *size));
        }
    }
}

pub(crate) enum Answer {
    Walked(Result<Walked, TransferFailure>),
    Entries(Vec<OwnedEntry>),
    Started {
        index: u32,
        offset: u64,
    },
    Leaf(LeafData),
    End(End),
    /// The entry can't be sent, or can't be taken.
    Failed(Failure<String>),
    Ready(Result<(), Refusal>),
    Begin(Start),
    /// So many bytes of leaves left memory since the last such answer, and how far the transfer is.
    Stored {
        taken: u64,
        progress: Progress,
        /// Bytes of earlier attempts that the sender agreed to.
        held: u64,
        /// The leaf's buffer, to be filled again.
        spent: Vec<u8>,
    },
    Done(Done),
    Finished(Result<Finished, TransferFailure>),
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

/// An offer that can't be taken.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: RefuseReason,
    /// What the sender is told. The folder and its path are our owner's alone.
    pub(crate) told: String,
    /// All of it, for our owner.
    pub(crate) text: String,
}

#[derive(Default)]
pub(crate) struct Disk {
    inboxes: HashMap<PathBuf, Inbox>,
    incoming: HashMap<TransferId, Incoming>,
    outgoing: HashMap<TransferId, Outgoing>,
    spare: Vec<Vec<u8>>,
}

struct Outgoing {
    outbox: Outbox,
    /// The entry being read; reads of any other one are late.
    reading: Option<u32>,
}

impl Disk {
    /// Opens the inbox now, so that one that can't be used is known at the start. One that is open
    /// takes the quota.
    ///
    /// # Errors
    /// What is wrong with the folder.
    pub(crate) fn open_inbox(
        &mut self,
        root: PathBuf,
        quota: Option<u64>,
    ) -> Result<(), InboxError> {
        match self.inboxes.entry(root) {
            Entry::Vacant(place) => {
                let mut settings = InboxSettings::new(place.key().clone());
                settings.quota = quota;
                place.insert(Inbox::open(settings)?);
                Ok(())
            }
            Entry::Occupied(mut place) => place.get_mut().set_quota(quota),
        }
    }

    /// Whether there is an inbox that has to be tidied.
    pub(crate) fn receives(&self) -> bool {
        !self.inboxes.is_empty()
    }

    /// Removes old and left-over transfers from the inboxes.
    pub(crate) fn tidy(&mut self) {
        self.inboxes.values_mut().for_each(Inbox::tidy);
    }

    /// Does a job, or of a long one so much that others need not wait; gives the rest.
    pub(crate) fn work(
        &mut self,
        transfer: TransferId,
        job: Job,
        answer: &mut dyn FnMut(Answer),
    ) -> Option<Job> {
        match job {
            Job::Walk { path, own, peer } => {
                answer(Answer::Walked(self.walk(transfer, &path, own, peer)))
            }
            Job::Receive {
                into,
                quota,
                peer,
                offer,
            } => {
                answer(Answer::Ready(
                    self.receive(transfer, into, quota, peer, &offer),
                ));
            }
            Job::Keep => {
                if let Some(mut incoming) = self.incoming.remove(&transfer) {
                    incoming.reception.pause();
                }
            }
            Job::Discard => {
                if let Some(incoming) = self.incoming.remove(&transfer) {
                    incoming.reception.cancel();
                }
            }
            Job::Close => drop(self.outgoing.remove(&transfer)),
            Job::Entries { from, count } => self.entries(transfer, from, count, answer),
            Job::Stop(index) => {
                if let Some(outgoing) = self.outgoing.get_mut(&transfer) {
                    outgoing.outbox.stop(index);
                }
            }
            Job::Start(start) => return self.start(transfer, &start, answer),
            Job::Check(index) => return self.check(transfer, index, answer),
            Job::Read {
                index,
                leaves,
                spent,
            } => {
                self.keep(spent);
                self.read(transfer, index, leaves, answer);
            }
            Job::Entry(entry) => return self.entry(transfer, &entry, answer),
            Job::Look(index) => return self.look(transfer, index, answer),
            receiving => self.receiving(transfer, receiving, answer),
        }
        None
    }

    /// Keeps a few buffers for the next leaves.
    fn keep(&mut self, buffers: impl IntoIterator<Item = Vec<u8>>) {
        let room = SPARE_BUFFERS.saturating_sub(self.spare.len());
        self.spare.extend(buffers.into_iter().take(room));
    }

    fn walk(
        &mut self,
        transfer: TransferId,
        path: &std::path::Path,
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
                .map(|skipped| (skipped.path.display().to_string(), skipped.into()))
                .collect(),
        };
        self.outgoing.insert(
            transfer,
            Outgoing {
                outbox,
                reading: None,
            },
        );
        Ok(walked)
    }

    fn entries(
        &mut self,
        transfer: TransferId,
        from: u32,
        count: u32,
        answer: &mut dyn FnMut(Answer),
    ) {
        let Some(Outgoing { outbox, .. }) = self.outgoing.get(&transfer) else {
            return;
        };
        let entries = (from..from.saturating_add(count)).map_while(|index| {
            let entry = outbox.entry(index)?;
            Some(OwnedEntry {
                index,
                kind: entry.kind,
                mode: entry.mode,
                mtime: entry.mtime,
                size: entry.size,
                path: RelativePath::new(&entry.path).ok()?.into(),
            })
        });
        answer(Answer::Entries(entries.collect()));
    }

    fn start(
        &mut self,
        transfer: TransferId,
        start: &Start,
        answer: &mut dyn FnMut(Answer),
    ) -> Option<Job> {
        let outgoing = self.outgoing.get_mut(&transfer)?;
        outgoing.reading = Some(start.index);
        let begun = outgoing
            .outbox
            .begin(start.index, start.offset, &start.proof);
        if let Err(error) = begun {
            outgoing.reading = None;
            answer(Answer::Failed(unsendable(start.index, &error)));
            return None;
        }
        self.check(transfer, start.index, answer)
    }

    fn check(
        &mut self,
        transfer: TransferId,
        index: u32,
        answer: &mut dyn FnMut(Answer),
    ) -> Option<Job> {
        let outgoing = self.outgoing.get_mut(&transfer)?;
        match outgoing.outbox.check(index, LEAVES_CHECKED) {
            Ok(None) => return Some(Job::Check(index)),
            Ok(Some(offset)) => answer(Answer::Started { index, offset }),
            Err(error) => {
                outgoing.reading = None;
                answer(Answer::Failed(unsendable(index, &error)));
            }
        }
        None
    }

    fn read(
        &mut self,
        transfer: TransferId,
        index: u32,
        leaves: u32,
        answer: &mut dyn FnMut(Answer),
    ) {
        let Some(outgoing) = self.outgoing.get_mut(&transfer) else {
            return;
        };
        for _ in 0..leaves {
            if outgoing.reading != Some(index) {
                return;
            }
            let buffer = self.spare.pop().unwrap_or_default();
            match outgoing.outbox.next_leaf(index, buffer) {
                Ok(Step::Leaf {
                    index,
                    offset,
                    hash,
                    bytes,
                }) => answer(Answer::Leaf(LeafData {
                    index,
                    offset,
                    hash,
                    bytes,
                })),
                Ok(Step::End { size, root, buffer }) => {
                    outgoing.reading = None;
                    self.spare.push(buffer);
                    answer(Answer::End(End { index, size, root }));
                }
                Err(error) => {
                    outgoing.reading = None;
                    answer(Answer::Failed(unsendable(index, &error)));
                }
            }
        }
    }
}

fn unsendable(index: u32, error: &OutboxError) -> Failure<String> {
    Failure {
        index,
        reason: error.reason(),
        errno: error.errno(),
        text: error.text(),
    }
}
