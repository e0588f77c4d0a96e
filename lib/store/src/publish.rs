//! Giving a transfer its final name: whole, durable, and never in place of something unasked.
//! It decides by trying, so that nobody can slip in between a look and a step.

use std::io;

use transom_wire::{Collision, Ending, limits};

use crate::dir::{Dir, Kind, Visit};
use crate::file::File;
use crate::name;
use crate::reception::{EntryCounts, Offered, SINGLE, Unplaced};
use crate::syncing::Syncing;

/// Names tried, from "name" to "name (9999)".
const TRIES: u32 = 10_000;
/// Entries without a place that are named; the others only count.
const NAMED: usize = 1000;

/// Between which folders, and how what changes there is brought to the disk.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    /// The inbox.
    pub(crate) root: &'a Dir,
    /// The transfer's own folder, and `tree` in it.
    pub(crate) staged: &'a Dir,
    pub(crate) tree: &'a Dir,
    pub(crate) syncing: Syncing,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) ending: Ending,
    /// The final name.
    pub(crate) name: String,
    pub(crate) clashes: Clashes,
}

/// Entries that have no place, since a folder is where a file should be or the other way round.
#[derive(Debug, Default)]
pub(crate) struct Clashes {
    pub(crate) count: u32,
    pub(crate) list: Vec<Unplaced>,
}

impl Place<'_> {
    /// Nothing came that would want a name.
    pub(crate) fn nothing(&self, ending: Ending, offered: &Offered) -> Published {
        Published::new(ending, offered.name.clone())
    }

    /// Publishes the one file of a transfer.
    pub(crate) fn file(&self, data: &File, offered: &Offered) -> io::Result<Published> {
        for number in 0..TRIES {
            let name = numbered(&offered.name, number);
            match self.tree.rename_new(SINGLE, self.root, &name) {
                Ok(()) => return self.durable(name),
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) if is_there(data, self.root, &name)? => {
                    self.root.sync()?;
                    return Ok(Published::new(Ending::AlreadyThere, name));
                }
                Err(_) => match offered.collision {
                    Collision::Skip => return Ok(Published::new(Ending::Skipped, name)),
                    Collision::Overwrite => {
                        self.tree.rename_over(SINGLE, self.root, &name)?;
                        return self.durable(name);
                    }
                    // Rename, and whatever a later version thinks of: keep both.
                    _ => {}
                },
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Publishes the folder `tree`.
    pub(crate) fn folder(&self, offered: &Offered, counted: EntryCounts) -> io::Result<Published> {
        if counted.done == 0 && counted.skipped > 0 {
            return Ok(self.nothing(Ending::Skipped, offered));
        }
        for number in 0..TRIES {
            let name = numbered(&offered.name, number);
            match self.staged.rename_new("tree", self.root, &name) {
                Ok(()) => return self.durable(name),
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) => {}
            }
            let there = self.root.sub(&name).ok();
            if let Some(there) = &there
                && self.is_in(there)?
            {
                self.root.sync()?;
                let ending = match counted.skipped {
                    0 => Ending::AlreadyThere,
                    _ => Ending::Skipped,
                };
                return Ok(Published::new(ending, name));
            }
            match (offered.collision, there) {
                (Collision::Skip, None) => return Ok(Published::new(Ending::Skipped, name)),
                (policy @ (Collision::Skip | Collision::Overwrite), Some(there)) => {
                    let clashes = merge(self.tree, &there, policy)?;
                    self.sync_merged(&there)?;
                    let ending = Ending::Durable;
                    return Ok(Published {
                        ending,
                        name,
                        clashes,
                    });
                }
                // A folder never replaces a file: keep both.
                _ => {}
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn durable(&self, name: String) -> io::Result<Published> {
        self.root.sync()?;
        Ok(Published::new(Ending::Durable, name))
    }

    /// Whether every file and folder of the tree is in another folder too, with the same content,
    /// and on the disk.
    fn is_in(&self, there: &Dir) -> io::Result<bool> {
        let mut same = true;
        self.tree.each(&mut |path, kind| {
            same = match kind {
                _ if !same => false,
                Kind::Folder => is_folder(there, path)?,
                _ => is_there(&self.tree.read(path)?, there, path)?,
            };
            Ok(if same { Visit::Into } else { Visit::Past })
        })?;
        if same {
            there.sync()?;
        }
        Ok(same)
    }

    /// The files were synced before they were moved; now the folders that have their names are.
    fn sync_merged(&self, there: &Dir) -> io::Result<()> {
        if self.syncing == Syncing::FileSystem {
            return self.staged.sync_all();
        }
        self.tree.each(&mut |path, kind| {
            if kind != Kind::Folder {
                return Ok(Visit::Into);
            }
            match there.sub(path).and_then(|folder| folder.sync()) {
                Err(error) if is_clash(&error) => Ok(Visit::Past),
                synced => synced.map(|()| Visit::Into),
            }
        })?;
        there.sync()
    }
}

impl Published {
    fn new(ending: Ending, name: String) -> Self {
        let clashes = Clashes::default();
        Self {
            ending,
            name,
            clashes,
        }
    }
}

impl Clashes {
    fn add(&mut self, path: &str, source: io::Error) {
        self.count = self.count.saturating_add(1);
        if self.list.len() < NAMED {
            self.list.push(Unplaced {
                path: path.to_owned(),
                source,
            });
        }
    }
}

/// Moves all files of a tree into another; of a name that is taken, the new or the old file stays.
pub(crate) fn merge(from: &Dir, into: &Dir, policy: Collision) -> io::Result<Clashes> {
    let mut clashes = Clashes::default();
    from.each(&mut |path, kind| {
        let moved = match kind {
            Kind::Folder => into.make_all(path).map(|_| ()),
            _ => match from.rename_new(path, into, path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match policy {
                    Collision::Overwrite => from.rename_over(path, into, path),
                    _ => Ok(()),
                },
                renamed => renamed,
            },
        };
        match moved {
            // What is in a folder without a place has none either, and each is told.
            Err(error) if is_clash(&error) => clashes.add(path, error),
            moved => moved?,
        }
        Ok(Visit::Into)
    })?;
    Ok(clashes)
}

/// Whether something of another kind has the name, or one above it.
pub(crate) fn is_clash(error: &io::Error) -> bool {
    use io::ErrorKind as Error;
    // A link counts too: it is never gone through.
    matches!(
        error.kind(),
        Error::NotADirectory | Error::IsADirectory | Error::AlreadyExists
    ) || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

fn is_folder(there: &Dir, path: &str) -> io::Result<bool> {
    match there.kind(path) {
        Ok(Kind::Folder) => there.sub(path)?.sync().map(|()| true),
        _ => Ok(false),
    }
}

/// Whether the name is a file of the same content that is on the disk. What can't be read is not
/// the same, nor is what memory has and the disk did not take.
fn is_there(ours: &File, there: &Dir, name: &str) -> io::Result<bool> {
    let Ok(theirs) = there.read(name) else {
        return Ok(false);
    };
    if !is_same(ours, &theirs)? {
        return Ok(false);
    }
    let synced = theirs.sync_all();
    if let Err(error) = &synced {
        log::warn!("the same file was there, but not on the disk name={name:?} error={error}");
        theirs.drop_cache();
    }
    Ok(synced.is_ok())
}

fn is_same(ours: &File, theirs: &File) -> io::Result<bool> {
    if ours.len()? != theirs.len()? {
        return Ok(false);
    }
    let (mut a, mut b, mut at) = (Vec::new(), Vec::new(), 0);
    loop {
        ours.read_leaf(at, limits::LEAF, &mut a)?;
        if a.is_empty() {
            return Ok(true);
        }
        match theirs.read_leaf(at, limits::LEAF, &mut b) {
            Ok(()) if a == b => at += a.len() as u64,
            _ => return Ok(false),
        }
    }
}

/// "photo.jpg" becomes "photo (1).jpg"; a long name is cut before its ending.
fn numbered(name: &str, number: u32) -> String {
    if number == 0 {
        return name.to_owned();
    }
    let mark = format!(" ({number})");
    let (stem, ending) = match name.rfind('.') {
        // A leading dot begins no ending, and an ending of 20 letters is none.
        Some(dot) if dot > 0 && name::len(&name[dot..]) <= 20 => name.split_at(dot),
        _ => (name, ""),
    };
    let room = limits::COMPONENT - mark.len() - name::len(ending);
    format!("{}{mark}{ending}", name::cut(stem, room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_before_the_ending_and_names_stay_within_their_limit() {
        assert_eq!(numbered("photo.jpg", 2), "photo (2).jpg");
        assert_eq!(numbered(".bashrc", 1), ".bashrc (1)");
        assert_eq!(numbered("README", 1), "README (1)");
        let long = numbered(&format!("{}.txt", "é".repeat(125)), 9999);
        assert!(long.len() <= 255 && long.ends_with("é (9999).txt"));
    }
}
