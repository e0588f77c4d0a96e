//! One file that is being received: which of its leaves are here, which come next, and which are to
//! come again. It knows no transfer and no policy; it refuses leaves that were not asked for.
//!
//! ```text
//! leaf 0        proven       compared        prefix         front         size
//!      |-- tree --|-- as sent --|-- unknown ----|-- verified --|-- to come --|
//!                        what earlier attempts    leaves of this
//!                        left; Start says so      attempt
//! ```
//!
//! - **prefix**: nothing of it is read before the sender hears of it. The sender gives its hash of
//!   each leaf, and those that have no such record are asked again. Of a file that grew the prefix
//!   is all but the last leaf once its size is final, and what came in this attempt is not read.
//! - **front**: the next new leaf. One whose bytes don't have its hash is asked again, and the
//!   front goes on.
//! - **proven**: the leaves in the tree that makes the root. A leaf of the prefix gets there once
//!   it was read and has the hash of its record, a new one by its hash alone. Nothing gets there
//!   while a leaf before it is to come again.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use transom_wire::limits::{self, LEAF};
use transom_wire::{Entry, EntryKind, Total, last_leaf};

use crate::existing::Existing;
use crate::file::{File, file_mode};
use crate::hash::{self, LEAF_BYTES, Tree};
use crate::journal::{self, Identity, Journal};
use crate::part_error::{PartError, taken};
use crate::room::is_full;

use runs::Runs;
pub(crate) use staging::Staging;

mod runs;
mod staging;
#[cfg(test)]
mod tests;

/// Leaves that the sender is to send again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Run {
    /// Where the first begins.
    pub offset: u64,
    /// How many.
    pub leaves: u32,
}

/// What became of the end of a file.
#[derive(Debug)]
pub(crate) enum PartEnd {
    /// There is more to read.
    More,
    /// Leaves are still to come, these among them that were not asked again yet.
    Again(Vec<Run>),
    Done,
}

/// A file whose leaves are all as they are in a file of the inbox.
#[derive(Debug)]
pub(crate) enum Same {
    There(Existing),
    /// That file was removed or changed since it was compared: all is to be sent again.
    Again(Run),
}

/// A file in progress.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) path: String,
    pub(crate) size: u64,
    mode: u16,
    /// The time to give it; none to a file that grew, whose last one is not known before its end.
    mtime: Option<i64>,
    /// Whether it grows: the size is not final.
    grows: bool,
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
    /// Leaves that were here before this attempt.
    earlier: u64,
    /// Leaves to compare with the sender's hashes: the earlier ones, or of a file that grew all but
    /// the last.
    prefix: u64,
    /// From here on all of the prefix was asked again.
    rest: u64,
    /// How many leaves of the prefix the sender's hashes were compared with.
    compared: u64,
    front: u64,
    /// Leaves that were asked again and did not come.
    asked: Runs,
    /// How often a leaf was wrong.
    wrong: BTreeMap<u64, u32>,
    /// Bytes of the prefix that are as the sender has them.
    held: u64,
    tree: Tree,
    /// Whether something was written since the file was synced by itself.
    is_dirty: bool,
    /// Leaves that were written and have no record yet, since they may not be on the disk.
    unrecorded: BTreeMap<u64, [u8; 32]>,
    /// A file of the inbox that may be the very one, and has the leaves of the prefix that are not
    /// here otherwise.
    existing: Option<Existing>,
    /// Bytes that were copied from there and are not counted yet.
    copied: u64,
}

impl Part {
    /// Takes up the file where an earlier attempt left it; a new one is made by its first leaf, or
    /// by its end if it has none. `path` is its place in the tree. Gives it, and how many folders
    /// are new.
    pub(crate) fn begin(
        places: &Staging,
        entry: &Entry<'_>,
        path: &str,
    ) -> Result<(Self, u64), PartError> {
        let grows = entry.kind == EntryKind::Growing;
        let mut part = Self {
            path: path.to_owned(),
            size: entry.size,
            mode: file_mode(entry.mode),
            mtime: (!grows).then_some(entry.mtime),
            grows,
            identity: blake3::hash(path.as_bytes()).into(),
            is_made: false,
            has_mode: false,
            file: None,
            journal: None,
            has_records: false,
            is_withdrawn: false,
            earlier: 0,
            prefix: 0,
            rest: 0,
            compared: 0,
            front: 0,
            asked: Runs::default(),
            wrong: BTreeMap::new(),
            held: 0,
            tree: Tree::default(),
            is_dirty: false,
            unrecorded: BTreeMap::new(),
            existing: None,
            copied: 0,
        };
        let made = match part.resume(places)? {
            Some(made) => made,
            None if part.is_looked_for(places) && !places.tree.is_free(path).map_err(taken)? => {
                return Err(PartError::Duplicate);
            }
            None => 0,
        };
        Ok((part, made))
    }

    /// Whether a name that is taken or can't be must be known before the file is made: before many
    /// leaves of it come in vain, and before a journal is forgotten that another entry may have
    /// taken up.
    fn is_looked_for(&self, places: &Staging) -> bool {
        self.has_journal() || places.old.is_some()
    }

    /// Looks for the file among the old ones; one that can't be used is left there. Gives how many
    /// folders are new.
    fn resume(&mut self, places: &Staging) -> Result<Option<u64>, PartError> {
        let found = places.old.as_ref().and_then(|old| old.find(&self.path));
        let Some((old, from, file)) = found else {
            return Ok(None);
        };
        let written = file.len()?;
        let whole = self.whole_leaves(written);
        let journal = self.earlier_journal(places);
        let held = match &journal {
            Some(journal) => whole.min(journal.leaves()?),
            // A small file has none: it is the same or nothing of it is.
            None if places.has_names && !self.has_journal() && written == self.size => whole,
            None => 0,
        };
        if held == 0 {
            return Ok(None);
        }
        if !places.is_synced {
            settle(&file, journal.is_some());
        }
        if !self.has_journal() {
            // It may have been a larger file once.
            places.forget(&self.identity)?;
        }
        if let Some(journal) = &journal {
            // What is behind may be of another size, or not on the disk.
            if journal.leaves()? > held {
                journal.truncate(held)?;
                journal.sync()?;
            }
            let held = self.size.min(held * LEAF_BYTES);
            if written > held {
                file.set_len(held)?;
            }
        }
        let made = match self.path.rsplit_once('/') {
            Some((above, _)) => places.tree.make_all(above)?,
            None => 0,
        };
        old.rename_new(&from, &places.tree, &self.path)
            .map_err(taken)?;
        (self.is_made, self.has_records) = (true, journal.is_some());
        (self.file, self.journal) = (Some(file), journal);
        self.holds(held);
        Ok(Some(made))
    }

    /// How many leaves it has in a file of so many bytes. While it grows, its last one may not be
    /// whole.
    fn whole_leaves(&self, bytes: u64) -> u64 {
        match bytes == self.size {
            _ if self.grows => bytes.min(last_leaf(self.size)) / LEAF_BYTES,
            true => hash::leaves(self.size),
            false => bytes.min(self.size) / LEAF_BYTES,
        }
    }

    fn holds(&mut self, leaves: u64) {
        (self.earlier, self.prefix, self.rest, self.front) = (leaves, leaves, leaves, leaves);
    }

    /// Whether its size is not final.
    pub(crate) fn grows(&self) -> bool {
        self.grows
    }

    /// The sender has counted more. Once the size of a file that grows is final, the sender gives
    /// the hashes of all leaves but the last, as the program that wrote them may have changed them.
    pub(crate) fn grow(&mut self, total: &Total) {
        if !self.grows {
            return;
        }
        self.size = total.bytes;
        if total.is_counted {
            let leaves = last_leaf(self.size) / LEAF_BYTES;
            (self.prefix, self.rest, self.tree) = (leaves, leaves, Tree::default());
            self.grows = false;
        }
    }

    fn earlier_journal(&self, places: &Staging) -> Option<Journal> {
        if !self.has_journal() {
            return None;
        }
        let file = places.leaves.write(&journal::name(&self.identity)).ok()?;
        Journal::earlier(file, self.identity).ok()?
    }

    /// Takes a file of the inbox for what is here of it, as far as it may be the same: one that
    /// came from elsewhere whole, if there is nothing else.
    pub(crate) fn take_existing(&mut self, mut existing: Existing) {
        let is_as_long = existing.size() == self.size && !self.grows;
        let leaves = match existing.is_of_peer() || is_as_long && self.prefix == 0 {
            true => self.whole_leaves(existing.size()),
            false => 0,
        };
        if leaves <= self.prefix {
            return;
        }
        if !is_as_long {
            existing.differs();
        }
        self.existing = Some(existing);
        self.holds(leaves);
    }

    /// Where the data are to go on.
    pub(crate) fn offset(&self) -> u64 {
        self.size.min(self.prefix * LEAF_BYTES)
    }

    /// Bytes of earlier attempts that are as the sender has them.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Whether the file is in the tree.
    pub(crate) fn is_made(&self) -> bool {
        self.is_made
    }

    /// Whether its file is open.
    pub(crate) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Opens its file, and makes it if it is new; gives how many files and folders of the tree are
    /// new.
    pub(crate) fn open(&mut self, places: &Staging) -> Result<u64, PartError> {
        if self.is_made {
            self.file(places)?;
            return Ok(0);
        }
        if places.old.is_some() {
            // One of an earlier attempt, whatever the size of the file was then.
            places.forget(&self.identity)?;
        }
        let made = places.tree.create_all(&self.path, self.mode);
        let (file, above) = made.map_err(taken)?;
        self.is_made = true;
        self.has_mode = places.has_mode(&file, self.mode)?;
        self.file = Some(file);
        if self.has_journal() {
            // Now, so that the first records have room when the data have filled the disk.
            self.journal(places)?;
        }
        Ok(above + 1)
    }

    /// Closes its files until the next leaf.
    pub(crate) fn close(&mut self) {
        (self.file, self.journal) = (None, None);
    }

    /// Closes its journal if its file is closed.
    pub(crate) fn close_idle(&mut self) {
        if self.file.is_none() {
            self.journal = None;
        }
    }

    /// Compares what is here of it with the hashes that the sender has of leaves of the prefix, and
    /// reads as many leaves. Gives what is to be sent again.
    ///
    /// Of a file of the inbox that came from elsewhere the sender learns whether the whole is the
    /// same, and no more.
    pub(crate) fn hashes(
        &mut self,
        places: &Staging,
        offset: u64,
        theirs: &[[u8; 32]],
    ) -> Result<Vec<Run>, PartError> {
        let leaves = self.compared..self.compared.saturating_add(theirs.len() as u64);
        if offset != leaves.start * LEAF_BYTES
            || !(1..=limits::HASHES).contains(&theirs.len())
            || leaves.end > self.prefix
            || self.prefix > self.front
            || self.grows
        {
            return Err(PartError::Protocol("a hash is out of order"));
        }
        let from_elsewhere = |existing: &&mut Existing| !existing.is_of_peer();
        if let Some(existing) = self.existing.as_mut().filter(from_elsewhere) {
            existing.compare(&places.there, theirs);
            self.compared = leaves.end;
            if self.compared < self.prefix {
                return Ok(Vec::new());
            }
            if !existing.is_same() || !existing.is_unchanged(&places.there) {
                return Ok(vec![self.restart()]);
            }
            existing.close();
            self.held = self.size;
            return Ok(Vec::new());
        }
        let ours = self.ours(places, leaves.clone())?;
        let (mut differ, mut held) = (Vec::new(), 0);
        let mut leaf = leaves.start;
        while leaf < leaves.end.min(self.rest) {
            let equal = |leaf: u64| {
                let at = (leaf - leaves.start) as usize;
                ours.get(at).copied().flatten().as_ref() == theirs.get(at)
            };
            let is_equal = equal(leaf);
            let end = (leaf..leaves.end).find(|leaf| equal(*leaf) != is_equal);
            let mut run = leaf..end.unwrap_or(leaves.end);
            if is_equal {
                held += self.earlier_bytes(&run);
            } else if self.asked.count() + differ.len() >= RUNS {
                run.end = self.rest;
            }
            leaf = run.end;
            if !is_equal {
                differ.push(run);
            }
        }
        // It may find no room, and be tried again: nothing is taken note of before.
        for run in &differ {
            self.withdraw(places, run)?;
        }
        (self.compared, self.held) = (leaves.end, self.held + held);
        let mut again = Vec::new();
        for run in differ {
            if run.end > leaves.end {
                self.rest = run.start;
            }
            self.existing.iter_mut().for_each(Existing::differs);
            again.push(self.ask(run));
        }
        if self.has_journal() && self.existing.is_none() {
            // While the sender reads and hashes more of the prefix. What finds no room does so
            // again at the end, which waits for it.
            match self.prove(places, theirs.len() as u64) {
                Err(PartError::System(error)) if is_full(&error) => {}
                proven => again.extend(proven?),
            }
        } else if let ([Some(hash)], true, true) =
            (&ours[..], self.is_small_here(), again.is_empty())
        {
            self.tree.push(*hash);
        }
        Ok(again)
    }

    /// Waits until records that were withdrawn are so on the disk, before a leaf is written over
    /// what they name.
    pub(crate) fn sync_withdrawn(&mut self, places: &Staging, offset: u64) -> io::Result<()> {
        if self.is_withdrawn && offset < self.offset() {
            self.journal(places)?.sync()?;
            self.is_withdrawn = false;
        }
        Ok(())
    }

    /// Takes a leaf whose bytes have the hash `found` where the sender says `hash`. One that does
    /// not have its hash is to be sent again.
    pub(crate) fn leaf(
        &mut self,
        places: &Staging,
        offset: u64,
        hash: &[u8; 32],
        found: &[u8; 32],
        bytes: &[u8],
        has_holes: bool,
    ) -> Result<Option<Run>, PartError> {
        let leaf = offset / LEAF_BYTES;
        let is_new = leaf == self.front;
        if !offset.is_multiple_of(LEAF_BYTES)
            || offset >= self.size
            || self.grows && offset >= last_leaf(self.size)
            || !is_new && !self.asked.has(leaf)
        {
            return Err(PartError::Protocol("a leaf is out of order"));
        }
        if bytes.len() as u64 != self.bytes(&(leaf..leaf + 1)) {
            return Err(PartError::Protocol("a leaf has the wrong length"));
        }
        if found != hash {
            self.withdraw(places, &(leaf..leaf + 1))?;
            self.came(leaf);
            return self.ask_wrong(leaf).map(Some);
        }
        self.is_dirty = true;
        let file = self.file(places)?;
        match has_holes {
            true => file.write_with_holes(bytes, offset)?,
            false => file.write_all_at(bytes, offset)?,
        }
        self.came(leaf);
        self.unrecorded.insert(leaf, *hash);
        if self.tree.leaves() == leaf {
            self.tree.push(*hash);
        }
        Ok(None)
    }

    /// Checks the whole, of which up to `most` leaves of earlier attempts are read. The file is
    /// left open.
    pub(crate) fn end(
        &mut self,
        places: &Staging,
        size: u64,
        root: &[u8; 32],
        most: u32,
    ) -> Result<PartEnd, PartError> {
        let leaves = hash::leaves(self.size);
        let is_whole = self.front == leaves && self.compared == self.prefix;
        if size != self.size || !is_whole || self.grows {
            return Err(PartError::Protocol("the end came before the data"));
        }
        let again = self.prove(places, most.into())?;
        if self.asked.count() > 0 {
            return Ok(PartEnd::Again(again));
        }
        if self.tree.leaves() < leaves {
            return Ok(PartEnd::More);
        }
        if self.tree.root() != *root {
            // Each leaf has the hash that the sender gave for it, so there is none to ask again.
            places.forget(&self.identity)?;
            self.file(places)?.set_len(0)?;
            self.unrecorded.clear();
            return Err(PartError::Corrupt(0));
        }
        let (mode, mtime, has_mode) = (self.mode, self.mtime, self.has_mode);
        let file = self.file(places)?;
        if !has_mode {
            file.set_mode(mode)?;
        }
        if let Some(mtime) = mtime {
            file.set_time(mtime)?;
        }
        self.existing = None;
        Ok(PartEnd::Done)
    }

    /// Whether the sender's file is the one of the inbox that was taken for it; none if none was,
    /// or another file is made with its leaves.
    pub(crate) fn is_existing(
        &mut self,
        places: &Staging,
        size: u64,
        root: &[u8; 32],
    ) -> Result<Option<Same>, PartError> {
        let Some(existing) = &self.existing else {
            return Ok(None);
        };
        if existing.is_of_peer() && (self.is_made || !existing.is_same()) {
            return Ok(None);
        }
        if self.compared != self.prefix || !existing.is(size, root) {
            return Err(PartError::Protocol("the end is not that of the hashes"));
        }
        let existing = self.existing.take_if(|one| one.is_unchanged(&places.there));
        Ok(Some(match existing {
            Some(existing) => Same::There(existing),
            None => Same::Again(self.restart()),
        }))
    }

    /// Bytes that the end will copy from a file of the inbox if it reads up to `most` leaves.
    pub(crate) fn uncopied(&mut self, places: &Staging, most: u32) -> io::Result<u64> {
        let from = self.tree.leaves();
        let most = journal::BLOCK.min(most.into());
        let leaves = from..self.prefix.min(from.saturating_add(most));
        if self.existing.is_none() || leaves.is_empty() {
            return Ok(0);
        }
        let recorded = self.recorded(places, leaves.clone())?;
        let copied = leaves.zip(recorded).filter(|(_, hash)| hash.is_none());
        Ok(copied.map(|(leaf, _)| self.bytes(&(leaf..leaf + 1))).sum())
    }

    /// Bytes that were copied from a file of the inbox since the last time.
    pub(crate) fn take_copied(&mut self) -> u64 {
        std::mem::take(&mut self.copied)
    }

    /// Waits until what was written is on the disk.
    pub(crate) fn sync(&mut self, places: &Staging) -> io::Result<()> {
        if self.is_dirty {
            self.file(places)?.sync_data()?;
            self.is_dirty = false;
        }
        Ok(())
    }

    /// The same for a file that has come to its end, with its mode and time.
    pub(crate) fn sync_whole(&mut self, places: &Staging) -> io::Result<()> {
        self.file(places)?.sync_all()?;
        self.is_dirty = false;
        Ok(())
    }

    /// Writes the records of leaves, which were synced; says whether there were any.
    pub(crate) fn record(&mut self, places: &Staging) -> io::Result<bool> {
        let records = std::mem::take(&mut self.unrecorded);
        if records.is_empty() || !self.has_journal() {
            return Ok(false);
        }
        let journal = self.journal(places);
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

    /// The file itself.
    pub(crate) fn file(&mut self, places: &Staging) -> io::Result<&File> {
        if self.file.is_none() {
            self.file = Some(places.tree.write(&self.path)?);
        }
        self.file
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Its journal, which is made if it isn't there.
    fn journal(&mut self, places: &Staging) -> io::Result<&Journal> {
        if self.journal.is_none() {
            let name = journal::name(&self.identity);
            self.journal = Some(match self.has_records {
                true => Journal::again(places.leaves.write(&name)?, self.identity),
                false => Journal::begin(places.leaves.write_or_create(&name)?, self.identity)?,
            });
            self.has_records = true;
        }
        self.journal
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Removes it, whose files are closed first: some file systems only rename a file that is open.
    /// One that was not made yet has nothing there, and its name may be another entry's.
    pub(crate) fn remove(mut self, places: &Staging) -> io::Result<()> {
        if !self.is_made {
            return Ok(());
        }
        self.close();
        if self.has_records {
            places.forget(&self.identity)?;
        }
        places.tree.remove_file(&self.path)
    }

    /// Whether it has a journal: a file of one leaf is read again instead.
    fn has_journal(&self) -> bool {
        self.size > LEAF_BYTES
    }

    /// The hashes of leaves that are here, by their records or by what is to be recorded.
    fn recorded(
        &mut self,
        places: &Staging,
        leaves: Range<u64>,
    ) -> io::Result<Vec<Option<[u8; 32]>>> {
        let mut hashes = match self.has_records {
            true => self.journal(places)?.read(leaves.clone())?,
            false => vec![None; leaves.clone().count()],
        };
        for (leaf, hash) in self.unrecorded.range(leaves.clone()) {
            if let Some(place) = hashes.get_mut((leaf - leaves.start) as usize) {
                *place = Some(*hash);
            }
        }
        Ok(hashes)
    }

    /// The hashes of leaves that are here or in the inbox.
    fn ours(&mut self, places: &Staging, leaves: Range<u64>) -> io::Result<Vec<Option<[u8; 32]>>> {
        let mut hashes = match self.is_small_here() {
            true => vec![self.read_small(places)?],
            false => self.recorded(places, leaves.clone())?,
        };
        if let Some(existing) = &mut self.existing {
            let mut buffer = Vec::with_capacity(LEAF);
            for (leaf, hash) in leaves.clone().zip(&mut hashes) {
                if hash.is_none() {
                    *hash = existing.leaf(&places.there, leaf, self.size, &mut buffer);
                }
            }
            if leaves.end == self.prefix {
                existing.close();
            }
        }
        Ok(hashes)
    }

    /// Copies a leaf of the file of the inbox, which has the sender's hash; gives that, or none if
    /// the file was removed or changed since it was compared.
    fn copy(
        &mut self,
        places: &Staging,
        existing: &mut Existing,
        leaf: u64,
        buffer: &mut Vec<u8>,
    ) -> io::Result<Option<[u8; 32]>> {
        let hash = existing.read(&places.there, leaf, self.size, buffer).ok();
        let Some(hash) = hash.filter(|_| existing.is_unchanged(&places.there)) else {
            return Ok(None);
        };
        self.is_dirty = true;
        self.file(places)?.write_all_at(buffer, leaf * LEAF_BYTES)?;
        self.unrecorded.insert(leaf, hash);
        self.copied += buffer.len() as u64;
        Ok(Some(hash))
    }

    /// Whether an earlier attempt left it, as a file of one leaf.
    fn is_small_here(&self) -> bool {
        self.is_made && !self.has_journal()
    }

    /// The hash of a file of one leaf.
    fn read_small(&mut self, places: &Staging) -> io::Result<Option<[u8; 32]>> {
        let (size, mut buffer) = (self.size, Vec::new());
        self.file(places)?
            .read_leaf(0, size as usize, &mut buffer)?;
        Ok((buffer.len() as u64 == size).then(|| hash::leaf(&buffer, 0, size)))
    }

    /// Takes up to `most` more leaves into the tree, as far as they are final. Gives those that are
    /// not on the disk as they were, and are to be sent again.
    fn prove(&mut self, places: &Staging, most: u64) -> Result<Vec<Run>, PartError> {
        let from = self.tree.leaves();
        let (known, most) = match from < self.prefix {
            true if from < self.rest => (self.compared.min(self.rest), most),
            true => (self.prefix, most),
            // These are not read.
            false => (self.front, journal::BLOCK),
        };
        let known = self.asked.first().map_or(known, |first| known.min(first));
        let leaves = from..known.min(from.saturating_add(most.min(journal::BLOCK)));
        if leaves.is_empty() {
            return Ok(Vec::new());
        }
        let hashes = self.recorded(places, leaves.clone())?;
        let (mut buffer, mut again) = (Vec::with_capacity(LEAF), Vec::new());
        for (leaf, hash) in leaves.zip(hashes) {
            if hash.is_none()
                && leaf < self.earlier
                && let Some(mut existing) = self.existing.take()
            {
                if !again.is_empty() {
                    // It goes into the tree once those before it came again.
                    self.existing = Some(existing);
                    break;
                }
                let copied = self.copy(places, &mut existing, leaf, &mut buffer);
                if !matches!(copied, Ok(None)) {
                    self.existing = Some(existing);
                }
                if let Some(hash) = copied? {
                    self.tree.push(hash);
                    continue;
                }
            }
            let is_right = match hash {
                Some(hash) if leaf < self.earlier => {
                    self.reads_as(places, leaf, &hash, &mut buffer)?
                }
                hash => hash.is_some(),
            };
            match hash {
                Some(hash) if is_right && again.is_empty() => self.tree.push(hash),
                // It is read once more after the wrong one came, so that many wrong ones don't cost
                // a round trip each.
                Some(_) if is_right => {}
                _ if self.asked.count() >= RUNS => break,
                _ => match self.withdraw(places, &(leaf..leaf + 1)) {
                    Ok(()) => {
                        let lost = self.earlier_bytes(&(leaf..leaf + 1));
                        self.held = self.held.saturating_sub(lost);
                        again.push(match hash {
                            Some(_) => self.ask_wrong(leaf)?,
                            None => self.ask(leaf..leaf + 1),
                        });
                    }
                    // It is found again once these came.
                    Err(_) if !again.is_empty() => break,
                    Err(error) => return Err(error.into()),
                },
            }
        }
        Ok(again)
    }

    fn reads_as(
        &mut self,
        places: &Staging,
        leaf: u64,
        expected: &[u8; 32],
        buffer: &mut Vec<u8>,
    ) -> io::Result<bool> {
        let (offset, size) = (leaf * LEAF_BYTES, self.size);
        let len = self.bytes(&(leaf..leaf + 1)) as usize;
        self.file(places)?.read_leaf(offset, len, buffer)?;
        Ok(buffer.len() == len && hash::leaf(buffer, offset, size) == *expected)
    }

    /// A leaf came that was to come.
    fn came(&mut self, leaf: u64) {
        match leaf == self.front {
            true => self.front += 1,
            false => self.asked.remove(leaf),
        }
    }

    /// Withdraws the records of leaves, before they are asked again.
    fn withdraw(&mut self, places: &Staging, leaves: &Range<u64>) -> io::Result<()> {
        if self.has_records {
            self.journal(places)?.withdraw(leaves.clone())?;
            self.is_withdrawn = true;
        }
        Ok(())
    }

    /// Asks again for leaves whose records are withdrawn.
    fn ask(&mut self, leaves: Range<u64>) -> Run {
        self.unrecorded.retain(|leaf, _| !leaves.contains(leaf));
        self.asked.add(leaves.clone());
        run(&leaves)
    }

    /// Asks again for a leaf that is not what it should be, unless it was so too often.
    fn ask_wrong(&mut self, leaf: u64) -> Result<Run, PartError> {
        let times = self.wrong.entry(leaf).or_default();
        *times += 1;
        match *times <= AGAIN && self.asked.count() < 2 * RUNS {
            true => Ok(self.ask(leaf..leaf + 1)),
            false => Err(PartError::Corrupt(leaf * LEAF_BYTES)),
        }
    }

    /// The file of the inbox is another one: asks for all.
    fn restart(&mut self) -> Run {
        let leaves = 0..self.prefix;
        self.existing = None;
        (self.earlier, self.prefix, self.rest) = (0, 0, 0);
        (self.compared, self.held) = (0, 0);
        self.asked.add(leaves.clone());
        run(&leaves)
    }

    /// How many bytes leaves have that were here before this attempt.
    fn earlier_bytes(&self, leaves: &Range<u64>) -> u64 {
        self.bytes(&(leaves.start..leaves.end.min(self.earlier)))
    }

    /// How many bytes leaves have.
    fn bytes(&self, leaves: &Range<u64>) -> u64 {
        let end = self.size.min(leaves.end.saturating_mul(LEAF_BYTES));
        end.saturating_sub(leaves.start * LEAF_BYTES)
    }
}

/// A file that an earlier run left: its sync is asked for now, so that errors of that run are none
/// of this one. What has no journal is then read as the disk has it, and not from memory, where
/// pages that the disk did not take look like others.
fn settle(file: &File, has_journal: bool) {
    let synced = file.sync_data();
    if let Err(error) = &synced {
        log::warn!("what an earlier attempt wrote last is sent again error={error}");
    }
    if synced.is_err() || !has_journal {
        file.drop_cache();
    }
}

fn run(leaves: &Range<u64>) -> Run {
    Run {
        offset: leaves.start * LEAF_BYTES,
        // A file of as many leaves would have a petabyte.
        leaves: u32::try_from(leaves.end - leaves.start).unwrap_or(u32::MAX),
    }
}

/// How often a leaf is asked again before its file fails.
const AGAIN: u32 = 3;
/// Runs outstanding from which on hashes that differ have all of the rest of the prefix asked
/// again.
const RUNS: usize = limits::RUNS_AGAIN / 2;
