//! A queue with a lane for each peer, served in turns, so that the backlog of one never delays the
//! others by more than a job. It knows no jobs; within a lane their order holds.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A peer's key, so that a connection made again stands behind what the lost one left.
pub(crate) type Lane = [u8; 32];

pub(crate) struct Lanes<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

/// What waiting has come to.
pub(crate) enum Next<T> {
    Value(Lane, T),
    /// Nothing came in that time.
    Nothing,
    /// Nothing is there, and nothing more comes.
    Closed,
}

struct State<T> {
    /// Those in which something waits.
    lanes: BTreeMap<Lane, VecDeque<T>>,
    /// The lane served last.
    last: Lane,
    closed: bool,
    /// Threads that wait for a value.
    waiting: usize,
}

impl<T> Lanes<T> {
    pub(crate) fn put(&self, lane: Lane, value: T) {
        let mut state = self.lock();
        state.lanes.entry(lane).or_default().push_back(value);
        self.wake(state);
    }

    /// Puts the rest of a job behind those at the front of its lane that may pass it.
    pub(crate) fn put_back(&self, lane: Lane, value: T, passes: impl Fn(&T) -> bool) {
        let mut state = self.lock();
        let waiting = state.lanes.entry(lane).or_default();
        let at = waiting.iter().take_while(|other| passes(other)).count();
        waiting.insert(at, value);
        self.wake(state);
    }

    /// Nothing more comes.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for the next value; `None` once it is closed and empty.
    pub(crate) fn wait(&self) -> Option<(Lane, T)> {
        loop {
            match self.wait_for(Duration::MAX) {
                Next::Value(lane, value) => return Some((lane, value)),
                Next::Nothing => {}
                Next::Closed => return None,
            }
        }
    }

    /// Waits so long for the next value.
    pub(crate) fn wait_for(&self, most: Duration) -> Next<T> {
        let is_idle = |state: &mut State<T>| state.lanes.is_empty() && !state.closed;
        let mut state = self.lock();
        if is_idle(&mut state) {
            state.waiting += 1;
            let waited = self.changed.wait_timeout_while(state, most, is_idle);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        match state.take() {
            Some((lane, value)) => Next::Value(lane, value),
            None if state.closed => Next::Closed,
            None => Next::Nothing,
        }
    }

    /// Wakes a thread if one waits: to wake none costs a system call too. The lock is given back
    /// first, or the thread would wake only to wait for it.
    fn wake(&self, state: MutexGuard<'_, State<T>>) {
        let is_waiting = state.waiting > 0;
        drop(state);
        if is_waiting {
            self.changed.notify_one();
        }
    }

    /// Nothing here panics half-way through a change, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                lanes: BTreeMap::new(),
                last: [0; 32],
                closed: false,
                waiting: 0,
            }),
            changed: Condvar::new(),
        }
    }
}

impl<T> State<T> {
    fn take(&mut self) -> Option<(Lane, T)> {
        let after = (Bound::Excluded(self.last), Bound::Unbounded);
        let after = self.lanes.range(after).next();
        let lane = *after.or_else(|| self.lanes.iter().next())?.0;
        let waiting = self.lanes.get_mut(&lane)?;
        let value = waiting.pop_front();
        if waiting.is_empty() {
            self.lanes.remove(&lane);
        }
        self.last = lane;
        Some((lane, value?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_of_one_peer_delays_another_by_one_job() {
        let lanes = Lanes::default();
        for job in 0..1000 {
            lanes.put([1; 32], job);
        }
        lanes.put([2; 32], 1000);
        let served: Vec<_> = std::iter::from_fn(|| lanes.wait()).take(3).collect();
        assert_eq!(served, [([1; 32], 0), ([2; 32], 1000), ([1; 32], 1)]);
    }

    #[test]
    fn waiting_ends_with_a_value_the_time_or_the_close() {
        let lanes = Lanes::default();
        assert!(matches!(lanes.wait_for(Duration::ZERO), Next::Nothing));
        lanes.put([1; 32], 7);
        lanes.close();
        assert!(matches!(lanes.wait_for(Duration::MAX), Next::Value(_, 7)));
        assert!(matches!(lanes.wait_for(Duration::MAX), Next::Closed));
    }

    #[test]
    fn the_rest_of_a_long_job_waits_for_other_peers_and_for_what_may_pass_it() {
        let lanes = Lanes::default();
        for (lane, job) in [
            (1, "long"),
            (1, "other transfer"),
            (1, "after it"),
            (1, "another transfer"),
            (2, "other peer"),
        ] {
            lanes.put([lane; 32], job);
        }
        assert_eq!(lanes.wait(), Some(([1; 32], "long")));
        lanes.put_back([1; 32], "rest", |job| job.ends_with("transfer"));
        let served = std::iter::from_fn(|| lanes.wait()).take(5);
        let served: Vec<_> = served.map(|(_, job)| job).collect();
        let wanted = [
            "other peer",
            "other transfer",
            "rest",
            "after it",
            "another transfer",
        ];
        assert_eq!(served, wanted);
    }

    #[test]
    fn what_waits_is_served_after_the_close_and_then_it_ends() {
        let lanes = Lanes::default();
        lanes.put([1; 32], "last");
        lanes.close();
        assert_eq!(lanes.wait(), Some(([1; 32], "last")));
        assert_eq!(lanes.wait(), None);
    }
}
