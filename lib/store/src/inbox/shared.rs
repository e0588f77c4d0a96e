//! What an inbox and its receptions share: the folders, and the book of transfers.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustix::io::Errno;
use transom_wire::Offer;

use super::InboxSettings;
use super::recover::{age, free_name, is_ours, read_record, remove_record, remove_some};
use crate::InboxError;
use crate::dir::{Dir, Kind, Lock, Space};
use crate::published::{Line, Log, Previous};
use crate::record::{self, Claim};
use crate::usage::{self, Usage};

/// What an inbox and its receptions share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: InboxSettings,
    pub(crate) root: Dir,
    pub(crate) staging: Dir,
    transfers: Mutex<Transfers>,
    published: Mutex<Log>,
    _lock: Lock,
}

#[derive(Debug, Default)]
pub(super) struct Transfers {
    /// Every transfer that has a folder in the staging folder.
    pub(super) staged: HashMap<Claim, Staged>,
    /// The quota as it is now.
    pub(super) quota: Option<u64>,
    /// Bytes in the inbox as far as counted, if there is a quota.
    used: u64,
    /// When they may be counted again.
    recount: Option<Instant>,
    /// Whether a folder of a transfer that is over could not be removed.
    pub(super) has_leftovers: bool,
}

#[derive(Debug)]
pub(super) struct Staged {
    pub(super) folder: String,
    pub(super) touched: SystemTime,
    /// What a running reception may still write; none if no reception runs.
    pub(super) running: Option<Room>,
    /// Whether everything in it was brought to the disk by this process.
    pub(super) is_synced: bool,
}

/// A folder of an earlier attempt.
#[derive(Debug)]
pub(super) struct Earlier {
    pub(super) folder: String,
    pub(super) is_synced: bool,
}

/// Room that is kept for a reception.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    bytes: u64,
    /// When something came of it last.
    moved: Instant,
}

impl Room {
    fn new(bytes: u64) -> Self {
        let moved = Instant::now();
        Self { bytes, moved }
    }
}

/// What is left of a transfer that is over, to be removed.
#[derive(Debug)]
pub struct Leftover {
    shared: Arc<Shared>,
    folder: String,
}

impl Leftover {
    pub(crate) fn new(shared: Arc<Shared>, folder: String) -> Self {
        Self { shared, folder }
    }

    /// Removes so much that `most` leaves would take as long to be read; says whether that was all.
    /// What can't be removed is left for [`Inbox::tidy`](crate::Inbox::tidy).
    pub fn remove_some(&self, mut most: u32) -> bool {
        self.shared.remove_some(&self.folder, &mut most)
    }
}

/// The reserve is at most this part of the disk: 256 MiB would be all of the small disk of a camera
/// box.
const RESERVE_PART: u64 = 20;

impl Shared {
    pub(super) fn new(
        settings: InboxSettings,
        root: Dir,
        staging: Dir,
        transfers: Transfers,
        lock: Lock,
    ) -> Self {
        let transfers = Mutex::new(transfers);
        let published = Mutex::new(Log::open(&staging));
        Self {
            settings,
            root,
            staging,
            transfers,
            published,
            _lock: lock,
        }
    }

    /// Whether the folder or its private corner was removed.
    pub(super) fn is_gone(&self) -> bool {
        self.staging.is_gone() || self.root.is_gone()
    }

    /// The name of a transfer's folder.
    pub(crate) fn folder(&self, claim: &Claim) -> Option<String> {
        self.transfers()
            .staged
            .get(claim)
            .map(|staged| staged.folder.clone())
    }

    /// A reception has written so many bytes of what it may write.
    pub(crate) fn written(&self, claim: &Claim, bytes: u64) {
        let mut transfers = self.transfers();
        transfers.used = transfers.used.saturating_add(bytes);
        if let Some(Staged {
            running: Some(room),
            ..
        }) = transfers.staged.get_mut(claim)
        {
            *room = Room::new(room.bytes.saturating_sub(bytes));
        }
    }

    /// Bytes were removed.
    pub(crate) fn freed(&self, bytes: u64) {
        let mut transfers = self.transfers();
        transfers.used = transfers.used.saturating_sub(bytes);
    }

    /// Whether so many bytes are within what is kept for a reception.
    pub(crate) fn is_kept(&self, claim: &Claim, bytes: u64) -> bool {
        let transfers = self.transfers();
        let room = transfers.staged.get(claim).and_then(|s| s.running);
        room.is_none_or(|room| bytes <= room.bytes)
    }

    /// A reception is about to write so many bytes. If nothing came of it for so long that its room
    /// is no longer kept, or it needs more than was, there must be some again.
    pub(crate) fn go_on(&self, claim: &Claim, bytes: u64) -> io::Result<()> {
        let mut transfers = self.transfers();
        let Some(Staged {
            running: Some(room),
            ..
        }) = transfers.staged.get(claim)
        else {
            return Ok(());
        };
        if room.moved.elapsed() < self.settings.keep_room && bytes <= room.bytes {
            return Ok(());
        }
        let needed = room.bytes.max(bytes);
        match self.check(&mut transfers, claim, needed) {
            Ok(()) => Ok(()),
            Err(InboxError::Quota { .. }) => Err(Errno::DQUOT.into()),
            Err(_) => Err(Errno::NOSPC.into()),
        }
    }

    /// Bytes of the disk that may be used.
    pub(crate) fn free(&self) -> io::Result<u64> {
        Ok(usable(self.root.space()?, self.settings.keep_free))
    }

    /// A reception ends and keeps its folder, which is on the disk or not.
    pub(crate) fn release(&self, claim: &Claim, is_synced: bool) {
        if let Some(staged) = self.transfers().staged.get_mut(claim) {
            (staged.running, staged.is_synced) = (None, is_synced);
            staged.touched = SystemTime::now();
        }
    }

    /// A transfer is over: its folder goes.
    pub(crate) fn drop_staged(&self, claim: &Claim) {
        let staged = self.transfers().staged.remove(claim);
        if let Some(staged) = staged {
            self.remove(&staged.folder);
        }
    }

    /// A transfer is over: its folder is no longer one of a transfer.
    pub(crate) fn forget(&self, claim: &Claim) {
        let mut transfers = self.transfers();
        let Some(staged) = transfers.staged.remove(claim) else {
            return;
        };
        transfers.has_leftovers = true;
        drop(transfers);
        if let Err(error) = remove_record(&self.staging, &staged.folder) {
            log::warn!("left behind folder={} error={error}", staged.folder);
        }
    }

    /// Removes a folder in the staging folder.
    pub(super) fn remove(&self, folder: &str) {
        while !self.remove_some(folder, &mut { u32::MAX }) {}
    }

    /// The same, as much as is left of a slice; says whether that was all that can be done. What
    /// can't be removed now is tried again by [`Self::tidy_some`].
    fn remove_some(&self, folder: &str, left: &mut u32) -> bool {
        remove_some(&self.staging, folder, left).unwrap_or_else(|error| {
            log::warn!("left behind folder={folder} error={error}");
            self.transfers().has_leftovers = true;
            true
        })
    }

    /// Removes transfers that are too old, and folders that were not removed before: as much as is
    /// left of a slice. Says whether that was all that can be done.
    pub(super) fn tidy_some(&self, left: &mut u32) -> io::Result<bool> {
        let names = self.staging.names()?;
        let mut transfers = self.transfers();
        transfers.has_leftovers = false;
        let keep = self.settings.keep_unfinished;
        let is_old = |staged: &Staged| staged.running.is_none() && age(staged.touched) > keep;
        let is_new = |_: &Claim, staged: &mut Staged| !is_old(staged);
        transfers.staged.retain(is_new);
        let mut kept: HashSet<_> = transfers
            .staged
            .values()
            .map(|staged| staged.folder.clone())
            .collect();
        drop(transfers);
        for (folder, kind) in names {
            if kind != Kind::Folder || !is_ours(&folder) || kept.remove(&folder) {
                continue;
            }
            if !self.remove_some(&folder, left) {
                self.transfers().has_leftovers = true;
                return Ok(false);
            }
            log::info!("removed what was left of a transfer folder={folder}");
        }
        Ok(true)
    }

    /// What became of the same transfer before.
    pub(crate) fn previous(&self, claim: &Claim, offer: &Offer<'_>) -> Option<Previous> {
        let name = offer.name.as_str();
        self.published().find(claim, offer.collision, name)
    }

    /// Notes what a transfer became.
    pub(crate) fn note(&self, line: Line) {
        self.published().put(&self.staging, line);
    }

    /// Whether something could not be removed.
    pub(super) fn has_leftovers(&self) -> bool {
        self.transfers().has_leftovers
    }

    pub(super) fn quota(&self) -> Option<u64> {
        self.transfers().quota
    }

    /// Takes another quota for the transfers that begin from now on.
    pub(super) fn set_quota(&self, quota: Option<u64>) -> io::Result<()> {
        // Without a quota nobody has counted what is there.
        let usage = match quota {
            Some(_) => usage::measure(&self.root)?,
            None => Usage::default(),
        };
        let mut transfers = self.transfers();
        transfers.quota = quota;
        transfers.count(usage);
        Ok(())
    }

    /// Checks disk and quota; gives the bytes to reserve.
    pub(super) fn room(&self, claim: &Claim, offer: &Offer<'_>) -> Result<u64, InboxError> {
        // The files of earlier attempts need no room again, if it is them that come.
        let (mut bytes, mut files) = (offer.bytes, u64::from(offer.files));
        for tree in self.folder(claim).iter().flat_map(trees) {
            if let Ok(held) = self.staging.sub(&tree).and_then(|dir| usage::measure(&dir)) {
                bytes = bytes.saturating_sub(held.content);
                files = files.saturating_sub(held.files);
            }
        }
        let needed = bytes.saturating_add(files * usage::ENTRY_BYTES);
        self.check(&mut self.transfers(), claim, needed)?;
        let space = self.root.space().map_err(unasked)?;
        match names(space) {
            Some(free) if files > free => Err(InboxError::NoNames {
                needed: files,
                free,
            }),
            _ => Ok(needed),
        }
    }

    /// Whether so many bytes have room beside those that are kept for others.
    fn check(
        &self,
        transfers: &mut Transfers,
        claim: &Claim,
        needed: u64,
    ) -> Result<(), InboxError> {
        let others = transfers.kept(claim, self.settings.keep_room);
        let free = self.free().map_err(unasked)?.saturating_sub(others);
        if needed > free {
            return Err(InboxError::NoSpace { needed, free });
        }
        let Some(quota) = transfers.quota else {
            return Ok(());
        };
        let left = |used: u64| quota.saturating_sub(used).saturating_sub(others);
        if needed > left(transfers.used) {
            transfers.recount(&self.root).map_err(unasked)?;
        }
        match left(transfers.used) {
            free if needed > free => Err(InboxError::Quota {
                needed,
                quota,
                free,
            }),
            _ => Ok(()),
        }
    }

    /// Marks a transfer as running; gives its folder if it has one. The peer's oldest gives way to
    /// one too many.
    pub(super) fn claim(&self, claim: Claim, left: u64) -> Result<Option<Earlier>, InboxError> {
        let mut transfers = self.transfers();
        if let Some(staged) = transfers.staged.get_mut(&claim) {
            if staged.running.is_some() {
                return Err(InboxError::Busy("that transfer is running already"));
            }
            (staged.running, staged.touched) = (Some(Room::new(left)), SystemTime::now());
            return Ok(Some(Earlier {
                folder: staged.folder.clone(),
                is_synced: staged.is_synced,
            }));
        }
        let of_peer = || {
            transfers
                .staged
                .iter()
                .filter(|(other, _)| other.0 == claim.0)
        };
        if of_peer().count() < self.settings.unfinished_per_peer {
            return Ok(None);
        }
        let oldest = of_peer().filter(|(_, staged)| staged.running.is_none());
        let oldest = oldest
            .min_by_key(|(_, staged)| staged.touched)
            .map(|(other, _)| *other);
        drop(transfers);
        match oldest {
            None => Err(InboxError::Busy(
                "too many transfers of one peer are running",
            )),
            Some(oldest) => {
                self.forget(&oldest);
                Ok(None)
            }
        }
    }

    pub(super) fn stage(&self, claim: &Claim, offer: &Offer<'_>, left: u64) -> io::Result<Dir> {
        let folder = free_name();
        self.staging.make(&folder)?;
        let dir = self
            .begin(&folder, &record::of(&claim.0, claim.1, offer.shape))
            .inspect_err(|_| self.remove(&folder))?;
        let staged = Staged {
            folder: folder.clone(),
            touched: SystemTime::now(),
            running: Some(Room::new(left)),
            is_synced: false,
        };
        self.transfers().staged.insert(*claim, staged);
        Ok(dir)
    }

    fn begin(&self, folder: &str, record: &[u8]) -> io::Result<Dir> {
        let dir = self.staging.sub(folder)?;
        let file = dir.create("record")?;
        file.write_all_at(record, 0)?;
        Ok(dir)
    }

    /// The folder of an earlier attempt, which is cleared if that was of another shape.
    pub(super) fn staged(&self, folder: &str, offer: &Offer<'_>) -> io::Result<Dir> {
        let dir = self.staging.sub(folder)?;
        // The record's time is that of the last attempt.
        dir.write("record")?.touch()?;
        let same = matches!(read_record(&dir), Some((_, shape)) if shape == offer.shape);
        if !same {
            for tree in ["tree", "old", "leaves"] {
                match dir.remove_all(tree) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(dir)
    }

    fn published(&self) -> MutexGuard<'_, Log> {
        self.published
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn transfers(&self) -> MutexGuard<'_, Transfers> {
        // Nothing below panics half-way through a change, so the content is right even then.
        self.transfers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counting again takes at most one part in so many of our time, however often somebody offers what
/// has no room.
const RECOUNT_PART: u32 = 20;
/// A count as short as this one costs nobody anything, and is as new as can be.
const RECOUNT_FREE: Duration = Duration::from_millis(100);

/// Where a transfer's files are, below the staging folder.
fn trees(folder: &String) -> [String; 2] {
    ["tree", "old"].map(|tree| format!("{folder}/{tree}"))
}

fn unasked(source: io::Error) -> InboxError {
    InboxError::System {
        action: "ask for free space",
        source,
    }
}

/// Files that a disk may still take, where it has a limit: a system that can make no file is as
/// stuck as one that can write no byte.
fn names(space: Space) -> Option<u64> {
    let left = space.free_names.saturating_sub(space.names / RESERVE_PART);
    (space.names > 0).then_some(left)
}

/// Bytes that a disk may still take: none where it takes no file.
fn usable(space: Space, keep_free: u64) -> u64 {
    match names(space) {
        Some(0) => 0,
        _ => space
            .free
            .saturating_sub(keep_free.min(space.bytes / RESERVE_PART)),
    }
}

impl Transfers {
    /// Takes what was counted.
    pub(super) fn count(&mut self, usage: Usage) {
        self.used = match usage.whole {
            true => usage.bytes(),
            // Nobody makes room by making more files than we count.
            false => usage.bytes().max(self.used),
        };
    }

    /// Counts again, for somebody may have cleared up in the meantime.
    fn recount(&mut self, root: &Dir) -> io::Result<()> {
        let begun = Instant::now();
        if self.recount.is_some_and(|at| begun < at) {
            return Ok(());
        }
        self.count(usage::measure(root)?);
        let long = begun.elapsed().saturating_sub(RECOUNT_FREE);
        self.recount = Some(Instant::now() + long * RECOUNT_PART);
        Ok(())
    }

    /// Bytes kept for other receptions: those that run, and were not idle for that long.
    fn kept(&self, but: &Claim, idle: Duration) -> u64 {
        let others = self.staged.iter().filter(|(claim, _)| *claim != but);
        others
            .filter_map(|(_, staged)| staged.running)
            .filter(|room| room.moved.elapsed() < idle)
            .fold(0, |sum, room| sum.saturating_add(room.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_can_hold_few_more_files_has_no_room() {
        let space = Space {
            free: 1000,
            bytes: 1000,
            free_names: 51,
            names: 1000,
        };
        assert_eq!((names(space), usable(space, 10)), (Some(1), 990));
        let crowded = Space {
            free_names: 50,
            ..space
        };
        assert_eq!(usable(crowded, 10), 0);
        let unlimited = Space {
            free_names: 0,
            names: 0,
            ..space
        };
        assert_eq!((names(unlimited), usable(unlimited, 100)), (None, 950));
    }

    #[test]
    fn a_count_that_was_not_whole_makes_no_room() {
        let mut transfers = Transfers::default();
        let count = |content, whole| Usage {
            content,
            whole,
            ..Usage::default()
        };
        transfers.count(count(100, true));
        transfers.count(count(60, false));
        assert_eq!(transfers.used, 100);
        transfers.count(count(60, true));
        assert_eq!(transfers.used, 60);
    }
}
