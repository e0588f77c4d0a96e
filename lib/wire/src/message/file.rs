//! Messages of files: offers, control and data (wire 7).

use super::{Code, codes};
use crate::read::{Reader, within};
use crate::write::Writer;
use crate::{DecodeError, Full, RelativePath, limits};

/// The index that means the transfer as a whole.
pub const WHOLE: u32 = u32::MAX;

/// Identifies a transfer between two peers across all its connections.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TransferKey(pub [u8; 16]);

impl core::fmt::Debug for TransferKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

codes! {
    /// Whether a transfer is one file or a folder.
    Shape, "shape" {
        /// One file: entry 0, whose path is the offer's name.
        File = 1,
        /// A folder: entries' paths are below the offer's name.
        Folder = 2,
    }
}

codes! {
    /// What the receiver does if the name already exists in its inbox.
    Collision, "collision" {
        /// Keep both: "name (1)".
        Rename = 1,
        /// Keep the existing one, and receive nothing.
        Skip = 2,
        /// Replace the existing one.
        Overwrite = 3,
    }
}

/// Offers a file or a folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Offer<'a> {
    /// The same in every attempt at this transfer.
    pub transfer: TransferKey,
    /// One file or a folder.
    pub shape: Shape,
    /// What the receiver does if the name already exists.
    pub collision: Collision,
    /// Entries, at most [`limits::ENTRIES`].
    pub files: u32,
    /// Bytes of all files, at most [`limits::FILE`].
    pub bytes: u64,
    /// Whether all entries are counted; else a [`Total`] follows.
    pub is_counted: bool,
    /// The file's or folder's name, one part.
    pub name: RelativePath<'a>,
}

impl<'a> Offer<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let offer = Self {
            transfer: TransferKey(reader.array("transfer")?),
            shape: Shape::read(reader)?,
            collision: Collision::read(reader)?,
            files: entries(reader)?,
            bytes: reader.at_most(limits::FILE, "bytes")?,
            is_counted: reader.switch("is_counted")?,
            name: path(reader)?,
        };
        if !offer.name.is_name() {
            return Err(DecodeError::Illegal("name"));
        }
        reader.skip_extensions()?;
        Ok(offer)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.bytes(&self.transfer.0)?;
        self.shape.write(writer)?;
        self.collision.write(writer)?;
        writer.u32(self.files)?;
        writer.u64(self.bytes)?;
        writer.u8(u8::from(self.is_counted))?;
        writer.long_text(self.name.as_str())
    }

    /// What the offer counts.
    pub fn total(&self) -> Total {
        Total {
            files: self.files,
            bytes: self.bytes,
            is_counted: self.is_counted,
        }
    }
}

/// What a transfer holds, as far as its sender has counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Total {
    /// Entries, at most [`limits::ENTRIES`].
    pub files: u32,
    /// Bytes of all files, at most [`limits::FILE`].
    pub bytes: u64,
    /// Whether that is all of them.
    pub is_counted: bool,
}

impl Total {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            files: entries(reader)?,
            bytes: reader.at_most(limits::FILE, "bytes")?,
            is_counted: reader.switch("is_counted")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.files)?;
        writer.u64(self.bytes)?;
        writer.u8(u8::from(self.is_counted))
    }

    /// Whether so many entries with so many bytes may be announced.
    pub fn allows(&self, files: u32, bytes: u64) -> bool {
        match self.is_counted {
            true => files <= self.files && bytes <= self.bytes,
            false => files <= limits::ENTRIES && bytes <= limits::FILE,
        }
    }

    /// Whether that may be the next total: totals only grow.
    pub fn may_become(&self, next: &Self) -> bool {
        next.files >= self.files && next.bytes >= self.bytes && next.is_counted >= self.is_counted
    }
}

codes! {
    /// Why an offer is refused or a transfer cancelled.
    RefuseReason, "refuse reason" {
        /// A user chose so.
        Chosen = 0,
        /// The peer may not send files, or the receiver takes none.
        Forbidden = 1,
        /// Not enough free space, or over the quota.
        NoSpace = 2,
        /// The limit of simultaneous transfers is reached.
        Busy = 3,
        /// The inbox can't be written to.
        Unwritable = 4,
        /// The program ends.
        Leaving = 5,
        /// This version doesn't know that shape or collision.
        Unsupported = 6,
    }
}

codes! {
    /// What an entry is.
    EntryKind, "entry kind" {
        /// A regular file.
        File = 1,
        /// A folder; it has no data.
        Folder = 2,
        /// A regular file that is written to while it is sent: its size is that of the last
        /// [`Total`].
        Growing = 3,
    }
}

/// One file or folder of a transfer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry<'a> {
    /// Counts from 0.
    pub index: u32,
    /// File or folder.
    pub kind: EntryKind,
    /// Unix permission bits; the receiver keeps only harmless ones.
    pub mode: u16,
    /// Modification time in nanoseconds since 1970.
    pub mtime: i64,
    /// Bytes, 0 for a folder and a file that grows.
    pub size: u64,
    /// The path below the offer's name; the name itself for a single file.
    pub path: RelativePath<'a>,
}

impl<'a> Entry<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let entry = Self {
            index: index(reader)?,
            kind: EntryKind::read(reader)?,
            mode: reader.u16("mode")?,
            mtime: reader.i64("mtime")?,
            size: reader.at_most(limits::FILE, "size")?,
            path: path(reader)?,
        };
        reader.skip_extensions()?;
        Ok(entry)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.index)?;
        self.kind.write(writer)?;
        writer.u16(self.mode)?;
        writer.i64(self.mtime)?;
        writer.u64(self.size)?;
        writer.long_text(self.path.as_str())
    }
}

/// Accepts an offer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Accept {
    /// Bytes held from earlier attempts: a hint, by which the sender estimates the remaining time.
    pub held: u64,
}

impl Accept {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let held = reader.at_most(limits::FILE, "held")?;
        Ok(Self { held })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.held)
    }
}

/// Asks for an entry's data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Start {
    /// The entry.
    pub index: u32,
    /// Bytes already held: a multiple of [`limits::LEAF`], or the whole size.
    pub offset: u64,
}

impl Start {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            index: index(reader)?,
            offset: reader.at_most(limits::FILE, "offset")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.index)?;
        writer.u64(self.offset)
    }
}

/// Asks for leaves again that were sent, or that lie before the offset of the [`Start`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Again {
    /// The entry.
    pub index: u32,
    /// Offset of the first leaf: a multiple of [`limits::LEAF`].
    pub offset: u64,
    /// How many leaves, at least 1.
    pub leaves: u32,
}

impl Again {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let again = Self {
            index: index(reader)?,
            offset: leaf_offset(reader)?,
            leaves: reader.u32("leaves")?,
        };
        if again.leaves == 0 {
            return Err(DecodeError::Illegal("leaves"));
        }
        Ok(again)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.index)?;
        writer.u64(self.offset)?;
        writer.u32(self.leaves)
    }
}

codes! {
    /// Why an entry can't be sent or stored.
    FailReason, "fail reason" {
        /// The disk or the quota is full.
        NoSpace = 1,
        /// The system forbids it.
        Denied = 2,
        /// The receiver's system can't store that name.
        BadName = 3,
        /// The path was sent twice, or is both a file and a folder.
        Duplicate = 4,
        /// A hash did not match: the data was damaged on one of the disks or in memory.
        Corrupt = 5,
        /// The source changed while it was sent.
        SourceChanged = 6,
        /// The source is gone or unreadable.
        Gone = 7,
        /// Any other error of the system.
        Io = 8,
        /// This version doesn't know that kind of entry.
        Unsupported = 9,
    }
}

/// An entry or a whole transfer failed (wire 7). `T` is a borrowed or an owned string.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Failure<T> {
    /// The entry, or [`WHOLE`].
    pub index: u32,
    /// Why.
    pub reason: FailReason,
    /// The system's error number where it happened, or 0.
    pub errno: u32,
    /// The explanation, at most [`limits::REASON`] bytes; may be empty.
    pub text: T,
}

impl<T> Failure<T> {
    /// The same failure with its text converted.
    pub fn map_text<U>(self, change: impl FnOnce(T) -> U) -> Failure<U> {
        let Self {
            index,
            reason,
            errno,
            text,
        } = self;
        Failure {
            index,
            reason,
            errno,
            text: change(text),
        }
    }
}

impl<T: AsRef<str>> Failure<T> {
    /// The same failure with its text borrowed.
    pub fn as_str(&self) -> Failure<&str> {
        Failure {
            index: self.index,
            reason: self.reason,
            errno: self.errno,
            text: self.text.as_ref(),
        }
    }
}

impl<'a> Failure<&'a str> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            index: reader.u32("index")?,
            reason: FailReason::read(reader)?,
            errno: reader.u32("errno")?,
            text: reader.text(limits::REASON, "explanation")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.index)?;
        self.reason.write(writer)?;
        writer.u32(self.errno)?;
        writer.bytes(self.text.as_bytes())
    }
}

/// Permits data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grant {
    /// Data bytes that may have been sent in all.
    pub bytes: u64,
}

impl Grant {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = reader.u64("grant")?;
        Ok(Self { bytes })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.bytes)
    }
}

/// Data bytes of the transfer by state: `durable <= verified <= received`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    /// In the receiver's memory.
    pub received: u64,
    /// Checked against their hash and written.
    pub verified: u64,
    /// Synced to the disk, and recorded in the synced journal.
    pub durable: u64,
}

impl Progress {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let progress = Self {
            received: reader.u64("received")?,
            verified: reader.u64("verified")?,
            durable: reader.u64("durable")?,
        };
        within(progress.verified, progress.received, "verified")?;
        within(progress.durable, progress.verified, "durable")?;
        Ok(progress)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.received)?;
        writer.u64(self.verified)?;
        writer.u64(self.durable)
    }
}

/// An entry is complete and its root matches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Done {
    /// The entry.
    pub index: u32,
    /// BLAKE3 of the file, zeros for a folder.
    pub root: [u8; 32],
}

impl Done {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            index: index(reader)?,
            root: reader.array("root")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.index)?;
        writer.bytes(&self.root)
    }
}

/// No more entries come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Finish {
    /// How many entries were announced, at most the files of the last [`Total`].
    pub entries: u32,
}

impl Finish {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let entries = entries(reader)?;
        Ok(Self { entries })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.entries)
    }
}

codes! {
    /// How a transfer ended at the receiver.
    Ending, "ending" {
        /// Everything is durable under its final name.
        Durable = 1,
        /// An identical file or folder already existed.
        AlreadyThere = 2,
        /// The name existed, and the sender had asked to keep the existing one.
        Skipped = 3,
        /// Durable except for entries that failed; each was reported by `Failed`.
        Partial = 4,
        /// Nothing was published.
        Failed = 5,
    }
}

/// Pauses or resumes a transfer's data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pause {
    /// Whether to pause.
    pub paused: bool,
}

impl Pause {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let paused = reader.switch("paused")?;
        Ok(Self { paused })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u8(u8::from(self.paused))
    }
}

/// Limits a transfer's rate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// Bytes per second, 0 for no limit.
    pub bytes_per_second: u64,
}

impl Rate {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes_per_second = reader.u64("rate")?;
        Ok(Self { bytes_per_second })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.bytes_per_second)
    }
}

codes! {
    /// What limits the rate of a transfer.
    LimitedBy, "limited by" {
        /// The sender's disk: nothing was read that could be sent.
        SenderDisk = 1,
        /// The connection takes no more.
        Network = 2,
        /// The receiver's disk: all that the receiver permits was sent.
        ReceiverDisk = 3,
        /// The rate limit that one of the sides has set.
        Rate = 4,
    }
}

/// The receiver's disk or quota is full, or no longer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DiskFull {
    /// Bytes that the rest of the transfer needs beyond what is free; 0 if it has room.
    pub missing: u64,
}

impl DiskFull {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let missing = reader.u64("missing")?;
        Ok(Self { missing })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u64(self.missing)
    }
}

codes! {
    /// What follows the announcement of a leaf.
    LeafContent, "leaf content" {
        /// Its bytes.
        Data = 1,
        /// Nothing: it lies in a hole of the file, and all of its bytes are zeros.
        Hole = 2,
        /// Its bytes, and there are holes in it: those of its pages of 4 KiB that are all zeros.
        DataWithHoles = 3,
    }
}

/// Offset of the last leaf of a file of that size.
pub fn last_leaf(size: u64) -> u64 {
    let last = size.saturating_sub(1);
    last - last % limits::LEAF as u64
}

/// Announces a leaf; data frames of exactly `len` bytes follow, or none if it is a hole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Leaf {
    /// The entry.
    pub index: u32,
    /// Where in the file: a multiple of [`limits::LEAF`].
    pub offset: u64,
    /// Bytes, 1 to [`limits::LEAF`].
    pub len: u32,
    /// BLAKE3 chaining value of the leaf's subtree, or the root of a file that is one leaf.
    pub hash: [u8; 32],
    /// Whether its bytes follow.
    pub content: LeafContent,
}

impl Leaf {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let leaf = Self {
            index: index(reader)?,
            offset: leaf_offset(reader)?,
            len: reader.u32("leaf length")?,
            hash: reader.array("leaf hash")?,
            content: LeafContent::read(reader)?,
        };
        within(u64::from(leaf.len), limits::LEAF as u64, "leaf length")?;
        if leaf.len == 0 {
            return Err(DecodeError::Illegal("leaf length"));
        }
        if let LeafContent::Unknown(_) = leaf.content {
            return Err(DecodeError::Illegal("leaf content"));
        }
        Ok(leaf)
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.index)?;
        writer.u64(self.offset)?;
        writer.u32(self.len)?;
        writer.bytes(&self.hash)?;
        self.content.write(writer)
    }
}

/// Hashes of leaves before the offset of the [`Start`], for the receiver to compare with its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hashes<'a> {
    /// The entry.
    pub index: u32,
    /// Offset of the first leaf: a multiple of [`limits::LEAF`].
    pub offset: u64,
    /// One hash a leaf, 1 to [`limits::HASHES`].
    pub hashes: &'a [[u8; 32]],
}

impl<'a> Hashes<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let (index, offset) = (index(reader)?, leaf_offset(reader)?);
        let (hashes, rest) = reader.rest().as_chunks();
        if hashes.is_empty() || !rest.is_empty() {
            return Err(DecodeError::Cut("hashes"));
        }
        within(hashes.len() as u64, limits::HASHES as u64, "hashes")?;
        Ok(Self {
            index,
            offset,
            hashes,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.index)?;
        writer.u64(self.offset)?;
        writer.bytes(self.hashes.as_flattened())
    }
}

/// All leaves of an entry are sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct End {
    /// The entry.
    pub index: u32,
    /// Bytes of the file as it was sent.
    pub size: u64,
    /// BLAKE3 of the file.
    pub root: [u8; 32],
}

impl End {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            index: index(reader)?,
            size: reader.at_most(limits::FILE, "size")?,
            root: reader.array("root")?,
        })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        writer.u32(self.index)?;
        writer.u64(self.size)?;
        writer.bytes(&self.root)
    }
}

fn index(reader: &mut Reader<'_>) -> Result<u32, DecodeError> {
    let index = reader.u32("index")?;
    within(u64::from(index), u64::from(limits::ENTRIES) - 1, "index")?;
    Ok(index)
}

fn leaf_offset(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
    let offset = reader.at_most(limits::FILE, "offset")?;
    match offset.is_multiple_of(limits::LEAF as u64) {
        true => Ok(offset),
        false => Err(DecodeError::Illegal("offset")),
    }
}

fn entries(reader: &mut Reader<'_>) -> Result<u32, DecodeError> {
    let count = reader.u32("entries")?;
    within(u64::from(count), u64::from(limits::ENTRIES), "entries")?;
    Ok(count)
}

fn path<'a>(reader: &mut Reader<'a>) -> Result<RelativePath<'a>, DecodeError> {
    let text = reader.long_text(limits::PATH, "path")?;
    RelativePath::new(text).map_err(|_| DecodeError::Illegal("path"))
}
