//! A typed code on its way to the station that shows it: which address is next, how many tries were
//! given away, and what to tell in the end. It has no socket.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_net::{Departure, PeerId, TRIES};
use transom_secure::{Code, HandshakeError, PairingError};
use transom_wire::{Fingerprint, PublicKey};

use super::terms::{Candidates, PairingFailure, PairingId, PairingTerms};
use crate::addresses::link_local_last;
use crate::context::Context;
use crate::notice::{LinkEnd, Obstacle, SystemError};

pub(super) struct Entry {
    pub(super) id: PairingId,
    pub(super) code: Code,
    pub(super) terms: PairingTerms,
    /// The station's key, if it is known beforehand.
    key: Option<PublicKey>,
    /// Addresses of the current station that were not tried, the next one last.
    rest: Vec<SocketAddr>,
    /// For stations that announce the code's number.
    nearby: Option<Nearby>,
    /// Host names whose addresses are not known yet.
    unresolved: usize,
    connection: Option<PeerId>,
    /// Tries at our code that others have had, also when it was typed before.
    tries: u8,
    failure: Option<PairingFailure>,
}

/// The stations that announce the number of the code.
struct Nearby {
    stations: Vec<Station>,
    /// The one whose addresses are in `rest`.
    current: usize,
    /// How long others are waited for.
    until: Instant,
}

/// A station that announces the number.
struct Station {
    /// As announced, which proves nothing, and no key is compared with it: an announcer that claims
    /// the fingerprint of another station takes that station's try. The person then hears of a
    /// wrong code and types it again, or says where the station is.
    fingerprint: Fingerprint,
    /// All addresses that it was heard with: each is dialed once.
    heard: Vec<SocketAddr>,
    /// Those that were not taken to be dialed, the best first.
    waiting: Vec<SocketAddr>,
    /// It has had its try at the code.
    has_tried: bool,
}

impl Station {
    fn new(fingerprint: Fingerprint) -> Self {
        Self {
            fingerprint,
            heard: Vec::new(),
            waiting: Vec::new(),
            has_tried: false,
        }
    }

    /// Takes the addresses that it announces now: an announcement comes in parts, one for each
    /// address family. Returns whether one of them is to be dialed.
    fn hear(&mut self, addresses: &[SocketAddr]) -> bool {
        let before = self.waiting.len();
        for address in addresses {
            let is_new = !self.has_tried && !self.heard.contains(address);
            if is_new && self.heard.len() < MAX_STATION_ADDRESSES {
                self.heard.push(*address);
                self.waiting.push(*address);
            }
        }
        self.waiting.len() > before
    }
}

impl Entry {
    pub(super) fn new(
        (id, code, terms): (PairingId, Code, PairingTerms),
        candidates: Candidates,
        tries: u8,
        out: &mut Context,
    ) -> Self {
        let (addresses, key, nearby) = match candidates {
            Candidates::At(addresses, key) => (addresses, key, None),
            Candidates::Nearby => {
                let nearby = Nearby {
                    stations: Vec::new(),
                    current: 0,
                    until: out.now() + NEARBY_PATIENCE,
                };
                (Vec::new(), None, Some(nearby))
            }
        };
        let mut entry = Self {
            id,
            code,
            terms,
            key,
            rest: Vec::new(),
            nearby,
            unresolved: 0,
            connection: None,
            tries,
            failure: None,
        };
        for address in addresses {
            match address.ip() {
                Some(ip) => entry.rest.push(SocketAddr::new(ip, address.port())),
                None => {
                    let host = address.host().to_owned();
                    out.workers.resolve_candidate(id, host, address.port());
                    entry.unresolved += 1;
                }
            }
        }
        entry.rest.reverse();
        entry
    }

    pub(super) fn resolved(&mut self, found: std::io::Result<Vec<SocketAddr>>) {
        self.unresolved = self.unresolved.saturating_sub(1);
        match found {
            Ok(mut found) => {
                link_local_last(&mut found);
                self.rest.extend(found.into_iter().rev());
            }
            Err(error) => self.unreachable(Obstacle::Unresolved(SystemError::of(&error))),
        }
    }

    /// The number for which stations that announce it are wanted.
    pub(super) fn number_sought(&self) -> Option<u8> {
        self.nearby.as_ref().map(|_| self.code.number())
    }

    /// Takes the stations that announce the number now. Returns whether there is a new address to
    /// dial.
    pub(super) fn announced<'a>(
        &mut self,
        stations: impl Iterator<Item = (Fingerprint, &'a [SocketAddr])>,
    ) -> bool {
        let Some(nearby) = &mut self.nearby else {
            return false;
        };
        let mut is_new = false;
        for (fingerprint, addresses) in stations {
            let known = &mut nearby.stations;
            if !known.iter().any(|it| it.fingerprint == fingerprint) && known.len() < MAX_STATIONS {
                known.push(Station::new(fingerprint));
            }
            let station = known.iter_mut().find(|it| it.fingerprint == fingerprint);
            is_new |= station.is_some_and(|station| station.hear(addresses));
        }
        is_new
    }

    /// The next address to dial; `None` while one is dialed, and when there is none.
    pub(super) fn next(&mut self) -> Option<(SocketAddr, Option<PublicKey>)> {
        if self.connection.is_some() || self.tries >= TRIES {
            return None;
        }
        if self.rest.is_empty() {
            let nearby = self.nearby.as_mut()?;
            let mut stations = nearby.stations.iter();
            nearby.current = stations.position(|station| !station.waiting.is_empty())?;
            let station = nearby.stations.get_mut(nearby.current)?;
            self.rest = std::mem::take(&mut station.waiting);
            self.rest.reverse();
        }
        self.rest.pop().map(|address| (address, self.key))
    }

    pub(super) fn dialed(&mut self, peer: PeerId) {
        self.connection = Some(peer);
    }

    pub(super) fn is_at(&self, peer: PeerId) -> bool {
        self.connection == Some(peer)
    }

    pub(super) fn connection(&self) -> Option<PeerId> {
        self.connection
    }

    /// The station has had a try at our code. It is not tried again by another address: one slip of
    /// the fingers must not take all the tries of the station's code. Returns the tries so far.
    pub(super) fn tried(&mut self) -> u8 {
        self.tries += 1;
        self.rest.clear();
        if let Some(nearby) = &mut self.nearby
            && let Some(station) = nearby.stations.get_mut(nearby.current)
        {
            station.has_tried = true;
            station.waiting.clear();
        }
        self.tries
    }

    pub(super) fn left(&mut self, why: &Departure, now: Instant) {
        self.connection = None;
        let failure = failure_of(why);
        if let (Some(nearby), PairingFailure::WrongCode) = (&mut self.nearby, &failure) {
            nearby.until = nearby.until.min(now + OTHERS_PATIENCE);
        }
        self.fail(failure);
    }

    pub(super) fn unreachable(&mut self, obstacle: Obstacle) {
        self.fail(PairingFailure::Unreachable(obstacle));
    }

    /// When there is something to do without an event.
    pub(super) fn due(&self) -> Option<Instant> {
        let nearby = self.nearby.as_ref().filter(|_| self.connection.is_none());
        nearby.map(|nearby| nearby.until)
    }

    /// Why the search is over, if it is: there is nothing to try, and nothing to wait for.
    pub(super) fn verdict(&mut self, now: Instant) -> Option<PairingFailure> {
        if self.connection.is_some() || self.unresolved > 0 {
            return None;
        }
        match &self.nearby {
            Some(_) if self.tries >= TRIES => Some(PairingFailure::TooManyTries),
            Some(nearby) if now < nearby.until => None,
            Some(_) => Some(self.failure.take().unwrap_or(PairingFailure::NobodyNearby)),
            None if self.tries >= TRIES && self.failure.is_none() => {
                Some(PairingFailure::TooManyTries)
            }
            None => {
                let nowhere = || PairingFailure::Unreachable(Obstacle::NoAddress);
                Some(self.failure.take().unwrap_or_else(nowhere))
            }
        }
    }

    /// Keeps the failure that says most.
    fn fail(&mut self, failure: PairingFailure) {
        let says_less = |kept: &PairingFailure| kept.rank() < failure.rank();
        if self.failure.as_ref().is_none_or(says_less) {
            self.failure = Some(failure);
        }
    }
}

fn failure_of(why: &Departure) -> PairingFailure {
    match why {
        Departure::HandshakeFailed(HandshakeError::Purpose(_)) => PairingFailure::NobodyShows,
        Departure::PairingFailed(PairingError::WrongCode) => PairingFailure::WrongCode,
        Departure::PairingFailed(PairingError::OwnKey) => PairingFailure::OwnStation,
        Departure::OtherKey(_) => PairingFailure::OtherKey,
        Departure::Unreachable(error) => PairingFailure::Unreachable(Obstacle::of_dial(error)),
        other => PairingFailure::Interrupted(LinkEnd::of(other)),
    }
}

/// How long a station that announces the code's number is waited for: its person may still be about
/// to show it.
const NEARBY_PATIENCE: Duration = Duration::from_secs(30);

/// How long another announcer is waited for after one had another code: nearly always the person
/// has mistyped, and wants to know.
const OTHERS_PATIENCE: Duration = Duration::from_secs(2);

/// Announcers that are considered: whatever a flood announces, memory has a bound.
const MAX_STATIONS: usize = 64;

/// Addresses of one of them that are dialed: those of an announcement that is read in full.
const MAX_STATION_ADDRESSES: usize = 8;
