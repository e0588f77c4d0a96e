//! A picture as it goes out: made once, shared by all viewers.

use std::ops::Range;
use std::sync::Arc;
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
///   |<----- own ------->|<- picture ->|<------------- TAIL ------------------->|
/// ```
/// Each use is one range of the same bytes, which are never joined: neither the frame nor a viewer
/// costs a copy of the picture. The boundary goes out with the picture because Mainsail and
/// Chromium wait for a byte behind it.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) sequence: u64,
    /// When the sensor began it.
    pub(crate) captured: Instant,
    /// The same since 1970.
    pub(crate) unix: Duration,
    /// The head of the part, and the JPEG up to what was changed in it.
    own: Vec<u8>,
    picture: Arc<Vec<u8>>,
    /// Where the unchanged rest of the picture begins.
    rest: usize,
    jpeg: Range<usize>,
}

impl Frame {
    pub(crate) fn new(picture: Arc<Vec<u8>>, orientation: u8, stamp: Stamp) -> Self {
        let kept = jpeg::kept(&picture, orientation);
        let length = kept.front.len() + (picture.len() - kept.rest);
        let head = format!(
            "Content-Type: image/jpeg\r\nContent-Length: {length}\r\nX-Timestamp: {}\r\n\
             X-Sequence: {}\r\n\r\n",
            seconds(stamp.unix),
            stamp.sequence,
        );
        let jpeg = head.len()..head.len() + length;
        let mut own = head.into_bytes();
        own.extend_from_slice(&kept.front);
        Self {
            sequence: stamp.sequence,
            captured: stamp.captured,
            unix: stamp.unix,
            own,
            picture,
            rest: kept.rest,
            jpeg,
        }
    }

    /// The picture alone.
    pub(crate) fn jpeg(&self) -> Range<usize> {
        self.jpeg.clone()
    }

    /// A part with its head, for a client that reads its length.
    pub(crate) fn part(&self) -> Range<usize> {
        0..self.len() - EARLY_HEAD.len()
    }

    /// A part whose head was sent before.
    pub(crate) fn early_part(&self) -> Range<usize> {
        self.jpeg.start..self.len()
    }

    pub(crate) fn slices(&self, range: Range<usize>) -> [&[u8]; 3] {
        let mut before = 0;
        self.pieces().map(|piece| {
            let within = |at: usize| at.saturating_sub(before).min(piece.len());
            let (start, end) = (within(range.start), within(range.end));
            before += piece.len();
            piece.get(start..end).unwrap_or_default()
        })
    }

    fn len(&self) -> usize {
        self.jpeg.end + TAIL.len()
    }

    fn pieces(&self) -> [&[u8]; 3] {
        let rest = self.picture.get(self.rest..).unwrap_or_default();
        [&self.own, rest, TAIL.as_bytes()]
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

/// Everything behind the picture.
const TAIL: &str = "\r\n--transomframe\r\nContent-Type: image/jpeg\r\n\r\n";

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
        assert_eq!(TAIL, format!("\r\n{BOUNDARY_LINE}{EARLY_HEAD}"));
        let comment = *b"\xff\xd8\xff\xfe\x00\x03!\xff\xd9";
        for picture in [&b"\xff\xd8\xff\xd9"[..], &comment] {
            let frame = Frame::new(Arc::new(picture.to_vec()), 1, stamp);
            let text = |range| frame.slices(range).concat().escape_ascii().to_string();
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
}
