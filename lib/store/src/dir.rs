//! A folder held open: everything in it is reached from its handle, never again by its path.
//! It knows no transfer; it refuses links, and paths that lead anywhere but down.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::file::times;
use open::{beneath, regular};
use remove::empty;

mod open;
mod remove;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Dir {
    fd: OwnedFd,
}

/// What a name in a folder is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
    Other,
}

/// What a folder tells of a file in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metadata {
    pub(crate) mode: u16,
    pub(crate) mtime: i64,
    pub(crate) size: u64,
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
    /// Opens a folder by a path of the user's own, whose links are his business.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = fs::openat(fs::CWD, path, flags, Mode::empty())?;
        Ok(Self { fd })
    }

    /// Opens a folder below this one.
    pub(crate) fn sub(&self, path: &str) -> io::Result<Self> {
        let fd = beneath(&self.fd, path, OFlags::RDONLY | OFlags::DIRECTORY, PRIVATE)?;
        Ok(Self { fd })
    }

    /// Makes one folder, which only we may enter.
    pub(crate) fn make(&self, path: &str) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        Ok(fs::mkdirat(parent.fd(self), name, PRIVATE_FOLDER)?)
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

    /// Makes a file that wasn't there, and the folders above it; says how many of those are new.
    pub(crate) fn create(&self, path: &str) -> io::Result<(File, u64)> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        match beneath(&self.fd, path, flags, PRIVATE) {
            Err(Errno::NOENT) => {
                let (above, _) = path.rsplit_once('/').ok_or(Errno::NOENT)?;
                let made = self.make_all(above)?;
                Ok((beneath(&self.fd, path, flags, PRIVATE)?.into(), made))
            }
            made => Ok((made?.into(), 0)),
        }
    }

    /// Opens a regular file to read it.
    pub(crate) fn read(&self, path: &str) -> io::Result<File> {
        regular(beneath(&self.fd, path, OFlags::RDONLY, Mode::empty())?)
    }

    /// Opens a regular file of our own to write on, one that has no second name.
    pub(crate) fn write(&self, path: &str) -> io::Result<File> {
        let file = regular(beneath(&self.fd, path, OFlags::RDWR, Mode::empty())?)?;
        let stat = fs::fstat(&file)?;
        let ours = stat.st_uid == rustix::process::geteuid().as_raw() && stat.st_nlink == 1;
        if ours {
            Ok(file)
        } else {
            Err(Errno::PERM.into())
        }
    }

    /// Opens a regular file of our own to write on, and makes it if it isn't there.
    pub(crate) fn write_or_create(&self, path: &str) -> io::Result<File> {
        match self.create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.write(path),
            made => made.map(|(file, _)| file),
        }
    }

    /// Moves to a name that must be free.
    pub(crate) fn rename_new(&self, from: &str, to: &Self, name: &str) -> io::Result<()> {
        let (from_parent, from) = self.parent(from)?;
        let (to_parent, name) = to.parent(name)?;
        let (old, new) = (from_parent.fd(self), to_parent.fd(to));
        match fs::renameat_with(old, from, new, name, RenameFlags::NOREPLACE) {
            // Some network and FAT file systems can't: take the name exclusively, then replace our own placeholder.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                let folder = kind(old, from)? == Kind::Folder;
                take(new, name, folder)?;
                fs::renameat(old, from, new, name).inspect_err(|_| {
                    let flags = if folder {
                        AtFlags::REMOVEDIR
                    } else {
                        AtFlags::empty()
                    };
                    let _ = fs::unlinkat(new, name, flags);
                })?;
                Ok(())
            }
            renamed => Ok(renamed?),
        }
    }

    /// Moves to a name, in place of the file that has it.
    pub(crate) fn rename_over(&self, from: &str, to: &Self, name: &str) -> io::Result<()> {
        let (from_parent, from) = self.parent(from)?;
        let (to_parent, name) = to.parent(name)?;
        let (old, new) = (from_parent.fd(self), to_parent.fd(to));
        Ok(fs::renameat(old, from, new, name)?)
    }

    /// Removes a file, a link or whatever else is no folder.
    pub(crate) fn remove_file(&self, path: &str) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        Ok(fs::unlinkat(parent.fd(self), name, AtFlags::empty())?)
    }

    /// Removes a folder with all that is in it, without following a link.
    pub(crate) fn remove_all(&self, path: &str) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        empty(&beneath(
            parent.fd(self),
            name,
            OFlags::RDONLY | OFlags::DIRECTORY,
            PRIVATE,
        )?)?;
        Ok(fs::unlinkat(parent.fd(self), name, AtFlags::REMOVEDIR)?)
    }

    /// Removes all that is in it.
    pub(crate) fn clear(&self) -> io::Result<()> {
        empty(&self.fd)
    }

    /// What the name is, not looking through a link.
    pub(crate) fn kind(&self, path: &str) -> io::Result<Kind> {
        let (parent, name) = self.parent(path)?;
        kind(parent.fd(self), name)
    }

    /// Mode, time and size of the file of that name.
    pub(crate) fn metadata(&self, name: &str) -> io::Result<Metadata> {
        let stat = fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(Metadata {
            mode: (stat.st_mode & 0o7777) as u16,
            mtime: stat
                .st_mtime
                .saturating_mul(1_000_000_000)
                .saturating_add(stat.st_mtime_nsec as i64),
            size: u64::try_from(stat.st_size).unwrap_or(0),
        })
    }

    /// The names in it that are UTF-8, and how many are not.
    pub(crate) fn names(&self) -> io::Result<(Vec<(String, Kind)>, u32)> {
        let (mut names, mut foreign) = (Vec::new(), 0);
        for entry in fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            match entry.file_name().to_bytes() {
                b"." | b".." => {}
                bytes => match std::str::from_utf8(bytes) {
                    Ok(name) => names.push((name.to_owned(), self.listed(name, entry.file_type()))),
                    Err(_) => foreign += 1,
                },
            }
        }
        Ok((names, foreign))
    }

    /// Takes the lock of a file in it, or says that another process has it.
    pub(crate) fn lock(&self, name: &str) -> io::Result<Lock> {
        let file = self.write_or_create(name)?;
        fs::flock(&file, fs::FlockOperation::NonBlockingLockExclusive)?;
        Ok(Lock(file))
    }

    /// Waits until the names in it are on the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.fd)?)
    }

    /// Waits until everything on its file system is on the disk.
    pub(crate) fn sync_all(&self) -> io::Result<()> {
        Ok(fs::syncfs(&self.fd)?)
    }

    /// What may still be written to its file system, and how large that is.
    pub(crate) fn space(&self) -> io::Result<Space> {
        let stat = fs::fstatvfs(&self.fd)?;
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
        Ok(fs::fchmod(&self.fd, Mode::from_raw_mode(mode.into()))?)
    }

    /// Sets the time the folder was changed.
    pub(crate) fn date(&self, mtime: i64) -> io::Result<()> {
        Ok(fs::futimens(&self.fd, &times(mtime))?)
    }

    /// Permission bits of the folder itself.
    pub(crate) fn mode(&self) -> io::Result<u16> {
        Ok((fs::fstat(&self.fd)?.st_mode & 0o7777) as u16)
    }

    /// Whether it belongs to the user we run as.
    pub(crate) fn is_ours(&self) -> io::Result<bool> {
        let stat = fs::fstat(&self.fd)?;
        Ok(stat.st_uid == rustix::process::geteuid().as_raw())
    }

    /// Whether it was removed from where it was.
    pub(crate) fn is_gone(&self) -> bool {
        fs::fstat(&self.fd).is_ok_and(|stat| stat.st_nlink == 0)
    }

    fn parent<'a>(&self, path: &'a str) -> io::Result<(Parent, &'a str)> {
        match path.rsplit_once('/') {
            None => Ok((Parent::Itself, path)),
            Some((above, name)) => Ok((Parent::Below(self.sub(above)?), name)),
        }
    }

    fn listed(&self, name: &str, told: FileType) -> Kind {
        match told {
            // Some file systems don't tell; then ask.
            FileType::Unknown => kind(&self.fd, name).unwrap_or(Kind::Other),
            told => told.into(),
        }
    }
}

/// A file whose lock is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child that was forked and has not yet begun its own program has the file open too.
        let _ = fs::flock(&self.0, fs::FlockOperation::Unlock);
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

/// The folder a name is in: the one at hand or one below it.
enum Parent {
    Itself,
    Below(Dir),
}

impl Parent {
    fn fd<'a>(&'a self, itself: &'a Dir) -> &'a OwnedFd {
        match self {
            Self::Itself => &itself.fd,
            Self::Below(dir) => &dir.fd,
        }
    }
}

fn kind(at: &OwnedFd, name: &str) -> io::Result<Kind> {
    let stat = fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode).into())
}

/// Takes a free name with an empty file or folder.
fn take(at: &OwnedFd, name: &str, folder: bool) -> io::Result<()> {
    if folder {
        return Ok(fs::mkdirat(at, name, PRIVATE_FOLDER)?);
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    fs::openat(at, name, flags, PRIVATE)?;
    Ok(())
}

const PRIVATE: Mode = Mode::from_raw_mode(0o600);
const PRIVATE_FOLDER: Mode = Mode::from_raw_mode(0o700);
