//! Texts of both sides and their acknowledgements (wire 7).

use alloc::collections::VecDeque;
use alloc::string::String;
use core::time::Duration;

use transom_wire::{Message, Text, TextAck, limits};

use crate::send::Output;
use crate::{Config, Event, Instant, PeerError, UsageError};

/// Texts of the peer that wait here or in our events. Four times what a peer sends without an ack,
/// so that it may be configured differently.
const MAX_UNREAD: usize = 256;

pub(crate) struct Texts {
    /// Our texts that the peer has not acknowledged, at most `most`.
    unacked: VecDeque<u32>,
    most: usize,
    next: u32,
    /// Texts of the peer that the caller has not taken out.
    unread: usize,
    /// Those of them that came too fast, the oldest first.
    early: VecDeque<(u32, String)>,
    pause: Duration,
    /// How far ahead of its pace the peer may be: the bucket, in time.
    burst: Duration,
    /// When the peer will be at its pace again.
    paced: Instant,
}

impl Texts {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            unacked: VecDeque::new(),
            most: config.text_queue,
            next: 0,
            unread: 0,
            early: VecDeque::new(),
            pause: config.text_pause,
            burst: config.text_pause.saturating_mul(config.text_burst),
            paced: Instant::default(),
        }
    }

    pub(crate) fn send(&mut self, text: &str, output: &mut Output) -> Result<u32, UsageError> {
        let (found, limit) = (text.len(), limits::TEXT);
        if found > limit {
            return Err(UsageError::Length {
                what: "text",
                found,
                limit,
            });
        }
        if self.unacked.len() >= self.most {
            return Err(UsageError::Full { what: "texts" });
        }
        output.room("texts")?;
        let id = self.next;
        self.next = id.wrapping_add(1);
        self.unacked.push_back(id);
        output.send(0, &Message::Text(Text { id, text }));
        Ok(id)
    }

    pub(crate) fn handle_text(
        &mut self,
        text: Text<'_>,
        now: Instant,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        if self.unread >= MAX_UNREAD {
            return Err(PeerError::TooMuch {
                what: "texts not yet acknowledged",
            });
        }
        self.unread += 1;
        self.early.push_back((text.id, text.text.into()));
        self.handle_timeout(now, output);
        Ok(())
    }

    /// Tells the texts whose time has come.
    pub(crate) fn handle_timeout(&mut self, now: Instant, output: &mut Output) {
        while self.poll_timeout().is_some_and(|at| at <= now) {
            let Some((id, text)) = self.early.pop_front() else {
                return;
            };
            self.paced = self.paced.max(now) + self.pause;
            output.emit(Event::Text { id, text });
        }
    }

    /// When the next text that came too fast is told.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let full = self.paced + self.pause - self.burst;
        (!self.early.is_empty()).then_some(full)
    }

    pub(crate) fn handle_ack(
        &mut self,
        ack: TextAck,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(at) = self.unacked.iter().position(|id| *id == ack.id) else {
            return Err(PeerError::Unexpected {
                what: "ack of a text that was not sent",
            });
        };
        self.unacked.remove(at);
        output.emit(Event::TextArrived { id: ack.id });
        Ok(())
    }

    /// The caller took a text out: now it has arrived.
    pub(crate) fn read(&mut self, id: u32, output: &mut Output) {
        self.unread = self.unread.saturating_sub(1);
        output.send(0, &Message::TextAck(TextAck { id }));
    }
}
