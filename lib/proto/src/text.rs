//! Texts of both sides and their acknowledgements (wire 7).

use alloc::collections::VecDeque;

use transom_wire::{Message, Text, TextAck, limits};

use crate::outlet::Outlet;
use crate::{Event, PeerError, UsageError};

/// Texts of the peer that wait in our events. Four times what a peer sends without an ack, so that
/// it may be configured differently.
const MAX_UNREAD: usize = 256;

pub(crate) struct Texts {
    /// Our texts that the peer has not acknowledged, at most `most`.
    unacked: VecDeque<u32>,
    most: usize,
    next: u32,
    /// Texts of the peer that the caller has not taken out.
    unread: usize,
}

impl Texts {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            unacked: VecDeque::new(),
            most,
            next: 0,
            unread: 0,
        }
    }

    pub(crate) fn send(&mut self, text: &str, outlet: &mut Outlet) -> Result<u32, UsageError> {
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
        outlet.room("texts")?;
        let id = self.next;
        self.next = id.wrapping_add(1);
        self.unacked.push_back(id);
        outlet.say(0, &Message::Text(Text { id, text }));
        Ok(id)
    }

    pub(crate) fn handle_text(
        &mut self,
        text: Text<'_>,
        outlet: &mut Outlet,
    ) -> Result<(), PeerError> {
        if self.unread >= MAX_UNREAD {
            return Err(PeerError::TooMuch {
                what: "texts not yet acknowledged",
            });
        }
        self.unread += 1;
        outlet.tell(Event::Text {
            id: text.id,
            text: text.text.into(),
        });
        Ok(())
    }

    pub(crate) fn handle_ack(
        &mut self,
        ack: TextAck,
        outlet: &mut Outlet,
    ) -> Result<(), PeerError> {
        let Some(at) = self.unacked.iter().position(|id| *id == ack.id) else {
            return Err(PeerError::Unexpected {
                what: "ack of a text that was not sent",
            });
        };
        self.unacked.remove(at);
        outlet.tell(Event::TextArrived { id: ack.id });
        Ok(())
    }

    /// The caller took a text out: now it has arrived.
    pub(crate) fn read(&mut self, id: u32, outlet: &mut Outlet) {
        self.unread = self.unread.saturating_sub(1);
        outlet.say(0, &Message::TextAck(TextAck { id }));
    }
}
