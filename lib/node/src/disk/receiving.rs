//! What the thread of an inbox does: it prepares offers and writes and syncs what comes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use transom_proto::{LeafData, LeafHashes, OwnedEntry, OwnedOffer};
use transom_store::{
    Begin, Ended, EntryError, Finished, Inbox, InboxError, InboxSettings, Leftover, Reception,
    RoomLimit, RoomLimits, Run, ZEROS, hash_leaf,
};
use transom_wire::{Again, Done, End, Failure, LeafContent, Progress, RefuseReason, Start, Total};

use super::LEAVES_CHECKED;
use crate::notice::{TransferFailure, TransferId};

pub(crate) enum ReceiveJob {
    /// Claims the transfer and makes room for it.
    Prepare {
        into: PathBuf,
        limits: RoomLimits,
        peer: [u8; 32],
        offer: OwnedOffer,
    },
    /// There was no room for a job, or for the offer: it waits, and is tried again.
    Full(Option<Box<ReceiveJob>>),
    /// The sender has counted more.
    Total(Total),
    Entry(OwnedEntry),
    /// The sender's hashes of what we said to hold of an entry.
    Hashes(LeafHashes),
    /// Of an entry of that many bytes. `found` is its hash, if that was
    /// [computed](ReceiveJob::hash).
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
    /// The rest of a transfer that is over: its folder is removed, some names at a time.
    Remove(Leftover),
}

impl ReceiveJob {
    /// Hashes a leaf, which needs no disk, and gives how many bytes it has. A leaf that was not
    /// hashed is hashed when it is written.
    pub(crate) fn hash(&mut self) -> usize {
        let Self::Leaf { leaf, size, found } = self else {
            return 0;
        };
        *found = Some(hash_leaf(content(leaf, *size), leaf.offset, *size));
        leaf.len_in(*size) as usize
    }
}

/// The bytes of a leaf, which came or are those of a hole.
fn content(leaf: &LeafData, size: u64) -> &[u8] {
    match leaf.content {
        LeafContent::Hole => &ZEROS[..leaf.len_in(size) as usize],
        _ => &leaf.bytes,
    }
}

pub(crate) enum ReceiveAnswer {
    /// So many bytes are missing, 0 once there is room again, and where.
    Full(u64, RoomLimit),
    /// With how many bytes earlier attempts left.
    Ready(Result<u64, Refusal>),
    Begin(Start),
    /// Leaves are to be sent again.
    Again(Again),
    /// The entry can't be taken.
    Failed(Failure<String>),
    /// So many bytes of leaves or credit of hashes are free again since the last such answer, and
    /// how far the transfer is.
    Stored {
        taken: u64,
        progress: Progress,
        /// Bytes of earlier attempts that are as the sender has them.
        held: u64,
        /// The leaf's buffer, to be filled again; empty after hashes.
        spent: Vec<u8>,
    },
    Done(Done),
    Finished(Result<Finished, TransferFailure>),
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

impl From<InboxError> for Refusal {
    fn from(error: InboxError) -> Self {
        Self {
            reason: error.refusal(),
            told: error.told(),
            text: error.text(),
        }
    }
}

/// Hashes compared before others have their turn: for each a leaf may be read from the inbox, and
/// one from the transfer.
const HASHES_COMPARED: usize = LEAVES_CHECKED as usize / 2;

/// How long an inbox stays open that no reception uses: short enough for an owner who wants to
/// unmount its disk, and longer than the pause between two offers of a sender that sends file after
/// file. To open it costs a listing of its private folder, and a look at all of it if it has a
/// quota.
const UNUSED: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Receiving {
    inbox: Option<OpenInbox>,
    transfers: HashMap<TransferId, Incoming>,
    confines_thread: bool,
    is_begun: bool,
}

struct OpenInbox {
    inbox: Inbox,
    /// When it was first seen that no reception uses it.
    unused_since: Option<Instant>,
    /// How long it stays open from then on.
    patience: Duration,
}

struct Incoming {
    reception: Reception,
    /// Bytes of leaves that came, good and bad.
    received: u64,
    /// Bytes that are missing on the disk, as they were told.
    missing: u64,
}

impl Receiving {
    pub(super) fn confined() -> Self {
        Self {
            confines_thread: true,
            ..Self::default()
        }
    }

    /// Opens the inbox if it is not open. One that is open takes the limits.
    pub(super) fn open_inbox(
        &mut self,
        root: PathBuf,
        limits: RoomLimits,
    ) -> Result<&mut Inbox, InboxError> {
        self.is_begun = true;
        let open = match &mut self.inbox {
            Some(open) => {
                open.inbox.set_limits(limits)?;
                open
            }
            none => {
                let mut settings = InboxSettings::new(root);
                (settings.room, settings.confines_thread) = (limits, self.confines_thread);
                none.insert(OpenInbox {
                    inbox: Inbox::open(settings)?,
                    unused_since: None,
                    patience: UNUSED,
                })
            }
        };
        (open.unused_since, open.patience) = (None, UNUSED);
        Ok(&mut open.inbox)
    }

    pub(super) fn is_over(&self) -> bool {
        self.confines_thread && self.is_begun && self.inbox.is_none()
    }

    /// Says whether that was all.
    pub(super) fn tidy_some(&mut self) -> bool {
        let mut inbox = self.inbox.iter_mut();
        inbox.all(|open| open.inbox.tidy_some(LEAVES_CHECKED))
    }

    /// The inbox need not stay open for the next offer.
    pub(super) fn expect_no_offer(&mut self) {
        self.is_begun = true;
        if let Some(open) = &mut self.inbox {
            open.patience = Duration::ZERO;
        }
    }

    /// Closes the inbox if no reception has used it for so long, or tells when to look again.
    pub(super) fn close_unused(&mut self, now: Instant) -> Option<Instant> {
        let open = self.inbox.as_mut()?;
        open.unused_since = match open.inbox.is_used() {
            true => None,
            false => open.unused_since.or(Some(now)),
        };
        let close_at = open.unused_since? + open.patience;
        if now < close_at {
            return Some(close_at);
        }
        self.inbox = None;
        None
    }

    /// Does a job, or the first part of a long one; gives the rest.
    pub(super) fn work(
        &mut self,
        transfer: TransferId,
        job: ReceiveJob,
        answer: &mut dyn FnMut(ReceiveAnswer),
    ) -> Option<ReceiveJob> {
        self.is_begun = true;
        match job {
            // It was cleared away, and is made and opened again; of confined threads by the next.
            ReceiveJob::Prepare { .. } if self.is_gone() => {
                self.inbox = None;
                return Some(job);
            }
            ReceiveJob::Prepare {
                into,
                limits,
                peer,
                offer,
            } => {
                let ready = self.prepare(transfer, &into, limits, peer, &offer);
                if ready.as_ref().is_err_and(InboxError::is_full) {
                    // Not even a folder can be made: it is not accepted before that.
                    answer(ReceiveAnswer::Full(offer.bytes.max(1), RoomLimit::Disk));
                    let job = ReceiveJob::Prepare {
                        into,
                        limits,
                        peer,
                        offer,
                    };
                    return Some(ReceiveJob::Full(Some(Box::new(job))));
                }
                // Before it is accepted, so that no data come.
                let incoming = self.incoming(transfer);
                let is_full = incoming.is_some_and(|incoming| incoming.is_full(answer));
                answer(ReceiveAnswer::Ready(ready.map_err(Refusal::from)));
                return is_full.then_some(ReceiveJob::Full(None));
            }
            ReceiveJob::Full(job) => return self.full(transfer, job, answer),
            ReceiveJob::Total(total) => {
                let counted = self.incoming(transfer)?.reception.total(total);
                // It could not have been offered so, and nothing of it is kept.
                let error = counted.err()?;
                answer(ReceiveAnswer::Finished(Err(TransferFailure::from(&error))));
                let reception = self.transfers.remove(&transfer)?.reception;
                return reception.give_up().map(ReceiveJob::Remove);
            }
            ReceiveJob::Entry(entry) => return self.incoming(transfer)?.entry(entry, answer),
            ReceiveJob::Hashes(hashes) => return self.incoming(transfer)?.hashes(hashes, answer),
            ReceiveJob::Leaf { leaf, size, found } => {
                return self.incoming(transfer)?.leaf(leaf, size, found, answer);
            }
            ReceiveJob::End(end) => return self.incoming(transfer)?.end(end, answer),
            ReceiveJob::Abandon(index) => self.incoming(transfer)?.reception.abandon(index),
            ReceiveJob::Finish(entries) => {
                let reception = &mut self.incoming(transfer)?.reception;
                let finished = reception.finish_some(entries, LEAVES_CHECKED);
                if let Err(InboxError::NoRoom { missing }) = finished {
                    let job = ReceiveJob::Finish(entries);
                    return self.incoming(transfer)?.halt(job, missing, answer);
                }
                let Some(finished) = finished.transpose() else {
                    return Some(ReceiveJob::Finish(entries));
                };
                answer(ReceiveAnswer::Finished(
                    finished.map_err(|error| TransferFailure::from(&error)),
                ));
                let reception = self.transfers.remove(&transfer)?.reception;
                return reception.close().map(ReceiveJob::Remove);
            }
            ReceiveJob::Keep => self.transfers.remove(&transfer)?.reception.pause(),
            ReceiveJob::Discard => {
                let reception = self.transfers.remove(&transfer)?.reception;
                return reception.give_up().map(ReceiveJob::Remove);
            }
            ReceiveJob::Remove(left) => {
                let is_removed = left.remove_some(LEAVES_CHECKED);
                return (!is_removed).then_some(ReceiveJob::Remove(left));
            }
        }
        None
    }

    fn is_gone(&self) -> bool {
        let mut inbox = self.inbox.iter();
        inbox.any(|open| open.inbox.is_gone() && !open.inbox.is_used())
    }

    fn incoming(&mut self, transfer: TransferId) -> Option<&mut Incoming> {
        self.transfers.get_mut(&transfer)
    }

    /// Goes on with a job, or with the offer, if there is room now.
    fn full(
        &mut self,
        transfer: TransferId,
        job: Option<Box<ReceiveJob>>,
        answer: &mut dyn FnMut(ReceiveAnswer),
    ) -> Option<ReceiveJob> {
        if let Some(incoming) = self.incoming(transfer) {
            let missing = incoming.reception.missing();
            if missing > 0 {
                incoming.tell_missing(missing, answer);
                return Some(ReceiveJob::Full(job));
            }
        }
        let rest = job.and_then(|job| self.work(transfer, *job, answer));
        if !matches!(rest, Some(ReceiveJob::Full(_)))
            && let Some(incoming) = self.incoming(transfer)
        {
            incoming.missing = 0;
            answer(ReceiveAnswer::Full(0, RoomLimit::default()));
        }
        rest
    }

    fn prepare(
        &mut self,
        transfer: TransferId,
        into: &Path,
        limits: RoomLimits,
        peer: [u8; 32],
        offer: &OwnedOffer,
    ) -> Result<u64, InboxError> {
        let inbox = self.open_inbox(into.to_owned(), limits)?;
        let reception = inbox.receive(peer, &offer.as_offer())?;
        let held = reception.left();
        let incoming = Incoming {
            reception,
            received: 0,
            missing: 0,
        };
        self.transfers.insert(transfer, incoming);
        Ok(held)
    }
}

impl Incoming {
    /// Whether there is no room for all of it; tells what is missing.
    fn is_full(&mut self, answer: &mut dyn FnMut(ReceiveAnswer)) -> bool {
        let missing = self.reception.missing();
        self.tell_missing(missing, answer);
        missing > 0
    }

    fn tell_missing(&mut self, missing: u64, answer: &mut dyn FnMut(ReceiveAnswer)) {
        if std::mem::replace(&mut self.missing, missing) != missing {
            answer(ReceiveAnswer::Full(missing, self.reception.room_limit()));
        }
    }

    /// A job found no room.
    fn halt(
        &mut self,
        job: ReceiveJob,
        missing: u64,
        answer: &mut dyn FnMut(ReceiveAnswer),
    ) -> Option<ReceiveJob> {
        self.tell_missing(missing, answer);
        Some(ReceiveJob::Full(Some(Box::new(job))))
    }

    fn entry(
        &mut self,
        entry: OwnedEntry,
        answer: &mut dyn FnMut(ReceiveAnswer),
    ) -> Option<ReceiveJob> {
        match self.reception.begin_entry(&entry.as_entry()) {
            Ok(begin) => answer(begun(entry.index, begin)),
            Err(EntryError::NoRoom { missing }) => {
                return self.halt(ReceiveJob::Entry(entry), missing, answer);
            }
            Err(error) => untakable(entry.index, &error, answer),
        }
        None
    }

    /// Compares some hashes; gives the others.
    fn hashes(
        &mut self,
        mut hashes: LeafHashes,
        answer: &mut dyn FnMut(ReceiveAnswer),
    ) -> Option<ReceiveJob> {
        let rest = hashes.split_off(HASHES_COMPARED);
        let index = hashes.index;
        match self.reception.hashes(index, hashes.offset, &hashes.hashes) {
            Ok(runs) => again(index, runs, answer),
            Err(EntryError::NoRoom { missing }) => {
                hashes.hashes.extend(rest.hashes);
                return self.halt(ReceiveJob::Hashes(hashes), missing, answer);
            }
            Err(error) => untakable(index, &error, answer),
        }
        answer(self.stored(hashes.credit(), Vec::new()));
        (!rest.hashes.is_empty()).then_some(ReceiveJob::Hashes(rest))
    }

    /// Writes a leaf of a file of that size; `found` is its hash, if that is known.
    fn leaf(
        &mut self,
        leaf: LeafData,
        size: u64,
        found: Option<[u8; 32]>,
        answer: &mut dyn FnMut(ReceiveAnswer),
    ) -> Option<ReceiveJob> {
        let (index, taken) = (leaf.index, leaf.len_in(size));
        let bytes = content(&leaf, size);
        let found = found.unwrap_or_else(|| hash_leaf(bytes, leaf.offset, size));
        let written = self.reception.hashed_leaf(
            index,
            leaf.offset,
            &leaf.hash,
            &found,
            bytes,
            leaf.content != LeafContent::Data,
        );
        match written {
            Ok(runs) => again(index, runs, answer),
            Err(EntryError::NoRoom { missing }) => {
                let found = Some(found);
                return self.halt(ReceiveJob::Leaf { leaf, size, found }, missing, answer);
            }
            Err(error) => untakable(index, &error, answer),
        }
        self.received += taken;
        answer(self.stored(taken, leaf.bytes));
        None
    }

    fn stored(&self, taken: u64, spent: Vec<u8>) -> ReceiveAnswer {
        let counts = self.reception.counts();
        let progress = Progress {
            received: self.received,
            verified: counts.verified,
            durable: counts.durable,
        };
        ReceiveAnswer::Stored {
            taken,
            progress,
            held: self.reception.held(),
            spent,
        }
    }

    /// Ends an entry, once the leaves of earlier attempts are read, some at a time. While leaves
    /// are still to come again, another end follows them.
    fn end(&mut self, end: End, answer: &mut dyn FnMut(ReceiveAnswer)) -> Option<ReceiveJob> {
        let End { index, size, root } = end;
        let ended = self.reception.end_some(index, size, &root, LEAVES_CHECKED);
        match ended {
            Ok(Some(Ended::Done)) => answer(ReceiveAnswer::Done(Done { index, root })),
            Ok(Some(Ended::Again(runs))) => again(index, runs, answer),
            Ok(None) => return Some(ReceiveJob::End(end)),
            Err(EntryError::NoRoom { missing }) => {
                return self.halt(ReceiveJob::End(end), missing, answer);
            }
            Err(error) => untakable(index, &error, answer),
        }
        None
    }
}

fn again(index: u32, runs: impl IntoIterator<Item = Run>, answer: &mut dyn FnMut(ReceiveAnswer)) {
    for Run { offset, leaves } in runs {
        answer(ReceiveAnswer::Again(Again {
            index,
            offset,
            leaves,
        }));
    }
}

fn begun(index: u32, begin: Begin) -> ReceiveAnswer {
    match begin {
        Begin::Data { offset } => ReceiveAnswer::Begin(Start { index, offset }),
        Begin::Done => ReceiveAnswer::Done(Done {
            index,
            root: [0; 32],
        }),
    }
}

fn untakable(index: u32, error: &EntryError, answer: &mut dyn FnMut(ReceiveAnswer)) {
    if !matches!(error, EntryError::Stale(_)) {
        answer(ReceiveAnswer::Failed(Failure {
            index,
            reason: error.reason(),
            errno: error.errno(),
            text: error.text(),
        }));
    }
}

#[cfg(test)]
mod tests {
    use transom_wire::limits::LEAF;
    use transom_wire::{Collision, EntryKind, RelativePath, Shape, TransferKey};

    use super::*;

    const TRANSFER: TransferId = TransferId(1);

    /// Does a job whose answers don't matter; says whether that was all of it.
    fn work(receiving: &mut Receiving, job: ReceiveJob) -> bool {
        receiving.work(TRANSFER, job, &mut |_| {}).is_none()
    }

    #[test]
    fn a_message_full_of_hashes_is_compared_in_several_jobs() {
        let folder = std::env::temp_dir().join(format!("transom-compared-{}", std::process::id()));
        let (leaves, name) = (128, RelativePath::new("holes").unwrap());
        let size = leaves * LEAF as u64;
        let prepare = || ReceiveJob::Prepare {
            into: folder.clone(),
            limits: RoomLimits::default(),
            peer: [2; 32],
            offer: OwnedOffer {
                transfer: TransferKey([3; 16]),
                shape: Shape::File,
                collision: Collision::Rename,
                files: 1,
                bytes: size,
                is_counted: true,
                name: name.into(),
            },
        };
        let entry = || {
            ReceiveJob::Entry(OwnedEntry {
                index: 0,
                kind: EntryKind::File,
                mode: 0o644,
                mtime: 0,
                size,
                path: name.into(),
            })
        };
        let hole = |leaf: u64| LeafData {
            index: 0,
            offset: leaf * LEAF as u64,
            hash: hash_leaf(&ZEROS, leaf * LEAF as u64, size),
            content: LeafContent::Hole,
            bytes: Vec::new(),
        };
        let mut receiving = Receiving::default();
        assert!(work(&mut receiving, prepare()));
        assert!(work(&mut receiving, entry()));
        for leaf in 0..leaves {
            let (leaf, found) = (hole(leaf), None);
            let job = ReceiveJob::Leaf { leaf, size, found };
            assert!(work(&mut receiving, job));
        }
        for job in [ReceiveJob::Keep, prepare(), entry()] {
            assert!(work(&mut receiving, job));
        }
        let hashes = LeafHashes {
            index: 0,
            offset: 0,
            hashes: (0..leaves).map(|leaf| hole(leaf).hash).collect(),
        };
        let (mut rest, mut credit) = (Some(ReceiveJob::Hashes(hashes.clone())), Vec::new());
        while let Some(job) = rest {
            rest = receiving.work(TRANSFER, job, &mut |answer| match answer {
                ReceiveAnswer::Stored { taken, .. } => credit.push(taken),
                _ => panic!("they are the same"),
            });
        }
        drop(receiving);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(credit, [hashes.credit() / 4; 4]);
    }
}
