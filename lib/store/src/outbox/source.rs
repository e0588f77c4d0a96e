//! One file that is being sent: what of it was read, and whether it is still the file that was
//! offered.

use std::ops::Range;

use transom_wire::{EntryKind, LeafContent, last_leaf};

use super::{Counted, EntryInfo, Step, open_failed};
use crate::OutboxError;
use crate::dir::Dir;
use crate::file::{File, Metadata};
use crate::hash::{self, LEAF_BYTES, Tree, ZEROS};

/// No start is there: nothing is hashed.
const GROWS: u64 = u64::MAX;

/// A file in the middle of being sent.
///
/// ```text
///   0          hashed          start           front              size
///   | hash sent  | to be hashed  | leaves sent   | to be sent       |
/// ```
///
/// A file that grows is sent up to its last leaf. Once its size is final, the start is moved there.
#[derive(Debug)]
pub(super) struct Source {
    entry: EntryInfo,
    /// The path as it is offered, for errors: the receiver is told them, and is not to learn what a
    /// link that was named leads to.
    offered: String,
    file: Option<File>,
    /// When anything of the file changed last before it was read: a program that writes to it can
    /// set the time of its bytes back, but not this one.
    ctime: Option<i64>,
    /// Where the receiver wants it to start; [`GROWS`] for a file whose size is not final.
    start: u64,
    hashed: u64,
    front: u64,
    /// Of the leaves before the start that were hashed, and of those from there on that were sent.
    held: Tree,
    sent: Tree,
    /// Whether it ended at its offered size, once its last bytes were read.
    ends: Option<bool>,
    /// Of a file with holes: where was asked for data, and those found.
    data: Option<(u64, Range<u64>)>,
}

impl Source {
    /// Begins with the leaf at `start`.
    pub(super) fn new(entry: EntryInfo, offered: String, start: u64) -> Result<Self, OutboxError> {
        let grows = entry.kind == EntryKind::Growing;
        let is_within = start <= entry.size || grows;
        if !is_within || (start != entry.size || grows) && !start.is_multiple_of(LEAF_BYTES) {
            return Err(OutboxError::Protocol("the receiver starts within a leaf"));
        }
        Ok(Self {
            entry,
            offered,
            file: None,
            ctime: None,
            start,
            hashed: 0,
            front: start,
            held: Tree::default(),
            sent: Tree::after(hash::leaves(start)),
            ends: None,
            data: None,
        })
    }

    /// The file was counted, and has at least the bytes that were sent.
    pub(super) fn grow(&mut self, counted: &Counted) {
        self.entry.size = counted.bytes;
        self.start = match counted.is_all {
            true => last_leaf(counted.bytes),
            false => GROWS,
        };
        self.sent = Tree::after(hash::leaves(self.start));
    }

    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Closes the file until the next leaf.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Whether all leaves were sent, and all before the start were hashed.
    pub(super) fn is_through(&self) -> bool {
        (self.hashed, self.front) == (self.start, self.entry.size)
    }

    /// Reads the next leaf from the start on.
    pub(super) fn next(
        &mut self,
        root: &Dir,
        index: u32,
        mut buffer: Vec<u8>,
    ) -> Result<Step, OutboxError> {
        self.open(root)?;
        if self.is_through() {
            self.check_end(&mut buffer)?;
            self.held.append(&self.sent);
            return Ok(Step::End {
                size: self.entry.size,
                root: self.held.root(),
                buffer,
            });
        }
        let end = match self.start {
            GROWS => last_leaf(self.entry.size),
            _ => self.entry.size,
        };
        if self.front >= end {
            return Ok(Step::Sent { buffer });
        }
        let offset = self.front;
        let (hash, content) = self.read(offset, &mut buffer)?;
        if offset >= self.start {
            self.sent.push(hash);
        }
        self.front += buffer.len() as u64;
        Ok(Step::Leaf {
            index,
            offset,
            hash,
            content,
            bytes: buffer,
        })
    }

    /// Reads up to `most` leaves before the start; gives the offset of the first one and their
    /// hashes.
    pub(super) fn hashes(
        &mut self,
        root: &Dir,
        most: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<(u64, Vec<[u8; 32]>), OutboxError> {
        self.open(root)?;
        let (offset, mut hashes) = (self.hashed, Vec::new());
        while self.hashed < self.start && hashes.len() < most {
            let (hash, _) = self.read(self.hashed, buffer)?;
            self.held.push(hash);
            self.hashed += buffer.len() as u64;
            hashes.push(hash);
        }
        Ok((offset, hashes))
    }

    /// Reads any leaf; gives its hash, whether it is a hole, and its bytes.
    pub(super) fn again(
        &mut self,
        root: &Dir,
        offset: u64,
        mut buffer: Vec<u8>,
    ) -> Result<([u8; 32], LeafContent, Vec<u8>), OutboxError> {
        if offset >= self.entry.size || !offset.is_multiple_of(LEAF_BYTES) {
            return Err(OutboxError::Protocol(
                "the receiver asks for no leaf of the file",
            ));
        }
        self.open(root)?;
        let (hash, content) = self.read(offset, &mut buffer)?;
        Ok((hash, content, buffer))
    }

    /// Reads the leaf at `offset`; gives its hash and whether it is a hole.
    fn read(
        &mut self,
        offset: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<([u8; 32], LeafContent), OutboxError> {
        let len = (self.entry.size - offset).min(LEAF_BYTES) as usize;
        let content = self.content(offset, len as u64);
        let Some(file) = &self.file else {
            return Err(self.changed());
        };
        // A buffer for a whole leaf has no room for one byte more.
        let is_last = offset + len as u64 == self.entry.size && (len as u64) < LEAF_BYTES;
        let failed = |e| open_failed(&self.offered, e);
        if is_last {
            let ends = file.read_last(offset, len, buffer).map_err(failed)?;
            self.ends = Some(ends);
        } else if content == LeafContent::Hole {
            buffer.clear();
            buffer.extend_from_slice(&ZEROS[..len]);
        } else {
            file.read_leaf(offset, len, buffer).map_err(failed)?;
        }
        if buffer.len() != len {
            return Err(self.changed());
        }
        Ok((hash::leaf(buffer, offset, self.entry.size), content))
    }

    /// Whether there is a hole from there on.
    fn content(&mut self, offset: u64, len: u64) -> LeafContent {
        let (Some((asked, data)), Some(file)) = (&mut self.data, &self.file) else {
            return LeafContent::Data;
        };
        if !(*asked..data.end).contains(&offset) {
            (*asked, *data) = (offset, file.data_from(offset));
        }
        match offset + len {
            end if data.start >= end => LeafContent::Hole,
            end if data.start <= offset && data.end >= end => LeafContent::Data,
            _ => LeafContent::DataWithHoles,
        }
    }

    fn open(&mut self, root: &Dir) -> Result<(), OutboxError> {
        if self.file.is_none() {
            let (file, found) = root
                .read_with_metadata(&self.entry.path)
                .map_err(|e| open_failed(&self.offered, e))?;
            self.check(&found)?;
            // Those of a small file are not worth a call, and those of one that grows may be
            // filled.
            let is_large = self.entry.size > LEAF_BYTES && self.entry.kind == EntryKind::File;
            self.data = (is_large && file.has_holes()).then_some((0, 0..0));
            self.file = Some(file);
        }
        Ok(())
    }

    /// Whether the file is still what was offered, and was not changed since it was read first.
    fn check(&mut self, found: &Metadata) -> Result<(), OutboxError> {
        let ctime = *self.ctime.get_or_insert(found.ctime);
        let offered = (self.entry.size, self.entry.mtime, ctime);
        match self.entry.kind {
            EntryKind::Growing if found.size >= self.entry.size => Ok(()),
            EntryKind::File if (found.size, found.mtime, found.ctime) == offered => Ok(()),
            _ => Err(self.changed()),
        }
    }

    /// Whether the file is still what was offered, and ends where it says: those below `/proc` have
    /// no bytes until they are read, and must not count as sent.
    fn check_end(&mut self, buffer: &mut Vec<u8>) -> Result<(), OutboxError> {
        let Some(file) = &self.file else {
            return Err(self.changed());
        };
        let failed = |e| open_failed(&self.offered, e);
        let found = file.metadata().map_err(failed)?;
        let ends = match self.ends {
            Some(ends) => ends,
            None => {
                file.read_leaf(self.entry.size, 1, buffer).map_err(failed)?;
                buffer.is_empty()
            }
        };
        self.check(&found)?;
        match ends || self.entry.kind == EntryKind::Growing {
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
