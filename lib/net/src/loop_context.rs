//! What all peers share while they have their turn: the clock, the limits, the events told, and two
//! buffers.

use std::collections::VecDeque;

use transom_proto as proto;
use transom_wire::limits::RECORD_BULK;

use crate::clock::Clock;
use crate::config::Config;
use crate::event::Event;

/// Lent to one peer after the other.
pub(crate) struct LoopContext {
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) events: VecDeque<Event>,
    /// The rest of a peer's last read, then what is read now.
    pub(crate) read: Box<[u8]>,
    /// The plain bytes of one record, on their way in or out.
    pub(crate) plain: Box<[u8]>,
}

impl LoopContext {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            clock: Clock::new(),
            config,
            events: VecDeque::new(),
            read: vec![0; LONGEST_RECORD + READ].into(),
            plain: vec![0; PLAIN].into(),
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

/// A record with its length.
const LONGEST_RECORD: usize = 2 + 65_535;

/// Room for the tag too, with which a record is opened without a copy.
const PLAIN: usize = RECORD_BULK + 16;
