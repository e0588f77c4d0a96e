//! What our camera is doing, when it is opened again, and by which means. Everything that decides
//! about a camera that fails stands here; times and events are given, and nothing is done.
//!
//! ```text
//!          want            opened            good picture
//!   Off ---------> Opening -------> Warming --------------> Live
//!    ^                |  ^             |                      |
//!    | unwanted       |  |             | no picture,          | silent, or none
//!    |                |  | retry       | or none to be used   | to be used
//!    |         failed |  | time        v                      v
//!    +-------------- Waiting <---------+----------------------+
//! ```
//!
//! | after | the next opening comes |
//! |---|---|
//! | a stall, or an error of the bus, the first one | at once |
//! | failures in a row | 1, 2, 4, 8 s, then every [`MAX_PAUSE`] |
//! | an error that a retry seldom helps against, of a device | every [`MAX_PAUSE`] |
//! | bytes without pictures, of any source | every [`MAX_PAUSE`] |
//! | two of these in a row | with a reset of its USB device before it, where that is permitted |
//! | a change among the devices | at once, and again after 0.1, 0.2, 0.4 and 0.8 s |
//! | one change after the other | every [`STORM_PAUSE`] at most |
//! | no answer of the driver for [`OPENING`] | when it answers; each [`OPENING`] is one failure |
//!
//! A camera that gave pictures for [`SOUND`] has no failures behind it any more.
//!
//! Silence is that of the camera alone. It is not judged while the camera's thread works on what
//! the device had ready, at most [`OWN_WORK`]. Nor at once by a loop that itself woke [`LATE`]: the
//! camera's thread may not have run either, and gets one more interval.

use std::time::{Duration, Instant};

use transom_media::{CameraError, Format, ImageError, Source};

use crate::notice::Retry;

/// The longest pause between two openings: a camera that can't be used costs next to nothing, and
/// one that came back unnoticed is found soon.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(15);
/// Openings in quick succession after a change among the devices: a node belongs to root, and has
/// no stable name, until udev has looked at it.
const QUICK: u32 = 4;
/// The least time from one opening to the next that a change causes: /dev may change all the time,
/// and some openings start a program.
const STORM_PAUSE: Duration = Duration::from_millis(250);
/// The pause before the first of them.
const QUICK_PAUSE: Duration = Duration::from_millis(100);
/// How long a camera has to give pictures until its earlier failures no longer count.
const SOUND: Duration = Duration::from_secs(10);

/// An opening that takes longer is said to hang. It can't be given up: its thread is in the kernel.
const OPENING: Duration = Duration::from_secs(10);
/// How long the first picture may take before that is said: a sensor starts within a second, and a
/// program that reads a network camera within a few.
pub(super) const FIRST_PICTURE: Duration = Duration::from_secs(5);
/// How long the first picture of a device may take until the device is opened again.
const FIRST_OF_DEVICE: Duration = Duration::from_secs(8);
/// The same of a command of the user's, which may have to look for its camera first.
const FIRST_OF_COMMAND: Duration = Duration::from_secs(30);
/// How long a camera may be silent after a picture, at least.
const SILENCE: Duration = Duration::from_secs(2);
/// And so many of its intervals, for a slow one.
const SILENT_FRAMES: u32 = 10;
/// How long pictures that can't be used may come before that is said. The first ones of many
/// cameras are damaged, and so are a few while a cable is touched.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// And how long until the camera is opened again.
const UNUSABLE: Duration = Duration::from_secs(10);

/// How long the camera's thread may work on one picture; then its driver is taken to hang.
const OWN_WORK: Duration = Duration::from_secs(20);
/// A loop that wakes this long after the due time was itself stopped, or starved.
const LATE: Duration = Duration::from_millis(250);
/// The least time until silence is judged after that, and how often while the thread works.
const GRACE: Duration = Duration::from_millis(500);

/// Decides what happens to a camera.
#[derive(Debug)]
pub(super) struct Supervisor {
    state: State,
    /// Openings that failed in a row.
    failures: u32,
    /// Of these, those that a reset may cure: the open camera delivered nothing, or its bus failed.
    stalls: u32,
    /// Openings in quick succession that are left.
    quick: u32,
    /// When the last opening began.
    started: Option<Instant>,
    kind: Kind,
}

#[derive(Debug)]
enum State {
    Off,
    Opening {
        /// When the driver is next reported to hang, which counts as a failure.
        late: Instant,
        /// Whether the devices have changed since the opening began.
        changed: bool,
    },
    Open(Open),
    Waiting {
        retry: Option<Instant>,
    },
}

/// An open camera: warming up until its first good picture, then live.
#[derive(Debug)]
struct Open {
    /// When it was opened, or gave its last good picture.
    since: Instant,
    /// When it was opened, or delivered its last frame, usable or not.
    frame_at: Instant,
    /// When it gave its first good picture.
    live_since: Option<Instant>,
    /// Time between its pictures: as agreed with the device, then more and more as seen; zero while
    /// unknown.
    interval: Duration,
    /// When the first frame came that could not be used, since the last good one, and what was
    /// wrong with the last.
    failing: Option<(Instant, ImageError)>,
    is_told: bool,
    /// Since when its thread has worked on what the device had ready.
    works_since: Option<Instant>,
    /// Nothing is judged before.
    excused_until: Option<Instant>,
    /// Whether a late loop has given it more time, since its last frame.
    was_late: bool,
}

/// What the patience with a camera depends on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// It can be opened again, and appears and vanishes among the devices of this machine.
    Device,
    /// A command of the user's: started again however it ends.
    Command,
    /// A file or a test pattern.
    Made,
    /// It can't be opened again: there is one, and its writer decides when a picture comes.
    Stdin,
}

/// What is to be done now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Act {
    /// Open it; reset its USB device before that.
    Open { reset: bool },
    /// Say what is wrong.
    Tell(Trouble),
    /// Say what is wrong, and close it.
    Close(Trouble),
}

/// What is wrong with a camera that tells no error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Trouble {
    /// Its driver has not answered for so long.
    Hangs(Duration),
    /// Nothing came for so long.
    Silent(Duration),
    /// Nothing that comes can be used.
    Unusable(ImageError),
}

impl Supervisor {
    /// A camera that is off.
    pub(super) fn new(source: Option<&Source>) -> Self {
        let kind = match source {
            Some(Source::Auto | Source::Device(_) | Source::Pi) => Kind::Device,
            Some(Source::Command(_)) => Kind::Command,
            Some(Source::File(_) | Source::Pattern) | None => Kind::Made,
            Some(Source::Stdin) => Kind::Stdin,
        };
        Self {
            state: State::Off,
            failures: 0,
            stalls: 0,
            quick: 0,
            started: None,
            kind,
        }
    }

    pub(super) fn is_off(&self) -> bool {
        matches!(self.state, State::Off)
    }

    pub(super) fn is_opening(&self) -> bool {
        matches!(self.state, State::Opening { .. })
    }

    /// Whether it is open, be it live or not.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Whether it waits for its next opening, or for nothing more.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    /// Whether a change among the devices may bring it back.
    pub(super) fn waits_for_device(&self) -> bool {
        self.is_waiting() && self.kind == Kind::Device
    }

    /// The longest time after a picture until its silence is told, with every delay that may come
    /// in between: damaged frames, own work, and a late loop.
    pub(super) fn patience(&self) -> Duration {
        match &self.state {
            State::Open(open) => {
                open.silence() + PATIENCE + OWN_WORK + GRACE.max(open.interval) + GRACE
            }
            _ => Duration::ZERO,
        }
    }

    /// Openings that failed since it last gave pictures for a while.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether it is opened again by itself.
    pub(super) fn retry(&self) -> Retry {
        match self.state {
            State::Waiting { retry: None } => Retry::Never,
            _ => Retry::Later,
        }
    }

    /// The last viewer has left. Stalls are forgotten: the next viewer, maybe days later, must not
    /// begin with a reset, which also interrupts the microphone of the device.
    pub(super) fn stop(&mut self) {
        (self.stalls, self.quick) = (0, 0);
        self.state = State::Off;
    }

    /// It is wanted: whoever calls this opens it.
    pub(super) fn start(&mut self, now: Instant) -> Act {
        self.started = Some(now);
        self.state = State::Opening {
            late: now + OPENING,
            changed: false,
        };
        Act::Open {
            reset: self.stalls >= 2,
        }
    }

    /// It was opened.
    pub(super) fn opened(&mut self, format: &Format, now: Instant) {
        let interval = match format.fps {
            0 => Duration::ZERO,
            fps => Duration::from_secs(1) / fps,
        };
        self.state = State::Open(Open {
            since: now,
            frame_at: now,
            live_since: None,
            interval,
            failing: None,
            is_told: false,
            works_since: None,
            excused_until: None,
            was_late: false,
        });
    }

    /// Since when its thread has worked on what the device had ready.
    pub(super) fn works(&mut self, since: Option<Instant>) {
        if let State::Open(open) = &mut self.state {
            open.works_since = since;
        }
    }

    /// It gave so many pictures that can be used, at least one, the last of them at that time.
    pub(super) fn good(&mut self, pictures: u64, at: Instant) {
        let State::Open(open) = &mut self.state else {
            return;
        };
        if let Some(live_since) = open.live_since {
            // Cameras don't keep the pace they promise, and some promise none.
            let pictures = u32::try_from(pictures).unwrap_or(u32::MAX).max(1);
            let seen = at.saturating_duration_since(open.since) / pictures;
            open.interval = match open.interval.is_zero() {
                true => seen,
                false => (open.interval * 3 + seen) / 4,
            };
            if at.saturating_duration_since(live_since) >= SOUND {
                (self.failures, self.stalls) = (0, 0);
            }
        }
        self.quick = 0;
        open.live_since.get_or_insert(at);
        open.since = open.since.max(at);
        open.frame_at = open.frame_at.max(at);
        (open.excused_until, open.was_late) = (None, false);
        (open.failing, open.is_told) = (None, false);
    }

    /// It gave something that can't be used.
    pub(super) fn bad(&mut self, fault: ImageError, now: Instant) {
        let State::Open(open) = &mut self.state else {
            return;
        };
        open.frame_at = now;
        (open.excused_until, open.was_late) = (None, false);
        match &mut open.failing {
            Some((_, last)) => *last = fault,
            none => {
                *none = Some((now, fault));
                open.is_told = false;
            }
        }
    }

    /// It could not be opened, or an error ended it.
    pub(super) fn failed(&mut self, error: &CameraError, now: Instant) {
        if matches!(self.state, State::Opening { changed: true, .. }) {
            self.quick = QUICK;
        }
        // The quick openings are expected to fail, until udev has looked at the node.
        if self.quick == 0 && self.kind == Kind::Device && error.wants_reset() {
            return self.stalled(now);
        }
        if self.quick == 0 {
            self.failures = self.failures.saturating_add(1);
        }
        let again = error.is_retryable() || self.kind == Kind::Command;
        let pause = match self.quick {
            0 if !again => MAX_PAUSE,
            _ => self.pause(),
        };
        // The writer of a v4l2loopback node and the signal of an HDMI grabber can appear without an
        // event in /dev. A file may be written anew, and a pipe may get another writer.
        let may_change = matches!(error, CameraError::NotPictures { .. });
        let retries = again || may_change || self.kind == Kind::Device;
        let retry = retries.then(|| now + pause);
        self.state = State::Waiting { retry };
    }

    /// The devices of this machine have changed.
    pub(super) fn devices_changed(&mut self, now: Instant) {
        match &mut self.state {
            State::Waiting { retry } if self.kind == Kind::Device => {
                self.quick = QUICK;
                let soon = self.started.map_or(now, |at| now.max(at + STORM_PAUSE));
                *retry = Some(soon);
            }
            // The opening may fail because of the state before the change.
            State::Opening { changed, .. } if self.kind == Kind::Device => *changed = true,
            _ => {}
        }
    }

    /// What is due by now, once.
    pub(super) fn turn(&mut self, now: Instant) -> Option<Act> {
        match &mut self.state {
            State::Off => None,
            State::Opening { late, .. } => {
                if *late > now {
                    return None;
                }
                *late = now + OPENING;
                self.failures = self.failures.saturating_add(1);
                Some(Act::Tell(Trouble::Hangs(OPENING)))
            }
            State::Open(open) => {
                let kind = self.kind;
                let ends = open.ends(kind).filter(|end| *end <= now);
                let told = (!open.is_told).then(|| open.told_at());
                let due = ends.or(told.filter(|told| *told <= now))?;
                if open.is_excused(due, now) {
                    return None;
                }
                if ends.is_some() {
                    let trouble = open.trouble(kind, now);
                    self.stalled(now);
                    return Some(Act::Close(trouble));
                }
                open.is_told = true;
                Some(Act::Tell(open.trouble(kind, now)))
            }
            State::Waiting { retry } => {
                retry.take_if(|retry| *retry <= now)?;
                Some(self.start(now))
            }
        }
    }

    /// When [`turn`](Self::turn) has something to say.
    pub(super) fn due(&self) -> Option<Instant> {
        match &self.state {
            State::Off => None,
            State::Opening { late, .. } => Some(*late),
            State::Open(open) => {
                let told = (!open.is_told).then(|| open.told_at());
                let due = [told, open.ends(self.kind)].into_iter().flatten().min();
                due.max(open.excused_until.filter(|_| due.is_some()))
            }
            State::Waiting { retry } => *retry,
        }
    }

    fn stalled(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.stalls = self.stalls.saturating_add(1);
        let pause = match self.stalls {
            1 => Duration::ZERO,
            _ => self.pause(),
        };
        self.state = State::Waiting {
            retry: Some(now + pause),
        };
    }

    fn pause(&mut self) -> Duration {
        if let Some(left) = self.quick.checked_sub(1) {
            self.quick = left;
            return QUICK_PAUSE * 2_u32.pow(QUICK - 1 - left);
        }
        let doublings = self.failures.saturating_sub(1).min(4);
        (Duration::from_secs(1) * 2_u32.pow(doublings)).min(MAX_PAUSE)
    }
}

impl Open {
    /// When it is to be said that nothing comes, or nothing that can be used.
    fn told_at(&self) -> Instant {
        match &self.failing {
            Some((first, _)) => *first + PATIENCE,
            None if self.live_since.is_some() => self.since + self.silence(),
            None => self.since + FIRST_PICTURE,
        }
    }

    /// When it is to be closed and opened again, if that can help.
    fn ends(&self, kind: Kind) -> Option<Instant> {
        if kind == Kind::Stdin {
            return None;
        }
        let patience = self.patience(kind);
        let silent = self.frame_at + patience;
        // A camera that sends unusable frames gets more time: the next one may be good. It must
        // still send: a device that hangs often begins with a truncated frame.
        let unusable = self
            .failing
            .as_ref()
            .map(|(first, _)| (*first + UNUSABLE).max(self.since + patience));
        Some(unusable.map_or(silent, |unusable| unusable.min(silent)))
    }

    /// Whether what is due is not judged yet, see the head of this file.
    fn is_excused(&mut self, due: Instant, now: Instant) -> bool {
        let due = self.excused_until.map_or(due, |until| until.max(due));
        let works = |since| now.saturating_duration_since(since) < OWN_WORK;
        if due > now {
            return true;
        }
        if self.works_since.is_some_and(works) {
            self.excused_until = Some(now + GRACE);
            return true;
        }
        let is_late = now > due + LATE && !self.was_late;
        if is_late {
            self.was_late = true;
            self.excused_until = Some(now + GRACE.max(self.interval));
        }
        is_late
    }

    /// How long the camera may send no frame at all.
    fn patience(&self, kind: Kind) -> Duration {
        let first = match kind {
            Kind::Device | Kind::Made => FIRST_OF_DEVICE,
            Kind::Command | Kind::Stdin => FIRST_OF_COMMAND,
        };
        match self.live_since {
            // Nothing is known of the pace of a command that gave one picture.
            Some(_) if kind == Kind::Command && self.interval.is_zero() => first,
            Some(_) => self.silence(),
            None => first,
        }
    }

    fn silence(&self) -> Duration {
        SILENCE.max(self.interval * SILENT_FRAMES)
    }

    fn trouble(&self, kind: Kind, now: Instant) -> Trouble {
        match &self.failing {
            Some((_, fault)) if now < self.frame_at + self.patience(kind) => {
                Trouble::Unusable(fault.clone())
            }
            _ => Trouble::Silent(now.saturating_duration_since(self.frame_at)),
        }
    }
}

#[cfg(test)]
mod tests;
