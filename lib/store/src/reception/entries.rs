//! The entries of a transfer: which may come, how each begins, and what becomes of those that fail.

use std::io;

use transom_wire::{Collision, Entry, EntryKind, limits};

use super::checkpoint::CHECKPOINT_FILES;
use super::{Begin, Content, Reception, SINGLE};
use crate::EntryError;
use crate::dir::Kind;
use crate::existing::Existing;
use crate::file::folder_mode;
use crate::hash::LEAF_BYTES;
use crate::part::Part;
use crate::part_error::{PartError, taken};
use crate::publish::{is_clash, numbered};
use crate::room::is_full;
use crate::syncing::Syncing;
use crate::usage::{self, ENTRY_BYTES};

/// Entries not done at a time; as many again may have failed without the sender knowing yet.
const UNDONE: usize = 2 * limits::ENTRIES_AHEAD as usize;
/// Versions of a file that are looked at, "name" to "name (15)", each of which costs some calls. Of
/// a file that changes more often the last ones are compared with the others at the end.
const VERSIONS: u32 = 16;

impl Reception {
    pub(super) fn check_announced(&self, entry: &Entry<'_>) -> Result<(), EntryError> {
        let entries = self.announced.entries.saturating_add(1);
        let bytes = self.announced.bytes.saturating_add(entry.size);
        let (is_folder, grows) = (
            entry.kind == EntryKind::Folder,
            entry.kind == EntryKind::Growing,
        );
        let is_offered = match self.content {
            Content::File(_) => {
                entry.index == 0 && !is_folder && entry.path.as_str() == self.offered.name
            }
            Content::Folder { .. } => true,
        };
        let wrong = if entry.index != self.announced.entries {
            "an entry is out of order"
        } else if self.files.undone() >= UNDONE {
            "too many entries are not done"
        } else if !self.offered.total.allows(entries, bytes) {
            "the entries are more or larger than the offer"
        } else if (is_folder || grows) && entry.size > 0 {
            "a folder and a file that grows have no size"
        } else if grows && matches!(self.content, Content::Folder { .. }) {
            "only a file that was offered alone may grow"
        } else if !is_offered {
            "the entry is not the file that was offered"
        } else {
            return Ok(());
        };
        Err(EntryError::Protocol(wrong))
    }

    /// Begins an entry that may come.
    pub(super) fn begin_announced(&mut self, entry: &Entry<'_>) -> Result<Begin, PartError> {
        self.checkpoint.check_sound()?;
        match entry.kind {
            EntryKind::File | EntryKind::Folder | EntryKind::Growing
                if self.is_to_skip(entry)? =>
            {
                self.entries.skipped += 1;
                if let Content::Folder { skipped, .. } = &mut self.content {
                    skipped.add(entry.path.as_str());
                }
                Ok(Begin::Done)
            }
            EntryKind::Folder => self.begin_folder(entry),
            EntryKind::File => self.begin_file(entry),
            EntryKind::Growing => self.begin_file(&Entry {
                size: self.offered.total.bytes,
                ..*entry
            }),
            _ => Err(PartError::Unsupported),
        }
    }

    fn begin_folder(&mut self, entry: &Entry<'_>) -> Result<Begin, PartError> {
        let path = entry.path.as_str();
        self.take_room(ENTRY_BYTES)?;
        let made = self.dirs.tree.make_all(path).map_err(taken)?;
        self.made(path, made);
        self.checkpoint.files += 1;
        if let Content::Folder { folders, .. } = &mut self.content {
            folders.put(path, folder_mode(entry.mode), entry.mtime)?;
        }
        self.entries.done += 1;
        Ok(Begin::Done)
    }

    fn begin_file(&mut self, entry: &Entry<'_>) -> Result<Begin, PartError> {
        let existing = self.existing(entry);
        if existing.is_none() || self.dirs.earlier.is_some() {
            self.take_room(ENTRY_BYTES)?;
        }
        let path = match self.content {
            Content::File(_) => SINGLE,
            Content::Folder { .. } => entry.path.as_str(),
        };
        let (mut part, made) = Part::begin(&self.dirs, entry, path)?;
        if part.file.is_made() {
            self.made(path, made);
        }
        if let Some(existing) = existing {
            part.take_existing(existing);
        }
        let (offset, is_open) = (part.offset(), part.file.is_open());
        // If its size is final, all but its last leaf is compared, also what comes from here on.
        part.grow(&self.offered.total);
        self.files.put(entry.index, Box::new(part));
        if is_open {
            self.close_others(entry.index)?;
        }
        Ok(Begin::Data { offset })
    }

    /// Names were made in the tree: the last one of the path, and those of folders above it.
    fn made(&mut self, path: &str, names: u64) {
        self.shared.written(&self.claim, names * ENTRY_BYTES);
        self.checkpoint.touch(path, names);
    }

    /// The file of the inbox that may be the one on offer.
    fn existing(&self, entry: &Entry<'_>) -> Option<Existing> {
        let (published, size) = (&self.dirs.published, entry.size);
        let of_peer = |path: &str| Existing::of_peer(published, path, self.previous.as_ref()?);
        if let Content::File(_) = self.content {
            let previous = self.previous.as_ref();
            let name = &self.offered.name;
            return previous
                .and_then(|previous| of_peer(&previous.name))
                .or_else(|| Existing::find(published, name, size, entry.mtime));
        }
        let versions = match (&self.previous, self.offered.collision) {
            (None, _) => 0,
            (_, Collision::Skip | Collision::Overwrite) => 1,
            _ => VERSIONS,
        };
        let mut found: Option<Existing> = None;
        for number in 0..versions {
            let path = numbered(entry.path.as_str(), number);
            if number > 0 && published.kind(&path).is_err() {
                break;
            }
            // A file that changed went beside the others, so the last is the newest. One of another
            // size may be another entry that has such a name.
            let is_as_long = |existing: &Existing| existing.size() == size;
            let is_better =
                |new: &Existing| is_as_long(new) || !found.as_ref().is_some_and(is_as_long);
            found = of_peer(&path).filter(is_better).or(found);
        }
        found
    }

    /// Makes sure that the file of an entry is there and open, and that so many more bytes have
    /// room.
    pub(super) fn make_ready(
        &mut self,
        index: u32,
        part: &mut Part,
        bytes: u64,
    ) -> Result<(), PartError> {
        self.checkpoint.check_sound()?;
        let is_made = part.file.is_made();
        let bytes = bytes + if is_made { 0 } else { ENTRY_BYTES };
        if bytes > 0 {
            self.take_room(bytes)?;
        }
        if part.file.is_open() {
            return Ok(());
        }
        let made = part.file.open(&self.dirs)?;
        if !is_made {
            self.made(&part.file.path, made);
        }
        Ok(self.close_others(index)?)
    }

    /// Makes sure of room for so many bytes. A sender that sends more than was kept for it, since
    /// it changed what it sends, loses what earlier attempts left and nothing took up yet.
    fn take_room(&mut self, bytes: u64) -> Result<(), PartError> {
        let mut missing = self.shared.take(&self.claim, bytes)?;
        if missing > 0 && self.spare() {
            missing = self.shared.take(&self.claim, bytes)?;
        }
        if missing == 0 {
            return Ok(());
        }
        if self.is_spared || self.shared.is_within(&self.claim, bytes) {
            return Err(PartError::NoRoom(missing));
        }
        let Some(earlier) = self.dirs.earlier.take() else {
            return Err(PartError::NoRoom(missing));
        };
        let freed = usage::measure(earlier.dir())?.bytes();
        self.dirs.own.remove_all("old")?;
        self.shared.removed(&self.claim, freed);
        match self.shared.take(&self.claim, bytes)? {
            0 => Ok(()),
            missing => Err(PartError::NoRoom(missing)),
        }
    }

    /// Whether the name is taken and stays so by the sender's own wish.
    ///
    /// # Errors
    /// The entry has no place in the folder that this one will be merged with. The sender is
    /// told before any data moves.
    fn is_to_skip(&self, entry: &Entry<'_>) -> Result<bool, PartError> {
        let (name, skips) = (
            &self.offered.name,
            self.offered.collision == Collision::Skip,
        );
        match self.content {
            Content::File(_) => return Ok(skips && self.dirs.inbox.kind(name).is_ok()),
            Content::Folder { merges: false, .. } => return Ok(false),
            Content::Folder { merges: true, .. } => {}
        }
        let renames = !skips && self.offered.collision != Collision::Overwrite;
        let there = &self.dirs.published;
        match (there.kind(entry.path.as_str()), entry.kind) {
            (Ok(_), EntryKind::File) if renames => Ok(false),
            (Ok(Kind::Folder), EntryKind::Folder) => Ok(false),
            (Ok(Kind::Folder), _) => Err(PartError::NoPlace("a folder has that name there")),
            (Ok(_), EntryKind::Folder) => Err(PartError::NoPlace(
                "something that is no folder has that name there",
            )),
            (Ok(_), _) => Ok(skips),
            (Err(error), _) if is_clash(&error) => {
                Err(PartError::NoPlace("a folder above it is none there"))
            }
            (Err(_), _) => Ok(false),
        }
    }

    /// An entry has failed: what is left of it goes, unless another attempt may succeed. It has not
    /// where only room is missing. `path` is that of an entry that has no file yet.
    pub(super) fn fail(&mut self, index: u32, path: &str, error: PartError) -> EntryError {
        let error = match error {
            PartError::NoRoom(missing) => return EntryError::NoRoom { missing },
            // What is in memory may get no place on the disk either: only a sync says so.
            PartError::System(error) if is_full(&error) && self.checkpoint.broken.is_none() => {
                let missing = self.missing().max(LEAF_BYTES);
                return EntryError::NoRoom { missing };
            }
            // Every name is "not found" then.
            PartError::System(error) if is_missing(&error) && self.dirs.own.is_gone() => {
                PartError::System(io::Error::other("the private folder was removed"))
            }
            error => error,
        };
        let part = self.files.fail(index);
        let error = error.of(match (&self.content, &part) {
            // Its place in the tree is a name of ours.
            (Content::File(_), _) => &self.offered.name,
            (_, Some(part)) => &part.file.path,
            _ => path,
        });
        self.entries.failed += 1;
        self.entries.may_succeed |= error.may_succeed_later();
        match part {
            Some(part) if error.may_succeed_later() => self.keep(part),
            Some(part) => self.discard(part),
            None => {}
        }
        error
    }

    /// Closes a file that another attempt may go on with.
    pub(super) fn keep(&mut self, mut part: Part) {
        if self.checkpoint.syncing == Syncing::EachFile && self.checkpoint.broken.is_none() {
            // Its error is the reception's from now on; the entry has failed already.
            let synced = part.file.sync(&self.dirs);
            let _ = self.checkpoint.note_sync(synced);
        }
        self.remember(part);
    }

    /// Closes a file that is done with, until its leaves have their records. Beyond as many as a
    /// checkpoint has at most they are only sent again.
    pub(super) fn remember(&mut self, mut part: Part) {
        let is_room = self.files.unrecorded.len() < CHECKPOINT_FILES as usize;
        if part.file.has_unrecorded() && self.checkpoint.broken.is_none() && is_room {
            part.file.close();
            self.files.unrecorded.push(part);
        }
    }

    /// Removes a file that no later attempt continues.
    pub(super) fn discard(&self, part: Part) {
        if let Err(error) = part.file.remove(&self.dirs) {
            log::debug!("nothing to remove error={error}");
        }
    }

    /// The file of an entry was opened: if too many are open, closes the first. Where each is
    /// synced by itself it is synced before.
    fn close_others(&mut self, index: u32) -> io::Result<()> {
        let Some(oldest) = self.files.opened(index) else {
            return Ok(());
        };
        let synced = match self.checkpoint.syncing {
            Syncing::FileSystem => Ok(()),
            Syncing::EachFile => oldest.file.sync(&self.dirs),
        };
        oldest.file.close();
        self.checkpoint.note_sync(synced)
    }
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
