//! Keys that the user compared by eye, one per line. Whose they are is not written: a contact that
//! shows another key is then not verified by itself.

use std::path::PathBuf;

use transom::PublicKey;

use super::file;

/// Bytes of the file that are read.
const MAX_VERIFIED_BYTES: usize = 256 * 1024;
/// Keys that are kept, as many as a contact book holds; the oldest make room.
const MAX_VERIFIED: usize = transom_users::MAX_CONTACTS;

/// The file.
#[derive(Debug)]
pub(super) struct Verified {
    path: PathBuf,
}

impl Verified {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// All keys; a line that is none verifies nobody.
    pub(super) fn read(&self) -> Result<Vec<PublicKey>, String> {
        let text = file::read_text(&self.path, MAX_VERIFIED_BYTES)?.unwrap_or_default();
        let keys = text.lines().filter_map(|line| line.trim().parse().ok());
        Ok(keys.take(MAX_VERIFIED).collect())
    }

    /// Adds a key or takes it away.
    pub(super) fn set(&self, key: &PublicKey, on: bool) -> Result<(), String> {
        let mut keys = self.read()?;
        keys.retain(|one| one != key);
        if on {
            let surplus = (keys.len() + 1).saturating_sub(MAX_VERIFIED);
            keys.drain(..surplus);
            keys.push(*key);
        }
        let text: String = keys.iter().map(|key| format!("{key}\n")).collect();
        file::replace(&self.path, &text, None)
    }
}
