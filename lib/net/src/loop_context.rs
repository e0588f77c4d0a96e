//! The state that all peers share: the clock, the limits, the queue of events, the read buffer.

use std::collections::VecDeque;

use transom_proto as proto;

use crate::clock::Clock;
use crate::config::Config;
use crate::event::Event;
use crate::pairing::Pairings;

/// Lent to one peer after another.
pub(crate) struct LoopContext {
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) events: VecDeque<Event>,
    /// The code that we show, and how often strangers may try.
    pub(crate) pairings: Pairings,
    /// The bytes of the current read.
    pub(crate) read: Box<[u8]>,
}

impl LoopContext {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            clock: Clock::new(),
            pairings: Pairings::default(),
            config,
            events: VecDeque::new(),
            read: vec![0; READ].into(),
        }
    }

    pub(crate) fn now(&self) -> proto::Instant {
        self.clock.now()
    }

    pub(crate) fn emit(&mut self, event: Event) {
        self.events.push_back(event);
    }
}

/// Bytes of one read: several bulk records, so that the cost of the system call is small.
const READ: usize = 256 * 1024;
