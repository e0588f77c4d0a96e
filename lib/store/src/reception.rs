//! One transfer that is being received: its entries, its leaves, its checkpoints, its end.
//! It knows no connection; it refuses entries and leaves that were not offered.

use std::io;
use std::sync::Arc;

use transom_wire::{Collision, Ending, Entry, Offer, Shape, Total};

use crate::dir::Dir;
use crate::existing::Existing;
use crate::folders::Folders;
use crate::hash::LEAF_BYTES;
use crate::inbox::{Leftover, Shared};
use crate::part::{Part, PartEnd, Run};
use crate::part_error::PartError;
use crate::publish::Publishing;
use crate::published::Previous;
use crate::record::Claim;
use crate::room::RoomLimit;
use crate::staging::TransferDirs;
use crate::syncing::Syncing;
use crate::{EntryError, InboxError, text_path, usage};
use checkpoint::Checkpoint;
use files::Files;

mod answer;
mod checkpoint;
mod ending;
mod entries;
mod files;

pub use answer::{Begin, Counts, Ended, Finished, NamedEntries, Unplaced};

/// A transfer that is being received. Dropping it keeps what is there for the next attempt, or
/// removes it if the transfer is over.
#[derive(Debug)]
pub struct Reception {
    shared: Arc<Shared>,
    claim: Claim,
    offered: Offered,
    content: Content,
    dirs: TransferDirs,
    files: Files,
    checkpoint: Checkpoint,
    /// How it gets its final name, once all of it is on the disk, and since which time of the file
    /// system.
    publishing: Option<(Publishing, i64)>,
    /// What the same transfer became before, and since when files of this one come.
    previous: Option<Previous>,
    since: i64,
    /// Whether room is only kept for what is not there.
    is_spared: bool,
    announced: Announced,
    entries: EntryCounts,
    counts: Counts,
    held: u64,
    /// Bytes that earlier attempts left.
    pub(crate) left: u64,
    /// Last, so that every file is closed before its folder is removed: some file systems keep a
    /// file that is open under another name (`.nfs...`, `.fuse_hidden...`), and then its folder
    /// too.
    hold: Hold,
}

/// What is received.
#[derive(Debug)]
enum Content {
    File(OneFile),
    Folder {
        /// The modes and times of the folders in it.
        folders: Folders,
        /// Whether its files go into a folder that is there.
        merges: bool,
        /// Entries that the sender wanted left out.
        skipped: NamedEntries,
    },
}

/// What became of the file of a transfer of one file.
#[derive(Debug)]
enum OneFile {
    /// It is still to come, or is left out.
    Coming,
    /// It is whole in the tree.
    Whole,
    /// It is in the inbox already.
    Existing(Existing),
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
    pub(crate) collision: Collision,
    total: Total,
}

/// The entries that were announced so far.
#[derive(Debug, Default)]
struct Announced {
    /// How many, which is the index that comes next.
    entries: u32,
    bytes: u64,
}

/// How many entries went which way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EntryCounts {
    pub(crate) done: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
    /// Whether one failed that may succeed next time.
    may_succeed: bool,
}

impl Reception {
    /// Begins in the transfer's folder, which was opened for it. `is_synced` says whether this
    /// process brought everything in it to the disk.
    pub(crate) fn begin(
        shared: Arc<Shared>,
        claim: Claim,
        own: Dir,
        offer: &Offer<'_>,
        is_synced: bool,
    ) -> io::Result<Self> {
        let (inbox, staging) = (shared.root.again()?, shared.staging.again()?);
        let since = own.read("record")?.metadata()?.ctime;
        let previous = previous(&shared, &claim, offer, &inbox);
        let folder = folder_there(previous.as_ref(), offer, &inbox);
        let merges = folder.is_some();
        let published = folder.map_or_else(|| inbox.again(), Ok)?;
        let syncing = Syncing::of(offer.shape, &own);
        let mut dirs = TransferDirs::open([inbox, staging, own, published], is_synced)?;
        dirs.sync_earlier(syncing);
        let content = match offer.shape {
            Shape::File => Content::File(OneFile::Coming),
            _ => Content::Folder {
                folders: Folders::new(dirs.own.write_or_create("folders")?)?,
                merges,
                skipped: NamedEntries::default(),
            },
        };
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
                collision: offer.collision,
                total: offer.total(),
            },
            content,
            dirs,
            files: Files::default(),
            checkpoint: Checkpoint::new(syncing),
            publishing: None,
            previous,
            since,
            is_spared: false,
            announced: Announced::default(),
            entries: EntryCounts::default(),
            counts: Counts::default(),
            held: 0,
            left: 0,
        })
    }

    /// The sender has counted more of what it offered.
    ///
    /// # Errors
    /// It can never have room.
    pub fn total(&mut self, total: Total) -> Result<(), InboxError> {
        // A file that grows is the only entry. It waits where an offer would be refused, and if it
        // has failed nothing is refused either: what came of it is not to be lost.
        match (&self.content, self.files.get_mut(0)) {
            (_, Some(part)) if part.grows() => part.grow(&total),
            (Content::File(_), None) if self.announced.entries > 0 => {}
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
        self.check_announced(entry)?;
        let begun = self.begin_announced(entry);
        let begun = begun.map_err(|error| self.fail(entry.index, entry.path.as_str(), error));
        if !matches!(begun, Err(EntryError::NoRoom { .. })) {
            self.announced.entries += 1;
            self.announced.bytes += entry.size;
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
        self.with_part(index, |this, part| part.hashes(&this.dirs, offset, hashes))
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
        let size = self.with_part(index, |_, part| Ok(part.file.size))?;
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
        let again = self.with_part(index, |this, part| {
            this.make_ready(index, part, bytes.len() as u64)?;
            let synced = part.sync_withdrawn(&this.dirs, offset);
            this.checkpoint.note_sync(synced)?;
            part.leaf(&this.dirs, offset, hash, found, bytes, has_holes)
        })?;
        if again.is_none() {
            self.counts.verified += bytes.len() as u64;
            self.written(bytes.len() as u64);
            self.checkpoint_if_due(index)?;
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
        let end = self.with_part(index, |this, part| {
            if let Some(end) = part.end_existing(&this.dirs, size, root)? {
                return Ok(end);
            }
            let uncopied = part.uncopied(&this.dirs, most)?;
            this.make_ready(index, part, uncopied)?;
            let end = part.end(&this.dirs, size, root, most);
            this.written(part.take_copied());
            if let (Ok(PartEnd::Whole), Syncing::EachFile) = (&end, this.checkpoint.syncing) {
                // Afterwards it is closed.
                let synced = part.file.sync_whole(&this.dirs);
                this.checkpoint.note_sync(synced)?;
            }
            end
        })?;
        if let PartEnd::Whole = end {
            self.checkpoint.files += 1;
        }
        self.checkpoint_if_due(index)?;
        let whole = match end {
            PartEnd::More => return Ok(None),
            PartEnd::Again(again) => return Ok(Some(Ended::Again(again))),
            PartEnd::Whole => OneFile::Whole,
            PartEnd::Existing(existing) => OneFile::Existing(existing),
        };
        if let Some(part) = self.files.take(index) {
            self.remember(part);
        }
        if let Content::File(file) = &mut self.content {
            *file = whole;
        }
        self.entries.done += 1;
        Ok(Some(Ended::Done))
    }

    /// The sender gives an entry up.
    pub fn abandon(&mut self, index: u32) {
        if let Some(part) = self.files.take(index) {
            self.entries.failed += 1;
            match self.content {
                // A single file may be taken up again when the sender can read its own once more.
                Content::File(_) => self.keep(part),
                Content::Folder { .. } => self.discard(part),
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
        let is_all = entries == self.announced.entries && self.offered.total.is_counted;
        if self.hold.is_over || self.files.has_running() || !is_all {
            return Err(InboxError::Protocol(
                "the transfer finished before its entries did",
            ));
        }
        let failed = Finished {
            ending: Ending::Failed,
            path: self.published_path(&self.offered.name),
            failed: self.entries.failed,
            unplaced: Vec::new(),
            renamed: NamedEntries::default(),
            skipped: NamedEntries::default(),
        };
        let nothing = self.entries.done == 0 && self.entries.failed > 0;
        let may_succeed = self.entries.may_succeed || self.checkpoint.broken.is_some();
        if may_succeed || nothing && self.counts.verified > 0 {
            self.pause();
            return Ok(Some(failed));
        }
        let finished = match nothing {
            true => Some(failed),
            false => match self.publish(&mut most) {
                Err(error) if error.is_full() && self.checkpoint.broken.is_none() => {
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
        if self.hold.is_over || !self.checkpoint.has_unsynced() {
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
            // The next write reports what is wrong with the disk.
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

    /// Does something with the file of an entry whose data may come. If that fails, the entry has
    /// failed.
    fn with_part<T>(
        &mut self,
        index: u32,
        step: impl FnOnce(&mut Self, &mut Part) -> Result<T, PartError>,
    ) -> Result<T, EntryError> {
        let mut part = self.files.lend(index)?;
        let held = part.held();
        let done = step(self, &mut part);
        self.held = self.held + part.held() - held;
        self.files.put(index, part);
        done.map_err(|error| self.fail(index, "", error))
    }

    /// Bytes were written.
    fn written(&mut self, bytes: u64) {
        self.checkpoint.bytes += bytes;
        self.shared.written(&self.claim, bytes);
    }

    /// Where something of that name is in the inbox.
    fn published_path(&self, name: &str) -> std::path::PathBuf {
        self.shared.settings.root.join(text_path(name))
    }
}

impl Drop for Reception {
    fn drop(&mut self) {
        self.hold.is_synced = self.checkpoint.broken.is_none() && !self.checkpoint.has_unsynced();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !self.is_over {
            self.shared.release(&self.claim, self.is_synced);
        } else if let Some(folder) = self.shared.forget(&self.claim)
            && !self.is_left
        {
            self.shared.remove(&folder);
        }
    }
}

/// What the same transfer became before, as far as it is still there.
fn previous(shared: &Shared, claim: &Claim, offer: &Offer<'_>, inbox: &Dir) -> Option<Previous> {
    let previous = shared.previous(claim, offer)?;
    let is_there = |folder: Dir| folder.inode().ok() == Some(previous.inode);
    match offer.shape {
        Shape::File => Some(previous),
        _ => inbox
            .sub(&previous.name)
            .is_ok_and(is_there)
            .then_some(previous),
    }
}

/// The folder of the inbox that the files of an offered folder go into.
fn folder_there(previous: Option<&Previous>, offer: &Offer<'_>, inbox: &Dir) -> Option<Dir> {
    let name = match (previous, offer.collision) {
        _ if offer.shape == Shape::File => return None,
        (Some(previous), _) => previous.name.as_str(),
        (None, Collision::Skip | Collision::Overwrite) => offer.name.as_str(),
        _ => return None,
    };
    inbox.sub(name).ok()
}

/// The file's name in the tree of a transfer of one file.
pub(crate) const SINGLE: &str = "data";
