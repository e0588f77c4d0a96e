//! Statistics of `transom camera`: a line every `--stats` seconds, and one after SIGUSR1.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use transom::media::Counts;
use transom::{CameraState, CameraStats, Handle, ViewerStats};

use crate::doctor::machine::Machine;
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
    /// The numbers at the beginning of the interval.
    before: Option<(Instant, Box<CameraStats>)>,
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
        transom_signals::watch_inquiries(move || {
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
            before: None,
        })
    }

    /// Takes the station's numbers, and at the end of the interval prints what happened in it.
    pub(crate) fn take(&mut self, now: Box<CameraStats>, handle: &Handle, output: &Output) {
        if self.every.is_none() && !self.asked.load(Ordering::Relaxed) {
            // Sent before the station knew that they are no longer wanted.
            return;
        }
        let at = Instant::now();
        let Some((since, before)) = &self.before else {
            self.before = Some((at, now));
            return;
        };
        let interval = at.saturating_duration_since(*since);
        if interval + TOLERANCE < self.wait() {
            return;
        }
        let numbers = Interval::between(before, &now, interval);
        let machine = Machine::read();
        let json = numbers.json(&machine);
        output.deliver(numbers.human(&machine), json);
        self.asked.store(false, Ordering::Relaxed);
        self.before = self.every.map(|_| (at, now));
        if self.every.is_none() {
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

/// What happened between two sets of numbers.
struct Interval<'a> {
    counts: Counts,
    /// For each viewer the pictures sent, dropped and left out.
    viewers: Vec<(&'a ViewerStats, [u64; 3])>,
    now: &'a CameraStats,
    seconds: f64,
}

impl<'a> Interval<'a> {
    fn between(before: &CameraStats, now: &'a CameraStats, time: Duration) -> Self {
        let numbers = |it: &ViewerStats| [it.sent, it.dropped, it.left_out];
        let viewers = now.viewers.iter().map(|viewer| {
            let earlier = { before.viewers.iter() }.find(|it| it.peer == viewer.peer);
            let earlier = earlier.map_or([0; 3], numbers);
            let mut grown = numbers(viewer);
            // The counts of a viewer that connected again begin at 0.
            if grown[0] >= earlier[0] && grown[1] >= earlier[1] {
                for (number, earlier) in grown.iter_mut().zip(earlier) {
                    *number = number.saturating_sub(earlier);
                }
            }
            (viewer, grown)
        });
        Self {
            counts: now.counts.since(&before.counts),
            viewers: viewers.collect(),
            now,
            seconds: time.as_secs_f64().max(0.001),
        }
    }

    fn rate(&self, count: u64) -> f64 {
        count as f64 / self.seconds
    }

    /// Frames received from the camera.
    fn came(&self) -> u64 {
        self.counts.good + self.counts.bad()
    }

    fn human(&self, machine: &Machine) -> String {
        let what = match self.now.state {
            CameraState::Live => self.now.what.to_string(),
            state => format!("the camera {}", camera_words(state)),
        };
        let agreed = match self.now.agreed_fps {
            0 => String::new(),
            fps => format!(" of {fps}"),
        };
        let mut parts = vec![format!("{what}: {:.1} fps{agreed}", self.rate(self.came()))];
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
        let viewers = self
            .viewers
            .iter()
            .map(|(viewer, [sent, dropped, left_out])| {
                let lost = dropped + left_out;
                let lost = match lost {
                    0 => String::new(),
                    lost => format!(" ({lost} not sent: the link or the viewer is slow)"),
                };
                format!("{} {:.1} fps{lost}", viewer.peer, self.rate(*sent))
            });
        let listed: Vec<_> = viewers.collect();
        let mut viewers = count(listed.len() as u64, "viewer");
        if !listed.is_empty() {
            viewers.push_str(&format!(": {}", listed.join(", ")));
        }
        parts.push(viewers);
        parts.extend(Some(machine.words()).filter(|words| !words.is_empty()));
        parts.join("; ")
    }

    fn json(&self, machine: &Machine) -> Value {
        let counts = self.counts;
        let viewers = self
            .viewers
            .iter()
            .map(|(viewer, [sent, dropped, left_out])| {
                json!({
                    "peer": viewer.peer.as_str(),
                    "fps": round(self.rate(*sent)),
                    "sent": sent,
                    "dropped": dropped,
                    "left_out": left_out,
                    "quality": viewer.quality.map(|quality| quality.to_string()),
                })
            });
        json!({
            "event": "camera_stats",
            "seconds": round(self.seconds),
            "state": camera_word(self.now.state),
            "what": &*self.now.what,
            "fps": round(self.rate(self.came())),
            "agreed_fps": self.now.agreed_fps,
            "good": counts.good,
            "damaged": counts.damaged,
            "unusable": counts.unusable,
            "too_large": counts.too_large,
            "skipped": counts.skipped,
            "replaced": counts.stale,
            "repaired": counts.mended,
            "latency_stages_ms": latency::json(&self.now.latency),
            "viewers": viewers.collect::<Vec<_>>(),
            "machine": machine.json(),
        })
    }
}

#[cfg(test)]
mod tests {
    use transom::latency::{LatencySummary, Spread};

    use super::*;

    fn stats(good: u64, damaged: u64, sent: u64, left_out: u64) -> CameraStats {
        let time = Duration::from_millis(3);
        let spread = Some(Spread {
            p50: time,
            p99: time * 2,
        });
        CameraStats {
            state: CameraState::Live,
            what: "MJPG 640x480 30 fps of HD Webcam".into(),
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
            viewers: vec![ViewerStats {
                peer: "anna".parse().unwrap(),
                sent,
                dropped: 0,
                left_out,
                quality: None,
            }],
        }
    }

    #[test]
    fn a_line_is_about_what_happened_since_the_one_before() {
        let (before, now) = (stats(100, 5, 50, 1), stats(158, 7, 110, 4));
        let interval = Interval::between(&before, &now, Duration::from_secs(2));
        let machine = Machine::default();
        assert_eq!(
            interval.human(&machine),
            "MJPG 640x480 30 fps of HD Webcam: 30.0 fps of 30; 58 good frames, \
             2 marked as damaged by the driver; capture 3.0 (p99 6.0), wait \
             3.0 (p99 6.0) ms; 1 viewer: anna 30.0 fps (3 not sent: the link or the viewer is slow)"
        );
        let json = interval.json(&machine);
        assert_eq!((&json["fps"], &json["damaged"]), (&30.0.into(), &2.into()));
        assert_eq!(json["viewers"][0]["left_out"], 3);
        assert_eq!(json["latency_stages_ms"]["wait"]["p99"], 6.0);
    }

    #[test]
    fn a_viewer_that_connects_again_is_counted_from_0_and_a_camera_that_is_off_says_so() {
        let (before, mut now) = (stats(100, 0, 50, 0), stats(100, 0, 20, 0));
        now.state = CameraState::Off;
        let interval = Interval::between(&before, &now, Duration::from_secs(2));
        let told = interval.human(&Machine::default());
        assert!(told.starts_with("the camera is off: 0.0 fps"), "{told}");
        assert!(told.ends_with("anna 10.0 fps"), "{told}");
    }
}
