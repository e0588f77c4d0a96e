//! One transfer that is being received: its entries, its leaves, its checkpoints, its end.
//! It knows no connection; it refuses entries and leaves that were not offered.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use rustix::io::Errno;
use transom_wire::{Collision, Ending, Entry, Offer, Shape, Total};

use crate::dir::Dir;
use crate::existing::Existing;
use crate::folders::Folders;
use crate::hash::LEAF_BYTES;
use crate::inbox::{Leftover, Shared};
use crate::part::{Part, Staging};
use crate::part_error::PartError;
use crate::publish;
use crate::record::Claim;
use crate::syncing::Syncing;
use crate::table::Table;
use crate::{EntryError, InboxError, text_path, usage};
use checkpoint::End;
use entries::active;

mod answer;
mod checkpoint;
mod entries;

pub use answer::{Begin, Counts, Done, Finished, Unplaced};
pub(crate) use checkpoint::CHECKPOINT_BYTES;

/// A transfer that is being received. Dropping it keeps what is there for the next attempt, or
/// removes it if the transfer is over.
#[derive(Debug)]
pub struct Reception {
    shared: Arc<Shared>,
    claim: Claim,
    offered: Offered,
    /// The inbox, the staging folder and this transfer's own folder there, opened for this
    /// reception before its first write ([`Syncing`]).
    root: Dir,
    staging: Dir,
    dir: Dir,
    places: Staging,
    folders: Folders,
    entries: HashMap<u32, State>,
    /// Entries whose files are open, in the order they were opened; some may have ended since.
    open: VecDeque<u32>,
    /// The file of a transfer of one file, once it is whole.
    single: Option<Box<Part>>,
    /// A file of the inbox that may be the one file offered, until the sender disagrees.
    existing: Option<Existing>,
    /// What to say of the one file if that is none: bytes held, and their proof.
    start: (u64, [u8; 32]),
    /// Whether it is.
    is_there: bool,
    /// The index that must come next.
    next: u32,
    announced: u64,
    counted: EntryCounts,
    counts: Counts,
    held: u64,
    unsynced: u64,
    synced_at: Instant,
    syncing: Syncing,
    /// Folders below the tree whose names changed since the last checkpoint, where each is synced
    /// by itself.
    touched: BTreeSet<String>,
    /// Whether the record and the transfer's own folder are on the disk.
    rooted: bool,
    /// How far its end is, once it has begun.
    ending: End,
    /// The error of the first sync that failed: nothing more will be durable.
    broken: Option<Errno>,
    /// Last, so that every file is closed before its folder is removed: some file systems keep a
    /// file that is open under another name (`.nfs...`, `.fuse_hidden...`), and then its folder
    /// too.
    hold: Hold,
}

/// What becomes of the transfer's folder.
#[derive(Debug)]
struct Hold {
    shared: Arc<Shared>,
    claim: Claim,
    is_over: bool,
    /// Whether its folder, once the transfer is over, is removed by a [`Leftover`].
    is_left: bool,
    is_synced: bool,
}

/// What was offered, as far as it is needed later.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) collision: Collision,
    total: Total,
}

/// How many entries went which way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EntryCounts {
    pub(crate) done: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
    /// Whether one failed that may succeed next time.
    passing: bool,
    /// Small files since the last checkpoint.
    unsynced: u32,
}

#[derive(Debug)]
enum State {
    Active(Box<Part>),
    /// The sender will say Abandon, and may have data on the way until then.
    Failed,
}

impl Reception {
    /// Begins in the transfer's folder, which was opened for it. `is_synced` says whether this
    /// process brought everything in it to the disk.
    pub(crate) fn begin(
        shared: Arc<Shared>,
        claim: Claim,
        dir: Dir,
        offer: &Offer<'_>,
        is_synced: bool,
    ) -> io::Result<Self> {
        let (root, staging) = (shared.root.again()?, shared.staging.again()?);
        let old = set_aside(&dir)?;
        dir.make("tree")?;
        dir.make_all("leaves")?;
        let places = Staging {
            tree: dir.sub("tree")?,
            old,
            leaves: dir.sub("leaves")?,
            table: Table::new(dir.write_or_create("table")?),
            is_synced,
            usual_mode: Cell::new(0),
        };
        let folders = Folders::new(dir.write_or_create("folders")?)?;
        let syncing = Syncing::of(offer.shape, &dir);
        if !is_synced && places.old.is_some() {
            places.vouch(&staging, &dir, syncing)?;
        }
        Ok(Self {
            hold: Hold {
                shared: Arc::clone(&shared),
                claim,
                is_over: false,
                is_left: false,
                is_synced: true,
            },
            shared,
            claim,
            offered: Offered {
                name: offer.name.as_str().to_owned(),
                shape: offer.shape,
                collision: offer.collision,
                total: offer.total(),
            },
            root,
            staging,
            dir,
            places,
            folders,
            entries: HashMap::new(),
            open: VecDeque::new(),
            single: None,
            existing: None,
            start: (0, [0; 32]),
            is_there: false,
            next: 0,
            announced: 0,
            counted: EntryCounts::default(),
            counts: Counts::default(),
            held: 0,
            unsynced: 0,
            synced_at: Instant::now(),
            syncing,
            touched: BTreeSet::new(),
            rooted: false,
            ending: End::default(),
            broken: None,
        })
    }

    /// The sender has counted more of what it offered.
    pub fn total(&mut self, total: Total) {
        let more = usage::of(total).saturating_sub(usage::of(self.offered.total));
        self.shared.grow(&self.claim, more);
        self.offered.total = total;
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// The entry can't be taken; the transfer goes on without it.
    pub fn entry(&mut self, entry: &Entry<'_>) -> Result<Begin, EntryError> {
        let mut begun = self.begin_entry(entry)?;
        loop {
            match begun {
                Some(begun) => return Ok(begun),
                None => begun = self.look(entry.index, u32::MAX)?,
            }
        }
    }

    /// The same for a caller that has others to serve: none where leaves of an earlier attempt, or
    /// a file that may be the very one, have to be read first, by [`Reception::look`].
    ///
    /// # Errors
    /// As for [`Reception::entry`].
    pub fn begin_entry(&mut self, entry: &Entry<'_>) -> Result<Option<Begin>, EntryError> {
        self.expect(entry)?;
        let begun = self.begin_expected(entry);
        let begun = begun.map_err(|trouble| self.fail(entry.index, entry.path.as_str(), trouble));
        if !matches!(begun, Err(EntryError::NoRoom { .. })) {
            self.next += 1;
            self.announced += entry.size;
        }
        begun
    }

    /// Reads up to `most` leaves that an earlier attempt left of an entry, or of the file that may
    /// be the very one; says how to go on once it is through.
    ///
    /// # Errors
    /// The entry has failed.
    pub fn look(&mut self, index: u32, most: u32) -> Result<Option<Begin>, EntryError> {
        let part = active(&mut self.entries, index)?;
        if part.is_to_look() {
            match part.look(&self.places, most) {
                Ok(None) => return Ok(None),
                Ok(Some(proof)) => self.start = (part.held(), proof),
                Err(error) => {
                    let path = part.path.clone();
                    return Err(self.fail(index, &path, PartError::System(error)));
                }
            }
            if self.existing.is_some() {
                return Ok(None);
            }
        }
        if let Some(existing) = &mut self.existing {
            match existing.read(most) {
                Ok(false) => return Ok(None),
                // Nor is one that was changed while it was read.
                Ok(true) if existing.is_unchanged(&self.root, &self.offered.name) => {
                    let (offset, proof) = existing.start();
                    return Ok(Some(Begin::Data { offset, proof }));
                }
                _ => self.existing = None,
            }
        }
        let (offset, proof) = self.start;
        Ok(Some(Begin::Data { offset, proof }))
    }

    /// Takes a leaf of an entry: checks, writes and journals it, and now and then brings all of it
    /// to the disk.
    ///
    /// # Errors
    /// The entry has failed; what is held of it is kept if another attempt may succeed.
    pub fn leaf(
        &mut self,
        index: u32,
        offset: u64,
        hash: &[u8; 32],
        bytes: &[u8],
    ) -> Result<Counts, EntryError> {
        let size = active(&mut self.entries, index)?.size;
        let found = crate::hash::leaf(bytes, offset, size);
        self.hashed_leaf(index, offset, hash, &found, bytes)
    }

    /// The same for a leaf that was hashed elsewhere, so that one thread hashes while another
    /// writes: `found` is what [`hash_leaf`](crate::hash_leaf) gives for these very bytes.
    ///
    /// # Errors
    /// As for [`Reception::leaf`].
    pub fn hashed_leaf(
        &mut self,
        index: u32,
        offset: u64,
        hash: &[u8; 32],
        found: &[u8; 32],
        bytes: &[u8],
    ) -> Result<Counts, EntryError> {
        active(&mut self.entries, index)?;
        self.existing = None;
        let ready = self.ready(index, bytes.len() as u64);
        let part = active(&mut self.entries, index)?;
        let written = ready.and_then(|()| part.leaf(&self.places, offset, hash, found, bytes));
        match written {
            Ok(held) => self.count(held, bytes.len() as u64),
            Err(trouble) => {
                let path = part.path.clone();
                return Err(self.fail(index, &path, trouble));
            }
        }
        self.checkpoint_entry(index, Ok(()))?;
        Ok(self.counts)
    }

    /// The sender has sent all leaves of an entry: checks the root.
    ///
    /// # Errors
    /// As for [`Reception::leaf`].
    pub fn end(&mut self, index: u32, size: u64, root: &[u8; 32]) -> Result<Done, EntryError> {
        loop {
            if let Some(done) = self.end_some(index, size, root, u32::MAX)? {
                return Ok(done);
            }
        }
    }

    /// The same for a caller that has others to serve: none once `most` leaves of earlier attempts
    /// were read again and there are more. Then it is to be called again with the same.
    ///
    /// # Errors
    /// As for [`Reception::leaf`].
    pub fn end_some(
        &mut self,
        index: u32,
        size: u64,
        root: &[u8; 32],
        most: u32,
    ) -> Result<Option<Done>, EntryError> {
        active(&mut self.entries, index)?;
        if self
            .existing
            .as_ref()
            .is_some_and(|existing| existing.is(size, root))
        {
            return self.there(index, size, root).map(Some);
        }
        let ready = self.ready(index, 0);
        let part = active(&mut self.entries, index)?;
        let ended = ready.and_then(|()| part.end(&self.places, size, root, most));
        match ended {
            Ok(None) => return Ok(None),
            Ok(Some(held)) => self.count(held, 0),
            Err(trouble) => {
                let path = part.path.clone();
                return Err(self.fail(index, &path, trouble));
            }
        }
        self.counted.unsynced += 1;
        let synced = self.sync_ended(index);
        self.checkpoint_entry(index, synced)?;
        let ended = (self.entries.remove(&index), self.offered.shape);
        if let (Some(State::Active(part)), Shape::File) = ended {
            self.single = Some(part);
        }
        self.counted.done += 1;
        Ok(Some(Done {
            root: *root,
            counts: self.counts,
        }))
    }

    /// The sender gives an entry up.
    pub fn abandon(&mut self, index: u32) {
        if let Some(State::Active(part)) = self.entries.remove(&index) {
            self.counted.failed += 1;
            match self.offered.shape {
                // A single file may be taken up again when the sender can read its own once more.
                Shape::File => self.keep(*part),
                _ => self.discard(part),
            }
        }
    }

    /// No more entries come: brings everything to the disk and publishes it under its final name.
    ///
    /// # Errors
    /// It could not be published; what is there is kept.
    pub fn finish(&mut self, entries: u32) -> Result<Finished, InboxError> {
        loop {
            if let Some(finished) = self.finish_some(entries, u32::MAX)? {
                return Ok(finished);
            }
        }
    }

    /// The same for a caller that has others to serve: none once so much was done that `most`
    /// leaves would take as long, and there is more. Then it is to be called again with the same.
    ///
    /// # Errors
    /// As for [`Reception::finish`].
    pub fn finish_some(
        &mut self,
        entries: u32,
        mut most: u32,
    ) -> Result<Option<Finished>, InboxError> {
        let busy = self
            .entries
            .values()
            .any(|state| matches!(state, State::Active(_)));
        let is_all = entries == self.next && self.offered.total.is_counted;
        if self.hold.is_over || busy || !is_all {
            return Err(InboxError::Protocol(
                "the transfer finished before its entries did",
            ));
        }
        let failed = Finished {
            ending: Ending::Failed,
            path: self
                .shared
                .settings
                .root
                .join(text_path(&self.offered.name)),
            failed: self.counted.failed,
            unplaced: Vec::new(),
        };
        let nothing = self.counted.done == 0 && self.counted.failed > 0;
        if self.counted.passing || nothing && self.counts.verified > 0 {
            self.pause();
            return Ok(Some(failed));
        }
        let finished = match nothing {
            true => Some(failed),
            false => match self.publish(&mut most) {
                Err(error) if error.is_full() && self.broken.is_none() => {
                    let missing = LEAF_BYTES;
                    return Err(InboxError::NoRoom { missing });
                }
                finished => finished?,
            },
        };
        self.hold.is_over = finished.is_some();
        Ok(finished)
    }

    /// The connection is lost: brings to the disk what is there, for the next attempt.
    pub fn pause(&mut self) {
        if self.hold.is_over || !self.has_unsynced() {
            return;
        }
        if let Err(error) = self.checkpoint() {
            log::warn!(
                "checkpoint failed folder={:?} error={error}",
                self.shared.folder(&self.claim)
            );
        }
    }

    /// Gives the transfer up and removes what came of it.
    pub fn cancel(mut self) {
        self.hold.is_over = true;
    }

    /// The same for a caller that has others to serve: gives what is to be removed.
    pub fn give_up(mut self) -> Option<Leftover> {
        self.hold.is_over = true;
        self.close()
    }

    /// Drops it; gives what is to be removed, if the transfer is over.
    pub fn close(mut self) -> Option<Leftover> {
        self.hold.is_left = true;
        let folder = self.shared.folder(&self.claim)?;
        let shared = Arc::clone(&self.shared);
        let is_over = self.hold.is_over;
        // Its files are closed before the folder is removed.
        drop(self);
        is_over.then(|| Leftover::new(shared, folder))
    }

    /// Bytes that the disk or a quota lacks for what is still to come; 0 once there is room, which
    /// is kept from then on.
    pub fn missing(&mut self) -> u64 {
        let missing = self.shared.missing(&self.claim, 0);
        missing.unwrap_or_else(|error| {
            // Whatever is wrong with the disk, what is written next says it.
            log::debug!("can't ask for room error={error}");
            0
        })
    }

    /// Bytes taken over from earlier attempts, by the entries whose sender agreed so far.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// The counts so far, without what was taken over.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The one file is there already, and no byte of it had to come.
    fn there(&mut self, index: u32, size: u64, root: &[u8; 32]) -> Result<Done, EntryError> {
        let (inbox, name) = (&self.root, &self.offered.name);
        let existing = self
            .existing
            .take()
            .filter(|existing| existing.is_unchanged(inbox, name));
        let Some(existing) = existing else {
            let gone = io::Error::new(io::ErrorKind::NotFound, "the same file was there until now");
            return Err(self.fail(index, SINGLE, PartError::System(gone)));
        };
        // Somebody else wrote it, and nobody may have asked yet whether the disk took it.
        if let Err(error) = existing.sync().and_then(|()| inbox.sync()) {
            return Err(self.fail(index, SINGLE, PartError::System(error)));
        }
        self.entries.remove(&index);
        self.is_there = true;
        self.held += size;
        self.counted.done += 1;
        let (root, counts) = (*root, self.counts);
        Ok(Done { root, counts })
    }

    fn count(&mut self, held: u64, new: u64) {
        self.held += held;
        self.counts.received += new;
        self.counts.verified += new;
        self.unsynced += new;
        self.shared.written(&self.claim, new);
    }
}

impl Drop for Reception {
    fn drop(&mut self) {
        self.hold.is_synced = self.broken.is_none() && !self.has_unsynced();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        match self.is_over {
            true if self.is_left => self.shared.forget(&self.claim),
            true => self.shared.drop_staged(&self.claim),
            false => self.shared.release(&self.claim, self.is_synced),
        }
    }
}

/// The file's name in the tree of a transfer of one file.
pub(crate) const SINGLE: &str = "data";

/// Puts the files of the attempts before into one folder beside.
fn set_aside(dir: &Dir) -> io::Result<Option<Dir>> {
    match dir.rename_new("tree", dir, "old") {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // What has no place beside the older ones is only sent again.
            publish::merge(&dir.sub("tree")?, dir.sub("old")?)?;
            dir.remove_all("tree")?;
        }
        Err(error) => return Err(error),
    }
    match dir.sub("old") {
        Ok(old) => Ok(Some(old)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
