//! A bounded cursor over a peer's bytes. All decoders read through it, so that none indexes a
//! slice.

use crate::DecodeError;

pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn bytes(
        &mut self,
        count: usize,
        field: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(DecodeError::Cut(field))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], DecodeError> {
        self.bytes(N, field)?
            .try_into()
            .map_err(|_| DecodeError::Cut(field))
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array(field).map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.array(field).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.array(field).map(u64::from_be_bytes)
    }

    pub(crate) fn i16(&mut self, field: &'static str) -> Result<i16, DecodeError> {
        self.array(field).map(i16::from_be_bytes)
    }

    pub(crate) fn i64(&mut self, field: &'static str) -> Result<i64, DecodeError> {
        self.array(field).map(i64::from_be_bytes)
    }

    /// A u64 that is at most `limit`.
    pub(crate) fn at_most(&mut self, limit: u64, field: &'static str) -> Result<u64, DecodeError> {
        let found = self.u64(field)?;
        within(found, limit, field)?;
        Ok(found)
    }

    /// A byte that is 0 or 1.
    pub(crate) fn switch(&mut self, field: &'static str) -> Result<bool, DecodeError> {
        match self.u8(field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Illegal(field)),
        }
    }

    /// All remaining bytes.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    /// All remaining bytes, as text of at most `limit` bytes.
    pub(crate) fn text(
        &mut self,
        limit: usize,
        field: &'static str,
    ) -> Result<&'a str, DecodeError> {
        let bytes = self.rest();
        within(bytes.len() as u64, limit as u64, field)?;
        core::str::from_utf8(bytes).map_err(|_| DecodeError::Illegal(field))
    }

    /// A length of one byte, then text of so many bytes, at most `limit`.
    pub(crate) fn short_text(
        &mut self,
        limit: usize,
        field: &'static str,
    ) -> Result<&'a str, DecodeError> {
        let len = self.u8(field)?;
        self.text_of(usize::from(len), limit, field)
    }

    /// A length of two bytes, then text of so many bytes, at most `limit`.
    pub(crate) fn long_text(
        &mut self,
        limit: usize,
        field: &'static str,
    ) -> Result<&'a str, DecodeError> {
        let len = self.u16(field)?;
        self.text_of(usize::from(len), limit, field)
    }

    fn text_of(
        &mut self,
        len: usize,
        limit: usize,
        field: &'static str,
    ) -> Result<&'a str, DecodeError> {
        within(len as u64, limit as u64, field)?;
        let bytes = self.bytes(len, field)?;
        core::str::from_utf8(bytes).map_err(|_| DecodeError::Illegal(field))
    }

    /// Skips an extension area that extends to the end (wire 3.4). This version knows no extension,
    /// but each must be complete.
    pub(crate) fn skip_extensions(&mut self) -> Result<(), DecodeError> {
        while !self.rest.is_empty() {
            self.u8("extension type")?;
            let len = self.u16("extension length")?;
            self.bytes(usize::from(len), "extension")?;
        }
        Ok(())
    }

    /// Skips a length of two bytes and an extension area of so many bytes.
    pub(crate) fn skip_sized_extensions(&mut self) -> Result<(), DecodeError> {
        let len = self.u16("extension area length")?;
        Reader::new(self.bytes(usize::from(len), "extension area")?).skip_extensions()
    }

    /// Checks that no bytes remain.
    pub(crate) fn end(self, message: &'static str) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing(message))
        }
    }
}

/// Checks that a field is at most its limit.
pub(crate) fn within(found: u64, limit: u64, field: &'static str) -> Result<(), DecodeError> {
    if found <= limit {
        Ok(())
    } else {
        Err(DecodeError::TooLarge {
            field,
            found,
            limit,
        })
    }
}
