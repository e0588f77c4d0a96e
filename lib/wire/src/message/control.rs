//! Messages of the connection itself (wire 4).

use super::codes;
use crate::read::Reader;
use crate::write::Writer;
use crate::{DecodeError, Full, PeerName, limits};

/// Each side's first frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hello {
    /// Random; lets a second connection of the same pair join later.
    pub session: u64,
    /// Random; decides who yields when both ring at once.
    pub nonce: u64,
    /// Bits for what this side can do; unknown bits are ignored. None is defined yet.
    pub capabilities: u32,
    /// The sender's clock.
    pub clock: u64,
    /// What this side calls itself. A hint only: trust hangs on the key.
    pub name: PeerName,
}

impl Hello {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            session: reader.u64("session")?,
            nonce: reader.u64("nonce")?,
            capabilities: reader.u32("capabilities")?,
            clock: reader.u64("clock")?,
            name: reader.text(limits::NAME, "name")?.parse()?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.session)?;
        writer.u64(self.nonce)?;
        writer.u32(self.capabilities)?;
        writer.u64(self.clock)?;
        writer.bytes(self.name.as_str().as_bytes())
    }
}

codes! {
    /// Why a side ends the connection.
    ByeCode, "bye code" {
        /// Nothing more to do.
        Done = 0,
        /// The program ends.
        Leaving = 1,
        /// The peer sent something illegal.
        Illegal = 2,
        /// The peer was silent for too long.
        Silent = 3,
        /// The peer's requests went over a limit.
        TooMuch = 4,
        /// A newer connection of the same peer takes over.
        Replaced = 5,
    }
}

/// The end of the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bye<'a> {
    /// Why.
    pub code: ByeCode,
    /// In words, at most [`limits::REASON`] bytes.
    pub text: &'a str,
}

impl<'a> Bye<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            code: ByeCode::read(reader)?,
            text: reader.text(limits::REASON, "bye text")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u8(self.code.code())?;
        writer.bytes(self.text.as_bytes())
    }
}

/// Asks for a [`Pong`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ping {
    /// The sender's clock.
    pub clock: u64,
}

impl Ping {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let clock = reader.u64("clock")?;
        Ok(Self { clock })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.clock)
    }
}

/// Answers a [`Ping`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pong {
    /// The clock of the ping.
    pub echo: u64,
    /// The answering side's clock.
    pub clock: u64,
}

impl Pong {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            echo: reader.u64("echo")?,
            clock: reader.u64("clock")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.echo)?;
        writer.u64(self.clock)
    }
}

/// How much this side has taken in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ack {
    /// Plain bytes since the connection began.
    pub received: u64,
    /// This side's clock when the last of them came.
    pub clock: u64,
}

impl Ack {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            received: reader.u64("received")?,
            clock: reader.u64("clock")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.received)?;
        writer.u64(self.clock)
    }
}
