//! One file that is being received: where it stands, what of it is verified, and what has to be
//! looked at again. It knows no transfer and no policy; it refuses leaves out of order and data
//! that don't fit their hash.

use std::cell::Cell;
use std::io;
use std::ops::Range;

use transom_wire::Entry;

use crate::dir::Dir;
use crate::file::{File, file_mode};
use crate::hash::{LEAF_BYTES, Tree};
use crate::journal::{Identity, Journal};
use crate::part_error::{PartError, taken};
use crate::syncing::Syncing;
use crate::table::Table;

use resume::Noted;

mod resume;

/// Where a transfer keeps things while it runs.
#[derive(Debug)]
pub(crate) struct Staging {
    /// The files of this attempt, under the names they will have.
    pub(crate) tree: Dir,
    /// The files of the attempts before, if there were any.
    pub(crate) old: Option<Dir>,
    /// Journals of files of more than one leaf, by index.
    pub(crate) leaves: Dir,
    /// Hashes of the others.
    pub(crate) table: Table,
    /// Whether this process brought to the disk what the attempts before left.
    pub(crate) is_synced: bool,
    /// The mode of a new file that was seen to have it as asked.
    pub(crate) usual_mode: Cell<u16>,
}

impl Staging {
    /// Whether a new file has the mode it was made with. A umask or a file system may change it, so
    /// the first file of each mode is looked at.
    fn has_mode(&self, file: &File, mode: u16) -> io::Result<bool> {
        if self.usual_mode.get() == mode {
            return Ok(true);
        }
        let has_mode = file.mode()? == mode;
        if has_mode {
            self.usual_mode.set(mode);
        }
        Ok(has_mode)
    }

    /// Brings to the disk what an earlier run left in the transfer's folder, or forgets what it
    /// noted.
    pub(crate) fn vouch(&self, staging: &Dir, folder: &Dir, syncing: Syncing) -> io::Result<()> {
        let synced = syncing.everything(folder).and_then(|()| staging.sync());
        let Err(error) = synced else {
            return Ok(());
        };
        log::warn!("what an earlier attempt left can't be synced and is sent again error={error}");
        self.table.clear()?;
        self.leaves.clear()
    }
}

/// A file in progress.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) path: String,
    pub(crate) size: u64,
    index: u32,
    mode: u16,
    mtime: i64,
    identity: Identity,
    /// Whether the file is in the tree, and whether it has its mode.
    is_made: bool,
    has_mode: bool,
    handles: Option<Handles>,
    /// What an earlier attempt noted, until the last of it is read again.
    noted: Option<Box<Noted>>,
    tree: Tree,
    /// Bytes verified and written.
    held: u64,
    /// Whether the sender has not yet shown that it agrees with what was held at the start.
    claimed: bool,
    /// Leaves of earlier attempts that were not read again yet.
    unread: Range<u64>,
    /// Leaves on the disk under their journal.
    synced: u64,
}

#[derive(Debug)]
struct Handles {
    file: File,
    /// Of files of more than one leaf.
    journal: Option<Journal>,
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
        let mut part = Self {
            path: path.to_owned(),
            size: entry.size,
            index: entry.index,
            mode: file_mode(entry.mode),
            mtime: entry.mtime,
            identity: identity(entry),
            is_made: false,
            has_mode: false,
            handles: None,
            noted: None,
            tree: Tree::default(),
            held: 0,
            claimed: false,
            unread: 0..0,
            synced: 0,
        };
        let made = match part.resume(places)? {
            Some(made) => made,
            None if places.tree.is_free(path).map_err(taken)? => 0,
            None => return Err(PartError::Duplicate),
        };
        Ok((part, made))
    }

    /// Bytes verified and written.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Whether the file is in the tree.
    pub(crate) fn is_made(&self) -> bool {
        self.is_made
    }

    /// Whether its files are open.
    pub(crate) fn is_open(&self) -> bool {
        self.handles.is_some()
    }

    /// Opens its files, and makes them if the file is new; gives how many files and folders of the
    /// tree are new.
    pub(crate) fn open(&mut self, places: &Staging) -> Result<u64, PartError> {
        if self.is_made {
            self.handles(places)?;
            return Ok(0);
        }
        let made = places.tree.create_all(&self.path, self.mode);
        let (file, above) = made.map_err(taken)?;
        self.is_made = true;
        self.has_mode = places.has_mode(&file, self.mode)?;
        let journal = match self.has_journal() {
            true => {
                let file = places.leaves.write_or_create(&self.index.to_string())?;
                Some(Journal::begin(file, self.identity)?)
            }
            false => None,
        };
        self.handles = Some(Handles { file, journal });
        Ok(above + 1)
    }

    /// Closes its files until the next leaf.
    pub(crate) fn close(&mut self) {
        self.handles = None;
    }

    /// Takes a leaf whose bytes have the hash `found` where the sender says `hash`; gives the bytes
    /// of earlier attempts that the sender agrees with by it.
    pub(crate) fn leaf(
        &mut self,
        places: &Staging,
        offset: u64,
        hash: &[u8; 32],
        found: &[u8; 32],
        bytes: &[u8],
    ) -> Result<u64, PartError> {
        if self.noted.is_some() {
            return Err(PartError::Protocol("a leaf came before its start"));
        }
        if offset == 0 && self.claimed {
            self.restart(places)?;
        }
        if offset != self.held || offset >= self.size {
            return Err(PartError::Protocol("a leaf is out of order"));
        }
        if bytes.len() as u64 != (self.size - offset).min(LEAF_BYTES) {
            return Err(PartError::Protocol("a leaf has the wrong length"));
        }
        if found != hash {
            return Err(PartError::Corrupt(offset));
        }
        let leaf = offset / LEAF_BYTES;
        let (index, identity) = (self.index, self.identity);
        let handles = self.handles(places)?;
        handles.file.write_all_at(bytes, offset)?;
        match &handles.journal {
            Some(journal) => journal.put(leaf, hash)?,
            None => places.table.put(index, &identity, hash)?,
        }
        self.tree.push(*hash);
        let agreed = self.confirm();
        self.held += bytes.len() as u64;
        self.read_again(1)?;
        Ok(agreed)
    }

    /// Checks the whole; gives the same. Up to `most` leaves of earlier attempts are read again
    /// before that: none if there are more. The file is left open.
    pub(crate) fn end(
        &mut self,
        places: &Staging,
        size: u64,
        root: &[u8; 32],
        most: u32,
    ) -> Result<Option<u64>, PartError> {
        if size != self.size || self.held != size {
            return Err(PartError::Protocol("the end came before the data"));
        }
        self.handles(places)?;
        self.read_again(most.into())?;
        if !self.unread.is_empty() {
            return Ok(None);
        }
        if self.tree.root() != *root {
            self.restart(places)?;
            return Err(PartError::Corrupt(0));
        }
        let (mode, mtime, has_mode) = (self.mode, self.mtime, self.has_mode);
        let file = &self.handles(places)?.file;
        if !has_mode {
            file.set_mode(mode)?;
        }
        file.set_time(mtime)?;
        Ok(Some(self.confirm()))
    }

    /// Waits until what is held, and then its journal, are on the disk; but for the table, which is
    /// synced once for many. A file that is closed was synced before, if it is synced by itself at
    /// all.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        let leaves = self.held.div_ceil(LEAF_BYTES);
        let Some(Handles { file, journal }) = &self.handles else {
            return Ok(());
        };
        if self.synced == leaves {
            return Ok(());
        }
        file.sync_data()?;
        journal.as_ref().map_or(Ok(()), Journal::sync)?;
        self.synced = leaves;
        Ok(())
    }

    /// The same for a file that has come to its end, with its mode and time.
    pub(crate) fn sync_whole(&mut self, places: &Staging) -> io::Result<()> {
        let Handles { file, journal } = self.handles(places)?;
        file.sync_all()?;
        journal.as_ref().map_or(Ok(()), Journal::sync)?;
        self.synced = self.held.div_ceil(LEAF_BYTES);
        Ok(())
    }

    /// Forgets what is not known to be on the disk.
    pub(crate) fn forget_unsynced(&mut self) -> io::Result<()> {
        if self.noted.is_some() {
            // All of it was on the disk before, and nothing was added.
            return Ok(());
        }
        match self.handles.as_ref().map(|handles| &handles.journal) {
            Some(Some(journal)) => journal.truncate(self.synced),
            _ => Ok(()),
        }
    }

    fn confirm(&mut self) -> u64 {
        if std::mem::take(&mut self.claimed) {
            self.held
        } else {
            0
        }
    }

    fn handles(&mut self, places: &Staging) -> io::Result<&Handles> {
        if self.handles.is_none() {
            let file = places.tree.write(&self.path)?;
            let journal = match self.has_journal() {
                true => {
                    let file = places.leaves.write(&self.index.to_string())?;
                    Some(Journal::again(file, self.identity))
                }
                false => None,
            };
            self.handles = Some(Handles { file, journal });
        }
        self.handles
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether it has a journal: smaller files are noted in the table.
    fn has_journal(&self) -> bool {
        self.size > LEAF_BYTES
    }

    /// Begins again from the first byte: the sender disagrees with what was held, or it did not
    /// make the root.
    fn restart(&mut self, places: &Staging) -> io::Result<()> {
        let handles = self.handles(places)?;
        if let Some(journal) = &handles.journal {
            journal.truncate(0)?;
        }
        handles.file.set_len(0)?;
        self.tree = Tree::default();
        (self.unread, self.synced) = (0..0, 0);
        (self.held, self.claimed) = (0, false);
        Ok(())
    }
}

fn identity(entry: &Entry<'_>) -> Identity {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&entry.index.to_le_bytes());
    hasher.update(&entry.size.to_le_bytes());
    hasher.update(&entry.mtime.to_le_bytes());
    hasher.update(entry.path.as_str().as_bytes());
    hasher.finalize().into()
}
