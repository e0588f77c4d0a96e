//! What is done to an open file: reading a leaf of it, setting its mode and time.

use std::fs::File;
use std::io;

use rustix::fs::{self, Mode};

/// Reads up to a leaf from `offset` into a buffer, without clearing it first.
pub(crate) fn read_leaf(
    file: &File,
    offset: u64,
    len: usize,
    into: &mut Vec<u8>,
) -> io::Result<()> {
    into.clear();
    into.reserve_exact(len);
    while into.len() < len {
        // The buffer may be larger than what is asked for; what is too much is cut off again.
        let at = offset + into.len() as u64;
        match rustix::io::pread(file, rustix::buffer::spare_capacity(into), at) {
            Ok(0) => break,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    into.truncate(len);
    Ok(())
}

/// Sets permission bits and the time of change of an open file.
pub(crate) fn dress(file: &File, mode: u16, mtime: i64) -> io::Result<()> {
    fs::fchmod(file, Mode::from_raw_mode(mode.into()))?;
    Ok(fs::futimens(file, &times(mtime))?)
}

/// Permission bits that are safe to take over: nobody else may write, nothing runs as its owner.
pub(crate) fn file_mode(mode: u16) -> u16 {
    mode & 0o755 | 0o600
}

/// The same for folders, which their owner must be able to enter.
pub(crate) fn folder_mode(mode: u16) -> u16 {
    mode & 0o755 | 0o700
}

/// The times to set for a time of change.
pub(crate) fn times(mtime: i64) -> fs::Timestamps {
    const SECOND: i64 = 1_000_000_000;
    let at = fs::Timespec {
        tv_sec: mtime.div_euclid(SECOND),
        tv_nsec: mtime.rem_euclid(SECOND) as _,
    };
    fs::Timestamps {
        last_access: at,
        last_modification: at,
    }
}
