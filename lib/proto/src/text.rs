//! Text messages of both sides and their acks, with a token bucket on the peer's (wire 7).

use alloc::collections::VecDeque;
use alloc::string::String;
use core::time::Duration;

use transom_wire::{Message, Text, TextAck, limits};

use crate::send::Output;
use crate::{Config, Event, Instant, PeerError, UsageError};

/// Received texts that the caller has not taken out. Four times the default of
/// [`Config::text_queue`], so that a peer may be configured differently.
const MAX_UNREAD: usize = 256;

pub(crate) struct Texts {
    /// Our texts that the peer has not acked, at most `most`.
    unacked: VecDeque<u32>,
    most: usize,
    next: u32,
    /// Received texts that the caller has not taken out, at most [`MAX_UNREAD`].
    unread: usize,
    /// Those that exceed the token bucket, oldest first.
    delayed: VecDeque<(u32, String)>,
    /// [`Config::text_pause`]: the time in which a token is added.
    pause: Duration,
    /// The size of the bucket, as the time in which it fills.
    burst: Duration,
    /// When the bucket will be full.
    full_at: Instant,
}

impl Texts {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            unacked: VecDeque::new(),
            most: config.text_queue,
            next: 0,
            unread: 0,
            delayed: VecDeque::new(),
            pause: config.text_pause,
            burst: config.text_pause.saturating_mul(config.text_burst),
            full_at: Instant::default(),
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
            return Err(PeerError::too_much("texts not yet acknowledged"));
        }
        self.unread += 1;
        self.delayed.push_back((text.id, text.text.into()));
        self.handle_timeout(now, output);
        Ok(())
    }

    /// Emits the texts that the bucket lets pass.
    pub(crate) fn handle_timeout(&mut self, now: Instant, output: &mut Output) {
        while self.poll_timeout().is_some_and(|at| at <= now) {
            let Some((id, text)) = self.delayed.pop_front() else {
                return;
            };
            self.full_at = self.full_at.max(now) + self.pause;
            output.emit(Event::Text { id, text });
        }
    }

    /// When the next delayed text is emitted.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let token = self.full_at + self.pause - self.burst;
        (!self.delayed.is_empty()).then_some(token)
    }

    pub(crate) fn handle_ack(
        &mut self,
        ack: TextAck,
        output: &mut Output,
    ) -> Result<(), PeerError> {
        let Some(at) = self.unacked.iter().position(|id| *id == ack.id) else {
            return Err(PeerError::unexpected("ack of a text that was not sent"));
        };
        self.unacked.remove(at);
        output.emit(Event::TextArrived { id: ack.id });
        Ok(())
    }

    /// The caller took a text out, which acks it.
    pub(crate) fn read(&mut self, id: u32, output: &mut Output) {
        self.unread = self.unread.saturating_sub(1);
        output.send(0, &Message::TextAck(TextAck { id }));
    }
}
