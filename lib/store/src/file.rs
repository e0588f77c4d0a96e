//! An open regular file: reading a leaf of it, writing, syncing, and what its mode and time become.

use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::time::SystemTime;

use rustix::fs::{self, Mode};
use rustix::io::Errno;

use crate::disk::{Handle, Op};
use crate::hash::ZEROS;

/// An open regular file.
#[derive(Debug)]
pub(crate) struct File {
    handle: Handle,
}

/// What the system knows of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Metadata {
    pub(crate) size: u64,
    /// Permission bits.
    pub(crate) mode: u16,
    /// Time of the last change of its bytes, in nanoseconds since 1970.
    pub(crate) mtime: i64,
    /// Time of the last change of anything, names and mode included; no program can set it.
    pub(crate) ctime: i64,
    /// Its number on its file system.
    pub(crate) inode: u64,
    /// Whether it has one name only, and no hard link elsewhere.
    pub(crate) has_one_name: bool,
}

impl From<&fs::Stat> for Metadata {
    fn from(found: &fs::Stat) -> Self {
        Self {
            size: u64::try_from(found.st_size).unwrap_or(0),
            mode: (found.st_mode & 0o7777) as u16,
            mtime: nanoseconds(found.st_mtime, found.st_mtime_nsec as i64),
            ctime: nanoseconds(found.st_ctime, found.st_ctime_nsec as i64),
            inode: found.st_ino,
            has_one_name: found.st_nlink == 1,
        }
    }
}

impl File {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// Reads up to a leaf from `offset` into a buffer, without clearing it first.
    pub(crate) fn read_leaf(&self, offset: u64, len: usize, into: &mut Vec<u8>) -> io::Result<()> {
        self.fill(offset, len, len, into)?;
        into.truncate(len);
        Ok(())
    }

    /// The same for the last leaf; says whether the file ended there. A call that gave just the
    /// bytes up to there, and room for one more, is taken for the end.
    pub(crate) fn read_last(
        &self,
        offset: u64,
        len: usize,
        into: &mut Vec<u8>,
    ) -> io::Result<bool> {
        self.fill(offset, len, len + 1, into)?;
        let is_end = into.len() <= len;
        into.truncate(len);
        Ok(is_end)
    }

    /// Reads `len` bytes or to the end of the file, and maybe more, into a buffer with that room.
    fn fill(&self, offset: u64, len: usize, room: usize, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        into.reserve_exact(room);
        self.query(Op::Read, |file| {
            while into.len() < len {
                let at = offset + into.len() as u64;
                match rustix::io::pread(file, rustix::buffer::spare_capacity(into), at) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(io::Error::from(error)),
                }
            }
            Ok(())
        })
    }

    /// Fills the buffer from `offset` on; an error if the file ends before.
    pub(crate) fn read_exact_at(&self, into: &mut [u8], offset: u64) -> io::Result<()> {
        let read = |file: &std::fs::File| file.read_exact_at(into, offset);
        self.query(Op::Read, read)
    }

    /// The bytes from an offset on, one after the other.
    pub(crate) fn reader(&self, at: u64) -> impl io::Read + '_ {
        Reader { file: self, at }
    }

    pub(crate) fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let write = |file: &std::fs::File| file.write_all_at(bytes, offset);
        self.command(Op::Write, write)
    }

    /// Writes a leaf, with holes for its pages of zeros where the file system can have holes.
    pub(crate) fn write_with_holes(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (old, end) = (self.len()?, offset + bytes.len() as u64);
        if old < end {
            self.set_len(end)?;
        }
        let is_hole = |page: &[u8]| page == &ZEROS[..page.len()];
        let mut at = offset;
        let pages = bytes.chunks(PAGE).collect::<Vec<_>>();
        for run in pages.chunk_by(|a, b| is_hole(a) == is_hole(b)) {
            let len = run.iter().map(|page| page.len()).sum::<usize>();
            let start = (at - offset) as usize;
            match run.first().is_some_and(|page| is_hole(page)) {
                // What was there before may not be zeros.
                true if at < old => self.punch_hole(at, len)?,
                true => {}
                false => self.write_all_at(&bytes[start..start + len], at)?,
            }
            at += len as u64;
        }
        Ok(())
    }

    /// Makes zeros of up to a leaf, which take no room if the file system can do that.
    fn punch_hole(&self, offset: u64, len: usize) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use fs::FallocateFlags as Flags;
            let how = Flags::PUNCH_HOLE | Flags::KEEP_SIZE;
            let punch = |file: &std::fs::File| fs::fallocate(file, how, offset, len as u64);
            match self.command(Op::Write, punch) {
                Err(Errno::NOTSUP | Errno::NOSYS | Errno::INVAL) => {}
                punched => return Ok(punched?),
            }
        }
        self.write_all_at(&ZEROS[..len], offset)
    }

    /// Whether it takes less room than its size: only such files are asked for their holes.
    pub(crate) fn has_holes(&self) -> bool {
        let found = fs::fstat(self.handle.fd());
        found.is_ok_and(|found| i128::from(found.st_blocks) < i128::from(found.st_size) / 512)
    }

    /// The first data from there on, up to the next hole; none if there are only holes. Where the
    /// system does not tell, all is data.
    pub(crate) fn data_from(&self, offset: u64) -> Range<u64> {
        #[cfg(any(target_os = "linux", target_vendor = "apple"))]
        {
            let seek = |to| fs::seek(self.handle.fd(), to);
            match seek(fs::SeekFrom::Data(offset)) {
                Err(Errno::NXIO) => return u64::MAX..u64::MAX,
                Ok(start) => {
                    return start..seek(fs::SeekFrom::Hole(start)).unwrap_or(u64::MAX);
                }
                Err(_) => {}
            }
        }
        offset..u64::MAX
    }

    pub(crate) fn set_len(&self, size: u64) -> io::Result<()> {
        self.command(Op::Resize, |file| file.set_len(size))
    }

    /// Sets so many bytes of the disk aside for it, without writing them.
    pub(crate) fn reserve(&self, size: u64) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        let call = |file: &std::fs::File| fs::fallocate(file, fs::FallocateFlags::empty(), 0, size);
        #[cfg(not(target_os = "linux"))]
        let call = |_: &std::fs::File| Err(Errno::NOTSUP);
        Ok(self.query(Op::Reserve, call)?)
    }

    /// Waits until its bytes are on the disk.
    pub(crate) fn sync_data(&self) -> io::Result<()> {
        self.command(Op::SyncData, std::fs::File::sync_data)
    }

    /// Waits until its bytes, mode and time are on the disk.
    pub(crate) fn sync_all(&self) -> io::Result<()> {
        self.command(Op::SyncFile, std::fs::File::sync_all)
    }

    /// After a sync that failed: drops what memory holds of it, so that the next read shows what
    /// the disk has. The kernel counts pages it could not write as clean, and would serve them for
    /// long.
    pub(crate) fn drop_cache(&self) {
        let dropped = self.command(Op::DropCache, |file| {
            #[cfg(target_os = "linux")]
            fs::fadvise(file, 0, None, fs::Advice::DontNeed)?;
            #[cfg(not(target_os = "linux"))]
            let _ = file;
            Ok::<_, Errno>(())
        });
        if let Err(error) = dropped {
            log::debug!("can't drop pages of a file error={error}");
        }
    }

    /// Sets permission bits, as far as its file system has such.
    pub(crate) fn set_mode(&self, mode: u16) -> io::Result<()> {
        set_mode(&self.handle, mode)
    }

    /// Sets the time of change, as far as its file system has such.
    pub(crate) fn set_time(&self, mtime: i64) -> io::Result<()> {
        set_time(&self.handle, mtime)
    }

    /// Sets its times to now; both, since some file systems on FUSE ignore a call for one of them.
    pub(crate) fn touch(&self) -> io::Result<()> {
        let now = fs::Timespec {
            tv_sec: 0,
            tv_nsec: fs::UTIME_NOW,
        };
        let times = fs::Timestamps {
            last_access: now,
            last_modification: now,
        };
        Ok(self.command(Op::SetTime, |file| fs::futimens(file, &times))?)
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.size)
    }

    pub(crate) fn modified(&self) -> io::Result<SystemTime> {
        self.handle.fd().metadata()?.modified()
    }

    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        Ok(Metadata::from(&fs::fstat(self.handle.fd())?))
    }

    /// Takes its lock, or says that another process has it.
    pub(crate) fn lock(&self) -> io::Result<()> {
        let operation = fs::FlockOperation::NonBlockingLockExclusive;
        let lock = |file: &std::fs::File| fs::flock(file, operation);
        Ok(self.query(Op::Lock, lock)?)
    }

    pub(crate) fn unlock(&self) {
        // Closing it does the same, unless a child process holds it too.
        let _ = fs::flock(self.handle.fd(), fs::FlockOperation::Unlock);
    }

    fn query<T, E: From<Errno>>(
        &self,
        op: Op,
        call: impl FnOnce(&std::fs::File) -> Result<T, E>,
    ) -> Result<T, E> {
        self.handle.query(op, "", call)
    }

    fn command<E: From<Errno>>(
        &self,
        op: Op,
        call: impl FnOnce(&std::fs::File) -> Result<(), E>,
    ) -> Result<(), E> {
        self.handle.command(op, "", call)
    }
}

/// Reads a file by its offsets.
struct Reader<'a> {
    file: &'a File,
    at: u64,
}

impl io::Read for Reader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self
            .file
            .query(Op::Read, |file| file.read_at(into, self.at))?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Sets permission bits of a file or folder. A file system that has none (FAT, many on FUSE) keeps
/// its own: the content is what counts.
pub(crate) fn set_mode(handle: &Handle, mode: u16) -> io::Result<()> {
    let mode = Mode::from_raw_mode(mode.into());
    optional(handle.command(Op::SetMode, "", |file| fs::fchmod(file, mode)))
}

/// Sets the time of change of a file or folder, if its file system can hold that.
pub(crate) fn set_time(handle: &Handle, mtime: i64) -> io::Result<()> {
    optional(handle.command(Op::SetTime, "", |file| fs::futimens(file, &times(mtime))))
}

fn optional(set: Result<(), Errno>) -> io::Result<()> {
    match set {
        Err(Errno::PERM | Errno::INVAL | Errno::NOTSUP | Errno::NOSYS | Errno::OVERFLOW) => Ok(()),
        set => Ok(set?),
    }
}

/// Permission bits that are safe to take over: nobody else may write, nothing runs as its owner.
pub(crate) fn file_mode(mode: u16) -> u16 {
    mode & 0o755 | 0o600
}

/// The same for folders, which their owner must be able to enter.
pub(crate) fn folder_mode(mode: u16) -> u16 {
    mode & 0o755 | 0o700
}

/// Nanoseconds since 1970, held at the ends of what 64 bits can tell.
fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(SECOND).saturating_add(nanoseconds)
}

/// The times to set for a time of change.
fn times(mtime: i64) -> fs::Timestamps {
    let at = fs::Timespec {
        tv_sec: mtime.div_euclid(SECOND),
        tv_nsec: mtime.rem_euclid(SECOND) as _,
    };
    fs::Timestamps {
        last_access: at,
        last_modification: at,
    }
}

/// The unit of holes within a leaf, which is that of most file systems.
const PAGE: usize = 4096;
const SECOND: i64 = 1_000_000_000;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use crate::dir::Dir;
    use crate::hash::LEAF_BYTES;
    use crate::scratch::Scratch;

    use super::*;

    fn new_file() -> (Scratch, File) {
        let scratch = Scratch::new();
        let dir = Dir::open(&scratch.path("")).unwrap();
        (scratch, dir.create("file").unwrap())
    }

    /// A leaf with one page of data.
    fn one_page(page: usize) -> Vec<u8> {
        let mut leaf = ZEROS.to_vec();
        leaf[page * PAGE..(page + 1) * PAGE].fill(7);
        leaf
    }

    #[test]
    fn pages_of_zeros_become_holes_also_over_what_was_there() {
        let (scratch, file) = new_file();
        let path = scratch.path("file");
        file.write_all_at(&[1; 3 * PAGE], LEAF_BYTES).unwrap();
        let leaves = [
            one_page(3),
            ZEROS.to_vec(),
            one_page(0)[..PAGE + 5].to_vec(),
        ];
        for (number, leaf) in leaves.iter().enumerate() {
            file.write_with_holes(leaf, number as u64 * LEAF_BYTES)
                .unwrap();
        }
        let found = std::fs::read(&path).unwrap();
        let blocks = std::fs::metadata(&path).unwrap().blocks();
        assert!(found == leaves.concat());
        assert!(blocks * 512 <= 3 * PAGE as u64, "{blocks} blocks");
    }

    #[test]
    fn data_are_found_between_holes() {
        let (_scratch, file) = new_file();
        file.set_len(9 * LEAF_BYTES).unwrap();
        file.write_all_at(&[1; PAGE], 4 * LEAF_BYTES).unwrap();
        let data = 4 * LEAF_BYTES..4 * LEAF_BYTES + PAGE as u64;
        let found = (file.data_from(0), file.data_from(data.start + 1));
        let rest = file.data_from(data.end);
        assert_eq!(found, (data.clone(), data.start + 1..data.end));
        assert_eq!(rest, u64::MAX..u64::MAX);
        assert!(file.has_holes());
    }
}
