//! Laws for fuzzing: what must hold for any bytes whatever.

use crate::{
    Book, KnownPeers, MAX_CONTACTS, MAX_ERRORS, MAX_KNOWN, add_line, change_line, escape, identify,
    remove_line,
};

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
        assert_eq!(escape(contact.name.as_str()), contact.name.as_str());
    }
    known(&text, &book);
    edits(&text, &book);
}

/// An edit does what was asked and leaves every other byte; what was added and removed again leaves no trace.
fn edits(text: &str, book: &Book) {
    for contact in book.contacts().iter().take(2) {
        let Ok(without) = remove_line(text, &contact.name) else {
            continue;
        };
        assert!(
            without.len() < text.len()
                && Book::parse(&without)
                    .0
                    .find(contact.name.as_str())
                    .is_none()
        );
        if let Ok(again) = add_line(&without, contact) {
            assert!(again.starts_with(&without));
            let gone = remove_line(&again, &contact.name);
            assert!(gone.is_ok_and(|gone| gone.starts_with(&without)));
        }
        // Only the fields are written anew: whoever changes nothing else finds the same comment.
        if let Ok(same) = change_line(text, contact) {
            assert_eq!(Book::parse(&same).0, *book);
            assert_eq!(same.matches('\n').count(), text.matches('\n').count());
        }
    }
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
