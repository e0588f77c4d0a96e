//! Signals as events: end, or read the contact book again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;
use std::thread::{Builder, JoinHandle};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::{Handle, Signals};

use crate::station::Event;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Signal {
    /// SIGINT, SIGTERM.
    End,
    /// SIGHUP.
    Reload,
}

/// The thread that turns signals into events.
#[derive(Debug)]
pub(crate) struct Watch {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Ends the thread.
    pub(crate) fn close(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has printed itself already.
            let _ = thread.join();
        }
    }
}

/// Watches from here on. A second SIGINT or SIGTERM ends the program at once, whatever it is doing.
pub(crate) fn watch(events: SyncSender<Event>) -> io::Result<Watch> {
    let again = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal only sets the flag that the second one finds.
        flag::register_conditional_shutdown(signal, EXIT_AT_ONCE, Arc::clone(&again))?;
        flag::register(signal, Arc::clone(&again))?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let handle = signals.handle();
    let thread = Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            let signal = if signal == SIGHUP {
                Signal::Reload
            } else {
                Signal::End
            };
            // With a full queue the command is stuck in output; the second signal helps.
            let _ = events.try_send(Event::Signal(signal));
        }
    })?;
    Ok(Watch {
        handle,
        thread: Some(thread),
    })
}

/// What shells report for a program ended by SIGINT.
const EXIT_AT_ONCE: i32 = 130;
