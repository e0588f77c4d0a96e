//! What the threads of files do: everything about files that may block. It knows transfers by their
//! number and no sockets.
//!
//! Transfers from us and transfers to us share nothing: each half has its own jobs, answers, state
//! and threads.
//!
//! Jobs of one transfer are answered in their order. What waits here is bounded by the transfers
//! themselves: a receiver's leaves by the bytes it granted, a sender's by the room of its session.

mod receiving;
mod sending;

use std::path::PathBuf;
use std::time::Instant;

use transom_store::{InboxError, RoomLimits};

use self::receiving::Receiving;
pub(crate) use self::receiving::{ReceiveAnswer, ReceiveJob, Refusal};
use self::sending::Sending;
pub(crate) use self::sending::{Found, LEAVES_HASHED, Opened, SendAnswer, SendJob};
use crate::notice::TransferId;

/// Leaves of a file read at its end before others have their turn: some 20 ms.
const LEAVES_CHECKED: u32 = 64;

pub(crate) enum Job {
    /// Of a transfer from us.
    Send(SendJob),
    /// Of a transfer to us.
    Receive(ReceiveJob),
    /// Of the owner, who has another inbox or none: the one that is open is closed as soon as no
    /// reception uses it.
    CloseInbox,
}

impl Job {
    /// Whether it waits until there is room on the disk.
    pub(crate) fn waits_for_room(&self) -> bool {
        matches!(self, Self::Receive(ReceiveJob::Full(_)))
    }

    /// Whether it says more of what waits for room.
    pub(crate) fn counts(&self) -> bool {
        matches!(self, Self::Receive(ReceiveJob::Total(_)))
    }

    /// Whether it ends an attempt that is not whole.
    pub(crate) fn breaks_off(&self) -> bool {
        matches!(self, Self::Receive(ReceiveJob::Keep | ReceiveJob::Discard))
    }

    /// Whether there may be more room once it is done.
    pub(crate) fn frees(&self) -> bool {
        let is_last = matches!(
            self,
            Self::Receive(ReceiveJob::Finish(_) | ReceiveJob::Remove(_))
        );
        is_last || self.breaks_off()
    }

    /// Whether others may wait for it for long, as it counts files, reads many leaves or syncs.
    pub(crate) fn may_take_long(&self) -> bool {
        match self {
            Self::Send(job) => matches!(
                job,
                SendJob::Open { .. } | SendJob::Count | SendJob::Hashes(_)
            ),
            Self::Receive(job) => matches!(
                job,
                ReceiveJob::Prepare { .. }
                    | ReceiveJob::Hashes(_)
                    | ReceiveJob::Finish(_)
                    | ReceiveJob::Keep
                    | ReceiveJob::Discard
                    | ReceiveJob::Remove(_)
            ),
            Self::CloseInbox => false,
        }
    }
}

pub(crate) enum Answer {
    Send(SendAnswer),
    Receive(ReceiveAnswer),
}

impl Answer {
    /// Whether no job of the transfer follows.
    pub(crate) fn is_last(&self) -> bool {
        matches!(
            self,
            Self::Receive(ReceiveAnswer::Ready(Err(_)) | ReceiveAnswer::Finished(_))
        )
    }

    /// Bytes of a leaf that was read or written; a hole counts as a whole leaf.
    pub(crate) fn leaf_bytes(&self) -> usize {
        match self {
            Self::Send(SendAnswer::Leaf(leaf) | SendAnswer::LeafAgain(leaf)) => {
                leaf.len_in(u64::MAX) as usize
            }
            Self::Receive(ReceiveAnswer::Stored { taken, .. }) => *taken as usize,
            _ => 0,
        }
    }
}

/// What one thread works on: all that is sent, or one inbox.
#[derive(Default)]
pub(crate) struct Disk {
    sending: Sending,
    receiving: Receiving,
}

impl Disk {
    /// Of the calling thread, which is confined to the inbox that it opens, where the kernel can do
    /// that, and opens no second one.
    pub(crate) fn confined() -> Self {
        Self {
            receiving: Receiving::confined(),
            ..Self::default()
        }
    }

    /// Opens the inbox now, so that one that can't be used is known at the start. One that is open
    /// takes the limits.
    ///
    /// # Errors
    /// What is wrong with the folder.
    pub(crate) fn open_inbox(
        &mut self,
        root: PathBuf,
        limits: RoomLimits,
    ) -> Result<(), InboxError> {
        self.receiving.open_inbox(root, limits).map(|_| ())
    }

    /// Whether its thread is confined and nothing is left for it to do: the inbox was closed, or
    /// could not be opened.
    pub(crate) fn is_over(&self) -> bool {
        self.receiving.is_over()
    }

    /// Removes old and left-over transfers from the inbox, or so much that others need not wait;
    /// says whether that was all.
    pub(crate) fn tidy_some(&mut self) -> bool {
        self.receiving.tidy_some()
    }

    /// Closes an inbox that nothing has used for long, so that its disk can be unmounted; tells
    /// when to look again. It is opened at the next offer.
    pub(crate) fn close_unused(&mut self, now: Instant) -> Option<Instant> {
        self.receiving.close_unused(now)
    }

    /// Does a job, or of a long one so much that others need not wait; gives the rest.
    pub(crate) fn work(
        &mut self,
        transfer: TransferId,
        job: Job,
        answer: &mut dyn FnMut(Answer),
    ) -> Option<Job> {
        match job {
            Job::Send(job) => {
                let answer = &mut |done| answer(Answer::Send(done));
                self.sending.work(transfer, job, answer);
                None
            }
            Job::Receive(job) => {
                let answer = &mut |done| answer(Answer::Receive(done));
                self.receiving.work(transfer, job, answer).map(Job::Receive)
            }
            Job::CloseInbox => {
                self.receiving.expect_no_offer();
                None
            }
        }
    }
}
