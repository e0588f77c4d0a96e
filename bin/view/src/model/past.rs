//! What became of calls, as lines of the conversation with a contact.

use std::time::Duration;

use transom::PeerName;

use super::{Call, Entry, State};

/// Calls that are told of with one contact.
pub(super) const MAX_PAST: usize = 500;

/// A call that is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PastCall {
    /// When it ended, since 1970.
    pub(crate) at: Duration,
    /// What became of it.
    pub(crate) what: Past,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Past {
    /// Both sides talked.
    Talked {
        /// Whether there was a picture of either side.
        video: bool,
        length: Duration,
    },
    /// They rang, and were not answered here.
    Missed,
    /// We rang, and were not answered there.
    Unanswered,
    /// They rang, and the right `auto` answered.
    LetIn,
    /// They watched our camera by their right to it.
    SawCamera,
}

impl Call {
    /// What is told of a call that ends now; nothing of one that never rang, or of a camera.
    fn past(&self, now: Duration) -> Option<Past> {
        match self.since {
            _ if !self.is_talk() || !self.is_open() => None,
            Some(since) => Some(Past::Talked {
                video: self.camera_on || self.shown.is_some(),
                length: now.saturating_sub(since),
            }),
            None => self.rings_out.then_some(Past::Unanswered),
        }
    }
}

impl State {
    /// The open call with that peer is about to end.
    pub(super) fn remember_call(&mut self, peer: PeerName) {
        let call = self.calls.of(peer);
        if let Some(what) = call.and_then(|call| call.past(self.now)) {
            self.remember_past(peer, what);
        }
    }

    pub(super) fn remember_past(&mut self, peer: PeerName, what: Past) {
        let call = PastCall { at: self.now, what };
        self.person(peer).add_past(call);
        self.write_down(peer, Entry::Call(call));
    }
}
