//! Bringing a transfer to the disk: now and then, and at its end.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use transom_wire::{Ending, Shape};

use super::{EntryCounts, Finished, Reception, State};
use crate::file::folder_mode;
use crate::part::Part;
use crate::part_error::PartError;
use crate::publish::{Place, Published, Publishing};
use crate::published::Line;
use crate::room::is_full;
use crate::slice::{SYNC, take};
use crate::syncing::Syncing;
use crate::{EntryError, InboxError, text_path};

/// Bytes after which what came is brought to the disk: the most that a power cut costs.
const CHECKPOINT_BYTES: u64 = 64 << 20;
/// Time after which it is, on slow links.
const CHECKPOINT_TIME: Duration = Duration::from_secs(1);
/// Files of small size after which they are brought to the disk together.
pub(super) const CHECKPOINT_FILES: u32 = 4096;
/// Folders with new names after which they are, where each is synced by itself: their paths are
/// kept until then, of up to 4 KiB each.
const CHECKPOINT_FOLDERS: usize = 1024;

/// How far the end of a transfer is.
#[derive(Debug, Default)]
pub(super) enum End {
    /// The whole is brought to the disk.
    #[default]
    Settling,
    /// It gets its final name, since that time of the file system.
    Publishing(Publishing, i64),
    /// No file came that would want a name.
    Nothing,
}

impl Reception {
    fn is_due(&self) -> bool {
        self.unsynced >= CHECKPOINT_BYTES
            || self.counted.unsynced >= CHECKPOINT_FILES
            || self.touched.len() >= CHECKPOINT_FOLDERS
            || self.unsynced > 0 && self.synced_at.elapsed() >= CHECKPOINT_TIME
    }

    /// Whether something came that is not on the disk.
    pub(super) fn has_unsynced(&self) -> bool {
        self.unsynced > 0 || self.counted.unsynced > 0
    }

    /// Nothing more is taken after a sync that failed.
    pub(super) fn sound(&self) -> io::Result<()> {
        self.broken.map_or(Ok(()), |errno| Err(errno.into()))
    }

    /// Brings to the disk what came, if it is time and nothing failed before; else this entry
    /// fails.
    pub(super) fn checkpoint_entry(
        &mut self,
        index: u32,
        before: io::Result<()>,
    ) -> Result<(), EntryError> {
        let checked = before.and_then(|()| self.checkpoint_if_due());
        checked.map_err(|error| self.fail_active(index, PartError::System(error)))
    }

    fn checkpoint_if_due(&mut self) -> io::Result<()> {
        if !self.is_due() {
            return Ok(());
        }
        match self.checkpoint() {
            // Records are written when there is room for them.
            Err(error) if is_full(&error) && self.broken.is_none() => {
                self.shared.suspend(&self.claim);
                Ok(())
            }
            Err(error) => Err(error),
            Ok(()) => self.shared.check_reserve(&self.claim),
        }
    }

    pub(super) fn checkpoint(&mut self) -> io::Result<()> {
        self.sound()?;
        let synced = self.sync();
        self.believe(synced)?;
        self.record()?;
        self.counts.durable = self.counts.verified;
        (self.unsynced, self.counted.unsynced) = (0, 0);
        self.synced_at = Instant::now();
        Ok(())
    }

    /// The data, and the names of their files.
    fn sync(&mut self) -> io::Result<()> {
        if self.syncing == Syncing::FileSystem {
            return self.dir.sync_all();
        }
        for part in parts(&mut self.entries, &mut self.single, &mut self.unrecorded) {
            part.sync(&self.places)?;
        }
        self.sync_touched(&mut { u32::MAX })?;
        if !self.rooted {
            self.dir.read("record")?.sync_all()?;
            if let Some(old) = &self.places.old {
                old.dir().sync()?;
            }
            self.dir.sync()?;
            self.staging.sync()?;
            self.rooted = true;
        }
        Ok(())
    }

    /// The records of what was synced.
    fn record(&mut self) -> io::Result<()> {
        let mut is_new = false;
        for part in parts(&mut self.entries, &mut self.single, &mut self.unrecorded) {
            is_new |= part.record(&self.places)?;
        }
        if is_new {
            let synced = self.sync_records();
            self.believe(synced)?;
        }
        self.unrecorded.clear();
        Ok(())
    }

    fn sync_records(&mut self) -> io::Result<()> {
        if self.syncing == Syncing::FileSystem {
            self.dir.sync_all()?;
        }
        for part in parts(&mut self.entries, &mut self.single, &mut self.unrecorded) {
            if self.syncing == Syncing::EachFile {
                part.sync_records()?;
            }
            part.close_idle();
        }
        match self.syncing {
            Syncing::FileSystem => Ok(()),
            Syncing::EachFile => self.places.leaves.sync(),
        }
    }

    /// Syncs the folders whose names changed; says whether that were all.
    fn sync_touched(&mut self, left: &mut u32) -> io::Result<bool> {
        while !self.touched.is_empty() && take(left, SYNC) {
            match self.touched.pop_first().as_deref() {
                Some("") => self.places.tree.sync()?,
                Some(path) => self.places.tree.sub(path)?.sync()?,
                None => {}
            }
        }
        Ok(self.touched.is_empty())
    }

    /// Where each file is synced by itself, it is when it is whole: afterwards it is closed.
    pub(super) fn sync_ended(&mut self, index: u32) -> io::Result<()> {
        let is_one_of_many = self.offered.shape != Shape::File;
        let synced = match self.entries.get_mut(&index) {
            Some(State::Active(part)) if is_one_of_many && self.syncing == Syncing::EachFile => {
                part.sync_whole(&self.places)
            }
            _ => Ok(()),
        };
        self.believe(synced)
    }

    /// New names stand in the folder of that path, and in those above it that are new too.
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

    /// After a sync that failed nothing more is called durable, and no more records are written.
    /// Asking again proves nothing: pages that could not be written count as clean.
    pub(super) fn believe(&mut self, synced: io::Result<()>) -> io::Result<()> {
        believe(&mut self.broken, &mut self.counted, synced)
    }

    /// Brings the whole to the disk for the last time.
    fn settle(&mut self, left: &mut u32) -> io::Result<bool> {
        self.sound()?;
        match (self.offered.shape, &mut self.single) {
            (Shape::File, Some(part)) => {
                let synced = part.sync_whole(&self.places);
                self.believe(synced).map(|()| true)
            }
            (Shape::File, None) => Ok(true),
            _ => self.settle_folder(left),
        }
    }

    /// What finds no room before a sync is tried again.
    fn settle_folder(&mut self, left: &mut u32) -> io::Result<bool> {
        let (tree, syncing) = (&self.places.tree, self.syncing);
        let believe = |synced| believe(&mut self.broken, &mut self.counted, synced);
        if !self.folders.apply_some(tree, syncing, left, believe)? {
            return Ok(false);
        }
        let touched = self.sync_touched(left);
        let is_synced = touched.as_ref().is_ok_and(|is_synced| *is_synced);
        self.believe(touched.map(drop))?;
        if !is_synced {
            return Ok(false);
        }
        // The offered folder itself is no entry, so it is as open to others as the inbox is.
        let mode = self.root.mode()?;
        self.places.tree.permit_if_possible(folder_mode(mode))?;
        self.touched.insert(String::new());
        let synced = self.sync();
        self.believe(synced).map(|()| true)
    }

    /// Does as much of the end as is left of a slice; none if there is more.
    pub(super) fn publish(&mut self, left: &mut u32) -> Result<Option<Finished>, InboxError> {
        let system = |source| InboxError::System {
            action: "publish the transfer",
            source,
        };
        if matches!(self.ending, End::Settling) {
            if !self.settle(left).map_err(system)? {
                return Ok(None);
            }
            // Where times can't be set, none of the files is recognised later.
            let begun = self.clock().unwrap_or(i64::MAX);
            self.ending = match (self.offered.shape, &self.single) {
                (Shape::File, Some(_)) => End::Publishing(Publishing::file(&self.offered), begun),
                (Shape::File, None) => End::Nothing,
                _ => {
                    let publishing = match &self.previous {
                        None => Publishing::folder(),
                        Some(previous) => {
                            let there = self.places.there.again().map_err(system)?;
                            Publishing::complete(previous.name.clone(), there)
                        }
                    };
                    End::Publishing(publishing, begun)
                }
            };
        }
        let mut to = Place {
            root: &self.root,
            staged: &self.dir,
            tree: &self.places.tree,
            folders: &mut self.folders,
            syncing: self.syncing,
        };
        let published = match &mut self.ending {
            End::Publishing(publishing, _) => publishing
                .step(&mut to, &self.offered, self.counted, left)
                .map_err(system)?,
            _ => Some(match &self.there {
                Some(existing) => Published {
                    changed: Some(existing.changed()),
                    ..Published::new(Ending::AlreadyThere, existing.path().to_owned())
                },
                None => Published::new(Ending::Skipped, self.offered.name.clone()),
            }),
        };
        let Some(published) = published else {
            return Ok(None);
        };
        if published.ending == Ending::Durable {
            self.counts.durable = self.counts.verified;
        }
        self.note(&published);
        let failed = self.counted.failed.saturating_add(published.clashes.count);
        // Most were left out before their data came, and some now.
        let mut skipped = std::mem::take(&mut self.skipped);
        skipped.add_all(published.skipped);
        Ok(Some(Finished {
            ending: match published.ending {
                // Whatever else it is: with entries that failed it is no success.
                Ending::Durable | Ending::AlreadyThere | Ending::Skipped if failed > 0 => {
                    Ending::Partial
                }
                ending => ending,
            },
            path: self.shared.settings.root.join(text_path(&published.name)),
            failed,
            unplaced: published.clashes.list,
            renamed: published.renamed,
            skipped,
        }))
    }
}

impl Reception {
    /// Notes that files of this transfer have that name, or are below it, also those that were
    /// there.
    fn note(&self, published: &Published) {
        let Published { ending, name, .. } = published;
        let is_there = *ending == Ending::AlreadyThere;
        let previous = self.previous.as_ref().filter(|previous| {
            let is_of_it = published
                .changed
                .is_none_or(|changed| previous.has(changed));
            is_there && previous.name == *name && is_of_it
        });
        if let Some(previous) = previous {
            return self.shared.renew(previous);
        }
        if *ending != Ending::Durable && published.changed.is_none() {
            return;
        }
        match self.line(published) {
            Ok(line) => self.shared.note(line),
            Err(error) => log::warn!("can't note what a transfer became error={error}"),
        }
    }

    fn line(&self, published: &Published) -> io::Result<Line> {
        let name = &published.name;
        let times = match (published.changed, &self.ending) {
            (Some(changed), _) => changed..=changed,
            // The user's own files are in that folder too. A rename changes the time of a file's
            // status, so the files that came are those of the time of moving.
            (None, End::Publishing(Publishing::Merge(_), begun)) => *begun..=self.clock()?,
            _ => self.since..=self.clock()?,
        };
        Ok(Line {
            claim: self.claim,
            times,
            collision: self.offered.collision,
            inode: match self.offered.shape {
                Shape::File => 0,
                _ => self.root.sub(name)?.inode()?,
            },
            name: name.to_owned(),
        })
    }

    /// The time of the file system, which may be another machine's.
    fn clock(&self) -> io::Result<i64> {
        let record = self.dir.write("record")?;
        record.touch()?;
        Ok(record.stamp()?.ctime)
    }
}

/// See [`Reception::believe`].
pub(super) fn believe(
    broken: &mut Option<Errno>,
    counted: &mut EntryCounts,
    synced: io::Result<()>,
) -> io::Result<()> {
    if let Err(error) = &synced {
        *broken = Some(Errno::from_io_error(error).unwrap_or(Errno::IO));
        counted.passing = true;
    }
    synced
}

/// The files that may have leaves without a record.
fn parts<'a>(
    entries: &'a mut HashMap<u32, State>,
    single: &'a mut Option<Box<Part>>,
    unrecorded: &'a mut [Part],
) -> impl Iterator<Item = &'a mut Part> {
    let running = entries.values_mut().filter_map(|state| match state {
        State::Active(part) => Some(part),
        State::Failed => None,
    });
    running.chain(single).map(Box::as_mut).chain(unrecorded)
}
