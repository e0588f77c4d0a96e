//! Kept texts and calls: one file for each contact, only added to. When it is full, its old calls
//! are removed, and then its oldest half if that is not enough. What a line says the model knows.
//!
//! A file belongs to the contact's key: the book may be changed by hand, and another contact that
//! gets an old name must neither show nor be sent what was meant for the earlier one. Until its key
//! is known, a contact has a file by its name, as all had in earlier versions; it becomes that of
//! the key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use transom::{PeerName, PublicKey};

use crate::model::{Entry, without_old_calls};
use crate::words;

use super::file;

/// Maximum bytes of one contact's file: years of texts, and still read in milliseconds.
const MAX_HISTORY_BYTES: usize = 1024 * 1024;

/// Whose history it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Owner {
    pub(crate) peer: PeerName,
    /// The key that the contact is known by, if it is.
    pub(crate) key: Option<PublicKey>,
}

/// The folder.
#[derive(Debug)]
pub(super) struct History {
    folder: PathBuf,
}

impl History {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What was written down about that contact.
    #[cfg(test)]
    pub(super) fn read(&self, owner: &Owner) -> Result<String, String> {
        self.newest(owner).map(|(text, _)| text)
    }

    /// What was written down about that contact. Of a file that is longer than this window makes
    /// it, these are the newest lines; then a sentence says so.
    pub(super) fn newest(&self, owner: &Owner) -> Result<(String, Option<String>), String> {
        let path = self.file(owner)?;
        // One entry may have come over the limit before the file was shortened.
        let (text, is_cut) = file::read_newest(&path, 2 * MAX_HISTORY_BYTES)?;
        let cut = is_cut.then(|| words::older_in_file(&crate::model::name(&owner.peer), &path));
        Ok((text, cut))
    }

    /// Adds a line.
    pub(super) fn append(&self, owner: &Owner, entry: &Entry) -> Result<(), String> {
        let path = self.file(owner)?;
        let line = entry.write();
        let length = fs::metadata(&path).map_or(0, |data| data.len());
        if length.saturating_add(line.len() as u64) > MAX_HISTORY_BYTES as u64 {
            let text = without_old_calls(&read(&path)?);
            let kept = match text.len() > MAX_HISTORY_BYTES / 2 {
                true => newer_half(&text),
                false => &text,
            };
            file::replace(&path, kept, None)?;
        }
        self.add(&path, &line)
    }

    /// A contact has another name from now on. A file that an earlier contact of that name left is
    /// removed, also if there is none to put in its place.
    pub(super) fn rename(&self, owner: &Owner, to: &PeerName) -> Result<(), String> {
        if owner.key.is_some() {
            self.file(owner)?;
            return remove(&self.by_name(to));
        }
        match moved(&self.by_name(&owner.peer), &self.by_name(to))? {
            true => Ok(()),
            false => remove(&self.by_name(to)),
        }
    }

    /// A contact has another key from now on.
    pub(super) fn rekey(&self, owner: &Owner, key: &PublicKey) -> Result<(), String> {
        self.fold(&self.file(owner)?, &self.by_key(key))
    }

    /// Removes what was written down about that contact.
    pub(super) fn remove(&self, owner: &Owner) -> Result<(), String> {
        remove(&self.by_name(&owner.peer))?;
        owner.key.map_or(Ok(()), |key| remove(&self.by_key(&key)))
    }

    /// Removes everything.
    pub(super) fn forget(&self) -> Result<(), String> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(file::failed("can't be removed", &self.folder, &error))
            }
            _ => Ok(()),
        }
    }

    /// The contact's file. One by its name becomes that of its key, or goes behind it.
    fn file(&self, owner: &Owner) -> Result<PathBuf, String> {
        let by_name = self.by_name(&owner.peer);
        let Some(key) = &owner.key else {
            return Ok(by_name);
        };
        let path = self.by_key(key);
        self.fold(&by_name, &path)?;
        Ok(path)
    }

    /// Puts what one file has, if there is one, behind what the other has.
    fn fold(&self, from: &Path, to: &Path) -> Result<(), String> {
        if !to.exists() {
            moved(from, to)?;
        } else if from.exists() && from != to {
            self.add(to, &read(from)?)?;
            remove(from)?;
        }
        Ok(())
    }

    fn add(&self, path: &Path, lines: &str) -> Result<(), String> {
        fs::create_dir_all(&self.folder)
            .and_then(|()| file::append(path, lines))
            .map_err(|error| file::failed("can't be written", path, &error))
    }

    /// No name leads to such a file: none has a `=` in its file name.
    fn by_key(&self, key: &PublicKey) -> PathBuf {
        self.folder.join(format!("key={}.txt", key.fingerprint()))
    }

    /// A file name for any contact on any system: what is no small letter or digit is written by
    /// its bytes.
    fn by_name(&self, peer: &PeerName) -> PathBuf {
        let mut name = String::new();
        for byte in peer.as_str().bytes() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
                other => name.push_str(&format!("%{other:02x}")),
            }
        }
        self.folder.join(name).with_extension("txt")
    }
}

fn read(path: &Path) -> Result<String, String> {
    // What one entry, or a file by name, brought over the limit was not removed yet.
    let (text, _) = file::read_newest(path, 3 * MAX_HISTORY_BYTES)?;
    Ok(text)
}

/// Moves a file; whether there was one.
fn moved(from: &Path, to: &Path) -> Result<bool, String> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(file::failed("can't be renamed", from, &error)),
        Ok(()) => Ok(true),
    }
}

fn remove(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(file::failed("can't be removed", path, &error))
        }
        _ => Ok(()),
    }
}

/// The whole lines of the second half.
fn newer_half(text: &str) -> &str {
    let half = text.ceil_char_boundary(text.len() / 2);
    let rest = text.get(half..).unwrap_or("");
    rest.split_once('\n').map_or("", |(_, whole)| whole)
}
