//! The state of one entry, kept by both sides: the sender checks its caller with it, the receiver
//! checks the sender.

use alloc::collections::VecDeque;

use transom_wire::limits::{LEAF, RUNS_AGAIN};
use transom_wire::{Again, End, Entry, EntryKind, Start, Total, last_leaf};

use crate::PeerError;
use crate::error::legal;

/// ```text
///   announced --Start--> started --Leaf.., Hashes..--> complete --End--> ended --Done--> settled
///                           \----------- Again --> Leaf ------------------/
/// ```
pub(crate) struct EntryState {
    kind: EntryKind,
    size: u64,
    /// Whether the size is not final: the file grows.
    grows: bool,
    /// The offset that the receiver asked for.
    start: Option<u64>,
    /// The front: offset of the next leaf from `start` on.
    front: u64,
    /// Leaves whose hashes were sent: of those before `start`, or of a file that grew of all but
    /// the last.
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

/// The rules. Each fails if the other side breaks it, and then changes nothing.
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

    /// The receiver asks for data from an offset.
    pub(crate) fn start(&mut self, start: &Start) -> Result<(), PeerError> {
        let aligned = start.offset.is_multiple_of(LEAF as u64) && start.offset < self.size;
        let fits = match self.kind {
            EntryKind::Growing => aligned || start.offset == 0,
            _ => aligned || start.offset == self.size,
        };
        let is_new = self.start.is_none() && !self.failed;
        let what = "a start that the entry's state or size does not allow";
        legal(self.kind != EntryKind::Folder && is_new && fits, what)?;
        (self.start, self.front) = (Some(start.offset), start.offset);
        Ok(())
    }

    /// The receiver asks for leaves again.
    pub(crate) fn again(&mut self, again: &Again) -> Result<(), PeerError> {
        let leaves = u64::from(again.leaves);
        let end = (again.offset / LEAF as u64).saturating_add(leaves);
        let asked = self.asked.saturating_add(leaves);
        let most = leaves_of(self.size).saturating_mul(4).saturating_add(64);
        let is_sent = self.start.is_some() && end <= leaves_of(self.front);
        let is_some = !self.failed && leaves > 0;
        let what = "a request for leaves again that were not sent, or for too many";
        legal(is_some && is_sent && asked <= most, what)?;
        self.asked = asked;
        self.again.push_back(*again);
        Ok(())
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

    /// A leaf follows: the next one, or the next of those asked for again.
    pub(crate) fn leaf(&mut self, offset: u64, len: usize) -> Result<(), PeerError> {
        let what = "a leaf out of order";
        let is_early = self.grows && offset >= last_leaf(self.size);
        let is_whole = len > 0 && len == self.leaf_len(offset);
        legal(self.start.is_some() && is_whole && !is_early, what)?;
        if offset == self.front {
            self.front += len as u64;
            return Ok(());
        }
        let next = self.again.front_mut();
        let run = next.filter(|run| run.offset == offset);
        let run = run.ok_or(PeerError::unexpected(what))?;
        (run.offset, run.leaves) = (run.offset + LEAF as u64, run.leaves - 1);
        if run.leaves == 0 {
            self.again.pop_front();
            self.requested = self.requested.saturating_sub(1);
        }
        Ok(())
    }

    /// Hashes of so many leaves follow.
    pub(crate) fn hashes(&mut self, offset: u64, count: usize) -> Result<(), PeerError> {
        let is_next = offset == self.hashed.saturating_mul(LEAF as u64);
        let hashed = self.hashed.saturating_add(count as u64);
        let to_hash = self.to_hash();
        let needed = match self.kind {
            EntryKind::Growing => self.size,
            _ => self.start.unwrap_or(0),
        };
        let is_early = self.grows || self.front < needed;
        let fits = count > 0 && hashed <= to_hash;
        let what = "hashes of leaves that are not the next ones";
        legal(self.end.is_none() && !is_early && is_next && fits, what)?;
        self.hashed = hashed;
        Ok(())
    }

    /// How many leaves have their hashes sent before the end.
    fn to_hash(&self) -> u64 {
        leaves_of(match self.kind {
            EntryKind::Growing => last_leaf(self.size),
            _ => self.start.unwrap_or(0),
        })
    }

    /// The entry ends: it has to be complete and of that size.
    pub(crate) fn end(&mut self, end: &End) -> Result<(), PeerError> {
        let is_proven = self.start.is_some() && self.hashed == self.to_hash();
        let is_sent = self.front == self.size && end.size == self.size;
        let is_open = self.end.is_none() && !self.grows;
        let what = "the end of an incomplete entry";
        legal(is_open && is_proven && is_sent, what)?;
        self.end = Some(*end);
        Ok(())
    }

    /// The receiver calls the entry done: it is complete, or none of it was asked for.
    pub(crate) fn done(&self) -> Result<(), PeerError> {
        let is_whole = self.whole().is_some() || self.start.is_none();
        let what = "done for an entry that was not sent completely";
        legal(!self.failed && is_whole, what)
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
}

fn leaves_of(bytes: u64) -> u64 {
    bytes.div_ceil(LEAF as u64)
}
