//! Listing a folder without following a link, each folder opened by its handle and read once.

use std::path::Path;

use transom_wire::{EntryKind, RelativePath, limits};

use super::list::{List, TOP};
use super::{Skipped, open_failed};
use crate::dir::{Dir, Kind};
use crate::inbox::STAGING;
use crate::{OutboxError, SkipReason, path_text, text_path};

/// Things left out that are named; beyond it they are counted.
const NAMED: usize = 1000;

/// What was left out.
#[derive(Debug, Default)]
pub(super) struct Skips {
    pub(super) list: Vec<Skipped>,
    pub(super) more: u32,
}

impl Skips {
    fn put(&mut self, top: &Path, path: &str, why: SkipReason) {
        if self.list.len() < NAMED {
            self.list.push(Skipped {
                path: top.join(text_path(path)),
                why,
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
                return Err(open_failed(&path_text(top), source));
            }
            Err(error) => {
                skips.put(top, &path, SkipReason::System(error));
                continue;
            }
        };
        let (mut names, dir) = names;
        names.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let first = folders.len();
        for (name, kind) in names {
            let path = join(&path, &name);
            if let Some(why) = unfit(&path, &name, kind) {
                skips.put(top, &path, why);
                continue;
            }
            if list.len() >= limits::ENTRIES {
                return Err(OutboxError::TooMany(path_text(top)));
            }
            match dir.metadata(&name) {
                Err(error) => skips.put(top, &path, SkipReason::System(error)),
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

fn unfit(path: &str, name: &str, kind: Kind) -> Option<SkipReason> {
    match kind {
        _ if name == STAGING => Some(SkipReason::Staging),
        Kind::Link => Some(SkipReason::Link),
        Kind::Other => Some(SkipReason::Special),
        Kind::File | Kind::Folder => RelativePath::new(path).err().map(SkipReason::Path),
    }
}

fn join(above: &str, name: &str) -> String {
    match above {
        "" => name.to_owned(),
        above => format!("{above}/{name}"),
    }
}
