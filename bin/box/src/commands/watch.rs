//! `transom watch PEER`: a viewer without a window, which measures, saves or pipes the pictures.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use transom::latency::{LatencySummary, LatencyWindow};
use transom::people::escape;
use transom::{CallKind, CameraState, EndReason, Notice, RemotePicture};

use crate::args::Watch;
use crate::camera_stats::FarCameraReport;
use crate::check::Check;
#[cfg(feature = "http")]
use crate::commands::bridge;
use crate::dial::Connection;
use crate::failure::Failure;
use crate::format::duration;
use crate::measure::MeasureWatch;
use crate::output::Output;
use crate::place::Place;
use crate::recorder::Recorder;
use crate::report;
use crate::signals::Signal;
use crate::sound::{Hearing, is_sound, recorded};
use crate::station::Event;
use crate::stats::Stats;

pub(crate) fn run(arguments: &Watch, place: &Place, output: &Output) -> Result<(), Failure> {
    #[cfg(feature = "http")]
    if let Some(address) = arguments.bridge.address()? {
        return bridge::run(arguments, address, place, output);
    }
    let [peer] = arguments.boxes() else {
        let why = "without --http it takes one box";
        return Err(Failure::usage("can't watch", why));
    };
    let output = output_for(arguments, output);
    if arguments.has_stdout() && arguments.hearing.takes_stdout() {
        let why = "pictures and sound can't both go to stdout";
        return Err(Failure::usage("can't watch", why));
    }
    arguments.hearing.check()?;
    let recorder = Recorder::open(arguments)?;
    let mut settings = place.settings(None, &output)?;
    arguments.measure.apply(&mut settings);
    arguments.hearing.apply(&mut settings);
    let connection = Connection::with(settings, peer, place)?;
    let mut watching = Watching::new(arguments, connection, &output, recorder);
    let result = watching.watch();
    watching.clear();
    watching.finish(result)
}

/// If pictures or sound go to stdout, lines go to stderr.
fn output_for(arguments: &Watch, output: &Output) -> Output {
    let output = output.with_json(arguments.stats_json);
    if arguments.has_stdout() || arguments.hearing.takes_stdout() {
        output.on_stderr()
    } else {
        output
    }
}

struct Watching<'a> {
    connection: Connection,
    output: &'a Output,
    recorder: Recorder,
    check: Check,
    measure: MeasureWatch,
    hearing: Hearing,
    /// End after so many pictures.
    frames: Option<u64>,
    /// End so long after the first picture.
    time: Option<Duration>,
    /// How long no picture may come.
    timeout: Option<Duration>,
    /// When the last picture came, or the program began.
    picture_at: Instant,
    /// When the first call or the first picture began.
    since: Option<Instant>,
    total: Stats,
    second: Stats,
    latency: LatencyWindow,
    tick: Instant,
    seconds: u64,
    bar: Option<ProgressBar>,
    /// Whether the station has a call. After a lost connection it restores the call by itself.
    has_call: bool,
    /// When to call a busy box again.
    ring_at: Option<Instant>,
    /// The quality of the pictures, while it is less than full.
    reduced: Option<String>,
    /// While statistics of the far camera are wanted.
    far_camera: Option<FarCameraReport>,
}

/// Why the loop ended without a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// Everything that was asked for was done, or a signal came.
    Enough,
    /// The reader of our output is gone.
    Unread,
}

impl<'a> Watching<'a> {
    fn new(
        arguments: &Watch,
        connection: Connection,
        output: &'a Output,
        recorder: Recorder,
    ) -> Self {
        let only_a_snapshot = arguments.snapshot.is_some()
            && arguments.save.is_none()
            && !arguments.has_stdout()
            && arguments.seconds.is_none();
        let far_camera = arguments.stats.or(output.is_json().then_some(1));
        Self {
            connection,
            output,
            recorder,
            check: Check::default(),
            measure: arguments.measure.clone(),
            hearing: Hearing::new(&arguments.hearing),
            frames: arguments.frames.or(only_a_snapshot.then_some(1)),
            time: arguments.seconds.map(Duration::from_secs),
            timeout: arguments.timeout.map(Duration::from_secs),
            picture_at: Instant::now(),
            since: None,
            total: Stats::default(),
            second: Stats::default(),
            latency: LatencyWindow::default(),
            tick: Instant::now() + TICK,
            seconds: 0,
            bar: output.is_live().then(status_line),
            has_call: false,
            ring_at: None,
            reduced: None,
            far_camera: far_camera
                .map(|seconds| FarCameraReport::new(Duration::from_secs(seconds))),
        }
    }

    fn watch(&mut self) -> Result<End, Failure> {
        if self.far_camera.is_some() {
            self.connection.running.handle.want_stats(true);
        }
        loop {
            let event = self.connection.running.next(Some(self.due()));
            let now = Instant::now();
            self.on_time(now);
            if self.is_over(now) {
                return Ok(End::Enough);
            }
            let is_late = |timeout: &Duration| now >= self.picture_at + *timeout;
            if let Some(timeout) = self.timeout.filter(is_late)
                && event.is_none()
            {
                let why = format!("none came for {}", duration(timeout));
                return Err(Failure::new("no picture", why));
            }
            match event {
                Some(Event::Notice(Notice::Picture { picture, .. })) => {
                    if !self.picture(picture)? || self.output.is_closed() {
                        return Ok(End::Unread);
                    }
                }
                Some(Event::Notice(notice)) => match recorded(&notice) {
                    Some(sound) => self.recorder.add_sound(&sound)?,
                    None if !self.hearing.is_taken(&notice)? => return Ok(End::Unread),
                    None => self.notice(&notice)?,
                },
                Some(Event::Signal(Signal::End)) => return Ok(End::Enough),
                Some(Event::Broken(why)) => return Err(Failure::new("the station ended", why)),
                Some(Event::Signal(Signal::Reload) | Event::Typed(_) | Event::Control(_))
                | None => {}
            }
        }
    }

    /// When to act even if no event comes.
    fn due(&self) -> Instant {
        let end = self.since.zip(self.time).map(|(since, time)| since + time);
        let late = self.timeout.map(|timeout| self.picture_at + timeout);
        [end, self.ring_at, late]
            .into_iter()
            .flatten()
            .fold(self.tick, Instant::min)
    }

    fn is_over(&self, now: Instant) -> bool {
        let enough = self
            .frames
            .is_some_and(|frames| self.total.pictures() >= frames);
        let late = self
            .since
            .zip(self.time)
            .is_some_and(|(since, time)| now >= since + time);
        enough || late
    }

    /// Handles a picture; `false` if the reader of stdout is gone.
    fn picture(&mut self, picture: RemotePicture) -> Result<bool, Failure> {
        if !self
            .check
            .passes(&picture.jpeg, (picture.width, picture.height))
        {
            return Ok(true);
        }
        if picture.timing.is_past() {
            // The last picture before a loss is out of date, so it goes into no film and no
            // snapshot.
            let age = picture.timing.captured().elapsed();
            self.output.say(
                format!("its last picture is {} old", duration(age)),
                json!({"event": "last_picture", "age_seconds": age.as_secs()}),
            );
            return Ok(true);
        }
        if self.total.pictures() == 0 {
            self.since = Some(picture.timing.received);
        }
        self.picture_at = picture.timing.received;
        self.total.add(&picture);
        self.second.add(&picture);
        let timing = &picture.timing;
        self.latency.add(timing.received, timing.stages);
        self.measure.picture(&picture, self.output);
        self.recorder.add(&picture)
    }

    fn notice(&mut self, notice: &Notice) -> Result<(), Failure> {
        let tell = |bar: &Option<ProgressBar>, output: &Output| match bar {
            Some(bar) => bar.suspend(|| report::tell(output, notice)),
            None => report::tell(output, notice),
        };
        match notice {
            Notice::CallStarted { .. } => {
                self.since = self.since.or(Some(Instant::now()));
                self.total.new_call();
                self.second.new_call();
                if let Some(report) = &mut self.far_camera {
                    report.new_call();
                }
                tell(&self.bar, self.output);
            }
            Notice::CallEnded { reason, text, .. } => {
                let ended = self.call_ended(*reason, text);
                // The error says the same.
                if ended.is_ok() || self.output.is_json() {
                    tell(&self.bar, self.output);
                }
                ended?;
            }
            Notice::FarCamera { state, text, .. } => {
                self.reduced = (*state == CameraState::Reduced).then(|| text.clone());
                tell(&self.bar, self.output);
            }
            Notice::FarCameraStats { peer, stats } => {
                let report = self.far_camera.as_mut();
                if let Some((human, json)) = report.and_then(|it| it.take(*peer, stats)) {
                    match &self.bar {
                        Some(bar) => bar.suspend(|| self.output.deliver(human, json)),
                        None => self.output.deliver(human, json),
                    }
                }
            }
            Notice::CallInterrupted { .. } => tell(&self.bar, self.output),
            notice if is_sound(notice) => {
                self.hearing.notice(notice);
                tell(&self.bar, self.output);
            }
            Notice::Measured { .. } => self.hearing.notice(notice),
            _ => {
                self.measure.notice(notice, self.output);
                self.clear_line();
                self.connection.notice(notice, self.output)?;
                if matches!(notice, Notice::Joined { .. }) && !self.has_call {
                    self.ring();
                }
            }
        }
        Ok(())
    }

    fn ring(&mut self) {
        self.has_call = true;
        let Connection { running, peer, .. } = &self.connection;
        running.handle.ring(peer, CallKind::View);
        self.hearing.ask(&running.handle, peer);
        if self.recorder.has_film() {
            running.handle.recording(peer, true);
        }
    }

    /// Ends with an error, unless the box was watched before and is now busy or gone: then it is
    /// called again.
    fn call_ended(&mut self, reason: EndReason, text: &str) -> Result<(), Failure> {
        (self.has_call, self.reduced) = (false, None);
        match reason {
            EndReason::Leaving => {}
            EndReason::Unanswered if self.since.is_some() => {}
            EndReason::Busy if self.since.is_some() => {
                self.ring_at = Some(Instant::now() + BUSY_PAUSE)
            }
            _ => return Err(self.connection.no_pictures(reason, text)),
        }
        Ok(())
    }

    fn on_time(&mut self, now: Instant) {
        if self.ring_at.is_some_and(|at| at <= now) {
            self.ring_at = None;
            self.ring();
        }
        if now < self.tick {
            return;
        }
        let over = now - self.tick + TICK;
        self.tick = now + TICK;
        let second = self.second.take();
        // Before the first call there are no statistics.
        if self.since.is_some() {
            self.seconds += 1;
            let latency = self.latency.summary(now);
            self.tell_second(&second, over, &latency);
        }
    }

    fn tell_second(&self, second: &Stats, over: Duration, latency: &LatencySummary) {
        if let Some(bar) = &self.bar {
            bar.set_message(self.line(second, over, latency));
            bar.tick();
        } else if self.output.is_json() {
            let fps = Some(second.pictures() as f64 / over.as_secs_f64());
            let mut json = second.json("stats", fps, over, latency);
            json["reduced"] = self.reduced.clone().into();
            self.hearing.add_to(&mut json);
            self.output.answer("", json);
        } else if self.seconds.is_multiple_of(SECONDS_PER_LINE) {
            self.output
                .say(self.line(second, over, latency), Value::Null);
        }
    }

    /// The statistics of a second, with the quality of the box's pictures if it is not full.
    fn line(&self, second: &Stats, over: Duration, latency: &LatencySummary) -> String {
        let mut line = second.line(over, latency);
        if let Some(sound) = self.hearing.line() {
            line.push_str(&format!(", {sound}"));
        }
        match &self.reduced {
            Some(reduced) => format!("{line}; at {}", escape(reduced)),
            None => line,
        }
    }

    fn clear_line(&self) {
        if let Some(bar) = &self.bar {
            bar.suspend(|| ());
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn finish(self, result: Result<End, Failure>) -> Result<(), Failure> {
        let saved = self.recorder.close();
        let over = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        if self.since.is_some() {
            let (fps, latency) = (self.total.fps(), self.total.latency());
            let mut json = self.total.json("summary", fps, over, &latency);
            self.hearing.add_to(&mut json);
            self.output.say(self.total.summary(), json);
        }
        if let Some(left_out) = self.check.words() {
            self.output.warn(left_out);
        }
        let end = result?;
        saved?;
        if self.total.pictures() == 0 && end == End::Enough {
            return Err(Failure::new(
                "nothing was seen",
                format!("no picture came from {}", self.connection.peer),
            ));
        }
        match end {
            End::Enough => self.hearing.check_heard(&self.connection.peer),
            End::Unread => Ok(()),
        }
    }
}

/// One line of the terminal, cut if it is too narrow.
fn status_line() -> ProgressBar {
    let line = ProgressBar::new_spinner();
    match ProgressStyle::with_template("{wide_msg}") {
        Ok(style) => line.with_style(style),
        Err(_) => line,
    }
}

/// The interval of statistics.
const TICK: Duration = Duration::from_secs(1);

/// Without a terminal, a log gets one line in so many seconds.
const SECONDS_PER_LINE: u64 = 10;

/// How long to wait before a busy box is called again.
const BUSY_PAUSE: Duration = Duration::from_secs(2);
