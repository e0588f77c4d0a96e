//! The table of files that are one leaf or less: their hash once they are written, at the place of
//! their index. It keeps nothing in memory, so ten million entries cost disk alone.

use std::cell::Cell;
use std::io;

use crate::file::File;
use crate::journal::{Identity, sum};

/// An open table.
#[derive(Debug)]
pub(crate) struct Table {
    file: File,
    /// Whether something was noted since the last sync.
    is_dirty: Cell<bool>,
}

impl Table {
    /// Takes the file as the table.
    pub(crate) fn new(file: File) -> Self {
        let is_dirty = Cell::new(false);
        Self { file, is_dirty }
    }

    /// Notes that a file is written.
    pub(crate) fn put(&self, index: u32, identity: &Identity, hash: &[u8; 32]) -> io::Result<()> {
        let mut slot = [0; SLOT];
        slot[..32].copy_from_slice(hash);
        slot[32..].copy_from_slice(&sum(&[identity, hash]));
        self.is_dirty.set(true);
        self.file.write_all_at(&slot, at(index))
    }

    /// The hash of a file that is written, if that very file is.
    pub(crate) fn find(&self, index: u32, identity: &Identity) -> io::Result<Option<[u8; 32]>> {
        let mut slot = [0; SLOT];
        match self.file.read_exact_at(&mut slot, at(index)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let (hash, found) = slot
            .split_first_chunk::<32>()
            .expect("a slot is longer than a hash");
        Ok((sum(&[identity, hash]) == *found).then_some(*hash))
    }

    /// Forgets all.
    pub(crate) fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// Waits until it is on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match self.is_dirty.take() {
            true => self.file.sync_data(),
            false => Ok(()),
        }
    }
}

fn at(index: u32) -> u64 {
    u64::from(index) * SLOT as u64
}

const SLOT: usize = 40;
