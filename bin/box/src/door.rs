//! What camera and receive share: being found at an address, and knowing who knocks.

use serde_json::json;
use transom::people::{Book, DEFAULT_PORT};
use transom::{Handle, PublicKey, Settings, everywhere};

use crate::args::Door;
use crate::format::count;
use crate::guests::Guests;
use crate::output::Output;
use crate::place::Place;

/// Takes over where to listen and for whom.
pub(crate) fn open(settings: &mut Settings, door: Door, output: &Output) {
    warn_of_strangers(&door.allow, &settings.book, output);
    settings.allow = door.allow.into();
    settings.announce = door.announcing.into();
    settings.listen = if door.listen.is_empty() {
        everywhere(DEFAULT_PORT)
    } else {
        door.listen
    };
}

/// A mistyped name would keep somebody out without a word.
pub(crate) fn warn_of_strangers(guests: &Guests, book: &Book, output: &Output) {
    let Guests::Names(names) = guests else { return };
    for name in names
        .iter()
        .filter(|name| book.find(name.as_str()).is_none())
    {
        output.warn(format!("{name} is not in the contact book"));
    }
}

/// Says who we are, so that others can compare.
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

/// Warns of a book by which nobody may connect.
pub(crate) fn warn_of_empty_book(book: &Book, output: &Output) {
    if book.contacts().is_empty() {
        output.warn("the contact book is empty, so nobody may connect; add somebody with: transom users add NAME HOST key=ID");
    }
}

/// Takes the contact book as it is now; one that can't be read changes nothing.
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

/// Keys that knocked already: each is told once, since its owner's program may try every second.
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

/// Told strangers in one run; more are somebody making keys.
const MAX_KNOCKS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stranger_is_told_once_and_not_without_end() {
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
