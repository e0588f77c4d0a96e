//! A file of JPEG pictures one after the other, as `ffmpeg -f mjpeg` writes it, played in a loop.
//! It reads as it plays: a long file is never held in memory.

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::time::Instant;

use super::pace::Pace;
use super::stream::JpegStream;
use super::{fitted, opening};
use crate::{Camera, CameraError, CaptureRequest, Encoder, Format, Picture, Wait};

pub(crate) const FPS: u32 = 25;

/// Plays a file at a steady pace, from the start again after its end.
pub(crate) struct FileCamera {
    name: String,
    file: File,
    stream: JpegStream,
    pace: Pace,
    looped: bool,
}

impl FileCamera {
    pub(crate) fn open(path: &Path, request: &CaptureRequest) -> Result<Self, CameraError> {
        let name = format!("file:{}", path.display());
        // Checked before it is opened: opening a named pipe would wait for its writer.
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
        let fps = request.fps_or(FPS);
        let format = Format {
            what: format!("{fps} fps of {name}").into(),
            fps,
            ..Format::default()
        };
        Ok(Self {
            stream: JpegStream::new(name.clone(), format),
            name,
            file,
            pace: Pace::new(fps, Instant::now()),
            looped,
        })
    }

    /// The next picture that can be used.
    fn next_picture(&mut self, sequence: u32, captured: Instant) -> Result<Picture, CameraError> {
        let stamp = Some((sequence, captured));
        let mut ends = 0;
        loop {
            if let Some(picture) = self.stream.next(stamp)? {
                return Ok(picture);
            }
            // `None` means that a read would block, which a regular file never does.
            if self
                .stream
                .read(&mut self.file)?
                .is_some_and(|read| read > 0)
            {
                continue;
            }
            if let Some(picture) = self.stream.flush(stamp) {
                return Ok(picture);
            }
            if !self.looped {
                return Err(self.stream.ended("the end of the file"));
            }
            ends += 1;
            if ends > 1 {
                return Err(self.stream.no_pictures());
            }
            self.file.rewind().map_err(|why| CameraError::Io {
                device: self.name.clone(),
                step: "go back to the start",
                why,
            })?;
        }
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
        Ok(fitted(picture, encoder, self.stream.format_mut()))
    }

    fn format(&self) -> &Format {
        self.stream.format()
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
    fn a_file_plays_in_a_loop_whatever_its_last_bytes_are() {
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
        let count = 3 * super::super::stream::CHUNK / jpeg.len() + 2;
        let file = Scratch::new("chunks", &jpeg.repeat(count));
        assert_eq!(
            play(&file, count as u32 + 1).unwrap(),
            vec![(320, 240); count + 1]
        );
    }

    #[test]
    fn a_file_that_is_cut_to_nothing_as_it_plays_is_told_as_empty() {
        let file = Scratch::new("truncated", &sample(16, 16));
        let mut camera = FileCamera::open(&file.0, &CaptureRequest::default()).unwrap();
        assert!(camera.next_picture(0, Instant::now()).is_ok());
        std::fs::write(&file.0, "").unwrap();
        let error = camera.next_picture(1, Instant::now()).unwrap_err();
        assert!(
            error.to_string().contains("truncated: it is empty"),
            "{error}"
        );
        assert_eq!(error.for_viewers(), "it is empty");
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
