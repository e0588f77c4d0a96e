//! The result of a run: pictures and the file over time, and the figures computed from them.

use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};
use crate::sandbox::{is_event, number_field};

/// A picture that the viewer received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picture {
    /// When it was received, after the first picture.
    pub at: Duration,
    pub sequence: u32,
    pub bytes: f64,
    /// From ready at the camera to completely received, in milliseconds; `None` until the clocks
    /// are compared.
    pub latency: Option<f64>,
}

/// The result of a run. Times count from the first picture.
#[derive(Debug, Default)]
pub(super) struct RunResult {
    pub pictures: Vec<Picture>,
    /// Times, and the bytes of the file received by then.
    pub file: Vec<(Duration, f64)>,
    pub length: Duration,
}

impl RunResult {
    /// Parses the output of the viewer and of the receiver of the file.
    pub(super) fn of(lines: &[(Instant, String)], first: Instant, length: Duration) -> Self {
        let mut run_result = Self {
            length,
            ..Self::default()
        };
        for (at, line) in lines {
            let at = at.saturating_duration_since(first);
            let number = |name| number_field(line, None, name);
            if is_event(line, "picture") {
                run_result.pictures.push(Picture {
                    at,
                    sequence: number("sequence").unwrap_or_default() as u32,
                    bytes: number("bytes").unwrap_or_default(),
                    latency: number("ready_to_received_ms"),
                });
            } else if is_event(line, "transfer") && at <= length {
                let moved = number("moved").filter(|moved| *moved > 0.0);
                run_result.file.extend(moved.map(|moved| (at, moved)));
            }
        }
        run_result
    }

    /// Pictures received while the file moved, or all pictures of a run without a file.
    pub(super) fn beside_file(&self) -> impl Iterator<Item = &Picture> {
        let begin = self.file.first().map_or(Duration::ZERO, |(at, _)| *at);
        let end = self.file.last().map_or(Duration::MAX, |(at, _)| *at);
        let range = begin..=end;
        self.pictures
            .iter()
            .filter(move |picture| range.contains(&picture.at))
    }

    /// The fraction of the camera's pictures that were shown.
    pub(super) fn shown(&self) -> f64 {
        let (Some(first), Some(last)) = (self.pictures.first(), self.pictures.last()) else {
            return 0.0;
        };
        let made = last.sequence.wrapping_sub(first.sequence) + 1;
        self.pictures.len() as f64 / f64::from(made)
    }

    /// The rate of the video in bytes a second.
    pub(super) fn video_rate(&self) -> f64 {
        let bytes: f64 = self.pictures.iter().map(|picture| picture.bytes).sum();
        bytes / self.length.as_secs_f64()
    }

    /// The rate of the file in bytes a second, without its first second, in which it finds its
    /// rate.
    pub(super) fn file_rate(&self) -> Option<f64> {
        let (begun, _) = self.file.first()?;
        let start = |(at, _): &&(Duration, f64)| *at >= *begun + FILE_START;
        let (from, before) = self.file.iter().find(start)?;
        let (to, after) = self.file.last()?;
        let span = to.saturating_sub(*from).as_secs_f64();
        (span > 0.0).then(|| (after - before) / span)
    }

    /// When the first picture after the last gap was received.
    pub(super) fn last_miss(&self) -> Option<Duration> {
        let mut pairs = self.pictures.windows(2).rev();
        pairs.find_map(|pair| {
            let [before, picture] = pair else { return None };
            let is_next = picture.sequence == before.sequence.wrapping_add(1);
            (!is_next).then_some(picture.at)
        })
    }

    /// When the last picture was received that was smaller than `bytes`, or that ended a second
    /// with fewer than `count` pictures; zero if there is none.
    pub(super) fn last_less(&self, bytes: f64, count: usize) -> Option<Duration> {
        let mut begin = 0;
        let mut last = Duration::ZERO;
        for (at, picture) in self.pictures.iter().enumerate() {
            let second = picture.at.saturating_sub(Duration::from_secs(1));
            while self.pictures.get(begin)?.at < second {
                begin += 1;
            }
            let is_few = !second.is_zero() && at - begin < count;
            if is_few || picture.bytes < bytes {
                last = picture.at;
            }
        }
        Some(last)
    }

    /// The longest time without a picture, or without a byte of the file.
    pub(super) fn longest_stall(&self) -> Duration {
        let pictures = gap(self.pictures.iter().map(|picture| picture.at));
        let mut moved = self.file.clone();
        moved.dedup_by_key(|(_, moved)| *moved);
        pictures.max(gap(moved.iter().map(|(at, _)| *at)))
    }
}

fn gap(times: impl Iterator<Item = Duration>) -> Duration {
    let mut last = None;
    let mut longest = Duration::ZERO;
    for at in times {
        longest = longest.max(last.map_or(Duration::ZERO, |last| at.saturating_sub(last)));
        last = Some(at);
    }
    longest
}

/// A quantile of the latencies in milliseconds; NaN if there is none.
pub(super) fn latency<'a>(pictures: impl Iterator<Item = &'a Picture>, quantile: f64) -> f64 {
    let mut latencies: Vec<f64> = pictures.filter_map(|picture| picture.latency).collect();
    latencies.sort_by(f64::total_cmp);
    let rank = (latencies.len() as f64 * quantile).ceil() as usize;
    let found = latencies.get(rank.saturating_sub(1));
    found.copied().unwrap_or(f64::NAN)
}

/// The first part of a transfer, which is left out of its rate.
const FILE_START: Duration = Duration::from_secs(1);

/// Fails if the file of a run did not move.
pub(super) fn check_file(run_result: &RunResult) -> Outcome {
    match run_result.file_rate() {
        Some(_) => Ok(()),
        None => Err(Failure::new("the file did not move for a second")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture every 100 ms, each as late as its number says; those above 5 are one number on.
    fn run_result() -> RunResult {
        let start = Instant::now();
        let lines: Vec<(Instant, String)> = (0..10)
            .flat_map(|number| {
                let at = start + Duration::from_millis(100 * number);
                let sequence = number + u64::from(number > 5);
                let fields = format!(r#""sequence":{sequence},"ready_to_received_ms":{number}"#);
                let picture = format!(r#"{{"event":"picture","bytes":100,{fields}}}"#);
                let moved = number.max(3) * 50 - 150;
                let file = format!(r#"{{"event":"transfer","moved":{moved}}}"#);
                [(at, picture), (at + Duration::from_millis(1), file)]
            })
            .collect();
        RunResult::of(&lines, start, Duration::from_secs(1))
    }

    #[test]
    fn figures_are_those_of_the_lines() {
        let run_result = run_result();
        assert_eq!(run_result.pictures.len(), 10);
        assert_eq!(latency(run_result.pictures.iter(), 0.5), 4.0);
        assert_eq!(latency(run_result.pictures.iter(), 0.99), 9.0);
        assert!(latency([].iter(), 0.5).is_nan());
        assert_eq!(run_result.video_rate(), 1000.0);
        assert_eq!(run_result.shown(), 10.0 / 11.0);
        assert_eq!(run_result.longest_stall(), Duration::from_millis(100));
    }

    #[test]
    fn beside_the_file_means_from_its_first_byte_to_its_last() {
        let run_result = run_result();
        let sequences: Vec<u32> = run_result
            .beside_file()
            .map(|picture| picture.sequence)
            .collect();
        assert_eq!(sequences, [5, 7, 8, 9, 10], "the file moves from 401 ms on");
    }

    #[test]
    fn a_file_s_rate_begins_a_second_after_it() {
        let second = Duration::from_secs(1);
        let file = vec![(second, 10.0), (2 * second, 500.0), (4 * second, 2500.0)];
        let run_result = RunResult {
            file,
            ..RunResult::default()
        };
        assert_eq!(run_result.file_rate(), Some(1000.0));
        assert_eq!(RunResult::default().file_rate(), None);
        assert!(check_file(&RunResult::default()).is_err());
    }

    #[test]
    fn the_last_miss_is_a_gap_of_the_numbers() {
        assert_eq!(run_result().last_miss(), Some(Duration::from_millis(600)));
        assert_eq!(RunResult::default().last_miss(), None);
    }
}
