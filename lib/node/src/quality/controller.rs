//! Where one viewer stands on the [ladder](super::ladder), by what becomes of its pictures. It is
//! sans-IO: the caller hands it each picture with the time, and no picture waits for it.
//!
//! ```text
//!                 lost pictures, or a gate that stays shut
//!        step k  ------------------------------------------>  step k + 1
//!          ^                                                      |
//!          `---- no picture lost for a while, k not blocked ------'
//! ```
//!
//! | signal | decides |
//! |---|---|
//! | pictures replaced or aborted since the last one | down, when [`LOST`] of the last 32 were |
//! | how long a picture waits for the gate | down, from [`SHUT`] on |
//! | time without a lost picture | up, after [`REST`] below and then [`CLIMB`] a step |
//! | a step that failed, its delivery rate, files that moved | which step is blocked, and how long |
//!
//! Pictures are lost, not queued: a probe that fails costs the viewer a few frames and no latency.
//! It does not oscillate: the first failure of a step may be a passing disturbance and blocks the
//! step for [`REST`]; the next one within a minute blocks it for [`MEMORY`]. The block is lifted
//! early only when there is evidence that the load is gone: the path delivers [`FASTER`] times what
//! it did, or files moved when the step failed, at our station or in another program of its owner,
//! and none move now.

use std::time::{Duration, Instant};

/// What keeps a viewer from full quality.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Bottleneck {
    /// The path to the viewer takes no more bytes.
    Link,
    /// Pictures were lost while files move, so that either may be the cause; or none was lost yet,
    /// and the viewer began with what others get.
    Unknown,
    /// The viewer does not show pictures as fast as they come.
    Viewer,
}

/// What became of the pictures of one viewer until the newest one was handed over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sample {
    /// Why pictures were replaced or aborted since the last sample, if any were.
    pub(super) lost: Option<Bottleneck>,
    /// How long a picture has been waiting for the gate.
    pub(super) waits: Option<Duration>,
    /// Bytes a second that the path delivers, if known.
    pub(super) rate: Option<u64>,
    /// Whether files move at our station or in another program of its owner.
    pub(super) files: bool,
}

/// Where a viewer stands. Step 0 is full quality.
#[derive(Debug)]
pub(super) struct Controller {
    step: usize,
    bottleneck: Bottleneck,
    /// The last 32 pictures, the newest in the lowest bit: 1 is lost.
    history: u32,
    /// When the step was changed.
    changed: Instant,
    /// When that was, or the last picture was lost.
    disturbed: Instant,
    /// How long nothing may disturb before the next step up.
    rest: Duration,
    failed: Option<Failed>,
}

/// The last step that failed. Better ones are blocked with it.
#[derive(Debug)]
struct Failed {
    step: usize,
    at: Instant,
    /// Whether it failed before within twice [`MEMORY`].
    again: bool,
    /// The lowest delivery rate since then.
    rate: Option<u64>,
    /// Whether files moved when it failed.
    files: bool,
}

impl Controller {
    /// A new viewer begins where pictures are now, so that all others keep what they have.
    pub(super) fn new(step: usize, now: Instant) -> Self {
        Self {
            step,
            bottleneck: Bottleneck::Unknown,
            history: 0,
            changed: now,
            disturbed: now,
            rest: CLIMB,
            failed: None,
        }
    }

    pub(super) fn step(&self) -> usize {
        self.step
    }

    pub(super) fn bottleneck(&self) -> Bottleneck {
        self.bottleneck
    }

    /// Learns from a picture and changes the step, which is at most `bottom`.
    pub(super) fn handle_picture(&mut self, sample: Sample, bottom: usize, now: Instant) {
        self.step = self.step.min(bottom);
        let is_shut = sample.waits.is_some_and(|waits| waits >= SHUT);
        self.history = self.history << 1 | u32::from(sample.lost.is_some());
        if is_shut || sample.lost.is_some() {
            self.disturbed = now;
            // A gate that stays shut waits for the path.
            self.bottleneck = sample.lost.unwrap_or(Bottleneck::Link);
        }
        if let Some(failed) = &mut self.failed {
            failed.rate = failed.rate.into_iter().chain(sample.rate).min();
        }
        // A wait that began before the last change says nothing of it.
        let was_shut = is_shut && now >= self.changed + SHUT;
        let is_lossy = self.history.count_ones() >= LOST;
        if (was_shut || is_lossy) && now >= self.changed + SETTLE {
            self.lower(sample, bottom, now);
        } else if self.may_rise(sample, now) {
            self.change(self.step - 1, CLIMB, now);
        }
    }

    fn lower(&mut self, sample: Sample, bottom: usize, now: Instant) {
        let step = self.step;
        if step == bottom {
            return;
        }
        let is_known = |failed: &Failed| failed.step == step && now < failed.at + 2 * MEMORY;
        self.failed = Some(Failed {
            step,
            at: now,
            again: self.failed.as_ref().is_some_and(is_known),
            rate: sample.rate,
            files: sample.files,
        });
        self.change(step + 1, REST, now);
    }

    fn may_rise(&self, sample: Sample, now: Instant) -> bool {
        let is_blocked =
            |failed: &Failed| self.step <= failed.step + 1 && failed.blocks(sample, now);
        let is_calm = now >= self.disturbed + self.rest;
        self.step > 0 && is_calm && !self.failed.as_ref().is_some_and(is_blocked)
    }

    fn change(&mut self, step: usize, rest: Duration, now: Instant) {
        (self.step, self.rest, self.history) = (step, rest, 0);
        (self.changed, self.disturbed) = (now, now);
    }
}

impl Failed {
    fn blocks(&self, sample: Sample, now: Instant) -> bool {
        let grown = |(rate, lowest): (u64, u64)| rate / FASTER.0 >= lowest / FASTER.1;
        let is_faster = sample.rate.zip(self.rate).is_some_and(grown);
        let is_lifted = is_faster || self.files && !sample.files;
        let block = if self.again && !is_lifted {
            MEMORY
        } else {
            REST
        };
        now < self.at + block
    }
}

/// So many lost pictures of the last 32 lower the step; one alone may be a passing disturbance.
/// With every picture lost the second one comes 67 ms after the first at 30 fps and 200 ms after it
/// at 10: down within 300 ms. Two of 32 are what 6 % too much lose: measured at 6 Mbit/s with 5.9
/// of pictures, a link that is just full loses one of 20 and doubles the latency (86 instead of 42
/// ms).
const LOST: u32 = 2;

/// A gate that is shut for so long lowers the step whatever the frame rate, so that with the next
/// picture it is done within 300 ms.
const SHUT: Duration = Duration::from_millis(250);

/// Between two steps down: what was on its way at the step before drains within 20 to 30 ms, and
/// the next pictures show whether it was enough. In a stall of a second, as Wi-Fi has them, five
/// steps are lost and not all.
const SETTLE: Duration = Duration::from_millis(200);

/// Before the first step up after one down. Disturbances of Wi-Fi last for some hundred ms and come
/// in groups.
const REST: Duration = Duration::from_secs(2);

/// Between two steps up. A step that is too much by a sixth loses its first picture within 350 ms,
/// which holds the next step back. Eight steps take 5 s, so that quality is full within 10 s after
/// a load has ended.
const CLIMB: Duration = Duration::from_millis(600);

/// How long a step that failed twice is blocked: what loads a link for longer than [`REST`] is a
/// transfer or another call, which last for minutes. For as long again a failure blocks it anew, so
/// that on a link that stays slow there is one probe each half minute.
const MEMORY: Duration = Duration::from_secs(30);

/// A delivery rate that is 4/3 of the lowest one since the step failed tells that the load is gone;
/// measured rates of an unchanged path vary by less than a fifth.
const FASTER: (u64, u64) = (4, 3);

#[cfg(test)]
mod tests;
