//! The sending side of one transfer. Entries are announced ahead of their data; leaves are sent
//! frame by frame, within the receiver's grant.

use alloc::collections::VecDeque;
use alloc::string::String;

use transom_wire::limits::{ENTRIES_AHEAD, HASH_CREDIT, HASHES, LEAF};
use transom_wire::{
    Accept, Again, Done, End, Entry, Failure, Finish, Grant, Hashes, Leaf, LeafContent, LimitedBy,
    Message, Offer, Progress, Start, Total,
};

use super::bottleneck::Bottleneck;
use super::entry_state::EntryState;
use super::spare::Spare;
use super::throttle::Throttle;
use super::transfer_state::TransferState;
use crate::error::legal;
use crate::send::{Output, Record, clip};
use crate::{Instant, LeafData, LeafHashes, PeerError, TransferEvent, TransferId, UsageError};

pub(crate) struct Sending {
    id: TransferId,
    pub(crate) state: TransferState,
    queue: VecDeque<Item>,
    /// Bytes of leaves in `queue`, at most `room`.
    queued: usize,
    room: usize,
    /// Hashes of leaves in `queue`, at most [`MAX_HASHES`].
    hashes: usize,
    /// `sent + credit <= granted`: data bytes, and the credit of the hashes that were sent.
    granted: u64,
    sent: u64,
    credit: u64,
    /// Data bytes that the receiver has written.
    written: u64,
    pub(crate) throttle: Throttle,
    pub(crate) bottleneck: Bottleneck,
    /// More than half of the room for leaves was used: [`TransferEvent::Room`] follows once it is
    /// not.
    leaves_short: bool,
    /// The same for entries.
    entries_short: bool,
    /// The same for hashes.
    hashes_short: bool,
}

/// Hashes of large files that wait at most: one message is sent while the next ones are read.
const HASH_ROOM: usize = 2 * HASHES;

/// The same with one hash of each file that may be ahead: small files are read whole, whatever
/// waits.
const MAX_HASHES: usize = HASH_ROOM + ENTRIES_AHEAD as usize;

/// Bytes of a message of hashes besides the hashes: its index and offset.
const HASHES_HEAD: usize = 4 + 8;

enum Item {
    Leaf {
        leaf: LeafData,
        /// Its bytes in the file.
        len: usize,
        /// Whether its head was sent.
        announced: bool,
        /// Bytes sent.
        at: usize,
    },
    /// What of the hashes was not sent yet.
    Hashes(LeafHashes),
    End(End),
    Abandon(Failure<String>),
}

impl Item {
    fn index(&self) -> u32 {
        match self {
            Self::Leaf { leaf, .. } => leaf.index,
            Self::Hashes(hashes) => hashes.index,
            Self::End(end) => end.index,
            Self::Abandon(failure) => failure.index,
        }
    }

    /// How much of the grant it needs to go on: a hole and a hash go whole.
    fn least_grant(&self) -> u64 {
        let bytes = match self {
            Self::Leaf { leaf, len, .. } if leaf.content == LeafContent::Hole => *len,
            Self::Leaf { .. } => 1,
            Self::Hashes(_) => HASH_CREDIT,
            Self::End(_) | Self::Abandon(_) => 0,
        };
        bytes as u64
    }
}

/// The result of writing a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Written,
    /// Nothing waits, or grant, pause or rate hold it back.
    Held,
    /// The record is full.
    Full,
}

impl Sending {
    pub(crate) fn new(id: TransferId, offer: &Offer<'_>, room: usize) -> Self {
        Self {
            id,
            state: TransferState::new(offer),
            queue: VecDeque::new(),
            queued: 0,
            room,
            hashes: 0,
            granted: 0,
            sent: 0,
            credit: 0,
            written: 0,
            throttle: Throttle::default(),
            bottleneck: Bottleneck::default(),
            leaves_short: false,
            entries_short: false,
            hashes_short: false,
        }
    }

    pub(crate) fn entry_room(&self, output: &Output) -> usize {
        match output.is_busy() {
            true => 0,
            false => self.state.entry_room(),
        }
    }

    pub(crate) fn leaf_room(&self) -> usize {
        self.room.saturating_sub(self.queued)
    }

    pub(crate) fn hash_room(&self) -> usize {
        HASH_ROOM.saturating_sub(self.hashes)
    }

    pub(crate) fn held(&self) -> usize {
        self.queued + size_of::<[u8; 32]>() * self.hashes
    }

    pub(crate) fn total(&mut self, total: &Total, output: &mut Output) -> Result<(), UsageError> {
        let told = self.state.total(total);
        told.map_err(UsageError::not_now("total"))?;
        output.send(self.id.0, &Message::Total(*total));
        Ok(())
    }

    pub(crate) fn entry(
        &mut self,
        entry: &Entry<'_>,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        if self.entry_room(output) == 0 {
            return Err(UsageError::Full { what: "entries" });
        }
        let announced = self.state.entry(entry);
        announced.map_err(UsageError::not_now("entry"))?;
        self.entries_short |= self.state.ahead() < ENTRIES_AHEAD as usize / 2;
        output.send(self.id.0, &Message::Entry(*entry));
        Ok(())
    }

    /// Queues a leaf, or drops it if its entry was abandoned meanwhile.
    pub(crate) fn leaf(&mut self, leaf: LeafData) -> Result<(), UsageError> {
        let room = self.leaf_room();
        let not_now = UsageError::not_now("leaf");
        let Some(entry) = self.state.announced(leaf.index).map_err(&not_now)? else {
            return Ok(());
        };
        let len = match leaf.content {
            // It takes room as others do, or a queue of holes would have no end.
            LeafContent::Hole => entry.leaf_len(leaf.offset),
            _ => leaf.bytes.len(),
        };
        if len > room {
            return Err(UsageError::Full { what: "leaves" });
        }
        entry.leaf(leaf.offset, len).map_err(not_now)?;
        self.queued += len;
        self.leaves_short |= self.queued > self.room / 2;
        self.queue.push_back(Item::Leaf {
            leaf,
            len,
            announced: false,
            at: 0,
        });
        Ok(())
    }

    /// Queues hashes of leaves, or drops them if their entry was abandoned meanwhile.
    pub(crate) fn hashes(&mut self, hashes: LeafHashes) -> Result<(), UsageError> {
        let count = hashes.hashes.len();
        if count > MAX_HASHES.saturating_sub(self.hashes) {
            return Err(UsageError::Full { what: "hashes" });
        }
        let not_now = UsageError::not_now("hashes");
        let Some(entry) = self.state.announced(hashes.index).map_err(&not_now)? else {
            return Ok(());
        };
        entry.hashes(hashes.offset, count).map_err(not_now)?;
        self.hashes += count;
        self.hashes_short |= self.hashes > HASH_ROOM / 2;
        self.queue.push_back(Item::Hashes(hashes));
        Ok(())
    }

    pub(crate) fn end(&mut self, end: &End) -> Result<(), UsageError> {
        let not_now = UsageError::not_now("end");
        if let Some(entry) = self.state.announced(end.index).map_err(&not_now)? {
            entry.end(end).map_err(not_now)?;
            self.queue.push_back(Item::End(*end));
        }
        Ok(())
    }

    /// Abandons an entry. It is settled once the abandon is sent, which is behind its announcement.
    pub(crate) fn abandon(&mut self, failure: Failure<&str>) -> Result<(), UsageError> {
        let entry = self.state.announced(failure.index);
        if entry.map_err(UsageError::not_now("abandon"))?.is_some() {
            self.give_up(failure);
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, entries: u32, output: &mut Output) -> Result<(), UsageError> {
        let finished = self.state.finish(entries);
        finished.map_err(UsageError::not_now("finish"))?;
        output.send(self.id.0, &Message::Finish(Finish { entries }));
        Ok(())
    }

    pub(crate) fn handle_accept(
        &mut self,
        accept: Accept,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        self.state.accept()?;
        let held = accept.held;
        output.emit_transfer(self.id, TransferEvent::Accepted { held });
        Ok(())
    }

    pub(crate) fn handle_start(
        &mut self,
        start: Start,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        if let Some(entry) = self.state.announced(start.index)? {
            entry.start(&start)?;
            output.emit_transfer(self.id, TransferEvent::Started(start));
        }
        Ok(())
    }

    pub(crate) fn handle_again(
        &mut self,
        again: Again,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        if let Some(entry) = self.state.announced(again.index)? {
            legal(entry.has_room_again(), "too many requests for leaves again")?;
            entry.again(&again)?;
            output.emit_transfer(self.id, TransferEvent::Again(again));
        }
        Ok(())
    }

    pub(crate) fn handle_done(&mut self, done: Done, output: &mut Output) -> Result<(), PeerError> {
        let is_sent = !self.queue.iter().any(|item| item.index() == done.index);
        if let Some(entry) = self.state.announced(done.index)? {
            legal(is_sent, "done for an entry that was not sent completely")?;
            entry.done()?;
            self.settle(done.index, output);
            output.emit_transfer(self.id, TransferEvent::Done(done));
        }
        Ok(())
    }

    /// The receiver can't store an entry: abandons it without asking the caller.
    pub(crate) fn handle_failed(
        &mut self,
        failure: Failure<&str>,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        if self.state.announced(failure.index)?.is_some() {
            self.give_up(failure.map_text(|_| "the receiver can't take it"));
            let failure = failure.map_text(String::from);
            output.emit_transfer(self.id, TransferEvent::Failed(failure));
        }
        Ok(())
    }

    pub(crate) fn handle_grant(&mut self, grant: Grant) -> Result<(), PeerError> {
        let grows = self.state.is_accepted() && grant.bytes >= self.granted;
        legal(
            grows,
            "a grant before the accept, or below an earlier grant",
        )?;
        self.granted = grant.bytes;
        Ok(())
    }

    pub(crate) fn handle_progress(&mut self, progress: Progress) {
        self.written = progress.verified;
    }

    /// Measures what the data wait for now.
    pub(crate) fn measure(&mut self, in_flight: Option<u64>, now: Instant) {
        let limited_by = self.waits_for(in_flight, now);
        self.bottleneck.measure(limited_by, now);
    }

    /// What the data wait for; `None` if there are none, or the transfer is paused. Without
    /// `in_flight` they wait for the socket.
    fn waits_for(&self, in_flight: Option<u64>, now: Instant) -> Option<LimitedBy> {
        let is_running = self.state.is_accepted() && !self.state.is_settled();
        if !is_running || self.throttle.is_paused() {
            return None;
        }
        let Some(in_flight) = in_flight else {
            return Some(LimitedBy::Network);
        };
        Some(match self.queue.front() {
            Some(item) if self.left() < item.least_grant() => {
                // A long path holds a whole window: its bytes are not at the receiver.
                match in_flight > self.sent.saturating_sub(self.written) / 2 {
                    true => LimitedBy::Network,
                    false => LimitedBy::ReceiverDisk,
                }
            }
            Some(Item::Leaf { .. }) if self.throttle.allowance(now) == 0 => LimitedBy::Rate,
            Some(_) => LimitedBy::Network,
            None if self.awaits_receiver() => LimitedBy::ReceiverDisk,
            // It waits for the program that writes the file.
            None if self.state.unsettled().any(EntryState::grows) => return None,
            None => LimitedBy::SenderDisk,
        })
    }

    /// Whether all entries that may be announced wait for an answer of the receiver.
    fn awaits_receiver(&self) -> bool {
        self.state.is_ahead() && !self.state.unsettled().any(EntryState::is_sending)
    }

    /// Writes frames until the record has `most` bytes or nothing may be sent; returns which. Puts
    /// the buffers of sent leaves into the pool.
    pub(crate) fn pull(
        &mut self,
        record: &mut Record<'_>,
        most: usize,
        now: Instant,
        spare: &mut Spare,
        output: &mut Output,
    ) -> Step {
        let mut step = Step::Written;
        while step == Step::Written {
            step = match record.used() < most {
                true => self.step(record, most, now, spare, output),
                false => Step::Full,
            };
        }
        if self.leaves_short && self.queued <= self.room / 2 {
            self.leaves_short = false;
            output.emit_transfer(self.id, TransferEvent::Room);
        }
        if self.hashes_short && self.hashes <= HASH_ROOM / 2 {
            self.hashes_short = false;
            output.emit_transfer(self.id, TransferEvent::Room);
        }
        step
    }

    /// When the rate limit lets the next data pass; `None` if something else holds them back.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self.queue.front()? {
            item if self.throttle.is_paused() || self.left() < item.least_grant() => None,
            Item::Leaf { .. } => Some(self.throttle.opens_at()),
            // Not limited.
            Item::Hashes(_) => Some(Instant::default()),
            Item::End(_) | Item::Abandon(_) => None,
        }
    }

    /// What of the grant is left.
    fn left(&self) -> u64 {
        self.granted - self.sent - self.credit
    }

    fn step(
        &mut self,
        record: &mut Record<'_>,
        most: usize,
        now: Instant,
        spare: &mut Spare,
        output: &mut Output,
    ) -> Step {
        match self.queue.front() {
            Some(Item::Leaf { .. }) => self.leaf_step(record, most, now, spare),
            Some(Item::Hashes(_)) => self.hashes_step(record),
            Some(Item::End(end)) => {
                let is_written = record.push(self.id.0, 0, &Message::End(*end));
                self.shift(is_written)
            }
            Some(Item::Abandon(failure)) => {
                let index = failure.index;
                let message = Message::Abandon(failure.as_str());
                let is_written = record.push(self.id.0, 0, &message);
                if is_written {
                    self.settle(index, output);
                }
                self.shift(is_written)
            }
            None => Step::Held,
        }
    }

    /// Removes the item at the front once it is written.
    fn shift(&mut self, is_written: bool) -> Step {
        if !is_written {
            return Step::Full;
        }
        self.queue.pop_front();
        Step::Written
    }

    /// Writes the head of the leaf at the front, or its next bytes.
    fn leaf_step(
        &mut self,
        record: &mut Record<'_>,
        most: usize,
        now: Instant,
        spare: &mut Spare,
    ) -> Step {
        let grant = self.left();
        let allowed = grant.min(self.throttle.allowance(now));
        let allowed = usize::try_from(allowed).unwrap_or(usize::MAX);
        let front = self.queue.front_mut();
        let front = front.filter(|item| allowed > 0 && grant >= item.least_grant());
        let Some(Item::Leaf {
            leaf,
            len,
            announced,
            at,
        }) = front
        else {
            return Step::Held;
        };
        if !*announced {
            let head = Leaf {
                index: leaf.index,
                offset: leaf.offset,
                len: u32::try_from(*len).unwrap_or(0),
                hash: leaf.hash,
                content: leaf.content,
            };
            *announced = record.push(self.id.0, 0, &Message::Leaf(head));
            if *announced && leaf.content == LeafContent::Hole {
                self.sent += *len as u64;
                self.drop_front(spare);
                return Step::Written;
            }
            return match *announced {
                true => Step::Written,
                false => Step::Full,
            };
        }
        let rest = leaf.bytes.get(*at..).unwrap_or(&[]);
        let room = record.room().min(most - record.used());
        let bytes = rest.get(..rest.len().min(room).min(allowed)).unwrap_or(&[]);
        if bytes.is_empty() || !record.push(self.id.0, 0, &Message::Data(bytes)) {
            return Step::Full;
        }
        let len = bytes.len();
        *at += len;
        let is_whole = *at == leaf.bytes.len();
        self.sent += len as u64;
        self.throttle.sent(len as u64, now);
        if is_whole {
            self.drop_front(spare);
        }
        Step::Written
    }

    /// Writes as many of the hashes at the front as fit into the grant, the record and a message.
    /// They belong to the data: a pause holds them back too.
    fn hashes_step(&mut self, record: &mut Record<'_>) -> Step {
        let granted = usize::try_from(self.left() / HASH_CREDIT as u64).unwrap_or(usize::MAX);
        let is_held = self.throttle.is_paused() || granted == 0;
        let front = self.queue.front_mut().filter(|_| !is_held);
        let Some(Item::Hashes(waiting)) = front else {
            return Step::Held;
        };
        let LeafHashes {
            index,
            offset,
            hashes,
        } = waiting;
        let room = record.room().saturating_sub(HASHES_HEAD) / size_of::<[u8; 32]>();
        let count = hashes.len().min(room).min(HASHES).min(granted);
        let message = Hashes {
            index: *index,
            offset: *offset,
            hashes: hashes.get(..count).unwrap_or(&[]),
        };
        if count == 0 || !record.push(self.id.0, 0, &Message::Hashes(message)) {
            return Step::Full;
        }
        hashes.drain(..count);
        *offset += (count * LEAF) as u64;
        let is_written = hashes.is_empty();
        self.hashes -= count;
        self.credit += (count * HASH_CREDIT) as u64;
        if is_written {
            self.queue.pop_front();
        }
        Step::Written
    }

    fn drop_front(&mut self, spare: &mut Spare) {
        if let Some(Item::Leaf { leaf, len, .. }) = self.queue.pop_front() {
            self.queued -= len;
            spare.put(leaf.bytes);
        }
    }

    /// Replaces all queued items of the entry by an abandon. It is sent first, since one of the
    /// entry's leaves may be partly sent.
    fn give_up(&mut self, failure: Failure<&str>) {
        let index = failure.index;
        if let Ok(entry) = self.state.open(index) {
            entry.failed = true;
        }
        self.queue.retain(|item| match item {
            Item::Leaf { leaf, len, .. } if leaf.index == index => {
                self.queued -= len;
                false
            }
            Item::Hashes(hashes) if hashes.index == index => {
                self.hashes -= hashes.hashes.len();
                false
            }
            other => other.index() != index,
        });
        let failure = failure.map_text(|text| clip(text).into());
        self.queue.push_front(Item::Abandon(failure));
    }

    fn settle(&mut self, index: u32, output: &mut Output) {
        self.state.settle(index);
        if self.entries_short && self.state.ahead() >= ENTRIES_AHEAD as usize / 2 {
            self.entries_short = false;
            output.emit_transfer(self.id, TransferEvent::Room);
        }
    }
}
