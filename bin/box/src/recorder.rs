//! Where a viewer's pictures go: a file, stdout, a snapshot. They are written unchanged, but for the
//! Exif that says how a picture is rotated and mirrored.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use transom::RemotePicture;
use transom::media::{FilmSound, oriented};

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
    /// Opens the files, so that a wrong path is reported before the peer is dialed.
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
            stdout: arguments.has_stdout(),
        })
    }

    /// Writes a picture; `false` if the reader of stdout is gone.
    pub(crate) fn add(&mut self, picture: &RemotePicture) -> Result<bool, Failure> {
        let jpeg = oriented(&picture.jpeg, picture.orientation);
        if let Some(path) = self.snapshot.take() {
            write_snapshot(&path, &jpeg).map_err(|error| cannot_write(&path, error))?;
        }
        if let Some(film) = &mut self.film {
            film.add(picture)?;
        }
        if !self.stdout {
            return Ok(true);
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(&jpeg).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(cannot_write(Path::new("stdout"), error)),
        }
    }

    /// Writes sound, if there is a film.
    pub(crate) fn add_sound(&mut self, sound: &FilmSound<'_>) -> Result<(), Failure> {
        match &mut self.film {
            Some(film) => film.add_sound(sound),
            None => Ok(()),
        }
    }

    /// Whether a film is recorded, which the far side is told.
    pub(crate) fn has_film(&self) -> bool {
        self.film.is_some()
    }

    /// Completes the file.
    pub(crate) fn close(self) -> Result<(), Failure> {
        self.film.map_or(Ok(()), Film::close)
    }
}

/// The folder must exist. Whether a file can be written into it shows with the first picture.
fn check_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    match fs::metadata(folder.unwrap_or(Path::new(".")))?.is_dir() {
        true => Ok(()),
        false => Err(io::ErrorKind::NotADirectory.into()),
    }
}

/// An existing path must be a regular file: opening a named pipe would wait for its reader, and a
/// device such as `/dev/null` would be replaced by the picture.
pub(crate) fn check_ordinary(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other("it is no regular file")),
        _ => Ok(()),
    }
}

/// Replaces the snapshot atomically, since other programs may read it meanwhile. A symbolic link
/// stays.
fn write_snapshot(path: &Path, jpeg: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut beside = OsString::from(&target);
    beside.push(".part");
    // A leftover of an earlier run, or a link to a file that must not be emptied.
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
