//! Text messages between users (wire 7).

use crate::read::Reader;
use crate::write::Writer;
use crate::{DecodeError, Full, limits};

/// A text message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Text<'a> {
    /// Counts this side's texts; the ack repeats it.
    pub id: u32,
    /// At most [`limits::TEXT`] bytes.
    pub text: &'a str,
}

impl<'a> Text<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: reader.u32("text id")?,
            text: reader.text(limits::TEXT, "text")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.id)?;
        writer.bytes(self.text.as_bytes())
    }
}

/// Acknowledges a [`Text`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TextAck {
    /// The id of the text.
    pub id: u32,
}

impl TextAck {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = reader.u32("text id")?;
        Ok(Self { id })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.id)
    }
}
