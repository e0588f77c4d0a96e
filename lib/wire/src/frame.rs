//! Frame headers, their kinds and classes (wire 3.2, 3.3).

use crate::read::{Reader, within};
use crate::write::Writer;
use crate::{DecodeError, Full, limits};

/// The flag bits of a header.
pub mod flags {
    /// This frame completes its picture (wire 6).
    pub const LAST: u8 = 1;
    /// The sender found speech in this frame of sound (wire 9).
    pub const VOICE: u8 = 2;
}

/// The eight bytes before every payload.
///
/// ```
/// use transom_wire::{Header, Kind};
/// let header = Header { len: 8, kind: Kind::Ping.code(), flags: 0, stream: 0 };
/// let bytes = header.encode();
/// assert_eq!(bytes, [0, 0, 0, 8, 3, 0, 0, 0]);
/// assert_eq!(Header::decode(bytes), Ok(header));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// Bytes of payload, at most [`limits::PAYLOAD`].
    pub len: u32,
    /// The kind's code. [`Kind::from_code`] gives `None` for one that this version does not know.
    pub kind: u8,
    /// See [`flags`].
    pub flags: u8,
    /// The call or transfer, or 0.
    pub stream: u16,
}

impl Header {
    /// Reads a header and checks its length, by kind where the kind is known.
    ///
    /// # Errors
    /// [`DecodeError::TooLarge`] when the payload is longer than its kind may be.
    pub fn decode(bytes: [u8; limits::HEADER]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&bytes);
        let header = Self {
            len: reader.u32("payload length")?,
            kind: reader.u8("kind")?,
            flags: reader.u8("flags")?,
            stream: reader.u16("stream")?,
        };
        let limit = match Kind::from_code(header.kind) {
            Some(kind) => kind.payload_limit(),
            None => limits::PAYLOAD,
        };
        within(u64::from(header.len), limit as u64, "payload length")?;
        Ok(header)
    }

    /// The header's bytes.
    pub fn encode(self) -> [u8; limits::HEADER] {
        let [a, b, c, d] = self.len.to_be_bytes();
        let [e, f] = self.stream.to_be_bytes();
        [a, b, c, d, self.kind, self.flags, e, f]
    }

    pub(crate) fn write(self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.bytes(&self.encode())
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $class:ident;)*) => {
        /// The kinds of frame this version knows, in wire order.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind, in wire order.
            pub const ALL: &[Kind] = &[$(Kind::$name,)*];

            /// The byte in the header.
            pub const fn code(self) -> u8 {
                match self { $(Kind::$name => $code,)* }
            }

            /// The kind of that byte, if this version knows it.
            pub const fn from_code(code: u8) -> Option<Kind> {
                match code { $($code => Some(Kind::$name),)* _ => None }
            }

            /// The class of its frames.
            pub const fn class(self) -> Class {
                match self { $(Kind::$name => Class::$class,)* }
            }
        }
    };
}

kinds! {
    /// [`crate::Hello`].
    Hello = 0x01, Control;
    /// A [`crate::Status`] of a [`crate::ByeCode`].
    Bye = 0x02, Control;
    /// [`crate::Ping`].
    Ping = 0x03, Control;
    /// [`crate::Pong`].
    Pong = 0x04, Control;
    /// [`crate::Ack`].
    Ack = 0x05, Control;
    /// [`crate::Join`].
    Join = 0x06, Control;
    /// [`crate::Live`].
    Live = 0x07, Control;
    /// [`crate::Ring`].
    Ring = 0x10, Control;
    /// Accepts the call.
    Answer = 0x11, Control;
    /// A [`crate::Status`] of an [`crate::EndReason`].
    Decline = 0x12, Control;
    /// A [`crate::Status`] of an [`crate::EndReason`].
    HangUp = 0x13, Control;
    /// [`crate::Shown`].
    Shown = 0x14, Control;
    /// A [`crate::Status`] of a [`crate::CameraState`].
    CameraState = 0x15, Control;
    /// [`crate::Recording`].
    Recording = 0x16, Control;
    /// A [`crate::Status`] of a [`crate::SoundState`].
    SoundState = 0x17, Control;
    /// [`crate::Listen`].
    Listen = 0x18, Control;
    /// [`crate::WantStats`].
    WantStats = 0x19, Control;
    /// [`crate::CameraStats`].
    CameraStats = 0x1a, Control;
    /// [`crate::SoundHead`].
    SoundHead = 0x20, Audio;
    /// [`crate::Sound`].
    Sound = 0x21, Audio;
    /// The sound pauses.
    SoundEnd = 0x22, Audio;
    /// [`crate::PictureHead`] and the picture's first bytes.
    Picture = 0x30, Video;
    /// More bytes of the picture.
    PictureData = 0x31, Video;
    /// Discards the unfinished picture.
    Abort = 0x32, Video;
    /// [`crate::Text`].
    Text = 0x40, Text;
    /// [`crate::TextAck`].
    TextAck = 0x41, Text;
    /// [`crate::Again`].
    Again = 0x4a, Text;
    /// [`crate::DiskFull`].
    DiskFull = 0x4c, Text;
    /// [`crate::LimitedBy`].
    LimitedBy = 0x4d, Text;
    /// [`crate::Offer`].
    Offer = 0x50, Text;
    /// [`crate::Accept`].
    Accept = 0x51, Text;
    /// A [`crate::Status`] of a [`crate::RefuseReason`].
    Refuse = 0x52, Text;
    /// [`crate::Entry`].
    Entry = 0x53, Text;
    /// [`crate::Start`].
    Start = 0x54, Text;
    /// A [`crate::Failure`].
    Failed = 0x56, Text;
    /// [`crate::Grant`].
    Grant = 0x57, Text;
    /// [`crate::Progress`].
    Progress = 0x58, Text;
    /// [`crate::Done`].
    Done = 0x59, Text;
    /// [`crate::Finish`].
    Finish = 0x5a, Text;
    /// A [`crate::Status`] of an [`crate::Ending`].
    Finished = 0x5b, Text;
    /// [`crate::Pause`].
    Pause = 0x5c, Text;
    /// A [`crate::Status`] of a [`crate::RefuseReason`].
    Cancel = 0x5d, Text;
    /// [`crate::Rate`].
    Rate = 0x5e, Text;
    /// [`crate::Total`].
    Total = 0x5f, Text;
    /// [`crate::Leaf`].
    Leaf = 0x60, Bulk;
    /// Bytes of the leaf announced.
    Data = 0x61, Bulk;
    /// [`crate::End`].
    End = 0x62, Bulk;
    /// A [`crate::Failure`].
    Abandon = 0x63, Bulk;
    /// [`crate::Hashes`].
    Hashes = 0x64, Bulk;
}

impl Kind {
    /// The longest payload of this kind, so that a peer can't make us buffer 64 KiB for a ping.
    pub const fn payload_limit(self) -> usize {
        match self {
            Kind::Picture | Kind::PictureData | Kind::Data => limits::PAYLOAD,
            Kind::Sound => limits::SOUND,
            _ => limits::SMALL_PAYLOAD,
        }
    }
}

/// The classes of frames, most urgent first (wire 3.3).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// The connection, calls, acks and pings; never delayed.
    Control,
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Texts and file control.
    Text,
    /// File data.
    Bulk,
}
