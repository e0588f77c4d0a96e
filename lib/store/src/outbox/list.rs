//! The list of entries, small enough in memory for millions: names in one string, folders by
//! number.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

use transom_wire::EntryKind;

use crate::file::nanoseconds;

/// One entry as it is announced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EntryInfo {
    /// Where below the offered folder; the offered name itself for a single file.
    pub path: String,
    /// File or folder.
    pub kind: EntryKind,
    /// Unix permission bits.
    pub mode: u16,
    /// Modification time in nanoseconds since 1970.
    pub mtime: i64,
    /// Bytes, 0 for a folder.
    pub size: u64,
}

/// The entries in the order they are sent: each folder before what is in it.
#[derive(Debug, Default)]
pub(super) struct List {
    names: String,
    rows: Vec<Row>,
    folders: u32,
    bytes: u64,
}

/// 40 bytes an entry, and its name.
#[derive(Debug)]
struct Row {
    /// Where its name ends in `names`; it starts where the one before ends.
    name_end: u64,
    size: u64,
    mtime: i64,
    /// The folder it is in, [`TOP`] for none.
    above: u32,
    mode: u16,
    kind: EntryKind,
}

/// The offered folder itself.
pub(super) const TOP: u32 = u32::MAX;

impl List {
    /// Adds an entry.
    pub(super) fn put(
        &mut self,
        above: u32,
        name: &str,
        kind: EntryKind,
        mode: u16,
        mtime: i64,
        size: u64,
    ) {
        self.names.push_str(name);
        let name_end = self.names.len() as u64;
        self.rows.push(Row {
            name_end,
            size,
            mtime,
            above,
            mode,
            kind,
        });
        self.folders += u32::from(kind == EntryKind::Folder);
        self.bytes = self.bytes.saturating_add(size);
    }

    /// Adds the one file of a transfer.
    pub(super) fn put_file(&mut self, name: &str, found: &Metadata) {
        self.put(
            TOP,
            name,
            EntryKind::File,
            mode(found),
            mtime(found),
            found.len(),
        );
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// How many of the entries are folders.
    pub(super) fn folders(&self) -> u32 {
        self.folders
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn entry(&self, index: u32) -> Option<EntryInfo> {
        let row = self.rows.get(index as usize)?;
        Some(EntryInfo {
            path: self.path(index),
            kind: row.kind,
            mode: row.mode,
            mtime: row.mtime,
            size: row.size,
        })
    }

    /// The path of an entry below the offered folder; of [`TOP`] it is empty.
    pub(super) fn path(&self, index: u32) -> String {
        let mut parts = Vec::new();
        let mut at = index;
        while let Some(row) = self.rows.get(at as usize) {
            let start = match at {
                0 => 0,
                at => self.rows[at as usize - 1].name_end,
            };
            parts.push(&self.names[start as usize..row.name_end as usize]);
            at = row.above;
        }
        parts.reverse();
        parts.join("/")
    }
}

/// Permission bits as the wire has them.
pub(super) fn mode(found: &Metadata) -> u16 {
    (found.mode() & 0o7777) as u16
}

/// Nanoseconds since 1970, held at the ends of what a wire can tell.
fn mtime(found: &Metadata) -> i64 {
    nanoseconds(found.mtime(), found.mtime_nsec())
}
