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
mod tests {
    use super::*;

    /// A supervisor with a clock in milliseconds.
    struct Bench {
        supervisor: Supervisor,
        start: Instant,
    }

    impl Bench {
        fn new(source: &Source) -> Self {
            Self {
                supervisor: Supervisor::new(Some(source)),
                start: Instant::now(),
            }
        }

        fn at(&self, milliseconds: u64) -> Instant {
            self.start + Duration::from_millis(milliseconds)
        }

        fn open(&mut self, milliseconds: u64, fps: u32) {
            let format = Format {
                fps,
                ..Format::default()
            };
            let now = self.at(milliseconds);
            self.supervisor.start(now);
            self.supervisor.opened(&format, now);
        }

        fn good(&mut self, milliseconds: u64) {
            self.supervisor.good(1, self.at(milliseconds));
        }

        fn bad(&mut self, milliseconds: u64) {
            let now = self.at(milliseconds);
            self.supervisor.bad(ImageError::Truncated, now);
        }

        /// It is unplugged, or still not there.
        fn fails(&mut self, milliseconds: u64) {
            let device = "webcam".to_owned();
            let now = self.at(milliseconds);
            self.supervisor.failed(&CameraError::Lost { device }, now);
        }

        #[cfg(target_os = "linux")]
        fn fails_with(&mut self, errno: i32, milliseconds: u64) {
            let error = CameraError::Io {
                device: "webcam".to_owned(),
                step: "set the format",
                why: std::io::Error::from_raw_os_error(errno),
            };
            self.supervisor.failed(&error, self.at(milliseconds));
        }

        fn turn(&mut self, milliseconds: u64) -> Option<Act> {
            self.supervisor.turn(self.at(milliseconds))
        }

        /// Milliseconds until something is due.
        fn due(&self) -> Option<u128> {
            let due = self.supervisor.due()?;
            Some(due.duration_since(self.start).as_millis())
        }
    }

    fn device() -> Source {
        Source::Device("/dev/video0".into())
    }

    fn ended() -> CameraError {
        CameraError::Ended {
            source_name: "cmd".to_owned(),
            how: "it ended".to_owned(),
        }
    }

    fn no_format() -> CameraError {
        CameraError::NoFormat {
            device: "/dev/video0".to_owned(),
            offered: "none".to_owned(),
        }
    }

    const SILENT: fn(u64) -> Trouble = |seconds| Trouble::Silent(Duration::from_secs(seconds));

    #[test]
    fn failures_in_a_row_make_the_pauses_longer_up_to_fifteen_seconds() {
        let mut bench = Bench::new(&device());
        let mut now = 0;
        for pause in [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000] {
            bench.supervisor.start(bench.at(now));
            bench.fails(now);
            assert_eq!(bench.due(), Some(u128::from(now + pause)));
            assert_eq!(bench.turn(now + pause - 1), None);
            now += pause;
            assert_eq!(bench.turn(now), Some(Act::Open { reset: false }));
        }
        assert_eq!(bench.supervisor.failures(), 7);
    }

    #[test]
    fn a_change_among_the_devices_is_answered_at_once_and_by_some_quick_openings() {
        let mut bench = Bench::new(&device());
        for _ in 0..5 {
            bench.fails(0);
        }
        assert_eq!(bench.due(), Some(15_000));
        bench.supervisor.devices_changed(bench.at(500));
        assert_eq!(bench.turn(500), Some(Act::Open { reset: false }));
        for pause in [100, 200, 400, 800, 15_000] {
            bench.fails(1000);
            assert_eq!(bench.due(), Some(1000 + pause));
        }
        assert_eq!(bench.supervisor.failures(), 6, "the quick ones don't count");
        // Also where no opening is expected to help.
        bench.supervisor.failed(&no_format(), bench.at(1000));
        assert_eq!(bench.due(), Some(16_000));
        bench.supervisor.devices_changed(bench.at(2000));
        assert_eq!(bench.due(), Some(2000));
        let mut file = Bench::new(&Source::File("film".into()));
        file.fails(0);
        file.supervisor.devices_changed(file.at(500));
        assert_eq!(file.due(), Some(1000), "no device");
    }

    #[test]
    fn a_storm_of_changes_among_the_devices_causes_few_openings() {
        let mut bench = Bench::new(&Source::Pi);
        bench.supervisor.start(bench.at(0));
        bench.fails(10);
        let mut openings = 0;
        for now in (20..10_020).step_by(10) {
            bench.supervisor.devices_changed(bench.at(now));
            if bench.turn(now).is_some() {
                openings += 1;
                // Within its opening, and after it.
                bench.supervisor.devices_changed(bench.at(now));
                bench.fails(now + 5);
            }
        }
        assert!((20..=41).contains(&openings), "{openings}");
    }

    #[test]
    fn a_device_without_a_first_picture_is_told_of_and_then_opened_again() {
        let mut bench = Bench::new(&device());
        bench.open(0, 30);
        assert_eq!((bench.due(), bench.turn(4999)), (Some(5000), None));
        assert_eq!(bench.turn(5000), Some(Act::Tell(SILENT(5))));
        assert_eq!((bench.due(), bench.turn(7999)), (Some(8000), None));
        assert_eq!(bench.turn(8000), Some(Act::Close(SILENT(8))));
        assert_eq!(bench.turn(8000), Some(Act::Open { reset: false }));
        // The second stall in a row asks for a reset.
        bench.open(9000, 30);
        bench.turn(14_000);
        assert_eq!(bench.turn(17_000), Some(Act::Close(SILENT(8))));
        assert_eq!(bench.due(), Some(19_000));
        assert_eq!(bench.turn(19_000), Some(Act::Open { reset: true }));
    }

    #[test]
    fn silence_is_ten_intervals_and_no_less_than_two_seconds() {
        for (fps, silence) in [(30, 2000), (5, 2000), (2, 5000), (1, 10_000)] {
            let mut bench = Bench::new(&device());
            bench.open(0, fps);
            bench.good(100);
            assert_eq!(bench.due(), Some(100 + u128::from(silence)), "{fps} fps");
            let told = Act::Close(Trouble::Silent(Duration::from_millis(silence)));
            assert_eq!(bench.turn(100 + silence), Some(told));
        }
    }

    #[test]
    fn own_work_on_a_picture_is_no_silence_of_the_camera() {
        let mut bench = Bench::new(&device());
        bench.open(0, 30);
        bench.good(100);
        bench.supervisor.works(Some(bench.at(200)));
        // A picture that takes five seconds to encode.
        for now in (200..5200).step_by(100) {
            assert_eq!(bench.turn(now), None, "{now}");
        }
        bench.supervisor.works(None);
        bench.good(5200);
        assert!(bench.due() >= Some(7200));
        // A driver that hangs looks the same, for a while.
        let mut bench = Bench::new(&device());
        bench.open(0, 30);
        bench.good(100);
        bench.supervisor.works(Some(bench.at(1000)));
        let closes = |act| matches!(act, Some(Act::Close(Trouble::Silent(_))));
        let closed = (1000..60_000).find(|now| closes(bench.turn(*now)));
        assert!(matches!(closed, Some(21_000..=21_500)), "{closed:?}");
    }

    #[test]
    fn silence_is_told_within_the_patience_that_a_watchdog_is_told() {
        // The second is less than what systemd is asked to wait for, with 30 s.
        for (interval, longest) in [(5000, 78), (33, 25)] {
            let mut bench = Bench::new(&device());
            bench.open(0, 0);
            bench.good(0);
            bench.good(interval);
            let patience = bench.supervisor.patience();
            assert!(patience <= Duration::from_secs(longest), "{patience:?}");
            // A damaged frame, then work on one more, each at the last moment.
            let silence = u64::try_from(bench.due().unwrap()).unwrap();
            bench.bad(silence - 1);
            let begin = silence + 1998;
            bench.supervisor.works(Some(bench.at(begin)));
            let told = (begin..begin + 60_000).find(|now| bench.turn(*now).is_some());
            let told = Duration::from_millis(told.unwrap() - interval);
            assert!(
                told > Duration::from_secs(23) && told <= patience,
                "{told:?}"
            );
        }
    }

    #[test]
    fn a_loop_that_wakes_late_gives_the_camera_one_more_interval() {
        let mut bench = Bench::new(&device());
        bench.open(0, 30);
        bench.good(100);
        assert_eq!(bench.due(), Some(2100));
        // The process was stopped. Its camera thread runs after this.
        assert_eq!((bench.turn(3200), bench.due()), (None, Some(3700)));
        bench.good(3210);
        assert!(bench.due() >= Some(5210));
        // Once, and not to a camera that is silent then.
        let mut bench = Bench::new(&device());
        bench.open(0, 30);
        bench.good(100);
        assert_eq!((bench.turn(3200), bench.turn(3699)), (None, None));
        assert!(matches!(bench.turn(5000), Some(Act::Close(_))));
        // What is only told is as well given that time.
        let mut pipe = Bench::new(&Source::Stdin);
        pipe.open(0, 0);
        pipe.good(100);
        assert_eq!((pipe.turn(5000), pipe.due()), (None, Some(5500)));
        assert!(matches!(pipe.turn(5500), Some(Act::Tell(_))));
    }

    #[test]
    fn a_slow_command_is_given_the_time_it_takes() {
        let mut bench = Bench::new(&Source::Command("slow".to_owned()));
        bench.open(0, 0);
        assert_eq!(bench.turn(5000), Some(Act::Tell(SILENT(5))));
        assert_eq!(bench.due(), Some(30_000));
        bench.good(6000);
        // Its pace is not known yet.
        assert_eq!(bench.turn(8000), Some(Act::Tell(SILENT(2))));
        assert_eq!(bench.due(), Some(36_000));
        bench.good(10_000);
        assert_eq!(bench.due(), Some(50_000), "ten of its intervals");
        // It is started again however it ends.
        bench.supervisor.failed(&ended(), bench.at(11_000));
        assert_eq!(bench.due(), Some(12_000));
    }

    #[test]
    fn standard_input_is_told_of_and_kept() {
        let mut bench = Bench::new(&Source::Stdin);
        bench.open(0, 0);
        bench.good(100);
        assert_eq!(bench.turn(2100), Some(Act::Tell(SILENT(2))));
        assert_eq!((bench.due(), bench.turn(99_000)), (None, None));
        bench.good(99_000);
        assert!(bench.due().is_some());
    }

    #[test]
    fn pictures_that_can_not_be_used_are_told_once_and_end_after_ten_seconds() {
        let mut bench = Bench::new(&device());
        let unusable = || Trouble::Unusable(ImageError::NotJpeg);
        bench.open(0, 30);
        bench.good(0);
        let mut told = Vec::new();
        for now in (100..=10_100).step_by(100) {
            bench.supervisor.bad(ImageError::NotJpeg, bench.at(now));
            told.extend(bench.turn(now).map(|act| (now, act)));
        }
        assert_eq!(
            told,
            [
                (2100, Act::Tell(unusable())),
                (10_100, Act::Close(unusable()))
            ]
        );
        // One now and then is no reason.
        let mut bench = Bench::new(&device());
        bench.open(0, 30);
        for now in (0..60_000).step_by(1000) {
            bench.supervisor.bad(ImageError::NotJpeg, bench.at(now));
            assert_eq!(bench.turn(now), None);
            bench.good(now + 500);
        }
        assert_eq!(bench.turn(60_000), None);
    }

    #[test]
    fn ten_seconds_of_pictures_make_up_for_earlier_failures() {
        let mut bench = Bench::new(&device());
        for _ in 0..5 {
            bench.fails(0);
        }
        bench.open(0, 30);
        for now in (0..=9000).step_by(1000) {
            bench.good(now);
        }
        assert_eq!(bench.supervisor.failures(), 5);
        bench.good(10_000);
        assert_eq!(bench.supervisor.failures(), 0);
        bench.fails(10_000);
        assert_eq!(bench.due(), Some(11_000));
    }

    #[test]
    fn a_driver_that_does_not_answer_is_told_of_waited_for_and_counted_as_failing() {
        let mut bench = Bench::new(&device());
        assert_eq!(
            bench.supervisor.start(bench.at(0)),
            Act::Open { reset: false }
        );
        for failures in 1..=5 {
            let now = 10_000 * u64::from(failures);
            assert_eq!((bench.due(), bench.turn(now - 1)), (Some(now.into()), None));
            assert_eq!(bench.turn(now), Some(Act::Tell(Trouble::Hangs(OPENING))));
            assert_eq!(bench.supervisor.failures(), failures);
            assert_eq!(bench.supervisor.retry(), Retry::Later);
        }
        assert!(bench.supervisor.is_opening());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_whose_bus_fails_twice_is_reset_before_it_is_opened_again() {
        // `EIO`, `EPIPE`, `EPROTO` and `ETIMEDOUT`.
        for errno in [5, 32, 71, 110] {
            let mut bench = Bench::new(&device());
            bench.supervisor.start(bench.at(0));
            bench.fails_with(errno, 100);
            assert_eq!(bench.turn(100), Some(Act::Open { reset: false }), "{errno}");
            bench.fails_with(errno, 200);
            assert_eq!((bench.due(), bench.supervisor.failures()), (Some(2200), 2));
            assert_eq!(bench.turn(2200), Some(Act::Open { reset: true }));
        }
        // Too many open files: no matter of the device.
        let mut bench = Bench::new(&device());
        for time in [100, 200, 300] {
            bench.fails_with(24, time);
        }
        assert_eq!(bench.turn(9000), Some(Act::Open { reset: false }));
    }

    #[test]
    fn a_frame_that_is_cut_short_and_then_nothing_is_silence() {
        let mut bench = Bench::new(&device());
        bench.open(0, 30);
        bench.good(100);
        bench.bad(133);
        assert_eq!((bench.due(), bench.turn(2132)), (Some(2133), None));
        assert_eq!(bench.turn(2133), Some(Act::Close(SILENT(2))));
        // As it begins, it is given the time of a first picture.
        bench.open(10_000, 30);
        bench.bad(10_500);
        let unusable = Trouble::Unusable(ImageError::Truncated);
        assert_eq!(bench.turn(12_500), Some(Act::Tell(unusable)));
        assert_eq!(bench.turn(18_500), Some(Act::Close(SILENT(8))));
    }

    #[test]
    fn quick_openings_that_were_not_needed_are_not_kept_for_later_failures() {
        let mut bench = Bench::new(&device());
        bench.fails(0);
        bench.supervisor.devices_changed(bench.at(500));
        bench.open(500, 30);
        bench.good(600);
        bench.good(11_000);
        bench.fails(12_000);
        assert_eq!(
            (bench.due(), bench.supervisor.failures()),
            (Some(13_000), 1)
        );
    }

    #[test]
    fn a_change_among_the_devices_while_it_is_opened_is_answered_when_that_fails() {
        let mut bench = Bench::new(&device());
        for _ in 0..5 {
            bench.fails(0);
        }
        assert!(bench.turn(15_000).is_some());
        bench.supervisor.devices_changed(bench.at(15_100));
        assert_eq!(bench.turn(15_100), None);
        bench.fails(16_000);
        assert_eq!(
            (bench.due(), bench.supervisor.failures()),
            (Some(16_100), 5)
        );
        // Once.
        assert!(bench.turn(16_100).is_some());
        for pause in [200, 400, 800, 15_000] {
            bench.fails(17_000);
            assert_eq!(bench.due(), Some(17_000 + pause));
        }
    }

    #[test]
    fn a_device_without_a_signal_is_looked_at_every_fifteen_seconds() {
        let mut bench = Bench::new(&device());
        for time in [0, 15_000, 30_000] {
            bench.supervisor.start(bench.at(time));
            bench.supervisor.failed(&no_format(), bench.at(time));
            assert_eq!(bench.due(), Some(u128::from(time) + 15_000));
            assert_eq!(bench.supervisor.retry(), Retry::Later);
        }
        let mut file = Bench::new(&Source::File("film".into()));
        file.supervisor.failed(&ended(), file.at(0));
        assert_eq!((file.due(), file.supervisor.retry()), (None, Retry::Never));
    }

    #[test]
    fn a_file_or_a_pipe_without_pictures_is_read_again_every_fifteen_seconds() {
        for source in [Source::Stdin, Source::File("film".into())] {
            let mut bench = Bench::new(&source);
            for time in [0, 15_000, 30_000] {
                bench.supervisor.start(bench.at(time));
                let empty = CameraError::NotPictures {
                    source_name: "film".to_owned(),
                    bytes: 0,
                    fault: ImageError::NotJpeg,
                };
                bench.supervisor.failed(&empty, bench.at(time));
                assert_eq!(bench.due(), Some(u128::from(time) + 15_000));
                assert_eq!(bench.supervisor.retry(), Retry::Later);
            }
        }
    }

    #[test]
    fn the_next_viewer_does_not_begin_with_a_reset() {
        let mut bench = Bench::new(&device());
        for time in [0, 20_000] {
            bench.open(time, 30);
            assert_eq!(bench.turn(time + 8000), Some(Act::Close(SILENT(8))));
        }
        bench.supervisor.stop();
        let next = bench.supervisor.start(bench.at(90_000));
        assert_eq!(next, Act::Open { reset: false });
    }
}
