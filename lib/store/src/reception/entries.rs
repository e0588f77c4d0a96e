//! The entries of a transfer: which may come, how each begins, and what becomes of those that fail.

use std::collections::HashMap;
use std::io;

use transom_wire::{Collision, Entry, EntryKind, Shape, limits};

use super::checkpoint::CHECKPOINT_FILES;
use super::{Begin, Reception, SINGLE, State};
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

/// Files kept open at a time: senders send one after the other, so more is only for those who
/// don't.
const OPEN_FILES: usize = 32;
/// Entries not done at a time; as many again may have failed without the sender knowing yet.
const UNDONE: usize = 2 * limits::ENTRIES_AHEAD as usize;
/// Versions of a file that are looked at, "name" to "name (15)", each of which costs some calls. Of
/// a file that changes more often the last ones are compared with the others at the end.
const VERSIONS: u32 = 16;

impl Reception {
    pub(super) fn expect(&self, entry: &Entry<'_>) -> Result<(), EntryError> {
        let (entries, bytes) = (
            self.next.saturating_add(1),
            self.announced.saturating_add(entry.size),
        );
        let wrong = if entry.index != self.next {
            "an entry is out of order"
        } else if self.entries.len() >= UNDONE {
            "too many entries are not done"
        } else if !self.offered.total.allows(entries, bytes) {
            "the entries are more or larger than the offer"
        } else if matches!(entry.kind, EntryKind::Folder | EntryKind::Growing) && entry.size > 0 {
            "a folder and a file that grows have no size"
        } else if entry.kind == EntryKind::Growing && self.offered.shape != Shape::File {
            "only a file that was offered alone may grow"
        } else if self.offered.shape == Shape::File
            && (entry.kind == EntryKind::Folder
                || entry.index > 0
                || entry.path.as_str() != self.offered.name)
        {
            "the entry is not the file that was offered"
        } else {
            return Ok(());
        };
        Err(EntryError::Protocol(wrong))
    }

    /// Begins an entry that may come.
    pub(super) fn begin_expected(&mut self, entry: &Entry<'_>) -> Result<Begin, PartError> {
        self.sound()?;
        match entry.kind {
            EntryKind::File | EntryKind::Folder | EntryKind::Growing
                if self.is_to_skip(entry)? =>
            {
                self.counted.skipped += 1;
                if self.offered.shape != Shape::File {
                    self.skipped.add(entry.path.as_str());
                }
                Ok(Begin::Done { root: [0; 32] })
            }
            EntryKind::Folder => self.folder(entry),
            EntryKind::File => self.file(entry),
            EntryKind::Growing => self.file(&Entry {
                size: self.offered.total.bytes,
                ..*entry
            }),
            _ => Err(PartError::Unsupported),
        }
    }

    fn folder(&mut self, entry: &Entry<'_>) -> Result<Begin, PartError> {
        let path = entry.path.as_str();
        self.room(ENTRY_BYTES)?;
        let made = self.places.tree.make_all(path).map_err(taken)?;
        self.shared.written(&self.claim, made * ENTRY_BYTES);
        self.touch(path, made);
        self.counted.unsynced += 1;
        self.folders
            .put(path, folder_mode(entry.mode), entry.mtime)?;
        self.counted.done += 1;
        Ok(Begin::Made)
    }

    fn file(&mut self, entry: &Entry<'_>) -> Result<Begin, PartError> {
        let existing = self.existing(entry);
        if existing.is_none() || self.places.old.is_some() {
            self.room(ENTRY_BYTES)?;
        }
        let path = match self.offered.shape {
            Shape::File => SINGLE,
            _ => entry.path.as_str(),
        };
        let (mut part, made) = Part::begin(&self.places, entry, path)?;
        if part.is_made() {
            self.shared.written(&self.claim, made * ENTRY_BYTES);
            self.touch(path, made);
        }
        if let Some(existing) = existing {
            part.take_existing(existing);
        }
        part.grow(&self.offered.total);
        let (offset, is_open) = (part.offset(), part.is_open());
        self.entries
            .insert(entry.index, State::Active(Box::new(part)));
        if is_open {
            self.opened(entry.index)?;
        }
        Ok(Begin::Data { offset })
    }

    /// The file of the inbox that may be the one on offer.
    fn existing(&self, entry: &Entry<'_>) -> Option<Existing> {
        let (there, size) = (&self.places.there, entry.size);
        let of_peer = |path: &str| Existing::of_peer(there, path, self.previous.as_ref()?);
        if self.offered.shape == Shape::File {
            let previous = self.previous.as_ref();
            let name = &self.offered.name;
            return previous
                .and_then(|previous| of_peer(&previous.name))
                .or_else(|| Existing::find(there, name, size, entry.mtime));
        }
        let versions = match (&self.previous, self.offered.collision) {
            (None, _) => 0,
            (_, Collision::Skip | Collision::Overwrite) => 1,
            _ => VERSIONS,
        };
        let mut found: Option<Existing> = None;
        for number in 0..versions {
            let path = numbered(entry.path.as_str(), number);
            if number > 0 && there.kind(&path).is_err() {
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

    /// Makes sure that the files of an entry are there and open, and that so many more bytes have
    /// room.
    pub(super) fn ready(&mut self, index: u32, bytes: u64) -> Result<(), PartError> {
        self.sound()?;
        let Some(State::Active(part)) = self.entries.get(&index) else {
            return Ok(());
        };
        let (is_open, is_made) = (part.is_open(), part.is_made());
        let bytes = bytes + if is_made { 0 } else { ENTRY_BYTES };
        if bytes > 0 {
            self.room(bytes)?;
        }
        if is_open {
            return Ok(());
        }
        let Some(State::Active(part)) = self.entries.get_mut(&index) else {
            return Ok(());
        };
        let made = part.open(&self.places)?;
        if !is_made {
            let path = part.path.clone();
            self.shared.written(&self.claim, made * ENTRY_BYTES);
            self.touch(&path, made);
        }
        Ok(self.opened(index)?)
    }

    /// Makes sure of room for so many bytes. A sender that sends more than was kept for it, since
    /// it changed what it sends, loses what earlier attempts left and nothing took up yet.
    fn room(&mut self, bytes: u64) -> Result<(), PartError> {
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
        let Some(old) = self.places.old.take() else {
            return Err(PartError::NoRoom(missing));
        };
        let freed = usage::measure(old.dir())?.bytes();
        self.dir.remove_all("old")?;
        self.shared.removed(&self.claim, freed);
        match self.shared.take(&self.claim, bytes)? {
            0 => Ok(()),
            missing => Err(PartError::NoRoom(missing)),
        }
    }

    /// Whether the name is taken and stays so by the sender's own wish.
    ///
    /// # Errors
    /// The entry has no place in the folder that this one will be merged with. The sender hears of
    /// it before any data moves.
    fn is_to_skip(&self, entry: &Entry<'_>) -> Result<bool, PartError> {
        let (name, skips) = (
            &self.offered.name,
            self.offered.collision == Collision::Skip,
        );
        if self.offered.shape == Shape::File {
            return Ok(skips && self.root.kind(name).is_ok());
        }
        if !self.merges {
            return Ok(false);
        }
        let renames = !skips && self.offered.collision != Collision::Overwrite;
        let there = &self.places.there;
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
    /// where only room is missing.
    pub(super) fn fail(&mut self, index: u32, path: &str, trouble: PartError) -> EntryError {
        let trouble = match trouble {
            PartError::NoRoom(missing) => return EntryError::NoRoom { missing },
            // What is in memory may get no place on the disk either: only a sync says so.
            PartError::System(error) if is_full(&error) && self.broken.is_none() => {
                let missing = self.missing().max(LEAF_BYTES);
                return EntryError::NoRoom { missing };
            }
            // Every name is "not found" then.
            PartError::System(error) if is_missing(&error) && self.dir.is_gone() => {
                PartError::System(io::Error::other("the private folder was removed"))
            }
            trouble => trouble,
        };
        let error = trouble.of(match self.offered.shape {
            // Its place in the tree is a name of ours.
            Shape::File => &self.offered.name,
            _ => path,
        });
        self.counted.failed += 1;
        let part = self.entries.insert(index, State::Failed);
        match part {
            Some(State::Active(part)) if error.is_passing() => self.keep(*part),
            Some(State::Active(part)) => self.discard(*part),
            _ => {}
        }
        self.counted.passing |= error.is_passing();
        error
    }

    /// The same for an entry whose data were coming.
    pub(super) fn fail_active(&mut self, index: u32, trouble: PartError) -> EntryError {
        let path = match self.entries.get(&index) {
            Some(State::Active(part)) => part.path.clone(),
            _ => String::new(),
        };
        self.fail(index, &path, trouble)
    }

    /// Closes a file that another attempt may go on with.
    pub(super) fn keep(&mut self, mut part: Part) {
        if self.syncing == Syncing::EachFile && self.broken.is_none() {
            // Its error is the reception's from now on; the entry has failed already.
            let synced = part.sync(&self.places);
            let _ = self.believe(synced);
        }
        self.remember(part);
    }

    /// Closes a file that is done with, until its leaves have their records. Beyond as many as a
    /// checkpoint has at most they are only sent again.
    pub(super) fn remember(&mut self, mut part: Part) {
        let is_room = self.unrecorded.len() < CHECKPOINT_FILES as usize;
        if part.has_unrecorded() && self.broken.is_none() && is_room {
            part.close();
            self.unrecorded.push(part);
        }
    }

    /// Removes a file that no later attempt continues.
    pub(super) fn discard(&self, part: Part) {
        if let Err(error) = part.remove(&self.places) {
            log::debug!("nothing to remove error={error}");
        }
    }

    /// Takes note that the file of an entry is open. Of too many those that were opened first are
    /// closed; where each is synced by itself they are synced before.
    fn opened(&mut self, index: u32) -> io::Result<()> {
        self.open.push_back(index);
        while self.open.len() > OPEN_FILES {
            let oldest = self.open.pop_front();
            let Some(State::Active(part)) = oldest.and_then(|index| self.entries.get_mut(&index))
            else {
                continue;
            };
            let synced = match self.syncing {
                Syncing::FileSystem => Ok(()),
                Syncing::EachFile => part.sync(&self.places),
            };
            part.close();
            self.believe(synced)?;
        }
        Ok(())
    }
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// The part of an entry whose data may come.
pub(super) fn active(
    entries: &mut HashMap<u32, State>,
    index: u32,
) -> Result<&mut Part, EntryError> {
    match entries.get_mut(&index) {
        Some(State::Active(part)) => Ok(part),
        Some(State::Failed) => Err(EntryError::Stale(index)),
        None => Err(EntryError::Protocol("data of an entry that is not running")),
    }
}
