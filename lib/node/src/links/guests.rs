//! Keys that the owner admitted without an entry in the contact book, until the station ends.

use transom_users::Rights;
use transom_wire::{PeerName, PublicKey};

/// Guests of one run: more than a person admits by hand. One more takes the place of the oldest.
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
    pub(super) fn has_room(&self, name: &PeerName, key: &PublicKey) -> bool {
        let mut others = self.0.iter().filter(|guest| guest.key != *key);
        !others.any(|guest| guest.name == *name)
    }

    /// Admits a key, or changes its rights. False if another guest has that name.
    pub(super) fn add(&mut self, key: PublicKey, name: PeerName, may: Rights) -> bool {
        if !self.has_room(&name, &key) {
            return false;
        }
        self.0.retain(|guest| guest.key != key);
        if self.0.len() >= MAX_GUESTS {
            self.0.remove(0);
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
        assert!(guests.add(anna, name, "call".parse().unwrap()));
        assert!(!guests.add(ben, name, Rights::default()));
        assert!(guests.find(&ben).is_none());
        assert!(guests.add(anna, name, "view".parse().unwrap()));
        assert!(
            guests
                .find(&anna)
                .is_some_and(|(_, may)| may.view && !may.call)
        );
        assert!(guests.add(anna, name, Rights::NONE));
        assert!(guests.find(&anna).is_none());
    }

    #[test]
    fn one_guest_too_many_takes_the_place_of_the_oldest() {
        let mut guests = Guests::default();
        let key = |number: usize| PublicKey([u8::try_from(number).unwrap(); 32]);
        for number in 0..=MAX_GUESTS {
            let name = format!("guest{number}").parse().unwrap();
            assert!(guests.add(key(number), name, Rights::default()));
        }
        assert!(guests.find(&key(0)).is_none());
        for number in 1..=MAX_GUESTS {
            assert!(guests.find(&key(number)).is_some(), "{number}");
        }
    }
}
