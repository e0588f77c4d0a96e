//! Skips frames of one viewer evenly, down to a frame rate. It knows capture times and no clock.

use std::time::{Duration, Instant};

/// Frames of one viewer.
///
/// The next frame is due one interval after the last one *was due*, not after it came: then 30
/// frames become 20 as two of three, though no two frames of the camera are 50 ms apart.
#[derive(Debug, Default)]
pub(super) struct Skipper {
    due: Option<Instant>,
}

impl Skipper {
    /// Whether the frame captured then is one of so many a second; `None` takes every frame.
    pub(super) fn wants(&self, captured: Instant, fps: Option<u32>) -> bool {
        let Some((interval, due)) = fps.map(interval).zip(self.due) else {
            return true;
        };
        // Stamps that jump back are of another clock, or of another opening of the camera.
        captured + interval / TOLERANCE >= due || captured + interval * 2 < due
    }

    /// When a frame has to be captured at the earliest to be wanted; `None` where each one is.
    pub(super) fn earliest(&self, fps: Option<u32>) -> Option<Instant> {
        let (interval, due) = fps.map(interval).zip(self.due)?;
        due.checked_sub(interval / TOLERANCE)
    }

    /// The frame captured then was taken.
    pub(super) fn take(&mut self, captured: Instant, fps: Option<u32>) {
        self.due = fps.map(interval).map(|interval| {
            let due = self.due.unwrap_or(captured) + interval;
            // A camera that paused, or a change of the rate, begins anew.
            let is_near = due >= captured && due <= captured + interval * 2;
            if is_near { due } else { captured + interval }
        });
    }
}

fn interval(fps: u32) -> Duration {
    Duration::from_secs(1) / fps.max(1)
}

/// A frame may come this part of an interval early: cameras jitter by a few milliseconds, and half
/// an interval would take frames of twice the rate.
const TOLERANCE: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of a second's frames are taken.
    fn taken(skipper: &mut Skipper, start: Instant, source: u32, fps: Option<u32>) -> Vec<u32> {
        let mut taken = Vec::new();
        for frame in 0..source {
            // Up to 3 ms early or late.
            let jitter = Duration::from_millis(u64::from(frame * 7 % 4));
            let captured = start + Duration::from_secs(1) / source * frame + jitter;
            if skipper.wants(captured, fps) {
                skipper.take(captured, fps);
                taken.push(frame);
            }
        }
        taken
    }

    #[test]
    fn a_lower_rate_takes_evenly_spaced_frames() {
        let start = Instant::now();
        for (source, fps) in [
            (30, 20),
            (30, 15),
            (30, 10),
            (60, 30),
            (25, 20),
            (24, 15),
            (25, 10),
        ] {
            let taken = taken(&mut Skipper::default(), start, source, Some(fps));
            let count = u32::try_from(taken.len()).unwrap();
            assert!(count.abs_diff(fps) <= 1, "{fps} of {source}: {taken:?}");
            let gaps: Vec<_> = taken.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let most = gaps.iter().max().unwrap() - gaps.iter().min().unwrap();
            assert!(most <= 1, "{fps} of {source}: {taken:?}");
        }
    }

    #[test]
    fn every_frame_is_taken_of_a_slower_source_and_without_a_limit() {
        let start = Instant::now();
        assert_eq!(
            taken(&mut Skipper::default(), start, 15, Some(15)).len(),
            15
        );
        assert_eq!(
            taken(&mut Skipper::default(), start, 12, Some(20)).len(),
            12
        );
        assert_eq!(taken(&mut Skipper::default(), start, 30, None).len(), 30);
    }

    #[test]
    fn after_a_pause_a_change_or_a_step_back_in_time_the_pace_holds() {
        let start = Instant::now();
        let mut skipper = Skipper::default();
        taken(&mut skipper, start, 30, Some(10));
        let later = start + Duration::from_secs(60);
        let frames = taken(&mut skipper, later, 30, Some(10));
        assert_eq!((frames[0], frames.len()), (0, 10));
        let frames = taken(&mut skipper, later + Duration::from_secs(1), 30, Some(20));
        assert!((19..=21).contains(&frames.len()), "{frames:?}");
        let frames = taken(&mut skipper, start, 30, Some(20));
        assert!((19..=21).contains(&frames.len()), "{frames:?}");
    }
}
