//! Signals as letters: ending the program from outside closes the window as a person does, so
//! that its place is kept, films are finished, and everybody is told goodbye.

use std::io;
use std::sync::Arc;

use transom_signals::Hangup;

use super::{Letter, Mailbox};

/// The signals from here on. A second SIGINT or SIGTERM, at least a second after the first, ends
/// the program at once.
pub(super) fn watch(mailbox: Arc<Mailbox>) -> io::Result<()> {
    transom_signals::watch(Hangup::End, move |_| mailbox.put(Letter::Close))
}
