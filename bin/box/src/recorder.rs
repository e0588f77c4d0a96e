//! Where a viewer's pictures go: a file, stdout, a snapshot. Pictures are written as they came.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use transom::RemotePicture;
use transom::media::AviWriter;

use crate::args::Watch;
use crate::failure::Failure;

/// All that `transom watch` was asked to keep.
pub(crate) struct Recorder {
    film: Option<Film>,
    snapshot: Option<PathBuf>,
    stdout: bool,
}

/// A file that grows with every picture.
struct Film {
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    Avi(AviWriter<BufWriter<File>>),
    Mjpeg(BufWriter<File>),
}

impl Recorder {
    /// Opens the files, so that a wrong path is told before anybody is dialed.
    pub(crate) fn open(arguments: &Watch) -> Result<Self, Failure> {
        let film = arguments.save.as_deref().map(Film::create).transpose()?;
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
            film.add(picture)
                .map_err(|error| cannot_write(&film.path, error))?;
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
        match self.film {
            Some(Film { path, kind }) => kind.close().map_err(|error| cannot_write(&path, error)),
            None => Ok(()),
        }
    }
}

impl Film {
    fn create(path: &Path) -> Result<Self, Failure> {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        let avi = match ending.to_ascii_lowercase().as_str() {
            "avi" => true,
            "mjpeg" | "mjpg" => false,
            _ => {
                return Err(Failure::usage(
                    format!("can't save {}", path.display()),
                    "its name tells no format",
                )
                .next("end it in .mjpeg or .avi"));
            }
        };
        let file = File::create(path).map_err(|error| cannot_write(path, error))?;
        let file = BufWriter::new(file);
        let kind = if avi {
            Kind::Avi(AviWriter::new(file))
        } else {
            Kind::Mjpeg(file)
        };
        Ok(Self {
            path: path.to_owned(),
            kind,
        })
    }

    fn add(&mut self, picture: &RemotePicture) -> io::Result<()> {
        match &mut self.kind {
            Kind::Avi(writer) => writer.add(
                &picture.jpeg,
                (picture.width, picture.height),
                picture.timing.received,
            ),
            Kind::Mjpeg(file) => file.write_all(&picture.jpeg),
        }
    }
}

impl Kind {
    fn close(self) -> io::Result<()> {
        match self {
            Self::Avi(writer) => writer.finish().map(drop),
            Self::Mjpeg(mut file) => file.flush(),
        }
    }
}

/// Whole or not at all: others may look at it while we write.
fn write_snapshot(path: &Path, jpeg: &[u8]) -> io::Result<()> {
    let mut beside = OsString::from(path);
    beside.push(".part");
    fs::write(&beside, jpeg)?;
    fs::rename(&beside, path)
}

fn cannot_write(path: &Path, error: io::Error) -> Failure {
    Failure::new(format!("can't write {}", path.display()), error)
}
