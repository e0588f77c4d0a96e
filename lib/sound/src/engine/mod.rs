//! The engine: devices, playout, mixing and encoding in one loop, the body of a thread of their
//! own. It knows no peer and no wire, and starts no thread.
//!
//! ```text
//! microphone -> 10 ms -> echo -> level, mute -> encode once a codec -> Event::Encoded
//! Controls::play -> queue -> decode -> Playout per stream -> sum, clip -> loudspeaker -> echo
//! ```
//!
//! The microphone is open only while it is wanted, the loudspeaker only while something is to be
//! heard; while neither is, the thread sleeps without a timeout.

mod capture;
mod controls;
mod echo_path;
mod event;
mod playback;
mod priority;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};

use self::capture::Capture;
use self::controls::{Command, Shared};
pub use self::controls::{Controls, Frame, StreamId, Wanted};
use self::echo_path::EchoPath;
pub use self::event::{Encoded, Event, OwnLevel, StreamNumbers};
use self::playback::Playback;
use crate::{BLOCK, DeviceName, DeviceState, DeviceWatcher, EchoMode, KeptMicrophone, KeptSpeaker};

const WAKER: Token = Token(0);
const MICROPHONE: Token = Token(1);
const SPEAKER: Token = Token(2);
const WATCHER: Token = Token(3);

/// Samples that are pulled and written at once: 5 ms. Larger pieces would make the playout's
/// decisions coarser than its reserve.
const PULL: usize = BLOCK / 2;

/// Pieces read or written in one turn at most, so that a device that always has more can't hold the
/// thread.
const PIECES: usize = 100;

/// Between two reports of levels and numbers.
const REPORT: Duration = Duration::from_millis(100);

/// What an engine begins with.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The microphone.
    pub microphone: DeviceName,
    /// The loudspeaker.
    pub speaker: DeviceName,
    /// What is done against echo.
    pub echo: EchoMode,
}

/// The body of the thread `sound`: [`run`](Self::run) it on a thread of its own, and speak to it
/// through its [`Controls`].
pub struct Engine {
    poll: Poll,
    shared: Arc<Shared>,
    tell: Box<dyn Fn(Event) + Send>,
    wanted: Wanted,
    names: EngineSettings,
    microphone: KeptMicrophone,
    speaker: KeptSpeaker,
    /// Only while a device is wanted: a lost one is tried again when others come or go.
    watcher: Option<DeviceWatcher>,
    watches: bool,
    has_microphone: bool,
    has_speaker: bool,
    capture: Capture,
    playback: Playback,
    next_report: Instant,
    /// On their way to the loudspeaker.
    samples: Vec<i16>,
}

impl Engine {
    /// An engine and the way to speak to it. `tell` is called on the engine's thread and must not
    /// block.
    ///
    /// # Errors
    /// When the system gives no poll.
    pub fn new(
        settings: EngineSettings,
        tell: impl Fn(Event) + Send + 'static,
    ) -> io::Result<(Self, Controls)> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let shared = Arc::new(Shared::new(waker));
        let now = Instant::now();
        let engine = Self {
            shared: shared.clone(),
            tell: Box::new(tell),
            wanted: Wanted::default(),
            microphone: KeptMicrophone::new(poll.registry(), MICROPHONE)?,
            speaker: KeptSpeaker::new(poll.registry(), SPEAKER)?,
            watcher: None,
            watches: false,
            has_microphone: false,
            has_speaker: false,
            capture: Capture::new(),
            playback: Playback::new(now),
            names: settings,
            next_report: now,
            samples: Vec::new(),
            poll,
        };
        Ok((engine, Controls { shared }))
    }

    /// Works until [`Controls::stop`].
    pub fn run(mut self) {
        // Outside the macro, which evaluates nothing while it logs nothing.
        let priority = priority::raise();
        log::debug!("sound thread priority={priority}");
        let mut events = Events::with_capacity(8);
        // Made here, since an echo canceller can't move from one thread to another.
        let mut echo = EchoPath::new(self.names.echo);
        let mut now = Instant::now();
        while self.turn(
            &mut echo,
            now,
            events.iter().any(|event| event.token() == WATCHER),
        ) {
            let due = self.due(now);
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, left) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    return log::error!("the sound thread can't wait: {error}");
                }
                _ => {}
            }
            now = Instant::now();
        }
    }

    /// Does all that can be done now; `false` once it is to end. `is_watched`: the watcher of
    /// devices has something to say.
    fn turn(&mut self, echo: &mut EchoPath, now: Instant, is_watched: bool) -> bool {
        if !self.take_waiting(echo, now) {
            return false;
        }
        self.want_devices(now);
        self.watch_devices(now, is_watched);
        self.read_microphone(echo);
        self.write_speaker(echo);
        self.tell_states(echo);
        self.report(now);
        true
    }

    /// When the next turn is due, after one at `now`; `None` while it has nothing to wait for.
    fn due(&self, now: Instant) -> Option<Instant> {
        let close = self.playback.due(now);
        let watcher = self.watcher.as_ref().and_then(DeviceWatcher::due);
        let devices = [self.microphone.due(), self.speaker.due(), watcher, close];
        devices.into_iter().flatten().min()
    }

    fn take_waiting(&mut self, echo: &mut EchoPath, now: Instant) -> bool {
        let waiting = self.shared.take();
        for (id, items) in waiting.streams {
            for item in items {
                self.playback.take(id, item, self.has_speaker, now);
            }
        }
        waiting
            .commands
            .into_iter()
            .all(|command| self.command(command, echo))
    }

    /// `false` for the last one.
    fn command(&mut self, command: Command, echo: &mut EchoPath) -> bool {
        match command {
            Command::Microphone(name) => self.names.microphone = name,
            Command::Speaker(name) => self.names.speaker = name,
            Command::Wanted(wanted) => {
                self.wanted = wanted;
                self.capture.want(wanted);
            }
            Command::Mute(on) => self.capture.mute(on),
            Command::Echo(mode) => {
                self.names.echo = mode;
                *echo = EchoPath::new(mode);
            }
            Command::Volume(id, volume) => self.playback.volume(id, volume),
            Command::RaiseReserve(id, by) => self.playback.raise_reserve(id, by),
            Command::Forget(id) => self.playback.forget(id),
            Command::Tone(kind) => self.playback.tone(kind),
            Command::HearYourself(on) => self.playback.hear_yourself(on),
            Command::Stop => return false,
        }
        true
    }

    fn want_devices(&mut self, now: Instant) {
        let listens = self.wanted.any() || self.playback.hears_yourself();
        let plays = self.playback.is_wanted(now);
        let name = |is_wanted: bool, name: &DeviceName| is_wanted.then(|| name.clone());
        self.microphone.want(name(listens, &self.names.microphone));
        self.speaker.want(name(plays, &self.names.speaker));
        self.watches(listens || plays);
    }

    fn watches(&mut self, is_needed: bool) {
        if is_needed != std::mem::replace(&mut self.watches, is_needed) {
            self.watcher = is_needed.then(|| self.open_watcher()).flatten();
        }
    }

    fn watch_devices(&mut self, now: Instant, is_watched: bool) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        let is_due = watcher.due().is_some_and(|due| due <= now);
        if (is_watched || is_due) && watcher.changed() {
            self.microphone.devices_changed();
            self.speaker.devices_changed();
        }
    }

    /// Without a watcher a lost device is still tried again, only later.
    fn open_watcher(&self) -> Option<DeviceWatcher> {
        let opened = DeviceWatcher::open(self.poll.registry(), WATCHER);
        let failed = |error: &io::Error| log::warn!("can't watch for sound devices: {error}");
        opened.inspect_err(failed).ok()
    }

    fn read_microphone(&mut self, echo: &mut EchoPath) {
        let Self {
            microphone,
            capture,
            playback,
            tell,
            ..
        } = self;
        let mut samples = [0; BLOCK];
        for _ in 0..PIECES {
            let heard = microphone.read(&mut samples);
            if heard.samples == 0 {
                return;
            }
            let (now, samples) = (Instant::now(), &samples[..heard.samples.min(BLOCK)]);
            capture.add(
                samples,
                heard.captured,
                echo,
                &mut |block| playback.own(block, now),
                &mut |event| tell(event),
            );
        }
    }

    fn write_speaker(&mut self, echo: &mut EchoPath) {
        let pieces = (self.speaker.room() / PULL).min(PIECES);
        if pieces == 0 {
            return;
        }
        self.samples.resize(pieces * PULL, 0);
        let now = Instant::now();
        for piece in self.samples.as_chunks_mut::<PULL>().0 {
            self.playback.pull(piece, now);
            echo.played(piece);
        }
        // All of them together: each write is a system call, and wakes a sound server.
        self.speaker.write(&self.samples);
    }

    fn tell_states(&mut self, echo: &mut EchoPath) {
        if let Some(state) = self.microphone.poll_state() {
            self.has_microphone = matches!(state, DeviceState::On { .. });
            if !self.has_microphone {
                // What it gave last has no successor.
                self.capture.interrupt();
            }
            (self.tell)(Event::Microphone(state));
        }
        if let Some(state) = self.speaker.poll_state() {
            let plays = matches!(state, DeviceState::On { .. } | DeviceState::Replaced { .. });
            if !std::mem::replace(&mut self.has_speaker, plays) {
                self.playback.restart();
            }
            self.shared.pulls(plays);
            if !plays {
                // What it learned of a loudspeaker that is gone would go on being taken out.
                *echo = EchoPath::new(self.names.echo);
            }
            (self.tell)(Event::Speaker(state));
        }
    }

    /// Levels and numbers; both only while the devices they are of are open.
    fn report(&mut self, now: Instant) {
        if now < self.next_report {
            return;
        }
        self.next_report = now + REPORT;
        if self.has_microphone {
            (self.tell)(Event::Level(self.capture.report()));
        }
        if self.has_speaker {
            let delay = self.speaker.delay();
            for numbers in self.playback.numbers(delay, now) {
                (self.tell)(Event::Heard(numbers));
            }
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
