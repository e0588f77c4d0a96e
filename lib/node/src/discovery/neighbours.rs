//! The stations that announce themselves now, in bounds that a flood can't break. No clock and no
//! socket.

use transom_wire::Fingerprint;

use super::{Contacts, Heard};

/// Announcers that are remembered: several times the machines of a home or a floor.
pub(super) const MAX_ANNOUNCERS: usize = 128;

/// Announcers of one fingerprint: programs of one user, at old and new addresses.
pub(super) const MAX_PER_FINGERPRINT: usize = 8;

/// Announcers by the full names of their services, the newest last.
#[derive(Debug, Default)]
pub(super) struct Neighbours(Vec<(String, Heard)>);

impl Neighbours {
    /// Notes what is announced under that full name. Returns whether that is news.
    ///
    /// Of too many announcers with one fingerprint the oldest is forgotten; of too many at all the
    /// oldest that is no contact's.
    pub(super) fn found(&mut self, full_name: String, heard: Heard, contacts: &Contacts) -> bool {
        let known = self.0.iter().position(|(name, _)| *name == full_name);
        if let Some(at) = known {
            if self.0[at].1 == heard {
                return false;
            }
            self.0.remove(at);
        }
        let fingerprint = heard.fingerprint;
        self.0.push((full_name, heard));
        let same = |(_, heard): &(String, Heard)| heard.fingerprint == fingerprint;
        if self.0.iter().filter(|announcer| same(announcer)).count() > MAX_PER_FINGERPRINT {
            self.forget_first(same);
        }
        if self.0.len() > MAX_ANNOUNCERS {
            let is_contact = |print: &Fingerprint| contacts.contains_key(print);
            if !self.forget_first(|(_, heard)| !is_contact(&heard.fingerprint)) {
                self.forget_first(|_| true);
            }
        }
        true
    }

    /// The announcement of that full name has ended. Returns whether that is news.
    pub(super) fn removed(&mut self, full_name: &str) -> bool {
        self.forget_first(|(name, _)| name == full_name)
    }

    /// The newest first.
    pub(super) fn list(&self) -> Vec<Heard> {
        self.0
            .iter()
            .rev()
            .map(|(_, heard)| heard.clone())
            .collect()
    }

    fn forget_first(&mut self, is_it: impl Fn(&(String, Heard)) -> bool) -> bool {
        let found = self.0.iter().position(is_it);
        if let Some(at) = found {
            self.0.remove(at);
        }
        found.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use transom_wire::{Capabilities, PublicKey};

    fn heard(key: u8, port: u16) -> Heard {
        Heard {
            name: "porch".parse().unwrap(),
            fingerprint: PublicKey([key; 32]).fingerprint(),
            addresses: vec![([10, 0, 0, 1], port).into()],
            does: Capabilities::NONE,
            pairing: None,
            http: None,
        }
    }

    fn ports(neighbours: &Neighbours) -> Vec<u16> {
        let list = neighbours.list();
        list.iter().map(|heard| heard.addresses[0].port()).collect()
    }

    #[test]
    fn only_what_changed_is_news_and_the_newest_comes_first() {
        let (mut neighbours, contacts) = (Neighbours::default(), Contacts::new());
        let mut found = |name: &str, port| {
            let news = neighbours.found(name.to_owned(), heard(1, port), &contacts);
            (news, ports(&neighbours))
        };
        assert_eq!(found("a", 1), (true, vec![1]));
        assert_eq!(found("b", 2), (true, vec![2, 1]));
        assert_eq!(found("a", 1), (false, vec![2, 1]));
        assert_eq!(found("a", 3), (true, vec![3, 2]));
        assert!(neighbours.removed("a"));
        assert!(!neighbours.removed("a"));
        assert_eq!(ports(&neighbours), [2]);
    }

    #[test]
    fn a_flood_is_bounded_and_displaces_no_contact() {
        let (mut neighbours, mut contacts) = (Neighbours::default(), Contacts::new());
        let anna = heard(255, 9);
        contacts.insert(anna.fingerprint, anna.name);
        neighbours.found("anna".into(), anna.clone(), &contacts);
        for number in 0..1000u16 {
            let forged = heard(u8::try_from(number % 200).unwrap(), number);
            neighbours.found(format!("forged{number}"), forged, &contacts);
        }
        assert_eq!(neighbours.list().len(), MAX_ANNOUNCERS);
        assert!(neighbours.list().contains(&anna));
        for number in 0..100 {
            neighbours.found(format!("anna{number}"), heard(255, number), &contacts);
        }
        let annas = neighbours.list();
        let annas = annas
            .iter()
            .filter(|heard| heard.fingerprint == anna.fingerprint);
        assert_eq!(annas.count(), MAX_PER_FINGERPRINT);
        assert_eq!(neighbours.list().len(), MAX_ANNOUNCERS);
    }
}
