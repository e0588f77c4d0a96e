//! `transom users`: the contact book as understood, and the keys learned on first use.

use std::path::PathBuf;

use serde_json::{Value, json};
use transom::people::{Book, Contact, KnownPeers, add_line, pins};
use transom::{PeerName, PublicKey};

use crate::args::{Users, UsersCommand};
use crate::book_file;
use crate::failure::Failure;
use crate::format::{columns, count, padded};
use crate::output::Output;
use crate::place::{self, Place};

pub(crate) fn run(arguments: Users, place: &Place, output: &Output) -> Result<(), Failure> {
    match arguments.what {
        None => list(place, output),
        Some(UsersCommand::Check { file }) => check(file, place, output),
        Some(UsersCommand::Add { line }) => add(&line.join(" "), place, output),
        Some(UsersCommand::Trust { name, id }) => trust(&name, &id, place, output),
        Some(UsersCommand::Forget { name }) => forget(&name, place, output),
    }
}

fn list(place: &Place, output: &Output) -> Result<(), Failure> {
    let book = place.book(output)?;
    let known = place::known_peers(&place.state()?)?;
    if output.is_json() {
        for contact in book.contacts() {
            output.answer("", contact_json(contact, &book, known.peers()));
        }
        for (name, key) in strangers(&book, known.peers()) {
            output.answer(
                "",
                json!({"event": "known_peer", "name": name.as_str(), "key": key.to_string()}),
            );
        }
        return Ok(());
    }
    output.answer(table(&book, known.peers(), &place.looked_in()), Value::Null);
    Ok(())
}

/// The book as columns, and below it the pinned keys of names that are not in it.
fn table(book: &Book, known: &KnownPeers, source: &str) -> String {
    let contacts = book.contacts();
    let mut text = match contacts.len() as u64 {
        0 => format!("no contacts in {source}; add a contact with: transom users add NAME HOST"),
        contacts => format!("{} in {source}", count(contacts, "contact")),
    };
    let rows: Vec<[String; 5]> = contacts
        .iter()
        .map(|contact| row(contact, book, known))
        .collect();
    let width = |column: usize| rows.iter().map(|row| columns(&row[column])).max();
    let widths: [_; 5] = std::array::from_fn(|column| width(column).unwrap_or(0));
    for row in &rows {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> = cells.map(|(cell, width)| padded(cell, width)).collect();
        text.push('\n');
        text.push_str(cells.join("  ").trim_end());
    }
    for (name, key) in strangers(book, known) {
        text.push_str(&format!(
            "\n{name} is not in the book, but the key {} is pinned",
            key.fingerprint()
        ));
    }
    text
}

fn row(contact: &Contact, book: &Book, known: &KnownPeers) -> [String; 5] {
    let key = match (contact.key, pinned_key(contact, book, known)) {
        (Some(key), _) => format!("{} (book)", key.fingerprint()),
        (None, Some(key)) => format!("{} (pinned)", key.fingerprint()),
        (None, None) => "no key yet".into(),
    };
    [
        contact.name.to_string(),
        contact.address.to_string(),
        key,
        contact.may.to_string(),
        contact.comment.clone(),
    ]
}

/// The key that was pinned on first use, under the contact's name or its address.
fn pinned_key(contact: &Contact, book: &Book, known: &KnownPeers) -> Option<PublicKey> {
    Some(pins(contact, book, known).first()?.1)
}

/// The pinned keys that belong to no contact.
fn strangers(book: &Book, known: &KnownPeers) -> Vec<(PeerName, PublicKey)> {
    let is_contact = |name: &PeerName| book.lookup(name.as_str()).is_ok_and(|it| it.line > 0);
    known.iter().filter(|(name, _)| !is_contact(name)).collect()
}

fn contact_json(contact: &Contact, book: &Book, known: &KnownPeers) -> Value {
    let pinned = pinned_key(contact, book, known);
    json!({
        "event": "contact",
        "name": contact.name.as_str(),
        "address": contact.address.to_string(),
        "key": contact.key.or(pinned).map(|key| key.to_string()),
        "key_from": contact.key.map(|_| "book").or(pinned.map(|_| "first_use")),
        "may": contact.may.to_string(),
        "comment": contact.comment,
        "line": contact.line,
    })
}

/// Bad lines are the result of the command, so they go to stdout.
fn check(file: Option<PathBuf>, place: &Place, output: &Output) -> Result<(), Failure> {
    let path = match file.or_else(|| place.users()) {
        Some(path) => path,
        None => {
            return Err(Failure::usage(
                "nothing to check",
                "there is no contact book; name a FILE",
            ));
        }
    };
    let (book, errors) = place::read_book(&path)?;
    for error in &errors {
        output.answer(error, json!({"event": "bad_line", "text": error}));
    }
    let contacts = book.contacts().len() as u64;
    if errors.is_empty() {
        let human = format!(
            "{}: {}, no bad line",
            path.display(),
            count(contacts, "contact")
        );
        output.say(human, json!({"event": "checked", "contacts": contacts}));
        return Ok(());
    }
    let found = format!(
        "{}, but {} can be used",
        count(errors.len() as u64, "bad line"),
        count(contacts, "contact")
    );
    Err(Failure::new(
        format!("{} has bad lines", path.display()),
        found,
    ))
}

fn add(line: &str, place: &Place, output: &Output) -> Result<(), Failure> {
    let line = line.trim();
    if line.contains(['\n', '\r']) {
        // It is written as typed, so a second line would be another contact.
        return Err(Failure::usage("that is no contact", "it has several lines").next(GRAMMAR));
    }
    let contact: Contact = line
        .parse()
        .map_err(|error| Failure::usage("that is no contact", error).next(GRAMMAR))?;
    let path = place.users_to_write()?;
    let text = match path.exists() {
        true => place::read_text(&path)?,
        false => String::new(),
    };
    let (book, _) = Book::parse(&text);
    if let Some(old) = book.find(contact.name.as_str()) {
        let place = format!("{}:{}", path.display(), old.line);
        return Err(
            Failure::new(format!("{} is in the book already", contact.name), place)
                .next("change that line"),
        );
    }
    // A line that would not be read back, because the file is too long, is not written.
    add_line(&text, &contact)
        .map_err(|error| Failure::new(format!("can't add {}", contact.name), error))?;
    book_file::append(&path, line)
        .map_err(|error| Failure::new(format!("can't write to {}", path.display()), error))?;
    let human = format!("{} is now in {}", contact.name, path.display());
    output.say(human, json!({"event": "added", "name": contact.name.as_str(), "file": path.display().to_string()}));
    Ok(())
}

fn trust(name: &PeerName, key: &PublicKey, place: &Place, output: &Output) -> Result<(), Failure> {
    let what = format!("can't pin {name}");
    let book = place.book(output)?;
    let contact = book.lookup(name.as_str()).ok();
    if let Some(contact) = contact
        .as_ref()
        .filter(|it| it.key.is_some_and(|it| it != *key))
    {
        let (book, line) = (place.looked_in(), contact.line);
        let why = format!("{book} has another key in line {line}");
        return Err(Failure::new(what, why).next("change key= in that line"));
    }
    let mut known = place::known_peers(&place.state()?)?;
    let pins = pins_of(name, contact.as_ref(), &book, known.peers());
    if pins.first().is_some_and(|(_, pinned)| pinned != key) {
        let todo = format!("if this one is right, first: transom users forget {name}");
        return Err(Failure::new(what, "another key is pinned already").next(todo));
    }
    let name = contact.map_or(*name, |contact| pinned_name(name, &contact));
    known
        .learn(&name, key)
        .map_err(|error| Failure::new(what, error))?;
    let human = format!("{name} is pinned to {}", key.fingerprint());
    output.say(
        human,
        json!({"event": "trusted", "name": name.as_str(), "key": key.to_string()}),
    );
    Ok(())
}

/// The name that a key is pinned to: that of a contact, an address, or a word that may become a
/// contact's name.
fn pinned_name(typed: &PeerName, contact: &Contact) -> PeerName {
    let is_word = contact.address.ip().is_none() && !typed.as_str().contains(':');
    match contact.line == 0 && is_word {
        true => *typed,
        false => contact.name,
    }
}

/// The pinned keys for a typed name or address; a name that is no address has at most one.
fn pins_of(
    name: &PeerName,
    contact: Option<&Contact>,
    book: &Book,
    known: &KnownPeers,
) -> Vec<(PeerName, PublicKey)> {
    match contact {
        Some(contact) => pins(contact, book, known),
        None => known
            .key_of(name)
            .map(|key| (*name, key))
            .into_iter()
            .collect(),
    }
}

/// Forgets all pinned keys that would be checked when the contact or address is dialed again.
fn forget(name: &PeerName, place: &Place, output: &Output) -> Result<(), Failure> {
    let mut known = place::known_peers(&place.state()?)?;
    let book = place.book(output)?;
    let contact = book.lookup(name.as_str()).ok();
    let forgotten = pins_of(name, contact.as_ref(), &book, known.peers());
    for (name, _) in &forgotten {
        known
            .forget(name.as_str())
            .map_err(|error| Failure::new(format!("can't forget {name}"), error))?;
    }
    if let Some(contact) = contact.filter(|contact| contact.key.is_some()) {
        let why = format!("{} has it in line {}", place.looked_in(), contact.line);
        let what = format!("{} still has a key", contact.name);
        return Err(Failure::new(what, why).next("change or remove key= there"));
    }
    if forgotten.is_empty() {
        return Err(Failure::new(
            "nothing to forget",
            format!("no key is pinned to {name}"),
        ));
    }
    for (name, key) in forgotten {
        let print = key.fingerprint();
        let human =
            format!("forgot the key {print} of {name}; the next one they show will be pinned");
        let json = json!({"event": "forgotten", "name": name.as_str(), "key": key.to_string()});
        output.say(human, json);
    }
    Ok(())
}

const GRAMMAR: &str =
    "write: NAME HOST[:PORT] [key=ID] [may=view,hear,talk,call,files,auto] [#COMMENT]";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_straight_columns_and_says_where_a_key_is_from() {
        let key = PublicKey([3; 32]);
        let text = format!(
            "# people\nporch 192.168.1.20 key={key} may=view #front door\nben 10.0.0.7:99\n"
        );
        let (book, errors) = Book::parse(&text);
        assert!(errors.is_empty(), "{errors:?}");
        let (known, errors) = KnownPeers::parse(&format!("ben {key}\nold {key}\n"));
        assert!(errors.is_empty(), "{errors:?}");
        let table = table(&book, &known, "the book");
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "2 contacts in the book");
        assert!(
            lines[1].contains("(book)") && lines[2].contains("(pinned)"),
            "{table}"
        );
        assert_eq!(lines[1].find("192."), lines[2].find("10.0"));
        assert!(lines[3].starts_with("old is not in the book"), "{table}");
    }

    #[test]
    fn a_contact_has_the_key_that_was_pinned_to_its_address() {
        let key = PublicKey([3; 32]);
        let (book, _) = Book::parse("door 10.0.0.2\n");
        let (known, _) = KnownPeers::parse(&format!("10.0.0.2:7447 {key}\n"));
        let table = table(&book, &known, "the book");
        let pinned = format!("{} (pinned)", key.fingerprint());
        assert!(table.contains(&pinned), "{table}");
        assert!(!table.contains("not in the book"), "{table}");
        let json = contact_json(&book.contacts()[0], &book, &known);
        assert_eq!(json["key"], key.to_string());
        assert_eq!(json["key_from"], "first_use");
    }
}
