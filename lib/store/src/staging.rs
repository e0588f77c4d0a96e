//! The folders of one transfer, all open, and the files that earlier attempts of it left.

use std::cell::Cell;
use std::io;

use crate::dir::{Dir, Kind, Visit, Walk, if_missing};
use crate::file::File;
use crate::journal::{self, Identity};
use crate::syncing::Syncing;

/// The folders that a reception works in. They are opened for it before its first write, since the
/// kernel reports a write error once to each descriptor ([`Syncing`]).
#[derive(Debug)]
pub(crate) struct TransferDirs {
    pub(crate) inbox: Dir,
    /// The private folder of the inbox, and this transfer's own folder in it.
    pub(crate) staging: Dir,
    pub(crate) own: Dir,
    /// The files of this attempt, under the names they will have.
    pub(crate) tree: Dir,
    /// Journals of files of more than one leaf.
    pub(crate) journals: Dir,
    /// The files of the attempts before, if there were any.
    pub(crate) earlier: Option<EarlierTrees>,
    /// The folder of the inbox in which files may be the ones on offer.
    pub(crate) published: Dir,
    /// Whether this process brought to the disk what earlier attempts left.
    pub(crate) is_synced: bool,
    /// Whether the names of earlier files are on the disk: else files without records don't count.
    pub(crate) has_names: bool,
    /// The mode of a new file that was seen to have it as asked.
    usual_mode: Cell<u16>,
}

/// The trees of earlier attempts. Each holds what came in its attempt and was not taken up since.
#[derive(Debug)]
pub(crate) struct EarlierTrees {
    dir: Dir,
    /// Their numbers, the newest first.
    trees: Vec<u32>,
}

impl TransferDirs {
    /// Opens a transfer's own folder for another attempt.
    pub(crate) fn open(
        [inbox, staging, own, published]: [Dir; 4],
        is_synced: bool,
    ) -> io::Result<Self> {
        let earlier = EarlierTrees::open(&own)?;
        own.make_all("tree")?;
        own.make_all("leaves")?;
        Ok(Self {
            tree: own.sub("tree")?,
            journals: own.sub("leaves")?,
            inbox,
            staging,
            own,
            earlier,
            published,
            is_synced,
            has_names: true,
            usual_mode: Cell::new(0),
        })
    }

    /// Brings to the disk the record and the names that an earlier process left. The bytes of each
    /// file are synced when it is taken up.
    pub(crate) fn sync_earlier(&mut self, syncing: Syncing) {
        if self.is_synced || self.earlier.is_none() {
            return;
        }
        let synced = match syncing {
            Syncing::FileSystem => self.own.sync_all(),
            Syncing::EachFile => self.sync_record().and_then(|()| sync_folders(&self.own)),
        };
        if let Err(error) = synced.and_then(|()| self.staging.sync()) {
            log::warn!("small files of an earlier attempt are sent again error={error}");
            self.has_names = false;
        }
    }

    /// Brings the transfer's record to the disk.
    pub(crate) fn sync_record(&self) -> io::Result<()> {
        self.own.read("record")?.sync_all()
    }

    /// Whether a new file has the mode it was made with. A umask or a file system may change it, so
    /// the mode of the first file with it is read.
    pub(crate) fn has_mode(&self, file: &File, mode: u16) -> io::Result<bool> {
        let has_mode = self.usual_mode.get() == mode || file.metadata()?.mode == mode;
        if has_mode {
            self.usual_mode.set(mode);
        }
        Ok(has_mode)
    }

    /// Removes the journal of a file that begins anew or goes, before a byte of it is written.
    pub(crate) fn forget(&self, identity: &Identity) -> io::Result<()> {
        let removed = self.journals.remove_file(&journal::name(identity));
        if_missing(removed.and_then(|()| self.journals.sync()), ())
    }
}

impl EarlierTrees {
    /// Moves the tree of the last attempt to those of the attempts before it, if it holds anything.
    fn open(own: &Dir) -> io::Result<Option<Self>> {
        let is_empty = own.sub("tree").and_then(|tree| tree.is_empty());
        let has_files = !if_missing(is_empty, true)?;
        if has_files {
            own.make_all("old")?;
        }
        let Some(dir) = if_missing(own.sub("old").map(Some), None)? else {
            return Ok(None);
        };
        let names = dir.names()?.into_iter();
        let mut trees: Vec<u32> = names.filter_map(|(name, _)| name.parse().ok()).collect();
        trees.sort_unstable_by(|a, b| b.cmp(a));
        if has_files {
            let number = trees.first().map_or(0, |newest| newest.saturating_add(1));
            own.rename_new("tree", &dir, &number.to_string())?;
            trees.insert(0, number);
        }
        for oldest in trees.drain(TREES.min(trees.len())..) {
            dir.remove_all(&oldest.to_string())?;
        }
        Ok(Some(Self { dir, trees }))
    }

    /// The newest file of that path. Also gives from where it is to be moved: the folder, and the
    /// path in it.
    pub(crate) fn find(&self, path: &str) -> Option<(&Dir, String, File)> {
        for (tree, older) in self.trees.iter().zip(1..) {
            let from = format!("{tree}/{path}");
            let file = self.dir.write(&from).or_else(|error| {
                if is_missing(&error) {
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
                Err(error) if is_missing(&error) => {}
                // Not one of our files: nothing below it or in older trees counts.
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

fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind as Error;
    matches!(error.kind(), Error::NotFound | Error::NotADirectory)
}

/// Trees of earlier attempts that are kept: each costs a call for each file that none of them has.
/// A transfer that is cut off more often before it comes to what the oldest holds sends that again.
const TREES: usize = 64;
