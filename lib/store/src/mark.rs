//! Locks on files that programs of one owner share: marks, and locks that one program has at a
//! time. The kernel takes a lock back when its program ends, however it ends, so no crash leaves
//! one.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

/// One program's view of a shared mark. Any number of programs may set it at once; it is set while
/// at least one of them does.
///
/// To look at the mark, a program takes the exclusive lock for a moment. So [`set`](Self::set) can
/// fail, and [`is_set`](Self::is_set) can be wrong, while another program looks: repeat both.
#[derive(Debug)]
pub struct Mark {
    file: File,
}

impl Mark {
    /// Opens the file, or makes it, readable by its owner alone. Its content doesn't matter.
    ///
    /// # Errors
    /// When the file can't be opened or made; a symbolic link is not followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        Ok(Self { file })
    }

    /// Sets the mark until [`clear`](Self::clear) or the end of this value. Tells whether it is
    /// set: `false` while another program looks at it.
    ///
    /// # Errors
    /// When the file system has no locks.
    pub fn set(&self) -> io::Result<bool> {
        self.lock(FlockOperation::NonBlockingLockShared)
    }

    /// Takes this program's part of the mark back.
    pub fn clear(&self) {
        // Without locks there is nothing to take back.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }

    /// Whether another program has set the mark, or looks at it in this moment. Takes this
    /// program's part of the mark back.
    ///
    /// # Errors
    /// When the file system has no locks.
    pub fn is_set(&self) -> io::Result<bool> {
        let is_free = self.lock(FlockOperation::NonBlockingLockExclusive)?;
        self.clear();
        Ok(!is_free)
    }

    fn lock(&self, operation: FlockOperation) -> io::Result<bool> {
        lock(&self.file, operation)
    }
}

/// A lock that one program has at a time, until the end of this value or of the program. Its file
/// may hold a number.
#[derive(Debug)]
pub(crate) struct Exclusive(File);

impl Exclusive {
    /// Takes it; none while another program has it.
    pub(crate) fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        let is_taken = lock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(is_taken.then_some(Self(file)))
    }

    /// Takes it, and waits while another program has it.
    pub(crate) fn wait(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        while !lock(&file, FlockOperation::LockExclusive)? {}
        Ok(Self(file))
    }

    /// The number that was kept last; 0 if there is none.
    pub(crate) fn number(&self) -> io::Result<u32> {
        let mut text = [0; DIGITS];
        match self.0.read_exact_at(&mut text, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            read => read?,
        }
        let text = std::str::from_utf8(&text).unwrap_or_default();
        Ok(text.parse().unwrap_or(0))
    }

    /// Keeps a number: it is on the disk when this returns.
    pub(crate) fn keep(&self, number: u32) -> io::Result<()> {
        let text = format!("{number:0DIGITS$}\n");
        self.0.write_all_at(text.as_bytes(), 0)?;
        self.0.sync_all()
    }
}

/// Digits of a kept number: as many as the largest has, so that each takes the place of the last.
const DIGITS: usize = 10;

/// Opens the file of a lock, or makes it.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    // NFS gives a shared lock only to a file that is open for reading, and an exclusive one only
    // to one that is open for writing.
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

/// Whether the lock was taken: `false` while another program has it, or after a signal.
fn lock(file: &File, operation: FlockOperation) -> io::Result<bool> {
    match flock(file, operation) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// Three programs that share a mark.
    fn programs() -> [Mark; 3] {
        let scratch = Scratch::new();
        [(); 3].map(|()| Mark::open(&scratch.path("mark")).unwrap())
    }

    #[test]
    fn a_mark_is_set_while_at_least_one_program_sets_it() {
        let [one, other, third] = programs();
        assert!(!third.is_set().unwrap());
        assert!(one.set().unwrap() && other.set().unwrap());
        assert!(third.is_set().unwrap());
        one.clear();
        assert!(third.is_set().unwrap());
        other.clear();
        assert!(!third.is_set().unwrap());
    }

    #[test]
    fn the_end_of_a_program_clears_its_mark() {
        let [one, other, _] = programs();
        assert!(one.set().unwrap() && other.is_set().unwrap());
        drop(one);
        assert!(!other.is_set().unwrap());
    }

    #[test]
    fn a_mark_is_open_for_both_kinds_of_lock() {
        let [mark, ..] = programs();
        let flags = rustix::fs::fcntl_getfl(&mark.file).unwrap();
        assert_eq!(flags & OFlags::RWMODE, OFlags::RDWR);
    }

    #[test]
    fn a_link_is_not_followed() {
        let scratch = Scratch::new();
        std::os::unix::fs::symlink("/dev/null", scratch.path("mark")).unwrap();
        assert!(Mark::open(&scratch.path("mark")).is_err());
    }
}
