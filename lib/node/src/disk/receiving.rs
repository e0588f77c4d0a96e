//! What the disk thread does for transfers to us. It knows no sockets, and of an inbox only what it
//! is asked to put there.

use std::path::PathBuf;

use transom_proto::{LeafData, OwnedEntry, OwnedOffer};
use transom_store::{Begin, EntryError, InboxError, Reception};
use transom_wire::{Done, Progress, Start};

use super::{Answer, Disk, Failure, Job, LEAVES_CHECKED, Refusal};
use crate::notice::{TransferFailure, TransferId};

/// A transfer to us.
pub(super) struct Incoming {
    pub(super) reception: Reception,
    /// Bytes of leaves that came, good and bad.
    received: u64,
}

impl Disk {
    pub(super) fn receive(
        &mut self,
        transfer: TransferId,
        into: PathBuf,
        quota: Option<u64>,
        peer: [u8; 32],
        offer: &OwnedOffer,
    ) -> Result<(), Refusal> {
        let refuse = |error: InboxError| Refusal {
            reason: error.refusal(),
            told: error.told(),
            text: error.text(),
        };
        self.open_inbox(into.clone(), quota).map_err(refuse)?;
        let Some(inbox) = self.inboxes.get_mut(&into) else {
            return Ok(());
        };
        let reception = inbox.receive(peer, &offer.as_offer()).map_err(refuse)?;
        let received = 0;
        self.incoming.insert(
            transfer,
            Incoming {
                reception,
                received,
            },
        );
        Ok(())
    }

    pub(super) fn entry(
        &mut self,
        transfer: TransferId,
        entry: &OwnedEntry,
        answer: &mut dyn FnMut(Answer),
    ) -> Option<Job> {
        let reception = &mut self.incoming.get_mut(&transfer)?.reception;
        match reception.begin_entry(&entry.as_entry()) {
            Ok(Some(begin)) => answer(begun(entry.index, begin)),
            Ok(None) => return Some(Job::Look(entry.index)),
            Err(error) => untakable(entry.index, &error, answer),
        }
        None
    }

    pub(super) fn look(
        &mut self,
        transfer: TransferId,
        index: u32,
        answer: &mut dyn FnMut(Answer),
    ) -> Option<Job> {
        let reception = &mut self.incoming.get_mut(&transfer)?.reception;
        match reception.look(LEAVES_CHECKED) {
            Some(begin) => answer(begun(index, begin)),
            None => return Some(Job::Look(index)),
        }
        None
    }

    pub(super) fn receiving(
        &mut self,
        transfer: TransferId,
        job: Job,
        answer: &mut dyn FnMut(Answer),
    ) {
        let Some(incoming) = self.incoming.get_mut(&transfer) else {
            return;
        };
        match job {
            Job::Leaf { leaf, found, .. } => incoming.leaf(leaf, found, answer),
            Job::End(end) => match incoming.reception.end(end.index, end.size, &end.root) {
                Ok(_) => answer(Answer::Done(Done {
                    index: end.index,
                    root: end.root,
                })),
                Err(error) => untakable(end.index, &error, answer),
            },
            Job::Abandon(index) => incoming.reception.abandon(index),
            Job::Finish(entries) => {
                answer(Answer::Finished(
                    incoming
                        .reception
                        .finish(entries)
                        .map_err(|error| TransferFailure::from(&error)),
                ));
                self.incoming.remove(&transfer);
            }
            _ => {}
        }
    }
}

impl Incoming {
    /// Writes a leaf; `found` is its hash, if that is known.
    fn leaf(&mut self, leaf: LeafData, found: Option<[u8; 32]>, answer: &mut dyn FnMut(Answer)) {
        let LeafData {
            index,
            offset,
            hash,
            bytes,
        } = leaf;
        let taken = bytes.len() as u64;
        self.received += taken;
        let written = match found {
            Some(found) => {
                let reception = &mut self.reception;
                reception.hashed_leaf(index, offset, &hash, &found, &bytes)
            }
            None => self.reception.leaf(index, offset, &hash, &bytes),
        };
        if let Err(error) = written {
            untakable(index, &error, answer);
        }
        let counts = self.reception.counts();
        let progress = Progress {
            received: self.received,
            verified: counts.verified,
            durable: counts.durable,
        };
        answer(Answer::Stored {
            taken,
            progress,
            held: self.reception.held(),
            spent: bytes,
        });
    }
}

fn begun(index: u32, begin: Begin) -> Answer {
    let root = match begin {
        Begin::Data { offset, proof } => {
            return Answer::Begin(Start {
                index,
                offset,
                proof,
            });
        }
        Begin::Made => [0; 32],
        Begin::Done { root } => root,
    };
    Answer::Done(Done { index, root })
}

fn untakable(index: u32, error: &EntryError, answer: &mut dyn FnMut(Answer)) {
    if !matches!(error, EntryError::Stale(_)) {
        answer(Answer::Failed(Failure {
            index,
            reason: error.reason(),
            errno: error.errno(),
            text: error.text(),
        }));
    }
}
