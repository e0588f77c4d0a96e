//! One contact added to, changed in or taken out of the text of a book, at its owner's wish; all
//! else of the text stays byte for byte. It reads and writes no file.

use std::ops::Range;

use transom_wire::{PeerName, PublicKey};

use crate::book::Book;
use crate::contact::{Contact, split_comment};
use crate::error::Fault;
use crate::lines::MAX_BYTES;

/// Why the text can't be edited; it is as it was.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// No contact of the book has that name.
    #[error("{0} is not in the contact book")]
    Missing(PeerName),
    /// A line further down has the name too, and would count from then on.
    #[error("{name} stands in line {line} as well; remove that line by hand first")]
    Again {
        /// The name.
        name: PeerName,
        /// The other line.
        line: usize,
    },
    /// Other lines would be read otherwise than before.
    #[error("the rest of the file would be read otherwise then; edit it by hand")]
    Misread,
    /// The contact can't be in this book, or in any.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The text with a line for that contact behind the others.
///
/// ```
/// use transom_users::add_line;
/// let text = "# mine\nanna 10.0.0.2";
/// let longer = add_line(text, &"bob 10.0.0.3".parse().unwrap()).unwrap();
/// assert_eq!(longer, "# mine\nanna 10.0.0.2\nbob 10.0.0.3:7447\n");
/// ```
///
/// # Errors
/// The name is in the book already, the book is full, or the contact holds what a line can't.
pub fn add_line(text: &str, contact: &Contact) -> Result<String, EditError> {
    let (mut wanted, _) = Book::parse(text);
    wanted.add(contact.clone())?;
    let end = line_end(text);
    let mut longer = text.to_owned();
    if !(text.is_empty() || text.ends_with('\n')) {
        longer.push_str(end);
    }
    longer.push_str(&contact.to_string());
    longer.push_str(end);
    checked(longer, &wanted)
}

/// The text with that contact in place of the one of the same name. A comment that stays keeps its
/// place and its spaces.
///
/// ```
/// use transom_users::change_line;
/// let text = "anna 10.0.0.2   # from work\r\n\r\n# the end\r\n";
/// let changed = change_line(text, &"anna 10.0.0.9 may=call # from work".parse().unwrap()).unwrap();
/// assert_eq!(changed, "anna 10.0.0.9:7447 may=call   # from work\r\n\r\n# the end\r\n");
/// ```
///
/// # Errors
/// The name is not in the book, or the contact holds what a line can't.
pub fn change_line(text: &str, contact: &Contact) -> Result<String, EditError> {
    let (book, _) = Book::parse(text);
    Book::default().add(contact.clone())?;
    let old = find(&book, &contact.name)?;
    let range = range_of(text, old.line).ok_or(EditError::Missing(contact.name))?;
    let line = text.get(range.clone()).unwrap_or("");
    let changed = spliced(text, range, &rewritten(line, contact));
    let contacts = book.contacts().iter();
    let wanted = contacts.map(|it| if it.name == contact.name { contact } else { it });
    checked(changed, &gathered(wanted)?)
}

/// The text with a contact that was learned by a pairing: in place of the contact that has its key,
/// or that has its name and no key; else behind the others. A comment stays. The same key keeps the
/// rights that it has already and gets those of the pairing too: the defaults of a pairing are
/// those of a first meeting, and to take rights away is a change of the book. A contact without a
/// key gets the rights of the pairing only: rights belong to a key, and this key had none.
///
/// ```
/// use transom_users::{Contact, paired_line};
/// let key = transom_wire::PublicKey([5; 32]);
/// let anna: Contact = format!("anna 10.0.0.9 key={key} may=call").parse().unwrap();
/// let old = format!("anna 10.0.0.2 key={key} may=hear # from work\n");
/// let text = paired_line(&old, &anna).unwrap();
/// assert_eq!(text, format!("anna 10.0.0.9:7447 key={key} may=call,hear # from work\n"));
/// let text = paired_line("anna 10.0.0.2 may=hear # from work\n", &anna).unwrap();
/// assert_eq!(text, format!("anna 10.0.0.9:7447 key={key} may=call # from work\n"));
/// ```
///
/// # Errors
/// The name belongs to a contact with another key, the book is full, or the contact holds what a
/// line can't.
pub fn paired_line(text: &str, contact: &Contact) -> Result<String, EditError> {
    let (book, _) = Book::parse(text);
    let owner = contact.key.and_then(|key| book.owner_of(&key));
    let namesake = || {
        book.find(contact.name.as_str())
            .filter(|it| it.key.is_none())
    };
    let Some(old) = owner.or_else(namesake) else {
        return add_line(text, contact);
    };
    let comment = match contact.comment.is_empty() {
        true => old.comment.clone(),
        false => contact.comment.clone(),
    };
    let may = match old.key == contact.key {
        true => old.may | contact.may,
        false => contact.may,
    };
    let changed = Contact {
        name: old.name,
        may,
        comment,
        ..contact.clone()
    };
    change_line(text, &changed)
}

/// The text with another name for that contact, and that key in its line.
///
/// ```
/// use transom_users::rename_line;
/// let (old, new) = ("anna".parse().unwrap(), "Anna-B".parse().unwrap());
/// let changed = rename_line("anna 10.0.0.2 # from work\n", &old, new, None).unwrap();
/// assert_eq!(changed, "Anna-B 10.0.0.2:7447 # from work\n");
/// ```
///
/// # Errors
/// The old name is not in the book, or the new one is.
pub fn rename_line(
    text: &str,
    name: &PeerName,
    to: PeerName,
    key: Option<PublicKey>,
) -> Result<String, EditError> {
    let (book, _) = Book::parse(text);
    let old = find(&book, name)?;
    let renamed = Contact {
        name: to,
        key,
        ..old.clone()
    };
    let range = range_of(text, old.line).ok_or(EditError::Missing(*name))?;
    let line = text.get(range.clone()).unwrap_or("");
    let changed = spliced(text, range, &rewritten(line, &renamed));
    let contacts = book.contacts().iter();
    let wanted = contacts.map(|it| if it.name == *name { &renamed } else { it });
    checked(changed, &gathered(wanted)?)
}

/// The text without the line of the contact of that name.
///
/// ```
/// use transom_users::remove_line;
/// let name = "anna".parse().unwrap();
/// assert_eq!(remove_line("# mine\nanna h\nbob h\n", &name).unwrap(), "# mine\nbob h\n");
/// ```
///
/// # Errors
/// The name is not in the book, or stands further down once more.
pub fn remove_line(text: &str, name: &PeerName) -> Result<String, EditError> {
    let (book, _) = Book::parse(text);
    let old = find(&book, name)?.line;
    let range = range_of(text, old).ok_or(EditError::Missing(*name))?;
    let with_end = range.start..text.len().min(next_line(text, range.end));
    let shorter = spliced(text, with_end, "");
    if let Some(again) = Book::parse(&shorter).0.find(name.as_str()) {
        let line = again.line + usize::from(again.line >= old);
        return Err(EditError::Again { name: *name, line });
    }
    let wanted = gathered(book.contacts().iter().filter(|it| it.name != *name))?;
    checked(shorter, &wanted)
}

fn find<'a>(book: &'a Book, name: &PeerName) -> Result<&'a Contact, EditError> {
    book.find(name.as_str()).ok_or(EditError::Missing(*name))
}

/// The fields of the contact in the clothes of the old line: what stands before the name, and the
/// comment if it is the same.
fn rewritten(line: &str, contact: &Contact) -> String {
    let inner = line.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let lead = line.len() - inner.len();
    let (fields, comment) = split_comment(inner);
    let bare = Contact {
        comment: String::new(),
        ..contact.clone()
    };
    let kept = fields.trim_end().len();
    let tail = match comment == contact.comment {
        true => inner.get(kept..).unwrap_or(""),
        false => "",
    };
    let whole = if tail.is_empty() { contact } else { &bare };
    format!("{}{whole}{tail}", line.get(..lead).unwrap_or(""))
}

/// Where the line of that number is, counted from 1, without its end.
fn range_of(text: &str, number: usize) -> Option<Range<usize>> {
    let mut start = 0;
    for _ in 1..number {
        start = next_line(text, start);
    }
    let rest = text.get(start..)?;
    let line = rest.split('\n').next()?;
    let line = line.strip_suffix('\r').unwrap_or(line);
    Some(start..start + line.len())
}

/// Where the line behind the one at that place begins.
fn next_line(text: &str, at: usize) -> usize {
    let newline = text.get(at..).and_then(|rest| rest.find('\n'));
    newline.map_or(text.len(), |found| at + found + 1)
}

/// The kind of line end that the text has.
fn line_end(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((first, _)) if first.ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

fn spliced(text: &str, range: Range<usize>, with: &str) -> String {
    let (before, after) = (text.get(..range.start), text.get(range.end..));
    [before.unwrap_or(""), with, after.unwrap_or("")].concat()
}

fn gathered<'a>(contacts: impl Iterator<Item = &'a Contact>) -> Result<Book, EditError> {
    let mut book = Book::default();
    for contact in contacts {
        book.add(contact.clone())?;
    }
    Ok(book)
}

/// Hands out no text that would be read as another book than the one that is wanted.
fn checked(text: String, wanted: &Book) -> Result<String, EditError> {
    let (book, _) = Book::parse(&text);
    if book == *wanted {
        return Ok(text);
    }
    if text.len() > MAX_BYTES {
        return Err(Fault::LongText(text.len()).into());
    }
    Err(EditError::Misread)
}

#[cfg(test)]
mod tests;
