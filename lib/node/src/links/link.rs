//! A connection to a peer whose key is admitted, and how it ends.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_net::Departure;
use transom_proto::Side;
use transom_users::Rights;
use transom_wire::{ByeCode, Capabilities, PeerName, PublicKey};

use crate::load::Load;
use crate::notice::LinkEnd;

/// A program connected for this long is not one that only sends a text or a file.
const SETTLED: Duration = Duration::from_secs(3);

/// A connection to a peer whose key is admitted.
#[derive(Debug)]
pub(crate) struct PeerLink {
    pub(crate) peer: PeerName,
    pub(crate) key: PublicKey,
    pub(crate) rights: Rights,
    pub(crate) side: Side,
    pub(super) address: SocketAddr,
    pub(super) first_use: bool,
    /// On first use: another name under which the key was already known.
    pub(super) known_as: Option<PeerName>,
    /// The random number of the peer's run; `None` before its hello.
    pub(super) session: Option<u64>,
    /// The capabilities that the peer announced; none before its hello.
    pub(crate) capabilities: Capabilities,
    /// When the peer's hello arrived.
    pub(super) since: Option<Instant>,
    /// We have sent a goodbye.
    pub(super) closing: bool,
    /// The peer's requests that wait for the disk thread.
    pub(crate) load: Load,
}

impl PeerLink {
    pub(crate) fn is_up(&self) -> bool {
        self.session.is_some()
    }

    /// The run of the peer's program; `None` before its hello.
    pub(crate) fn station(&self) -> Option<u64> {
        self.session
    }

    /// Whether the peer's program is connected for so long that it may take calls. A program that
    /// only sends a text or a file ends sooner.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now - since >= SETTLED)
    }

    /// Whether both links lead to the same run of the same program.
    pub(crate) fn is_same_station(&self, other: &Self) -> bool {
        self.is_up() && (self.key, self.session) == (other.key, other.session)
    }
}

/// A link that has ended, for the calls, texts and transfers that used it.
pub(crate) struct Gone {
    pub(crate) peer: PeerName,
    /// The run of the peer's program.
    pub(crate) station: Option<u64>,
    /// Which side of the connection we were.
    pub(crate) side: Side,
    pub(crate) parting: Parting,
    pub(crate) why: LinkEnd,
}

/// How a link ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Parting {
    /// Either side closed it on purpose.
    Goodbye,
    Lost,
    /// Of two links to the same station the other is kept.
    Replaced,
}

impl Parting {
    pub(super) fn of(link: &PeerLink, why: &Departure) -> Self {
        match why {
            Departure::Bye(bye) => match bye.code {
                ByeCode::Done | ByeCode::Leaving => Self::Goodbye,
                ByeCode::Replaced => Self::Replaced,
                // The peer received nothing, or found our bytes illegal.
                _ => Self::Lost,
            },
            Departure::ClosedHere if link.closing => Self::Replaced,
            Departure::ClosedHere => Self::Goodbye,
            _ => Self::Lost,
        }
    }
}
