//! The list of what was on its way when the window closed: a name, a tab and a path a line. A path
//! that is no text, or would be two lines, is not kept.

use std::path::PathBuf;

use crate::model::{MAX_UNSENT, Unsent};

use super::file;

/// Bytes of the file that are read: the longest path there is, for each.
const MAX_UNSENT_BYTES: usize = MAX_UNSENT * 5000;

/// The file.
#[derive(Debug)]
pub(super) struct UnsentFile {
    path: PathBuf,
}

impl UnsentFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What is in it; a line that says nothing is passed over.
    pub(super) fn read(&self) -> Result<Vec<Unsent>, String> {
        let text = file::read_text(&self.path, MAX_UNSENT_BYTES)?.unwrap_or_default();
        let unsent = text.lines().filter_map(|line| {
            let (peer, path) = line.split_once('\t')?;
            Some(Unsent {
                peer: peer.parse().ok()?,
                path: PathBuf::from(path),
            })
        });
        Ok(unsent.take(MAX_UNSENT).collect())
    }

    /// Puts these in place of what is in it, whatever that is.
    pub(super) fn write(&self, unsent: &[Unsent]) -> Result<(), String> {
        if self.read().is_ok_and(|kept| kept == unsent) {
            return Ok(());
        }
        let lines = unsent.iter().filter_map(|one| {
            // The next run may begin in another folder.
            let path = std::path::absolute(&one.path).ok()?;
            let path = path.to_str()?;
            let is_line = !path.contains(char::is_control);
            is_line.then(|| format!("{}\t{path}\n", one.peer))
        });
        file::replace(&self.path, &lines.collect::<String>(), None)
    }
}
