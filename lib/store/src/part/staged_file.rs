//! A file in the tree of a transfer and its journal: made, opened, written, synced and recorded. It
//! knows no sender.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use super::leaves::Leaves;
use crate::file::File;
use crate::hash::{self, LEAF_BYTES};
use crate::journal::{self, Identity, Journal};
use crate::part_error::{PartError, taken};
use crate::staging::TransferDirs;

/// A file in the tree, or one that is to be made there.
#[derive(Debug, Default)]
pub(crate) struct StagedFile {
    pub(crate) path: String,
    pub(crate) size: u64,
    mode: u16,
    identity: Identity,
    /// Whether the file is in the tree, and whether it has its mode.
    is_made: bool,
    has_mode: bool,
    file: Option<File>,
    journal: Option<Journal>,
    /// Whether the journal is there, open or not.
    has_records: bool,
    /// Whether records were withdrawn since the journal was synced.
    is_withdrawn: bool,
    /// Whether something was written since the file was synced by itself.
    is_dirty: bool,
    /// Leaves that were written and have no record yet, since they may not be on the disk.
    unrecorded: BTreeMap<u64, [u8; 32]>,
}

impl StagedFile {
    pub(crate) fn new(path: &str, size: u64, mode: u16) -> Self {
        Self {
            path: path.to_owned(),
            size,
            mode,
            identity: blake3::hash(path.as_bytes()).into(),
            ..Self::default()
        }
    }

    /// Moves the file of an earlier attempt into the tree; gives how many leaves it has, and how
    /// many folders above it were made. A file that can't be used stays where it is.
    pub(super) fn take_up(
        &mut self,
        dirs: &TransferDirs,
        leaves: &Leaves,
    ) -> Result<Option<(u64, u64)>, PartError> {
        let found = dirs.earlier.as_ref().and_then(|old| old.find(&self.path));
        let Some((earlier, from, file)) = found else {
            return Ok(None);
        };
        let written = file.len()?;
        let whole = leaves.whole(written);
        let journal = self.earlier_journal(dirs);
        let leaves = match &journal {
            Some(journal) => whole.min(journal.leaves()?),
            // A small file has none: it is the same or nothing of it is.
            None if dirs.has_names && !self.has_journal() && written == self.size => whole,
            None => 0,
        };
        if leaves == 0 {
            return Ok(None);
        }
        if !dirs.is_synced {
            sync_earlier(&file, journal.is_some());
        }
        if !self.has_journal() {
            // It may have been a larger file once.
            dirs.forget(&self.identity)?;
        }
        if let Some(journal) = &journal {
            // What is behind may be of another size, or not on the disk.
            if journal.leaves()? > leaves {
                journal.truncate(leaves)?;
                journal.sync()?;
            }
            let held = self.size.min(leaves * LEAF_BYTES);
            if written > held {
                file.set_len(held)?;
            }
        }
        let folders = match self.path.rsplit_once('/') {
            Some((above, _)) => dirs.tree.make_all(above)?,
            None => 0,
        };
        let moved = earlier.rename_new(&from, &dirs.tree, &self.path);
        moved.map_err(taken)?;
        (self.is_made, self.has_records) = (true, journal.is_some());
        (self.file, self.journal) = (Some(file), journal);
        Ok(Some((leaves, folders)))
    }

    fn earlier_journal(&self, dirs: &TransferDirs) -> Option<Journal> {
        if !self.has_journal() {
            return None;
        }
        let file = dirs.journals.write(&journal::name(&self.identity)).ok()?;
        Journal::earlier(file, self.identity).ok()?
    }

    /// Fails if the name is taken or can't be, where that must be known before the file is made:
    /// before many leaves of it come in vain, and before a journal is forgotten that another entry
    /// may have taken up.
    pub(crate) fn check_name(&self, dirs: &TransferDirs) -> Result<(), PartError> {
        let is_needed = self.has_journal() || dirs.earlier.is_some();
        match is_needed && !dirs.tree.is_free(&self.path).map_err(taken)? {
            true => Err(PartError::Duplicate),
            false => Ok(()),
        }
    }

    /// Whether the file is in the tree.
    pub(crate) fn is_made(&self) -> bool {
        self.is_made
    }

    pub(crate) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Whether an earlier attempt left it, as a file of one leaf.
    pub(crate) fn is_small_here(&self) -> bool {
        self.is_made && !self.has_journal()
    }

    /// Whether it has a journal: a file of one leaf is read again instead.
    pub(crate) fn has_journal(&self) -> bool {
        self.size > LEAF_BYTES
    }

    /// Opens the file, and makes it if it is new; gives how many files and folders were made.
    pub(crate) fn open(&mut self, dirs: &TransferDirs) -> Result<u64, PartError> {
        if self.is_made {
            self.file(dirs)?;
            return Ok(0);
        }
        if dirs.earlier.is_some() {
            // That of an earlier attempt, in which the file may have had another size.
            dirs.forget(&self.identity)?;
        }
        let made = dirs.tree.create_all(&self.path, self.mode);
        let (file, folders) = made.map_err(taken)?;
        self.is_made = true;
        self.has_mode = dirs.has_mode(&file, self.mode)?;
        self.file = Some(file);
        if self.has_journal() {
            // Now, so that the first records have room when the data have filled the disk.
            self.journal(dirs)?;
        }
        Ok(folders + 1)
    }

    /// Closes the file and its journal until the next leaf.
    pub(crate) fn close(&mut self) {
        (self.file, self.journal) = (None, None);
    }

    /// Closes the journal if the file is closed.
    pub(crate) fn close_idle(&mut self) {
        if self.file.is_none() {
            self.journal = None;
        }
    }

    /// Writes a leaf; its pages of zeros are left out of a file that has holes.
    pub(crate) fn write(
        &mut self,
        dirs: &TransferDirs,
        leaf: u64,
        bytes: &[u8],
        hash: [u8; 32],
        has_holes: bool,
    ) -> io::Result<()> {
        self.is_dirty = true;
        let (file, offset) = (self.file(dirs)?, leaf * LEAF_BYTES);
        match has_holes {
            true => file.write_with_holes(bytes, offset)?,
            false => file.write_all_at(bytes, offset)?,
        }
        self.unrecorded.insert(leaf, hash);
        Ok(())
    }

    /// Reads a leaf; gives its hash, or none if the file ends before.
    pub(crate) fn read(
        &mut self,
        dirs: &TransferDirs,
        leaf: u64,
        buffer: &mut Vec<u8>,
    ) -> io::Result<Option<[u8; 32]>> {
        let (offset, size) = (leaf * LEAF_BYTES, self.size);
        let len = size.saturating_sub(offset).min(LEAF_BYTES) as usize;
        self.file(dirs)?.read_leaf(offset, len, buffer)?;
        Ok((buffer.len() == len).then(|| hash::leaf(buffer, offset, size)))
    }

    /// Sets mode and time of a file that is whole.
    pub(crate) fn finish(&mut self, dirs: &TransferDirs, mtime: Option<i64>) -> io::Result<()> {
        let (mode, has_mode) = (self.mode, self.has_mode);
        let file = self.file(dirs)?;
        if !has_mode {
            file.set_mode(mode)?;
        }
        mtime.map_or(Ok(()), |mtime| file.set_time(mtime))
    }

    /// Waits until what was written is on the disk.
    pub(crate) fn sync(&mut self, dirs: &TransferDirs) -> io::Result<()> {
        if self.is_dirty {
            self.file(dirs)?.sync_data()?;
            self.is_dirty = false;
        }
        Ok(())
    }

    /// The same for a file that has come to its end, with its mode and time.
    pub(crate) fn sync_whole(&mut self, dirs: &TransferDirs) -> io::Result<()> {
        self.file(dirs)?.sync_all()?;
        self.is_dirty = false;
        Ok(())
    }

    /// Withdraws the records of leaves, before they are asked again.
    pub(crate) fn withdraw(&mut self, dirs: &TransferDirs, leaves: &Range<u64>) -> io::Result<()> {
        if self.has_records {
            self.journal(dirs)?.withdraw(leaves.clone())?;
            self.is_withdrawn = true;
        }
        self.unrecorded.retain(|leaf, _| !leaves.contains(leaf));
        Ok(())
    }

    /// Waits until withdrawn records are so on the disk.
    pub(crate) fn sync_withdrawn(&mut self, dirs: &TransferDirs) -> io::Result<()> {
        if self.is_withdrawn {
            self.journal(dirs)?.sync()?;
            self.is_withdrawn = false;
        }
        Ok(())
    }

    /// Writes the records of leaves, which were synced; says whether there were any.
    pub(crate) fn record(&mut self, dirs: &TransferDirs) -> io::Result<bool> {
        let records = std::mem::take(&mut self.unrecorded);
        if records.is_empty() || !self.has_journal() {
            return Ok(false);
        }
        let journal = self.journal(dirs);
        let written = journal.and_then(|journal| journal.write(&records));
        if written.is_err() {
            self.unrecorded = records;
        }
        written.map(|()| true)
    }

    /// Waits until the records are on the disk.
    pub(crate) fn sync_records(&self) -> io::Result<()> {
        self.journal.as_ref().map_or(Ok(()), Journal::sync)
    }

    /// Whether leaves were written that have no record.
    pub(crate) fn has_unrecorded(&self) -> bool {
        self.has_journal() && !self.unrecorded.is_empty()
    }

    /// The hashes of leaves that are here, by their records or by what is to be recorded.
    pub(crate) fn recorded(
        &mut self,
        dirs: &TransferDirs,
        leaves: Range<u64>,
    ) -> io::Result<Vec<Option<[u8; 32]>>> {
        let mut hashes = match self.has_records {
            true => self.journal(dirs)?.read(leaves.clone())?,
            false => vec![None; leaves.clone().count()],
        };
        for (leaf, hash) in self.unrecorded.range(leaves.clone()) {
            if let Some(place) = hashes.get_mut((leaf - leaves.start) as usize) {
                *place = Some(*hash);
            }
        }
        Ok(hashes)
    }

    /// Forgets all that is in it.
    pub(crate) fn clear(&mut self, dirs: &TransferDirs) -> io::Result<()> {
        dirs.forget(&self.identity)?;
        self.file(dirs)?.set_len(0)?;
        self.unrecorded.clear();
        Ok(())
    }

    /// Closes and removes the file and its journal: some file systems only rename a file that is
    /// open. A file that was not made yet has nothing there, and its name may be another entry's.
    pub(crate) fn remove(mut self, dirs: &TransferDirs) -> io::Result<()> {
        if !self.is_made {
            return Ok(());
        }
        self.close();
        if self.has_records {
            dirs.forget(&self.identity)?;
        }
        dirs.tree.remove_file(&self.path)
    }

    fn file(&mut self, dirs: &TransferDirs) -> io::Result<&File> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => Ok(none.insert(dirs.tree.write(&self.path)?)),
        }
    }

    /// Its journal, which is made if it isn't there.
    fn journal(&mut self, dirs: &TransferDirs) -> io::Result<&Journal> {
        let none = match &mut self.journal {
            Some(journal) => return Ok(journal),
            none => none,
        };
        let name = journal::name(&self.identity);
        let journal = match self.has_records {
            true => Journal::again(dirs.journals.write(&name)?, self.identity),
            false => Journal::begin(dirs.journals.write_or_create(&name)?, self.identity)?,
        };
        self.has_records = true;
        Ok(none.insert(journal))
    }
}

/// Syncs a file that an earlier process left, so that errors of that process are none of this one.
/// What has no journal is then read as the disk has it, and not from memory, where pages that the
/// disk did not take look like others.
fn sync_earlier(file: &File, has_journal: bool) {
    let synced = file.sync_data();
    if let Err(error) = &synced {
        log::warn!("what an earlier attempt wrote last is sent again error={error}");
    }
    if synced.is_err() || !has_journal {
        file.drop_cache();
    }
}
