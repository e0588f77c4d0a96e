//! The rows of the benchmark: the link, what is sent over it, and the promised limits.

use super::bound::Bound;
use super::scenario::{Event, FileTo};
use crate::bench::lab::Shape;

/// One line of the table.
pub(super) struct Row {
    pub shape: Shape,
    pub video: Video,
    pub file: Option<FileTo>,
    /// Whether the camera may adapt rate and quality to a slow link.
    pub adapts: bool,
    pub events: &'static [(u32, Event)],
    /// The length of the run, if not the usual one.
    pub seconds: Option<u32>,
    pub bounds: &'static [Bound],
}

/// The video of the camera.
#[derive(Clone, Copy, Debug)]
pub(super) enum Video {
    /// Pictures of equal size, not re-encoded: Mbit/s, pictures a second.
    Film(f64, u32),
    /// Encoded by the box: size, quality, pictures a second.
    Encoded(&'static str, &'static str, &'static str),
}

/// The video of most rows: 30 pictures of 40 KB a second.
const VIDEO: Video = Video::Film(9.6, 30);

/// 1280x720 at 30 pictures of 100 KB a second, as a webcam has them.
const WEBCAM: Video = Video::Film(24.0, 30);

/// Queue of a home router with bufferbloat, in bytes.
const DEEP: u32 = 1_500_000;
const SHALLOW: u32 = 150_000;

const USUAL: Row = Row {
    shape: Shape::new(20.0, DEEP),
    video: VIDEO,
    file: Some(FileTo::Viewer),
    adapts: true,
    events: &[],
    seconds: None,
    bounds: &[],
};

pub(super) const ROWS: &[Row] = &[
    Row {
        bounds: &[
            Bound::p50_above(7.0),
            Bound::p99_above(10.0),
            Bound::file_of_left(95.0),
        ],
        ..USUAL
    },
    Row {
        file: Some(FileTo::Peer),
        bounds: &[
            Bound::p50_above(10.0),
            Bound::p99_above(20.0),
            Bound::file_of_left(85.0),
        ],
        ..USUAL
    },
    Row {
        file: Some(FileTo::PeerByOtherProgram),
        bounds: &[
            Bound::p50_above(15.0),
            Bound::p99_above(40.0),
            Bound::file_of_left(80.0),
        ],
        ..USUAL
    },
    Row {
        shape: Shape::new(20.0, SHALLOW),
        bounds: &[
            Bound::p50_above(7.0),
            Bound::p99_above(12.0),
            Bound::file_of_left(92.0),
        ],
        ..USUAL
    },
    Row {
        shape: Shape::new(100.0, DEEP),
        bounds: &[
            Bound::p50_above(4.0),
            Bound::p99_above(8.0),
            Bound::file_of_left(95.0),
        ],
        ..USUAL
    },
    Row {
        shape: Shape::new(20.0, DEEP).round_trip(20),
        bounds: &[
            Bound::p50_above(8.0),
            Bound::p99_above(15.0),
            Bound::file_of_left(92.0),
        ],
        ..USUAL
    },
    Row {
        shape: Shape::new(1000.0, DEEP).round_trip(40),
        video: Video::Film(19.0, 30),
        bounds: &[Bound::shown(100.0), Bound::file_of_alone(70.0)],
        ..USUAL
    },
    // The promise is about the age of the newest picture, which is measured when the picture
    // arrives, as its latency.
    Row {
        video: Video::Film(36.0, 30),
        file: None,
        adapts: false,
        bounds: &[Bound::p99(90.0), Bound::shown(48.0)],
        ..USUAL
    },
    // About 18.4 Mbit/s. With the 5 % that the file always gets, that is more than the 19.1 that
    // the link carries.
    Row {
        video: Video::Encoded("1280x720", "98", "62"),
        file: Some(FileTo::Peer),
        events: &[(15, Event::EndFile)],
        seconds: Some(30),
        bounds: &[
            Bound::p99_settled(90.0),
            Bound::fps(15.0),
            Bound::whole_after_file(10.0),
        ],
        ..USUAL
    },
    // Of 60 pictures a second, each takes 67 ms at 5 Mbit/s. Of 30 a second each would take 133 ms,
    // more than the promised limit, whatever the sender does.
    Row {
        shape: Shape::new(50.0, DEEP),
        video: Video::Film(20.0, 60),
        events: &[(10, Event::Rate(5.0)), (20, Event::Rate(50.0))],
        seconds: Some(30),
        bounds: &[Bound::p99_off_steps(120.0), Bound::whole_after_step(8.0)],
        ..USUAL
    },
    Row {
        shape: Shape::new(20.0, DEEP).loss(0.01),
        bounds: &[
            Bound::p99(120.0),
            Bound::file_of_left(75.0),
            Bound::stall(1.0),
        ],
        ..USUAL
    },
    Row {
        shape: Shape::LOOPBACK,
        video: WEBCAM,
        file: None,
        bounds: &[Bound::p99(0.5)],
        ..USUAL
    },
    Row {
        shape: Shape::LOOPBACK,
        video: WEBCAM,
        bounds: &[Bound::p99(8.0), Bound::file_of_alone(85.0)],
        ..USUAL
    },
];

impl Row {
    pub(super) fn link(&self) -> String {
        let Shape {
            mbit,
            queue_bytes,
            round_trip,
            loss,
        } = self.shape;
        if mbit.is_infinite() {
            return "loopback".into();
        }
        let mut link = self.rates();
        if queue_bytes != DEEP {
            link += &format!(", FIFO {} KB", queue_bytes / 1000);
        }
        if !round_trip.is_zero() {
            link += &format!(", RTT {} ms", round_trip.as_millis());
        }
        if loss > 0.0 {
            link += &format!(", loss {} %", loss * 100.0);
        }
        link
    }

    fn rates(&self) -> String {
        let mut rates = self.shape.mbit.to_string();
        for (_, event) in self.events {
            if let Event::Rate(mbit) = event {
                rates += &format!(" -> {mbit}");
            }
        }
        rates + " Mbit/s"
    }

    pub(super) fn video(&self) -> String {
        match self.video {
            Video::Film(mbit, _) => format!("{mbit} Mbit/s"),
            Video::Encoded(..) => "encoded here".into(),
        }
    }

    pub(super) fn file(&self) -> &'static str {
        match self.file {
            None => "none",
            Some(FileTo::Viewer) => "to the viewer",
            Some(FileTo::Peer) => "to another peer",
            Some(FileTo::PeerByOtherProgram) => "by another program",
        }
    }
}
