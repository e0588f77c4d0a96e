//! Making the copy: an outbox that reads the path and an inbox that takes it, with nothing between
//! them. So holes, names, modes, times and a full disk are as in any transfer.

use std::path::{Path, PathBuf};

use transom_wire::{Ending, Entry, LeafContent, Offer, RelativePath, Shape};

use super::SpoolError;
use crate::{
    Begin, Ended, EntryError, Inbox, InboxError, InboxSettings, Outbox, OutboxError, Reception,
    Step, text_path,
};

/// Names looked at in one step.
const NAMES: usize = 256;

/// What was copied.
#[derive(Debug, Default)]
pub(super) struct Copied {
    pub(super) entries: u32,
    pub(super) bytes: u64,
}

impl From<EntryError> for SpoolError {
    fn from(error: EntryError) -> Self {
        Self::Uncopied(error.text())
    }
}

impl From<InboxError> for SpoolError {
    fn from(error: InboxError) -> Self {
        Self::Uncopied(error.text())
    }
}

/// Copies all of it into a folder, which is on the disk then. Of a folder it leaves out what can't
/// be read; a file on the way that changes is such.
pub(super) fn copy(
    outbox: &mut Outbox,
    to: PathBuf,
    left_out: &mut dyn FnMut(&Path, &str),
) -> Result<Copied, SpoolError> {
    while !outbox.count(NAMES)?.is_all {}
    let counted = outbox.counted();
    let mut inbox = Inbox::open(InboxSettings::new(to))?;
    let name = outbox.name().to_owned();
    let offer = Offer {
        transfer: outbox.key(&[0; 32], &[0; 32]),
        shape: outbox.shape(),
        collision: transom_wire::Collision::Rename,
        files: counted.entries,
        bytes: counted.bytes,
        is_counted: true,
        name: RelativePath::new(&name).map_err(|_| OutboxError::Name(name.clone()))?,
    };
    let mut reception = inbox.receive([0; 32], &offer)?;
    match reception.missing() {
        0 => {}
        missing => return Err(InboxError::NoRoom { missing }.into()),
    }
    let (mut copied, mut announced) = (Copied::default(), 0);
    loop {
        let walked = outbox.walk(NAMES)?;
        for skipped in walked.skipped {
            left_out(&skipped.path, &skipped.why.to_string());
        }
        for index in walked.entries {
            announced += 1;
            match copy_entry(outbox, &mut reception, index) {
                Ok(bytes) => {
                    copied.entries += 1;
                    copied.bytes += bytes;
                }
                Err(SpoolError::Source(error)) if outbox.shape() != Shape::File => {
                    let path = outbox.entry(index).map(|entry| entry.path);
                    left_out(&text_path(&path.unwrap_or_default()), &error.text());
                }
                Err(error) => return Err(error),
            }
            outbox.settle(index);
        }
        if walked.is_last {
            break;
        }
    }
    match reception.finish(announced)?.ending {
        Ending::Failed => Err(SpoolError::Uncopied("nothing of it can be read".into())),
        _ => Ok(copied),
    }
}

/// Copies one file or folder; gives its bytes.
fn copy_entry(
    outbox: &mut Outbox,
    reception: &mut Reception,
    index: u32,
) -> Result<u64, SpoolError> {
    let gone = || OutboxError::Protocol("the entry was not announced");
    let info = outbox.entry(index).ok_or_else(gone)?;
    let entry = Entry {
        index,
        kind: info.kind,
        mode: info.mode,
        mtime: info.mtime,
        size: info.size,
        path: RelativePath::new(&info.path).map_err(|_| OutboxError::Name(info.path.clone()))?,
    };
    let Begin::Data { offset } = reception.begin_entry(&entry)? else {
        return Ok(0);
    };
    outbox.start(index, offset)?;
    let mut buffer = Vec::new();
    loop {
        let step = outbox.next_leaf(index, buffer);
        match step.inspect_err(|_| reception.abandon(index))? {
            Step::Leaf {
                offset,
                hash,
                content,
                bytes,
                ..
            } => {
                let has_holes = content != LeafContent::Data;
                reception.hashed_leaf(index, offset, &hash, &hash, &bytes, has_holes)?;
                buffer = bytes;
            }
            Step::Sent { buffer: spent } => buffer = spent,
            Step::End { size, root, .. } => match reception.end(index, size, &root)? {
                Ended::Done => return Ok(size),
                Ended::Again(_) => {
                    let why = "the disk does not hold what was written to it";
                    return Err(SpoolError::Uncopied(why.into()));
                }
            },
        }
    }
}
