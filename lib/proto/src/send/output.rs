//! Where every part of a session puts its messages to the peer and its events for the caller.

use alloc::collections::VecDeque;

use transom_wire::limits::REASON;
use transom_wire::{Class, Message};

use super::queue::Queue;
use super::sound::SoundQueue;
use crate::{CallEvent, CallId, Event, PeerError, TransferEvent, TransferId, UsageError};

pub(crate) struct Output {
    pub(crate) control: Queue,
    pub(crate) sound: SoundQueue,
    pub(crate) text: Queue,
    pub(crate) events: VecDeque<Event>,
    /// See `Config::control_queue`.
    limit: usize,
}

impl Output {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            control: Queue::new(Class::Control),
            sound: SoundQueue::default(),
            text: Queue::new(Class::Text),
            events: VecDeque::new(),
            limit,
        }
    }

    /// Adds a message to the queue of its class.
    pub(crate) fn send(&mut self, stream: u16, message: &Message<'_>) {
        match message.kind().class() {
            Class::Control => self.control.push(stream, message),
            _ => self.text.push(stream, message),
        }
    }

    /// Fails if too many bytes wait for a verb of the owner to add a message `what`.
    pub(crate) fn room(&self, what: &'static str) -> Result<(), UsageError> {
        if self.len() >= self.limit {
            return Err(UsageError::Full { what });
        }
        Ok(())
    }

    /// Fails if unsent replies pile up: a peer that sends but never reads must not grow our memory.
    /// The bound is twice the limit of [`room`](Self::room), so that messages which our own side
    /// began never count against the peer.
    pub(crate) fn check_backlog(&self) -> Result<(), PeerError> {
        if self.len() >= self.limit * 2 {
            return Err(PeerError::TooMuch {
                what: "answers that wait to be read",
            });
        }
        Ok(())
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.events.push_back(event);
    }

    pub(crate) fn emit_call(&mut self, call: CallId, event: CallEvent) {
        self.emit(Event::Call(call, event));
    }

    pub(crate) fn emit_transfer(&mut self, transfer: TransferId, event: TransferEvent) {
        self.emit(Event::Transfer(transfer, event));
    }

    /// Whether transfers of folders should pause their entries, so that other messages find room.
    pub(crate) fn is_busy(&self) -> bool {
        self.text.len() >= self.limit / 2
    }

    /// Bytes held in memory.
    pub(crate) fn held(&self) -> usize {
        self.len() + self.sound.len()
    }

    /// Bytes of messages that wait to be sent.
    pub(crate) fn len(&self) -> usize {
        self.control.len() + self.text.len()
    }
}

/// The longest start of a reason's text that fits its limit on the wire.
pub(crate) fn clip(text: &str) -> &str {
    let cuts = (0..=text.len().min(REASON)).rev();
    let end = cuts.into_iter().find(|cut| text.is_char_boundary(*cut));
    text.get(..end.unwrap_or(0)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use transom_wire::Accept;

    use super::*;
    use crate::Instant;

    #[test]
    fn folders_wait_at_half_of_the_limit_verbs_at_all_of_it_and_the_peer_at_twice_of_it() {
        // An accept takes 16 bytes.
        let mut output = Output::new(128);
        for frames in 0..=16 {
            let found = (
                output.is_busy(),
                output.room("texts").is_err(),
                output.check_backlog().is_err(),
            );
            let expected = (frames >= 4, frames >= 8, frames >= 16);
            assert_eq!(found, expected, "{frames} frames");
            output.send(2, &Message::Accept(Accept { held: 0 }));
        }
    }

    /// A folder is told of room only when texts are sent: control frames that held it back would
    /// hold it back for ever.
    #[test]
    fn control_frames_that_wait_pause_no_folder() {
        let mut output = Output::new(64);
        for clock in 0..8 {
            output.send(0, &Message::Ping(transom_wire::Ping { clock }));
        }
        assert!(output.check_backlog().is_err() && !output.is_busy());
    }

    #[test]
    fn messages_of_both_classes_count_together() {
        let mut output = Output::new(64);
        let ping = Message::Ping(transom_wire::Ping { clock: 7 });
        for _ in 0..2 {
            assert!(output.room("texts").is_ok());
            // 16 bytes of each class.
            output.send(0, &ping);
            output.send(2, &Message::Accept(Accept { held: 0 }));
        }
        assert_eq!((output.len(), output.held()), (64, 64));
        assert!(output.room("texts").is_err());
        let sound = crate::fuzzing::sound(transom_wire::SoundCodec::Opus, 0, 0);
        let bytes = sound.bytes.len();
        output.sound.push(1, sound, Instant(0));
        assert_eq!((output.len(), output.held()), (64, 64 + bytes));
    }
}
