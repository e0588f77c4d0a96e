//! The record of an item: lines of a word and its value, and a sum of them all.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use transom_wire::{Collision, PeerName, PublicKey, Shape};

use super::{SpoolItem, Stamp};
use crate::inbox::STAGING;
use crate::journal::sum;
use crate::{path_text, text_path};

/// The folder of an item that holds the copy.
pub(super) const CONTENT: &str = "content";

/// Bytes of a record: two paths of 4,096 bytes, each byte told by up to four, and small values.
pub(super) const MAX_BYTES: usize = 64 * 1024;

const FIRST: &str = "transom spool 1";

/// What is kept for whom.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Record {
    pub(super) key: PublicKey,
    pub(super) contact: PeerName,
    pub(super) since: SystemTime,
    pub(super) origin: PathBuf,
    pub(super) collision: Collision,
    pub(super) shape: Shape,
    pub(super) entries: u32,
    pub(super) bytes: u64,
    /// As text of the wire.
    pub(super) name: String,
}

impl Record {
    pub(super) fn to_text(&self) -> String {
        let since = self.since.duration_since(SystemTime::UNIX_EPOCH);
        let since = since.unwrap_or_default().as_secs();
        let mut text = format!(
            "{FIRST}\nkey {}\ncontact {}\nsince {since}\norigin {}\ncollision {}\nshape {}\n\
             entries {}\nbytes {}\nname {}\n",
            self.key,
            self.contact,
            path_text(&self.origin),
            self.collision.code(),
            self.shape.code(),
            self.entries,
            self.bytes,
            self.name,
        );
        let check = u64::from_be_bytes(sum(&[text.as_bytes()]));
        // Writing to a String can't fail.
        let _ = writeln!(text, "sum {check:016x}");
        text
    }

    /// None unless it is all there and as it was written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let at = text.rfind("sum ")?;
        let (said, check) = text.split_at_checked(at)?;
        let check = check.strip_prefix("sum ")?.trim_end();
        let check = u64::from_str_radix(check, 16).ok()?;
        if check != u64::from_be_bytes(sum(&[said.as_bytes()])) {
            return None;
        }
        let mut lines = said.lines();
        if lines.next()? != FIRST {
            return None;
        }
        let mut value = |word: &str| lines.next()?.strip_prefix(word)?.strip_prefix(' ');
        Some(Self {
            key: value("key")?.parse().ok()?,
            contact: value("contact")?.parse().ok()?,
            since: SystemTime::UNIX_EPOCH
                .checked_add(Duration::from_secs(value("since")?.parse().ok()?))?,
            origin: text_path(value("origin")?),
            collision: Collision::from_code(value("collision")?.parse().ok()?),
            shape: Shape::from_code(value("shape")?.parse().ok()?),
            entries: value("entries")?.parse().ok()?,
            bytes: value("bytes")?.parse().ok()?,
            name: value("name")?.to_owned(),
        })
    }

    pub(super) fn item(&self, number: u32, spool: &Path, stamp: Stamp) -> SpoolItem {
        let folder = spool.join(number.to_string()).join(CONTENT);
        SpoolItem {
            number,
            key: self.key,
            contact: self.contact,
            since: self.since,
            origin: self.origin.clone(),
            collision: self.collision,
            shape: self.shape,
            entries: self.entries,
            bytes: self.bytes,
            path: folder.join(text_path(&self.name)),
            reason: None,
            stamp,
        }
    }
}

/// The private folder of the inbox that took the copy, within an item.
pub(super) fn staging() -> String {
    format!("{CONTENT}/{STAGING}")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn a_record_holds_any_name_and_one_that_was_changed_is_none() {
        let name = OsStr::from_bytes(b"a\nname x\xff sum 0");
        let record = Record {
            key: PublicKey([7; 32]),
            contact: "anna".parse().unwrap(),
            since: SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_800_836),
            origin: Path::new("/tmp").join(name),
            collision: Collision::Skip,
            shape: Shape::Folder,
            entries: 3,
            bytes: 1 << 40,
            name: path_text(name.as_ref()),
        };
        let text = record.to_text();
        assert_eq!(Record::parse(&text).as_ref(), Some(&record));
        let item = record.item(7, Path::new("/s"), (0, 0));
        assert_eq!(item.path, Path::new("/s/7/content").join(name));
        for cut in 0..text.len() - 1 {
            let part = text.get(..cut).unwrap_or_default();
            assert_eq!(Record::parse(part), None, "{cut}");
        }
        assert_eq!(Record::parse(&text.replace("bytes 1", "bytes 2")), None);
    }
}
