//! The mode and time of each folder of a transfer, kept on the disk until their files are in.
//! A folder's time changes with every file made in it, so it is set last.

use std::io::{self, BufRead as _, BufReader, Read as _};

use crate::dir::Dir;
use crate::file::File;
use crate::publish::is_clash;
use crate::slice::{STEP, SYNC, take};
use crate::syncing::Syncing;

/// The list, in the order the folders came.
#[derive(Debug)]
pub(crate) struct Folders {
    file: File,
    /// Bytes of the list in the file, and those that are not in it yet.
    written: u64,
    pending: Vec<u8>,
    /// Bytes of the list whose folders are done in this round.
    passed: u64,
}

/// Bytes of the list kept in memory, so that not every folder costs a call.
const PENDING: usize = 8 * 1024;

impl Folders {
    /// Begins the list anew: each attempt is sent all folders again.
    pub(crate) fn new(file: File) -> io::Result<Self> {
        file.set_len(0)?;
        Ok(Self {
            file,
            written: 0,
            pending: Vec::new(),
            passed: 0,
        })
    }

    /// Notes a folder, unless the disk has no room for those before it. Paths hold no NUL, so it
    /// ends them.
    pub(crate) fn put(&mut self, path: &str, mode: u16, mtime: i64) -> io::Result<()> {
        if self.pending.len() >= PENDING {
            self.flush()?;
        }
        self.pending.extend_from_slice(&mode.to_le_bytes());
        self.pending.extend_from_slice(&mtime.to_le_bytes());
        self.pending.extend_from_slice(path.as_bytes());
        self.pending.push(b'\0');
        Ok(())
    }

    /// Sets modes and times below the tree, and brings them to the disk where that is done one by
    /// one: of as many folders as is left of a slice. `note_sync` is given the result of each sync.
    /// Says whether that were all.
    pub(crate) fn apply_some(
        &mut self,
        tree: &Dir,
        syncing: Syncing,
        left: &mut u32,
        mut note_sync: impl FnMut(io::Result<()>) -> io::Result<()>,
    ) -> io::Result<bool> {
        self.each_some(left, |path, mode, mtime, left| {
            let folder = tree.sub(path)?;
            folder.set_mode(mode)?;
            folder.set_time(mtime)?;
            if syncing == Syncing::EachFile {
                take(left, SYNC);
                note_sync(folder.sync())?;
            }
            Ok(())
        })
    }

    /// Begins the list once more.
    pub(crate) fn rewind(&mut self) {
        self.passed = 0;
    }

    /// Sets times below the folder that took what was in the tree, which changed them: of as many
    /// folders as is left of a slice. Modes stay, for their user may have closed a folder to
    /// others. Says whether that were all.
    pub(crate) fn date_some(&mut self, there: &Dir, left: &mut u32) -> io::Result<bool> {
        self.each_some(left, |path, _, mtime, _| {
            match there.sub(path).and_then(|folder| folder.set_time(mtime)) {
                // It had no place there.
                Err(error) if is_clash(&error) || error.kind() == io::ErrorKind::NotFound => Ok(()),
                dated => dated,
            }
        })
    }

    fn each_some(
        &mut self,
        left: &mut u32,
        mut each: impl FnMut(&str, u16, i64, &mut u32) -> io::Result<()>,
    ) -> io::Result<bool> {
        self.flush()?;
        let mut list = BufReader::new(self.file.reader(self.passed));
        while !list.fill_buf()?.is_empty() {
            if !take(left, STEP) {
                return Ok(false);
            }
            let (mut mode, mut mtime, mut path) = ([0; 2], [0; 8], Vec::new());
            list.read_exact(&mut mode)?;
            list.read_exact(&mut mtime)?;
            list.read_until(b'\0', &mut path)?;
            let len = mode.len() + mtime.len() + path.len();
            path.pop();
            let path = String::from_utf8(path).map_err(|_| io::ErrorKind::InvalidData)?;
            let (mode, mtime) = (u16::from_le_bytes(mode), i64::from_le_bytes(mtime));
            each(&path, mode, mtime, left)?;
            self.passed += len as u64;
        }
        Ok(true)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.pending, self.written)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}
