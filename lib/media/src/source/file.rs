//! A file of JPEG pictures one after the other, as `ffmpeg -f mjpeg` writes it, played in a loop.
//! It reads as it plays: a long file is never held in memory.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::time::Instant;

use super::pace::Pace;
use super::{chunk, fitted, opening, picture};
use crate::{
    Camera, CameraError, CaptureRequest, Encoder, Format, MAX_JPEG_BYTES, Picture, Splitter, Wait,
    repair,
};

pub(crate) const FPS: u32 = 25;
/// Bytes read in search of one picture before the file counts as no pictures: two of the largest.
const SEARCH: u64 = 2 * MAX_JPEG_BYTES as u64;

/// Plays a file at a steady pace, from the start again after its end.
pub(crate) struct FileCamera {
    name: String,
    file: File,
    chunk: Box<[u8]>,
    /// Bytes of `chunk` that the splitter has not had yet.
    rest: std::ops::Range<usize>,
    splitter: Splitter,
    pace: Pace,
    looped: bool,
    format: Format,
}

impl FileCamera {
    pub(crate) fn open(path: &Path, request: &CaptureRequest) -> Result<Self, CameraError> {
        let name = format!("file:{}", path.display());
        // Looked at before it is opened: to open a pipe is to wait for its writer.
        let about = path.metadata().map_err(|why| opening(&name, "", why))?;
        if !about.is_file() {
            let why = "it is no regular file; for a pipe use `-` or `cmd:`".to_owned();
            return Err(CameraError::NotACamera { device: name, why });
        }
        let file = File::open(path).map_err(|why| opening(&name, "", why))?;
        Self::new(name, file, request, true)
    }

    /// Plays once or in a loop.
    pub(crate) fn new(
        name: String,
        file: File,
        request: &CaptureRequest,
        looped: bool,
    ) -> Result<Self, CameraError> {
        let fps = request.pace(FPS);
        let format = Format {
            what: format!("{fps} fps of {name}").into(),
            fps,
            ..Format::default()
        };
        Ok(Self {
            name,
            file,
            chunk: chunk(),
            rest: 0..0,
            splitter: Splitter::new(),
            pace: Pace::new(fps, Instant::now()),
            looped,
            format,
        })
    }

    /// The next picture that can be used.
    fn next_picture(&mut self, sequence: u32, captured: Instant) -> Result<Picture, CameraError> {
        let mut searched = 0;
        let mut ends = 0;
        loop {
            if self.rest.is_empty() {
                let read = self.fill()?;
                searched += read as u64;
                ends += u32::from(read == 0);
            }
            let mut bytes = &self.chunk[self.rest.clone()];
            let found = self.splitter.push(&mut bytes);
            let usable = found.and_then(|jpeg| match repair(jpeg) {
                Ok(mended) => {
                    let (jpeg, captured) = (mended.to_arc(), Some(captured));
                    Some(picture(&mended, jpeg, &mut self.format, sequence, captured))
                }
                Err(fault) => {
                    self.format.refuse(fault);
                    None
                }
            });
            self.rest.start = self.rest.end - bytes.len();
            if let Some(picture) = usable {
                self.format.counts.good += 1;
                return Ok(picture);
            }
            if ends > 1 || searched > SEARCH {
                return Err(CameraError::NotPictures {
                    source_name: self.name.clone(),
                    bytes: searched,
                });
            }
        }
    }

    /// Reads the next chunk; 0 at the end of the file, which is then back at its start.
    fn fill(&mut self) -> Result<usize, CameraError> {
        let failed = |step| {
            let device = self.name.clone();
            move |why| CameraError::Io { device, step, why }
        };
        let read = loop {
            match self.file.read(&mut self.chunk) {
                Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read.map_err(failed("read"))?,
            }
        };
        if read == 0 {
            if !self.looped {
                let how = "the end of the file".to_owned();
                return Err(CameraError::Ended {
                    source_name: self.name.clone(),
                    how,
                });
            }
            self.file.rewind().map_err(failed("go back to the start"))?;
            self.splitter.reset();
        }
        self.rest = 0..read;
        Ok(read)
    }
}

impl Camera for FileCamera {
    fn wait(&self) -> Wait<'_> {
        Wait::At(self.pace.due())
    }

    fn newest(&mut self, encoder: Option<&mut Encoder>) -> Result<Option<Picture>, CameraError> {
        let Some((sequence, captured)) = self.pace.take(Instant::now()) else {
            return Ok(None);
        };
        let picture = self.next_picture(sequence, captured)?;
        Ok(fitted(picture, encoder, &mut self.format))
    }

    fn format(&self) -> &Format {
        &self.format
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::sample;

    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str, bytes: &[u8]) -> Self {
            let path =
                std::env::temp_dir().join(format!("transom-media-{}-{name}", std::process::id()));
            std::fs::write(&path, bytes).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn play(file: &Scratch, count: u32) -> Result<Vec<(u16, u16)>, CameraError> {
        let mut camera = FileCamera::open(&file.0, &CaptureRequest::default())?;
        let now = Instant::now();
        (0..count)
            .map(|sequence| {
                camera
                    .next_picture(sequence, now)
                    .map(|p| (p.width, p.height))
            })
            .collect()
    }

    #[test]
    fn a_file_plays_in_a_loop_whatever_stands_at_its_end() {
        let pictures = [sample(16, 16), sample(32, 16)].concat();
        let tails = [&b""[..], b"\xff\xd8\xff\xe0\x10\x10 cut short", &[0; 5000]];
        for (number, tail) in tails.iter().enumerate() {
            let file = Scratch::new(&format!("loop{number}"), &[&pictures, *tail].concat());
            assert_eq!(
                play(&file, 5).unwrap(),
                [(16, 16), (32, 16), (16, 16), (32, 16), (16, 16)]
            );
        }
    }

    #[test]
    fn pictures_across_the_chunks_are_whole() {
        let jpeg = sample(320, 240);
        let count = 3 * super::super::CHUNK / jpeg.len() + 2;
        let file = Scratch::new("chunks", &jpeg.repeat(count));
        assert_eq!(
            play(&file, count as u32 + 1).unwrap(),
            vec![(320, 240); count + 1]
        );
    }

    #[test]
    fn a_file_without_pictures_is_told() {
        for (name, bytes) in [
            ("empty", &b""[..]),
            ("text", b"hello"),
            ("cut", &sample(16, 16)[..100]),
        ] {
            let file = Scratch::new(name, bytes);
            assert!(
                matches!(play(&file, 1), Err(CameraError::NotPictures { .. })),
                "{name}"
            );
        }
        let missing = FileCamera::open(Path::new("/no/such.mjpeg"), &CaptureRequest::default());
        assert!(matches!(missing.err(), Some(CameraError::NotFound { .. })));
        let folder = FileCamera::open(&std::env::temp_dir(), &CaptureRequest::default());
        assert!(matches!(folder.err(), Some(CameraError::NotACamera { .. })));
    }
}
