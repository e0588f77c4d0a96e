//! A place for one value between two threads, where a newer value replaces the older. It knows
//! nothing of what it holds.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One value for a worker thread: a newer value replaces one that was not taken yet. Clones share
/// the slot.
///
/// ```
/// let slot = transom_media::Slot::new();
/// assert_eq!(slot.put(1), None);
/// assert_eq!(slot.put(2), Some(1)); // nobody took it: replaced
/// assert_eq!(slot.wait(), Some(2));
/// slot.close();
/// assert_eq!(slot.wait(), None);
/// ```
pub struct Slot<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    value: Option<T>,
    closed: bool,
}

impl<T> Slot<T> {
    /// An empty slot.
    pub fn new() -> Self {
        let state = Mutex::new(State {
            value: None,
            closed: false,
        });
        Self {
            shared: Arc::new(Shared {
                state,
                changed: Condvar::new(),
            }),
        }
    }

    /// Puts a value, giving back the one it replaces, or the value itself once the slot is closed.
    pub fn put(&self, value: T) -> Option<T> {
        let mut state = self.lock();
        if state.closed {
            return Some(value);
        }
        let old = state.value.replace(value);
        self.shared.changed.notify_one();
        old
    }

    /// Takes the value if there is one.
    pub fn take(&self) -> Option<T> {
        self.lock().value.take()
    }

    /// Waits for a value; `None` once the slot is closed and empty.
    pub fn wait(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(value) = state.value.take() {
                return Some(value);
            }
            if state.closed {
                return None;
            }
            state = self
                .shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for a value, at most for `timeout`; `None` at its end, or once the slot is closed and
    /// empty.
    pub fn wait_for(&self, timeout: Duration) -> Option<T> {
        let end = Instant::now() + timeout;
        let mut state = self.lock();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if state.value.is_some() || state.closed || left.is_zero() {
                return state.value.take();
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Closes the slot. A waiting thread still takes the value that is left, and gets `None` after
    /// it.
    pub fn close(&self) {
        self.lock().closed = true;
        self.shared.changed.notify_all();
    }

    /// True once [`Slot::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// A panic elsewhere can't leave an `Option` half changed, so a poisoned lock can be used.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> std::fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot")
            .field("full", &self.lock().value.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_thread_gets_the_value_and_then_the_end() {
        let slot = Slot::new();
        let far = slot.clone();
        let worker = std::thread::spawn(move || {
            let first = far.wait();
            (first, far.wait())
        });
        assert_eq!(slot.put(7), None);
        while slot.shared.state.lock().unwrap().value.is_some() {
            std::thread::yield_now();
        }
        slot.close();
        assert_eq!(worker.join().unwrap(), (Some(7), None));
        assert_eq!(slot.put(8), Some(8), "a closed slot takes nothing");
    }

    #[test]
    fn waiting_without_a_value_ends_with_the_timeout() {
        let slot = Slot::<u8>::new();
        assert_eq!(slot.wait_for(Duration::ZERO), None);
        slot.put(1);
        assert_eq!(slot.wait_for(Duration::ZERO), Some(1));
    }
}
