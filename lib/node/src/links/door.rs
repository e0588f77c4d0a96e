//! Who is let in: keys are decided by the book, by what was learned, and by the owner's word.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_net::PeerId;
use transom_proto::Side;
use transom_users::{Book, Contact, Rights, Trust, identify, pinned, trust};
use transom_wire::{ByeCode, Capabilities, PeerName, PublicKey};

use super::dial::{OtherKey, Reach, Route};
use super::pins::{Asker, Pin};
use super::{Links, PeerLink};
use crate::budget::MAX_LINKS_PER_KEY;
use crate::context::Context;
use crate::notice::{KeyNotKept, Notice, Obstacle};
use crate::pins::PinAnswer;

/// A knock of the same key is reported once in this time, so that knocking can't flood a log.
const KNOCK_PAUSE: Duration = Duration::from_secs(10);
/// Keys remembered for that.
const MAX_KNOCKS: usize = 64;
/// Pause after a refusal: the peer's user has to edit the contact book first.
pub(super) const REFUSED_PAUSE: Duration = Duration::from_secs(10);

/// A peer that is admitted.
struct Admission {
    peer: PeerName,
    rights: Rights,
    /// Its key was pinned just now.
    first_use: bool,
    /// Another name under which the key was already known then.
    known_as: Option<PeerName>,
}

impl Admission {
    /// With a key that is pinned already.
    fn of(peer: PeerName, rights: Rights) -> Self {
        Self {
            peer,
            rights,
            first_use: false,
            known_as: None,
        }
    }
}

/// What becomes of a connection whose key is proven.
enum Decision {
    Admit(Admission),
    /// The key is to be kept first.
    Pin(Pin),
    Refuse,
}

/// A connection whose key is proven, before its admission is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) key: PublicKey,
    /// The peer's name for itself, which proves nothing.
    pub(crate) name: Option<PeerName>,
    pub(crate) address: SocketAddr,
}

impl Links {
    /// Decides on the admission of a peer whose key the handshake has proven. Nothing was sent to
    /// it yet except the handshake.
    pub(crate) fn decide(&mut self, id: PeerId, caller: Caller, side: Side, out: &mut Context) {
        let asker = Asker {
            id,
            caller,
            side,
            pin: None,
        };
        match self.is_in_book(&asker) {
            true => self.decide_now(asker, None, out),
            false => self.pins.ask(asker, &mut out.workers),
        }
    }

    /// The pinned keys were read, and those that were to be kept are on the disk or can't be.
    pub(crate) fn pinned(&mut self, answer: PinAnswer, out: &mut Context) {
        for (asker, failed) in self.pins.answered(answer, &mut out.workers) {
            self.decide_now(asker, failed, out);
        }
    }

    /// Whether the contact book or we have the key, so that no pinned key matters.
    fn is_in_book(&self, asker: &Asker) -> bool {
        let key = &asker.caller.key;
        let dialed = || self.dialed(asker.id).map(|(contact, _)| contact);
        match asker.side {
            Side::Listener => *key == self.own_key || self.book.owner_of(key).is_some(),
            Side::Dialer => dialed().is_some_and(|contact| {
                let pinned = pinned(contact, &self.book, self.pins.known());
                matches!(pinned, Some((_, true)))
            }),
        }
    }

    /// `failed`: why the key can't be kept that was to be kept before.
    fn decide_now(&mut self, asker: Asker, failed: Option<KeyNotKept>, out: &mut Context) {
        let Asker {
            id, caller, side, ..
        } = asker;
        let Caller { key, address, .. } = caller;
        let decision = match side {
            Side::Dialer => self.decide_dialed(&asker, failed, out),
            Side::Listener => match self.decide_caller(caller, out) {
                Some(admission) => Decision::Admit(admission),
                None => Decision::Refuse,
            },
        };
        let Admission {
            peer,
            rights,
            first_use,
            known_as,
        } = match decision {
            Decision::Admit(admission) => admission,
            Decision::Pin(pin) => {
                let pin = Some(pin);
                return self.pins.ask(Asker { pin, ..asker }, &mut out.workers);
            }
            Decision::Refuse => return out.net.refuse(id),
        };
        let same_key = self.links.values().filter(|link| link.key == key);
        let same_key = same_key.count();
        let now = out.now();
        if side == Side::Listener && !out.paces.take(key.0, now) {
            // Over its rate limit. It is delayed, not refused: a script that connects often is
            // legitimate.
            return self.waiting.push((id, caller));
        }
        let nonce = self.machine.random();
        let Some(nonce) = nonce.filter(|_| same_key < MAX_LINKS_PER_KEY) else {
            return out.net.refuse(id);
        };
        let mut config = transom_proto::Config::new(self.own_name, self.session, nonce);
        config.capabilities = self.capabilities;
        config.order = self.order;
        config.uplink = self.uplink.clone();
        // Reconnecting does not renew the burst of texts.
        let burst = out.paces.left(key.0, now).max(1);
        config.text_burst = config.text_burst.min(burst);
        config.session_window = self.budget.first();
        out.net.admit(id, config);
        self.links.insert(
            id,
            PeerLink {
                peer,
                key,
                rights,
                side,
                address,
                first_use,
                known_as,
                session: None,
                since: None,
                capabilities: Capabilities::NONE,
                closing: false,
                // All connections of a key share a load: more of them give no larger share of the
                // disk.
                load: self.loads.of(key.0),
            },
        );
    }

    /// Decides on the waiting callers that are within their rate limit again.
    pub(super) fn decide_waiting(&mut self, now: Instant, out: &mut Context) {
        let due = |(_, caller): &mut (PeerId, Caller)| out.paces.next(caller.key.0, now) <= now;
        for (id, caller) in self.waiting.extract_if(.., due).collect::<Vec<_>>() {
            self.decide(id, caller, Side::Listener, out);
        }
    }

    /// The contact that is being dialed by that connection.
    fn dialed(&self, id: PeerId) -> Option<(&Contact, Route)> {
        self.dials.values().find_map(|dial| match dial.reach {
            Reach::Trying {
                link: Some(link),
                route,
                ..
            } if link == id => Some((&dial.contact, route)),
            _ => None,
        })
    }

    fn decide_dialed(
        &mut self,
        asker: &Asker,
        failed: Option<KeyNotKept>,
        out: &mut Context,
    ) -> Decision {
        let key = asker.caller.key;
        let Some((contact, route)) = self.dialed(asker.id) else {
            return Decision::Refuse;
        };
        let name = contact.name;
        let admission = Admission::of(name, contact.may);
        let tried = asker.pin.filter(|pin| pin.name == name);
        match trust(contact, &self.book, self.pins.known(), &key) {
            Trust::Pinned => {
                if let Some(why) = failed {
                    log::warn!("{name}: {why}");
                }
                if tried.is_none() && self.is_nameless(&name) {
                    let (first_use, known_as) = (false, None);
                    return Decision::Pin(Pin {
                        name,
                        first_use,
                        known_as,
                    });
                }
                Decision::Admit(Admission {
                    first_use: tried.is_some_and(|pin| pin.first_use),
                    known_as: tried.and_then(|pin| pin.known_as),
                    ..self.with_rights_of_owner(admission, &key)
                })
            }
            _ if route == Route::Announced => {
                log::debug!("{name} is not where it is announced: another key is there");
                self.try_next(name, out);
                Decision::Refuse
            }
            Trust::FirstUse if tried.is_none() => {
                let known = identify(&self.book, self.pins.known(), &key);
                Decision::Pin(Pin {
                    name,
                    first_use: true,
                    known_as: known.map(|known| known.name),
                })
            }
            Trust::FirstUse => {
                if let Some(why) = failed {
                    let obstacle = Obstacle::KeyNotKept(why);
                    self.pause(name, obstacle, Some(REFUSED_PAUSE), out);
                }
                Decision::Refuse
            }
            Trust::Changed { pinned, in_book } => {
                let key = OtherKey {
                    pinned,
                    offered: key,
                    in_book,
                };
                self.other_key(name, key, out);
                Decision::Refuse
            }
        }
    }

    /// Whether that is a contact whose key is pinned to its address only. The key is pinned to its
    /// name too, so that the contact is also recognised when it dials us.
    fn is_nameless(&self, name: &PeerName) -> bool {
        let contact = self.book.find(name.as_str());
        self.pins.known().key_of(name).is_none()
            && contact.is_some_and(|contact| contact.key.is_none())
    }

    /// A peer that was dialed by its address has the rights of the contact that owns its key, if
    /// there is such a contact.
    fn with_rights_of_owner(&self, admission: Admission, key: &PublicKey) -> Admission {
        let rights = self
            .rights_at(&admission.peer, key)
            .unwrap_or(admission.rights);
        Admission {
            rights,
            ..admission
        }
    }

    /// The rights in the contact book of a peer that was dialed by that name and has that key.
    fn rights_at(&self, peer: &PeerName, key: &PublicKey) -> Option<Rights> {
        let owner = || identify(&self.book, self.pins.known(), key)?.contact;
        let contact = self.book.find(peer.as_str()).or_else(owner);
        contact.map(|contact| contact.may)
    }

    fn decide_caller(&mut self, caller: Caller, out: &mut Context) -> Option<Admission> {
        let key = caller.key;
        if key == self.own_key {
            // Another program of our owner, who alone holds our key.
            let everything = Rights {
                view: true,
                call: true,
                files: true,
                hear: true,
                talk: true,
                auto: true,
            };
            return Some(Admission::of(self.own_name, everything));
        }
        let found = self.person(&key);
        if found.is_none() {
            self.knock(caller, out);
        }
        found.map(|(name, may)| Admission::of(name, may))
    }

    /// The contact or guest with that key, if it may connect. A key that is pinned but belongs to
    /// no contact of the book may not: dialing an address grants nothing, and removing a contact
    /// from the book revokes its rights.
    fn person(&self, key: &PublicKey) -> Option<(PeerName, Rights)> {
        let person = identify(&self.book, self.pins.known(), key);
        match person.filter(|person| person.contact.is_some()) {
            Some(person) => {
                let may_come = person.may != Rights::NONE && self.allow.allows(&person.name);
                may_come.then_some((person.name, person.may))
            }
            None => (self.guests.find(key)).filter(|(name, _)| self.is_free(name, key)),
        }
    }

    /// Admits a key until the station ends. Returns the links whose rights may have changed.
    pub(crate) fn allow_guest(
        &mut self,
        key: PublicKey,
        name: PeerName,
        may: Rights,
        out: &mut Context,
    ) -> Vec<PeerId> {
        let is_connected = |key: &PublicKey| self.links.values().any(|link| link.key == *key);
        match self.is_free(&name, &key) && self.guests.add((key, name, may), is_connected) {
            true => self.update_rights(out),
            false => {
                log::warn!("can't admit {name} as a guest: the name or key is taken");
                Vec::new()
            }
        }
    }

    /// Whether a guest with that key may have that name: neither belongs to a contact, another
    /// known peer, or us.
    fn is_free(&self, name: &PeerName, key: &PublicKey) -> bool {
        let known = self.pins.known().key_of(name);
        self.book.find(name.as_str()).is_none()
            && self.book.owner_of(key).is_none()
            && known.is_none_or(|known| known == *key)
            && *name != self.own_name
            && *key != self.own_key
    }

    /// Whether the key belongs to no contact and not to us.
    pub(crate) fn is_stranger(&self, key: &PublicKey) -> bool {
        let person = identify(&self.book, self.pins.known(), key);
        person.is_none_or(|person| person.contact.is_none()) && *key != self.own_key
    }

    /// What a peer with that key is called here: as the contact that has the key; else as our owner
    /// wishes, or as the peer calls itself, with a number where that name is taken. A name of the
    /// owner's may be that of a contact whose key isn't known; the peer's own may not.
    pub(crate) fn name_for(
        &self,
        wished: Option<PeerName>,
        called: PeerName,
        key: &PublicKey,
    ) -> PeerName {
        let person = identify(&self.book, self.pins.known(), key);
        if let Some(contact) = person.and_then(|person| person.contact) {
            return contact.name;
        }
        let is_keyless = |name: &PeerName| {
            let contact = self.book.find(name.as_str());
            contact.is_some_and(|contact| contact.key.is_none())
                && self.pins.known().key_of(name).is_none()
        };
        if let Some(name) = wished.filter(is_keyless) {
            return name;
        }
        let wanted = wished.unwrap_or(called);
        let mut names = std::iter::once(wanted).chain((2..=99).filter_map(|n| numbered(wanted, n)));
        let is_free =
            |name: &PeerName| self.is_free(name, key) && self.guests.is_name_free(name, key);
        let name = names.find(is_free);
        // A hundred of one name: the key tells them apart.
        name.or_else(|| key.fingerprint().to_string().parse().ok())
            .unwrap_or(wanted)
    }

    fn knock(&mut self, caller: Caller, out: &mut Context) {
        let Caller { key, name, address } = caller;
        let now = out.now();
        if self.forgotten.dials_on(&key, now) {
            return;
        }
        self.knocks.retain(|(_, at)| now - *at < KNOCK_PAUSE);
        if self.knocks.len() < MAX_KNOCKS && !self.knocks.iter().any(|(known, _)| *known == key) {
            self.knocks.push((key, now));
            out.notify(Notice::Knock { key, address, name });
        }
    }

    /// Takes a new contact book and closes links that it does not allow. Returns the links whose
    /// rights may have changed.
    pub(crate) fn replace_book(&mut self, book: Book, out: &mut Context) -> Vec<PeerId> {
        let before = std::mem::replace(&mut self.book, book);
        for contact in before.contacts() {
            if let Some((key, _)) = pinned(contact, &before, self.pins.known())
                && self.is_stranger(&key)
            {
                self.forgotten.add(key, out.now());
            }
        }
        let Self {
            book, pins, guests, ..
        } = self;
        guests.forget(|key| {
            let person = identify(book, pins.known(), key);
            person.is_some_and(|person| person.contact.is_some())
        });
        self.update_rights(out)
    }

    /// Updates the rights of every link, and closes those that have none.
    fn update_rights(&mut self, out: &mut Context) -> Vec<PeerId> {
        let decided: Vec<_> = self
            .links
            .iter()
            .map(|(id, link)| (*id, self.rights_now(link)))
            .collect();
        for (id, rights) in &decided {
            match (rights, self.links.get_mut(id)) {
                (Some(rights), Some(link)) => link.rights = *rights,
                _ => out.net.close(*id, ByeCode::Done, "not allowed any more"),
            }
        }
        decided.into_iter().map(|(id, _)| id).collect()
    }

    /// The current rights of a link; `None` if it has none.
    fn rights_now(&self, link: &PeerLink) -> Option<Rights> {
        match link.side {
            _ if link.key == self.own_key => Some(link.rights),
            Side::Dialer => Some(self.rights_at(&link.peer, &link.key).unwrap_or(link.rights)),
            Side::Listener => self
                .person(&link.key)
                .filter(|(name, _)| *name == link.peer)
                .map(|(_, may)| may),
        }
    }
}

/// The name with a number behind it; `None` if that is too long.
fn numbered(name: PeerName, number: u32) -> Option<PeerName> {
    format!("{name}-{number}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, Settings, parts};

    #[test]
    fn a_guest_that_became_a_contact_is_let_in_by_the_book_alone() {
        let mut settings = Settings::new("me".parse().unwrap(), Identity::throwaway().unwrap());
        let config = transom_net::Config::new(settings.identity.secret.clone(), Vec::new());
        let mut out = parts::open(config).unwrap();
        let mut links = Links::new(&mut settings, 1, out.machine.clone());
        let (anna, ben) = (PublicKey([1; 32]), PublicKey([2; 32]));
        for (key, name) in [(anna, "anna"), (ben, "ben")] {
            let (name, may) = (name.parse().unwrap(), Rights::default());
            links.allow_guest(key, name, may, &mut out);
        }
        let mut let_in = |lines: &str| {
            let (book, errors) = Book::parse(lines);
            assert!(errors.is_empty(), "{errors:?}");
            links.replace_book(book, &mut out);
            [anna, ben].map(|key| links.person(&key).is_some())
        };
        assert_eq!(let_in(""), [true, true]);
        assert_eq!(let_in(&format!("anna h key={anna}")), [true, true]);
        assert_eq!(let_in(""), [false, true], "the owner has removed anna");
    }

    #[test]
    fn a_forgotten_contact_that_dials_on_does_not_knock() {
        let mut settings = Settings::new("me".parse().unwrap(), Identity::throwaway().unwrap());
        let config = transom_net::Config::new(settings.identity.secret.clone(), Vec::new());
        let (anna, ben) = (PublicKey([1; 32]), PublicKey([2; 32]));
        let lines = format!("anna h key={anna}\ncarl h key={}", PublicKey([3; 32]));
        settings.book = Book::parse(&lines).0;
        let mut out = parts::open(config).unwrap();
        let mut links = Links::new(&mut settings, 1, out.machine.clone());
        links.replace_book(Book::parse(lines.lines().nth(1).unwrap()).0, &mut out);
        for key in [anna, ben, anna] {
            let caller = Caller {
                key,
                name: None,
                address: ([127, 0, 0, 1], 1).into(),
            };
            assert!(links.decide_caller(caller, &mut out).is_none());
        }
        let knocks = out.notices.iter().filter_map(|notice| match notice {
            Notice::Knock { key, .. } => Some(*key),
            _ => None,
        });
        assert_eq!(knocks.collect::<Vec<_>>(), [ben]);
    }
}
