use std::io::{self, Read};

use crate::{RATE, RateError, Resampler};

/// Reads a WAV file as 48 kHz, one channel, 16 bit; channels are mixed.
#[derive(Debug)]
pub struct WavReader<R> {
    input: R,
    layout: Layout,
    /// Bytes of sound that are left, if the header is to be believed.
    left: u64,
    /// Bytes of a frame that has not come whole.
    bytes: Vec<u8>,
    resampler: Resampler,
    ready: Vec<i16>,
    /// Samples of `ready` that were given.
    given: usize,
    ended: bool,
}

impl<R: Read> WavReader<R> {
    /// Reads up to the sound.
    pub fn new(mut input: R) -> Result<WavReader<R>, WavError> {
        let (layout, left) = header(&mut input)?;
        Ok(WavReader {
            input,
            layout,
            left,
            bytes: Vec::new(),
            resampler: Resampler::new(layout.rate, RATE)?,
            ready: Vec::new(),
            given: 0,
            ended: false,
        })
    }

    /// Fills `out` and says how many samples it got, fewer only at the end.
    pub fn read(&mut self, out: &mut [i16]) -> io::Result<usize> {
        let mut count = 0;
        while count < out.len() {
            let ready = &self.ready[self.given..];
            let some = ready.len().min(out.len() - count);
            out[count..count + some].copy_from_slice(&ready[..some]);
            self.given += some;
            count += some;
            if some == 0 && !self.refill()? {
                break;
            }
        }
        Ok(count)
    }

    /// Reads all that is left: for tests and short sounds, because it grows with the file.
    pub fn read_all(&mut self) -> io::Result<Vec<i16>> {
        let mut all = Vec::new();
        let mut some = [0; PIECE];
        loop {
            match self.read(&mut some)? {
                0 => return Ok(all),
                count => all.extend_from_slice(&some[..count]),
            }
        }
    }

    /// Makes more `ready`; false at the end.
    fn refill(&mut self) -> io::Result<bool> {
        self.ready.clear();
        self.given = 0;
        while self.ready.is_empty() && !self.ended {
            self.read_piece()?;
        }
        Ok(!self.ready.is_empty())
    }

    fn read_piece(&mut self) -> io::Result<()> {
        let mut piece = [0; PIECE];
        let want = self.left.min(PIECE as u64) as usize;
        let count = read_some(&mut self.input, &mut piece[..want])?;
        self.left -= count as u64;
        self.ended = count == 0;
        self.bytes.extend_from_slice(&piece[..count]);
        let frame = self.layout.frame_bytes();
        let whole = self.bytes.len() / frame * frame;
        let frames = self.bytes[..whole].chunks_exact(frame);
        let layout = self.layout;
        let samples = frames.map(|frame| layout.mixed(frame));
        self.resampler.feed(samples, &mut self.ready);
        self.bytes.drain(..whole);
        if self.ended {
            self.resampler.finish(&mut self.ready);
        }
        Ok(())
    }
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WavError {
    /// The samples are written in a way that is not read here, for example ADPCM.
    #[error(
        "a WAV file with {channels} channels of {bits} bit, format {tag}; \
         8 to 32 bit PCM and 32 or 64 bit float are read"
    )]
    Layout {
        /// The number of the format: 1 is PCM, 3 is float.
        tag: u16,
        /// Channels of a frame.
        channels: u16,
        /// Bits of a sample.
        bits: u16,
    },
    /// It has no header of a WAV file, or no sound behind it.
    #[error("not a WAV file")]
    NotWav,
    /// A sample rate that can't be converted.
    #[error(transparent)]
    Rate(#[from] RateError),
    /// It can't be read.
    #[error("can't be read")]
    Read(#[from] io::Error),
}

/// Bytes read at a time.
const PIECE: usize = 4_096;
/// More before the sound is no header: album art has a few MiB.
const MAX_HEADER_BYTES: u64 = 64 << 20;
const MAX_CHANNELS: u16 = 64;

/// How samples are written.
#[derive(Clone, Copy, Debug)]
struct Layout {
    kind: Kind,
    channels: u16,
    rate: u32,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// 8 bit without sign.
    U8,
    /// Signed, of 2 to 4 bytes.
    Int(usize),
    F32,
    F64,
}

impl Layout {
    /// Parses the chunk `fmt `.
    fn parse(fmt: &[u8; 40]) -> Result<Layout, WavError> {
        let number = |at: usize| u16::from_le_bytes([fmt[at], fmt[at + 1]]);
        let (mut tag, channels, bits) = (number(0), number(2), number(14));
        if tag == EXTENSIBLE {
            // The first bytes of the sub-format's GUID are the plain number.
            tag = number(24);
        }
        let kind = match (tag, bits) {
            (PCM, 8) => Kind::U8,
            (PCM, 16 | 24 | 32) => Kind::Int(usize::from(bits / 8)),
            (FLOAT, 32) => Kind::F32,
            (FLOAT, 64) => Kind::F64,
            _ => {
                return Err(WavError::Layout {
                    tag,
                    channels,
                    bits,
                });
            }
        };
        if channels == 0 || channels > MAX_CHANNELS {
            return Err(WavError::Layout {
                tag,
                channels,
                bits,
            });
        }
        let rate = u32::from_le_bytes([fmt[4], fmt[5], fmt[6], fmt[7]]);
        Ok(Layout {
            kind,
            channels,
            rate,
        })
    }

    const fn frame_bytes(&self) -> usize {
        self.kind.bytes() * self.channels as usize
    }

    /// The mean of the channels of one frame, in units of 16 bit.
    fn mixed(&self, frame: &[u8]) -> f32 {
        let samples = frame.chunks_exact(self.kind.bytes());
        let sum: f32 = samples.map(|bytes| self.kind.sample(bytes)).sum();
        sum / f32::from(self.channels)
    }
}

impl Kind {
    const fn bytes(self) -> usize {
        match self {
            Kind::U8 => 1,
            Kind::Int(bytes) => bytes,
            Kind::F32 => 4,
            Kind::F64 => 8,
        }
    }

    fn sample(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Kind::U8, [byte]) => (f32::from(*byte) - 128.0) * 256.0,
            (Kind::F32, [a, b, c, d]) => f32::from_le_bytes([*a, *b, *c, *d]) * 32_768.0,
            (Kind::F64, [a, b, c, d, e, f, g, h]) => {
                f64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]) as f32 * 32_768.0
            }
            // Shifted up to 32 bit, whatever the width, and then down to units of 16.
            (_, bytes) => {
                let mut wide = [0; 4];
                wide[4 - bytes.len()..].copy_from_slice(bytes);
                i32::from_le_bytes(wide) as f32 / 65_536.0
            }
        }
    }
}

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xfffe;

/// Reads chunks up to `data`; gives the layout and the length of the sound.
fn header(input: &mut impl Read) -> Result<(Layout, u64), WavError> {
    let mut riff = [0; 12];
    exactly(input, &mut riff)?;
    if !matches!(&riff[..4], b"RIFF" | b"RF64") || &riff[8..] != b"WAVE" {
        return Err(WavError::NotWav);
    }
    let mut layout = None;
    let mut seen = 0;
    loop {
        let mut head = [0; 8];
        exactly(input, &mut head)?;
        let (name, size) = head.split_at(4);
        let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]);
        if name == b"data" {
            return Ok((layout.ok_or(WavError::NotWav)?, sound_bytes(size)));
        }
        // Chunks begin at even places.
        let padded = u64::from(size) + u64::from(size % 2);
        seen += padded;
        if seen > MAX_HEADER_BYTES {
            return Err(WavError::NotWav);
        }
        let mut rest = padded;
        if name == b"fmt " {
            let mut fmt = [0; 40];
            let some = padded.min(40) as usize;
            exactly(input, &mut fmt[..some])?;
            layout = Some(Layout::parse(&fmt)?);
            rest -= some as u64;
        }
        io::copy(&mut input.take(rest), &mut io::sink())?;
    }
}

/// A writer that was killed, or that could not go back, left no true size: then to the end.
fn sound_bytes(size: u32) -> u64 {
    match size {
        0 | 0x7fff_ff00.. => u64::MAX,
        size => u64::from(size),
    }
}

fn exactly(input: &mut impl Read, bytes: &mut [u8]) -> Result<(), WavError> {
    input.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => WavError::NotWav,
        _ => WavError::Read(error),
    })
}

fn read_some(input: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
