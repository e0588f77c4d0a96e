//! One transfer that is being received: its entries, its leaves, its checkpoints, its end.
//! It knows no connection; it refuses entries and leaves that were not offered.

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
use crate::part::{Part, PartEnd, Run, Same, Staging};
use crate::part_error::PartError;
use crate::published::Previous;
use crate::record::Claim;
use crate::room::RoomLimit;
use crate::syncing::Syncing;
use crate::{EntryError, InboxError, text_path, usage};
use checkpoint::{End, believe};
use entries::active;

mod answer;
mod checkpoint;
mod entries;

pub use answer::{Begin, Counts, Done, Ended, Finished, NamedEntries, Unplaced};

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
    /// Files that ended or failed and have leaves without a record.
    unrecorded: Vec<Part>,
    /// What the same transfer became before, and since when files of this one come.
    previous: Option<Previous>,
    since: i64,
    /// Whether `there` is the folder that the files go into.
    merges: bool,
    /// Whether room is only kept for what is not there.
    is_spared: bool,
    /// The one file, if it is in the inbox already.
    there: Option<Existing>,
    /// The index that must come next.
    next: u32,
    announced: u64,
    counted: EntryCounts,
    /// Those of a folder that the sender wanted left out.
    skipped: NamedEntries,
    counts: Counts,
    held: u64,
    /// Bytes that earlier attempts left.
    pub(crate) left: u64,
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
        let since = dir.read("record")?.stamp()?.ctime;
        let previous = previous(&shared, &claim, offer, &root);
        let folder = folder_there(previous.as_ref(), offer, &root);
        let merges = folder.is_some();
        let there = folder.map_or_else(|| root.again(), Ok)?;
        let mut places = Staging::open(&dir, there, is_synced)?;
        let folders = Folders::new(dir.write_or_create("folders")?)?;
        let syncing = Syncing::of(offer.shape, &dir);
        places.vouch(&staging, &dir, syncing);
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
            unrecorded: Vec::new(),
            previous,
            since,
            merges,
            is_spared: false,
            there: None,
            next: 0,
            announced: 0,
            counted: EntryCounts::default(),
            skipped: NamedEntries::default(),
            counts: Counts::default(),
            held: 0,
            left: 0,
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
    ///
    /// # Errors
    /// It can never have room.
    pub fn total(&mut self, total: Total) -> Result<(), InboxError> {
        // A file that grows is the only entry. It waits where an offer would be refused: what came
        // of it is not to be lost.
        match self.entries.get_mut(&0) {
            Some(State::Active(part)) if part.grows() => part.grow(&total),
            _ => self.shared.check(total)?,
        }
        let more = usage::of(total).saturating_sub(usage::of(self.offered.total));
        self.shared.grow(&self.claim, more);
        self.offered.total = total;
        Ok(())
    }

    /// Takes the next entry, and reads nothing for that: what is held of it is what earlier
    /// attempts noted, and the sender's hashes show whether it is the same.
    ///
    /// # Errors
    /// The entry can't be taken; the transfer goes on without it.
    pub fn begin_entry(&mut self, entry: &Entry<'_>) -> Result<Begin, EntryError> {
        self.expect(entry)?;
        let begun = self.begin_expected(entry);
        let begun = begun.map_err(|trouble| self.fail(entry.index, entry.path.as_str(), trouble));
        if !matches!(begun, Err(EntryError::NoRoom { .. })) {
            self.next += 1;
            self.announced += entry.size;
        }
        begun
    }

    /// Compares what is held of an entry with the sender's hashes of it, at most 128 of them, which
    /// begin at `offset`; gives what is to be sent again.
    ///
    /// # Errors
    /// The entry has failed.
    pub fn hashes(
        &mut self,
        index: u32,
        offset: u64,
        hashes: &[[u8; 32]],
    ) -> Result<Vec<Run>, EntryError> {
        let part = active(&mut self.entries, index)?;
        let held = part.held();
        let again = part.hashes(&self.places, offset, hashes);
        self.held = self.held + part.held() - held;
        again.map_err(|trouble| self.fail_active(index, trouble))
    }

    /// Takes a leaf of an entry: checks and writes it, and now and then brings all of it to the
    /// disk. It is the next one, or was to be sent again, and is to be once more if it does not
    /// have its hash.
    ///
    /// # Errors
    /// The entry has failed; what is held of it is kept if another attempt may succeed.
    pub fn leaf(
        &mut self,
        index: u32,
        offset: u64,
        hash: &[u8; 32],
        bytes: &[u8],
    ) -> Result<Option<Run>, EntryError> {
        let size = active(&mut self.entries, index)?.size;
        let found = crate::hash::leaf(bytes, offset, size);
        self.hashed_leaf(index, offset, hash, &found, bytes, false)
    }

    /// The same for a leaf that was hashed elsewhere, so that one thread hashes while another
    /// writes: `found` is what [`hash_leaf`](crate::hash_leaf) gives for these very bytes. If it
    /// has holes, its pages of zeros are none of the file's data.
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
        has_holes: bool,
    ) -> Result<Option<Run>, EntryError> {
        active(&mut self.entries, index)?;
        let ready = self.ready(index, bytes.len() as u64);
        let part = active(&mut self.entries, index)?;
        let withdrawn = ready.and_then(|()| {
            let synced = part.sync_withdrawn(&self.places, offset);
            Ok(believe(&mut self.broken, &mut self.counted, synced)?)
        });
        let written =
            withdrawn.and_then(|()| part.leaf(&self.places, offset, hash, found, bytes, has_holes));
        let again = written.map_err(|trouble| self.fail_active(index, trouble))?;
        if again.is_none() {
            self.count(bytes.len() as u64);
            self.checkpoint_entry(index, Ok(()))?;
        }
        Ok(again)
    }

    /// The sender has sent all leaves of an entry, but for those that are to come again: checks the
    /// root.
    ///
    /// # Errors
    /// As for [`Reception::leaf`].
    pub fn end(&mut self, index: u32, size: u64, root: &[u8; 32]) -> Result<Ended, EntryError> {
        loop {
            if let Some(ended) = self.end_some(index, size, root, u32::MAX)? {
                return Ok(ended);
            }
        }
    }

    /// The same for a caller that has others to serve: none once `most` leaves of earlier attempts
    /// were read and there are more. Then it is to be called again with the same.
    ///
    /// # Errors
    /// As for [`Reception::leaf`].
    pub fn end_some(
        &mut self,
        index: u32,
        size: u64,
        root: &[u8; 32],
        most: u32,
    ) -> Result<Option<Ended>, EntryError> {
        let part = active(&mut self.entries, index)?;
        let held = part.held();
        let same = part.is_existing(&self.places, size, root);
        self.held = self.held + part.held() - held;
        match same.map_err(|trouble| self.fail_active(index, trouble))? {
            Some(Same::There(existing)) => return self.there(index, root, existing).map(Some),
            Some(Same::Again(run)) => return Ok(Some(Ended::Again(vec![run]))),
            None => {}
        }
        let part = active(&mut self.entries, index)?;
        let uncopied = part.uncopied(&self.places, most).map_err(PartError::from);
        let ready = uncopied.and_then(|bytes| self.ready(index, bytes));
        let part = active(&mut self.entries, index)?;
        let held = part.held();
        let ended = ready.and_then(|()| part.end(&self.places, size, root, most));
        self.held = self.held + part.held() - held;
        let copied = part.take_copied();
        self.copied(copied);
        if copied > 0 {
            self.checkpoint_entry(index, Ok(()))?;
        }
        match ended.map_err(|trouble| self.fail_active(index, trouble))? {
            PartEnd::More => return Ok(None),
            PartEnd::Again(again) => return Ok(Some(Ended::Again(again))),
            PartEnd::Done => {}
        }
        self.counted.unsynced += 1;
        let synced = self.sync_ended(index);
        self.checkpoint_entry(index, synced)?;
        if let Some(State::Active(part)) = self.entries.remove(&index) {
            match self.offered.shape {
                Shape::File => self.single = Some(part),
                _ => self.remember(*part),
            }
        }
        self.counted.done += 1;
        Ok(Some(Ended::Done(Done {
            root: *root,
            counts: self.counts,
        })))
    }

    /// The sender gives an entry up.
    pub fn abandon(&mut self, index: u32) {
        if let Some(State::Active(part)) = self.entries.remove(&index) {
            self.counted.failed += 1;
            match self.offered.shape {
                // A single file may be taken up again when the sender can read its own once more.
                Shape::File => self.keep(*part),
                _ => self.discard(*part),
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
            renamed: NamedEntries::default(),
            skipped: NamedEntries::default(),
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
        let missing = match self.shared.missing(&self.claim, 0) {
            Ok(missing) if missing > 0 && self.spare() => self.shared.missing(&self.claim, 0),
            missing => missing,
        };
        missing.unwrap_or_else(|error| {
            // Whatever is wrong with the disk, what is written next says it.
            log::debug!("can't ask for room error={error}");
            0
        })
    }

    /// Where there is no room, while bytes are [missing](Self::missing).
    pub fn room_limit(&self) -> RoomLimit {
        self.shared.limit(&self.claim)
    }

    /// Keeps no room for what the same transfer became before, as that need not come again; what
    /// changed of it looks for room by itself. It takes a look at all of that, and so waits until
    /// room is missing. Whether it was done now.
    fn spare(&mut self) -> bool {
        let Some(previous) = self.previous.as_ref().filter(|_| !self.is_spared) else {
            return false;
        };
        self.is_spared = true;
        let spared = self.shared.spare(&self.claim, &previous.name);
        spared.is_ok()
    }

    /// Bytes that earlier attempts left, of which the sender may have others by now.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Bytes taken over from earlier attempts, as far as the sender has the same.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// The counts so far, without what was taken over.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The file is there already, and no byte of it had to come.
    fn there(
        &mut self,
        index: u32,
        root: &[u8; 32],
        existing: Existing,
    ) -> Result<Ended, EntryError> {
        if let Err(error) = existing.sync(&self.places.there) {
            return Err(self.fail_active(index, PartError::System(error)));
        }
        self.entries.remove(&index);
        self.there = Some(existing);
        self.counted.done += 1;
        Ok(Ended::Done(Done {
            root: *root,
            counts: self.counts,
        }))
    }

    /// Bytes were written that did not have to come.
    fn copied(&mut self, bytes: u64) {
        self.unsynced += bytes;
        self.shared.written(&self.claim, bytes);
    }

    fn count(&mut self, new: u64) {
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

/// What the same transfer became before, as far as it is still there.
fn previous(shared: &Shared, claim: &Claim, offer: &Offer<'_>, root: &Dir) -> Option<Previous> {
    let previous = shared.previous(claim, offer)?;
    let is_there = |folder: Dir| folder.inode().ok() == Some(previous.inode);
    match offer.shape {
        Shape::File => Some(previous),
        _ => root
            .sub(&previous.name)
            .is_ok_and(is_there)
            .then_some(previous),
    }
}

/// The folder of the inbox that the files of an offered folder go into.
fn folder_there(previous: Option<&Previous>, offer: &Offer<'_>, root: &Dir) -> Option<Dir> {
    let name = match (previous, offer.collision) {
        _ if offer.shape == Shape::File => return None,
        (Some(previous), _) => previous.name.as_str(),
        (None, Collision::Skip | Collision::Overwrite) => offer.name.as_str(),
        _ => return None,
    };
    root.sub(name).ok()
}

/// The file's name in the tree of a transfer of one file.
pub(crate) const SINGLE: &str = "data";
