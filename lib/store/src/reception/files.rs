//! The files of a transfer that are in progress, by their entries.

use std::collections::{HashMap, VecDeque};

use crate::EntryError;
use crate::part::Part;

/// Files kept open at a time: an honest sender sends one after the other, and needs only one.
const OPEN_FILES: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Files {
    /// The files of entries whose data may come; none for an entry that failed, whose sender may
    /// have data on the way until it is told so.
    running: HashMap<u32, Option<Box<Part>>>,
    /// Entries whose files are open, in the order they were opened; some may have ended since.
    open: VecDeque<u32>,
    /// Closed files that ended or failed and have leaves without a record.
    pub(super) unrecorded: Vec<Part>,
}

impl Files {
    /// How many entries are not done, those that failed included.
    pub(super) fn undone(&self) -> usize {
        self.running.len()
    }

    /// Whether the data of an entry may still come.
    pub(super) fn has_running(&self) -> bool {
        self.running.values().any(Option::is_some)
    }

    /// The file of an entry, to be [put](Self::put) back. Until then the entry counts as failed.
    pub(super) fn lend(&mut self, index: u32) -> Result<Box<Part>, EntryError> {
        match self.running.get_mut(&index).map(Option::take) {
            Some(Some(part)) => Ok(part),
            Some(None) => Err(EntryError::Stale(index)),
            None => Err(EntryError::Protocol("data of an entry that is not running")),
        }
    }

    pub(super) fn put(&mut self, index: u32, part: Box<Part>) {
        self.running.insert(index, Some(part));
    }

    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut Part> {
        self.running.get_mut(&index)?.as_deref_mut()
    }

    /// Marks an entry as failed; gives its file if it has one.
    pub(super) fn fail(&mut self, index: u32) -> Option<Part> {
        self.running.insert(index, None).flatten().map(|part| *part)
    }

    /// Forgets an entry; gives its file unless it failed.
    pub(super) fn take(&mut self, index: u32) -> Option<Part> {
        self.running.remove(&index).flatten().map(|part| *part)
    }

    /// Takes note that the file of an entry is open. Of too many, gives the one that was opened
    /// first, to be closed.
    pub(super) fn opened(&mut self, index: u32) -> Option<&mut Part> {
        self.open.push_back(index);
        let is_full = self.open.len() > OPEN_FILES;
        let oldest = is_full.then(|| self.open.pop_front()).flatten()?;
        self.get_mut(oldest)
    }

    /// All that may have leaves without a record.
    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut Part> {
        let running = self.running.values_mut().flatten();
        running.map(Box::as_mut).chain(&mut self.unrecorded)
    }
}
