//! What a station tells its owner: people, calls, pictures, texts and files. Plain data, no
//! behaviour.

mod failure;
mod http;
mod picture;
mod queue;
mod transfer;
mod why;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_wire::{PeerName, PublicKey};

use crate::camera::{CameraStats, FarCameraStats};
use crate::discovery::Nearby;
use crate::pairing::{PairingId, PairingNotice};
use crate::quality::Quality;

pub use failure::{FileError, TransferFailure};
pub use http::HttpViewers;
pub use picture::{OwnPicture, RemotePicture, Timing};
pub use queue::NoticeQueue;
pub(crate) use transfer::and_more;
pub use transfer::{
    CurrentFile, Direction, EntryReport, Outcome, Phase, TransferId, TransferStatus,
};
pub use transom_wire::{
    CallKind, CameraState, Capabilities, EndReason, FailReason, RefuseReason, Shape,
};
pub use why::{KeyNotKept, LinkEnd, Obstacle, PeerLoss, SystemError, TextFailure};

/// Names one request to listen at other addresses.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ListenId(pub(crate) u32);

/// Names one text this station sent.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TextId(pub(crate) u32);

/// Whether something that failed is tried again by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Retry {
    /// In a while, or when something changes.
    Later,
    /// Not until its owner does something.
    Never,
}

/// One thing that happened. `peer` is the contact's name, or the address that was dialed.
///
/// Names and texts inside come from others: escape them (`transom::people::escape`) before they
/// reach a terminal.
///
/// Peers bring most of them about, and none as often as it likes. Still, a queue of them for an
/// application that may stall needs a bound: [`NoticeQueue`] is one.
///
/// | notice | as often as |
/// |---|---|
/// | `Joined`, `Left`, `CallInterrupted` | a peer's connections: its pace, 64 at once and then 8 a second, by all connections of its key |
/// | `Ringing`, `Declined`, `CallStarted`, `CallEnded` | its rings, by the same pace; ours |
/// | `FarCamera`, `FarRecording`, `FarCameraStats` | the same pace; of what comes too fast the newest word is told |
/// | `Offered`, `TransferEnded` | the same pace, where what came whole counts nothing; our own transfers |
/// | `EntryFailed` | a thousand times for each transfer to us; entries of ours |
/// | `Transfer` | ten times a second for each transfer; a connection has at most 16 each way |
/// | `Text` | 32 at once and then four a second for each of at most eight connections of a key; less at once for a key that reconnects again and again |
/// | `TextArrived`, `TextFailed` | texts of ours |
/// | `Picture` | twice for each call, until one is dropped |
/// | `Knock` | 64 keys in ten seconds, each once |
/// | `Pairing` | the owner asked for; wrong codes three times for each shown code |
/// | `Reaching`, `Unreachable` | twice a second for each contact that is dialed |
/// | `KeyChanged` | once for each key that a contact shows, at most every ten seconds |
/// | `Quality` | every two seconds for each viewer |
/// | `Camera` | our camera's changes; a peer that may open it does so by its rings |
/// | `CameraFailed` | the openings of our camera, five at once and then every 15 s; every 10 s while its driver does not answer |
/// | `StatsWanted` | twice a second, by all viewers together |
/// | `CameraLosses` | once a minute, and once for each opening of our camera |
/// | `Sound` | levels ten times a second while the microphone is open; whether a peer speaks, five times a second for each call; of its other words the newest, at its pace |
/// | `PassesUsed` | once a minute, while passes are used, and at the first use of each |
/// | `HttpViewers` | once a second, while clients look by HTTP |
/// | `Nearby` | five times a second, while the owner asks for it |
/// | `NearbyPaused` | every ten minutes |
/// | `OwnPicture`, `Cameras`, `CameraStats`, `Measured`, `Pong`, `Listening`, `HttpListening`, `HttpNotListening`, `NotListening` | the owner asked for; the numbers once a second |
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// The station takes connections there.
    Listening {
        /// The request that it answers; `None` for what the settings say.
        request: Option<ListenId>,
        /// With the port that was really bound.
        address: SocketAddr,
    },
    /// The HTTP door is open there.
    HttpListening {
        /// With the port that was really bound.
        address: SocketAddr,
    },
    /// The answer to [`Handle::open_door`](crate::Handle::open_door) where an address can't be
    /// used: no door is open.
    HttpNotListening {
        /// Why.
        why: SystemError,
    },
    /// Passes of the HTTP door were used: all passes, with the times of their last use.
    #[cfg(feature = "http")]
    PassesUsed {
        /// Those that may be used now.
        passes: transom_net::door::Passes,
    },
    /// Clients of the HTTP door look at its cameras or listen to them, or none does any more.
    HttpViewers(HttpViewers),
    /// The answer to [`Handle::listen`](crate::Handle::listen) where the addresses can't be used.
    NotListening {
        /// To which request.
        request: ListenId,
        /// Why.
        why: SystemError,
    },
    /// A contact is being dialed.
    Reaching {
        /// The peer.
        peer: PeerName,
    },
    /// A contact can't be reached now.
    Unreachable {
        /// The peer.
        peer: PeerName,
        /// What is in the way.
        obstacle: Obstacle,
        /// Whether the station tries again by itself.
        retries: bool,
    },
    /// A peer is there, its key checked.
    Joined {
        /// The peer.
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
    /// The stations that announce themselves on the local network now, the newest first and at most
    /// 128: told each time that changes, after [`Handle::look_nearby`](crate::Handle::look_nearby).
    /// Nothing of it is proven.
    Nearby {
        /// All of them. Our own running station is left out.
        stations: Vec<Nearby>,
    },
    /// No station is found or announced until then: the network sends more announcements than can
    /// be read or kept, or lets none through. Contacts are dialed at their addresses as before.
    NearbyPaused {
        /// When the station looks again.
        until: Instant,
    },
    /// A peer that had joined is gone.
    Left {
        /// The peer.
        peer: PeerName,
        /// Why.
        why: LinkEnd,
        /// Whether it was lost rather than said goodbye.
        lost: bool,
    },
    /// A caller with an unknown key was turned away; nothing was sent to it.
    Knock {
        /// The key it showed.
        key: PublicKey,
        /// From where.
        address: SocketAddr,
        /// What it calls itself, which proves nothing.
        name: Option<PeerName>,
    },
    /// Something happened to a code, shown or typed.
    Pairing(PairingId, PairingNotice),
    /// A contact showed another key than the pinned one, and was refused.
    KeyChanged {
        /// The contact that was dialed.
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
        /// The peer.
        peer: PeerName,
        /// What for.
        kind: CallKind,
    },
    /// A peer asked for a call, and the settings or its rights declined that at once.
    Declined {
        /// The peer.
        peer: PeerName,
        /// What for.
        kind: CallKind,
        /// Why.
        reason: EndReason,
        /// What the peer was told beside the reason.
        text: &'static str,
    },
    /// A call is live.
    CallStarted {
        /// Its peer.
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
        /// Its peer.
        peer: PeerName,
        /// What for.
        kind: CallKind,
        /// What happened to the connection.
        why: LinkEnd,
    },
    /// A call ended, or never began.
    CallEnded {
        /// Its peer.
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
        /// The peer.
        peer: PeerName,
        /// The picture. Dropping it tells the peer that it may send another.
        picture: RemotePicture,
    },
    /// How the far camera is.
    FarCamera {
        /// Whose.
        peer: PeerName,
        /// Its state.
        state: CameraState,
        /// In words; may be empty.
        text: String,
    },
    /// Whether the far side records the pictures it gets from us.
    FarRecording {
        /// The peer.
        peer: PeerName,
        /// Whether it does.
        on: bool,
    },
    /// What the camera that the far side shows did, once a second while
    /// [`Handle::want_stats`](crate::Handle::want_stats) asks for it. Nothing of it is proven.
    FarCameraStats {
        /// Whose.
        peer: PeerName,
        /// Its numbers.
        stats: Box<FarCameraStats>,
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
    /// The answer to [`Handle::ping`](crate::Handle::ping).
    Pong {
        /// How long our camera may stay live without giving a picture, by its own pace; zero while
        /// it is not open.
        camera_patience: Duration,
    },
    /// How our own camera is.
    Camera {
        /// Its state.
        state: CameraState,
        /// Its format, or what is wrong. For the owner alone: viewers are told less.
        text: String,
    },
    /// Our own camera could not be opened, failed while it was open, or has not been opened for
    /// ten seconds, once more. Why is told by [`Notice::Camera`], once as long as it stays the
    /// same.
    CameraFailed {
        /// Failures in a row, since it last gave pictures for ten seconds.
        failures: u32,
        /// Whether it is opened again by itself.
        retry: Retry,
    },
    /// What our camera and its viewers did, once a second while
    /// [`Handle::camera_stats`](crate::Handle::camera_stats) asks for it.
    CameraStats(Box<CameraStats>),
    /// Whether viewers want statistics of our camera:
    /// [`Handle::machine`](crate::Handle::machine) completes them.
    StatsWanted {
        /// Whether any viewer does.
        on: bool,
    },
    /// Frames of our own camera came damaged, could not be used, or never came: ten seconds after
    /// its opening, then once a minute while there are more, and as it is closed.
    CameraLosses {
        /// All that came since it was opened, by what became of it.
        counts: transom_media::Counts,
    },
    /// A viewer gets our pictures in another quality: lowered for its link, or raised again. Full
    /// quality is told only after a lower one.
    Quality {
        /// Whose.
        peer: PeerName,
        /// How it gets them now.
        quality: Quality,
    },
    /// Something happened to sound.
    #[cfg(feature = "sound")]
    Sound(crate::sound::SoundNotice),
    /// A line of text came.
    Text {
        /// The peer.
        peer: PeerName,
        /// What.
        text: String,
    },
    /// A text of ours arrived.
    TextArrived {
        /// The peer.
        peer: PeerName,
        /// Which.
        text: TextId,
    },
    /// A text of ours could not be delivered.
    TextFailed {
        /// The peer.
        peer: PeerName,
        /// Which.
        text: TextId,
        /// Why.
        why: TextFailure,
    },
    /// A peer offers files. When `asks`, accept or refuse it; else the station already did by its
    /// settings.
    Offered {
        /// Which transfer.
        transfer: TransferId,
        /// The peer.
        peer: PeerName,
        /// The file's or folder's name.
        name: String,
        /// One file or a folder.
        shape: Shape,
        /// Files and folders inside, or 1 for a file. How many are files is known when they came.
        entries: u32,
        /// Bytes of all of them.
        bytes: u64,
        /// Whether its sender has counted all; else there may be more of both.
        is_counted: bool,
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
    /// One entry of a folder failed or is left out; the rest goes on. The first thousand are told,
    /// and the others only count. Of a single file the outcome alone says it.
    EntryFailed {
        /// Which transfer.
        transfer: TransferId,
        /// The entry's path, as far as known.
        path: String,
        /// Why, and on which side.
        why: TransferFailure,
    },
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
    /// What is heard of the peer, if something is.
    #[cfg(feature = "sound")]
    pub sound: Option<crate::sound::SoundNumbers>,
}
