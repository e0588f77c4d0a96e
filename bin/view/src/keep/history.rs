//! Kept texts and calls: one file for each contact, only added to. When it is full, its old calls
//! are removed, and then its oldest half if that is not enough. What a line says the model knows.

use std::fs;
use std::io;
use std::path::PathBuf;

use transom::PeerName;

use crate::model::{Entry, without_old_calls};
use crate::words;

use super::file;

/// Maximum bytes of one contact's file: years of texts, and still read in milliseconds.
const MAX_HISTORY_BYTES: usize = 1024 * 1024;

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
    pub(super) fn read(&self, peer: &PeerName) -> Result<String, String> {
        self.newest(peer).map(|(text, _)| text)
    }

    /// The same. Of a file that is longer than this window makes it, these are the newest lines;
    /// then a sentence says so.
    pub(super) fn newest(&self, peer: &PeerName) -> Result<(String, Option<String>), String> {
        let path = self.path(peer);
        // One entry may have come over the limit before the file was shortened.
        let (text, is_cut) = file::read_newest(&path, 2 * MAX_HISTORY_BYTES)?;
        let cut = is_cut.then(|| words::older_in_file(&crate::model::name(peer), &path));
        Ok((text, cut))
    }

    /// Adds a line.
    pub(super) fn append(&self, peer: &PeerName, entry: &Entry) -> Result<(), String> {
        let path = self.path(peer);
        let line = entry.write();
        let length = fs::metadata(&path).map_or(0, |data| data.len());
        if length.saturating_add(line.len() as u64) > MAX_HISTORY_BYTES as u64 {
            let text = without_old_calls(&self.read(peer)?);
            let kept = match text.len() > MAX_HISTORY_BYTES / 2 {
                true => newer_half(&text),
                false => &text,
            };
            file::replace(&path, kept, None)?;
        }
        fs::create_dir_all(&self.folder)
            .and_then(|()| file::append(&path, &line))
            .map_err(|error| file::failed("can't be written", &path, &error))
    }

    /// A contact has another name from now on. A file that an earlier contact of that name left is
    /// removed, also if there is none to put in its place.
    pub(super) fn rename(&self, peer: &PeerName, to: &PeerName) -> Result<(), String> {
        let (from, target) = (self.path(peer), self.path(to));
        match fs::rename(&from, target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.remove(to),
            renamed => renamed.map_err(|error| file::failed("can't be renamed", &from, &error)),
        }
    }

    /// Removes what was written down about that contact.
    pub(super) fn remove(&self, peer: &PeerName) -> Result<(), String> {
        let path = self.path(peer);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(file::failed("can't be removed", &path, &error))
            }
            _ => Ok(()),
        }
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

    /// A file name for any contact on any system: what is no small letter or digit is written by
    /// its bytes.
    fn path(&self, peer: &PeerName) -> PathBuf {
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

/// The whole lines of the second half.
fn newer_half(text: &str) -> &str {
    let half = text.ceil_char_boundary(text.len() / 2);
    let rest = text.get(half..).unwrap_or("");
    rest.split_once('\n').map_or("", |(_, whole)| whole)
}
