//! Sound of calls (wire 9): which frames may be sent, and which may be received.

use alloc::string::String;
use core::time::Duration;

use transom_wire::limits::{SOUND, SOUND_FRAMES};
use transom_wire::{DecodeError, Listen, Message, Sound, SoundHead, SoundState, Status};

use super::{Calls, Phase, expect};
use crate::send::{Output, clip};
use crate::{CallEvent, CallId, Instant, PeerError, Queued, SoundFrame, UsageError};

/// Payload bytes of a frame of sound without its samples.
const FIELDS: usize = 12;

/// What a frame takes from the allowance: one of [`SOUND_FRAMES`] a second.
const FRAME: Duration = Duration::from_micros(1_000_000 / SOUND_FRAMES as u64);

/// Frames may come so much faster than their rate allows. After a stall the frames of it come at
/// once: a sender keeps 200 ms of them, and the sockets hold as much again.
const BURST: Duration = Duration::from_secs(1);

impl Calls {
    /// Sound goes both ways in a call of either kind.
    pub(crate) fn send_sound(
        &mut self,
        id: CallId,
        frame: SoundFrame,
        now: Instant,
        output: &mut Output,
    ) -> Result<Queued, UsageError> {
        let call = self.live(id, "send_sound")?;
        let (found, limit) = (frame.bytes.len(), SOUND - FIELDS);
        if found > limit || !frame.format.fits(found) || frame.format.check().is_err() {
            let what = "frame of sound";
            return Err(UsageError::Length { what, found, limit });
        }
        let last = call.sound_sent;
        if last.is_some_and(|last| !is_after(frame.sequence, last)) {
            return Err(UsageError::NotNow { verb: "send_sound" });
        }
        call.sound_sent = Some(frame.sequence);
        Ok(output.sound.push(id.0, frame, now))
    }

    pub(crate) fn sound_end(&mut self, id: CallId, output: &mut Output) -> Result<(), UsageError> {
        self.live(id, "sound_end")?;
        output.sound.end(id.0);
        Ok(())
    }

    pub(crate) fn sound_state(
        &mut self,
        id: CallId,
        state: SoundState,
        text: &str,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        self.live(id, "sound_state")?;
        output.room("sound states")?;
        let status = Status::new(state, clip(text));
        output.send(id.0, &Message::SoundState(status));
        Ok(())
    }

    pub(crate) fn listen(
        &mut self,
        id: CallId,
        on: bool,
        output: &mut Output,
    ) -> Result<(), UsageError> {
        self.live(id, "listen")?;
        output.room("wishes to listen")?;
        output.send(id.0, &Message::Listen(Listen { on }));
        Ok(())
    }

    /// A message of sound. Those for a call that is over crossed its end on the way.
    pub(crate) fn handle_sound(
        &mut self,
        stream: u16,
        message: &Message<'_>,
        voice: bool,
        now: Instant,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(call) = self.open.get_mut(&stream) else {
            return Ok(());
        };
        expect(call.phase == Phase::Live, "sound in a call that rings")?;
        let incoming = &mut call.sound;
        let event = match *message {
            Message::SoundHead(head) => {
                incoming.format = Some(head);
                return Ok(());
            }
            Message::Sound(sound) => CallEvent::Sound(incoming.handle_sound(sound, voice, now)?),
            Message::SoundEnd => {
                incoming.handle_end()?;
                CallEvent::SoundEnd
            }
            Message::SoundState(state) => CallEvent::SoundState(state.map_text(String::from)),
            Message::Listen(Listen { on }) => CallEvent::Listen { on },
            _ => return Ok(()),
        };
        output.emit_call(CallId(stream), event);
        Ok(())
    }
}

/// Sound of one call coming in: frames of a known format, in order, and not too many.
#[derive(Default)]
pub(super) struct IncomingSound {
    format: Option<SoundHead>,
    /// The sequence of the last frame.
    last: Option<u32>,
    /// Frames came since the last `SoundEnd`.
    runs: bool,
    /// Token bucket as a time (GCRA): when the frames so far would all be due at the full rate.
    due: Instant,
}

impl IncomingSound {
    fn handle_sound(
        &mut self,
        sound: Sound<'_>,
        voice: bool,
        now: Instant,
    ) -> Result<SoundFrame, PeerError> {
        let format = self.format.ok_or(PeerError::Unexpected {
            what: "sound without a head",
        })?;
        if !format.fits(sound.bytes.len()) {
            return Err(DecodeError::Illegal("length of a frame of sound").into());
        }
        if self
            .last
            .is_some_and(|last| !is_after(sound.sequence, last))
        {
            return Err(PeerError::Unexpected {
                what: "sound that goes back",
            });
        }
        self.due = self.due.max(now) + FRAME;
        if self.due - now > BURST {
            return Err(PeerError::TooMuch {
                what: "frames of sound a second",
            });
        }
        (self.last, self.runs) = (Some(sound.sequence), true);
        Ok(SoundFrame {
            format,
            sequence: sound.sequence,
            captured: sound.captured,
            voice,
            bytes: sound.bytes.into(),
        })
    }

    fn handle_end(&mut self) -> Result<(), PeerError> {
        match core::mem::take(&mut self.runs) {
            true => Ok(()),
            false => Err(PeerError::Unexpected {
                what: "an end of sound that did not begin",
            }),
        }
    }
}

/// Serial number arithmetic (RFC 1982), since numbers wrap after four months of the shortest
/// frames.
fn is_after(next: u32, last: u32) -> bool {
    next.wrapping_sub(last).cast_signed() > 0
}

#[cfg(test)]
mod tests {
    use transom_wire::SoundCodec;

    use super::*;

    #[test]
    fn sequences_grow_with_gaps_and_wrap() {
        assert!(is_after(1, 0) && is_after(1000, 1) && is_after(3, u32::MAX - 2));
        assert!(!is_after(7, 7) && !is_after(6, 7) && !is_after(u32::MAX, 0));
    }

    #[test]
    fn a_second_of_frames_may_come_at_once_and_then_400_a_second() {
        let mut incoming = IncomingSound {
            format: Some(SoundHead::new(SoundCodec::Opus, 120)),
            ..IncomingSound::default()
        };
        let mut sequence = 0;
        let mut take = |now| {
            sequence += 1;
            let sound = Sound {
                sequence,
                captured: 0,
                bytes: &[1],
            };
            incoming.handle_sound(sound, false, now).is_ok()
        };
        let mut now = Instant(10_000_000);
        assert!((0..400).all(|_| take(now)));
        assert!(!take(now), "the 401st");
        now = now + 2 * FRAME;
        assert!(take(now));
        for _ in 0..2000 {
            now = now + FRAME;
            assert!(take(now), "for ever");
        }
    }
}
