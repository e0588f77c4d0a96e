//! What a station tells its owner: people, calls, pictures, texts and files. Plain data, no
//! behaviour.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use transom_users::escape;
use transom_wire::{Ending, PeerName, PublicKey};

use crate::handle::Credit;
use crate::latency::Stages;
use crate::quality::Quality;

pub use transom_wire::{
    CallKind, CameraState, Capabilities, EndReason, FailReason, RefuseReason, Shape,
};

/// Names one transfer of this station, in either direction, for as long as the station lives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TransferId(pub(crate) u32);

/// Names one text this station sent.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TextId(pub(crate) u32);

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One thing that happened. `peer` is the contact's name, or the address that was dialed.
///
/// Names and texts inside come from others: escape them (`transom::people::escape`) before they
/// reach a terminal.
///
/// Peers bring most of them about, and none as often as it likes. Still, who keeps them for an
/// application that may stand still has to have an end.
///
/// | notice | as often as |
/// |---|---|
/// | `Joined`, `Left`, `CallInterrupted` | a peer's connections: its pace, 64 at once and then 8 a second, by all connections of its key |
/// | `Ringing`, `CallStarted`, `CallEnded` | its rings, by the same pace; ours |
/// | `FarCamera`, `FarRecording` | the same pace; of what comes too fast the newest word is told |
/// | `Offered`, `TransferEnded` | the same pace, where what came whole counts nothing; our own transfers |
/// | `EntryFailed` | a thousand times for each transfer to us; entries of ours |
/// | `Transfer` | ten times a second for each transfer; a connection has at most 16 each way |
/// | `Text` | 32 at once and then four a second for each of at most eight connections of a key; less at once for who connects over and over |
/// | `TextArrived`, `TextFailed` | texts of ours |
/// | `Picture` | twice for each call, until one is dropped |
/// | `Knock` | 64 keys in ten seconds, each once |
/// | `Reaching`, `Unreachable` | twice a second for each contact that is dialed |
/// | `KeyChanged` | once for each key that a contact shows, at most every ten seconds |
/// | `Quality` | every two seconds for each viewer |
/// | `Camera` | our camera's changes; a peer that may open it does so by its rings |
/// | `OwnPicture`, `Cameras`, `Measured`, `Listening` | the owner asked for; the numbers once a second |
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// The station takes connections there.
    Listening {
        /// With the port that was really bound.
        address: SocketAddr,
    },
    /// A contact is being dialed.
    Reaching {
        /// Whom.
        peer: PeerName,
    },
    /// A contact can't be reached now.
    Unreachable {
        /// Whom.
        peer: PeerName,
        /// What is in the way.
        obstacle: Obstacle,
        /// Why, for a person.
        why: String,
        /// Whether the station tries again by itself.
        retries: bool,
    },
    /// A peer is there, its key checked.
    Joined {
        /// Who.
        peer: PeerName,
        /// Its key.
        key: PublicKey,
        /// Whether the key was pinned just now, on first use.
        first_use: bool,
        /// On first use, another name by which the key was known: a contact that was dialed by a
        /// new address.
        known_as: Option<PeerName>,
        /// From where.
        address: SocketAddr,
        /// What all its programs that are here say that they can do: a camera box, a person's
        /// window, or none of it where a program only sends. It proves nothing and grants nothing.
        capabilities: Capabilities,
    },
    /// A peer that had joined is gone.
    Left {
        /// Who.
        peer: PeerName,
        /// Why, for a person.
        why: String,
        /// Whether it was lost rather than said goodbye.
        lost: bool,
    },
    /// Somebody with an unknown key knocked; nothing was sent to it.
    Knock {
        /// The key it showed.
        key: PublicKey,
        /// From where.
        address: SocketAddr,
        /// What it calls itself, which proves nothing.
        name: Option<PeerName>,
    },
    /// A contact showed another key than the pinned one, and was refused.
    KeyChanged {
        /// Who it claims to be.
        peer: PeerName,
        /// The key we know.
        pinned: PublicKey,
        /// The key it showed.
        offered: PublicKey,
        /// Whether the pinned key stands in the contact book (else in known_peers).
        in_book: bool,
    },
    /// A peer asks for a call; answer or decline it.
    Ringing {
        /// Who.
        peer: PeerName,
        /// What for.
        kind: CallKind,
    },
    /// A call is live.
    CallStarted {
        /// With whom.
        peer: PeerName,
        /// What for.
        kind: CallKind,
        /// Whether we rang. Of two rings that crossed, one counts.
        outgoing: bool,
        /// Whether it goes on after its connection was lost.
        resumed: bool,
    },
    /// The connection of a live call was lost. The call goes on by itself when the peer is back
    /// within [`Settings::call_patience`](crate::Settings); else it ends.
    CallInterrupted {
        /// With whom.
        peer: PeerName,
        /// What for.
        kind: CallKind,
        /// What happened to the connection.
        why: String,
    },
    /// A call ended, or never began.
    CallEnded {
        /// With whom.
        peer: PeerName,
        /// What for: a peer can watch here while it is in a call both ways.
        kind: CallKind,
        /// Whether we rang.
        outgoing: bool,
        /// Why.
        reason: EndReason,
        /// In the words of the side that ended it; may be empty.
        text: String,
    },
    /// A picture came.
    Picture {
        /// From whom.
        peer: PeerName,
        /// The picture. Dropping it tells the peer that it may send another.
        picture: RemotePicture,
    },
    /// How the far camera is.
    FarCamera {
        /// Whose.
        peer: PeerName,
        /// Its state.
        lens: CameraState,
        /// In words; may be empty.
        text: String,
    },
    /// Whether the far side records the pictures it gets from us.
    FarRecording {
        /// Who.
        peer: PeerName,
        /// Whether it does.
        on: bool,
    },
    /// A picture of our own camera, while [`Handle::preview`](crate::Handle::preview) asks for
    /// them.
    OwnPicture(OwnPicture),
    /// The cameras of this machine, asked for by
    /// [`Handle::list_cameras`](crate::Handle::list_cameras).
    Cameras {
        /// The usable ones first.
        devices: Vec<transom_media::Device>,
    },
    /// What the connection to a peer measures, once a second while
    /// [`Handle::measure`](crate::Handle::measure) asks for it.
    Measured {
        /// Whose.
        peer: PeerName,
        /// Its numbers.
        numbers: Numbers,
    },
    /// How our own camera is.
    Camera {
        /// Its state.
        lens: CameraState,
        /// Its format, or what is wrong. For the owner alone: viewers are told less.
        text: String,
    },
    /// A viewer gets our pictures in another quality: lowered for its link, or raised again. Full
    /// quality is told only after a lower one.
    Quality {
        /// Whose.
        peer: PeerName,
        /// How it gets them now.
        quality: Quality,
    },
    /// A line of text came.
    Text {
        /// From whom.
        peer: PeerName,
        /// What.
        text: String,
    },
    /// A text of ours arrived.
    TextArrived {
        /// At whom.
        peer: PeerName,
        /// Which.
        text: TextId,
    },
    /// A text of ours could not be delivered.
    TextFailed {
        /// To whom.
        peer: PeerName,
        /// Which.
        text: TextId,
        /// Why, for a person.
        why: String,
    },
    /// A peer offers files. When `asks`, accept or refuse it; else the station already did by its
    /// settings.
    Offered {
        /// Which transfer.
        transfer: TransferId,
        /// From whom.
        peer: PeerName,
        /// The file's or folder's name.
        name: String,
        /// One file or a folder.
        shape: Shape,
        /// Entries.
        files: u32,
        /// Bytes of all of them.
        bytes: u64,
        /// Whether its sender wishes to replace what has that name: it will after the owner's yes,
        /// or where [`InboxSettings::overwrite`](crate::InboxSettings::overwrite) lets it. Else
        /// both are kept.
        overwrites: bool,
        /// Whether it waits for the owner's answer.
        asks: bool,
    },
    /// How far a transfer is; at most ten times a second for each.
    Transfer(TransferStatus),
    /// A transfer's end.
    TransferEnded {
        /// How far it came.
        status: TransferStatus,
        /// How it ended.
        outcome: Outcome,
    },
    /// One entry of a folder failed; the rest goes on. Of a folder to us the first thousand are told,
    /// and the others only count. Of a single file the outcome alone says it.
    EntryFailed {
        /// Which transfer.
        transfer: TransferId,
        /// The entry's path, as far as known.
        path: String,
        /// Why, for a person.
        why: String,
    },
}

/// What keeps a peer from being reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Obstacle {
    /// Its name has no address.
    Address,
    /// Its key is not the pinned one, or can't be pinned.
    Key,
    /// It took the connection and hung up before it showed a key, as a station does that has too
    /// many strangers.
    Busy,
    /// Nothing answers, or the network fails on the way.
    Network,
    /// The machine answers, but nothing listens at that port.
    NobodyListens,
    /// The peer hung up on our key: it may not know it yet.
    NotLetIn,
}

/// A picture of a peer's camera, as it was received.
///
/// While it lives it holds one of the [credits](transom_wire::limits::PICTURE_CREDIT) of its
/// call, so drop it when it has been shown or passed over.
#[derive(Debug)]
pub struct RemotePicture {
    /// One baseline JPEG image.
    pub jpeg: Vec<u8>,
    /// Pixels across, as its sender says; the decoder checks.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// How to turn it, as in Exif: 1 upright to 8.
    pub orientation: u8,
    /// Counts the camera's pictures; gaps are pictures dropped on the way.
    pub sequence: u32,
    /// When things happened to it.
    pub timing: Timing,
    pub(crate) _credit: Credit,
}

/// A picture of our own camera, as its viewers get it.
#[derive(Clone, Debug)]
pub struct OwnPicture {
    /// One baseline JPEG image.
    pub jpeg: Arc<[u8]>,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// How to turn it, as in Exif: 1 upright to 8.
    pub orientation: u8,
}

/// What a connection has measured. Counts run from its beginning.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Numbers {
    /// Plain bytes sent.
    pub sent: u64,
    /// Plain bytes received.
    pub received: u64,
    /// The last round trip.
    pub rtt: Option<Duration>,
    /// The shortest of the last half minute.
    pub min_rtt: Option<Duration>,
    /// How long bytes of ours wait on the way beyond the shortest they took.
    pub queue_delay: Duration,
    /// Pictures sent whole.
    pub pictures_sent: u64,
    /// Pictures of ours dropped for newer ones, before or while they were sent.
    pub pictures_dropped: u64,
    /// Pictures received whole.
    pub pictures_received: u64,
    /// From our sensor to the far screen, of the last picture the peer showed.
    pub shown_after: Option<Duration>,
    /// How the peer gets our pictures, if it sees our camera.
    pub quality: Option<Quality>,
}

/// When a picture came, and how long it was on its way.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// When its last byte was here.
    pub received: Instant,
    /// Its stages up to then.
    pub stages: Stages,
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
    /// With whom.
    pub peer: PeerName,
    /// Which way.
    pub direction: Direction,
    /// The file's or folder's name.
    pub name: String,
    /// What it is doing.
    pub phase: Phase,
    /// Entries in all.
    pub files: u32,
    /// Entries done.
    pub files_done: u32,
    /// Bytes in all.
    pub bytes: u64,
    /// Bytes that were there from an earlier attempt.
    pub resumed: u64,
    /// Bytes given to the network, or taken from it.
    pub moved: u64,
    /// Bytes checked and written at the receiver.
    pub verified: u64,
    /// Bytes that survive a power cut at the receiver.
    pub durable: u64,
    /// Bytes per second over the last seconds.
    pub rate: u64,
    /// Time left at that rate.
    pub eta: Option<Duration>,
    /// Whether a call is live, at this station or in another program of its owner: the transfer
    /// then takes what the call leaves.
    pub yields: bool,
    /// The file that moves now.
    pub current: Option<CurrentFile>,
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
    /// Somebody cancelled it.
    Cancelled {
        /// Whether we did.
        here: bool,
        /// In the words of who did.
        text: String,
    },
    /// The peer went away; the same transfer again goes on from `verified`.
    Lost {
        /// What happened.
        why: String,
    },
    /// It can't be done.
    Failed {
        /// What happened, on which side.
        why: String,
    },
}

impl Outcome {
    /// How a transfer ended that the receiver says ended so, and of which so many entries failed.
    pub(crate) fn of(
        ending: Ending,
        path: PathBuf,
        failed: u32,
        why: impl FnOnce() -> String,
    ) -> Self {
        match ending {
            Ending::Failed => Self::Failed { why: why() },
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
                    escape(why)
                )
            }
            Self::Failed { why } => write!(f, "failed: {}", escape(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_with_failed_entries_is_no_success_whatever_the_peer_calls_it() {
        for &ending in Ending::ALL {
            let outcome = |failed| Outcome::of(ending, "d".into(), failed, String::new);
            assert!(!outcome(1).is_success(), "{ending:?}");
            let whole = !matches!(ending, Ending::Partial | Ending::Failed);
            assert_eq!(outcome(0).is_success(), whole, "{ending:?}");
        }
    }
}
