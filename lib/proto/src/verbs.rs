//! What the caller of a session can do: each verb checks the stage and hands on to the part it
//! belongs to.

use alloc::vec::Vec;

use transom_wire::{
    CallKind, CameraState, Capabilities, Done, End, EndReason, Ending, Entry, Failure, Offer,
    Progress, RefuseReason, SoundCodec, SoundState, Start,
};

use crate::session::{Session, Stage};
use crate::{CallId, Instant, LeafData, Picture, Queued, SoundFrame, TransferId, UsageError};

/// Calls.
///
/// # Errors
/// [`UsageError::NoSuchCall`] after a call ended, which the peer can do at any time;
/// [`UsageError::NotNow`] when the verb does not fit its state.
impl Session {
    /// Rings. Not while anything rings already.
    pub fn ring(&mut self, kind: CallKind) -> Result<CallId, UsageError> {
        self.open_for("calls")?;
        self.calls.may_ring()?;
        let was_live = self.is_live();
        let stream = self.allot();
        self.calls.ring(stream, kind, &mut self.output);
        self.went_live(was_live);
        Ok(CallId(stream))
    }

    /// Takes the peer's call: it is live.
    pub fn answer(&mut self, call: CallId) -> Result<(), UsageError> {
        self.open()?;
        self.calls.answer(call, &mut self.output)
    }

    /// Refuses the peer's call.
    pub fn decline(
        &mut self,
        call: CallId,
        reason: EndReason,
        text: &str,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.calls.decline(call, reason, text, &mut self.output)
    }

    /// Ends a call in any state; a call that rings here is declined.
    pub fn hang_up(
        &mut self,
        call: CallId,
        reason: EndReason,
        text: &str,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.calls.hang_up(call, reason, text, &mut self.output)
    }

    /// Puts a picture into the call's slot of one, in place of an older one that waits.
    /// `head.total` is set here.
    pub fn send_picture(&mut self, call: CallId, picture: Picture) -> Result<Queued, UsageError> {
        self.open()?;
        self.calls.send_picture(call, picture)
    }

    /// A received picture was shown or dropped: its credit goes back to the peer.
    pub fn shown(&mut self, call: CallId, sequence: u32, now: Instant) -> Result<(), UsageError> {
        self.open()?;
        self.calls.shown(call, sequence, now, &mut self.output)
    }

    /// Tells the viewer how our camera is. Once it is off, no picture that waits goes out any more,
    /// nor the rest of one that is half out.
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

    /// Our sound pauses after the frames that wait: muted, on hold or lost. The next frame ends the
    /// pause.
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
    /// [`UsageError::Length`], or [`UsageError::Full`] while too many are unacknowledged.
    pub fn text(&mut self, text: &str) -> Result<u32, UsageError> {
        self.open()?;
        self.texts.send(text, &mut self.output)
    }
}

/// Files, the sending side.
///
/// # Errors
/// [`UsageError::NoSuchTransfer`] after a transfer ended, which the peer can do at any time;
/// [`UsageError::NotNow`] when the verb does not fit its state.
impl Session {
    /// Offers a file or folder.
    pub fn offer(&mut self, offer: &Offer<'_>) -> Result<TransferId, UsageError> {
        self.open_for("transfers")?;
        self.files.may_offer()?;
        let stream = self.allot();
        Ok(self.files.offer(stream, offer, &mut self.output))
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

    /// Queues the next leaf of an entry that was started. It is dropped if the entry was given up
    /// meanwhile.
    pub fn leaf(&mut self, file: TransferId, leaf: LeafData) -> Result<(), UsageError> {
        self.open()?;
        self.files.sending(file)?.leaf(leaf)
    }

    /// The buffer of a leaf that was sent or stored, to be filled again. Some are kept while a
    /// transfer runs, up to [`Config::grant_window`](crate::Config::grant_window) bytes.
    pub fn spent(&mut self) -> Option<Vec<u8>> {
        self.files.spent()
    }

    /// All leaves of the entry are queued.
    pub fn end(&mut self, file: TransferId, end: &End) -> Result<(), UsageError> {
        self.open()?;
        self.files.sending(file)?.end(end)
    }

    /// Gives an entry up, also in the middle of a leaf, or with [`WHOLE`](transom_wire::WHOLE) the
    /// transfer, which is then over.
    pub fn abandon(&mut self, file: TransferId, failure: Failure<&str>) -> Result<(), UsageError> {
        self.open()?;
        self.files.abandon(file, failure, &mut self.output)
    }

    /// No more entries come; `entries` have been announced. Their data may still be on the way.
    pub fn finish(&mut self, file: TransferId, entries: u32) -> Result<(), UsageError> {
        self.open()?;
        self.files.sending(file)?.finish(entries, &mut self.output)
    }
}

/// Files, the receiving side.
///
/// # Errors
/// [`UsageError::NoSuchTransfer`] after a transfer ended, which the peer can do at any time;
/// [`UsageError::NotNow`] when the verb does not fit its state.
impl Session {
    /// Takes an offer.
    pub fn accept(&mut self, file: TransferId) -> Result<(), UsageError> {
        self.open()?;
        self.files.accept(file, &mut self.output, self.now)
    }

    /// Changes how many bytes of file data the peer can make us hold for the disk, which is
    /// [`Config::session_window`](crate::Config::session_window) at first: for a peer with several
    /// connections. What was granted stays granted.
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

    /// An entry can't be taken: the sender gives it up. With [`WHOLE`](transom_wire::WHOLE) the
    /// transfer is over.
    pub fn failed(&mut self, file: TransferId, failure: Failure<&str>) -> Result<(), UsageError> {
        self.open()?;
        self.files.failed(file, failure, &mut self.output)
    }

    /// `taken` bytes of leaves given out as [`Leaf`](crate::TransferEvent::Leaf) have left memory,
    /// written or dropped: as many more are granted. And how far the transfer is, for the sender to
    /// know.
    pub fn stored(
        &mut self,
        file: TransferId,
        taken: u64,
        progress: Progress,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.files.receiving(file)?.stored(taken, progress)
    }

    /// Gives the buffer of a stored leaf back, to be filled again. May always be left out.
    pub fn recycle(&mut self, file: TransferId, buffer: Vec<u8>) {
        self.files.recycle(file, buffer);
    }

    /// An entry is whole and verified: after its [`Ended`](crate::TransferEvent::Ended), or at once
    /// if it was there before or is a folder.
    pub fn done(&mut self, file: TransferId, done: &Done) -> Result<(), UsageError> {
        self.open()?;
        self.files.receiving(file)?.done(done, &mut self.output)
    }

    /// The last word about a transfer, which is then over. That everything is durable can only be
    /// said after [`Finish`](crate::TransferEvent::Finish).
    pub fn finished(
        &mut self,
        file: TransferId,
        ending: Ending,
        text: &str,
    ) -> Result<(), UsageError> {
        self.open()?;
        self.files.finished(file, ending, text, &mut self.output)
    }
}

/// Files, either side.
///
/// # Errors
/// [`UsageError::NoSuchTransfer`] after a transfer ended, which the peer can do at any time.
impl Session {
    /// Halts a transfer or lets it go on; it runs while neither side wants it halted.
    pub fn pause(&mut self, file: TransferId, paused: bool) -> Result<(), UsageError> {
        self.open()?;
        self.files.throttle(file)?.pause(paused);
        Ok(())
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

    /// Limits a transfer's data bytes per second; the lower limit of both sides counts.
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

    /// Whether something new may begin.
    fn open_for(&self, what: &'static str) -> Result<(), UsageError> {
        self.open()?;
        self.output.room(what)
    }

    fn allot(&mut self) -> u16 {
        let (calls, files) = (&self.calls, &self.files);
        self.streams
            .allot(|stream| calls.is_open(stream) || files.is_open(stream))
    }
}
