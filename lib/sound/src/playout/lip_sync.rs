//! Lip sync: how much sound has to wait for the pictures of the same peer.
//!
//! Both carry capture times of the peer's one clock, so `skew = heard - shown` needs no clock of
//! ours. Pictures are shown at once. Viewers notice sound that is 45 ms early or 125 ms late
//! (ITU-R BT.1359); early sound is held back, late sound is held back less.

use std::time::Duration;

use super::MAX_LIP_SYNC;

/// Watches the skew, and says what [`Playout::raise_reserve`](super::Playout::raise_reserve) is
/// to be given.
#[derive(Clone, Copy, Debug, Default)]
pub struct LipSync {
    delay_ms: f32,
    /// Since when sound has been early, and the least by which it was.
    early: Option<(Duration, f32)>,
    late: Option<(Duration, f32)>,
}

impl LipSync {
    /// No delay yet.
    pub fn new() -> LipSync {
        LipSync::default()
    }

    /// The capture times of what is heard and of what is shown now; returns what the reserve is
    /// to be raised by, which changes when the skew has been too large for a second.
    pub fn update(&mut self, heard: Duration, shown: Duration, now: Duration) -> Duration {
        let skew = skew_ms(heard, shown);
        self.early = longer(self.early, skew - EARLY_MS, now);
        self.late = longer(self.late, -skew - LATE_MS, now);
        if let Some(excess) = due(&mut self.early, now) {
            self.delay_ms += excess;
        }
        if let Some(excess) = due(&mut self.late, now) {
            self.delay_ms -= excess;
        }
        let most = MAX_LIP_SYNC.as_secs_f32() * 1000.0;
        self.delay_ms = self.delay_ms.clamp(0.0, most);
        Duration::from_micros((self.delay_ms * 1000.0) as u64)
    }
}

/// `heard - shown` in ms: above zero, sound is early.
pub fn skew_ms(heard: Duration, shown: Duration) -> f32 {
    ((heard.as_secs_f64() - shown.as_secs_f64()) * 1000.0) as f32
}

const EARLY_MS: f32 = 45.0;
/// Sound this late gives back what was added, long before it is noticed.
const LATE_MS: f32 = 20.0;
const PATIENCE: Duration = Duration::from_secs(1);

type Span = Option<(Duration, f32)>;

fn longer(span: Span, excess: f32, now: Duration) -> Span {
    (excess > 0.0).then(|| match span {
        Some((since, least)) => (since, least.min(excess)),
        None => (now, excess),
    })
}

fn due(span: &mut Span, now: Duration) -> Option<f32> {
    let (since, excess) = (*span)?;
    let due = now.saturating_sub(since) >= PATIENCE;
    due.then(|| span.take()).map(|_| excess)
}
