//! What can be wrong with a line. Which file it is in, the caller knows.

use transom_wire::{InvalidKey, InvalidName, PeerName};

use crate::address::InvalidAddress;
use crate::rights::UnknownRight;

/// One line that could not be used; the others were.
///
/// Shown as `LINE: what`, to be put behind the name of the file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{line}: {what}")]
pub struct BookError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: Fault,
}

/// What is wrong with a line or with the whole text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The first field can't be a name.
    #[error("{0}: {1}")]
    Name(String, InvalidName),
    /// The line ends after the name.
    #[error("{0}: no address after the name")]
    NoAddress(PeerName),
    /// The second field is no address.
    #[error("{0}: {1}")]
    Address(PeerName, InvalidAddress),
    /// A field that is neither `key=` nor `may=`.
    #[error("{0}: {1} is neither key=ID nor may=RIGHTS nor a #comment")]
    Field(PeerName, String),
    /// A field stands twice in a line.
    #[error("{0}: {1} stands twice")]
    Twice(PeerName, &'static str),
    /// The ID is not a key.
    #[error("{0}: {1}")]
    Key(PeerName, InvalidKey),
    /// A line of known peers ends after the name.
    #[error("{0}: no key after the name")]
    NoKey(PeerName),
    /// A line of known peers goes on after the key.
    #[error("{0}: {1} after the key")]
    Rest(PeerName, String),
    /// A word after `may=` is no right.
    #[error("{0}: {1}")]
    Right(PeerName, UnknownRight),
    /// The name stands further up, where it counts.
    #[error("{name}: already in line {first}")]
    SameName {
        /// The name.
        name: PeerName,
        /// The line it counts in, 0 if it came from none.
        first: usize,
    },
    /// A contact made by a program has something in it that a line can't hold.
    #[error("{0}: can't be written as a line")]
    Unwritable(PeerName),
    /// A control character.
    #[error("a line can't hold U+{0:04X}")]
    Character(u32),
    /// Bytes that are no UTF-8, which whoever read the file has replaced.
    #[error("not UTF-8 text")]
    NotText,
    /// Longer than [`MAX_LINE`](crate::MAX_LINE).
    #[error("the line has {0} bytes, more than the limit of {limit}", limit = crate::MAX_LINE)]
    LongLine(usize),
    /// The text is longer than [`MAX_BYTES`](crate::MAX_BYTES); from this line on it was not read.
    #[error("the file has {0} bytes, more than the limit of {limit}: not read from here on", limit = crate::MAX_BYTES)]
    LongText(usize),
    /// What stands behind `#` is longer than [`MAX_COMMENT`](crate::MAX_COMMENT).
    #[error("{0}: the comment has {1} bytes, more than the limit of {limit}", limit = crate::MAX_COMMENT)]
    LongComment(PeerName, usize),
    /// The contacts, written out in full, take more than [`MAX_BYTES`](crate::MAX_BYTES).
    #[error("more than the limit of {limit} bytes of contacts: not read from here on", limit = crate::MAX_BYTES)]
    LongBook,
    /// As many contacts or known peers as there may be stand further up.
    #[error("more than the limit of {0} lines: not read from here on")]
    TooMany(usize),
    /// Lines were wrong beyond the [`MAX_ERRORS`](crate::MAX_ERRORS) that are told one by one.
    #[error("and {0} wrong lines more")]
    More(usize),
}

impl Fault {
    /// Whether what comes after it is not read.
    pub(crate) fn is_end(&self) -> bool {
        matches!(self, Self::LongBook | Self::LongText(_) | Self::TooMany(_))
    }
}
