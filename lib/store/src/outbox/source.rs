//! One file that is being sent: what of it was read, and whether it is still the file that was
//! offered.

use super::{EntryInfo, Step, open_failed};
use crate::OutboxError;
use crate::dir::Dir;
use crate::file::{File, Stamp};
use crate::hash::{self, LEAF_BYTES, Proof, Tree};

/// A file in the middle of being sent.
#[derive(Debug)]
pub(super) struct Source {
    entry: EntryInfo,
    /// The path as it is offered, for errors: the receiver hears them, and is not to learn what a
    /// link that was named leads to.
    offered: String,
    file: Option<File>,
    /// When anything of the file changed last before it was read: a program that writes to it can
    /// set the time of its bytes back, but not this one.
    ctime: Option<i64>,
    tree: Tree,
    offset: u64,
    /// Whether it ended at its offered size, once its last bytes were read.
    ends: Option<bool>,
    /// What the receiver says it holds, while that is looked at.
    claim: Option<Claim>,
}

#[derive(Debug)]
struct Claim {
    offset: u64,
    proof: [u8; 32],
    ours: Proof,
}

impl Source {
    pub(super) fn new(entry: EntryInfo, offered: String) -> Self {
        Self {
            entry,
            offered,
            file: None,
            ctime: None,
            tree: Tree::default(),
            offset: 0,
            ends: None,
            claim: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Closes the file until the next leaf.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Takes note of what the receiver says it holds.
    pub(super) fn claim(&mut self, offset: u64, proof: &[u8; 32]) -> Result<(), OutboxError> {
        if offset > self.entry.size
            || offset != self.entry.size && !offset.is_multiple_of(LEAF_BYTES)
        {
            return Err(OutboxError::Protocol("the receiver starts within a leaf"));
        }
        let (proof, ours) = (*proof, Proof::default());
        self.claim = (offset > 0).then_some(Claim {
            offset,
            proof,
            ours,
        });
        Ok(())
    }

    /// Reads up to `most` leaves of what is claimed. Once it is through it gives where to start:
    /// there if they give the proof, else at the beginning.
    pub(super) fn check_claim(
        &mut self,
        root: &Dir,
        most: u32,
    ) -> Result<Option<u64>, OutboxError> {
        let Some(mut claim) = self.claim.take() else {
            return Ok(Some(self.offset));
        };
        self.open(root)?;
        let mut buffer = Vec::new();
        for _ in 0..most {
            if self.offset == claim.offset {
                break;
            }
            claim.ours.push(&self.read(&mut buffer)?);
        }
        if self.offset < claim.offset {
            self.claim = Some(claim);
            return Ok(None);
        }
        if claim.ours.value() != claim.proof {
            (self.tree, self.offset) = (Tree::default(), 0);
        }
        Ok(Some(self.offset))
    }

    pub(super) fn next(
        &mut self,
        root: &Dir,
        index: u32,
        mut buffer: Vec<u8>,
    ) -> Result<Step, OutboxError> {
        if self.claim.is_some() {
            return Err(OutboxError::Protocol(
                "the receiver's proof is not checked yet",
            ));
        }
        self.open(root)?;
        if self.offset == self.entry.size {
            self.check_end(&mut buffer)?;
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
        // A buffer for a whole leaf has no room for one byte more.
        let is_last = self.offset + len as u64 == self.entry.size && (len as u64) < LEAF_BYTES;
        let read = match is_last {
            true => file.read_last(self.offset, len, buffer).map(Some),
            false => file.read_leaf(self.offset, len, buffer).map(|()| None),
        };
        self.ends = read.map_err(|e| open_failed(&self.offered, e))?;
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
            let (file, found) = root
                .read_stamped(&self.entry.path)
                .map_err(|e| open_failed(&self.offered, e))?;
            self.file = Some(file);
            self.check(&found)?;
        }
        Ok(())
    }

    /// Whether the file is still what was offered, and was not changed since it was read first.
    fn check(&mut self, found: &Stamp) -> Result<(), OutboxError> {
        let ctime = *self.ctime.get_or_insert(found.ctime);
        let offered = (self.entry.size, self.entry.mtime, ctime);
        match (found.size, found.mtime, found.ctime) == offered {
            true => Ok(()),
            false => Err(self.changed()),
        }
    }

    /// Whether the file is still what was offered, and ends where it says: those below `/proc` have
    /// no bytes until they are read, and must not count as sent.
    fn check_end(&mut self, buffer: &mut Vec<u8>) -> Result<(), OutboxError> {
        let Some(file) = &self.file else {
            return Err(self.changed());
        };
        let failed = |e| open_failed(&self.offered, e);
        let found = file.stamp().map_err(failed)?;
        let ends = match self.ends {
            Some(ends) => ends,
            None => {
                file.read_leaf(self.entry.size, 1, buffer).map_err(failed)?;
                buffer.is_empty()
            }
        };
        self.check(&found)?;
        match ends {
            true => Ok(()),
            false => Err(OutboxError::Sizeless(self.offered.clone())),
        }
    }

    fn changed(&self) -> OutboxError {
        OutboxError::Changed(self.offered.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_of_a_file_are_known_to_be_by_the_call_that_reads_them() {
        let folder = std::env::temp_dir().join(format!("transom-last-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("file"), "0123456789").unwrap();
        let file = Dir::open(&folder).unwrap().read("file").unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let mut buffer = Vec::new();
        let mut read = |offset, len| {
            let is_end = file.read_last(offset, len, &mut buffer).unwrap();
            (is_end, String::from_utf8(buffer.clone()).unwrap())
        };
        assert_eq!(read(0, 10), (true, "0123456789".to_owned()));
        assert_eq!(read(8, 2), (true, "89".to_owned()));
        assert_eq!(read(0, 9), (false, "012345678".to_owned()));
        assert_eq!(read(0, 11), (true, "0123456789".to_owned()));
    }
}
