//! A file of the inbox that may be the very one on offer, so that nothing or only the leaves that
//! changed have to move. It is never written to.
//!
//! A file that came from the same peer, as the [log](crate::published) says, is compared leaf by
//! leaf. Of every other one the peer learns only whether all of it is the same, if it knows its
//! size and time.

use std::io;

use transom_wire::limits::LEAF;

use crate::dir::Dir;
use crate::file::{File, Metadata};
use crate::hash::{self, LEAF_BYTES, Tree};
use crate::published::Previous;

/// Bytes read at most of a file that came from elsewhere: half a second of a fast disk, half a
/// minute of a memory card, which a sender could cost us again and again. A larger file is
/// sent again.
const MOST: u64 = 1 << 30;
/// A time of whole seconds can be guessed, and then our answer would tell a peer that never had
/// the file what is in it.
const SECOND: i64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Existing {
    path: String,
    metadata: Metadata,
    is_of_peer: bool,
    /// Open while it is read.
    file: Option<File>,
    /// The leaves that were compared, and whether they are the same.
    tree: Tree,
    is_same: bool,
}

impl Existing {
    /// Looks for a file of that name, size and time, and reads nothing yet.
    pub(crate) fn find(root: &Dir, name: &str, size: u64, mtime: i64) -> Option<Self> {
        if !(1..=MOST).contains(&size) || mtime.rem_euclid(SECOND) == 0 {
            return None;
        }
        let (_, metadata) = root.read_with_metadata(name).ok()?;
        let is_like = (metadata.size, metadata.mtime) == (size, mtime);
        is_like.then(|| Self::new(name, metadata, false))
    }

    /// Looks for a file that came from the peer by that transfer.
    pub(crate) fn of_peer(there: &Dir, path: &str, previous: &Previous) -> Option<Self> {
        let (_, metadata) = there.read_with_metadata(path).ok()?;
        let is_of_peer = metadata.has_one_name && previous.has(metadata.ctime);
        is_of_peer.then(|| Self::new(path, metadata, true))
    }

    fn new(path: &str, metadata: Metadata, is_of_peer: bool) -> Self {
        Self {
            path: path.to_owned(),
            metadata,
            is_of_peer,
            file: None,
            tree: Tree::default(),
            is_same: true,
        }
    }

    /// Its path below the folder it was found in.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// When its status was changed last.
    pub(crate) fn changed(&self) -> i64 {
        self.metadata.ctime
    }

    pub(crate) fn size(&self) -> u64 {
        self.metadata.size
    }

    /// Whether it may be compared leaf by leaf.
    pub(crate) fn is_of_peer(&self) -> bool {
        self.is_of_peer
    }

    /// Compares its next leaves with those of the sender's file. All of it is read even
    /// after a leaf that differs: the time must not tell the sender which leaf that is.
    pub(crate) fn compare(&mut self, there: &Dir, theirs: &[[u8; 32]]) {
        let mut buffer = Vec::with_capacity(LEAF);
        for hash in theirs {
            let ours = self.leaf(there, self.tree.leaves(), self.metadata.size, &mut buffer);
            self.is_same &= ours.as_ref() == Some(hash);
        }
    }

    /// The hash that a leaf of it has in a file of that size; none if it can't be read. If all are
    /// asked for in their order, they make its root.
    pub(crate) fn leaf(
        &mut self,
        there: &Dir,
        leaf: u64,
        size: u64,
        buffer: &mut Vec<u8>,
    ) -> Option<[u8; 32]> {
        let ours = self.read(there, leaf, size, buffer);
        if let Err(error) = &ours {
            log::debug!("can't compare a file that is there error={error}");
        }
        let ours = ours.ok();
        if self.tree.leaves() == leaf {
            self.tree.push(ours.unwrap_or_default());
        }
        ours
    }

    /// Reads a leaf; gives the hash that it has in a file of that size.
    pub(crate) fn read(
        &mut self,
        there: &Dir,
        leaf: u64,
        size: u64,
        buffer: &mut Vec<u8>,
    ) -> io::Result<[u8; 32]> {
        let offset = leaf * LEAF_BYTES;
        let len = size.saturating_sub(offset).min(LEAF_BYTES) as usize;
        self.open(there)?.read_leaf(offset, len, buffer)?;
        match buffer.len() == len {
            true => Ok(hash::leaf(buffer, offset, size)),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// It is another one than the sender's.
    pub(crate) fn differs(&mut self) {
        self.is_same = false;
    }

    /// Whether the leaves that were compared are the same.
    pub(crate) fn is_same(&self) -> bool {
        self.is_same
    }

    /// Whether the sender's file has the same bytes.
    pub(crate) fn is(&self, size: u64, root: &[u8; 32]) -> bool {
        self.is_same && (self.metadata.size, &self.tree.root()) == (size, root)
    }

    /// Whether it is still as it was found: the sender may have taken a while to agree.
    pub(crate) fn is_unchanged(&self, there: &Dir) -> bool {
        let found = there.read_with_metadata(&self.path);
        found.is_ok_and(|(_, metadata)| metadata == self.metadata)
    }

    /// Makes sure that it is on the disk. What came from the peer was, before it got its name.
    pub(crate) fn sync(&self, there: &Dir) -> io::Result<()> {
        if self.is_of_peer {
            return Ok(());
        }
        // Another program wrote it, and the disk may not have been asked yet whether it took it. If
        // it did not, memory forgets it too, so that the next look sees what is there.
        let file = there.read(&self.path)?;
        file.sync_all().inspect_err(|_| file.drop_cache())?;
        there.sync()
    }

    /// Closes it until it is read again.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    fn open(&mut self, there: &Dir) -> io::Result<&File> {
        let none = match &mut self.file {
            Some(file) => return Ok(file),
            none => none,
        };
        let (file, metadata) = there.read_with_metadata(&self.path)?;
        match metadata == self.metadata {
            true => Ok(none.insert(file)),
            false => Err(io::Error::other("a file that is there was changed")),
        }
    }
}
