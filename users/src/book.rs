//! The contact book: what the user wrote, as understood. It knows no text of its own to change;
//! edits of that are next door.

use std::collections::HashMap;
use std::fmt;

use transom_wire::{InvalidName, PeerName, PublicKey};

use crate::address::{Address, InvalidAddress};
use crate::contact::{Contact, parse_name};
use crate::error::{BookError, Fault};
use crate::lines::{self, MAX_BYTES};
use crate::rights::Rights;

/// The contacts in the order of their lines, each name once.
///
/// Two are equal when they have the same contacts. Shown, it is a text that parses back equal:
///
/// ```
/// use transom_users::Book;
/// let (book, errors) = Book::parse("# mine\nanna 10.0.0.2\nbob bobs-laptop.local may=call\n");
/// assert!(errors.is_empty());
/// assert_eq!(Book::parse(&book.to_string()), (book, vec![]));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Book {
    contacts: Vec<Contact>,
    /// Where in `contacts` a name stands.
    places: HashMap<PeerName, usize>,
    /// Bytes of all contacts written out, at most [`MAX_BYTES`], so that the book can be read back.
    written: usize,
    /// Names of lines that could not be used: such a line may have been meant to limit that name's
    /// rights.
    withheld: Vec<PeerName>,
    /// Lines were left unread, which may be about any name.
    cut: bool,
}

impl Book {
    /// Reads a book. Lines that can't be used are told and left out, the others count.
    ///
    /// The text may be anything: at most [`MAX_BYTES`] of it and [`MAX_CONTACTS`]
    /// contacts are read, and at most [`MAX_ERRORS`](crate::MAX_ERRORS) errors told one by one.
    pub fn parse(text: &str) -> (Self, Vec<BookError>) {
        let mut book = Self::default();
        let outcome = lines::read(text, |number, line| {
            let contact = line.parse::<Contact>().map(|mut contact| {
                contact.line = number;
                contact
            });
            let taken = contact.and_then(|contact| book.insert(contact));
            if taken.is_err() {
                book.withhold(line);
            }
            taken
        });
        book.cut |= outcome.cut;
        (book, outcome.errors)
    }

    /// Adds a contact behind the others.
    ///
    /// # Errors
    /// The name is in the book already, the book is full, or the contact holds what a line can't.
    pub fn add(&mut self, contact: Contact) -> Result<(), Fault> {
        // Printed and read again, since its fields may hold anything, for example a second line.
        let (again, errors) = Self::parse(&contact.to_string());
        if !errors.is_empty() || again.contacts.first() != Some(&contact) {
            return Err(Fault::Unwritable(contact.name));
        }
        self.insert(contact)
    }

    /// All contacts, in the order of their lines.
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// The same contacts without any right. One that no longer fits into a text with that is left
    /// out.
    ///
    /// ```
    /// use transom_users::{Book, Rights};
    /// let (book, _) = Book::parse("anna 10.0.0.2 may=auto");
    /// assert_eq!(book.without_rights().find("anna").unwrap().may, Rights::NONE);
    /// ```
    pub fn without_rights(&self) -> Self {
        let mut book = Self {
            withheld: self.withheld.clone(),
            cut: self.cut,
            ..Self::default()
        };
        for contact in &self.contacts {
            let may = Rights::NONE;
            let taken = book.insert(Contact {
                may,
                ..contact.clone()
            });
            book.cut |= taken.is_err();
        }
        book
    }

    /// The contact of that name, as it is written.
    pub fn find(&self, name: &str) -> Option<&Contact> {
        self.named(&name.parse().ok()?)
    }

    /// The contact at that address; of several the first with a key, else the first.
    pub fn at(&self, address: &Address) -> Option<&Contact> {
        self.first(|it| it.address == *address)
    }

    /// The contact whose name would be that address.
    fn called(&self, address: &Address) -> Option<&Contact> {
        self.first(|it| it.name.as_str().parse::<Address>().as_ref() == Ok(address))
    }

    /// Of the contacts of which that is true the first with a key, else the first.
    fn first(&self, is_one: impl Fn(&Contact) -> bool) -> Option<&Contact> {
        let those = || self.contacts.iter().filter(|it| is_one(it));
        those()
            .find(|it| it.key.is_some())
            .or_else(|| those().next())
    }

    /// What a user means by a typed contact's name or `host[:port]`: the contact of that name, else
    /// the contact at that address, else the contact whose name is another spelling of the same
    /// (`Door.` or `door:7447` for `door`), else a peer that is not in the book and is named by its
    /// address.
    ///
    /// ```
    /// use transom_users::Book;
    /// let (book, _) = Book::parse("door 192.168.1.30 may=view");
    /// for text in ["door", "192.168.1.30", "[::ffff:192.168.1.30]:7447"] {
    ///     assert_eq!(book.lookup(text).unwrap(), book.contacts()[0]);
    /// }
    /// assert_eq!(book.lookup("Yard.local").unwrap().name.as_str(), "yard.local:7447");
    /// assert!(book.lookup("two words").is_err());
    /// ```
    ///
    /// # Errors
    /// The text is neither a contact's name nor an address.
    pub fn lookup(&self, text: &str) -> Result<Contact, Unknown> {
        if let Some(contact) = self.find(text) {
            return Ok(contact.clone());
        }
        let address: Address = text.parse()?;
        // A contact's name is never asked of the network, in whatever spelling: the host of that
        // name may be any machine.
        if let Some(contact) = self.at(&address).or_else(|| self.called(&address)) {
            return Ok(contact.clone());
        }
        Ok(Contact {
            name: address.to_string().parse()?,
            address,
            key: None,
            may: Rights::default(),
            comment: String::new(),
            line: 0,
        })
    }

    /// The first contact that has that key in its line.
    pub fn owner_of(&self, key: &PublicKey) -> Option<&Contact> {
        let mut contacts = self.contacts.iter();
        contacts.find(|contact| contact.key.as_ref() == Some(key))
    }

    pub(crate) fn named(&self, name: &PeerName) -> Option<&Contact> {
        self.contacts.get(*self.places.get(name)?)
    }

    /// Whether the user may have written something about that name which could not be read.
    pub(crate) fn is_unclear_about(&self, name: &PeerName) -> bool {
        self.named(name).is_none() && (self.cut || self.withheld.contains(name))
    }

    fn insert(&mut self, contact: Contact) -> Result<(), Fault> {
        if let Some(first) = self.named(&contact.name) {
            let (name, first) = (contact.name, first.line);
            return Err(Fault::SameName { name, first });
        }
        if self.contacts.len() >= MAX_CONTACTS {
            return Err(Fault::TooMany(MAX_CONTACTS));
        }
        let written = self.written + contact.to_string().len() + 1;
        if written > MAX_BYTES {
            return Err(Fault::LongBook);
        }
        self.written = written;
        self.places.insert(contact.name, self.contacts.len());
        self.contacts.push(contact);
        Ok(())
    }

    /// Remembers the name of a line that can't be used.
    fn withhold(&mut self, line: &str) {
        let name = line.split_whitespace().next().map(parse_name);
        let Some(Ok(name)) = name else { return };
        match self.withheld.len() < MAX_CONTACTS {
            true => self.withheld.push(name),
            false => self.cut = true,
        }
    }
}

/// The text names neither a contact nor an address.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unknown {
    /// It is not an address.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// It is an address that is too long to be a name.
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl PartialEq for Book {
    fn eq(&self, other: &Self) -> bool {
        self.contacts == other.contacts
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.contacts.iter().try_for_each(|it| writeln!(f, "{it}"))
    }
}

/// Contacts of one book: a whole school, not a whole town.
pub const MAX_CONTACTS: usize = 4096;

#[cfg(test)]
mod tests;
