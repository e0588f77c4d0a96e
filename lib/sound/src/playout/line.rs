//! The samples of one peer between arrival and loudspeaker, with their capture times.
//!
//! ```text
//!   history      next+fraction          end              len
//!   |--------------|======= plays =======|... arrived ....|
//! ```
//! Whatever is joined, cut or run dry is faded, so that no step is heard; see `super::conceal` for
//! what stands in for sound that is missing. The line decides nothing about time; that is
//! `super::control`.

use std::collections::VecDeque;
use std::time::Duration;

use super::{conceal, pitch, rise};
use crate::sinc::Kernel;
use crate::{RATE, samples_of, time_of};

#[derive(Debug)]
pub(super) struct Line {
    /// In units of 16 bit, so that untouched samples leave as they came.
    samples: Vec<f32>,
    /// The sample that plays next; [`HISTORY`] samples before it are kept.
    next: usize,
    /// Place between `next` and the sample after it, 0 to 1.
    fraction: f32,
    /// Up to here it plays; what lies behind waits for [`Line::open`].
    end: usize,
    /// From here to `end` samples stand in for missing sound; none while the line is open.
    tail: usize,
    /// Capture times of some samples, by their place in `samples`, in order.
    marks: VecDeque<Mark>,
    kernel: Kernel,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    at: usize,
    captured: Duration,
}

impl Line {
    pub(super) fn new() -> Line {
        Line {
            samples: vec![0.0; HISTORY],
            next: HISTORY,
            fraction: 0.0,
            end: HISTORY,
            tail: HISTORY,
            marks: VecDeque::new(),
            kernel: Kernel::new(16, 64, 1.0),
        }
    }

    /// Appends samples, the first of which was captured then. `join` says how they follow what
    /// is here.
    pub(super) fn push(&mut self, samples: &[i16], captured: Duration, join: Join) {
        let at = self.samples.len();
        let far = |mark: &Mark| at - mark.at >= MARK_DISTANCE || join != Join::Next;
        if self.marks.back().is_none_or(far) {
            self.marks.push_back(Mark { at, captured });
        }
        let old = match join {
            Join::AfterGap => conceal::continued(&self.samples, FADE.min(samples.len())),
            Join::AfterSilence | Join::Next => Vec::new(),
        };
        self.samples.extend(samples.iter().copied().map(f32::from));
        cross_fade(&old, &mut self.samples[at..]);
    }

    /// Lets everything that arrived play, over the made-up end of what played before.
    pub(super) fn open(&mut self) {
        let waiting = self.end;
        // The samples up to there are in the kernel's reach.
        let reached = self.next + self.kernel.taps();
        let start = reached.max(self.tail).min(waiting);
        let mut old = self.samples[start..waiting].to_vec();
        old.resize(FADE.min(self.waiting()), 0.0);
        cross_fade(&old, &mut self.samples[waiting..]);
        self.take_out(start, waiting - start);
        self.go_on();
    }

    /// Lets what arrived behind the sound that plays play too.
    pub(super) fn go_on(&mut self) {
        self.end = self.samples.len();
        self.tail = self.end;
    }

    /// Ends what plays: as it most likely went on, and faded out within so many samples. What
    /// arrives from here on waits.
    pub(super) fn close(&mut self, fade: usize) {
        let at = self.samples.len();
        self.samples.extend(conceal::continued(&self.samples, fade));
        for (place, sample) in self.samples[at..].iter_mut().enumerate() {
            *sample *= 1.0 - rise(place, fade);
        }
        // The kernel reads past the sample that it gives.
        self.samples.resize(at + fade + self.kernel.taps(), 0.0);
        self.end = self.samples.len();
        self.tail = at;
    }

    /// Writes the next samples, `speed` of the line's for each; fewer if the line ends before.
    pub(super) fn read(&mut self, out: &mut [i16], speed: f32) -> usize {
        let mut count = 0;
        for sample in out.iter_mut() {
            if self.is_silent() {
                break;
            }
            // Saturates, as `as` does for floats.
            *sample = self.interpolated().round() as i16;
            self.advance(speed);
            count += 1;
        }
        self.forget();
        count
    }

    /// Whether nothing is left to play, until [`Line::open`].
    pub(super) fn is_silent(&self) -> bool {
        self.next + self.kernel.taps() / 2 >= self.end
    }

    /// Whether all that came before [`Line::close`] has played.
    pub(super) fn is_in_tail(&self) -> bool {
        self.next + self.kernel.taps() >= self.tail
    }

    /// All samples that came and have not played.
    pub(super) fn queued(&self) -> usize {
        self.waiting() + self.tail.saturating_sub(self.next)
    }

    /// Samples that wait for [`Line::open`].
    pub(super) fn waiting(&self) -> usize {
        self.samples.len() - self.end
    }

    /// When the sample was captured that plays next.
    pub(super) fn captured(&self) -> Option<Duration> {
        let mark = self.marks.front()?;
        if mark.at <= self.next {
            Some(mark.captured.saturating_add(time_of(self.next - mark.at)))
        } else {
            Some(mark.captured.saturating_sub(time_of(mark.at - self.next)))
        }
    }

    /// Takes one pitch period out at the front, if there is enough to look at; gives its length.
    pub(super) fn remove_period(&mut self) -> Option<usize> {
        let start = self.next + self.kernel.taps();
        let period = pitch::period(self.samples.get(start..self.end)?)?;
        self.splice(start, period).then_some(period)
    }

    /// Takes this many samples out at the front, with a cross-fade; says whether there were enough.
    pub(super) fn remove(&mut self, count: usize) -> bool {
        self.splice(self.next + self.kernel.taps(), count)
    }

    /// Drops the oldest of what waits, which nothing has led up to.
    pub(super) fn remove_waiting(&mut self, count: usize) {
        let count = count.min(self.waiting());
        self.take_out(self.end, count);
    }

    fn splice(&mut self, start: usize, count: usize) -> bool {
        if start + count + FADE > self.tail {
            return false;
        }
        let old = self.samples[start..start + FADE].to_vec();
        cross_fade(&old, &mut self.samples[start + count..]);
        self.take_out(start, count);
        self.tail -= count;
        self.end -= count;
        true
    }

    fn take_out(&mut self, start: usize, count: usize) {
        self.samples.drain(start..start + count);
        self.marks_after_removal(start, count);
    }

    fn marks_after_removal(&mut self, start: usize, count: usize) {
        for mark in &mut self.marks {
            if mark.at >= start + count {
                mark.at -= count;
            } else if mark.at > start {
                // The sample it marked is gone; the mark goes to the first one that is left.
                mark.captured = mark
                    .captured
                    .saturating_add(time_of(start + count - mark.at));
                mark.at = start;
            }
        }
        // The first sample behind the removal is what the last mark before it does not know.
        self.remark(start, count);
    }

    fn remark(&mut self, start: usize, count: usize) {
        let known = self.marks.partition_point(|mark| mark.at < start);
        let marked = self.marks.get(known).is_some_and(|mark| mark.at == start);
        if let (false, Some(before)) = (marked, known.checked_sub(1).map(|at| self.marks[at])) {
            let captured = before
                .captured
                .saturating_add(time_of(start + count - before.at));
            self.marks.insert(
                known,
                Mark {
                    at: start,
                    captured,
                },
            );
        }
    }

    /// The value at the place that plays, exact where that is a sample.
    fn interpolated(&self) -> f32 {
        if self.fraction == 0.0 {
            return self.samples[self.next];
        }
        let start = self.next + 1 - self.kernel.before();
        let samples = &self.samples[start..start + self.kernel.taps()];
        self.kernel.at(samples, self.fraction)
    }

    fn advance(&mut self, speed: f32) {
        self.fraction += speed;
        let whole = self.fraction as usize;
        self.next += whole;
        self.fraction -= whole as f32;
    }

    /// Drops what has played, now and then, and the marks that a later one replaces.
    fn forget(&mut self) {
        while self.marks.get(1).is_some_and(|mark| mark.at <= self.next) {
            self.marks.pop_front();
        }
        let played = self.next - HISTORY;
        if played < FORGET {
            return;
        }
        self.samples.drain(..played);
        self.next -= played;
        self.end -= played;
        self.tail = self.tail.saturating_sub(played);
        for mark in &mut self.marks {
            let captured = mark
                .captured
                .saturating_add(time_of(played.saturating_sub(mark.at)));
            *mark = Mark {
                at: mark.at.saturating_sub(played),
                captured,
            };
        }
    }
}

/// How samples follow those before them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Join {
    /// Something is missing in between: cross-fade.
    AfterGap,
    /// Nothing played before, or what stood in for missing sound.
    AfterSilence,
    /// Without a gap.
    Next,
}

/// Length of the fades: 5 ms, shorter ones are heard as clicks.
pub(super) const FADE: usize = samples_of(Duration::from_millis(5));
/// What is kept of the past: what concealment looks at, and what the kernel reads.
const HISTORY: usize = pitch::WINDOW + 16;
/// Played samples are dropped this many at a time.
const FORGET: usize = 4 * RATE as usize / 100;
/// Marks are at least this far from each other, so that tiny frames don't fill memory with them.
const MARK_DISTANCE: usize = samples_of(Duration::from_micros(2_500));

/// From the old samples to the first of the new ones.
fn cross_fade(old: &[f32], new: &mut [f32]) {
    let length = old.len();
    for (place, (old, new)) in old.iter().zip(new).enumerate() {
        *new = old + rise(place, length) * (*new - old);
    }
}
