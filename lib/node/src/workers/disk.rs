//! The threads `hash` and `disk`, which do the jobs of transfers.

use std::time::Instant;

use transom_store::Inbox;

use super::{Report, Workers};
use crate::disk::{Answer, Disk, Job, ReceiveJob, SendJob};
use crate::lanes::{Lane, Lanes, Next};
use crate::load::{Load, Share};
use crate::notice::TransferId;

pub(super) type DiskJob = (TransferId, Job, Option<Share>);

impl Workers {
    /// Queues a job of a transfer from us to that peer.
    pub(crate) fn send(&mut self, lane: Lane, transfer: TransferId, job: SendJob) {
        self.start_disk();
        self.disk.put(lane, (transfer, Job::Send(job), None));
    }

    /// Queues a job of a transfer from that peer, which counts as its load.
    pub(crate) fn receive(
        &mut self,
        load: &Load,
        lane: Lane,
        transfer: TransferId,
        job: ReceiveJob,
    ) {
        let share = load.add(&job);
        let job = (transfer, Job::Receive(job), Some(share));
        self.start_disk();
        if self.hashes_apart {
            self.start_hash();
            self.hash.put(lane, job);
        } else {
            self.disk.put(lane, job);
        }
    }

    /// If a thread can't be started, that is told, and its transfers stand still.
    fn start_hash(&mut self) {
        if std::mem::replace(&mut self.hashes, true) {
            return;
        }
        let (jobs, disk) = (self.hash.clone(), self.disk.clone());
        self.start("hash", move || {
            while let Some((lane, (transfer, mut job, share))) = jobs.wait() {
                if let Job::Receive(job) = &mut job {
                    job.hash();
                }
                disk.put(lane, (transfer, job, share));
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

/// Does all jobs until the lanes are closed. The rest of a long one waits for other transfers of
/// its peer, but not for a new one, which may be the next attempt at this very transfer.
fn serve_disk(jobs: &Lanes<DiskJob>, disk: &mut Disk, mut answer: impl FnMut(TransferId, Answer)) {
    let mut tidied = Instant::now();
    loop {
        let next = jobs.wait_for(Inbox::TIDY_PAUSE.saturating_sub(tidied.elapsed()));
        // Also where jobs never pause for so long, as of a station that only sends.
        if tidied.elapsed() >= Inbox::TIDY_PAUSE {
            disk.tidy();
            tidied = Instant::now();
        }
        let (lane, (transfer, job, share)) = match next {
            Next::Value(lane, job) => (lane, job),
            Next::Nothing => continue,
            Next::Closed => return,
        };
        let rest = disk.work(transfer, job, &mut |done| answer(transfer, done));
        if let Some(rest) = rest {
            jobs.put_back(lane, (transfer, rest, share), |(other, job, _)| {
                *other != transfer && !matches!(job, Job::Receive(ReceiveJob::Prepare { .. }))
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use transom_wire::Start;
    use transom_wire::limits::LEAF;

    use super::*;
    use crate::disk::SendAnswer;

    #[test]
    fn a_file_is_read_while_what_is_held_of_a_bigger_one_is_checked() {
        let folder = std::env::temp_dir().join(format!("transom-checked-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // More leaves than are checked before others have their turn.
        let files = [(1, "big", 65 * LEAF as u64), (2, "small", 1)];
        let jobs = Lanes::default();
        let put = |transfer, job| jobs.put([0; 32], (TransferId(transfer), Job::Send(job), None));
        for (transfer, name, size) in files {
            let path = folder.join(name);
            File::create(&path).unwrap().set_len(size).unwrap();
            let (own, peer) = ([1; 32], [2; 32]);
            put(transfer, SendJob::Walk { path, own, peer });
        }
        for (transfer, offset) in [(1, 65 * LEAF as u64), (2, 0)] {
            let (index, proof) = (0, [0; 32]);
            put(
                transfer,
                SendJob::Start(Start {
                    index,
                    offset,
                    proof,
                }),
            );
        }
        let (index, leaves, spent) = (0, 1, Vec::new());
        put(
            2,
            SendJob::Read {
                index,
                leaves,
                spent,
            },
        );
        jobs.close();
        let mut told = Vec::new();
        serve_disk(
            &jobs,
            &mut Disk::default(),
            |transfer, answer| match answer {
                Answer::Send(SendAnswer::Started { .. }) => told.push((transfer.0, "started")),
                Answer::Send(SendAnswer::Leaf(_)) => told.push((transfer.0, "leaf")),
                _ => {}
            },
        );
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(told, [(2, "started"), (2, "leaf"), (1, "started")]);
    }
}
