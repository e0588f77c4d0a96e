//! What a station tells its owner of a transfer: its state and how it ended.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use transom_store::{NamedEntries, RoomLimit};
use transom_users::escape;
use transom_wire::{Ending, LimitedBy, PeerName, RefuseReason, Shape};

use super::failure::TransferFailure;
use super::why::PeerLoss;

/// Names one transfer of this station, in either direction, for as long as the station lives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TransferId(pub(crate) u32);

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which way a transfer goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// To us.
    Incoming,
    /// From us.
    Outgoing,
}

/// What a transfer is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// The peer is not connected, or other transfers come first. It goes on by itself.
    Waiting,
    /// Offered, not yet answered.
    Offered,
    /// Data flow.
    Running,
    /// Paused by either side, also while the peer is not connected.
    Paused,
    /// The receiver's disk or quota is full: [`TransferStatus::missing`]. It goes on by itself once
    /// there is room.
    Full,
    /// All is sent; the receiver is making it durable.
    Finishing,
    /// Over.
    Ended,
}

/// How far a transfer is. `durable <= verified <= received` counts data bytes, resumed ones
/// included.
#[derive(Clone, Debug)]
pub struct TransferStatus {
    /// Which.
    pub transfer: TransferId,
    /// The peer at the other side.
    pub peer: PeerName,
    /// Which way.
    pub direction: Direction,
    /// The file's or folder's name.
    pub name: String,
    /// One file or a folder. Of a path of ours that is not known before the path was looked at.
    pub shape: Shape,
    /// What it is doing.
    pub phase: Phase,
    /// Files in all. A receiver counts folders as files until their names have come.
    pub files: u32,
    /// Files done.
    pub files_done: u32,
    /// Bytes in all.
    pub bytes: u64,
    /// Whether files and bytes are all there are; else they are those counted so far.
    pub is_counted: bool,
    /// Bytes that were there before, from an earlier attempt or in another version of the file, and
    /// are as the sender has them.
    pub resumed: u64,
    /// Bytes that are there and have still to be compared with what the sender has.
    pub comparing: u64,
    /// Bytes given to the network, or taken from it.
    pub moved: u64,
    /// Bytes checked and written at the receiver.
    pub verified: u64,
    /// Bytes that survive a power cut at the receiver.
    pub durable: u64,
    /// Bytes that the receiver's disk or quota lacks for the rest; 0 while it has room.
    pub missing: u64,
    /// Where we have no room for it; `None` while there is room, and at the sender.
    pub full: Option<RoomLimit>,
    /// Bytes per second over the last seconds.
    pub rate: u64,
    /// Time left at that rate.
    pub eta: Option<Duration>,
    /// What limits the rate over the last seconds; `None` before that is known, and unless it is
    /// running.
    pub limited_by: Option<LimitedBy>,
    /// The rate limit that applies, in bytes per second: the lower of both sides.
    pub rate_limit: Option<u64>,
    /// Whether our user paused it. The peer may have paused it too.
    pub paused_here: bool,
    /// Whether a call is live, at this station or in another program of its owner: the transfer
    /// then takes what the call leaves.
    pub yields: bool,
    /// The file that moves now.
    pub current: Option<CurrentFile>,
    /// What is to be told of single entries; complete once it has ended.
    pub report: EntryReport,
}

impl TransferStatus {
    /// A transfer of which only that is known: it waits, as one file, and nothing has moved.
    pub fn new(transfer: TransferId, peer: PeerName, direction: Direction, name: String) -> Self {
        Self {
            transfer,
            peer,
            direction,
            name,
            shape: Shape::File,
            phase: Phase::Waiting,
            files: 0,
            files_done: 0,
            bytes: 0,
            is_counted: false,
            resumed: 0,
            comparing: 0,
            moved: 0,
            verified: 0,
            durable: 0,
            missing: 0,
            full: None,
            rate: 0,
            eta: None,
            limited_by: None,
            rate_limit: None,
            paused_here: false,
            yields: false,
            current: None,
            report: EntryReport::default(),
        }
    }

    /// Whether nothing moves because what is there is being compared.
    pub fn is_comparing(&self) -> bool {
        self.phase == Phase::Running && self.rate == 0 && self.comparing > 0
    }

    /// Whether all bytes are there and the receiver checks them.
    pub fn is_checking(&self) -> bool {
        let is_all = self.is_counted && self.bytes > 0 && self.verified >= self.bytes;
        self.phase == Phase::Running && is_all
    }
}

/// What is to be told of single entries of a folder, as far as this side knows it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EntryReport {
    /// Those that failed. Of a sender's folder that is also what can't be sent, such as links.
    pub failed: NamedEntries,
    /// Those that the sender left out and that are no failure, since
    /// [`SendOptions::skip_special`](crate::SendOptions) allows it.
    pub left_out: u32,
    /// Files that have a number in their names at the receiver, since other files have these names.
    pub renamed: NamedEntries,
    /// Files that the receiver left out, since other files have their names and the sender wanted
    /// that.
    pub skipped: NamedEntries,
}

/// The file of a transfer that moves now.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CurrentFile {
    /// Its path within the transfer.
    pub path: String,
    /// Bytes in all.
    pub bytes: u64,
    /// Bytes given to the network, or taken from it.
    pub moved: u64,
}

/// How a transfer ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// Every byte is durable at the receiver under this name.
    Durable {
        /// At the receiver: the final path. At the sender: the name the receiver chose.
        path: PathBuf,
    },
    /// The very same thing was there already.
    AlreadyThere {
        /// Where.
        path: PathBuf,
    },
    /// The name was taken and the sender asked to leave it alone.
    Skipped {
        /// The name.
        path: PathBuf,
    },
    /// What is there is durable, but entries failed: never a success, whatever became of the
    /// others.
    Partial {
        /// Where.
        path: PathBuf,
        /// How many. 0 at a sender that only knows that not all of it is there: an entry lost its
        /// place at the receiver after it had come.
        failed: u32,
    },
    /// The receiver did not want it.
    Refused {
        /// Why.
        reason: RefuseReason,
        /// In its words.
        text: String,
    },
    /// One of the sides cancelled it.
    Cancelled {
        /// Whether we did.
        here: bool,
        /// In the words of the side that did.
        text: String,
    },
    /// The peer went away; the same transfer again goes on from `verified`.
    Lost {
        /// What happened.
        why: PeerLoss,
    },
    /// It can't be done.
    Failed {
        /// What happened, on which side.
        why: TransferFailure,
        /// How many more entries failed, beyond what `why` says.
        more: u32,
    },
}

impl Outcome {
    /// How a transfer ended that the receiver says ended so, and of which so many entries failed.
    /// `of_failed` makes the outcome of one of which nothing is there.
    pub(crate) fn of(
        ending: Ending,
        path: PathBuf,
        failed: u32,
        of_failed: impl FnOnce() -> Self,
    ) -> Self {
        match ending {
            Ending::Failed => of_failed(),
            Ending::Partial => Self::Partial { path, failed },
            _ if failed > 0 => Self::Partial { path, failed },
            Ending::AlreadyThere => Self::AlreadyThere { path },
            Ending::Skipped => Self::Skipped { path },
            _ => Self::Durable { path },
        }
    }

    /// Whether everything that was to be there is there.
    pub fn is_success(&self) -> bool {
        matches!(
            self,
            Self::Durable { .. } | Self::AlreadyThere { .. } | Self::Skipped { .. }
        )
    }
}

/// A sentence for a person. Names and words of others stand in it escaped.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Durable { path } => write!(f, "safe on the receiver's disk as {path:?}"),
            Self::AlreadyThere { path } => write!(f, "was there already as {path:?}"),
            Self::Skipped { path } => write!(f, "left out, because {path:?} is taken"),
            Self::Partial { path, failed } => {
                write!(f, "safe on the receiver's disk as {path:?}, ")?;
                match failed {
                    0 => f.write_str("but not all of it"),
                    1 => f.write_str("but for 1 entry"),
                    more => write!(f, "but for {more} entries"),
                }
            }
            Self::Refused { text, .. } => write!(f, "refused: {}", escape(text)),
            Self::Cancelled { here: true, .. } => f.write_str("cancelled"),
            Self::Cancelled { here: false, text } => {
                write!(f, "cancelled by the other side: {}", escape(text))
            }
            Self::Lost { why } => {
                write!(
                    f,
                    "the connection was lost ({}); the same again goes on from here",
                    escape(&why.to_string())
                )
            }
            Self::Failed { why, more } => {
                write!(f, "failed: {}{}", escape(&why.to_string()), and_more(*more))
            }
        }
    }
}

/// What follows the reason of a failure that more entries share.
pub(crate) fn and_more(more: u32) -> String {
    match more {
        0 => String::new(),
        1 => ", and 1 more entry".to_owned(),
        more => format!(", and {more} more entries"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_with_failed_entries_is_no_success_whatever_the_peer_calls_it() {
        for &ending in Ending::ALL {
            let of_failed = || Outcome::Failed {
                why: TransferFailure::NothingCame,
                more: 0,
            };
            let outcome = |failed| Outcome::of(ending, "d".into(), failed, of_failed);
            assert!(!outcome(1).is_success(), "{ending:?}");
            let whole = !matches!(ending, Ending::Partial | Ending::Failed);
            assert_eq!(outcome(0).is_success(), whole, "{ending:?}");
        }
    }
}
