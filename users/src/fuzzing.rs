//! Laws for fuzzing: what must hold for any bytes whatever.

use crate::{Book, KnownPeers, MAX_CONTACTS, MAX_ERRORS, MAX_KNOWN, escape, identify};

/// What is read is printed and read again the same, within the limits, and fit to be shown.
///
/// # Panics
/// When the law is broken.
pub fn book(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (book, errors) = Book::parse(&text);
    assert!(book.contacts().len() <= MAX_CONTACTS);
    assert!(errors.len() <= MAX_ERRORS + 2);
    for error in &errors {
        let shown = error.to_string();
        assert!(shown.len() < 2_000 && escape(&shown) == shown);
    }
    let printed = book.to_string();
    assert_eq!(Book::parse(&printed), (book.clone(), vec![]));
    for contact in book.contacts() {
        assert_eq!(book.find(contact.name.as_str()), Some(contact));
        assert_eq!(contact.to_string().parse().as_ref(), Ok(contact));
    }
    known(&text, &book);
}

fn known(text: &str, book: &Book) {
    let (known, errors) = KnownPeers::parse(text);
    assert!(known.iter().count() <= MAX_KNOWN && errors.len() <= MAX_ERRORS + 2);
    assert_eq!(
        KnownPeers::parse(&known.to_string()),
        (known.clone(), vec![])
    );
    for (name, key) in known.iter() {
        assert_eq!(known.key_of(&name), Some(key));
        if let Some(person) = identify(book, &known, &key) {
            assert_eq!(person.contact, book.find(person.name.as_str()));
        }
    }
}
