//! One transfer that is being received: its entries, its leaves, its checkpoints, its end.
//! It knows no connection; it refuses entries and leaves that were not offered.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use transom_wire::{Collision, Ending, Entry, EntryKind, Offer, Shape, limits};

use crate::dir::{Dir, Kind};
use crate::folders::Folders;
use crate::inbox::Shared;
use crate::part::{Part, Places, Trouble, folder_mode};
use crate::publish;
use crate::record::Claim;
use crate::table::Table;
use crate::{EntryError, InboxError};

/// Bytes after which what came is brought to the disk: the most that a power cut costs.
pub(crate) const CHECKPOINT_BYTES: u64 = 64 << 20;
/// Time after which it is, on slow links.
const CHECKPOINT_TIME: Duration = Duration::from_secs(1);
/// Files of small size after which they are brought to the disk together.
const CHECKPOINT_FILES: u32 = 4096;
/// Files kept open at a time: senders send one after the other, so more is only for those who don't.
const OPEN_FILES: usize = 32;
/// Entries not done at a time; as many again may have failed without the sender knowing yet.
const UNDONE: usize = 2 * limits::ENTRIES_AHEAD as usize;

/// A transfer that is being received. Dropping it keeps what is there for the next attempt.
#[derive(Debug)]
pub struct Reception {
    shared: Arc<Shared>,
    claim: Claim,
    offered: Offered,
    dir: Dir,
    places: Places,
    folders: Folders,
    entries: HashMap<u32, State>,
    /// The file of a transfer of one file, once it is whole.
    single: Option<File>,
    /// The index that must come next.
    next: u32,
    announced: u64,
    tally: Tally,
    counts: Counts,
    held: u64,
    unsynced: u64,
    synced_at: Instant,
    /// Whether the record and the folders are on the disk.
    rooted: bool,
    over: bool,
}

/// What was offered, as far as it is needed later.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) collision: Collision,
    files: u32,
    bytes: u64,
}

/// How many entries went which way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
    /// Whether one failed that may succeed next time.
    passing: bool,
    /// Small files since the last checkpoint.
    unsynced: u32,
}

#[derive(Debug)]
enum State {
    Active(Box<Part>),
    /// The sender will say Abandon, and may have data on the way until then.
    Failed,
}

/// How to go on with an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Begin {
    /// Ask the sender for its data: Start with this offset and proof.
    Data {
        /// Bytes held already.
        offset: u64,
        /// BLAKE3 of the hashes of the leaves held, joined.
        proof: [u8; 32],
    },
    /// It is a folder and there now.
    Made,
    /// Nothing is needed: the name is taken and the sender wants it left alone. The root is zeros, since
    /// what is there is none of the sender's business.
    Done {
        /// What to say in Done.
        root: [u8; 32],
    },
}

/// Bytes of the transfer that have come how far: `durable <= verified <= received`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Handed over.
    pub received: u64,
    /// Checked against their hash and written.
    pub verified: u64,
    /// On the disk under their journal.
    pub durable: u64,
}

/// An entry is whole and its root fits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Done {
    /// BLAKE3 of the file.
    pub root: [u8; 32],
    /// The transfer's counts after it.
    pub counts: Counts,
}

/// How a transfer ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finished {
    /// What to say in Finished.
    pub ending: Ending,
    /// Where it is now; where it would have been, if nothing was published.
    pub path: PathBuf,
    /// Entries that failed.
    pub failed: u32,
}

impl Reception {
    pub(crate) fn begin(
        shared: Arc<Shared>,
        claim: Claim,
        dir: Dir,
        offer: &Offer<'_>,
    ) -> io::Result<Self> {
        let old = set_aside(&dir)?;
        dir.make("tree")?;
        dir.make_all("leaves")?;
        let places = Places {
            tree: dir.sub("tree")?,
            old,
            leaves: dir.sub("leaves")?,
            table: Table::new(dir.write_or_create("table")?),
        };
        let folders = Folders::new(dir.write_or_create("folders")?)?;
        Ok(Self {
            shared,
            claim,
            offered: Offered {
                name: offer.name.as_str().to_owned(),
                shape: offer.shape,
                collision: offer.collision,
                files: offer.files,
                bytes: offer.bytes,
            },
            dir,
            places,
            folders,
            entries: HashMap::new(),
            single: None,
            next: 0,
            announced: 0,
            tally: Tally::default(),
            counts: Counts::default(),
            held: 0,
            unsynced: 0,
            synced_at: Instant::now(),
            rooted: false,
            over: false,
        })
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// The entry can't be taken; the transfer goes on without it.
    pub fn entry(&mut self, entry: &Entry<'_>) -> Result<Begin, EntryError> {
        self.expect(entry)?;
        self.next += 1;
        self.announced += entry.size;
        let begun = match entry.kind {
            EntryKind::Folder => self.folder(entry),
            EntryKind::File if self.is_to_skip(entry) => {
                self.tally.skipped += 1;
                Ok(Begin::Done { root: [0; 32] })
            }
            _ => self.file(entry),
        };
        begun.map_err(|trouble| self.fail(entry.index, entry.path.as_str(), trouble))
    }

    /// Takes a leaf of an entry: checks, writes and journals it, and now and then brings all of it to the disk.
    ///
    /// # Errors
    /// The entry has failed; what is held of it is kept if another attempt may succeed.
    pub fn leaf(
        &mut self,
        index: u32,
        offset: u64,
        hash: &[u8; 32],
        bytes: &[u8],
    ) -> Result<Counts, EntryError> {
        let part = active(&mut self.entries, index)?;
        match part.leaf(&self.places, offset, hash, bytes) {
            Ok(sure) => self.count(sure, bytes.len() as u64),
            Err(trouble) => {
                let path = part.path.clone();
                return Err(self.fail(index, &path, trouble));
            }
        }
        self.limit_open(index);
        if self.is_due() {
            self.checkpoint_entry(index)?;
        }
        Ok(self.counts)
    }

    /// The sender has sent all leaves of an entry: checks the root.
    ///
    /// # Errors
    /// As for [`Reception::leaf`].
    pub fn end(&mut self, index: u32, size: u64, root: &[u8; 32]) -> Result<Done, EntryError> {
        let part = active(&mut self.entries, index)?;
        match part.end(&self.places, size, root) {
            Ok(sure) => self.count(sure, 0),
            Err(trouble) => {
                let path = part.path.clone();
                return Err(self.fail(index, &path, trouble));
            }
        }
        self.tally.unsynced += 1;
        if self.is_due() {
            self.checkpoint_entry(index)?;
        }
        if let Some(State::Active(part)) = self.entries.remove(&index) {
            self.single = part
                .into_file()
                .filter(|_| self.offered.shape == Shape::File);
        }
        self.tally.done += 1;
        Ok(Done {
            root: *root,
            counts: self.counts,
        })
    }

    /// The sender gives an entry up.
    pub fn abandon(&mut self, index: u32) {
        if let Some(State::Active(part)) = self.entries.remove(&index) {
            self.tally.failed += 1;
            // A single file may be taken up again when the sender can read its own once more.
            if self.offered.shape != Shape::File {
                self.discard(&part.path);
            }
        }
    }

    /// No more entries come: brings everything to the disk and publishes it under its final name.
    ///
    /// # Errors
    /// It could not be published; what is there is kept.
    pub fn finish(&mut self, entries: u32) -> Result<Finished, InboxError> {
        let busy = self
            .entries
            .values()
            .any(|state| matches!(state, State::Active(_)));
        if self.over || busy || entries != self.next || entries != self.offered.files {
            return Err(InboxError::Protocol(
                "the transfer finished before its entries did",
            ));
        }
        let failed = Finished {
            ending: Ending::Failed,
            path: self.shared.settings.root.join(&self.offered.name),
            failed: self.tally.failed,
        };
        let nothing = self.tally.done == 0 && self.tally.failed > 0;
        if self.tally.passing || nothing && self.counts.verified > 0 {
            self.pause();
            return Ok(failed);
        }
        let finished = match nothing {
            true => failed,
            false => self.publish()?,
        };
        self.over = true;
        self.shared.drop_staged(&self.claim);
        Ok(finished)
    }

    /// The connection is lost: brings to the disk what is there, for the next attempt.
    pub fn pause(&mut self) {
        if self.over || self.unsynced == 0 && self.tally.unsynced == 0 {
            return;
        }
        if let Err(error) = self.checkpoint() {
            log::warn!(
                "checkpoint failed folder={:?} error={error}",
                self.shared.folder(&self.claim)
            );
        }
    }

    /// Gives the transfer up and removes what came of it.
    pub fn cancel(mut self) {
        self.over = true;
        self.shared.drop_staged(&self.claim);
    }

    /// Bytes taken over from earlier attempts by the entries so far.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// The counts so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn expect(&self, entry: &Entry<'_>) -> Result<(), EntryError> {
        let total = self.announced.checked_add(entry.size);
        let wrong = if entry.index != self.next || entry.index >= self.offered.files {
            "an entry is out of order"
        } else if self.entries.len() >= UNDONE {
            "too many entries are not done"
        } else if total.is_none_or(|total| total > self.offered.bytes) {
            "the entries are larger than the offer"
        } else if entry.kind == EntryKind::Folder && entry.size > 0 {
            "a folder has no bytes"
        } else if self.offered.shape == Shape::File
            && (entry.kind != EntryKind::File || entry.path.as_str() != self.offered.name)
        {
            "the entry is not the file that was offered"
        } else {
            return Ok(());
        };
        Err(EntryError::Protocol(wrong))
    }

    fn folder(&mut self, entry: &Entry<'_>) -> Result<Begin, Trouble> {
        let path = entry.path.as_str();
        self.places
            .tree
            .make_all(path)
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => Trouble::Duplicate,
                _ => Trouble::System(error),
            })?;
        self.folders
            .put(path, folder_mode(entry.mode), entry.mtime)?;
        self.tally.done += 1;
        Ok(Begin::Made)
    }

    fn file(&mut self, entry: &Entry<'_>) -> Result<Begin, Trouble> {
        let path = match self.offered.shape {
            Shape::File => SINGLE,
            _ => entry.path.as_str(),
        };
        let (part, proof) = Part::begin(&self.places, entry, path)?;
        let offset = part.held();
        self.held += offset;
        self.entries
            .insert(entry.index, State::Active(Box::new(part)));
        self.limit_open(entry.index);
        Ok(Begin::Data { offset, proof })
    }

    /// Whether the name is taken and stays so by the sender's own wish.
    fn is_to_skip(&self, entry: &Entry<'_>) -> bool {
        let name = &self.offered.name;
        self.offered.collision == Collision::Skip
            && match self.offered.shape {
                Shape::File => self.shared.root.kind(name).is_ok(),
                _ => {
                    let there = self
                        .shared
                        .root
                        .sub(name)
                        .and_then(|dir| dir.kind(entry.path.as_str()));
                    matches!(there, Ok(Kind::File | Kind::Link | Kind::Other))
                }
            }
    }

    fn count(&mut self, sure: u64, new: u64) {
        self.counts.received += sure;
        self.counts.verified += sure;
        self.unsynced += sure;
        self.shared.written(&self.claim, new);
    }

    fn is_due(&self) -> bool {
        self.unsynced >= CHECKPOINT_BYTES
            || self.tally.unsynced >= CHECKPOINT_FILES
            || self.unsynced > 0 && self.synced_at.elapsed() >= CHECKPOINT_TIME
    }

    fn checkpoint_entry(&mut self, index: u32) -> Result<(), EntryError> {
        self.checkpoint().map_err(|error| {
            let path = match self.entries.get(&index) {
                Some(State::Active(part)) => part.path.clone(),
                _ => String::new(),
            };
            self.fail(index, &path, Trouble::System(error))
        })
    }

    /// Data first, then what vouches for them, then the names of both.
    fn checkpoint(&mut self) -> io::Result<()> {
        if self.shared.root.free()? < self.shared.settings.keep_free {
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
    fn distrust(&mut self) {
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

    fn publish(&mut self) -> Result<Finished, InboxError> {
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

    /// An entry has failed: what is left of it goes, unless another attempt may succeed.
    fn fail(&mut self, index: u32, path: &str, trouble: Trouble) -> EntryError {
        let error = trouble.of(path);
        self.tally.failed += 1;
        if error.is_passing() {
            self.tally.passing = true;
        } else if let Some(State::Active(part)) = self.entries.get(&index) {
            self.discard(&part.path);
        }
        self.entries.insert(index, State::Failed);
        error
    }

    fn discard(&self, path: &str) {
        if let Err(error) = self.places.tree.remove_file(path) {
            log::debug!("nothing to remove error={error}");
        }
    }

    /// Closes another file if too many are open.
    fn limit_open(&mut self, index: u32) {
        let mut open = self
            .entries
            .iter_mut()
            .filter_map(|(other, state)| match state {
                State::Active(part) if part.is_open() && *other != index => Some(part),
                _ => None,
            });
        if let Some(part) = open.by_ref().nth(OPEN_FILES) {
            part.close();
        }
    }
}

impl Drop for Reception {
    fn drop(&mut self) {
        if !self.over {
            self.shared.release(&self.claim);
        }
    }
}

/// The file's name in the tree of a transfer of one file.
pub(crate) const SINGLE: &str = "data";

fn active(entries: &mut HashMap<u32, State>, index: u32) -> Result<&mut Part, EntryError> {
    match entries.get_mut(&index) {
        Some(State::Active(part)) => Ok(part),
        Some(State::Failed) => Err(EntryError::Stale(index)),
        None => Err(EntryError::Protocol("data of an entry that is not running")),
    }
}

/// Puts the files of the attempts before into one folder beside.
fn set_aside(dir: &Dir) -> io::Result<Option<Dir>> {
    match dir.rename_new("tree", dir, "old") {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // What has no place beside the older ones is only sent again.
            publish::merge(&dir.sub("tree")?, &dir.sub("old")?, Collision::Overwrite)?;
            dir.remove_all("tree")?;
        }
        Err(error) => return Err(error),
    }
    match dir.sub("old") {
        Ok(old) => Ok(Some(old)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
