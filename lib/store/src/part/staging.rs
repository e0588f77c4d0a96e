//! Where a transfer keeps things while it runs, and what earlier attempts of it left.

use std::cell::Cell;
use std::io;

use crate::dir::{Dir, Kind, Visit, Walk};
use crate::file::File;
use crate::journal::{self, Identity};
use crate::syncing::Syncing;

/// The folders of a transfer.
#[derive(Debug)]
pub(crate) struct Staging {
    /// The files of this attempt, under the names they will have.
    pub(crate) tree: Dir,
    /// The files of the attempts before, if there were any.
    pub(crate) old: Option<Old>,
    /// Journals of files of more than one leaf.
    pub(crate) leaves: Dir,
    /// Where files of the inbox are that may be the ones on offer.
    pub(crate) there: Dir,
    /// Whether this process brought to the disk what the attempts before left.
    pub(crate) is_synced: bool,
    /// Whether files of theirs without records count: the names that they have are on the disk.
    pub(super) has_names: bool,
    /// The mode of a new file that was seen to have it as asked.
    usual_mode: Cell<u16>,
}

/// The trees of earlier attempts, each of what it had when it was cut off and the attempts after it
/// did not take up.
#[derive(Debug)]
pub(crate) struct Old {
    dir: Dir,
    /// Their numbers, the newest first.
    trees: Vec<u32>,
}

impl Staging {
    /// Opens a transfer's folder for another attempt.
    pub(crate) fn open(dir: &Dir, there: Dir, is_synced: bool) -> io::Result<Self> {
        let old = Old::open(dir)?;
        dir.make_all("tree")?;
        dir.make_all("leaves")?;
        Ok(Self {
            tree: dir.sub("tree")?,
            old,
            leaves: dir.sub("leaves")?,
            there,
            is_synced,
            has_names: true,
            usual_mode: Cell::new(0),
        })
    }

    /// Brings to the disk the record and the names that an earlier run left in the transfer's
    /// folder, `dir`. What that run wrote, each file asks for itself when it is taken up.
    pub(crate) fn vouch(&mut self, staging: &Dir, dir: &Dir, syncing: Syncing) {
        if self.is_synced || self.old.is_none() {
            return;
        }
        let synced = match syncing {
            Syncing::FileSystem => dir.sync_all(),
            Syncing::EachFile => dir
                .read("record")
                .and_then(|record| record.sync_all())
                .and_then(|()| sync_folders(dir)),
        };
        if let Err(error) = synced.and_then(|()| staging.sync()) {
            log::warn!("small files of an earlier attempt are sent again error={error}");
            self.has_names = false;
        }
    }

    /// Whether a new file has the mode it was made with. A umask or a file system may change it, so
    /// the first file of each mode is looked at.
    pub(super) fn has_mode(&self, file: &File, mode: u16) -> io::Result<bool> {
        if self.usual_mode.get() == mode {
            return Ok(true);
        }
        let has_mode = file.mode()? == mode;
        if has_mode {
            self.usual_mode.set(mode);
        }
        Ok(has_mode)
    }

    /// Removes the journal of a file that begins anew or goes, before a byte of it is written.
    pub(super) fn forget(&self, identity: &Identity) -> io::Result<()> {
        match self.leaves.remove_file(&journal::name(identity)) {
            Ok(()) => self.leaves.sync(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Old {
    /// Puts the tree of the attempt before to those of the attempts before that, if it holds
    /// anything.
    fn open(dir: &Dir) -> io::Result<Option<Self>> {
        let has_files = match dir.sub("tree") {
            Ok(tree) => !tree.is_empty()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        let old = match dir.sub("old") {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !has_files {
                    return Ok(None);
                }
                dir.make("old")?;
                dir.sub("old")?
            }
            old => old?,
        };
        let names = old.names()?.into_iter();
        let mut trees: Vec<u32> = names.filter_map(|(name, _)| name.parse().ok()).collect();
        trees.sort_unstable_by(|a, b| b.cmp(a));
        if has_files {
            let number = trees.first().map_or(0, |newest| newest.saturating_add(1));
            dir.rename_new("tree", &old, &number.to_string())?;
            trees.insert(0, number);
        }
        for oldest in trees.drain(TREES.min(trees.len())..) {
            old.remove_all(&oldest.to_string())?;
        }
        Ok(Some(Self { dir: old, trees }))
    }

    /// The newest file of that path, from where it is to be moved: the folder and the path there.
    pub(super) fn find(&self, path: &str) -> Option<(&Dir, String, File)> {
        for (tree, older) in self.trees.iter().zip(1..) {
            let from = format!("{tree}/{path}");
            let file = self.dir.write(&from).or_else(|error| {
                if is_elsewhere(&error) {
                    return Err(error);
                }
                // After a power cut a file that was moved may have its old name too.
                for tree in self.trees.iter().skip(older) {
                    let _ = self.dir.remove_file(&format!("{tree}/{path}"));
                }
                self.dir.write(&from)
            });
            match file {
                Ok(file) => return Some((&self.dir, from, file)),
                Err(error) if is_elsewhere(&error) => {}
                // Not one of our files: nothing below or behind it counts.
                Err(_) => return None,
            }
        }
        None
    }

    /// The folder of all of them.
    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }
}

fn sync_folders(dir: &Dir) -> io::Result<()> {
    let mut walk = Walk::default();
    loop {
        match walk.next(dir)? {
            Visit::Name(path, Kind::Folder) => dir.sub(&path)?.sync()?,
            Visit::Name(..) | Visit::Listed => {}
            Visit::End => return dir.sync(),
        }
    }
}

fn is_elsewhere(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Trees of earlier attempts that are kept: each costs a call for each file that none of them has.
/// A transfer that is cut off more often before it comes to what the oldest holds sends that again.
const TREES: usize = 64;
