//! The look at the owner's marks on a thread of its own. A home folder on a network file system can
//! block a look for minutes; the loop must not wait for it.
//!
//! The loop tells what it needs and reads the last answer; neither blocks. While a look hangs, that
//! answer stays.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What of the station the marks are about.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Need {
    /// A call of ours rings or runs: that is to be marked, and whether files move elsewhere is to be
    /// looked at.
    pub(crate) call: bool,
    /// A transfer of ours is open: whether a call is live elsewhere is to be looked at.
    pub(crate) files: bool,
    /// Files of ours move: that is to be marked.
    pub(crate) moves: bool,
}

/// What another program of the owner does.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Elsewhere {
    /// A call is live there. Known while a transfer of ours is open and no call of ours is live.
    pub(crate) call: bool,
    /// Files move there. Known while a call of ours is live and no files of ours move.
    pub(crate) files: bool,
}

/// Shared by the loop and the thread.
#[derive(Default)]
pub(crate) struct LiveMarks {
    state: Mutex<State>,
    changed: Condvar,
    elsewhere: Mutex<Elsewhere>,
}

#[derive(Clone, Copy, Default, Eq, PartialEq)]
struct State {
    need: Need,
    is_closed: bool,
}

impl LiveMarks {
    /// The loop's need, whenever it has changed.
    pub(crate) fn tell(&self, need: Need) {
        lock(&self.state).need = need;
        self.changed.notify_all();
    }

    /// What other programs did at the last look.
    pub(crate) fn elsewhere(&self) -> Elsewhere {
        *lock(&self.elsewhere)
    }

    /// Ends the thread.
    pub(crate) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.changed.notify_all();
    }

    /// The thread: `turn` sets the marks or looks at them, and gives what other programs do and when
    /// the next turn is due. `on_change` is called when what they do has changed.
    pub(crate) fn serve(
        &self,
        mut turn: impl FnMut(Need) -> (Elsewhere, Option<Instant>),
        on_change: impl Fn(),
    ) {
        let mut state = *lock(&self.state);
        while !state.is_closed {
            let (elsewhere, due) = turn(state.need);
            let before = std::mem::replace(&mut *lock(&self.elsewhere), elsewhere);
            if before != elsewhere {
                on_change();
            }
            let pause = due.map_or(Duration::MAX, |due| {
                due.saturating_duration_since(Instant::now())
            });
            let known = state;
            let waited = self
                .changed
                .wait_timeout_while(lock(&self.state), pause, |state| *state == known);
            state = *waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Nothing panics while it holds one of the locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
                    let call = ends.recv().unwrap();
                    (Elsewhere { call, files: false }, None)
                };
                marks.serve(hangs, || change.send(()).unwrap());
            });
            assert_eq!(starts.recv().unwrap(), Need::default());
            let need = Need {
                files: true,
                ..Need::default()
            };
            // The look hangs now, and the loop goes on.
            marks.tell(need);
            assert!(!marks.elsewhere().call);
            end.send(false).unwrap();
            assert_eq!(starts.recv().unwrap(), need);
            end.send(true).unwrap();
            changes.recv().unwrap();
            assert!(marks.elsewhere().call);
            marks.close();
        });
    }
}
