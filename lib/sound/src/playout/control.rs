//! What playout decides about time: the speed, and when to take sound out.
//!
//! The reserve covers the latest frame of the last seconds. What is in the queue beyond that was
//! never needed. All times in milliseconds as f32: sound needs no more.

use std::collections::VecDeque;
use std::time::Duration;

use super::jitter::Jitter;
use super::samples_of_ms;
use crate::RATE;

/// What to do about a queue that is too long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Excess {
    /// Speed alone takes care of it.
    Small,
    /// Take out one pitch period.
    Period,
    /// Take out all this, in ms.
    Cut(f32),
}

#[derive(Debug)]
pub(super) struct Control {
    jitter: Jitter,
    recent: Recent,
    /// On top of the reserve, so that sound waits for pictures.
    lip_sync: f32,
    period_removed: Duration,
}

impl Control {
    pub(super) fn new() -> Control {
        Control {
            jitter: Jitter::default(),
            recent: Recent::default(),
            lip_sync: 0.0,
            period_removed: Duration::ZERO,
        }
    }

    /// A frame arrived, after so many samples that are missing.
    pub(super) fn arrived(&mut self, samples: usize, missing: usize) {
        let covered = samples_of_ms(self.reserve());
        self.jitter.arrived(samples, missing, covered);
    }

    /// The loudspeaker took samples, this many of them sound.
    pub(super) fn took(&mut self, samples: usize, sound: usize) {
        self.jitter.took(samples, sound);
    }

    /// The loudspeaker has sound and takes it.
    pub(super) fn plays(&mut self, now: Duration) {
        self.recent.add(self.jitter.late(), now);
    }

    /// Samples of the line for each sample of the loudspeaker.
    pub(super) fn speed(&self, queued: usize) -> f32 {
        let beyond = self.beyond(queued).unwrap_or_default();
        let beyond = beyond - beyond.clamp(-DEAD_BAND, DEAD_BAND);
        1.0 + (beyond * SPEED_PER_MS).clamp(-MAX_SPEED, MAX_SPEED)
    }

    pub(super) fn excess(&self, queued: usize, now: Duration) -> Excess {
        let Some(lowest) = self.lowest(queued) else {
            return Excess::Small;
        };
        // Without `usual`, which may be of a path that is another one since.
        let most = lowest - self.target();
        let beyond = self.beyond(queued).unwrap_or_default();
        if most >= CUT_FROM {
            Excess::Cut(most)
        } else if beyond >= PERIOD_FROM && now.saturating_sub(self.period_removed) >= PERIOD_PAUSE {
            Excess::Period
        } else {
            Excess::Small
        }
    }

    /// The next period waits for [`PERIOD_PAUSE`].
    pub(super) fn period_removed(&mut self, now: Duration) {
        self.period_removed = now;
    }

    /// Playing stops, and begins again at another level.
    pub(super) fn stopped(&mut self) {
        self.recent = Recent::default();
    }

    /// The peer ended for now.
    pub(super) fn ended(&mut self) {
        self.stopped();
        self.jitter.ended();
    }

    /// What the queue is held at, in ms, where frames are as late as usual.
    pub(super) fn target(&self) -> f32 {
        self.reserve() + self.lip_sync
    }

    pub(super) fn set_lip_sync(&mut self, ms: f32) {
        self.lip_sync = ms;
    }

    /// Covers the peak.
    fn reserve(&self) -> f32 {
        (ms(self.jitter.peak() - self.jitter.usual()) + MARGIN).clamp(LEAST, MOST)
    }

    /// The smallest queue of the last half second, as it would be after all that was taken out
    /// since; `None` until so much has played.
    fn lowest(&self, queued: usize) -> Option<f32> {
        let level = queued as i64 + self.jitter.late();
        Some(ms(level - self.recent.largest()?))
    }

    /// How far the queue is above what it is held at: by the usual lateness, and by that of the
    /// last half second, should the path have become another one.
    fn beyond(&self, queued: usize) -> Option<f32> {
        let lowest = self.lowest(queued)?;
        let usual = ms(queued as i64 + self.jitter.late() - self.jitter.usual());
        Some((usual - self.reserve()).min(lowest - LEAST) - self.lip_sync)
    }
}

/// Also covers a loudspeaker that takes 5 ms a little before a frame comes instead of after it.
const LEAST: f32 = 8.0;
/// What is left in the queue at a peak.
const MARGIN: f32 = 3.0;
/// More delay than this is worse than a rare gap.
const MOST: f32 = 80.0;
/// Within this the speed is exactly 1, and samples leave as they came.
const DEAD_BAND: f32 = 2.0;
const SPEED_PER_MS: f32 = 0.000_2;
/// 0.5 % is a twelfth of a semitone: not heard, also in music.
const MAX_SPEED: f32 = 0.005;
/// Speed alone would take a minute for more than this.
const PERIOD_FROM: f32 = 30.0;
const PERIOD_PAUSE: Duration = Duration::from_millis(100);
/// Periods alone would take more than a second for more than this.
const CUT_FROM: f32 = 200.0;

fn ms(samples: i64) -> f32 {
    samples as f32 * 1000.0 / RATE as f32
}

/// The largest lateness over half a second, in ten steps.
#[derive(Debug, Default)]
struct Recent {
    steps: VecDeque<(Duration, i64)>,
}

impl Recent {
    const SPAN: u32 = 10;
    const GRAIN: Duration = Duration::from_millis(50);

    fn add(&mut self, late: i64, now: Duration) {
        match self.steps.back_mut() {
            Some((start, most)) if now.saturating_sub(*start) < Self::GRAIN => {
                *most = late.max(*most);
            }
            _ => self.steps.push_back((now, late)),
        }
        if self.steps.len() > Self::SPAN as usize + 1 {
            self.steps.pop_front();
        }
    }

    /// `None` until half a second is known.
    fn largest(&self) -> Option<i64> {
        let known = self.steps.len() > Self::SPAN as usize;
        let largest = self.steps.iter().map(|step| step.1).max();
        largest.filter(|_| known)
    }
}
