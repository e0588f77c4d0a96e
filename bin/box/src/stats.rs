//! What a viewer measures: pictures, gaps, bytes and latencies, in a fixed amount of memory however
//! long it watches.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use transom::RemotePicture;

use crate::format::{bytes, count};

/// Counts of one stretch of watching.
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
}

impl Stats {
    /// Counts a picture.
    pub(crate) fn add(&mut self, picture: &RemotePicture) {
        let timing = &picture.timing;
        self.count(picture.sequence, picture.jpeg.len(), timing.received);
        for (from, histogram) in [
            (timing.ready, &mut self.ready_to_received),
            (timing.captured, &mut self.capture_to_received),
        ] {
            if let Some(from) = from {
                histogram.add(timing.received.saturating_duration_since(from));
            }
        }
    }

    fn count(&mut self, sequence: u32, bytes: usize, received: Instant) {
        self.pictures += 1;
        self.bytes += bytes as u64;
        let first = self.span.map_or(received, |(first, _)| first);
        self.span = Some((first, received));
        // A number that runs backwards is a camera that began anew.
        let step = self.last.map_or(1, |last| sequence.wrapping_sub(last));
        if (2..MAX_GAP).contains(&step) {
            self.lost += u64::from(step - 1);
        }
        self.last = Some(sequence);
    }

    /// A new call counts its pictures from anywhere.
    pub(crate) fn new_call(&mut self) {
        self.last = None;
    }

    /// The counts so far, and begins the next stretch.
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

    /// Pictures a second, by the first and the last of them; `None` where too few of them in too
    /// short a time would give a number without meaning.
    pub(crate) fn fps(&self) -> Option<f64> {
        let (first, last) = self.span?;
        let span = last.saturating_duration_since(first);
        let is_enough = self.pictures >= MIN_PICTURES && span >= MIN_SPAN;
        is_enough.then(|| (self.pictures - 1) as f64 / span.as_secs_f64())
    }

    /// From ready at the box to received here: p50 and p99 in milliseconds.
    pub(crate) fn ready_ms(&self) -> Option<(f64, f64)> {
        self.ready_to_received.middle_and_tail()
    }

    /// From the sensor to received here: p50 and p99 in milliseconds.
    pub(crate) fn capture_ms(&self) -> Option<(f64, f64)> {
        self.capture_to_received.middle_and_tail()
    }

    /// A short line for people while it runs; `over` is how long the stretch was.
    pub(crate) fn line(&self, over: Duration) -> String {
        let seconds = over.as_secs_f64().max(0.001);
        let behind = self.capture_ms().map_or(String::new(), |(p50, p99)| {
            format!(", {p50:.1} ms from camera to here (p99 {p99:.1} ms)")
        });
        let fps = self.pictures as f64 / seconds;
        let kilobits = self.kilobits(seconds);
        format!(
            "{fps:.1} fps, {kilobits:.0} kbit/s, {} lost{behind}",
            self.lost
        )
    }

    /// A line for people at the end.
    pub(crate) fn summary(&self) -> String {
        let pictures = count(self.pictures, "picture");
        let Some((fps, span)) = self.fps().zip(self.span) else {
            return format!("{pictures}, {}, {} lost", bytes(self.bytes), self.lost);
        };
        let seconds = (span.1 - span.0).as_secs_f64();
        let latencies = self.capture_ms().zip(self.ready_ms());
        let behind = latencies.map_or(String::new(), |((p50, p99), (way_p50, way_p99))| {
            format!(
                "; {p50:.1} ms from camera to here (p99 {p99:.1} ms), of which {way_p50:.1} ms \
                 on the way (p99 {way_p99:.1} ms)"
            )
        });
        format!(
            "{pictures} in {seconds:.1} s: {fps:.1} fps, {:.0} kbit/s, {} lost{behind}",
            self.kilobits(seconds),
            self.lost,
        )
    }

    fn kilobits(&self, seconds: f64) -> f64 {
        self.bytes as f64 * 8.0 / 1000.0 / seconds
    }

    /// The stable object of `--stats-json`. A rate that nothing can be said of is null.
    pub(crate) fn json(&self, event: &str, fps: Option<f64>, over: Duration) -> Value {
        json!({
            "event": event,
            "seconds": round(over.as_secs_f64()),
            "pictures": self.pictures,
            "lost": self.lost,
            "fps": fps.map(round),
            "bytes": self.bytes,
            "latency_ready_to_received_ms": self.ready_to_received.json(),
            "latency_capture_to_received_ms": self.capture_to_received.json(),
        })
    }
}

/// Fewer pictures tell no rate.
const MIN_PICTURES: u64 = 10;

/// Nor do those of a shorter time: the first ones may have waited somewhere and come at once.
const MIN_SPAN: Duration = Duration::from_millis(500);

/// A gap of more pictures than this is no loss but another count: ten minutes at 100 fps.
const MAX_GAP: u32 = 60_000;

/// Durations by size, each bucket 1/64 of its power of two wide: quantiles are right to 1.6 %, the
/// largest exactly.
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

    fn quantile_ms(&self, quantile: f64) -> f64 {
        let wanted = (self.count as f64 * quantile).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (at, &count) in self.buckets.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted {
                return (upper_micros(at) as f64 / 1000.0).min(milliseconds(self.max));
            }
        }
        0.0
    }

    /// p50 and p99 in milliseconds, where anything was measured.
    fn middle_and_tail(&self) -> Option<(f64, f64)> {
        (self.count > 0).then(|| (self.quantile_ms(0.5), self.quantile_ms(0.99)))
    }

    /// `null` where nothing was measured, as before the clocks are known to each other.
    fn json(&self) -> Value {
        if self.count == 0 {
            return Value::Null;
        }
        json!({
            "p50": round(self.quantile_ms(0.5)),
            "p99": round(self.quantile_ms(0.99)),
            "max": round(milliseconds(self.max)),
        })
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

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// To three digits behind the point.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Buckets for each power of two.
const STEPS: u64 = 64;
/// Latencies above 67 s are all alike.
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
        assert!((histogram.quantile_ms(0.5) - 50.0).abs() < 1.0);
        assert!((histogram.quantile_ms(0.99) - 99.0).abs() < 2.0);
        assert_eq!(histogram.json()["max"], 100.0);
        assert_eq!(Histogram::default().json(), Value::Null);
    }

    #[test]
    fn gaps_are_losses_but_new_counts_are_not() {
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
            let json = stats.json("summary", stats.fps(), Duration::ZERO);
            assert_eq!(json["fps"].is_null(), pictures != 11, "{json}");
        }
    }

    #[test]
    fn latencies_are_told_where_they_are_known() {
        let mut stats = Stats::default();
        stats.count(1, 500, Instant::now());
        let second = Duration::from_secs(1);
        assert_eq!(stats.line(second), "1.0 fps, 4 kbit/s, 0 lost");
        stats.capture_to_received.add(Duration::from_millis(12));
        let line = stats.line(second);
        assert!(
            line.contains(", 12.0 ms from camera to here (p99 12.0 ms)"),
            "{line}"
        );
        assert!(line.len() < 80);
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
