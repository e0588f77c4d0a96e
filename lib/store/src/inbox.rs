//! The inbox: a folder that files are received into, and the private corner of it where they grow.
//! It knows who sent what; it refuses what has no room and what somebody else receives already.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use transom_wire::{Offer, Shape, limits};

use crate::dir::{Dir, Kind};
use crate::record::{self, Claim};
use crate::{InboxError, Reception, usage};

/// How an inbox behaves.
#[derive(Clone, Debug)]
pub struct InboxSettings {
    /// The folder to receive into; it is made if it isn't there.
    pub root: PathBuf,
    /// Bytes that the folder may hold in all; none for no limit but the disk.
    pub quota: Option<u64>,
    /// Bytes of the disk that are left free for others.
    pub keep_free: u64,
    /// How long an unfinished transfer is kept after its last attempt.
    pub keep_unfinished: Duration,
    /// Unfinished transfers kept of one peer; the oldest gives way.
    pub unfinished_per_peer: usize,
}

impl InboxSettings {
    /// The usual settings for a folder: no quota, 256 MiB left free, a month of patience, 64 unfinished transfers a peer.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            quota: None,
            keep_free: 256 << 20,
            keep_unfinished: Duration::from_secs(30 * 24 * 3600),
            unfinished_per_peer: 64,
        }
    }
}

/// A folder that files are received into. One process has it at a time.
///
/// 1. [`Inbox::open`] takes the lock and looks what earlier runs left;
/// 2. [`Inbox::receive`] begins or takes up the transfer of an offer;
/// 3. the [`Reception`] takes entries and leaves, and publishes.
#[derive(Debug)]
pub struct Inbox {
    shared: Arc<Shared>,
}

/// What an inbox and its receptions share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: InboxSettings,
    pub(crate) root: Dir,
    pub(crate) staging: Dir,
    transfers: Mutex<Transfers>,
    _lock: File,
}

#[derive(Debug, Default)]
struct Transfers {
    /// Every transfer that has a folder in the staging folder.
    staged: HashMap<Claim, Staged>,
    /// Bytes in the inbox as far as counted, if there is a quota.
    used: u64,
}

#[derive(Debug)]
struct Staged {
    folder: String,
    touched: SystemTime,
    /// Bytes that a running reception may still write; none if no reception runs.
    running: Option<u64>,
}

/// The name of the private folder, which no offer may have.
pub(crate) const STAGING: &str = ".transom-incoming";

/// Clocks before 2025 were never set: this program is younger.
const CLOCK_SET: Duration = Duration::from_secs(55 * 365 * 24 * 3600);

impl Inbox {
    /// Opens the folder and takes its lock.
    ///
    /// # Errors
    /// Another process has it, or it can't be written to.
    pub fn open(settings: InboxSettings) -> Result<Self, InboxError> {
        let folder = settings.root.display().to_string();
        let unwritable = |source| InboxError::Unwritable {
            folder: folder.clone(),
            source,
        };
        std::fs::create_dir_all(&settings.root).map_err(unwritable)?;
        let root = Dir::open(&settings.root).map_err(unwritable)?;
        let staging = open_staging(&root).map_err(unwritable)?;
        let lock = staging.lock("lock").map_err(|source| match source.kind() {
            io::ErrorKind::WouldBlock => InboxError::Locked(folder.clone()),
            _ => unwritable(source),
        })?;
        let mut transfers = Transfers::default();
        recover(&staging, &settings, &mut transfers).map_err(unwritable)?;
        if settings.quota.is_some() {
            transfers.used = usage::measure(&root).map_err(unwritable)?;
        }
        let transfers = Mutex::new(transfers);
        let shared = Shared {
            settings,
            root,
            staging,
            transfers,
            _lock: lock,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Begins to receive what a peer offers, or takes it up where it was left.
    ///
    /// # Errors
    /// No room, a name that can't be, or the same transfer running already.
    pub fn receive(&mut self, peer: [u8; 32], offer: &Offer<'_>) -> Result<Reception, InboxError> {
        self.check(offer)?;
        let claim = (peer, offer.transfer);
        let left = self.shared.room(&claim, offer)?;
        let folder = self.shared.claim(claim, left)?;
        let begun = folder.map_or_else(
            || self.shared.stage(&claim, offer, left),
            |folder| self.shared.staged(&folder, offer).map(|dir| (folder, dir)),
        );
        let begun = begun
            .and_then(|(_, dir)| Reception::begin(Arc::clone(&self.shared), claim, dir, offer));
        begun.map_err(|source| {
            self.shared.release(&claim);
            InboxError::System {
                action: "begin a transfer",
                source,
            }
        })
    }

    fn check(&self, offer: &Offer<'_>) -> Result<(), InboxError> {
        let name = offer.name.as_str();
        if !offer.name.is_name() {
            return Err(InboxError::Protocol("the offer's name is a path"));
        }
        if !matches!(offer.shape, Shape::File | Shape::Folder) {
            return Err(InboxError::Protocol(
                "the offer is neither a file nor a folder",
            ));
        }
        if offer.files > limits::ENTRIES || offer.shape == Shape::File && offer.files != 1 {
            return Err(InboxError::Protocol(
                "the offer's count of entries is wrong",
            ));
        }
        // Folders on some disks take upper and lower case for the same.
        if name.eq_ignore_ascii_case(STAGING) {
            return Err(InboxError::BadName(name.to_owned()));
        }
        Ok(())
    }
}

impl Shared {
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
            running: Some(left),
            ..
        }) = transfers.staged.get_mut(claim)
        {
            *left = left.saturating_sub(bytes);
        }
    }

    /// A reception ends and keeps its folder.
    pub(crate) fn release(&self, claim: &Claim) {
        if let Some(staged) = self.transfers().staged.get_mut(claim) {
            staged.running = None;
        }
    }

    /// A transfer is over: its folder goes.
    pub(crate) fn drop_staged(&self, claim: &Claim) {
        let Some(staged) = self.transfers().staged.remove(claim) else {
            return;
        };
        if let Err(error) = self.staging.remove_all(&staged.folder) {
            log::warn!("left behind folder={} error={error}", staged.folder);
        }
    }

    /// Checks disk and quota; gives the bytes to reserve.
    fn room(&self, claim: &Claim, offer: &Offer<'_>) -> Result<u64, InboxError> {
        let system = |source| InboxError::System {
            action: "ask for free space",
            source,
        };
        // What an earlier attempt wrote needs no room again.
        let written = match self.folder(claim) {
            Some(folder) => self
                .staging
                .sub(&folder)
                .and_then(|dir| usage::measure(&dir))
                .unwrap_or(0),
            None => 0,
        };
        let needed = offer.bytes.saturating_sub(written);
        let mut transfers = self.transfers();
        let others = transfers.reserved(claim);
        let free = self.root.free().map_err(system)?;
        let free = free
            .saturating_sub(self.settings.keep_free)
            .saturating_sub(others);
        if needed > free {
            return Err(InboxError::NoSpace { needed, free });
        }
        let Some(quota) = self.settings.quota else {
            return Ok(needed);
        };
        let left = |used: u64| quota.saturating_sub(used).saturating_sub(others);
        if needed > left(transfers.used) {
            // Somebody may have cleared up in the meantime.
            transfers.used = usage::measure(&self.root).map_err(system)?;
        }
        match left(transfers.used) {
            free if needed > free => Err(InboxError::Quota {
                needed,
                quota,
                free,
            }),
            _ => Ok(needed),
        }
    }

    /// Marks a transfer as running; gives its folder if it has one. The peer's oldest gives way to one too many.
    fn claim(&self, claim: Claim, left: u64) -> Result<Option<String>, InboxError> {
        let mut transfers = self.transfers();
        if let Some(staged) = transfers.staged.get_mut(&claim) {
            if staged.running.is_some() {
                return Err(InboxError::Busy("that transfer is running already"));
            }
            (staged.running, staged.touched) = (Some(left), SystemTime::now());
            return Ok(Some(staged.folder.clone()));
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
                self.drop_staged(&oldest);
                Ok(None)
            }
        }
    }

    fn stage(&self, claim: &Claim, offer: &Offer<'_>, left: u64) -> io::Result<(String, Dir)> {
        let folder = free_name();
        self.staging.make(&folder)?;
        let dir = self
            .begin(&folder, &record::of(&claim.0, claim.1, offer.shape))
            .inspect_err(|_| {
                let _ = self.staging.remove_all(&folder);
            })?;
        let staged = Staged {
            folder: folder.clone(),
            touched: SystemTime::now(),
            running: Some(left),
        };
        self.transfers().staged.insert(*claim, staged);
        Ok((folder, dir))
    }

    fn begin(&self, folder: &str, record: &[u8]) -> io::Result<Dir> {
        let dir = self.staging.sub(folder)?;
        dir.create("record")?.write_all_at(record, 0)?;
        Ok(dir)
    }

    /// The folder of an earlier attempt, which is cleared if that was of another shape.
    fn staged(&self, folder: &str, offer: &Offer<'_>) -> io::Result<Dir> {
        let dir = self.staging.sub(folder)?;
        // The record's time is that of the last attempt.
        dir.write("record")?.set_modified(SystemTime::now())?;
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

    fn transfers(&self) -> MutexGuard<'_, Transfers> {
        // Nothing below panics half-way through a change, so the content is right even then.
        self.transfers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transfers {
    /// Bytes that other running receptions may still write.
    fn reserved(&self, but: &Claim) -> u64 {
        let others = self.staged.iter().filter(|(claim, _)| *claim != but);
        others
            .filter_map(|(_, staged)| staged.running)
            .fold(0, u64::saturating_add)
    }
}

fn open_staging(root: &Dir) -> io::Result<Dir> {
    match root.make(STAGING) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // A link, a file or a FIFO of that name is refused here.
    let staging = root.sub(STAGING)?;
    if !staging.is_ours()? {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            ".transom-incoming belongs to another user",
        ));
    }
    staging.permit(0o700)?;
    Ok(staging)
}

/// Learns what earlier runs left; removes what is too old or was never really begun. Only folders of our own naming are touched.
fn recover(staging: &Dir, settings: &InboxSettings, transfers: &mut Transfers) -> io::Result<()> {
    let (names, _) = staging.names()?;
    for (folder, kind) in names {
        if kind != Kind::Folder || !is_ours(&folder) {
            continue;
        }
        let found = staging
            .sub(&folder)
            .ok()
            .and_then(|dir| Some((read_record(&dir)?, touched(&dir)?)));
        let (claim, touched) = match found {
            Some(((claim, _), touched)) => (Some(claim), touched),
            None => (None, SystemTime::UNIX_EPOCH),
        };
        let age = match touched {
            // Written by a machine that did not know the time yet.
            touched if claim.is_some() && touched < SystemTime::UNIX_EPOCH + CLOCK_SET => {
                Duration::ZERO
            }
            touched => touched.elapsed().unwrap_or_default(),
        };
        match claim {
            Some(claim)
                if age <= settings.keep_unfinished && !transfers.staged.contains_key(&claim) =>
            {
                let staged = Staged {
                    folder,
                    touched,
                    running: None,
                };
                transfers.staged.insert(claim, staged);
            }
            _ => {
                log::info!("removes an unfinished transfer folder={folder}");
                if let Err(error) = staging.remove_all(&folder) {
                    log::warn!("left behind folder={folder} error={error}");
                }
            }
        }
    }
    Ok(())
}

fn read_record(dir: &Dir) -> Option<(Claim, Shape)> {
    let mut bytes = Vec::new();
    let file = dir.read("record").ok()?;
    file.take(record::RECORD as u64 + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    record::read(&bytes)
}

fn touched(dir: &Dir) -> Option<SystemTime> {
    dir.read("record").ok()?.metadata().ok()?.modified().ok()
}

/// A name that nobody can guess, made of the keys that std draws from the system for its hash maps.
fn free_name() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let word = || RandomState::new().hash_one(SystemTime::now());
    format!("t-{:016x}{:016x}", word(), word())
}

fn is_ours(folder: &str) -> bool {
    let Some(number) = folder.strip_prefix("t-") else {
        return false;
    };
    number.len() == 32 && number.bytes().all(|b| b.is_ascii_hexdigit())
}
