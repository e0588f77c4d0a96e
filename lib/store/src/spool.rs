//! The spool: copies of files and folders, each kept until its receiver has it.
//! It knows for whom each is; it refuses to know how and when it gets there.
//!
//! ```text
//! STATE/spool/            0700
//!     adding              locked while an item is made; holds the last number
//!     delivering          locked by the one program that delivers
//!     new/                the item that is being made
//!         content/NAME    the copy, which an inbox of its own receives like a transfer
//!         record          for whom, and what it is; checked
//!     7/                  an item: `new` gets a number once all of it is on the disk
//!         reason          why it was not taken at the last try; may be missing
//!     t-0123../           an item that was delivered or given up and is being removed
//! ```
//!
//! An item is named by its number, since a name of 255 bytes leaves no room for a number beside it.
//! No number is given twice: a program that delivers item 7 must not find another item there. Who
//! empties the folder by hand takes the last number away too, so an item is also known by the
//! [`Stamp`] of its record.
//! A crash leaves `new`, or a `t-0123..`: the next program that adds or delivers removes both
//! ([`Spool::tidy_some`]). An item that was delivered and has its number still, because of a crash,
//! is sent again, and its receiver has it already.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use transom_wire::{Collision, PeerName, PublicKey, Shape};

use crate::dir::{Dir, Kind, if_missing};
use crate::error::{cut, words};
use crate::file::Metadata;
use crate::inbox::{free_name, is_ours, remove_some};
use crate::mark::Exclusive;
use crate::{Outbox, OutboxError, path_text};
use record::Record;

mod copy;
mod record;

/// Items that a spool holds: all their records are read at the start of a program that delivers,
/// and a script that nobody looks after must not add for ever. The bytes are limited by the disk,
/// of which as much stays free as an inbox leaves ([`RoomLimits`](crate::RoomLimits)).
pub const MAX_SPOOLED: usize = 1000;
/// Bytes of the reason that is kept with an item: a peer may say up to 256, and more of ours.
const MAX_REASON: usize = 512;

const ADDING: &str = "adding";
const DELIVERING: &str = "delivering";
const NEW: &str = "new";
const RECORD: &str = "record";
const REASON: &str = "reason";

/// The spool can't do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// What is to be kept can't be read.
    #[error(transparent)]
    Source(#[from] OutboxError),
    /// There are [`MAX_SPOOLED`] items.
    #[error("the spool holds {MAX_SPOOLED} items already")]
    Full,
    /// The copy can't be made.
    #[error("the spool can't hold it: {0}")]
    Uncopied(String),
    /// There is no item of that number.
    #[error("the spool has no item {0}")]
    Missing(u32),
    /// The record of an item says nothing.
    #[error("the record of item {0} is damaged")]
    Damaged(u32),
    /// The state folder is another user's. Root, who could add and deliver there, would write where
    /// that user leads it by names and links, and leave files that the user can't remove.
    #[error("the state folder belongs to another user; run this as that user")]
    OfAnother,
    /// The system said no.
    #[error("can't {action} the spool")]
    System {
        /// What was tried.
        action: &'static str,
        /// What it said.
        #[source]
        source: io::Error,
    },
}

impl SpoolError {
    /// The whole error in words.
    pub fn text(&self) -> String {
        words(self)
    }
}

/// What is kept for a receiver.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SpoolItem {
    /// Names it in its spool. Later items have higher numbers.
    pub number: u32,
    /// The receiver's key.
    pub key: PublicKey,
    /// What the receiver was called when it was added.
    pub contact: PeerName,
    /// When it was added.
    pub since: SystemTime,
    /// The path that was copied.
    pub origin: PathBuf,
    /// What the receiver is to do where the name is taken.
    pub collision: Collision,
    /// A file or a folder.
    pub shape: Shape,
    /// Files and folders in it.
    pub entries: u32,
    /// Bytes of all files.
    pub bytes: u64,
    /// The copy, which has the name to send it by.
    pub path: PathBuf,
    /// Why it was not taken at the last try.
    pub reason: Option<String>,
    stamp: Stamp,
}

/// Tells a record from any that has its place later: its inode, which another file may get, and the
/// time of the last change of that, which no program can set.
type Stamp = (u64, i64);

fn stamp_of(record: &Metadata) -> Stamp {
    (record.inode, record.ctime)
}

impl SpoolItem {
    /// The name that it is sent by, as text.
    pub fn name(&self) -> String {
        path_text(self.path.file_name().unwrap_or_default().as_ref())
    }
}

/// The spool of a station, in its state folder.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    dir: Dir,
    /// Whether the state folder is of the user that we run as.
    is_ours: bool,
}

/// While it lives, no other program delivers.
#[derive(Debug)]
pub struct Delivering(#[expect(dead_code, reason = "it is held, not used")] Exclusive);

impl Spool {
    /// Opens the spool in that state folder, and makes it if it isn't there.
    ///
    /// # Errors
    /// The state folder is another user's, or the system refuses.
    pub fn open_or_make(state: &Path) -> Result<Self, SpoolError> {
        let failed = |source| failed("make", source);
        let above = Dir::open(state).map_err(failed)?;
        if !above.is_ours().map_err(failed)? {
            return Err(SpoolError::OfAnother);
        }
        match above.make(NAME) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.and_then(|()| above.sync()).map_err(failed)?,
        }
        Self::beneath(&above, state).map_err(failed)
    }

    /// Opens the spool in that state folder; none if nothing was ever added.
    ///
    /// # Errors
    /// The system refuses.
    pub fn open(state: &Path) -> Result<Option<Self>, SpoolError> {
        let opened = Dir::open(state).and_then(|above| Self::beneath(&above, state));
        match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some).map_err(|source| failed("open", source)),
        }
    }

    fn beneath(above: &Dir, state: &Path) -> io::Result<Self> {
        Ok(Self {
            path: state.join(NAME),
            dir: above.sub(NAME)?,
            is_ours: above.is_ours()?,
        })
    }

    /// Keeps a copy of a file or a folder for that receiver: on the disk when this returns. Waits
    /// while another program adds something. What of a folder can't be read is told and left out.
    ///
    /// # Errors
    /// There are too many items, the path can't be read, the disk can't hold it, or the state
    /// folder is another user's. Then nothing is kept.
    pub fn add(
        &self,
        path: &Path,
        (key, contact): (PublicKey, PeerName),
        collision: Collision,
        left_out: &mut dyn FnMut(&Path, &str),
    ) -> Result<SpoolItem, SpoolError> {
        let adding = |source| failed("add to", source);
        self.check_ours()?;
        let lock = Exclusive::wait(&self.path.join(ADDING)).map_err(adding)?;
        self.remove_new(&mut { u32::MAX }).map_err(adding)?;
        let numbers = self.numbers()?;
        if numbers.len() >= MAX_SPOOLED {
            return Err(SpoolError::Full);
        }
        let last = numbers.last().copied().unwrap_or(0);
        let last = last.max(lock.number().map_err(adding)?);
        let number = last.checked_add(1).ok_or(SpoolError::Full)?;
        lock.keep(number).map_err(adding)?;
        let made = self.make(number, path, (key, contact), collision, left_out);
        if made.is_err() {
            // The error at hand says more than that of a removal, which is tried again.
            let _ = self.remove_new(&mut { u32::MAX });
        }
        made
    }

    fn make(
        &self,
        number: u32,
        path: &Path,
        (key, contact): (PublicKey, PeerName),
        collision: Collision,
        left_out: &mut dyn FnMut(&Path, &str),
    ) -> Result<SpoolItem, SpoolError> {
        let adding = |source| failed("add to", source);
        let mut outbox = Outbox::open(path)?;
        self.dir.make(NEW).map_err(adding)?;
        let to = self.path.join(NEW).join(record::CONTENT);
        let copied = copy::copy(&mut outbox, to, left_out)?;
        let record = Record {
            key,
            contact,
            since: SystemTime::now(),
            origin: outbox.path().to_owned(),
            collision,
            shape: outbox.shape(),
            entries: copied.entries,
            bytes: copied.bytes,
            name: outbox.name().to_owned(),
        };
        let stamp = self.publish(&record, number).map_err(adding)?;
        Ok(record.item(number, &self.path, stamp))
    }

    /// Gives the new item its number, once all of it is on the disk.
    fn publish(&self, record: &Record, number: u32) -> io::Result<Stamp> {
        let new = self.dir.sub(NEW)?;
        new.remove_all(&record::staging())?;
        let file = new.create(RECORD)?;
        file.write_all_at(record.to_text().as_bytes(), 0)?;
        file.sync_all()?;
        new.sync()?;
        let stamp = stamp_of(&file.metadata()?);
        let numbered = number.to_string();
        self.dir.rename_new(NEW, &self.dir, &numbered)?;
        if let Err(error) = self.dir.sync() {
            // The caller is told that nothing is kept, so nothing may be delivered.
            self.dir.rename_new(&numbered, &self.dir, NEW)?;
            return Err(error);
        }
        Ok(stamp)
    }

    /// The numbers of all items, in the order in which they were added.
    ///
    /// # Errors
    /// The system refuses.
    pub fn numbers(&self) -> Result<Vec<u32>, SpoolError> {
        let names = self.dir.names().map_err(|source| failed("list", source))?;
        let mut numbers: Vec<u32> = names
            .iter()
            .filter(|(_, kind)| *kind == Kind::Folder)
            .filter_map(|(name, _)| name.parse().ok())
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// What is kept under a number.
    ///
    /// # Errors
    /// There is no such item, or its record can't be read.
    pub fn item(&self, number: u32) -> Result<SpoolItem, SpoolError> {
        let reading = |source| failed("read", source);
        let dir = match self.dir.sub(&number.to_string()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(SpoolError::Missing(number));
            }
            dir => dir.map_err(reading)?,
        };
        let (text, stamp) = read(&dir, RECORD, record::MAX_BYTES).map_err(reading)?;
        let record = Record::parse(&text).ok_or(SpoolError::Damaged(number))?;
        let reason = read(&dir, REASON, MAX_REASON).ok().map(|(text, _)| text);
        Ok(SpoolItem {
            reason: reason.filter(|reason| !reason.is_empty()),
            ..record.item(number, &self.path, stamp)
        })
    }

    /// Whether that item is still there, and no other one has its number.
    ///
    /// # Errors
    /// The system refuses.
    pub fn has(&self, item: &SpoolItem) -> Result<bool, SpoolError> {
        let record = self.dir.metadata(&format!("{}/{RECORD}", item.number));
        let is_same = record.map(|record| stamp_of(&record) == item.stamp);
        if_missing(is_same, false).map_err(|source| failed("read", source))
    }

    /// Keeps why an item was not taken, for its owner to read. It is news, so it is not waited for
    /// until it is on the disk.
    ///
    /// # Errors
    /// The system refuses, or the item is gone.
    pub fn note(&self, number: u32, reason: &str) -> Result<(), SpoolError> {
        let noted = self.dir.sub(&number.to_string()).and_then(|dir| {
            let new = format!("{REASON}.new");
            let file = dir.write_or_create(&new)?;
            file.set_len(0)?;
            file.write_all_at(cut(reason, MAX_REASON).as_bytes(), 0)?;
            dir.rename_over(&new, &dir, REASON)
        });
        noted.map_err(|source| failed("write to", source))
    }

    /// Removes an item: it has no number from then on, also after a power cut. Its bytes go with
    /// [`Self::tidy_some`].
    ///
    /// # Errors
    /// There is no such item, or the system refuses.
    pub fn remove(&self, number: u32) -> Result<(), SpoolError> {
        let name = number.to_string();
        let moved = self.dir.rename_new(&name, &self.dir, &free_name());
        match moved.and_then(|()| self.dir.sync()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(SpoolError::Missing(number))
            }
            removed => removed.map_err(|source| failed("remove from", source)),
        }
    }

    /// Removes what crashes left and what [`Self::remove`] took out, as much as takes as long as to
    /// read `most` leaves; says whether that was all.
    ///
    /// # Errors
    /// The system refuses.
    pub fn tidy_some(&self, mut most: u32) -> Result<bool, SpoolError> {
        let tidied = self.tidy(&mut most);
        tidied.map_err(|source| failed("tidy", source))
    }

    fn tidy(&self, left: &mut u32) -> io::Result<bool> {
        for (name, _) in self.dir.names()? {
            if is_ours(&name) && !remove_some(&self.dir, &name, left)? {
                return Ok(false);
            }
        }
        match Exclusive::take(&self.path.join(ADDING))? {
            Some(_lock) => self.remove_new(left),
            // Another program makes it.
            None => Ok(true),
        }
    }

    /// Removes what a program left that ended while it added.
    fn remove_new(&self, left: &mut u32) -> io::Result<bool> {
        match self.dir.remove_some(NEW, left) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            removed => removed,
        }
    }

    /// Whether its folder was removed, or another one has its path.
    pub fn is_gone(&self) -> bool {
        let at_path = Dir::open(&self.path).and_then(|dir| dir.inode());
        let is_another = |inode| self.dir.inode().is_ok_and(|own| own != inode);
        self.dir.is_gone() || at_path.is_ok_and(is_another)
    }

    /// Takes the right to deliver; none while another program has it.
    ///
    /// # Errors
    /// The state folder is another user's, or the system refuses.
    pub fn deliver(&self) -> Result<Option<Delivering>, SpoolError> {
        self.check_ours()?;
        let taken = Exclusive::take(&self.path.join(DELIVERING));
        Ok(taken
            .map_err(|source| failed("lock", source))?
            .map(Delivering))
    }

    fn check_ours(&self) -> Result<(), SpoolError> {
        match self.is_ours {
            true => Ok(()),
            false => Err(SpoolError::OfAnother),
        }
    }
}

/// The name of the spool in the state folder.
const NAME: &str = "spool";

fn read(dir: &Dir, name: &str, most: usize) -> io::Result<(String, Stamp)> {
    let mut text = String::new();
    let file = dir.read(name)?;
    file.reader(0).take(most as u64).read_to_string(&mut text)?;
    Ok((text, stamp_of(&file.metadata()?)))
}

fn failed(action: &'static str, source: io::Error) -> SpoolError {
    SpoolError::System { action, source }
}
