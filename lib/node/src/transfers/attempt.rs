//! What a transfer from us does on one connection: which entries are announced, and which leaves
//! are on their way.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use transom_net::PeerId;
use transom_proto::{OwnedEntry, Session, UsageError};
use transom_store::Counted;
use transom_wire::{Again, EntryKind, Failure, Progress, Start, Total, WHOLE, last_leaf, limits};

use super::Place;
use super::reads::Reads;
use crate::context::Context;
use crate::disk::{Found, LEAVES_HASHED, SendJob};
use crate::lanes::Lane;
use crate::notice::{FailReason, TransferFailure, TransferId};

/// Pause between two totals: a progress bar needs no more.
const TOTAL_PAUSE: Duration = Duration::from_millis(250);
/// Pause between two looks at a file that grows: a viewer of the copy waits no longer for a whole
/// leaf. The system's own notices (inotify) say nothing of files on other machines' disks.
const GROWTH_PAUSE: Duration = Duration::from_millis(200);
/// Small files read before other transfers have their turn.
const SMALL_BATCH: usize = 16;

/// The transfer on one connection; the next one starts afresh and resumes by what the receiver
/// holds.
pub(super) struct Attempt {
    /// Its number on the disk thread.
    pub(super) number: TransferId,
    pub(super) link: PeerId,
    /// The receiver's key: its lane on the disk thread.
    pub(super) lane: Lane,
    pub(super) place: Option<Place>,
    /// It is one file and no folder: its outcome says why it failed.
    pub(super) is_file: bool,
    /// It is a file that is followed.
    follows: bool,
    /// When to look how long that is; not while it is looked, or once its size is final.
    count_at: Option<Instant>,
    /// What the receiver was told that there is, and when.
    total: Total,
    told: Option<Instant>,
    count_asked: bool,
    /// What was counted, and what of it was found to announce.
    counted: Counted,
    found: Counted,
    pub(super) accepted: bool,
    /// The receiver has paused the transfer on this connection.
    pub(super) peer_paused: bool,
    /// Entries read from the walk and not yet announced.
    fetched: VecDeque<OwnedEntry>,
    fetch_asked: bool,
    /// Entries that the disk thread may forget.
    settled: Vec<u32>,
    /// The entries announced and not yet settled; at most as many as the session lets be ahead.
    pub(super) announced: BTreeMap<u32, Announced>,
    pub(super) reads: Reads,
    /// Entries that failed or were left out.
    pub(super) failed: u32,
    /// Why the last entry that failed here did.
    pub(super) unsendable: Option<TransferFailure>,
    /// What the receiver said of the last entry that failed there.
    pub(super) refusal: Option<FailReason>,
    pub(super) finish_said: bool,
    /// What the session refused first, which ends the transfer.
    refused: Option<UsageError>,
    /// Bytes the receiver held before this attempt: of the entries that it answered, and of all as
    /// it estimated.
    resumed: u64,
    pub(super) held: u64,
    /// Entries that the receiver answered, or that were given up before.
    answered: u32,
    /// What the receiver has of those bytes that were sent in this attempt.
    pub(super) progress: Progress,
}

/// An entry that the receiver knows.
#[derive(Debug)]
pub(super) struct Announced {
    pub(super) path: String,
    pub(super) kind: EntryKind,
    pub(super) size: u64,
    /// Where the receiver wants it to start.
    start: Option<u64>,
    /// The receiver was sent the hashes of the leaves before this one.
    hashed: u64,
}

impl Announced {
    /// Whether the receiver is done with it and never asked for it, as with a file whose name is
    /// taken.
    pub(super) fn is_skipped(&self) -> bool {
        self.start.is_none()
    }
}

impl Attempt {
    /// Nothing of it is known yet but where it goes.
    pub(super) fn new(number: TransferId, link: PeerId, lane: Lane, follows: bool) -> Self {
        Self {
            number,
            link,
            lane,
            place: None,
            is_file: false,
            follows,
            count_at: None,
            total: Total {
                files: 0,
                bytes: 0,
                is_counted: false,
            },
            told: None,
            count_asked: false,
            counted: Counted::default(),
            found: Counted::default(),
            accepted: false,
            peer_paused: false,
            fetched: VecDeque::new(),
            fetch_asked: false,
            settled: Vec::new(),
            announced: BTreeMap::new(),
            reads: Reads::default(),
            failed: 0,
            unsendable: None,
            refusal: None,
            finish_said: false,
            refused: None,
            resumed: 0,
            held: 0,
            answered: 0,
            progress: Progress::default(),
        }
    }

    /// Says something to the session. A session or transfer that has ended is told of by its own
    /// event; anything else that it refuses would be missing for ever.
    pub(super) fn say(
        &mut self,
        out: &mut Context,
        say: impl FnOnce(&mut Session, Place) -> Result<(), UsageError>,
    ) {
        let Some(place) = self.place else { return };
        match out.with(place.link, |session| say(session, place)) {
            None | Some(Ok(()) | Err(UsageError::Ended | UsageError::NoSuchTransfer)) => {}
            Some(Err(error)) => {
                log::warn!("{}: sending: {error}", place.link);
                self.refused.get_or_insert(error);
            }
        }
    }

    pub(super) fn announce(&mut self, out: &mut Context) {
        let Some(place) = self.place else { return };
        let room = out
            .with(place.link, |session| session.entry_room(place.file))
            .unwrap_or(0);
        let count = room.min(self.fetched.len());
        for entry in self.fetched.drain(..count).collect::<Vec<_>>() {
            self.say(out, |session, place| {
                session.entry(place.file, &entry.as_entry())
            });
            let size = match self.follows {
                true => self.counted.bytes,
                false => entry.size,
            };
            let announced = Announced {
                path: entry.path.as_str().to_owned(),
                kind: entry.kind,
                size,
                start: None,
                hashed: 0,
            };
            self.announced.insert(entry.index, announced);
        }
        self.fetch(out);
    }

    /// Looks for the next entries.
    fn fetch(&mut self, out: &mut Context) {
        if self.fetched.is_empty() && !self.fetch_asked && !self.found.is_all {
            self.fetch_asked = true;
            let settled = std::mem::take(&mut self.settled);
            out.workers
                .send(self.lane, self.number, SendJob::Entries { settled });
        }
    }

    /// More was counted. Says whether there are more bytes.
    pub(super) fn counted(&mut self, counted: Counted, out: &mut Context) -> bool {
        let has_grown = counted.bytes > self.counted.bytes;
        (self.counted, self.count_asked) = (counted, false);
        if self.follows {
            self.found.bytes = counted.bytes;
            for (index, entry) in &mut self.announced {
                entry.size = counted.bytes;
                if entry.start.is_some() && (has_grown || counted.is_all) {
                    self.reads.grew(*index);
                }
            }
        }
        self.count_on(out);
        self.tell_total(out);
        has_grown
    }

    /// The file that is followed is to end.
    pub(super) fn end_growth(&mut self, out: &mut Context) {
        let job = SendJob::EndGrowth;
        out.workers.send(self.lane, self.number, job);
        self.count_at = self.count_at.and(Some(out.now()));
    }

    /// When to look how long the file is that grows. A look that fails gives its entry up, which
    /// has to be announced for that.
    pub(super) fn counts_at(&self) -> Option<Instant> {
        self.count_at.filter(|_| !self.announced.is_empty())
    }

    /// Looks how long the file is that grows.
    pub(super) fn count_growth(&mut self, out: &mut Context) {
        (self.count_at, self.count_asked) = (None, true);
        out.workers.send(self.lane, self.number, SendJob::Count);
    }

    /// All leaves of an entry that can be sent now were read. Of a file that grew all but the last
    /// are hashed then.
    pub(super) fn sent(&mut self, index: u32, unread: u32) {
        self.reads.sent(index, unread);
        if self.follows && self.total.is_counted {
            let offset = last_leaf(self.counted.bytes);
            self.reads.hold(Start { index, offset });
        }
    }

    /// Entries were found to announce; gives what is left out.
    pub(super) fn found(
        &mut self,
        found: Found,
        out: &mut Context,
    ) -> Vec<(String, TransferFailure)> {
        self.fetch_asked = false;
        for entry in &found.entries {
            self.found.entries += 1;
            self.found.folders += u32::from(entry.kind == EntryKind::Folder);
            self.found.bytes = self.found.bytes.saturating_add(entry.size);
        }
        if self.follows {
            self.found.bytes = self.counted.bytes;
        }
        self.found.is_all = found.is_last;
        self.fetched.extend(found.entries);
        self.tell_total(out);
        found.skipped
    }

    /// The transfer was offered with what was counted so far.
    pub(super) fn offered(&mut self, place: Place, counted: Counted, out: &mut Context) {
        self.place = Some(place);
        self.counted = counted;
        self.total = self.due_total();
        self.fetch(out);
        self.count_on(out);
    }

    /// Goes on to count, unless all is known.
    fn count_on(&mut self, out: &mut Context) {
        if self.due_total().is_counted {
            return;
        }
        if self.follows {
            self.count_at = Some(out.now() + GROWTH_PAUSE);
        } else if !self.count_asked {
            self.count_asked = true;
            out.workers.send(self.lane, self.number, SendJob::Count);
        }
    }

    /// What the receiver is to know of the counts. What came after it was counted is found too.
    fn due_total(&self) -> Total {
        let (told, counted, found) = (&self.total, &self.counted, &self.found);
        let is_all = counted.is_all || found.is_all && !self.follows;
        Total {
            files: told.files.max(counted.entries).max(found.entries),
            bytes: told.bytes.max(counted.bytes).max(found.bytes),
            is_counted: told.is_counted || is_all,
        }
    }

    /// Tells the receiver of new counts: at once if they are the last, or beyond the last, or
    /// leaves follow that they allow.
    fn tell_total(&mut self, out: &mut Context) {
        let (total, now) = (self.due_total(), out.now());
        let is_late = self.told.is_none_or(|told| now >= told + TOTAL_PAUSE);
        let is_due = total.is_counted || is_late || self.follows;
        if total != self.total && !self.finish_said && is_due {
            (self.total, self.told) = (total, Some(now));
            self.say(out, |session, place| session.total(place.file, &total));
        }
    }

    /// How many files there are, and their bytes, as far as known, and whether that is all. After
    /// the last entry that is what was announced: some may have vanished since they were counted.
    pub(super) fn totals(&self) -> (u32, u64, bool) {
        let (counted, found) = (&self.counted, &self.found);
        let known = match found.is_all || found.entries > counted.entries {
            true => found,
            false => counted,
        };
        let files = known.entries.saturating_sub(known.folders);
        (files, known.bytes, self.total.is_counted)
    }

    /// Asks the disk thread for what the receiver wants, in its order: for small files whole and
    /// many at once, for leaves of a large one by and by. The session has room for all of it.
    pub(super) fn read(&mut self, out: &mut Context) {
        let Some(place) = self.place else { return };
        let room = out
            .with(place.link, |session| session.leaf_room(place.file))
            .unwrap_or(0);
        let size = |index| {
            let size = self.announced.get(&index).map_or(0, |entry| entry.size);
            (!self.follows).then_some(size)
        };
        let mut jobs = Vec::new();
        jobs.extend(self.reads.next_again(room).map(SendJob::Again));
        loop {
            let small = self.reads.next_small(room, size);
            let batches = small.chunks(SMALL_BATCH);
            jobs.extend(batches.map(|batch| SendJob::Whole(batch.to_vec())));
            let Some(large) = self.reads.next_large(size) else {
                break;
            };
            jobs.push(SendJob::Start(large));
        }
        if let Some((index, leaves)) = self.reads.next_leaves(room) {
            let mut spent = Vec::new();
            out.with(place.link, |session| {
                spent.extend(std::iter::from_fn(|| session.spent()));
            });
            jobs.push(SendJob::Read {
                index,
                leaves,
                spent,
            });
        }
        let hash_room = out.with(place.link, |session| session.hash_room(place.file));
        if hash_room.is_some_and(|room| room >= LEAVES_HASHED) {
            jobs.extend(self.reads.next_hashes(room).map(SendJob::Hashes));
        }
        for job in jobs {
            out.workers.send(self.lane, self.number, job);
        }
    }

    /// The receiver wants data of an entry. Gives the entry.
    pub(super) fn started(&mut self, start: Start) -> Option<&Announced> {
        self.reads.want(start);
        (self.answered, self.resumed) = (self.answered + 1, self.resumed + start.offset);
        let entry = self.announced.get_mut(&start.index)?;
        entry.start = Some(start.offset);
        Some(entry)
    }

    /// The leaves of an entry before that offset were hashed.
    pub(super) fn hashed(&mut self, index: u32, end: u64) {
        self.reads.hashed(index, end);
        if let Some(entry) = self.announced.get_mut(&index) {
            entry.hashed = end;
        }
    }

    /// Bytes that the receiver said to hold and that were not hashed yet.
    pub(super) fn unhashed(&self) -> u64 {
        let unhashed = |entry: &Announced| entry.start.unwrap_or(0).saturating_sub(entry.hashed);
        self.announced.values().map(unhashed).sum()
    }

    /// The receiver wants leaves again: of those that it held it has none.
    pub(super) fn again(&mut self, again: Again) {
        let end = again.offset + u64::from(again.leaves) * limits::LEAF as u64;
        let entry = self.announced.get(&again.index);
        let start = entry.and_then(|entry| entry.start).unwrap_or(0);
        let missing = end.min(start).saturating_sub(again.offset);
        self.resumed = self.resumed.saturating_sub(missing);
        self.reads.want_again(again);
    }

    /// Bytes that need not be sent, as far as the receiver said. Its estimate counts until it has
    /// answered all entries.
    pub(super) fn resumed(&self) -> u64 {
        match self.found.is_all && self.answered >= self.found.entries {
            true => self.resumed,
            false => self.resumed.max(self.held),
        }
    }

    /// An entry is done, failed or given up. Gives it unless it was before.
    pub(super) fn settle(&mut self, index: u32) -> Option<Announced> {
        let entry = self.announced.remove(&index)?;
        self.settled.push(index);
        self.answered += u32::from(entry.start.is_none());
        Some(entry)
    }

    /// An entry will not come through. Gives its path, unless it was settled before.
    pub(super) fn give_up(&mut self, index: u32) -> Option<String> {
        self.reads.give_up(index);
        let entry = self.settle(index)?;
        self.failed = self.failed.saturating_add(1);
        Some(entry.path)
    }

    /// Gives the transfer up, as the session did not take all of it.
    pub(super) fn fail(&mut self, out: &mut Context) -> Option<UsageError> {
        let error = self.refused.take()?;
        self.abandon(&error.to_string(), out);
        Some(error)
    }

    /// Tells the receiver that no more comes.
    pub(super) fn abandon(&mut self, text: &str, out: &mut Context) {
        let failure = Failure {
            index: WHOLE,
            reason: FailReason::Unsupported,
            errno: 0,
            text,
        };
        self.say(out, |session, place| session.abandon(place.file, failure));
    }

    /// Whether it is one entry alone.
    pub(super) fn is_single(&self) -> bool {
        self.found.entries == 1
    }

    pub(super) fn finish(&mut self, out: &mut Context) -> bool {
        let waits = !self.fetched.is_empty() || !self.announced.is_empty();
        let complete = self.found.is_all && !waits && !self.finish_said;
        if complete {
            // A file that is followed may have failed before its size was final.
            self.counted.is_all = true;
            self.tell_total(out);
            self.finish_said = true;
            let entries = self.found.entries;
            self.say(out, |session, place| session.finish(place.file, entries));
        }
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::liveness::tests::link;

    #[test]
    fn a_file_that_grows_is_looked_at_once_it_is_announced_and_not_after_it_was_given_up() {
        let mut attempt = Attempt::new(TransferId(1), link(), [1; 32], true);
        let at = Instant::now();
        (attempt.count_at, attempt.accepted) = (Some(at), true);
        assert_eq!(attempt.counts_at(), None);
        let announced = Announced {
            path: "film".to_owned(),
            kind: EntryKind::File,
            size: 1,
            start: None,
            hashed: 0,
        };
        attempt.announced.insert(0, announced);
        assert_eq!(attempt.counts_at(), Some(at));
        assert_eq!(attempt.give_up(0).as_deref(), Some("film"));
        assert_eq!(attempt.counts_at(), None);
    }
}
