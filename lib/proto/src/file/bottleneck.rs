//! What limits the rate of a transfer from us: the cause for which its data waited most.

use alloc::collections::BTreeMap;
use core::time::Duration;

use transom_wire::{LimitedBy, Message};

use crate::Instant;
use crate::send::Output;

/// The time over which causes are compared: many windows of flow control, and short enough for a
/// user who watches.
const PERIOD: Duration = Duration::from_secs(1);

/// Adds up how long the data waited for each cause. The verdict changes only when another cause
/// leads in two periods in a row, so that it does not flicker.
#[derive(Default)]
pub(crate) struct Bottleneck {
    /// What the data wait for, and since when that is not added up.
    waits_for: Option<(LimitedBy, Instant)>,
    /// When this period began.
    began: Instant,
    /// Waiting time in this period, by the code of the cause.
    waited: BTreeMap<u8, Duration>,
    /// The cause that led in the last period.
    leader: Option<LimitedBy>,
    verdict: Option<LimitedBy>,
    /// What the receiver was told.
    told: Option<LimitedBy>,
}

impl Bottleneck {
    /// The data wait for that from now on; `None` if there are none.
    pub(crate) fn measure(&mut self, waits_for: Option<LimitedBy>, now: Instant) {
        let Some(cause) = waits_for else {
            *self = Self {
                told: self.told,
                ..Self::default()
            };
            return;
        };
        match self.waits_for.replace((cause, now)) {
            None => self.began = now,
            Some((before, since)) => {
                *self.waited.entry(before.code()).or_default() += now - since;
                if now - self.began >= PERIOD {
                    self.end_period(now);
                }
            }
        }
    }

    pub(crate) fn verdict(&self) -> Option<LimitedBy> {
        self.verdict
    }

    /// Queues the verdict for the receiver if it has changed.
    pub(crate) fn flush(&mut self, stream: u16, output: &mut Output) {
        if self.verdict != self.told
            && let Some(verdict) = self.verdict
        {
            self.told = self.verdict;
            output.send(stream, &Message::LimitedBy(verdict));
        }
    }

    fn end_period(&mut self, now: Instant) {
        let waited = core::mem::take(&mut self.waited);
        let longest = waited.into_iter().max_by_key(|(_, time)| *time);
        let leader = longest.map(|(code, _)| LimitedBy::from_code(code));
        if self.verdict.is_none() || self.leader == leader {
            self.verdict = leader;
        }
        (self.leader, self.began) = (leader, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(1_000_000_000);
    const MILLI: Duration = Duration::from_millis(1);

    /// The verdict after each second, in which the data waited so many milliseconds for the
    /// network, and for the sender's disk otherwise.
    fn verdicts<const N: usize>(network: [u32; N]) -> [Option<LimitedBy>; N] {
        let mut bottleneck = Bottleneck::default();
        let mut second = NOW;
        network.map(|millis| {
            bottleneck.measure(Some(LimitedBy::Network), second);
            bottleneck.measure(Some(LimitedBy::SenderDisk), second + millis * MILLI);
            second = second + 1000 * MILLI;
            bottleneck.measure(Some(LimitedBy::Network), second);
            bottleneck.verdict()
        })
    }

    #[test]
    fn the_cause_of_most_of_the_waiting_is_the_limit_after_one_period() {
        assert_eq!(verdicts([600]), [Some(LimitedBy::Network)]);
        assert_eq!(verdicts([400]), [Some(LimitedBy::SenderDisk)]);
    }

    #[test]
    fn a_short_change_does_not_flicker_and_a_lasting_one_shows() {
        let (network, disk) = (Some(LimitedBy::Network), Some(LimitedBy::SenderDisk));
        let verdicts = verdicts([900, 100, 900, 100, 100]);
        assert_eq!(verdicts, [network, network, network, network, disk]);
    }

    #[test]
    fn a_verdict_is_told_once_and_ends_with_the_data() {
        let mut output = Output::new(1000);
        let mut bottleneck = Bottleneck::default();
        let mut told = |bottleneck: &mut Bottleneck| {
            bottleneck.flush(1, &mut output);
            output.text.len()
        };
        bottleneck.measure(Some(LimitedBy::Rate), NOW);
        assert_eq!(told(&mut bottleneck), 0, "nothing is known");
        bottleneck.measure(Some(LimitedBy::Rate), NOW + PERIOD);
        assert_eq!(told(&mut bottleneck), 9);
        bottleneck.measure(Some(LimitedBy::Rate), NOW + 2 * PERIOD);
        assert_eq!(told(&mut bottleneck), 9, "no change");
        bottleneck.measure(None, NOW + 3 * PERIOD);
        assert_eq!(bottleneck.verdict(), None);
        assert_eq!(told(&mut bottleneck), 9);
    }
}
