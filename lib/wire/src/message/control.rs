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
    /// Random; decides which side yields when both ring at once.
    pub nonce: u64,
    /// What this side can do.
    pub capabilities: Capabilities,
    /// The sender's clock.
    pub clock: u64,
    /// This side's name for itself. Only a hint: trust rests on the key.
    pub name: PeerName,
}

impl Hello {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let hello = Self {
            session: reader.u64("session")?,
            nonce: reader.u64("nonce")?,
            capabilities: Capabilities(reader.u32("capabilities")?),
            clock: reader.u64("clock")?,
            name: reader.short_text(limits::NAME, "name")?.parse()?,
        };
        reader.skip_extensions()?;
        Ok(hello)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.session)?;
        writer.u64(self.nonce)?;
        writer.u32(self.capabilities.0)?;
        writer.u64(self.clock)?;
        writer.short_text(self.name.as_str())
    }
}

/// A set of things that a station can do (wire 4.1). Bits that this version doesn't know are kept
/// and mean nothing to it. What a peer claims grants it nothing: rights come from the contact book.
///
/// ```
/// use transom_wire::Capabilities;
/// let box_at_the_door = Capabilities::CAMERA | Capabilities::FILES;
/// assert!(box_at_the_door.contains(Capabilities::CAMERA));
/// assert!(!box_at_the_door.contains(Capabilities::CALLS));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Capabilities(pub u32);

impl Capabilities {
    /// The empty set: a program that only sends, such as `transom send`.
    pub const NONE: Self = Self(0);
    /// It has a camera that can be watched without a person's answer.
    pub const CAMERA: Self = Self(1);
    /// It has a person, or a program, that answers calls.
    pub const CALLS: Self = Self(1 << 1);
    /// It receives files.
    pub const FILES: Self = Self(1 << 2);
    /// It accepts the messages of sound (wire 9), and sound coded as PCM.
    pub const SOUND: Self = Self(1 << 3);
    /// It accepts sound coded as Opus too.
    pub const OPUS: Self = Self(1 << 4);
    /// Each known capability, with its name in `--json` output and in settings files.
    pub const NAMED: [(Self, &'static str); 5] = [
        (Self::CAMERA, "camera"),
        (Self::CALLS, "calls"),
        (Self::FILES, "files"),
        (Self::SOUND, "sound"),
        (Self::OPUS, "opus"),
    ];

    /// The names of the known capabilities in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let named = Self::NAMED.into_iter();
        named.filter_map(move |(named, name)| self.contains(named).then_some(name))
    }

    /// Whether all of `others` are in the set.
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }
}

impl core::ops::BitOr for Capabilities {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The first frame of a further connection of a pair of stations, instead of [`Hello`] (wire 4.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Join {
    /// The session number in the Hello of the side that sends this.
    pub session: u64,
    /// The session number in the other side's Hello.
    pub with: u64,
}

impl Join {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let join = Self {
            session: reader.u64("session")?,
            with: reader.u64("session to join")?,
        };
        reader.skip_extensions()?;
        Ok(join)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.session)?;
        writer.u64(self.with)
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
        /// This version does not support the peer's first frame, such as a [`Join`].
        Unsupported = 6,
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

/// How many bytes this side has received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ack {
    /// Plain bytes since the connection began.
    pub received: u64,
    /// This side's clock when the last of them arrived.
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

/// Whether a call rings or runs at the sender's station or in another program of its owner, which
/// share a link to the network (wire 4.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Live {
    /// Whether a call rings or runs.
    pub on: bool,
}

impl Live {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let on = reader.switch("live")?;
        Ok(Self { on })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u8(u8::from(self.on))
    }
}
