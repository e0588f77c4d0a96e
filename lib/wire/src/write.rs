//! A bounded cursor over an outgoing buffer: the inverse of `read`.

use crate::Full;

pub(crate) struct Writer<'a> {
    out: &'a mut [u8],
    used: usize,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Self { out, used: 0 }
    }

    pub(crate) fn used(&self) -> usize {
        self.used
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.used.checked_add(bytes.len()).ok_or(Full)?;
        self.out
            .get_mut(self.used..end)
            .ok_or(Full)?
            .copy_from_slice(bytes);
        self.used = end;
        Ok(())
    }

    /// The text's length in one byte, then the text.
    pub(crate) fn short_text(&mut self, text: &str) -> Result<(), Full> {
        self.u8(u8::try_from(text.len()).map_err(|_| Full)?)?;
        self.bytes(text.as_bytes())
    }

    /// The text's length in two bytes, then the text.
    pub(crate) fn long_text(&mut self, text: &str) -> Result<(), Full> {
        self.u16(u16::try_from(text.len()).map_err(|_| Full)?)?;
        self.bytes(text.as_bytes())
    }

    pub(crate) fn u8(&mut self, value: u8) -> Result<(), Full> {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn u16(&mut self, value: u16) -> Result<(), Full> {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn u32(&mut self, value: u32) -> Result<(), Full> {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn u64(&mut self, value: u64) -> Result<(), Full> {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn i16(&mut self, value: i16) -> Result<(), Full> {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn i64(&mut self, value: i64) -> Result<(), Full> {
        self.bytes(&value.to_be_bytes())
    }
}
