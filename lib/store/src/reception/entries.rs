//! The entries of a transfer: which may come, how each begins, and what becomes of those that fail.

use std::collections::HashMap;
use std::io;

use transom_wire::{Collision, Entry, EntryKind, Shape, limits};

use super::{Begin, Reception, SINGLE, State};
use crate::EntryError;
use crate::dir::Kind;
use crate::file::folder_mode;
use crate::part::Part;
use crate::trouble::{Trouble, taken};
use crate::twin::Twin;
use crate::usage::{self, ENTRY_BYTES};

/// Files kept open at a time: senders send one after the other, so more is only for those who don't.
const OPEN_FILES: usize = 32;
/// Entries not done at a time; as many again may have failed without the sender knowing yet.
const UNDONE: usize = 2 * limits::ENTRIES_AHEAD as usize;

impl Reception {
    pub(super) fn expect(&self, entry: &Entry<'_>) -> Result<(), EntryError> {
        let total = self.announced.checked_add(entry.size);
        let wrong = if entry.index != self.next || entry.index >= self.offered.files {
            "an entry is out of order"
        } else if self.entries.len() >= UNDONE {
            "too many entries are not done"
        } else if total.is_none_or(|total| total > self.offered.bytes) {
            "the entries are larger than the offer"
        } else if entry.kind == EntryKind::Folder && entry.size > 0 {
            "a folder has no bytes"
        } else if self.offered.shape == Shape::File
            && (entry.kind == EntryKind::Folder || entry.path.as_str() != self.offered.name)
        {
            "the entry is not the file that was offered"
        } else {
            return Ok(());
        };
        Err(EntryError::Protocol(wrong))
    }

    pub(super) fn folder(&mut self, entry: &Entry<'_>) -> Result<Begin, Trouble> {
        let path = entry.path.as_str();
        self.room(ENTRY_BYTES)?;
        let made = self.places.tree.make_all(path).map_err(taken)?;
        self.shared.written(&self.claim, made * ENTRY_BYTES);
        self.folders
            .put(path, folder_mode(entry.mode), entry.mtime)?;
        self.tally.done += 1;
        Ok(Begin::Made)
    }

    pub(super) fn file(&mut self, entry: &Entry<'_>) -> Result<Option<Begin>, Trouble> {
        self.room(ENTRY_BYTES)?;
        let path = match self.offered.shape {
            Shape::File => SINGLE,
            _ => entry.path.as_str(),
        };
        let (part, proof, made) = Part::begin(&self.places, entry, path)?;
        self.shared.written(&self.claim, made * ENTRY_BYTES);
        self.start = (part.held(), proof);
        if self.offered.shape == Shape::File {
            let name = &self.offered.name;
            self.twin = Twin::find(&self.shared.root, name, entry.size, entry.mtime);
        }
        self.entries
            .insert(entry.index, State::Active(Box::new(part)));
        self.limit_open(entry.index);
        let (offset, proof) = self.start;
        let begin = Begin::Data { offset, proof };
        Ok(self.twin.is_none().then_some(begin))
    }

    /// Makes sure of room for so many bytes. Who writes more than was kept for it, since it changed what it sends,
    /// loses what earlier attempts left and nothing took up yet.
    pub(super) fn room(&mut self, bytes: u64) -> io::Result<()> {
        let Err(full) = self.shared.go_on(&self.claim, bytes) else {
            return Ok(());
        };
        if self.shared.is_kept(&self.claim, bytes) {
            return Err(full);
        }
        let Some(old) = self.places.old.take() else {
            return Err(full);
        };
        let freed = usage::measure(&old)?.bytes();
        self.dir.remove_all("old")?;
        self.shared.freed(freed);
        self.shared.go_on(&self.claim, bytes)
    }

    /// Whether the name is taken and stays so by the sender's own wish.
    pub(super) fn is_to_skip(&self, entry: &Entry<'_>) -> bool {
        let name = &self.offered.name;
        self.offered.collision == Collision::Skip
            && match self.offered.shape {
                Shape::File => self.shared.root.kind(name).is_ok(),
                _ => {
                    let there = self
                        .shared
                        .root
                        .sub(name)
                        .and_then(|dir| dir.kind(entry.path.as_str()));
                    matches!(there, Ok(Kind::File | Kind::Link | Kind::Other))
                }
            }
    }

    /// An entry has failed: what is left of it goes, unless another attempt may succeed.
    pub(super) fn fail(&mut self, index: u32, path: &str, trouble: Trouble) -> EntryError {
        let error = trouble.of(path);
        self.tally.failed += 1;
        if error.is_passing() {
            self.tally.passing = true;
        } else if let Some(State::Active(part)) = self.entries.get(&index) {
            self.discard(&part.path);
        }
        self.entries.insert(index, State::Failed);
        error
    }

    pub(super) fn discard(&self, path: &str) {
        if let Err(error) = self.places.tree.remove_file(path) {
            log::debug!("nothing to remove error={error}");
        }
    }

    /// Closes another file if too many are open.
    pub(super) fn limit_open(&mut self, index: u32) {
        let mut open = self
            .entries
            .iter_mut()
            .filter_map(|(other, state)| match state {
                State::Active(part) if part.is_open() && *other != index => Some(part),
                _ => None,
            });
        if let Some(part) = open.by_ref().nth(OPEN_FILES) {
            part.close();
        }
    }
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
