//! JPEG pictures from standard input, be it a pipe or a file. It takes a copy of the descriptor, so
//! that dropping the camera closes nothing of ours.

#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(windows)]
use std::os::windows::io::AsHandle;

use super::file::FileCamera;
use super::pipe::PipeReader;
use crate::{Camera, CameraError, Format, Frame, Wait, Wish};

const NAME: &str = "-";

/// Reads standard input. A file there is played at a pace, once; files can't be polled.
pub(crate) fn open(wish: &Wish) -> Result<Box<dyn Camera>, CameraError> {
    let failed = |why| CameraError::Io {
        device: NAME.to_owned(),
        step: "open standard input",
        why,
    };
    #[cfg(unix)]
    let input = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map_err(failed)?;
    #[cfg(windows)]
    let input = std::io::stdin()
        .as_handle()
        .try_clone_to_owned()
        .map_err(failed)?;
    let file = std::fs::File::from(input);
    if file.metadata().is_ok_and(|about| about.is_file()) {
        return Ok(Box::new(FileCamera::new(
            NAME.to_owned(),
            file,
            wish,
            false,
        )?));
    }
    Ok(Box::new(StdinCamera {
        pipe: PipeReader::new(NAME.to_owned(), file.into())?,
    }))
}

struct StdinCamera {
    pipe: PipeReader,
}

impl Camera for StdinCamera {
    fn wait(&self) -> Wait<'_> {
        self.pipe.wait()
    }

    fn newest(&mut self) -> Result<Option<Frame>, CameraError> {
        self.pipe.newest()
    }

    fn format(&self) -> &Format {
        self.pipe.format()
    }
}
