//! Giving a transfer its final name: whole, durable, and never in place of something unasked.
//! It decides by trying, so that nobody can slip in between a look and a step.

use std::io;

use transom_wire::{Collision, Ending, limits};

use crate::dir::{Dir, Kind};
use crate::error::cut;
use crate::file::{File, folder_mode};
use crate::reception::{Offered, SINGLE, Tally};

/// Names tried, from "name" to "name (9999)".
const TRIES: u32 = 10_000;

/// Publishes the one file of a transfer; without one it was skipped. Gives the ending and the final name.
pub(crate) fn file(
    root: &Dir,
    tree: &Dir,
    data: Option<&File>,
    offered: &Offered,
) -> io::Result<(Ending, String)> {
    let Some(data) = data else {
        return Ok((Ending::Skipped, offered.name.clone()));
    };
    for number in 0..TRIES {
        let name = numbered(&offered.name, number);
        match tree.rename_new(SINGLE, root, &name) {
            Ok(()) => return durable(root, name),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) if is_same(data, root, &name)? => return Ok((Ending::AlreadyThere, name)),
            Err(_) => match offered.collision {
                Collision::Skip => return Ok((Ending::Skipped, name)),
                Collision::Overwrite => {
                    tree.rename_over(SINGLE, root, &name)?;
                    return durable(root, name);
                }
                // Rename, and whatever a later version thinks of: keep both.
                _ => {}
            },
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Publishes the folder `tree` of a transfer's folder. Gives the ending, the final name, and how many
/// entries had no place because a file and a folder have one name.
pub(crate) fn folder(
    root: &Dir,
    staged: &Dir,
    offered: &Offered,
    tally: Tally,
) -> io::Result<(Ending, String, u32)> {
    if tally.done == 0 && tally.skipped > 0 {
        return Ok((Ending::Skipped, offered.name.clone(), 0));
    }
    let tree = staged.sub("tree")?;
    // The offered folder itself is no entry, so it is as open to others as the inbox is.
    tree.permit(folder_mode(root.mode()?))?;
    for number in 0..TRIES {
        let name = numbered(&offered.name, number);
        match staged.rename_new("tree", root, &name) {
            Ok(()) => {
                staged.sync()?;
                let (ending, name) = durable(root, name)?;
                return Ok((ending, name, 0));
            }
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {}
        }
        let there = root.sub(&name).ok();
        if let Some(there) = &there
            && contains(there, &tree)?
        {
            let ending = match tally.skipped {
                0 => Ending::AlreadyThere,
                _ => Ending::Skipped,
            };
            return Ok((ending, name, 0));
        }
        match (offered.collision, there) {
            (Collision::Skip, None) => return Ok((Ending::Skipped, name, 0)),
            (policy @ (Collision::Skip | Collision::Overwrite), Some(there)) => {
                let clashes = merge(&tree, &there, policy)?;
                root.sync_all()?;
                return Ok((Ending::Durable, name, clashes));
            }
            // A folder never replaces a file: keep both.
            _ => {}
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Moves all files of a tree into another; of a name that is taken, the new or the old file stays.
/// Gives how many had no place, since a folder is where a file should be or the other way round.
pub(crate) fn merge(from: &Dir, into: &Dir, policy: Collision) -> io::Result<u32> {
    let mut clashes = 0;
    each(from, &mut |path, kind| {
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
            Err(error) if is_clash(&error) => {
                clashes += 1;
                Ok(Visit::Past)
            }
            moved => moved.map(|()| Visit::Into),
        }
    })?;
    Ok(clashes)
}

fn is_clash(error: &io::Error) -> bool {
    use io::ErrorKind as Error;
    // A link counts too: it is never gone through.
    matches!(
        error.kind(),
        Error::NotADirectory | Error::IsADirectory | Error::AlreadyExists
    ) || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// Whether every file and folder of a tree is in another too, with the same content.
fn contains(there: &Dir, tree: &Dir) -> io::Result<bool> {
    let mut same = true;
    each(tree, &mut |path, kind| {
        same = match kind {
            _ if !same => false,
            Kind::Folder => matches!(there.kind(path), Ok(Kind::Folder)),
            _ => is_same(&tree.read(path)?, there, path)?,
        };
        Ok(if same { Visit::Into } else { Visit::Past })
    })?;
    Ok(same)
}

/// Whether to go on below a folder.
enum Visit {
    Into,
    Past,
}

/// Visits everything below a folder, folders before what is in them.
fn each(top: &Dir, visit: &mut dyn FnMut(&str, Kind) -> io::Result<Visit>) -> io::Result<()> {
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let names = match folder.as_str() {
            "" => top.names()?,
            path => top.sub(path)?.names()?,
        };
        for (name, kind) in names.0 {
            let path = match folder.as_str() {
                "" => name,
                folder => format!("{folder}/{name}"),
            };
            if let (Visit::Into, Kind::Folder) = (visit(&path, kind)?, kind) {
                folders.push(path);
            }
        }
    }
    Ok(())
}

fn durable(root: &Dir, name: String) -> io::Result<(Ending, String)> {
    root.sync()?;
    Ok((Ending::Durable, name))
}

/// Whether the name is a file of the same content. What can't be read is not the same.
fn is_same(ours: &File, there: &Dir, name: &str) -> io::Result<bool> {
    let Ok(theirs) = there.read(name) else {
        return Ok(false);
    };
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
        Some(dot) if dot > 0 && name.len() - dot <= 20 => name.split_at(dot),
        _ => (name, ""),
    };
    let room = limits::COMPONENT - mark.len() - ending.len();
    format!("{}{mark}{ending}", cut(stem, room))
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
