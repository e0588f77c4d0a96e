//! Dead peer detection: when a silent peer counts as lost, and which bytes end its silence.

use core::time::Duration;

use crate::Instant;

/// So many bytes of an incomplete frame end the silence, as a complete frame does: a slow link is
/// not a dead peer. A peer that sends fewer within [`Config::give_up`] is lost, so that the largest
/// frame, 64 KiB, is complete after at most 16 such spans.
///
/// [`Config::give_up`]: crate::Config::give_up
const PROGRESS_BYTES: usize = 4 * 1024;

pub(crate) struct Liveness {
    /// Bytes received since the silence last ended.
    received: usize,
    /// Start of the first of the current calls; `None` until the caller next passes in the time.
    live_since: Option<Instant>,
    give_up_live: Duration,
}

impl Liveness {
    pub(crate) fn new(give_up_live: Duration) -> Self {
        Self {
            received: 0,
            live_since: None,
            give_up_live,
        }
    }

    /// Bytes that complete no frame were received. Returns whether they end the silence.
    pub(crate) fn handle_partial(&mut self, bytes: usize) -> bool {
        self.received = self.received.saturating_add(bytes);
        let heard = self.received >= PROGRESS_BYTES;
        if heard {
            self.received = 0;
        }
        heard
    }

    /// A complete frame was received.
    pub(crate) fn heard(&mut self) {
        self.received = 0;
    }

    /// The first call begins: its timeout runs from the next time that the caller passes in.
    pub(crate) fn went_live(&mut self) {
        self.live_since = None;
    }

    pub(crate) fn handle_time(&mut self, now: Instant) {
        self.live_since.get_or_insert(now);
    }

    /// When calls give up a peer that was last heard at `heard`. In the past while the start of the
    /// call is unknown, so that the caller passes in the time at once.
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
    fn each_4_kib_of_an_incomplete_frame_end_the_silence() {
        let mut liveness = Liveness::new(LIVE);
        assert!(!liveness.handle_partial(PROGRESS_BYTES - 1));
        assert!(liveness.handle_partial(1));
        assert!(!liveness.handle_partial(PROGRESS_BYTES - 1), "counted anew");
        liveness.heard();
        assert!(!liveness.handle_partial(1), "a frame restarts the count");
        assert!(liveness.handle_partial(usize::MAX));
    }

    #[test]
    fn the_timeout_of_a_call_runs_from_its_start() {
        let mut liveness = Liveness::new(LIVE);
        liveness.handle_time(Instant(10_000_000));
        liveness.handle_time(Instant(90_000_000));
        assert_eq!(liveness.lost_at(Instant(0)), Instant(14_000_000));
        assert_eq!(liveness.lost_at(Instant(11_000_000)), Instant(15_000_000));
        liveness.went_live();
        assert_eq!(
            liveness.lost_at(Instant(0)),
            Instant(0),
            "the start is not known yet"
        );
        liveness.handle_time(Instant(100_000_000));
        assert_eq!(liveness.lost_at(Instant(0)), Instant(104_000_000));
    }
}
