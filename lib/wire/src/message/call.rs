//! Messages of calls (wire 5).

use super::{Code, codes};
use crate::read::Reader;
use crate::write::Writer;
use crate::{DecodeError, Full};

codes! {
    /// What a call is for.
    CallKind, "call kind" {
        /// The caller watches the far camera and sends nothing.
        View = 1,
        /// Both may send pictures.
        Talk = 2,
    }
}

/// Asks for a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ring {
    /// What the call is for.
    pub kind: CallKind,
}

impl Ring {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kind = CallKind::read(reader)?;
        reader.skip_extensions()?;
        Ok(Self { kind })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        self.kind.write(writer)
    }
}

codes! {
    /// Why a call ended or never began.
    EndReason, "end reason" {
        /// A user or a program ended or declined it.
        Chosen = 0,
        /// The peer does not have the right.
        Forbidden = 1,
        /// The peer is in another call, or has its limit of viewers.
        Busy = 2,
        /// The station has no camera.
        NoCamera = 3,
        /// Nobody answered.
        Unanswered = 4,
        /// The program ends.
        Leaving = 5,
        /// Both sides rang at once, and this call yielded to the other.
        Glare = 6,
        /// This version doesn't know that kind of call.
        Unsupported = 7,
    }
}

/// Returns the credit of one picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shown {
    /// The picture's number.
    pub sequence: u32,
    /// The viewer's clock when the picture was shown or dropped.
    pub clock: u64,
}

impl Shown {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            sequence: reader.u32("sequence")?,
            clock: reader.u64("clock")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.sequence)?;
        writer.u64(self.clock)
    }
}

codes! {
    /// The state of a camera.
    CameraState, "camera state" {
        /// Being opened.
        Opening = 1,
        /// Delivering pictures.
        Live = 2,
        /// Unplugged or failing; the station tries again by itself.
        Lost = 3,
        /// Switched off by its owner.
        Off = 4,
        /// This viewer gets fewer or coarser pictures than the camera delivers, since its link is
        /// slow.
        Reduced = 5,
    }
}

/// Tells the side that sends pictures whether the other side records them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recording {
    /// Whether the other side records.
    pub on: bool,
}

impl Recording {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let on = reader.switch("recording")?;
        Ok(Self { on })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u8(u8::from(self.on))
    }
}
