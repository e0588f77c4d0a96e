//! What a pairing is asked for and what it tells: plain data.

use std::net::SocketAddr;
use std::time::Instant;

use transom_secure::Code;
use transom_users::{Address, Rights};
use transom_wire::{Grants, Keep, PeerName, PublicKey};

use crate::notice::{LinkEnd, Obstacle};

/// Names one code of this station, shown or typed, for as long as the station lives. The same code
/// typed again has another.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PairingId(pub(crate) u32);

/// What this side brings to a pairing.
#[derive(Clone, Debug)]
pub struct PairingTerms {
    /// What the peer is called here; `None` for what it calls itself.
    pub name: Option<PeerName>,
    /// What the peer may do here afterwards.
    pub may: Rights,
    /// Whether the peer becomes a contact. Else nothing of it is stored, and it is let in until
    /// this station ends: a program that wants one transfer ends then.
    pub keep: Keep,
    /// The port at which the peer finds this machine later; `None` for that of this station.
    pub port: Option<u16>,
}

/// Where the station may be that shows a typed code.
#[derive(Clone, Debug)]
pub enum Candidates {
    /// One station, at one of these addresses. It must have that key, if one is known from an
    /// [`Invitation`](crate::Invitation).
    At(Vec<Address>, Option<PublicKey>),
    /// The stations that announce the code's number on the local network within half a minute.
    /// Several of them are a coincidence or an attack, so at most three have a try.
    Nearby,
}

/// Which side of the pairing we were.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PairingSide {
    /// The code was shown here, and the peer dialed us.
    Showed,
    /// The code was typed here, and we dialed the peer.
    Entered,
}

/// What happens in a pairing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PairingNotice {
    /// A code is shown: to be read out, or drawn as an [`Invitation`](crate::Invitation).
    CodeShown {
        /// The code.
        code: Code,
        /// When it ends.
        until: Instant,
    },
    /// Another code than the shown one was typed. That may be a slip, or a guess.
    WrongGuess {
        /// Where.
        address: SocketAddr,
        /// How many more wrong ones there may be.
        tries_left: u8,
    },
    /// The shown code ended unused.
    CodeEnded {
        /// Why.
        why: CodeEnd,
    },
    /// A candidate for the typed code is dialed.
    Trying {
        /// Where.
        address: SocketAddr,
    },
    /// Both sides have proven to know the code. It is used up.
    Paired(Box<Paired>),
    /// The typed code led to no station, and the search is over.
    Failed {
        /// Why.
        why: PairingFailure,
    },
}

/// The peer that a pairing found. It is let in under that name with these rights until the station
/// ends; the owner's program writes the contact book.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Paired {
    /// The peer's name here: the contact's if the key is known, else a name that is free.
    pub peer: PeerName,
    /// The peer's key.
    pub key: PublicKey,
    /// What the peer calls itself.
    pub called: PeerName,
    /// Which side we were.
    pub side: PairingSide,
    /// Where we dialed the peer, or from where it dialed us.
    pub reached: SocketAddr,
    /// Where the peer is found later, for the contact book.
    pub address: Address,
    /// What the peer may do here.
    pub may: Rights,
    /// What we may do there.
    pub grants: Rights,
    /// [`Keep::Once`] if either side wants it so.
    pub keep: Keep,
}

/// Why a shown code ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeEnd {
    /// Three wrong codes were typed: an attacker may be guessing.
    #[error("three wrong codes were typed, so somebody may be guessing")]
    Guessed,
    /// Its ten minutes are over.
    #[error("nobody typed it within ten minutes")]
    Expired,
    /// The owner ended it or shows another one.
    #[error("it was ended")]
    Stopped,
    /// This program was built without the feature `pairing`.
    #[error("this program was built without pairing")]
    NotBuilt,
    /// The system gives no random numbers for a new code.
    #[error("the system gives no random numbers")]
    NoRandom,
}

/// Why a typed code led to no station. Of several candidates the failure counts that says most.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PairingFailure {
    /// The owner ended it or typed another code.
    #[error("this code is no longer tried")]
    Ended,
    /// The connection broke or something illegal came.
    #[error("the pairing was interrupted: {}", interruption(.0))]
    Interrupted(LinkEnd),
    /// No station announced the code's number.
    #[error(
        "no station nearby announces this number; are both on the same network? Else say where \
         the other one is"
    )]
    NobodyNearby,
    /// The station there shows no code, or no longer.
    #[error("no code is shown there, or no longer; ask for a new one")]
    NobodyShows,
    /// The station has another key than the invitation says.
    #[error("the station there has another key than the invitation says")]
    OtherKey,
    /// The address leads to this very station, or to another program of its owner.
    #[error("that is a program of your own")]
    OwnStation,
    /// Others have had three tries at the code, and none of them had it.
    #[error("this code was wrong three times; ask for a new one")]
    TooManyTries,
    /// Nothing answers there, or a name has no address.
    #[error("can't be reached: {0}")]
    Unreachable(Obstacle),
    /// The station shows another code.
    #[error("another code is shown there; look at it again and type it anew")]
    WrongCode,
}

impl PairingFailure {
    /// How much it says: of several failures the one with the highest rank is told.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Ended => 0,
            Self::NobodyNearby => 1,
            Self::Unreachable(_) => 2,
            Self::NobodyShows => 3,
            Self::OwnStation => 4,
            Self::OtherKey => 5,
            Self::Interrupted(_) => 6,
            Self::WrongCode => 7,
            Self::TooManyTries => 8,
        }
    }
}

/// A listener that closes early has lost interest in this dialer, not in its key.
fn interruption(end: &LinkEnd) -> String {
    match end {
        LinkEnd::NoHello | LinkEnd::NoKey => "they closed the connection; try again".to_owned(),
        end => end.to_string(),
    }
}

/// The rights as they travel.
pub(super) fn grants(rights: Rights) -> Grants {
    let Rights {
        view,
        call,
        files,
        hear,
        talk,
        auto,
    } = rights;
    [
        (view, Grants::VIEW),
        (call, Grants::CALL),
        (files, Grants::FILES),
        (hear, Grants::HEAR),
        (talk, Grants::TALK),
        (auto, Grants::AUTO),
    ]
    .into_iter()
    .filter(|(held, _)| *held)
    .fold(Grants::NONE, |all, (_, grant)| all | grant)
}

/// The rights that a peer says we have there.
pub(super) fn from_grants(grants: Grants) -> Rights {
    Rights {
        view: grants.contains(Grants::VIEW),
        call: grants.contains(Grants::CALL),
        files: grants.contains(Grants::FILES),
        hear: grants.contains(Grants::HEAR),
        talk: grants.contains(Grants::TALK),
        auto: grants.contains(Grants::AUTO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_of_rights_arrives_as_it_was_given() {
        for bits in 0..64 {
            let rights = from_grants(Grants(bits));
            assert_eq!(grants(rights), Grants(bits));
        }
        assert_eq!(
            grants("view,files".parse().unwrap()),
            Grants::VIEW | Grants::FILES
        );
        assert_eq!(grants(from_grants(Grants(0xffff))), Grants(63));
    }
}
