//! A file of the inbox that may be the very one on offer: it has the name, the size and the time.
//! It proves what it is by its leaves, so that nothing has to move when the sender's has the same,
//! and it is never written to.

use std::io;

use transom_wire::limits::LEAF;

use crate::dir::Dir;
use crate::file::File;
use crate::hash::{self, LEAF_BYTES, Tree};

/// Bytes read for it at most: half a second of a fast disk, half a minute of a memory card, which
/// asking again and again costs us and not the sender. What is larger is sent again.
const MOST: u64 = 1 << 30;
/// A time of whole seconds can be guessed, and then a proof would tell a peer that never had the
/// file what is in it.
const SECOND: i64 = 1_000_000_000;

#[derive(Debug)]
pub(crate) struct Existing {
    file: File,
    size: u64,
    mtime: i64,
    /// Bytes read so far.
    read: u64,
    tree: Tree,
    is_same: bool,
}

impl Existing {
    /// Looks for it, and reads nothing yet.
    pub(crate) fn find(root: &Dir, name: &str, size: u64, mtime: i64) -> Option<Self> {
        let may_be = (1..=MOST).contains(&size) && mtime.rem_euclid(SECOND) != 0;
        if !may_be || !is_like(root, name, size, mtime) {
            return None;
        }
        Some(Self {
            file: root.read(name).ok()?,
            size,
            mtime,
            read: 0,
            tree: Tree::default(),
            is_same: true,
        })
    }

    /// Compares its next leaves with those of the sender's file. All of it is read, whatever
    /// differs: a sender that has another file is not to learn from the time it takes where.
    pub(crate) fn compare(&mut self, theirs: &[[u8; 32]]) {
        let mut buffer = Vec::with_capacity(LEAF);
        for hash in theirs {
            let len = (self.size - self.read).min(LEAF_BYTES) as usize;
            let read = self.file.read_leaf(self.read, len, &mut buffer);
            let ours = hash::leaf(&buffer, self.read, self.size);
            self.is_same &= read.is_ok() && buffer.len() == len && ours == *hash;
            self.tree.push(ours);
            self.read += len as u64;
        }
    }

    /// Whether the leaves that were compared are the same.
    pub(crate) fn is_same(&self) -> bool {
        self.is_same
    }

    /// Whether the sender's file has the same bytes.
    pub(crate) fn is(&self, size: u64, root: &[u8; 32]) -> bool {
        (self.size, &self.tree.root()) == (size, root)
    }

    /// Waits until it is on the disk. If the disk did not take it, memory forgets it too, so that
    /// the next look sees what is there.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all().inspect_err(|_| self.file.drop_cache())
    }

    /// Whether it is still as it was read: the sender may have taken a while to agree.
    pub(crate) fn is_unchanged(&self, root: &Dir, name: &str) -> bool {
        is_like(root, name, self.size, self.mtime)
    }
}

fn is_like(root: &Dir, name: &str, size: u64, mtime: i64) -> bool {
    let found = root.metadata(name);
    found.is_ok_and(|found| (found.size, found.mtime) == (size, mtime))
}
