//! Whether a key is the right one, and whose it is. Both follow the book first and what was learned
//! second.

use transom_wire::{PeerName, PublicKey};

use crate::address::Address;
use crate::book::Book;
use crate::contact::Contact;
use crate::known::KnownPeers;
use crate::rights::Rights;

/// Whether the key of a peer that we dialed is trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// It is the one that is pinned.
    Pinned,
    /// None is pinned: it may be learned now.
    FirstUse,
    /// Another one is pinned: go no further.
    Changed {
        /// The key that was expected.
        pinned: PublicKey,
        /// Whether the contact book says so, else the known peers.
        in_book: bool,
    },
}

/// A peer whose key is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Person<'a> {
    /// What the user calls them, or called them.
    pub name: PeerName,
    /// What they may do here.
    pub may: Rights,
    /// Their line in the book, if they have one.
    pub contact: Option<&'a Contact>,
}

/// Whether the key that the dialed contact shows is theirs. The `key=` of the contact goes before
/// that of the book, and this before the first of its [`pins`].
///
/// ```
/// use transom_users::{Book, KnownPeers, Trust, trust};
/// use transom_wire::PublicKey;
/// let key = PublicKey([5; 32]);
/// let (book, _) = Book::parse(&format!("anna 10.0.0.2 key={key}"));
/// let anna = &book.contacts()[0];
/// let known = KnownPeers::default();
/// assert_eq!(trust(anna, &book, &known, &key), Trust::Pinned);
/// let other = PublicKey([6; 32]);
/// let changed = Trust::Changed { pinned: key, in_book: true };
/// assert_eq!(trust(anna, &book, &known, &other), changed);
/// ```
pub fn trust(contact: &Contact, book: &Book, known: &KnownPeers, offered: &PublicKey) -> Trust {
    match pinned(contact, book, known) {
        Some((pinned, _)) if pinned == *offered => Trust::Pinned,
        Some((pinned, in_book)) => Trust::Changed { pinned, in_book },
        None => Trust::FirstUse,
    }
}

/// The key that a contact has to show, if one is pinned, and whether the contact book says so.
///
/// ```
/// use transom_users::{Book, KnownPeers, pinned};
/// use transom_wire::PublicKey;
/// let key = PublicKey([5; 32]);
/// let (book, _) = Book::parse(&format!("anna 10.0.0.2 key={key}\nben 10.0.0.3"));
/// let pin = |at: usize| pinned(&book.contacts()[at], &book, &KnownPeers::default());
/// assert_eq!(pin(0), Some((key, true)));
/// assert_eq!(pin(1), None);
/// ```
pub fn pinned(contact: &Contact, book: &Book, known: &KnownPeers) -> Option<(PublicKey, bool)> {
    let in_line = |contact: &Contact| contact.key;
    let written = contact
        .key
        .or_else(|| book.named(&contact.name).and_then(in_line));
    let learned = || pins(contact, book, known).first().map(|(_, key)| *key);
    match written {
        Some(key) => Some((key, true)),
        None => learned().map(|key| (key, false)),
    }
}

/// The pinned keys that count for a contact, the first of them above all: the one of its name, then
/// those of its address, in whatever spelling they were pinned, and of the address that its name
/// would be.
///
/// By these the first use of an address is the first use of the contact that is written there
/// later. Another contact's name is never taken for an address. Of several keys for one address, as
/// older versions pinned them to its spellings, the one that was learned first counts, since the
/// later ones may be another peer's.
///
/// ```
/// use transom_users::{Book, KnownPeers, pins};
/// use transom_wire::PublicKey;
/// let (first, later) = (PublicKey([5; 32]), PublicKey([6; 32]));
/// let (known, _) = KnownPeers::parse(&format!("10.0.0.2 {first}\n10.0.0.2:7447 {later}\n"));
/// let book = Book::default();
/// let dialed = book.lookup("::ffff:10.0.0.2").unwrap();
/// assert_eq!(pins(&dialed, &book, &known)[0], ("10.0.0.2".parse().unwrap(), first));
/// ```
pub fn pins(contact: &Contact, book: &Book, known: &KnownPeers) -> Vec<(PeerName, PublicKey)> {
    let name = contact.name;
    let named_so = name.as_str().parse::<Address>().ok();
    let is_named_by_address = named_so.as_ref() == Some(&contact.address);
    let is_spelling = |pin: PeerName| {
        let address = pin.as_str().parse::<Address>().ok();
        address.is_some() && (address == named_so || address.as_ref() == Some(&contact.address))
    };
    let counts = |pin: PeerName| pin == name || (book.named(&pin).is_none() && is_spelling(pin));
    let mut pins: Vec<_> = known.iter().filter(|(pin, _)| counts(*pin)).collect();
    // A name of its own says more than an address, which others may have had before.
    if !is_named_by_address {
        pins.sort_by_key(|(pin, _)| *pin != name);
    }
    pins
}

/// The known peer that has dialed us with that key, if any.
///
/// In this order:
/// 1. The first contact with that `key=`.
/// 2. A contact without `key=` for whose name it was learned.
/// 3. A name that is not in the book and for which it was learned, with the default rights;
///    with none if the book has a line of that name, or lines at all, that could not be read, since
///    it may have given less.
///
/// A key that was learned for the name of a contact whose `key=` is another belongs to no peer.
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

    fn changed(pinned: PublicKey, in_book: bool) -> Trust {
        Trust::Changed { pinned, in_book }
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
        let anna = book.find("anna").unwrap();
        assert_eq!(trust(anna, &book, &known, &WRITTEN), Trust::Pinned);
        assert_eq!(trust(anna, &book, &known, &LEARNED), changed(WRITTEN, true));
        // The caller's contact may be older than the book.
        let old = Contact {
            key: None,
            ..anna.clone()
        };
        assert_eq!(trust(&old, &book, &known, &LEARNED), changed(WRITTEN, true));
        assert_eq!(identify(&book, &known, &LEARNED), None);
    }

    #[test]
    fn what_was_learned_goes_before_a_first_use() {
        let book = book("anna 10.0.0.2");
        let known = known(&["anna"], LEARNED);
        let anna = book.find("anna").unwrap();
        assert_eq!(trust(anna, &book, &known, &LEARNED), Trust::Pinned);
        assert_eq!(trust(anna, &book, &known, &OTHER), changed(LEARNED, false));
        let bob = book.lookup("bob").unwrap();
        assert_eq!(trust(&bob, &book, &known, &OTHER), Trust::FirstUse);
    }

    #[test]
    fn a_first_use_is_given_once_to_all_spellings_of_an_address() {
        let spellings = [
            "10.0.0.2",
            "10.0.0.2:7447",
            "::ffff:10.0.0.2",
            "[::ffff:a00:2]:7447",
        ];
        let names = [
            "Door.local",
            "door.local",
            "door.local.:7447",
            "DOOR.LOCAL:7447",
        ];
        let book = book("eve 10.0.0.3");
        for same in [spellings, names] {
            for pinned in same {
                let known = known(&[pinned], LEARNED);
                for dialed in same {
                    let dialed = book.lookup(dialed).unwrap();
                    assert_eq!(trust(&dialed, &book, &known, &LEARNED), Trust::Pinned);
                    let other = trust(&dialed, &book, &known, &OTHER);
                    assert_eq!(other, changed(LEARNED, false), "{pinned} and {dialed:?}");
                }
                for other in ["10.0.0.2:1", "10.0.0.3", "door", "::10.0.0.2"] {
                    let other = book.lookup(other).unwrap();
                    assert_eq!(trust(&other, &book, &known, &OTHER), Trust::FirstUse);
                }
            }
        }
    }

    #[test]
    fn an_address_that_gets_a_name_keeps_its_key() {
        let book = book("porch 10.0.0.2\nyard Yard.local");
        let (porch, yard) = (book.find("porch").unwrap(), book.find("yard").unwrap());
        // By its address, and by its name when that was dialed as a host's.
        for pinned in ["10.0.0.2", "porch:7447"] {
            let known = known(&[pinned], LEARNED);
            assert_eq!(trust(porch, &book, &known, &LEARNED), Trust::Pinned);
            assert_eq!(trust(porch, &book, &known, &OTHER), changed(LEARNED, false));
            assert_eq!(trust(yard, &book, &known, &OTHER), Trust::FirstUse);
        }
        let mut known = known(&["10.0.0.2"], LEARNED);
        known.learn(name("porch"), OTHER).unwrap();
        let pins = pins(porch, &book, &known);
        assert_eq!(pins, [(name("porch"), OTHER), (name("10.0.0.2"), LEARNED)]);
    }

    #[test]
    fn the_name_of_another_contact_is_no_address() {
        let book = book("anna 10.0.0.2\nhome Anna");
        let known = known(&["anna"], LEARNED);
        let home = book.find("home").unwrap();
        assert_eq!(trust(home, &book, &known, &OTHER), Trust::FirstUse);
        assert_eq!(book.lookup("ANNA").unwrap().name, name("home"));
    }

    #[test]
    fn an_address_with_a_key_in_the_book_is_dialed_with_it() {
        let text = format!("old 10.0.0.2\nporch 10.0.0.2 key={WRITTEN}\nyard 10.0.0.4");
        let book = book(&text);
        assert_eq!(book.lookup("::ffff:10.0.0.2").unwrap().name, name("porch"));
        assert_eq!(book.lookup("old").unwrap().name, name("old"));
        assert_eq!(book.lookup("10.0.0.4:7447").unwrap().name, name("yard"));
    }

    #[test]
    fn a_contact_typed_in_another_spelling_is_dialed_with_its_key() {
        let text = format!("Porch 10.0.0.2\nporch 10.0.0.3 key={WRITTEN}\nyard porch");
        let book = book(&text);
        assert_eq!(book.lookup("Porch").unwrap().name, name("Porch"));
        // Somebody's address goes first.
        assert_eq!(book.lookup("PORCH").unwrap().name, name("yard"));
        let book = self::book(&text.replace("yard porch", "yard 10.0.0.4"));
        for typed in ["PORCH", "porch.", "porch:7447", "Porch.:7447"] {
            let dialed = book.lookup(typed).unwrap();
            assert_eq!(dialed.name, name("porch"), "{typed}");
            let other = trust(&dialed, &book, &KnownPeers::default(), &OTHER);
            assert_eq!(other, changed(WRITTEN, true));
        }
        assert_eq!(book.lookup("porch:80").unwrap().name, name("porch:80"));
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
