//! The outbox: a file or folder to send, read leaf by leaf.
//! It knows what was offered and refuses what was not, and what changes while it is read.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use transom_wire::{EntryKind, LeafContent, RelativePath, Shape, TransferKey, limits};

use crate::dir::Dir;
use crate::file::Metadata;
use crate::outbox::growth::Growth;
use crate::outbox::source::Source;
use crate::outbox::walk::{Item, Listing};
use crate::{OutboxError, SkipReason, name, path_text};

mod growth;
mod source;
mod walk;

/// Files kept open at a time.
const OPEN_FILES: usize = 32;

/// What was left out of a walk.
#[derive(Debug)]
pub struct Skipped {
    /// Where it is.
    pub path: PathBuf,
    /// Why it can't be sent.
    pub why: SkipReason,
}

/// One entry as it is announced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EntryInfo {
    /// Where below the offered folder; the offered name itself for a single file.
    pub path: String,
    /// File or folder.
    pub kind: EntryKind,
    /// Unix permission bits.
    pub mode: u16,
    /// Modification time in nanoseconds since 1970.
    pub mtime: i64,
    /// Bytes, 0 for a folder and a file that grows.
    pub size: u64,
}

impl EntryInfo {
    fn new(path: String, kind: EntryKind, found: Metadata) -> Self {
        let size = match kind {
            EntryKind::Folder => 0,
            _ => found.size,
        };
        Self {
            path,
            kind,
            mode: found.mode,
            mtime: found.mtime,
            size,
        }
    }
}

/// What was counted so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counted {
    /// Entries, files and folders.
    pub entries: u32,
    /// How many of the entries are folders.
    pub folders: u32,
    /// Bytes of all files.
    pub bytes: u64,
    /// Whether that is all.
    pub is_all: bool,
}

/// What a part of the walk came to.
#[derive(Debug)]
pub struct Walked {
    /// The indexes of the entries to announce next.
    pub entries: Range<u32>,
    /// What is left out.
    pub skipped: Vec<Skipped>,
    /// Whether that was the last part.
    pub is_last: bool,
}

/// A file or folder to send.
///
/// 1. [`Outbox::open`] opens it; [`Outbox::key`], [`Outbox::name`] and [`Outbox::shape`] make the
///    offer, and [`Outbox::count`] what it says of the counts, which may grow;
/// 2. [`Outbox::walk`] finds the entries to announce, and [`Outbox::entry`] gives each, until it is
///    [settled](Outbox::settle);
/// 3. for each Start of the receiver: [`Outbox::start`], then [`Outbox::next_leaf`] for all leaves
///    from there on, [`Outbox::hashes`] for those before, and again [`Outbox::next_leaf`], which
///    gives [`Step::End`];
/// 4. for each leaf that the receiver asks for again: [`Outbox::leaf_again`].
///
/// A file that another program still writes to is opened by [`Outbox::follow`]. Each
/// [`Outbox::count`] looks how long it is, and [`Outbox::next_leaf`] gives [`Step::Sent`] where it
/// has no whole leaf more. The look after [`Outbox::end_growth`] is the last; then all leaves but
/// the last are hashed once more and go on as leaves before the start, so that what that program
/// has changed in them is asked again.
///
/// A folder is gone through twice, once to count and once to announce, so that memory does not grow
/// with it and the first byte need not wait. What changes in between is announced as it is then.
///
/// A file that is written to while it is read may be read torn, some bytes from before and some
/// from after. Most such changes are noticed by its size, its time and its inode's (`ctime`), and
/// then it fails as changed. Not those by a memory map, whose times change only later, and those
/// within one tick of the file system's clock.
#[derive(Debug)]
pub struct Outbox {
    /// The canonical path.
    path: PathBuf,
    name: String,
    shape: Shape,
    /// The folder that entries' paths start from.
    root: Dir,
    counting: Listing,
    counted: Counted,
    announcing: Listing,
    /// How long it is, of a file that is followed.
    growth: Option<Growth>,
    /// The index of the next entry to announce, and the bytes of those before.
    next: u32,
    bytes: u64,
    /// The entries that were found and are not settled.
    entries: BTreeMap<u32, Known>,
    running: HashMap<u32, Source>,
}

#[derive(Debug)]
struct Known {
    entry: EntryInfo,
    is_started: bool,
}

/// What comes next of an entry.
#[derive(Debug)]
pub enum Step {
    /// A leaf.
    Leaf {
        /// The entry.
        index: u32,
        /// Where in the file.
        offset: u64,
        /// Its hash (wire 7).
        hash: [u8; 32],
        /// Whether it is a hole, or has holes.
        content: LeafContent,
        /// Its bytes, in the buffer that was handed in.
        bytes: Vec<u8>,
    },
    /// All leaves from the start on were read, and the hashes of those before were not. Of a file
    /// that grows: those that were there when it was counted.
    Sent {
        /// The buffer that was handed in, to use again.
        buffer: Vec<u8>,
    },
    /// All is read.
    End {
        /// Bytes of the file.
        size: u64,
        /// BLAKE3 of the file.
        root: [u8; 32],
        /// The buffer that was handed in, to use again.
        buffer: Vec<u8>,
    },
}

/// Hashes of successive leaves before the start of an entry.
#[derive(Debug)]
pub struct Hashes {
    /// Where the first of them is in the file.
    pub offset: u64,
    /// One a leaf; none if all were read before.
    pub hashes: Vec<[u8; 32]>,
    /// Whether [`Outbox::next_leaf`] gives the end of the entry now.
    pub is_through: bool,
}

impl Outbox {
    /// Opens a file or a folder. A link named here is followed, those inside a folder are not.
    ///
    /// # Errors
    /// It isn't there, can't be read, or its name can't be sent.
    pub fn open(path: &Path) -> Result<Self, OutboxError> {
        let system = |source| OutboxError::System {
            path: path_text(path),
            source,
        };
        let canonical = path.canonicalize().map_err(system)?;
        let name = offered_name(path, &canonical)?;
        let found = canonical.metadata().map_err(system)?;
        let (shape, root, walks) = if found.is_dir() {
            let root = Dir::open(&canonical).map_err(system)?;
            let walks = [0; 2].map(|_| Listing::Folder(Box::default()));
            (Shape::Folder, root, walks)
        } else if found.is_file() {
            let above = canonical.parent().unwrap_or(Path::new("/"));
            let root = Dir::open(above).map_err(system)?;
            let real = canonical.file_name().unwrap_or_default();
            let real = name::to_text(real.as_bytes());
            let found = root.metadata(&real).map_err(system)?;
            let entry = EntryInfo::new(real, EntryKind::File, found);
            let walks = [entry.clone(), entry].map(|entry| Listing::File(Some(entry)));
            (Shape::File, root, walks)
        } else {
            return Err(OutboxError::Special(path_text(path)));
        };
        let [counting, announcing] = walks;
        Ok(Self {
            path: canonical,
            name,
            shape,
            root,
            counting,
            counted: Counted::default(),
            announcing,
            growth: None,
            next: 0,
            bytes: 0,
            entries: BTreeMap::new(),
            running: HashMap::new(),
        })
    }

    /// Opens a file that another program writes to.
    ///
    /// # Errors
    /// As for [`Outbox::open`], and if it is a folder.
    pub fn follow(path: &Path) -> Result<Self, OutboxError> {
        let mut outbox = Self::open(path)?;
        let Listing::File(Some(entry)) = &mut outbox.announcing else {
            return Err(OutboxError::Folder(path_text(path)));
        };
        outbox.growth = Some(Growth::of(&entry.path));
        (entry.kind, entry.size) = (EntryKind::Growing, 0);
        Ok(outbox)
    }

    /// Whether it is a file that is followed, and its size is not final.
    pub fn grows(&self) -> bool {
        self.growth.is_some() && !self.counted.is_all
    }

    /// What the file has when it is counted next is all that is sent of it.
    pub fn end_growth(&mut self) {
        if let Some(growth) = &mut self.growth {
            growth.is_last = true;
        }
    }

    /// Looks at up to `most` more names to count them. Of a file that grows: looks how long it is.
    ///
    /// # Errors
    /// There are more entries or bytes than a transfer may have. Of a file that grows: it is gone,
    /// is another one, or has become shorter.
    pub fn count(&mut self, most: usize) -> Result<Counted, OutboxError> {
        if let Some(growth) = &mut self.growth {
            if !self.counted.is_all {
                self.counted = growth.look(&self.root, &self.name)?;
                for source in self.running.values_mut() {
                    source.grow(&self.counted);
                }
            }
            return Ok(self.counted);
        }
        for _ in 0..most {
            match self.counting.next(&self.root, &self.path) {
                Some(Item::Entry(entry)) => {
                    let counted = &mut self.counted;
                    (counted.entries, counted.bytes) =
                        sums(&self.path, counted.entries, counted.bytes, &entry)?;
                    counted.folders += u32::from(entry.kind == EntryKind::Folder);
                }
                // It is told when it would be announced.
                Some(Item::LeftOut(_)) => {}
                None => {
                    self.counted.is_all = true;
                    break;
                }
            }
        }
        Ok(self.counted)
    }

    /// Looks at up to `most` more names to announce them.
    ///
    /// # Errors
    /// There are more entries or bytes than a transfer may have.
    pub fn walk(&mut self, most: usize) -> Result<Walked, OutboxError> {
        let (first, mut skipped, mut is_last) = (self.next, Vec::new(), false);
        for _ in 0..most {
            match self.announcing.next(&self.root, &self.path) {
                Some(Item::Entry(entry)) => {
                    let index = self.next;
                    (self.next, self.bytes) = sums(&self.path, index, self.bytes, &entry)?;
                    let is_started = false;
                    self.entries.insert(index, Known { entry, is_started });
                }
                Some(Item::LeftOut(what)) => skipped.push(what),
                None => {
                    is_last = true;
                    break;
                }
            }
        }
        Ok(Walked {
            entries: first..self.next,
            skipped,
            is_last,
        })
    }

    /// Nothing more is asked of an entry: the receiver has it, or it can't be sent or stored.
    pub fn settle(&mut self, index: u32) {
        self.running.remove(&index);
        self.entries.remove(&index);
    }

    /// Begins to send an entry at the offset that the receiver asks for. Reads nothing.
    ///
    /// # Errors
    /// It was not offered, was started before, or has no leaf there.
    pub fn start(&mut self, index: u32, offset: u64) -> Result<(), OutboxError> {
        if self.is_started(index) {
            return Err(OutboxError::Protocol(
                "the receiver asks for an entry twice",
            ));
        }
        if self.running.len() >= limits::ENTRIES_AHEAD as usize {
            return Err(OutboxError::Protocol(
                "the receiver asks for too many entries at once",
            ));
        }
        let source = self.source(index, offset)?;
        if let Some(known) = self.entries.get_mut(&index) {
            known.is_started = true;
        }
        self.running.insert(index, source);
        Ok(())
    }

    /// Whether an entry was started and has not ended or failed since.
    pub fn is_running(&self, index: u32) -> bool {
        self.running.contains_key(&index)
    }

    /// Reads the next leaf of a started entry into the buffer.
    ///
    /// # Errors
    /// The file changed or can't be read; the entry has to be abandoned.
    pub fn next_leaf(&mut self, index: u32, buffer: Vec<u8>) -> Result<Step, OutboxError> {
        let (root, source) = self.running(index)?;
        let step = source.next(root, index, buffer);
        if matches!(step, Ok(Step::End { .. }) | Err(_)) {
            self.running.remove(&index);
        }
        step
    }

    /// Reads up to `most` leaves before the offset at which an entry was started; gives their
    /// hashes and the offset of the first one. Also says whether there is nothing more to read but
    /// the [end](Step::End). Leaves the buffer to use again.
    ///
    /// # Errors
    /// As for [`Outbox::next_leaf`].
    pub fn hashes(
        &mut self,
        index: u32,
        most: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<Hashes, OutboxError> {
        let (root, source) = self.running(index)?;
        let read = source.hashes(root, most, buffer);
        let is_through = source.is_through();
        match read {
            Ok((offset, hashes)) => Ok(Hashes {
                offset,
                hashes,
                is_through,
            }),
            Err(error) => {
                self.running.remove(&index);
                Err(error)
            }
        }
    }

    /// Reads a leaf that the receiver asks for again, also of an entry that has ended, into the
    /// buffer; gives its hash, whether it is a hole, and its bytes.
    ///
    /// # Errors
    /// As for [`Outbox::next_leaf`], and when the entry was not started.
    pub fn leaf_again(
        &mut self,
        index: u32,
        offset: u64,
        buffer: Vec<u8>,
    ) -> Result<([u8; 32], LeafContent, Vec<u8>), OutboxError> {
        if self.is_running(index) {
            let (root, source) = self.running(index)?;
            let read = source.again(root, offset, buffer);
            if read.is_err() {
                self.running.remove(&index);
            }
            return read;
        }
        if !self.is_started(index) {
            return Err(OutboxError::Protocol("the entry was not started"));
        }
        let mut source = self.source(index, 0)?;
        source.again(&self.root, offset, buffer)
    }

    /// The path that is sent, without links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key of sending this path from `own` to `peer`: the same command takes the transfer up
    /// again.
    pub fn key(&self, own: &[u8; 32], peer: &[u8; 32]) -> TransferKey {
        Self::key_of(&self.path, own, peer)
    }

    /// The key of sending that path, for a copy that is sent in its place.
    pub fn key_of(path: &Path, own: &[u8; 32], peer: &[u8; 32]) -> TransferKey {
        let mut hasher = blake3::Hasher::new_derive_key("transom 2026 transfer key of a path");
        hasher.update(own);
        hasher.update(peer);
        hasher.update(path.as_os_str().as_bytes());
        let mut key = [0; 16];
        hasher.finalize_xof().fill(&mut key);
        TransferKey(key)
    }

    /// The name to offer.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One file or a folder.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What was counted so far.
    pub fn counted(&self) -> Counted {
        self.counted
    }

    /// An entry that was found and is not settled.
    pub fn entry(&self, index: u32) -> Option<EntryInfo> {
        let mut entry = self.entries.get(&index)?.entry.clone();
        if self.shape == Shape::File {
            entry.path.clone_from(&self.name);
        }
        Some(entry)
    }

    fn is_started(&self, index: u32) -> bool {
        let known = self.entries.get(&index);
        known.is_some_and(|known| known.is_started)
    }

    fn source(&self, index: u32, start: u64) -> Result<Source, OutboxError> {
        let entry = self.entries.get(&index).map(|known| known.entry.clone());
        let entry = entry.filter(|entry| entry.kind != EntryKind::Folder);
        let entry = entry.ok_or(OutboxError::Protocol(
            "the receiver asks for what was not offered",
        ))?;
        let offered = match self.shape {
            Shape::File => self.name.clone(),
            _ => entry.path.clone(),
        };
        let mut source = Source::new(entry, offered, start)?;
        if self.growth.is_some() {
            source.grow(&self.counted);
        }
        Ok(source)
    }

    /// A running entry, and the folder that its path starts from.
    fn running(&mut self, index: u32) -> Result<(&Dir, &mut Source), OutboxError> {
        self.limit_open(index);
        let source = self.running.get_mut(&index);
        let source = source.ok_or(OutboxError::Protocol("the entry was not started"))?;
        Ok((&self.root, source))
    }

    fn limit_open(&mut self, index: u32) {
        let mut open = self
            .running
            .iter_mut()
            .filter(|(other, source)| source.is_open() && **other != index);
        if let Some((_, source)) = open.nth(OPEN_FILES) {
            source.close();
        }
    }
}

/// The name as the user wrote it; for paths like `.` that of the folder they lead to.
fn offered_name(path: &Path, canonical: &Path) -> Result<String, OutboxError> {
    let name = path.file_name().or(canonical.file_name());
    let name = name::to_text(name.unwrap_or_default().as_bytes());
    match RelativePath::new(&name) {
        Ok(_) => Ok(name),
        Err(_) => Err(OutboxError::Name(path_text(path))),
    }
}

/// Entries and bytes with one more, of what a path holds.
fn sums(
    path: &Path,
    entries: u32,
    bytes: u64,
    entry: &EntryInfo,
) -> Result<(u32, u64), OutboxError> {
    let bytes = bytes.saturating_add(entry.size);
    if entries >= limits::ENTRIES {
        return Err(OutboxError::TooMany(path_text(path)));
    }
    if bytes > limits::FILE {
        return Err(OutboxError::TooLarge(path_text(path)));
    }
    Ok((entries + 1, bytes))
}

fn open_failed(path: &str, source: std::io::Error) -> OutboxError {
    OutboxError::System {
        path: path.to_owned(),
        source,
    }
}
