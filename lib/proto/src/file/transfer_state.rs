//! The state of one transfer, kept by both sides: the sender checks its caller with it, the
//! receiver checks the sender. It owns the states of entries from their announcement on until they
//! are settled.

use alloc::collections::BTreeMap;

use transom_wire::limits::ENTRIES_AHEAD;
use transom_wire::{Ending, Entry, Offer, Total};

use super::entry_state::EntryState;
use crate::PeerError;
use crate::error::legal;

/// ```text
///   offered --Accept--> accepted --Entry.., Total..--> finished (all entries are announced)
/// ```
pub(crate) struct TransferState {
    accepted: bool,
    /// What the sender has counted.
    total: Total,
    /// Entries announced, and their bytes.
    entries: u32,
    bytes: u64,
    finished: bool,
    /// Entries announced and neither done nor abandoned, at most [`ENTRIES_AHEAD`].
    unsettled: BTreeMap<u32, EntryState>,
}

/// The rules. Each fails if the other side breaks it, and then changes nothing.
impl TransferState {
    pub(crate) fn new(offer: &Offer<'_>) -> Self {
        Self {
            accepted: false,
            total: offer.total(),
            entries: 0,
            bytes: 0,
            finished: false,
            unsettled: BTreeMap::new(),
        }
    }

    pub(crate) fn accept(&mut self) -> Result<(), PeerError> {
        legal(!self.accepted, "a second accept")?;
        self.accepted = true;
        Ok(())
    }

    /// The sender has counted more.
    pub(crate) fn total(&mut self, total: &Total) -> Result<(), PeerError> {
        let grows = self.total.may_become(total) && total.allows(self.entries, self.bytes);
        let what = "a total after the finish, below an earlier one, or below the entries";
        legal(!self.finished && grows, what)?;
        self.total = *total;
        (self.unsettled.values_mut()).for_each(|entry| entry.grow(total));
        Ok(())
    }

    pub(crate) fn entry(&mut self, entry: &Entry<'_>) -> Result<(), PeerError> {
        let is_next = entry.index == self.entries;
        let what = "an entry out of order";
        legal(self.accepted && !self.finished && is_next, what)?;
        let (entries, bytes) = (self.entries + 1, self.bytes.saturating_add(entry.size));
        if !self.total.allows(entries, bytes) {
            return Err(PeerError::too_much("the entries or bytes offered"));
        }
        if self.ahead() == 0 {
            return Err(PeerError::too_much("entries ahead"));
        }
        (self.entries, self.bytes) = (entries, bytes);
        self.unsettled
            .insert(entry.index, EntryState::new(entry, &self.total));
        Ok(())
    }

    pub(crate) fn finish(&mut self, entries: u32) -> Result<(), PeerError> {
        let is_all = self.total.is_counted && entries == self.entries;
        let what = "a finish before the last total, or with a wrong count of entries";
        legal(self.accepted && !self.finished && is_all, what)?;
        self.finished = true;
        Ok(())
    }

    /// An entry for its sender. `None` if it is settled or has failed: what arrives then was in
    /// flight, or is dropped.
    pub(crate) fn announced(&mut self, index: u32) -> Result<Option<&mut EntryState>, PeerError> {
        let what = "an answer to an entry that was not announced";
        legal(index < self.entries, what)?;
        let entry = self.unsettled.get_mut(&index);
        Ok(entry.filter(|entry| !entry.failed))
    }

    /// An entry for its receiver, who has to settle it before it is gone.
    pub(crate) fn open(&mut self, index: u32) -> Result<&mut EntryState, PeerError> {
        let entry = self.unsettled.get_mut(&index);
        entry.ok_or(PeerError::unexpected(
            "a message of an entry that is not open",
        ))
    }

    /// Whether that entry was announced, be it settled or not.
    pub(crate) fn knows(&self, index: u32) -> bool {
        index < self.entries
    }

    /// The entry is done or abandoned. Gives its last state.
    pub(crate) fn settle(&mut self, index: u32) -> Option<EntryState> {
        self.unsettled.remove(&index)
    }
}

impl TransferState {
    pub(crate) fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// Whether all entries are announced and settled, so that the transfer may end.
    pub(crate) fn is_settled(&self) -> bool {
        self.finished && self.unsettled.is_empty()
    }

    /// Whether the receiver may end the transfer that way now.
    pub(crate) fn may_end(&self, ending: Ending) -> bool {
        let is_early = matches!(
            ending,
            Ending::AlreadyThere | Ending::Skipped | Ending::Failed
        );
        self.accepted && (is_early || self.is_settled())
    }

    /// How many entries may be announced before one is settled.
    pub(crate) fn ahead(&self) -> usize {
        (ENTRIES_AHEAD as usize).saturating_sub(self.unsettled.len())
    }

    /// How many entries may be announced now.
    pub(crate) fn entry_room(&self) -> usize {
        match self.accepted && !self.finished {
            true if self.total.is_counted => {
                self.ahead().min((self.total.files - self.entries) as usize)
            }
            true => self.ahead(),
            false => 0,
        }
    }

    pub(crate) fn unsettled(&self) -> impl Iterator<Item = &EntryState> {
        self.unsettled.values()
    }

    /// What the sender has counted.
    pub(crate) fn counted(&self) -> Total {
        self.total
    }

    /// Entries announced.
    pub(crate) fn entries(&self) -> u32 {
        self.entries
    }

    /// Whether all that was counted is announced, or as much as may be.
    pub(crate) fn is_ahead(&self) -> bool {
        let is_all = self.total.is_counted && self.entries == self.total.files;
        is_all || self.ahead() == 0
    }
}
