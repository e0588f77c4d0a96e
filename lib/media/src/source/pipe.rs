//! Reads JPEG pictures from a descriptor that the loop can poll: a child's output, or standard
//! input. It reads at full speed and drops after the split, since a writer that is held up gives
//! old pictures.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use super::{chunk, picture};
use crate::{CameraError, Format, Frame, MAX_JPEG_BYTES, Picture, Splitter, Wait, repair};

/// Bytes without any picture after which this is no stream of pictures.
const SEARCH: u64 = 64 * 1024 * 1024;
/// Bytes split in one call, so that a writer faster than we are can't hold the loop: two of the
/// largest pictures.
const BUDGET: usize = 2 * MAX_JPEG_BYTES;

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
    ended: bool,
    again: bool,
    format: Format,
}

impl PipeReader {
    pub(crate) fn new(name: String, pipe: OwnedFd) -> Result<Self, CameraError> {
        let pipe = nonblocking(pipe).map_err(|why| CameraError::Io {
            device: name.clone(),
            step: "make the pipe non-blocking",
            why,
        })?;
        crate::kernel::widen_pipe(pipe.as_fd());
        Ok(Self {
            format: Format {
                what: name.clone(),
                ..Format::default()
            },
            name,
            file: File::from(pipe),
            chunk: chunk(),
            rest: 0..0,
            splitter: Splitter::new(),
            sequence: 0,
            searched: 0,
            ended: false,
            again: false,
        })
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        // Bytes may be left that no edge will tell of.
        if self.again {
            Wait::At(Instant::now())
        } else {
            Wait::Readable(self.descriptor())
        }
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    pub(crate) fn format(&self) -> &Format {
        &self.format
    }

    /// The newest whole picture there is, then the end once the writer closed.
    pub(crate) fn newest(&mut self) -> Result<Option<Frame>, CameraError> {
        let mut newest: Option<Picture> = None;
        let mut budget = BUDGET;
        self.again = false;
        let broken = self.splitter.broken();
        while budget > 0 && self.fill()? {
            let before = self.rest.len();
            if let Some(picture) = self.split() {
                self.format.dropped.stale += u64::from(newest.is_some());
                newest = Some(picture);
            }
            budget = budget.saturating_sub(before - self.rest.len());
        }
        self.format.dropped.unusable += self.splitter.broken() - broken;
        self.again = budget == 0 || (self.ended && newest.is_some());
        match newest {
            Some(picture) => Ok(Some(Frame::Jpeg(picture))),
            None if self.ended => Err(CameraError::Ended {
                source_name: self.name.clone(),
                how: "the end of its pictures".to_owned(),
            }),
            None => Ok(None),
        }
    }

    /// Makes sure that there are bytes to split; false where none are to be had now.
    fn fill(&mut self) -> Result<bool, CameraError> {
        if !self.rest.is_empty() {
            return Ok(true);
        }
        if self.searched > SEARCH {
            return Err(CameraError::NotPictures {
                source_name: self.name.clone(),
                bytes: self.searched,
            });
        }
        loop {
            match self.file.read(&mut self.chunk) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(false);
                }
                Ok(read) => {
                    self.rest = 0..read;
                    self.searched += read as u64;
                    return Ok(true);
                }
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(false),
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

    fn split(&mut self) -> Option<Picture> {
        let mut bytes = &self.chunk[self.rest.clone()];
        let jpeg = self.splitter.push(&mut bytes);
        self.rest.start = self.rest.end - bytes.len();
        let jpeg = jpeg?;
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        match repair(jpeg) {
            Ok(mended) => {
                self.searched = 0;
                // A pipe tells no time: the earliest that is known is now.
                Some(picture(&mended, &mut self.format, sequence, Instant::now()))
            }
            Err(why) => {
                self.format.dropped.unusable += 1;
                log::debug!("{} unusable=\"{why}\"", self.name);
                None
            }
        }
    }
}

/// Makes reads of this descriptor return instead of waiting. The standard library offers the call
/// on sockets only; the kernel doesn't care which kind the descriptor is of.
fn nonblocking(pipe: OwnedFd) -> std::io::Result<OwnedFd> {
    let stream = UnixStream::from(pipe);
    stream.set_nonblocking(true)?;
    Ok(stream.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::fuzzing::sample;

    fn reader() -> (PipeReader, std::io::PipeWriter) {
        let (ours, theirs) = std::io::pipe().unwrap();
        (
            PipeReader::new("test".to_owned(), ours.into()).unwrap(),
            theirs,
        )
    }

    #[test]
    fn the_newest_picture_wins_and_the_end_is_told() {
        let (mut reader, mut writer) = reader();
        assert!(reader.newest().unwrap().is_none());
        let jpeg = sample(32, 16);
        writer.write_all(&jpeg.repeat(3)).unwrap();
        writer.write_all(&jpeg[..50]).unwrap();
        let Some(Frame::Jpeg(picture)) = reader.newest().unwrap() else {
            panic!("no picture")
        };
        assert_eq!((picture.sequence, picture.jpeg.to_vec()), (2, jpeg.clone()));
        assert_eq!(reader.format().dropped.stale, 2);
        assert!(reader.newest().unwrap().is_none());
        writer.write_all(&jpeg[50..]).unwrap();
        drop(writer);
        assert!(
            matches!(reader.newest(), Ok(Some(_))),
            "the last picture comes before the end"
        );
        assert!(
            matches!(reader.wait(), Wait::At(_)),
            "no edge tells of an end already read"
        );
        assert!(matches!(reader.newest(), Err(CameraError::Ended { .. })));
    }

    #[test]
    fn a_picture_cut_short_is_counted() {
        let (mut reader, mut writer) = reader();
        let jpeg = sample(32, 16);
        writer.write_all(&jpeg[..jpeg.len() - 20]).unwrap();
        writer.write_all(&jpeg).unwrap();
        assert!(reader.newest().unwrap().is_some());
        assert_eq!(reader.format().dropped.bad(), 1);
    }

    #[test]
    fn a_stream_of_noise_is_given_up() {
        let (mut reader, mut writer) = reader();
        reader.searched = SEARCH;
        assert!(reader.newest().unwrap().is_none());
        writer.write_all(b"noise").unwrap();
        assert!(matches!(
            reader.newest(),
            Err(CameraError::NotPictures { .. })
        ));
    }
}
