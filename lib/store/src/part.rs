//! One file that is being received. It knows no transfer and no policy; it refuses leaves that were
//! not asked for. Which leaves those are is in `leaves.rs`; how they get to the disk and their
//! records after them in `staged_file.rs`.

use std::io;
use std::ops::Range;

use transom_wire::limits::LEAF;
use transom_wire::{Entry, EntryKind, Total};

use crate::existing::Existing;
use crate::file::file_mode;
use crate::part_error::PartError;
use crate::room::is_full;
use crate::staging::TransferDirs;

use leaves::Leaves;
pub(crate) use staged_file::StagedFile;

mod leaves;
mod runs;
mod staged_file;

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
    /// The file is whole.
    Whole,
    /// This file of the inbox is the same.
    Existing(Existing),
}

/// A file in progress.
#[derive(Debug)]
pub(crate) struct Part {
    /// The time to give it; none to a file that grew, whose last one is not known before its end.
    mtime: Option<i64>,
    leaves: Leaves,
    pub(crate) file: StagedFile,
    /// A file of the inbox that may be the very one, and has the leaves of the prefix that are not
    /// here otherwise.
    existing: Option<Existing>,
    /// Bytes that were copied from there and are not counted yet.
    copied: u64,
    /// Bytes of the prefix that are as the sender has them.
    held: u64,
}

impl Part {
    /// Takes up the file where an earlier attempt left it; a new one is made by its first leaf, or
    /// by its end if it has none. `path` is its place in the tree. Gives it, and how many folders
    /// are new.
    pub(crate) fn begin(
        dirs: &TransferDirs,
        entry: &Entry<'_>,
        path: &str,
    ) -> Result<(Self, u64), PartError> {
        let grows = entry.kind == EntryKind::Growing;
        let mut part = Self {
            mtime: (!grows).then_some(entry.mtime),
            leaves: Leaves::new(entry.size, grows),
            file: StagedFile::new(path, entry.size, file_mode(entry.mode)),
            existing: None,
            copied: 0,
            held: 0,
        };
        let Some((leaves, folders)) = part.file.take_up(dirs, &part.leaves)? else {
            part.file.check_name(dirs)?;
            return Ok((part, 0));
        };
        part.leaves.set_prefix(leaves);
        Ok((part, folders))
    }

    /// Takes a file of the inbox for what is here of it, as far as it may be the same: one that
    /// came from elsewhere whole, if there is nothing else.
    pub(crate) fn take_existing(&mut self, mut existing: Existing) {
        let (size, prefix) = (self.file.size, self.leaves.prefix());
        let is_as_long = existing.size() == size && !self.leaves.grows();
        let leaves = match existing.is_of_peer() || is_as_long && prefix == 0 {
            true => self.leaves.whole(existing.size()),
            false => 0,
        };
        if leaves <= prefix {
            return;
        }
        if !is_as_long {
            existing.differs();
        }
        self.existing = Some(existing);
        self.leaves.set_prefix(leaves);
    }

    /// Whether its size is not final.
    pub(crate) fn grows(&self) -> bool {
        self.leaves.grows()
    }

    /// The sender has counted more.
    pub(crate) fn grow(&mut self, total: &Total) {
        if self.grows() {
            self.file.size = total.bytes;
            self.leaves.grow(total);
        }
    }

    /// Where the data are to go on.
    pub(crate) fn offset(&self) -> u64 {
        self.leaves.offset()
    }

    /// Bytes of earlier attempts that are as the sender has them.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Compares what is here of it with the hashes that the sender has of leaves of the prefix, and
    /// reads as many leaves. Gives what is to be sent again.
    ///
    /// Of a file of the inbox that came from elsewhere the sender learns whether the whole is the
    /// same, and no more.
    pub(crate) fn hashes(
        &mut self,
        dirs: &TransferDirs,
        offset: u64,
        theirs: &[[u8; 32]],
    ) -> Result<Vec<Run>, PartError> {
        let leaves = self.leaves.hashed(offset, theirs.len())?;
        if let Some(existing) = &mut self.existing
            && !existing.is_of_peer()
        {
            existing.compare(&dirs.published, theirs);
            self.leaves.compare(leaves.end, Vec::new());
            if !self.leaves.is_compared() {
                return Ok(Vec::new());
            }
            if !existing.is_same() || !existing.is_unchanged(&dirs.published) {
                return Ok(vec![self.restart()]);
            }
            existing.close();
            self.held = self.file.size;
            return Ok(Vec::new());
        }
        let ours = self.ours(dirs, leaves.clone())?;
        let (differ, held) = self.leaves.differing(&leaves, &ours, theirs);
        // It may find no room, and be tried again: nothing is taken note of before.
        for run in &differ {
            self.file.withdraw(dirs, run)?;
        }
        self.held += held;
        let mut again = self.leaves.compare(leaves.end, differ);
        if !again.is_empty() {
            self.existing.iter_mut().for_each(Existing::differs);
        }
        if self.file.has_journal() && self.existing.is_none() {
            // While the sender reads and hashes more of the prefix. What finds no room does so
            // again at the end, which waits for it.
            match self.prove(dirs, theirs.len() as u64) {
                Err(PartError::System(error)) if is_full(&error) => {}
                proven => again.extend(proven?),
            }
        } else if let ([Some(hash)], true, true) =
            (&ours[..], self.file.is_small_here(), again.is_empty())
        {
            self.leaves.push(0, *hash);
        }
        Ok(again)
    }

    /// Waits until records that were withdrawn are so on the disk, before a leaf is written over
    /// what they name.
    pub(crate) fn sync_withdrawn(&mut self, dirs: &TransferDirs, offset: u64) -> io::Result<()> {
        match offset < self.offset() {
            true => self.file.sync_withdrawn(dirs),
            false => Ok(()),
        }
    }

    /// Takes a leaf whose bytes have the hash `found` where the sender says `hash`. One that does
    /// not have its hash is to be sent again.
    pub(crate) fn leaf(
        &mut self,
        dirs: &TransferDirs,
        offset: u64,
        hash: &[u8; 32],
        found: &[u8; 32],
        bytes: &[u8],
        has_holes: bool,
    ) -> Result<Option<Run>, PartError> {
        let leaf = self.leaves.expected(offset, bytes.len())?;
        if found != hash {
            self.file.withdraw(dirs, &(leaf..leaf + 1))?;
            self.leaves.came(leaf);
            return self.leaves.ask_wrong(leaf).map(Some);
        }
        self.file.write(dirs, leaf, bytes, *hash, has_holes)?;
        self.leaves.came(leaf);
        self.leaves.push(leaf, *hash);
        Ok(None)
    }

    /// Checks the whole, of which up to `most` leaves of earlier attempts are read. The file is
    /// left open.
    pub(crate) fn end(
        &mut self,
        dirs: &TransferDirs,
        size: u64,
        root: &[u8; 32],
        most: u32,
    ) -> Result<PartEnd, PartError> {
        if size != self.file.size || !self.leaves.is_through() {
            return Err(PartError::Protocol("the end came before the data"));
        }
        let again = self.prove(dirs, most.into())?;
        if self.leaves.has_asked() {
            return Ok(PartEnd::Again(again));
        }
        if !self.leaves.is_whole() {
            return Ok(PartEnd::More);
        }
        if self.leaves.tree.root() != *root {
            // Each leaf has the hash that the sender gave for it, so there is none to ask again.
            // What is kept of a file that grew may be right: leaves that were written to while they
            // were read have such a root, and the next attempt compares all of them.
            if self.mtime.is_some() {
                self.file.clear(dirs)?;
            }
            return Err(PartError::Corrupt(0));
        }
        self.file.finish(dirs, self.mtime)?;
        self.existing = None;
        Ok(PartEnd::Whole)
    }

    /// What becomes of the end if the sender's file is the one of the inbox that was taken for it;
    /// none if none was, or another file is made with its leaves. If that file was removed or
    /// changed since it was compared, all is to be sent again.
    pub(crate) fn end_existing(
        &mut self,
        dirs: &TransferDirs,
        size: u64,
        root: &[u8; 32],
    ) -> Result<Option<PartEnd>, PartError> {
        let Some(existing) = &self.existing else {
            return Ok(None);
        };
        if existing.is_of_peer() && (self.file.is_made() || !existing.is_same()) {
            return Ok(None);
        }
        if !self.leaves.is_compared() || !existing.is(size, root) {
            return Err(PartError::Protocol("the end is not that of the hashes"));
        }
        let unchanged = self
            .existing
            .take_if(|file| file.is_unchanged(&dirs.published));
        let Some(existing) = unchanged else {
            return Ok(Some(PartEnd::Again(vec![self.restart()])));
        };
        existing.sync(&dirs.published)?;
        Ok(Some(PartEnd::Existing(existing)))
    }

    /// Bytes that the end will copy from a file of the inbox if it reads up to `most` leaves.
    pub(crate) fn uncopied(&mut self, dirs: &TransferDirs, most: u32) -> io::Result<u64> {
        if self.existing.is_none() {
            return Ok(0);
        }
        let mut leaves = self.leaves.provable(most.into());
        leaves.end = leaves.end.min(self.leaves.earlier());
        if leaves.is_empty() {
            return Ok(0);
        }
        let recorded = self.file.recorded(dirs, leaves.clone())?;
        let copied = leaves.zip(recorded).filter(|(_, hash)| hash.is_none());
        let bytes = copied.map(|(leaf, _)| self.leaves.bytes(&(leaf..leaf + 1)));
        Ok(bytes.sum())
    }

    /// Bytes that were copied from a file of the inbox since the last time.
    pub(crate) fn take_copied(&mut self) -> u64 {
        std::mem::take(&mut self.copied)
    }

    /// The hashes of leaves that are here or in the inbox.
    fn ours(
        &mut self,
        dirs: &TransferDirs,
        leaves: Range<u64>,
    ) -> io::Result<Vec<Option<[u8; 32]>>> {
        let mut buffer = Vec::new();
        let mut hashes = match self.file.is_small_here() {
            true => vec![self.file.read(dirs, 0, &mut buffer)?],
            false => self.file.recorded(dirs, leaves.clone())?,
        };
        if let Some(existing) = &mut self.existing {
            for (leaf, hash) in leaves.clone().zip(&mut hashes) {
                if hash.is_none() {
                    *hash = existing.leaf(&dirs.published, leaf, self.file.size, &mut buffer);
                }
            }
            if leaves.end == self.leaves.prefix() {
                existing.close();
            }
        }
        Ok(hashes)
    }

    /// Takes up to `most` more leaves into the tree, as far as they are final. Gives those that are
    /// not on the disk as they were, and are to be sent again.
    fn prove(&mut self, dirs: &TransferDirs, most: u64) -> Result<Vec<Run>, PartError> {
        let leaves = self.leaves.provable(most);
        if leaves.is_empty() {
            return Ok(Vec::new());
        }
        let hashes = self.file.recorded(dirs, leaves.clone())?;
        let (mut buffer, mut again) = (Vec::with_capacity(LEAF), Vec::new());
        for (leaf, hash) in leaves.zip(hashes) {
            let is_earlier = leaf < self.leaves.earlier();
            if hash.is_none() && is_earlier && self.existing.is_some() {
                // It goes into the tree once those before it came again.
                if !again.is_empty() {
                    break;
                }
                if self.copy(dirs, leaf, &mut buffer)? {
                    continue;
                }
            }
            let is_right = match is_earlier {
                true if hash.is_some() => self.file.read(dirs, leaf, &mut buffer)? == hash,
                _ => hash.is_some(),
            };
            match hash {
                Some(hash) if is_right && again.is_empty() => self.leaves.push(leaf, hash),
                // It is read once more after the wrong one came, so that many wrong ones don't cost
                // a round trip each.
                Some(_) if is_right => {}
                _ if self.leaves.has_max_runs() => break,
                _ => match self.file.withdraw(dirs, &(leaf..leaf + 1)) {
                    Ok(()) => {
                        let lost = self.leaves.earlier_bytes(&(leaf..leaf + 1));
                        self.held -= self.held.min(lost);
                        again.push(match hash {
                            Some(_) => self.leaves.ask_wrong(leaf)?,
                            None => self.leaves.ask(leaf..leaf + 1),
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

    /// Copies a leaf of the file of the inbox, which has the sender's hash. Says whether it did:
    /// not if that file was removed or changed since it was compared.
    fn copy(&mut self, dirs: &TransferDirs, leaf: u64, buffer: &mut Vec<u8>) -> io::Result<bool> {
        let Some(existing) = &mut self.existing else {
            return Ok(false);
        };
        let hash = existing.read(&dirs.published, leaf, self.file.size, buffer);
        let Some(hash) = hash.ok().filter(|_| existing.is_unchanged(&dirs.published)) else {
            self.existing = None;
            return Ok(false);
        };
        self.file.write(dirs, leaf, buffer, hash, false)?;
        self.copied += buffer.len() as u64;
        self.leaves.push(leaf, hash);
        Ok(true)
    }

    /// The file of the inbox is another one: asks for all.
    fn restart(&mut self) -> Run {
        (self.existing, self.held) = (None, 0);
        self.leaves.restart()
    }
}
