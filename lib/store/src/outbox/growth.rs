//! A file that another program writes to while it is sent: how long it is.

use transom_wire::limits;

use super::{Counted, open_failed};
use crate::OutboxError;
use crate::dir::Dir;

#[derive(Debug)]
pub(super) struct Growth {
    /// Its name in the folder that it is in.
    path: String,
    inode: Option<u64>,
    size: u64,
    /// Whether the next look is the last.
    pub(super) is_last: bool,
}

impl Growth {
    pub(super) fn of(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            inode: None,
            size: 0,
            is_last: false,
        }
    }

    /// Looks how long it is now. `offered` is its name for errors.
    pub(super) fn look(&mut self, root: &Dir, offered: &str) -> Result<Counted, OutboxError> {
        let found = root.metadata(&self.path);
        let found = found.map_err(|error| open_failed(offered, error))?;
        // What was sent is of the file that was there first: its leaves are not those of another.
        let inode = *self.inode.get_or_insert(found.inode);
        if found.inode != inode || found.size < self.size {
            return Err(OutboxError::Replaced(offered.to_owned()));
        }
        self.size = found.size;
        Ok(Counted {
            entries: 1,
            folders: 0,
            bytes: found.size.min(limits::FILE),
            is_all: self.is_last,
        })
    }
}
