//! Why a step on a file being received failed, before anybody has said which file.

use std::io;

use transom_wire::FailReason;

use crate::EntryError;
use crate::error::fail_reason;

/// Why a step on a part failed; the caller knows the path.
#[derive(Debug)]
pub(crate) enum PartError {
    Protocol(&'static str),
    Corrupt(u64),
    Duplicate,
    Unsupported,
    /// Something of another kind is at its place, in these words.
    NoPlace(&'static str),
    /// So many bytes are missing.
    NoRoom(u64),
    System(io::Error),
}

impl From<io::Error> for PartError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

impl PartError {
    pub(crate) fn of(self, path: &str) -> EntryError {
        let path = path.to_owned();
        match self {
            Self::Protocol(what) => EntryError::Protocol(what),
            Self::Corrupt(offset) => EntryError::Corrupt { path, offset },
            Self::Duplicate => EntryError::Duplicate { path },
            Self::Unsupported => EntryError::Unsupported { path },
            Self::NoPlace(why) => EntryError::NoPlace { path, why },
            Self::NoRoom(missing) => EntryError::NoRoom { missing },
            Self::System(source) => match fail_reason(&source) {
                FailReason::BadName => EntryError::Unholdable { path, source },
                _ => EntryError::System { path, source },
            },
        }
    }
}

/// A name that should be free and is not came before, or one that is the same on this disk: the
/// tree is ours alone.
pub(crate) fn taken(error: io::Error) -> PartError {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => PartError::Duplicate,
        _ => PartError::System(error),
    }
}
