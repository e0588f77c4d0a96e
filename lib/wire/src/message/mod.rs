//! All messages, each a struct that reads and writes its own payload (wire 4 to 7, 9).

pub(crate) mod call;
pub(crate) mod control;
pub(crate) mod file;
pub(crate) mod sound;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod text;
pub(crate) mod video;

use crate::read::Reader;
use crate::write::Writer;
use crate::{DecodeError, Full, Header, Kind};

/// An enum that is one byte on the wire; [`codes!`] declares them.
pub(crate) trait Code: Copy {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;
    fn write(self, writer: &mut Writer<'_>) -> Result<(), Full>;
}

/// Declares an enum that is one byte on the wire. A value that this version does not know is kept,
/// so that later versions can add values; the receiver decides how to treat it.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident, $field:literal { $($(#[$doc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A value of a later version: the byte on the wire.
            Unknown(u8),
        }

        impl $name {
            /// Every value that this version knows, in wire order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The byte on the wire.
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Unknown(code) => code,
                }
            }

            /// The value of that byte.
            pub const fn from_code(code: u8) -> Self {
                match code {
                    $($code => Self::$variant,)*
                    _ => Self::Unknown(code),
                }
            }
        }

        impl crate::message::Code for $name {
            fn read(reader: &mut crate::read::Reader<'_>) -> Result<Self, crate::DecodeError> {
                reader.u8($field).map(Self::from_code)
            }

            fn write(self, writer: &mut crate::write::Writer<'_>) -> Result<(), crate::Full> {
                writer.u8(self.code())
            }
        }
    };
}
pub(crate) use codes;

macro_rules! messages {
    (
        fields { $($(#[$doc:meta])* $name:ident($type:ty),)* }
        empty { $($(#[$edoc:meta])* $empty:ident,)* }
    ) => {
        /// A decoded frame, which borrows from the frame's payload.
        ///
        /// ```
        /// use transom_wire::{Header, Message, Ping, limits};
        /// let message = Message::Ping(Ping { clock: 5 });
        /// let mut out = [0; 64];
        /// let used = message.encode(0, 0, &mut out).unwrap();
        /// let (head, payload) = out[..used].split_at(limits::HEADER);
        /// let header = Header::decode(head.try_into().unwrap()).unwrap();
        /// assert_eq!(Message::decode(header, payload), Ok(Some(message)));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Message<'a> {
            $($(#[$doc])* $name($type),)*
            $($(#[$edoc])* $empty,)*
            /// The head of a picture and its first bytes.
            Picture(crate::PictureHead, &'a [u8]),
            /// More bytes of the picture.
            PictureData(&'a [u8]),
            /// Bytes of the leaf announced.
            Data(&'a [u8]),
        }

        impl<'a> Message<'a> {
            /// The kind of its frame.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$name(_) => Kind::$name,)*
                    $(Self::$empty => Kind::$empty,)*
                    Self::Picture(..) => Kind::Picture,
                    Self::PictureData(_) => Kind::PictureData,
                    Self::Data(_) => Kind::Data,
                }
            }

            fn read(kind: Kind, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
                Ok(match kind {
                    $(Kind::$name => Self::$name(<$type>::read(reader)?),)*
                    $(Kind::$empty => Self::$empty,)*
                    Kind::Picture => {
                        let head = crate::PictureHead::read(reader)?;
                        Self::Picture(head, reader.rest())
                    }
                    Kind::PictureData => Self::PictureData(reader.rest()),
                    Kind::Data => Self::Data(reader.rest()),
                })
            }

            fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
                match self {
                    $(Self::$name(message) => message.write(writer),)*
                    $(Self::$empty => Ok(()),)*
                    Self::Picture(head, bytes) => {
                        head.write(writer)?;
                        writer.bytes(bytes)
                    }
                    Self::PictureData(bytes) | Self::Data(bytes) => writer.bytes(bytes),
                }
            }
        }
    };
}

messages! {
    fields {
        /// Introduces a side: its first frame.
        Hello(crate::Hello),
        /// Ends the connection and says why.
        Bye(crate::Status<crate::ByeCode, &'a str>),
        /// Asks for a pong.
        Ping(crate::Ping),
        /// Answers a ping.
        Pong(crate::Pong),
        /// How many bytes the sender has received, and when the last of them arrived.
        Ack(crate::Ack),
        /// The first frame of a further connection between the same stations.
        Join(crate::Join),
        /// Whether a call is live at the sender's station.
        Live(crate::Live),
        /// Asks for a call.
        Ring(crate::Ring),
        /// Refuses a call.
        Decline(crate::Status<crate::EndReason, &'a str>),
        /// Ends a call.
        HangUp(crate::Status<crate::EndReason, &'a str>),
        /// Returns the credit of one picture.
        Shown(crate::Shown),
        /// The state of the camera.
        CameraState(crate::Status<crate::CameraState, &'a str>),
        /// Whether the peer records the pictures.
        Recording(crate::Recording),
        /// The state of the sender's microphone.
        SoundState(crate::Status<crate::SoundState, &'a str>),
        /// Whether the sender wants the peer's sound.
        Listen(crate::Listen),
        /// Whether the viewer wants the statistics of the camera.
        WantStats(crate::WantStats),
        /// What the camera and its viewers did.
        CameraStats(crate::CameraStats),
        /// The format of the frames of sound that follow.
        SoundHead(crate::SoundHead),
        /// One frame of sound.
        Sound(crate::Sound<'a>),
        /// A line of text.
        Text(crate::Text<'a>),
        /// Acknowledges a text.
        TextAck(crate::TextAck),
        /// Asks for leaves of an entry again.
        Again(crate::Again),
        /// The receiver's disk or quota is full, or no longer.
        DiskFull(crate::DiskFull),
        /// What limits the rate of a transfer, as the sender measures it.
        LimitedBy(crate::LimitedBy),
        /// Offers a file or a folder.
        Offer(crate::Offer<'a>),
        /// Accepts the offer.
        Accept(crate::Accept),
        /// Refuses an offer.
        Refuse(crate::Status<crate::RefuseReason, &'a str>),
        /// One file or folder of the transfer.
        Entry(crate::Entry<'a>),
        /// Asks for the entry's data from an offset on.
        Start(crate::Start),
        /// The receiver can't store the entry, and the sender abandons it.
        Failed(crate::Failure<&'a str>),
        /// Permits more data.
        Grant(crate::Grant),
        /// How many bytes are received, verified and durable.
        Progress(crate::Progress),
        /// The entry is whole and verified.
        Done(crate::Done),
        /// No more entries come.
        Finish(crate::Finish),
        /// How the transfer ended at the receiver; the text is the final name or the error.
        Finished(crate::Status<crate::Ending, &'a str>),
        /// Pauses or resumes the data.
        Pause(crate::Pause),
        /// Ends the transfer early.
        Cancel(crate::Status<crate::RefuseReason, &'a str>),
        /// Limits the data's rate.
        Rate(crate::Rate),
        /// What the transfer holds, as far as its sender has counted.
        Total(crate::Total),
        /// Announces the leaf that follows.
        Leaf(crate::Leaf),
        /// All leaves of the file are sent.
        End(crate::End),
        /// The sender gives up the entry, possibly in the middle of a leaf.
        Abandon(crate::Failure<&'a str>),
        /// Hashes of leaves that the receiver holds from an earlier attempt.
        Hashes(crate::Hashes<'a>),
    }
    empty {
        /// Accepts the call.
        Answer,
        /// Discards the unfinished picture.
        Abort,
        /// Ends a run of frames of sound: the sender pauses it on purpose.
        SoundEnd,
    }
}

impl<'a> Message<'a> {
    /// Reads a frame; `None` for kinds that this version skips.
    ///
    /// # Errors
    /// [`DecodeError`] names the illegal field.
    pub fn decode(header: Header, payload: &'a [u8]) -> Result<Option<Self>, DecodeError> {
        let Some(kind) = Kind::from_code(header.kind) else {
            return Ok(None);
        };
        let mut reader = Reader::new(payload);
        let message = Self::read(kind, &mut reader)?;
        reader.end("message")?;
        Ok(Some(message))
    }

    /// Writes header and payload; returns the bytes used.
    ///
    /// # Errors
    /// [`Full`] when `out` is too small; its content is then undefined.
    pub fn encode(&self, stream: u16, flags: u8, out: &mut [u8]) -> Result<usize, Full> {
        let (head, body) = out
            .split_at_mut_checked(crate::limits::HEADER)
            .ok_or(Full)?;
        let mut writer = Writer::new(body);
        self.write(&mut writer)?;
        let used = writer.used();
        let header = Header {
            len: u32::try_from(used).map_err(|_| Full)?,
            kind: self.kind().code(),
            flags,
            stream,
        };
        header.write(&mut Writer::new(head))?;
        Ok(crate::limits::HEADER + used)
    }
}

#[cfg(test)]
mod tests;
