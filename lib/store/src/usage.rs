//! How many bytes a folder holds, with a limit on how long one counts.

use std::io;

use transom_wire::Total;

use crate::dir::{Dir, Kind, Visit, Walk};

/// Entries counted at most: beyond it the answer is a lower bound, and nobody waits a minute for
/// it.
const ENTRIES: usize = 1_000_000;

/// What a file or folder takes beside its bytes on an ordinary disk: an inode and the rest of a
/// block.
pub(crate) const ENTRY_BYTES: u64 = 4096;

/// What a transfer takes of the disk.
pub(crate) fn of(total: Total) -> u64 {
    let names = u64::from(total.files) * ENTRY_BYTES;
    total.bytes.saturating_add(names)
}

/// What was counted below a folder.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Usage {
    /// Bytes of all files.
    pub(crate) content: u64,
    /// How many there are, with whatever else is no folder.
    pub(crate) files: u64,
    pub(crate) folders: u64,
    /// Whether nothing was left out.
    pub(crate) whole: bool,
}

impl Usage {
    /// One file of that size.
    pub(crate) fn file(content: u64) -> Self {
        Self {
            content,
            files: 1,
            folders: 0,
            whole: true,
        }
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.content = self.content.saturating_add(more.content);
        self.files += more.files;
        self.folders += more.folders;
        self.whole &= more.whole;
    }

    /// Bytes of all, with [`ENTRY_BYTES`] for each name.
    pub(crate) fn bytes(&self) -> u64 {
        let names = self.files + self.folders;
        self.content.saturating_add(names * ENTRY_BYTES)
    }
}

/// Counts all below a folder, links not followed.
pub(crate) fn measure(dir: &Dir) -> io::Result<Usage> {
    measure_some(dir, ENTRIES)
}

fn measure_some(dir: &Dir, most: usize) -> io::Result<Usage> {
    let mut usage = Usage {
        whole: true,
        ..Usage::default()
    };
    let (mut walk, mut left) = (Walk::default(), most);
    loop {
        let (path, kind) = match walk.next(dir) {
            Ok(Visit::Name(path, kind)) => (path, kind),
            Ok(Visit::Listed) => continue,
            Ok(Visit::End) => return Ok(usage),
            // Whatever vanished or is closed to us since it was listed counts nothing.
            Err(folder) if !folder.path.is_empty() => continue,
            Err(top) => return Err(top.source),
        };
        if left == 0 {
            usage.whole = false;
            return Ok(usage);
        }
        left -= 1;
        match kind {
            Kind::File => {
                usage.files += 1;
                let size = walk.metadata(&path).map_or(0, |found| found.size);
                usage.content = usage.content.saturating_add(size);
            }
            Kind::Folder => usage.folders += 1,
            Kind::Link | Kind::Other => usage.files += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_ends_before_the_folder_does_says_so() {
        let path = std::env::temp_dir().join(format!("transom-usage-{}", std::process::id()));
        std::fs::create_dir_all(path.join("below")).unwrap();
        std::fs::write(path.join("below/file"), [0; 10]).unwrap();
        let dir = Dir::open(&path).unwrap();
        let all = measure(&dir).unwrap();
        let some = measure_some(&dir, 1).unwrap();
        std::fs::remove_dir_all(&path).unwrap();
        assert_eq!(
            (all.bytes(), all.files, all.whole),
            (2 * ENTRY_BYTES + 10, 1, true)
        );
        assert_eq!((some.bytes(), some.whole), (ENTRY_BYTES, false));
    }
}
