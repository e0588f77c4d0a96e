//! Where a viewer's pictures go: a file, stdout, a snapshot. Pictures are written as they came.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use transom::RemotePicture;
use transom::media::FilmSound;

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
            check_folder_of(path)
                .and_then(|()| check_ordinary(path))
                .map_err(|error| cannot_write(path, error))?;
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

    /// Keeps sound, where there is a film.
    pub(crate) fn add_sound(&mut self, sound: &FilmSound<'_>) -> Result<(), Failure> {
        match &mut self.film {
            Some(film) => film.add_sound(sound),
            None => Ok(()),
        }
    }

    /// Whether a film is kept, which the far side is told.
    pub(crate) fn has_film(&self) -> bool {
        self.film.is_some()
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

/// What is there already has to be a file: to open a pipe is to wait for its reader, and a device
/// of that name, `/dev/null` above all, would be gone when the picture has its place.
pub(crate) fn check_ordinary(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other("it is no ordinary file")),
        _ => Ok(()),
    }
}

/// Whole or not at all: others may look at it while we write. A link stays one.
fn write_snapshot(path: &Path, jpeg: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut beside = OsString::from(&target);
    beside.push(".part");
    // What lies there is left of an earlier run, or a link to a file that is not ours to empty.
    drop(fs::remove_file(&beside));
    let written = File::create_new(&beside).and_then(|mut file| file.write_all(jpeg));
    let placed = written.and_then(|()| fs::rename(&beside, &target));
    placed.inspect_err(|_| drop(fs::remove_file(&beside)))
}

pub(crate) fn cannot_write(path: &Path, error: io::Error) -> Failure {
    Failure::new(format!("can't write {}", path.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_snapshot_takes_the_place_of_no_device_and_of_no_link() {
        assert!(check_ordinary(Path::new("/dev/null")).is_err());
        let dir = std::env::temp_dir().join(format!("transom-snapshot-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        let [link, picture, part, other] =
            ["link.jpg", "picture.jpg", "picture.jpg.part", "other"].map(|name| dir.join(name));
        fs::write(&picture, b"old").unwrap();
        fs::write(&other, b"other").unwrap();
        std::os::unix::fs::symlink(&picture, &link).unwrap();
        std::os::unix::fs::symlink(&other, &part).unwrap();
        check_ordinary(&link).unwrap();
        write_snapshot(&link, b"new").unwrap();
        let is_link = fs::symlink_metadata(&link).unwrap().is_symlink();
        let written = [&picture, &other].map(|path| fs::read(path).unwrap());
        let count = fs::read_dir(&dir).unwrap().count();
        fs::remove_dir_all(&dir).unwrap();
        assert!(is_link);
        assert_eq!(written, [b"new".to_vec(), b"other".to_vec()]);
        assert_eq!(count, 3, "nothing is left beside");
    }
}
