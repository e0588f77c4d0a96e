//! The state of one entry, kept by both sides: the sender checks its caller with it, the receiver
//! checks the sender.

use alloc::collections::VecDeque;

use transom_wire::limits::{LEAF, RUNS_AGAIN};
use transom_wire::{Again, End, Entry, EntryKind, Start, Total, last_leaf};

/// ```text
///   announced --Start--> started --Leaf.., Hashes..--> complete --End--> ended --Done--> settled
///                           \----------- Again --> Leaf ------------------/
/// ```
#[derive(Clone, Debug)]
pub(crate) struct EntryState {
    kind: EntryKind,
    size: u64,
    /// Whether the size is not final: the file grows.
    grows: bool,
    /// The offset that the receiver asked for.
    start: Option<u64>,
    /// The front: offset of the next leaf from `start` on.
    front: u64,
    /// Leaves whose hashes were sent: of those before `start`, or of a file that grew of all but the
    /// last.
    hashed: u64,
    /// Leaves asked for again and not yet sent, in the order of the requests. None reaches beyond
    /// the front.
    again: VecDeque<Again>,
    /// How many of `again` the sender knows: those at the front, at most [`RUNS_AGAIN`].
    requested: usize,
    /// Leaves asked for again in all.
    asked: u64,
    end: Option<End>,
    /// The receiver can't store the entry: further data are dropped.
    pub(crate) failed: bool,
}

impl EntryState {
    /// An entry that is announced after that total.
    pub(crate) fn new(entry: &Entry<'_>, total: &Total) -> Self {
        let mut state = Self {
            kind: entry.kind,
            size: entry.size,
            grows: entry.kind == EntryKind::Growing,
            start: None,
            front: 0,
            hashed: 0,
            again: VecDeque::new(),
            requested: 0,
            asked: 0,
            end: None,
            failed: false,
        };
        state.grow(total);
        state
    }

    /// The sender has counted more.
    pub(crate) fn grow(&mut self, total: &Total) {
        if self.grows {
            (self.size, self.grows) = (total.bytes, !total.is_counted);
        }
    }

    /// The receiver asks for data from an offset. Returns whether that is legal.
    pub(crate) fn start(&mut self, start: &Start) -> bool {
        let aligned = start.offset.is_multiple_of(LEAF as u64) && start.offset < self.size;
        let fits = match self.kind {
            EntryKind::Growing => aligned || start.offset == 0,
            _ => aligned || start.offset == self.size,
        };
        if self.kind == EntryKind::Folder || self.start.is_some() || self.failed || !fits {
            return false;
        }
        (self.start, self.front) = (Some(start.offset), start.offset);
        true
    }

    /// The receiver asks for leaves again. Returns whether that is legal.
    pub(crate) fn again(&mut self, again: &Again) -> bool {
        let leaves = u64::from(again.leaves);
        let end = (again.offset / LEAF as u64).saturating_add(leaves);
        let asked = self.asked.saturating_add(leaves);
        let most = leaves_of(self.size).saturating_mul(4).saturating_add(64);
        let is_sent = self.start.is_some() && end <= leaves_of(self.front);
        if self.failed || leaves == 0 || !is_sent || asked > most {
            return false;
        }
        self.asked = asked;
        self.again.push_back(*again);
        true
    }

    /// Whether the receiver may ask for one more run of leaves now.
    pub(crate) fn has_room_again(&self) -> bool {
        self.again.len() < RUNS_AGAIN
    }

    /// The next run that the sender was not told of yet.
    pub(crate) fn next_request(&mut self) -> Option<Again> {
        let next = self.again.get(self.requested).copied();
        let next = next.filter(|_| self.requested < RUNS_AGAIN);
        self.requested += usize::from(next.is_some());
        next
    }

    /// A leaf follows. Returns whether it is the next one, or the next of those asked for again.
    pub(crate) fn leaf(&mut self, offset: u64, len: usize) -> bool {
        let is_early = self.grows && offset >= last_leaf(self.size);
        if self.start.is_none() || is_early || len == 0 || len != self.leaf_len(offset) {
            return false;
        }
        if offset == self.front {
            self.front += len as u64;
            return true;
        }
        let next = self.again.front_mut();
        let Some(run) = next.filter(|run| run.offset == offset) else {
            return false;
        };
        (run.offset, run.leaves) = (run.offset + LEAF as u64, run.leaves - 1);
        if run.leaves == 0 {
            self.again.pop_front();
            self.requested = self.requested.saturating_sub(1);
        }
        true
    }

    /// Hashes of so many leaves follow. Returns whether they are the next ones.
    pub(crate) fn hashes(&mut self, offset: u64, count: usize) -> bool {
        let is_next = offset == self.hashed.saturating_mul(LEAF as u64);
        let hashed = self.hashed.saturating_add(count as u64);
        let to_hash = self.to_hash();
        let is_early = self.grows || leaves_of(self.front) < to_hash;
        if self.end.is_some() || is_early || !is_next || count == 0 || hashed > to_hash {
            return false;
        }
        self.hashed = hashed;
        true
    }

    /// How many leaves have their hashes sent before the end.
    fn to_hash(&self) -> u64 {
        leaves_of(match self.kind {
            EntryKind::Growing => last_leaf(self.size),
            _ => self.start.unwrap_or(0),
        })
    }

    /// The entry ends. Returns whether it is complete and has that size.
    pub(crate) fn end(&mut self, end: &End) -> bool {
        let is_proven = self.start.is_some() && self.hashed == self.to_hash();
        let is_sent = self.front == self.size && end.size == self.size;
        if self.end.is_some() || self.grows || !is_proven || !is_sent {
            return false;
        }
        self.end = Some(*end);
        true
    }

    /// How long the leaf at that offset is.
    pub(crate) fn leaf_len(&self, offset: u64) -> usize {
        let rest = self.size.saturating_sub(offset);
        usize::try_from(rest).map_or(LEAF, |rest| rest.min(LEAF))
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Whether its size is not final.
    pub(crate) fn grows(&self) -> bool {
        self.grows
    }

    /// The end of the entry, while no leaf is outstanding.
    pub(crate) fn whole(&self) -> Option<End> {
        self.end.filter(|_| self.again.is_empty())
    }

    /// Whether the receiver has asked for data that are not all queued.
    pub(crate) fn is_sending(&self) -> bool {
        self.start.is_some() && self.whole().is_none() && !self.failed
    }

    /// Whether the receiver may call the entry done: it is complete, or none of it was asked for.
    pub(crate) fn may_be_done(&self) -> bool {
        !self.failed && (self.whole().is_some() || self.start.is_none())
    }
}

fn leaves_of(bytes: u64) -> u64 {
    bytes.div_ceil(LEAF as u64)
}
