//! Whether what came is in the inbox already: files and whole folders are compared byte by byte, a
//! slice at a time. It changes nothing, and knows no names but those it is given.

use std::io;

use transom_wire::limits::LEAF;

use crate::dir::{Dir, Kind, Visit, Walk};
use crate::file::{File, Metadata};
use crate::slice::{STEP, SYNC, take};

/// A file or folder that came, and what is there.
#[derive(Debug)]
pub(crate) struct Compare {
    /// The file that is compared now.
    file: Option<Files>,
    /// The folder that is there, if it is one that came.
    folder: Option<(Dir, Walk)>,
    /// When the status of the file that is there was changed last, if it is one file that came.
    changed: Option<i64>,
}

/// A file that came, and one of the same size that is there.
#[derive(Debug)]
struct Files {
    ours: File,
    theirs: File,
    metadata: Metadata,
    at: u64,
}

impl Compare {
    /// Opens what has that name; none if it can't be the same. What can't be read is not the same.
    pub(crate) fn file(ours: File, there: &Dir, name: &str) -> io::Result<Option<Self>> {
        let files = Files::new(ours, there, name)?;
        Ok(files.map(|files| Self {
            changed: Some(files.metadata.ctime),
            file: Some(files),
            folder: None,
        }))
    }

    /// Compares a folder with one that may have all of its files and folders.
    pub(crate) fn folder(there: Dir) -> Self {
        Self {
            file: None,
            folder: Some((there, Walk::default())),
            changed: None,
        }
    }

    pub(crate) fn changed(&self) -> Option<i64> {
        self.changed
    }

    /// Compares as much as is left of a slice. Says whether everything that came is there with the
    /// same content, on the disk and not changed meanwhile; none while that is open. `ours` is the
    /// folder that came, the same one in each call.
    pub(crate) fn step(&mut self, ours: &Dir, left: &mut u32) -> io::Result<Option<bool>> {
        loop {
            if let Some(files) = &mut self.file {
                match files.step(left)? {
                    Some(true) => self.file = None,
                    other => return Ok(other),
                }
            }
            let Some((there, walk)) = &mut self.folder else {
                return Ok(Some(true));
            };
            if !take(left, STEP) {
                return Ok(None);
            }
            match walk.next(ours)? {
                Visit::End => return there.sync().map(|()| Some(true)),
                Visit::Listed => {}
                Visit::Name(path, Kind::Folder) => {
                    if !matches!(there.kind(&path), Ok(Kind::Folder)) {
                        return Ok(Some(false));
                    }
                    take(left, SYNC);
                    there.sub(&path)?.sync()?;
                }
                Visit::Name(path, _) => match Files::new(ours.read(&path)?, there, &path)? {
                    None => return Ok(Some(false)),
                    files => self.file = files,
                },
            }
        }
    }
}

impl Files {
    fn new(ours: File, there: &Dir, name: &str) -> io::Result<Option<Self>> {
        let Ok((theirs, metadata)) = there.read_with_metadata(name) else {
            return Ok(None);
        };
        let is_as_long = ours.len()? == metadata.size;
        Ok(is_as_long.then_some(Self {
            ours,
            theirs,
            metadata,
            at: 0,
        }))
    }

    fn step(&mut self, left: &mut u32) -> io::Result<Option<bool>> {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        while take(left, STEP) {
            self.ours.read_leaf(self.at, LEAF, &mut a)?;
            if a.is_empty() {
                take(left, SYNC);
                let is_same = self.is_on_disk() && self.theirs.metadata()? == self.metadata;
                return Ok(Some(is_same));
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
