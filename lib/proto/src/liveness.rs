//! Dead peer detection: when a peer that is silent counts as lost, and which bytes count as a sign
//! of life.

use core::time::Duration;

use crate::Instant;

/// Bytes of incomplete frames that count as a sign of life, as a whole frame does: a slow link is
/// not silence. It is also the least progress that there must be within [`Config::give_up`]: a
/// slower trickle counts as silence, and the largest frame of 64 KiB is whole after 16 such spans.
///
/// [`Config::give_up`]: crate::Config::give_up
const PROGRESS_BYTES: usize = 4 * 1024;

pub(crate) struct Liveness {
    /// Bytes that came since the peer was last heard.
    came: usize,
    /// Start of the first of the current calls; `None` until the caller tells the time.
    live_since: Option<Instant>,
    give_up_live: Duration,
}

impl Liveness {
    pub(crate) fn new(give_up_live: Duration) -> Self {
        Self {
            came: 0,
            live_since: None,
            give_up_live,
        }
    }

    /// Counts bytes that complete no frame; tells whether the peer counts as heard.
    pub(crate) fn handle_partial(&mut self, bytes: usize) -> bool {
        self.came = self.came.saturating_add(bytes);
        let heard = self.came >= PROGRESS_BYTES;
        if heard {
            self.came = 0;
        }
        heard
    }

    /// A whole frame came.
    pub(crate) fn heard(&mut self) {
        self.came = 0;
    }

    /// The first call begins: its timeout runs from the next time that the caller tells.
    pub(crate) fn went_live(&mut self) {
        self.live_since = None;
    }

    pub(crate) fn handle_time(&mut self, now: Instant) {
        self.live_since.get_or_insert(now);
    }

    /// Deadline of a live call for a peer last heard then. Past while the start of the call is not
    /// known: the caller then tells the time at once.
    pub(crate) fn lost_at(&self, heard: Instant) -> Instant {
        match self.live_since {
            Some(since) => heard.max(since) + self.give_up_live,
            None => heard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: Duration = Duration::from_secs(4);

    #[test]
    fn bytes_of_frames_that_are_not_whole_count_by_the_page() {
        let mut liveness = Liveness::new(LIVE);
        assert!(!liveness.handle_partial(PROGRESS_BYTES - 1));
        assert!(liveness.handle_partial(1));
        assert!(!liveness.handle_partial(PROGRESS_BYTES - 1), "anew");
        liveness.heard();
        assert!(!liveness.handle_partial(1), "since the last whole frame");
        assert!(liveness.handle_partial(usize::MAX));
    }

    #[test]
    fn a_call_is_patient_from_its_beginning() {
        let mut liveness = Liveness::new(LIVE);
        liveness.handle_time(Instant(10_000_000));
        liveness.handle_time(Instant(90_000_000));
        assert_eq!(liveness.lost_at(Instant(0)), Instant(14_000_000));
        assert_eq!(liveness.lost_at(Instant(11_000_000)), Instant(15_000_000));
        liveness.went_live();
        assert_eq!(
            liveness.lost_at(Instant(0)),
            Instant(0),
            "the time has to be told"
        );
        liveness.handle_time(Instant(100_000_000));
        assert_eq!(liveness.lost_at(Instant(0)), Instant(104_000_000));
    }
}
