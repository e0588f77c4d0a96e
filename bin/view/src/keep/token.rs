//! The token of the links by which other programs of this computer see cameras. Each link has it in
//! it, so the file is its owner's alone, as that of the key.

use std::path::PathBuf;

use transom::Token;

use super::file;

/// Bytes of the file that are read: the token and the end of its line.
const MAX_TOKEN_BYTES: usize = 64;

/// The file.
#[derive(Debug)]
pub(super) struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What is in it; a text that is no token is none.
    pub(super) fn read(&self) -> Result<Option<Token>, String> {
        let text = file::read_text(&self.path, MAX_TOKEN_BYTES)?.unwrap_or_default();
        Ok(text.trim().parse().ok())
    }

    pub(super) fn write(&self, token: &Token) -> Result<(), String> {
        file::replace(&self.path, &format!("{token}\n"), None)
    }
}
