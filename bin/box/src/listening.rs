//! What camera, receive and a waiting call share: listening for connections, and strangers who try
//! to connect.

use serde_json::json;
use transom::people::{Book, DEFAULT_PORT};
use transom::{Handle, PublicKey, Settings, everywhere};

use crate::args::Listening;
use crate::format::count;
use crate::guests::Guests;
use crate::output::Output;
use crate::place::Place;

/// Applies the options to the settings.
pub(crate) fn apply(settings: &mut Settings, listening: Listening, output: &Output) {
    warn_of_unknown_names(&listening.allow, &settings.book, output);
    settings.allow = listening.allow.into();
    settings.announce = listening.announcing.into();
    settings.listen = if listening.listen.is_empty() {
        everywhere(DEFAULT_PORT)
    } else {
        listening.listen
    };
}

/// A mistyped name would keep a contact out silently.
pub(crate) fn warn_of_unknown_names(guests: &Guests, book: &Book, output: &Output) {
    let Guests::Names(names) = guests else { return };
    for name in names
        .iter()
        .filter(|name| book.find(name.as_str()).is_none())
    {
        output.warn(format!("{name} is not in the contact book"));
    }
}

/// Prints our name and key, so that others can compare them.
pub(crate) fn introduce(settings: &Settings, output: &Output) {
    let key = settings.identity.public_key();
    let human = format!(
        "this is {}, with the key {}",
        settings.name,
        key.fingerprint()
    );
    let json = json!({
        "event": "identity",
        "name": settings.name.as_str(),
        "key": key.to_string(),
        "fingerprint": key.fingerprint().to_string(),
    });
    output.say(human, json);
}

/// Warns if the contact book lets nobody connect.
pub(crate) fn warn_of_empty_book(book: &Book, output: &Output) {
    if book.contacts().is_empty() {
        output.warn("the contact book is empty, so nobody may connect; add a contact with: transom users add NAME HOST key=ID");
    }
}

/// Reads the contact book again; if it can't be read, the old one stays.
pub(crate) fn reload(handle: &Handle, place: &Place, output: &Output) {
    match place.book(output) {
        Ok(book) => {
            let contacts = book.contacts().len() as u64;
            handle.replace_book(book);
            output.say(
                format!(
                    "the contact book was read again: {}",
                    count(contacts, "contact")
                ),
                json!({"event": "reloaded", "contacts": contacts}),
            );
        }
        Err(failure) => output.complain(failure.to_string()),
    }
}

/// Unknown keys that were reported: each is reported once, because its program may try every
/// second.
#[derive(Debug, Default)]
pub(crate) struct Knocks(Vec<PublicKey>);

impl Knocks {
    pub(crate) fn is_new(&mut self, key: &PublicKey) -> bool {
        if self.0.contains(key) || self.0.len() >= MAX_KNOCKS {
            return false;
        }
        self.0.push(*key);
        true
    }
}

/// Limit of strangers reported in one run: more are probably one attacker who generates keys.
const MAX_KNOCKS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stranger_is_reported_once_up_to_a_limit() {
        let mut knocks = Knocks::default();
        let key = |number: usize| PublicKey([u8::try_from(number).unwrap(); 32]);
        assert!(knocks.is_new(&key(0)));
        assert!(!knocks.is_new(&key(0)));
        let told = (0..200)
            .filter(|&number| knocks.is_new(&key(number)))
            .count();
        assert_eq!(told, MAX_KNOCKS - 1);
    }
}
