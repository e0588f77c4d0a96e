//! Messages of sound (wire 9).

use super::{Code, codes};
use crate::read::{Reader, within};
use crate::write::Writer;
use crate::{DecodeError, Full, limits};

codes! {
    /// How sound is coded.
    SoundCodec, "sound codec" {
        /// Samples of 16 bits, signed, little-endian.
        Pcm = 1,
        /// One Opus packet a frame.
        Opus = 2,
    }
}

/// The format of the frames of sound that follow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SoundHead {
    /// How the samples are coded.
    pub codec: SoundCodec,
    /// Samples a second: [`limits::SOUND_RATE`].
    pub rate: u32,
    /// Channels: 1.
    pub channels: u8,
    /// Samples a frame, [`limits::SOUND_FRAME_MIN`] to [`limits::SOUND_FRAME_MAX`].
    pub frame: u16,
}

impl SoundHead {
    /// The format of frames with `frame` samples each, at the only sampling rate and number of
    /// channels of this version.
    pub const fn new(codec: SoundCodec, frame: u16) -> Self {
        Self {
            codec,
            rate: limits::SOUND_RATE,
            channels: 1,
            frame,
        }
    }

    /// Whether a frame of this format can have so many bytes. Frames of an unknown codec can have
    /// any number.
    ///
    /// ```
    /// use transom_wire::{SoundCodec, SoundHead};
    /// assert!(SoundHead::new(SoundCodec::Pcm, 480).fits(960));
    /// assert!(!SoundHead::new(SoundCodec::Pcm, 480).fits(961));
    /// assert!(!SoundHead::new(SoundCodec::Opus, 480).fits(0));
    /// ```
    pub const fn fits(&self, bytes: usize) -> bool {
        match self.codec {
            SoundCodec::Pcm => bytes == 2 * self.frame as usize,
            SoundCodec::Opus => 0 < bytes && bytes <= limits::OPUS_PACKET,
            SoundCodec::Unknown(_) => true,
        }
    }

    /// The same format, if its fields are within their limits.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that is not.
    pub fn check(self) -> Result<Self, DecodeError> {
        if self.rate != limits::SOUND_RATE {
            return Err(DecodeError::Illegal("sound rate"));
        }
        if self.channels != 1 {
            return Err(DecodeError::Illegal("sound channels"));
        }
        if self.frame < limits::SOUND_FRAME_MIN {
            return Err(DecodeError::Illegal("samples a frame"));
        }
        let (frame, most) = (self.frame.into(), limits::SOUND_FRAME_MAX.into());
        within(frame, most, "samples a frame")?;
        Ok(self)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let head = Self {
            codec: SoundCodec::read(reader)?,
            rate: reader.u32("sound rate")?,
            channels: reader.u8("sound channels")?,
            frame: reader.u16("samples a frame")?,
        };
        reader.skip_extensions()?;
        head.check()
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        self.codec.write(writer)?;
        writer.u32(self.rate)?;
        writer.u8(self.channels)?;
        writer.u16(self.frame)
    }
}

/// One frame of sound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sound<'a> {
    /// Counts the frames of the call, also those that were dropped.
    pub sequence: u32,
    /// When its first sample was captured, in the sender's clock.
    pub captured: u64,
    /// The coded samples; [`SoundHead::fits`] tells how many bytes they have.
    pub bytes: &'a [u8],
}

impl<'a> Sound<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            sequence: reader.u32("sequence")?,
            captured: reader.u64("captured")?,
            bytes: reader.rest(),
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.sequence)?;
        writer.u64(self.captured)?;
        writer.bytes(self.bytes)
    }
}

codes! {
    /// The state of a side's microphone.
    SoundState, "sound state" {
        /// The side has no microphone.
        NoMicrophone = 0,
        /// The peer hears it.
        On = 1,
        /// Muted by its user.
        Muted = 2,
        /// Unplugged or failing; the station tries again by itself.
        Lost = 3,
        /// Its user speaks in another call, which gets the sound.
        OnHold = 4,
        /// The peer does not have the right to hear it.
        NotAllowed = 5,
        /// Being opened: it has given no sound yet.
        Opening = 6,
    }
}

/// Whether the sender wants the peer's sound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Listen {
    /// Whether the sender wants it.
    pub on: bool,
}

impl Listen {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let on = reader.switch("listen")?;
        Ok(Self { on })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u8(u8::from(self.on))
    }
}
