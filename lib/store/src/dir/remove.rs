//! Removing what is in a folder, and nothing outside.

use std::ffi::CString;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;

/// Removes what is in a folder, by a stack of open folders, so that no path is walked twice.
pub(super) fn empty(top: &OwnedFd) -> io::Result<()> {
    let mut stack = vec![(fs::Dir::read_from(top)?, None)];
    while let Some((listing, _)) = stack.last_mut() {
        let Some(entry) = listing.next() else {
            let Some((_, Some(name))) = stack.pop() else {
                return Ok(());
            };
            let name: CString = name;
            if let Some((above, _)) = stack.last() {
                fs::unlinkat(above.fd()?, name.as_c_str(), AtFlags::REMOVEDIR)?;
            }
            continue;
        };
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let at = listing.fd()?;
        match fs::unlinkat(at, name, AtFlags::empty()) {
            Err(Errno::ISDIR | Errno::PERM) => {
                let step = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
                let below = fs::openat(at, name, step, Mode::empty())?;
                let name = name.to_owned();
                stack.push((fs::Dir::new(below)?, Some(name)));
            }
            removed => removed?,
        }
    }
    Ok(())
}
