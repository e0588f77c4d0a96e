//! Visiting everything below a folder.

use std::io;

use super::{Dir, Kind};

/// Whether to go on below a folder.
pub(crate) enum Visit {
    Into,
    Past,
}

impl Dir {
    /// Visits everything below, folders before what is in them.
    pub(crate) fn each(
        &self,
        visit: &mut dyn FnMut(&str, Kind) -> io::Result<Visit>,
    ) -> io::Result<()> {
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let names = match folder.as_str() {
                "" => self.names()?,
                path => self.sub(path)?.names()?,
            };
            for (name, kind) in names {
                let path = match folder.as_str() {
                    "" => name,
                    folder => format!("{folder}/{name}"),
                };
                if let (Visit::Into, Kind::Folder) = (visit(&path, kind)?, kind) {
                    folders.push(path);
                }
            }
        }
        Ok(())
    }
}
