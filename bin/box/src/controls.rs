//! Pause, cancel and rate limit of transfers by keys, typed lines or a signal.

use transom::{Handle, TransferId, TransferStatus};

use crate::format::rate;

/// What a user asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Control {
    /// Pause, or go on.
    Pause,
    Cancel,
    /// Yes to the question that [`Control::Cancel`] asks.
    Confirm,
    Faster,
    Slower,
    /// A key without a meaning. It answers no to that question, as all others do.
    Other,
}

impl Control {
    pub(crate) fn of_key(key: char) -> Self {
        match key.to_ascii_lowercase() {
            'p' => Self::Pause,
            'c' => Self::Cancel,
            'y' => Self::Confirm,
            '+' => Self::Faster,
            '-' => Self::Slower,
            _ => Self::Other,
        }
    }

    /// A typed line that is one of the keys. "y" is none: it answers offers.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let mut letters = line.trim().chars();
        let control = Self::of_key(letters.next()?);
        let is_key = !matches!(control, Self::Confirm | Self::Other);
        (letters.next().is_none() && is_key).then_some(control)
    }
}

/// How the controls reach this program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Typing {
    /// Not from a terminal.
    None,
    Keys,
    /// Lines, among answers to questions.
    Lines,
}

/// What the user has set by controls, for all transfers of the command.
#[derive(Debug)]
pub(crate) struct Controls {
    typing: Typing,
    /// Whether the controls were explained.
    is_explained: bool,
    /// The transfers that the user was asked to confirm a cancel of.
    asked: Vec<TransferId>,
    limit: Option<u64>,
    /// What the last control was answered with.
    told: Option<String>,
}

impl Controls {
    pub(crate) fn new(typing: Typing, limit: Option<u64>) -> Self {
        Self {
            typing,
            is_explained: false,
            asked: Vec::new(),
            limit,
            told: None,
        }
    }

    /// The rate limit for the next transfer.
    pub(crate) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// The controls in words, once.
    pub(crate) fn explain(&mut self) -> Option<&'static str> {
        let words = match self.typing {
            Typing::None => return None,
            Typing::Keys => "keys: p pause or go on, c cancel, + and - change the rate limit",
            Typing::Lines => "type p to pause or go on, c to cancel, + or - for the rate limit",
        };
        (!std::mem::replace(&mut self.is_explained, true)).then_some(words)
    }

    /// Does what the user asks for with the running transfers. Gives what to tell the user, if
    /// anything.
    pub(crate) fn apply(
        &mut self,
        control: Control,
        transfers: &mut [&mut TransferStatus],
        handle: &Handle,
    ) -> Option<String> {
        let words = self.act(control, transfers, handle);
        // A key that is held down repeats itself, and its words need not.
        let is_new = words != self.told;
        self.told.clone_from(&words);
        words.filter(|_| is_new)
    }

    fn act(
        &mut self,
        control: Control,
        transfers: &mut [&mut TransferStatus],
        handle: &Handle,
    ) -> Option<String> {
        let mut asked = std::mem::take(&mut self.asked);
        let running: Vec<_> = transfers.iter().map(|status| status.transfer).collect();
        // Others may have begun since the question, and these have ended.
        asked.retain(|transfer| running.contains(transfer));
        match control {
            _ if transfers.is_empty() => None,
            Control::Pause => {
                let paused = transfers.iter().any(|status| !status.paused_here);
                for status in transfers {
                    // The station tells it later than the next key may come.
                    status.paused_here = paused;
                    handle.pause(status.transfer, paused);
                }
                None
            }
            // The same key held down is no answer; a second line is one.
            Control::Cancel if asked.is_empty() || self.typing == Typing::Keys => {
                self.asked = running;
                let what = match &*transfers {
                    [status] => status.name.clone(),
                    several => format!("all {} transfers", several.len()),
                };
                Some(match self.typing {
                    Typing::Lines => format!("c again cancels {what}"),
                    _ => format!("cancel {what}? y cancels, any other key goes on"),
                })
            }
            Control::Cancel | Control::Confirm => {
                let asked = asked.into_iter();
                asked.for_each(|transfer| handle.cancel(transfer));
                None
            }
            Control::Faster if self.limit.is_none() => {
                Some("there is no rate limit; - sets one".to_owned())
            }
            Control::Faster | Control::Slower => {
                let fastest = transfers.iter().map(|status| status.rate).max();
                self.limit = match control {
                    Control::Faster => faster(self.limit),
                    _ => Some(slower(self.limit, fastest.unwrap_or(0))),
                };
                for transfer in &running {
                    handle.limit(*transfer, self.limit);
                }
                Some(limit_set(self.limit, running.len()))
            }
            Control::Other => None,
        }
    }
}

/// `rate limit 2.00 MB/s for each`.
fn limit_set(limit: Option<u64>, transfers: usize) -> String {
    let each = if transfers > 1 { " for each" } else { "" };
    match limit {
        Some(limit) => format!("rate limit {}{each}", rate(limit)),
        None => "no rate limit".to_owned(),
    }
}

/// The next limit above; none above the last step.
fn faster(limit: Option<u64>) -> Option<u64> {
    let limit = limit?;
    steps().find(|step| *step > limit)
}

/// The next limit below. Without a limit, the next one below the rate.
fn slower(limit: Option<u64>, rate: u64) -> u64 {
    let limit = limit.unwrap_or(rate);
    let below = steps().take_while(|step| *step < limit);
    below.last().unwrap_or(LEAST)
}

/// 10 kB/s, 20 kB/s, 50 kB/s and so on up to 1 GB/s.
fn steps() -> impl Iterator<Item = u64> {
    let powers = (0..=5).map(|power| LEAST * 10_u64.pow(power));
    powers
        .flat_map(|power| [1, 2, 5].map(|factor| power * factor))
        .filter(|step| *step <= MOST)
}

/// The lowest step: less is a pause.
const LEAST: u64 = 10_000;

/// The highest step: more limits no network of today.
const MOST: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_goes_down_from_the_rate_and_up_to_none() {
        assert_eq!(slower(None, 38_700_000), 20_000_000);
        assert_eq!(slower(Some(20_000_000), 20_000_000), 10_000_000);
        assert_eq!(slower(Some(12_345_678), 0), 10_000_000);
        assert_eq!(slower(Some(LEAST), 0), LEAST);
        assert_eq!(slower(None, 0), LEAST);
        assert_eq!(faster(Some(LEAST)), Some(20_000));
        assert_eq!(faster(Some(500_000_000)), Some(MOST));
        assert_eq!(faster(Some(MOST)), None);
        assert_eq!(faster(None), None);
    }

    #[test]
    fn a_key_that_is_held_down_confirms_nothing_and_is_answered_once() {
        let (handle, mut status) = crate::progress::tests::sending("film");
        let mut controls = Controls::new(Typing::Keys, None);
        let mut press = |control| controls.apply(control, &mut [&mut status], &handle);
        let question = "cancel film? y cancels, any other key goes on";
        for _ in 0..2 {
            assert_eq!(press(Control::Cancel).as_deref(), Some(question));
            assert_eq!(press(Control::Cancel), None);
            assert_eq!(press(Control::Other), None);
        }
        let none = "there is no rate limit; - sets one";
        assert_eq!(press(Control::Faster).as_deref(), Some(none));
        assert_eq!(press(Control::Faster), None);
        let least = "rate limit 10.0 kB/s";
        assert_eq!(press(Control::Slower).as_deref(), Some(least));
        assert_eq!(press(Control::Slower), None);
        let more = "rate limit 20.0 kB/s";
        assert_eq!(press(Control::Faster).as_deref(), Some(more));
    }

    #[test]
    fn a_line_that_is_more_than_a_key_is_no_control() {
        assert_eq!(Control::of_line(" P \n"), Some(Control::Pause));
        for line in ["", "y", "pc", "+1", "1234-anna"] {
            assert_eq!(Control::of_line(line), None, "{line:?}");
        }
    }
}
