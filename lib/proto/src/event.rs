//! Events that a session gives its caller, and the data that its verbs take.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use transom_wire::limits::{HASH_CREDIT, LEAF};
use transom_wire::{
    Again, ByeCode, CallKind, CameraState, CameraStats, Capabilities, Collision, Done, End,
    EndReason, Ending, Entry, EntryKind, Failure, LeafContent, Offer, PeerName, PictureHead,
    Progress, RefuseReason, RelativePath, Shape, SoundHead, SoundState, Start, Status, Total,
    TransferKey,
};

use crate::Instant;

/// Identifies a call on this connection by its stream number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CallId(pub(crate) u16);

/// Identifies a transfer on this connection by its stream number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TransferId(pub(crate) u16);

/// What the peer sent, or what happened to something we sent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The peer's first frame.
    Hello {
        /// The name that the peer gives itself. It proves nothing.
        name: PeerName,
        /// Its random session number.
        session: u64,
        /// What its station claims to support.
        capabilities: Capabilities,
    },
    /// The peer's last frame; nothing follows and nothing can be sent any more.
    Bye(Status<ByeCode, String>),
    /// An event of a call.
    Call(CallId, CallEvent),
    /// A text was received. Taking this event out acknowledges it.
    Text {
        /// The peer's number for the text.
        id: u32,
        /// The text.
        text: String,
    },
    /// The peer acknowledged our text.
    TextArrived {
        /// Our number for the text.
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
    /// The peer answered our call: it is live.
    Answered,
    /// The peer declined our call, or with [`EndReason::Glare`] the peer's own call replaces it.
    Declined(Status<EndReason, String>),
    /// The peer ended the call, or gave up ringing.
    HungUp(Status<EndReason, String>),
    /// A picture was received. [`shown`](crate::Session::shown) returns its credit to the peer.
    Picture(ReceivedPicture),
    /// The peer showed one of our pictures, so that we have credit for another one.
    Credit,
    /// The state of the peer's camera.
    CameraState(Status<CameraState, String>),
    /// Whether the peer records the pictures it gets from us.
    Recording {
        /// Whether it does.
        on: bool,
    },
    /// Whether the peer wants statistics of our camera; before the first such event it does not.
    WantStats {
        /// Whether it does.
        on: bool,
    },
    /// What the peer's camera did.
    CameraStats(CameraStats),
    /// A frame of sound was received.
    Sound(SoundFrame),
    /// The peer is silent on purpose until its next frame of sound: what waits plays out.
    SoundEnd,
    /// The state of the peer's microphone.
    SoundState(Status<SoundState, String>),
    /// Whether the peer wants our sound; before the first such event it does not.
    Listen {
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
    /// The peer accepted our offer: announce entries.
    Accepted {
        /// Bytes that it holds from earlier attempts, as an estimate.
        held: u64,
    },
    /// The peer refused our offer; the transfer is over.
    Refused(Status<RefuseReason, String>),
    /// The sender has counted more of what it offered.
    Total(Total),
    /// The peer announces an entry: [`start`](crate::Session::start),
    /// [`done`](crate::Session::done) or [`failed`](crate::Session::failed) it.
    Entry(OwnedEntry),
    /// The peer requests an entry's data from an offset on. Of what is before that it wants the
    /// [`hashes`](crate::Session::hashes).
    Started(Start),
    /// The peer requests leaves of an entry again, also after its end.
    Again(Again),
    /// A leaf was received; its hash is not checked yet. [`stored`](crate::Session::stored) returns
    /// its bytes to the window.
    Leaf {
        /// The leaf.
        leaf: LeafData,
        /// Bytes of the whole entry, which decide how a leaf is hashed (wire 7).
        size: u64,
    },
    /// Hashes of leaves of an entry that we said to hold: those that differ from ours are to be
    /// asked for [`again`](crate::Session::again). [`stored`](crate::Session::stored) returns their
    /// [`credit`](LeafHashes::credit) to the window.
    Hashes(LeafHashes),
    /// All leaves of an entry were received, those asked for again included: check its root hash,
    /// then
    /// [`done`](crate::Session::done) or [`failed`](crate::Session::failed). Leaves asked for
    /// [`again`](crate::Session::again) instead are followed by another such event.
    Ended(End),
    /// The peer abandons an entry, either by itself or in reply to our
    /// [`failed`](crate::Session::failed). With [`WHOLE`](transom_wire::WHOLE) it abandons the
    /// transfer, which is over.
    Abandoned(Failure<String>),
    /// The peer can't store an entry, which is abandoned. With [`WHOLE`](transom_wire::WHOLE) it
    /// can't store the transfer, which is over.
    Failed(Failure<String>),
    /// At least half of the queue for entries, leaves or hashes is free again.
    Room,
    /// How many bytes the receiver has received, verified and made durable.
    Progress(Progress),
    /// An entry is complete and verified at the receiver.
    Done(Done),
    /// All entries were announced and are done or abandoned: publish the transfer, then
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
    /// The peer's disk or quota is full, or no longer: it takes no data until there is room.
    DiskFull {
        /// Bytes that are missing there for the rest of the transfer; 0 for none.
        missing: u64,
    },
    /// The peer ended the transfer early; it is over.
    Cancelled(Status<RefuseReason, String>),
    /// The peer changed its rate limit; the lower of both sides' limits applies.
    Limited {
        /// Bytes per second.
        rate: Option<u64>,
    },
}

/// A picture to send. Its bytes are shared, so that many sessions send one copy.
#[derive(Clone)]
pub struct Picture {
    /// Metadata; the session fills in `total`.
    pub head: PictureHead,
    /// The encoded picture. A buffer behind the `Arc`, so that it can be used again once nobody
    /// holds it.
    pub bytes: Arc<Vec<u8>>,
}

/// What became of a picture given to [`send_picture`](crate::Session::send_picture), or of a frame
/// given to [`send_sound`](crate::Session::send_sound).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Queued {
    /// No older one was dropped.
    Fresh,
    /// An older picture that waited in the slot was dropped.
    Replaced,
}

/// A completely received picture.
#[derive(Clone, PartialEq)]
pub struct ReceivedPicture {
    /// The sender's metadata.
    pub head: PictureHead,
    /// The encoded picture, `head.total` bytes.
    pub bytes: Vec<u8>,
    /// When its last byte was received.
    pub received: Instant,
}

/// A frame of sound to send, or received. Its bytes are shared, so that many sessions send one
/// copy.
#[derive(Clone, Eq, PartialEq)]
pub struct SoundFrame {
    /// How the samples are coded. The session sends a head before the first frame of each format.
    pub format: SoundHead,
    /// Counts the frames of the call; those dropped leave a gap. It never goes back, and wraps.
    pub sequence: u32,
    /// When its first sample was captured, in microseconds of the sender's clock;
    /// [`to_local`](crate::Session::to_local) converts those of the peer.
    pub captured: u64,
    /// Whether the sender's meter hears speech.
    pub voice: bool,
    /// The coded samples, as many as [`SoundHead::fits`] allows.
    pub bytes: Arc<[u8]>,
}

/// One leaf of a file.
#[derive(Clone, Eq, PartialEq)]
pub struct LeafData {
    /// The entry's index.
    pub index: u32,
    /// Offset in the file.
    pub offset: u64,
    /// BLAKE3 chaining value of the leaf. The session does not check it.
    pub hash: [u8; 32],
    /// Whether it is a hole, or has holes.
    pub content: LeafContent,
    /// The bytes, 1 to [`LEAF`](transom_wire::limits::LEAF); none of a hole.
    pub bytes: Vec<u8>,
}

impl LeafData {
    /// How many bytes of its file it is, if that has `size` bytes.
    pub fn len_in(&self, size: u64) -> u64 {
        match self.content {
            LeafContent::Hole => size.saturating_sub(self.offset).min(LEAF as u64),
            _ => self.bytes.len() as u64,
        }
    }
}

/// Hashes of successive leaves of a file.
#[derive(Clone, Eq, PartialEq)]
pub struct LeafHashes {
    /// The entry's index.
    pub index: u32,
    /// Offset of the first leaf in the file.
    pub offset: u64,
    /// One a leaf.
    pub hashes: Vec<[u8; 32]>,
}

impl LeafHashes {
    /// Bytes that they take of the grant (wire 7), more than of memory.
    pub fn credit(&self) -> u64 {
        (self.hashes.len() * HASH_CREDIT) as u64
    }

    /// Keeps the first `count` of them, and gives the others.
    pub fn split_off(&mut self, count: usize) -> Self {
        let count = count.min(self.hashes.len());
        Self {
            index: self.index,
            offset: self.offset + (count * LEAF) as u64,
            hashes: self.hashes.split_off(count),
        }
    }
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
    /// Identifies the content: the same for every attempt to transfer it.
    pub transfer: TransferKey,
    /// One file or a folder.
    pub shape: Shape,
    /// What to do if the name is taken.
    pub collision: Collision,
    /// Number of entries.
    pub files: u32,
    /// Bytes of all files.
    pub bytes: u64,
    /// Whether all entries are counted; else a [`Total`] follows.
    pub is_counted: bool,
    /// The file's or folder's name, a single path component.
    pub name: PathString,
}

impl OwnedOffer {
    /// The borrowed form, for encoding.
    pub fn as_offer(&self) -> Offer<'_> {
        Offer {
            transfer: self.transfer,
            shape: self.shape,
            collision: self.collision,
            files: self.files,
            bytes: self.bytes,
            is_counted: self.is_counted,
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
            is_counted: offer.is_counted,
            name: offer.name.into(),
        }
    }
}

/// An [`Entry`] that owns its path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnedEntry {
    /// Position in the offer, from 0.
    pub index: u32,
    /// File or folder.
    pub kind: EntryKind,
    /// Unix permission bits.
    pub mode: u16,
    /// Modification time in nanoseconds since 1970.
    pub mtime: i64,
    /// Bytes, 0 for a folder.
    pub size: u64,
    /// Path below the offer's name.
    pub path: PathString,
}

impl OwnedEntry {
    /// The borrowed form, for encoding.
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

impl fmt::Debug for SoundFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sequence, codec) = (self.sequence, self.format.codec);
        let bytes = self.bytes.len();
        write!(f, "SoundFrame({sequence}, {codec:?}, {bytes} bytes)")
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

impl fmt::Debug for LeafHashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            index,
            offset,
            hashes,
        } = self;
        write!(
            f,
            "LeafHashes({index} at {offset}, {} leaves)",
            hashes.len()
        )
    }
}
