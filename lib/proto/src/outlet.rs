//! Where every part of a session puts what it has to say: to the peer, or to the caller.

use alloc::collections::VecDeque;

use transom_wire::limits::REASON;
use transom_wire::{Class, Message};

use crate::queue::Queue;
use crate::{Event, PeerError, UsageError};

pub(crate) struct Outlet {
    pub(crate) control: Queue,
    pub(crate) text: Queue,
    pub(crate) events: VecDeque<Event>,
    /// Bytes at which the peer's demands are too much; see `Config::control_queue`.
    limit: usize,
}

impl Outlet {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            control: Queue::default(),
            text: Queue::default(),
            events: VecDeque::new(),
            limit,
        }
    }

    /// Sends what a verb asked for; how much of it there can be is the caller's care.
    pub(crate) fn say(&mut self, stream: u16, message: &Message<'_>) {
        match message.kind().class() {
            Class::Control => self.control.push(stream, message),
            _ => self.text.push(stream, message),
        }
    }

    /// Sends what the peer made us send, which a peer that never reads could do without end.
    pub(crate) fn reply(&mut self, stream: u16, message: &Message<'_>) -> Result<(), PeerError> {
        if self.is_full() {
            return Err(PeerError::TooMuch {
                what: "answers that the peer does not read",
            });
        }
        self.say(stream, message);
        Ok(())
    }

    /// Whether a verb that begins something may not add to the queues.
    pub(crate) fn room(&self, what: &'static str) -> Result<(), UsageError> {
        if self.is_full() {
            return Err(UsageError::Full { what });
        }
        Ok(())
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.events.push_back(event);
    }

    /// Whether folders should wait with their entries, so that other requests find room.
    pub(crate) fn is_busy(&self) -> bool {
        self.text.len() >= self.limit / 2
    }

    fn is_full(&self) -> bool {
        self.control.len() + self.text.len() >= self.limit
    }
}

/// As much of a reason's text as the wire carries.
pub(crate) fn clip(text: &str) -> &str {
    let cuts = (0..=text.len().min(REASON)).rev();
    let end = cuts.into_iter().find(|cut| text.is_char_boundary(*cut));
    text.get(..end.unwrap_or(0)).unwrap_or("")
}
