//! What all peers share while they have their turn: the clock, the limits, the events told, and the
//! buffer for what is read.

use std::collections::VecDeque;

use transom_proto as proto;

use crate::clock::Clock;
use crate::config::Config;
use crate::event::Event;

/// Lent to one peer after the other.
pub(crate) struct LoopContext {
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) events: VecDeque<Event>,
    /// What is read now.
    pub(crate) read: Box<[u8]>,
}

impl LoopContext {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            clock: Clock::new(),
            config,
            events: VecDeque::new(),
            read: vec![0; READ].into(),
        }
    }

    pub(crate) fn now(&self) -> proto::Instant {
        self.clock.now()
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.events.push_back(event);
    }
}

/// Bytes of one read: several bulk records, so that a system call costs little of the time they
/// take.
const READ: usize = 256 * 1024;
