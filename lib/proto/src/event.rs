//! What a session tells its caller, and what it is given to send.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use transom_wire::{
    ByeCode, CallKind, CameraState, Capabilities, Collision, Done, End, EndReason, Ending, Entry,
    EntryKind, Failure, Offer, PeerName, PictureHead, Progress, RefuseReason, RelativePath, Shape,
    Start, Status, TransferKey,
};

use crate::Instant;

/// Names a call on this connection: its stream number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CallId(pub(crate) u16);

/// Names a transfer on this connection: its stream number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TransferId(pub(crate) u16);

/// What the peer did, or what came of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The peer's first frame.
    Hello {
        /// What the peer calls itself; a hint only.
        name: PeerName,
        /// Its random session number.
        session: u64,
        /// What its station can do, as it claims.
        capabilities: Capabilities,
    },
    /// The peer's last frame; nothing follows and nothing can be sent any more.
    Bye(Status<ByeCode, String>),
    /// An event of a call.
    Call(CallId, CallEvent),
    /// A text came. Taking this event out acknowledges it.
    Text {
        /// The peer's number for it.
        id: u32,
        /// What it says.
        text: String,
    },
    /// Our text arrived.
    TextArrived {
        /// Our number for it.
        id: u32,
    },
    /// An event of a transfer.
    Transfer(TransferId, TransferEvent),
}

/// What happened in a call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CallEvent {
    /// The peer asks for a call of this kind: answer or decline it.
    Ringing(CallKind),
    /// Our call was taken: it is live.
    Answered,
    /// Our call was not taken; [`EndReason::Glare`] when the peer's own call goes before it.
    Declined(Status<EndReason, String>),
    /// The peer ended the call, or gave up ringing.
    HungUp(Status<EndReason, String>),
    /// A whole picture came. Give its credit back with [`shown`](crate::Session::shown).
    Picture(ReceivedPicture),
    /// The peer showed a picture of ours: a next one can go.
    Credit,
    /// How the far camera is.
    CameraState(Status<CameraState, String>),
    /// Whether the peer records the pictures it gets from us.
    Recording {
        /// Whether it does.
        on: bool,
    },
}

/// What happened in a transfer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TransferEvent {
    /// The peer offers a file or folder: accept or refuse it.
    Offered(OwnedOffer),
    /// Our offer is taken: send entries.
    Accepted,
    /// Our offer is not taken; the transfer is over.
    Refused(Status<RefuseReason, String>),
    /// The peer announces an entry: [`start`](crate::Session::start),
    /// [`done`](crate::Session::done) or [`failed`](crate::Session::failed) it.
    Entry(OwnedEntry),
    /// The peer wants an entry's data from an offset on.
    Started(Start),
    /// A whole leaf came, its hash not yet checked. Give its room back with
    /// [`stored`](crate::Session::stored).
    Leaf {
        /// The leaf.
        leaf: LeafData,
        /// Bytes of the whole entry, which decide how a leaf is hashed (wire 7).
        size: u64,
    },
    /// All leaves of an entry came: check its root, then [`done`](crate::Session::done) or
    /// [`failed`](crate::Session::failed).
    Ended(End),
    /// The peer gives an entry up, also as the echo of our own [`failed`](crate::Session::failed),
    /// or with [`WHOLE`](transom_wire::WHOLE) the transfer, which is then over.
    Abandoned(Failure<String>),
    /// The peer can't take an entry, which is thereby given up, or with
    /// [`WHOLE`](transom_wire::WHOLE) the transfer, which is then over.
    Failed(Failure<String>),
    /// At least half of the room for entries or leaves is free again.
    Room,
    /// How far the transfer is at the receiver.
    Progress(Progress),
    /// An entry is whole and verified at the receiver.
    Done(Done),
    /// No more entries come and all are settled: publish, then
    /// [`finished`](crate::Session::finished).
    Finish {
        /// How many there were.
        entries: u32,
    },
    /// How the transfer ended at the receiver, with the final name or what went wrong; it is over.
    Finished(Status<Ending, String>),
    /// The peer pauses the transfer or lets it go on.
    Paused {
        /// Whether the peer wants it paused.
        paused: bool,
    },
    /// The peer ended the transfer early; it is over.
    Cancelled(Status<RefuseReason, String>),
    /// The peer has another limit on the transfer's rate; the lower of both limits counts.
    Limited {
        /// Bytes per second.
        rate: Option<u64>,
    },
}

/// A picture to send. Its bytes are shared, so that many sessions send one copy.
#[derive(Clone)]
pub struct Picture {
    /// What is known before the bytes; `total` is filled in by the session.
    pub head: PictureHead,
    /// The coded picture.
    pub bytes: Arc<[u8]>,
}

/// What became of a picture given to [`send_picture`](crate::Session::send_picture).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Queued {
    /// It waits alone.
    Fresh,
    /// An older one that waited was dropped for it.
    Replaced,
}

/// A picture that came whole.
#[derive(Clone, PartialEq)]
pub struct ReceivedPicture {
    /// What the sender knows of it.
    pub head: PictureHead,
    /// The coded picture, `head.total` bytes.
    pub bytes: Vec<u8>,
    /// When its last byte came.
    pub received: Instant,
}

/// One leaf of a file.
#[derive(Clone, Eq, PartialEq)]
pub struct LeafData {
    /// The entry.
    pub index: u32,
    /// Where in the file.
    pub offset: u64,
    /// BLAKE3 chaining value of the leaf, which the session carries and does not check.
    pub hash: [u8; 32],
    /// The bytes, 1 to [`LEAF`](transom_wire::limits::LEAF).
    pub bytes: Vec<u8>,
}

/// A [`RelativePath`] that owns its text; it can only be made from one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathString(String);

impl PathString {
    /// The path, checked when this was made.
    pub fn as_path(&self) -> RelativePath<'_> {
        RelativePath::new(&self.0).expect("made from a RelativePath below")
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<RelativePath<'_>> for PathString {
    fn from(path: RelativePath<'_>) -> Self {
        Self(path.as_str().into())
    }
}

/// An [`Offer`] that owns its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnedOffer {
    /// The same for every attempt at the same thing.
    pub transfer: TransferKey,
    /// One file or a folder.
    pub shape: Shape,
    /// What to do where the name is taken.
    pub collision: Collision,
    /// Entries.
    pub files: u32,
    /// Bytes of all files.
    pub bytes: u64,
    /// The file's or folder's name, one part.
    pub name: PathString,
}

impl OwnedOffer {
    /// The offer as the wire has it.
    pub fn as_offer(&self) -> Offer<'_> {
        Offer {
            transfer: self.transfer,
            shape: self.shape,
            collision: self.collision,
            files: self.files,
            bytes: self.bytes,
            name: self.name.as_path(),
        }
    }
}

impl From<Offer<'_>> for OwnedOffer {
    fn from(offer: Offer<'_>) -> Self {
        Self {
            transfer: offer.transfer,
            shape: offer.shape,
            collision: offer.collision,
            files: offer.files,
            bytes: offer.bytes,
            name: offer.name.into(),
        }
    }
}

/// An [`Entry`] that owns its path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnedEntry {
    /// Counts from 0.
    pub index: u32,
    /// File or folder.
    pub kind: EntryKind,
    /// Unix permission bits.
    pub mode: u16,
    /// Modification time in nanoseconds since 1970.
    pub mtime: i64,
    /// Bytes, 0 for a folder.
    pub size: u64,
    /// Where below the offer's name.
    pub path: PathString,
}

impl OwnedEntry {
    /// The entry as the wire has it.
    pub fn as_entry(&self) -> Entry<'_> {
        Entry {
            index: self.index,
            kind: self.kind,
            mode: self.mode,
            mtime: self.mtime,
            size: self.size,
            path: self.path.as_path(),
        }
    }
}

impl From<Entry<'_>> for OwnedEntry {
    fn from(entry: Entry<'_>) -> Self {
        Self {
            index: entry.index,
            kind: entry.kind,
            mode: entry.mode,
            mtime: entry.mtime,
            size: entry.size,
            path: entry.path.into(),
        }
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({:?}, {} bytes)", self.head, self.bytes.len())
    }
}

impl fmt::Debug for ReceivedPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ReceivedPicture({:?}, {} bytes)",
            self.head,
            self.bytes.len()
        )
    }
}

impl fmt::Debug for LeafData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            index,
            offset,
            bytes,
            ..
        } = self;
        write!(f, "LeafData({index} at {offset}, {} bytes)", bytes.len())
    }
}
