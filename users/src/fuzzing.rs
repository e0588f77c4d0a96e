//! Laws for fuzzing: what must hold for any bytes whatever.

use crate::{
    Address, Book, Contact, DEFAULT_PORT, KnownPeers, MAX_CONTACTS, MAX_ERRORS, MAX_KNOWN, Trust,
    add_line, change_line, escape, identify, pins, remove_line, trust,
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
        assert_eq!(book.lookup(contact.name.as_str()).as_ref(), Ok(contact));
        let at = book.lookup(&contact.address.to_string());
        assert!(at.is_ok_and(|at: Contact| at.line > 0));
    }
    known(&text, &book);
    edits(&text, &book);
}

/// An address that is taken is printed and read again the same, and every other spelling of it is
/// the same address.
///
/// # Panics
/// When the law is broken.
pub fn address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(address) = text.parse::<Address>() else {
        return;
    };
    let same = |spelling: String| assert_eq!(spelling.parse().as_ref(), Ok(&address), "{spelling}");
    same(address.to_string());
    let (host, port) = (address.host(), address.port());
    let has_zone = host.contains('%');
    assert!(has_zone || host == host.to_lowercase());
    match address.ip() {
        Some(ip) => {
            assert!(!ip.is_unspecified() && ip == ip.to_canonical());
            assert_eq!(Address::from(std::net::SocketAddr::new(ip, port)), address);
            if let std::net::IpAddr::V4(ip) = ip {
                same(format!("[{}]:{port}", ip.to_ipv6_mapped()));
                same(format!("{ip}.:{port}"));
            }
        }
        None if has_zone => assert!(host.starts_with("fe")),
        None => {
            same(format!("{}.:{port}", host.to_uppercase()));
            assert!(host != "localhost" && !host.ends_with('.'));
        }
    }
    if port == DEFAULT_PORT {
        same(host.to_owned());
    }
    pinned_once(&address, &text);
}

/// A key that was pinned to an address counts in every spelling of it.
fn pinned_once(address: &Address, spelling: &str) {
    let key = transom_wire::PublicKey([7; 32]);
    let (book, mut known) = (Book::default(), KnownPeers::default());
    let (Ok(dialed), Ok(name)) = (book.lookup(&address.to_string()), spelling.parse()) else {
        return;
    };
    if known.learn(name, key).is_ok() {
        assert_eq!(trust(&dialed, &book, &known, &key), Trust::Pinned);
    }
}

/// An edit does what was asked and leaves every other byte; what was added and removed again leaves
/// no trace.
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
        // Only the fields are written anew: the comment stays the same.
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
        if let Ok(dialed) = book.lookup(name.as_str()) {
            assert!(book.find(name.as_str()).is_none() || dialed.name == name);
            let first = pins(&dialed, book, &known).first().map(|(_, first)| *first);
            let expected = dialed.key.or(first);
            assert!(expected.is_some() || dialed.line > 0);
            if let Some(expected) = expected {
                assert_eq!(trust(&dialed, book, &known, &expected), Trust::Pinned);
            }
        }
    }
}
