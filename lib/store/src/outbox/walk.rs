//! Listing a folder without following a link, each folder opened by its handle and read once.

use std::path::Path;

use transom_wire::{EntryKind, RelativePath, limits};

use super::list::{List, TOP};
use super::{Skipped, open_failed};
use crate::OutboxError;
use crate::dir::{Dir, Kind};
use crate::inbox::STAGING;

/// Things left out that are named; beyond it they are counted.
const NAMED: usize = 1000;

/// What was left out.
#[derive(Debug, Default)]
pub(super) struct Skips {
    pub(super) list: Vec<Skipped>,
    pub(super) more: u32,
}

impl Skips {
    fn put(&mut self, top: &Path, path: &str, why: impl Into<String>) {
        if self.list.len() < NAMED {
            self.list.push(Skipped {
                path: top.join(path),
                why: why.into(),
            });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

/// Lists all below the folder: in the order of their names, so that the same folder gives the same
/// indexes.
pub(super) fn folder(
    root: &Dir,
    top: &Path,
    list: &mut List,
    skips: &mut Skips,
) -> Result<(), OutboxError> {
    let mut folders = vec![TOP];
    while let Some(above) = folders.pop() {
        let path = list.path(above);
        let opened = match above {
            TOP => root.sub("."),
            _ => root.sub(&path),
        };
        let names = match opened.and_then(|dir| Ok((dir.names()?, dir))) {
            Ok(names) => names,
            Err(source) if above == TOP => {
                return Err(open_failed(&top.display().to_string(), source));
            }
            Err(error) => {
                skips.put(top, &path, error.to_string());
                continue;
            }
        };
        let ((mut names, foreign), dir) = names;
        names.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for _ in 0..foreign {
            skips.put(top, &path, "holds a name that is not UTF-8");
        }
        let first = folders.len();
        for (name, kind) in names {
            let path = join(&path, &name);
            if let Some(why) = unfit(&path, &name, kind) {
                skips.put(top, &path, why);
                continue;
            }
            if list.len() >= limits::ENTRIES {
                return Err(OutboxError::TooMany(top.display().to_string()));
            }
            match dir.metadata(&name) {
                Err(error) => skips.put(top, &path, error.to_string()),
                Ok(found) if kind == Kind::Folder => {
                    folders.push(list.len());
                    list.put(above, &name, EntryKind::Folder, found.mode, found.mtime, 0);
                }
                Ok(found) => list.put(
                    above,
                    &name,
                    EntryKind::File,
                    found.mode,
                    found.mtime,
                    found.size,
                ),
            }
        }
        // The stack gives the last one first.
        folders[first..].reverse();
    }
    Ok(())
}

fn unfit(path: &str, name: &str, kind: Kind) -> Option<String> {
    match kind {
        _ if name == STAGING => Some("is the private folder of an inbox".to_owned()),
        Kind::Link => Some("is a symbolic link".to_owned()),
        Kind::Other => Some("is neither a file nor a folder".to_owned()),
        Kind::File | Kind::Folder => RelativePath::new(path).err().map(|error| error.to_string()),
    }
}

fn join(above: &str, name: &str) -> String {
    match above {
        "" => name.to_owned(),
        above => format!("{above}/{name}"),
    }
}
