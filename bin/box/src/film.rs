//! A film on disk that grows with every picture: `.mkv` (Matroska), or `.mjpeg` (the JPEGs one
//! after the other).

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use transom::RemotePicture;
use transom::media::{self, FilmSound, MAX_FILM_FILES, Picture};

use crate::failure::Failure;
use crate::recorder::{cannot_write, check_ordinary};

/// The film, in several files where its pictures change their size.
pub(crate) struct Film {
    names: Names,
    /// Opened, and truncated only with the first picture: if the box can't be reached, an earlier
    /// film of that name is kept.
    first: Option<File>,
    /// Whether we created the file, so that it is removed again if no picture comes.
    is_new: bool,
    container: Container,
}

enum Container {
    Matroska(media::Film<BufWriter<File>>),
    Mjpeg(Option<BufWriter<File>>),
}

impl Film {
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        let container = match ending.to_ascii_lowercase().as_str() {
            "mkv" => Container::Matroska(media::Film::default()),
            "mjpeg" | "mjpg" => Container::Mjpeg(None),
            _ => {
                let what = format!("can't save {}", path.display());
                return Err(Failure::usage(what, "its name tells no format")
                    .next("end it in .mkv or .mjpeg"));
            }
        };
        check_ordinary(path).map_err(|error| cannot_write(path, error))?;
        let is_new = !path.exists();
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(false).open(path);
        Ok(Self {
            names: Names {
                path: path.to_owned(),
                last: 1,
            },
            first: Some(file.map_err(|error| cannot_write(path, error))?),
            is_new,
            container,
        })
    }

    pub(crate) fn add(&mut self, picture: &RemotePicture) -> Result<(), Failure> {
        self.add_picture(&for_film(picture))
            .map_err(|error| cannot_write(&self.names.last(), error))
    }

    /// Adds sound, where the format has room for it.
    pub(crate) fn add_sound(&mut self, sound: &FilmSound<'_>) -> Result<(), Failure> {
        match &mut self.container {
            Container::Matroska(film) => film
                .sound(sound)
                .map_err(|error| cannot_write(&self.names.last(), error)),
            Container::Mjpeg(_) => Ok(()),
        }
    }

    /// Writes the end of the film, and all that is buffered.
    pub(crate) fn close(mut self) -> Result<(), Failure> {
        self.end()
            .map_err(|error| cannot_write(&self.names.last(), error))
    }

    fn add_picture(&mut self, picture: &Picture) -> io::Result<()> {
        let Self { names, first, .. } = self;
        let mut open = || match first.take() {
            Some(file) => file.set_len(0).map(|()| BufWriter::new(file)),
            None => names.open_next().map(BufWriter::new),
        };
        match &mut self.container {
            Container::Matroska(film) => film.picture(picture, |_| open()),
            Container::Mjpeg(file) => {
                let file = match file {
                    Some(file) => file,
                    None => file.insert(open()?),
                };
                file.write_all(&media::oriented(&picture.jpeg, picture.orientation))
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        if self.first.take().is_some() && self.is_new {
            return fs::remove_file(&self.names.path);
        }
        match &mut self.container {
            Container::Matroska(film) => film.finish(),
            Container::Mjpeg(file) => file.take().map_or(Ok(()), |mut file| file.flush()),
        }
    }
}

impl Drop for Film {
    /// Completes the film after an error elsewhere, as far as possible.
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            log::debug!("{}: {error}", self.names.path.display());
        }
    }
}

/// `porch.mkv`, then `porch-2.mkv`.
struct Names {
    path: PathBuf,
    last: u32,
}

impl Names {
    /// Opens the next file. The sender causes it by changing the size of its pictures, so it must
    /// not overwrite a file, which may be of an earlier film.
    fn open_next(&mut self) -> io::Result<File> {
        while self.last < MAX_FILM_FILES {
            self.last += 1;
            let mut options = File::options();
            match options.write(true).create_new(true).open(self.last()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => return opened,
            }
        }
        Err(io::Error::other(format!(
            "a film has at most {MAX_FILM_FILES} files, one for each time its pictures change their size"
        )))
    }

    fn last(&self) -> PathBuf {
        if self.last == 1 {
            return self.path.clone();
        }
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let ending = self.path.extension().unwrap_or_default().to_string_lossy();
        self.path
            .with_file_name(format!("{stem}-{}.{ending}", self.last))
    }
}

/// The picture as [`media::Film`] takes it.
fn for_film(picture: &RemotePicture) -> Picture {
    Picture {
        jpeg: picture.jpeg.clone(),
        width: picture.width,
        height: picture.height,
        orientation: picture.orientation,
        sequence: picture.sequence,
        captured: picture.timing.captured(),
        acquired: picture.timing.received,
        ready: picture.timing.received,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    use transom::media::fuzzing;

    fn picture(width: u16) -> Picture {
        let now = Instant::now();
        let jpeg = vec![0xff, 0xd8, 0xff, 0xd9].into();
        Picture {
            jpeg,
            width,
            height: 16,
            orientation: 1,
            sequence: 0,
            captured: now,
            acquired: now,
            ready: now,
        }
    }

    #[test]
    fn another_picture_size_begins_another_file() {
        let dir = std::env::temp_dir().join(format!("transom-film-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        let mut film = Film::create(&dir.join("porch.mkv")).unwrap();
        for width in [16, 16, 32] {
            film.add_picture(&picture(width)).unwrap();
        }
        film.close().unwrap();
        for (name, pictures) in [("porch.mkv", 2), ("porch-2.mkv", 1)] {
            let film = fuzzing::read_film(&fs::read(dir.join(name)).unwrap());
            assert_eq!(film.blocks.len(), pictures, "{name}");
            assert!(film.duration.is_some(), "{name}");
        }
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn another_size_overwrites_no_file_and_fills_no_folder() {
        let dir = std::env::temp_dir().join(format!("transom-film-parts-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("porch-2.mkv"), b"an earlier film").unwrap();
        let mut film = Film::create(&dir.join("porch.mkv")).unwrap();
        let mut widths = (0..u16::MAX).map(|number| 16 + number % 2 * 16);
        let error = widths.find_map(|width| film.add_picture(&picture(width)).err());
        drop(film);
        let earlier = fs::read(dir.join("porch-2.mkv")).unwrap();
        let files = fs::read_dir(&dir).unwrap().count();
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(earlier, b"an earlier film");
        assert_eq!(files, MAX_FILM_FILES as usize);
        assert!(error.unwrap().to_string().contains("at most 1000 files"));
    }

    #[test]
    fn without_a_picture_the_disk_is_as_before() {
        let dir = std::env::temp_dir().join(format!("transom-no-film-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        for name in ["old.mkv", "old.mjpeg"] {
            fs::write(dir.join(name), b"an earlier film").unwrap();
        }
        for name in ["old.mkv", "old.mjpeg", "new.mkv", "new.mjpeg"] {
            drop(Film::create(&dir.join(name)).ok().unwrap());
            Film::create(&dir.join(name)).ok().unwrap().close().unwrap();
        }
        for name in ["old.mkv", "old.mjpeg"] {
            assert_eq!(fs::read(dir.join(name)).unwrap(), b"an earlier film");
        }
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 2);
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_name_without_format_is_wrong_usage() {
        let failure = Film::create(Path::new("porch.mp4")).err().unwrap();
        assert_eq!(failure.code(), 2);
    }
}
