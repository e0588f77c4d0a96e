//! Cuts a stream of JPEG pictures into pictures, by their structure. It doesn't know where the
//! stream comes from, and it never holds more than one picture.

use super::MAX_JPEG_BYTES;
use super::header::marker;
use crate::ImageError;

/// Finds whole JPEG pictures in a stream that arrives in pieces of any size.
///
/// ```text
///             FF D8               FF xx len              FF DA len
///   Seeking ---------> Marker <------------> Segment ---------------> Data
///      ^                  |                                            |
///      |                  | anything else: not a JPEG                  | FF D9: a picture
///      +------------------+--------------------------------------------+
/// ```
///
/// In the data, `FF D8` ends a picture too: the picture has no end marker, and the next one begins.
///
/// ```
/// # let jpeg = transom_media::fuzzing::sample(64, 48);
/// let mut splitter = transom_media::Splitter::new();
/// let stream = [&b"noise"[..], &jpeg, &jpeg].concat();
/// let mut rest = &stream[..];
/// let mut count = 0;
/// while let Some(picture) = splitter.push(&mut rest) {
///     assert_eq!(picture, Ok(&jpeg[..]));
///     count += 1;
/// }
/// assert_eq!(count, 2);
/// ```
#[derive(Debug)]
pub struct Splitter {
    picture: Vec<u8>,
    state: State,
    /// Why the last picture begun was left out, until it is returned.
    fault: Option<ImageError>,
    /// Bytes that belonged to no picture.
    skipped: u64,
    limit: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Looking for 0xff 0xd8; true after a 0xff.
    Seeking(bool),
    /// A marker must follow; true after its 0xff.
    Marker(bool),
    /// The length's high byte of the segment of this marker is next.
    LengthHigh(u8),
    /// The length's low byte is next.
    LengthLow(u8, u8),
    /// So many bytes of a segment of this marker are left.
    Segment(u8, usize),
    /// In the picture data; true after a 0xff.
    Data(bool),
    /// A picture was returned, and its bytes are still in the buffer; true after the 0xff 0xd8 of
    /// the next one.
    Done(bool),
}

impl Splitter {
    /// A splitter for pictures of at most [`MAX_JPEG_BYTES`].
    pub fn new() -> Self {
        Self::with_limit(MAX_JPEG_BYTES)
    }

    /// A splitter for pictures of at most so many bytes; larger ones are left out.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            picture: Vec::new(),
            state: State::Seeking(false),
            fault: None,
            skipped: 0,
            limit,
        }
    }

    /// Takes bytes from the front of `bytes` until a picture is complete, or has to be left out
    /// because it is cut short, too large, or not JPEG after all. `None` means that all bytes were
    /// taken.
    pub fn push(&mut self, bytes: &mut &[u8]) -> Option<Result<&[u8], ImageError>> {
        self.leave_done();
        while !bytes.is_empty() {
            let taken = self.step(bytes);
            *bytes = &bytes[taken..];
            if let Some(fault) = self.fault.take() {
                return Some(Err(fault));
            }
            if matches!(self.state, State::Done(_)) {
                return Some(Ok(&self.picture));
            }
        }
        None
    }

    /// Ends the picture begun, at the end of the stream. It is returned without an end marker if
    /// its data had begun. `None` where no picture had begun.
    pub fn flush(&mut self) -> Option<Result<&[u8], ImageError>> {
        self.leave_done();
        match self.state {
            State::Seeking(_) | State::Done(_) => {
                self.restart();
                None
            }
            State::Data(_) => {
                self.end_without_marker(false);
                Some(Ok(&self.picture))
            }
            _ => {
                self.restart();
                Some(Err(ImageError::Truncated))
            }
        }
    }

    /// Whether the data of a picture have begun, and not ended yet.
    pub fn is_within_data(&self) -> bool {
        matches!(self.state, State::Data(_))
    }

    /// Bytes so far that belonged to no picture, not even to one that was begun.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Bytes held of a picture begun.
    pub fn held(&self) -> usize {
        self.picture.len()
    }

    /// Forgets the picture that was given out.
    fn leave_done(&mut self) {
        match self.state {
            State::Done(true) => self.begin(),
            State::Done(false) => self.restart(),
            _ => {}
        }
    }

    fn restart(&mut self) {
        self.picture.clear();
        self.state = State::Seeking(false);
    }

    /// Takes one byte, or a run of bytes that all mean the same.
    fn step(&mut self, bytes: &[u8]) -> usize {
        let byte = bytes[0];
        match self.state {
            State::Seeking(false) => self.seek(bytes),
            State::Seeking(true) => self.marker_outside(byte),
            State::Marker(false) if byte == 0xff => self.keep(&[byte], State::Marker(true)),
            State::Marker(false) => self.give_up(no_marker()),
            State::Marker(true) => self.marker(byte),
            State::LengthHigh(marker) => self.keep(&[byte], State::LengthLow(marker, byte)),
            State::LengthLow(marker, high) => self.length(marker, u16::from_be_bytes([high, byte])),
            State::Segment(marker, left) => self.segment(marker, left, bytes),
            State::Data(false) => self.data(bytes),
            State::Data(true) => self.marker_in_data(byte),
            State::Done(_) => 0,
        }
    }

    fn seek(&mut self, bytes: &[u8]) -> usize {
        let before = find_ff(bytes);
        let taken = before.map_or(bytes.len(), |before| before + 1);
        self.skipped += before.unwrap_or(taken) as u64;
        self.state = State::Seeking(before.is_some());
        taken
    }

    /// The byte after a 0xff outside of any picture.
    fn marker_outside(&mut self, byte: u8) -> usize {
        match byte {
            marker::SOI => self.begin(),
            0xff => self.skipped += 1,
            _ => {
                self.skipped += 2;
                self.state = State::Seeking(false);
            }
        }
        1
    }

    fn begin(&mut self) {
        self.picture.clear();
        self.picture.extend_from_slice(&[0xff, marker::SOI]);
        self.state = State::Marker(false);
    }

    fn marker(&mut self, byte: u8) -> usize {
        match byte {
            0xff => self.keep(&[byte], State::Marker(true)),
            // A picture that starts over: the first was cut short.
            marker::SOI => {
                self.fault = Some(ImageError::Truncated);
                self.begin();
                1
            }
            marker::EOI | 0 => {
                self.give_up(no_marker());
                1
            }
            bare if marker::is_bare(bare) => self.keep(&[byte], State::Marker(false)),
            marker => self.keep(&[byte], State::LengthHigh(marker)),
        }
    }

    fn length(&mut self, marker: u8, length: u16) -> usize {
        let low = length.to_be_bytes()[1];
        match usize::from(length).checked_sub(2) {
            None => {
                self.give_up(no_marker());
                1
            }
            Some(0) => self.keep(&[low], after(marker)),
            Some(left) => self.keep(&[low], State::Segment(marker, left)),
        }
    }

    fn segment(&mut self, marker: u8, left: usize, bytes: &[u8]) -> usize {
        let run = left.min(bytes.len());
        let next = if run == left {
            after(marker)
        } else {
            State::Segment(marker, left - run)
        };
        self.keep(&bytes[..run], next)
    }

    /// Takes a run up to the next marker. Coded data have `ff 00` for each of their 0xff, which is
    /// one in 256 bytes or so.
    fn data(&mut self, bytes: &[u8]) -> usize {
        let mut from = 0;
        while let Some(at) = find_ff(&bytes[from..]) {
            from += at + 1;
            if bytes.get(from) != Some(&0) {
                return self.keep(&bytes[..from], State::Data(true));
            }
            from += 1;
        }
        self.keep(bytes, State::Data(false))
    }

    fn marker_in_data(&mut self, byte: u8) -> usize {
        match byte {
            0 => self.keep(&[byte], State::Data(false)),
            0xff => self.keep(&[byte], State::Data(true)),
            marker::EOI => self.keep(&[byte], State::Done(false)),
            marker::SOI => {
                self.end_without_marker(true);
                1
            }
            known if marker::may_follow_data(known) => self.marker(byte),
            // A restart, or a byte that was damaged on its way: as the length of a segment, what
            // follows it would hide the next pictures.
            _ => self.keep(&[byte], State::Data(false)),
        }
    }

    fn keep(&mut self, run: &[u8], next: State) -> usize {
        // One byte at a time near the limit, so that the outcome doesn't depend on how the stream
        // is cut.
        let room = self.limit.saturating_sub(self.picture.len());
        if run.len() > room {
            self.give_up(ImageError::TooLong(self.limit.saturating_add(1)));
            return room.min(run.len());
        }
        self.picture.extend_from_slice(run);
        self.state = next;
        run.len()
    }

    /// Gives out a picture that has no end marker. A 0xff at its end would be half of one.
    fn end_without_marker(&mut self, is_next_begun: bool) {
        while self.picture.last() == Some(&0xff) {
            self.picture.pop();
        }
        self.state = State::Done(is_next_begun);
    }

    /// Leaves this picture out, and looks for the next one from the current byte on.
    fn give_up(&mut self, fault: ImageError) -> usize {
        self.fault = Some(fault);
        self.restart();
        0
    }
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

fn no_marker() -> ImageError {
    ImageError::Broken("no marker where one must be".to_owned())
}

/// The position of the first 0xff. Blocks without one are skipped, many bytes at a time.
fn find_ff(bytes: &[u8]) -> Option<usize> {
    let has_ff = |block: &[u8]| {
        block
            .iter()
            .fold(false, |found, &byte| found | (byte == 0xff))
    };
    let before = BLOCK * bytes.chunks(BLOCK).position(has_ff)?;
    let at = bytes[before..].iter().position(|&byte| byte == 0xff)?;
    Some(before + at)
}

/// A multiple of the vector width of every processor.
const BLOCK: usize = 64;

/// What follows the segment of this marker.
fn after(marker: u8) -> State {
    if marker == marker::SOS {
        State::Data(false)
    } else {
        State::Marker(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::{pictures, sample};

    #[test]
    fn any_cut_gives_the_same_pictures() {
        let (one, two) = (sample(32, 16), sample(48, 16));
        let stream = [&b"\xff\xff junk"[..], &one, &[0, 0, 0xff], &two, &one].concat();
        for cut in 0..stream.len() {
            let got = pictures(&[&stream[..cut], &stream[cut..]], MAX_JPEG_BYTES);
            let whole = [&one, &two, &one].map(|jpeg| Ok(jpeg.clone()));
            assert_eq!(got, whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_picture_that_begins_and_is_none_costs_itself_alone() {
        let jpeg = sample(32, 16);
        let stream = [b"\xff\xd8\xff", &jpeg[..], b"\xff\xd8garbage", &jpeg].concat();
        let got = pictures(&[&stream], MAX_JPEG_BYTES);
        assert_eq!(
            got,
            [
                Err(ImageError::Truncated),
                Ok(jpeg.clone()),
                Err(no_marker()),
                Ok(jpeg)
            ]
        );
    }

    #[test]
    fn a_picture_without_an_end_marker_ends_with_the_next_one_or_with_the_stream() {
        let jpeg = sample(32, 16);
        let open = &jpeg[..jpeg.len() - 2];
        for half in [&b""[..], b"\xff"] {
            let stream = [open, half, open, &jpeg, open, half].concat();
            for cut in 0..stream.len() {
                let got = pictures(&[&stream[..cut], &stream[cut..]], MAX_JPEG_BYTES);
                let open = || Ok(open.to_vec());
                assert_eq!(got, [open(), open(), Ok(jpeg.clone()), open()], "{cut}");
            }
        }
    }

    #[test]
    fn a_picture_beyond_the_limit_is_left_out_at_any_cut() {
        let (small, large) = (sample(16, 16), sample(160, 120));
        let limit = small.len() + 10;
        assert!(large.len() > limit);
        let stream = [&large[..], &small].concat();
        for cut in (0..stream.len()).step_by(89) {
            let got = pictures(&[&stream[..cut], &stream[cut..]], limit);
            let too_long = Err(ImageError::TooLong(limit + 1));
            assert_eq!(got, [too_long, Ok(small.clone())], "cut at {cut}");
        }
    }

    #[test]
    fn a_thumbnail_in_a_segment_ends_nothing() {
        let jpeg = sample(32, 16);
        let mut fat = jpeg[..2].to_vec();
        fat.extend([0xff, 0xe4, 0, 8, 0xff, 0xd9, 0xff, 0xd8, 0xff, 0xd9]);
        fat.extend_from_slice(&jpeg[2..]);
        assert_eq!(pictures(&[&fat], MAX_JPEG_BYTES), [Ok(fat)]);
    }

    #[test]
    fn the_first_0xff_is_found_wherever_it_stands() {
        let mut bytes = [0xfe; 3 * BLOCK + 5];
        assert_eq!(find_ff(&bytes), None);
        for at in (0..bytes.len()).rev() {
            bytes[at] = 0xff;
            assert_eq!(find_ff(&bytes), Some(at));
        }
        assert_eq!(find_ff(&[]), None);
    }
}
