//! The threads of files: `outbox` for all that is sent, and an `inbox` for each folder that is
//! received into.
//!
//! ```text
//!                    jobs                            answers
//!   loop --+--> outbox: reads what is sent -----------------> loop
//!          +--> [hash] --> inbox: writes below one folder --> loop
//!          +--> [hash] --> inbox: writes below another -----> loop
//! ```
//!
//! The thread of an inbox is confined to its folder where the kernel can do that
//! ([`confines_thread`](transom_store::InboxSettings::confines_thread)): what a peer sends is
//! written by a thread that can reach nothing else. It is never freed again, so it serves one
//! folder. It ends when that has not been used for a while, was cleared away or can't be opened; if
//! jobs wait then, the loop starts another thread, which opens the folder anew. If a thread can't
//! be started, the transfers that need it fail, and the next one tries again.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use transom_store::{Inbox, InboxError, RoomLimits};
use transom_wire::{FailReason, Failure, RefuseReason, TransferKey, WHOLE};

use super::{Report, Workers};
use crate::disk::{Answer, Disk, Job, ReceiveAnswer, ReceiveJob, Refusal, SendAnswer, SendJob};
use crate::lanes::{Lane, Lanes, Next, Queue, Waiting};
use crate::load::{Load, Share};
use crate::notice::{TransferFailure, TransferId};

/// A job, and what is held until it is done: the peer's load, and the thread of the inbox.
type DiskJob = (TransferId, Job, Option<(Share, Arc<()>)>);

/// The way of jobs to a thread.
#[derive(Default)]
pub(super) struct DiskQueue {
    /// Jobs of this turn of the loop.
    jobs: Vec<(Lane, Queue, DiskJob)>,
    /// What the thread serves.
    lanes: Arc<Lanes<DiskJob>>,
    /// Where leaves are hashed before, on a thread of their own.
    hash: Option<Arc<Lanes<DiskJob>>>,
    /// Whether the thread runs.
    is_served: bool,
}

/// A folder that is received into.
#[derive(Default)]
pub(super) struct OpenInbox {
    queue: DiskQueue,
    /// Shared with all jobs that are not done.
    held: Arc<()>,
    /// The transfers whose jobs go there.
    transfers: HashSet<TransferId>,
}

impl DiskQueue {
    /// Hands the jobs of this turn on, all at once: to hand each on alone would wake the thread for
    /// each.
    fn hand_over(&mut self) {
        if !self.jobs.is_empty() {
            let first = self.hash.as_ref().unwrap_or(&self.lanes);
            first.put_all(self.jobs.drain(..));
        }
    }
}

impl OpenInbox {
    fn has_jobs(&self) -> bool {
        Arc::strong_count(&self.held) > 1
    }

    fn close_hash(&self) {
        if let Some(hash) = &self.queue.hash {
            hash.close();
        }
    }
}

impl Workers {
    /// Queues a job of a transfer from us to that peer; see [`Workers::hand_over`].
    pub(crate) fn send(&mut self, lane: Lane, transfer: TransferId, job: SendJob) {
        let (queue, job) = (Queue::Out(transfer), (transfer, Job::Send(job), None));
        self.outbox.jobs.push((lane, queue, job));
    }

    /// Queues a job of a transfer from that peer, which counts as its load; see
    /// [`Workers::hand_over`].
    pub(crate) fn receive(
        &mut self,
        load: &Load,
        lane: Lane,
        key: TransferKey,
        transfer: TransferId,
        job: ReceiveJob,
    ) {
        if let ReceiveJob::Prepare { into, .. } = &job {
            let inbox = self.inboxes.entry(into.clone()).or_default();
            inbox.transfers.insert(transfer);
        }
        let mut inboxes = self.inboxes.values_mut();
        let Some(inbox) = inboxes.find(|inbox| inbox.transfers.contains(&transfer)) else {
            return;
        };
        let held = Some((load.add(&job), inbox.held.clone()));
        let job = Job::Receive(job);
        if job.breaks_off() {
            inbox.transfers.remove(&transfer);
        }
        let job = (transfer, job, held);
        inbox.queue.jobs.push((lane, Queue::In(key), job));
    }

    /// Has the inboxes closed as soon as no reception uses them; see [`Workers::hand_over`].
    pub(crate) fn close_inboxes(&mut self) {
        for inbox in self.inboxes.values_mut() {
            let job = (TransferId(0), Job::CloseInbox, None);
            inbox.queue.jobs.push((Lane::default(), Queue::Owner, job));
        }
    }

    /// Hands the jobs of this turn of the loop on, and starts the threads that do them.
    pub(crate) fn hand_over(&mut self) {
        if !self.outbox.jobs.is_empty() && !self.outbox.is_served {
            self.start_outbox();
            if !self.outbox.is_served {
                let jobs = self.outbox.jobs.drain(..);
                let failed = jobs.map(|(.., (transfer, ..))| Report::from(unsent(transfer)));
                self.reports.send_all(failed);
            }
        }
        self.outbox.hand_over();
        let mut inboxes = std::mem::take(&mut self.inboxes);
        inboxes.retain(|root, inbox| {
            if !inbox.queue.is_served && inbox.has_jobs() {
                self.start_inbox(root, inbox, |_| ());
                if !inbox.queue.is_served {
                    let failed = inbox.transfers.drain().map(unreceived);
                    self.reports.send_all(failed.map(Report::from));
                }
            }
            inbox.queue.hand_over();
            let is_over = !inbox.queue.is_served;
            if is_over {
                inbox.close_hash();
            }
            !is_over
        });
        self.inboxes = inboxes;
    }

    /// Opens an inbox now, so that one that can't be used is known at the start, and what is too
    /// old in it goes even if nothing is ever sent here.
    ///
    /// # Errors
    /// What is wrong with the folder.
    pub(crate) fn open_inbox(&mut self, root: &Path, limits: RoomLimits) -> Result<(), InboxError> {
        let (opened, result) = channel();
        let mut inbox = OpenInbox::default();
        let into = root.to_owned();
        self.start_inbox(root, &mut inbox, move |disk| {
            // It is waited for.
            let _ = opened.send(disk.open_inbox(into, limits));
        });
        self.inboxes.insert(root.to_owned(), inbox);
        // Of a thread that did not start nothing comes. That was told.
        result.recv().unwrap_or(Ok(()))
    }

    /// Notes what has ended: transfers, by their last answers, and threads of inboxes.
    pub(super) fn note_ended<'a>(&mut self, reports: impl Iterator<Item = &'a Report>) {
        for report in reports {
            if let Report::Disk(transfer, answer) = report
                && answer.is_last()
            {
                for inbox in self.inboxes.values_mut() {
                    inbox.transfers.remove(transfer);
                }
            }
        }
        for root in self.ended.try_iter() {
            if let Some(inbox) = self.inboxes.get_mut(&root) {
                inbox.queue.is_served = false;
            }
        }
    }

    /// Lets the threads end once they have done all that was handed over.
    pub(super) fn end_disk_threads(&mut self) {
        self.hand_over();
        self.inboxes.values().for_each(OpenInbox::close_hash);
        self.join(|name| name == "hash");
        // Now the inboxes have all that was handed on to them.
        let inboxes = self.inboxes.values().map(|inbox| &inbox.queue);
        for queue in inboxes.chain([&self.outbox]) {
            queue.lanes.close();
        }
        self.join(|name| matches!(name, "inbox" | "outbox"));
    }

    fn start_outbox(&mut self) {
        let (jobs, reports) = (self.outbox.lanes.clone(), self.reports.clone());
        self.outbox.is_served = self.start("outbox", move || {
            serve_disk(&jobs, &mut Disk::default(), |answers| {
                reports.send_all(answers.drain(..).map(Report::from));
            });
        });
    }

    /// Starts the thread of an inbox, which begins so. Without a thread to hash it hashes itself.
    fn start_inbox(
        &mut self,
        root: &Path,
        inbox: &mut OpenInbox,
        begin: impl FnOnce(&mut Disk) + Send + 'static,
    ) {
        let jobs = inbox.queue.lanes.clone();
        if self.hashes_apart && inbox.queue.hash.is_none() {
            let (hash, disk) = (Arc::<Lanes<_>>::default(), jobs.clone());
            let served = hash.clone();
            let is_served = self.start("hash", move || serve_hash(&served, &disk));
            inbox.queue.hash = is_served.then_some(hash);
        }
        let (reports, root) = (self.reports.clone(), root.to_owned());
        inbox.queue.is_served = self.start("inbox", move || {
            let mut disk = Disk::confined();
            begin(&mut disk);
            serve_disk(&jobs, &mut disk, |answers| {
                reports.send_all(answers.drain(..).map(Report::from));
            });
            // The next thread needs its lock.
            drop(disk);
            reports.inbox_ended(root);
        });
    }
}

/// Why a transfer fails whose thread can't be started.
const NO_THREAD: &str = "the system can't start a thread for files";

fn unsent(transfer: TransferId) -> Told {
    let failure = Failure {
        index: WHOLE,
        reason: FailReason::Io,
        errno: 0,
        text: NO_THREAD.to_owned(),
    };
    let opened = Err(TransferFailure::here(&failure));
    (transfer, Answer::Send(SendAnswer::Opened(opened)))
}

fn unreceived(transfer: TransferId) -> Told {
    let ready = Err(Refusal {
        reason: RefuseReason::Unwritable,
        told: NO_THREAD.to_owned(),
        text: NO_THREAD.to_owned(),
    });
    (transfer, Answer::Receive(ReceiveAnswer::Ready(ready)))
}

impl From<Told> for Report {
    fn from((transfer, answer): Told) -> Self {
        Self::Disk(transfer, answer)
    }
}

/// Hashes all leaves until the lanes are closed, and hands all jobs on: several small ones at once.
fn serve_hash(jobs: &Lanes<DiskJob>, disk: &Lanes<DiskJob>) {
    let (mut done, mut bytes) = (Vec::new(), 0);
    loop {
        let most = match done.is_empty() {
            true => Duration::MAX,
            false => Duration::ZERO,
        };
        match jobs.wait_for(most) {
            Next::Value(lane, queue, (transfer, mut job, share)) => {
                if let Job::Receive(job) = &mut job {
                    bytes += job.hash();
                }
                done.push((lane, queue, (transfer, job, share)));
                if bytes < MUCH_DATA {
                    continue;
                }
            }
            Next::Nothing => {}
            Next::Closed => return disk.put_all(done),
        }
        disk.put_all(done.drain(..));
        bytes = 0;
    }
}

/// Answers wait for so long for more of them: each time they are told the loop wakes, and may send
/// a record. Of small files many are answered in that time.
const ANSWER_PAUSE: Duration = Duration::from_millis(1);
/// So much data does not wait: the loop encrypts or grants it while the next is read or written.
const MUCH_DATA: usize = 64 * 1024;

/// How often a transfer that waits for room on the disk looks for it.
const ROOM_PAUSE: Duration = Duration::from_secs(1);

impl Waiting for DiskJob {
    fn unparks(&self) -> bool {
        self.1.breaks_off()
    }

    fn passes(&self) -> bool {
        self.1.counts()
    }
}

type Told = (TransferId, Answer);

/// Answers that the loop has not been told yet.
#[derive(Default)]
struct Answers {
    list: Vec<Told>,
    /// Bytes of leaves that were read or written.
    bytes: usize,
    /// When the first came.
    since: Option<Instant>,
}

impl Answers {
    fn put(&mut self, transfer: TransferId, answer: Answer) {
        self.bytes += answer.leaf_bytes();
        self.since.get_or_insert_with(Instant::now);
        self.list.push((transfer, answer));
    }

    fn is_due(&self) -> bool {
        let waited = |since: Instant| since.elapsed() >= ANSWER_PAUSE;
        self.bytes >= MUCH_DATA || self.since.is_some_and(waited)
    }

    fn tell(&mut self, tell: &mut dyn FnMut(&mut Vec<Told>)) {
        if !self.list.is_empty() {
            tell(&mut self.list);
            (self.bytes, self.since) = (0, None);
        }
    }
}

/// Does all jobs until the lanes are closed, or the disk [is over](Disk::is_over). The rest of a
/// long job waits for other peers and transfers, but is done before all that comes after it in its
/// own transfer.
fn serve_disk(jobs: &Lanes<DiskJob>, disk: &mut Disk, mut tell: impl FnMut(&mut Vec<Told>)) {
    // At once, for an earlier run may have left something.
    let mut tidy_at = Instant::now();
    let mut answers = Answers::default();
    while !disk.is_over() {
        // Also where jobs never pause for so long, as of a station that only sends.
        let (now, mut due) = (Instant::now(), tidy_at);
        if now < tidy_at
            && let Some(close_at) = disk.close_unused(now)
        {
            due = due.min(close_at);
        }
        if disk.is_over() {
            break;
        }
        let next = match jobs.wait_for(Duration::ZERO) {
            Next::Nothing => {
                answers.tell(&mut tell);
                jobs.wait_for(due.saturating_duration_since(Instant::now()))
            }
            next => next,
        };
        if Instant::now() >= tidy_at && disk.tidy_some() {
            tidy_at = Instant::now() + Inbox::TIDY_PAUSE;
        }
        let (lane, queue, (transfer, job, share)) = match next {
            Next::Value(lane, queue, job) => (lane, queue, job),
            Next::Nothing => continue,
            Next::Closed => break,
        };
        if matches!(job, Job::Receive(ReceiveJob::Prepare { .. })) {
            // An older transfer may have given way to it.
            tidy_at = Instant::now();
        }
        if answers.is_due() || job.may_take_long() {
            answers.tell(&mut tell);
        }
        let frees = job.frees();
        let rest = disk.work(transfer, job, &mut |answer| {
            answers.put(transfer, answer);
            if answers.is_due() {
                answers.tell(&mut tell);
            }
        });
        match rest {
            Some(rest) if rest.waits_for_room() => {
                jobs.park(lane, queue, (transfer, rest, share), ROOM_PAUSE);
            }
            Some(rest) => jobs.put_back(lane, queue, (transfer, rest, share)),
            None if frees => jobs.unpark(),
            None => {}
        }
    }
    answers.tell(&mut tell);
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use transom_proto::{LeafData, OwnedEntry, OwnedOffer};
    use transom_store::{InboxSettings, RoomLimits};
    use transom_wire::limits::LEAF;
    use transom_wire::{Collision, End, EntryKind, LeafContent, RelativePath, Shape, Start};

    use super::*;

    /// More leaves than are hashed in six jobs.
    const BIG: u64 = 97 * LEAF as u64;

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

    fn open(path: &Path) -> SendJob {
        SendJob::Open {
            path: path.to_owned(),
            follows: false,
            origin: None,
            own: [1; 32],
            peer: [2; 32],
        }
    }

    fn put_open(jobs: &Lanes<DiskJob>, transfer: u32, path: &Path, size: u64) {
        File::create(path).unwrap().set_len(size).unwrap();
        put_send(jobs, transfer, open(path));
        let settled = Vec::new();
        put_send(jobs, transfer, SendJob::Entries { settled });
    }

    fn start(offset: u64) -> SendJob {
        SendJob::Start(Start { index: 0, offset })
    }

    fn read() -> SendJob {
        let (index, leaves, spent) = (0, 1, Vec::new());
        SendJob::Read {
            index,
            leaves,
            spent,
        }
    }

    const KEY: TransferKey = TransferKey([3; 16]);

    /// The offer of a small file.
    fn prepare(folder: &Path) -> ReceiveJob {
        let offer = OwnedOffer {
            transfer: KEY,
            shape: Shape::File,
            collision: Collision::Rename,
            files: 1,
            bytes: 5,
            is_counted: true,
            name: RelativePath::new("small").unwrap().into(),
        };
        ReceiveJob::Prepare {
            into: folder.join("inbox"),
            limits: RoomLimits::default(),
            peer: [2; 32],
            offer,
        }
    }

    /// Whether somebody has the lock of the inbox.
    fn is_open(folder: &Path) -> bool {
        Inbox::open(InboxSettings::new(folder.join("inbox"))).is_err()
    }

    #[test]
    fn an_inbox_is_closed_once_no_reception_uses_it() {
        const UNUSED: Duration = Duration::from_secs(5);
        in_folder("unused", |folder| {
            let mut disk = Disk::default();
            let work = |disk: &mut Disk, job| {
                assert!(disk.work(TransferId(1), job, &mut |_| {}).is_none());
            };
            let now = Instant::now();

            work(&mut disk, Job::Receive(prepare(folder)));
            assert_eq!(disk.close_unused(now + UNUSED), None);
            assert!(is_open(folder), "the reception uses it");
            work(&mut disk, Job::Receive(ReceiveJob::Keep));
            assert_eq!(disk.close_unused(now), Some(now + UNUSED));
            assert!(is_open(folder), "the next offer may come soon");
            assert_eq!(disk.close_unused(now + UNUSED), None);
            assert!(!is_open(folder));

            work(&mut disk, Job::Receive(prepare(folder)));
            work(&mut disk, Job::CloseInbox);
            assert_eq!(disk.close_unused(now), None);
            assert!(is_open(folder), "the reception uses it");
            work(&mut disk, Job::Receive(ReceiveJob::Keep));
            assert_eq!(disk.close_unused(now), None);
            assert!(!is_open(folder), "no offer is expected there");
        });
    }

    #[test]
    fn transfers_whose_thread_can_not_be_started_fail_and_the_next_ones_try_again() {
        in_folder("threads", |folder| {
            let mut workers = Workers::new(crate::handle::Queue::new(|| ()));
            workers.hashes_apart = true;
            workers.stack_bytes = usize::MAX / 4;
            let root = folder.join("inbox");
            workers.open_inbox(&root, RoomLimits::default()).unwrap();
            let load = Load::default();
            let told = |workers: &mut Workers, number| {
                let transfer = TransferId(number);
                workers.receive(&load, [2; 32], KEY, transfer, prepare(folder));
                workers.send([2; 32], transfer, open(&folder.join("none")));
                let (mut sent, mut received) = (None, None);
                let end = Instant::now() + Duration::from_secs(60);
                while sent.is_none() || received.is_none() {
                    assert!(Instant::now() < end, "no answer");
                    workers.hand_over();
                    for report in workers.reports() {
                        match report {
                            Report::Disk(_, Answer::Send(SendAnswer::Opened(opened))) => {
                                sent = opened.err().map(|why| why.to_string());
                            }
                            Report::Disk(_, Answer::Receive(ReceiveAnswer::Ready(ready))) => {
                                received = Some(ready.map_err(|refusal| refusal.text));
                            }
                            _ => {}
                        }
                    }
                    std::thread::yield_now();
                }
                (sent.unwrap(), received.unwrap())
            };
            let without = told(&mut workers, 1);
            assert_eq!(without, (NO_THREAD.to_owned(), Err(NO_THREAD.to_owned())));
            assert!(workers.inboxes.is_empty());
            workers.stack_bytes = super::super::STACK_BYTES;
            let (sent, received) = told(&mut workers, 2);
            assert!(sent != NO_THREAD, "it fails as there is no such file");
            assert_eq!(received, Ok(0));
        });
    }

    /// The first answer to an offer into the inbox there, of threads that began with `begin`.
    fn ready(
        folder: &Path,
        hashes_apart: bool,
        begin: impl FnOnce(&mut Workers, &Path),
    ) -> Result<u64, String> {
        let mut workers = Workers::new(crate::handle::Queue::new(|| ()));
        workers.hashes_apart = hashes_apart;
        let root = folder.join("inbox");
        workers.open_inbox(&root, RoomLimits::default()).unwrap();
        begin(&mut workers, &root);
        let load = Load::default();
        workers.receive(&load, [2; 32], KEY, TransferId(7), prepare(folder));
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            for report in workers.reports() {
                if let Report::Disk(_, Answer::Receive(ReceiveAnswer::Ready(ready))) = report {
                    return ready.map_err(|refusal| refusal.text);
                }
            }
            workers.hand_over();
            std::thread::yield_now();
        }
        panic!("no answer");
    }

    #[test]
    fn the_thread_of_an_inbox_makes_nothing_outside_of_it() {
        if !transom_store::can_confine() {
            return println!("skipped: this kernel has no Landlock");
        }
        let [usual, moved] = ["usual", "moved"].map(|name| {
            in_folder(name, |folder| {
                ready(folder, false, |_, root| {
                    // It is still open, but where the thread may not reach.
                    let private = root.join(".transom-incoming");
                    if name == "moved" {
                        std::fs::rename(private, folder.join("outside")).unwrap();
                    }
                })
            })
        });
        assert_eq!(usual, Ok(0));
        let refusal = moved.unwrap_err();
        assert!(refusal.contains("ermission denied"), "{refusal}");
    }

    #[test]
    fn a_folder_that_was_cleared_away_or_closed_is_opened_by_another_thread() {
        for hashes_apart in [false, true] {
            let cleared = in_folder("cleared", |folder| {
                ready(folder, hashes_apart, |_, root| {
                    std::fs::remove_dir_all(root).unwrap();
                })
            });
            assert_eq!(cleared, Ok(0));
            let closed = in_folder("closed", |folder| {
                ready(folder, hashes_apart, |workers, root| {
                    workers.close_inboxes();
                    while !workers.inboxes.is_empty() {
                        workers.hand_over();
                        workers.reports();
                        std::thread::yield_now();
                    }
                    assert!(!is_open(folder), "{}", root.display());
                })
            });
            assert_eq!(closed, Ok(0));
        }
    }

    /// Does all jobs and gives the transfers and kinds of their answers.
    fn served(jobs: &Lanes<DiskJob>) -> Vec<(u32, &'static str)> {
        jobs.close();
        let mut told = Vec::new();
        let mut answers = Vec::new();
        serve_disk(jobs, &mut Disk::default(), |told| answers.append(told));
        for (transfer, answer) in answers {
            let kind = match answer {
                Answer::Send(SendAnswer::Opened(_) | SendAnswer::Entries(_)) => continue,
                Answer::Send(SendAnswer::Hashes(_)) => "hashes",
                Answer::Send(SendAnswer::Leaf(_)) => "leaf",
                Answer::Receive(ReceiveAnswer::Ready(Ok(_))) => "ready",
                Answer::Receive(ReceiveAnswer::Begin(_)) => "begin",
                Answer::Receive(ReceiveAnswer::Stored { .. }) => "stored",
                Answer::Receive(ReceiveAnswer::Done(_)) => "done",
                Answer::Receive(ReceiveAnswer::Full(..)) => "full",
                Answer::Receive(ReceiveAnswer::Finished(Err(_))) => "failed",
                _ => "other",
            };
            told.push((transfer.0, kind));
        }
        told
    }

    #[test]
    fn what_waits_for_room_fails_when_more_is_counted_than_ever_has_room() {
        let told = in_folder("counted", |folder| {
            std::fs::create_dir(folder.join("inbox")).unwrap();
            std::fs::write(folder.join("inbox/own"), [0; 8000]).unwrap();
            let ReceiveJob::Prepare {
                into,
                mut limits,
                peer,
                mut offer,
            } = prepare(folder)
            else {
                panic!("no offer");
            };
            limits.quota = Some(20_000);
            (offer.shape, offer.bytes, offer.is_counted) = (Shape::Folder, 9000, false);
            let mut total = offer.as_offer().total();
            let prepare = ReceiveJob::Prepare {
                into,
                limits,
                peer,
                offer,
            };
            total.bytes = 30_000;
            let jobs = Lanes::default();
            for job in [prepare, ReceiveJob::Total(total)] {
                jobs.put(
                    peer,
                    Queue::In(KEY),
                    (TransferId(1), Job::Receive(job), None),
                );
            }
            served(&jobs)
        });
        assert_eq!(told, [(1, "full"), (1, "ready"), (1, "failed")]);
    }

    #[test]
    fn a_file_is_read_while_what_is_held_of_a_bigger_one_is_hashed() {
        let told = in_folder("checked", |folder| {
            let jobs = Lanes::default();
            put_open(&jobs, 1, &folder.join("big"), BIG);
            put_open(&jobs, 2, &folder.join("small"), 1);
            put_send(&jobs, 1, start(BIG));
            (0..3).for_each(|_| put_send(&jobs, 1, SendJob::Hashes(0)));
            put_send(&jobs, 2, start(0));
            put_send(&jobs, 2, read());
            served(&jobs)
        });
        let wanted = [(1, "hashes"), (2, "leaf"), (1, "hashes"), (1, "hashes")];
        assert_eq!(told, wanted);
    }

    #[test]
    fn answers_are_told_before_what_takes_long() {
        let (mut told, mut tells) = (Vec::new(), 0);
        in_folder("told", |folder| {
            let jobs = Lanes::default();
            put_open(&jobs, 1, &folder.join("small"), 1);
            put_open(&jobs, 2, &folder.join("big"), BIG);
            put_send(&jobs, 1, start(0));
            put_send(&jobs, 2, start(BIG));
            put_send(&jobs, 1, read());
            put_send(&jobs, 2, SendJob::Hashes(0));
            jobs.close();
            serve_disk(&jobs, &mut Disk::default(), |answers| {
                tells += 1;
                for (transfer, answer) in answers.drain(..) {
                    if !matches!(
                        answer,
                        Answer::Send(SendAnswer::Opened(_) | SendAnswer::Entries(_))
                    ) {
                        told.push((transfer.0, tells));
                    }
                }
            });
        });
        let [(1, small), (2, big)] = told[..] else {
            panic!("{told:?}");
        };
        assert!(small < big, "{told:?}");
    }

    #[test]
    fn a_small_file_comes_in_while_what_is_held_of_a_bigger_one_is_hashed() {
        let told = in_folder("passed", |folder| {
            let jobs = Lanes::default();
            put_open(&jobs, 1, &folder.join("big"), BIG);
            put_send(&jobs, 1, start(BIG));
            (0..6).for_each(|_| put_send(&jobs, 1, SendJob::Hashes(0)));
            let (index, size, bytes) = (0, 5, b"small".to_vec());
            let hash = transom_store::hash_leaf(&bytes, 0, size);
            let entry = OwnedEntry {
                index,
                kind: EntryKind::File,
                mode: 0o644,
                mtime: 0,
                size,
                path: RelativePath::new("small").unwrap().into(),
            };
            let (offset, root, found) = (0, hash, None);
            let leaf = LeafData {
                index,
                offset,
                hash,
                content: LeafContent::Data,
                bytes,
            };
            for job in [
                prepare(folder),
                ReceiveJob::Entry(entry),
                ReceiveJob::Leaf { leaf, size, found },
                ReceiveJob::End(End { index, size, root }),
            ] {
                let job = (TransferId(2), Job::Receive(job), None);
                jobs.put([2; 32], Queue::In(KEY), job);
            }
            served(&jobs)
        });
        let (hashes, others): (Vec<_>, Vec<_>) = told.iter().partition(|told| told.0 == 1);
        let wanted = ["ready", "begin", "stored", "done"].map(|kind| (2, kind));
        assert_eq!((hashes.len(), others), (6, wanted.to_vec()));
        assert_eq!(told.last(), Some(&(1, "hashes")));
    }

    #[test]
    fn leaves_are_hashed_and_all_jobs_handed_on_in_their_order() {
        let (jobs, disk) = (Lanes::default(), Lanes::default());
        let size = LEAF as u64;
        for index in 0..5 {
            let leaf = LeafData {
                index,
                offset: 0,
                hash: [0; 32],
                content: LeafContent::Data,
                bytes: vec![7; LEAF],
            };
            let found = None;
            let end = End {
                index,
                size,
                root: [0; 32],
            };
            for job in [ReceiveJob::Leaf { leaf, size, found }, ReceiveJob::End(end)] {
                let job = (TransferId(1), Job::Receive(job), None);
                jobs.put([2; 32], Queue::In(TransferKey([3; 16])), job);
            }
        }
        jobs.close();
        serve_hash(&jobs, &disk);
        disk.close();
        let wanted = Some(transom_store::hash_leaf(&[7; LEAF], 0, size));
        for index in 0..5 {
            let Some((.., (_, Job::Receive(ReceiveJob::Leaf { leaf, found, .. }), _))) =
                disk.wait()
            else {
                panic!("no leaf");
            };
            assert_eq!((leaf.index, found), (index, wanted));
            let end = disk.wait();
            assert!(
                matches!(end, Some((.., (_, Job::Receive(ReceiveJob::End(end)), _))) if end.index == index)
            );
        }
        assert!(disk.wait().is_none());
    }
}
