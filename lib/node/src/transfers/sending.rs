//! One transfer from us: announces entries, reads what is asked for, and knows what the receiver
//! has made durable.

use std::path::PathBuf;
use std::time::Instant;

use transom_net::PeerId;
use transom_proto::{TransferEvent, UsageError};
use transom_store::{path_text, text_path};
use transom_wire::{
    Collision, Ending, EntryKind, Failure, Offer, PeerName, Progress, RefuseReason, RelativePath,
    Shape, Status, WHOLE, limits,
};

use super::attempt::Attempt;
use super::control::Control;
use super::{Account, MAX_FAILURES_TOLD, Place};
use crate::context::Context;
use crate::disk::{Opened, SendAnswer, SendJob};
use crate::notice::{
    Direction, EntryReport, FailReason, FileError, Notice, Outcome, PeerLoss, Phase,
    TransferFailure, TransferId, TransferStatus,
};
use crate::settings::{Follow, SendOptions};

pub(super) struct Outgoing {
    pub(super) account: Account,
    path: PathBuf,
    /// The path that it is a copy of, which names the transfer.
    pub(super) origin: Option<PathBuf>,
    on_collision: Collision,
    /// The file is followed, and is not to end yet.
    follow: Option<Follow>,
    /// When a file that is followed grew last, or was accepted since.
    grew_at: Instant,
    skip_special: bool,
    attempt: Option<Attempt>,
    /// Our user's pause and limit, and whether the receiver has paused the transfer. Without a
    /// connection that is what the receiver said last.
    control: Control,
    peer_paused: bool,
    /// Something has come that may let the attempt go on.
    stirred: bool,
    /// Where only the peer dials: when it is no longer waited for, and how the connection was lost.
    patience: Option<(Instant, PeerLoss)>,
}

impl Outgoing {
    pub(super) fn new(id: TransferId, peer: PeerName, path: PathBuf, options: SendOptions) -> Self {
        let name = path_text(path.file_name().unwrap_or(path.as_os_str()).as_ref());
        let account = Account::new(TransferStatus::new(id, peer, Direction::Outgoing, name));
        Self {
            account,
            path,
            origin: None,
            control: Control {
                paused: false,
                limit: options.limit,
            },
            on_collision: options.on_collision,
            follow: options.follow,
            grew_at: Instant::now(),
            skip_special: options.skip_special,
            attempt: None,
            peer_paused: false,
            stirred: false,
            patience: None,
        }
    }

    pub(super) fn peer(&self) -> &PeerName {
        &self.account.status.peer
    }

    /// Whether it has no connection.
    pub(super) fn waits(&self) -> bool {
        self.attempt.is_none()
    }

    /// Waits for a peer that has to come back by itself.
    pub(super) fn wait_until(&mut self, until: Instant, why: PeerLoss) {
        self.patience = Some((until, why));
    }

    /// The peer is back.
    pub(super) fn stop_waiting(&mut self) {
        self.patience = None;
    }

    /// When a peer that has to come back by itself is no longer waited for.
    pub(super) fn waits_until(&self) -> Option<Instant> {
        self.patience.as_ref().map(|(until, _)| *until)
    }

    /// How the connection was lost, if the peer did not come back in time.
    pub(super) fn overdue(&self, now: Instant) -> Option<&PeerLoss> {
        let (until, why) = self.patience.as_ref()?;
        (*until <= now).then_some(why)
    }

    /// The connection of the running attempt.
    pub(super) fn link(&self) -> Option<PeerId> {
        Some(self.attempt.as_ref()?.link)
    }

    pub(super) fn is_on(&self, link: PeerId) -> bool {
        self.link() == Some(link)
    }

    pub(super) fn place(&self) -> Option<Place> {
        self.attempt.as_ref()?.place
    }

    /// Looks at the path and then offers it there.
    pub(super) fn begin(
        &mut self,
        number: TransferId,
        link: PeerId,
        own: [u8; 32],
        peer: [u8; 32],
        out: &mut Context,
    ) {
        let follows = self.follow.is_some();
        self.attempt = Some(Attempt::new(number, link, peer, follows));
        out.workers.send(
            peer,
            number,
            SendJob::Open {
                path: self.path.clone(),
                follows,
                origin: self.origin.clone(),
                own,
                peer,
            },
        );
    }

    /// The connection is gone, or the transfer is over. Gives the attempt that ends.
    pub(super) fn left(&mut self, out: &mut Context) -> Option<TransferId> {
        let attempt = self.attempt.take()?;
        out.workers
            .send(attempt.lane, attempt.number, SendJob::Close);
        (self.account.status.current, self.account.status.missing) = (None, 0);
        self.phase();
        Some(attempt.number)
    }

    pub(super) fn pause(&mut self, paused: bool, out: &mut Context) {
        self.control.paused = paused;
        if let Some(place) = self.place() {
            out.with(place.link, |session| session.pause(place.file, paused));
        }
        self.phase();
    }

    pub(super) fn limit(&mut self, rate: Option<u64>, out: &mut Context) {
        self.control.limit = rate;
        if let Some(place) = self.place() {
            out.with(place.link, |session| session.limit(place.file, rate));
        }
        self.account.changed = true;
    }

    /// What the file has now is all that is sent of it.
    pub(super) fn end_follow(&mut self, out: &mut Context) {
        if self.follow.take().is_some()
            && let Some(attempt) = &mut self.attempt
        {
            attempt.end_growth(out);
        }
    }

    /// When to look how long the file is that is followed. A receiver without room for what there
    /// is takes no counts either: each of them would wait there.
    pub(super) fn counts_at(&self) -> Option<Instant> {
        let attempt = self.attempt.as_ref()?;
        let has_room = self.account.status.missing == 0;
        attempt.counts_at().filter(|_| has_room)
    }

    /// Looks how long it is, if it is time.
    pub(super) fn count_growth(&mut self, now: Instant, out: &mut Context) {
        if self.counts_at().is_some_and(|at| at <= now)
            && let Some(attempt) = &mut self.attempt
        {
            attempt.count_growth(out);
        }
    }

    pub(super) fn cancel(&mut self, out: &mut Context) {
        if let Some(place) = self.place() {
            out.with(place.link, |session| {
                session.cancel(place.file, RefuseReason::Chosen, "")
            });
        }
    }

    /// What the peer says. Gives the outcome when that ends the transfer.
    pub(super) fn handle(&mut self, event: TransferEvent, out: &mut Context) -> Option<Outcome> {
        let attempt = self.attempt.as_mut()?;
        let status = &mut self.account.status;
        match event {
            TransferEvent::Accepted { held } => {
                (attempt.accepted, attempt.held) = (true, held);
                self.grew_at = out.now();
                // A receiver that pauses the transfer says so before it accepts.
                self.peer_paused = attempt.peer_paused;
                self.phase();
            }
            TransferEvent::Refused(Status { code: reason, text }) => {
                return Some(Outcome::Refused { reason, text });
            }
            TransferEvent::Cancelled(Status { text, .. }) => {
                return Some(Outcome::Cancelled { here: false, text });
            }
            TransferEvent::Started(start) => {
                if let Some(entry) = attempt.started(start) {
                    self.account.moves(&entry.path, entry.size, start.offset);
                }
            }
            TransferEvent::Again(again) => attempt.again(again),
            TransferEvent::Failed(failure) => {
                let index = failure.index;
                attempt.refusal = Some(failure.reason);
                let why = TransferFailure::AtReceiver(FileError::told(failure));
                if index == WHOLE {
                    return Some(Outcome::Failed { why, more: 0 });
                }
                let path = attempt.give_up(index);
                let job = SendJob::Stop(index);
                out.workers.send(attempt.lane, attempt.number, job);
                if let Some(path) = path {
                    self.tell_failed(path, why, out);
                }
            }
            TransferEvent::Done(done) => {
                if let Some(entry) = attempt.settle(done.index)
                    && entry.kind != EntryKind::Folder
                {
                    status.files_done += 1;
                    if !attempt.is_file && entry.is_skipped() {
                        status.report.skipped.add(&entry.path);
                    }
                }
            }
            TransferEvent::Progress(progress) => attempt.progress = progress,
            TransferEvent::Paused { paused } => {
                (attempt.peer_paused, self.peer_paused) = (paused, paused);
                self.phase();
            }
            TransferEvent::DiskFull { missing } => {
                status.missing = missing;
                self.phase();
            }
            TransferEvent::Finished(status) => {
                return Some(self.finished(status.code, status.text));
            }
            _ => {}
        }
        (self.account.changed, self.stirred) = (true, true);
        None
    }

    fn finished(&mut self, ending: Ending, text: String) -> Outcome {
        let status = &mut self.account.status;
        let attempt = self.attempt.as_ref();
        let failed = attempt.map_or(0, |attempt| attempt.failed);
        // Of a single file that failed here the receiver only says again what we told it.
        let single = attempt.filter(|attempt| attempt.is_single());
        let unsendable = single.and_then(|attempt| attempt.unsendable.clone());
        let reason = attempt.and_then(|attempt| attempt.refusal);
        let path = text_path(&text);
        if matches!(ending, Ending::Durable | Ending::AlreadyThere) {
            (status.verified, status.durable) = (status.bytes, status.bytes);
        }
        // The receiver's words count the entries.
        Outcome::of(ending, path, failed, || Outcome::Failed {
            why: unsendable.unwrap_or(TransferFailure::AtReceiver(FileError { reason, text })),
            more: 0,
        })
    }

    /// What the disk thread says.
    pub(super) fn answered(&mut self, answer: SendAnswer, out: &mut Context) -> Option<Outcome> {
        let attempt = self.attempt.as_mut()?;
        match answer {
            SendAnswer::Opened(Ok(opened)) => return self.offer(opened, out),
            SendAnswer::Opened(Err(why)) => return Some(Outcome::Failed { why, more: 0 }),
            SendAnswer::Counted(counted) => {
                if attempt.counted(counted, out) {
                    self.grew_at = out.now();
                }
                self.count();
                self.end_idle(out);
            }
            SendAnswer::Entries(found) => {
                for (path, why) in attempt.found(found, out) {
                    self.left_out(path, why, out);
                }
                self.count();
            }
            SendAnswer::TooMany(why) => {
                attempt.abandon("the folder holds more than one transfer may", out);
                return Some(Outcome::Failed { why, more: 0 });
            }
            SendAnswer::Leaf(leaf) => {
                if let Some(entry) = attempt.announced.get(&leaf.index) {
                    let bytes = leaf.len_in(entry.size);
                    self.account
                        .moves(&entry.path, entry.size, leaf.offset + bytes);
                    self.account.status.moved += bytes;
                }
                attempt.reads.leaf(leaf.index);
                attempt.say(out, |session, place| session.leaf(place.file, leaf));
            }
            SendAnswer::Sent { index, unread } => attempt.sent(index, unread),
            SendAnswer::Hashes(hashes) => {
                let bytes = (hashes.hashes.len() * limits::LEAF) as u64;
                attempt.hashed(hashes.index, hashes.offset + bytes);
                attempt.say(out, |session, place| session.hashes(place.file, hashes));
            }
            SendAnswer::LeafAgain(leaf) => {
                attempt.reads.leaf_again();
                let entry = attempt.announced.get(&leaf.index);
                self.account.status.moved += entry.map_or(0, |entry| leaf.len_in(entry.size));
                attempt.say(out, |session, place| session.leaf(place.file, leaf));
            }
            SendAnswer::AgainDone => attempt.reads.again_done(),
            SendAnswer::End(end) => {
                attempt.reads.end(end.index);
                attempt.say(out, |session, place| session.end(place.file, &end));
            }
            SendAnswer::Failed(failure) => self.unsendable(failure, out),
        }
        (self.account.changed, self.stirred) = (true, true);
        None
    }

    /// Ends a file that has not grown for as long as it may.
    fn end_idle(&mut self, out: &mut Context) {
        let until_idle = self.follow.and_then(|follow| follow.until_idle);
        if until_idle.is_some_and(|idle| out.now() - self.grew_at >= idle) {
            self.end_follow(out);
        }
    }

    fn unsendable(&mut self, failure: Failure<String>, out: &mut Context) {
        let Some(attempt) = &mut self.attempt else {
            return;
        };
        let Some(path) = attempt.give_up(failure.index) else {
            return;
        };
        let why = TransferFailure::here(&failure);
        attempt.unsendable = Some(why.clone());
        attempt.say(out, |session, place| {
            session.abandon(place.file, failure.as_str())
        });
        self.tell_failed(path, why, out);
    }

    fn left_out(&mut self, path: String, why: TransferFailure, out: &mut Context) {
        if self.skip_special && why.is_special() {
            let report = &mut self.account.status.report;
            report.left_out = report.left_out.saturating_add(1);
            return;
        }
        if let Some(attempt) = &mut self.attempt {
            attempt.failed = attempt.failed.saturating_add(1);
        }
        self.tell_failed(path, why, out);
    }

    /// An entry failed, or is left out. Of a single file the outcome says it.
    fn tell_failed(&mut self, path: String, why: TransferFailure, out: &mut Context) {
        let Some(attempt) = self.attempt.as_ref().filter(|attempt| !attempt.is_file) else {
            return;
        };
        self.account.status.report.failed.add(&path);
        if attempt.failed <= MAX_FAILURES_TOLD {
            let transfer = self.account.status.transfer;
            out.notify(Notice::EntryFailed {
                transfer,
                path,
                why,
            });
        }
    }

    /// Puts what is known of the counts into the status.
    fn count(&mut self) {
        if let Some(attempt) = &self.attempt {
            let status = &mut self.account.status;
            (status.files, status.bytes, status.is_counted) = attempt.totals();
        }
    }

    fn offer(&mut self, opened: Opened, out: &mut Context) -> Option<Outcome> {
        let attempt = self.attempt.as_mut()?;
        let status = &mut self.account.status;
        status.shape = opened.shape;
        (status.files_done, status.moved, status.resumed) = (0, 0, 0);
        // What the receiver has of an earlier attempt it will say.
        (status.verified, status.durable, status.comparing) = (0, 0, 0);
        status.report = EntryReport::default();
        status.name.clone_from(&opened.name);
        attempt.is_file = opened.shape == Shape::File;
        let name = match RelativePath::new(&opened.name) {
            Ok(name) => name,
            Err(error) => {
                let (reason, text) = (Some(FailReason::BadName), error.to_string());
                let why = TransferFailure::Here(FileError { reason, text });
                return Some(Outcome::Failed { why, more: 0 });
            }
        };
        let offer = Offer {
            transfer: opened.key,
            shape: opened.shape,
            collision: self.on_collision,
            files: opened.counted.entries,
            bytes: opened.counted.bytes,
            is_counted: opened.counted.is_all,
            name,
        };
        let control = self.control;
        let offered = out.with(attempt.link, |session| {
            let file = session.offer(&offer)?;
            control.send(session, file)?;
            Ok::<_, UsageError>(file)
        });
        match offered? {
            Ok(file) => {
                let link = attempt.link;
                attempt.offered(Place { link, file }, opened.counted, out);
                self.count();
                self.phase();
                None
            }
            Err(error) => Some(Outcome::Failed {
                why: TransferFailure::Session(error),
                more: 0,
            }),
        }
    }

    /// Sets the phase. A paused transfer stays paused while it has no connection.
    fn phase(&mut self) {
        let is_paused = self.control.paused || self.peer_paused;
        self.account.status.paused_here = self.control.paused;
        let offered = self.attempt.as_ref().filter(|one| one.place.is_some());
        let is_full = self.account.status.missing > 0;
        self.account.status.phase = match offered {
            Some(attempt) if attempt.finish_said && !is_full => Phase::Finishing,
            _ if is_paused => Phase::Paused,
            None => Phase::Waiting,
            Some(_) if is_full => Phase::Full,
            Some(attempt) if attempt.accepted => Phase::Running,
            Some(_) => Phase::Offered,
        };
        self.account.changed = true;
    }

    /// Does whatever can be done now: once a turn, for all that came in it. Gives the outcome when
    /// that ends the transfer.
    pub(super) fn go_on(&mut self, out: &mut Context) -> Option<Outcome> {
        if std::mem::take(&mut self.stirred)
            && let Some(attempt) = &mut self.attempt
            && attempt.accepted
        {
            let (status, unhashed) = (&mut self.account.status, attempt.unhashed());
            let resumed = attempt.resumed().saturating_sub(unhashed);
            let all = status.bytes.saturating_sub(unhashed);
            let total = |bytes| all.min(resumed.saturating_add(bytes));
            let Progress {
                verified, durable, ..
            } = attempt.progress;
            (status.verified, status.durable) = (total(verified), total(durable));
            (status.resumed, status.comparing) = (resumed, unhashed);
            attempt.announce(out);
            attempt.read(out);
            if attempt.finish(out) {
                self.count();
                self.phase();
            }
        }
        let error = self.attempt.as_mut()?.fail(out)?;
        Some(Outcome::Failed {
            why: TransferFailure::Session(error),
            more: 0,
        })
    }
}
