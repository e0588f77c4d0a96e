//! Taking a file up where an earlier attempt left it. Nothing counts that was not read again, at
//! once or by and by.

use std::io;

use transom_wire::limits::LEAF;

use super::{Handles, Part, Staging};
use crate::dir::Kind;
use crate::file::File;
use crate::hash::{self, LEAF_BYTES, Proof};
use crate::part_error::{PartError, taken};

impl Part {
    /// Looks for the file among the old ones; whatever is wrong with it makes it a new one. Gives
    /// the proof of what is held, and how many folders are new.
    pub(super) fn resume(&mut self, places: &Staging) -> Result<Option<(Proof, u64)>, PartError> {
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
        let (1.., Ok(file)) = (noted, old.write(&self.path)) else {
            return Ok(None);
        };
        if !places.is_synced && !is_on_disk(&file) {
            return Ok(None);
        }
        let made = match self.path.rsplit_once('/') {
            Some((above, _)) => places.tree.make_all(above)?,
            None => 0,
        };
        old.rename_new(&self.path, &places.tree, &self.path)
            .map_err(taken)?;
        self.is_made = true;
        let journal = journal.map(|(journal, _)| journal);
        self.handles = Some(Handles { file, journal });
        Ok(Some((self.take_up(noted, small)?, made)))
    }

    /// Takes of the noted leaves those that are there and, as far as one looks at once, right.
    fn take_up(&mut self, noted: u64, small: Option<[u8; 32]>) -> io::Result<Proof> {
        let mut proof = Proof::default();
        let Some(Handles { file, journal }) = &self.handles else {
            return Ok(proof);
        };
        let written = file.len()?;
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
        self.synced = good;
        self.unread = 0..from.min(good);
        file.set_len(self.held)?;
        Ok(proof)
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
const WINDOW: u64 = 2 * crate::reception::CHECKPOINT_BYTES / LEAF_BYTES;
