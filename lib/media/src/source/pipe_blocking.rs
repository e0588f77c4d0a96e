//! Reads JPEG pictures from a pipe where pipes can't be polled: on a thread of its own, which waits
//! in the read.

use std::fs::File;
use std::io::Read;
use std::time::Instant;

use super::{chunk, picture};
use crate::{CameraError, Format, Frame, Splitter, Wait, repair};

/// Bytes without any picture after which this is no stream of pictures.
const SEARCH: u64 = 64 * 1024 * 1024;

/// Splits what comes through a pipe.
pub(crate) struct PipeReader {
    name: String,
    file: File,
    chunk: Box<[u8]>,
    /// Bytes of `chunk` that the splitter has not had yet.
    rest: std::ops::Range<usize>,
    splitter: Splitter,
    sequence: u32,
    searched: u64,
    format: Format,
}

impl PipeReader {
    pub(crate) fn new(name: String, pipe: File) -> Result<Self, CameraError> {
        Ok(Self {
            format: Format {
                what: name.clone(),
                ..Format::default()
            },
            name,
            file: pipe,
            chunk: chunk(),
            rest: 0..0,
            splitter: Splitter::new(),
            sequence: 0,
            searched: 0,
        })
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        Wait::Blocking
    }

    pub(crate) fn format(&self) -> &Format {
        &self.format
    }

    /// Waits for the next picture; `None` for one that can't be used.
    pub(crate) fn newest(&mut self) -> Result<Option<Frame>, CameraError> {
        while self.searched <= SEARCH {
            if self.rest.is_empty() {
                self.fill()?;
            }
            let mut bytes = &self.chunk[self.rest.clone()];
            let jpeg = self.splitter.push(&mut bytes);
            self.rest.start = self.rest.end - bytes.len();
            let Some(jpeg) = jpeg else { continue };
            let sequence = self.sequence;
            self.sequence = self.sequence.wrapping_add(1);
            match repair(jpeg) {
                Ok(mended) => {
                    self.searched = 0;
                    let picture = picture(&mended, &mut self.format, sequence, Instant::now());
                    return Ok(Some(Frame::Jpeg(picture)));
                }
                Err(_) => {
                    self.format.dropped.unusable += 1;
                    return Ok(None);
                }
            }
        }
        Err(CameraError::NotPictures {
            source_name: self.name.clone(),
            bytes: self.searched,
        })
    }

    fn fill(&mut self) -> Result<(), CameraError> {
        let device = self.name.clone();
        let read = self
            .file
            .read(&mut self.chunk)
            .map_err(|why| CameraError::Io {
                device,
                step: "read",
                why,
            })?;
        if read == 0 {
            let how = "the end of its pictures".to_owned();
            return Err(CameraError::Ended {
                source_name: self.name.clone(),
                how,
            });
        }
        self.rest = 0..read;
        self.searched += read as u64;
        Ok(())
    }
}
