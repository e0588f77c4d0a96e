//! Messages of transfers with made-up content. A test changes the fields that it is about.

use transom_proto::{LeafData, LeafHashes};
use transom_wire::{
    Again, Collision, Entry, EntryKind, LeafContent, Offer, RelativePath, Shape, Start, TransferKey,
};

/// An offer of something called `name`.
pub(crate) fn offer(shape: Shape, files: u32, bytes: u64) -> Offer<'static> {
    Offer {
        transfer: TransferKey([1; 16]),
        shape,
        collision: Collision::Rename,
        files,
        bytes,
        is_counted: true,
        name: name(),
    }
}

/// A file called `name`.
pub(crate) fn entry(index: u32, size: u64) -> Entry<'static> {
    Entry {
        index,
        kind: EntryKind::File,
        mode: 0,
        mtime: 0,
        size,
        path: name(),
    }
}

pub(crate) fn start(index: u32, offset: u64) -> Start {
    Start { index, offset }
}

pub(crate) fn again(index: u32, offset: u64, leaves: u32) -> Again {
    Again {
        index,
        offset,
        leaves,
    }
}

pub(crate) fn hashes(index: u32, offset: u64, count: usize) -> LeafHashes {
    LeafHashes {
        index,
        offset,
        hashes: vec![[0; 32]; count],
    }
}

pub(crate) fn leaf(index: u32, offset: u64, len: usize) -> LeafData {
    LeafData {
        index,
        offset,
        hash: [0; 32],
        content: LeafContent::Data,
        bytes: vec![0; len],
    }
}

fn name() -> RelativePath<'static> {
    RelativePath::new("name").unwrap()
}
