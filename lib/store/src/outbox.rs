//! The outbox: a file or folder to send, read leaf by leaf.
//! It knows what was offered and refuses what was not, and what changes while it is read.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use transom_wire::{EntryKind, RelativePath, Shape, TransferKey, limits};

use crate::dir::Dir;
use crate::outbox::list::List;
use crate::outbox::source::Source;
use crate::{OutboxError, SkipReason, name, path_text};

mod list;
mod source;
mod walk;

pub use list::EntryInfo;

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

/// A file or folder to send.
///
/// 1. [`Outbox::walk`] lists it; [`Outbox::key`], [`Outbox::name`], [`Outbox::shape`] and the
///    counts make the offer;
/// 2. [`Outbox::entry`] gives each entry to announce;
/// 3. for each Start of the receiver: [`Outbox::start`], then [`Outbox::next_leaf`] until
///    [`Step::End`].
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
    list: List,
    skipped: Vec<Skipped>,
    unlisted: u32,
    running: HashMap<u32, Source>,
    /// One bit an entry: whether it was started.
    started: Vec<u64>,
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
        /// Its bytes, in the buffer that was handed in.
        bytes: Vec<u8>,
    },
    /// All leaves are sent.
    End {
        /// Bytes of the file.
        size: u64,
        /// BLAKE3 of the file.
        root: [u8; 32],
        /// The buffer that was handed in, to use again.
        buffer: Vec<u8>,
    },
}

impl Outbox {
    /// Lists a file or a folder. A link named here is followed, those inside a folder are not.
    ///
    /// # Errors
    /// It isn't there, can't be read, or its name can't be sent.
    pub fn walk(path: &Path) -> Result<Self, OutboxError> {
        let system = |source| OutboxError::System {
            path: path_text(path),
            source,
        };
        let canonical = path.canonicalize().map_err(system)?;
        let name = offered_name(path, &canonical)?;
        let found = canonical.metadata().map_err(system)?;
        let (mut list, mut skipped) = (List::default(), walk::Skips::default());
        let (shape, root) = if found.is_dir() {
            let root = Dir::open(&canonical).map_err(system)?;
            walk::folder(&root, &canonical, &mut list, &mut skipped)?;
            (Shape::Folder, root)
        } else if found.is_file() {
            let real = canonical.file_name().unwrap_or_default();
            list.put_file(&name::to_text(real.as_bytes()), &found);
            let above = canonical.parent().unwrap_or(Path::new("/"));
            (Shape::File, Dir::open(above).map_err(system)?)
        } else {
            return Err(OutboxError::Special(path_text(path)));
        };
        Ok(Self {
            started: vec![0; (list.len() as usize).div_ceil(64)],
            path: canonical,
            name,
            shape,
            root,
            list,
            skipped: skipped.list,
            unlisted: skipped.more,
            running: HashMap::new(),
        })
    }

    /// Checks what the receiver says it holds of an entry and opens it; gives the offset it really
    /// starts at.
    ///
    /// # Errors
    /// It was not offered, was started before, changed, or can't be read.
    pub fn start(&mut self, index: u32, offset: u64, proof: &[u8; 32]) -> Result<u64, OutboxError> {
        self.begin(index, offset, proof)?;
        loop {
            if let Some(offset) = self.check(index, u32::MAX)? {
                return Ok(offset);
            }
        }
    }

    /// The first half of [`Outbox::start`], which reads nothing: a receiver may hold much, and
    /// others wait for the disk.
    ///
    /// # Errors
    /// As for [`Outbox::start`].
    pub fn begin(&mut self, index: u32, offset: u64, proof: &[u8; 32]) -> Result<(), OutboxError> {
        let entry = self
            .list
            .entry(index)
            .filter(|entry| entry.kind == EntryKind::File);
        let entry = entry.ok_or(OutboxError::Protocol(
            "the receiver asks for what was not offered",
        ))?;
        let (word, bit) = (index as usize / 64, 1 << (index % 64));
        if self.started.get(word).is_none_or(|word| word & bit != 0) {
            return Err(OutboxError::Protocol(
                "the receiver asks for an entry twice",
            ));
        }
        if self.running.len() >= limits::ENTRIES_AHEAD as usize {
            return Err(OutboxError::Protocol(
                "the receiver asks for too many entries at once",
            ));
        }
        self.started[word] |= bit;
        let offered = match self.shape {
            Shape::File => self.name.clone(),
            _ => entry.path.clone(),
        };
        let mut source = Source::new(entry, offered);
        source.claim(offset, proof)?;
        self.running.insert(index, source);
        Ok(())
    }

    /// The other half, up to `most` leaves at a time; gives the offset once it is known.
    ///
    /// # Errors
    /// As for [`Outbox::start`].
    pub fn check(&mut self, index: u32, most: u32) -> Result<Option<u64>, OutboxError> {
        let source = self.running.get_mut(&index);
        let source = source.ok_or(OutboxError::Protocol("the entry was not started"))?;
        let checked = source.check_claim(&self.root, most);
        match checked {
            Ok(_) => source.close(),
            Err(_) => drop(self.running.remove(&index)),
        }
        checked
    }

    /// Reads the next leaf of a started entry into the buffer.
    ///
    /// # Errors
    /// The file changed or can't be read; the entry has to be abandoned.
    pub fn next_leaf(&mut self, index: u32, buffer: Vec<u8>) -> Result<Step, OutboxError> {
        self.limit_open(index);
        let source = self.running.get_mut(&index);
        let source = source.ok_or(OutboxError::Protocol("the entry was not started"))?;
        let step = source.next(&self.root, index, buffer);
        if !matches!(step, Ok(Step::Leaf { .. })) {
            self.running.remove(&index);
        }
        step
    }

    /// The receiver can't take an entry: it is not read any further.
    pub fn stop(&mut self, index: u32) {
        self.running.remove(&index);
    }

    /// Forgets what was started, for another attempt over a new connection.
    pub fn restart(&mut self) {
        self.running.clear();
        self.started.fill(0);
    }

    /// The key of sending this path from `own` to `peer`: the same command takes the transfer up
    /// again.
    pub fn key(&self, own: &[u8; 32], peer: &[u8; 32]) -> TransferKey {
        let mut hasher = blake3::Hasher::new_derive_key("transom 2026 transfer key of a path");
        hasher.update(own);
        hasher.update(peer);
        hasher.update(self.path.as_os_str().as_bytes());
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

    /// How many entries there are, files and folders.
    pub fn files(&self) -> u32 {
        self.list.len()
    }

    /// How many of the entries are folders.
    pub fn folders(&self) -> u32 {
        self.list.folders()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.list.bytes()
    }

    /// What was left out; see [`Outbox::unlisted`] for more.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// How many more were left out than [`Outbox::skipped`] lists.
    pub fn unlisted(&self) -> u32 {
        self.unlisted
    }

    /// An entry.
    pub fn entry(&self, index: u32) -> Option<EntryInfo> {
        let mut entry = self.list.entry(index)?;
        if self.shape == Shape::File {
            entry.path.clone_from(&self.name);
        }
        Some(entry)
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

/// The name as the user wrote it, or that of the folder he stands in for paths like `.`.
fn offered_name(path: &Path, canonical: &Path) -> Result<String, OutboxError> {
    let name = path.file_name().or(canonical.file_name());
    let name = name::to_text(name.unwrap_or_default().as_bytes());
    match RelativePath::new(&name) {
        Ok(_) => Ok(name),
        Err(_) => Err(OutboxError::Name(path_text(path))),
    }
}

fn open_failed(path: &str, source: std::io::Error) -> OutboxError {
    OutboxError::System {
        path: path.to_owned(),
        source,
    }
}
