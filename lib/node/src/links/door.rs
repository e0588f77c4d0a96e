//! Who is let in: keys are judged by the book, by what was learned, and by the owner's word.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transom_net::PeerId;
use transom_proto::Side;
use transom_users::{Book, Rights, Trust, identify, trust};
use transom_wire::{ByeCode, Capabilities, PeerName, PublicKey};

use super::{Dial, Link, Links, Reach};
use crate::budget::MAX_LINKS_PER_KEY;
use crate::context::Context;
use crate::notice::{Notice, Obstacle};

/// A knock of the same key is told once in this time, so that knocking can't flood a log.
const KNOCK_PAUSE: Duration = Duration::from_secs(10);
/// Different knocking keys remembered for that.
const MAX_KNOCKS: usize = 64;
/// Pause after a refusal: somebody has to edit a file first.
pub(super) const REFUSED_PAUSE: Duration = Duration::from_secs(10);

/// A peer that is let in.
struct Admission {
    peer: PeerName,
    rights: Rights,
    /// Its key was pinned just now.
    first_use: bool,
    /// By which other name that key was known then.
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

/// Somebody who has proven a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) key: PublicKey,
    /// What it calls itself, which proves nothing.
    pub(crate) name: Option<PeerName>,
    pub(crate) address: SocketAddr,
}

impl Links {
    /// A peer has shown its key, proven by the handshake: let it in or not. Nothing of ours went to
    /// it so far.
    pub(crate) fn judge(&mut self, id: PeerId, caller: Caller, side: Side, out: &mut Context) {
        let Caller { key, address, .. } = caller;
        if let Err(error) = self.known.refresh() {
            log::warn!("{error}");
        }
        let link = match side {
            Side::Dialer => self.judge_dialed(id, key, out),
            Side::Listener => self.judge_caller(caller, out),
        };
        let same_key = self.links.values().filter(|link| link.key == key);
        let same_key = same_key.count();
        let now = out.now();
        match link {
            Some(_) if side == Side::Listener && !out.paces.take(key.0, now) => {
                // Not turned away, as a script that is in a hurry would be: its handshake takes a
                // little longer.
                self.waiting.push((id, caller));
            }
            Some(Admission {
                peer,
                rights,
                first_use,
                known_as,
            }) if same_key < MAX_LINKS_PER_KEY => {
                let Some(nonce) = self.machine.random() else {
                    return out.net.refuse(id);
                };
                let mut config = transom_proto::Config::new(self.own_name, self.session, nonce);
                config.capabilities = self.capabilities;
                config.order = self.order;
                config.uplink = self.uplink.clone();
                // Nor do connections made anew and anew let it write more than one does.
                let burst = out.paces.left(key.0, now).max(1);
                config.text_burst = config.text_burst.min(burst);
                config.session_window = self.budget.first();
                out.net.admit(id, config);
                self.links.insert(
                    id,
                    Link {
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
                        // Neither more nor newer connections give a peer a larger share of the
                        // disk.
                        load: self.loads.of(key.0),
                    },
                );
            }
            _ => out.net.refuse(id),
        }
    }

    /// Judges those who came too often for their pace, and whose time has come.
    pub(super) fn judge_waiting(&mut self, now: Instant, out: &mut Context) {
        let due = |(_, caller): &mut (PeerId, Caller)| out.paces.next(caller.key.0, now) <= now;
        for (id, caller) in self.waiting.extract_if(.., due).collect::<Vec<_>>() {
            self.judge(id, caller, Side::Listener, out);
        }
    }

    fn judge_dialed(&mut self, id: PeerId, key: PublicKey, out: &mut Context) -> Option<Admission> {
        let is_this = |dial: &Dial| matches!(dial.reach, Reach::Trying { link: Some(link), .. } if link == id);
        let dial = self.dials.values_mut().find(|dial| is_this(dial))?;
        let contact = &dial.contact;
        let name = contact.name;
        let admission = Admission::of(name, contact.may);
        match trust(contact, &self.book, self.known.peers(), &key) {
            Trust::Pinned => {
                self.name_key(&name, &key);
                Some(self.with_rights_of_owner(admission, &key))
            }
            Trust::FirstUse => {
                let known = identify(&self.book, self.known.peers(), &key);
                let known_as = known.map(|known| known.name);
                match self.known.learn(&name, &key) {
                    Ok(()) => {
                        let admission = self.with_rights_of_owner(admission, &key);
                        Some(Admission {
                            first_use: true,
                            known_as,
                            ..admission
                        })
                    }
                    Err(error) => {
                        let why = format!("their key can't be kept: {error}");
                        self.pause(name, Obstacle::Key, why, Some(REFUSED_PAUSE), out);
                        None
                    }
                }
            }
            Trust::Changed { pinned, in_book } => {
                if dial.told.replace(key) != Some(key) {
                    out.notify(Notice::KeyChanged {
                        peer: name,
                        pinned,
                        offered: key,
                        in_book,
                    });
                }
                let why = "they show another key than the pinned one".into();
                self.pause(name, Obstacle::Key, why, Some(REFUSED_PAUSE), out);
                None
            }
        }
    }

    /// A contact whose key was pinned to its address before it had a name is known by the name too
    /// from now on, as it is when it dials us.
    fn name_key(&mut self, name: &PeerName, key: &PublicKey) {
        let contact = self.book.find(name.as_str());
        let is_nameless = self.known.peers().key_of(name).is_none();
        if is_nameless
            && contact.is_some_and(|contact| contact.key.is_none())
            && let Err(error) = self.known.learn(name, key)
        {
            log::warn!("{error}");
        }
    }

    /// Who was dialed by an address has the rights of the contact whose key is there, if it is any
    /// contact's.
    fn with_rights_of_owner(&self, admission: Admission, key: &PublicKey) -> Admission {
        let rights = self
            .rights_at(&admission.peer, key)
            .unwrap_or(admission.rights);
        Admission {
            rights,
            ..admission
        }
    }

    /// What the book says of a peer that was dialed by that name and has that key.
    fn rights_at(&self, peer: &PeerName, key: &PublicKey) -> Option<Rights> {
        let owner = || identify(&self.book, self.known.peers(), key)?.contact;
        let contact = self.book.find(peer.as_str()).or_else(owner);
        contact.map(|contact| contact.may)
    }

    fn judge_caller(&mut self, caller: Caller, out: &mut Context) -> Option<Admission> {
        let key = caller.key;
        if key == self.own_key {
            // Another program of the same owner on the same key: whoever holds it is us.
            let everything = Rights {
                view: true,
                call: true,
                files: true,
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

    /// Who may come in with that key: somebody of the book, or else a guest. A key that was only
    /// learned when its owner was dialed by address opens no door, and a line taken out of the book
    /// closes it.
    fn person(&self, key: &PublicKey) -> Option<(PeerName, Rights)> {
        let person = identify(&self.book, self.known.peers(), key);
        match person.filter(|person| person.contact.is_some()) {
            Some(person) => {
                let may_come = person.may != Rights::NONE && self.allow.allows(&person.name);
                may_come.then_some((person.name, person.may))
            }
            None => (self.guests.find(key)).filter(|(name, _)| self.is_free(name, key)),
        }
    }

    /// Lets a key in for as long as the station runs. Gives the links whose rights may have changed
    /// by that.
    pub(crate) fn allow_guest(
        &mut self,
        key: PublicKey,
        name: PeerName,
        may: Rights,
        out: &mut Context,
    ) -> Vec<PeerId> {
        match self.is_free(&name, &key) && self.guests.add(key, name, may) {
            true => self.judge_again(out),
            false => {
                log::warn!(
                    "{name} is no name for a guest: it belongs to somebody, or there are too many"
                );
                Vec::new()
            }
        }
    }

    /// Whether a guest with that key may have that name: neither belongs to anybody else, as far as
    /// is known.
    fn is_free(&self, name: &PeerName, key: &PublicKey) -> bool {
        let known = self.known.peers().key_of(name);
        self.book.find(name.as_str()).is_none()
            && self.book.owner_of(key).is_none()
            && known.is_none_or(|known| known == *key)
            && *name != self.own_name
            && *key != self.own_key
    }

    fn knock(&mut self, caller: Caller, out: &mut Context) {
        let Caller { key, name, address } = caller;
        let now = out.now();
        self.knocks.retain(|(_, at)| now - *at < KNOCK_PAUSE);
        if self.knocks.len() < MAX_KNOCKS && !self.knocks.iter().any(|(known, _)| *known == key) {
            self.knocks.push((key, now));
            out.notify(Notice::Knock { key, address, name });
        }
    }

    /// Takes a new book. Links whose peer is not in it any more are closed; gives those whose
    /// rights changed.
    pub(crate) fn replace_book(&mut self, book: Book, out: &mut Context) -> Vec<PeerId> {
        self.book = book;
        self.judge_again(out)
    }

    /// Gives every link the rights it has by now, and closes those that have none.
    fn judge_again(&mut self, out: &mut Context) -> Vec<PeerId> {
        let judged: Vec<_> = self
            .links
            .iter()
            .map(|(id, link)| (*id, self.rights_now(link)))
            .collect();
        for (id, rights) in &judged {
            match (rights, self.links.get_mut(id)) {
                (Some(rights), Some(link)) => link.rights = *rights,
                _ => out.net.close(*id, ByeCode::Done, "not allowed any more"),
            }
        }
        judged.into_iter().map(|(id, _)| id).collect()
    }

    /// What a link may by the book as it is now; `None` for nothing at all.
    fn rights_now(&self, link: &Link) -> Option<Rights> {
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
