//! Jobs in a lane for each peer, and in each lane a queue for each transfer. Lanes are served in
//! turns, and so are the queues of a lane: a backlog never delays other peers or transfers by more
//! than a job each. A queue can be parked for some time. It knows no jobs; within a queue their
//! order holds.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use transom_wire::TransferKey;

use crate::notice::TransferId;

/// A peer's key, so that a connection made again stands behind what the lost one left.
pub(crate) type Lane = [u8; 32];

/// Which jobs of a lane keep their order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Queue {
    /// Of one attempt to send.
    Out(TransferId),
    /// Of all attempts of the peer to send that: what is kept of one is there for the next.
    In(TransferKey),
    /// Of the owner.
    Owner,
}

/// What waits in a queue.
pub(crate) trait Waiting {
    /// Whether it ends what its queue is parked for: that is given up, and this goes before all
    /// that waits behind it.
    fn unparks(&self) -> bool;

    /// Whether it goes before what its queue is parked for, which is tried again then.
    fn passes(&self) -> bool;
}

pub(crate) struct Lanes<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

/// What waiting has come to.
pub(crate) enum Next<T> {
    Value(Lane, Queue, T),
    /// Nothing came in that time.
    Nothing,
    /// Nothing is there, and nothing more comes.
    Closed,
}

struct State<T> {
    lanes: Turns<Lane, Turns<Queue, VecDeque<T>>>,
    /// Queues that are not served before that time.
    parked: HashMap<(Lane, Queue), (Instant, VecDeque<T>)>,
    closed: bool,
    /// Threads that wait for a value.
    waiting: usize,
}

/// What is served in turns.
struct Turns<K, V> {
    /// Those in which something waits.
    waiting: BTreeMap<K, V>,
    /// The key served last.
    last: Option<K>,
}

impl<T: Waiting> Lanes<T> {
    #[cfg(test)]
    pub(crate) fn put(&self, lane: Lane, queue: Queue, value: T) {
        self.put_all([(lane, queue, value)]);
    }

    /// Puts several, in their order, and wakes a thread for all of them.
    pub(crate) fn put_all(&self, values: impl IntoIterator<Item = (Lane, Queue, T)>) {
        let mut state = self.lock();
        for (lane, queue, value) in values {
            state.put(lane, queue, value);
        }
        self.wake(state);
    }

    /// Puts the rest of a job before all others of its queue, which is not served for that time, or
    /// until something comes that [unparks](Waiting::unparks) it.
    pub(crate) fn park(&self, lane: Lane, queue: Queue, value: T, pause: Duration) {
        let mut state = self.lock();
        let mut jobs = state.remove(lane, queue);
        // They may have come while the job was at work.
        if let Some(at) = jobs.iter().position(T::unparks) {
            if let Some(first) = jobs.remove(at) {
                jobs.push_front(first);
            }
            *state.queue(lane, queue) = jobs;
        } else if let Some(first) = jobs
            .iter()
            .position(T::passes)
            .and_then(|at| jobs.remove(at))
        {
            jobs.push_front(value);
            jobs.push_front(first);
            *state.queue(lane, queue) = jobs;
        } else {
            let until = Instant::now() + pause;
            jobs.push_front(value);
            state.parked.insert((lane, queue), (until, jobs));
        }
    }

    /// Serves all queues again that are parked.
    pub(crate) fn unpark(&self) {
        let mut state = self.lock();
        state.unpark(|_, _| true);
        self.wake(state);
    }

    /// Puts the rest of a job before all others of its queue.
    pub(crate) fn put_back(&self, lane: Lane, queue: Queue, value: T) {
        let mut state = self.lock();
        state.queue(lane, queue).push_front(value);
        self.wake(state);
    }

    /// Nothing more comes.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits for the next value; `None` once it is closed and empty.
    #[cfg(test)]
    pub(crate) fn wait(&self) -> Option<(Lane, Queue, T)> {
        loop {
            match self.wait_for(Duration::MAX) {
                Next::Value(lane, queue, value) => return Some((lane, queue, value)),
                Next::Nothing => {}
                Next::Closed => return None,
            }
        }
    }

    /// Waits so long for the next value.
    pub(crate) fn wait_for(&self, most: Duration) -> Next<T> {
        let is_idle = |state: &mut State<T>| state.lanes.waiting.is_empty() && !state.closed;
        let mut state = self.lock();
        state.unpark_due();
        if is_idle(&mut state) && !most.is_zero() {
            state.waiting += 1;
            let due = state.parked.values().map(|(until, _)| *until).min();
            let due = due.map_or(most, |due| most.min(due - Instant::now()));
            let waited = self.changed.wait_timeout_while(state, due, is_idle);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
            state.unpark_due();
        }
        match state.take() {
            Some((lane, queue, value)) => Next::Value(lane, queue, value),
            None if state.closed => Next::Closed,
            None => Next::Nothing,
        }
    }

    /// Wakes a thread if one waits: to wake none costs a system call too. The lock is given back
    /// first, or the thread would wake only to wait for it.
    fn wake(&self, state: MutexGuard<'_, State<T>>) {
        let is_waiting = state.waiting > 0 && !state.lanes.waiting.is_empty();
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
                lanes: Turns::default(),
                parked: HashMap::new(),
                closed: false,
                waiting: 0,
            }),
            changed: Condvar::new(),
        }
    }
}

impl<T: Waiting> State<T> {
    fn put(&mut self, lane: Lane, queue: Queue, value: T) {
        let Some((_, parked)) = self.parked.get_mut(&(lane, queue)) else {
            return self.queue(lane, queue).push_back(value);
        };
        if !value.unparks() && !value.passes() {
            return parked.push_back(value);
        }
        if value.unparks() {
            parked.pop_front();
        }
        parked.push_front(value);
        self.unpark(|place, _| *place == (lane, queue));
    }

    /// Serves again those parked queues.
    fn unpark(&mut self, is_wanted: impl Fn(&(Lane, Queue), Instant) -> bool) {
        let wanted =
            |place: &(Lane, Queue), parked: &mut (Instant, VecDeque<T>)| is_wanted(place, parked.0);
        for ((lane, queue), (_, jobs)) in self.parked.extract_if(wanted) {
            let queues = self.lanes.waiting.entry(lane).or_default();
            queues.waiting.insert(queue, jobs);
        }
    }

    fn unpark_due(&mut self) {
        if !self.parked.is_empty() {
            let now = Instant::now();
            self.unpark(|_, until| until <= now);
        }
    }

    /// Removes a queue with all its jobs.
    fn remove(&mut self, lane: Lane, queue: Queue) -> VecDeque<T> {
        let Some(queues) = self.lanes.waiting.get_mut(&lane) else {
            return VecDeque::new();
        };
        let jobs = queues.waiting.remove(&queue).unwrap_or_default();
        if queues.waiting.is_empty() {
            self.lanes.waiting.remove(&lane);
        }
        jobs
    }

    fn queue(&mut self, lane: Lane, queue: Queue) -> &mut VecDeque<T> {
        let queues = self.lanes.waiting.entry(lane).or_default();
        queues.waiting.entry(queue).or_default()
    }

    fn take(&mut self) -> Option<(Lane, Queue, T)> {
        let lane = self.lanes.turn()?;
        let queues = self.lanes.waiting.get_mut(&lane)?;
        let queue = queues.turn()?;
        let jobs = queues.waiting.get_mut(&queue)?;
        let value = jobs.pop_front();
        if jobs.is_empty() {
            queues.waiting.remove(&queue);
        }
        if queues.waiting.is_empty() {
            self.lanes.waiting.remove(&lane);
        }
        Some((lane, queue, value?))
    }
}

impl<K: Copy + Ord, V> Turns<K, V> {
    /// The key after the one served last.
    fn turn(&mut self) -> Option<K> {
        let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.waiting.range((after, Bound::Unbounded)).next();
        self.last = Some(*next.or_else(|| self.waiting.iter().next())?.0);
        self.last
    }
}

impl<K, V> Default for Turns<K, V> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            last: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Waiting for i32 {
        fn unparks(&self) -> bool {
            *self < 0
        }

        fn passes(&self) -> bool {
            false
        }
    }

    impl Waiting for u32 {
        fn unparks(&self) -> bool {
            false
        }

        fn passes(&self) -> bool {
            false
        }
    }

    impl Waiting for &str {
        fn unparks(&self) -> bool {
            *self == "end"
        }

        fn passes(&self) -> bool {
            *self == "more"
        }
    }

    const HOUR: Duration = Duration::from_secs(3600);
    const A: Lane = [1; 32];
    const B: Lane = [2; 32];

    fn queue(number: u32) -> Queue {
        Queue::Out(TransferId(number))
    }

    #[test]
    fn a_backlog_of_one_peer_delays_another_by_one_job() {
        let lanes = Lanes::default();
        for job in 0..1000 {
            lanes.put(A, queue(job), job);
        }
        lanes.put(B, queue(0), 1000);
        let served = std::iter::from_fn(|| lanes.wait()).take(3);
        let served: Vec<_> = served.map(|(lane, _, job)| (lane, job)).collect();
        assert_eq!(served, [(A, 0), (B, 1000), (A, 1)]);
    }

    #[test]
    fn a_backlog_of_one_transfer_delays_another_of_its_peer_by_one_job() {
        let lanes = Lanes::default();
        for job in 0..1000 {
            lanes.put(A, queue(1), job);
        }
        lanes.put(A, queue(2), 1000);
        lanes.put(A, queue(2), 1001);
        let served = std::iter::from_fn(|| lanes.wait()).take(5);
        let served: Vec<_> = served.map(|(_, _, job)| job).collect();
        assert_eq!(served, [0, 1000, 1, 1001, 2]);
    }

    #[test]
    fn values_put_at_once_keep_their_order_and_wake_one_that_waits() {
        let lanes = Lanes::default();
        std::thread::scope(|scope| {
            let served = scope.spawn(|| {
                let served = std::iter::from_fn(|| lanes.wait()).take(3);
                served.map(|(_, _, job)| job).collect::<Vec<_>>()
            });
            lanes.put_all([(A, queue(1), 0), (A, queue(2), 2), (A, queue(1), 1)]);
            assert_eq!(served.join().unwrap(), [0, 2, 1]);
        });
    }

    #[test]
    fn waiting_ends_with_a_value_the_time_or_the_close() {
        let lanes = Lanes::default();
        assert!(matches!(lanes.wait_for(Duration::ZERO), Next::Nothing));
        lanes.put(A, queue(1), 7);
        lanes.close();
        let next = lanes.wait_for(HOUR);
        assert!(matches!(next, Next::Value(_, _, 7)));
        assert!(matches!(lanes.wait_for(Duration::MAX), Next::Closed));
    }

    #[test]
    fn the_rest_of_a_long_job_waits_for_other_peers_and_transfers_but_not_for_its_own() {
        let lanes = Lanes::default();
        for (lane, transfer, job) in [
            (A, 1, "long"),
            (A, 1, "after it"),
            (A, 2, "other transfer"),
            (B, 3, "other peer"),
        ] {
            lanes.put(lane, queue(transfer), job);
        }
        assert_eq!(lanes.wait(), Some((A, queue(1), "long")));
        lanes.put_back(A, queue(1), "rest");
        let served = std::iter::from_fn(|| lanes.wait()).take(4);
        let served: Vec<_> = served.map(|(_, _, job)| job).collect();
        let wanted = ["other peer", "other transfer", "rest", "after it"];
        assert_eq!(served, wanted);
    }

    #[test]
    fn a_parked_queue_lets_others_pass_and_is_served_later() {
        let (lanes, pause) = (Lanes::default(), Duration::from_millis(50));
        for job in ["first", "second"] {
            lanes.put(A, queue(1), job);
        }
        lanes.put(A, queue(2), "other");
        let begun = Instant::now();
        assert_eq!(lanes.wait(), Some((A, queue(1), "first")));
        lanes.park(A, queue(1), "first", pause);
        lanes.put(A, queue(1), "third");
        assert_eq!(lanes.wait(), Some((A, queue(2), "other")));
        assert!(matches!(lanes.wait_for(Duration::ZERO), Next::Nothing));
        let served = std::iter::from_fn(|| lanes.wait()).take(3);
        let served: Vec<_> = served.map(|(_, _, job)| job).collect();
        assert_eq!(served, ["first", "second", "third"]);
        assert!(begun.elapsed() >= pause);
    }

    #[test]
    fn a_parked_queue_is_served_at_once_when_asked_or_when_its_end_comes() {
        let lanes = Lanes::default();
        lanes.put(A, queue(1), "rest");
        lanes.park(A, queue(1), "job", HOUR);
        lanes.unpark();
        assert_eq!(lanes.wait(), Some((A, queue(1), "job")));
        // The end may come while the job is parked, and while it is at work.
        for is_late in [true, false] {
            if is_late {
                lanes.park(A, queue(1), "job", HOUR);
            }
            lanes.put(A, queue(1), "end");
            lanes.put(A, queue(1), "next");
            if !is_late {
                lanes.park(A, queue(1), "job", HOUR);
            }
            let served = std::iter::from_fn(|| lanes.wait()).take(3);
            let served: Vec<_> = served.map(|(_, _, job)| job).collect();
            assert_eq!(served, ["end", "rest", "next"]);
            lanes.put(A, queue(1), "rest");
        }
    }

    #[test]
    fn what_passes_goes_before_a_parked_job_which_is_tried_again() {
        let lanes = Lanes::default();
        // It may come while the job is parked, and while it is at work.
        for is_late in [true, false] {
            lanes.put(A, queue(1), "rest");
            if is_late {
                lanes.park(A, queue(1), "job", HOUR);
            }
            lanes.put(A, queue(1), "more");
            if !is_late {
                lanes.park(A, queue(1), "job", HOUR);
            }
            let served = std::iter::from_fn(|| lanes.wait()).take(3);
            let served: Vec<_> = served.map(|(_, _, job)| job).collect();
            assert_eq!(served, ["more", "job", "rest"]);
        }
    }

    #[test]
    fn what_waits_is_served_after_the_close_and_then_it_ends() {
        let lanes = Lanes::default();
        lanes.put(A, queue(1), "last");
        lanes.close();
        assert_eq!(lanes.wait(), Some((A, queue(1), "last")));
        assert_eq!(lanes.wait(), None);
    }
}
