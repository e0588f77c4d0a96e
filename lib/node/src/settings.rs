//! What a station is to be and do: its owner's choices, with good defaults and their reasons.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use transom_media::CaptureRequest;
use transom_store::RoomLimits;
use transom_users::Book;
use transom_wire::{Capabilities, PeerName};

use crate::discovery::Announce;
use crate::identity::{Identity, KnownPeersFile};
use crate::quality::Adaptation;
use crate::shared_live::OwnerMarks;

pub use transom_proto::Order;
pub use transom_wire::Collision;

/// Everything a [`Station`](crate::Station) needs to know at its start.
///
/// Without changes it neither listens nor opens a camera nor takes files: it can dial and watch.
///
/// ```
/// use transom::{Identity, Settings, everywhere};
/// let mut settings = Settings::new("desk".parse()?, Identity::throwaway()?);
/// settings.listen = everywhere(7447);
/// settings.takes_calls = true;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Settings {
    /// What we call ourselves; a hint for the other side.
    pub name: PeerName,
    /// Our key.
    pub identity: Identity,
    /// The contacts.
    pub book: Book,
    /// Keys learned on first use.
    pub known_peers: KnownPeersFile,
    /// Where to take connections; empty for nowhere.
    pub listen: Vec<SocketAddr>,
    /// Where browsers and other programs see cameras by HTTP; nowhere by default. Each of their
    /// viewers of our camera takes one of the places of [`max_viewers`](Self::max_viewers).
    #[cfg(feature = "http")]
    pub http: Option<crate::door::HttpSettings>,
    /// Which contacts may connect.
    pub allow: Allow,
    /// Our camera, opened only while an authorised peer is viewing.
    pub camera: Option<CaptureRequest>,
    /// How its pictures are lowered for viewers whose link is slow.
    pub adaptation: Adaptation,
    /// Whether peers with the right `view` may watch our camera without the owner being asked, as
    /// at a camera box. Where calls are not taken, those peers may call as well; what they send is
    /// not shown.
    pub serve_camera: bool,
    /// Whether we can be called ([`Notice::Ringing`](crate::Notice)). A peer with the right `auto`
    /// is answered at once, with the camera on.
    pub takes_calls: bool,
    /// Calls both ways at once; a peer that rings beyond that is told that we are busy. Four faces
    /// fill a screen.
    pub max_talks: usize,
    /// How long a call rings before it counts as unanswered, at both sides.
    pub ring_timeout: Duration,
    /// How long a call whose connection was lost may take to come back, and a transfer from us
    /// whose receiver has to dial.
    pub call_patience: Duration,
    /// Whether the local network is told that this station exists. Never by default: an
    /// announcement holds a lasting id, the fingerprint of our key.
    pub announce: Announce,
    /// How long the local network is asked for a contact that is not at the address of the book,
    /// before the contact counts as unreachable. By default zero: it is not asked. The question is
    /// a multicast packet that names neither us nor the contact. See [`MOVED_PATIENCE`].
    pub moved_patience: Duration,
    /// Most viewers at once: 8 at 10 Mbit/s fill the upstream of an ordinary 100 Mbit/s LAN. One
    /// key has at most half of the places, by all its programs.
    pub max_viewers: usize,
    /// Where offered files go; `None` refuses all.
    pub inbox: Option<InboxSettings>,
    /// Bytes of file data that one key can make us hold in memory over all its connections: granted
    /// to it and not yet on the disk. Less than 8 MiB counts as 8 MiB. Default 16 MiB: a Raspberry
    /// Pi of 1 GB, on which a camera box takes 12 MB, has room for many such keys, and a single
    /// connection still has twice the 4 MiB that a transfer needs at 1 Gbit/s.
    pub file_bytes_per_key: u64,
    /// By which files the programs of this owner tell each other that a call is live, so that file
    /// data of one program spare the calls of another, and that files move:
    /// [`State::marks`](crate::State::marks). None by default.
    pub marks: OwnerMarks,
    /// Whether packets are marked for the network: media as AF41 (RFC 4594), connections that carry
    /// files only as LE, lower effort (RFC 8622). Default true: Wi-Fi maps the marks to its access
    /// categories. Some networks drop marked packets.
    pub mark_packets: bool,
    /// Our microphone and loudspeaker; none by default.
    #[cfg(feature = "sound")]
    pub sound: crate::sound::SoundSettings,
    /// In which order pictures and file data are sent; another than the default is for
    /// measurements only.
    pub order: Order,
}

impl Settings {
    /// The defaults, for a station of that name and key.
    pub fn new(name: PeerName, identity: Identity) -> Self {
        Self {
            name,
            identity,
            book: Book::default(),
            known_peers: KnownPeersFile::in_memory(),
            listen: Vec::new(),
            #[cfg(feature = "http")]
            http: None,
            allow: Allow::Known,
            camera: None,
            adaptation: Adaptation::default(),
            serve_camera: false,
            takes_calls: false,
            max_talks: 4,
            ring_timeout: Duration::from_secs(45),
            call_patience: Duration::from_secs(120),
            announce: Announce::Never,
            moved_patience: Duration::ZERO,
            max_viewers: 8,
            inbox: None,
            file_bytes_per_key: 16 << 20,
            marks: OwnerMarks::default(),
            mark_packets: true,
            #[cfg(feature = "sound")]
            sound: Default::default(),
            order: Order::default(),
        }
    }

    /// What a station with these settings tells its peers that it can do.
    pub(crate) fn capabilities(&self) -> Capabilities {
        let has = |can: bool, what| if can { what } else { Capabilities::NONE };
        has(
            self.camera.is_some() && self.serve_camera,
            Capabilities::CAMERA,
        ) | has(self.takes_calls, Capabilities::CALLS)
            | has(self.inbox.is_some(), Capabilities::FILES)
            | crate::sound::capabilities()
    }
}

/// A [`Settings::moved_patience`] for programs on a local network: stations answer within a tenth
/// of a second, and within a second beside another mDNS responder.
pub const MOVED_PATIENCE: Duration = Duration::from_secs(2);

/// Every address of this machine, IPv4 and IPv6, for [`Settings::listen`].
pub fn everywhere(port: u16) -> Vec<SocketAddr> {
    vec![
        (Ipv4Addr::UNSPECIFIED, port).into(),
        (Ipv6Addr::UNSPECIFIED, port).into(),
    ]
}

/// Which of the peers we know may connect.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Allow {
    /// Every one of the contact book whose key is known.
    #[default]
    Known,
    /// Those only.
    Names(Vec<PeerName>),
}

impl Allow {
    /// Whether that peer may.
    pub fn allows(&self, peer: &PeerName) -> bool {
        match self {
            Self::Known => true,
            Self::Names(names) => names.contains(peer),
        }
    }
}

/// Where incoming files go, and from which peers they are taken.
#[derive(Clone, Debug)]
pub struct InboxSettings {
    /// The folder; made if missing.
    pub into: PathBuf,
    /// From which peers without asking.
    pub accept: Accept,
    /// How much of the disk it may take.
    pub room: RoomLimits,
    /// Whether a file that is taken without asking may replace one of its name when its sender
    /// wishes so. Else both are kept: a peer that may send files could change those of others.
    pub overwrite: bool,
}

impl InboxSettings {
    /// Into that folder, from those peers; no quota, and nothing is replaced.
    pub fn new(into: impl Into<PathBuf>, accept: Accept) -> Self {
        Self {
            into: into.into(),
            accept,
            room: RoomLimits::default(),
            overwrite: false,
        }
    }
}

/// Which peers' offers are taken without asking. Each of them needs the right `files`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Accept {
    /// Ask for each, unless the peer has the right `auto`.
    #[default]
    Ask,
    /// Every contact's.
    Known,
    /// Those; others are refused.
    Names(Vec<PeerName>),
}

/// How to send.
#[derive(Clone, Copy, Debug)]
pub struct SendOptions {
    /// What the receiver does where the name is taken.
    pub on_collision: Collision,
    /// Most bytes a second.
    pub limit: Option<u64>,
    /// Whether it is no failure that links, devices, pipes and sockets in a folder are left out.
    pub skip_special: bool,
    /// Send a file while another program writes to it; `None` for a file or folder as it is.
    pub follow: Option<Follow>,
}

/// How a file is sent while another program writes to it: until
/// [`end_follow`](crate::Handle::end_follow), or until it has not grown for so long.
///
/// It must only grow. The transfer fails once it is shorter or another file has its name.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Follow {
    /// How long it may not grow, counted from the receiver's answer on.
    pub until_idle: Option<Duration>,
}

impl Default for SendOptions {
    /// Keep both, as fast as it goes; what is left out is a failure.
    fn default() -> Self {
        Self {
            on_collision: Collision::Rename,
            limit: None,
            follow: None,
            skip_special: false,
        }
    }
}
