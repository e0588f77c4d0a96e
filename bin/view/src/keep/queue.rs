//! Jobs on their way to the thread that has the files: in order, bounded, and never waited for but
//! as the window closes.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Answer, Job};

/// Maximum number of jobs that wait: the history of each contact, and what is written in a busy
/// hour while the disk doesn't answer; 20 MB, if all of them are the longest texts.
const MAX_JOBS: usize = transom_users::MAX_CONTACTS + 1024;

/// The queue.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

struct Waiting {
    /// The first one is carried out until its answer is there.
    jobs: VecDeque<Job>,
    /// When the job at the front came to the front.
    since: Instant,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                jobs: VecDeque::new(),
                since: Instant::now(),
            }),
            changed: Condvar::new(),
        }
    }

    /// Adds a job. A full queue gives it back.
    pub(super) fn put(&self, job: Job) -> Result<(), Box<Job>> {
        let mut waiting = self.lock();
        let Waiting { jobs, since } = &mut *waiting;
        // The second click while the disk is slow. An edit that another one follows is asked for
        // anew.
        let is_edit = |job: &Job| matches!(job, Job::Edit(_));
        let last_edit = jobs.iter().rev().find(|job| is_edit(job));
        if is_edit(&job) && last_edit == Some(&job) {
            return Ok(());
        }
        let is_older = |at: &usize| discriminant(&jobs[*at]) == discriminant(&job);
        if job.replaces_older()
            && let Some(older) = (1..jobs.len()).find(is_older)
        {
            jobs.remove(older);
        }
        if jobs.len() >= MAX_JOBS {
            return Err(Box::new(job));
        }
        if jobs.is_empty() {
            *since = Instant::now();
        }
        jobs.push_back(job);
        drop(waiting);
        self.changed.notify_all();
        Ok(())
    }

    /// Carries jobs out, one after the other, for as long as the program runs.
    pub(crate) fn serve(&self, carry_out: impl Fn(Job) -> Answer, post: impl Fn(Answer)) {
        loop {
            let answer = carry_out(self.next());
            self.done(|| post(answer));
        }
    }

    /// Drops jobs that only read, but for the one that is carried out.
    pub(super) fn stop_reading(&self) {
        let mut at = 0..;
        let jobs = &mut self.lock().jobs;
        jobs.retain(|job| at.next() == Some(0) || !matches!(job, Job::ReadHistory(_)));
    }

    /// Since when the first job waits for its answer.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        let waiting = self.lock();
        (!waiting.jobs.is_empty()).then_some(waiting.since)
    }

    /// Waits until all jobs are carried out; false if that takes longer.
    pub(super) fn finish(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        let is_busy = |waiting: &mut Waiting| !waiting.jobs.is_empty();
        let finished = self
            .changed
            .wait_timeout_while(self.lock(), left, is_busy)
            .unwrap_or_else(PoisonError::into_inner);
        !finished.1.timed_out()
    }

    pub(super) fn next(&self) -> Job {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.front() {
                return job.clone();
            }
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The first job is carried out. Its answer is posted and the job is gone at once: the window
    /// sees both or neither.
    pub(super) fn done(&self, post: impl FnOnce()) {
        let mut waiting = self.lock();
        post();
        waiting.jobs.pop_front();
        waiting.since = Instant::now();
        drop(waiting);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
