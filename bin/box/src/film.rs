//! A film on disk that grows with every picture: `.mjpeg`, the JPEGs one after the other, or
//! `.avi`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use transom::RemotePicture;
use transom::media::{AviWriter, Picture};

use crate::failure::Failure;
use crate::recorder::{cannot_write, check_ordinary};

/// Files of one film, so that a sender whose every picture has another size does not fill the disk
/// with names.
const MAX_PARTS: u32 = 1000;

/// The film, in several files where one can't hold it all.
pub(crate) struct Film {
    path: PathBuf,
    /// How many files there are; the first has the name that was asked for.
    parts: u32,
    reel: Reel,
    /// The file was not there before, so that it may go again if no picture comes.
    is_new: bool,
}

/// An earlier film of that name is emptied by the first picture and not before: a box that can't be
/// reached costs nothing.
enum Reel {
    NewAvi(File),
    NewMjpeg(File),
    Avi(AviWriter<BufWriter<File>>, (u16, u16)),
    Mjpeg(BufWriter<File>),
    /// An earlier error closed it.
    Closed,
}

impl Film {
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        let reel: fn(File) -> Reel = match ending.to_ascii_lowercase().as_str() {
            "avi" => Reel::NewAvi,
            "mjpeg" | "mjpg" => Reel::NewMjpeg,
            _ => {
                let what = format!("can't save {}", path.display());
                return Err(Failure::usage(what, "its name tells no format")
                    .next("end it in .mjpeg or .avi"));
            }
        };
        check_ordinary(path).map_err(|error| cannot_write(path, error))?;
        let is_new = !path.exists();
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(false).open(path);
        Ok(Self {
            path: path.to_owned(),
            parts: 1,
            reel: reel(file.map_err(|error| cannot_write(path, error))?),
            is_new,
        })
    }

    pub(crate) fn add(&mut self, picture: &RemotePicture) -> Result<(), Failure> {
        let result = self.begin().and_then(|()| match &mut self.reel {
            Reel::Mjpeg(file) => file.write_all(&picture.jpeg),
            _ => self.add_to_avi(&for_avi(picture)),
        });
        result.map_err(|error| cannot_write(&self.part(), error))
    }

    /// Writes the index, where there is one, and all that is buffered.
    pub(crate) fn close(mut self) -> Result<(), Failure> {
        self.end_reel()
            .map_err(|error| cannot_write(&self.part(), error))
    }

    /// The first picture is there: what lay under that name goes.
    fn begin(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.reel, Reel::Closed) {
            Reel::NewMjpeg(file) => {
                file.set_len(0)?;
                self.reel = Reel::Mjpeg(BufWriter::new(file));
            }
            other => self.reel = other,
        }
        Ok(())
    }

    /// A full file, or one of another picture size, is followed by the next.
    fn add_to_avi(&mut self, picture: &Picture) -> io::Result<()> {
        let size = (picture.width, picture.height);
        if let Reel::Avi(writer, same) = &mut self.reel {
            if *same == size && writer.write(picture)? {
                return Ok(());
            }
            self.end_reel()?;
            self.reel = Reel::NewAvi(self.next_part()?);
        }
        if let Reel::NewAvi(file) = std::mem::replace(&mut self.reel, Reel::Closed) {
            file.set_len(0)?;
            let mut writer = AviWriter::new(BufWriter::new(file), size.0, size.1)?;
            writer.write(picture)?;
            self.reel = Reel::Avi(writer, size);
        }
        Ok(())
    }

    fn end_reel(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.reel, Reel::Closed) {
            Reel::Avi(writer, _) => writer.finish().map(drop),
            Reel::Mjpeg(mut file) => file.flush(),
            Reel::NewAvi(_) | Reel::NewMjpeg(_) if self.is_new => fs::remove_file(&self.path),
            Reel::NewAvi(_) | Reel::NewMjpeg(_) | Reel::Closed => Ok(()),
        }
    }

    /// A file for what comes next. Which number it has is up to the sender, who changes the size of
    /// its pictures, so it takes the place of no other: that may be of an earlier film.
    fn next_part(&mut self) -> io::Result<File> {
        while self.parts < MAX_PARTS {
            self.parts += 1;
            let mut options = File::options();
            match options.write(true).create_new(true).open(self.part()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => return opened,
            }
        }
        Err(io::Error::other(format!(
            "a film has at most {MAX_PARTS} files, one for each time its pictures change their size"
        )))
    }

    /// `porch.avi`, then `porch-2.avi`.
    fn part(&self) -> PathBuf {
        if self.parts == 1 {
            return self.path.clone();
        }
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let ending = self.path.extension().unwrap_or_default().to_string_lossy();
        self.path
            .with_file_name(format!("{stem}-{}.{ending}", self.parts))
    }
}

impl Drop for Film {
    /// After an error elsewhere: what is there is completed as far as it goes.
    fn drop(&mut self) {
        if let Err(error) = self.end_reel() {
            log::debug!("{}: {error}", self.path.display());
        }
    }
}

/// As the writer takes it. The pace is that of arrival, since the sensor's clock may not be known
/// yet.
fn for_avi(picture: &RemotePicture) -> Picture {
    Picture {
        jpeg: picture.jpeg.as_slice().into(),
        width: picture.width,
        height: picture.height,
        orientation: picture.orientation,
        sequence: picture.sequence,
        captured: picture.timing.received,
        acquired: picture.timing.received,
        ready: picture.timing.received,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

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
        let mut film = Film::create(&dir.join("porch.avi")).unwrap();
        for width in [16, 16, 32] {
            film.add_to_avi(&picture(width)).unwrap();
        }
        film.close().unwrap();
        for (name, pictures) in [("porch.avi", 2), ("porch-2.avi", 1)] {
            let bytes = fs::read(dir.join(name)).unwrap();
            assert!(bytes.starts_with(b"RIFF"), "{name}");
            let index = bytes.windows(4).filter(|four| four == b"00dc").count();
            // Once before the data and once in the index.
            assert_eq!(index, 2 * pictures, "{name}");
        }
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn another_size_takes_no_other_file_s_place_and_fills_no_folder() {
        let dir = std::env::temp_dir().join(format!("transom-film-parts-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("porch-2.avi"), b"an earlier film").unwrap();
        let mut film = Film::create(&dir.join("porch.avi")).unwrap();
        let mut widths = (0..u16::MAX).map(|number| 16 + number % 2 * 16);
        let error = widths.find_map(|width| film.add_to_avi(&picture(width)).err());
        drop(film);
        let earlier = fs::read(dir.join("porch-2.avi")).unwrap();
        let files = fs::read_dir(&dir).unwrap().count();
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(earlier, b"an earlier film");
        assert_eq!(files, MAX_PARTS as usize);
        assert!(error.unwrap().to_string().contains("at most 1000 files"));
    }

    #[test]
    fn without_a_picture_the_disk_is_as_before() {
        let dir = std::env::temp_dir().join(format!("transom-no-film-{}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        for name in ["old.avi", "old.mjpeg"] {
            fs::write(dir.join(name), b"an earlier film").unwrap();
        }
        for name in ["old.avi", "old.mjpeg", "new.avi", "new.mjpeg"] {
            drop(Film::create(&dir.join(name)).ok().unwrap());
            Film::create(&dir.join(name)).ok().unwrap().close().unwrap();
        }
        for name in ["old.avi", "old.mjpeg"] {
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
