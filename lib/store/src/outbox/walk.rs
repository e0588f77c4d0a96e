//! Listing what is sent: of a folder all that is in it and can be sent, and why the rest can't.

use std::path::Path;

use transom_wire::{EntryKind, RelativePath};

use super::{EntryInfo, Skipped};
use crate::dir::{Dir, Kind, Unreadable, Visit, Walk};
use crate::inbox::STAGING;
use crate::{SkipReason, text_path};

/// A walk through what is sent.
#[derive(Debug)]
pub(super) enum Listing {
    /// One file, until it was given.
    File(Option<EntryInfo>),
    Folder(Box<Walk>),
}

/// What a walk comes to.
pub(super) enum Item {
    Entry(EntryInfo),
    LeftOut(Skipped),
}

impl Listing {
    /// The next one below the root; none at the end.
    pub(super) fn next(&mut self, root: &Dir, top: &Path) -> Option<Item> {
        let walk = match self {
            Self::File(entry) => return entry.take().map(Item::Entry),
            Self::Folder(walk) => walk,
        };
        let (path, kind) = loop {
            match walk.next(root) {
                Ok(Visit::Name(path, kind)) => break (path, kind),
                Ok(Visit::Listed) => {}
                Ok(Visit::End) => return None,
                Err(Unreadable { path, source }) => {
                    return Some(left_out(top, &path, SkipReason::System(source)));
                }
            }
        };
        let fit = match unfit(&path, kind) {
            Some(why) => Err(why),
            None => walk.metadata(&path).map_err(SkipReason::System),
        };
        if fit.is_err() && kind == Kind::Folder {
            walk.skip_folder();
        }
        Some(match fit {
            Err(why) => left_out(top, &path, why),
            Ok(found) => Item::Entry(match kind {
                Kind::Folder => EntryInfo::new(path, EntryKind::Folder, found),
                _ => EntryInfo::new(path, EntryKind::File, found),
            }),
        })
    }
}

fn left_out(top: &Path, path: &str, why: SkipReason) -> Item {
    let path = top.join(text_path(path));
    Item::LeftOut(Skipped { path, why })
}

fn unfit(path: &str, kind: Kind) -> Option<SkipReason> {
    let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
    match kind {
        _ if name == STAGING => Some(SkipReason::Staging),
        Kind::Link => Some(SkipReason::Link),
        Kind::Other => Some(SkipReason::Special),
        Kind::File | Kind::Folder => RelativePath::new(path).err().map(SkipReason::Path),
    }
}
