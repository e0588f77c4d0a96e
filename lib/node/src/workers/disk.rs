//! The threads `hash` and `disk`, which do the jobs of transfers.

use std::time::Instant;

use transom_store::Inbox;
use transom_wire::TransferKey;

use super::{Report, Workers};
use crate::disk::{Answer, Disk, Job, ReceiveJob, SendJob};
use crate::lanes::{Lane, Lanes, Next, Queue};
use crate::load::{Load, Share};
use crate::notice::TransferId;

pub(super) type DiskJob = (TransferId, Job, Option<Share>);

impl Workers {
    /// Queues a job of a transfer from us to that peer.
    pub(crate) fn send(&mut self, lane: Lane, transfer: TransferId, job: SendJob) {
        self.start_disk();
        let queue = Queue::Out(transfer);
        self.disk.put(lane, queue, (transfer, Job::Send(job), None));
    }

    /// Queues a job of a transfer from that peer, which counts as its load.
    pub(crate) fn receive(
        &mut self,
        load: &Load,
        lane: Lane,
        key: TransferKey,
        transfer: TransferId,
        job: ReceiveJob,
    ) {
        let share = load.add(&job);
        let (queue, job) = (Queue::In(key), (transfer, Job::Receive(job), Some(share)));
        self.start_disk();
        if self.hashes_apart {
            self.start_hash();
            self.hash.put(lane, queue, job);
        } else {
            self.disk.put(lane, queue, job);
        }
    }

    /// If a thread can't be started, that is told, and its transfers stand still.
    fn start_hash(&mut self) {
        if std::mem::replace(&mut self.hashes, true) {
            return;
        }
        let (jobs, disk) = (self.hash.clone(), self.disk.clone());
        self.start("hash", move || {
            while let Some((lane, queue, (transfer, mut job, share))) = jobs.wait() {
                if let Job::Receive(job) = &mut job {
                    job.hash();
                }
                disk.put(lane, queue, (transfer, job, share));
            }
        });
    }

    pub(super) fn start_disk(&mut self) {
        let Some(mut disk) = self.ready_disk.take() else {
            return;
        };
        let (jobs, reports) = (self.disk.clone(), self.reports.clone());
        self.start("disk", move || {
            serve_disk(&jobs, &mut disk, |transfer, answer| {
                reports.send(Report::Disk(transfer, answer));
            });
        });
    }
}

/// Does all jobs until the lanes are closed. The rest of a long one waits for other peers and
/// transfers, but is done before all that comes after it in its own transfer.
fn serve_disk(jobs: &Lanes<DiskJob>, disk: &mut Disk, mut answer: impl FnMut(TransferId, Answer)) {
    let mut tidied = Instant::now();
    loop {
        let next = jobs.wait_for(Inbox::TIDY_PAUSE.saturating_sub(tidied.elapsed()));
        // Also where jobs never pause for so long, as of a station that only sends.
        if tidied.elapsed() >= Inbox::TIDY_PAUSE {
            disk.tidy();
            tidied = Instant::now();
        }
        let (lane, queue, (transfer, job, share)) = match next {
            Next::Value(lane, queue, job) => (lane, queue, job),
            Next::Nothing => continue,
            Next::Closed => return,
        };
        let rest = disk.work(transfer, job, &mut |done| answer(transfer, done));
        if let Some(rest) = rest {
            jobs.put_back(lane, queue, (transfer, rest, share));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use transom_proto::{LeafData, OwnedEntry, OwnedOffer};
    use transom_wire::limits::LEAF;
    use transom_wire::{Collision, End, EntryKind, RelativePath, Shape, Start};

    use super::*;
    use crate::disk::{ReceiveAnswer, SendAnswer};

    /// More leaves than are checked in three turns.
    const BIG: u64 = 193 * LEAF as u64;

    fn in_folder<T>(name: &str, test: impl FnOnce(&Path) -> T) -> T {
        let folder = std::env::temp_dir().join(format!("transom-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let tested = test(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        tested
    }

    fn put_send(jobs: &Lanes<DiskJob>, transfer: u32, job: SendJob) {
        let transfer = TransferId(transfer);
        let job = (transfer, Job::Send(job), None);
        jobs.put([2; 32], Queue::Out(transfer), job);
    }

    fn put_walk(jobs: &Lanes<DiskJob>, transfer: u32, path: &Path, size: u64) {
        File::create(path).unwrap().set_len(size).unwrap();
        let (path, own, peer) = (path.to_owned(), [1; 32], [2; 32]);
        put_send(jobs, transfer, SendJob::Walk { path, own, peer });
    }

    fn start(offset: u64) -> SendJob {
        let (index, proof) = (0, [0; 32]);
        SendJob::Start(Start {
            index,
            offset,
            proof,
        })
    }

    /// Does all jobs and gives the transfers and kinds of their answers.
    fn served(jobs: &Lanes<DiskJob>) -> Vec<(u32, &'static str)> {
        jobs.close();
        let mut told = Vec::new();
        serve_disk(jobs, &mut Disk::default(), |transfer, answer| {
            let kind = match answer {
                Answer::Send(SendAnswer::Walked(_)) => return,
                Answer::Send(SendAnswer::Started { .. }) => "started",
                Answer::Send(SendAnswer::Leaf(_)) => "leaf",
                Answer::Receive(ReceiveAnswer::Ready(Ok(()))) => "ready",
                Answer::Receive(ReceiveAnswer::Begin(_)) => "begin",
                Answer::Receive(ReceiveAnswer::Stored { .. }) => "stored",
                Answer::Receive(ReceiveAnswer::Done(_)) => "done",
                _ => "other",
            };
            told.push((transfer.0, kind));
        });
        told
    }

    #[test]
    fn a_file_is_read_while_what_is_held_of_a_bigger_one_is_checked() {
        let told = in_folder("checked", |folder| {
            let jobs = Lanes::default();
            put_walk(&jobs, 1, &folder.join("big"), BIG);
            put_walk(&jobs, 2, &folder.join("small"), 1);
            put_send(&jobs, 1, start(BIG));
            put_send(&jobs, 2, start(0));
            let (index, leaves, spent) = (0, 1, Vec::new());
            let read = SendJob::Read {
                index,
                leaves,
                spent,
            };
            put_send(&jobs, 2, read);
            served(&jobs)
        });
        assert_eq!(told, [(2, "started"), (2, "leaf"), (1, "started")]);
    }

    #[test]
    fn a_small_file_comes_in_while_what_is_held_of_a_bigger_one_is_checked() {
        let told = in_folder("passed", |folder| {
            let jobs = Lanes::default();
            put_walk(&jobs, 1, &folder.join("big"), BIG);
            put_send(&jobs, 1, start(BIG));
            let key = TransferKey([3; 16]);
            let name = || RelativePath::new("small").unwrap().into();
            let (index, size, bytes) = (0, 5, b"small".to_vec());
            let hash = transom_store::hash_leaf(&bytes, 0, size);
            let offer = OwnedOffer {
                transfer: key,
                shape: Shape::File,
                collision: Collision::Rename,
                files: 1,
                bytes: size,
                name: name(),
            };
            let entry = OwnedEntry {
                index,
                kind: EntryKind::File,
                mode: 0o644,
                mtime: 0,
                size,
                path: name(),
            };
            let (offset, root, found) = (0, hash, None);
            let leaf = LeafData {
                index,
                offset,
                hash,
                bytes,
            };
            for job in [
                ReceiveJob::Prepare {
                    into: folder.join("inbox"),
                    quota: None,
                    peer: [2; 32],
                    offer,
                },
                ReceiveJob::Entry(entry),
                ReceiveJob::Leaf { leaf, size, found },
                ReceiveJob::End(End { index, size, root }),
            ] {
                let job = (TransferId(2), Job::Receive(job), None);
                jobs.put([2; 32], Queue::In(key), job);
            }
            served(&jobs)
        });
        let wanted = ["ready", "begin", "stored", "done"].map(|kind| (2, kind));
        assert_eq!(told[..4], wanted);
        assert_eq!(told[4..], [(1, "started")]);
    }
}
