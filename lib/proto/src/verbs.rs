//! The verbs of a session: each checks that the session is open and calls the part that does the
//! work.

use alloc::vec::Vec;

use transom_wire::{
    Again, CallKind, CameraState, CameraStats, Capabilities, Done, End, EndReason, Ending, Entry,
    Failure, LimitedBy, Offer, Progress, RefuseReason, SoundCodec, SoundState, Start, Total,
};

use crate::session::{Session, Stage};
use crate::{
    CallId, Instant, LeafData, LeafHashes, Picture, Queued, SoundFrame, TransferId, UsageError,
};

/// Calls.
///
/// # Errors
/// [`UsageError::NoSuchCall`] after a call ended, which the peer can do at any time;
/// [`UsageError::NotNow`] when its state does not allow the verb.
impl Session {
    /// Rings the peer, unless a call rings already.
    pub fn ring(&mut self, kind: CallKind) -> Result<CallId, UsageError> {
        self.open_for("calls")?;
        self.calls.may_ring()?;
        let was_live = self.is_live();
        let stream = self.allot();
        self.calls.ring(stream, kind, &mut self.output);
        self.went_live(was_live);
        Ok(CallId(stream))
    }

    /// Answers the peer's call: it is live.
    pub fn answer(&mut self, call: CallId) -> Result<(), UsageError> {
        self.open()?;
        self.calls.answer(call, &mut self.output)
    }

    /// Declines the peer's call.
    pub fn decline(
        &mut self,
        call: CallId,
        reason: EndReason,
        text: &str,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.calls.decline(call, reason, text, &mut self.output)
    }

    /// Ends a call in any state; the peer's call that still rings is declined.
    pub fn hang_up(
        &mut self,
        call: CallId,
        reason: EndReason,
        text: &str,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.calls.hang_up(call, reason, text, &mut self.output)
    }

    /// Puts a picture into the call's slot, replacing an older one that waits there. The session
    /// sets `head.total`.
    pub fn send_picture(&mut self, call: CallId, picture: Picture) -> Result<Queued, UsageError> {
        self.open()?;
        self.calls.send_picture(call, picture)
    }

    /// A received picture was shown or dropped: returns its credit to the peer.
    pub fn shown(&mut self, call: CallId, sequence: u32, now: Instant) -> Result<(), UsageError> {
        self.open()?;
        self.calls.shown(call, sequence, now, &mut self.output)
    }

    /// Tells the viewer the state of our camera. Once it is off or opening, neither a waiting
    /// picture nor the rest of a partly sent one is sent.
    pub fn camera_state(
        &mut self,
        call: CallId,
        state: CameraState,
        text: &str,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.calls.camera_state(call, state, text, &mut self.output)
    }

    /// Tells the peer whether we record its pictures.
    pub fn recording(&mut self, call: CallId, on: bool) -> Result<(), UsageError> {
        self.open()?;
        self.calls.recording(call, on, &mut self.output)
    }

    /// Tells the peer whether we want statistics of its camera, which at first we don't. A peer of
    /// an older version sends none.
    pub fn want_stats(&mut self, call: CallId, on: bool) -> Result<(), UsageError> {
        self.open()?;
        self.calls.want_stats(call, on, &mut self.output)
    }

    /// Tells a viewer that wants to know what our camera did; at most once a second.
    pub fn camera_stats(&mut self, call: CallId, stats: CameraStats) -> Result<(), UsageError> {
        self.open()?;
        self.calls.camera_stats(call, stats, &mut self.output)
    }
}

/// Sound of calls, both ways in a call of either kind.
///
/// # Errors
/// [`UsageError::NoSuchCall`] after a call ended, which the peer can do at any time;
/// [`UsageError::NotNow`] before it is live; [`UsageError::Unsupported`] where the peer's program
/// does not take sound, or not that codec: nothing is sent then.
impl Session {
    /// Queues a frame of sound. Of what waits the newest 200 ms are kept. `now` is when the frame
    /// is queued, from which its age counts: a device may give old samples.
    ///
    /// # Errors
    /// [`UsageError::Length`] for a frame that its format does not allow; [`UsageError::NotNow`]
    /// also for a sequence that goes back.
    pub fn send_sound(
        &mut self,
        call: CallId,
        frame: SoundFrame,
        now: Instant,
    ) -> Result<Queued, UsageError> {
        self.open_for_sound()?;
        let opus = frame.format.codec == SoundCodec::Opus;
        if opus && !self.peer.contains(Capabilities::OPUS) {
            return Err(UsageError::Unsupported { what: "Opus" });
        }
        self.calls.send_sound(call, frame, now, &mut self.output)
    }

    /// Our sound pauses: muted, on hold, lost, or no longer allowed. Frames that wait are dropped,
    /// so that nothing more of it leaves. The next frame ends the pause.
    pub fn sound_end(&mut self, call: CallId) -> Result<(), UsageError> {
        self.open_for_sound()?;
        self.calls.sound_end(call, &mut self.output)
    }

    /// Tells the peer the state of our microphone.
    pub fn sound_state(
        &mut self,
        call: CallId,
        state: SoundState,
        text: &str,
    ) -> Result<(), UsageError> {
        self.open_for_sound()?;
        self.calls.sound_state(call, state, text, &mut self.output)
    }

    /// Tells the peer whether we want its sound, which at first we don't.
    pub fn listen(&mut self, call: CallId, on: bool) -> Result<(), UsageError> {
        self.open_for_sound()?;
        self.calls.listen(call, on, &mut self.output)
    }
}

/// Texts.
impl Session {
    /// Sends a text; its number comes back in [`Event::TextArrived`](crate::Event::TextArrived).
    ///
    /// # Errors
    /// [`UsageError::Length`], or [`UsageError::Full`] while too many texts are not acked.
    pub fn text(&mut self, text: &str) -> Result<u32, UsageError> {
        self.open()?;
        self.texts.send(text, &mut self.output)
    }
}

/// Files, the sending side.
///
/// # Errors
/// [`UsageError::NoSuchTransfer`] after a transfer ended, which the peer can do at any time;
/// [`UsageError::NotNow`] when its state does not allow the verb.
impl Session {
    /// Offers a file or folder.
    pub fn offer(&mut self, offer: &Offer<'_>) -> Result<TransferId, UsageError> {
        self.open_for("transfers")?;
        self.files.may_offer()?;
        let stream = self.allot();
        Ok(self.files.offer(stream, offer, &mut self.output))
    }

    /// Says what was counted since the offer, or since the last total. Totals only grow.
    pub fn total(&mut self, file: TransferId, total: &Total) -> Result<(), UsageError> {
        self.open()?;
        self.files.sending(file)?.total(total, &mut self.output)
    }

    /// How many entries may be announced now.
    pub fn entry_room(&self, file: TransferId) -> usize {
        self.files.entry_room(file, &self.output)
    }

    /// Announces the next entry; indexes count from 0.
    pub fn entry(&mut self, file: TransferId, entry: &Entry<'_>) -> Result<(), UsageError> {
        self.open()?;
        self.files.sending(file)?.entry(entry, &mut self.output)
    }

    /// How many bytes of leaves may be queued now.
    pub fn leaf_room(&self, file: TransferId) -> usize {
        self.files.leaf_room(file)
    }

    /// Queues the next leaf of an entry that was started, or the next of its leaves that were asked
    /// for again. The leaf is dropped if the entry has been abandoned meanwhile.
    pub fn leaf(&mut self, file: TransferId, leaf: LeafData) -> Result<(), UsageError> {
        self.open()?;
        self.files.sending(file)?.leaf(leaf)
    }

    /// Takes the buffer of a sent or stored leaf from the pool, to be filled again. While a
    /// transfer runs, the pool keeps up to [`Config::grant_window`](crate::Config::grant_window)
    /// bytes.
    pub fn spent(&mut self) -> Option<Vec<u8>> {
        self.files.spent()
    }

    /// How many hashes of leaves of large files may be queued now. Beside them there is room for
    /// one of each file of one leaf.
    pub fn hash_room(&self, file: TransferId) -> usize {
        self.files.hash_room(file)
    }

    /// Queues the next hashes of leaves before the offset at which an entry was started. They are
    /// dropped if the entry has been abandoned meanwhile.
    pub fn hashes(&mut self, file: TransferId, hashes: LeafHashes) -> Result<(), UsageError> {
        self.open()?;
        self.files.sending(file)?.hashes(hashes)
    }

    /// All leaves of the entry are queued, and the hashes of all before its start.
    pub fn end(&mut self, file: TransferId, end: &End) -> Result<(), UsageError> {
        self.open()?;
        self.files.sending(file)?.end(end)
    }

    /// Abandons an entry, also in the middle of a leaf. With [`WHOLE`](transom_wire::WHOLE) it
    /// abandons the transfer, which is then over.
    pub fn abandon(&mut self, file: TransferId, failure: Failure<&str>) -> Result<(), UsageError> {
        self.open()?;
        self.files.abandon(file, failure, &mut self.output)
    }

    /// All entries, `entries` in number, have been announced. Their data may still be in flight.
    pub fn finish(&mut self, file: TransferId, entries: u32) -> Result<(), UsageError> {
        self.open()?;
        self.files.sending(file)?.finish(entries, &mut self.output)
    }
}

/// Files, the receiving side.
///
/// # Errors
/// [`UsageError::NoSuchTransfer`] after a transfer ended, which the peer can do at any time;
/// [`UsageError::NotNow`] when its state does not allow the verb.
impl Session {
    /// Accepts an offer, of which about `held` bytes are there from earlier attempts.
    pub fn accept(&mut self, file: TransferId, held: u64) -> Result<(), UsageError> {
        self.open()?;
        self.files.accept(file, held, &mut self.output, self.now)
    }

    /// Changes how many bytes of file data the peer may send ahead of the disk, at first
    /// [`Config::session_window`](crate::Config::session_window). Several connections with one peer
    /// share a window this way. Grants already sent stay valid.
    pub fn set_session_window(&mut self, bytes: u64) {
        self.files.set_session_window(bytes);
    }

    /// Refuses an offer that was not accepted; the transfer is over.
    pub fn refuse(
        &mut self,
        file: TransferId,
        reason: RefuseReason,
        text: &str,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.files.refuse(file, reason, text, &mut self.output)
    }

    /// Asks for an entry's data.
    pub fn start(&mut self, file: TransferId, start: &Start) -> Result<(), UsageError> {
        self.open()?;
        self.files.receiving(file)?.start(start, &mut self.output)
    }

    /// Asks for leaves of a started entry again, which lie before its start or were received. While
    /// too many runs are outstanding, the request waits.
    pub fn again(&mut self, file: TransferId, again: &Again) -> Result<(), UsageError> {
        self.open()?;
        self.files.receiving(file)?.again(again, &mut self.output)
    }

    /// An entry can't be stored: the sender abandons it. With [`WHOLE`](transom_wire::WHOLE) the
    /// transfer is over.
    pub fn failed(&mut self, file: TransferId, failure: Failure<&str>) -> Result<(), UsageError> {
        self.open()?;
        self.files.failed(file, failure, &mut self.output)
    }

    /// `taken` bytes of leaves from [`Leaf`](crate::TransferEvent::Leaf) events have left memory,
    /// written or dropped, or so much [credit](LeafHashes::credit) of hashes: as many more are
    /// granted. The sender is told `progress`.
    pub fn stored(
        &mut self,
        file: TransferId,
        taken: u64,
        progress: Progress,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.files.receiving(file)?.stored(taken, progress)
    }

    /// Puts the buffer of a stored leaf into the pool, to be filled again. Optional.
    pub fn recycle(&mut self, file: TransferId, buffer: Vec<u8>) {
        self.files.recycle(file, buffer);
    }

    /// An entry is complete and verified: after its [`Ended`](crate::TransferEvent::Ended), or at
    /// once if the file existed before or the entry is a folder.
    pub fn done(&mut self, file: TransferId, done: &Done) -> Result<(), UsageError> {
        self.open()?;
        self.files.receiving(file)?.done(done, &mut self.output)
    }

    /// Tells the sender how the transfer ended, which is then over. [`Ending::Durable`] and
    /// [`Ending::Partial`] are legal only after [`Finish`](crate::TransferEvent::Finish).
    pub fn finished(
        &mut self,
        file: TransferId,
        ending: Ending,
        text: &str,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.files.finished(file, ending, text, &mut self.output)
    }

    /// The disk or the quota lacks so many bytes for the rest of the transfer, which pauses until
    /// this is called with 0.
    pub fn disk_full(&mut self, file: TransferId, missing: u64) -> Result<(), UsageError> {
        self.open()?;
        self.files.receiving(file)?.throttle.disk_full(missing);
        Ok(())
    }
}

/// Files, either side.
///
/// # Errors
/// [`UsageError::NoSuchTransfer`] after a transfer ended, which the peer can do at any time.
impl Session {
    /// Pauses or resumes a transfer; it runs while neither side pauses it.
    pub fn pause(&mut self, file: TransferId, paused: bool) -> Result<(), UsageError> {
        self.open()?;
        self.files.throttle(file)?.pause(paused);
        Ok(())
    }

    /// What limits a transfer's rate: measured by the sender over the last seconds, and told to the
    /// receiver. `None` before that, and while nothing is to be sent.
    pub fn limited_by(&self, file: TransferId) -> Option<LimitedBy> {
        self.files.limited_by(file)
    }

    /// The rate limit that applies to a transfer, in bytes per second: the lower of both sides.
    pub fn rate_limit(&self, file: TransferId) -> Option<u64> {
        self.files.rate_limit(file)
    }

    /// Ends a transfer early, in any state.
    pub fn cancel(
        &mut self,
        file: TransferId,
        reason: RefuseReason,
        text: &str,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.files.cancel(file, reason, text, &mut self.output)
    }

    /// Limits a transfer's data bytes per second; `None` or 0 for no limit. The lower limit of both
    /// sides applies.
    pub fn limit(&mut self, file: TransferId, rate: Option<u64>) -> Result<(), UsageError> {
        self.open()?;
        let rate = rate.filter(|rate| *rate > 0);
        self.files.throttle(file)?.limit(rate, self.now);
        Ok(())
    }
}

impl Session {
    fn open(&self) -> Result<(), UsageError> {
        if self.stage == Stage::Open {
            Ok(())
        } else {
            Err(UsageError::Ended)
        }
    }

    fn open_for_sound(&self) -> Result<(), UsageError> {
        self.open()?;
        match self.peer.contains(Capabilities::SOUND) {
            true => Ok(()),
            false => Err(UsageError::Unsupported { what: "sound" }),
        }
    }

    /// Whether a new call or transfer may begin.
    fn open_for(&self, what: &'static str) -> Result<(), UsageError> {
        self.open()?;
        self.output.room(what)
    }

    /// A free stream number.
    fn allot(&mut self) -> u16 {
        let (calls, files) = (&self.calls, &self.files);
        self.streams
            .allot(|stream| calls.is_open(stream) || files.is_open(stream))
    }
}
