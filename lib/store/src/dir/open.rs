//! Opening what is below a folder, and nothing else.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::disk::Handle;
use crate::file::{File, Metadata};

/// Opens below a folder: the kernel refuses links and ways out (`openat2`), else each part is
/// opened by itself.
pub(super) fn beneath(
    at: &impl AsFd,
    path: &OsStr,
    flags: OFlags,
    mode: Mode,
) -> rustix::io::Result<OwnedFd> {
    // NONBLOCK: opening a FIFO must not block.
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    #[cfg(target_os = "linux")]
    {
        use fs::ResolveFlags;
        let only_down =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match fs::openat2(at, path, flags, mode, only_down) {
            // Older kernels lack it and some sandboxes forbid it.
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return opened,
        }
    }
    part_by_part(at, path, flags, mode)
}

/// Takes an open file if it is a regular one, and what the system knows of it.
pub(super) fn regular(handle: Handle) -> io::Result<(File, Metadata)> {
    let stat = fs::fstat(handle.fd())?;
    Ok((only_regular(handle, &stat)?, Metadata::from(&stat)))
}

/// Takes an open file if it is a regular one of the user we run as that has no second name.
pub(super) fn ours_alone(handle: Handle) -> io::Result<File> {
    let stat = fs::fstat(handle.fd())?;
    let is_ours = stat.st_uid == rustix::process::geteuid().as_raw();
    let file = only_regular(handle, &stat)?;
    match is_ours && stat.st_nlink == 1 {
        true => Ok(file),
        false => Err(Errno::PERM.into()),
    }
}

fn only_regular(handle: Handle, stat: &fs::Stat) -> io::Result<File> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(File::new(handle)),
        FileType::Directory => Err(Errno::ISDIR.into()),
        _ => Err(Errno::OPNOTSUPP.into()),
    }
}

fn part_by_part(
    at: &impl AsFd,
    path: &OsStr,
    flags: OFlags,
    mode: Mode,
) -> rustix::io::Result<OwnedFd> {
    let step = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut parts = path.as_bytes().split(|byte| *byte == b'/');
    let last = parts.next_back().unwrap_or_default();
    let mut reached: Option<OwnedFd> = None;
    for part in parts.filter(|part| !part.is_empty()) {
        if part == b".." {
            return Err(Errno::XDEV);
        }
        let from = reached.as_ref().map_or(at.as_fd(), OwnedFd::as_fd);
        reached = Some(fs::openat(from, part, step, Mode::empty())?);
    }
    match last {
        b"" | b".." => Err(Errno::XDEV),
        last => {
            let from = reached.as_ref().map_or(at.as_fd(), OwnedFd::as_fd);
            fs::openat(from, last, flags, mode)
        }
    }
}
