//! Reads JPEG pictures from a pipe. It reads at full speed and drops after the split: a writer that
//! is held up gives old pictures.

use std::fs::File;
use std::io::{ErrorKind, Read};
#[cfg(unix)]
use std::os::fd::{AsFd, OwnedFd};
use std::process::ChildStdout;
use std::time::Instant;

use super::{chunk, fitted, picture};
use crate::{CameraError, Encoder, Format, ImageError, Picture, Splitter, Wait, repair};

/// Bytes without any picture after which this is no stream of pictures.
const SEARCH: u64 = 64 * 1024 * 1024;
/// Bytes split in one call, so that a writer faster than we are can't hold the loop: two of the
/// largest pictures.
#[cfg(unix)]
const BUDGET: usize = 2 * crate::MAX_JPEG_BYTES;

/// Splits what comes through a pipe.
pub(crate) struct PipeReader {
    name: String,
    file: File,
    chunk: Box<[u8]>,
    /// Bytes of `chunk` that the splitter has not had yet.
    rest: std::ops::Range<usize>,
    splitter: Splitter,
    sequence: u32,
    searched: u64,
    #[cfg(unix)]
    ended: bool,
    #[cfg(unix)]
    again: bool,
    format: Format,
}

/// For a thread that may wait.
impl PipeReader {
    /// Reads it as it is: the flags of a descriptor that others share are not ours to set.
    pub(crate) fn new(name: String, file: File) -> Self {
        Self {
            format: Format {
                what: name.as_str().into(),
                ..Format::default()
            },
            name,
            file,
            chunk: chunk(),
            rest: 0..0,
            splitter: Splitter::new(),
            sequence: 0,
            searched: 0,
            #[cfg(unix)]
            ended: false,
            #[cfg(unix)]
            again: false,
        }
    }

    /// Waits for the next whole picture.
    pub(crate) fn wait_for_next(&mut self) -> Result<Picture, CameraError> {
        loop {
            if self.rest.is_empty() {
                match self.read()? {
                    Some(0) => return Err(self.end()),
                    Some(_) => {}
                    // Somebody else made it non-blocking.
                    #[cfg(unix)]
                    None => crate::sys::wait_readable(self.file.as_fd()),
                    #[cfg(not(unix))]
                    None => {}
                }
            }
            if let Some(picture) = self.split() {
                return Ok(picture);
            }
        }
    }

    pub(crate) fn format(&self) -> &Format {
        &self.format
    }

    fn end(&self) -> CameraError {
        CameraError::Ended {
            source_name: self.name.clone(),
            how: "the end of its pictures".to_owned(),
        }
    }

    /// Fills `chunk` with the next bytes, 0 at the end; `None` where a read would block.
    fn read(&mut self) -> Result<Option<usize>, CameraError> {
        if self.searched > SEARCH {
            let bytes = std::mem::take(&mut self.searched);
            return Err(CameraError::NotPictures {
                source_name: self.name.clone(),
                bytes,
            });
        }
        loop {
            match self.file.read(&mut self.chunk) {
                Ok(read) => {
                    self.rest = 0..read;
                    self.searched += read as u64;
                    return Ok(Some(read));
                }
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(why) => {
                    return Err(CameraError::Io {
                        device: self.name.clone(),
                        step: "read",
                        why,
                    });
                }
            }
        }
    }

    /// The next whole picture of the bytes at hand. What was begun and can't be used is counted.
    fn split(&mut self) -> Option<Picture> {
        let broken = self.splitter.broken();
        let mut bytes = &self.chunk[self.rest.clone()];
        let mended = self.splitter.push(&mut bytes).map(repair);
        self.rest.start = self.rest.end - bytes.len();
        let picture = match mended {
            None => None,
            Some(Ok(mended)) => {
                self.searched = 0;
                self.format.counts.good += 1;
                let sequence = self.sequence;
                self.sequence = sequence.wrapping_add(1);
                let jpeg = mended.to_arc();
                Some(picture(&mended, jpeg, &mut self.format, sequence, None))
            }
            Some(Err(why)) => {
                self.sequence = self.sequence.wrapping_add(1);
                self.format.refuse(why);
                None
            }
        };
        for _ in broken..self.splitter.broken() {
            self.format.refuse(ImageError::Truncated);
        }
        picture
    }
}

/// For a loop that polls.
#[cfg(unix)]
impl PipeReader {
    /// The output of a child. Only we read it, so it may be made non-blocking; the child's end has
    /// flags of its own.
    pub(crate) fn of_child(name: String, output: ChildStdout) -> Result<Self, CameraError> {
        let output = nonblocking(output.into()).map_err(|why| CameraError::Io {
            device: name.clone(),
            step: "make the pipe non-blocking",
            why,
        })?;
        crate::sys::widen_pipe(output.as_fd());
        Ok(Self::new(name, output.into()))
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        // Bytes may be left that no edge will tell of.
        if self.again {
            Wait::At(Instant::now())
        } else {
            Wait::Readable(self.file.as_fd())
        }
    }

    /// The newest whole picture there is, then the end once the writer closed.
    pub(crate) fn newest(
        &mut self,
        encoder: Option<&mut Encoder>,
    ) -> Result<Option<Picture>, CameraError> {
        let mut newest: Option<Picture> = None;
        let mut budget = BUDGET;
        self.again = false;
        while budget > 0 && self.fill()? {
            let before = self.rest.len();
            if let Some(picture) = self.split() {
                self.format.counts.stale += u64::from(newest.is_some());
                newest = Some(picture);
            }
            budget = budget.saturating_sub(before - self.rest.len());
        }
        self.again = budget == 0 || (self.ended && newest.is_some());
        match newest {
            Some(picture) => Ok(fitted(picture, encoder, &mut self.format)),
            None if self.ended => Err(self.end()),
            None => Ok(None),
        }
    }

    /// Makes sure that there are bytes to split; false where none are to be had now.
    fn fill(&mut self) -> Result<bool, CameraError> {
        if !self.rest.is_empty() {
            return Ok(true);
        }
        let read = self.read()?;
        self.ended = read == Some(0);
        Ok(read.is_some_and(|read| read > 0))
    }
}

/// Where pipes can't be polled.
#[cfg(not(unix))]
impl PipeReader {
    pub(crate) fn of_child(name: String, output: ChildStdout) -> Result<Self, CameraError> {
        let output = std::os::windows::io::OwnedHandle::from(output);
        Ok(Self::new(name, output.into()))
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        Wait::Blocking
    }

    /// Waits for the next picture.
    pub(crate) fn newest(
        &mut self,
        encoder: Option<&mut Encoder>,
    ) -> Result<Option<Picture>, CameraError> {
        let picture = self.wait_for_next()?;
        Ok(fitted(picture, encoder, &mut self.format))
    }
}

/// Makes reads of this descriptor return instead of waiting. The standard library offers the call
/// on sockets only; the kernel doesn't care which kind the descriptor is of.
#[cfg(unix)]
fn nonblocking(pipe: OwnedFd) -> std::io::Result<OwnedFd> {
    let stream = std::os::unix::net::UnixStream::from(pipe);
    stream.set_nonblocking(true)?;
    Ok(stream.into())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::fuzzing::sample;

    fn encoder() -> Encoder {
        Encoder::new(80, None)
    }

    fn reader() -> (PipeReader, std::io::PipeWriter) {
        let (ours, theirs) = std::io::pipe().unwrap();
        let ours = nonblocking(ours.into()).unwrap();
        (PipeReader::new("test".to_owned(), ours.into()), theirs)
    }

    #[test]
    fn the_newest_picture_wins_and_the_end_is_told() {
        let (mut reader, mut writer) = reader();
        assert!(reader.newest(Some(&mut encoder())).unwrap().is_none());
        let jpeg = sample(32, 16);
        writer.write_all(&jpeg.repeat(3)).unwrap();
        writer.write_all(&jpeg[..50]).unwrap();
        let Some(picture) = reader.newest(Some(&mut encoder())).unwrap() else {
            panic!("no picture")
        };
        assert_eq!((picture.sequence, picture.jpeg.to_vec()), (2, jpeg.clone()));
        assert_eq!(reader.format().counts.stale, 2);
        assert!(reader.newest(Some(&mut encoder())).unwrap().is_none());
        writer.write_all(&jpeg[50..]).unwrap();
        drop(writer);
        assert!(
            matches!(reader.newest(Some(&mut encoder())), Ok(Some(_))),
            "the last picture comes before the end"
        );
        assert!(
            matches!(reader.wait(), Wait::At(_)),
            "no edge tells of an end already read"
        );
        assert!(matches!(
            reader.newest(Some(&mut encoder())),
            Err(CameraError::Ended { .. })
        ));
    }

    #[test]
    fn a_picture_cut_short_is_counted() {
        let (mut reader, mut writer) = reader();
        let jpeg = sample(32, 16);
        writer.write_all(&jpeg[..jpeg.len() - 20]).unwrap();
        writer.write_all(&jpeg).unwrap();
        assert!(reader.newest(Some(&mut encoder())).unwrap().is_some());
        assert_eq!(reader.format().counts.bad(), 1);
    }

    #[test]
    fn a_stream_of_noise_is_given_up() {
        let (mut reader, mut writer) = reader();
        reader.searched = SEARCH;
        assert!(reader.newest(Some(&mut encoder())).unwrap().is_none());
        writer.write_all(b"noise").unwrap();
        assert!(matches!(
            reader.newest(Some(&mut encoder())),
            Err(CameraError::NotPictures { .. })
        ));
    }
    /// As the standard input of a program may be, by another that shares the descriptor.
    #[test]
    fn a_thread_waits_also_at_a_descriptor_that_was_made_non_blocking() {
        let (mut reader, mut writer) = reader();
        let waiting = std::thread::spawn(move || {
            let size = |picture: Picture| (picture.width, picture.height);
            let first = reader.wait_for_next().map(size);
            (first, reader.wait_for_next().map(size))
        });
        let jpeg = sample(32, 16);
        for part in jpeg.chunks(100) {
            writer.write_all(part).unwrap();
        }
        drop(writer);
        let (first, then) = waiting.join().unwrap();
        assert_eq!(first.unwrap(), (32, 16));
        assert!(matches!(then, Err(CameraError::Ended { .. })));
    }
}
