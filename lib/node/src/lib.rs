//! A transom station: video calls, camera boxes and files on a local network, without server,
//! account or async runtime.
//!
//! A [`Station`] is one poll loop. Its owner gives it [`Settings`], speaks to it through a
//! [`Handle`] from any thread, and is told everything as a [`Notice`]:
//!
//! ```no_run
//! use transom::{CallKind, Identity, Notice, Redial, Settings, Station, people::Contact};
//! let settings = Settings::new("desk".parse()?, Identity::throwaway()?);
//! let station = Station::start(settings)?;
//! let door: Contact = "door 192.168.1.20".parse()?;
//! let handle = station.handle();
//! handle.connect(door.clone(), Redial::Always);
//! station.run(|notice| match notice {
//!     Notice::Joined { peer, .. } => handle.ring(&peer, CallKind::View),
//!     Notice::Picture { picture, .. } => println!("{} bytes", picture.jpeg.len()),
//!     _ => {}
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Threads: the loop runs on the thread that calls [`Station::run`]; the camera, the JPEG encoder,
//! names and disks have workers of their own, which start in `workers.rs` and end with the station.
//! A program calls [`abort_on_panic`] first.
//!
//! Signals are the program's: the library installs no handler. On Unix a program that receives
//! files or records should catch SIGXFSZ, whose default action kills it at the first file that
//! grows beyond `ulimit -f`; caught, the write fails with EFBIG, and only that file fails, with its
//! reason. To *ignore* the signal would do as well here, but all children would start with it
//! ignored. The crate `transom-signals` has the handler, and the rules by which signals end this
//! project's own programs.

mod addresses;
mod budget;
mod calls;
mod camera;
mod context;
mod discovery;
mod disk;
#[cfg(feature = "http")]
mod door;
#[cfg(not(feature = "http"))]
#[path = "door/off.rs"]
mod door;
mod handle;
mod identity;
mod lanes;
pub mod latency;
mod links;
mod live_marks;
mod liveness;
mod load;
mod measure;
mod meter;
mod notice;
mod pace;
mod pairing;
mod panics;
#[cfg_attr(feature = "sim", path = "sim/parts.rs")]
mod parts;
mod pins;
mod quality;
mod settings;
mod shared_live;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "sound")]
mod sound;
#[cfg(not(feature = "sound"))]
#[path = "sound/off.rs"]
mod sound;
mod station;
mod texts;
mod transfers;
mod workers;

pub use addresses::{lasting_address, own_addresses};
pub use camera::{
    CameraNumbers, CameraStats, FarCameraStats, MachineState, Throttling, ViewerCounts, ViewerStats,
};
pub use discovery::{Announce, Claim, Nearby};
#[cfg(feature = "http")]
pub use door::{HttpSettings, HttpSource, random_token};
pub use handle::{Handle, Redial};
pub use identity::{Identity, KnownPeersFile, State, StateError};
pub use notice::{
    CallKind, CameraState, Capabilities, CurrentFile, Direction, EndReason, EntryReport,
    FailReason, FileError, HttpViewers, KeyNotKept, LinkEnd, ListenId, Notice, NoticeQueue,
    Numbers, Obstacle, Outcome, OwnPicture, PeerLoss, Phase, RefuseReason, RemotePicture, Retry,
    Shape, SystemError, TextFailure, TextId, Timing, TransferFailure, TransferId, TransferStatus,
};
pub use pairing::{
    Candidates, CodeEnd, InvalidInvitation, Invitation, MAX_ADDRESSES, Paired, PairingFailure,
    PairingId, PairingNotice, PairingSide, PairingTerms,
};
pub use panics::abort_on_panic;
pub use quality::{Adaptation, Bottleneck, Quality, TradeOff, UnknownTradeOff};
pub use settings::{
    Accept, Allow, Collision, Follow, InboxSettings, MOVED_PATIENCE, Order, SendOptions, Settings,
    everywhere,
};
pub use shared_live::OwnerMarks;
#[cfg(feature = "sound")]
pub use sound::{RecordedSound, SoundNotice, SoundNumbers, SoundSettings, SoundState};
pub use station::{RunError, StartError, Station};

/// Camera sources and JPEG.
pub use transom_media as media;
/// Passes, links and paths of the HTTP door.
#[cfg(feature = "http")]
pub use transom_net::door::{
    Access, InvalidPass, InvalidPasses, InvalidToken, Links, Pass, Passes, Token,
};
/// What a [`LinkEnd`] and a [`TransferFailure`] tell of the protocol.
pub use transom_proto::{PeerError, UsageError};
/// What a [`LinkEnd`] tells of the encryption.
pub use transom_secure::{ChannelError, HandshakeError, PairingError};
/// The code of a pairing, and the words that a field may complete.
pub use transom_secure::{Code, InvalidCode, completions};
/// Microphones, loudspeakers and what happens to their sound.
#[cfg(feature = "sound")]
pub use transom_sound as sounds;
/// Whether the kernel confines what is received to its folder.
pub use transom_store::can_confine;
/// Paths as text that holds every name, byte for byte.
pub use transom_store::path_text;
/// Files and folders that are kept for receivers who are away.
pub use transom_store::{Delivering, MAX_SPOOLED, Spool, SpoolError, SpoolItem};
/// How much of its disk an inbox may take.
pub use transom_store::{NamedEntries, RoomLimit, RoomLimits};
/// Contacts, rights, pinned keys, and names made safe to print.
pub use transom_users as people;
pub use transom_wire::{ByeCode, Fingerprint, Keep, LimitedBy, PeerName, PublicKey};
