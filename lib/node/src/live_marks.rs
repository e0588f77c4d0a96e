//! The look at the owner's marks on a thread of its own. A home folder on a network file system can
//! block a look for minutes; the loop must not wait for it.
//!
//! The loop tells what it needs and reads the last answer; neither blocks. While a look hangs, that
//! answer stays.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What of the station the marks are about.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Need {
    /// A call of ours rings or runs: the marks are to be set.
    pub(crate) call: bool,
    /// A transfer of ours is open: the marks are to be looked at.
    pub(crate) files: bool,
}

/// Shared by the loop and the thread.
#[derive(Default)]
pub(crate) struct LiveMarks {
    state: Mutex<State>,
    changed: Condvar,
    is_live: AtomicBool,
}

#[derive(Clone, Copy, Default, Eq, PartialEq)]
struct State {
    need: Need,
    is_closed: bool,
}

impl LiveMarks {
    /// The loop's need, whenever it has changed.
    pub(crate) fn tell(&self, need: Need) {
        self.lock().need = need;
        self.changed.notify_all();
    }

    /// Whether a call was live in another program at the last look.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live.load(Ordering::Acquire)
    }

    /// Ends the thread.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// The thread: `turn` sets the marks or looks at them, and gives whether a call is live in
    /// another program and when the next turn is due. `on_change` is called when that has changed.
    pub(crate) fn serve(
        &self,
        mut turn: impl FnMut(Need) -> (bool, Option<Instant>),
        on_change: impl Fn(),
    ) {
        let mut state = *self.lock();
        while !state.is_closed {
            let (is_live, due) = turn(state.need);
            if self.is_live.swap(is_live, Ordering::AcqRel) != is_live {
                on_change();
            }
            let pause = due.map_or(Duration::MAX, |due| {
                due.saturating_duration_since(Instant::now())
            });
            let known = state;
            let waited = self
                .changed
                .wait_timeout_while(self.lock(), pause, |state| *state == known);
            state = *waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    #[test]
    fn a_look_that_hangs_holds_up_nobody_and_is_heard_when_it_ends() {
        let marks = LiveMarks::default();
        let (started, starts) = channel();
        let (end, ends) = channel();
        let (change, changes) = channel();
        thread::scope(|scope| {
            let marks = &marks;
            scope.spawn(move || {
                let hangs = |need: Need| {
                    started.send(need).unwrap();
                    (ends.recv().unwrap(), None)
                };
                marks.serve(hangs, || change.send(()).unwrap());
            });
            assert_eq!(starts.recv().unwrap(), Need::default());
            let need = Need {
                call: false,
                files: true,
            };
            // The look hangs now, and the loop goes on.
            marks.tell(need);
            assert!(!marks.is_live());
            end.send(false).unwrap();
            assert_eq!(starts.recv().unwrap(), need);
            end.send(true).unwrap();
            changes.recv().unwrap();
            assert!(marks.is_live());
            marks.close();
        });
    }
}
