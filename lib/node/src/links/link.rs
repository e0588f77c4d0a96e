//! One connection whose key was allowed, and how it ended.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_net::Departure;
use transom_proto::Side;
use transom_users::Rights;
use transom_wire::{ByeCode, Capabilities, PeerName, PublicKey};

use crate::load::Load;

/// How long a program stays that is not just passing by.
const SETTLED: Duration = Duration::from_secs(3);

/// A connection whose key was allowed.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) peer: PeerName,
    pub(crate) key: PublicKey,
    pub(crate) rights: Rights,
    pub(crate) side: Side,
    pub(super) address: SocketAddr,
    pub(super) first_use: bool,
    /// By which other name the key was known on first use.
    pub(super) known_as: Option<PeerName>,
    /// The peer's random number of this run; `None` until its hello, and then it is really there.
    pub(super) session: Option<u64>,
    /// What its station says that it can do; none before its hello.
    pub(super) capabilities: Capabilities,
    /// When it said hello.
    pub(super) since: Option<Instant>,
    /// We have said goodbye on it.
    pub(super) closing: bool,
    /// What it has waiting at the disk thread.
    pub(crate) load: Load,
}

impl Link {
    pub(crate) fn is_up(&self) -> bool {
        self.session.is_some()
    }

    /// Which run of which program is there, once it has said so.
    pub(crate) fn station(&self) -> Option<u64> {
        self.session
    }

    /// Whether it has been there long enough for somebody to be called: a program that only sends a
    /// line or a file is gone sooner, and takes no calls.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now - since >= SETTLED)
    }

    /// Whether both lead to the same run of the same program.
    pub(crate) fn is_same_station(&self, other: &Self) -> bool {
        self.is_up() && (self.key, self.session) == (other.key, other.session)
    }
}

/// What became of a link, for those who hung something on it.
pub(crate) struct Gone {
    pub(crate) peer: PeerName,
    /// The run of the program that it led to.
    pub(crate) station: Option<u64>,
    /// Which side of the connection we were.
    pub(crate) side: Side,
    pub(crate) parting: Parting,
    pub(crate) why: String,
}

/// How a link ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Parting {
    /// Either side wanted that.
    Goodbye,
    Lost,
    /// There are two links to the same station, and the other one is kept.
    Replaced,
}

impl Parting {
    pub(super) fn of(link: &Link, why: &Departure) -> Self {
        match why {
            Departure::Bye(bye) => match bye.code {
                ByeCode::Done | ByeCode::Leaving => Self::Goodbye,
                ByeCode::Replaced => Self::Replaced,
                // It heard nothing of us, or heard what it took for nonsense.
                _ => Self::Lost,
            },
            Departure::ClosedHere if link.closing => Self::Replaced,
            Departure::ClosedHere => Self::Goodbye,
            _ => Self::Lost,
        }
    }
}

/// Why a connection ended, for a person.
pub(super) fn describe(why: &Departure) -> String {
    match why {
        Departure::Bye(bye) if bye.text.is_empty() => match bye.code {
            ByeCode::Done | ByeCode::Leaving => "they said goodbye".into(),
            ByeCode::Illegal => "they say that we sent something illegal".into(),
            ByeCode::Silent => "they heard nothing from us for too long".into(),
            ByeCode::TooMuch => "they say that we asked for too much".into(),
            ByeCode::Replaced => "another connection takes over".into(),
            ByeCode::Unsupported => "their version can't do what we asked for".into(),
            _ => "they said goodbye".into(),
        },
        Departure::Bye(bye) => bye.text.clone(),
        Departure::Unreachable(error) => error.to_string(),
        other => other.to_string(),
    }
}
