//! The rows: links, what goes over them, and what is promised.

use super::lab::Shape;
use super::play::{FileTo, Played};

/// One line of the table.
pub(super) struct Row {
    pub link: &'static str,
    pub shape: Shape,
    /// Megabits a second of pictures of equal size, 30 a second.
    pub video_mbit: f64,
    pub file: FileTo,
    pub bounds: &'static [Bound],
}

/// A promise about a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    /// Milliseconds above the median of the video alone.
    P50Above(f64),
    /// Milliseconds above the 99th percentile of the video alone.
    P99Above(f64),
    /// The file's part of what plain TCP carries less the video.
    FileShare(f64),
}

/// A run with what it is compared to.
pub(super) struct Result<'a> {
    pub alone: &'a Played,
    pub run: &'a Played,
    /// Bytes a second.
    pub plain: f64,
}

impl Result<'_> {
    /// The file's part of what the video leaves.
    pub(super) fn share(&self) -> Option<f64> {
        let left = self.plain - self.run.video_rate;
        self.run.file_rate.map(|rate| rate / left)
    }
}

impl Bound {
    pub(super) fn holds(self, result: &Result<'_>) -> bool {
        let above = |quantile| result.run.latency(quantile) - result.alone.latency(quantile);
        match self {
            Self::P50Above(ms) => above(0.5) <= ms,
            Self::P99Above(ms) => above(0.99) <= ms,
            Self::FileShare(share) => result.share().is_some_and(|is| is >= share),
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::P50Above(ms) => format!("p50 <= b50 + {ms} ms"),
            Self::P99Above(ms) => format!("p99 <= b99 + {ms} ms"),
            Self::FileShare(share) => format!("file >= {:.0} %", share * 100.0),
        }
    }
}

const DEEP: u32 = 1_500_000;
const SHALLOW: u32 = 150_000;

pub(super) const ROWS: &[Row] = &[
    Row {
        link: "20 Mbit/s, 1.5 MB FIFO",
        shape: Shape {
            mbit: 20.0,
            queue_bytes: DEEP,
        },
        video_mbit: 9.6,
        file: FileTo::Viewer,
        bounds: &[
            Bound::P50Above(7.0),
            Bound::P99Above(10.0),
            Bound::FileShare(0.95),
        ],
    },
    Row {
        link: "20 Mbit/s, 1.5 MB FIFO",
        shape: Shape {
            mbit: 20.0,
            queue_bytes: DEEP,
        },
        video_mbit: 9.6,
        file: FileTo::Peer,
        bounds: &[
            Bound::P50Above(10.0),
            Bound::P99Above(20.0),
            Bound::FileShare(0.85),
        ],
    },
    Row {
        link: "20 Mbit/s, 1.5 MB FIFO",
        shape: Shape {
            mbit: 20.0,
            queue_bytes: DEEP,
        },
        video_mbit: 9.6,
        file: FileTo::PeerByOtherProgram,
        bounds: &[
            Bound::P50Above(15.0),
            Bound::P99Above(40.0),
            Bound::FileShare(0.80),
        ],
    },
    Row {
        link: "20 Mbit/s, 150 KB FIFO",
        shape: Shape {
            mbit: 20.0,
            queue_bytes: SHALLOW,
        },
        video_mbit: 9.6,
        file: FileTo::Viewer,
        bounds: &[
            Bound::P50Above(7.0),
            Bound::P99Above(12.0),
            Bound::FileShare(0.92),
        ],
    },
    Row {
        link: "100 Mbit/s, 1.5 MB FIFO",
        shape: Shape {
            mbit: 100.0,
            queue_bytes: DEEP,
        },
        video_mbit: 9.6,
        file: FileTo::Viewer,
        bounds: &[
            Bound::P50Above(4.0),
            Bound::P99Above(8.0),
            Bound::FileShare(0.95),
        ],
    },
];
