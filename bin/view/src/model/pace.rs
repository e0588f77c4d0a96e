//! Statistics of a stream of pictures: frame rate, bit rate, losses and the bottleneck over the
//! last second, and the time of each stage over the last five seconds.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use transom::PeerName;
use transom::latency::{LatencySummary, LatencyWindow, Spread, Stage, Stages};

/// The time that the statistics cover.
const SPAN: Duration = Duration::from_secs(1);
/// Pictures kept, more than any camera gives in a second.
const MAX_SAMPLES: usize = 500;
/// The share of losses from which on a stage counts as the bottleneck.
const MANY: f32 = 0.1;

/// What happened to one picture on its way to the screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Bytes of its JPEG.
    pub(crate) bytes: usize,
    /// The camera's count of it.
    pub(crate) sequence: u32,
    /// Pictures before it that came, but made room for it before they were decoded.
    pub(crate) undecoded: u32,
    /// Pictures before it that were decoded, but made room for it before they were drawn.
    pub(crate) unseen: u32,
    /// Its stages until it was decoded.
    pub(crate) stages: Stages,
    /// When its last byte was received.
    pub(crate) received: Instant,
    /// When it was decoded.
    pub(crate) decoded: Instant,
    /// When it was handed to the screen.
    pub(crate) presented: Instant,
}

/// The samples of the last second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    samples: VecDeque<Sample>,
    latency: LatencyWindow,
    /// When the log was told last.
    logged: Option<Instant>,
}

/// The numbers of the last seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    /// Pictures on the screen.
    pub(crate) fps: f32,
    /// Millions of bits a second.
    pub(crate) megabits: f32,
    /// Pictures that never came.
    pub(crate) missing: u32,
    /// Pictures that came and were not decoded.
    pub(crate) undecoded: u32,
    /// Pictures decoded and not drawn.
    pub(crate) unseen: u32,
    /// How long each stage took, and all together.
    pub(crate) latency: LatencySummary,
    /// From its last byte until it was presented: the window's share of the latency.
    pub(crate) window: Option<Spread>,
}

/// The bottleneck of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Bound {
    /// Everything the camera gives is seen.
    Camera,
    /// Pictures are missing that the camera counted. The network may have lost them, or a busy
    /// computer on either side may have kept them from being sent.
    Missing,
    /// Decoding is too slow.
    Decoder,
    /// Drawing is too slow.
    Screen,
}

impl Pace {
    /// One more picture is on the screen.
    pub(crate) fn add(&mut self, sample: Sample) {
        if self.samples.len() >= MAX_SAMPLES {
            self.samples.pop_front();
        }
        let now = sample.presented;
        let show = now.saturating_duration_since(sample.decoded);
        self.latency.add(now, sample.stages.with(Stage::Show, show));
        self.samples.push_back(sample);
        self.forget(now);
    }

    /// Logs the statistics of that peer's pictures once a second.
    pub(crate) fn log(&mut self, peer: PeerName, now: Instant) {
        let due = self.logged.is_none_or(|at| now - at >= SPAN);
        if due
            && log::log_enabled!(log::Level::Info)
            && let Some(summary) = self.summary(now)
        {
            self.logged = Some(now);
            log::info!("peer={peer} {summary}");
        }
    }

    /// The statistics as of now; `None` if the last second had no picture.
    pub(crate) fn summary(&self, now: Instant) -> Option<Summary> {
        let is_recent = |sample: &&Sample| now.saturating_duration_since(sample.presented) <= SPAN;
        let samples: VecDeque<_> = self.samples.iter().filter(is_recent).collect();
        let (first, last) = (samples.front()?, samples.back()?);
        let sum =
            |count: fn(&Sample) -> u32| samples.iter().skip(1).map(|one| count(one)).sum::<u32>();
        let (undecoded, unseen) = (sum(|one| one.undecoded), sum(|one| one.unseen));
        // Steps of the count that neither came nor were passed over here. A camera that starts anew
        // counts from the start.
        let steps = last.sequence.wrapping_sub(first.sequence);
        let seen = samples.len() as u32 - 1;
        let missing = steps.saturating_sub(seen + undecoded + unseen);
        let bytes: usize = samples.iter().map(|one| one.bytes).sum();
        Some(Summary {
            fps: pace(samples.len(), last.presented - first.presented),
            megabits: bytes as f32 * 8.0 / 1e6,
            missing: if steps > MAX_SAMPLES as u32 {
                0
            } else {
                missing
            },
            undecoded,
            unseen,
            latency: self.latency.summary(now),
            window: Spread::of(&mut samples.iter().map(|one| in_window(one)).collect::<Vec<_>>()),
        })
    }

    fn forget(&mut self, now: Instant) {
        while let Some(first) = self.samples.front()
            && now.saturating_duration_since(first.presented) > SPAN
        {
            self.samples.pop_front();
        }
    }
}

/// `key=value`, for the log; times in milliseconds.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fps,
            megabits,
            missing,
            undecoded,
            unseen,
            ..
        } = self;
        write!(f, "fps={fps:.1} mbit={megabits:.1} ")?;
        write!(f, "missing={missing} undecoded={undecoded} unseen={unseen}")?;
        let stages = (self.latency.known()).map(|(stage, spread)| (stage.name(), spread));
        let window = self.window.map(|spread| ("window", spread));
        let all = self.latency.total.map(|spread| ("all", spread));
        for (name, Spread { p50, p99 }) in stages.chain(window).chain(all) {
            let [p50, p99] = [p50, p99].map(|time| time.as_secs_f64() * 1e3);
            write!(f, " {name}_p50={p50:.1} {name}_p99={p99:.1}")?;
        }
        Ok(())
    }
}

impl Summary {
    /// The bottleneck. The last stage is checked first, since a slow stage makes the stages before
    /// it wait.
    pub(crate) fn bound(&self) -> Bound {
        let lost = (self.missing + self.undecoded + self.unseen) as f32;
        let all = lost + self.fps.max(1.0);
        if self.unseen as f32 > all * MANY {
            Bound::Screen
        } else if self.undecoded as f32 > all * MANY || self.decodes_all_the_time() {
            Bound::Decoder
        } else if self.missing as f32 > all * MANY {
            Bound::Missing
        } else {
            Bound::Camera
        }
    }

    /// A sender is given credit when a picture is decoded, so a slow decoder also shows as pictures
    /// that never come.
    fn decodes_all_the_time(&self) -> bool {
        let decoding = self.latency.stages[Stage::Decode as usize];
        let busy = decoding.map(|decoding| decoding.p50.as_secs_f32() * self.fps);
        self.missing > 0 && busy.is_some_and(|busy| busy > 0.9)
    }
}

fn in_window(sample: &Sample) -> Duration {
    sample.presented.saturating_duration_since(sample.received)
}

fn pace(pictures: usize, span: Duration) -> f32 {
    match span.as_secs_f32() {
        span if span > 0.0 => (pictures - 1) as f32 / span,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Two seconds of pictures every 50 ms, each stage 1 to 6 ms long.
    fn stream(change: impl Fn(&mut Sample, u32)) -> Summary {
        let (start, mut pace) = (Instant::now(), Pace::default());
        let mut end = start;
        for number in 0..40 {
            let captured = start + millis(50) * number;
            let mut sample = Sample {
                bytes: 25_000,
                sequence: number,
                undecoded: 0,
                unseen: 0,
                stages: Stages::default()
                    .with(Stage::Capture, millis(1))
                    .with(Stage::Encode, millis(2))
                    .with(Stage::Wait, millis(3))
                    .with(Stage::Wire, millis(4))
                    .with(Stage::Decode, millis(5)),
                received: captured + millis(10),
                decoded: captured + millis(15),
                presented: captured + millis(21),
            };
            change(&mut sample, number);
            end = sample.presented;
            pace.add(sample);
        }
        pace.summary(end).unwrap()
    }

    #[test]
    fn a_smooth_stream_is_bound_by_its_camera() {
        let summary = stream(|_, _| ());
        assert!((summary.fps - 20.0).abs() < 0.01, "{summary:?}");
        assert!((summary.megabits - 4.2).abs() < 0.01, "{summary:?}");
        let stages = (summary.latency.stages).map(|stage| stage.unwrap().p50.as_millis());
        assert_eq!(stages, [1, 2, 3, 4, 5, 6]);
        assert_eq!(summary.latency.total.unwrap().p50, millis(21));
        assert_eq!(summary.window.unwrap().p50, millis(11));
        assert_eq!(summary.bound(), Bound::Camera);
    }

    #[test]
    fn the_stage_that_loses_pictures_is_named() {
        let missing = stream(|one, number| one.sequence = number * 2);
        assert_eq!((missing.missing, missing.bound()), (20, Bound::Missing));
        let decoder = stream(|one, number| (one.sequence, one.undecoded) = (number * 2, 1));
        assert_eq!((decoder.missing, decoder.bound()), (0, Bound::Decoder));
        let screen = stream(|one, number| (one.sequence, one.unseen) = (number * 2, 1));
        assert_eq!((screen.missing, screen.bound()), (0, Bound::Screen));
        let slow = stream(|one, number| {
            one.sequence = number * 2;
            one.stages = one.stages.with(Stage::Decode, millis(48));
        });
        assert_eq!(slow.bound(), Bound::Decoder);
    }

    #[test]
    fn the_worst_of_a_hundred_and_unknown_clocks_are_told_apart() {
        let summary = stream(|one, number| {
            one.stages = Stages::default().with(Stage::Decode, millis(5));
            if number == 39 {
                one.presented += millis(30);
            }
        });
        assert_eq!(summary.latency.stages[Stage::Capture as usize], None);
        let show = summary.latency.stages[Stage::Show as usize].unwrap();
        assert_eq!((show.p50, show.p99), (millis(6), millis(36)));
        assert_eq!(summary.latency.total, None);
    }

    #[test]
    fn a_stream_that_stopped_has_no_numbers_and_a_hostile_count_none_that_are_absurd() {
        let mut pace = Pace::default();
        let now = Instant::now();
        for sequence in [7, u32::MAX, 3] {
            pace.add(Sample {
                bytes: 1,
                sequence,
                undecoded: 0,
                unseen: 0,
                stages: Stages::default(),
                received: now,
                decoded: now,
                presented: now,
            });
        }
        assert_eq!(pace.summary(now).unwrap().missing, 0);
        assert_eq!(pace.summary(now + millis(1001)), None);
    }
}
