//! A file of the inbox that may be the very one on offer: it has the name, the size and the time. It proves what it is
//! by its leaves, so that nothing has to move when the sender's has the same, and it is never written to.

use std::io;

use transom_wire::limits::LEAF;

use crate::dir::Dir;
use crate::file::read_leaf;
use crate::hash::{self, LEAF_BYTES, Proof, Tree};

/// Bytes read for it at most: half a second of a fast disk, which others wait for. What is larger is sent again.
const MOST: u64 = 1 << 30;
/// A time of whole seconds can be guessed, and then a proof would tell a peer that never had the file what is in it.
const SECOND: i64 = 1_000_000_000;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Twin {
    size: u64,
    mtime: i64,
    root: [u8; 32],
    proof: [u8; 32],
}

impl Twin {
    /// Looks for it and reads it. What can't be read is none.
    pub(crate) fn find(root: &Dir, name: &str, size: u64, mtime: i64) -> Option<Self> {
        let may_be = (1..=MOST).contains(&size) && mtime.rem_euclid(SECOND) != 0;
        if !may_be || !is_like(root, name, size, mtime) {
            return None;
        }
        let twin = Self::read(root, name, size, mtime).ok().flatten()?;
        // Nor is one that is changed while it is read.
        is_like(root, name, size, mtime).then_some(twin)
    }

    /// What to say in Start: where the data would go on, and the proof of what is there.
    pub(crate) fn start(&self) -> (u64, [u8; 32]) {
        (self.size, self.proof)
    }

    /// Whether the sender's file has the same bytes.
    pub(crate) fn is(&self, size: u64, root: &[u8; 32]) -> bool {
        (self.size, &self.root) == (size, root)
    }

    /// Whether it is still as it was read: the sender may have taken a while to agree.
    pub(crate) fn is_unchanged(&self, root: &Dir, name: &str) -> bool {
        is_like(root, name, self.size, self.mtime)
    }

    fn read(root: &Dir, name: &str, size: u64, mtime: i64) -> io::Result<Option<Self>> {
        let file = root.read(name)?;
        let (mut tree, mut proof) = (Tree::default(), Proof::default());
        let (mut buffer, mut offset) = (Vec::with_capacity(LEAF), 0);
        while offset < size {
            let len = (size - offset).min(LEAF_BYTES) as usize;
            read_leaf(&file, offset, len, &mut buffer)?;
            if buffer.len() != len {
                return Ok(None);
            }
            let leaf = hash::leaf(&buffer, offset, size);
            tree.push(leaf);
            proof.push(&leaf);
            offset += len as u64;
        }
        let (root, proof) = (tree.root(), proof.value());
        Ok(Some(Self {
            size,
            mtime,
            root,
            proof,
        }))
    }
}

fn is_like(root: &Dir, name: &str, size: u64, mtime: i64) -> bool {
    let found = root.metadata(name);
    found.is_ok_and(|found| (found.size, found.mtime) == (size, mtime))
}
