//! The least value of the last half minute.

use core::time::Duration;

use crate::Instant;

/// How long a value counts at least; at most twice as long. Routes and clocks change, so an old
/// minimum may be one that no packet can reach any more.
const SPAN: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Least {
    now: Option<i64>,
    before: Option<i64>,
    since: Instant,
}

impl Least {
    /// Takes a value in; tells whether the older half was just forgotten.
    pub(crate) fn take(&mut self, value: i64, now: Instant) -> bool {
        let aged = now - self.since >= SPAN;
        if aged {
            self.before = self.now.take();
            self.since = now;
        }
        self.now = Some(self.now.map_or(value, |least| least.min(value)));
        aged
    }

    pub(crate) fn value(&self) -> Option<i64> {
        match (self.now, self.before) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }
}
