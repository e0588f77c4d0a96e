//! One file that is being received: where it stands, what of it is verified, and what has to be looked at again.
//! It knows no transfer and no policy; it refuses leaves out of order and data that don't fit their hash.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use transom_wire::{Entry, limits::LEAF};

use crate::EntryError;
use crate::dir::{self, Dir, Kind};
use crate::hash::{self, LEAF_BYTES, Proof, Tree};
use crate::journal::{Identity, Journal};
use crate::table::Table;

/// Where a transfer keeps things while it runs.
#[derive(Debug)]
pub(crate) struct Places {
    /// The files of this attempt, under the names they will have.
    pub(crate) tree: Dir,
    /// The files of the attempts before, if there were any.
    pub(crate) old: Option<Dir>,
    /// Journals of files of more than one leaf, by index.
    pub(crate) leaves: Dir,
    /// Hashes of the others.
    pub(crate) table: Table,
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
    handles: Option<Handles>,
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

/// Why a step on a part failed; the caller knows the path.
#[derive(Debug)]
pub(crate) enum Trouble {
    Protocol(&'static str),
    Corrupt(u64),
    Duplicate,
    System(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl Trouble {
    pub(crate) fn of(self, path: &str) -> EntryError {
        let path = path.to_owned();
        match self {
            Self::Protocol(what) => EntryError::Protocol(what),
            Self::Corrupt(offset) => EntryError::Corrupt { path, offset },
            Self::Duplicate => EntryError::Duplicate { path },
            Self::System(source) => EntryError::System { path, source },
        }
    }
}

impl Part {
    /// Takes up the file where an earlier attempt left it, or begins it. `path` is its place in the tree.
    pub(crate) fn begin(
        places: &Places,
        entry: &Entry<'_>,
        path: &str,
    ) -> Result<(Self, [u8; 32]), Trouble> {
        let mut part = Self {
            path: path.to_owned(),
            size: entry.size,
            index: entry.index,
            mode: file_mode(entry.mode),
            mtime: entry.mtime,
            identity: identity(entry),
            handles: None,
            tree: Tree::default(),
            held: 0,
            claimed: false,
            unread: 0..0,
            synced: 0,
        };
        let proof = match part.resume(places)? {
            Some(proof) => proof,
            None => part.create(places)?,
        };
        part.claimed = part.held > 0;
        Ok((part, proof.value()))
    }

    /// Bytes verified and written.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Whether its files are open.
    pub(crate) fn is_open(&self) -> bool {
        self.handles.is_some()
    }

    /// Closes its files until the next leaf.
    pub(crate) fn close(&mut self) {
        self.handles = None;
    }

    /// Takes a leaf; gives the bytes that are now sure to be part of the file.
    pub(crate) fn leaf(
        &mut self,
        places: &Places,
        offset: u64,
        hash: &[u8; 32],
        bytes: &[u8],
    ) -> Result<u64, Trouble> {
        if offset == 0 && self.claimed {
            self.restart(places)?;
        }
        if offset != self.held || offset >= self.size {
            return Err(Trouble::Protocol("a leaf is out of order"));
        }
        if bytes.len() as u64 != (self.size - offset).min(LEAF_BYTES) {
            return Err(Trouble::Protocol("a leaf has the wrong length"));
        }
        if hash::leaf(bytes, offset, self.size) != *hash {
            return Err(Trouble::Corrupt(offset));
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
        let sure = self.confirm() + bytes.len() as u64;
        self.held += bytes.len() as u64;
        self.read_again(1)?;
        Ok(sure)
    }

    /// Checks the whole; gives the root, and the bytes held before that are now sure. The file is left open in `self`.
    pub(crate) fn end(
        &mut self,
        places: &Places,
        size: u64,
        root: &[u8; 32],
    ) -> Result<u64, Trouble> {
        if size != self.size || self.held != size {
            return Err(Trouble::Protocol("the end came before the data"));
        }
        self.handles(places)?;
        self.read_again(u64::MAX)?;
        if self.tree.root() != *root {
            self.restart(places)?;
            return Err(Trouble::Corrupt(0));
        }
        let (mode, mtime) = (self.mode, self.mtime);
        dir::dress(&self.handles(places)?.file, mode, mtime)?;
        Ok(self.confirm())
    }

    /// Waits until what is held, and then its journal, are on the disk.
    pub(crate) fn sync(&mut self, places: &Places) -> io::Result<()> {
        let handles = self.handles(places)?;
        handles.file.sync_data()?;
        match &handles.journal {
            Some(journal) => journal.sync()?,
            None => places.table.sync()?,
        }
        self.synced = self.held.div_ceil(LEAF_BYTES);
        Ok(())
    }

    /// Forgets what is not known to be on the disk.
    pub(crate) fn forget_unsynced(&mut self) -> io::Result<()> {
        match self.handles.as_ref().map(|handles| &handles.journal) {
            Some(Some(journal)) => journal.truncate(self.synced),
            _ => Ok(()),
        }
    }

    /// The open file of a part that has ended.
    pub(crate) fn into_file(self) -> Option<File> {
        self.handles.map(|handles| handles.file)
    }

    fn confirm(&mut self) -> u64 {
        if std::mem::take(&mut self.claimed) {
            self.held
        } else {
            0
        }
    }

    fn handles(&mut self, places: &Places) -> io::Result<&Handles> {
        if self.handles.is_none() {
            let file = places.tree.write(&self.path)?;
            let journal = self.journal(places)?.map(|(journal, _)| journal);
            self.handles = Some(Handles { file, journal });
        }
        self.handles
            .as_ref()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn journal(&self, places: &Places) -> io::Result<Option<(Journal, u64)>> {
        if self.size <= LEAF_BYTES {
            return Ok(None);
        }
        let file = places.leaves.write_or_create(&self.index.to_string())?;
        Journal::open(file, self.identity, hash::leaves(self.size)).map(Some)
    }

    fn create(&mut self, places: &Places) -> Result<Proof, Trouble> {
        let file = places.tree.create(&self.path).map_err(taken)?;
        let journal = self.journal(places)?.map(|(journal, _)| journal);
        if let Some(journal) = &journal {
            journal.truncate(0)?;
        }
        self.handles = Some(Handles { file, journal });
        Ok(Proof::default())
    }

    /// Begins again from the first byte: the sender disagrees with what was held, or it did not make the root.
    fn restart(&mut self, places: &Places) -> io::Result<()> {
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

    /// Looks for the file among the old ones; whatever is wrong with it makes it a new one.
    fn resume(&mut self, places: &Places) -> Result<Option<Proof>, Trouble> {
        let Some(old) = &places.old else {
            return Ok(None);
        };
        if self.size == 0 || !matches!(old.kind(&self.path), Ok(Kind::File)) {
            return Ok(None);
        }
        let journal = self.journal(places)?;
        let small = match journal {
            None => places.table.find(self.index, &self.identity)?,
            Some(_) => None,
        };
        let noted = journal
            .as_ref()
            .map_or(u64::from(small.is_some()), |(_, leaves)| *leaves);
        if noted == 0 || old.write(&self.path).is_err() {
            return Ok(None);
        }
        if let Some((above, _)) = self.path.rsplit_once('/') {
            places.tree.make_all(above)?;
        }
        old.rename_new(&self.path, &places.tree, &self.path)
            .map_err(taken)?;
        let file = places.tree.write(&self.path)?;
        let journal = journal.map(|(journal, _)| journal);
        self.handles = Some(Handles { file, journal });
        Ok(Some(self.take_up(noted, small)?))
    }

    /// Takes of the noted leaves those that are there and, as far as one looks at once, right.
    fn take_up(&mut self, noted: u64, small: Option<[u8; 32]>) -> io::Result<Proof> {
        let mut proof = Proof::default();
        let Some(Handles { file, journal }) = &self.handles else {
            return Ok(proof);
        };
        let written = file.metadata()?.len();
        let whole = if written >= self.size {
            noted
        } else {
            noted.min(written / LEAF_BYTES)
        };
        let from = whole.saturating_sub(WINDOW);
        let (size, tree) = (self.size, &mut self.tree);
        let mut good = from;
        let mut buffer = Vec::with_capacity(LEAF);
        let mut look = |leaf, hash: &[u8; 32]| {
            if good == leaf && reads_as(file, leaf, size, hash, &mut buffer)? {
                good += 1;
            }
            Ok(())
        };
        match (journal, small) {
            (Some(journal), _) => journal.each(from, whole, &mut look)?,
            (None, Some(hash)) if whole == 1 => look(0, &hash)?,
            (None, _) => {}
        }
        let mut take = |_, hash: &[u8; 32]| {
            tree.push(*hash);
            proof.push(hash);
            Ok(())
        };
        match (journal, small) {
            (Some(journal), _) => {
                journal.truncate(good)?;
                journal.each(0, good, &mut take)?;
            }
            (None, Some(hash)) if good == 1 => take(0, &hash)?,
            (None, _) => {}
        }
        self.held = size.min(good * LEAF_BYTES);
        self.unread = 0..from.min(good);
        file.set_len(self.held)?;
        Ok(proof)
    }

    /// Reads up to `most` leaves of earlier attempts again and forgets them if they have changed.
    fn read_again(&mut self, most: u64) -> Result<(), Trouble> {
        let range = self.unread.start..self.unread.end.min(self.unread.start.saturating_add(most));
        let Some(Handles {
            file,
            journal: Some(journal),
        }) = &self.handles
        else {
            return Ok(());
        };
        if range.is_empty() {
            return Ok(());
        }
        let mut bad = None;
        let mut buffer = Vec::with_capacity(LEAF);
        journal.each(range.start, range.end, |leaf, hash| {
            if bad.is_none() && !reads_as(file, leaf, self.size, hash, &mut buffer)? {
                bad = Some(leaf);
            }
            Ok(())
        })?;
        self.unread.start = range.end;
        match bad {
            None => Ok(()),
            Some(leaf) => {
                journal.truncate(leaf)?;
                Err(Trouble::Corrupt(leaf * LEAF_BYTES))
            }
        }
    }
}

/// Permission bits that are safe to take over: nobody else may write, nothing runs as its owner.
pub(crate) fn file_mode(mode: u16) -> u16 {
    mode & 0o755 | 0o600
}

/// The same for folders, which their owner must be able to enter.
pub(crate) fn folder_mode(mode: u16) -> u16 {
    mode & 0o755 | 0o700
}

/// Reads up to a leaf from `offset` into a buffer, without clearing it first.
pub(crate) fn read_leaf(
    file: &File,
    offset: u64,
    len: usize,
    into: &mut Vec<u8>,
) -> io::Result<()> {
    into.clear();
    into.reserve_exact(len);
    while into.len() < len {
        // The buffer may be larger than what is asked for; what is too much is cut off again.
        let at = offset + into.len() as u64;
        match rustix::io::pread(file, rustix::buffer::spare_capacity(into), at) {
            Ok(0) => break,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    into.truncate(len);
    Ok(())
}

fn reads_as(
    file: &File,
    leaf: u64,
    size: u64,
    expected: &[u8; 32],
    buffer: &mut Vec<u8>,
) -> io::Result<bool> {
    let offset = leaf * LEAF_BYTES;
    let len = size.saturating_sub(offset).min(LEAF_BYTES) as usize;
    read_leaf(file, offset, len, buffer)?;
    Ok(buffer.len() == len && hash::leaf(buffer, offset, size) == *expected)
}

fn taken(error: io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => Trouble::Duplicate,
        _ => Trouble::System(error),
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

/// Leaves read again before a file is taken up: what may have been written since the last checkpoint, with room to spare.
const WINDOW: u64 = 2 * crate::reception::CHECKPOINT_BYTES / LEAF_BYTES;
