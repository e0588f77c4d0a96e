//! Visiting everything below a folder, a slice at a time.

use std::collections::VecDeque;
use std::io;

use rustix::fs;

use super::{Dir, Kind};
use crate::file::Metadata;
use crate::name;

/// Names of a folder that are read at once, and folders in it that wait at most: memory is bounded
/// however many names a folder has.
const NAMES: usize = 1024;

/// A walk through all that is below a folder. Folders come before what is in them, and of a
/// folder's names each [`NAMES`] in their order; no link is followed. At most one folder of each
/// level is open, and only while it has names to read.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    has_begun: bool,
    levels: Vec<Level>,
}

/// A step of a walk.
pub(crate) enum Visit {
    Name(String, Kind),
    /// Names of a folder were read.
    Listed,
    End,
}

/// A folder below the top, or the top itself, whose names can't be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// Empty for the top.
    pub(crate) path: String,
    pub(crate) source: io::Error,
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

impl From<Unreadable> for io::Error {
    fn from(folder: Unreadable) -> Self {
        folder.source
    }
}

impl Walk {
    /// The next step below `top`, which is the same folder in each call. After an error the walk
    /// goes on without that folder.
    pub(crate) fn next(&mut self, top: &Dir) -> Result<Visit, Unreadable> {
        if !std::mem::replace(&mut self.has_begun, true) {
            return self.open(top, String::new());
        }
        while let Some(level) = self.levels.last_mut() {
            if let Some((name, kind)) = level.names.pop() {
                let path = join(&level.path, &name);
                if kind == Kind::Folder {
                    level.folders.push_back(name);
                }
                return Ok(Visit::Name(path, kind));
            }
            let is_full = level.listing.is_none() || level.folders.len() >= NAMES;
            if is_full && let Some(name) = level.folders.pop_front() {
                let path = join(&level.path, &name);
                return self.open(top, path);
            }
            if level.listing.is_some() {
                return level.read().map(|()| Visit::Listed);
            }
            self.levels.pop();
        }
        Ok(Visit::End)
    }

    /// Goes past what is in the folder that was given last.
    pub(crate) fn skip_folder(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.folders.pop_back();
        }
    }

    /// Mode, time and size of what was given last.
    pub(crate) fn metadata(&self, path: &str) -> io::Result<Metadata> {
        let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
        let level = self.levels.last();
        match level.and_then(|level| level.listing.as_ref()) {
            Some(listing) => listing.dir.metadata(name),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn open(&mut self, top: &Dir, path: String) -> Result<Visit, Unreadable> {
        match Listing::open(top, &path) {
            Ok(listing) => self.levels.push(Level {
                path,
                listing: Some(listing),
                names: Vec::new(),
                folders: VecDeque::new(),
            }),
            Err(source) => return Err(Unreadable { path, source }),
        }
        Ok(Visit::Listed)
    }
}

impl Level {
    /// Reads more names.
    fn read(&mut self) -> Result<(), Unreadable> {
        let Some(listing) = &mut self.listing else {
            return Ok(());
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
        Ok(())
    }
}

impl Listing {
    fn open(top: &Dir, path: &str) -> io::Result<Self> {
        let dir = match path {
            "" => top.again()?,
            path => top.sub(path)?,
        };
        let entries = dir.handle.list()?;
        Ok(Self { dir, entries })
    }
}

impl Dir {
    /// The names in it.
    pub(crate) fn names(&self) -> io::Result<Vec<(String, Kind)>> {
        self.next_names(&mut self.handle.list()?, usize::MAX)
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
    use crate::scratch::Scratch;

    #[test]
    fn a_folder_of_more_names_than_are_read_at_once_is_walked_whole_in_bounded_memory() {
        let scratch = Scratch::new();
        let count = 2 * NAMES + 500;
        for number in 0..count {
            let path = scratch.path(&format!("d{number:05}/below"));
            std::fs::create_dir_all(path).unwrap();
        }
        let top = Dir::open(&scratch.path("")).unwrap();
        let (mut walk, mut paths, mut waiting) = (Walk::default(), Vec::new(), 0);
        loop {
            match walk.next(&top).unwrap() {
                Visit::Name(path, Kind::Folder) => paths.push(path),
                Visit::Name(path, kind) => panic!("{path} is a {kind:?}"),
                Visit::Listed => {}
                Visit::End => break,
            }
            let levels = walk.levels.iter();
            waiting = waiting.max(levels.map(|one| one.names.len() + one.folders.len()).sum());
        }
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
