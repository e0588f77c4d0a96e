//! How late frames come, against what the loudspeaker takes.
//!
//! ```text
//! late   samples that the loudspeaker took - samples that came
//! queue  = level - late, where the level changes only by what playout itself takes out or adds
//! usual  = median of the largest `late` of each half second
//! peak   = the largest of them
//! ```
//! Samples are counted and no clock is read, so a loudspeaker that takes much at once counts like
//! a frame that comes late. It outlasts dry runs and cuts, which change the level alone.

use std::collections::VecDeque;
use std::time::Duration;

use super::MAX_QUEUED;
use crate::samples_of;

#[derive(Debug, Default)]
pub(super) struct Jitter {
    late: i64,
    /// The largest `late` before a frame of each half second that played, newest last; `None`
    /// without any. Long stalls are left out.
    steps: VecDeque<Option<i64>>,
    /// Median of the steps.
    usual: i64,
    /// Largest of the steps.
    peak: i64,
    /// Samples played of the newest step.
    played: usize,
    /// A backlog arrives that no reserve covers.
    is_stalled: bool,
    /// The next frame begins anew.
    is_ended: bool,
}

impl Jitter {
    /// The loudspeaker took samples, and this many of them were sound.
    pub(super) fn took(&mut self, samples: usize, sound: usize) {
        self.late += count(samples);
        self.played += sound;
        if self.played >= STEP {
            self.played = 0;
            self.step();
        }
    }

    /// A frame arrived, after so many samples that never will. What is late by at most `covered`
    /// does not empty the queue.
    pub(super) fn arrived(&mut self, samples: usize, missing: usize, covered: usize) {
        if std::mem::take(&mut self.is_ended) || missing > MAX_QUEUED {
            self.late = self.usual;
        } else {
            self.late -= count(missing);
        }
        if self.steps.iter().flatten().next().is_none() {
            (self.usual, self.peak) = (self.late, self.late);
        }
        // A backlog may arrive in pieces, each less late than the one before.
        let limit = if self.is_stalled { covered } else { STALL };
        self.is_stalled = self.late - self.usual > count(limit);
        if !self.is_stalled {
            let newest = self.steps.pop_back().flatten();
            let most = newest.map_or(self.late, |most| most.max(self.late));
            self.steps.push_back(Some(most));
            self.peak = self.peak.max(most);
        }
        self.late -= count(samples);
    }

    /// The peer ended for now: the silence that follows is no lateness.
    pub(super) fn ended(&mut self) {
        self.is_ended = true;
    }

    /// How late the next frame would be now.
    pub(super) fn late(&self) -> i64 {
        self.late
    }

    pub(super) fn usual(&self) -> i64 {
        self.usual
    }

    pub(super) fn peak(&self) -> i64 {
        self.peak
    }

    fn step(&mut self) {
        if self.steps.len() == STEPS {
            self.steps.pop_front();
        }
        let mut known: Vec<i64> = self.steps.iter().copied().flatten().collect();
        known.sort_unstable();
        if let Some(largest) = known.last() {
            (self.usual, self.peak) = (known[known.len() / 2], *largest);
        }
        self.steps.push_back(None);
    }
}

fn count(samples: usize) -> i64 {
    i64::try_from(samples).unwrap_or(i64::MAX)
}

const STEP: usize = samples_of(Duration::from_millis(500));
/// Seven seconds: trouble that is rarer is not worth the delay, and once it is over the delay is
/// soon gone.
const STEPS: usize = 14;
/// No reserve covers a longer stall.
const STALL: usize = samples_of(Duration::from_millis(100));
