//! The only module that calls the system for a disk. Every call that opens, changes, reads or syncs
//! a file or folder goes through a [`Handle`]; nothing else in this crate makes one.
//!
//! ```text
//!   inbox  reception  publish  journal  published    outbox
//!          |                 |                          |
//!         Dir: names       File: bytes of one file      |
//!          +-------- Handle: one open descriptor -------+
//!                       |
//!                       +-- seam: none, or the disk that a test mounted (faults::Disk)
//!                       |
//!                  the kernel
//! ```
//!
//! A handle is one open file description of the kernel. That is more than a detail: the kernel
//! reports a writeback error once to each description that was open when it happened, so a handle
//! that two users share reports it to only one of them.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::faults::{self, Watch};

/// A call to the system, by what it does to the disk.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
#[cfg_attr(
    not(feature = "faults"),
    expect(
        dead_code,
        unreachable_pub,
        reason = "only the disk for tests tells them apart"
    )
)]
pub enum Op {
    /// Make a file that wasn't there, and open it.
    Create,
    /// Drop clean pages of a file from memory, so that the next read is one of the disk.
    DropCache,
    /// Name the entries of a folder.
    List,
    /// Take the lock of a file.
    Lock,
    /// Make a folder.
    MakeFolder,
    /// Open a file or folder that is there.
    Open,
    /// Read bytes of a file.
    Read,
    /// Remove a name that is no folder's.
    Remove,
    /// Remove an empty folder.
    RemoveFolder,
    /// Move to another name; with or without replacing what has it.
    Rename,
    /// Set bytes of the disk aside for a file.
    Reserve,
    /// Cut a file, or lengthen it with zeros.
    Resize,
    /// Set permission bits, or the owner.
    SetMode,
    /// Set the time of the last change.
    SetTime,
    /// Ask for free space.
    Space,
    /// Bring everything on the file system to the disk (`syncfs`).
    SyncAll,
    /// Bring a file's bytes and size to the disk (`fdatasync`).
    SyncData,
    /// Bring a file with its mode and time to the disk (`fsync`).
    SyncFile,
    /// Bring the names in a folder to the disk (`fsync`).
    SyncFolder,
    /// Write bytes of a file.
    Write,
}

/// An open file or folder.
#[derive(Debug)]
pub(crate) struct Handle {
    file: fs::File,
    /// None unless a test mounted a disk over the place.
    seam: Option<Box<Watch>>,
}

impl Handle {
    /// Opens by a path of the user's own. This is where a test's disk comes in.
    pub(crate) fn open(path: &Path, flags: OFlags) -> Result<Self, Errno> {
        let fd = rustix::fs::openat(
            rustix::fs::CWD,
            path,
            flags | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let file = fd.into();
        let seam = faults::mounted_over(&file).map(Box::new);
        Ok(Self { file, seam })
    }

    /// Opens or creates something below this folder. `open` is the call that does it.
    pub(crate) fn below(
        &self,
        op: Op,
        path: impl AsRef<OsStr>,
        open: impl FnOnce(&fs::File) -> Result<OwnedFd, Errno>,
    ) -> Result<Self, Errno> {
        let file: fs::File = self.query(op, path, open)?.into();
        let seam = self
            .seam
            .as_ref()
            .map(|seam| Box::new(seam.opened(op, &file)));
        Ok(Self { file, seam })
    }

    /// A call that returns a value: a test can let it fail.
    pub(crate) fn query<T, E: From<Errno>>(
        &self,
        op: Op,
        name: impl AsRef<OsStr>,
        call: impl FnOnce(&fs::File) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.seam {
            None => call(&self.file),
            Some(seam) => seam.query(op, name.as_ref(), &self.file, call),
        }
    }

    /// A call that only has an effect: the disk of a test can also report it as done without doing
    /// it.
    pub(crate) fn command<E: From<Errno>>(
        &self,
        op: Op,
        name: impl AsRef<OsStr>,
        call: impl FnOnce(&fs::File) -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.seam {
            None => call(&self.file),
            Some(seam) => seam.command(op, name.as_ref(), &self.file, call),
        }
    }

    /// Reads the entries of this folder one by one.
    pub(crate) fn list(&self) -> Result<rustix::fs::Dir, Errno> {
        self.query(Op::List, "", |file| rustix::fs::Dir::read_from(file))
    }

    /// Moves a name in this folder to one in another.
    pub(crate) fn rename(
        &self,
        name: &OsStr,
        to: &Self,
        new: &OsStr,
        call: impl FnOnce(&fs::File, &fs::File) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        match &self.seam {
            None => call(&self.file, &to.file),
            Some(seam) => seam.rename((&self.file, name), (&to.file, new), call),
        }
    }

    /// The descriptor, for calls that only look: they neither fail nor lie in a test.
    pub(crate) fn fd(&self) -> &fs::File {
        &self.file
    }

    /// What kind of file system it is on (`f_type` of statfs); 0 where that is not known.
    pub(crate) fn file_system(&self) -> u32 {
        match &self.seam {
            None => magic(&self.file),
            Some(seam) => seam.file_system(),
        }
    }
}

#[cfg(target_os = "linux")]
fn magic(file: &fs::File) -> u32 {
    // Magic numbers have 32 bits; the field is wider on some machines and signed on others.
    rustix::fs::fstatfs(file).map_or(0, |found| found.f_type as u32)
}

/// Only Linux names its file systems by a number, and only there `syncfs` is called.
#[cfg(not(target_os = "linux"))]
fn magic(_: &fs::File) -> u32 {
    0
}
