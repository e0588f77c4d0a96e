//! Bringing a transfer to the disk: now and then, and at its end.

use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use transom_wire::{Ending, Shape};

use super::{Finished, Reception, State};
use crate::file::File;
use crate::trouble::Trouble;
use crate::{EntryError, InboxError, publish};

/// Bytes after which what came is brought to the disk: the most that a power cut costs.
pub(crate) const CHECKPOINT_BYTES: u64 = 64 << 20;
/// Time after which it is, on slow links.
const CHECKPOINT_TIME: Duration = Duration::from_secs(1);
/// Files of small size after which they are brought to the disk together.
const CHECKPOINT_FILES: u32 = 4096;

impl Reception {
    pub(super) fn is_due(&self) -> bool {
        self.unsynced >= CHECKPOINT_BYTES
            || self.tally.unsynced >= CHECKPOINT_FILES
            || self.unsynced > 0 && self.synced_at.elapsed() >= CHECKPOINT_TIME
    }

    pub(super) fn checkpoint_entry(&mut self, index: u32) -> Result<(), EntryError> {
        self.checkpoint().map_err(|error| {
            let path = match self.entries.get(&index) {
                Some(State::Active(part)) => part.path.clone(),
                _ => String::new(),
            };
            self.fail(index, &path, Trouble::System(error))
        })
    }

    /// Data first, then what vouches for them, then the names of both.
    pub(super) fn checkpoint(&mut self) -> io::Result<()> {
        if self.shared.free()? == 0 {
            return Err(Errno::NOSPC.into());
        }
        self.sync().inspect_err(|_| self.distrust())?;
        self.counts.durable = self.counts.verified;
        (self.unsynced, self.tally.unsynced) = (0, 0);
        self.synced_at = Instant::now();
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.offered.shape == Shape::Folder {
            // One call for any number of files, and for their folders.
            return self.shared.staging.sync_all();
        }
        for state in self.entries.values_mut() {
            if let State::Active(part) = state {
                part.sync(&self.places)?;
            }
        }
        if let Some(part) = &mut self.single {
            part.sync(&self.places)?;
        }
        if !self.rooted {
            self.dir.read("record")?.sync_all()?;
            for dir in [
                &self.places.tree,
                &self.places.leaves,
                &self.dir,
                &self.shared.staging,
            ] {
                dir.sync()?;
            }
            self.rooted = true;
        }
        Ok(())
    }

    /// The disk would not say that it has what it was given, and asking again proves nothing: pages that could not be
    /// written count as clean afterwards. So whatever was noted since the last checkpoint is forgotten.
    fn distrust(&mut self) {
        let running = self.entries.values_mut().filter_map(|state| match state {
            State::Active(part) => Some(part),
            State::Failed => None,
        });
        let mut parts = running.chain(&mut self.single);
        let forgotten = self
            .places
            .table
            .clear()
            .and_then(|()| match self.offered.shape {
                Shape::File => parts.try_for_each(|part| part.forget_unsynced()),
                // Which of them were on the disk is not worth a book of its own.
                _ => self.places.leaves.clear(),
            });
        if let Err(error) = forgotten {
            log::error!("could not forget what the disk lost error={error}");
        }
    }

    /// Brings the whole to the disk for the last time.
    fn settle(&mut self) -> io::Result<()> {
        let settled = match (self.offered.shape, &self.single) {
            (Shape::File, Some(part)) => part.file().map_or(Ok(()), File::sync_all),
            (Shape::File, None) => Ok(()),
            _ => {
                self.folders.apply(&self.places.tree)?;
                self.shared.staging.sync_all()
            }
        };
        settled.inspect_err(|_| self.distrust())
    }

    pub(super) fn publish(&mut self) -> Result<Finished, InboxError> {
        let system = |source| InboxError::System {
            action: "publish the transfer",
            source,
        };
        self.settle().map_err(system)?;
        let root = &self.shared.root;
        let (ending, name, clashes) = match self.offered.shape {
            Shape::File if self.is_there => {
                Ok((Ending::AlreadyThere, self.offered.name.clone(), 0))
            }
            Shape::File => {
                let data = self.single.as_ref().and_then(|part| part.file());
                let published = publish::file(root, &self.places.tree, data, &self.offered);
                published.map(|(ending, name)| (ending, name, 0))
            }
            _ => publish::folder(root, &self.dir, &self.offered, self.tally),
        }
        .map_err(system)?;
        if ending == Ending::Durable {
            self.counts.durable = self.counts.verified;
        }
        let failed = self.tally.failed + clashes;
        let ending = match ending {
            Ending::Durable if failed > 0 => Ending::Partial,
            ending => ending,
        };
        let path = self.shared.settings.root.join(name);
        Ok(Finished {
            ending,
            path,
            failed,
        })
    }
}
