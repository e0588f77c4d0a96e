//! A picture as it goes out: made once, shared by all viewers.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::jpeg;

/// The boundary of streams, in every part's first line.
pub(crate) const BOUNDARY_LINE: &str = "--transomframe\r\n";

/// The head of a part that is sent before its picture is known.
pub(crate) const EARLY_HEAD: &str = "Content-Type: image/jpeg\r\n\r\n";

/// ```text
///   head of the part | JPEG | CRLF, boundary line | early head of the next part
///   |<------------ part ------------------------>|
///                    |<--------- early part ---------------------------------->|
/// ```
/// Each use is one range of the same bytes, so no viewer costs a copy. The boundary goes out with
/// the picture because Mainsail and Chromium wait for a byte behind it.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) sequence: u64,
    /// When the sensor began it.
    pub(crate) captured: Instant,
    /// The same since 1970.
    pub(crate) unix: Duration,
    bytes: Vec<u8>,
    jpeg: Range<usize>,
}

impl Frame {
    pub(crate) fn new(picture: &[u8], orientation: u8, stamp: Stamp) -> Self {
        let mut bytes = Vec::with_capacity(picture.len() + ROOM);
        // The length has its place in the head, which comes first: the JPEG is measured by its
        // segments before it is copied.
        let segments = jpeg::kept(picture, orientation);
        let length: usize = segments.iter().map(|segment| segment.len()).sum();
        let head = format!(
            "Content-Type: image/jpeg\r\nContent-Length: {length}\r\nX-Timestamp: {}\r\n\
             X-Sequence: {}\r\n\r\n",
            seconds(stamp.unix),
            stamp.sequence,
        );
        bytes.extend_from_slice(head.as_bytes());
        for segment in segments {
            bytes.extend_from_slice(segment);
        }
        let jpeg = head.len()..bytes.len();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(BOUNDARY_LINE.as_bytes());
        bytes.extend_from_slice(EARLY_HEAD.as_bytes());
        Self {
            sequence: stamp.sequence,
            captured: stamp.captured,
            unix: stamp.unix,
            bytes,
            jpeg,
        }
    }

    /// The picture alone.
    pub(crate) fn jpeg(&self) -> Range<usize> {
        self.jpeg.clone()
    }

    /// A part with its head, for a client that reads its length.
    pub(crate) fn part(&self) -> Range<usize> {
        0..self.bytes.len() - EARLY_HEAD.len()
    }

    /// A part whose head was sent before.
    pub(crate) fn early_part(&self) -> Range<usize> {
        self.jpeg.start..self.bytes.len()
    }

    pub(crate) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }
}

/// Which picture it is, and of when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) sequence: u64,
    pub(crate) captured: Instant,
    pub(crate) unix: Duration,
}

/// As ustreamer prints a time: seconds with six places.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}

/// For the head of the part, and everything behind the picture.
const ROOM: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_frame_are_ranges_of_the_same_bytes() {
        let stamp = Stamp {
            sequence: 29,
            captured: Instant::now(),
            unix: Duration::from_micros(1_795_800_836_085_698),
        };
        let frame = Frame::new(b"\xff\xd8\xff\xd9", 1, stamp);
        let text = |range| frame.bytes(range).escape_ascii().to_string();
        assert_eq!(text(frame.jpeg()), r"\xff\xd8\xff\xd9");
        assert_eq!(
            text(frame.part()),
            concat!(
                r"Content-Type: image/jpeg\r\nContent-Length: 4\r\n",
                r"X-Timestamp: 1795800836.085698\r\nX-Sequence: 29\r\n\r\n",
                r"\xff\xd8\xff\xd9\r\n--transomframe\r\n",
            )
        );
        assert_eq!(
            text(frame.early_part()),
            r"\xff\xd8\xff\xd9\r\n--transomframe\r\nContent-Type: image/jpeg\r\n\r\n"
        );
    }
}
