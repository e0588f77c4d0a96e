//! Contacts that moved: where a contact is dialed when it is not where the book says.
//!
//! An announcement with the contact's fingerprint gives addresses. Any machine of the network can
//! make one, so the dials are few, and another key there means only that it is not this contact.
//! The book is never changed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_users::{Address, Contact, pinned};
use transom_wire::{Fingerprint, PeerName};

use super::Links;
use super::dial::{DialFailure, Reach, Route};
use crate::context::Context;
use crate::discovery::{Contacts, Heard};

/// Announced addresses of one contact that are dialed in [`WINDOW`]. A station has two or three;
/// a forger gets no more dials by more announcements.
const MAX_DIALS: usize = 4;

/// See [`MAX_DIALS`].
const WINDOW: Duration = Duration::from_secs(60);

/// Dials that are remembered, so that other addresses are dialed before those.
const MAX_REMEMBERED: usize = 64;

/// Dials of announced addresses of one contact, the last one last.
#[derive(Debug, Default)]
pub(super) struct HintDials(Vec<(SocketAddr, Instant)>);

impl HintDials {
    /// Which of these announced addresses to dial now, in that order; they count as dialed.
    /// Addresses that were never dialed come first, then those dialed longest ago; none is dialed
    /// twice in [`WINDOW`].
    pub(super) fn take(&mut self, announced: &[SocketAddr], now: Instant) -> Vec<SocketAddr> {
        let is_recent = |at: Instant| now - at < WINDOW;
        let recent = self.0.iter().filter(|(_, at)| is_recent(*at)).count();
        let mut chosen = announced.to_vec();
        chosen.retain(|address| !self.dialed(address).is_some_and(is_recent));
        chosen.sort_by_key(|address| self.dialed(address));
        chosen.truncate(MAX_DIALS.saturating_sub(recent));
        self.0.extend(chosen.iter().map(|address| (*address, now)));
        let excess = self.0.len().saturating_sub(MAX_REMEMBERED);
        self.0.drain(..excess);
        chosen
    }

    /// When that address was dialed last.
    fn dialed(&self, address: &SocketAddr) -> Option<Instant> {
        let mut dialed = self.0.iter().rev();
        let last = dialed.find(|(dialed, _)| dialed == address);
        last.map(|(_, at)| *at)
    }

    /// Whether one of these is an address that was not dialed yet.
    fn is_new(&self, announced: &[SocketAddr]) -> bool {
        announced
            .iter()
            .any(|address| self.dialed(address).is_none())
    }
}

/// What is announced of contacts, and whether to ask for it.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// The addresses of each fingerprint: of each announcer the best, the newest announcer first,
    /// then of each the second, and so on.
    announced: BTreeMap<Fingerprint, Vec<SocketAddr>>,
    /// How long the network is asked for a contact before it counts as unreachable; zero for not
    /// at all.
    patience: Duration,
    /// Since when it is asked.
    since: Option<Instant>,
}

impl Hints {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            patience,
            ..Self::default()
        }
    }

    fn replace(&mut self, stations: &[Heard]) {
        let mut ranked: Vec<_> = stations
            .iter()
            .flat_map(|heard| {
                let addresses = heard.addresses.iter().enumerate();
                addresses.map(|(rank, address)| (rank, heard.fingerprint, *address))
            })
            .collect();
        ranked.sort_by_key(|(rank, ..)| *rank);
        self.announced.clear();
        for (_, fingerprint, address) in ranked {
            let addresses = self.announced.entry(fingerprint).or_default();
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
}

impl Links {
    /// Takes what is announced now. A contact that waits to be dialed again, and is announced at a
    /// new address, is dialed there at once.
    pub(crate) fn hear(&mut self, stations: &[Heard], out: &mut Context) {
        self.hints.replace(stations);
        let waiting: Vec<_> = self
            .dials
            .iter()
            .filter(|(_, dial)| matches!(dial.reach, Reach::Waiting { .. } | Reach::Seeking { .. }))
            .map(|(name, _)| *name)
            .collect();
        for peer in waiting {
            let announced = self.announced(&peer, false);
            let Some(dial) = self.dials.get_mut(&peer) else {
                continue;
            };
            if !dial.hints.is_new(&announced) {
                continue;
            }
            let rest = dial.hints.take(&announced, out.now());
            if rest.is_empty() {
                // Too many were dialed already. The pause goes on, else a flood of announcements
                // would put off the address of the book again and again.
                continue;
            }
            let failure = match &mut dial.reach {
                Reach::Seeking { failure, .. } => std::mem::take(failure),
                _ => DialFailure::default(),
            };
            self.dial_hints(peer, rest, failure, out);
        }
    }

    /// Dials a contact where it is announced, or waits for an announcement. Gives the failure back
    /// if there is nothing of that to do.
    pub(super) fn try_hints(
        &mut self,
        peer: PeerName,
        failure: DialFailure,
        out: &mut Context,
    ) -> Option<DialFailure> {
        let now = out.now();
        let announced = self.announced(&peer, true);
        let is_sought = self.is_sought(&peer);
        let Some(dial) = self.dials.get_mut(&peer) else {
            return Some(failure);
        };
        let rest = dial.hints.take(&announced, now);
        if !rest.is_empty() {
            self.dial_hints(peer, rest, failure, out);
            return None;
        }
        if !is_sought {
            return Some(failure);
        }
        let until = *self.hints.since.get_or_insert(now) + self.hints.patience;
        if until <= now {
            return Some(failure);
        }
        dial.reach = Reach::Seeking { until, failure };
        None
    }

    fn dial_hints(
        &mut self,
        peer: PeerName,
        mut rest: Vec<SocketAddr>,
        failure: DialFailure,
        out: &mut Context,
    ) {
        log::debug!("{peer} is announced at {rest:?}");
        rest.reverse();
        if let Some(dial) = self.dials.get_mut(&peer) {
            dial.reach = Reach::Trying {
                link: None,
                route: Route::Announced,
                rest,
                failure,
            };
            self.try_next(peer, out);
        }
    }

    /// Whether the network is to be asked for contacts that are not where the book says.
    pub(crate) fn seeks_moved(&self) -> bool {
        self.hints.since.is_some()
    }

    /// Where a dialed contact is announced; `beside_book` leaves the address of the book out.
    fn announced(&self, peer: &PeerName, beside_book: bool) -> Vec<SocketAddr> {
        let Some(dial) = self.dials.get(peer) else {
            return Vec::new();
        };
        let Some(fingerprint) = self.sought_fingerprint(&dial.contact) else {
            return Vec::new();
        };
        let book = &dial.contact.address;
        let in_book = |address: &SocketAddr| {
            beside_book && book.ip() == Some(address.ip()) && book.port() == address.port()
        };
        let announced = self.hints.announced.get(&fingerprint);
        let announced = announced.into_iter().flatten().copied();
        announced.filter(|address| !in_book(address)).collect()
    }

    /// Whether an announcement could help to reach that contact. A program on this machine does not
    /// move to another.
    fn is_sought(&self, peer: &PeerName) -> bool {
        let Some(dial) = self.dials.get(peer) else {
            return false;
        };
        let is_here = dial.contact.address.ip().is_some_and(|ip| ip.is_loopback());
        !self.hints.patience.is_zero()
            && !is_here
            && self.sought_fingerprint(&dial.contact).is_some()
    }

    /// The fingerprint by which a contact is found; `None` for one whose key is not known, and for
    /// a plain address: its user means the machine there.
    fn sought_fingerprint(&self, contact: &Contact) -> Option<Fingerprint> {
        let named_so = contact.name.as_str().parse::<Address>();
        if named_so.as_ref() == Ok(&contact.address) {
            return None;
        }
        let (key, _) = pinned(contact, &self.book, self.pins.known())?;
        Some(key.fingerprint())
    }

    /// The contacts of the book whose keys are known, by their fingerprints.
    pub(crate) fn contacts(&self) -> Contacts {
        let contacts = self.book.contacts().iter();
        let known = contacts.filter_map(|contact| {
            let (key, _) = pinned(contact, &self.book, self.pins.known())?;
            Some((key.fingerprint(), contact.name))
        });
        // Of two contacts with one key the first counts, as everywhere.
        let mut by_fingerprint = Contacts::new();
        for (fingerprint, name) in known {
            by_fingerprint.entry(fingerprint).or_insert(name);
        }
        by_fingerprint
    }

    /// Whether a contact has the right to be answered by itself, and so needs to find us.
    pub(crate) fn has_auto_contacts(&self) -> bool {
        self.book.contacts().iter().any(|contact| contact.may.auto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(lasts: impl IntoIterator<Item = u8>) -> Vec<SocketAddr> {
        let lasts = lasts.into_iter();
        lasts.map(|last| ([10, 0, 0, last], 7447).into()).collect()
    }

    #[test]
    fn a_hundred_forged_announcements_cause_four_dials_a_minute() {
        let (mut dials, start) = (HintDials::default(), Instant::now());
        let mut dialed = Vec::new();
        for number in 1..=100 {
            // Each is newer than those before, and comes a tenth of a second later.
            let announced = addresses((1..=number).rev());
            let now = start + Duration::from_millis(100 * u64::from(number));
            dialed.extend(dials.take(&announced, now));
        }
        assert_eq!(dialed, addresses(1..=4));
        let next = dials.take(&addresses((1..=100).rev()), start + WINDOW + WINDOW);
        assert_eq!(next, addresses([100, 99, 98, 97]));
        assert!(dials.0.len() <= MAX_REMEMBERED);
    }

    #[test]
    fn addresses_that_were_dialed_come_after_the_others() {
        let (mut dials, start) = (HintDials::default(), Instant::now());
        assert_eq!(dials.take(&addresses(1..=4), start), addresses(1..=4));
        assert_eq!(dials.take(&addresses(1..=6), start), []);
        let later = start + WINDOW;
        assert!(dials.is_new(&addresses(1..=6)));
        let next = dials.take(&addresses(1..=6), later);
        assert_eq!(next, addresses([5, 6, 1, 2]));
        assert!(!dials.is_new(&addresses(1..=6)));
        let later = later + WINDOW;
        assert_eq!(
            dials.take(&addresses(1..=6), later),
            addresses([3, 4, 1, 2])
        );
    }

    #[test]
    fn each_announcer_has_its_best_address_tried_before_any_has_its_second() {
        let heard = |lasts: std::ops::RangeInclusive<u8>| Heard {
            name: "anna".parse().unwrap(),
            fingerprint: transom_wire::PublicKey([1; 32]).fingerprint(),
            addresses: addresses(lasts),
            does: transom_wire::Capabilities::NONE,
            pairing: None,
            http: None,
        };
        let mut hints = Hints::default();
        hints.replace(&[heard(1..=8), heard(11..=12), heard(1..=2)]);
        let (_, announced) = hints.announced.first_key_value().unwrap();
        assert_eq!(announced[..4], addresses([1, 11, 2, 12]));
    }
}
