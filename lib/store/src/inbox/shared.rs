//! What an inbox and its receptions share: the folders, and the book of transfers.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use transom_wire::{Offer, Total};

use super::InboxSettings;
use super::recover::{age, free_name, is_ours, remove_record, remove_some};
use crate::InboxError;
use crate::dir::{Dir, Kind, Lock, Space};
use crate::published::{Line, Log, Previous};
use crate::record::{self, Claim};
use crate::room::{Ballast, Room, RoomLimit, RoomLimits};
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

#[derive(Debug)]
pub(super) struct Transfers {
    /// Every transfer that has a folder in the staging folder.
    staged: HashMap<Claim, Staged>,
    room: Room,
    /// Whether a folder of a transfer that is over could not be removed.
    has_leftovers: bool,
}

/// The folder of a transfer.
#[derive(Clone, Debug)]
pub(crate) struct Staged {
    pub(super) folder: String,
    /// When its last attempt began or ended.
    pub(super) touched: SystemTime,
    /// Whether everything in it was brought to the disk by this process.
    pub(super) is_synced: bool,
}

/// What the room of an inbox is measured by.
#[derive(Debug)]
pub(crate) struct Ground<'a> {
    root: &'a Dir,
    staging: &'a Dir,
    staged: &'a HashMap<Claim, Staged>,
    published: &'a Log,
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

impl Shared {
    pub(super) fn new(
        settings: InboxSettings,
        root: Dir,
        staging: Dir,
        staged: HashMap<Claim, Staged>,
        lock: Lock,
    ) -> Self {
        let transfers = Mutex::new(Transfers {
            staged,
            room: Room::new(settings.room, settings.keep_room),
            has_leftovers: false,
        });
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

    /// Keeps room for all that is still to come to a reception, and for these bytes; see
    /// [`Room::missing`].
    pub(crate) fn missing(&self, claim: &Claim, bytes: u64) -> io::Result<u64> {
        self.room(|room, ground| room.missing(claim, bytes, ground))
    }

    /// See [`Room::limit`].
    pub(crate) fn limit(&self, claim: &Claim) -> RoomLimit {
        self.transfers().room.limit(claim)
    }

    /// A reception is about to write so many bytes; see [`Room::take`].
    pub(crate) fn take(&self, claim: &Claim, bytes: u64) -> io::Result<u64> {
        self.room(|room, ground| room.take(claim, bytes, ground))
    }

    /// See [`Room::suspend`].
    pub(crate) fn suspend(&self, claim: &Claim) {
        self.transfers().room.suspend(claim);
    }

    /// See [`Room::check_reserve`].
    pub(crate) fn check_reserve(&self, claim: &Claim) -> io::Result<()> {
        self.room(|room, ground| room.check_reserve(claim, ground))
    }

    /// See [`Room::grow`].
    pub(crate) fn grow(&self, claim: &Claim, bytes: u64) {
        self.transfers().room.grow(claim, bytes);
    }

    /// See [`Room::is_within`].
    pub(crate) fn is_within(&self, claim: &Claim, bytes: u64) -> bool {
        self.transfers().room.is_within(claim, bytes)
    }

    /// A reception has written so many bytes of what it may write.
    pub(crate) fn written(&self, claim: &Claim, bytes: u64) {
        self.transfers().room.written(claim, bytes);
    }

    /// What has that name in the inbox is there already of what a reception would write; see
    /// [`Room::spare`].
    pub(crate) fn spare(&self, claim: &Claim, name: &str) -> io::Result<()> {
        let there = measure_name(&self.root, name)?.bytes();
        self.transfers().room.spare(claim, there);
        Ok(())
    }

    /// Bytes that came from a peer were removed.
    pub(crate) fn removed(&self, claim: &Claim, bytes: u64) {
        self.transfers().room.removed(&claim.0, bytes);
    }

    fn room<T>(&self, ask: impl FnOnce(&mut Room, &Ground<'_>) -> T) -> T {
        let transfers = &mut *self.transfers();
        let ground = Ground {
            root: &self.root,
            staging: &self.staging,
            staged: &transfers.staged,
            published: &self.published(),
        };
        ask(&mut transfers.room, &ground)
    }

    /// A reception ends and keeps its folder, which is on the disk or not.
    pub(crate) fn release(&self, claim: &Claim, is_synced: bool) {
        let mut transfers = self.transfers();
        if let Some(staged) = transfers.staged.get_mut(claim) {
            (staged.is_synced, staged.touched) = (is_synced, SystemTime::now());
        }
        transfers.room.release(claim);
    }

    /// A transfer is over: its folder is no longer one of a transfer. Gives it, to be removed.
    pub(crate) fn forget(&self, claim: &Claim) -> Option<String> {
        let mut transfers = self.transfers();
        transfers.room.release(claim);
        let folder = transfers.staged.remove(claim)?.folder;
        transfers.has_leftovers = true;
        drop(transfers);
        if let Err(error) = remove_record(&self.staging, &folder) {
            log::warn!("left behind folder={folder} error={error}");
        }
        Some(folder)
    }

    /// Removes a folder in the staging folder.
    pub(crate) fn remove(&self, folder: &str) {
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
        let Transfers { staged, room, .. } = &mut *transfers;
        staged.retain(|claim, staged| room.is_claimed(claim) || age(staged.touched) <= keep);
        let kept = staged.values().map(|staged| staged.folder.clone());
        let kept: HashSet<_> = kept.collect();
        drop(transfers);
        for (folder, kind) in names {
            if kind != Kind::Folder || !is_ours(&folder) || kept.contains(&folder) {
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

    /// Notes that what a transfer became is still there.
    pub(crate) fn renew(&self, previous: &Previous) {
        self.published().renew(&self.staging, previous);
    }

    /// Whether something could not be removed.
    pub(super) fn has_leftovers(&self) -> bool {
        self.transfers().has_leftovers
    }

    pub(super) fn limits(&self) -> RoomLimits {
        self.transfers().room.limits()
    }

    /// Takes other limits for the transfers that begin from now on.
    pub(super) fn set_limits(&self, limits: RoomLimits) -> io::Result<()> {
        self.room(|room, ground| room.set_limits(limits, ground))
    }

    /// Refuses what can never have room.
    pub(crate) fn check(&self, total: Total) -> Result<(), InboxError> {
        let space = self.root.space().map_err(unasked)?;
        let (bytes, files) = (usage::of(total), total.files.into());
        self.transfers().room.check(bytes, files, space)
    }

    /// The bytes that an offer still needs, unless they can never have room, and those of its files
    /// that earlier attempts left.
    pub(super) fn needed(
        &self,
        claim: &Claim,
        offer: &Offer<'_>,
    ) -> Result<(u64, u64), InboxError> {
        self.check(offer.total())?;
        let (mut bytes, mut files) = (offer.bytes, u64::from(offer.files));
        // The files of earlier attempts need no room again, if it is them that come.
        for tree in self.folder(claim).iter().flat_map(trees) {
            if let Ok(held) = self.staging.sub(&tree).and_then(|dir| usage::measure(&dir)) {
                bytes = bytes.saturating_sub(held.content);
                files = files.saturating_sub(held.files);
            }
        }
        let needed = bytes.saturating_add(files * usage::ENTRY_BYTES);
        Ok((needed, offer.bytes - bytes))
    }

    /// Marks a transfer as running; gives its folder if it has one. The peer's oldest gives way to
    /// one too many.
    pub(super) fn claim(&self, claim: Claim, needed: u64) -> Result<Option<Staged>, InboxError> {
        let mut transfers = self.transfers();
        let Transfers { staged, room, .. } = &mut *transfers;
        if room.is_claimed(&claim) {
            return Err(InboxError::Busy("that transfer is running already"));
        }
        let earlier = staged.get(&claim).cloned();
        let of_peer = || staged.iter().filter(|(other, _)| other.0 == claim.0);
        let mut oldest = None;
        if earlier.is_none() && of_peer().count() >= self.settings.unfinished_per_peer {
            let idle = of_peer().filter(|(other, _)| !room.is_claimed(other));
            let Some((claim, _)) = idle.min_by_key(|(_, staged)| staged.touched) else {
                let why = "too many transfers of one peer are running";
                return Err(InboxError::Busy(why));
            };
            oldest = Some(*claim);
        }
        room.claim(claim, needed);
        drop(transfers);
        oldest.and_then(|oldest| self.forget(&oldest));
        Ok(earlier)
    }

    /// Makes the folder of a new transfer.
    pub(super) fn make_folder(&self, claim: &Claim) -> io::Result<Dir> {
        let folder = free_name();
        self.staging.make(&folder)?;
        let begin = || -> io::Result<Dir> {
            let dir = self.staging.sub(&folder)?;
            dir.create("record")?.write_all_at(&record::of(claim), 0)?;
            Ok(dir)
        };
        let dir = begin().inspect_err(|_| self.remove(&folder))?;
        let staged = Staged {
            folder,
            touched: SystemTime::now(),
            is_synced: false,
        };
        self.transfers().staged.insert(*claim, staged);
        Ok(dir)
    }

    /// Opens the folder of an earlier attempt.
    pub(super) fn open_folder(&self, folder: &str) -> io::Result<Dir> {
        let dir = self.staging.sub(folder)?;
        // The record's time is that of the last attempt.
        dir.write("record")?.touch()?;
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

impl Ground<'_> {
    pub(crate) fn space(&self) -> io::Result<Space> {
        self.root.space()
    }

    pub(crate) fn ballast(&self, bytes: u64) -> io::Result<Option<Ballast>> {
        Ballast::new(self.staging, bytes)
    }

    /// Counts what the inbox holds.
    pub(crate) fn measure(&self) -> io::Result<Usage> {
        usage::measure(self.root)
    }

    /// Counts what it holds of a peer.
    pub(crate) fn measure_of(&self, peer: &[u8; 32]) -> io::Result<Usage> {
        let mut usage = Usage::default();
        let staged = self.staged.iter().filter(|(claim, _)| claim.0 == *peer);
        for (_, staged) in staged {
            let folder = self.staging.sub(&staged.folder)?;
            usage.add(usage::measure(&folder)?);
        }
        for name in self.published.names_of(peer) {
            usage.add(measure_name(self.root, name)?);
        }
        Ok(usage)
    }
}

/// Counts what has that name; what was removed since counts nothing.
fn measure_name(root: &Dir, name: &str) -> io::Result<Usage> {
    match root.kind(name) {
        Ok(Kind::Folder) => usage::measure(&root.sub(name)?),
        Ok(_) => Ok(Usage::file(root.metadata(name)?.size)),
        Err(_) => Ok(Usage::default()),
    }
}
