//! One file that is being sent: what of it was read, and whether it is still the file that was offered.

use std::fs::File;

use super::list::EntryInfo;
use super::{Step, open_failed, stamp};
use crate::OutboxError;
use crate::dir::Dir;
use crate::file::read_leaf;
use crate::hash::{self, LEAF_BYTES, Proof, Tree};

/// A file in the middle of being sent.
#[derive(Debug)]
pub(super) struct Source {
    entry: EntryInfo,
    file: Option<File>,
    tree: Tree,
    offset: u64,
}

impl Source {
    pub(super) fn new(entry: EntryInfo) -> Self {
        Self {
            entry,
            file: None,
            tree: Tree::default(),
            offset: 0,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Closes the file until the next leaf.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Goes to `offset` if the leaves before it give the proof, else stays at the beginning.
    pub(super) fn skip(
        &mut self,
        root: &Dir,
        offset: u64,
        proof: &[u8; 32],
    ) -> Result<u64, OutboxError> {
        if offset > self.entry.size
            || offset != self.entry.size && !offset.is_multiple_of(LEAF_BYTES)
        {
            return Err(OutboxError::Protocol("the receiver starts within a leaf"));
        }
        if offset == 0 {
            return Ok(0);
        }
        self.open(root)?;
        let (mut ours, mut buffer) = (Proof::default(), Vec::new());
        while self.offset < offset {
            ours.push(&self.read(&mut buffer)?);
        }
        if ours.value() != *proof {
            (self.tree, self.offset) = (Tree::default(), 0);
        }
        Ok(self.offset)
    }

    pub(super) fn next(
        &mut self,
        root: &Dir,
        index: u32,
        mut buffer: Vec<u8>,
    ) -> Result<Step, OutboxError> {
        self.open(root)?;
        if self.offset == self.entry.size {
            self.check()?;
            let root = self.tree.root();
            return Ok(Step::End {
                size: self.entry.size,
                root,
                buffer,
            });
        }
        let offset = self.offset;
        let hash = self.read(&mut buffer)?;
        Ok(Step::Leaf {
            index,
            offset,
            hash,
            bytes: buffer,
        })
    }

    /// Reads the next leaf and gives its hash.
    fn read(&mut self, buffer: &mut Vec<u8>) -> Result<[u8; 32], OutboxError> {
        let len = (self.entry.size - self.offset).min(LEAF_BYTES) as usize;
        let Some(file) = &self.file else {
            return Err(self.changed());
        };
        read_leaf(file, self.offset, len, buffer).map_err(|e| open_failed(&self.entry.path, e))?;
        if buffer.len() != len {
            return Err(self.changed());
        }
        let hash = hash::leaf(buffer, self.offset, self.entry.size);
        self.tree.push(hash);
        self.offset += len as u64;
        Ok(hash)
    }

    fn open(&mut self, root: &Dir) -> Result<(), OutboxError> {
        if self.file.is_none() {
            self.file = Some(
                root.read(&self.entry.path)
                    .map_err(|e| open_failed(&self.entry.path, e))?,
            );
            self.check()?;
        }
        Ok(())
    }

    /// Whether the file is still what was offered.
    fn check(&self) -> Result<(), OutboxError> {
        let Some(file) = &self.file else {
            return Err(self.changed());
        };
        let found = stamp(file).map_err(|e| open_failed(&self.entry.path, e))?;
        if found == (self.entry.size, self.entry.mtime) {
            Ok(())
        } else {
            Err(self.changed())
        }
    }

    fn changed(&self) -> OutboxError {
        OutboxError::Changed(self.entry.path.clone())
    }
}
