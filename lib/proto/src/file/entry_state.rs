//! How far one entry is: the same rules for the side that sends it and the side that checks.

use transom_wire::limits::LEAF;
use transom_wire::{EntryKind, Start};

/// ```text
///   announced --Start--> started --Leaf..--> whole --End--> ended
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryState {
    kind: EntryKind,
    size: u64,
    /// Where the receiver wants to go on.
    start: Option<u64>,
    /// Where the next leaf begins; `None` until the first one, which may also begin at 0.
    at: Option<u64>,
    ended: bool,
    /// The receiver can't take it: what still comes is dropped.
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

    /// Whether the receiver may ask for data from there.
    pub(crate) fn start(&mut self, start: &Start) -> bool {
        let aligned = start.offset.is_multiple_of(LEAF as u64) && start.offset < self.size;
        let fits = aligned || start.offset == self.size;
        if self.kind == EntryKind::Folder || self.start.is_some() || self.failed || !fits {
            return false;
        }
        self.start = Some(start.offset);
        true
    }

    /// Whether that leaf is the next one.
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

    /// Whether the entry may end now, at that size.
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

    /// Whether the receiver may call it done: all of it came, or it was there before.
    pub(crate) fn may_be_done(&self) -> bool {
        !self.failed && (self.ended || self.start.is_none())
    }
}
