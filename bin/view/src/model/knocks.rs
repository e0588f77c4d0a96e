//! Strangers: keys that are in no book. What a stranger says about itself proves nothing.

use std::net::SocketAddr;

use transom::{PeerName, PublicKey};

use super::{News, State};

/// Maximum number of strangers on the screen. Any host can knock with any number of keys, so the
/// oldest knocks are dropped.
const MAX_KNOCKS: usize = 8;
/// Keys that are ignored; a person clicks no more often.
const MAX_IGNORED: usize = 256;
/// Names tried for a guest before there is none: as many guests as a contact book has room for.
const MAX_TRIED: usize = 4096;

/// An unknown peer that asks to be let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Knock {
    /// The key it showed.
    pub(crate) key: PublicKey,
    /// From where.
    pub(crate) address: SocketAddr,
    /// What it says it is.
    pub(crate) claims: Option<PeerName>,
}

impl State {
    pub(super) fn knocked(&mut self, knock: Knock) {
        if !self.config.strangers || self.ignored.contains(&knock.key) {
            return;
        }
        if let Some(same) = self.knocks.iter_mut().find(|one| one.key == knock.key) {
            *same = knock;
            return;
        }
        if self.knocks.len() >= MAX_KNOCKS {
            self.knocks.remove(0);
        }
        self.knocks.push(knock);
    }

    /// The key has been decided about, or will be: its card goes.
    pub(super) fn forget_knock(&mut self, key: &PublicKey) {
        self.knocks.retain(|knock| knock.key != *key);
    }

    pub(super) fn ignore(&mut self, key: PublicKey) {
        self.forget_knock(&key);
        if self.ignored.len() >= MAX_IGNORED {
            self.ignored.remove(0);
        }
        self.ignored.push(key);
    }

    pub(super) fn let_in(&mut self, key: &PublicKey, guest: &PeerName) {
        self.forget_knock(key);
        self.tell(News::LetIn(*guest));
    }

    /// The contact whose name a stranger says, and whose key is another.
    pub(crate) fn namesake(&self, knock: &Knock) -> Option<PeerName> {
        let mut people = self.people.iter();
        let same = people.find(|one| one.contact.is_some() && Some(one.name) == knock.claims)?;
        let other = same.key.is_some_and(|key| key != knock.key);
        other.then_some(same.name)
    }

    /// A name for a guest: its own name if it is free, else that name with a number.
    pub(crate) fn guest_name(&self, claims: Option<PeerName>) -> Option<PeerName> {
        let is_free = |name: &PeerName| self.people.iter().all(|person| person.name != *name);
        let word = claims.map_or_else(|| "guest".to_owned(), |name| name.to_string());
        let numbered = (2..MAX_TRIED).map(|number| format!("{word}-{number}"));
        let plain = (2..MAX_TRIED).map(|number| format!("guest-{number}"));
        let mut names = std::iter::once(word.clone())
            .chain(numbered)
            .chain(plain)
            .filter_map(|name| name.parse().ok());
        names.find(is_free)
    }
}
