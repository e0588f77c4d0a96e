//! Calls: ringing, glare, answering and ending (wire 5).

mod sound;
mod stats;

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::time::Duration;

use transom_wire::{CallKind, CameraState, EndReason, Message, Recording, Ring, Shown, Status};

use crate::send::{Gate, Outgoing, Output, Record, clip};
use crate::streams::next_after;
use crate::video::{Counts, Incoming};
use crate::{CallEvent, CallId, Instant, PeerError, Picture, Queued, UsageError};
use sound::IncomingSound;

/// All calls of a session, by stream.
pub(crate) struct Calls {
    open: BTreeMap<u16, Call>,
    /// [`Config::max_calls`](crate::Config::max_calls).
    most: usize,
    pub(crate) counts: Counts,
    /// The call whose picture was begun last: the only one that can be partly sent.
    turn: u16,
}

/// ```text
///   ring()  --> Calling --Answer--> Live --HangUp/hang_up()--> gone
///                  `--Decline, glare, hang_up()----------------^
///   Ring    --> Ringing --answer()--> Live
///                  `--decline(), HangUp------------------------^
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// We rang.
    Calling,
    /// The peer rang.
    Ringing,
    Live,
}

struct Call {
    phase: Phase,
    /// Whether we send pictures: the callee of a view and both sides of a talk do.
    sends: bool,
    /// Whether the peer sends pictures.
    shows: bool,
    outgoing: Outgoing,
    incoming: Incoming,
    sound: IncomingSound,
    /// The sequence of the last frame of sound given to us.
    sound_sent: Option<u32>,
}

impl Call {
    fn new(kind: CallKind, phase: Phase) -> Self {
        let talk = kind == CallKind::Talk;
        Self {
            phase,
            sends: talk || phase == Phase::Ringing,
            shows: talk || phase == Phase::Calling,
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            sound: IncomingSound::default(),
            sound_sent: None,
        }
    }
}

impl Calls {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            open: BTreeMap::new(),
            most,
            counts: Counts::default(),
            turn: 0,
        }
    }

    pub(crate) fn is_open(&self, stream: u16) -> bool {
        self.open.contains_key(&stream)
    }

    /// Ringing counts too, so that network queues are short when the first picture is sent.
    pub(crate) fn is_live(&self) -> bool {
        !self.open.is_empty()
    }

    pub(crate) fn ring(&mut self, stream: u16, kind: CallKind, output: &mut Output) {
        self.open.insert(stream, Call::new(kind, Phase::Calling));
        output.send(stream, &Message::Ring(Ring { kind }));
    }

    /// Refuses to ring while any call rings. Rings of both sides then collide only if they cross on
    /// the wire, so both sides see the same two rings and resolve the glare alike.
    pub(crate) fn may_ring(&self) -> Result<(), UsageError> {
        if self.open.len() >= self.most {
            return Err(UsageError::Full { what: "calls" });
        }
        if self.open.values().any(|call| call.phase != Phase::Live) {
            return Err(UsageError::NotNow { verb: "ring" });
        }
        Ok(())
    }

    pub(crate) fn answer(&mut self, id: CallId, output: &mut Output) -> Result<(), UsageError> {
        let call = self.call(id)?;
        if call.phase != Phase::Ringing {
            return Err(UsageError::NotNow { verb: "answer" });
        }
        call.phase = Phase::Live;
        output.send(id.0, &Message::Answer);
        Ok(())
    }

    pub(crate) fn decline(
        &mut self,
        id: CallId,
        reason: EndReason,
        text: &str,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        if self.call(id)?.phase != Phase::Ringing {
            return Err(UsageError::NotNow { verb: "decline" });
        }
        self.hang_up(id, reason, text, output)
    }

    /// Ends a call in any phase.
    pub(crate) fn hang_up(
        &mut self,
        id: CallId,
        reason: EndReason,
        text: &str,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        let call = self.open.remove(&id.0).ok_or(UsageError::NoSuchCall)?;
        output.sound.forget(id.0);
        let status = Status::new(reason, clip(text));
        let message = match call.phase {
            Phase::Ringing => Message::Decline(status),
            Phase::Calling | Phase::Live => Message::HangUp(status),
        };
        output.send(id.0, &message);
        Ok(())
    }

    pub(crate) fn send_picture(
        &mut self,
        id: CallId,
        picture: Picture,
    ) -> Result<Queued, UsageError> {
        let call = self.open.get_mut(&id.0).ok_or(UsageError::NoSuchCall)?;
        if call.phase != Phase::Live || !call.sends {
            return Err(UsageError::NotNow {
                verb: "send_picture",
            });
        }
        call.outgoing.put(picture, &mut self.counts)
    }

    pub(crate) fn shown(
        &mut self,
        id: CallId,
        sequence: u32,
        now: Instant,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        self.call(id)?.incoming.shown(sequence)?;
        let clock = now.0;
        output.send(id.0, &Message::Shown(Shown { sequence, clock }));
        Ok(())
    }

    pub(crate) fn camera_state(
        &mut self,
        id: CallId,
        state: CameraState,
        text: &str,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        let call = self.call(id)?;
        if call.phase != Phase::Live || !call.sends {
            return Err(UsageError::NotNow {
                verb: "camera_state",
            });
        }
        // Even if the state can't be sent: a viewer that withholds credit must not receive this
        // picture after the camera is off.
        if matches!(state, CameraState::Off | CameraState::Opening) {
            call.outgoing.withdraw();
        }
        output.room("camera states")?;
        let status = Status::new(state, clip(text));
        output.send(id.0, &Message::CameraState(status));
        Ok(())
    }

    /// Tells the peer whether we record its pictures.
    pub(crate) fn recording(
        &mut self,
        id: CallId,
        on: bool,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        let call = self.call(id)?;
        if call.phase != Phase::Live || !call.shows {
            return Err(UsageError::NotNow { verb: "recording" });
        }
        output.room("recording marks")?;
        output.send(id.0, &Message::Recording(Recording { on }));
        Ok(())
    }

    /// The peer rings. `we_yield`: in a glare, our call ends and the peer's goes on.
    pub(crate) fn handle_ring(
        &mut self,
        stream: u16,
        ring: Ring,
        we_yield: bool,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let calling = self
            .open
            .iter()
            .find(|(_, call)| call.phase == Phase::Calling);
        if let Some((ours, _)) = calling {
            if !we_yield {
                return Ok(());
            }
            let call = CallId(*ours);
            log::debug!("call={ours} yields to call={stream}: both rang");
            self.open.remove(&call.0);
            let glare = Status::new(EndReason::Glare, String::new());
            output.emit_call(call, CallEvent::Declined(glare));
        }
        let refusal = if matches!(ring.kind, CallKind::Unknown(_)) {
            let text = "this version doesn't know that kind of call";
            Some((EndReason::Unsupported, text))
        } else if self.open.len() >= self.most {
            Some((EndReason::Busy, "too many calls at once"))
        } else {
            None
        };
        if let Some((reason, text)) = refusal {
            log::debug!("call={stream} kind={:?} declined: {text}", ring.kind);
            output.send(stream, &Message::Decline(Status::new(reason, text)));
            return Ok(());
        }
        self.open
            .insert(stream, Call::new(ring.kind, Phase::Ringing));
        output.emit_call(CallId(stream), CallEvent::Ringing(ring.kind));
        Ok(())
    }

    pub(crate) fn handle_answer(
        &mut self,
        stream: u16,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(call) = self.open.get_mut(&stream) else {
            // We ended this call, perhaps in a glare that the peer did not notice. Without a reply
            // the peer would stay in the call alone.
            let over = Status::new(EndReason::Glare, "");
            output.send(stream, &Message::HangUp(over));
            return Ok(());
        };
        expect(call.phase == Phase::Calling, "answer")?;
        call.phase = Phase::Live;
        output.emit_call(CallId(stream), CallEvent::Answered);
        Ok(())
    }

    pub(crate) fn handle_decline(
        &mut self,
        stream: u16,
        status: Status<EndReason, &str>,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(call) = self.open.get(&stream) else {
            return Ok(());
        };
        expect(call.phase == Phase::Calling, "decline")?;
        self.open.remove(&stream);
        let status = status.map_text(String::from);
        output.emit_call(CallId(stream), CallEvent::Declined(status));
        Ok(())
    }

    pub(crate) fn handle_hang_up(
        &mut self,
        stream: u16,
        status: Status<EndReason, &str>,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(call) = self.open.get(&stream) else {
            return Ok(());
        };
        expect(
            call.phase != Phase::Calling,
            "hang-up by the side that is called",
        )?;
        self.open.remove(&stream);
        output.sound.forget(stream);
        let status = status.map_text(String::from);
        output.emit_call(CallId(stream), CallEvent::HungUp(status));
        Ok(())
    }

    /// The peer showed our picture. Returns when it was captured.
    pub(crate) fn handle_shown(
        &mut self,
        stream: u16,
        shown: Shown,
        output: &mut Output,
    ) -> Result<Option<u64>, PeerError> {
        let Some(call) = self.open.get_mut(&stream) else {
            return Ok(None);
        };
        let captured = call.outgoing.handle_shown(shown.sequence)?;
        output.emit_call(CallId(stream), CallEvent::Credit);
        Ok(Some(captured))
    }

    pub(crate) fn handle_camera_state(
        &mut self,
        stream: u16,
        status: Status<CameraState, &str>,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(call) = self.open.get(&stream) else {
            return Ok(());
        };
        expect(call.phase == Phase::Live && call.shows, "camera state")?;
        let status = status.map_text(String::from);
        output.emit_call(CallId(stream), CallEvent::CameraState(status));
        Ok(())
    }

    pub(crate) fn handle_recording(
        &mut self,
        stream: u16,
        recording: Recording,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(call) = self.open.get(&stream) else {
            return Ok(());
        };
        expect(
            call.phase == Phase::Live && call.sends,
            "a recording of no pictures",
        )?;
        let on = recording.on;
        output.emit_call(CallId(stream), CallEvent::Recording { on });
        Ok(())
    }

    /// A frame of a picture. Returns whether the picture is complete.
    pub(crate) fn handle_video(
        &mut self,
        stream: u16,
        message: &Message<'_>,
        last: bool,
        now: Instant,
        output: &mut Output,
    ) -> Result<bool, PeerError> {
        let Some(call) = self.open.get_mut(&stream) else {
            return Ok(false);
        };
        expect(call.phase == Phase::Live && call.shows, "a picture")?;
        let whole = match *message {
            Message::Picture(head, bytes) => call.incoming.handle_head(head, bytes, last, now)?,
            Message::PictureData(bytes) => call.incoming.handle_data(bytes, last, now)?,
            _ => {
                call.incoming.handle_abort()?;
                None
            }
        };
        let Some(picture) = whole else {
            return Ok(false);
        };
        self.counts.received += 1;
        output.emit_call(CallId(stream), CallEvent::Picture(picture));
        Ok(true)
    }

    /// Writes a chunk of a picture, if the gate allows it. A partly sent picture is finished before
    /// another call's begins: interleaved, both would be late. Then calls take turns.
    pub(crate) fn pull(&mut self, record: &mut Record<'_>, gate: Gate) {
        let (turn, counts) = (self.turn, &mut self.counts);
        if let Some(call) = self.open.get_mut(&turn)
            && call.outgoing.go_on(turn, record, gate, counts)
        {
            return;
        }
        for _ in 0..self.open.len() {
            let Some((stream, call)) = next_after(&mut self.open, self.turn) else {
                return;
            };
            self.turn = stream;
            if call.outgoing.begin(stream, record, gate, counts) {
                return;
            }
        }
    }

    pub(crate) fn handle_time(&mut self, rtt: Duration, now: Instant) {
        for call in self.open.values_mut() {
            call.outgoing.handle_time(rtt, now);
        }
    }

    /// Whether a picture that the viewer has credit for waits or is partly sent.
    pub(crate) fn has_picture(&self) -> bool {
        self.open.values().any(|call| call.outgoing.has_picture())
    }

    /// The longest time that a picture of any call has waited for its first byte to be sent.
    pub(crate) fn picture_waits(&self, now: Instant) -> Option<Duration> {
        let since = self.open.values().filter_map(|call| call.outgoing.waits());
        since.min().map(|since| now - since)
    }

    /// Bytes of incomplete received pictures.
    pub(crate) fn held(&self) -> usize {
        self.open.values().map(|call| call.incoming.held()).sum()
    }

    fn call(&mut self, id: CallId) -> Result<&mut Call, UsageError> {
        self.open.get_mut(&id.0).ok_or(UsageError::NoSuchCall)
    }

    fn live(&mut self, id: CallId, verb: &'static str) -> Result<&mut Call, UsageError> {
        let call = self.call(id)?;
        match call.phase {
            Phase::Live => Ok(call),
            _ => Err(UsageError::NotNow { verb }),
        }
    }
}

fn expect(fits: bool, what: &'static str) -> Result<(), PeerError> {
    if fits {
        Ok(())
    } else {
        Err(PeerError::Unexpected { what })
    }
}
