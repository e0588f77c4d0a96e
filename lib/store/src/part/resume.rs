//! Taking a file up where an earlier attempt left it. Nothing counts that was not read again, at
//! once or by and by.

use std::collections::VecDeque;
use std::io;

use transom_wire::limits::LEAF;

use super::{Handles, Part, Staging};
use crate::dir::Kind;
use crate::file::File;
use crate::hash::{self, LEAF_BYTES, Proof, Tree};
use crate::journal::Journal;
use crate::part_error::{PartError, taken};

/// What an earlier attempt noted of a file, as it is read from the journal.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Hash and proof of the leaves that count already.
    tree: Tree,
    proof: Proof,
    /// How many those are, and how many of them are to be read again later.
    leaves: u64,
    unread: u64,
    /// The hashes of the last leaves, which count once they are read again.
    last: VecDeque<[u8; 32]>,
}

impl Noted {
    fn put(&mut self, hash: [u8; 32]) {
        self.last.push_back(hash);
        if self.last.len() > WINDOW
            && let Some(early) = self.last.pop_front()
        {
            self.take(early);
            self.unread += 1;
        }
    }

    fn take(&mut self, hash: [u8; 32]) {
        self.proof.push(&hash);
        self.tree.push(hash);
        self.leaves += 1;
    }
}

impl Part {
    /// Looks for the file among the old ones; whatever is wrong with it makes it a new one. Gives
    /// how many folders are new.
    pub(super) fn resume(&mut self, places: &Staging) -> Result<Option<u64>, PartError> {
        let Some(old) = &places.old else {
            return Ok(None);
        };
        if self.size == 0 || !matches!(old.kind(&self.path), Ok(Kind::File)) {
            return Ok(None);
        }
        let Ok(file) = old.write(&self.path) else {
            return Ok(None);
        };
        let written = file.len()?;
        let whole = match written >= self.size {
            true => hash::leaves(self.size),
            false => written / LEAF_BYTES,
        };
        let mut noted = Noted::default();
        let journal = match self.has_journal() {
            true => self.noted_leaves(places, whole, &mut noted)?,
            false => {
                let hash = places.table.find(self.index, &self.identity)?;
                if let (Some(hash), 1..) = (hash, whole) {
                    noted.put(hash);
                }
                None
            }
        };
        if noted.last.is_empty() || !places.is_synced && !is_on_disk(&file) {
            return Ok(None);
        }
        let made = match self.path.rsplit_once('/') {
            Some((above, _)) => places.tree.make_all(above)?,
            None => 0,
        };
        old.rename_new(&self.path, &places.tree, &self.path)
            .map_err(taken)?;
        self.is_made = true;
        self.handles = Some(Handles { file, journal });
        self.noted = Some(Box::new(noted));
        Ok(Some(made))
    }

    /// Reads the journal, once: it may be of many leaves.
    fn noted_leaves(
        &self,
        places: &Staging,
        most: u64,
        into: &mut Noted,
    ) -> io::Result<Option<Journal>> {
        match places.leaves.write(&self.index.to_string()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => Journal::read(file?, self.identity, most, |hash| into.put(hash)),
        }
    }

    /// Whether leaves of an earlier attempt are still to be looked at before it goes on.
    pub(crate) fn is_to_look(&self) -> bool {
        self.noted.is_some()
    }

    /// Reads up to `most` of the last leaves of an earlier attempt again; they count as far as they
    /// are right. Gives the proof of what is held once it is through.
    pub(crate) fn look(&mut self, places: &Staging, most: u32) -> io::Result<Option<[u8; 32]>> {
        let Some(mut noted) = self.noted.take() else {
            return Ok(Some(Proof::default().value()));
        };
        let size = self.size;
        let Handles { file, journal } = self.handles(places)?;
        let mut buffer = Vec::with_capacity(LEAF);
        for _ in 0..most {
            let Some(hash) = noted.last.pop_front() else {
                break;
            };
            match reads_as(file, noted.leaves, size, &hash, &mut buffer)? {
                true => noted.take(hash),
                false => noted.last.clear(),
            }
        }
        if !noted.last.is_empty() {
            self.noted = Some(noted);
            return Ok(None);
        }
        let held = size.min(noted.leaves * LEAF_BYTES);
        if let Some(journal) = journal {
            journal.truncate(noted.leaves)?;
        }
        file.set_len(held)?;
        (self.held, self.claimed, self.synced) = (held, held > 0, noted.leaves);
        self.unread = 0..noted.unread;
        self.tree = noted.tree;
        Ok(Some(noted.proof.value()))
    }

    /// Reads up to `most` leaves of earlier attempts again and forgets them if they have changed.
    pub(super) fn read_again(&mut self, most: u64) -> Result<(), PartError> {
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
                Err(PartError::Corrupt(leaf * LEAF_BYTES))
            }
        }
    }
}

/// Whether the disk took what an earlier run wrote to the file. Everything was synced at once
/// before; this asks for the file's own errors, which the kernel keeps until somebody hears of
/// them.
fn is_on_disk(file: &File) -> bool {
    let synced = file.sync_data();
    if let Err(error) = &synced {
        log::warn!("a file that an earlier attempt left is sent again error={error}");
        file.drop_cache();
    }
    synced.is_ok()
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
    file.read_leaf(offset, len, buffer)?;
    Ok(buffer.len() == len && hash::leaf(buffer, offset, size) == *expected)
}

/// Leaves read again before a file is taken up: what may have been written since the last
/// checkpoint, with room to spare.
const WINDOW: usize = (2 * crate::reception::CHECKPOINT_BYTES / LEAF_BYTES) as usize;
