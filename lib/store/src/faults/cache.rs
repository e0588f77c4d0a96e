//! What the kernel remembers of a disk: which bytes and names are really on it, and which
//! descriptors were reported of which write errors.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::path_of;
use crate::disk::Op;

/// A file or folder for as long as it lives; the system uses the numbers of its inodes again.
type Id = u64;

#[derive(Debug)]
pub(super) struct Cache {
    root: PathBuf,
    /// By device and inode.
    known: HashMap<(u64, u64), Id>,
    inodes: HashMap<Id, Inode>,
    descriptors: HashMap<u64, Descriptor>,
    /// Counts files, folders and descriptors.
    last: u64,
    /// Errors of the file system as a whole, which `syncfs` reports.
    errors: Errors,
    /// Parts of the paths that can't be written back.
    lost: Vec<String>,
}

#[derive(Debug, Default)]
struct Inode {
    is_folder: bool,
    /// What the disk has of it.
    image: Option<Image>,
    /// Whether memory has bytes that the disk was not given yet.
    dirty: bool,
    /// From where on memory has bytes that the disk did not take.
    spoiled: Option<u64>,
    errors: Errors,
    open: u32,
    /// Where it lies until it is closed, if it was removed and only hidden.
    hidden: Option<(OwnedFd, OsString)>,
}

#[derive(Debug)]
enum Image {
    File(Bytes),
    Folder {
        names: BTreeMap<OsString, Id>,
        look: Look,
    },
}

#[derive(Debug, Default)]
struct Bytes {
    bytes: Vec<u8>,
    look: Look,
}

/// Mode and time.
#[derive(Clone, Copy, Debug)]
struct Look {
    mode: u32,
    modified: SystemTime,
}

impl Look {
    fn of(found: &fs::Metadata) -> Self {
        Self {
            mode: found.mode() & 0o7777,
            modified: found.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        }
    }

    fn set(self, path: &Path) -> io::Result<()> {
        fs::set_permissions(path, fs::Permissions::from_mode(self.mode))?;
        fs::File::open(path)?.set_modified(self.modified)
    }
}

impl Default for Look {
    fn default() -> Self {
        Self {
            mode: 0o600,
            modified: SystemTime::UNIX_EPOCH,
        }
    }
}

#[derive(Debug)]
struct Descriptor {
    of: Id,
    /// Up to which error it was reported, of the file and of the file system.
    of_file: u32,
    of_disk: u32,
}

/// The kernel's `errseq_t`.
#[derive(Debug, Default)]
struct Errors {
    count: u32,
    /// Whether the last one was reported to anybody.
    reported: bool,
}

impl Errors {
    fn add(&mut self) {
        (self.count, self.reported) = (self.count + 1, false);
    }

    /// Where a new descriptor starts: before the last error, if it was reported to none.
    fn sample(&self) -> u32 {
        self.count - u32::from(self.count > 0 && !self.reported)
    }

    /// Reports to a descriptor what happened since it asked last.
    fn report(&mut self, reported: &mut u32) -> Result<(), Errno> {
        if *reported == self.count {
            return Ok(());
        }
        (*reported, self.reported) = (self.count, true);
        Err(Errno::IO)
    }
}

impl Cache {
    /// Of a folder all of which is on the disk.
    pub(super) fn of(root: &Path) -> Self {
        Self::from(root, 0)
    }

    /// The same, counting on from a number.
    fn from(root: &Path, last: u64) -> Self {
        let mut cache = Self {
            root: root.to_owned(),
            known: HashMap::new(),
            inodes: HashMap::new(),
            descriptors: HashMap::new(),
            last,
            errors: Errors::default(),
            lost: Vec::new(),
        };
        cache.flush("", true);
        cache
    }

    /// A path below the root.
    pub(super) fn path(&self, file: &fs::File, name: &OsStr) -> String {
        let path = path_of(file);
        let below = path.strip_prefix(&self.root).unwrap_or(&path).join(name);
        let below = below.to_string_lossy();
        below.strip_suffix('/').unwrap_or(&below).to_owned()
    }

    /// A descriptor was opened; gives its number.
    pub(super) fn opened(&mut self, file: &fs::File, created: bool) -> u64 {
        let of = self.id(&metadata(file), created);
        let inode = self.inodes.entry(of).or_default();
        inode.open += 1;
        let descriptor = Descriptor {
            of,
            of_file: inode.errors.sample(),
            of_disk: self.errors.sample(),
        };
        self.last += 1;
        self.descriptors.insert(self.last, descriptor);
        self.last
    }

    /// A descriptor was closed.
    pub(super) fn closed(&mut self, number: u64) {
        let closed = self.descriptors.remove(&number);
        let Some(inode) = closed.and_then(|closed| self.inodes.get_mut(&closed.of)) else {
            return;
        };
        inode.open = inode.open.saturating_sub(1);
        if inode.open == 0
            && let Some((folder, name)) = inode.hidden.take()
        {
            // It may have gone with a power cut.
            let _ = rustix::fs::unlinkat(folder, name, AtFlags::empty());
        }
    }

    /// A change has been made in memory.
    pub(super) fn changed(&mut self, op: Op, number: u64, file: &fs::File, name: &OsStr) {
        match op {
            Op::MakeFolder => {
                let path = path_of(file).join(name);
                let made = fs::symlink_metadata(path).expect("the folder was made just now");
                self.id(&made, true);
            }
            Op::Write | Op::Resize => {
                let of = self
                    .descriptors
                    .get(&number)
                    .map(|descriptor| descriptor.of);
                if let Some(inode) = of.and_then(|of| self.inodes.get_mut(&of)) {
                    inode.dirty = true;
                    let len = metadata(file).len();
                    inode.spoiled = inode.spoiled.filter(|from| *from < len);
                }
            }
            _ => {}
        }
    }

    /// Renames a file that is to be removed, if it is open.
    pub(super) fn hide(&mut self, folder: &fs::File, name: &OsStr) -> Result<bool, Errno> {
        let found = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
        let id = self.known.get(&(found.st_dev as u64, found.st_ino as u64));
        let inode = id.and_then(|id| self.inodes.get_mut(id));
        let Some(inode) = inode.filter(|inode| is_file && inode.open > 0) else {
            return Ok(false);
        };
        self.last += 1;
        let hidden = OsString::from(format!(".fuse_hidden{:08x}", self.last));
        rustix::fs::renameat(folder, name, folder, &hidden)?;
        inode.hidden = Some((folder.try_clone().map_err(|_| Errno::MFILE)?.into(), hidden));
        Ok(true)
    }

    pub(super) fn sync_file(
        &mut self,
        number: u64,
        file: &fs::File,
        whole: bool,
    ) -> Result<(), Errno> {
        let path = path_of(file);
        let id = self.id(&metadata(file), false);
        self.bring(id, &path, whole);
        let Some(descriptor) = self.descriptors.get_mut(&number) else {
            return Ok(());
        };
        let inode = self.inodes.entry(id).or_default();
        inode.errors.report(&mut descriptor.of_file)
    }

    pub(super) fn sync_folder(&mut self, number: u64, folder: &fs::File) -> Result<(), Errno> {
        if self.descriptors.contains_key(&number) {
            self.list(&path_of(folder));
        }
        Ok(())
    }

    pub(super) fn sync_all(&mut self, number: u64) -> Result<(), Errno> {
        self.flush("", true);
        match self.descriptors.get_mut(&number) {
            Some(descriptor) => self.errors.report(&mut descriptor.of_disk),
            None => Ok(()),
        }
    }

    pub(super) fn write_back(&mut self, of: &str) {
        self.flush(of, false);
    }

    pub(super) fn lose(&mut self, path: &str) {
        self.lost.push(path.to_owned());
    }

    /// Writeback fails once, for every file that has dirty bytes.
    pub(super) fn lose_dirty(&mut self) {
        let lost = std::mem::replace(&mut self.lost, vec![String::new()]);
        self.flush("", false);
        self.lost = lost;
    }

    pub(super) fn heal(&mut self) {
        self.lost.clear();
    }

    /// Clean pages go; what the disk never took goes with them.
    pub(super) fn drop_pages(&mut self, number: u64, file: &fs::File) {
        let of = self
            .descriptors
            .get(&number)
            .map(|descriptor| descriptor.of);
        let Some(inode) = of.and_then(|of| self.inodes.get_mut(&of)) else {
            return;
        };
        if inode.dirty || inode.spoiled.take().is_none() {
            return;
        }
        let mut bytes = match &inode.image {
            Some(Image::File(image)) => image.bytes.clone(),
            _ => Vec::new(),
        };
        let found = metadata(file);
        // The file is as long as it was; blocks that never came read as zeros.
        bytes.resize(found.len() as usize, 0);
        let again = format!("/proc/self/fd/{}", file.as_raw_fd());
        let written = fs::File::options().write(true).open(again).and_then(|to| {
            to.write_all_at(&bytes, 0)?;
            to.set_modified(found.modified()?)
        });
        written.expect("a file of the test's can be written");
    }

    /// Leaves what is really on the disk.
    pub(super) fn cut_power(&mut self) -> io::Result<()> {
        let root = self.id(&fs::metadata(&self.root)?, false);
        for entry in fs::read_dir(&self.root)? {
            let path = entry?.path();
            match path.symlink_metadata()?.is_dir() {
                true => fs::remove_dir_all(path)?,
                false => fs::remove_file(path)?,
            }
        }
        self.rebuild(root, &self.root, &mut HashMap::new())?;
        // What was open stays with the time before: its numbers are no longer known.
        *self = Self::from(&self.root, self.last);
        Ok(())
    }

    fn rebuild(&self, id: Id, path: &Path, built: &mut HashMap<Id, PathBuf>) -> io::Result<()> {
        let Some(Image::Folder { names, look }) = &self.inodes[&id].image else {
            return Ok(());
        };
        for (name, id) in names {
            let path = path.join(name);
            if let Some(other) = built.get(id) {
                fs::hard_link(other, path)?;
                continue;
            }
            match &self.inodes[id].image {
                Some(Image::Folder { .. }) => {
                    fs::create_dir(&path)?;
                    self.rebuild(*id, &path, built)?;
                }
                Some(Image::File(image)) => {
                    fs::write(&path, &image.bytes)?;
                    image.look.set(&path)?;
                    built.insert(*id, path);
                }
                // Only its name came to the disk.
                None if self.inodes[id].is_folder => fs::create_dir(&path)?,
                None => fs::write(&path, b"")?,
            }
        }
        look.set(path)
    }

    /// Brings everything below the root to the disk: bytes, and `whole` also names, modes and
    /// times.
    fn flush(&mut self, of: &str, whole: bool) {
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)
                .expect("the folder can be read")
                .flatten()
            {
                let Ok(found) = entry.metadata() else {
                    continue;
                };
                if found.is_dir() {
                    folders.push(entry.path());
                } else if found.is_file() && entry.path().to_string_lossy().contains(of) {
                    let id = self.id(&found, false);
                    self.bring(id, &entry.path(), whole);
                }
            }
            if whole {
                self.list(&folder);
            }
        }
    }

    /// Brings a file to the disk, if the disk takes it. One that has lost bytes stays without all
    /// that is written to it later, until it is cut to what it had: only what is written again
    /// would be brought.
    fn bring(&mut self, id: Id, path: &Path, whole: bool) {
        let is_lost = |lost: &String| path.to_string_lossy().contains(lost);
        let inode = self.inodes.entry(id).or_default();
        let Ok((found, in_memory)) = read(path) else {
            return;
        };
        let (is_new, mut image) = match inode.image.take() {
            Some(Image::File(image)) => (false, image),
            _ => (true, Bytes::default()),
        };
        if inode.dirty && self.lost.iter().any(is_lost) {
            let pairs = image.bytes.iter().zip(&in_memory);
            let same = pairs.take_while(|(a, b)| a == b).count() as u64;
            inode.spoiled.get_or_insert(same);
            inode.errors.add();
            self.errors.add();
        }
        inode.dirty = false;
        if inode.spoiled.is_none() {
            image.bytes = in_memory;
        }
        if whole || is_new {
            image.look = Look::of(&found);
        }
        inode.image = Some(Image::File(image));
    }

    /// Brings the names in a folder to the disk.
    fn list(&mut self, folder: &Path) {
        let (Ok(found), Ok(entries)) = (fs::metadata(folder), fs::read_dir(folder)) else {
            return;
        };
        let mut names = BTreeMap::new();
        for entry in entries.flatten() {
            if let Ok(found) = entry.metadata() {
                names.insert(entry.file_name(), self.id(&found, false));
            }
        }
        let id = self.id(&found, false);
        let look = Look::of(&found);
        let inode = self.inodes.entry(id).or_default();
        inode.image = Some(Image::Folder { names, look });
    }

    /// Which file or folder that is; a new one whatever had its number before.
    fn id(&mut self, found: &fs::Metadata, is_new: bool) -> Id {
        let number = (found.dev(), found.ino());
        if let (Some(id), false) = (self.known.get(&number), is_new) {
            return *id;
        }
        self.last += 1;
        self.known.insert(number, self.last);
        // Somebody wrote it without us, or is going to.
        let inode = Inode {
            is_folder: found.is_dir(),
            dirty: found.is_file(),
            ..Inode::default()
        };
        self.inodes.insert(self.last, inode);
        self.last
    }
}

fn metadata(file: &fs::File) -> fs::Metadata {
    file.metadata().expect("an open file has metadata")
}

fn read(path: &Path) -> io::Result<(fs::Metadata, Vec<u8>)> {
    let (mut file, mut bytes) = (fs::File::open(path)?, Vec::new());
    file.read_to_end(&mut bytes)?;
    Ok((file.metadata()?, bytes))
}
