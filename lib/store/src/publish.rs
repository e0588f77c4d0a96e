//! Giving a transfer its final name: whole, durable, never in place of something unasked, and a
//! slice at a time. It decides by trying, so that nobody can slip in between a look and a step.

use std::io;
use std::mem;

use transom_wire::{Collision, Ending, limits};

use crate::compare::{Compare, CompareFolder};
use crate::dir::{Dir, Kind, Visit, Walk};
use crate::folders::Folders;
use crate::name;
use crate::reception::{EntryCounts, NamedEntries, Offered, SINGLE, Unplaced};
use crate::slice::{STEP, SYNC, take};
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
    /// Modes and times of the folders in the tree.
    pub(crate) folders: &'a mut Folders,
    pub(crate) syncing: Syncing,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) ending: Ending,
    /// The final name.
    pub(crate) name: String,
    /// Of a file that was there already: when its status was changed last.
    pub(crate) changed: Option<i64>,
    pub(crate) clashes: Clashes,
    pub(crate) renamed: NamedEntries,
    pub(crate) skipped: NamedEntries,
}

/// Entries that have no place, since a folder is where a file should be or the other way round.
#[derive(Debug, Default)]
pub(crate) struct Clashes {
    pub(crate) count: u32,
    pub(crate) list: Vec<Unplaced>,
}

/// How far publishing is.
#[derive(Debug)]
pub(crate) enum Publishing {
    /// Of the one file of a transfer.
    File(Placing),
    /// Of the folder `tree`: which name is tried, and whether what has it is the same.
    Folder {
        number: u32,
        compare: Option<CompareFolder>,
    },
    /// Of its files, into the folder that is there.
    Merge(Box<Merge>),
}

impl Publishing {
    pub(crate) fn file(offered: &Offered) -> Self {
        Self::File(Placing::new(SINGLE, &offered.name))
    }

    pub(crate) fn folder() -> Self {
        Self::Folder {
            number: 0,
            compare: None,
        }
    }

    /// Into the folder that the same transfer became before, which has the files that did not have
    /// to come.
    pub(crate) fn complete(name: String, there: Dir) -> Self {
        Self::Merge(Box::new(Merge::new(name, there, true)))
    }

    /// Does as much as is left of a slice; none if there is more.
    pub(crate) fn step(
        &mut self,
        place: &mut Place<'_>,
        offered: &Offered,
        counted: EntryCounts,
        left: &mut u32,
    ) -> io::Result<Option<Published>> {
        loop {
            match self {
                Self::File(placing) => {
                    let placed = placing.step(place.tree, place.root, offered.collision, left)?;
                    let Some((placed, name)) = placed else {
                        return Ok(None);
                    };
                    return Ok(Some(match placed {
                        Placed::Moved => place.synced(Ending::Durable, name)?,
                        Placed::Same { changed } => Published {
                            changed: Some(changed),
                            ..place.synced(Ending::AlreadyThere, name)?
                        },
                        Placed::Left => Published::new(Ending::Skipped, name),
                    }));
                }
                Self::Folder { number, compare } => {
                    match name_folder(place, offered, counted, number, compare, left)? {
                        None => return Ok(None),
                        Some(Named::Published(published)) => return Ok(Some(published)),
                        Some(Named::Taken(name, there)) => {
                            *self = Self::Merge(Box::new(Merge::new(name, there, false)));
                        }
                    }
                }
                Self::Merge(merge) => {
                    if !merge.step(place, offered.collision, left)? {
                        return Ok(None);
                    }
                    if merge.there.is_gone() {
                        return Err(io::ErrorKind::NotFound.into());
                    }
                    let ending = match merge.is_changed {
                        true => Ending::Durable,
                        false => unchanged(counted),
                    };
                    let mut published = place.synced(ending, mem::take(&mut merge.name))?;
                    published.clashes = mem::take(&mut merge.clashes);
                    published.renamed = mem::take(&mut merge.renamed);
                    published.skipped = mem::take(&mut merge.skipped);
                    return Ok(Some(published));
                }
            }
        }
    }
}

impl Place<'_> {
    /// The name is on the disk before anybody hears of it.
    fn synced(&self, ending: Ending, name: String) -> io::Result<Published> {
        self.root.sync()?;
        Ok(Published::new(ending, name))
    }
}

impl Published {
    /// Without anything to tell of single entries.
    pub(crate) fn new(ending: Ending, name: String) -> Self {
        Self {
            ending,
            name,
            changed: None,
            clashes: Clashes::default(),
            renamed: NamedEntries::default(),
            skipped: NamedEntries::default(),
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

/// A folder whose files are all there already.
fn unchanged(counted: EntryCounts) -> Ending {
    match counted.skipped {
        0 => Ending::AlreadyThere,
        _ => Ending::Skipped,
    }
}

/// What looking for the name of a folder came to.
enum Named {
    Published(Published),
    /// That folder has the name, and takes the files.
    Taken(String, Dir),
}

fn name_folder(
    place: &Place<'_>,
    offered: &Offered,
    counted: EntryCounts,
    number: &mut u32,
    compare: &mut Option<CompareFolder>,
    left: &mut u32,
) -> io::Result<Option<Named>> {
    if counted.done == 0 && counted.skipped > 0 {
        let skipped = Published::new(Ending::Skipped, offered.name.clone());
        return Ok(Some(Named::Published(skipped)));
    }
    while *number < TRIES {
        let name = numbered(&offered.name, *number);
        if let Some(comparing) = compare {
            let Some(is_same) = comparing.step(place.tree, left)? else {
                return Ok(None);
            };
            if is_same {
                let published = place.synced(unchanged(counted), name)?;
                return Ok(Some(Named::Published(published)));
            }
            (*number, *compare) = (*number + 1, None);
            continue;
        }
        if !take(left, STEP) {
            return Ok(None);
        }
        match place.staged.rename_new("tree", place.root, &name) {
            Ok(()) => {
                let published = place.synced(Ending::Durable, name)?;
                return Ok(Some(Named::Published(published)));
            }
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
        match (offered.collision, place.root.sub(&name).ok()) {
            (Collision::Skip, None) => {
                let skipped = Published::new(Ending::Skipped, name);
                return Ok(Some(Named::Published(skipped)));
            }
            (Collision::Skip | Collision::Overwrite, Some(there)) => {
                return Ok(Some(Named::Taken(name, there)));
            }
            // Rename, and whatever a later version thinks of: keep both.
            (_, Some(there)) => *compare = Some(CompareFolder::new(there)),
            // A folder never replaces a file.
            (_, None) => *number += 1,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Moving the files of a tree, and the folders that are new, into a folder that is there.
#[derive(Debug)]
pub(crate) struct Merge {
    name: String,
    there: Dir,
    walk: Walk,
    placing: Option<Placing>,
    at: Merging,
    /// Whether that folder came by the same transfer: then its folders get the times of the
    /// sender's.
    is_own: bool,
    is_changed: bool,
    clashes: Clashes,
    renamed: NamedEntries,
    skipped: NamedEntries,
}

/// How far a merge is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Merging {
    Moving,
    Dating,
    Syncing,
}

impl Merge {
    fn new(name: String, there: Dir, is_own: bool) -> Self {
        Self {
            name,
            there,
            walk: Walk::default(),
            placing: None,
            at: Merging::Moving,
            is_own,
            is_changed: false,
            clashes: Clashes::default(),
            renamed: NamedEntries::default(),
            skipped: NamedEntries::default(),
        }
    }

    /// Does as much as is left of a slice; says whether that was all.
    fn step(
        &mut self,
        place: &mut Place<'_>,
        policy: Collision,
        left: &mut u32,
    ) -> io::Result<bool> {
        if self.at == Merging::Moving {
            if !self.move_some(place.tree, policy, left)? {
                return Ok(false);
            }
            place.folders.rewind();
            (self.at, self.walk) = (Merging::Dating, Walk::default());
        }
        if self.at == Merging::Dating {
            if self.is_own && !place.folders.date_some(&self.there, left)? {
                return Ok(false);
            }
            self.at = Merging::Syncing;
        }
        self.sync_some(place, left)
    }

    fn move_some(&mut self, tree: &Dir, policy: Collision, left: &mut u32) -> io::Result<bool> {
        loop {
            if let Some(placing) = &mut self.placing {
                match placing.step(tree, &self.there, policy, left) {
                    Ok(None) => return Ok(false),
                    Ok(Some((Placed::Moved, path))) => {
                        self.is_changed = true;
                        if path != placing.wanted {
                            self.renamed.add(&path);
                        }
                    }
                    Ok(Some((Placed::Left, path))) => self.skipped.add(&path),
                    Ok(Some((Placed::Same { .. }, _))) => {}
                    // What is in a folder without a place has none either, and each is told.
                    Err(error) if is_clash(&error) => self.clashes.add(&placing.from, error),
                    Err(error) => return Err(error),
                }
                self.placing = None;
            }
            if !take(left, STEP) {
                return Ok(false);
            }
            match self.walk.next(tree)? {
                Visit::End => return Ok(true),
                Visit::Listed => {}
                Visit::Name(path, Kind::Folder) => match self.move_folder(tree, &path) {
                    Err(error) if is_clash(&error) => self.clashes.add(&path, error),
                    moved => self.is_changed |= moved?,
                },
                Visit::Name(path, _) => self.placing = Some(Placing::new(&path, &path)),
            }
        }
    }

    /// A folder that is new moves with all that is in it, and so keeps its mode and time; one that
    /// is there takes what is in it. Says whether there is a new one.
    ///
    /// In the folder of the same transfer it is made, and its files move one by one: a file is
    /// known later by the time at which it was moved. Its time is set with those of the others.
    fn move_folder(&mut self, tree: &Dir, path: &str) -> io::Result<bool> {
        if self.is_own {
            let is_new = self.there.make_all(path)? > 0;
            if is_new {
                self.there.sub(path)?.set_mode(tree.sub(path)?.mode()?)?;
            }
            return Ok(is_new);
        }
        match tree.rename_new(path, &self.there, path) {
            // It may also be on another disk.
            Err(error) if is_clash(&error) => Ok(self.there.make_all(path)? > 0),
            Err(error) => Err(error),
            Ok(()) => {
                self.walk.pass();
                Ok(true)
            }
        }
    }

    /// The files were synced before they were moved; now the folders that have their names are.
    fn sync_some(&mut self, place: &Place<'_>, left: &mut u32) -> io::Result<bool> {
        if place.syncing == Syncing::FileSystem {
            return place.staged.sync_all().map(|()| true);
        }
        while take(left, STEP) {
            match self.walk.next(place.tree)? {
                Visit::End => return self.there.sync().map(|()| true),
                Visit::Name(path, Kind::Folder) => {
                    take(left, SYNC);
                    match self.there.sub(&path).and_then(|folder| folder.sync()) {
                        Err(error) if is_clash(&error) => self.walk.pass(),
                        synced => synced?,
                    }
                }
                Visit::Name(..) | Visit::Listed => {}
            }
        }
        Ok(false)
    }
}

/// What became of one file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Placed {
    Moved,
    /// What has the name is the same, and its status was changed then.
    Same {
        changed: i64,
    },
    /// What has the name stays.
    Left,
}

/// Moving one file to its final name.
#[derive(Debug)]
pub(crate) struct Placing {
    /// Its path in the tree, and the one it wants.
    from: String,
    wanted: String,
    number: u32,
    /// With what has that name, if that may be the same.
    compare: Option<Compare>,
}

impl Placing {
    fn new(from: &str, wanted: &str) -> Self {
        Self {
            from: from.to_owned(),
            wanted: wanted.to_owned(),
            number: 0,
            compare: None,
        }
    }

    /// Does as much as is left of a slice; gives what became of it and the path it has.
    fn step(
        &mut self,
        tree: &Dir,
        into: &Dir,
        policy: Collision,
        left: &mut u32,
    ) -> io::Result<Option<(Placed, String)>> {
        while self.number < TRIES {
            let path = numbered(&self.wanted, self.number);
            match &mut self.compare {
                Some(compare) => match compare.step(left)? {
                    None => return Ok(None),
                    Some(true) => {
                        let changed = compare.changed();
                        return Ok(Some((Placed::Same { changed }, path)));
                    }
                    Some(false) => {}
                },
                None if !take(left, STEP) => return Ok(None),
                None => match tree.rename_new(&self.from, into, &path) {
                    Ok(()) => return Ok(Some((Placed::Moved, path))),
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error);
                    }
                    Err(_) => {
                        self.compare = Compare::new(tree.read(&self.from)?, into, &path)?;
                        if self.compare.is_some() {
                            continue;
                        }
                    }
                },
            }
            self.compare = None;
            match policy {
                Collision::Skip => return Ok(Some((Placed::Left, path))),
                Collision::Overwrite => {
                    tree.rename_over(&self.from, into, &path)?;
                    return Ok(Some((Placed::Moved, path)));
                }
                // Rename, and whatever a later version thinks of: keep both.
                _ => self.number += 1,
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

/// Whether something of another kind has the name, or one above it.
pub(crate) fn is_clash(error: &io::Error) -> bool {
    use io::ErrorKind as Error;
    // A link counts too: it is never gone through. Nothing can be renamed into a folder on which
    // another disk is mounted.
    matches!(
        error.kind(),
        Error::NotADirectory | Error::IsADirectory | Error::AlreadyExists | Error::CrossesDevices
    ) || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// "a/photo.jpg" becomes "a/photo (1).jpg"; a long name is cut before its ending.
pub(crate) fn numbered(path: &str, number: u32) -> String {
    if number == 0 {
        return path.to_owned();
    }
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let above = &path[..path.len() - name.len()];
    let mark = format!(" ({number})");
    let (stem, ending) = match name.rfind('.') {
        // A leading dot begins no ending, and an ending of 20 letters is none.
        Some(dot) if dot > 0 && name::len(&name[dot..]) <= 20 => name.split_at(dot),
        _ => (name, ""),
    };
    let room = limits::COMPONENT - mark.len() - name::len(ending);
    format!("{above}{}{mark}{ending}", name::cut(stem, room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_before_the_ending_and_names_stay_within_their_limit() {
        assert_eq!(numbered("photo.jpg", 2), "photo (2).jpg");
        assert_eq!(numbered(".bashrc", 1), ".bashrc (1)");
        assert_eq!(numbered("README", 1), "README (1)");
        assert_eq!(numbered("a.d/b/README", 1), "a.d/b/README (1)");
        let long = numbered(&format!("{}.txt", "é".repeat(125)), 9999);
        assert!(long.len() <= 255 && long.ends_with("é (9999).txt"));
    }
}
