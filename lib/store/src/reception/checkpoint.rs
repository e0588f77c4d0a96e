//! Bringing a transfer to the disk: now and then, and at its end.

use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use transom_wire::{Ending, Shape};

use super::{Finished, Reception, State};
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
        if self.shared.root.free()? < self.shared.settings.keep_free {
            return Err(Errno::NOSPC.into());
        }
        self.sync().inspect_err(|_| self.distrust())?;
        self.counts.durable = self.counts.verified;
        (self.unsynced, self.tally.unsynced) = (0, 0);
        self.synced_at = Instant::now();
        Ok(())
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.offered.shape == Shape::Folder {
            // One call for any number of files, and for their folders.
            return self.shared.staging.sync_all();
        }
        for state in self.entries.values_mut() {
            if let State::Active(part) = state {
                part.sync(&self.places)?;
            }
        }
        if let Some(file) = &self.single {
            file.sync_all()?;
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
    pub(super) fn distrust(&mut self) {
        let forgotten = match self.offered.shape {
            Shape::File => self.entries.values_mut().try_for_each(|state| match state {
                State::Active(part) => part.forget_unsynced(),
                State::Failed => Ok(()),
            }),
            _ => self
                .places
                .table
                .clear()
                .and_then(|()| self.dir.remove_all("leaves")),
        };
        if let Err(error) = forgotten {
            log::error!("could not forget what the disk lost error={error}");
        }
    }

    pub(super) fn publish(&mut self) -> Result<Finished, InboxError> {
        let system = |source| InboxError::System {
            action: "publish the transfer",
            source,
        };
        let (root, tree) = (&self.shared.root, &self.places.tree);
        let (ending, name, clashes) = match self.offered.shape {
            Shape::File => {
                if let Some(file) = &self.single {
                    file.sync_all().map_err(system)?;
                }
                let published = publish::file(root, tree, self.single.as_ref(), &self.offered);
                published.map(|(ending, name)| (ending, name, 0))
            }
            _ => {
                self.folders.apply(tree).map_err(system)?;
                let synced = self
                    .shared
                    .staging
                    .sync_all()
                    .inspect_err(|_| self.distrust());
                synced.map_err(system)?;
                publish::folder(&self.shared.root, &self.dir, &self.offered, self.tally)
            }
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
