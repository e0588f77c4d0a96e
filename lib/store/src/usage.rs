//! How many bytes a folder holds, with a limit on how long one counts.

use std::io;

use crate::dir::{Dir, Kind};

/// Entries counted at most: beyond it the answer is a lower bound, and nobody waits a minute for it.
const ENTRIES: usize = 1_000_000;

/// What a file or folder takes beside its bytes on an ordinary disk: an inode and the rest of a block.
pub(crate) const ENTRY_BYTES: u64 = 4096;

/// Bytes of all files below a folder, links not followed, and [`ENTRY_BYTES`] for each name.
pub(crate) fn measure(dir: &Dir) -> io::Result<u64> {
    let (mut bytes, mut left) = (0u64, ENTRIES);
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let below;
        let at = match folder.as_str() {
            "" => dir,
            path => {
                // Whatever vanished or is closed to us since it was listed counts nothing.
                let Ok(opened) = dir.sub(path) else { continue };
                below = opened;
                &below
            }
        };
        for (name, kind) in at.names()?.0 {
            left = left.saturating_sub(1);
            bytes = bytes.saturating_add(ENTRY_BYTES);
            match kind {
                _ if left == 0 => return Ok(bytes),
                Kind::File => {
                    bytes = bytes.saturating_add(at.metadata(&name).map_or(0, |found| found.size))
                }
                Kind::Folder if folder.is_empty() => folders.push(name),
                Kind::Folder => folders.push(format!("{folder}/{name}")),
                Kind::Link | Kind::Other => {}
            }
        }
    }
    Ok(bytes)
}
