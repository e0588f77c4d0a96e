//! The codecs: PCM, which every station takes, and Opus where both ends have it.
//!
//! | | kbit/s on the cable | delay | to encode and decode 10 ms |
//! |---|---|---|---|
//! | PCM, 48 kHz, 16 bit | 854 | none | a copy |
//! | Opus, 72 kbit/s, restricted low delay | 160 | 2.5 ms | 31 + 15 us |
//!
//! What a peer sends is judged here: a format outside the ranges of [`Format`] and a frame that
//! is not as long as its format says are errors; a decoded frame is never longer than announced.

#[cfg(not(feature = "opus"))]
#[path = "no_opus.rs"]
mod opus;
#[cfg(feature = "opus")]
mod opus;
#[cfg(test)]
mod tests;

use crate::{BLOCK, RATE};

/// How the samples of a frame are written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Codec {
    /// 16 bit, little endian: lossless, and taken by every station with sound.
    Pcm,
    /// Opus packets of one frame.
    Opus,
}

impl Codec {
    /// Whether this build encodes and decodes it.
    pub const fn is_built_in(self) -> bool {
        match self {
            Codec::Pcm => true,
            Codec::Opus => opus::BUILT_IN,
        }
    }

    /// Samples by which decoded sound is later than what [`Encoder`] was given; containers call
    /// it pre-skip.
    pub const fn delay(self) -> u16 {
        match self {
            Codec::Pcm => 0,
            // 2.5 ms of lookahead in restricted low delay.
            Codec::Opus => 120,
        }
    }
}

/// What a sender announces before its first frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Format {
    /// How each frame is written.
    pub codec: Codec,
    /// Samples a second; [`Decoder`] takes [`RATE`] alone.
    pub rate: u32,
    /// Channels; [`Decoder`] takes one.
    pub channels: u8,
    /// Samples of a frame, within [`MIN_FRAME`] to [`MAX_FRAME`].
    pub frame: u16,
}

impl Format {
    /// What an [`Encoder`] for this codec makes: 48 kHz, one channel, 10 ms.
    pub const fn of(codec: Codec) -> Format {
        Format {
            codec,
            rate: RATE,
            channels: 1,
            frame: BLOCK as u16,
        }
    }

    fn check(self) -> Result<Format, CodecError> {
        if self.rate != RATE {
            return Err(CodecError::Rate(self.rate));
        }
        if self.channels != 1 {
            return Err(CodecError::Channels(self.channels));
        }
        if !(MIN_FRAME..=MAX_FRAME).contains(&self.frame) {
            return Err(CodecError::Frame(self.frame));
        }
        Ok(self)
    }
}

/// Turns blocks of 10 ms into frames.
///
/// ```
/// use transom_sound::{BLOCK, Codec, Decoder, Encoder};
///
/// let mut encoder = Encoder::new(Codec::Pcm)?;
/// let mut decoder = Decoder::new(encoder.format())?;
/// let (mut frame, mut samples) = (Vec::new(), Vec::new());
/// encoder.encode(&[7; BLOCK], &mut frame);
/// decoder.decode(&frame, &mut samples)?;
/// assert_eq!(samples, [7; BLOCK]);
/// # Ok::<(), transom_sound::CodecError>(())
/// ```
#[derive(Debug)]
pub struct Encoder(Coder<opus::Encoder>);

impl Encoder {
    /// An encoder.
    ///
    /// # Errors
    /// [`CodecError::NotBuiltIn`] and [`CodecError::NotMade`].
    pub fn new(codec: Codec) -> Result<Encoder, CodecError> {
        Ok(Encoder(match codec {
            Codec::Pcm => Coder::Pcm,
            Codec::Opus => Coder::Opus(opus::Encoder::new()?),
        }))
    }

    /// Replaces `frame` with this block, encoded: at most [`MAX_ENCODED_BYTES`].
    pub fn encode(&mut self, block: &[i16; BLOCK], frame: &mut Vec<u8>) {
        frame.clear();
        match &mut self.0 {
            Coder::Pcm => frame.extend(block.iter().flat_map(|sample| sample.to_le_bytes())),
            Coder::Opus(encoder) => encoder.encode(block, frame),
        }
    }

    /// What the frames are.
    pub fn format(&self) -> Format {
        Format::of(match &self.0 {
            Coder::Pcm => Codec::Pcm,
            Coder::Opus(_) => Codec::Opus,
        })
    }
}

/// Turns a peer's frames into samples.
#[derive(Debug)]
pub struct Decoder {
    coder: Coder<opus::Decoder>,
    frame: usize,
}

impl Decoder {
    /// A decoder for what a peer announced; fails where the format is not one of ours.
    pub fn new(format: Format) -> Result<Decoder, CodecError> {
        let format = format.check()?;
        let coder = match format.codec {
            Codec::Pcm => Coder::Pcm,
            Codec::Opus => Coder::Opus(opus::Decoder::new()?),
        };
        let frame = usize::from(format.frame);
        Ok(Decoder { coder, frame })
    }

    /// Replaces `samples` with one frame, exactly as long as announced. After an error `samples`
    /// is empty; the next frame may be decoded all the same.
    pub fn decode(&mut self, frame: &[u8], samples: &mut Vec<i16>) -> Result<(), CodecError> {
        samples.clear();
        match &mut self.coder {
            Coder::Pcm => decode_pcm(frame, self.frame, samples),
            Coder::Opus(decoder) => decoder.decode(frame, self.frame, samples),
        }
    }
}

/// Shortest frame a peer may announce: 2.5 ms, Opus' shortest.
pub const MIN_FRAME: u16 = 120;
/// Longest frame a peer may announce: 40 ms, the wire's limit; more would be late by itself.
pub const MAX_FRAME: u16 = 1_920;
/// Longest encoded frame: 40 ms of PCM. An Opus packet has at most 1275 bytes.
pub const MAX_ENCODED_BYTES: usize = 2 * MAX_FRAME as usize;

/// Why a codec can't be had, or a format or a frame of a peer is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// A number of channels other than one.
    #[error("sound of {0} channels, only 1 is taken")]
    Channels(u8),
    /// A frame length out of range.
    #[error("sound frames of {0} samples, only {MIN_FRAME} to {MAX_FRAME} are taken")]
    Frame(u16),
    /// A frame that holds another number of samples than was announced.
    #[error("a sound frame of {got} samples, {announced} were announced")]
    Length {
        /// Samples in the frame.
        got: usize,
        /// Samples that the format announced.
        announced: usize,
    },
    /// The codec is not part of this build.
    #[error("this build has no Opus")]
    NotBuiltIn,
    /// The codec refuses its own settings: a mistake in this program.
    #[error("the Opus {coder} can't be made: {why}")]
    NotMade {
        /// Encoder or decoder.
        coder: &'static str,
        /// What the codec says.
        why: &'static str,
    },
    /// Bytes that are no Opus packet.
    #[error("a damaged Opus packet of {0} bytes")]
    Packet(usize),
    /// A sample rate other than ours.
    #[error("sound at {0} Hz, only {RATE} is taken")]
    Rate(u32),
}

#[derive(Debug)]
enum Coder<Opus> {
    Pcm,
    Opus(Opus),
}

fn decode_pcm(frame: &[u8], announced: usize, samples: &mut Vec<i16>) -> Result<(), CodecError> {
    let (pairs, rest) = frame.as_chunks();
    if pairs.len() != announced || !rest.is_empty() {
        let got = frame.len() / 2;
        return Err(CodecError::Length { got, announced });
    }
    samples.extend(pairs.iter().copied().map(i16::from_le_bytes));
    Ok(())
}
