//! Playout: holds a peer's sound just long enough that the loudspeaker never runs dry.
//!
//! The loudspeaker's clock pulls. The connection loses and reorders nothing, so there are three
//! troubles: frames come unevenly, the peer's clock runs at another pace, and after a stall
//! everything comes at once. The answers, in the order of what they cost the listener:
//!
//! ```text
//! smallest queue of the last half second, beyond the reserve:
//!   within +-2 ms   plays as it came, bit by bit
//!   up to 30 ms     speed 1 +- 0.0002 per ms, at most 0.5 %: nobody hears it
//!   up to 200 ms    one pitch period (2.5 to 15 ms) less, at most every 100 ms
//!   more            all of the excess cut, with a cross-fade of 5 ms
//! nothing left      the last pitch period again, fading out over 40 ms, until the reserve is there
//! ```
//! The reserve starts at 10 ms. A dry run adds 10, to at most 80, but not in the first 3 s and not
//! after a stall of more than 100 ms, which no reserve covers. After it has played for 20 s without
//! a dry run it shrinks by 0.2 ms a second, down to 8.
//!
//! Ten minutes on five kinds of path, pulls of 5 ms (`tests::paths`); 10 ms of the delay are the
//! frame itself:
//!
//! | path | queue ms p50 / p95 / max | delay at the start -> at the end, ms | dry runs |
//! |---|---|---|---|
//! | idle LAN, clock +100 ppm | 15 / 17 / 20 | 23 -> 23 | 0 |
//! | idle LAN, clock -100 ppm | 8 / 12 / 15 | 22 -> 19 | 0 |
//! | file beside (exponential jitter, mean 4 ms), +100 ppm | 40 / 50 / 60 | 48 -> 57 | 11 |
//! | Wi-Fi: jitter of 5 ms, 80 ms without anything every 5 s | 88 / 100 / 108 | 81 -> 103 | 14 |
//! | one stall of 2 s | 13 / 15 / 995, back within 1 s | 22 -> 20 | 1 |
//!
//! It costs 4.5 us for 10 ms, also while the speed is not 1.
//!
//! Sans-IO: `now` is the time since any fixed start, on the caller's clock.

mod conceal;
mod control;
mod line;
mod lip_sync;
mod pitch;
#[cfg(test)]
mod tests;

use std::time::Duration;

use self::control::{Control, Excess};
use self::line::{FADE, Join, Line};
use crate::{MAX_FRAME, samples_of, time_of};

pub use self::lip_sync::{LipSync, skew_ms};

/// The sound of one peer between decoder and loudspeaker.
///
/// 1. [`push`](Self::push) each decoded frame as it comes; [`end`](Self::end) when the peer says
///    that no more comes for now (muted, on hold).
/// 2. [`pull`](Self::pull) whenever the loudspeaker has room; it always fills what is handed over.
///
/// ```
/// use std::time::Duration;
/// use transom_sound::{BLOCK, Playout};
///
/// let mut playout = Playout::new();
/// let mut loudspeaker = [0; BLOCK / 2];
/// for sequence in 0..10 {
///     let now = Duration::from_millis(10) * sequence;
///     playout.push(sequence, now, &[1_000; BLOCK], now);
///     playout.pull(&mut loudspeaker, now);
///     playout.pull(&mut loudspeaker, now + Duration::from_millis(5));
/// }
/// assert_eq!(loudspeaker, [1_000; BLOCK / 2]);
/// assert_eq!(playout.stats().queued, playout.stats().reserve);
/// ```
#[derive(Debug)]
pub struct Playout {
    line: Line,
    control: Control,
    state: State,
    /// The sequence that comes next; `None` before the first and after an end.
    expected: Option<u32>,
    /// Samples of the last frame: a start waits for the reserve and one frame.
    last_frame: usize,
    dry_runs: u64,
    removed: usize,
    cut: usize,
}

impl Playout {
    /// An empty queue.
    pub fn new() -> Playout {
        Playout {
            line: Line::new(),
            control: Control::new(),
            state: State::Silent,
            expected: None,
            last_frame: 0,
            dry_runs: 0,
            removed: 0,
            cut: 0,
        }
    }

    /// Takes a frame: `captured` is the peer's time of its first sample, on whatever clock. A
    /// sequence that came before is ignored; a missing one is faded over. Of more than a second
    /// the oldest is dropped, so memory stays bounded also while nobody pulls.
    pub fn push(&mut self, sequence: u32, captured: Duration, samples: &[i16], now: Duration) {
        let missing = match self.expected {
            Some(expected) => sequence.wrapping_sub(expected),
            None => 0,
        };
        // Half of the numbers lie behind.
        if samples.is_empty() || missing > u32::MAX / 2 {
            return;
        }
        self.expected = Some(sequence.wrapping_add(1));
        self.control.arrived(now);
        let skipped = samples.len().saturating_sub(MAX_QUEUED);
        let (captured, samples) = (
            captured.saturating_add(time_of(skipped)),
            &samples[skipped..],
        );
        let gap = missing > 0 || skipped > 0;
        self.line.push(samples, captured, self.state.join(gap));
        self.last_frame = samples.len().min(usize::from(MAX_FRAME));
        match self.state {
            State::Playing => self.line.go_on(),
            State::Ending | State::Silent => self.state = State::Filling,
            State::Dry(since) => {
                self.control.ran_dry(since, now);
                self.state = State::Filling;
            }
            State::Filling => {}
        }
        self.bound();
    }

    /// The peer sends no more for now: what is here plays out, and the silence after it is no dry
    /// run. The next frame may have any sequence.
    pub fn end(&mut self) {
        self.expected = None;
        match self.state {
            State::Filling => self.start(),
            State::Dry(_) => self.state = State::Silent,
            State::Ending | State::Playing | State::Silent => {}
        }
        if self.state == State::Playing {
            self.line.close(FADE);
            self.control.stopped();
            self.state = State::Ending;
        }
        self.bound();
    }

    /// Fills `out` with what is to be heard next, silence where there is nothing.
    pub fn pull(&mut self, out: &mut [i16], now: Duration) {
        let enough = samples_of_ms(self.control.target()) + self.last_frame.max(out.len());
        let has_enough = self.line.waiting() >= enough && self.line.is_in_tail();
        if self.state == State::Filling && has_enough {
            self.start();
        }
        let speed = match self.state {
            State::Playing => self.control.speed(),
            _ => 1.0,
        };
        let mut count = self.line.read(out, speed);
        if count < out.len() && self.state == State::Playing {
            self.dry_runs += 1;
            self.state = State::Dry(now);
            self.control.stopped();
            self.line.close(CONCEALED);
            count += self.line.read(&mut out[count..], 1.0);
        }
        out[count..].fill(0);
        match self.state {
            State::Playing => self.drain(now),
            State::Ending if self.line.is_silent() => self.state = State::Silent,
            _ => {}
        }
    }

    /// Holds this much more than the path needs, at most [`MAX_LIP_SYNC`]: what [`LipSync`] says.
    pub fn raise_reserve(&mut self, by: Duration) {
        self.control.set_lip_sync(ms(by.min(MAX_LIP_SYNC)));
    }

    /// What happened so far, and how it is now.
    pub fn stats(&self) -> PlayoutStats {
        PlayoutStats {
            queued: time_of(self.line.queued()),
            reserve: Duration::from_micros((self.control.target() * 1000.0) as u64),
            dry_runs: self.dry_runs,
            removed: time_of(self.removed),
            cut: time_of(self.cut),
            captured_now: self.captured_now(),
        }
    }

    fn captured_now(&self) -> Option<Duration> {
        match self.state {
            State::Playing | State::Ending => self.line.captured(),
            State::Dry(_) | State::Filling | State::Silent => None,
        }
    }

    fn start(&mut self) {
        self.line.open();
        self.state = State::Playing;
        // What was still in the kernel's reach counts again.
        self.bound();
    }

    /// After a pull: measures what is left, and takes out what was never needed.
    fn drain(&mut self, now: Duration) {
        self.control.played(ms(time_of(self.line.queued())), now);
        let removed = match self.control.excess(now) {
            Excess::Small => None,
            Excess::Period => {
                self.control.period_removed(now);
                self.line
                    .remove_period()
                    .inspect(|count| self.removed += count)
            }
            Excess::Cut(beyond) => {
                let count = samples_of_ms(beyond);
                let done = self.line.remove(count);
                done.then_some(count).inspect(|count| self.cut += count)
            }
        };
        if let Some(count) = removed {
            self.control.removed(ms(time_of(count)));
        }
    }

    /// Keeps the queue within [`MAX_QUEUED`].
    fn bound(&mut self) {
        let beyond = self.line.queued().saturating_sub(MAX_QUEUED);
        if beyond == 0 {
            return;
        }
        if self.line.remove(beyond) {
            self.control.removed(ms(time_of(beyond)));
        } else {
            self.line.remove_waiting(beyond);
        }
        self.cut += beyond;
    }
}

impl Default for Playout {
    fn default() -> Playout {
        Playout::new()
    }
}

/// Figures of a [`Playout`]; the counts are since its start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PlayoutStats {
    /// What waits to be played.
    pub queued: Duration,
    /// What the queue is held at, lip sync included.
    pub reserve: Duration,
    /// How often the loudspeaker found nothing, ends aside.
    pub dry_runs: u64,
    /// Sound taken out as pitch periods.
    pub removed: Duration,
    /// Sound cut out.
    pub cut: Duration,
    /// The peer's capture time of what is heard now; `None` in silence.
    pub captured_now: Option<Duration>,
}

/// Most that lip sync may add: a picture later than that is the picture's trouble.
pub const MAX_LIP_SYNC: Duration = Duration::from_millis(60);
/// What stands in for missing sound: as long as the reserve needs to fill again after most dry
/// runs.
const CONCEALED: usize = samples_of(Duration::from_millis(40));
/// Most samples that wait: one second, five times what is ever played late.
pub(crate) const MAX_QUEUED: usize = samples_of(Duration::from_secs(1));

/// ```text
///          push            reserve is there      pull finds nothing
/// Silent --------> Filling ----------> Playing ---------> Dry --push--> Filling
///    ^                                    | end                | end
///    '-------- Ending (plays out) <-------'                    '--> Silent
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Ran dry then.
    Dry(Duration),
    /// The peer ended; the rest plays.
    Ending,
    /// Sound waits until there is enough of it.
    Filling,
    Playing,
    Silent,
}

impl State {
    fn join(self, gap: bool) -> Join {
        match self {
            State::Dry(_) | State::Ending | State::Silent => Join::AfterSilence,
            State::Filling | State::Playing if gap => Join::AfterGap,
            State::Filling | State::Playing => Join::Next,
        }
    }
}

/// From 0 to 1 over `length`, like half a cosine.
fn rise(place: usize, length: usize) -> f32 {
    let angle = (place as f32 + 0.5) / length as f32 * std::f32::consts::PI;
    0.5 - 0.5 * angle.cos()
}

fn ms(time: Duration) -> f32 {
    time.as_secs_f32() * 1000.0
}

fn samples_of_ms(ms: f32) -> usize {
    (ms * crate::RATE as f32 / 1000.0) as usize
}
