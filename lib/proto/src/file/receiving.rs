//! The receiving side of one transfer. Checks every message of the sender, and grants data as the
//! disk takes them.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use transom_wire::limits::LEAF;
use transom_wire::{
    Accept, Again, DecodeError, Done, End, Entry, EntryKind, Failure, Finish, Grant, Hashes, Leaf,
    LeafContent, LimitedBy, Message, Offer, Progress, Shape, Start, Total,
};

use super::entry_state::EntryState;
use super::spare::Spare;
use super::throttle::Throttle;
use super::transfer_state::TransferState;
use crate::error::legal;
use crate::send::{Output, clip};
use crate::{
    Instant, LeafData, LeafHashes, PathString, PeerError, TransferEvent, TransferId, UsageError,
};

pub(crate) struct Receiving {
    id: TransferId,
    shape: Shape,
    name: PathString,
    pub(crate) state: TransferState,
    /// The caller has not yet taken the last event of a total.
    total_event_waits: bool,
    partial: Option<Partial>,
    /// `taken <= given <= received <= granted <= taken + window`, in data bytes and the credit of
    /// hashes.
    granted: u64,
    received: u64,
    /// Bytes given out as events, or dropped.
    given: u64,
    /// Bytes that the caller has stored, or that were dropped.
    taken: u64,
    window: u64,
    /// When data were last received.
    moved: Option<Instant>,
    grant_due: bool,
    progress_due: Option<Progress>,
    /// When the next progress may be sent by itself; with a grant it is sent at any time.
    progress_from: Instant,
    pub(crate) throttle: Throttle,
    /// What limits the rate, as the sender says.
    pub(crate) limited_by: Option<LimitedBy>,
}

/// Least interval between progress messages. Twenty a second move a progress bar smoothly; one for
/// each leaf takes a tenth of the time of a fast transfer.
const PROGRESS: Duration = Duration::from_millis(50);

/// How long after its last data a transfer keeps its share of the common window: longer than a disk
/// pauses, and short enough that a stalled transfer soon frees its share for the others.
const MOVES: Duration = Duration::from_secs(1);

/// The incomplete leaf.
struct Partial {
    leaf: LeafData,
    /// Bytes of its entry.
    size: u64,
    /// Bytes of the whole leaf.
    len: usize,
    /// The entry failed: its bytes are counted and not kept.
    dropped: bool,
    /// Bytes received.
    got: usize,
}

impl Receiving {
    pub(crate) fn new(id: TransferId, offer: Offer<'_>, window: u64) -> Self {
        Self {
            id,
            state: TransferState::new(&offer),
            shape: offer.shape,
            name: offer.name.into(),
            total_event_waits: false,
            partial: None,
            granted: 0,
            received: 0,
            given: 0,
            taken: 0,
            window,
            moved: None,
            grant_due: false,
            progress_due: None,
            progress_from: Instant::default(),
            throttle: Throttle::default(),
            limited_by: None,
        }
    }

    pub(crate) fn held(&self) -> usize {
        let partial = self.partial.as_ref();
        partial.map_or(0, |partial| partial.leaf.bytes.capacity())
    }

    pub(crate) fn accept(&mut self, held: u64, output: &mut Output) -> Result<(), UsageError> {
        let accepted = self.state.accept();
        accepted.map_err(UsageError::not_now("accept"))?;
        self.grant_due = true;
        output.send(self.id.0, &Message::Accept(Accept { held }));
        Ok(())
    }

    pub(crate) fn start(&mut self, start: &Start, output: &mut Output) -> Result<(), UsageError> {
        let entry = self.state.open(start.index);
        let started = entry.and_then(|entry| entry.start(start));
        started.map_err(UsageError::not_now("start"))?;
        output.send(self.id.0, &Message::Start(*start));
        Ok(())
    }

    /// Asks for leaves again, as far as the sender may be told now.
    pub(crate) fn again(&mut self, again: &Again, output: &mut Output) -> Result<(), UsageError> {
        let not_now = UsageError::not_now("again");
        let entry = self.state.open(again.index).map_err(&not_now)?;
        entry.again(again).map_err(not_now)?;
        request(self.id, entry, output);
        Ok(())
    }

    /// The entry can't be stored. Its data are dropped until the sender abandons it.
    pub(crate) fn failed(
        &mut self,
        failure: Failure<&str>,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        let index = failure.index;
        let entry = self.state.open(index).ok().filter(|entry| !entry.failed);
        let entry = entry.ok_or(UsageError::NotNow { verb: "failed" })?;
        entry.failed = true;
        if let Some(partial) = self
            .partial
            .as_mut()
            .filter(|partial| partial.leaf.index == index)
        {
            partial.dropped = true;
            partial.leaf.bytes = Vec::new();
        }
        output.send(self.id.0, &Message::Failed(failure.map_text(clip)));
        Ok(())
    }

    pub(crate) fn stored(&mut self, taken: u64, progress: Progress) -> Result<(), UsageError> {
        let ordered =
            progress.durable <= progress.verified && progress.verified <= progress.received;
        if taken > self.given - self.taken || !ordered {
            return Err(UsageError::NotNow { verb: "stored" });
        }
        self.taken += taken;
        self.progress_due = Some(progress);
        self.want_grant();
        Ok(())
    }

    pub(crate) fn done(&mut self, done: &Done, output: &mut Output) -> Result<(), UsageError> {
        let entry = self.state.open(done.index);
        let is_done = entry.and_then(|entry| entry.done());
        is_done.map_err(UsageError::not_now("done"))?;
        output.send(self.id.0, &Message::Done(*done));
        self.state.settle(done.index);
        self.emit_finish(output);
        Ok(())
    }

    /// Bytes granted and not yet taken: they are in memory, or may arrive at any time.
    pub(crate) fn outstanding(&self) -> u64 {
        self.granted - self.taken
    }

    /// Bytes given out as events and not yet stored.
    pub(crate) fn storing(&self) -> u64 {
        self.given - self.taken
    }

    /// Whether data were received within [`MOVES`].
    pub(crate) fn moves(&self, now: Instant) -> bool {
        self.moved.is_some_and(|moved| now - moved < MOVES)
    }

    /// Queues the due grant, progress and limits. At most `room` bytes are outstanding after the
    /// grant.
    pub(crate) fn flush(&mut self, room: u64, output: &mut Output, now: Instant) {
        let granted = self.grant_due && self.grant(room, output);
        if granted || now >= self.progress_from {
            self.progress(output, now);
        }
        self.throttle.flush(self.id.0, output);
    }

    /// Queues the due messages without any delay, before the transfer's last message.
    pub(crate) fn flush_all(&mut self, output: &mut Output) {
        self.progress_from = Instant::default();
        self.flush(0, output, Instant::default());
    }

    /// When [`flush`](Self::flush) sends the progress that it holds back now.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.progress_due.map(|_| self.progress_from)
    }

    /// The sender has counted more.
    pub(crate) fn handle_total(
        &mut self,
        total: Total,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        self.state.total(&total)?;
        // A peer that counts in small steps must not grow the queue of events.
        if !core::mem::replace(&mut self.total_event_waits, true) {
            output.emit_transfer(self.id, TransferEvent::Total(total));
        }
        Ok(())
    }

    /// Puts the newest total into an event that the caller takes now.
    pub(crate) fn update_event(&mut self, event: &mut TransferEvent) {
        if let TransferEvent::Total(total) = event {
            (*total, self.total_event_waits) = (self.state.counted(), false);
        }
    }

    pub(crate) fn handle_entry(
        &mut self,
        entry: Entry<'_>,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        self.check_shape(&entry)?;
        self.state.entry(&entry)?;
        output.emit_transfer(self.id, TransferEvent::Entry(entry.into()));
        Ok(())
    }

    pub(crate) fn handle_finish(
        &mut self,
        finish: Finish,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        self.state.finish(finish.entries)?;
        self.emit_finish(output);
        Ok(())
    }

    pub(crate) fn handle_leaf(
        &mut self,
        leaf: Leaf,
        now: Instant,
        spare: &mut Spare,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        legal(self.partial.is_none(), "a leaf inside another")?;
        let len = leaf.len as usize;
        let entry = self.state.open(leaf.index)?;
        entry.leaf(leaf.offset, len)?;
        let Leaf {
            index,
            offset,
            hash,
            content,
            ..
        } = leaf;
        let is_hole = content == LeafContent::Hole;
        let buffer = if is_hole { None } else { spare.take() };
        let mut bytes = buffer.unwrap_or_default();
        bytes.clear();
        let leaf = LeafData {
            index,
            offset,
            hash,
            content,
            bytes,
        };
        self.partial = Some(Partial {
            leaf,
            size: entry.size(),
            len,
            dropped: entry.failed,
            got: if is_hole { len } else { 0 },
        });
        if is_hole {
            self.received(len as u64, now)?;
            self.leaf_came(output);
        }
        Ok(())
    }

    pub(crate) fn handle_data(
        &mut self,
        bytes: &[u8],
        now: Instant,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(partial) = &mut self.partial else {
            return Err(PeerError::unexpected("data outside a leaf"));
        };
        if bytes.is_empty() {
            return Err(DecodeError::Cut("data").into());
        }
        if bytes.len() > partial.len - partial.got {
            return Err(PeerError::too_much("a leaf's announced bytes"));
        }
        partial.add(bytes);
        let is_whole = partial.got == partial.len;
        self.received(bytes.len() as u64, now)?;
        if is_whole {
            self.leaf_came(output);
        }
        Ok(())
    }

    /// Counts bytes of leaves that came, or the credit of hashes.
    fn received(&mut self, bytes: u64, now: Instant) -> Result<(), PeerError> {
        if bytes > self.granted - self.received {
            return Err(PeerError::too_much("the bytes granted"));
        }
        self.received += bytes;
        self.moved = Some(now);
        Ok(())
    }

    pub(crate) fn handle_end(&mut self, end: End, output: &mut Output) -> Result<(), PeerError> {
        let inside = self
            .partial
            .as_ref()
            .is_some_and(|partial| partial.leaf.index == end.index);
        legal(!inside, "the end of an entry inside its leaf")?;
        let entry = self.state.open(end.index)?;
        entry.end(&end)?;
        emit_ended(self.id, entry, output);
        Ok(())
    }

    pub(crate) fn handle_hashes(
        &mut self,
        hashes: Hashes<'_>,
        now: Instant,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Hashes {
            index,
            offset,
            hashes,
        } = hashes;
        let entry = self.state.open(index)?;
        entry.hashes(offset, hashes.len())?;
        let is_failed = entry.failed;
        let hashes = LeafHashes {
            index,
            offset,
            hashes: hashes.to_vec(),
        };
        self.received(hashes.credit(), now)?;
        match is_failed {
            true => self.drop_bytes(hashes.credit()),
            false => {
                self.given += hashes.credit();
                output.emit_transfer(self.id, TransferEvent::Hashes(hashes));
            }
        }
        Ok(())
    }

    pub(crate) fn handle_abandon(
        &mut self,
        failure: Failure<&str>,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let index = failure.index;
        let what = "an abandon of an entry that was not announced";
        legal(self.state.knows(index), what)?;
        if let Some(partial) = self.partial.take_if(|partial| partial.leaf.index == index) {
            self.drop_bytes(partial.got as u64);
        }
        // A settled entry was done while this message was in flight. After our `failed`, this is
        // the sender's reply: no more data of the entry follow.
        if self.state.settle(index).is_some() {
            let failure = failure.map_text(String::from);
            output.emit_transfer(self.id, TransferEvent::Abandoned(failure));
            self.emit_finish(output);
        }
        Ok(())
    }

    fn check_shape(&self, entry: &Entry<'_>) -> Result<(), PeerError> {
        // Kinds of later versions may have data. The caller fails such an entry, which leaves the
        // connection intact.
        let has_size = !matches!(entry.kind, EntryKind::Folder | EntryKind::Growing);
        let fits = match self.shape {
            Shape::Folder => entry.kind != EntryKind::Growing,
            _ => {
                entry.index == 0
                    && entry.kind != EntryKind::Folder
                    && entry.path == self.name.as_path()
            }
        };
        let fits = fits && (has_size || entry.size == 0);
        legal(fits, "an entry that does not fit the offer")
    }

    fn leaf_came(&mut self, output: &mut Output) {
        let Some(Partial {
            leaf,
            size,
            dropped,
            got,
            ..
        }) = self.partial.take()
        else {
            return;
        };
        if dropped {
            self.drop_bytes(got as u64);
            return;
        }
        self.given += got as u64;
        let index = leaf.index;
        output.emit_transfer(self.id, TransferEvent::Leaf { leaf, size });
        if let Ok(entry) = self.state.open(index) {
            request(self.id, entry, output);
            emit_ended(self.id, entry, output);
        }
    }

    /// Counts bytes of a failed or abandoned entry as taken, which frees their window.
    fn drop_bytes(&mut self, bytes: u64) {
        self.given += bytes;
        self.taken += bytes;
        self.want_grant();
    }

    /// Makes a grant due once a quarter of the window is free, so that grants are rare.
    fn want_grant(&mut self) {
        let free = (self.taken + self.window).saturating_sub(self.granted);
        self.grant_due |= free >= self.window / 4;
    }

    fn progress(&mut self, output: &mut Output, now: Instant) {
        if let Some(progress) = self.progress_due.take() {
            self.progress_from = now + PROGRESS;
            output.send(self.id.0, &Message::Progress(progress));
        }
    }

    /// Grants what the window and `room` allow; without an increase the grant stays due. `room` is
    /// rounded down to whole leaves: a part of a leaf would use it up and could not be stored.
    fn grant(&mut self, room: u64, output: &mut Output) -> bool {
        let room = room - room % LEAF as u64;
        let bytes = self.taken.saturating_add(self.window.min(room));
        let is_more = bytes > self.granted;
        if is_more {
            (self.granted, self.grant_due) = (bytes, false);
            output.send(self.id.0, &Message::Grant(Grant { bytes }));
        }
        is_more
    }

    /// Emits the finish once all entries are settled, since its message overtakes their data.
    fn emit_finish(&self, output: &mut Output) {
        if self.state.is_settled() {
            let entries = self.state.entries();
            output.emit_transfer(self.id, TransferEvent::Finish { entries });
        }
    }
}

/// Tells the sender of runs of leaves to send again, as many as may be outstanding.
fn request(id: TransferId, entry: &mut EntryState, output: &mut Output) {
    while let Some(again) = entry.next_request() {
        output.send(id.0, &Message::Again(again));
    }
}

/// Emits the end of an entry once all of its leaves have come.
fn emit_ended(id: TransferId, entry: &EntryState, output: &mut Output) {
    if !entry.failed
        && let Some(end) = entry.whole()
    {
        output.emit_transfer(id, TransferEvent::Ended(end));
    }
}

impl Partial {
    fn add(&mut self, bytes: &[u8]) {
        if !self.dropped {
            if self.leaf.bytes.capacity() == 0 {
                self.leaf.bytes.reserve_exact(self.len);
            }
            self.leaf.bytes.extend_from_slice(bytes);
        }
        self.got += bytes.len();
    }
}
