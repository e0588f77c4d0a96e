//! The promised limits of a run, and whether they are met.

use std::fmt;

use super::rows::Row;
use super::run_result::{RunResult, latency};
use super::scenario::Event;

/// A figure with its limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    figure: Figure,
    limit: f64,
}

/// The measured figure. Latencies are in milliseconds from picture ready to picture completely
/// received, of the pictures that came while the file moved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Figure {
    /// Median, less that of the video alone, in milliseconds.
    P50Above,
    /// 99th percentile, less that of the video alone, in milliseconds.
    P99Above,
    /// 99th percentile in milliseconds.
    P99,
    /// 99th percentile from the fifth second on, in milliseconds.
    P99Settled,
    /// 99th percentile without the first second after each step of the rate, in milliseconds.
    P99OffSteps,
    /// The pictures that were shown, in percent of the camera's pictures.
    Shown,
    /// Pictures a second from the fifth second on.
    Fps,
    /// The longest time in seconds without a picture, or without a byte of the file.
    Stall,
    /// Seconds from the last step of the rate to the last lost picture.
    WholeAfterStep,
    /// Seconds from the file's end until pictures are again as frequent and as large as without a
    /// file.
    WholeAfterFile,
    /// The file's rate, in percent of the rate of plain TCP minus that of the video alone.
    FileOfLeft,
    /// The file's rate, in percent of its rate without video.
    FileOfAlone,
}

/// A run, and the runs to which it is compared, if the row's bounds need them.
#[derive(Default)]
pub(super) struct Measured {
    pub run: RunResult,
    pub alone: Option<RunResult>,
    pub naive: Option<RunResult>,
    /// Plain TCP in bytes a second.
    pub plain: Option<f64>,
    /// A file without pictures in bytes a second.
    pub file_alone: Option<f64>,
}

impl Measured {
    /// Bytes a second that the video alone leaves of plain TCP's rate.
    pub(super) fn left(&self) -> Option<f64> {
        Some(self.plain? - self.alone.as_ref()?.video_rate())
    }

    /// The rate of a run's file, in percent of the rate that is left, or of its rate without video.
    pub(super) fn file_percent(&self, run: &RunResult) -> Option<f64> {
        let whole = self.left().or(self.file_alone)?;
        Some(run.file_rate()? / whole * 100.0)
    }

    fn above(&self, quantile: f64) -> Option<f64> {
        let alone = latency(self.alone.as_ref()?.pictures.iter(), quantile);
        Some(latency(self.run.beside_file(), quantile) - alone)
    }
}

impl Bound {
    pub(super) const fn p50_above(limit: f64) -> Self {
        Self::new(Figure::P50Above, limit)
    }

    pub(super) const fn p99_above(limit: f64) -> Self {
        Self::new(Figure::P99Above, limit)
    }

    pub(super) const fn p99(limit: f64) -> Self {
        Self::new(Figure::P99, limit)
    }

    pub(super) const fn p99_settled(limit: f64) -> Self {
        Self::new(Figure::P99Settled, limit)
    }

    pub(super) const fn p99_off_steps(limit: f64) -> Self {
        Self::new(Figure::P99OffSteps, limit)
    }

    pub(super) const fn shown(limit: f64) -> Self {
        Self::new(Figure::Shown, limit)
    }

    pub(super) const fn fps(limit: f64) -> Self {
        Self::new(Figure::Fps, limit)
    }

    pub(super) const fn stall(limit: f64) -> Self {
        Self::new(Figure::Stall, limit)
    }

    pub(super) const fn whole_after_step(limit: f64) -> Self {
        Self::new(Figure::WholeAfterStep, limit)
    }

    pub(super) const fn whole_after_file(limit: f64) -> Self {
        Self::new(Figure::WholeAfterFile, limit)
    }

    pub(super) const fn file_of_left(limit: f64) -> Self {
        Self::new(Figure::FileOfLeft, limit)
    }

    pub(super) const fn file_of_alone(limit: f64) -> Self {
        Self::new(Figure::FileOfAlone, limit)
    }

    const fn new(figure: Figure, limit: f64) -> Self {
        Self { figure, limit }
    }

    /// Whether the video has to be measured alone.
    pub(super) fn needs_video_alone(self) -> bool {
        use Figure::{FileOfLeft, P50Above, P99Above, WholeAfterFile};
        matches!(
            self.figure,
            P50Above | P99Above | FileOfLeft | WholeAfterFile
        )
    }

    /// Whether the file has to be measured alone.
    pub(super) fn needs_file_alone(self) -> bool {
        self.figure == Figure::FileOfAlone
    }

    /// Whether plain TCP has to be measured.
    pub(super) fn needs_plain(self) -> bool {
        self.figure == Figure::FileOfLeft
    }

    /// The measured figure; NaN if nothing was measured.
    pub(super) fn figure(self, row: &Row, measured: &Measured) -> f64 {
        let run = &measured.run;
        let seconds = |at: f64| run.beside_file().filter(move |p| p.at.as_secs_f64() >= at);
        let value = match self.figure {
            Figure::P50Above => measured.above(0.5),
            Figure::P99Above => measured.above(0.99),
            Figure::P99 => Some(latency(run.beside_file(), 0.99)),
            Figure::P99Settled => Some(latency(seconds(SETTLED), 0.99)),
            Figure::P99OffSteps => {
                let is_off = |at: f64| steps(row).all(|step| !(step..step + 1.0).contains(&at));
                let pictures = run.pictures.iter();
                Some(latency(
                    pictures.filter(|p| is_off(p.at.as_secs_f64())),
                    0.99,
                ))
            }
            Figure::Shown => Some(run.shown() * 100.0),
            Figure::Fps => {
                let last = run
                    .beside_file()
                    .last()
                    .map(|picture| picture.at.as_secs_f64());
                last.map(|last| seconds(SETTLED).count() as f64 / (last - SETTLED))
            }
            Figure::Stall => Some(run.longest_stall().as_secs_f64()),
            Figure::WholeAfterStep => {
                let last = steps(row).last();
                let fault = run.last_miss();
                last.map(|step| fault.map_or(0.0, |at| (at.as_secs_f64() - step).max(0.0)))
            }
            Figure::WholeAfterFile => whole_after_file(row, measured),
            Figure::FileOfLeft | Figure::FileOfAlone => measured.file_percent(run),
        };
        value.unwrap_or(f64::NAN)
    }

    pub(super) fn holds(self, row: &Row, measured: &Measured) -> bool {
        let figure = self.figure(row, measured);
        match self.is_upper_limit() {
            true => figure <= self.limit,
            false => figure >= self.limit,
        }
    }

    /// Whether the limit is an upper limit; otherwise it is a lower one.
    fn is_upper_limit(self) -> bool {
        use Figure::{FileOfAlone, FileOfLeft, Fps, Shown};
        !matches!(self.figure, Shown | Fps | FileOfLeft | FileOfAlone)
    }
}

/// The fraction of size and frequency that counts as full quality: both vary a little.
const WHOLE: f64 = 0.95;

/// Seconds from the file's end to the last picture that was smaller than those of the video alone,
/// or in whose second there were fewer pictures.
fn whole_after_file(row: &Row, measured: &Measured) -> Option<f64> {
    let is_end = |(_, event): &&(u32, Event)| matches!(event, Event::EndFile);
    let (end, _) = row.events.iter().find(is_end)?;
    let alone = measured.alone.as_ref()?;
    let sizes = alone.pictures.iter().map(|picture| picture.bytes);
    let least_bytes = sizes.min_by(f64::total_cmp)? * WHOLE;
    let each_second = alone.pictures.len() as f64 / alone.length.as_secs_f64();
    let least_count = (each_second * WHOLE) as usize;
    let fault = measured.run.last_less(least_bytes, least_count)?;
    Some((fault.as_secs_f64() - f64::from(*end)).max(0.0))
}

fn steps(row: &Row) -> impl Iterator<Item = f64> {
    let steps = row
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::Rate(_)));
    steps.map(|(second, _)| f64::from(*second))
}

/// Seconds that the quality controller has to settle.
const SETTLED: f64 = 5.0;

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit;
        match self.figure {
            Figure::P50Above => write!(f, "p50 <= b50 + {limit} ms"),
            Figure::P99Above => write!(f, "p99 <= b99 + {limit} ms"),
            Figure::P99 => write!(f, "p99 <= {limit} ms"),
            Figure::P99Settled => write!(f, "p99 <= {limit} ms after 5 s"),
            Figure::P99OffSteps => write!(f, "p99 <= {limit} ms outside a second after each step"),
            Figure::Shown => write!(f, "shown >= {limit} %"),
            Figure::Fps => write!(f, "fps >= {limit} after 5 s"),
            Figure::Stall => write!(f, "no stall > {limit} s"),
            Figure::WholeAfterStep => write!(f, "every picture again <= {limit} s after the step"),
            Figure::WholeAfterFile => write!(f, "full quality <= {limit} s after the file"),
            Figure::FileOfLeft => write!(f, "file >= {limit} % of what is left"),
            Figure::FileOfAlone => write!(f, "file >= {limit} % of its rate alone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::link::rows::ROWS;
    use crate::bench::link::run_result::Picture;
    use std::time::Duration;

    /// 60 pictures a second for 30 seconds, each with that latency at that second.
    fn run(latency: impl Fn(f64) -> f64) -> RunResult {
        let picture = |number: u32| {
            let at = f64::from(number) / 60.0;
            Picture {
                at: Duration::from_secs_f64(at),
                sequence: number,
                bytes: 1000.0,
                latency: Some(latency(at)),
            }
        };
        RunResult {
            pictures: (0..1800).map(picture).collect(),
            file: Vec::new(),
            length: Duration::from_secs(30),
        }
    }

    fn measured(run: RunResult) -> Measured {
        Measured {
            run,
            ..Measured::default()
        }
    }

    fn row_with_steps() -> &'static Row {
        let has_steps = |row: &&Row| steps(row).count() == 2;
        ROWS.iter().find(has_steps).expect("one row has two steps")
    }

    #[test]
    fn a_limit_that_is_not_met_or_not_measured_falls_short() {
        let row = &ROWS[0];
        let measured = measured(run(|_| 20.0));
        assert!(Bound::p99(20.0).holds(row, &measured));
        assert!(!Bound::p99(19.0).holds(row, &measured));
        assert!(Bound::shown(100.0).holds(row, &measured));
        assert!(!Bound::fps(61.0).holds(row, &measured));
        assert!(
            !Bound::p99_above(100.0).holds(row, &measured),
            "nothing alone"
        );
        assert!(!Bound::file_of_left(1.0).holds(row, &measured), "no file");
    }

    #[test]
    fn figures_above_those_of_the_video_alone_are_differences() {
        let measured = Measured {
            alone: Some(run(|_| 14.0)),
            ..measured(run(|_| 20.0))
        };
        assert_eq!(Bound::p50_above(7.0).figure(&ROWS[0], &measured), 6.0);
        assert_eq!(Bound::p99_above(7.0).figure(&ROWS[0], &measured), 6.0);
    }

    #[test]
    fn the_file_is_compared_with_what_the_video_alone_leaves() {
        let mut run = run(|_| 20.0);
        run.file = vec![(Duration::from_secs(1), 1.0), (Duration::from_secs(2), 1.0)];
        run.file.push((Duration::from_secs(12), 400_001.0));
        let mut measured = Measured {
            alone: Some(self::run(|_| 14.0)),
            plain: Some(110_000.0),
            ..measured(run)
        };
        // 60 pictures of 1000 bytes a second leave 50,000, of which it has 40,000.
        assert_eq!(Bound::file_of_left(80.0).figure(&ROWS[0], &measured), 80.0);
        measured.plain = None;
        measured.file_alone = Some(80_000.0);
        assert_eq!(Bound::file_of_alone(50.0).figure(&ROWS[0], &measured), 50.0);
    }

    #[test]
    fn the_second_after_a_step_does_not_count() {
        let row = row_with_steps();
        let peak = |from: f64| {
            measured(run(move |at| {
                if (from..from + 0.9).contains(&at) {
                    500.0
                } else {
                    20.0
                }
            }))
        };
        let bound = Bound::p99_off_steps(120.0);
        assert_eq!(bound.figure(row, &peak(10.0)), 20.0);
        assert_eq!(bound.figure(row, &peak(20.05)), 20.0);
        assert_eq!(bound.figure(row, &peak(15.0)), 500.0);
    }

    #[test]
    fn a_picture_missed_after_a_step_is_timed_from_it() {
        let row = row_with_steps();
        let mut run = run(|_| 20.0);
        run.pictures.remove(25 * 60);
        let figure = Bound::whole_after_step(8.0).figure(row, &measured(run));
        assert!((figure - 5.0).abs() < 0.1, "{figure}");
    }

    #[test]
    fn quality_is_full_again_when_pictures_are_as_large_and_as_many_as_alone() {
        let is_row = |row: &&Row| {
            row.events
                .iter()
                .any(|(_, event)| matches!(event, Event::EndFile))
        };
        let row = ROWS.iter().find(is_row).expect("in one row the file ends");
        let figure = |spoil: fn(&mut Vec<Picture>)| {
            let mut run = run(|_| 20.0);
            spoil(&mut run.pictures);
            let measured = Measured {
                alone: Some(self::run(|_| 14.0)),
                ..measured(run)
            };
            Bound::whole_after_file(10.0).figure(row, &measured)
        };
        let is_about = |figure: f64, seconds: f64| (figure - seconds).abs() < 0.1;
        assert_eq!(figure(|_| {}), 0.0);
        let smaller = figure(|all| all[..18 * 60].iter_mut().for_each(|p| p.bytes = 900.0));
        assert!(is_about(smaller, 3.0), "{smaller}");
        // Every other one for 17 s: the last second that has too few ends just before 18 s.
        let fewer = figure(|all| all.retain(|p| p.at.as_secs() >= 17 || p.sequence % 2 == 0));
        assert!((2.8..=3.0).contains(&fewer), "{fewer}");
        let one = figure(|all| all.retain(|p| p.sequence != 25 * 60));
        assert_eq!(one, 0.0, "a single picture is no loss of quality");
    }
}
