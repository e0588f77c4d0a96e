//! Messages of video (wire 6).

use super::{Code, codes};
use crate::read::{Reader, within};
use crate::write::Writer;
use crate::{DecodeError, Full, limits};

codes! {
    /// How a picture is coded.
    Codec, "codec" {
        /// Baseline JPEG, one whole picture.
        Jpeg = 1,
    }
}

codes! {
    /// How to turn a picture to show it upright; the numbers are Exif's.
    Orientation, "orientation" {
        /// As it is.
        Upright = 1,
        /// Mirrored left to right.
        Mirrored = 2,
        /// Turned by 180 degrees.
        Turned180 = 3,
        /// Mirrored top to bottom.
        Flipped = 4,
        /// Mirrored along the falling diagonal.
        Transposed = 5,
        /// To be turned by 90 degrees clockwise.
        Turned90 = 6,
        /// Mirrored along the rising diagonal.
        Transversed = 7,
        /// To be turned by 270 degrees clockwise.
        Turned270 = 8,
    }
}

/// A picture's metadata, sent before its bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PictureHead {
    /// Counts the camera's pictures, including those skipped for this viewer.
    pub sequence: u32,
    /// When the sensor began the picture, in the sender's clock; if the camera gives no time, when
    /// the sender's program had the frame, and `acquired_after` is 0.
    pub captured: u64,
    /// Microseconds from `captured` until the sender's program had the frame.
    pub acquired_after: u32,
    /// Microseconds from `captured` until the picture was ready to send: `acquired_after` where the
    /// camera itself encoded it.
    pub ready_after: u32,
    /// Microseconds from `captured` until the picture's first byte was given to the connection.
    /// From `ready_after` until then the picture waited in the sender's slot.
    pub sent_after: u32,
    /// Pixels across, 1 to [`limits::DIMENSION`].
    pub width: u16,
    /// Pixels down, 1 to [`limits::DIMENSION`].
    pub height: u16,
    /// How to turn the picture.
    pub orientation: Orientation,
    /// The picture's encoding.
    pub codec: Codec,
    /// Bytes of the whole picture, 1 to [`limits::PICTURE`].
    pub total: u32,
}

impl PictureHead {
    /// Bytes of the head on the wire, with an extension area that is empty.
    pub const BYTES: usize = 36;

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let head = Self {
            sequence: reader.u32("sequence")?,
            captured: reader.u64("captured")?,
            acquired_after: reader.u32("acquired after")?,
            ready_after: reader.u32("ready after")?,
            sent_after: reader.u32("sent after")?,
            width: dimension(reader.u16("width")?, "width")?,
            height: dimension(reader.u16("height")?, "height")?,
            orientation: Orientation::read(reader)?,
            codec: Codec::read(reader)?,
            total: total(reader.u32("picture size")?)?,
        };
        reader.skip_sized_extensions()?;
        Ok(head)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.sequence)?;
        writer.u64(self.captured)?;
        writer.u32(self.acquired_after)?;
        writer.u32(self.ready_after)?;
        writer.u32(self.sent_after)?;
        writer.u16(self.width)?;
        writer.u16(self.height)?;
        self.orientation.write(writer)?;
        self.codec.write(writer)?;
        writer.u32(self.total)?;
        writer.u16(0)
    }
}

fn dimension(pixels: u16, field: &'static str) -> Result<u16, DecodeError> {
    within(u64::from(pixels), u64::from(limits::DIMENSION), field)?;
    if pixels == 0 {
        return Err(DecodeError::Illegal(field));
    }
    Ok(pixels)
}

fn total(bytes: u32) -> Result<u32, DecodeError> {
    within(u64::from(bytes), u64::from(limits::PICTURE), "picture size")?;
    if bytes == 0 {
        return Err(DecodeError::Illegal("picture size"));
    }
    Ok(bytes)
}
