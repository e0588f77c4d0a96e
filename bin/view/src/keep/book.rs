//! The contact list of the person, changed by single lines at their explicit wish. It is read anew
//! before each change, so what another program wrote meanwhile stays.

use std::path::{Path, PathBuf};

use crate::words;
use transom::{PeerName, PublicKey};
use transom_users::{
    Book, Contact, EditError, MAX_BYTES, add_line, change_line, paired_line, remove_line,
    rename_line,
};

use super::file;

/// The file.
#[derive(Debug)]
pub(super) struct BookFile {
    path: PathBuf,
}

impl BookFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Writes a contact in place of what it was, or behind the others. Gives back the whole book.
    pub(super) fn save(&self, before: Option<&Contact>, contact: &Contact) -> Result<Book, String> {
        self.edit(|text| match before {
            None => add_line(text, contact).map_err(|error| self.told(&error)),
            Some(before) => {
                let (book, _) = Book::parse(text);
                if book.find(before.name.as_str()) != Some(before) {
                    return Err(words::changed_meanwhile());
                }
                change_line(text, contact).map_err(|error| self.told(&error))
            }
        })
    }

    /// Writes a paired contact: a new line, or the line of that key. Gives back the whole book.
    pub(super) fn pair(&self, contact: &Contact) -> Result<Book, String> {
        self.edit(|text| paired_line(text, contact).map_err(|error| self.told(&error)))
    }

    /// Changes a contact's name in its line, and writes its key there. Gives back the whole book.
    pub(super) fn rename(
        &self,
        peer: &PeerName,
        to: PeerName,
        key: Option<PublicKey>,
    ) -> Result<Book, String> {
        self.edit(|text| {
            let (book, _) = Book::parse(text);
            let known = book.find(peer.as_str()).and_then(|contact| contact.key);
            let renamed = rename_line(text, peer, to, known.or(key));
            renamed.map_err(|error| self.told(&error))
        })
    }

    /// Takes a contact out. Gives back the whole book.
    pub(super) fn remove(&self, name: &PeerName) -> Result<Book, String> {
        self.edit(|text| remove_line(text, name).map_err(|error| self.told(&error)))
    }

    fn edit(&self, change: impl Fn(&str) -> Result<String, String>) -> Result<Book, String> {
        let text = file::read_text(&self.path, MAX_BYTES)?.unwrap_or_default();
        let changed = change(&text)?;
        file::replace(&self.path, &changed, Some(&text))?;
        Ok(Book::parse(&changed).0)
    }

    fn told(&self, error: &EditError) -> String {
        format!("{}: {error}", shown(&self.path))
    }
}

fn shown(path: &Path) -> String {
    words::line(&path.to_string_lossy()).into_owned()
}
