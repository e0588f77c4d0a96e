//! The state of one entry, kept by both sides: the sender checks its caller with it, the receiver
//! checks the sender.

use transom_wire::limits::LEAF;
use transom_wire::{EntryKind, Start};

/// ```text
///   announced --Start--> started --Leaf..--> complete --End--> ended
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryState {
    kind: EntryKind,
    size: u64,
    /// The offset that the receiver asked for.
    start: Option<u64>,
    /// Offset of the next leaf; `None` before the first leaf, which may also begin at 0.
    at: Option<u64>,
    ended: bool,
    /// The receiver can't store the entry: further data are dropped.
    pub(crate) failed: bool,
}

impl EntryState {
    pub(crate) fn new(kind: EntryKind, size: u64) -> Self {
        Self {
            kind,
            size,
            start: None,
            at: None,
            ended: false,
            failed: false,
        }
    }

    /// The receiver asks for data from an offset. Returns whether that is legal.
    pub(crate) fn start(&mut self, start: &Start) -> bool {
        let aligned = start.offset.is_multiple_of(LEAF as u64) && start.offset < self.size;
        let fits = aligned || start.offset == self.size;
        if self.kind == EntryKind::Folder || self.start.is_some() || self.failed || !fits {
            return false;
        }
        self.start = Some(start.offset);
        true
    }

    /// A leaf follows. Returns whether it is the next one.
    pub(crate) fn leaf(&mut self, offset: u64, len: usize) -> bool {
        let Some(start) = self.start else {
            return false;
        };
        let expected = match self.at {
            Some(at) => offset == at,
            None => offset == start || offset == 0,
        };
        let rest = self.size.saturating_sub(offset);
        let whole = rest.min(LEAF as u64) == len as u64;
        if self.ended || !expected || !whole || len == 0 {
            return false;
        }
        self.at = Some(offset + len as u64);
        true
    }

    /// The entry ends. Returns whether it is complete and has that size.
    pub(crate) fn end(&mut self, size: u64) -> bool {
        let whole = self.at.or(self.start) == Some(self.size);
        if self.ended || !whole || size != self.size {
            return false;
        }
        self.ended = true;
        true
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Whether the receiver has asked for data that are not all queued.
    pub(crate) fn is_sending(&self) -> bool {
        self.start.is_some() && !self.ended && !self.failed
    }

    /// Whether the receiver may call the entry done: it is complete, or none of it was asked for.
    pub(crate) fn may_be_done(&self) -> bool {
        !self.failed && (self.ended || self.start.is_none())
    }
}
