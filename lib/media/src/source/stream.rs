//! Finds the pictures in the bytes of a pipe or a file: reads, splits, repairs and counts them.
//! Bytes of another format are recognised and reported.

use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::time::Instant;

use super::picture;
use crate::pool::BufferPool;
use crate::signature::{SIGNATURE_BYTES, other_format};
use crate::{CameraError, Format, ImageError, MAX_JPEG_BYTES, Picture, Splitter, repair};

/// Bytes read at once.
pub(super) const CHUNK: usize = 64 * 1024;
/// After so many bytes without a usable picture, the source is no stream of pictures.
const SEARCH: u64 = 4 * MAX_JPEG_BYTES as u64;
/// So many bytes outside of pictures count as one unusable frame. More than a stream has between
/// two pictures.
const NOISE: u64 = 128 * 1024;
/// Limit of further pictures that are left out after the main picture of a file, whatever number
/// the file states.
const MAX_FURTHER: u8 = 8;

/// Finds pictures in what is read.
pub(super) struct JpegStream {
    name: String,
    chunk: Box<[u8]>,
    /// Bytes of `chunk` that the splitter has not had yet.
    rest: Range<usize>,
    splitter: Splitter,
    /// Bytes since the last picture that could be used.
    searched: u64,
    gate: Gate,
    between: BetweenPictures,
}

impl JpegStream {
    pub(super) fn new(name: String, format: Format) -> Self {
        Self {
            name,
            chunk: vec![0; CHUNK].into(),
            rest: 0..0,
            splitter: Splitter::new(),
            searched: 0,
            gate: Gate {
                sequence: 0,
                further: 0,
                format,
                buffers: BufferPool::default(),
            },
            between: BetweenPictures::default(),
        }
    }

    pub(super) fn format(&self) -> &Format {
        &self.gate.format
    }

    pub(super) fn format_mut(&mut self) -> &mut Format {
        &mut self.gate.format
    }

    /// Whether only the end is missing of a picture begun, or more of its data.
    #[cfg(unix)]
    pub(super) fn is_within_picture(&self) -> bool {
        self.splitter.is_within_data()
    }

    /// Reads more bytes, once [`next`](Self::next) has none left. Returns their number, 0 at the
    /// end, or `None` if a read would block.
    pub(super) fn read(&mut self, from: &mut impl Read) -> Result<Option<usize>, CameraError> {
        loop {
            match from.read(&mut self.chunk) {
                Ok(read) => {
                    self.rest = 0..read;
                    return Ok(Some(read));
                }
                Err(why) if why.kind() == ErrorKind::Interrupted => {}
                Err(why) if why.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(why) => {
                    return Err(CameraError::Io {
                        device: self.name.clone(),
                        step: "read",
                        why,
                    });
                }
            }
        }
    }

    /// The next usable picture in what was read. `stamp` is its sequence number and time, if the
    /// source has them. Unusable frames are counted.
    pub(super) fn next(
        &mut self,
        stamp: Option<(u32, Instant)>,
    ) -> Result<Option<Picture>, CameraError> {
        while !self.rest.is_empty() {
            if self.searched > SEARCH {
                return Err(self.no_pictures());
            }
            let bytes = &self.chunk[self.rest.clone()];
            let mut left = bytes;
            let found = self.splitter.push(&mut left);
            let taken = &bytes[..bytes.len() - left.len()];
            self.rest.start = self.rest.end - left.len();
            self.searched += taken.len() as u64;
            let fault = match found {
                Some(Ok(jpeg)) => {
                    let picture = self.gate.take(jpeg, stamp);
                    self.between.begin(self.splitter.skipped());
                    if picture.is_some() {
                        self.searched = 0;
                        return Ok(picture);
                    }
                    continue;
                }
                Some(Err(fault)) => Some(fault),
                None => None,
            };
            let fault = self.between.take(taken, self.splitter.skipped(), fault);
            if let Some(fault) = fault {
                self.gate.format.refuse(fault);
            }
        }
        Ok(None)
    }

    /// Takes the picture begun as complete: its end marker is missing.
    pub(super) fn flush(&mut self, stamp: Option<(u32, Instant)>) -> Option<Picture> {
        let picture = match self.splitter.flush() {
            Some(Ok(jpeg)) => self.gate.take(jpeg, stamp),
            Some(Err(fault)) => {
                self.gate.format.refuse(fault);
                None
            }
            None => None,
        };
        self.gate.further = 0;
        self.between.begin(self.splitter.skipped());
        if picture.is_some() {
            self.searched = 0;
        }
        picture
    }

    /// The error of a source without pictures. The search may go on after it.
    pub(super) fn no_pictures(&mut self) -> CameraError {
        CameraError::NotPictures {
            source_name: self.name.clone(),
            bytes: std::mem::take(&mut self.searched),
            fault: self.format().fault.clone().unwrap_or(ImageError::NotJpeg),
        }
    }

    /// The error of a source that has come to its end.
    pub(super) fn ended(&self, how: &str) -> CameraError {
        CameraError::Ended {
            source_name: self.name.clone(),
            how: how.to_owned(),
        }
    }
}

/// Passes the usable pictures on, and counts the others.
struct Gate {
    /// The number of the next picture.
    sequence: u32,
    /// Pictures to come that belong to the same file as the last one, and are left out.
    further: u8,
    format: Format,
    buffers: BufferPool,
}

impl Gate {
    fn take(&mut self, jpeg: &[u8], stamp: Option<(u32, Instant)>) -> Option<Picture> {
        let mended = repair(jpeg);
        let further = mended.as_ref().map_or(0, |mended| mended.header.further);
        if let Some(left) = self.further.checked_sub(1)
            && further == 0
        {
            self.further = left;
            return None;
        }
        self.further = further.min(MAX_FURTHER);
        let own = self.sequence;
        self.sequence = own.wrapping_add(1);
        match mended {
            Ok(mended) => {
                let (sequence, captured) = stamp.unzip();
                self.format.counts.good += 1;
                let sequence = sequence.unwrap_or(own);
                let jpeg = self.buffers.filled(|bytes| mended.append_to(bytes));
                Some(picture(&mended, jpeg, &mut self.format, sequence, captured))
            }
            Err(fault) => {
                self.format.refuse(fault);
                None
            }
        }
    }
}

/// The bytes since the last complete picture.
#[derive(Default)]
struct BetweenPictures {
    /// The first of them.
    head: Vec<u8>,
    /// The format that they begin like, if it is not JPEG.
    other: Option<&'static str>,
    /// The bytes that the splitter had skipped before them.
    skipped_before: u64,
    /// How many unusable frames they were counted as.
    counted: u64,
}

impl BetweenPictures {
    /// Starts anew after a picture.
    fn begin(&mut self, skipped: u64) {
        self.head.clear();
        (self.other, self.skipped_before, self.counted) = (None, skipped, 0);
    }

    /// Adds bytes outside of a complete picture, and a fault that the splitter found in them.
    /// Returns the fault to count: another format by its name, at once and again after each
    /// [`NOISE`] bytes.
    fn take(
        &mut self,
        taken: &[u8],
        skipped: u64,
        fault: Option<ImageError>,
    ) -> Option<ImageError> {
        let is_known = self.other.is_some();
        if !is_known && self.head.len() < SIGNATURE_BYTES {
            let more = taken.len().min(SIGNATURE_BYTES - self.head.len());
            self.head.extend_from_slice(&taken[..more]);
            self.other = other_format(&self.head);
        }
        let counted = (skipped - self.skipped_before) / NOISE;
        if counted > std::mem::replace(&mut self.counted, counted)
            || self.other.is_some() != is_known
        {
            return Some(
                self.other
                    .map_or(ImageError::NotJpeg, ImageError::OtherFormat),
            );
        }
        // Random bytes sometimes look like the beginning of a picture, so its fault is not counted
        // too.
        fault.filter(|_| !is_known && counted == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocations::allocations;
    use crate::fuzzing::sample;

    #[test]
    fn a_stream_allocates_nothing_after_its_first_pictures() {
        let mut stream = JpegStream::new("test".to_owned(), Format::default());
        let bytes = sample(48, 32);
        let (mut shown, mut counts) = (None, Vec::new());
        for _ in 0..10 {
            let mut rest = &bytes[..];
            // The previous picture is still shown.
            counts.push(allocations(|| {
                stream.read(&mut rest).unwrap();
                shown = stream.next(None).unwrap();
            }));
            assert!(shown.is_some());
        }
        assert!(counts[0] > 0);
        assert_eq!(counts[4..], [0; 6]);
    }

    /// The widths of the pictures in these bytes, and the counts.
    fn found(bytes: &[u8]) -> (Vec<u16>, Format) {
        let mut stream = JpegStream::new("test".to_owned(), Format::default());
        let (mut widths, mut rest) = (Vec::new(), bytes);
        while stream.read(&mut rest).unwrap() != Some(0) {
            while let Some(picture) = stream.next(None).unwrap() {
                widths.push(picture.width);
            }
        }
        widths.extend(stream.flush(None).map(|picture| picture.width));
        (widths, stream.format().clone())
    }

    /// A picture that says that it is the first of so many.
    fn first_of(count: u8, jpeg: &[u8]) -> Vec<u8> {
        let index = b"\xff\xe2\0\x1cMPF\0MM\0*\0\0\0\x08\0\x01\xb0\x01\0\x04\0\0\0\x01\0\0\0";
        [&jpeg[..2], index, &[count], &jpeg[2..]].concat()
    }

    #[test]
    fn of_a_file_of_several_pictures_the_main_one_is_shown() {
        let (main, other) = (first_of(3, &sample(48, 32)), sample(16, 16));
        let file = [&main[..], &other, &[0; 30], &other].concat();
        let (widths, format) = found(&[&file[..], &file, &sample(32, 16)].concat());
        assert_eq!(widths, [48, 48, 32]);
        assert_eq!((format.counts.good, format.counts.bad()), (3, 0));
        // One that lost its further pictures hides no other main picture.
        assert_eq!(found(&main.repeat(3)).0, [48; 3]);
        // In the buffer of a device they come as one.
        let mended = repair(&file).unwrap();
        assert_eq!(mended.to_arc()[..], main[..]);
        let cut = [&main[..main.len() - 2], &other].concat();
        let mended = repair(&cut).unwrap();
        assert!(mended.added_end);
        assert_eq!(mended.to_arc()[..], main[..]);
    }

    #[test]
    fn other_formats_are_told_by_name_at_once_and_hide_what_looks_like_a_picture() {
        let (widths, format) = found(b"\x89PNG\r\n\x1a\n some \xff\xd8 data");
        assert_eq!(widths, []);
        assert_eq!(format.fault, Some(ImageError::OtherFormat("PNG")));
        let noise = [&[0x55; NOISE as usize][..], b"\xff\xd8 data"].concat();
        let (_, format) = found(&noise.repeat(3));
        assert_eq!(format.fault, Some(ImageError::NotJpeg));
        assert_eq!(format.counts.bad(), 3);
        // Pictures within another format are pictures.
        let film = [b"\x1a\x45\xdf\xa3 film", &sample(32, 16)[..]].concat();
        assert_eq!(found(&film.repeat(2)).0, [32; 2]);
    }

    #[test]
    fn a_source_without_pictures_is_given_up_and_what_came_is_told() {
        let mut stream = JpegStream::new("test".to_owned(), Format::default());
        stream.searched = SEARCH;
        let mut bytes = &b"GIF89a"[..];
        for is_over in [false, true] {
            stream.read(&mut bytes).unwrap();
            assert!(is_over || stream.next(None).unwrap().is_none());
            bytes = b"more";
        }
        let error = stream.next(None).unwrap_err();
        assert!(error.to_string().contains("GIF, not JPEG; make"), "{error}");
        let counted = "none of its pictures can be used: they are GIF, not JPEG";
        assert_eq!(error.for_viewers(), counted);
        // It may be searched on.
        assert!(stream.next(None).unwrap().is_none());
    }

    #[test]
    fn a_picture_that_is_too_large_is_counted_as_that() {
        let jpeg = sample(32, 16);
        let large = [&jpeg[..jpeg.len() - 2], &vec![0x55; MAX_JPEG_BYTES]].concat();
        let (widths, format) = found(&[&large[..], &jpeg].concat());
        assert_eq!(widths, [32]);
        assert_eq!((format.counts.too_large, format.counts.bad()), (1, 1));
    }
}
