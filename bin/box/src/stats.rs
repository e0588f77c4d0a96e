//! What a viewer measures: pictures, gaps, bytes and latencies, in a fixed amount of memory however
//! long it watches.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use transom::RemotePicture;
use transom::latency::{LatencySummary, Spread, Stage, Stages};

use crate::format::{bytes, count};
use crate::latency;

/// Counts over one interval.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stats {
    pictures: u64,
    lost: u64,
    bytes: u64,
    /// When the first and the last picture came.
    span: Option<(Instant, Instant)>,
    /// The last picture's number, to see gaps.
    last: Option<u32>,
    ready_to_received: Histogram,
    capture_to_received: Histogram,
    stages: BTreeMap<Stage, Histogram>,
    /// The stages that any picture passed.
    passed: BTreeSet<Stage>,
    clock_error: Option<Duration>,
}

impl Stats {
    /// Counts a picture.
    pub(crate) fn add(&mut self, picture: &RemotePicture) {
        let timing = &picture.timing;
        self.count(picture.sequence, picture.jpeg.len(), timing.received);
        self.time(&timing.stages);
    }

    fn time(&mut self, stages: &Stages) {
        for stage in Stage::ALL {
            if let Some(time) = stages.share(stage) {
                self.stages.entry(stage).or_default().add(time);
            }
            if stages.get(stage).is_some() {
                self.passed.insert(stage);
            }
        }
        let way = stages.get(Stage::Wait).zip(stages.get(Stage::Wire));
        if let Some((wait, wire)) = way {
            self.ready_to_received.add(wait + wire);
        }
        if let Some(total) = stages.total() {
            self.capture_to_received.add(total);
        }
        self.clock_error = stages.clock_error().or(self.clock_error);
    }

    fn count(&mut self, sequence: u32, bytes: usize, received: Instant) {
        self.pictures += 1;
        self.bytes += bytes as u64;
        let first = self.span.map_or(received, |(first, _)| first);
        self.span = Some((first, received));
        // A number that goes back means that the camera was opened again.
        let step = self.last.map_or(1, |last| sequence.wrapping_sub(last));
        if (2..MAX_GAP).contains(&step) {
            self.lost += u64::from(step - 1);
        }
        self.last = Some(sequence);
    }

    /// To be called for a new call, whose sequence numbers may begin anywhere.
    pub(crate) fn new_call(&mut self) {
        self.last = None;
    }

    /// Returns the counts so far, and begins the next interval.
    pub(crate) fn take(&mut self) -> Self {
        let next = Self {
            last: self.last,
            ..Self::default()
        };
        std::mem::replace(self, next)
    }

    pub(crate) fn pictures(&self) -> u64 {
        self.pictures
    }

    /// When the first picture came.
    pub(crate) fn first(&self) -> Option<Instant> {
        self.span.map(|(first, _)| first)
    }

    /// Pictures a second, from the first to the last; `None` below [`MIN_PICTURES`] and
    /// [`MIN_SPAN`], where the number would mean little.
    pub(crate) fn fps(&self) -> Option<f64> {
        let (first, last) = self.span?;
        let span = last.saturating_duration_since(first);
        let is_enough = self.pictures >= MIN_PICTURES && span >= MIN_SPAN;
        is_enough.then(|| (self.pictures - 1) as f64 / span.as_secs_f64())
    }

    /// The latencies of the interval.
    pub(crate) fn latency(&self) -> LatencySummary {
        let of = |stage| {
            let passed = self.passed.contains(&stage);
            self.stages.get(&stage).filter(|_| passed)?.spread()
        };
        LatencySummary {
            stages: Stage::ALL.map(of),
            total: self.capture_to_received.spread(),
            clock_error: self.clock_error,
        }
    }

    /// A short line for people while it runs; `over` is the length of the interval.
    pub(crate) fn line(&self, over: Duration, latency: &LatencySummary) -> String {
        let seconds = over.as_secs_f64().max(0.001);
        let fps = self.pictures as f64 / seconds;
        let kilobits = self.kilobits(seconds);
        let lost = self.lost;
        let latency = latency::words(latency).map_or(String::new(), |words| format!(", {words}"));
        format!("{fps:.1} fps, {kilobits:.0} kbit/s, {lost} lost{latency}")
    }

    /// A line for people at the end.
    pub(crate) fn summary(&self) -> String {
        let pictures = count(self.pictures, "picture");
        let Some((fps, span)) = self.fps().zip(self.span) else {
            return format!("{pictures}, {}, {} lost", bytes(self.bytes), self.lost);
        };
        let seconds = (span.1 - span.0).as_secs_f64();
        let latency = latency::words(&self.latency());
        let latency = latency.map_or(String::new(), |words| format!("; {words}"));
        format!(
            "{pictures} in {seconds:.1} s: {fps:.1} fps, {:.0} kbit/s, {} lost{latency}",
            self.kilobits(seconds),
            self.lost,
        )
    }

    fn kilobits(&self, seconds: f64) -> f64 {
        self.bytes as f64 * 8.0 / 1000.0 / seconds
    }

    /// The stable object of `--stats-json`. An unknown rate is null.
    pub(crate) fn json(
        &self,
        event: &str,
        fps: Option<f64>,
        over: Duration,
        latency: &LatencySummary,
    ) -> Value {
        json!({
            "event": event,
            "seconds": round(over.as_secs_f64()),
            "pictures": self.pictures,
            "lost": self.lost,
            "fps": fps.map(round),
            "bytes": self.bytes,
            "latency_ready_to_received_ms": self.ready_to_received.json(),
            "latency_capture_to_received_ms": self.capture_to_received.json(),
            "latency_stages_ms": latency::json(latency),
            "clock_error_ms": latency.clock_error.map(|error| round(milliseconds(error))),
        })
    }
}

/// With fewer pictures no rate is given.
const MIN_PICTURES: u64 = 10;

/// In a shorter time no rate is given: the first pictures may have been queued and come in a burst.
const MIN_SPAN: Duration = Duration::from_millis(500);

/// A gap of more pictures is no loss, but a counter that was set anew: ten minutes at 100 fps.
const MAX_GAP: u32 = 60_000;

/// A histogram of durations. Each bucket is 1/64 of its power of two wide, so quantiles are exact
/// to 1.6 %; the maximum is exact.
#[derive(Clone, Debug)]
struct Histogram {
    buckets: Box<[u32; BUCKETS]>,
    count: u64,
    max: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: Box::new([0; BUCKETS]),
            count: 0,
            max: Duration::ZERO,
        }
    }
}

impl Histogram {
    fn add(&mut self, time: Duration) {
        let at = bucket(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        if let Some(bucket) = self.buckets.get_mut(at) {
            *bucket = bucket.saturating_add(1);
        }
        self.count += 1;
        self.max = self.max.max(time);
    }

    /// The value below or at which the fraction `quantile` of all durations lies.
    fn quantile(&self, quantile: f64) -> Duration {
        let wanted = (self.count as f64 * quantile).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (at, &count) in self.buckets.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted {
                return Duration::from_micros(upper_micros(at)).min(self.max);
            }
        }
        Duration::ZERO
    }

    /// p50 and p99, where anything was measured.
    fn spread(&self) -> Option<Spread> {
        (self.count > 0).then(|| Spread {
            p50: self.quantile(0.5),
            p99: self.quantile(0.99),
        })
    }

    /// `null` if nothing was measured, as before the clocks were compared.
    fn json(&self) -> Value {
        let Some(spread) = self.spread() else {
            return Value::Null;
        };
        let mut json = latency::spread_json(spread);
        json["max"] = round(milliseconds(self.max)).into();
        json
    }
}

fn bucket(micros: u64) -> usize {
    let micros = micros.min(MAX_MICROS);
    if micros < STEPS {
        return micros as usize;
    }
    let power = u64::from(micros.ilog2() - STEPS.ilog2());
    (power * STEPS + (micros >> power)) as usize
}

/// The largest time of a bucket.
fn upper_micros(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * STEPS {
        return bucket;
    }
    let power = bucket / STEPS - 1;
    (((bucket - power * STEPS) + 1) << power) - 1
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Rounded to three decimal places.
pub(crate) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Buckets for each power of two.
const STEPS: u64 = 64;
/// Longer latencies, above 67 s, count as 67 s.
const MAX_MICROS: u64 = (1 << 26) - 1;
const BUCKETS: usize = (26 - 6 + 1) * 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_in_its_bucket() {
        let mut last = 0;
        for micros in (0..5_000)
            .chain((5_000..MAX_MICROS).step_by(9_973))
            .chain([MAX_MICROS, u64::MAX])
        {
            let at = bucket(micros);
            assert!(at < BUCKETS, "{micros}");
            assert!(at >= last, "{micros}");
            last = at;
            let upper = upper_micros(at);
            let clamped = micros.min(MAX_MICROS);
            assert!(
                upper >= clamped && upper <= clamped + clamped / 60 + 1,
                "{micros} in {upper}"
            );
        }
    }

    #[test]
    fn quantiles_are_those_of_the_times() {
        let mut histogram = Histogram::default();
        for milli in 1..=100 {
            histogram.add(Duration::from_millis(milli));
        }
        let Spread { p50, p99 } = histogram.spread().unwrap();
        assert!((milliseconds(p50) - 50.0).abs() < 1.0);
        assert!((milliseconds(p99) - 99.0).abs() < 2.0);
        assert_eq!(histogram.json()["max"], 100.0);
        assert_eq!(Histogram::default().json(), Value::Null);
    }

    #[test]
    fn gaps_are_losses_but_a_restarted_counter_is_not() {
        let start = Instant::now();
        let mut stats = Stats::default();
        for sequence in [7, 8, 11, 12, 0, 1, u32::MAX, 0] {
            stats.count(sequence, 100, start);
        }
        assert_eq!((stats.pictures, stats.lost, stats.bytes), (8, 2, 800));
        stats.new_call();
        stats.count(50, 1, start);
        assert_eq!(stats.lost, 2);
    }

    #[test]
    fn a_few_pictures_have_no_rate() {
        let start = Instant::now();
        let stats = |pictures: u32, apart: u64| {
            let mut stats = Stats::default();
            for picture in 0..pictures {
                stats.count(picture, 500, start + Duration::from_millis(apart) * picture);
            }
            stats
        };
        for (pictures, apart, said) in [
            (0, 0, "0 pictures, 0 B, 0 lost"),
            (1, 0, "1 picture, 500 B, 0 lost"),
            (9, 1000, "9 pictures, 4.50 kB, 0 lost"),
            (30, 10, "30 pictures, 15.0 kB, 0 lost"),
            (11, 100, "11 pictures in 1.0 s: 10.0 fps, 44 kbit/s, 0 lost"),
        ] {
            let stats = stats(pictures, apart);
            assert_eq!(stats.summary(), said);
            let json = stats.json("summary", stats.fps(), Duration::ZERO, &stats.latency());
            assert_eq!(json["fps"].is_null(), pictures != 11, "{json}");
        }
    }

    #[test]
    fn latencies_are_told_where_they_are_known() {
        let mut stats = Stats::default();
        stats.count(1, 500, Instant::now());
        let second = Duration::from_secs(1);
        let line = |stats: &Stats| stats.line(second, &stats.latency());
        assert_eq!(line(&stats), "1.0 fps, 4 kbit/s, 0 lost");
        let json = |stats: &Stats| stats.json("stats", None, second, &stats.latency());
        assert_eq!(json(&stats)["latency_stages_ms"], json!({}));
        assert_eq!(json(&stats)["latency_capture_to_received_ms"], Value::Null);
        for _ in 0..3 {
            let millis = Duration::from_millis;
            let sender = Stages::default().with(Stage::Capture, millis(3));
            stats.time(
                &sender
                    .with(Stage::Wait, millis(1))
                    .with(Stage::Wire, millis(6)),
            );
        }
        assert_eq!(
            line(&stats),
            "1.0 fps, 4 kbit/s, 0 lost, 10.0 ms (p99 10.0): capture 3.0, wait 1.0, wire 6.0"
        );
        let json = json(&stats);
        assert_eq!(
            json["latency_stages_ms"]["capture"],
            json!({"p50": 3.0, "p99": 3.0})
        );
        assert_eq!(json["latency_stages_ms"].get("encode"), None, "no encoder");
        assert_eq!(json["latency_ready_to_received_ms"]["max"], 7.0);
        assert_eq!(json["latency_capture_to_received_ms"]["p50"], 10.0);
    }

    #[test]
    fn the_rate_is_between_first_and_last() {
        let start = Instant::now();
        let mut stats = Stats::default();
        for picture in 0..31 {
            stats.count(picture, 1, start + Duration::from_millis(100) * picture);
        }
        assert!((stats.fps().unwrap() - 10.0).abs() < 1e-9);
        assert_eq!(stats.take().pictures(), 31);
        assert_eq!(stats.pictures(), 0);
        stats.count(33, 1, start);
        assert_eq!(
            stats.lost, 2,
            "a gap between two stretches counts in the second"
        );
    }
}
