//! What camera, receive and a waiting call share: listening for connections, and strangers who try
//! to connect.

use serde_json::json;
use std::net::SocketAddr;

use transom::people::{Book, Contact, DEFAULT_PORT, Rights};
use transom::{Handle, PeerName, PublicKey, Settings, everywhere};

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

/// Warns if the contact book lets nobody connect, but for clients by HTTP if there is such a door.
pub(crate) fn warn_of_empty_book(book: &Book, has_http: bool, place: &Place, output: &Output) {
    if book.contacts().is_empty() {
        let only = if has_http { " but by HTTP" } else { "" };
        output.warn(format!(
            "the contact book is empty, so nobody may connect{only}; add a contact with: {} users \
             add NAME HOST key=ID",
            place.command()
        ));
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

/// Keys that were turned away and reported: each is reported once, because its program may try
/// every second.
#[derive(Debug, Default)]
pub(crate) struct Knocks(Vec<PublicKey>);

/// A peer that was turned away.
pub(crate) struct Knock {
    pub(crate) key: PublicKey,
    pub(crate) address: SocketAddr,
    /// What the peer calls itself.
    pub(crate) name: Option<PeerName>,
}

impl Knocks {
    /// Prints that a peer was turned away, and how to let it in.
    pub(crate) fn tell(&mut self, knock: &Knock, place: &Place, output: &Output) {
        if !self.is_new(&knock.key) {
            return;
        }
        let contact = place.owner_of(&knock.key);
        let human = knock.words(contact.as_ref(), &place.command());
        output.say(
            human,
            json!({
                "event": "knock",
                "key": knock.key.to_string(),
                "name": knock.name.map(|name| name.as_str().to_owned()),
                "contact": contact.map(|contact| contact.name.as_str().to_owned()),
                "fingerprint": knock.key.fingerprint().to_string(),
                "address": knock.address.to_string(),
            }),
        );
    }

    fn is_new(&mut self, key: &PublicKey) -> bool {
        if self.0.contains(key) || self.0.len() >= MAX_KNOCKS {
            return false;
        }
        self.0.push(*key);
        true
    }
}

impl Knock {
    /// The peer with its contact, if it has one, and the `transom` that changes the book.
    fn words(&self, contact: Option<&Contact>, transom: &str) -> String {
        let Self { key, address, name } = self;
        match contact {
            Some(Contact { name, may, .. }) => {
                let why = match *may {
                    Rights::NONE => "its line gives no rights",
                    _ => "is not among the names of --allow",
                };
                format!(
                    "{name} at {address} was turned away: {name} is in the contact book, but {why}"
                )
            }
            None => format!(
                "a stranger at {address}{} was turned away; if you know the key {}, let them in \
                 with: {transom} users add NAME {} key={key}",
                name.map_or_else(String::new, |name| format!(", who goes by {name},")),
                key.fingerprint(),
                address.ip(),
            ),
        }
    }
}

/// Limit of strangers reported in one run: more are probably one attacker who generates keys.
const MAX_KNOCKS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_that_is_turned_away_is_no_stranger() {
        let knock = Knock {
            key: PublicKey([7; 32]),
            address: ([192, 168, 1, 5], 4000).into(),
            name: Some("vm".parse().unwrap()),
        };
        let line = format!("vm 192.168.1.5 key={}", knock.key);
        let contact: Contact = line.parse().unwrap();
        let words = |may| {
            let contact = contact.clone();
            knock.words(Some(&Contact { may, ..contact }), "transom")
        };
        let told = "vm at 192.168.1.5:4000 was turned away: vm is in the contact book, but ";
        let end = |words: String| words.strip_prefix(told).map(str::to_owned);
        let not_allowed = "is not among the names of --allow";
        assert_eq!(end(words(Rights::default())).as_deref(), Some(not_allowed));
        assert_eq!(
            end(words(Rights::NONE)).as_deref(),
            Some("its line gives no rights")
        );
        let stranger = knock.words(None, "transom --users 'my book'");
        let hint = "let them in with: transom --users 'my book' users add NAME 192.168.1.5 key=";
        assert!(stranger.contains(hint), "{stranger}");
    }

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
