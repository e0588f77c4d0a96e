//! Whether a key is the right one, and whose it is. Both follow the book first and what was learned second.

use transom_wire::{PeerName, PublicKey};

use crate::book::Book;
use crate::contact::Contact;
use crate::known::KnownPeers;
use crate::rights::Rights;

/// What to think of the key that somebody shows whom we dialed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// It is the one that is pinned to the name.
    Pinned,
    /// None is pinned to the name: it may be learned now.
    FirstUse,
    /// Another one is pinned to the name: go no further.
    Changed {
        /// The key that was expected.
        pinned: PublicKey,
    },
}

/// Somebody whose key is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Person<'a> {
    /// What the user calls them, or called them.
    pub name: PeerName,
    /// What they may do here.
    pub may: Rights,
    /// Their line in the book, if they have one.
    pub contact: Option<&'a Contact>,
}

/// Whether the key that the dialed contact shows is theirs. The `key=` of the book goes before what was learned.
///
/// ```
/// use transom_users::{Book, KnownPeers, Trust, trust};
/// use transom_wire::PublicKey;
/// let key = PublicKey([5; 32]);
/// let (book, _) = Book::parse(&format!("anna 10.0.0.2 key={key}"));
/// let anna = book.contacts()[0].name;
/// let known = KnownPeers::default();
/// assert_eq!(trust(&anna, &book, &known, &key), Trust::Pinned);
/// let other = PublicKey([6; 32]);
/// assert_eq!(trust(&anna, &book, &known, &other), Trust::Changed { pinned: key });
/// ```
pub fn trust(
    contact_name: &PeerName,
    book: &Book,
    known: &KnownPeers,
    offered: &PublicKey,
) -> Trust {
    let written = book.named(contact_name).and_then(|contact| contact.key);
    match written.or_else(|| known.key_of(contact_name)) {
        Some(pinned) if pinned == *offered => Trust::Pinned,
        Some(pinned) => Trust::Changed { pinned },
        None => Trust::FirstUse,
    }
}

/// Who it is that dialed us and showed that key, if anybody known.
///
/// In this order:
/// 1. The first contact with that `key=`.
/// 2. A contact without `key=` for whose name it was learned.
/// 3. Somebody for whose name it was learned and who is not in the book, with the default rights; with none if
///    the book has a line of that name, or lines at all, that could not be read, since it may have given less.
///
/// A key that was learned for the name of a contact whose `key=` is another is nobody's.
///
/// ```
/// use transom_users::{Book, KnownPeers, identify};
/// use transom_wire::PublicKey;
/// let (book, _) = Book::parse("anna 10.0.0.2 may=call");
/// let mut known = KnownPeers::default();
/// known.learn("anna".parse().unwrap(), PublicKey([5; 32])).unwrap();
/// let who = identify(&book, &known, &PublicKey([5; 32])).unwrap();
/// assert_eq!((who.name.as_str(), who.may.call, who.may.view), ("anna", true, false));
/// assert_eq!(identify(&book, &known, &PublicKey([6; 32])), None);
/// ```
pub fn identify<'a>(book: &'a Book, known: &KnownPeers, key: &PublicKey) -> Option<Person<'a>> {
    if let Some(contact) = book.owner_of(key) {
        return Some(Person::of(contact));
    }
    let mut stranger = None;
    for name in known.names_of(key) {
        match book.named(&name) {
            Some(contact) if contact.key.is_none() => return Some(Person::of(contact)),
            Some(_) => {}
            None => {
                let person = Person::outside(name, book);
                // The least of what several names would give.
                if stranger.is_none() || person.may == Rights::NONE {
                    stranger = Some(person);
                }
            }
        }
    }
    stranger
}

impl<'a> Person<'a> {
    fn of(contact: &'a Contact) -> Self {
        Self {
            name: contact.name,
            may: contact.may,
            contact: Some(contact),
        }
    }

    fn outside(name: PeerName, book: &Book) -> Self {
        let may = match book.is_unclear_about(&name) {
            true => Rights::NONE,
            false => Rights::default(),
        };
        let contact = None;
        Self { name, may, contact }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: PublicKey = PublicKey([1; 32]);
    const LEARNED: PublicKey = PublicKey([2; 32]);
    const OTHER: PublicKey = PublicKey([3; 32]);

    fn name(text: &str) -> PeerName {
        text.parse().unwrap()
    }

    fn book(text: &str) -> Book {
        Book::parse(text).0
    }

    fn known(names: &[&str], key: PublicKey) -> KnownPeers {
        let mut known = KnownPeers::default();
        for text in names {
            known.learn(name(text), key).unwrap();
        }
        known
    }

    #[test]
    fn the_book_goes_before_what_was_learned() {
        let book = book(&format!("anna 10.0.0.2 key={WRITTEN}"));
        let known = known(&["anna"], LEARNED);
        let anna = name("anna");
        assert_eq!(trust(&anna, &book, &known, &WRITTEN), Trust::Pinned);
        let changed = Trust::Changed { pinned: WRITTEN };
        assert_eq!(trust(&anna, &book, &known, &LEARNED), changed);
        assert_eq!(identify(&book, &known, &LEARNED), None);
    }

    #[test]
    fn what_was_learned_goes_before_a_first_use() {
        let book = book("anna 10.0.0.2");
        let known = known(&["anna"], LEARNED);
        let anna = name("anna");
        assert_eq!(trust(&anna, &book, &known, &LEARNED), Trust::Pinned);
        let changed = Trust::Changed { pinned: LEARNED };
        assert_eq!(trust(&anna, &book, &known, &OTHER), changed);
        assert_eq!(trust(&name("bob"), &book, &known, &OTHER), Trust::FirstUse);
    }

    #[test]
    fn callers_have_the_rights_of_their_line() {
        let text = format!("anna 10.0.0.2 may=call key={WRITTEN}\nbob 10.0.0.3 may=files");
        let book = book(&text);
        let known = known(&["bob"], LEARNED);
        let anna = identify(&book, &known, &WRITTEN).unwrap();
        assert_eq!(
            (anna.name, anna.may.to_string()),
            (name("anna"), "call".into())
        );
        let bob = identify(&book, &known, &LEARNED).unwrap();
        assert_eq!(
            (bob.name, bob.may.to_string()),
            (name("bob"), "files".into())
        );
        assert_eq!(bob.contact, book.find("bob"));
        assert_eq!(identify(&book, &known, &OTHER), None);
    }

    #[test]
    fn of_two_lines_with_one_key_the_first_counts() {
        let text = format!("home 10.0.0.2 may=view key={WRITTEN}\naway 1.2.3.4 key={WRITTEN}");
        let book = book(&text);
        let who = identify(&book, &KnownPeers::default(), &WRITTEN).unwrap();
        assert_eq!((who.name, who.may.files), (name("home"), false));
    }

    #[test]
    fn a_known_peer_outside_the_book_has_default_rights() {
        let who = Person {
            name: name("carl"),
            may: Rights::default(),
            contact: None,
        };
        let book = book("anna 10.0.0.2");
        assert_eq!(identify(&book, &known(&["carl"], OTHER), &OTHER), Some(who));
    }

    #[test]
    fn a_slip_in_a_line_takes_rights_and_gives_none() {
        let book = book("carl 10.0.0.4 may=veiw");
        let who = identify(&book, &known(&["carl"], OTHER), &OTHER).unwrap();
        assert_eq!(who.may, Rights::NONE);
        let both = known(&["dora", "carl"], OTHER);
        assert_eq!(identify(&book, &both, &OTHER).unwrap().may, Rights::NONE);
    }

    #[test]
    fn a_book_that_was_not_read_to_its_end_gives_nothing_to_those_outside() {
        let book = book(&"# a comment\n".repeat(100_000));
        let who = identify(&book, &known(&["carl"], OTHER), &OTHER).unwrap();
        assert_eq!(who.may, Rights::NONE);
    }

    #[test]
    fn of_several_names_the_one_in_the_book_counts() {
        let book = book("new 10.0.0.2 may=view");
        let known = known(&["old", "new"], OTHER);
        let who = identify(&book, &known, &OTHER).unwrap();
        assert_eq!((who.name, who.may.call), (name("new"), false));
    }
}
