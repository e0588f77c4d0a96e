//! Whether the window is visible, and how often pictures are drawn in it.

use std::time::{Duration, Instant};

/// How long an answer of the desktop is used: asking costs a round trip to the display.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// A hidden window asks again after this time: not every desktop reports that it is shown again.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Time between frames of several streams on a software rasteriser. At 30 pictures a second, each
/// frame then has a new picture of every stream, instead of one frame for each picture.
const SOFTWARE_FRAME: Duration = Duration::from_millis(33);

/// What is known of the window's visibility.
#[derive(Debug, Default)]
pub(super) struct Sight {
    is_occluded: bool,
    is_minimised: bool,
    asked: Option<Instant>,
}

impl Sight {
    /// The desktop says whether other windows cover this one.
    pub(super) fn occlude(&mut self, on: bool) {
        self.is_occluded = on;
        self.asked = None;
    }

    /// Whether the window can be seen now; `ask` tells whether it is minimised.
    pub(super) fn is_seen(&mut self, now: Instant, ask: impl FnOnce() -> bool) -> bool {
        let is_old = |asked| now.saturating_duration_since(asked) >= ASK_EVERY;
        if self.asked.is_none_or(is_old) {
            self.is_minimised = ask();
            self.asked = Some(now);
        }
        !self.is_occluded && !self.is_minimised
    }
}

/// How long a new picture waits for the next frame.
pub(super) fn wait(is_software: bool, streams: usize, since_drawn: Duration) -> Duration {
    match is_software && streams > 1 {
        true => SOFTWARE_FRAME.saturating_sub(since_drawn),
        false => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimised_or_covered_window_is_not_seen_and_one_that_comes_back_is() {
        let (mut sight, start) = (Sight::default(), Instant::now());
        assert!(sight.is_seen(start, || false));
        // The desktop is not asked for each picture.
        assert!(sight.is_seen(start + ASK_EVERY / 2, || panic!("asked again")));
        assert!(!sight.is_seen(start + ASK_EVERY, || true));
        assert!(sight.is_seen(start + ASK_EVERY * 2, || false));
        sight.occlude(true);
        assert!(!sight.is_seen(start + ASK_EVERY * 2, || false));
        sight.occlude(false);
        assert!(sight.is_seen(start + ASK_EVERY * 2, || false));
    }

    #[test]
    fn several_streams_share_frames_where_a_processor_draws() {
        let ms = Duration::from_millis;
        assert_eq!(wait(true, 4, ms(10)), ms(23));
        assert_eq!(wait(true, 4, ms(40)), ms(0));
        assert_eq!(wait(true, 1, ms(10)), ms(0));
        assert_eq!(wait(false, 4, ms(10)), ms(0));
    }
}
