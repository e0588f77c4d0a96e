//! What playout decides about time: the reserve, the speed, and when to take sound out.
//!
//! The smallest queue over half a second is what was never needed, so that is what is held at the
//! reserve. All times in milliseconds as f32: sound needs no more.

use std::collections::VecDeque;
use std::time::Duration;

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
    lowest: Lowest,
    /// Grows with dry runs, shrinks in quiet times.
    reserve: f32,
    /// On top of `reserve`, so that sound waits for pictures.
    lip_sync: f32,
    /// When the first sound came.
    started: Option<Duration>,
    /// When the loudspeaker last took sound; `None` after a stop.
    played: Option<Duration>,
    /// How long sound has played since the last dry run. Silence tells nothing of the path.
    quiet: Duration,
    period_removed: Duration,
}

impl Control {
    pub(super) fn new() -> Control {
        Control {
            lowest: Lowest::default(),
            reserve: START,
            lip_sync: 0.0,
            started: None,
            played: None,
            quiet: Duration::ZERO,
            period_removed: Duration::ZERO,
        }
    }

    /// Sound came.
    pub(super) fn arrived(&mut self, now: Duration) {
        self.started.get_or_insert(now);
    }

    /// Sound came back after a dry run that began `since`.
    pub(super) fn ran_dry(&mut self, since: Duration, now: Duration) {
        self.quiet = Duration::ZERO;
        let early = self
            .started
            .is_none_or(|started| since.saturating_sub(started) < SETTLING);
        let stall = now.saturating_sub(since) > STALL;
        if !early && !stall {
            self.reserve = (self.reserve + STEP).min(MOST);
        }
    }

    /// The loudspeaker took sound, and `queued` ms are left.
    pub(super) fn played(&mut self, queued: f32, now: Duration) {
        self.lowest.add(queued, now);
        let before = self.played.replace(now).unwrap_or(now);
        let passed = now.saturating_sub(before);
        self.quiet += passed;
        if self.quiet > QUIET {
            self.reserve = (self.reserve - passed.as_secs_f32() * GIVE_BACK).max(LEAST);
        }
    }

    /// Samples of the line for each sample of the loudspeaker.
    pub(super) fn speed(&self) -> f32 {
        let Some(lowest) = self.lowest.get() else {
            return 1.0;
        };
        let beyond = lowest - self.target();
        let beyond = beyond - beyond.clamp(-DEAD_BAND, DEAD_BAND);
        1.0 + (beyond * SPEED_PER_MS).clamp(-MAX_SPEED, MAX_SPEED)
    }

    pub(super) fn excess(&self, now: Duration) -> Excess {
        let Some(lowest) = self.lowest.get() else {
            return Excess::Small;
        };
        let beyond = lowest - self.target();
        if beyond >= CUT_FROM {
            Excess::Cut(beyond)
        } else if beyond >= PERIOD_FROM && now.saturating_sub(self.period_removed) >= PERIOD_PAUSE {
            Excess::Period
        } else {
            Excess::Small
        }
    }

    /// This much was taken out.
    pub(super) fn removed(&mut self, ms: f32) {
        self.lowest.shift(ms);
    }

    /// The next period waits for [`PERIOD_PAUSE`].
    pub(super) fn period_removed(&mut self, now: Duration) {
        self.period_removed = now;
    }

    /// Playing stops: what was measured says nothing about what comes.
    pub(super) fn stopped(&mut self) {
        self.lowest = Lowest::default();
        self.played = None;
    }

    /// What the queue is held at, in ms.
    pub(super) fn target(&self) -> f32 {
        self.reserve + self.lip_sync
    }

    pub(super) fn set_lip_sync(&mut self, ms: f32) {
        self.lip_sync = ms;
    }
}

/// The reserve before anything is known of the path.
const START: f32 = 10.0;
const LEAST: f32 = 8.0;
/// More delay than this is worse than a rare gap.
const MOST: f32 = 80.0;
/// What a dry run adds.
const STEP: f32 = 10.0;
/// Dry runs in the first seconds come from programs that start, not from the path.
const SETTLING: Duration = Duration::from_secs(3);
/// No reserve covers a longer stall, so it does not raise the reserve.
const STALL: Duration = Duration::from_millis(100);
/// After so long without a dry run the reserve shrinks
const QUIET: Duration = Duration::from_secs(20);
/// by so many ms each second.
const GIVE_BACK: f32 = 0.2;
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

/// The minimum over half a second, in ten steps.
#[derive(Debug, Default)]
struct Lowest {
    steps: VecDeque<(Duration, f32)>,
}

impl Lowest {
    const SPAN: u32 = 10;
    const GRAIN: Duration = Duration::from_millis(50);

    fn add(&mut self, queued: f32, now: Duration) {
        match self.steps.back_mut() {
            Some((start, lowest)) if now.saturating_sub(*start) < Self::GRAIN => {
                *lowest = lowest.min(queued);
            }
            _ => self.steps.push_back((now, queued)),
        }
        if self.steps.len() > Self::SPAN as usize + 1 {
            self.steps.pop_front();
        }
    }

    /// `None` until half a second is known.
    fn get(&self) -> Option<f32> {
        let known = self.steps.len() > Self::SPAN as usize;
        let lowest = self.steps.iter().map(|step| step.1).reduce(f32::min);
        lowest.filter(|_| known)
    }

    fn shift(&mut self, ms: f32) {
        for step in &mut self.steps {
            step.1 -= ms;
        }
    }
}
