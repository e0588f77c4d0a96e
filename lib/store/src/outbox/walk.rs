//! Listing what is sent: of a folder all that is in it and can be sent, and why the rest can't.

use std::path::{Path, PathBuf};

use transom_wire::{EntryKind, RelativePath};

use super::{EntryInfo, Skipped};
use crate::dir::{Dir, Found, Kind, Unreadable, Walk};
use crate::inbox::STAGING;
use crate::{SkipReason, text_path};

/// A walk through what is sent.
#[derive(Debug)]
pub(super) enum Listing {
    /// One file, until it was given.
    File(Option<EntryInfo>),
    Folder {
        top: PathBuf,
        walk: Box<Walk>,
    },
}

/// What a walk comes to.
pub(super) enum Item {
    Entry(EntryInfo),
    LeftOut(Skipped),
}

impl Listing {
    pub(super) fn folder(root: &Dir, top: &Path) -> std::io::Result<Self> {
        Ok(Self::Folder {
            top: top.to_owned(),
            walk: Box::new(Walk::new(root)?),
        })
    }

    /// The next one; none at the end.
    pub(super) fn next(&mut self) -> Option<Item> {
        match self {
            Self::File(entry) => entry.take().map(Item::Entry),
            Self::Folder { top, walk } => {
                let found = match walk.next() {
                    Ok(found) => found?,
                    Err(Unreadable { path, source }) => {
                        return Some(left_out(top, &path, SkipReason::System(source)));
                    }
                };
                Some(match unfit(&found) {
                    Some(why) => left_out(top, &found.path, why),
                    None => entry(top, walk, found),
                })
            }
        }
    }
}

fn entry(top: &Path, walk: &mut Walk, found: Found) -> Item {
    let metadata = match walk.metadata(&found) {
        Ok(metadata) => metadata,
        Err(error) => return left_out(top, &found.path, SkipReason::System(error)),
    };
    let path = found.path.clone();
    let (kind, size) = match found.kind {
        Kind::Folder => {
            walk.enter(found);
            (EntryKind::Folder, 0)
        }
        _ => (EntryKind::File, metadata.size),
    };
    Item::Entry(EntryInfo {
        path,
        kind,
        mode: metadata.mode,
        mtime: metadata.mtime,
        size,
    })
}

fn left_out(top: &Path, path: &str, why: SkipReason) -> Item {
    let path = top.join(text_path(path));
    Item::LeftOut(Skipped { path, why })
}

fn unfit(found: &Found) -> Option<SkipReason> {
    match found.kind {
        _ if found.name == STAGING => Some(SkipReason::Staging),
        Kind::Link => Some(SkipReason::Link),
        Kind::Other => Some(SkipReason::Special),
        Kind::File | Kind::Folder => RelativePath::new(&found.path).err().map(SkipReason::Path),
    }
}
