//! Windowed minimum filter: the smallest value of the last 15 to 30 seconds.

use core::time::Duration;

use crate::Instant;

/// How long a value counts at least; at most twice as long. Routes and clocks change, so an old
/// minimum may be one that no packet can reach any more.
const SPAN: Duration = Duration::from_secs(15);

/// ```text
///          | span n - 1 | span n     now
///  values  |  4  2  6   |  5  3  7   |      value(): min(2, 3)
///             `before`     `now`
/// ```
/// Spans are counted from the clock's zero. When a span ends, the minimum of the span before it is
/// dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MinFilter<T> {
    now: Option<T>,
    before: Option<T>,
    /// The number of the span of `now`.
    span: u64,
}

impl<T: Copy + Ord> MinFilter<T> {
    pub(crate) fn take(&mut self, value: T, now: Instant) {
        let span = (now - Instant::default()).as_secs() / SPAN.as_secs();
        if span > self.span {
            let is_next = span - self.span == 1;
            self.before = self.now.take().filter(|_| is_next);
            self.span = span;
        }
        self.now = Some(self.now.map_or(value, |least| least.min(value)));
    }

    /// The minimum as of the last [`take`](Self::take); `None` before the first.
    pub(crate) fn value(&self) -> Option<T> {
        self.now.into_iter().chain(self.before).min()
    }
}

impl<T> Default for MinFilter<T> {
    fn default() -> Self {
        Self {
            now: None,
            before: None,
            span: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::numbers::Numbers;

    const SECOND: u64 = 1_000_000;

    /// The filter's law over one run of values at those times.
    fn check(values: &[(u64, i64)]) {
        let mut least = MinFilter::default();
        for (count, &(at, value)) in (1..).zip(values) {
            least.take(value, Instant(at));
            let found = least.value().unwrap();
            let of = |past: u64| {
                let past = past * SECOND;
                let recent = values.iter().take(count);
                let recent = recent.filter(move |(then, _)| at - then <= past);
                recent.map(|(_, value)| *value)
            };
            let (short, long) = (of(15).min().unwrap(), of(30).min().unwrap());
            assert!(found <= short, "{found} > {short} of {values:?}");
            assert!(found >= long, "{found} < {long} of {values:?}");
        }
    }

    #[test]
    fn a_value_counts_for_15_seconds_at_least_and_for_30_at_most() {
        let mut numbers = Numbers::new(15);
        for _ in 0..500 {
            let gap = numbers.below(40) * SECOND + 1;
            let mut at = numbers.below(100) * SECOND;
            let values: Vec<_> = (0..60)
                .map(|_| {
                    at += numbers.below(gap);
                    (at, numbers.below(1000).cast_signed() - 500)
                })
                .collect();
            check(&values);
        }
    }
}
