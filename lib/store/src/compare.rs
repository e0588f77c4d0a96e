//! Whether what came is in the inbox already: files and whole folders are compared leaf by leaf, a
//! slice at a time. It changes nothing, and knows no names but those it is given.

use std::io;

use transom_wire::limits::LEAF;

use crate::dir::{Dir, Kind, Visit, Walk};
use crate::file::{File, Stamp};
use crate::slice::{STEP, SYNC, take};

/// A file that came, and one of the same size that is there.
#[derive(Debug)]
pub(crate) struct Compare {
    ours: File,
    theirs: File,
    stamp: Stamp,
    at: u64,
}

impl Compare {
    /// Opens what has that name; none if it can't be the same. What can't be read is not the same.
    pub(crate) fn new(ours: File, there: &Dir, name: &str) -> io::Result<Option<Self>> {
        let Ok((theirs, stamp)) = there.read_stamped(name) else {
            return Ok(None);
        };
        let is_as_long = ours.len()? == stamp.size;
        Ok(is_as_long.then_some(Self {
            ours,
            theirs,
            stamp,
            at: 0,
        }))
    }

    /// When the status of what is there was changed last.
    pub(crate) fn changed(&self) -> i64 {
        self.stamp.ctime
    }

    /// Compares as much as is left of a slice. Says whether they have the same content, and what is
    /// there is on the disk and was not changed meanwhile; none while that is open.
    pub(crate) fn step(&mut self, left: &mut u32) -> io::Result<Option<bool>> {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        while take(left, STEP) {
            self.ours.read_leaf(self.at, LEAF, &mut a)?;
            if a.is_empty() {
                take(left, SYNC);
                return Ok(Some(
                    self.is_on_disk() && self.theirs.stamp()? == self.stamp,
                ));
            }
            match self.theirs.read_leaf(self.at, LEAF, &mut b) {
                Ok(()) if a == b => self.at += a.len() as u64,
                _ => return Ok(Some(false)),
            }
        }
        Ok(None)
    }

    /// What memory has and the disk did not take is not the same.
    fn is_on_disk(&self) -> bool {
        let synced = self.theirs.sync_all();
        if let Err(error) = &synced {
            log::warn!("the same file was there, but not on the disk error={error}");
            self.theirs.drop_cache();
        }
        synced.is_ok()
    }
}

/// A folder that came, and one that may have all of its files and folders.
#[derive(Debug)]
pub(crate) struct CompareFolder {
    there: Dir,
    walk: Walk,
    file: Option<Compare>,
}

impl CompareFolder {
    pub(crate) fn new(there: Dir) -> Self {
        Self {
            there,
            walk: Walk::default(),
            file: None,
        }
    }

    /// Compares as much as is left of a slice; says whether everything in `ours`, which is the same
    /// folder in each call, is there too, and on the disk; none while that is open.
    pub(crate) fn step(&mut self, ours: &Dir, left: &mut u32) -> io::Result<Option<bool>> {
        loop {
            if let Some(file) = &mut self.file {
                match file.step(left)? {
                    Some(true) => self.file = None,
                    other => return Ok(other),
                }
            }
            if !take(left, STEP) {
                return Ok(None);
            }
            match self.walk.next(ours)? {
                Visit::End => return self.there.sync().map(|()| Some(true)),
                Visit::Listed => {}
                Visit::Name(path, Kind::Folder) => {
                    if !matches!(self.there.kind(&path), Ok(Kind::Folder)) {
                        return Ok(Some(false));
                    }
                    take(left, SYNC);
                    self.there.sub(&path)?.sync()?;
                }
                Visit::Name(path, _) => {
                    match Compare::new(ours.read(&path)?, &self.there, &path)? {
                        None => return Ok(Some(false)),
                        file => self.file = file,
                    }
                }
            }
        }
    }
}
