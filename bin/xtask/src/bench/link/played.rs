//! What came of a run: pictures and the file over time, and the figures that are made of them.

use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};
use crate::stage::{is_event, number_field};

/// A picture as the viewer got it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picture {
    /// When, after the first picture.
    pub at: Duration,
    pub sequence: u32,
    pub bytes: f64,
    /// From ready at the camera to wholly received, in milliseconds; none while the clocks are not
    /// known to each other.
    pub latency: Option<f64>,
}

/// Times are those after the first picture.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub pictures: Vec<Picture>,
    /// Bytes of the file that had come by then.
    pub file: Vec<(Duration, f64)>,
    pub length: Duration,
}

impl Played {
    /// From the lines of the viewer and of whoever got the file.
    pub(super) fn of(lines: &[(Instant, String)], first: Instant, length: Duration) -> Self {
        let mut played = Self {
            length,
            ..Self::default()
        };
        for (at, line) in lines {
            let at = at.saturating_duration_since(first);
            let number = |name| number_field(line, None, name);
            if is_event(line, "picture") {
                played.pictures.push(Picture {
                    at,
                    sequence: number("sequence").unwrap_or_default() as u32,
                    bytes: number("bytes").unwrap_or_default(),
                    latency: number("ready_to_received_ms"),
                });
            } else if is_event(line, "transfer") && at <= length {
                let moved = number("moved").filter(|moved| *moved > 0.0);
                played.file.extend(moved.map(|moved| (at, moved)));
            }
        }
        played
    }

    /// Pictures that came while the file moved, or all of a run without one.
    pub(super) fn beside_file(&self) -> impl Iterator<Item = &Picture> {
        let begin = self.file.first().map_or(Duration::ZERO, |(at, _)| *at);
        let end = self.file.last().map_or(Duration::MAX, |(at, _)| *at);
        let range = begin..=end;
        self.pictures
            .iter()
            .filter(move |picture| range.contains(&picture.at))
    }

    /// The share of the camera's pictures that were shown.
    pub(super) fn shown(&self) -> f64 {
        let (Some(first), Some(last)) = (self.pictures.first(), self.pictures.last()) else {
            return 0.0;
        };
        let made = last.sequence.wrapping_sub(first.sequence) + 1;
        self.pictures.len() as f64 / f64::from(made)
    }

    /// Bytes of pictures a second.
    pub(super) fn video_rate(&self) -> f64 {
        let bytes: f64 = self.pictures.iter().map(|picture| picture.bytes).sum();
        bytes / self.length.as_secs_f64()
    }

    /// Bytes of the file a second; its first second, in which it finds its rate, left out.
    pub(super) fn file_rate(&self) -> Option<f64> {
        let (begun, _) = self.file.first()?;
        let start = |(at, _): &&(Duration, f64)| *at >= *begun + FILE_START;
        let (from, before) = self.file.iter().find(start)?;
        let (to, after) = self.file.last()?;
        let span = to.saturating_sub(*from).as_secs_f64();
        (span > 0.0).then(|| (after - before) / span)
    }

    /// When the first picture behind the last gap came.
    pub(super) fn last_miss(&self) -> Option<Duration> {
        let mut pairs = self.pictures.windows(2).rev();
        pairs.find_map(|pair| {
            let [before, picture] = pair else { return None };
            let is_next = picture.sequence == before.sequence.wrapping_add(1);
            (!is_next).then_some(picture.at)
        })
    }

    /// When the last picture came that was smaller than that, or that ended a second with fewer
    /// pictures than so many; zero if there is none.
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

    /// The longest time in which no picture came, or nothing of the file.
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

/// A quantile of the latencies in milliseconds; not a number where there is none.
pub(super) fn latency<'a>(pictures: impl Iterator<Item = &'a Picture>, quantile: f64) -> f64 {
    let mut latencies: Vec<f64> = pictures.filter_map(|picture| picture.latency).collect();
    latencies.sort_by(f64::total_cmp);
    let rank = (latencies.len() as f64 * quantile).ceil() as usize;
    let found = latencies.get(rank.saturating_sub(1));
    found.copied().unwrap_or(f64::NAN)
}

/// Left out of a file's rate.
const FILE_START: Duration = Duration::from_secs(1);

/// Whether a run that was to have a file had one.
pub(super) fn check_file(played: &Played) -> Outcome {
    match played.file_rate() {
        Some(_) => Ok(()),
        None => Err(Failure::new("the file did not move for a second")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture every 100 ms, each as late as its number says; those above 5 are one number on.
    fn played() -> Played {
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
        Played::of(&lines, start, Duration::from_secs(1))
    }

    #[test]
    fn figures_are_those_of_the_lines() {
        let played = played();
        assert_eq!(played.pictures.len(), 10);
        assert_eq!(latency(played.pictures.iter(), 0.5), 4.0);
        assert_eq!(latency(played.pictures.iter(), 0.99), 9.0);
        assert!(latency([].iter(), 0.5).is_nan());
        assert_eq!(played.video_rate(), 1000.0);
        assert_eq!(played.shown(), 10.0 / 11.0);
        assert_eq!(played.longest_stall(), Duration::from_millis(100));
    }

    #[test]
    fn beside_the_file_means_from_its_first_byte_to_its_last() {
        let played = played();
        let sequences: Vec<u32> = played
            .beside_file()
            .map(|picture| picture.sequence)
            .collect();
        assert_eq!(sequences, [5, 7, 8, 9, 10], "the file moves from 401 ms on");
    }

    #[test]
    fn a_file_s_rate_begins_a_second_after_it() {
        let second = Duration::from_secs(1);
        let file = vec![(second, 10.0), (2 * second, 500.0), (4 * second, 2500.0)];
        let played = Played {
            file,
            ..Played::default()
        };
        assert_eq!(played.file_rate(), Some(1000.0));
        assert_eq!(Played::default().file_rate(), None);
        assert!(check_file(&Played::default()).is_err());
    }

    #[test]
    fn the_last_miss_is_a_gap_of_the_numbers() {
        assert_eq!(played().last_miss(), Some(Duration::from_millis(600)));
        assert_eq!(Played::default().last_miss(), None);
    }
}
