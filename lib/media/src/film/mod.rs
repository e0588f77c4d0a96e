//! Films: pictures and sound kept as files. Nothing is buffered but a list of cues. A file that is
//! cut off plays up to the cut.

mod ebml;
mod matroska;

use std::io::{self, Seek, Write};
use std::time::Instant;

use crate::Picture;
use matroska::MatroskaWriter;

/// Limit of the files of one film: a sender whose every picture has another size must not fill the
/// disk with files.
pub const MAX_FILM_FILES: u32 = 1000;

/// Which side of a call a track of sound is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Speaker {
    /// Our own microphone.
    Near,
    /// The peer's.
    Far,
}

impl Speaker {
    fn track_name(self) -> &'static str {
        match self {
            Self::Near => "own microphone",
            Self::Far => "far side",
        }
    }
}

/// How sound is coded: 48 kHz, one channel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SoundCodec {
    /// 16 bit samples, little-endian.
    Pcm,
    /// Opus packets.
    Opus {
        /// Samples at the start that the decoder has to drop: the encoder's look-ahead.
        pre_skip: u16,
    },
}

/// A frame of sound for a film.
#[derive(Clone, Copy, Debug)]
pub struct Sound<'a> {
    /// The side of the call that it comes from.
    pub speaker: Speaker,
    /// How its bytes are coded.
    pub codec: SoundCodec,
    /// When its first sample was taken, by the same clock as [`Picture::captured`].
    pub captured: Instant,
    /// Samples or a packet.
    pub bytes: &'a [u8],
}

/// A film being written: Matroska with Motion JPEG, and sound where some comes.
///
/// A picture of another size begins another file, because players use the first size for a whole
/// file. Sound and pictures have timestamps of their own, so they stay synchronous. There is at
/// most one track for each side and codec; sound from before the first picture is left out.
///
/// ```
/// # use std::io::Cursor;
/// # use std::time::{Duration, Instant};
/// # use transom_media::{Film, FilmSound, Picture, SoundCodec, Speaker};
/// # let jpeg = transom_media::fuzzing::sample(64, 48);
/// # let now = Instant::now();
/// # let picture = Picture {
/// #     jpeg: jpeg.into(), width: 64, height: 48, orientation: 1, sequence: 0,
/// #     captured: now, acquired: now, ready: now,
/// # };
/// let mut film = Film::default();
/// // Called for the first file and each further one, with its number from 1.
/// let open = |_number| Ok(Cursor::new(Vec::new()));
/// film.picture(&picture, open)?;
/// film.sound(&FilmSound {
///     speaker: Speaker::Far,
///     codec: SoundCodec::Pcm,
///     captured: now + Duration::from_millis(10),
///     bytes: &[0; 960],
/// })?;
/// film.finish()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Film<W: Write + Seek> {
    file: Option<MatroskaWriter<W>>,
    files: u32,
    pictures: u64,
}

impl<W: Write + Seek> Default for Film<W> {
    /// A film without a file yet.
    fn default() -> Self {
        Self {
            file: None,
            files: 0,
            pictures: 0,
        }
    }
}

impl<W: Write + Seek> Film<W> {
    /// Adds a picture. Where a new file begins, `open` is called with its number, from 1.
    ///
    /// # Errors
    ///
    /// Those of the file; also when a new file would exceed [`MAX_FILM_FILES`].
    pub fn picture(
        &mut self,
        picture: &Picture,
        open: impl FnOnce(u32) -> io::Result<W>,
    ) -> io::Result<()> {
        match &mut self.file {
            Some(file) if file.fits(picture) => file.picture(picture)?,
            _ => {
                self.finish()?;
                if self.files == MAX_FILM_FILES {
                    return Err(io::Error::other(format!(
                        "its pictures change their size too often: it has {MAX_FILM_FILES} files"
                    )));
                }
                self.files += 1;
                self.file = Some(MatroskaWriter::new(open(self.files)?, picture)?);
            }
        }
        self.pictures += 1;
        Ok(())
    }

    /// Adds sound.
    ///
    /// # Errors
    ///
    /// Those of the file.
    pub fn sound(&mut self, sound: &Sound<'_>) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.sound(sound),
            None => Ok(()),
        }
    }

    /// Completes the last file. Pictures added after that begin a further file.
    ///
    /// # Errors
    ///
    /// Those of the file; what was written before can still be played.
    pub fn finish(&mut self) -> io::Result<()> {
        match self.file.take() {
            Some(file) => file.finish().map(drop),
            None => Ok(()),
        }
    }

    /// Files begun.
    pub fn files(&self) -> u32 {
        self.files
    }

    /// Pictures written.
    pub fn pictures(&self) -> u64 {
        self.pictures
    }
}
