//! A code with an explanation: the payload of many messages (wire 3.5).

use super::Code;
use crate::read::Reader;
use crate::write::Writer;
use crate::{DecodeError, Full, limits};

/// A code that a program can act on, and text that explains it to a person (wire 3.5). `T` is a
/// borrowed or an owned string.
///
/// ```
/// use transom_wire::{EndReason, Status};
/// let busy = Status::new(EndReason::Busy, "in another call");
/// let kept: Status<EndReason, String> = busy.map_text(String::from);
/// assert_eq!(kept.code, EndReason::Busy);
/// assert_eq!(kept.as_str(), busy);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Status<C, T> {
    /// What happened, or why.
    pub code: C,
    /// The explanation, at most [`limits::REASON`] bytes; may be empty.
    pub text: T,
}

impl<C, T> Status<C, T> {
    /// A code and its explanation.
    pub const fn new(code: C, text: T) -> Self {
        Self { code, text }
    }

    /// The same status with its text converted.
    pub fn map_text<U>(self, change: impl FnOnce(T) -> U) -> Status<C, U> {
        Status::new(self.code, change(self.text))
    }
}

impl<C: Copy, T: AsRef<str>> Status<C, T> {
    /// The same status with its text borrowed.
    pub fn as_str(&self) -> Status<C, &str> {
        Status::new(self.code, self.text.as_ref())
    }
}

impl<'a, C> Status<C, &'a str> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError>
    where
        C: Code,
    {
        Ok(Self {
            code: C::read(reader)?,
            text: reader.text(limits::REASON, "explanation")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full>
    where
        C: Code,
    {
        self.code.write(writer)?;
        writer.bytes(self.text.as_bytes())
    }
}
