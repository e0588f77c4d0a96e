//! Cuts a stream of JPEG pictures into pictures, by their structure. It doesn't know where the
//! stream comes from, and it never holds more than one picture.

use super::MAX_JPEG_BYTES;
use super::header::marker;

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
/// ```
/// # let jpeg = transom_media::fuzzing::sample(64, 48);
/// let mut splitter = transom_media::Splitter::new();
/// let stream = [&b"noise"[..], &jpeg, &jpeg].concat();
/// let mut rest = &stream[..];
/// let mut count = 0;
/// while let Some(picture) = splitter.push(&mut rest) {
///     assert_eq!(picture, jpeg);
///     count += 1;
/// }
/// assert_eq!(count, 2);
/// ```
#[derive(Debug)]
pub struct Splitter {
    picture: Vec<u8>,
    state: State,
    broken: u64,
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
    /// A picture was given out, its bytes still stand in the buffer.
    Done,
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
            broken: 0,
            limit,
        }
    }

    /// Takes bytes from the front of `bytes` until a picture is whole. `None` means that all were
    /// taken.
    pub fn push(&mut self, bytes: &mut &[u8]) -> Option<&[u8]> {
        if self.state == State::Done {
            self.restart();
        }
        while !bytes.is_empty() {
            let taken = self.step(bytes);
            *bytes = &bytes[taken..];
            if self.state == State::Done {
                return Some(&self.picture);
            }
        }
        None
    }

    /// Forgets a picture begun, as when its stream starts over.
    pub fn reset(&mut self) {
        if !matches!(self.state, State::Seeking(_) | State::Done) {
            self.broken += 1;
        }
        self.restart();
    }

    /// Pictures that were begun and left out: cut short, too large, or not JPEG after all.
    pub fn broken(&self) -> u64 {
        self.broken
    }

    /// Bytes held of a picture begun.
    pub fn held(&self) -> usize {
        self.picture.len()
    }

    fn restart(&mut self) {
        self.picture.clear();
        self.state = State::Seeking(false);
    }

    /// Takes one byte, or a run of bytes that all mean the same.
    fn step(&mut self, bytes: &[u8]) -> usize {
        let byte = bytes[0];
        match self.state {
            State::Seeking(after_ff) => self.seek(byte, after_ff),
            State::Marker(false) if byte == 0xff => self.keep(&[byte], State::Marker(true)),
            State::Marker(false) => self.give_up(),
            State::Marker(true) => self.marker(byte),
            State::LengthHigh(marker) => self.keep(&[byte], State::LengthLow(marker, byte)),
            State::LengthLow(marker, high) => self.length(marker, u16::from_be_bytes([high, byte])),
            State::Segment(marker, left) => self.segment(marker, left, bytes),
            State::Data(false) => self.data(bytes),
            State::Data(true) => self.marker_in_data(byte),
            State::Done => 0,
        }
    }

    fn seek(&mut self, byte: u8, after_ff: bool) -> usize {
        if after_ff && byte == marker::SOI {
            self.begin();
        } else {
            self.state = State::Seeking(byte == 0xff);
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
                self.broken += 1;
                self.begin();
                1
            }
            marker::EOI | 0 => {
                self.give_up();
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
                self.give_up();
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
            marker::EOI => self.keep(&[byte], State::Done),
            bare if marker::is_bare(bare) => self.keep(&[byte], State::Data(false)),
            _ => self.marker(byte),
        }
    }

    fn keep(&mut self, run: &[u8], next: State) -> usize {
        // One byte at a time near the limit, so that the outcome doesn't depend on how the stream
        // is cut.
        let room = self.limit.saturating_sub(self.picture.len());
        if run.len() > room {
            self.give_up();
            return room.min(run.len());
        }
        self.picture.extend_from_slice(run);
        self.state = next;
        run.len()
    }

    /// Leaves this picture out and looks for the next from the byte at hand.
    fn give_up(&mut self) -> usize {
        self.broken += 1;
        self.restart();
        0
    }
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

/// Where the first 0xff stands. Whether a block has one is found many bytes at a time.
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

/// A few vectors of any processor.
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
            let got = pictures(&[&stream[..cut], &stream[cut..]], MAX_JPEG_BYTES).0;
            assert_eq!(got, [one.clone(), two.clone(), one.clone()], "cut at {cut}");
        }
    }

    #[test]
    fn a_picture_cut_short_costs_itself_alone() {
        let jpeg = sample(32, 16);
        let stream = [&jpeg[..jpeg.len() - 20], &jpeg, b"\xff\xd8garbage", &jpeg].concat();
        assert_eq!(
            pictures(&[&stream], MAX_JPEG_BYTES),
            (vec![jpeg.clone(), jpeg], 2)
        );
    }

    #[test]
    fn a_picture_beyond_the_limit_is_left_out_at_any_cut() {
        let (small, large) = (sample(16, 16), sample(160, 120));
        let limit = small.len() + 10;
        assert!(large.len() > limit);
        let stream = [&large[..], &small].concat();
        for cut in (0..stream.len()).step_by(89) {
            let (got, broken) = pictures(&[&stream[..cut], &stream[cut..]], limit);
            assert_eq!((got, broken), (vec![small.clone()], 1), "cut at {cut}");
        }
    }

    #[test]
    fn a_thumbnail_in_a_segment_ends_nothing() {
        let jpeg = sample(32, 16);
        let mut fat = jpeg[..2].to_vec();
        fat.extend([0xff, 0xe4, 0, 8, 0xff, 0xd9, 0xff, 0xd8, 0xff, 0xd9]);
        fat.extend_from_slice(&jpeg[2..]);
        assert_eq!(pictures(&[&fat], MAX_JPEG_BYTES).0, [fat]);
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
