//! A folder held open: everything in it is reached from its handle, never again by its path. It
//! knows no transfer; it refuses links, and paths that lead anywhere but down. Paths are those of
//! the wire, and become those of the disk here and nowhere else ([`crate::name`]).

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::disk::{Handle, Op};
use crate::file::{File, Metadata, set_mode, set_time};
use crate::{name, wall};
use open::{beneath, ours_alone, regular};

mod open;
mod remove;
mod walk;

pub(crate) use walk::{Unreadable, Visit, Walk};

/// An open folder.
#[derive(Debug)]
pub(crate) struct Dir {
    handle: Handle,
}

/// What a name in a folder is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
    Other,
}

/// The room on a file system.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Space {
    pub(crate) free: u64,
    pub(crate) bytes: u64,
    /// Files that may still be made.
    pub(crate) free_names: u64,
    /// Files it can hold; 0 where there is no limit.
    pub(crate) names: u64,
}

impl Dir {
    /// Opens a folder by a path that the user chose; its links are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let handle = Handle::open(path, FOLDER)?;
        Ok(Self { handle })
    }

    /// Opens a folder by a path that the user chose, and makes it and those above it if they aren't
    /// there. Then its name is on the disk, as far as the folder above can be opened.
    pub(crate) fn open_or_make(path: &Path) -> io::Result<Self> {
        match Self::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(dir) => {
                dir.sync_above()?;
                return Ok(dir);
            }
        }
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Errno::NOENT.into());
        };
        let above = match above.as_os_str().is_empty() {
            true => Path::new("."),
            false => above,
        };
        let above = Self::open_or_make(above)?;
        match make(&above.handle, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        above.sync()?;
        Self::open(path)
    }

    /// Opens a folder below this one.
    pub(crate) fn sub(&self, path: &str) -> io::Result<Self> {
        let handle = self.below(Op::Open, path, FOLDER)?;
        Ok(Self { handle })
    }

    /// Opens the same folder once more: the kernel reports a write error once to each descriptor,
    /// so a user that must see all of them needs one that no other user syncs.
    pub(crate) fn again(&self) -> io::Result<Self> {
        let open =
            |at: &std::fs::File| fs::openat(at, ".", FOLDER | OFlags::CLOEXEC, Mode::empty());
        let handle = self.handle.below(Op::Open, "", open)?;
        Ok(Self { handle })
    }

    /// Confines the calling thread to the folder, where the kernel can do that.
    pub(crate) fn confine_thread(&self) {
        wall::confine_to(self.handle.fd());
    }

    /// Makes one folder, which only we may enter.
    pub(crate) fn make(&self, path: &str) -> io::Result<()> {
        self.at(path, |at, name| Ok(make(at, name, PRIVATE_FOLDER)?))
    }

    /// Makes a folder and those above it; says how many are new.
    pub(crate) fn make_all(&self, path: &str) -> io::Result<u64> {
        match self.make(path) {
            Ok(()) => return Ok(1),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return self.sub(path).map(|_| 0);
            }
            Err(error) => return Err(error),
        }
        let mut made = 1;
        for (slash, _) in path.match_indices('/') {
            match self.make(&path[..slash]) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) => {}
                Ok(()) => made += 1,
            }
        }
        self.make(path).map(|()| made)
    }

    /// Makes a file that wasn't there, which only we may open.
    pub(crate) fn create(&self, path: &str) -> io::Result<File> {
        Ok(File::new(self.new_file(path, PRIVATE)?))
    }

    /// Makes a file that wasn't there with that mode, as far as the user's umask allows it, and the
    /// folders above it; says how many of those are new.
    pub(crate) fn create_all(&self, path: &str, mode: u16) -> io::Result<(File, u64)> {
        let mode = Mode::from_raw_mode(mode.into());
        match self.new_file(path, mode) {
            Err(Errno::NOENT) => {
                let (above, _) = path.rsplit_once('/').ok_or(Errno::NOENT)?;
                let made = self.make_all(above)?;
                Ok((File::new(self.new_file(path, mode)?), made))
            }
            made => Ok((File::new(made?), 0)),
        }
    }

    /// Whether nothing has that name.
    ///
    /// # Errors
    /// Nothing could have it, or the system does not tell.
    pub(crate) fn is_free(&self, path: &str) -> io::Result<bool> {
        match self.below(Op::Open, path, OFlags::RDONLY) {
            // A link has the name: none is gone through.
            Ok(_) | Err(Errno::LOOP) => Ok(false),
            Err(Errno::NOENT) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file to read it.
    pub(crate) fn read(&self, path: &str) -> io::Result<File> {
        self.read_with_metadata(path).map(|(file, _)| file)
    }

    /// Opens a regular file to read it, and says what the system knows of it.
    pub(crate) fn read_with_metadata(&self, path: &str) -> io::Result<(File, Metadata)> {
        regular(self.below(Op::Open, path, OFlags::RDONLY)?)
    }

    /// Opens a regular file of our own to write on, one that has no second name.
    pub(crate) fn write(&self, path: &str) -> io::Result<File> {
        ours_alone(self.below(Op::Open, path, OFlags::RDWR)?)
    }

    /// Opens a regular file of our own to write on, and makes it if it isn't there.
    pub(crate) fn write_or_create(&self, path: &str) -> io::Result<File> {
        match self.create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.write(path),
            made => made,
        }
    }

    /// Moves to a name that must be free.
    pub(crate) fn rename_new(&self, from: &str, to: &Self, path: &str) -> io::Result<()> {
        let renamed = self.at(from, |old, from| {
            to.at(path, |new, name| Ok(rename_new(old, from, new, name)?))
        });
        match renamed.as_ref().map_err(Errno::from_io_error) {
            // Some network and FAT file systems can't: take the name exclusively, then replace our
            // own placeholder.
            Err(Some(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP)) => {
                let is_folder = self.kind(from)? == Kind::Folder;
                match is_folder {
                    true => to.make(path)?,
                    false => drop(to.create(path)?),
                }
                self.rename_over(from, to, path).inspect_err(|_| {
                    let _ = to.at(path, |at, name| Ok(remove::one(at, name, is_folder)?));
                })
            }
            _ => renamed,
        }
    }

    /// Moves to a name, in place of the file that has it.
    pub(crate) fn rename_over(&self, from: &str, to: &Self, path: &str) -> io::Result<()> {
        self.at(from, |old, from| {
            to.at(path, |new, name| Ok(rename(old, from, new, name)?))
        })
    }

    /// Removes a file, a link or anything else that is no folder.
    pub(crate) fn remove_file(&self, path: &str) -> io::Result<()> {
        self.at(path, |at, name| Ok(remove::one(at, name, false)?))
    }

    /// Removes a folder with all that is in it, without following a link.
    pub(crate) fn remove_all(&self, path: &str) -> io::Result<()> {
        while !self.remove_some(path, &mut { u32::MAX })? {}
        Ok(())
    }

    /// The same, as much as is left of a slice; says whether that was all.
    pub(crate) fn remove_some(&self, path: &str, left: &mut u32) -> io::Result<bool> {
        if !remove::empty(&self.sub(path)?.handle, left)? {
            return Ok(false);
        }
        self.at(path, |at, name| Ok(remove::one(at, name, true)?))?;
        Ok(true)
    }

    /// What the name is, not looking through a link.
    pub(crate) fn kind(&self, path: &str) -> io::Result<Kind> {
        self.at(path, kind)
    }

    /// What the system knows of the file of that name.
    pub(crate) fn metadata(&self, name: &str) -> io::Result<Metadata> {
        let name = name::to_disk(name)?;
        let stat = fs::statat(self.handle.fd(), &*name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Metadata::from(&stat))
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> io::Result<bool> {
        for entry in self.handle.list()? {
            if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes the lock of a file in it, or says that another process has it.
    pub(crate) fn lock(&self, name: &str) -> io::Result<Lock> {
        let file = self.write_or_create(name)?;
        file.lock()?;
        Ok(Lock(file))
    }

    /// Waits until the names in it are on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        match self
            .handle
            .command(Op::SyncFolder, "", |dir| fs::fsync(dir))
        {
            // Its file system has no such call for folders, and so nothing to wait for.
            Err(Errno::INVAL | Errno::NOTSUP) => Ok(()),
            synced => Ok(synced?),
        }
    }

    /// Waits until its own name is on the disk: an earlier run may have been killed before that. In
    /// a folder above that we may not open we have made nothing.
    fn sync_above(&self) -> io::Result<()> {
        let open =
            |at: &std::fs::File| fs::openat(at, "..", FOLDER | OFlags::CLOEXEC, Mode::empty());
        match self.handle.below(Op::Open, "..", open) {
            Err(Errno::ACCESS | Errno::PERM) => Ok(()),
            above => Self { handle: above? }.sync(),
        }
    }

    /// Waits until everything on its file system is on the disk. Where that can't be relied on
    /// ([`Syncing`](crate::syncing::Syncing)) nobody asks for it.
    pub(crate) fn sync_all(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        self.handle
            .command(Op::SyncAll, "", |dir| fs::syncfs(dir))?;
        Ok(())
    }

    /// What kind of file system it is on, as statfs numbers them; 0 where that is not known.
    pub(crate) fn file_system(&self) -> u32 {
        self.handle.file_system()
    }

    /// What may still be written to its file system, and how large that is.
    pub(crate) fn space(&self) -> io::Result<Space> {
        let stat = self.handle.query(Op::Space, "", |dir| fs::fstatvfs(dir))?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok(Space {
            free: bytes(stat.f_bavail),
            bytes: bytes(stat.f_blocks),
            free_names: stat.f_favail,
            names: stat.f_files,
        })
    }

    /// Sets permission bits of the folder itself.
    pub(crate) fn permit(&self, mode: u16) -> io::Result<()> {
        let mode = Mode::from_raw_mode(mode.into());
        Ok(self
            .handle
            .command(Op::SetMode, "", |dir| fs::fchmod(dir, mode))?)
    }

    /// The same, as far as its file system has such.
    pub(crate) fn set_mode(&self, mode: u16) -> io::Result<()> {
        set_mode(&self.handle, mode)
    }

    /// Sets the time of change of the folder itself, as far as its file system has such.
    pub(crate) fn set_time(&self, mtime: i64) -> io::Result<()> {
        set_time(&self.handle, mtime)
    }

    /// Permission bits of the folder itself.
    pub(crate) fn mode(&self) -> io::Result<u16> {
        Ok(Metadata::from(&fs::fstat(self.handle.fd())?).mode)
    }

    /// Its number on its file system.
    pub(crate) fn inode(&self) -> io::Result<u64> {
        Ok(fs::fstat(self.handle.fd())?.st_ino)
    }

    /// Whether it belongs to the user we run as.
    pub(crate) fn is_ours(&self) -> io::Result<bool> {
        let stat = fs::fstat(self.handle.fd())?;
        Ok(stat.st_uid == rustix::process::geteuid().as_raw())
    }

    /// Whether it was removed from where it was.
    pub(crate) fn is_gone(&self) -> bool {
        fs::fstat(self.handle.fd()).is_ok_and(|stat| stat.st_nlink == 0)
    }

    fn below(&self, op: Op, path: &str, flags: OFlags) -> Result<Handle, Errno> {
        let path = &*name::to_disk(path)?;
        self.handle
            .below(op, path, |at| beneath(at, path, flags, Mode::empty()))
    }

    fn new_file(&self, path: &str, mode: Mode) -> Result<Handle, Errno> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        let path = &*name::to_disk(path)?;
        self.handle
            .below(Op::Create, path, |at| beneath(at, path, flags, mode))
    }

    /// Does a call in the folder that a path's last name is in, with that name as the disk has it.
    fn at<T>(
        &self,
        path: &str,
        call: impl FnOnce(&Handle, &OsStr) -> io::Result<T>,
    ) -> io::Result<T> {
        match path.rsplit_once('/') {
            None => call(&self.handle, &name::to_disk(path)?),
            Some((above, name)) => call(&self.sub(above)?.handle, &name::to_disk(name)?),
        }
    }

    fn listed(&self, name: &[u8], told: FileType) -> Kind {
        match told {
            // Some file systems don't tell; then ask.
            FileType::Unknown => kind(&self.handle, OsStr::from_bytes(name)).unwrap_or(Kind::Other),
            told => told.into(),
        }
    }
}

/// A file whose lock is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

impl From<FileType> for Kind {
    fn from(of: FileType) -> Self {
        match of {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Folder,
            FileType::Symlink => Self::Link,
            _ => Self::Other,
        }
    }
}

fn kind(at: &Handle, name: &OsStr) -> io::Result<Kind> {
    let stat = fs::statat(at.fd(), name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode).into())
}

fn make(at: &Handle, name: &OsStr, mode: Mode) -> Result<(), Errno> {
    at.command(Op::MakeFolder, name, |at| fs::mkdirat(at, name, mode))
}

fn rename(from: &Handle, name: &OsStr, to: &Handle, new: &OsStr) -> Result<(), Errno> {
    from.rename(name, to, new, |from, to| fs::renameat(from, name, to, new))
}

/// Moves to a name that must be free, where the system can look and move in one step.
fn rename_new(from: &Handle, name: &OsStr, to: &Handle, new: &OsStr) -> Result<(), Errno> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    return from.rename(name, to, new, |from, to| {
        fs::renameat_with(from, name, to, new, fs::RenameFlags::NOREPLACE)
    });
    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    return Err(Errno::NOSYS);
}

/// What came of a call, where it is no failure that something is missing.
pub(crate) fn if_missing<T>(result: io::Result<T>, missing: T) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(missing),
        result => result,
    }
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);
const PRIVATE: Mode = Mode::from_raw_mode(0o600);
const PRIVATE_FOLDER: Mode = Mode::from_raw_mode(0o700);
