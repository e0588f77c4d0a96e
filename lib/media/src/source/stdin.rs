//! JPEG pictures from standard input, be it a pipe or a file. A thread always reads the pipe and
//! drops pictures that no camera takes: otherwise the pipe would fill up, and the next viewer would
//! see old pictures.

use std::fs::File;
use std::io;
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(windows)]
use std::os::windows::io::AsHandle;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::file::FileCamera;
use super::fitted;
use super::pipe::PipeReader;
use crate::{Camera, CameraError, CaptureRequest, Counts, Encoder, Format, Picture, Slot, Wait};

const NAME: &str = "-";
/// How long [`Camera::newest`] waits for a picture, before the caller checks whether the camera is
/// still wanted.
const WAIT: Duration = Duration::from_millis(200);
/// Enough to split pictures.
const STACK_BYTES: usize = 256 * 1024;

/// What the reading thread shares with the cameras.
#[derive(Clone)]
struct Pictures {
    /// The newest picture, or why there is none; closed at the end of the input.
    newest: Slot<Result<Picture, CameraError>>,
    /// The format and the counts of the pictures.
    format: Arc<Mutex<Format>>,
}

enum Input {
    File(File),
    Pipe(Pictures),
}

/// Opens standard input. A file is played once, at the requested frame rate.
pub(crate) fn open(request: &CaptureRequest) -> Result<Box<dyn Camera>, CameraError> {
    match input()? {
        Input::File(file) => Ok(Box::new(FileCamera::new(
            NAME.to_owned(),
            file,
            request,
            false,
        )?)),
        Input::Pipe(pictures) => Ok(Box::new(StdinCamera::new(pictures))),
    }
}

/// Starts the thread that reads the pipe.
pub(crate) fn prepare() -> Result<(), CameraError> {
    input().map(drop)
}

/// The kind of standard input. A process has only one, so only one thread reads it.
fn input() -> Result<Input, CameraError> {
    static PICTURES: Mutex<Option<Pictures>> = Mutex::new(None);
    let failed = |why| CameraError::Io {
        device: NAME.to_owned(),
        step: "open standard input",
        why,
    };
    let mut pictures = PICTURES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pictures) = &*pictures {
        return Ok(Input::Pipe(pictures.clone()));
    }
    let file = descriptor().map_err(failed)?;
    if file.metadata().is_ok_and(|about| about.is_file()) {
        return Ok(Input::File(file));
    }
    let started = read_always(file).map_err(failed)?;
    Ok(Input::Pipe(pictures.insert(started).clone()))
}

/// A copy of the descriptor, so that closing it does not close standard input. Its flags are shared
/// with the original and with other processes at the terminal, so they are not changed.
fn descriptor() -> io::Result<File> {
    #[cfg(unix)]
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    #[cfg(windows)]
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    Ok(File::from(input))
}

/// Starts the thread. A read can't be interrupted: the thread ends with the input or the process.
fn read_always(file: File) -> io::Result<Pictures> {
    let pictures = Pictures {
        newest: Slot::new(),
        format: Arc::default(),
    };
    let Pictures { newest, format } = pictures.clone();
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let mut reader = PipeReader::new(NAME.to_owned(), file);
            loop {
                match reader.wait_for_next() {
                    // The last picture stays until it is taken.
                    Err(CameraError::Ended { .. }) => break,
                    Err(error @ CameraError::Io { .. }) => {
                        newest.put(Err(error));
                        break;
                    }
                    next => drop(newest.put(next)),
                }
                *format.lock().unwrap_or_else(PoisonError::into_inner) = reader.format().clone();
            }
            newest.close();
        })?;
    Ok(pictures)
}

struct StdinCamera {
    pictures: Pictures,
    /// The counts when this camera was opened.
    before: Counts,
    format: Format,
}

impl StdinCamera {
    fn new(pictures: Pictures) -> Self {
        // A picture that is there already is of the past.
        drop(pictures.newest.take());
        let mut camera = Self {
            before: Counts::default(),
            pictures,
            format: Format {
                what: NAME.into(),
                ..Format::default()
            },
        };
        camera.update_counts();
        camera.before = camera.format.counts;
        camera.update_counts();
        camera
    }

    /// Copies the counts of the reading thread.
    fn update_counts(&mut self) {
        let known = self.pictures.format.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        self.format.counts = known.counts.since(&self.before);
        self.format.fault.clone_from(&known.fault);
    }
}

impl Camera for StdinCamera {
    fn wait(&self) -> Wait<'_> {
        Wait::Blocking
    }

    fn newest(&mut self, encoder: Option<&mut Encoder>) -> Result<Option<Picture>, CameraError> {
        let newest = self.pictures.newest.wait_for(WAIT);
        self.update_counts();
        let picture = match newest {
            // A last picture may have come just before the end.
            None if self.pictures.newest.is_closed() => {
                self.pictures.newest.take().unwrap_or_else(|| {
                    Err(CameraError::Ended {
                        source_name: NAME.to_owned(),
                        how: "the end of its pictures".to_owned(),
                    })
                })?
            }
            None => return Ok(None),
            Some(picture) => picture?,
        };
        (self.format.width, self.format.height) = (picture.width, picture.height);
        Ok(fitted(picture, encoder, &mut self.format))
    }

    fn format(&self) -> &Format {
        &self.format
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeWriter, Write};

    use super::*;
    use crate::fuzzing::sample;

    fn input() -> (Pictures, PipeWriter) {
        let (ours, theirs) = io::pipe().unwrap();
        #[cfg(unix)]
        let ours = std::os::fd::OwnedFd::from(ours);
        #[cfg(windows)]
        let ours = std::os::windows::io::OwnedHandle::from(ours);
        (read_always(File::from(ours)).unwrap(), theirs)
    }

    /// The width of the next picture; 0 at the end.
    fn next(camera: &mut StdinCamera) -> u16 {
        loop {
            match camera.newest(Some(&mut Encoder::new(80, None))) {
                Ok(None) => {}
                Ok(Some(picture)) => return picture.width,
                Err(CameraError::Ended { .. }) => return 0,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_came_while_nobody_looked_is_not_shown() {
        let (pictures, mut writer) = input();
        // More than a pipe holds: writing it ends only because the thread reads.
        let past = sample(64, 64);
        for _ in 0..4 * 1024 * 1024 / past.len() {
            writer.write_all(&past).unwrap();
        }
        writer.write_all(&sample(32, 16)).unwrap();
        // The last of them has come through when it can be taken.
        while !matches!(pictures.newest.take(), Some(Ok(picture)) if picture.width == 32) {
            std::thread::yield_now();
        }
        let mut camera = StdinCamera::new(pictures.clone());
        writer.write_all(&sample(48, 16)).unwrap();
        assert_eq!(next(&mut camera), 48);

        // Closed and opened again.
        drop(camera);
        writer.write_all(&past).unwrap();
        writer.write_all(&sample(32, 16)).unwrap();
        while !matches!(pictures.newest.wait(), Some(Ok(picture)) if picture.width == 32) {}
        let mut camera = StdinCamera::new(pictures);
        writer.write_all(&sample(16, 16)).unwrap();
        drop(writer);
        assert_eq!(next(&mut camera), 16, "the last one comes before the end");
        assert_eq!(next(&mut camera), 0);
    }

    #[test]
    fn pictures_that_can_not_be_used_are_counted_from_the_opening_on() {
        let (pictures, mut writer) = input();
        let good = sample(32, 16);
        // Cut within its header; one without its end is shown.
        let cut = &good[..20];
        writer.write_all(cut).unwrap();
        writer.write_all(&good).unwrap();
        while pictures.format.lock().unwrap().counts.bad() == 0 {
            std::thread::yield_now();
        }
        let mut camera = StdinCamera::new(pictures);
        for _ in 0..2 {
            writer.write_all(cut).unwrap();
            writer.write_all(&good).unwrap();
        }
        drop(writer);
        while next(&mut camera) != 0 {}
        assert_eq!(camera.format().counts.bad(), 2);
    }

    #[test]
    fn an_input_that_has_ended_says_so_whenever_it_is_opened() {
        let (pictures, writer) = input();
        drop(writer);
        for _ in 0..2 {
            assert_eq!(next(&mut StdinCamera::new(pictures.clone())), 0);
        }
    }
}
