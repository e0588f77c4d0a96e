//! Signals as events: end, or read the contact book again.

use std::io;
use std::sync::mpsc::SyncSender;

pub(crate) use transom_signals::{Hangup, Wish as Signal};

use crate::station::Event;

/// Starts to watch for signals. A second SIGINT or SIGTERM, at least a second after the first, ends
/// the program at once.
pub(crate) fn watch(events: SyncSender<Event>, hangup: Hangup) -> io::Result<()> {
    transom_signals::watch(hangup, move |signal| {
        // If the queue is full, the command is blocked in output; a second signal ends it.
        let _ = events.try_send(Event::Signal(signal));
    })
}
