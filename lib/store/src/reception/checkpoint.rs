//! Bringing what came of a transfer to the disk now and then, and its records after it.

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::Reception;
use crate::EntryError;
use crate::part_error::PartError;
use crate::room::is_full;
use crate::slice::{SYNC, take};
use crate::staging::TransferDirs;
use crate::syncing::Syncing;

/// Bytes after which what came is brought to the disk: the most that a power cut costs.
const CHECKPOINT_BYTES: u64 = 64 << 20;
/// Time after which it is, on slow links.
const CHECKPOINT_TIME: Duration = Duration::from_secs(1);
/// Files of small size after which they are brought to the disk together.
pub(super) const CHECKPOINT_FILES: u32 = 4096;
/// Folders with new names after which they are, where each is synced by itself: their paths are
/// kept until then, of up to 4 KiB each.
const CHECKPOINT_FOLDERS: usize = 1024;

/// What came since the last checkpoint, and whether the disk can be relied on.
#[derive(Debug)]
pub(super) struct Checkpoint {
    pub(super) syncing: Syncing,
    /// The error of the first sync that failed: nothing more will be durable.
    pub(super) broken: Option<Errno>,
    pub(super) bytes: u64,
    /// Files that ended, and folders.
    pub(super) files: u32,
    last: Instant,
    /// Folders below the tree whose names changed, where each is synced by itself.
    touched: BTreeSet<String>,
    /// Whether the record and the transfer's own folder are on the disk.
    is_rooted: bool,
}

impl Checkpoint {
    pub(super) fn new(syncing: Syncing) -> Self {
        Self {
            syncing,
            broken: None,
            bytes: 0,
            files: 0,
            last: Instant::now(),
            touched: BTreeSet::new(),
            is_rooted: false,
        }
    }

    fn is_due(&self) -> bool {
        self.bytes >= CHECKPOINT_BYTES
            || self.files >= CHECKPOINT_FILES
            || self.touched.len() >= CHECKPOINT_FOLDERS
            || self.bytes > 0 && self.last.elapsed() >= CHECKPOINT_TIME
    }

    /// Whether something came that is not on the disk.
    pub(super) fn has_unsynced(&self) -> bool {
        self.bytes > 0 || self.files > 0
    }

    /// Nothing more is taken after a sync that failed.
    pub(super) fn check_sound(&self) -> io::Result<()> {
        self.broken.map_or(Ok(()), |errno| Err(errno.into()))
    }

    /// Takes note of how a sync went. After one that failed nothing more is called durable, and no
    /// more records are written. Asking again proves nothing: pages that could not be written count
    /// as clean.
    pub(super) fn note_sync(&mut self, synced: io::Result<()>) -> io::Result<()> {
        if let Err(error) = &synced {
            self.broken = Some(Errno::from_io_error(error).unwrap_or(Errno::IO));
        }
        synced
    }

    /// There are new names in the folder of that path, and in so many above it that are new too.
    pub(super) fn touch(&mut self, path: &str, made: u64) {
        if self.syncing == Syncing::FileSystem {
            return;
        }
        let mut path = path;
        for _ in 0..made.max(1) {
            path = path.rsplit_once('/').map_or("", |(above, _)| above);
            self.touched.insert(path.to_owned());
        }
    }

    /// Syncs the folders whose names changed; says whether that were all.
    pub(super) fn sync_touched(&mut self, dirs: &TransferDirs, left: &mut u32) -> io::Result<bool> {
        while !self.touched.is_empty() && take(left, SYNC) {
            match self.touched.pop_first().as_deref() {
                Some("") => dirs.tree.sync()?,
                Some(path) => dirs.tree.sub(path)?.sync()?,
                None => {}
            }
        }
        Ok(self.touched.is_empty())
    }
}

impl Reception {
    /// Brings to the disk what came, if it is time; if that fails, this entry fails.
    pub(super) fn checkpoint_if_due(&mut self, index: u32) -> Result<(), EntryError> {
        if !self.checkpoint.is_due() {
            return Ok(());
        }
        let done = match self.checkpoint() {
            // Records are written when there is room for them.
            Err(error) if is_full(&error) && self.checkpoint.broken.is_none() => {
                self.shared.suspend(&self.claim);
                Ok(())
            }
            Err(error) => Err(error),
            Ok(()) => self.shared.check_reserve(&self.claim),
        };
        done.map_err(|error| self.fail(index, "", PartError::System(error)))
    }

    pub(super) fn checkpoint(&mut self) -> io::Result<()> {
        self.checkpoint.check_sound()?;
        let synced = self.sync();
        self.checkpoint.note_sync(synced)?;
        self.record()?;
        self.counts.durable = self.counts.verified;
        (self.checkpoint.bytes, self.checkpoint.files) = (0, 0);
        self.checkpoint.last = Instant::now();
        Ok(())
    }

    /// The data, and the names of their files.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let (dirs, checkpoint) = (&self.dirs, &mut self.checkpoint);
        if checkpoint.syncing == Syncing::FileSystem {
            return dirs.own.sync_all();
        }
        self.files.all().try_for_each(|part| part.file.sync(dirs))?;
        checkpoint.sync_touched(dirs, &mut { u32::MAX })?;
        if !checkpoint.is_rooted {
            dirs.sync_record()?;
            if let Some(earlier) = &dirs.earlier {
                earlier.dir().sync()?;
            }
            dirs.own.sync()?;
            dirs.staging.sync()?;
            checkpoint.is_rooted = true;
        }
        Ok(())
    }

    /// The records of what was synced.
    fn record(&mut self) -> io::Result<()> {
        let mut is_new = false;
        for part in self.files.all() {
            is_new |= part.file.record(&self.dirs)?;
        }
        if is_new {
            let synced = self.sync_records();
            self.checkpoint.note_sync(synced)?;
        }
        self.files.unrecorded.clear();
        Ok(())
    }

    fn sync_records(&mut self) -> io::Result<()> {
        let syncing = self.checkpoint.syncing;
        if syncing == Syncing::FileSystem {
            self.dirs.own.sync_all()?;
        }
        for part in self.files.all() {
            if syncing == Syncing::EachFile {
                part.file.sync_records()?;
            }
            part.file.close_idle();
        }
        match syncing {
            Syncing::FileSystem => Ok(()),
            Syncing::EachFile => self.dirs.journals.sync(),
        }
    }
}
