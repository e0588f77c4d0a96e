//! One connection's rules.

use transom_wire::{
    Abandon, ByeCode, CallKind, Done, End, EndReason, Ending, Entry, Failed, Lens, Offer, Progress,
    RefuseReason, Start,
};

use crate::{
    CallId, Config, Event, FileId, Instant, LeafData, PeerError, Picture, Queued, Side, Stats,
    UsageError,
};

/// One connection with one peer.
pub struct Session {
    config: Config,
}

#[expect(unused_variables, clippy::todo, reason = "signatures first")]
impl Session {
    /// Begins a session and queues its Hello.
    pub fn new(config: Config, side: Side, now: Instant) -> Self {
        Self { config }
    }
    /// Takes in opened plain bytes, cut anywhere. After an error nothing more is taken in.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Instant) -> Result<(), PeerError> {
        todo!()
    }
    /// To be called when [`poll_timeout`](Self::poll_timeout) has passed, before transmitting.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), PeerError> {
        todo!()
    }
    /// Writes the plain bytes of one record; 0 when nothing may be sent now. `out` has at least `limits::RECORD_LIVE` bytes.
    pub fn poll_transmit(&mut self, out: &mut [u8], now: Instant) -> usize {
        todo!()
    }
    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }
    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }
    /// Whether a call rings or runs: keep queues below short.
    pub fn is_live(&self) -> bool {
        todo!()
    }
    /// What was measured.
    pub fn stats(&self, now: Instant) -> Stats {
        todo!()
    }
    /// A time of the peer's clock in ours; `None` before the first pong.
    pub fn to_local(&self, peer_clock: u64) -> Option<Instant> {
        todo!()
    }
    /// Rings.
    pub fn ring(&mut self, kind: CallKind) -> Result<CallId, UsageError> {
        todo!()
    }
    /// Takes the peer's call.
    pub fn answer(&mut self, call: CallId) -> Result<(), UsageError> {
        todo!()
    }
    /// Refuses the peer's call.
    pub fn decline(
        &mut self,
        call: CallId,
        reason: EndReason,
        text: &str,
    ) -> Result<(), UsageError> {
        todo!()
    }
    /// Ends a call in any state.
    pub fn hang_up(
        &mut self,
        call: CallId,
        reason: EndReason,
        text: &str,
    ) -> Result<(), UsageError> {
        todo!()
    }
    /// Puts a picture into the call's slot of one.
    pub fn send_picture(&mut self, call: CallId, picture: Picture) -> Result<Queued, UsageError> {
        todo!()
    }
    /// Returns the credit of a received picture.
    pub fn shown(&mut self, call: CallId, sequence: u32, now: Instant) -> Result<(), UsageError> {
        todo!()
    }
    /// Tells how our camera is.
    pub fn camera_state(&mut self, call: CallId, lens: Lens, text: &str) -> Result<(), UsageError> {
        todo!()
    }
    /// Sends a text; the number comes back in `TextArrived`.
    pub fn text(&mut self, text: &str) -> Result<u32, UsageError> {
        todo!()
    }
    /// Offers a file or folder.
    pub fn offer(&mut self, offer: &Offer<'_>) -> Result<FileId, UsageError> {
        todo!()
    }
    /// How many entries may be announced now.
    pub fn entry_room(&self, file: FileId) -> usize {
        todo!()
    }
    /// Announces the next entry.
    pub fn entry(&mut self, file: FileId, entry: &Entry<'_>) -> Result<(), UsageError> {
        todo!()
    }
    /// How many bytes of leaves may be queued now.
    pub fn leaf_room(&self, file: FileId) -> usize {
        todo!()
    }
    /// Queues a leaf.
    pub fn leaf(&mut self, file: FileId, leaf: LeafData) -> Result<(), UsageError> {
        todo!()
    }
    /// A buffer of a leaf that was sent, to be filled again.
    pub fn spent(&mut self) -> Option<alloc::vec::Vec<u8>> {
        todo!()
    }
    /// All leaves of the entry are queued.
    pub fn end(&mut self, file: FileId, end: &End) -> Result<(), UsageError> {
        todo!()
    }
    /// Gives an entry up, or with `WHOLE` the transfer.
    pub fn abandon(&mut self, file: FileId, abandon: &Abandon<'_>) -> Result<(), UsageError> {
        todo!()
    }
    /// No more entries come.
    pub fn finish(&mut self, file: FileId, entries: u32) -> Result<(), UsageError> {
        todo!()
    }
    /// Takes an offer.
    pub fn accept(&mut self, file: FileId) -> Result<(), UsageError> {
        todo!()
    }
    /// Refuses an offer.
    pub fn refuse(
        &mut self,
        file: FileId,
        reason: RefuseReason,
        text: &str,
    ) -> Result<(), UsageError> {
        todo!()
    }
    /// Asks for an entry's data.
    pub fn start(&mut self, file: FileId, start: &Start) -> Result<(), UsageError> {
        todo!()
    }
    /// An entry, or with `WHOLE` the transfer, can't be taken.
    pub fn failed(&mut self, file: FileId, failed: &Failed<'_>) -> Result<(), UsageError> {
        todo!()
    }
    /// `taken` data bytes of leaves given out by `Event::Leaf` have left memory (written, or dropped because they are bad), which makes room
    /// for as many; and how far the transfer is.
    pub fn stored(
        &mut self,
        file: FileId,
        taken: u64,
        progress: Progress,
    ) -> Result<(), UsageError> {
        todo!()
    }
    /// An entry is whole and verified.
    pub fn done(&mut self, file: FileId, done: &Done) -> Result<(), UsageError> {
        todo!()
    }
    /// The last word about a transfer.
    pub fn finished(&mut self, file: FileId, ending: Ending, text: &str) -> Result<(), UsageError> {
        todo!()
    }
    /// Halts a transfer or lets it go on; it runs while neither side wants it halted.
    pub fn pause(&mut self, file: FileId, paused: bool) -> Result<(), UsageError> {
        todo!()
    }
    /// Ends a transfer early.
    pub fn cancel(
        &mut self,
        file: FileId,
        reason: RefuseReason,
        text: &str,
    ) -> Result<(), UsageError> {
        todo!()
    }
    /// Limits a transfer's bytes per second; the lower limit of both sides counts.
    pub fn limit(&mut self, file: FileId, rate: Option<u64>) -> Result<(), UsageError> {
        todo!()
    }
    /// Says goodbye: nothing is sent after it.
    pub fn bye(&mut self, code: ByeCode, text: &str) {
        todo!()
    }
}
