//! Reads JPEG pictures from a pipe. It reads at full speed and drops pictures after splitting them:
//! a writer that had to wait would deliver old pictures.

use std::fs::File;
#[cfg(unix)]
use std::os::fd::{AsFd, OwnedFd};
use std::process::ChildStdout;
#[cfg(unix)]
use std::time::{Duration, Instant};

use super::fitted;
use super::stream::JpegStream;
use crate::{CameraError, Encoder, Format, Picture, Wait};

/// Bytes read in one call, two of the largest pictures, so that a writer that is faster than we are
/// can't block the loop.
#[cfg(unix)]
const BUDGET: usize = 2 * crate::MAX_JPEG_BYTES;
/// How long the pipe is silent before a picture without an end marker is taken as complete.
/// Programs that read from a network pause within a picture too, but for less time.
#[cfg(unix)]
const SILENCE: Duration = Duration::from_millis(500);

/// The pictures that come through a pipe.
pub(crate) struct PipeReader {
    file: File,
    stream: JpegStream,
    /// When bytes came last.
    #[cfg(unix)]
    read_at: Instant,
    #[cfg(unix)]
    ended: bool,
    #[cfg(unix)]
    again: bool,
}

/// For a thread that may block.
impl PipeReader {
    /// Leaves the flags of the descriptor alone, because other processes may share it.
    pub(crate) fn new(name: String, file: File) -> Self {
        let format = Format {
            what: name.as_str().into(),
            ..Format::default()
        };
        Self {
            file,
            stream: JpegStream::new(name, format),
            #[cfg(unix)]
            read_at: Instant::now(),
            #[cfg(unix)]
            ended: false,
            #[cfg(unix)]
            again: false,
        }
    }

    /// Waits for the next whole picture.
    pub(crate) fn wait_for_next(&mut self) -> Result<Picture, CameraError> {
        loop {
            if let Some(picture) = self.stream.next(None)? {
                return Ok(picture);
            }
            #[cfg(unix)]
            if self.stream.is_within_picture() {
                let due = Instant::now() + SILENCE;
                if !crate::sys::wait_readable(self.file.as_fd(), Some(due))
                    && let Some(picture) = self.stream.flush(None)
                {
                    return Ok(picture);
                }
            }
            match self.stream.read(&mut self.file)? {
                Some(0) => return self.stream.flush(None).ok_or_else(|| self.end()),
                Some(_) => {}
                // Another program made it non-blocking.
                #[cfg(unix)]
                None => drop(crate::sys::wait_readable(self.file.as_fd(), None)),
                #[cfg(not(unix))]
                None => {}
            }
        }
    }

    pub(crate) fn format(&self) -> &Format {
        self.stream.format()
    }

    fn end(&self) -> CameraError {
        self.stream.ended("the end of its pictures")
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
        if self.again {
            // Bytes or the end may have been read already: polling the pipe would not report them.
            Wait::At(Instant::now())
        } else if self.stream.is_within_picture() {
            Wait::ReadableUntil(self.file.as_fd(), self.read_at + SILENCE)
        } else {
            Wait::Readable(self.file.as_fd())
        }
    }

    /// The newest complete picture, then, once the writer has closed the pipe, the end as an error.
    pub(crate) fn newest(
        &mut self,
        encoder: Option<&mut Encoder>,
    ) -> Result<Option<Picture>, CameraError> {
        let mut newest: Option<Picture> = None;
        let mut budget = BUDGET;
        while budget > 0 {
            let mut picture = self.stream.next(None)?;
            if picture.is_none() {
                match self.stream.read(&mut self.file)? {
                    None if self.is_silent() => picture = self.stream.flush(None),
                    None => break,
                    Some(0) => {
                        self.ended = true;
                        picture = self.stream.flush(None);
                    }
                    Some(read) => {
                        self.read_at = Instant::now();
                        budget = budget.saturating_sub(read);
                    }
                }
            }
            if let Some(picture) = picture {
                self.stream.format_mut().counts.stale += u64::from(newest.is_some());
                newest = Some(picture);
            }
            if self.ended {
                break;
            }
        }
        self.again = budget == 0 || (self.ended && newest.is_some());
        match newest {
            Some(picture) => Ok(fitted(picture, encoder, self.stream.format_mut())),
            None if self.ended => Err(self.end()),
            None => Ok(None),
        }
    }

    /// Whether the picture begun has waited [`SILENCE`] for its end.
    fn is_silent(&self) -> bool {
        self.stream.is_within_picture() && self.read_at.elapsed() >= SILENCE
    }
}

/// For systems on which pipes can't be polled.
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
        Ok(fitted(picture, encoder, self.stream.format_mut()))
    }
}

/// Makes reads of a descriptor non-blocking. The standard library offers the call on sockets only;
/// the kernel accepts every kind of descriptor.
#[cfg(unix)]
pub(super) fn nonblocking(pipe: OwnedFd) -> std::io::Result<OwnedFd> {
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
            "polling does not report an end that was read"
        );
        assert!(matches!(
            reader.newest(Some(&mut encoder())),
            Err(CameraError::Ended { .. })
        ));
    }

    #[test]
    fn a_picture_without_an_end_is_shown_when_the_next_begins_or_nothing_follows() {
        let (mut reader, mut writer) = reader();
        let jpeg = sample(32, 16);
        let open = &jpeg[..jpeg.len() - 2];
        writer.write_all(&open.repeat(3)).unwrap();
        let picture = reader.newest(Some(&mut encoder())).unwrap().unwrap();
        assert_eq!((picture.sequence, &picture.jpeg[..]), (1, &jpeg[..]));
        let Wait::ReadableUntil(_, due) = reader.wait() else {
            panic!("{:?}", reader.wait())
        };
        assert!(due <= Instant::now() + SILENCE);
        assert!(reader.newest(Some(&mut encoder())).unwrap().is_none());
        reader.read_at = Instant::now() - SILENCE;
        let picture = reader.newest(Some(&mut encoder())).unwrap().unwrap();
        assert_eq!((picture.sequence, &picture.jpeg[..]), (2, &jpeg[..]));
        assert!(matches!(reader.wait(), Wait::Readable(_)));
        assert_eq!(
            (reader.format().counts.mended, reader.format().counts.bad()),
            (3, 0)
        );
        // Or the writer ends.
        writer.write_all(open).unwrap();
        drop(writer);
        assert!(reader.newest(Some(&mut encoder())).unwrap().is_some());
        assert!(matches!(
            reader.newest(Some(&mut encoder())),
            Err(CameraError::Ended { .. })
        ));
    }

    /// Standard input is read like this.
    #[test]
    fn a_thread_that_waits_takes_a_picture_without_an_end_after_a_silence() {
        let (ours, mut writer) = std::io::pipe().unwrap();
        let mut reader = PipeReader::new("test".to_owned(), OwnedFd::from(ours).into());
        let jpeg = sample(32, 16);
        writer.write_all(&jpeg[..jpeg.len() - 2]).unwrap();
        let picture = reader.wait_for_next().unwrap();
        assert_eq!(picture.jpeg[..], jpeg[..]);
    }

    /// Another program that shares the descriptor may have done so.
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
