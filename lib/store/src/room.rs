//! Room: what an inbox may still write, and what of that is kept for the receptions that run.
//! It knows no files and no names; it refuses what the disk, its reserve or a quota can't hold.
//!
//! ```text
//!   disk   |== others ==|== ours ==|= ballast =|------- free -------|= reserve =|
//!   quota  |====== used ======|== kept for receptions ==|--- left ---|
//! ```
//!
//! A reception keeps room for all that is still to come to it, or waits until there is so much: two
//! that took half of it each would wait for each other. On the disk that room is set aside by a
//! [`Ballast`], which gives way as data come.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::InboxError;
use crate::dir::{Dir, Space};
use crate::file::File;
use crate::inbox::Ground;
use crate::record::Claim;
use crate::usage::Usage;

/// How much an inbox may take of its disk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RoomLimits {
    /// Bytes of the disk that are left free for others; `None` for 256 MiB, or a twentieth of a
    /// disk that is smaller than 5 GiB.
    pub keep_free: Option<u64>,
    /// Bytes that the folder may hold in all, whoever sends them; none for no limit but the disk.
    /// Each file and folder counts 4 KiB beside its bytes, an inode and a block, so that empty ones
    /// are not free.
    pub quota: Option<u64>,
    /// Bytes of the same kind that it may hold of one peer: of what the last 4,096 transfers of all
    /// peers became, and of what is unfinished. A peer that sends thousands of files one by one can
    /// so have more; what holds in any case is `quota`.
    pub peer_quota: Option<u64>,
}

/// Where there is no room, as an owner can do something about it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum RoomLimit {
    /// The disk is full.
    #[default]
    Disk,
    /// The disk can hold no more files, however small.
    Files,
    /// The disk has free only what [`RoomLimits::keep_free`] keeps for others.
    KeepFree,
    /// [`RoomLimits::quota`].
    Quota,
    /// [`RoomLimits::peer_quota`].
    PeerQuota,
}

/// Bytes left free unless the owner says how many: some minutes of other programs' logs.
const RESERVE: u64 = 256 << 20;

/// That reserve is at most this part of the disk: 256 MiB would be all of the small disk of a
/// camera box.
const RESERVE_PART: u64 = 20;

/// Bytes that are kept at once for what a sender has not counted: some 128 small files.
const AHEAD: u64 = 1 << 20;

/// Counting again takes at most one part in so many of our time, however often somebody offers what
/// has no room.
const RECOUNT_PART: u32 = 20;
/// A count as short as this one costs nobody anything, and is as new as can be.
const RECOUNT_FREE: Duration = Duration::from_millis(100);

/// The room of one inbox.
#[derive(Debug)]
pub(crate) struct Room {
    limits: RoomLimits,
    /// How long it is kept for a reception of which nothing comes.
    patience: Duration,
    /// Bytes in the inbox, as far as counted, if there is a quota.
    used: u64,
    /// Bytes of one peer in the inbox, as far as counted, if peers have a quota.
    peers: HashMap<[u8; 32], u64>,
    /// When they may be counted again.
    recount: Option<Instant>,
    kept: HashMap<Claim, Kept>,
}

/// What a running reception may still write.
#[derive(Debug)]
struct Kept {
    bytes: u64,
    /// Bytes of these for which there was room: only they are kept from others. The sender may have
    /// counted more since.
    granted: u64,
    /// When something came of it last; none while it waits for room.
    moved: Option<Instant>,
    /// How much its sender may still count for which nothing more is to be kept.
    ahead: u64,
    ballast: Option<Ballast>,
    /// Where there was no room last.
    limit: RoomLimit,
}

impl Room {
    pub(crate) fn new(limits: RoomLimits, patience: Duration) -> Self {
        Self {
            limits,
            patience,
            used: 0,
            peers: HashMap::new(),
            recount: None,
            kept: HashMap::new(),
        }
    }

    pub(crate) fn limits(&self) -> RoomLimits {
        self.limits
    }

    /// Takes other limits; what counts against them is counted anew.
    pub(crate) fn set_limits(&mut self, limits: RoomLimits, ground: &Ground<'_>) -> io::Result<()> {
        // Without a quota nobody has counted what is there.
        self.used = match limits.quota {
            Some(_) => ground.measure()?.bytes(),
            None => 0,
        };
        self.limits = limits;
        self.peers.clear();
        Ok(())
    }

    /// Refuses what could not come even if nothing else were there: `needed` bytes, of which
    /// `files` names are made.
    pub(crate) fn check(&self, needed: u64, files: u64, space: Space) -> Result<(), InboxError> {
        let quotas = [self.limits.quota, self.limits.peer_quota];
        if let Some(quota) = quotas.into_iter().flatten().min()
            && needed > quota
        {
            return Err(InboxError::Quota { needed, quota });
        }
        let all = Space {
            free: space.bytes,
            free_names: space.names,
            ..space
        };
        let usable = self.usable(all);
        if needed > usable {
            return Err(InboxError::NoSpace { needed, usable });
        }
        match names(all) {
            Some(usable) if files > usable => Err(InboxError::NoNames {
                needed: files,
                usable,
            }),
            _ => Ok(()),
        }
    }

    /// A reception begins that will write so many bytes: it waits for room until
    /// [`Self::missing`] finds it.
    pub(crate) fn claim(&mut self, claim: Claim, bytes: u64) {
        let kept = Kept {
            bytes,
            granted: 0,
            moved: None,
            ahead: 0,
            ballast: None,
            limit: RoomLimit::default(),
        };
        self.kept.insert(claim, kept);
    }

    /// Whether a reception of it runs.
    pub(crate) fn is_claimed(&self, claim: &Claim) -> bool {
        self.kept.contains_key(claim)
    }

    /// The sender of a reception has counted more: so many bytes, of which some may have come
    /// before they were counted.
    pub(crate) fn grow(&mut self, claim: &Claim, bytes: u64) {
        if let Some(kept) = self.kept.get_mut(claim) {
            let new = bytes.saturating_sub(kept.ahead);
            kept.ahead = kept.ahead.saturating_sub(bytes);
            kept.bytes = kept.bytes.saturating_add(new);
        }
    }

    /// So many bytes of what a reception said it would write are there already, also of what its
    /// sender counts later.
    pub(crate) fn spare(&mut self, claim: &Claim, bytes: u64) {
        if let Some(kept) = self.kept.get_mut(claim) {
            let now = bytes.min(kept.bytes);
            kept.bytes -= now;
            kept.ahead = kept.ahead.saturating_add(bytes - now);
        }
    }

    /// A reception ends, and gives back what was kept for it.
    pub(crate) fn release(&mut self, claim: &Claim) {
        self.kept.remove(claim);
    }

    /// Keeps room for all that is still to come to a reception, or for these bytes if that is more.
    /// Gives the bytes that are missing for that.
    pub(crate) fn missing(
        &mut self,
        claim: &Claim,
        bytes: u64,
        ground: &Ground<'_>,
    ) -> io::Result<u64> {
        let Some(kept) = self.kept.get(claim) else {
            return Ok(0);
        };
        let needed = kept.bytes.max(bytes);
        let (mut missing, mut limit) = self.shortage(claim, needed, ground)?;
        if missing > 0 && self.take_from_idle(claim) {
            (missing, limit) = self.shortage(claim, needed, ground)?;
        }
        let Some(kept) = self.kept.get_mut(claim) else {
            return Ok(0);
        };
        kept.limit = limit;
        if missing == 0 {
            let set_aside = match &mut kept.ballast {
                Some(ballast) => ballast.grow(needed),
                none => ground.ballast(needed).map(|ballast| *none = ballast),
            };
            match set_aside {
                Err(error) if is_full(&error) => missing = STEP,
                set_aside => set_aside?,
            }
        }
        match missing {
            0 => {
                kept.ahead = kept.ahead.saturating_add(needed - kept.bytes);
                (kept.bytes, kept.granted) = (needed, needed);
                kept.moved = Some(Instant::now());
            }
            _ => (kept.granted, kept.moved, kept.ballast) = (0, None, None),
        }
        Ok(missing)
    }

    /// Where a reception has no room, if it has none.
    pub(crate) fn limit(&self, claim: &Claim) -> RoomLimit {
        let kept = self.kept.get(claim);
        kept.map_or(RoomLimit::default(), |kept| kept.limit)
    }

    /// A reception is about to write so many bytes. Gives the bytes that are missing, if room is no
    /// longer kept for it, or was not for so much.
    pub(crate) fn take(
        &mut self,
        claim: &Claim,
        bytes: u64,
        ground: &Ground<'_>,
    ) -> io::Result<u64> {
        let has_room = self.kept.get(claim).is_none_or(|kept| {
            bytes.max(kept.bytes) <= kept.granted && kept.is_fresh(self.patience)
        });
        if !has_room {
            let bytes = self.with_more(claim, bytes, ground)?;
            let missing = self.missing(claim, bytes, ground)?;
            if missing > 0 {
                return Ok(missing);
            }
        }
        if let Some(kept) = self.kept.get_mut(claim)
            && let Some(ballast) = &mut kept.ballast
        {
            ballast.shrink(kept.bytes.saturating_sub(bytes))?;
        }
        Ok(0)
    }

    /// The bytes to keep room for when a reception is to write so many: a sender that has not
    /// counted them sends more of such, and not with each is the disk to be asked. Where there is
    /// not so much room, only these.
    fn with_more(&mut self, claim: &Claim, bytes: u64, ground: &Ground<'_>) -> io::Result<u64> {
        let more = bytes.saturating_add(AHEAD);
        Ok(match self.is_within(claim, bytes) {
            false if self.shortage(claim, more, ground)?.0 == 0 => more,
            _ => bytes,
        })
    }

    /// Whether so many bytes are within what a reception said it would write.
    pub(crate) fn is_within(&self, claim: &Claim, bytes: u64) -> bool {
        let kept = self.kept.get(claim);
        kept.is_none_or(|kept| bytes <= kept.bytes)
    }

    /// A reception has written so many bytes.
    pub(crate) fn written(&mut self, claim: &Claim, bytes: u64) {
        self.used = self.used.saturating_add(bytes);
        if let Some(used) = self.peers.get_mut(&claim.0) {
            *used = used.saturating_add(bytes);
        }
        if let Some(kept) = self.kept.get_mut(claim) {
            kept.bytes = kept.bytes.saturating_sub(bytes);
            kept.granted = kept.granted.saturating_sub(bytes);
            kept.moved = Some(Instant::now());
        }
    }

    /// Bytes of a peer were removed.
    pub(crate) fn removed(&mut self, peer: &[u8; 32], bytes: u64) {
        self.used = self.used.saturating_sub(bytes);
        if let Some(used) = self.peers.get_mut(peer) {
            *used = used.saturating_sub(bytes);
        }
    }

    /// A reception looks for room again before it writes more.
    pub(crate) fn suspend(&mut self, claim: &Claim) {
        if let Some(kept) = self.kept.get_mut(claim) {
            kept.moved = None;
        }
    }

    /// Looks whether others filled the disk up to its reserve, where no ballast holds what is kept:
    /// then the reception waits before it writes more.
    pub(crate) fn check_reserve(&mut self, claim: &Claim, ground: &Ground<'_>) -> io::Result<()> {
        let is_open = |kept: &Kept| kept.bytes > 0 && kept.ballast.is_none();
        if self.usable(ground.space()?) == 0 && self.kept.get(claim).is_some_and(is_open) {
            self.suspend(claim);
        }
        Ok(())
    }

    /// The bytes that so many more bytes of a reception lack, and where they lack most.
    fn shortage(
        &mut self,
        claim: &Claim,
        needed: u64,
        ground: &Ground<'_>,
    ) -> io::Result<(u64, RoomLimit)> {
        let ballast = |kept: &Kept| kept.ballast.as_ref().map_or(0, |ballast| ballast.bytes);
        let own = self.kept.get(claim).map_or(0, ballast);
        let others = self.others(
            claim,
            |_| true,
            |kept| kept.granted.saturating_sub(ballast(kept)),
        );
        let (space, more) = (ground.space()?, needed.saturating_sub(own));
        let of_disk = more.saturating_sub(self.usable(space).saturating_sub(others));
        let limit = match names(space) {
            Some(0) => RoomLimit::Files,
            _ if space.free < more.saturating_add(others) => RoomLimit::Disk,
            _ => RoomLimit::KeepFree,
        };
        if self.over_quotas(claim, needed, ground)?.0 > 0 {
            self.recount(ground)?;
        }
        let of_quotas = self.over_quotas(claim, needed, ground)?;
        Ok(match of_quotas.0 > of_disk {
            true => of_quotas,
            false => (of_disk, limit),
        })
    }

    /// The bytes that the quotas lack, and which of them lacks most.
    fn over_quotas(
        &mut self,
        claim: &Claim,
        needed: u64,
        ground: &Ground<'_>,
    ) -> io::Result<(u64, RoomLimit)> {
        let over = |quota: Option<u64>, used: u64| {
            quota.map_or(0, |quota| used.saturating_add(needed).saturating_sub(quota))
        };
        let all = self.others(claim, |_| true, |kept| kept.granted);
        let of_all = over(self.limits.quota, self.used.saturating_add(all));
        if self.limits.peer_quota.is_none() {
            return Ok((of_all, RoomLimit::Quota));
        }
        let peer = claim.0;
        let used = match self.peers.get(&peer) {
            Some(used) => *used,
            None => {
                let begun = Instant::now();
                let used = ground.measure_of(&peer)?.bytes();
                self.peers.insert(peer, used);
                self.counted_since(begun);
                used
            }
        };
        let own = self.others(claim, |other| other.0 == peer, |kept| kept.granted);
        let of_peer = over(self.limits.peer_quota, used.saturating_add(own));
        Ok(match of_peer > of_all {
            true => (of_peer, RoomLimit::PeerQuota),
            false => (of_all, RoomLimit::Quota),
        })
    }

    /// Counts again, for somebody may have cleared up in the meantime.
    fn recount(&mut self, ground: &Ground<'_>) -> io::Result<()> {
        let begun = Instant::now();
        if self.recount.is_some_and(|at| begun < at) {
            return Ok(());
        }
        if self.limits.quota.is_some() {
            self.count(ground.measure()?);
        }
        self.peers.clear();
        self.counted_since(begun);
        Ok(())
    }

    /// Something was counted just now: the longer that took, the later all is counted again.
    fn counted_since(&mut self, begun: Instant) {
        let long = begun.elapsed().saturating_sub(RECOUNT_FREE);
        let now = Instant::now();
        let earliest = self.recount.map_or(now, |at| at.max(now));
        self.recount = Some(earliest + long * RECOUNT_PART);
    }

    fn count(&mut self, usage: Usage) {
        self.used = match usage.whole {
            true => usage.bytes(),
            // Nobody makes room by making more files than we count.
            false => usage.bytes().max(self.used),
        };
    }

    /// Takes the room of the receptions of which nothing came for so long. Says whether there was
    /// any on the disk.
    fn take_from_idle(&mut self, but: &Claim) -> bool {
        let mut taken = false;
        for (claim, kept) in &mut self.kept {
            if claim != but && !kept.is_fresh(self.patience) {
                kept.moved = None;
                taken |= kept.ballast.take().is_some();
            }
        }
        taken
    }

    /// The sum of what is kept for other receptions, those of which nothing came for long left out.
    fn others(
        &self,
        but: &Claim,
        is_asked: impl Fn(&Claim) -> bool,
        bytes: impl Fn(&Kept) -> u64,
    ) -> u64 {
        let others = self.kept.iter();
        others
            .filter(|(claim, kept)| {
                *claim != but && is_asked(claim) && kept.is_fresh(self.patience)
            })
            .fold(0, |sum, (_, kept)| sum.saturating_add(bytes(kept)))
    }

    /// Bytes that a disk may still take: none where it takes no file.
    fn usable(&self, space: Space) -> u64 {
        let usual = RESERVE.min(space.bytes / RESERVE_PART);
        let reserve = self.limits.keep_free.unwrap_or(usual);
        match names(space) {
            Some(0) => 0,
            _ => space.free.saturating_sub(reserve),
        }
    }
}

impl Kept {
    /// Whether it has room, and something came of it not long ago.
    fn is_fresh(&self, patience: Duration) -> bool {
        self.moved.is_some_and(|moved| moved.elapsed() < patience)
    }
}

/// Files that a disk may still take, where it has a limit: a system that can make no file is as
/// stuck as one that can write no byte.
fn names(space: Space) -> Option<u64> {
    let left = space.free_names.saturating_sub(space.names / RESERVE_PART);
    (space.names > 0).then_some(left)
}

/// Whether the system says that the disk or its user's quota is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::NOSPC | Errno::DQUOT))
}

/// Bytes of a disk that are set aside: those of a file that has no name, so that they are free
/// again when it is closed, however the program ends.
#[derive(Debug)]
pub(crate) struct Ballast {
    file: File,
    bytes: u64,
}

/// The name of a ballast until it has none.
const NAME: &str = "room";
/// It gives way in steps of so many bytes: each is a call to the system. What is less is not set
/// aside.
const STEP: u64 = 16 << 20;

/// File systems that set aside bytes of a file without writing them, by their numbers in
/// `linux/magic.h`. Not tmpfs, where it would take the memory at once.
const SETTING_ASIDE: [u32; 4] = [
    0xef53,      // ext4; ext2 and ext3 say that they can't
    0x5846_5342, // XFS
    0x9123_683e, // Btrfs
    0xf2f5_2010, // F2FS
];

impl Ballast {
    /// Sets bytes aside, in a folder of ours; none where the file system can't, or for few bytes.
    pub(crate) fn new(staging: &Dir, bytes: u64) -> io::Result<Option<Self>> {
        let bytes = bytes - bytes % STEP;
        if bytes == 0 || !SETTING_ASIDE.contains(&staging.file_system()) {
            return Ok(None);
        }
        let file = staging.write_or_create(NAME)?;
        staging.remove_file(NAME)?;
        match file.reserve(bytes) {
            Ok(()) => Ok(Some(Self { file, bytes })),
            Err(error) if is_full(&error) => Err(error),
            Err(error) => {
                log::debug!("can't set aside bytes={bytes} error={error}");
                Ok(None)
            }
        }
    }

    /// Sets more bytes aside, up to so many in all.
    fn grow(&mut self, bytes: u64) -> io::Result<()> {
        let bytes = bytes - bytes % STEP;
        if bytes > self.bytes {
            self.file.reserve(bytes)?;
            self.bytes = bytes;
        }
        Ok(())
    }

    /// Gives back all but so many bytes.
    fn shrink(&mut self, bytes: u64) -> io::Result<()> {
        let bytes = bytes - bytes % STEP;
        if bytes < self.bytes {
            self.file.set_len(bytes)?;
            self.bytes = bytes;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(keep_free: u64) -> Room {
        let limits = RoomLimits {
            keep_free: Some(keep_free),
            ..RoomLimits::default()
        };
        Room::new(limits, Duration::MAX)
    }

    #[test]
    fn a_disk_that_can_hold_few_more_files_has_no_room() {
        let space = Space {
            free: 1000,
            bytes: 1000,
            free_names: 51,
            names: 1000,
        };
        assert_eq!((names(space), room(10).usable(space)), (Some(1), 990));
        let crowded = Space {
            free_names: 50,
            ..space
        };
        assert_eq!(room(10).usable(crowded), 0);
        let unlimited = Space {
            free_names: 0,
            names: 0,
            ..space
        };
        assert_eq!((names(unlimited), room(100).usable(unlimited)), (None, 900));
    }

    #[test]
    fn only_the_usual_reserve_is_bounded_by_a_part_of_the_disk() {
        let space = Space {
            free: 1000,
            bytes: 1000,
            free_names: 0,
            names: 0,
        };
        let usual = Room::new(RoomLimits::default(), Duration::MAX);
        assert_eq!(usual.usable(space), 950);
        assert_eq!(room(400).usable(space), 600, "the owner wants as much");
        assert_eq!(room(2000).usable(space), 0);
    }

    #[test]
    fn a_count_that_was_not_whole_makes_no_room() {
        let mut room = room(0);
        let count = |content, whole| Usage {
            content,
            whole,
            ..Usage::default()
        };
        room.count(count(100, true));
        room.count(count(60, false));
        assert_eq!(room.used, 100);
        room.count(count(60, true));
        assert_eq!(room.used, 60);
    }
}
