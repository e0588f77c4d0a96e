//! The end of a transfer: all of it is brought to the disk, gets its final name, and is noted.

use std::io;

use transom_wire::Ending;

use super::{Content, Finished, OneFile, Reception};
use crate::InboxError;
use crate::file::folder_mode;
use crate::publish::{Place, Published, Publishing};
use crate::published::Line;

impl Reception {
    /// Does as much of the end as is left of a slice; none if there is more.
    pub(super) fn publish(&mut self, left: &mut u32) -> Result<Option<Finished>, InboxError> {
        let published = self.publish_some(left);
        let published = published.map_err(|source| InboxError::System {
            action: "publish the transfer",
            source,
        })?;
        let Some(published) = published else {
            return Ok(None);
        };
        if published.ending == Ending::Durable {
            self.counts.durable = self.counts.verified;
        }
        self.note(&published);
        let failed = self.entries.failed + published.clashes.count;
        // Most were left out before their data came, and some now.
        let mut skipped = published.skipped;
        if let Content::Folder {
            skipped: earlier, ..
        } = &mut self.content
        {
            let now = std::mem::replace(&mut skipped, std::mem::take(earlier));
            skipped.add_all(now);
        }
        Ok(Some(Finished {
            ending: match published.ending {
                // With entries that failed it is no success.
                Ending::Durable | Ending::AlreadyThere | Ending::Skipped if failed > 0 => {
                    Ending::Partial
                }
                ending => ending,
            },
            path: self.published_path(&published.name),
            failed,
            unplaced: published.clashes.list,
            renamed: published.renamed,
            skipped,
        }))
    }

    fn publish_some(&mut self, left: &mut u32) -> io::Result<Option<Published>> {
        if self.publishing.is_none() {
            let publishing = match &self.content {
                Content::File(OneFile::Coming) => {
                    let name = self.offered.name.clone();
                    return Ok(Some(Published::new(Ending::Skipped, name)));
                }
                Content::File(OneFile::Existing(existing)) => {
                    let name = existing.path().to_owned();
                    return Ok(Some(Published {
                        changed: Some(existing.changed()),
                        ..Published::new(Ending::AlreadyThere, name)
                    }));
                }
                // It was synced at its end.
                Content::File(OneFile::Whole) => Publishing::file(&self.offered),
                Content::Folder { .. } => {
                    if !self.sync_folder(left)? {
                        return Ok(None);
                    }
                    match &self.previous {
                        None if self.entries.done == 0 && self.entries.skipped > 0 => {
                            let name = self.offered.name.clone();
                            return Ok(Some(Published::new(Ending::Skipped, name)));
                        }
                        None => Publishing::folder(&self.offered),
                        Some(previous) => {
                            let published = self.dirs.published.again()?;
                            Publishing::complete(previous.name.clone(), published)
                        }
                    }
                }
            };
            self.checkpoint.check_sound()?;
            // Where times can't be set, none of the files is recognised later.
            self.publishing = Some((publishing, self.clock().unwrap_or(i64::MAX)));
        }
        let Some((publishing, _)) = &mut self.publishing else {
            return Ok(None);
        };
        let mut place = Place {
            dirs: &self.dirs,
            folders: match &mut self.content {
                Content::Folder { folders, .. } => Some(folders),
                Content::File(_) => None,
            },
            syncing: self.checkpoint.syncing,
        };
        publishing.step(&mut place, &self.offered, self.entries, left)
    }

    /// Brings a folder to the disk for the last time, with the modes and times of the folders in
    /// it; says whether that was all. What finds no room before a sync is tried again.
    fn sync_folder(&mut self, left: &mut u32) -> io::Result<bool> {
        let (dirs, checkpoint) = (&self.dirs, &mut self.checkpoint);
        checkpoint.check_sound()?;
        if let Content::Folder { folders, .. } = &mut self.content {
            let syncing = checkpoint.syncing;
            let note_sync = |synced| checkpoint.note_sync(synced);
            if !folders.apply_some(&dirs.tree, syncing, left, note_sync)? {
                return Ok(false);
            }
        }
        let touched = checkpoint.sync_touched(dirs, left);
        let is_synced = touched.as_ref().is_ok_and(|is_synced| *is_synced);
        checkpoint.note_sync(touched.map(drop))?;
        if !is_synced {
            return Ok(false);
        }
        // The offered folder itself is no entry, so it is as open to others as the inbox is.
        let mode = folder_mode(dirs.inbox.mode()?);
        dirs.tree.set_mode(mode)?;
        checkpoint.touch("", 1);
        let synced = self.sync();
        self.checkpoint.note_sync(synced).map(|()| true)
    }

    /// Notes that files of this transfer have that name, or are below it, also those that were
    /// there.
    fn note(&self, published: &Published) {
        let &Published {
            ending, changed, ..
        } = published;
        let previous = self.previous.as_ref().filter(|previous| {
            let is_of_it = changed.is_none_or(|changed| previous.has(changed));
            ending == Ending::AlreadyThere && previous.name == published.name && is_of_it
        });
        if let Some(previous) = previous {
            return self.shared.renew(previous);
        }
        if ending != Ending::Durable && changed.is_none() {
            return;
        }
        match self.line(published) {
            Ok(line) => self.shared.note(line),
            Err(error) => log::warn!("can't note what a transfer became error={error}"),
        }
    }

    fn line(&self, published: &Published) -> io::Result<Line> {
        let name = &published.name;
        let times = match (published.changed, &self.publishing) {
            (Some(changed), _) => changed..=changed,
            // The user's own files are in that folder too. A rename changes the time of a file's
            // status, so the files that came are those of the time of moving.
            (None, Some((Publishing::Merge(_), begun))) => *begun..=self.clock()?,
            _ => self.since..=self.clock()?,
        };
        Ok(Line {
            claim: self.claim,
            times,
            collision: self.offered.collision,
            inode: match self.content {
                Content::File(_) => 0,
                Content::Folder { .. } => self.dirs.inbox.sub(name)?.inode()?,
            },
            name: name.to_owned(),
        })
    }

    /// The time of the file system, which may be another machine's.
    fn clock(&self) -> io::Result<i64> {
        let record = self.dirs.own.write("record")?;
        record.touch()?;
        Ok(record.metadata()?.ctime)
    }
}
