//! Visiting everything below a folder, a slice at a time.

use std::{io, vec};

use super::{Dir, Kind};

/// Where a walk stands. Folders come before what is in them.
#[derive(Debug)]
pub(crate) struct Walk {
    /// Folders that were not listed yet.
    folders: Vec<String>,
    /// The folder that was listed last, and those of its names that were not given yet.
    folder: String,
    names: vec::IntoIter<(String, Kind)>,
}

/// A step of a walk.
pub(crate) enum Visit {
    Name(String, Kind),
    /// A folder was listed, whose names come next.
    Listed,
    End,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            folders: vec![String::new()],
            folder: String::new(),
            names: Vec::new().into_iter(),
        }
    }
}

impl Walk {
    /// The next step below `top`, which is the same folder in each call.
    pub(crate) fn next(&mut self, top: &Dir) -> io::Result<Visit> {
        if let Some((name, kind)) = self.names.next() {
            let path = join(&self.folder, name);
            if kind == Kind::Folder {
                self.folders.push(path.clone());
            }
            return Ok(Visit::Name(path, kind));
        }
        let Some(folder) = self.folders.pop() else {
            return Ok(Visit::End);
        };
        let names = match folder.as_str() {
            "" => top.names()?,
            path => top.sub(path)?.names()?,
        };
        (self.folder, self.names) = (folder, names.into_iter());
        Ok(Visit::Listed)
    }

    /// Goes past what is in the folder that was given last.
    pub(crate) fn pass(&mut self) {
        self.folders.pop();
    }
}

fn join(folder: &str, name: String) -> String {
    match folder {
        "" => name,
        folder => format!("{folder}/{name}"),
    }
}
