//! A pipe, a device or stdout as a loudspeaker. It is written without waiting for its reader: sound
//! for which there is no room now is dropped, since it would be heard late.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Where a pipe or a socket has room at all, it takes this many bytes whole: the smallest
/// `PIPE_BUF` that POSIX allows. They are whole samples.
const PIECE: usize = 512;

/// Bytes of a WAV stream on their way to a reader that may be slow, or not read at all.
pub(super) struct Live {
    file: File,
    /// What is not yet written of the header, which is never dropped.
    header: Vec<u8>,
}

impl Live {
    /// The header is written before the first sample, as soon as there is room.
    pub(super) fn new(file: File, header: Vec<u8>) -> Self {
        Self { file, header }
    }

    /// Writes what there is room for; says how much that is.
    fn put(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < bytes.len() && has_room(&self.file)? {
            let end = bytes.len().min(count + PIECE);
            match self.file.write(&bytes[count..end]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(some) => count += some,
                Err(why) if why.kind() == ErrorKind::WouldBlock => break,
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(count)
    }
}

impl Write for Live {
    /// Takes all samples: those that the reader has no room for are dropped.
    fn write(&mut self, samples: &[u8]) -> io::Result<usize> {
        let header = std::mem::take(&mut self.header);
        let count = self.put(&header)?;
        self.header = header[count..].to_vec();
        if self.header.is_empty() {
            self.put(samples)?;
        }
        Ok(samples.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Whether a write would not wait. The flag `O_NONBLOCK` of an inherited stdout is left alone: the
/// programs that share it would be surprised.
#[cfg(unix)]
fn has_room(file: &File) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut asked = [PollFd::new(file, PollFlags::OUT)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    match poll(&mut asked, Some(&now)) {
        // Also of a pipe whose reader is gone, which the write then tells.
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(why) => Err(why.into()),
    }
}

#[cfg(not(unix))]
fn has_room(_: &File) -> io::Result<bool> {
    Ok(true)
}

/// The file of stdout as this program was given it, with its place and `O_APPEND`; `None` for any
/// other path. To open `/dev/stdout` would write over the start of the file.
pub(super) fn stdout(path: &Path) -> io::Result<Option<File>> {
    #[cfg(unix)]
    if path == Path::new("/dev/stdout") {
        use std::os::fd::AsFd;
        let inherited = io::stdout().as_fd().try_clone_to_owned()?;
        return Ok(Some(inherited.into()));
    }
    Ok(None)
}

/// Makes the opening of a pipe fail that nobody reads, where it would wait for a reader, and the
/// writes of one that is full.
pub(super) fn never_wait(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    #[cfg(not(unix))]
    let _ = options;
}

/// Whether this error says that nobody reads the pipe.
pub(super) fn is_unread(path: &Path, why: &io::Error) -> bool {
    #[cfg(unix)]
    if why.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) {
        use std::os::unix::fs::FileTypeExt;
        // A socket and a device without a driver say the same.
        return path.metadata().is_ok_and(|data| data.file_type().is_fifo());
    }
    #[cfg(not(unix))]
    let _ = path;
    why.kind() == ErrorKind::BrokenPipe
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;
    use std::os::fd::OwnedFd;

    use super::*;

    #[test]
    fn the_header_comes_first_also_into_a_pipe_that_was_full() {
        let (mut reader, writer) = io::pipe().unwrap();
        let file = File::from(OwnedFd::from(writer));
        let mut other = Live::new(file.try_clone().unwrap(), Vec::new());
        // More than a pipe holds.
        other.write_all(&vec![0; 4 << 20]).unwrap();
        assert!(!has_room(&file).unwrap());
        let mut live = Live::new(file, b"header".to_vec());
        live.write_all(b"dropped").unwrap();
        reader.read_exact(&mut [0; 8_192]).unwrap();
        live.write_all(b"taken").unwrap();
        drop((live, other));
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert!(rest.ends_with(b"\0headertaken"), "{}", rest.len());
    }
}
