//! The inbox: a folder that files are received into, and the private corner of it where they grow.
//! It knows who sent what; it refuses what can never have room, and a transfer that is running
//! already.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_wire::{FailReason, Offer, Shape, limits};

use crate::dir::Dir;
use crate::error::fail_reason;
use crate::room::RoomLimits;
use crate::{InboxError, Reception};
use recover::{open_staging, recover};

mod recover;
mod shared;

pub(crate) use recover::{STAGING, free_name, is_ours, remove_some};
pub use shared::Leftover;
pub(crate) use shared::{Ground, Shared};

/// How an inbox behaves.
#[derive(Clone, Debug)]
pub struct InboxSettings {
    /// The folder to receive into; it is made if it isn't there.
    pub root: PathBuf,
    /// Whether the thread that opens it is confined to it, where the kernel can do that: from then
    /// on that thread, and each that it starts, reaches no other file.
    pub confines_thread: bool,
    /// How much of the disk it may take.
    pub room: RoomLimits,
    /// How long room is kept for a running transfer of which nothing comes. Once others have taken
    /// the room, it waits until there is room again.
    pub keep_room: Duration,
    /// How long an unfinished transfer is kept after its last attempt. Older ones are removed when
    /// an offer comes. Without offers they stay: nobody opens the inbox, whose disk may be away.
    pub keep_unfinished: Duration,
    /// Unfinished transfers kept of one peer; the oldest gives way.
    pub unfinished_per_peer: usize,
}

impl InboxSettings {
    /// The usual settings for a folder: no thread is confined, no quota, 256 MiB left free, room
    /// kept for a minute (longer than a lost connection takes to be noticed and made again), a
    /// month of patience, 64 unfinished transfers a peer.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            confines_thread: false,
            room: RoomLimits::default(),
            keep_room: Duration::from_secs(60),
            keep_unfinished: Duration::from_secs(30 * 24 * 3600),
            unfinished_per_peer: 64,
        }
    }
}

/// What is removed at once when an inbox is opened or a transfer begins, as a number of names.
const TIDIED: u32 = 256;

/// A folder that files are received into. One process has it at a time.
///
/// 1. [`Inbox::open`] takes the lock and looks what earlier runs left;
/// 2. [`Inbox::receive`] begins or takes up the transfer of an offer;
/// 3. the [`Reception`] takes entries and leaves, and publishes.
#[derive(Debug)]
pub struct Inbox {
    shared: Arc<Shared>,
    /// When the private folder was looked through.
    tidied: Instant,
}

impl Inbox {
    /// How often the private folder is to be looked through: unfinished transfers are kept for
    /// weeks, and looking costs one listing of a folder.
    pub const TIDY_PAUSE: Duration = Duration::from_secs(3600);

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
        let root = Dir::open_or_make(&settings.root).map_err(unwritable)?;
        if settings.confines_thread {
            root.confine_thread();
        }
        let staging = open_staging(&root).map_err(unwritable)?;
        let lock = staging.lock("lock").map_err(|source| match source.kind() {
            io::ErrorKind::WouldBlock => InboxError::Locked(folder.clone()),
            _ => unwritable(source),
        })?;
        let staged = recover(&staging, &settings).map_err(unwritable)?;
        let limits = settings.room;
        let shared = Shared::new(settings, root, staging, staged, lock);
        shared.set_limits(limits).map_err(unwritable)?;
        let mut inbox = Self {
            shared: Arc::new(shared),
            tidied: Instant::now(),
        };
        inbox.tidy_some(TIDIED);
        Ok(inbox)
    }

    /// Begins to receive what a peer offers, or takes it up where it was left. Room is kept for it;
    /// where there is too little, it waits: [`Reception::missing`].
    ///
    /// # Errors
    /// It can never have room, a name that can't be, or the same transfer running already.
    pub fn receive(&mut self, peer: [u8; 32], offer: &Offer<'_>) -> Result<Reception, InboxError> {
        self.check(offer)?;
        let claim = (peer, offer.transfer);
        let (needed, left) = self.shared.needed(&claim, offer)?;
        self.try_name(offer.name.as_str())?;
        let earlier = self.shared.claim(claim, needed)?;
        if self.shared.has_leftovers() || self.tidied.elapsed() >= Self::TIDY_PAUSE {
            self.tidy_some(TIDIED);
        }
        let is_synced = earlier.as_ref().is_some_and(|earlier| earlier.is_synced);
        let shared = Arc::clone(&self.shared);
        let dir = match earlier {
            Some(earlier) => self.shared.open_folder(&earlier.folder),
            None => self.shared.make_folder(&claim),
        };
        let begun = dir.and_then(|dir| Reception::begin(shared, claim, dir, offer, is_synced));
        let mut reception = begun.map_err(|source| {
            self.shared.release(&claim, false);
            unbegun(source)
        })?;
        reception.missing();
        reception.left = left;
        Ok(reception)
    }

    /// Whether there is a reception, or the rest of one that is being removed. While there is, the
    /// lock is held, also once this value is dropped.
    pub fn is_used(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }

    /// Whether the folder was cleared away, and with it our lock. Once no reception uses it, it is
    /// to be opened again before more comes.
    pub fn is_gone(&self) -> bool {
        self.shared.is_gone()
    }

    /// Takes other limits, for all that comes from now on.
    ///
    /// # Errors
    /// The folder can't be looked through.
    pub fn set_limits(&mut self, limits: RoomLimits) -> Result<(), InboxError> {
        if limits == self.shared.limits() {
            return Ok(());
        }
        self.shared
            .set_limits(limits)
            .map_err(|source| InboxError::System {
                action: "count what is there",
                source,
            })
    }

    /// Removes unfinished transfers that are too old, and folders that could not be removed before.
    /// A caller that keeps an inbox open calls it every [`Inbox::TIDY_PAUSE`]; [`Inbox::receive`]
    /// also does, when that time has passed.
    pub fn tidy(&mut self) {
        while !self.tidy_some(u32::MAX) {}
    }

    /// The same for a caller that has others to serve: ends once so much was done that `most`
    /// leaves would take as long to be read, and says whether that was all.
    pub fn tidy_some(&mut self, mut most: u32) -> bool {
        self.tidied = Instant::now();
        if self.shared.is_gone() {
            return true;
        }
        self.shared.tidy_some(&mut most).unwrap_or_else(|error| {
            log::warn!("can't look what is left in the private folder error={error}");
            true
        })
    }

    /// Whether the disk can hold that name at all, before a byte of it moves: tried out in the
    /// private folder, where nobody sees it.
    fn try_name(&self, name: &str) -> Result<(), InboxError> {
        let (staging, folder) = (&self.shared.staging, free_name());
        staging.make(&folder).map_err(unbegun)?;
        let made = staging.create(&format!("{folder}/{name}")).map(drop);
        self.shared.remove(&folder);
        made.map_err(|source| match fail_reason(&source) {
            FailReason::BadName => InboxError::Unholdable {
                name: name.to_owned(),
                source,
            },
            _ => unbegun(source),
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

fn unbegun(source: io::Error) -> InboxError {
    InboxError::System {
        action: "begin a transfer",
        source,
    }
}
