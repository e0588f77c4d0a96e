//! Keys that the owner admitted without an entry in the contact book, until the station ends.

use transom_users::Rights;
use transom_wire::{PeerName, PublicKey};

/// Guests of one run: more than a person admits by hand.
const MAX_GUESTS: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Guests(Vec<Guest>);

#[derive(Debug)]
struct Guest {
    key: PublicKey,
    name: PeerName,
    may: Rights,
}

impl Guests {
    pub(super) fn find(&self, key: &PublicKey) -> Option<(PeerName, Rights)> {
        let guest = self.0.iter().find(|guest| guest.key == *key)?;
        (guest.may != Rights::NONE).then_some((guest.name, guest.may))
    }

    /// Whether no guest with another key has that name.
    pub(super) fn is_name_free(&self, name: &PeerName, key: &PublicKey) -> bool {
        let mut others = self.0.iter().filter(|guest| guest.key != *key);
        !others.any(|guest| guest.name == *name)
    }

    /// Admits a key, or changes its rights. One guest too many takes the place of the oldest that
    /// is not connected, or else of the oldest. False if another guest has that name.
    pub(super) fn add(
        &mut self,
        (key, name, may): (PublicKey, PeerName, Rights),
        is_connected: impl Fn(&PublicKey) -> bool,
    ) -> bool {
        if !self.is_name_free(&name, &key) {
            return false;
        }
        self.0.retain(|guest| guest.key != key);
        if self.0.len() >= MAX_GUESTS {
            let absent = self.0.iter().position(|guest| !is_connected(&guest.key));
            self.0.remove(absent.unwrap_or(0));
        }
        self.0.push(Guest { key, name, may });
        true
    }

    /// Forgets those keys: what they may do stands in the contact book now, and removing them there
    /// is to end it.
    pub(super) fn forget(&mut self, is_contact: impl Fn(&PublicKey) -> bool) {
        self.0.retain(|guest| !is_contact(&guest.key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_keeps_its_name_when_its_rights_change() {
        let (anna, ben) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let name: PeerName = "visitor".parse().unwrap();
        let mut guests = Guests::default();
        let mut add = |key, may| guests.add((key, name, may), |_| true);
        assert!(add(anna, "call".parse().unwrap()));
        assert!(!add(ben, Rights::default()));
        assert!(guests.find(&ben).is_none());
        assert!(guests.add((anna, name, "view".parse().unwrap()), |_| true));
        assert!(
            guests
                .find(&anna)
                .is_some_and(|(_, may)| may.view && !may.call)
        );
        assert!(guests.add((anna, name, Rights::NONE), |_| true));
        assert!(guests.find(&anna).is_none());
    }

    #[test]
    fn one_guest_too_many_takes_the_place_of_the_oldest_that_is_not_connected() {
        let key = |number: usize| PublicKey([u8::try_from(number).unwrap(); 32]);
        for (connected, gone) in [(0..0, 0), (0..2, 2), (0..MAX_GUESTS, 0)] {
            let mut guests = Guests::default();
            for number in 0..=MAX_GUESTS {
                let name = format!("guest{number}").parse().unwrap();
                let guest = (key(number), name, Rights::default());
                assert!(guests.add(guest, |key| connected.contains(&key.0[0].into())));
            }
            for number in 0..=MAX_GUESTS {
                let is_admitted = guests.find(&key(number)).is_some();
                assert_eq!(is_admitted, number != gone, "{number}, {connected:?}");
            }
        }
    }
}
