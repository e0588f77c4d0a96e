//! The samples of one peer between arrival and loudspeaker, with their capture times.
//!
//! ```text
//!   history      next+fraction          end              len
//!   |--------------|======= plays =======|... arrived ....|
//! ```
//! Whatever is joined, cut or run dry is faded, so that no step is heard. The line decides nothing
//! about time; that is `super::control`.

use std::collections::VecDeque;
use std::time::Duration;

use super::pitch;
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
        let fade = match join {
            Join::Next => 0,
            Join::AfterGap | Join::AfterSilence => FADE.min(samples.len()),
        };
        for (place, sample) in samples.iter().enumerate() {
            let mut sample = f32::from(*sample);
            if place < fade {
                let old = match join {
                    Join::AfterGap => self.mirrored(at, place),
                    _ => 0.0,
                };
                sample = mix(old, sample, rise(place, fade));
            }
            self.samples.push(sample);
        }
    }

    /// Lets everything that arrived play.
    pub(super) fn open(&mut self) {
        self.end = self.samples.len();
    }

    /// Ends what plays with a fade, and what arrives from here on waits.
    pub(super) fn close(&mut self) {
        let at = self.samples.len();
        for place in 0..FADE {
            let faded = mix(self.mirrored(at, place), 0.0, rise(place, FADE));
            self.samples.push(faded);
        }
        // The kernel reads past the sample that it gives.
        self.samples.resize(at + FADE + self.kernel.taps(), 0.0);
        self.end = self.samples.len();
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

    /// All samples that have not played.
    pub(super) fn queued(&self) -> usize {
        self.samples.len() - self.next
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
        self.samples.drain(self.end..self.end + count);
        self.marks_after_removal(self.end, count);
        let fade = FADE.min(self.waiting());
        for (place, sample) in self.samples[self.end..][..fade].iter_mut().enumerate() {
            *sample *= rise(place, fade);
        }
    }

    fn splice(&mut self, start: usize, count: usize) -> bool {
        let fade = FADE;
        if start + count + fade > self.end {
            return false;
        }
        for place in 0..fade {
            let old = self.samples[start + place];
            let new = &mut self.samples[start + count + place];
            *new = mix(old, *new, rise(place, fade));
        }
        self.samples.drain(start..start + count);
        self.end -= count;
        self.marks_after_removal(start, count);
        true
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

    /// What follows the sample before `at`, guessed: the sound played backwards from there.
    fn mirrored(&self, at: usize, place: usize) -> f32 {
        self.samples[at - 1 - place]
    }
}

/// How samples follow those before them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Join {
    /// Something is missing in between: cross-fade.
    AfterGap,
    /// Nothing played before: fade in.
    AfterSilence,
    /// Without a gap.
    Next,
}

/// Length of every fade: 5 ms, shorter ones are heard as clicks.
const FADE: usize = samples_of(Duration::from_millis(5));
/// What is kept of the past: a fade's mirror, and what the kernel reads.
const HISTORY: usize = FADE + 16;
/// Played samples are dropped this many at a time.
const FORGET: usize = 4 * RATE as usize / 100;
/// Marks are at least this far from each other, so that tiny frames don't fill memory with them.
const MARK_DISTANCE: usize = samples_of(Duration::from_micros(2_500));

fn mix(old: f32, new: f32, part: f32) -> f32 {
    old + part * (new - old)
}

/// From 0 to 1 over `length`, like half a cosine.
fn rise(place: usize, length: usize) -> f32 {
    let angle = (place as f32 + 0.5) / length as f32 * std::f32::consts::PI;
    0.5 - 0.5 * angle.cos()
}
