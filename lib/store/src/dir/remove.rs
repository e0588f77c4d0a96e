//! Removing what is in a folder, and nothing outside.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::disk::{Handle, Op};
use crate::slice::{STEP, take};

/// A folder on the way down.
struct Level {
    folder: Handle,
    listing: fs::Dir,
    name: OsString,
}

/// Removes what is in a folder, as many names as are left of a slice; says whether that were all.
/// It goes by a stack of open folders, so that no path is walked twice in a slice.
pub(super) fn empty(top: &Handle, left: &mut u32) -> rustix::io::Result<bool> {
    let mut listing = top.list()?;
    let mut stack: Vec<Level> = Vec::new();
    while *left > 0 {
        let (at, listing) = match stack.last_mut() {
            Some(level) => (&level.folder, &mut level.listing),
            None => (top, &mut listing),
        };
        let Some(entry) = listing.next() else {
            let Some(Level { name, .. }) = stack.pop() else {
                return Ok(true);
            };
            let above = stack.last().map_or(top, |level| &level.folder);
            one(above, &name, true)?;
            take(left, STEP);
            continue;
        };
        let name = OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned();
        if name == "." || name == ".." {
            continue;
        }
        match one(at, &name, false) {
            Err(Errno::ISDIR | Errno::PERM) => {
                let step = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
                let folder = at.below(Op::Open, &name, |at| {
                    fs::openat(at, &name, step, Mode::empty())
                })?;
                let listing = folder.list()?;
                stack.push(Level {
                    folder,
                    listing,
                    name,
                });
            }
            removed => {
                removed?;
                take(left, STEP);
            }
        }
    }
    Ok(false)
}

/// Removes one name: that of an empty folder, or of anything that is no folder.
pub(super) fn one(at: &Handle, name: impl AsRef<OsStr>, folder: bool) -> rustix::io::Result<()> {
    let name = name.as_ref();
    let (op, flags) = match folder {
        true => (Op::RemoveFolder, AtFlags::REMOVEDIR),
        false => (Op::Remove, AtFlags::empty()),
    };
    at.command(op, name, |at| fs::unlinkat(at, name, flags))
}
