//! What came of a scenario: pictures and the file over time, and the figures made of them.

use std::time::Duration;

use crate::notice::RemotePicture;

/// What viewers got, with the times since the beginning of the simulation.
#[derive(Clone, Debug)]
pub struct Report {
    /// When the viewers rang.
    pub begin: Duration,
    /// The pictures of each viewer.
    pub pictures: Vec<Vec<Seen>>,
    /// Bytes of the file that had come by then.
    pub file: Vec<(Duration, u64)>,
}

/// A picture as a viewer got it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// When it was wholly received.
    pub at: Duration,
    /// From ready at the camera to wholly received.
    pub latency: Duration,
    /// Counts the camera's pictures.
    pub sequence: u32,
    /// Of the JPEG file.
    pub bytes: usize,
    /// Across and down.
    pub size: (u16, u16),
}

/// Left out of a file's rate: in its first second it finds its rate.
const FILE_START: Duration = Duration::from_secs(1);

impl Report {
    pub(super) fn new(viewers: usize) -> Self {
        Self {
            begin: Duration::ZERO,
            pictures: vec![Vec::new(); viewers],
            file: Vec::new(),
        }
    }

    pub(super) fn picture(
        &mut self,
        viewer: usize,
        at: Duration,
        ready: Duration,
        picture: &RemotePicture,
    ) {
        if let Some(pictures) = self.pictures.get_mut(viewer) {
            pictures.push(Seen {
                at,
                latency: at.saturating_sub(ready),
                sequence: picture.sequence,
                bytes: picture.jpeg.len(),
                size: (picture.width, picture.height),
            });
        }
    }

    pub(super) fn moved(&mut self, at: Duration, bytes: u64) {
        self.file.push((at, bytes));
    }

    /// The pictures of a viewer that came from `from` to `to` after the beginning.
    pub fn between(&self, viewer: usize, from: Duration, to: Duration) -> Vec<Seen> {
        let range = self.begin + from..self.begin + to;
        let pictures = self.pictures.get(viewer).into_iter().flatten();
        let pictures = pictures.filter(|picture| range.contains(&picture.at));
        pictures.copied().collect()
    }

    /// A quantile of the first viewer's latencies while the file moved, or in all of a run without
    /// one; zero where there is no picture.
    pub fn latency(&self, part: f64) -> Duration {
        let from = self.file.first().map_or(Duration::ZERO, |(at, _)| *at);
        let to = self.file.last().map_or(Duration::MAX, |(at, _)| *at);
        let pictures = self.pictures.first().into_iter().flatten();
        let beside = pictures.filter(|picture| (from..=to).contains(&picture.at));
        quantile(beside.map(|picture| picture.latency), part)
    }

    /// The share of the camera's pictures that a viewer was shown, between its first and its last.
    pub fn shown(&self, viewer: usize) -> f64 {
        let pictures = self.pictures.get(viewer).map_or(&[][..], |seen| &seen[..]);
        let (Some(first), Some(last)) = (pictures.first(), pictures.last()) else {
            return 0.0;
        };
        let made = last.sequence.wrapping_sub(first.sequence) + 1;
        pictures.len() as f64 / f64::from(made)
    }

    /// Bits a second of the first viewer's pictures.
    pub fn video_rate(&self, length: Duration) -> f64 {
        let pictures = self.pictures.first().into_iter().flatten();
        let bytes: usize = pictures.map(|picture| picture.bytes).sum();
        8.0 * bytes as f64 / length.as_secs_f64()
    }

    /// Bits a second of the file.
    pub fn file_rate(&self) -> f64 {
        let (from, to) = (Duration::ZERO, Duration::MAX);
        self.file_rate_between(from, to)
    }

    /// Bits a second of the file from `from` to `to` after the beginning, its first second left
    /// out.
    pub fn file_rate_between(&self, from: Duration, to: Duration) -> f64 {
        let begun = self.file.first().map_or(Duration::ZERO, |(at, _)| *at);
        let from = (self.begin + from).max(begun + FILE_START);
        let to = self.begin.saturating_add(to);
        let mut moved = self.file.iter().filter(|(at, _)| (from..=to).contains(at));
        match (moved.next(), moved.next_back()) {
            (Some((first, before)), Some((last, after))) if last > first => {
                8.0 * (after - before) as f64 / (*last - *first).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    /// Bytes of the file that came from `from` to `to` after the beginning.
    pub fn moved_between(&self, from: Duration, to: Duration) -> u64 {
        let by = |time| {
            let mut moved = self.file.iter().rev();
            let last = moved.find(|(at, _)| *at <= self.begin + time);
            last.map_or(0, |(_, bytes)| *bytes)
        };
        by(to).saturating_sub(by(from))
    }

    /// The longest time in which nothing of the file came.
    pub fn file_stall(&self) -> Duration {
        let mut moved = self.file.clone();
        moved.dedup_by_key(|(_, bytes)| *bytes);
        let pairs = moved.windows(2);
        let gaps = pairs.filter_map(|pair| match pair {
            [(before, _), (after, _)] => Some(*after - *before),
            _ => None,
        });
        gaps.max().unwrap_or_default()
    }
}

/// The least value that `part` of all values do not exceed; zero of none.
pub fn quantile(values: impl IntoIterator<Item = Duration>, part: f64) -> Duration {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable();
    let rank = (values.len() as f64 * part).ceil() as usize;
    values
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}
