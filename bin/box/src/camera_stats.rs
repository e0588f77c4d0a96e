//! Statistics of a camera: of our own for `transom camera`, a line every `--stats` seconds and one
//! after SIGUSR1, and of the camera that `transom watch` shows.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use transom::media::Counts;
use transom::{
    CameraNumbers, CameraState, CameraStats, FarCameraStats, Handle, HttpViewers, PeerName,
    ViewerCounts, ViewerStats,
};

use crate::doctor::machine::{self, Machine};
use crate::format::count;
use crate::latency;
use crate::output::Output;
use crate::stats::{milliseconds, round};
use crate::words::{camera_word, camera_words};

/// Asks the station for numbers while `--stats` or a signal wants them.
#[derive(Debug)]
pub(crate) struct CameraReport {
    every: Option<Duration>,
    /// Whether a signal asked for a line.
    asked: Arc<AtomicBool>,
    start: Start<CameraStats>,
}

/// The shortest interval that a line covers.
const MIN_INTERVAL: Duration = Duration::from_secs(2);
/// Numbers come about once a second, so an interval may be a little short.
const TOLERANCE: Duration = Duration::from_millis(500);

impl CameraReport {
    /// Prints every `every` seconds, and after each SIGUSR1.
    pub(crate) fn start(every: Option<u64>, handle: &Handle) -> io::Result<Self> {
        let asked = Arc::<AtomicBool>::default();
        let (heard, signalled) = (asked.clone(), handle.clone());
        transom_signals::watch_user_signal(move || {
            heard.store(true, Ordering::Relaxed);
            signalled.camera_stats(true);
        })?;
        let every = every.map(Duration::from_secs);
        if every.is_some() {
            handle.camera_stats(true);
        }
        Ok(Self {
            every,
            asked,
            start: Start(None),
        })
    }

    /// Takes the station's numbers, and at the end of the interval prints what happened in it.
    pub(crate) fn take(&mut self, mut now: Box<CameraStats>, handle: &Handle, output: &Output) {
        if self.every.is_none() && !self.asked.load(Ordering::Relaxed) {
            // Sent before the station knew that they are no longer wanted.
            return;
        }
        let Some((before, time)) = self.start.end(&now, self.wait()) else {
            return;
        };
        now.numbers.machine = Machine::read().state();
        let (human, json) = describe_own(&before, &now, time);
        output.deliver(human, json);
        self.asked.store(false, Ordering::Relaxed);
        if self.every.is_none() {
            self.start = Start(None);
            handle.camera_stats(false);
            // A signal asked again meanwhile.
            if self.asked.load(Ordering::Relaxed) {
                handle.camera_stats(true);
            }
        }
    }

    /// The length that the interval must have.
    fn wait(&self) -> Duration {
        let asked = self.asked.load(Ordering::Relaxed).then_some(MIN_INTERVAL);
        let times = asked.into_iter().chain(self.every);
        times.min().unwrap_or(MIN_INTERVAL)
    }
}

/// Asks the station of a camera that we watch for its numbers.
#[derive(Debug)]
pub(crate) struct FarCameraReport {
    every: Duration,
    start: Start<FarCameraStats>,
}

impl FarCameraReport {
    pub(crate) fn new(every: Duration) -> Self {
        Self {
            every,
            start: Start(None),
        }
    }

    /// The call begins, and counts may begin at 0 again.
    pub(crate) fn new_call(&mut self) {
        self.start = Start(None);
    }

    /// At the end of the interval: what happened in it, for people and for programs.
    pub(crate) fn take(&mut self, peer: PeerName, now: &FarCameraStats) -> Option<(String, Value)> {
        let (before, time) = self.start.end(now, self.every)?;
        Some(describe_far(peer, &before, now, time))
    }
}

/// Tells viewers the temperature of this machine while they want statistics.
#[derive(Debug, Default)]
pub(crate) struct MachineReport {
    due: Option<Instant>,
}

/// Often enough to see a machine warm up; each reading opens a few files.
const MACHINE_INTERVAL: Duration = Duration::from_secs(2);

impl MachineReport {
    /// Whether viewers want statistics.
    pub(crate) fn wanted(&mut self, on: bool) {
        self.due = on.then(Instant::now);
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(crate) fn on_time(&mut self, handle: &Handle) {
        let now = Instant::now();
        if self.due.is_some_and(|due| due <= now) {
            self.due = Some(now + MACHINE_INTERVAL);
            handle.machine(Machine::read().state());
        }
    }
}

/// The numbers at the start of an interval.
#[derive(Debug)]
struct Start<T>(Option<(Instant, T)>);

impl<T: Clone> Start<T> {
    /// The numbers at the start of the interval and its length, if that is `wait` or more. Another
    /// interval starts then.
    fn end(&mut self, now: &T, wait: Duration) -> Option<(T, Duration)> {
        let at = Instant::now();
        let is_over = |(since, _): &(Instant, T)| at - *since + TOLERANCE >= wait;
        if !self.0.as_ref().is_none_or(is_over) {
            return None;
        }
        let (since, before) = self.0.replace((at, now.clone()))?;
        Some((before, at - since))
    }
}

/// A line about our own camera, and the same for programs.
fn describe_own(before: &CameraStats, now: &CameraStats, time: Duration) -> (String, Value) {
    let interval = Interval::between(&before.numbers, &now.numbers, time);
    let what = match now.state {
        CameraState::Live => now.what.to_string(),
        state => format!("the camera {}", camera_words(state)),
    };
    let got = |viewer: &ViewerStats| {
        let earlier = before.viewers.iter().find(|it| it.peer == viewer.peer);
        let earlier = earlier.map(|it| it.pictures).unwrap_or_default();
        grown(&earlier, &viewer.pictures)
    };
    let got: Vec<_> = now.viewers.iter().map(|it| (it, got(it))).collect();
    let listed = { got.iter() }.map(|(viewer, got)| interval.viewer(viewer.peer.as_str(), got, ""));
    let mut listed: Vec<_> = listed.collect();
    let by_http = grown(&before.http.pictures, &now.http.pictures);
    listed.extend(interval.http(&now.http, &by_http));
    let all = got.len() + now.http.count;
    let mut viewers = count(all as u64, "viewer");
    if !listed.is_empty() {
        viewers.push_str(&format!(": {}", listed.join(", ")));
    }
    let mut json = interval.json();
    json["state"] = camera_word(now.state).into();
    json["what"] = (*now.what).into();
    json["viewer_count"] = all.into();
    let viewer = |(viewer, got): &(&ViewerStats, ViewerCounts)| {
        let mut json = interval.viewer_json(got);
        json["peer"] = viewer.peer.as_str().into();
        json["quality"] = viewer.quality.map(|quality| quality.to_string()).into();
        json
    };
    json["viewers"] = got.iter().map(viewer).collect();
    json["http"] = interval.viewer_json(&by_http);
    json["http"]["viewer_count"] = now.http.count.into();
    json["http"]["listeners"] = now.http.listeners.into();
    json["http"]["passes"] = now.http.passes.as_slice().into();
    (interval.human(what, viewers), json)
}

/// A line about the camera of that peer, and the same for programs.
fn describe_far(
    peer: PeerName,
    before: &FarCameraStats,
    now: &FarCameraStats,
    time: Duration,
) -> (String, Value) {
    let interval = Interval::between(&before.numbers, &now.numbers, time);
    let ours = grown(&before.ours, &now.ours);
    let viewers = count(now.viewers.into(), "viewer");
    let viewers = format!("{viewers}: {}", interval.viewer("this one", &ours, ""));
    let mut json = interval.json();
    json["peer"] = peer.as_str().into();
    json["viewer_count"] = now.viewers.into();
    json["viewer"] = interval.viewer_json(&ours);
    (
        interval.human(format!("the camera of {peer}"), viewers),
        json,
    )
}

/// Pictures since `before`. The counts of a viewer that connected again begin at 0.
fn grown(before: &ViewerCounts, now: &ViewerCounts) -> ViewerCounts {
    if now.sent < before.sent || now.dropped < before.dropped {
        return *now;
    }
    ViewerCounts {
        sent: now.sent - before.sent,
        dropped: now.dropped - before.dropped,
        left_out: now.left_out.saturating_sub(before.left_out),
    }
}

/// What happened between two sets of numbers.
struct Interval<'a> {
    counts: Counts,
    now: &'a CameraNumbers,
    seconds: f64,
}

impl<'a> Interval<'a> {
    fn between(before: &CameraNumbers, now: &'a CameraNumbers, time: Duration) -> Self {
        Self {
            counts: now.counts.since(&before.counts),
            now,
            seconds: time.as_secs_f64().max(0.001),
        }
    }

    fn rate(&self, count: u64) -> f64 {
        count as f64 / self.seconds
    }

    fn human(&self, what: String, viewers: String) -> String {
        let agreed = match self.now.agreed_fps {
            0 => String::new(),
            fps => format!(" of {fps}"),
        };
        let came = self.rate(self.counts.came());
        let mut parts = vec![format!("{what}: {came:.1} fps{agreed}")];
        if self.counts != Counts::default() {
            parts.push(self.counts.to_string());
        }
        let stages = self.now.latency.known().map(|(stage, spread)| {
            format!(
                "{} {:.1} (p99 {:.1})",
                stage.name(),
                milliseconds(spread.p50),
                milliseconds(spread.p99)
            )
        });
        let stages: Vec<_> = stages.collect();
        if !stages.is_empty() {
            parts.push(format!("{} ms", stages.join(", ")));
        }
        parts.push(viewers);
        let machine = self.now.machine.to_string();
        parts.extend(Some(machine).filter(|words| !words.is_empty()));
        parts.join("; ")
    }

    /// `anna 30.0 fps`, and how many pictures were not sent.
    fn viewer(&self, name: &str, got: &ViewerCounts, together: &str) -> String {
        let lost = match got.dropped.saturating_add(got.left_out) {
            0 => String::new(),
            lost => format!(" ({lost} not sent: the link or the viewer is slow)"),
        };
        format!("{name} {:.1} fps{together}{lost}", self.rate(got.sent))
    }

    /// Viewers by HTTP, if there are any: `2 by HTTP (octoprint, phone) 58.0 fps together`.
    fn http(&self, viewers: &HttpViewers, got: &ViewerCounts) -> Option<String> {
        let passes = match viewers.passes.is_empty() {
            true => String::new(),
            false => format!(" ({})", viewers.passes.join(", ")),
        };
        let together = match viewers.count {
            0 => return None,
            1 => "",
            _ => " together",
        };
        let name = format!("{} by HTTP{passes}", viewers.count);
        Some(self.viewer(&name, got, together))
    }

    fn json(&self) -> Value {
        let counts = self.counts;
        json!({
            "event": "camera_stats",
            "seconds": round(self.seconds),
            "fps": round(self.rate(counts.came())),
            "agreed_fps": self.now.agreed_fps,
            "good": counts.good,
            "damaged": counts.damaged,
            "unusable": counts.unusable,
            "too_large": counts.too_large,
            "skipped": counts.skipped,
            "replaced": counts.stale,
            "repaired": counts.mended,
            "latency_stages_ms": latency::json(&self.now.latency),
            "machine": machine::json(&self.now.machine),
        })
    }

    fn viewer_json(&self, got: &ViewerCounts) -> Value {
        json!({
            "fps": round(self.rate(got.sent)),
            "sent": got.sent,
            "dropped": got.dropped,
            "left_out": got.left_out,
        })
    }
}

#[cfg(test)]
mod tests {
    use transom::latency::{LatencySummary, Spread};
    use transom::{MachineState, Throttling};

    use super::*;

    const TIME: Duration = Duration::from_secs(2);

    fn numbers(good: u64, damaged: u64) -> CameraNumbers {
        let time = Duration::from_millis(3);
        let spread = Some(Spread {
            p50: time,
            p99: time * 2,
        });
        CameraNumbers {
            agreed_fps: 30,
            counts: Counts {
                good,
                damaged,
                ..Counts::default()
            },
            latency: LatencySummary {
                stages: [spread, None, spread, None, None, None],
                ..LatencySummary::default()
            },
            ..CameraNumbers::default()
        }
    }

    fn pictures(sent: u64, left_out: u64) -> ViewerCounts {
        ViewerCounts {
            sent,
            dropped: 0,
            left_out,
        }
    }

    fn stats(good: u64, damaged: u64, sent: u64, left_out: u64) -> CameraStats {
        CameraStats {
            state: CameraState::Live,
            what: "MJPG 640x480 30 fps of HD Webcam".into(),
            numbers: numbers(good, damaged),
            viewers: vec![ViewerStats {
                peer: "anna".parse().unwrap(),
                pictures: pictures(sent, left_out),
                quality: None,
            }],
            http: HttpViewers::default(),
        }
    }

    #[test]
    fn a_line_is_about_what_happened_since_the_one_before() {
        let (before, now) = (stats(100, 5, 50, 1), stats(158, 7, 110, 4));
        let (human, json) = describe_own(&before, &now, TIME);
        assert_eq!(
            human,
            "MJPG 640x480 30 fps of HD Webcam: 30.0 fps of 30; 58 good frames, \
             2 marked as damaged by the driver; capture 3.0 (p99 6.0), wait \
             3.0 (p99 6.0) ms; 1 viewer: anna 30.0 fps (3 not sent: the link or the viewer is slow)"
        );
        assert_eq!((&json["fps"], &json["damaged"]), (&30.0.into(), &2.into()));
        assert_eq!(json["viewers"][0]["left_out"], 3);
        assert_eq!(json["latency_stages_ms"]["wait"]["p99"], 6.0);
    }

    #[test]
    fn a_viewer_that_came_back_counts_anew_and_a_camera_that_is_off_says_so() {
        let (before, mut now) = (stats(100, 0, 50, 0), stats(100, 0, 20, 0));
        now.state = CameraState::Off;
        let (told, _) = describe_own(&before, &now, TIME);
        assert!(told.starts_with("the camera is off: 0.0 fps"), "{told}");
        assert!(told.ends_with("anna 10.0 fps"), "{told}");
    }

    #[test]
    fn a_viewer_reads_of_the_camera_what_its_owner_reads_and_of_viewers_only_itself() {
        let far = |good, damaged, sent, left_out| FarCameraStats {
            numbers: CameraNumbers {
                machine: MachineState {
                    temperature: Some(61.4),
                    throttling: Some(Throttling::default()),
                },
                ..numbers(good, damaged)
            },
            viewers: 2,
            ours: pictures(sent, left_out),
        };
        let (before, now) = (far(100, 5, 50, 1), far(158, 7, 110, 4));
        let (human, far) = describe_far("box".parse().unwrap(), &before, &now, TIME);
        assert_eq!(
            human,
            "the camera of box: 30.0 fps of 30; 58 good frames, \
             2 marked as damaged by the driver; capture 3.0 (p99 6.0), wait \
             3.0 (p99 6.0) ms; 2 viewers: this one 30.0 fps \
             (3 not sent: the link or the viewer is slow); 61 °C"
        );
        let (_, own) = describe_own(&stats(100, 5, 50, 1), &stats(158, 7, 110, 4), TIME);
        let same = [
            "event",
            "seconds",
            "fps",
            "agreed_fps",
            "good",
            "damaged",
            "latency_stages_ms",
        ];
        for field in same {
            assert_eq!(far[field], own[field], "{field}");
        }
        assert_eq!(far["viewer"]["left_out"], own["viewers"][0]["left_out"]);
        assert_eq!(
            (&far["viewer_count"], &own["viewer_count"]),
            (&2.into(), &1.into())
        );
        assert_eq!(far["machine"]["temperature"], 61.4);
        assert_eq!(far["machine"]["throttled"], false);
        assert_eq!(far.get("viewers"), None);
    }

    #[test]
    fn viewers_by_http_are_told_together_with_their_passes() {
        let (mut before, mut now) = (stats(100, 0, 50, 0), stats(160, 0, 110, 0));
        before.http.pictures = pictures(10, 0);
        (now.http.count, now.http.listeners, now.http.given) = (2, 1, 60);
        now.http.passes = vec!["octoprint".into(), "phone".into()];
        now.http.pictures = ViewerCounts {
            dropped: 1,
            ..pictures(100, 0)
        };
        let (human, json) = describe_own(&before, &now, TIME);
        let told = "; 3 viewers: anna 30.0 fps, 2 by HTTP (octoprint, phone) 45.0 fps together \
                    (1 not sent: the link or the viewer is slow)";
        assert!(human.ends_with(told), "{human}");
        assert_eq!(json["viewer_count"], 3);
        assert_eq!(json["http"]["passes"][1], "phone");
        assert_eq!(
            (&json["http"]["sent"], &json["http"]["listeners"]),
            (&90.into(), &1.into())
        );
        now.http.count = 1;
        now.http.passes.clear();
        let (human, _) = describe_own(&before, &now, TIME);
        assert!(
            human.contains("2 viewers: anna 30.0 fps, 1 by HTTP 45.0 fps ("),
            "{human}"
        );
    }

    #[test]
    fn an_interval_starts_with_the_first_numbers_and_where_the_last_one_ended() {
        let mut start = Start(None);
        assert_eq!(start.end(&1, Duration::ZERO), None);
        assert_eq!(start.end(&2, Duration::from_secs(60)), None);
        let before = |ended: Option<(i32, Duration)>| ended.map(|(before, _)| before);
        assert_eq!(before(start.end(&3, Duration::ZERO)), Some(1));
        assert_eq!(before(start.end(&4, Duration::ZERO)), Some(3));
    }
}
