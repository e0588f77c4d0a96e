//! Signals as letters: whoever ends the program from outside closes the window as a person does, so that its place is kept,
//! films are finished, and everybody is told goodbye.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::{Handle, Signals};

use super::{Letter, Mailbox};

/// What shells report for a program ended by SIGINT.
const EXIT_AT_ONCE: i32 = 130;
/// What ends a program: a shell, a desktop that logs out, a terminal that closes.
const ENDING: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

/// The signals from here on. A second one ends the program at once, whatever it is doing.
pub(super) fn watch() -> io::Result<(Signals, Handle)> {
    let again = Arc::new(AtomicBool::new(false));
    for signal in ENDING {
        // In this order: the first signal only sets the flag that the second one finds.
        flag::register_conditional_shutdown(signal, EXIT_AT_ONCE, Arc::clone(&again))?;
        flag::register(signal, Arc::clone(&again))?;
    }
    let signals = Signals::new(ENDING)?;
    let handle = signals.handle();
    Ok((signals, handle))
}

/// Passes them on until they are closed.
pub(super) fn run(mut signals: Signals, mailbox: &Mailbox) {
    for _ in signals.forever() {
        mailbox.put(Letter::Close);
    }
}
