//! Going through everything below a folder.

use std::collections::VecDeque;
use std::io;

use rustix::fs;

use super::{Dir, Kind};
use crate::name;

/// Names of a folder that are read at once, and folders in it that wait at most: memory is bounded
/// however many names a folder has.
const NAMES: usize = 1024;

/// Goes through everything below a folder, each folder before what is in it, without following a
/// link. Of a folder's names each [`NAMES`] come in their order. At most one folder of each level
/// is open, and only while it has names to read.
#[derive(Debug)]
pub(crate) struct Walk {
    root: Dir,
    levels: Vec<Level>,
}

/// A folder on the way down.
#[derive(Debug)]
struct Level {
    path: String,
    /// The folder, until all its names were read.
    listing: Option<Listing>,
    /// The names that were read, the next one last.
    names: Vec<(String, Kind)>,
    /// The folders in it that are to be gone into.
    folders: VecDeque<String>,
}

#[derive(Debug)]
struct Listing {
    dir: Dir,
    entries: fs::Dir,
}

/// Something below the folder.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// A folder below, or the folder itself, whose names can't be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// Empty for the folder itself.
    pub(crate) path: String,
    pub(crate) source: io::Error,
}

/// Whether to go on below a folder.
pub(crate) enum Visit {
    Into,
    Past,
}

impl Walk {
    pub(crate) fn new(root: &Dir) -> io::Result<Self> {
        let root = root.again()?;
        let top = Level::open(root.again()?, String::new())?;
        Ok(Self {
            root,
            levels: vec![top],
        })
    }

    /// The next one. After an error the walk goes on without that folder.
    pub(crate) fn next(&mut self) -> Result<Option<Found>, Unreadable> {
        while let Some(level) = self.levels.last_mut() {
            if let Some((name, kind)) = level.names.pop() {
                let path = join(&level.path, &name);
                return Ok(Some(Found { path, name, kind }));
            }
            let is_full = level.listing.is_none() || level.folders.len() >= NAMES;
            if is_full && let Some(name) = level.folders.pop_front() {
                let path = join(&level.path, &name);
                let opened = self.root.sub(&path);
                match opened.and_then(|dir| Level::open(dir, path.clone())) {
                    Ok(below) => self.levels.push(below),
                    Err(source) => return Err(Unreadable { path, source }),
                }
            } else if !level.read()? {
                self.levels.pop();
            }
        }
        Ok(None)
    }

    /// Goes into the folder that was found last.
    pub(crate) fn enter(&mut self, found: Found) {
        if let Some(level) = self.levels.last_mut() {
            level.folders.push_back(found.name);
        }
    }

    /// Mode, time and size of what was found last.
    pub(crate) fn metadata(&self, found: &Found) -> io::Result<super::Metadata> {
        let level = self.levels.last();
        match level.and_then(|level| level.listing.as_ref()) {
            Some(listing) => listing.dir.metadata(&found.name),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Level {
    fn open(dir: Dir, path: String) -> io::Result<Self> {
        let entries = dir.handle.list()?;
        Ok(Self {
            path,
            listing: Some(Listing { dir, entries }),
            names: Vec::new(),
            folders: VecDeque::new(),
        })
    }

    /// Reads more names; `false` if there are none.
    fn read(&mut self) -> Result<bool, Unreadable> {
        let Some(listing) = &mut self.listing else {
            return Ok(false);
        };
        let read = listing.dir.next_names(&mut listing.entries, NAMES);
        if !matches!(&read, Ok(names) if !names.is_empty()) {
            self.listing = None;
        }
        self.names = read.map_err(|source| Unreadable {
            path: self.path.clone(),
            source,
        })?;
        self.names.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        Ok(self.listing.is_some() || !self.folders.is_empty())
    }
}

impl Dir {
    /// The names in it.
    pub(crate) fn names(&self) -> io::Result<Vec<(String, Kind)>> {
        self.next_names(&mut self.handle.list()?, usize::MAX)
    }

    /// Visits everything below, folders before what is in them.
    pub(crate) fn each(
        &self,
        visit: &mut dyn FnMut(&str, Kind) -> io::Result<Visit>,
    ) -> io::Result<()> {
        let mut walk = Walk::new(self)?;
        while let Some(found) = walk.next().map_err(|folder| folder.source)? {
            if let (Visit::Into, Kind::Folder) = (visit(&found.path, found.kind)?, found.kind) {
                walk.enter(found);
            }
        }
        Ok(())
    }

    fn next_names(&self, entries: &mut fs::Dir, most: usize) -> io::Result<Vec<(String, Kind)>> {
        let mut names = Vec::new();
        while names.len() < most
            && let Some(entry) = entries.next()
        {
            let entry = entry?;
            match entry.file_name().to_bytes() {
                b"." | b".." => {}
                name => names.push((name::to_text(name), self.listed(name, entry.file_type()))),
            }
        }
        Ok(names)
    }
}

fn join(above: &str, name: &str) -> String {
    match above {
        "" => name.to_owned(),
        above => format!("{above}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_more_names_than_are_read_at_once_is_walked_whole_in_bounded_memory() {
        let path = std::env::temp_dir().join(format!("transom-walk-{}", std::process::id()));
        let count = 2 * NAMES + 500;
        for number in 0..count {
            std::fs::create_dir_all(path.join(format!("d{number:05}/below"))).unwrap();
        }
        let mut walk = Walk::new(&Dir::open(&path).unwrap()).unwrap();
        let (mut paths, mut waiting) = (Vec::new(), 0);
        while let Some(found) = walk.next().unwrap() {
            paths.push(found.path.clone());
            walk.enter(found);
            let levels = walk.levels.iter();
            waiting = waiting.max(levels.map(|one| one.names.len() + one.folders.len()).sum());
        }
        std::fs::remove_dir_all(&path).unwrap();
        assert!(waiting <= 2 * NAMES + 2, "{waiting}");
        let is_before = |(at, path): (usize, &String)| match path.split_once('/') {
            Some((above, _)) => paths[..at].iter().any(|one| one == above),
            None => true,
        };
        assert!(paths.iter().enumerate().all(is_before));
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), 2 * count);
    }
}
