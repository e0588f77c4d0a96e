//! Where a viewer's pictures go: a file, stdout, a snapshot. Pictures are written as they came.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use transom::RemotePicture;

use crate::args::Watch;
use crate::failure::Failure;
use crate::film::Film;

/// All that `transom watch` was asked to keep.
pub(crate) struct Recorder {
    film: Option<Film>,
    snapshot: Option<PathBuf>,
    stdout: bool,
}

impl Recorder {
    /// Opens the files, so that a wrong path is told before anybody is dialed.
    pub(crate) fn open(arguments: &Watch) -> Result<Self, Failure> {
        let film = arguments.save.as_deref().map(Film::create).transpose()?;
        if let Some(path) = &arguments.snapshot {
            check_folder_of(path).map_err(|error| cannot_write(path, error))?;
        }
        Ok(Self {
            film,
            snapshot: arguments.snapshot.clone(),
            stdout: arguments.stdout.is_some(),
        })
    }

    /// Keeps a picture: `false` when whoever read stdout is gone.
    pub(crate) fn add(&mut self, picture: &RemotePicture) -> Result<bool, Failure> {
        if let Some(path) = self.snapshot.take() {
            write_snapshot(&path, &picture.jpeg).map_err(|error| cannot_write(&path, error))?;
        }
        if let Some(film) = &mut self.film {
            film.add(picture)?;
        }
        if !self.stdout {
            return Ok(true);
        }
        let mut stdout = io::stdout().lock();
        match stdout
            .write_all(&picture.jpeg)
            .and_then(|()| stdout.flush())
        {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(cannot_write(Path::new("stdout"), error)),
        }
    }

    /// Completes the file.
    pub(crate) fn close(self) -> Result<(), Failure> {
        self.film.map_or(Ok(()), Film::close)
    }
}

/// The folder has to be there; whether it takes a file is known when there is one.
fn check_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    match fs::metadata(folder.unwrap_or(Path::new(".")))?.is_dir() {
        true => Ok(()),
        false => Err(io::ErrorKind::NotADirectory.into()),
    }
}

/// Whole or not at all: others may look at it while we write.
fn write_snapshot(path: &Path, jpeg: &[u8]) -> io::Result<()> {
    let mut beside = OsString::from(path);
    beside.push(".part");
    fs::write(&beside, jpeg)?;
    fs::rename(&beside, path)
}

pub(crate) fn cannot_write(path: &Path, error: io::Error) -> Failure {
    Failure::new(format!("can't write {}", path.display()), error)
}
