//! What can go wrong, sorted by blame: the peer, one entry, the inbox's disk, the outbox's disk.
//! Every error knows its reason on the wire and the system's error number.

use std::error::Error;
use std::io;

use rustix::io::Errno;
use transom_wire::{FailReason, InvalidPath, RefuseReason, limits};

use crate::name::Quoted;

/// One entry can't be taken; the others live on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The peer broke the rules of wire 7: it may be told Bye.
    #[error("{0}")]
    Protocol(&'static str),
    /// Data don't fit the hash that came with them, or what was written before no longer does.
    #[error("data of {} don't fit their hash at byte {offset}", Quoted(path))]
    Corrupt {
        /// The entry's path.
        path: String,
        /// Where the leaf begins.
        offset: u64,
    },
    /// The path came twice, or is a file and a folder; or the disk takes it for one that came, as
    /// FAT does with upper and lower case.
    #[error(
        "the disk has the name {} already, or takes another one for it",
        Quoted(path)
    )]
    Duplicate {
        /// The entry's path.
        path: String,
    },
    /// An entry that is neither a file nor a folder, from a later version.
    #[error("{} is of a kind that this version can't receive", Quoted(path))]
    Unsupported {
        /// The entry's path.
        path: String,
    },
    /// The folder that is there already has something of another kind at its place.
    #[error("{} has no place: {why}", Quoted(path))]
    NoPlace {
        /// The entry's path.
        path: String,
        /// What is there.
        why: &'static str,
    },
    /// The disk can't hold a file or folder of that name.
    #[error("the disk can't hold the name {}", Quoted(path))]
    Unholdable {
        /// The entry's path.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The disk or a quota is full. Nothing has changed: the same call goes on once there is room.
    #[error("{} more are needed", size(*.missing))]
    NoRoom {
        /// Bytes that the rest of the transfer lacks.
        missing: u64,
    },
    /// The system said no.
    #[error("can't write {}", Quoted(path))]
    System {
        /// The entry's path.
        path: String,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// Data of an entry that failed before: the sender has not heard of it yet. Nothing to tell
    /// anybody.
    #[error("entry {0} failed before")]
    Stale(u32),
}

/// The transfer or the inbox as a whole can't go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The peer broke the rules of wire 7.
    #[error("{0}")]
    Protocol(&'static str),
    /// This peer has that very transfer running, or more transfers than one may have.
    #[error("{0}")]
    Busy(&'static str),
    /// The name offered is the inbox's own.
    #[error("the name {0:?} is taken by the inbox itself")]
    BadName(String),
    /// The disk of the inbox can't hold that name.
    #[error("the disk can't hold the name {}", Quoted(name))]
    Unholdable {
        /// The name offered.
        name: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The disk can't hold it even when it is empty.
    #[error(
        "{} are needed and the disk holds {} beside its reserve",
        size(*.needed), size(*.usable)
    )]
    NoSpace {
        /// Bytes of all of it.
        needed: u64,
        /// Bytes of the disk that may be used.
        usable: u64,
    },
    /// The disk has no room for the names of what came. Nothing has changed: the same call goes on
    /// once there is room.
    #[error("{} more are needed", size(*.missing))]
    NoRoom {
        /// Bytes that are missing, about.
        missing: u64,
    },
    /// The disk can't hold so many files.
    #[error("{needed} files are needed and the disk holds {usable} beside its reserve")]
    NoNames {
        /// Files and folders.
        needed: u64,
        /// Those that it may hold.
        usable: u64,
    },
    /// The inbox may not hold so much, in all or of one peer.
    #[error("{} are needed and the quota is {}", size(*.needed), size(*.quota))]
    Quota {
        /// Bytes of all of it.
        needed: u64,
        /// Bytes the inbox may hold.
        quota: u64,
    },
    /// Another process receives into this folder.
    #[error("another program receives into {0}")]
    Locked(String),
    /// The folder can't be used as an inbox.
    #[error("can't receive into {folder}")]
    Unwritable {
        /// The folder.
        folder: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system said no.
    #[error("can't {action}")]
    System {
        /// What was tried.
        action: &'static str,
        /// What it said.
        #[source]
        source: io::Error,
    },
}

/// Something can't be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboxError {
    /// The receiver asked for what was not offered.
    #[error("{0}")]
    Protocol(&'static str),
    /// The path's name can't be told to a peer, as that of the top folder.
    #[error("the name of {0} can't be sent")]
    Name(String),
    /// Neither a file nor a folder.
    #[error("{0} is neither a file nor a folder")]
    Special(String),
    /// More than one transfer may hold.
    #[error("{0} holds more than {limit} entries", limit = limits::ENTRIES)]
    TooMany(String),
    /// The same for its bytes.
    #[error("{0} holds more than {limit} bytes", limit = limits::FILE)]
    TooLarge(String),
    /// The file is not what it was when the transfer began.
    #[error("{} changed while it was sent", Quoted(.0))]
    Changed(String),
    /// A file that is followed is another one now, or has become shorter.
    #[error("{} was replaced or cut while it was followed", Quoted(.0))]
    Replaced(String),
    /// Only a file can be followed.
    #[error("{0} is a folder, and only a file can be followed")]
    Folder(String),
    /// It has no true size, as the files that a system makes up.
    #[error("{} holds more bytes than its size says", Quoted(.0))]
    Sizeless(String),
    /// The system said no.
    #[error("can't read {}", Quoted(path))]
    System {
        /// The path.
        path: String,
        /// What it said.
        #[source]
        source: io::Error,
    },
}

/// Why something in a folder is not sent with it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// Links are not followed.
    #[error("is a symbolic link")]
    Link,
    /// No message can hold its path.
    #[error("{0}")]
    Path(InvalidPath),
    /// A device, a pipe or a socket.
    #[error("is neither a file nor a folder")]
    Special,
    /// It holds what an inbox has not published.
    #[error("is the private folder of an inbox")]
    Staging,
    /// The system said no.
    #[error("{0}")]
    System(io::Error),
}

impl SkipReason {
    /// What kind of failure it is, in the terms of the wire.
    pub fn reason(&self) -> FailReason {
        match self {
            Self::Path(_) => FailReason::BadName,
            Self::Link | Self::Special => FailReason::Unsupported,
            Self::Staging => FailReason::Denied,
            Self::System(source) => read_reason(source),
        }
    }
}

impl EntryError {
    /// The reason to tell the sender in Failed.
    pub fn reason(&self) -> FailReason {
        match self {
            Self::Protocol(_) | Self::Corrupt { .. } | Self::Stale(_) => FailReason::Corrupt,
            Self::Duplicate { .. } | Self::NoPlace { .. } => FailReason::Duplicate,
            Self::Unholdable { .. } => FailReason::BadName,
            Self::Unsupported { .. } => FailReason::Unsupported,
            Self::NoRoom { .. } => FailReason::NoSpace,
            Self::System { source, .. } => fail_reason(source),
        }
    }

    /// The system's error number, or 0.
    pub fn errno(&self) -> u32 {
        errno(self)
    }

    /// The whole error in words that fit a message.
    pub fn text(&self) -> String {
        words(self)
    }

    /// Whether the same command again may well succeed, so that what is held must be kept and the
    /// folder waits for it. All else fails alone: the entry is named with its reason, and the rest
    /// is published.
    ///
    /// | what | the folder | since |
    /// |---|---|---|
    /// | the disk says at a sync that it is full | waits | room can be made |
    /// | the disk or its server fails, is read-only or gone | waits | it comes back |
    /// | the system lacks memory or descriptors | waits | it has them later |
    /// | data damaged on the way or on either disk | waits | they are read and sent again |
    /// | a name the disk can't hold, or that something else has | is published | it never will |
    /// | a file larger than the disk or a limit allows (`EFBIG`) | is published | it stays so |
    /// | what the system forbids, and any other error | is published | it would fail again |
    /// | a kind of entry that only later versions know | is published | it would fail again |
    /// | the sender gives the entry up | is published | the sender knows why |
    pub(crate) fn may_succeed_later(&self) -> bool {
        match self {
            Self::Protocol(_) | Self::Corrupt { .. } | Self::NoRoom { .. } => true,
            Self::System { source, .. } => may_pass(source),
            Self::Duplicate { .. }
            | Self::NoPlace { .. }
            | Self::Unholdable { .. }
            | Self::Unsupported { .. }
            | Self::Stale(_) => false,
        }
    }
}

impl InboxError {
    /// Whether the system says that the disk is full: the same may succeed later.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::System { source, .. } if crate::room::is_full(source))
    }

    /// The reason to tell the sender in Failed.
    pub fn reason(&self) -> FailReason {
        match self {
            Self::Protocol(_) => FailReason::Corrupt,
            Self::BadName(_) | Self::Unholdable { .. } => FailReason::BadName,
            Self::NoSpace { .. }
            | Self::NoNames { .. }
            | Self::NoRoom { .. }
            | Self::Quota { .. } => FailReason::NoSpace,
            Self::Busy(_) | Self::Locked(_) => FailReason::Io,
            Self::Unwritable { source, .. } | Self::System { source, .. } => fail_reason(source),
        }
    }

    /// The reason to tell the sender in Refuse.
    pub fn refusal(&self) -> RefuseReason {
        match self {
            Self::Protocol(_) | Self::BadName(_) => RefuseReason::Forbidden,
            Self::Busy(_) => RefuseReason::Busy,
            Self::NoSpace { .. }
            | Self::NoNames { .. }
            | Self::NoRoom { .. }
            | Self::Quota { .. } => RefuseReason::NoSpace,
            Self::Unholdable { .. } => RefuseReason::Unwritable,
            Self::Locked(_) | Self::Unwritable { .. } | Self::System { .. } => {
                match self.reason() {
                    FailReason::NoSpace => RefuseReason::NoSpace,
                    _ => RefuseReason::Unwritable,
                }
            }
        }
    }

    /// The system's error number, or 0.
    pub fn errno(&self) -> u32 {
        errno(self)
    }

    /// The whole error in words that fit a message, for the inbox's owner: it may name the folder.
    pub fn text(&self) -> String {
        words(self)
    }

    /// The same for the sender, who is not told where the inbox is.
    pub fn told(&self) -> String {
        match self {
            Self::Locked(_) => "another program there receives already".into(),
            Self::Unwritable { source, .. } => {
                cut(&format!("can't receive there: {source}"), limits::REASON).to_owned()
            }
            _ => self.text(),
        }
    }
}

impl OutboxError {
    /// The reason to tell the receiver in Abandon.
    pub fn reason(&self) -> FailReason {
        match self {
            Self::Changed(_) | Self::Replaced(_) | Self::Sizeless(_) | Self::Protocol(_) => {
                FailReason::SourceChanged
            }
            Self::Name(_)
            | Self::Special(_)
            | Self::Folder(_)
            | Self::TooMany(_)
            | Self::TooLarge(_) => FailReason::BadName,
            Self::System { source, .. } => read_reason(source),
        }
    }

    /// The system's error number, or 0.
    pub fn errno(&self) -> u32 {
        errno(self)
    }

    /// The whole error in words that fit a message.
    pub fn text(&self) -> String {
        words(self)
    }
}

/// Bytes for a person to read: with nine digits nobody sees whether a disk lacks a tenth or ten
/// times as much.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{bytes} bytes"),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// The number of the system's error among the causes of an error, or 0.
fn errno(error: &(dyn Error + 'static)) -> u32 {
    let number = |cause: &(dyn Error + 'static)| {
        let cause = cause.downcast_ref::<io::Error>()?;
        cause.raw_os_error()
    };
    causes(error).find_map(number).map_or(0, i32::unsigned_abs)
}

/// An error and what caused it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| Error::source(*error))
}

/// The reason on the wire for what the system said of something that is to be sent.
fn read_reason(error: &io::Error) -> FailReason {
    match error.kind() {
        io::ErrorKind::NotFound => FailReason::Gone,
        io::ErrorKind::PermissionDenied => FailReason::Denied,
        _ => FailReason::Io,
    }
}

/// The reason on the wire for what the system said of something that is to be written.
pub(crate) fn fail_reason(error: &io::Error) -> FailReason {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => FailReason::NoSpace,
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => FailReason::Denied,
        Kind::InvalidFilename | Kind::InvalidInput => FailReason::BadName,
        Kind::AlreadyExists | Kind::NotADirectory | Kind::IsADirectory => FailReason::Duplicate,
        _ => match Errno::from_io_error(error) {
            // exfat-fuse answers so when a file is created under a name it can't hold.
            Some(Errno::ILSEQ | Errno::NOENT) => FailReason::BadName,
            _ => FailReason::Io,
        },
    }
}

/// Whether the system may well say yes another time.
fn may_pass(error: &io::Error) -> bool {
    let Some(errno) = Errno::from_io_error(error) else {
        // One of our own files is not as it was written.
        return true;
    };
    matches!(
        errno,
        // The disk is full, ill or gone, or the system is short of memory or descriptors.
        Errno::NOSPC
            | Errno::DQUOT
            | Errno::IO
            | Errno::ROFS
            | Errno::NXIO
            | Errno::NODEV
            | Errno::STALE
            | Errno::TIMEDOUT
            | Errno::NOTCONN
            | Errno::HOSTDOWN
            | Errno::BUSY
            | Errno::NOMEM
            | Errno::MFILE
            | Errno::NFILE
            | Errno::AGAIN
            | Errno::NOLCK
    )
}

/// An error and its causes, joined by colons and cut to what a message holds.
pub(crate) fn words(error: &(dyn Error + 'static)) -> String {
    let words: Vec<_> = causes(error).map(ToString::to_string).collect();
    cut(&words.join(": "), limits::REASON).to_owned()
}

/// The longest beginning of at most `most` bytes that ends between characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_says_how_much_in_words_a_person_reads() {
        let (needed, usable) = (2_147_483_648, 39_845);
        let text = InboxError::NoSpace { needed, usable }.text();
        assert!(
            text.starts_with("2147.4 MB are needed and the disk holds 39845 bytes"),
            "{text}"
        );
    }

    #[test]
    fn a_full_disk_keeps_its_number_and_its_words() {
        let source = io::Error::from_raw_os_error(28);
        let error = EntryError::System {
            path: "a".into(),
            source,
        };
        assert_eq!((error.reason(), error.errno()), (FailReason::NoSpace, 28));
        assert!(error.text().starts_with("can't write \"a\": No space left"));
        assert!(error.may_succeed_later());
    }

    #[test]
    fn words_are_cut_between_characters() {
        assert_eq!(cut("aéé", 4), "aé");
        let error = EntryError::Duplicate {
            path: "é".repeat(400),
        };
        assert!(error.text().len() <= limits::REASON);
    }
}
